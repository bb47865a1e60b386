"""The store: a vault's quads on disk, published whole. Only this module and `builder` open Oxigraph's databases.

    .kg/CACHEDIR.TAG  marks the folder as kg's (see `ownership`)
    .kg/lock          held by the only writer, and names it
    .kg/current       the name of the published generation
    .kg/gen-N/db      Oxigraph's database, never written after its publication
    .kg/gen-N/manifest.json
    .kg/gen-N/notes.db, notes.json  the state of the notes (see `ingest_state`)
    .kg/gen-N/reading held, shared, by each reader

A writer makes a new generation beside the published one, empty or as a copy by hard links that takes a few
milliseconds. It then writes the new name to `current`, which is atomic: at any instant, whether the writer is working,
done or killed, a reader opens either the old generation or the new one. A generation is removed when it is not the
published one and nobody reads it.

A writer's work rests on one generation. The writer reads that generation before the notes, and it must still be the
published one when the writer gets the lock. Otherwise another writer was faster, and the work is repeated (`Outdated`,
`builder.retried`).
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyoxigraph as ox

from kg.core.errors import StoreError
from kg.rdf.rdflib_terms import to_rdflib
from kg.rdf.terms import XSD
from kg.rdf.vocabulary import DEFAULT_GRAPH, GraphName, Term
from kg.store.generations import MANIFEST, Manifest, damaged_store, is_damage, parse_manifest, published_name, stamp_of
from kg.store.locks import hold_shared
from kg.store.matching import matching
from kg.store.ownership import CURRENT, GENERATION, check_database, opened

if TYPE_CHECKING:
    import rdflib


_Item = TypeVar("_Item")
Made = TypeVar("Made")
ATTEMPTS = 20
_THREADS = 4
_SLICE = 200_000
_WHOLE = (b"<", b'"', b"_")
_WRONG = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""The errors that reading a damaged or removed generation may raise."""


class Published:
    """The published generation: held, so that it stays, from before its manifest is read until `release`.

    `Published(path)` raises StoreMissing, StoreError. `name` is that of a generation which somebody holds already; it
    may be published no longer.
    """

    def __init__(self, path: str | os.PathLike[str], name: str = "") -> None:
        self.path = Path(path)
        held, before = name, None
        for _ in range(ATTEMPTS):
            name = held or published_name(self.path)
            try:
                self._hold(name)
            except _WRONG as error:
                if name == before:  # the same name twice: no writer has replaced the generation meanwhile
                    raise damaged_store(self.path, error) from error
                before = name
            else:
                return
        raise StoreError(f"the store {self.path} changes too fast to be read: try again in a moment")

    def _hold(self, name: str) -> None:
        """Hold a generation and read its manifest. Raises an error of _WRONG."""
        if not GENERATION.fullmatch(name):
            raise ValueError(f"“{CURRENT}” names no generation")
        with opened(self.path) as store, store.folder(name) as folder:
            self.name = name
            self.folder = folder.path
            self._reading = hold_shared(folder)
            self.manifest = parse_manifest(self.path, json.loads(folder.read(MANIFEST)))
            self.stamp = stamp_of(name, folder)
            check_database(folder)

    def opens(self) -> bool:
        """Whether the database can be opened, and is not empty where it had triples, as one is that lost its index."""
        try:
            return not self.manifest.counts.get("") or self.store.has(None, None, None)
        except StoreError:
            return False

    @cached_property
    def store(self) -> "Store":
        """The generation, open for reading. Raises StoreError."""
        return Store(self)

    def release(self) -> None:
        """Release the generation, so that it can be removed."""
        self.__dict__.pop("store", None)
        self._reading = None


class Store:
    """A published generation, open for reading.

    `Store("notes/.kg")` opens the latest generation. Its answers stay the same, whatever is ingested later.
    """

    def __init__(self, path: "str | os.PathLike[str] | Published") -> None:
        source = path if isinstance(path, Published) else Published(path)
        self.path, self.folder, self.manifest, self.stamp = source.path, source.folder, source.manifest, source.stamp
        self._reading = source._reading
        try:
            self._db = ox.Store.read_only(str(self.folder / "db"))
        except (OSError, RuntimeError) as error:
            raise damaged_store(self.path, error) from error

    def __len__(self) -> int:
        """The number of quads: each triple counts once in the default graph, and once per named graph."""
        return len(self._db)

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that a query need not declare."""
        return dict(self.manifest.prefixes)

    def select(self, query: str, **options: Any) -> Any:
        """Run a query; return Oxigraph's own results, which only the calling thread may read. Raises SyntaxError."""
        with self.reading():
            return self._db.query(query, prefixes=self.prefixes, **options)

    def solutions(self, query: str) -> Iterator[ox.QuerySolution]:
        """The solutions of a SELECT query, read from the database in turn. Raises SyntaxError, StoreError."""
        with self.reading():
            yield from self.select(query)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise StoreError if the database proves to be damaged."""
        try:
            yield
        except PermissionError:  # the network is closed
            raise
        except (OSError, RuntimeError) as error:
            if is_damage(error) or isinstance(error, OSError):
                raise damaged_store(self.path, error) from error
            raise

    def quads(self) -> Iterator[ox.Quad]:
        """All quads, in no particular order. Raises StoreError."""
        return self.find(None, None, None)

    def find(
        self, subject: Term | None, predicate: ox.NamedNode | None, obj: Term | None, graph: GraphName | None = None
    ) -> Iterator[ox.Quad]:
        """The quads that match a pattern, in no particular order; None matches any term. Raises StoreError."""
        if isinstance(subject, ox.Literal):
            return
        try:
            yield from matching(self._db, subject, predicate, obj, graph)
        except (OSError, RuntimeError) as error:
            raise damaged_store(self.path, error) from error

    def triples(
        self,
        subject: Term | None,
        predicate: ox.NamedNode | None,
        obj: Term | None,
        graph: GraphName = DEFAULT_GRAPH,
    ) -> Iterator[ox.Triple]:
        """The triples of a graph that match a pattern. Raises StoreError."""
        return (quad.triple for quad in self.find(subject, predicate, obj, graph))

    def has(
        self,
        subject: Term | None,
        predicate: ox.NamedNode | None,
        obj: Term | None,
        graph: GraphName | None = DEFAULT_GRAPH,
    ) -> bool:
        """Whether a graph has a triple that matches a pattern. Raises StoreError."""
        return any(True for _ in self.find(subject, predicate, obj, graph))

    def literals(self, subject: Term | None, *predicates: ox.NamedNode) -> Iterator[str]:
        """The lexical forms of the literals that a thing has for properties. Raises StoreError."""
        triples = (triple for predicate in predicates for triple in self.triples(subject, predicate, None))
        return (triple.object.value for triple in triples if isinstance(triple.object, ox.Literal))

    def lines(self, graph: ox.NamedNode | None = None) -> list[bytes]:
        """The default graph, or a named graph, as lines of N-Triples in no particular order."""
        pattern = f"GRAPH {graph} {{{{ ?s {{}} ?o }}}}" if graph else "?s {} ?o"
        lines: list[bytes] = []
        for predicate, rows in self._by_property("?s ?o", pattern):
            for row in rows:
                subject, obj = row.split(b"\t")
                lines.append(b"%b %b %b .\n" % (subject, predicate, _in_full(obj)))
        return lines

    def dump(self, graph: ox.NamedNode) -> bytes:
        """A named graph in N-Triples, in no particular order. Raises StoreError."""
        with self.reading():
            return self._db.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=graph) or b""

    def quad_lines(self, apart: Collection[ox.NamedNode] = ()) -> list[bytes]:
        """The dataset as lines of N-Quads in no particular order, without the graphs `apart` and their own triples.

        Reads only the named graphs, since the default graph has each of their triples once.
        """
        left_out = {str(graph).encode() for graph in apart}
        named: list[bytes] = []
        default: set[bytes] = set()
        for predicate, rows in self._by_property("?s ?o ?g", "GRAPH ?g {{ ?s {} ?o }}"):
            for row in rows:
                subject, obj, graph = row.split(b"\t")
                if graph not in left_out:
                    triple = b"%b %b %b " % (subject, predicate, _in_full(obj))
                    default.add(triple + b".\n")
                    named.append(b"%b%b .\n" % (triple, graph))
        return [*default, *named]

    def _by_property(self, names: str, pattern: str) -> Iterator[tuple[bytes, list[bytes]]]:
        """The rows of a pattern for each property; a property in the pattern needs no look-up."""
        rows = in_threads(lambda predicate: self.rows(names, pattern.format(predicate)), self.predicates)
        return zip((str(predicate).encode() for predicate in self.predicates), rows, strict=True)

    @cached_property
    def predicates(self) -> list[ox.NamedNode]:
        """All properties in use, sorted."""
        rows = self.solutions("SELECT DISTINCT ?p { ?s ?p ?o }")
        return sorted((row[0] for row in rows), key=lambda predicate: predicate.value)

    def rows(self, names: str, pattern: str) -> list[bytes]:
        """The solutions of a pattern, as lines of SPARQL's results in TSV; many of them in slices, in threads.

        Looking up the texts of the terms takes most of the time, and Oxigraph does it only for the rows of a slice.
        """
        rows = self._slice(names, pattern, 0)
        if len(rows) == _SLICE:
            (count,) = self.solutions(f"SELECT (COUNT(*) AS ?count) {{ {pattern} }}")
            starts = range(_SLICE, int(count[0].value), _SLICE)
            for lines in in_threads(lambda start: self._slice(names, pattern, start), starts):
                rows += lines
        return rows

    def _slice(self, names: str, pattern: str, start: int) -> list[bytes]:
        query = f"SELECT {names} {{ {pattern} }} LIMIT {_SLICE} OFFSET {start}"
        with self.reading():  # no variable holds the solutions: an error would take them to another thread
            text: bytes = self.select(query).serialize(format=ox.QueryResultsFormat.TSV)
        return text.split(b"\n")[1:-1]  # unlike splitlines, ignores other line ends

    def graph(self, name: str) -> list[tuple[str, str, str]]:
        """The triples of a named graph, `<iri>`, as N-Triples terms."""
        quads = self.find(None, None, None, ox.NamedNode(name[1:-1]))
        return [(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in quads]

    def verify(self) -> None:
        """Read every index of the database, to detect any wrong checksum. Raises StoreError."""
        seen = {(quad.predicate, quad.object, quad.graph_name) for quad in self.quads()}
        anywhere = {(p, None, None) for p, _, _ in seen} | {(None, o, None) for _, o, _ in seen}
        within = {(None, None, g) for _, _, g in seen} | {(p, None, g) for p, _, g in seen}
        for predicate, obj, graph in anywhere | within | {(None, o, g) for _, o, g in seen}:
            for _ in self.find(None, predicate, obj, graph):
                pass

    def nquads(self) -> list[str]:
        """The whole dataset as sorted lines of N-Quads: the same for the same notes, on every machine."""
        return sorted(f"{quad} ." for quad in self.quads())

    def to_rdflib(self, graph: str | None = None) -> "rdflib.Graph":
        """The default graph, or a named graph by its IRI, as an rdflib Graph in memory."""
        name = ox.NamedNode(graph) if graph else DEFAULT_GRAPH
        result = to_rdflib(self.triples(None, None, None, name))
        for prefix, namespace in self.prefixes.items():
            result.bind(prefix, namespace)
        return result


def in_threads(work: Callable[[_Item], Made], items: Iterable[_Item]) -> list[Made]:
    """The results of `work` for each item, in as many threads as pay: Oxigraph's own work blocks no other thread."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _THREADS)) as pool:
        return list(pool.map(work, items))


def _in_full(term: bytes) -> bytes:
    """A term as N-Triples writes it; TSV results abbreviate numbers and booleans."""
    if term[:1] in _WHOLE:
        return term
    text = term.decode()
    kind = "integer"
    if text in {"true", "false"}:
        kind = "boolean"
    elif "e" in text.lower():
        kind = "double"
    elif "." in text:
        kind = "decimal"
    return f'"{text}"^^<{XSD}{kind}>'.encode()


def published(path: Path) -> Published | None:
    """The published generation; None if there is none, or it is unreadable."""
    try:
        return Published(path)
    except StoreError:
        return None


def manifest(path: Path) -> Manifest | None:
    """The manifest of the published generation; None if there is none, or it is unreadable."""
    generation = published(path)
    return generation.manifest if generation else None
