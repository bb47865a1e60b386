"""Push the dataset to a remote SPARQL server: only the differences, each graph completely or not at all.

The server itself stores the state of its copy: a named graph, the *manifest* `<base#push>`, has a row per graph with
the number of its triples and a digest. A push updates a graph if its row differs from the local state, or if the server
counts a different number of triples than the row says, because somebody else changed the graph or an earlier push was
interrupted. The push fetches the server's triples of such a graph and sends the difference as DELETE DATA and INSERT
DATA in one request, together with the same change of the default graph and the new row. So a failed request leaves no
false row, and an interrupted push is resumed by the next one.

A difference that is too large for one request is first sent in pieces to staging graphs; one request then applies it.

The default graph of some servers is the union of all graphs, with a triple for every graph that states it (Virtuoso,
GraphDB). On these, the default graph becomes another named graph, `<base#default>`, which queries must name
(`default-graph-uri`).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.rdf.vocabulary import DEFAULT_GRAPH
from kg.remote.dialects import STANDARD, VIRTUOSO, Dialect, Line, canonical
from kg.remote.endpoint import Endpoint
from kg.store.store import Store

Progress = Callable[[str, int, int], None]

FORMAT = "kg push 1"
"""The format that a manifest states; it identifies the manifest of any vault."""
_DEFAULT = ""
"""The name of the default graph among the names of graphs."""
_MANY = 20
"""The removal of more graphs than this, if they are most of all graphs, needs `full`."""


@dataclass(frozen=True)
class Pushed:
    """The result of a push; with `dry_run`, the expected result."""

    endpoint: str
    default_graph: str | None
    """The IRI of the graph in the role of the default graph; None if the server has a default graph."""
    graphs: int
    """The number of named graphs of the dataset."""
    triples: int
    """The number of triples in the named graphs."""
    changed: tuple[str, ...]
    """The IRIs of the graphs that were updated."""
    gone: tuple[str, ...]
    """The IRIs of the graphs that were removed."""
    inserted: int
    """The number of triples added to named graphs; with `dry_run`, of all triples in graphs that differ."""
    deleted: int
    """The number of triples removed from named graphs."""
    mended: int
    """The number of surplus or missing triples that were repaired in the default graph."""
    requests: int
    """The number of updates that were sent."""
    unequal: tuple[str, ...]
    """Graphs whose number of triples still differs, since the server treats some triples as equal."""
    seconds: float
    dry_run: bool = False


def push(
    store: Store,
    endpoint: Endpoint,
    *,
    default_graph: str | None = None,
    full: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Pushed:
    """Make the server's copy of this vault equal to the store. Leaves other data alone. Raises KgError, TimedOut.

    `default_graph` is the IRI of the graph in the role of the default graph. Without it, a query finds out whether the
    server has a default graph. With `full`, the push compares every graph triple by triple, whatever the manifest says,
    and may remove most of the server's graphs.
    """
    return _Push(store, endpoint, default_graph, progress or (lambda phase, done, total: None)).run(full, dry_run)


class _State(NamedTuple):
    """The state of a graph, as in a row of the manifest."""

    triples: int
    digest: str

    def __str__(self) -> str:
        return f"{self.triples} {self.digest}"


@dataclass(frozen=True)
class _ServerState:
    """The state of a server."""

    known: bool
    """Whether this vault was ever pushed to the server; only then does the default graph belong to the vault, too."""
    default_graph: str | None
    """The graph in the role of the default graph, according to the manifest."""
    rows: Mapping[str, frozenset[str]]
    """The states in the manifest by graph; each should be a single state."""
    counts: Mapping[str, int]
    """The number of triples by graph; the name of the default graph is empty."""


@dataclass
class _Change:
    """The change of a graph."""

    graph: str
    gone: set[Line]
    come: set[Line]
    lost: set[Line]
    """The triples of `gone` that no graph has any more."""
    before: frozenset[str]
    """The states in the manifest that become false."""
    after: frozenset[str]
    """The states that the manifest lacks and that become true."""

    def __len__(self) -> int:
        rows = (self.gone, self.lost, self.come, self.come, self.before, self.after)
        return sum(map(len, rows))


class _Quads(defaultdict[str, set[Line]]):
    """Triples by graph."""

    def __init__(self) -> None:
        super().__init__(set)

    def add(self, graph: str, rows: Iterable[Line]) -> None:
        self[graph].update(rows)


class _ServerNames:
    """The graphs and properties that a push uses on the server, under the vault's base IRI."""

    def __init__(self, base: str) -> None:
        self.manifest = f"<{base}#push>"
        self.format = f"<{base}#push/format>"
        self.default = f"<{base}#push/default>"
        self.state = f"<{base}#push/state>"
        self.standing_for_default = f"<{base}#default>"
        self.come, self.gone, self.lost = (f"<{base}#push/{name}>" for name in ("come", "gone", "lost"))

    @property
    def beside(self) -> tuple[str, ...]:
        """The staging graphs for a large difference."""
        return self.come, self.gone, self.lost


@dataclass
class _Push:
    """A push in progress."""

    store: Store
    endpoint: Endpoint
    asked_default: str | None
    progress: Progress
    dialect: Dialect = STANDARD
    default: str | None = None
    """The graph in the role of the default graph, `<iri>`."""
    requests: int = 0
    inserted: int = 0
    deleted: int = 0
    mended: int = 0
    began: float = field(default_factory=time.monotonic)

    # ---- the local state -----------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> _ServerNames:
        return _ServerNames(self.store.prefixes["n"])

    @cached_property
    def here(self) -> dict[str, _State]:
        """The local named graphs with their states."""
        # Oxigraph also lists graphs that lost all their triples.
        graphs = sorted(str(row[0]) for row in self.store.select("SELECT DISTINCT ?g { GRAPH ?g { } }"))
        states = {}
        for number, graph in enumerate(graphs):
            self.progress("comparing", number, len(graphs))
            states[graph] = _state(_lines(self.store, graph))
        return {graph: state for graph, state in states.items() if state.triples}

    def _rows(self, graph: str) -> set[Line]:
        """The triples of a graph in the form that the server accepts."""
        return set(map(self.dialect.keeps, _lines(self.store, graph)))

    def _is_anywhere(self, line: Line) -> bool:
        """Whether any local graph has a triple, in whatever form the server writes its number or language."""
        (triple,) = [quad.triple for quad in ox.parse(line, ox.RdfFormat.N_TRIPLES)]
        find, default = self.store.find, DEFAULT_GRAPH
        if any(find(triple.subject, triple.predicate, triple.object, default)):
            return True
        if not isinstance(triple.object, ox.Literal):
            return False
        form, keeps = canonical(line), self.dialect.keeps
        candidates = find(triple.subject, triple.predicate, None, default)
        return any(canonical(keeps(f"{quad.triple} .")) == form for quad in candidates)

    # ---- the server's state --------------------------------------------------------------------------------------

    def _there(self) -> _ServerState:
        """Query the server's state of this vault. Raises KgError if the server has another vault."""
        names, ask = self.names, self.endpoint.rows
        query = f'SELECT ?g WHERE {{ GRAPH ?g {{ ?g ?p "{FORMAT}" }} }}'
        manifests = {str(graph) for (graph,) in ask(query, 1)}
        if others := manifests - {names.manifest}:
            owner = min(others).strip("<>").removesuffix("#push")
            raise KgError(f"{self.endpoint.name} has the vault of the base {owner}: push to a dataset of its own")
        rows: dict[str, set[str]] = {}
        states = f"SELECT ?g ?state WHERE {{ GRAPH {names.manifest} {{ ?g {names.state} ?state }} }}"
        for graph, state in ask(states, 2):
            rows.setdefault(str(graph), set()).add(getattr(state, "value", str(state)))
        default_graphs = [str(row[0]) for row in ask(
            f"SELECT ?d WHERE {{ GRAPH {names.manifest} {{ {names.manifest} {names.default} ?d }} }}", 1
        )]  # fmt: skip
        return _ServerState(
            bool(rows),
            default_graphs[0] if default_graphs else None,
            {graph: frozenset(states) for graph, states in rows.items()},
            self._counts(),
        )

    def _counts(self) -> dict[str, int]:
        query = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
        as_number = self.endpoint.as_number
        counts = {str(row[0]): as_number(row[-1]) for row in self.endpoint.rows(query, 2)}
        if self.default:
            counts[_DEFAULT] = counts.get(self.default, 0)
        else:
            counts[_DEFAULT] = self.endpoint.number("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
        return counts

    def _fetched(self, graph: str, count: int) -> set[Line]:
        """Fetch the `count` triples of a graph from the server."""
        return set(_written(self.endpoint.triples(graph or self.default, count)))

    # ---- the push ------------------------------------------------------------------------------------------------

    def run(self, full: bool, dry_run: bool) -> Pushed:
        """Compare, send and verify."""
        remote = self._there()
        changed = [graph for graph, state in self.here.items() if full or not _holds(remote, graph, state)]
        gone = sorted(remote.rows.keys() - self.here.keys())
        if not full and len(gone) > max(_MANY, len(remote.rows) / 2):
            raise KgError(
                f"{len(gone):,} of the {len(remote.rows):,} graphs that {self.endpoint.name} was given would go: is it"
                " another vault's? If it is not, push with --full"
            )
        if dry_run:
            self.default = remote.default_graph
            self.inserted = sum(self.here[graph].triples for graph in changed)
            return self._pushed(changed, gone, (), dry_run=True)
        remote = self._begin(remote)
        self._send_all(remote, [*changed, *gone])
        return self._pushed(changed, gone, self._settle(full, bool(changed or gone)), dry_run=False)

    def _pushed(self, changed: list[str], gone: list[str], unequal: tuple[str, ...], *, dry_run: bool) -> Pushed:
        return Pushed(
            self.endpoint.name,
            self.default[1:-1] if self.default else None,
            len(self.here),
            sum(state.triples for state in self.here.values()),
            tuple(graph[1:-1] for graph in changed),
            tuple(graph[1:-1] for graph in gone),
            self.inserted,
            self.deleted,
            self.mended,
            self.requests,
            unequal,
            time.monotonic() - self.began,
            dry_run,
        )

    def _begin(self, there: _ServerState) -> _ServerState:
        """Write the manifest's first row, and determine the default graph. Raises KgError."""
        names = self.names
        header = f'{names.manifest} {names.format} "{FORMAT}" .'
        self._learn(self._update(_data("INSERT DATA", {names.manifest: {header}})))
        is_union = self._is_union()
        self.default = self._standing(there, is_union)
        default = there.counts[_DEFAULT] if self.default is None else there.counts.get(self.default, 0)
        if default and not there.known:
            self._refuse_strangers(default)
        if self.default and there.default_graph is None:
            row = f"{names.manifest} {names.default} {self.default} ."
            self._update(_data("INSERT DATA", {names.manifest: {row}}))
        return there

    def _is_union(self) -> bool:
        """Whether a query without GRAPH matches all graphs: it then matches the manifest."""
        text = f'ASK {{ {self.names.manifest} {self.names.format} "{FORMAT}" }}'
        return self.endpoint.answer(text, {})[0].boolean

    def _standing(self, there: _ServerState, is_union: bool) -> str | None:
        asked = f"<{ox.NamedNode(self.asked_default).value}>" if self.asked_default else None
        if there.known and asked and there.default_graph != asked:
            before = f"the graph {there.default_graph[1:-1]}" if there.default_graph else "the server's own"
            raise KgError(f"{self.endpoint.name} was given its default graph as {before}: it cannot be another now")
        return there.default_graph or asked or (self.names.standing_for_default if is_union else None)

    def _refuse_strangers(self, count: int) -> None:
        """Withdraw if the default graph has triples that are not of this vault. Raises KgError."""
        strange = len(self._fetched(_DEFAULT, count) - self._rows(_DEFAULT))
        if strange:
            self._update(f"CLEAR SILENT GRAPH {self.names.manifest}")
            raise KgError(
                f"the default graph of {self.endpoint.name} has {strange:,} triples that are not from this vault and "
                "would be lost: push to a separate dataset, or name another graph with --default-graph IRI"
            )

    def _learn(self, server: str) -> None:
        """Choose the dialect by the server's name."""
        self.dialect = VIRTUOSO if "virtuoso" in server.lower() else STANDARD

    def _settle(self, full: bool, sent: bool) -> tuple[str, ...]:
        """Verify the counts and repair the default graph if it differs; return the graphs that still differ."""
        counts = self._counts()
        if full or counts[_DEFAULT] != self.store.manifest.counts[""]:
            sent = self._mend(counts[_DEFAULT]) or sent
            counts = self._counts() if sent else counts
        named = [graph for graph, state in self.here.items() if counts.get(graph, 0) != state.triples]
        unequal = [graph[1:-1] for graph in named]
        if counts[_DEFAULT] != self.store.manifest.counts[""]:
            unequal.append(self.default[1:-1] if self.default else "the default graph")
        return tuple(unequal)

    def _mend(self, count: int) -> bool:
        """Make the server's default graph equal to the local default graph; return whether it differed."""
        remote, local = self._fetched(_DEFAULT, count), self._rows(_DEFAULT)
        gone, come = remote - local, local - remote
        limit = self.dialect.statements
        for rows in _pieces(gone, limit):
            self._update(_data("DELETE DATA", {self.default or _DEFAULT: rows}))
        for rows in _pieces(come, limit):
            self._update(_data("INSERT DATA", {self.default or _DEFAULT: rows}))
        self.mended += len(gone) + len(come)
        return bool(gone or come)

    # ---- sending -------------------------------------------------------------------------------------------------

    def _send_all(self, there: _ServerState, graphs: list[str]) -> None:
        """Send the changes of graphs, as many per request as the server allows."""
        batch: list[_Change] = []
        size = 0
        for number, graph in enumerate(graphs):
            self.progress("sending", number, len(graphs))
            change = self._change(there, graph)
            if size + len(change) > self.dialect.statements:
                self._send(batch)
                batch, size = [], 0
            if len(change) > self.dialect.statements:
                self._send_large(change)
                continue
            batch.append(change)
            size += len(change)
        self._send(batch)
        self.progress("sending", len(graphs), len(graphs))

    def _change(self, there: _ServerState, graph: str) -> _Change:
        """The difference between a graph on the server and in the store."""
        before = self._fetched(graph, there.counts[graph]) if there.counts.get(graph) else set()
        after = self._rows(graph) if graph in self.here else set()
        gone = before - after
        state = frozenset([str(self.here[graph])] if graph in self.here else [])
        lost = {row for row in gone if not self._is_anywhere(row)}
        rows = there.rows.get(graph, frozenset())
        self.inserted += len(after - before)
        self.deleted += len(gone)
        return _Change(graph, gone, after - before, lost, rows - state, state - rows)

    def _send(self, changes: list[_Change]) -> None:
        """Apply changes in one request: all deletions, then all insertions."""
        default = self.default or _DEFAULT
        gone, come = _Quads(), _Quads()
        for change in changes:
            gone.add(change.graph, change.gone)
            gone.add(default, change.lost)
            gone.add(self.names.manifest, self._manifest_rows(change.graph, change.before))
            come.add(change.graph, change.come)
            come.add(default, change.come)
            come.add(self.names.manifest, self._manifest_rows(change.graph, change.after))
        self._update_all(_data("DELETE DATA", gone), _data("INSERT DATA", come))

    def _manifest_rows(self, graph: str, states: Iterable[str]) -> set[Line]:
        return {f'{graph} {self.names.state} "{state}" .' for state in states}

    def _send_large(self, change: _Change) -> None:
        """Send the difference to staging graphs in pieces, then apply it in one request."""
        names = self.names
        clear = " ;\n".join(f"CLEAR SILENT GRAPH {graph}" for graph in names.beside)
        self._update(clear)
        for graph, rows in zip(names.beside, (change.come, change.gone, change.lost), strict=True):
            for piece in _pieces(rows, self.dialect.statements):
                self._update(_data("INSERT DATA", {graph: piece}))
        manifest, default = names.manifest, self.default or _DEFAULT
        self._update_all(
            _data("DELETE DATA", {manifest: self._manifest_rows(change.graph, change.before)}),
            _moved("DELETE", change.graph, names.gone) if change.gone else "",
            _moved("DELETE", default, names.lost) if change.lost else "",
            _moved("INSERT", change.graph, names.come) if change.come else "",
            _moved("INSERT", default, names.come) if change.come else "",
            _data("INSERT DATA", {manifest: self._manifest_rows(change.graph, change.after)}),
            clear,
        )

    def _update_all(self, *parts: str) -> None:
        """Send the parts of an update that are not empty, if any."""
        if text := " ;\n".join(filter(None, parts)):
            self._update(text)

    def _update(self, text: str) -> str:
        """Send an update; return the server's name."""
        self.requests += 1
        return self.endpoint.update(text).server


def _holds(there: _ServerState, graph: str, state: _State) -> bool:
    """Whether a server has the current state of a graph, by its manifest and by its count."""
    return there.rows.get(graph) == frozenset([str(state)]) and there.counts.get(graph, 0) == state.triples


def _lines(store: Store, graph: str) -> list[Line]:
    """The triples of a graph of the store."""
    name = ox.NamedNode(graph[1:-1]) if graph else DEFAULT_GRAPH
    text = _text(store.find(None, None, None, name), ox.RdfFormat.N_QUADS)
    # Oxigraph serializes quads directly; triples would have to be created from them first.
    suffix = len(f" {graph} .") if graph else len(" .")
    return [f"{line[:-suffix]} ." for line in text.split("\n")[:-1]]


def _written(triples: Iterable[ox.Triple]) -> list[Line]:
    return _text(triples, ox.RdfFormat.N_TRIPLES).split("\n")[:-1]


def _text(found: Iterable[ox.Triple] | Iterable[ox.Quad], format_: ox.RdfFormat) -> str:
    return (ox.serialize(found, format=format_) or b"").decode()


def _state(lines: Iterable[Line]) -> _State:
    """The number of triples and a digest that does not depend on their order."""
    ordered = sorted(lines)
    return _State(len(ordered), blake2b("\n".join(ordered).encode(), digest_size=16).hexdigest())


def _data(verb: str, graphs: Mapping[str, Iterable[Line]]) -> str:
    """INSERT DATA or DELETE DATA of triples by graph; empty without triples."""
    parts = []
    for graph, rows in graphs.items():
        triples = "\n".join(sorted(rows))
        if triples:
            parts.append(f"GRAPH {graph} {{\n{triples}\n}}\n" if graph else f"{triples}\n")
    return f"{verb} {{\n{''.join(parts)}}}" if parts else ""


def _moved(verb: str, graph: str, source: str) -> str:
    """INSERT into or DELETE from a graph all triples of another graph."""
    triples = "?s ?p ?o"
    template = f"GRAPH {graph} {{ {triples} }}" if graph else triples
    return f"{verb} {{ {template} }} WHERE {{ GRAPH {source} {{ {triples} }} }}"


def _pieces(rows: Iterable[Line], size: int) -> Iterator[list[Line]]:
    ordered = iter(sorted(rows))
    while piece := list(islice(ordered, size)):
        yield piece
