"""Send changes of graphs to a server, as many per request as it allows, each graph completely or not at all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from kg.remote.dialects import Line
from kg.remote.endpoint import Endpoint
from kg.remote.local_dataset import LocalDataset, Progress, written
from kg.remote.manifest import DEFAULT, ServerNames
from kg.remote.plan import Plan


@dataclass(frozen=True)
class _Change:
    """The change of a graph."""

    graph: str
    gone: set[Line]
    come: set[Line]
    lost: set[Line]
    """The triples of `gone` that no graph has any more."""
    before: set[Line]
    """The rows of the manifest that become false."""
    after: set[Line]
    """The rows that the manifest lacks and that become true."""

    def __len__(self) -> int:
        return sum(map(len, (self.gone, self.lost, self.come, self.come, self.before, self.after)))


@dataclass
class Sent:
    """The number of updates, and of triples by what happened to them."""

    requests: int = 0
    inserted: int = 0
    deleted: int = 0
    mended: int = 0
    pages: int = 0
    """The number of updates that were answered with a web page."""


@dataclass(frozen=True)
class Sender:
    """The updates of a push to a server."""

    endpoint: Endpoint
    names: ServerNames
    local: LocalDataset
    default: str
    """The graph in the role of the default graph, `<iri>`; empty for the default graph of the server."""
    sent: Sent

    @property
    def _limit(self) -> int:
        return self.local.dialect.statements

    def update(self, *parts: str) -> None:
        """Send the parts of an update that are not empty, if any. Raises KgError, TimedOut."""
        if text := " ;\n".join(filter(None, parts)):
            self.sent.requests += 1
            self.sent.pages += self.endpoint.update(text).is_page

    def fetched(self, graph: str, count: int) -> set[Line]:
        """Fetch the `count` triples of a graph from the server. Raises KgError, TimedOut."""
        return set(written(self.endpoint.triples(graph or self.default or None, count), ox.RdfFormat.N_TRIPLES))

    def send(self, plan: Plan, progress: Progress) -> None:
        """Send the changes of a plan. Raises KgError, TimedOut."""
        batch: list[_Change] = []
        size = 0
        graphs = [*plan.changed, *plan.gone]
        for number, graph in enumerate(graphs):
            progress("sending", number, len(graphs))
            change = self._change(plan, graph)
            if size + len(change) > self._limit:
                self._send(batch)
                batch, size = [], 0
            if len(change) > self._limit:
                self._send_large(change)
                continue
            batch.append(change)
            size += len(change)
        self._send(batch)
        progress("sending", len(graphs), len(graphs))

    def mend_default_graph(self, count: int) -> None:
        """Make the server's default graph, of `count` triples, equal to the local one. Raises KgError, TimedOut."""
        remote, local = self.fetched(DEFAULT, count), self.local.rows(DEFAULT)
        for verb, rows in (("DELETE", remote - local), ("INSERT", local - remote)):
            self.sent.mended += len(rows)
            for piece in _pieces(rows, self._limit):
                self.update(data(verb, {self.default: piece}))

    def _change(self, plan: Plan, graph: str) -> _Change:
        """The difference between a graph on the server and in the store."""
        count = plan.server.counts.get(graph)
        before = self.fetched(graph, count) if count else set()
        after = self.local.rows(graph) if graph in plan.here else set()
        gone, come = before - after, after - before
        self.sent.inserted += len(come)
        self.sent.deleted += len(gone)
        states = {str(plan.here[graph])} if graph in plan.here else set()
        old = plan.server.rows.get(graph, frozenset())
        lost = {row for row in gone if not self.local.has(row)}
        return _Change(graph, gone, come, lost, self._rows(graph, old - states), self._rows(graph, states - old))

    def _rows(self, graph: str, states: Iterable[str]) -> set[Line]:
        """The rows of the manifest for a graph."""
        return {f'{graph} {self.names.state} "{state}" .' for state in states}

    def _send(self, changes: list[_Change]) -> None:
        """Apply changes in one request: all deletions, then all insertions."""
        gone, come = defaultdict[str, set[Line]](set), defaultdict[str, set[Line]](set)
        for change in changes:
            gone[change.graph] |= change.gone
            gone[self.default] |= change.lost
            gone[self.names.manifest] |= change.before
            come[change.graph] |= change.come
            come[self.default] |= change.come
            come[self.names.manifest] |= change.after
        self.update(data("DELETE", gone), data("INSERT", come))

    def _send_large(self, change: _Change) -> None:
        """Send the difference to staging graphs in pieces, then apply it in one request."""
        names = self.names
        clear = " ;\n".join(f"CLEAR SILENT GRAPH {graph}" for graph in names.staging)
        self.update(clear)
        for graph, rows in zip(names.staging, (change.come, change.gone, change.lost), strict=True):
            for piece in _pieces(rows, self._limit):
                self.update(data("INSERT", {graph: piece}))
        self.update(
            data("DELETE", {names.manifest: change.before}),
            _moved("DELETE", change.graph, names.gone) if change.gone else "",
            _moved("DELETE", self.default, names.lost) if change.lost else "",
            _moved("INSERT", change.graph, names.come) if change.come else "",
            _moved("INSERT", self.default, names.come) if change.come else "",
            data("INSERT", {names.manifest: change.after}),
            clear,
        )


def data(verb: str, graphs: Mapping[str, Iterable[Line]]) -> str:
    """INSERT DATA or DELETE DATA of triples by graph; empty without triples."""
    parts = []
    for graph, rows in graphs.items():
        triples = "\n".join(sorted(rows))
        if triples:
            parts.append(f"GRAPH {graph} {{\n{triples}\n}}\n" if graph else f"{triples}\n")
    return f"{verb} DATA {{\n{''.join(parts)}}}" if parts else ""


def _moved(verb: str, graph: str, source: str) -> str:
    """INSERT into or DELETE from a graph all triples of another graph."""
    triples = "?s ?p ?o"
    template = f"GRAPH {graph} {{ {triples} }}" if graph else triples
    return f"{verb} {{ {template} }} WHERE {{ GRAPH {source} {{ {triples} }} }}"


def _pieces(rows: Iterable[Line], size: int) -> Iterator[list[Line]]:
    ordered = iter(sorted(rows))
    while piece := list(islice(ordered, size)):
        yield piece
