"""Bringing the dataset to a SPARQL server elsewhere: only what differs, each graph whole or not at all.

What a server has of a vault it knows itself: a graph of ours there, the *manifest* `<base#push>`, has one row a graph,
with the number of its triples and a digest. A graph travels where its row is another than here, or where the server
counts another number of triples than the row says, as somebody else changed it or an earlier push was cut off. Of such
a graph what the server has is fetched, and the difference is sent as DELETE DATA and INSERT DATA in one request,
together with the same change of the default graph and with the new row. So a request that fails leaves no row that is
not true, and a push that ended anywhere is gone on with by the next.

A difference that is too large for one request is first brought, in pieces, into graphs beside, and then moved by one.

A server whose default graph is all its graphs together, each triple as often as it is stated (Virtuoso, GraphDB), gets
the default graph as one more named graph, `<base#default>`, which queries must name (`default-graph-uri`).
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import pyoxigraph as ox

from kg.errors import KgError
from kg.remote import Endpoint
from kg.store import Store
from kg.terms import XSD

Progress = Callable[[str, int, int], None]

FORMAT = "kg push 1"
"""What a manifest says of itself; by this one is known, whatever vault it is of."""
Line = str
"""A triple as a line of N-Triples: it compares and sorts cheaply, and is sent as it stands."""
_DEFAULT = ""
"""The default graph, among the names of graphs."""
_MANY = 20
"""More graphs than this are not removed unasked where they are most of all."""
_DIGITS = 18
_NUMBERS = frozenset(("integer", "decimal", "double", "float", "boolean"))
_LITERAL = re.compile(r'(?P<before>\S+ \S+) "(?P<text>.*)"(?:\^\^<(?P<type>[^>]*)>|@(?P<language>[\w-]+))? \.\Z', re.S)
_DURATIONS = frozenset(("duration", "dayTimeDuration", "yearMonthDuration"))


class Dialect(NamedTuple):
    """What a server can take."""

    statements: int
    """So many triples in one request."""
    keeps: Callable[[Line], Line]
    """A triple as it can be sent."""


def _as_it_is(line: Line) -> Line:
    return line


def _for_virtuoso(line: Line) -> Line:
    """Virtuoso 7 fails on a duration and on an integer of more than 64 bits: these become plain text."""
    found = _LITERAL.match(line) if '"^^<' in line else None
    if found and (found["type"] or "").startswith(XSD):
        kind = found["type"].removeprefix(XSD)
        if kind in _DURATIONS or (kind == "integer" and len(found["text"]) > _DIGITS):
            return f'{found["before"]} "{found["text"]}" .'
    return line


STANDARD = Dialect(10_000, _as_it_is)
# Its compiler's memory ends at 4,990 triples, however short.
VIRTUOSO = Dialect(2_000, _for_virtuoso)


@dataclass(frozen=True)
class Pushed:
    """What a push did, or with `dry_run` would do."""

    endpoint: str
    default_graph: str | None
    """The IRI of the graph that stands for the default graph; None where the server has one of its own."""
    graphs: int
    """So many named graphs the dataset has."""
    triples: int
    """So many triples these have."""
    changed: tuple[str, ...]
    """The graphs that were made what they are here, as IRIs."""
    gone: tuple[str, ...]
    """The graphs that are no more, as IRIs."""
    inserted: int
    """Triples that came to named graphs there; with `dry_run` all triples of the graphs that differ."""
    deleted: int
    """Triples that left named graphs there."""
    mended: int
    """Triples that the default graph had too many or too few."""
    requests: int
    """So many updates were sent."""
    unequal: tuple[str, ...]
    """Graphs of which the server counts another number of triples after all, since it takes some for the same."""
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
    """Make a server's dataset what the store's is, as far as it is the vault's. Raises KgError, TimedOut.

    `default_graph` is the IRI of the graph that stands for the default graph. Without it the server is asked whether it
    has a default graph of its own. With `full` every graph is compared triple by triple, whatever the manifest says,
    and most of the graphs there may go.
    """
    return _Push(store, endpoint, default_graph, progress or (lambda what, done, total: None)).run(full, dry_run)


class _State(NamedTuple):
    """What a row of the manifest says of a graph."""

    triples: int
    digest: str

    def __str__(self) -> str:
        return f"{self.triples} {self.digest}"


@dataclass(frozen=True)
class _There:
    """What a server says that it has."""

    known: bool
    """Whether graphs of this vault were ever sent to it; only then is what its default graph has the vault's, too."""
    default_graph: str | None
    """The graph that stands for the default graph, as the manifest says."""
    rows: Mapping[str, frozenset[str]]
    """Of each graph what the manifest says; it should be one row."""
    counts: Mapping[str, int]
    """How many triples each graph has; the default graph under an empty name."""


@dataclass
class _Change:
    """How one graph becomes what it is to be."""

    graph: str
    gone: set[Line]
    come: set[Line]
    lost: set[Line]
    """Of those that go, what no graph has any more."""
    before: frozenset[str]
    """What the manifest says that will not be true."""
    after: frozenset[str]
    """What it does not say yet that will be."""

    def __len__(self) -> int:
        rows = (self.gone, self.lost, self.come, self.come, self.before, self.after)
        return sum(map(len, rows))


class _Quads(defaultdict[str, set[Line]]):
    """Triples by graph."""

    def __init__(self) -> None:
        super().__init__(set)

    def add(self, graph: str, rows: Iterable[Line]) -> None:
        self[graph].update(rows)


class _Names:
    """The graphs and properties that a push has at the server; they are under the vault's own base."""

    def __init__(self, base: str) -> None:
        self.manifest = f"<{base}#push>"
        self.format = f"<{base}#push/format>"
        self.default = f"<{base}#push/default>"
        self.state = f"<{base}#push/state>"
        self.standing_for_default = f"<{base}#default>"
        self.come, self.gone, self.lost = (f"<{base}#push/{name}>" for name in ("come", "gone", "lost"))

    @property
    def beside(self) -> tuple[str, ...]:
        """The graphs into which a large difference is brought first."""
        return self.come, self.gone, self.lost


@dataclass
class _Push:
    """One push."""

    store: Store
    endpoint: Endpoint
    asked_default: str | None
    progress: Progress
    dialect: Dialect = STANDARD
    default: str | None = None
    """The graph that stands for the default graph, `<iri>`."""
    requests: int = 0
    inserted: int = 0
    deleted: int = 0
    mended: int = 0
    began: float = field(default_factory=time.monotonic)

    # ---- what is here --------------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> _Names:
        return _Names(self.store.prefixes["n"])

    @cached_property
    def here(self) -> dict[str, _State]:
        """Every named graph with its state."""
        # Oxigraph also names graphs that had triples once.
        graphs = sorted(str(row[0]) for row in self.store.select("SELECT DISTINCT ?g { GRAPH ?g { } }"))
        states = {}
        for number, graph in enumerate(graphs):
            self.progress("comparing", number, len(graphs))
            states[graph] = _state(_lines(self.store, graph))
        return {graph: state for graph, state in states.items() if state.triples}

    def _rows(self, graph: str) -> set[Line]:
        """The triples of a graph as they can be sent."""
        return set(map(self.dialect.keeps, _lines(self.store, graph)))

    def _is_anywhere(self, line: Line) -> bool:
        """Whether any graph here has a triple, by whatever words a server writes its number or language."""
        (triple,) = [quad.triple for quad in ox.parse(line, ox.RdfFormat.N_TRIPLES)]
        find, default = self.store.find, ox.DefaultGraph()
        if any(find(triple.subject, triple.predicate, triple.object, default)):
            return True
        if not isinstance(triple.object, ox.Literal):
            return False
        wanted, keeps = canonical(line), self.dialect.keeps
        alike = find(triple.subject, triple.predicate, None, default)
        return any(canonical(keeps(f"{quad.triple} .")) == wanted for quad in alike)

    # ---- what is there -------------------------------------------------------------------------------------------

    def _there(self) -> _There:
        """Ask the server what it has of this vault. Raises KgError where it has another's."""
        names, ask = self.names, self.endpoint.rows
        found = f'SELECT ?g WHERE {{ GRAPH ?g {{ ?g ?p "{FORMAT}" }} }}'
        manifests = {str(graph) for (graph,) in ask(found, 1)}
        if others := manifests - {names.manifest}:
            other = min(others).strip("<>").removesuffix("#push")
            raise KgError(f"{self.endpoint.name} has the vault of the base {other}: push to a dataset of its own")
        rows: dict[str, set[str]] = {}
        states = f"SELECT ?g ?state WHERE {{ GRAPH {names.manifest} {{ ?g {names.state} ?state }} }}"
        for graph, state in ask(states, 2):
            rows.setdefault(str(graph), set()).add(getattr(state, "value", str(state)))
        standing = [str(row[0]) for row in ask(
            f"SELECT ?d WHERE {{ GRAPH {names.manifest} {{ {names.manifest} {names.default} ?d }} }}", 1
        )]  # fmt: skip
        return _There(
            bool(rows),
            standing[0] if standing else None,
            {graph: frozenset(states) for graph, states in rows.items()},
            self._counts(),
        )

    def _counts(self) -> dict[str, int]:
        every = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
        as_number = self.endpoint.as_number
        counts = {str(row[0]): as_number(row[-1]) for row in self.endpoint.rows(every, 2)}
        if self.default:
            counts[_DEFAULT] = counts.get(self.default, 0)
        else:
            counts[_DEFAULT] = self.endpoint.number("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
        return counts

    def _fetched(self, graph: str, count: int) -> set[Line]:
        """The triples of a graph there, so many."""
        return set(_written(self.endpoint.triples(graph or self.default, count)))

    # ---- the whole -----------------------------------------------------------------------------------------------

    def run(self, full: bool, dry_run: bool) -> Pushed:
        """Compare, send, and look whether it is there."""
        there = self._there()
        changed = [graph for graph, state in self.here.items() if full or not _holds(there, graph, state)]
        gone = sorted(there.rows.keys() - self.here.keys())
        if not full and len(gone) > max(_MANY, len(there.rows) / 2):
            raise KgError(
                f"{len(gone):,} of the {len(there.rows):,} graphs that {self.endpoint.name} was given would go: is it"
                " another vault's? If it is not, push with --full"
            )
        if dry_run:
            self.default = there.default_graph
            self.inserted = sum(self.here[graph].triples for graph in changed)
            return self._pushed(changed, gone, (), dry_run=True)
        there = self._begin(there)
        self._send_all(there, [*changed, *gone])
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

    def _begin(self, there: _There) -> _There:
        """Write the manifest's first row, and find out where the default graph goes. Raises KgError."""
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
        """Whether a query sees all graphs where it names none: it then sees the manifest."""
        text = f'ASK {{ {self.names.manifest} {self.names.format} "{FORMAT}" }}'
        return self.endpoint.answer(text, {})[0].boolean

    def _standing(self, there: _There, is_union: bool) -> str | None:
        asked = f"<{ox.NamedNode(self.asked_default).value}>" if self.asked_default else None
        if there.known and asked and there.default_graph != asked:
            before = f"the graph {there.default_graph[1:-1]}" if there.default_graph else "the server's own"
            raise KgError(f"{self.endpoint.name} was given its default graph as {before}: it cannot be another now")
        return there.default_graph or asked or (self.names.standing_for_default if is_union else None)

    def _refuse_strangers(self, count: int) -> None:
        """Where the default graph has what is not of this vault, keep away from it. Raises KgError."""
        strange = len(self._fetched(_DEFAULT, count) - self._rows(_DEFAULT))
        if strange:
            self._update(f"CLEAR SILENT GRAPH {self.names.manifest}")
            raise KgError(
                f"the default graph of {self.endpoint.name} has {strange:,} triples that are not of this vault, and "
                "would be lost: push to a dataset of its own, or name a graph to stand for it with --default-graph IRI"
            )

    def _learn(self, server: str) -> None:
        """What a server can take follows from what it calls itself."""
        self.dialect = VIRTUOSO if "virtuoso" in server.lower() else STANDARD

    def _settle(self, full: bool, sent: bool) -> tuple[str, ...]:
        """Look whether all is there; mend the default graph where it is not what it should be."""
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
        """Make the default graph what it is here; whether there was anything to do."""
        there, here = self._fetched(_DEFAULT, count), self._rows(_DEFAULT)
        gone, come = there - here, here - there
        limit = self.dialect.statements
        for rows in _pieces(gone, limit):
            self._update(_data("DELETE DATA", {self.default or _DEFAULT: rows}))
        for rows in _pieces(come, limit):
            self._update(_data("INSERT DATA", {self.default or _DEFAULT: rows}))
        self.mended += len(gone) + len(come)
        return bool(gone or come)

    # ---- sending -------------------------------------------------------------------------------------------------

    def _send_all(self, there: _There, graphs: list[str]) -> None:
        """Send the changes of graphs, as many in one request as go into one."""
        waiting: list[_Change] = []
        size = 0
        for number, graph in enumerate(graphs):
            self.progress("sending", number, len(graphs))
            change = self._change(there, graph)
            if size + len(change) > self.dialect.statements:
                self._send(waiting)
                waiting, size = [], 0
            if len(change) > self.dialect.statements:
                self._send_large(change)
                continue
            waiting.append(change)
            size += len(change)
        self._send(waiting)
        self.progress("sending", len(graphs), len(graphs))

    def _change(self, there: _There, graph: str) -> _Change:
        """The difference between a graph there and here."""
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
        """Make some changes by one request: all that goes, then all that comes."""
        default = self.default or _DEFAULT
        gone, come = _Quads(), _Quads()
        for one in changes:
            gone.add(one.graph, one.gone)
            gone.add(default, one.lost)
            gone.add(self.names.manifest, self._manifest_rows(one.graph, one.before))
            come.add(one.graph, one.come)
            come.add(default, one.come)
            come.add(self.names.manifest, self._manifest_rows(one.graph, one.after))
        self._update_all(_data("DELETE DATA", gone), _data("INSERT DATA", come))

    def _manifest_rows(self, graph: str, states: Iterable[str]) -> set[Line]:
        return {f'{graph} {self.names.state} "{state}" .' for state in states}

    def _send_large(self, change: _Change) -> None:
        """Bring the difference beside in pieces, then let one request make the change."""
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
        """Send those parts of an update that say something, if any does."""
        if text := " ;\n".join(filter(None, parts)):
            self._update(text)

    def _update(self, text: str) -> str:
        """Send an update; what the server calls itself."""
        self.requests += 1
        return self.endpoint.update(text).server


def _holds(there: _There, graph: str, state: _State) -> bool:
    """Whether a server has a graph as it is here, by its manifest and by its count."""
    return there.rows.get(graph) == frozenset([str(state)]) and there.counts.get(graph, 0) == state.triples


def _lines(store: Store, graph: str) -> list[Line]:
    """The triples of a graph of the store."""
    name = ox.NamedNode(graph[1:-1]) if graph else ox.DefaultGraph()
    text = _text(store.find(None, None, None, name), ox.RdfFormat.N_QUADS)
    # Oxigraph writes quads as fast as it finds them; triples would first have to be made of them.
    behind = len(f" {graph} .") if graph else len(" .")
    return [f"{line[:-behind]} ." for line in text.split("\n")[:-1]]


def _written(triples: Iterable[ox.Triple]) -> list[Line]:
    return _text(triples, ox.RdfFormat.N_TRIPLES).split("\n")[:-1]


def _text(found: Iterable[ox.Triple] | Iterable[ox.Quad], format_: ox.RdfFormat) -> str:
    return (ox.serialize(found, format=format_) or b"").decode()


def _state(lines: Iterable[Line]) -> _State:
    """The number of triples and a digest of them, in whatever order they come."""
    ordered = sorted(lines)
    return _State(len(ordered), blake2b("\n".join(ordered).encode(), digest_size=16).hexdigest())


def _data(verb: str, graphs: Mapping[str, Iterable[Line]]) -> str:
    """INSERT DATA or DELETE DATA of rows by graph; empty where there is nothing."""
    parts = []
    for graph, rows in graphs.items():
        triples = "\n".join(sorted(rows))
        if triples:
            parts.append(f"GRAPH {graph} {{\n{triples}\n}}\n" if graph else f"{triples}\n")
    return f"{verb} {{\n{''.join(parts)}}}" if parts else ""


def _moved(verb: str, graph: str, source: str) -> str:
    """INSERT into or DELETE from a graph all that another has."""
    triples = "?s ?p ?o"
    template = f"GRAPH {graph} {{ {triples} }}" if graph else triples
    return f"{verb} {{ {template} }} WHERE {{ GRAPH {source} {{ {triples} }} }}"


def _pieces(rows: Iterable[Line], size: int) -> Iterator[list[Line]]:
    ordered = iter(sorted(rows))
    while piece := list(islice(ordered, size)):
        yield piece


def canonical(line: Line) -> Line:
    """A triple such that two are the same which a server may take for the same: of numbers the value, languages in
    small letters.
    """
    found = _LITERAL.match(line)
    if not found:
        return line
    subject, text, kind = found["before"], found["text"], (found["type"] or "").removeprefix(XSD)
    if found["language"]:
        return f'{subject} "{text}"@{found["language"].lower()} .'
    if kind == "boolean":
        text = {"true": "1", "false": "0"}.get(text, text)
    try:
        value = f"{Decimal(text).normalize():f}" if kind in _NUMBERS else text
    except InvalidOperation:
        value = text
    return f'{subject} "{value}"^^{kind or "string"} .'
