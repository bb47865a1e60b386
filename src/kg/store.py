"""The store: a vault's quads on disk, published whole. The only place that opens Oxigraph's databases.

    .kg/CACHEDIR.TAG  says that the folder is kg's (see `ownership`)
    .kg/lock          held by the one writer; says who holds it
    .kg/current       the name of the published generation
    .kg/gen-N/db      Oxigraph's database, never written to after it was published
    .kg/gen-N/manifest.json
    .kg/gen-N/reading held, shared, by whoever reads it

A writer makes a new generation beside the published one, empty or as a copy by hard links, of a few milliseconds, and
then puts its name into `current`, which is atomic: a reader opens the one or the other, at any instant, whether the
writer is at work, done or killed. A generation goes when it is not the published one and nobody reads it.

What a writer does rests on one generation. It is read before the notes are looked at, and must still be the published
one when the writer has the lock: else another writer was faster, and all is looked at anew (`Outdated`, `settled`).
"""

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyoxigraph as ox

from kg.errors import StoreError, StoreMissing, TermRefused
from kg.folder import Folder
from kg.handover import to_rdflib
from kg.ownership import (
    CURRENT,
    GENERATION,
    LOCK,
    NEXT,
    check_database,
    generations,
    has_leftovers,
    opened,
    owned,
    remove_generation,
    remove_temporary,
    said,
)
from kg.terms import INFERRED, ONTOLOGY, XSD

if TYPE_CHECKING:
    import rdflib

Row = tuple[str, str, str]
_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

FORMAT = 2
"""The layout of a generation; one of another layout is rebuilt."""

COMMIT_POINTS = ("locked", "begun", "written", "flushed", "described", "swapped")
"""Where a writer can be stopped with another state on the disk."""

READING = "reading"
MANIFEST = "manifest.json"
_TRIES = 20
_BULK = 10_000
_PIECE = 20_000_000
_PIECES = 200_000
_THREADS = 4
_SLICE = 200_000
_WHOLE = (b"<", b'"', b"_")
_SUMMARY: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("notes", "triples", "asserted", "inferred", "ontology", "missing"), int),
    **{"vault": str, "wanted": list, "links": dict, "seconds": (int, float)},
}
"""What the summary of every ingest has."""
_WRONG = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a generation may raise that is damaged, or has gone."""
_UNREADABLE = "?"
_OF_INFERENCE = "inferred-"
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")


def reached(point: str) -> None:
    """A writer got to one of COMMIT_POINTS; a test may end the process there."""


@dataclass(frozen=True)
class Manifest:
    """What a generation holds."""

    generation: int
    prefixes: Mapping[str, str]
    counts: Mapping[str, int]
    """Triples by graph, the default graph under an empty name: of that, the ontology's and the inferred ones."""
    summary: Mapping[str, Any]


class Outdated(Exception):
    """Another writer has published since that was read which the work rests on."""


def settled(work: Callable[[], _Made]) -> _Made:
    """What some work gives, done anew as long as other writers publish meanwhile. Raises StoreError."""
    for _ in range(_TRIES):
        try:
            return work()
        except Outdated:
            continue
    raise StoreError("other processes publish to the store all the while: try again when they are done")


class Published:
    """The generation that readers open: held, so that it stays, from before its manifest was read until `release`.

    `Published(path)` raises StoreMissing, StoreError.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        before = None
        for _ in range(_TRIES):
            name = _current(self.path)
            try:
                self._hold(name)
            except _WRONG as error:
                if name == before:  # it says the same twice: nobody has published and removed meanwhile
                    raise _damaged(self.path, error) from error
                before = name
            else:
                return
        raise StoreError(f"the store {self.path} changes too fast to be read: ask again in a moment")

    def _hold(self, name: str) -> None:
        """Hold a generation and read its manifest. Raises one of _WRONG."""
        if not GENERATION.fullmatch(name):
            raise ValueError(f"“{CURRENT}” names no generation")
        with opened(self.path) as store, store.folder(name) as folder:
            self.folder = folder.path
            self._reading = _shared(folder)
            self.manifest = _manifest(self.path, json.loads(folder.read(MANIFEST)))
            self.stamp = _stamp(name, folder)
            check_database(folder)

    def opens(self) -> bool:
        """Whether its database can be opened."""
        try:
            return self.store is not None
        except StoreError:
            return False

    @cached_property
    def store(self) -> "Store":
        """It, open for reading. Raises StoreError."""
        return Store(self)

    def release(self) -> None:
        """Hold it no longer, so that it can go."""
        self.__dict__.pop("store", None)
        self._reading = None


class Store:
    """A published generation, open for reading.

    `Store("notes/.kg")` opens the last one. Its answers stay those of that generation, whatever is ingested since.
    """

    def __init__(self, path: "str | os.PathLike[str] | Published") -> None:
        found = path if isinstance(path, Published) else Published(path)
        self.path, self.folder, self.manifest, self.stamp = found.path, found.folder, found.manifest, found.stamp
        self._reading = found._reading
        try:
            self._db = ox.Store.read_only(str(self.folder / "db"))
        except (OSError, RuntimeError) as error:
            raise _damaged(self.path, error) from error

    def __len__(self) -> int:
        """How many quads the dataset has: each triple once in the default graph, and once a named graph."""
        return len(self._db)

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that a query need not declare."""
        return dict(self.manifest.prefixes)

    def select(self, query: str, **options: Any) -> Any:
        """Oxigraph's own answer to a query; results must be read in the thread that asked. Raises SyntaxError."""
        try:
            return self._db.query(query, prefixes=self.prefixes, **options)
        except PermissionError:  # the network is closed
            raise
        except (OSError, RuntimeError) as error:
            if "Corruption" in str(error) or isinstance(error, OSError):
                raise _damaged(self.path, error) from error
            raise

    def quads(self) -> Iterator[ox.Quad]:
        """Every quad, in no order that means anything."""
        return self._db.quads_for_pattern(None, None, None, None)

    def find(self, subject: Any, predicate: Any, obj: Any, graph: Any) -> Iterator[ox.Quad]:
        """The quads that fit a pattern of Oxigraph's terms, None for any."""
        return self._db.quads_for_pattern(subject, predicate, obj, graph)

    def lines(self, graph: ox.NamedNode | None = None) -> list[bytes]:
        """The default graph, or a named one, as lines of N-Triples in no order."""
        pattern = f"GRAPH {graph} {{{{ ?s {{}} ?o }}}}" if graph else "?s {} ?o"
        found: list[bytes] = []
        for predicate, rows in self._by_property("?s ?o", pattern):
            for row in rows:
                subject, obj = row.split(b"\t")
                found.append(b"%b %b %b .\n" % (subject, predicate, _in_full(obj)))
        return found

    def quad_lines(self, apart: Collection[ox.NamedNode] = ()) -> list[bytes]:
        """The dataset as lines of N-Quads in no order, without some named graphs and what only they have.

        The named graphs alone are read, for the default graph has what they have, each triple once.
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
        """The rows of a pattern for each property: one that is given need not be looked up."""
        found = in_threads(lambda one: self.rows(names, pattern.format(one)), self.predicates)
        return zip((str(one).encode() for one in self.predicates), found, strict=True)

    @cached_property
    def predicates(self) -> list[ox.NamedNode]:
        """Every property that is in use, sorted."""
        rows = self.select("SELECT DISTINCT ?p { ?s ?p ?o }")
        return sorted((row[0] for row in rows), key=lambda one: one.value)

    def rows(self, names: str, pattern: str) -> list[bytes]:
        """What fits a pattern, a line each, as SPARQL's results in TSV have it; many of them in slices, in threads.

        To look up the text of each term takes most of the time, and Oxigraph does it only for the rows of a slice.
        """
        rows = self._slice(names, pattern, 0)
        if len(rows) == _SLICE:
            (count,) = self.select(f"SELECT (COUNT(*) AS ?count) {{ {pattern} }}")
            starts = range(_SLICE, int(count[0].value), _SLICE)
            for more in in_threads(lambda start: self._slice(names, pattern, start), starts):
                rows += more
        return rows

    def _slice(self, names: str, pattern: str, start: int) -> list[bytes]:
        found = self.select(f"SELECT {names} {{ {pattern} }} LIMIT {_SLICE} OFFSET {start}")
        text: bytes = found.serialize(format=ox.QueryResultsFormat.TSV)
        return text.split(b"\n")[1:-1]  # and not at the other line ends

    def graph(self, name: str) -> list[tuple[str, str, str]]:
        """The triples of a named graph, `<iri>`, as N-Triples terms."""
        quads = self._db.quads_for_pattern(None, None, None, ox.NamedNode(name[1:-1]))
        return [(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in quads]

    def verify(self) -> None:
        """Read every index of the database, so that a wrong checksum anywhere shows. Raises StoreError."""
        try:
            seen = {(quad.predicate, quad.object, quad.graph_name) for quad in self.quads()}
            anywhere = {(p, None, None) for p, _, _ in seen} | {(None, o, None) for _, o, _ in seen}
            within = {(None, None, g) for _, _, g in seen} | {(p, None, g) for p, _, g in seen}
            for predicate, obj, graph in anywhere | within | {(None, o, g) for _, o, g in seen}:
                for _ in self._db.quads_for_pattern(None, predicate, obj, graph):
                    pass
        except (OSError, RuntimeError) as error:
            raise _damaged(self.path, error) from error

    def nquads(self) -> list[str]:
        """The whole dataset as sorted N-Quads lines: the same for the same notes, on every machine."""
        return sorted(f"{quad} ." for quad in self.quads())

    def to_rdflib(self, graph: str | None = None) -> "rdflib.Graph":
        """The default graph, or a named one by its IRI, as an rdflib Graph in memory."""
        name = ox.NamedNode(graph) if graph else ox.DefaultGraph()
        result = to_rdflib(quad.triple for quad in self._db.quads_for_pattern(None, None, None, name))
        for prefix, namespace in self.prefixes.items():
            result.bind(prefix, namespace)
        return result


def in_threads(work: Callable[[_Item], _Made], items: Iterable[_Item]) -> list[_Made]:
    """What some work gives of each item, in as many threads as pay: Oxigraph's own work holds up no other thread."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _THREADS)) as pool:
        return list(pool.map(work, items))


def _in_full(term: bytes) -> bytes:
    """A term as N-Triples writes it: results in TSV have numbers and truth values as they are."""
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
    """The published generation; None where there is none that can be read."""
    try:
        return Published(path)
    except StoreError:
        return None


def manifest(path: Path) -> Manifest | None:
    """What the published generation says of itself; None where there is none that can be read."""
    found = published(path)
    return found.manifest if found else None


def stamp(path: Path) -> str:
    """What tells the published generation from all others; empty where there is none."""
    try:
        name = _current(path)
        with opened(path) as store, store.folder(name) as folder:
            return _stamp(name, folder)
    except StoreMissing:
        return ""
    except (StoreError, OSError, ValueError):
        return _UNREADABLE


def _stamp(name: str, folder: Folder) -> str:
    """Its name, and its manifest's place and time on the disk: another store may have had the same name before."""
    status = folder.stat(MANIFEST)
    return f"{name} {status.st_ino} {status.st_mtime_ns}"


class _Held:
    """A file that is open, and locked with that; both end with this value."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.handle)


def _shared(folder: Folder) -> _Held | None:
    """Hold a generation, so that it stays; None where that cannot be. Raises BlockingIOError where it is going."""
    try:
        import fcntl

        held = _Held(folder.open(READING))
        fcntl.flock(held.handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        return None
    return held


def _current(path: Path) -> str:
    """What `current` says. Raises StoreMissing, StoreError."""
    try:
        with opened(path) as store:
            return _named(store)
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing(path) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _named(store: Folder) -> str:
    return store.read(CURRENT, 1_000).decode().strip()


def _manifest(path: Path, table: Any) -> Manifest:
    """A manifest as it was written. Raises StoreError, one of _WRONG."""
    if table.pop("format") != FORMAT:
        raise StoreError(f"the store {path} is of another version of kg: run `kg ingest` to build it anew")
    made = Manifest(**table)
    texts = [*made.prefixes.items(), *((name, "") for name in made.counts)]
    if not all(isinstance(one, str) for pair in texts for one in pair):
        raise TypeError("its prefixes are no texts")
    if not all(isinstance(number, int) for number in (made.generation, *made.counts.values())):
        raise TypeError("its counts are no numbers")
    for key, kind in _SUMMARY.items():
        if not isinstance(made.summary[key], kind):
            raise TypeError(f"its “{key}” is of another kind")
    numbers = (*made.summary["links"].values(), *(number for _, number in made.summary["wanted"]))
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError("its summary counts what are no numbers")
    return made


def _damaged(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the store {path} is damaged ({said(error)}): run `kg ingest --full` to build it anew from the notes"
    )


def _write_failed(path: Path, error: Exception) -> StoreError:
    if any(text in str(error) for text in _DISK_FULL):
        return StoreError(f"the disk is full: nothing was published, the store {path} is as it was before")
    return StoreError(f"the store {path} cannot be written: {said(error)}")


class Builder:
    """A generation being made: quads are loaded, replaced, asked and added to, then published or thrown away."""

    def __init__(
        self, path: Path, folder: Path, number: int, prefixes: Mapping[str, str], base: Published | None
    ) -> None:
        self.path = path
        self.folder = folder
        self.number = number
        self.prefixes = dict(prefixes)
        if base:
            base.store._db.backup(str(folder / "db"))
        self._db = ox.Store(str(folder / "db"))
        self._counts = dict(base.manifest.counts) if base else {}
        self.loads = folder / "load"
        self.loads.mkdir()
        self._put = 0
        self.left_out: dict[str, str] = {}
        """Inferred triples that the store refused, with the reasons."""

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Meanwhile, load what comes to lie in `loads` as `*.ready`: N-Quads files, each removed when it is loaded.

        Raises TermRefused.
        """
        from concurrent.futures import ThreadPoolExecutor

        done = threading.Event()
        with ThreadPoolExecutor(1) as loader:
            work = loader.submit(self._load_ready, done)
            try:
                yield
            finally:
                done.set()
            work.result()

    def _load_ready(self, done: threading.Event) -> None:
        finished = False
        while not finished:
            finished = done.wait(0.05)
            for file in sorted(self.loads.glob("*.ready")):
                self._load_file(file)

    def load(self, graphs: Iterable[tuple[str, Iterable[Row]]]) -> None:
        """Load all files in `loads`, and graphs by their names and triples as N-Triples terms, also as the default
        graph's. Raises TermRefused.
        """
        with (self.loads / "more").open("w", encoding="utf-8", errors="surrogatepass") as quads:
            for graph, rows in graphs:
                for subject, predicate, obj in rows:
                    quads.write(f"{subject} {predicate} {obj} {graph} .\n{subject} {predicate} {obj} .\n")
        for file in sorted(self.loads.iterdir()):
            self._load_file(file)
        self._counts = {}
        reached("written")

    def _load_file(self, file: Path) -> None:
        """Load a file in pieces: as fast as in one, in a sixth of the memory. Raises TermRefused."""
        with file.open("rb") as lines:
            while piece := lines.readlines(_PIECE):
                try:
                    self._db.bulk_load(b"".join(piece), ox.RdfFormat.N_QUADS)
                except SyntaxError as error:
                    if not file.name.startswith(_OF_INFERENCE):
                        raise TermRefused(error.msg) from error
                    self._db.bulk_load(b"".join(self._taken(piece)), ox.RdfFormat.N_QUADS)
        file.unlink()

    def _taken(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines that the store takes; those that it refuses are left out, and remembered."""
        for line in lines:
            try:
                list(ox.parse(line, ox.RdfFormat.N_QUADS))
            except SyntaxError as error:
                triple = line.decode("utf-8", "replace").rstrip(" .\n").removesuffix(INFERRED).rstrip()
                self.left_out[triple] = str(error.msg)
            else:
                yield line

    def replace(
        self, wanted: Mapping[str, set[Row]], differences: Mapping[str, tuple[set[Row], set[Row]]]
    ) -> tuple[set[ox.Triple], set[ox.Triple]]:
        """Make named graphs what they are to be, and take from others and add to them.

        Returns the triples that no graph asserts any more, and those that came to be asserted. The default graph
        follows: it has what any named graph has, and `kg:inferred` has nothing that another has. Raises TermRefused.
        """
        removed: list[ox.Quad] = []
        added: list[ox.Quad] = []
        for graph, rows in wanted.items():
            name = _graph_name(graph)
            before = {quad.triple for quad in self._db.quads_for_pattern(None, None, None, name)}
            after = set(_triples(rows))
            removed += _quads(before - after, name)
            added += _quads(after - before, name)
        for graph, (gone, come) in differences.items():
            name = _graph_name(graph)
            removed += _quads(_triples(gone), name)
            added += _quads(_triples(come), name)
        for quad in removed:
            self._db.remove(quad)
        self._db.extend(added)
        changes = self._follow({quad.triple for quad in (*removed, *added)})
        reached("written")
        return changes

    def _follow(self, touched: Iterable[ox.Triple]) -> tuple[set[ox.Triple], set[ox.Triple]]:
        """Bring the default graph, and what is only inferred, in line with the named graphs."""
        default, inferred = ox.DefaultGraph(), ox.NamedNode(INFERRED[1:-1])
        came: list[ox.Quad] = []
        went: list[ox.Quad] = []
        gone: set[ox.Triple] = set()
        come: set[ox.Triple] = set()
        for triple in touched:
            quads = self._db.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
            graphs = {quad.graph_name for quad in quads}
            (come if graphs - {default, inferred} else gone).add(triple)
            if inferred in graphs and graphs - {default, inferred}:
                went += _quads([triple], inferred)
            if default in graphs and not graphs - {default}:
                went += _quads([triple], default)
            elif default not in graphs and graphs:
                came += _quads([triple], default)
        for quad in went:
            self._db.remove(quad)
        self._db.extend(came)
        self._count("", len(came) - sum(quad.graph_name == default for quad in went))
        self._count(INFERRED, -sum(quad.graph_name == inferred for quad in went))
        return gone, come

    def clear_inferred(self) -> None:
        """Take out all that was inferred."""
        name = ox.NamedNode(INFERRED[1:-1])
        found = [quad.triple for quad in self._db.quads_for_pattern(None, None, None, name)]
        self.change_inferred(found, ())

    def is_inferred(self, triple: ox.Triple) -> bool:
        """Whether a triple was inferred, and is asserted nowhere."""
        name = ox.NamedNode(INFERRED[1:-1])
        return ox.Quad(triple.subject, triple.predicate, triple.object, name) in self._db

    def change_inferred(self, gone: Collection[ox.Triple], come: Iterable[ox.Triple]) -> None:
        """Take some of what was inferred out, and add some that is not there yet."""
        name, default = ox.NamedNode(INFERRED[1:-1]), ox.DefaultGraph()
        went = [triple for triple in gone if self.is_inferred(triple)]
        for quad in (*_quads(went, name), *_quads(went, default)):
            self._db.remove(quad)
        if self._counts:
            self._count("", -len(went))
            self._count(INFERRED, -len(went))
        self.add_inferred(come, INFERRED)

    def find(self, subject: Any, predicate: Any, obj: Any) -> Iterator[ox.Quad]:
        """The quads of the default graph that fit a pattern, None for any."""
        return self._db.quads_for_pattern(subject, predicate, obj, ox.DefaultGraph())

    def answers(self, query: str) -> bool:
        """Whether a SELECT has an answer."""
        return any(True for _ in self.query(query))

    def query(self, text: str) -> Any:
        """Oxigraph's answer from what is there so far."""
        return self._db.query(text, prefixes=self.prefixes)

    def add_inferred(self, triples: Iterable[ox.Triple], graph: str) -> int:
        """Add triples that are not known yet, to a named graph and the default graph; how many there were."""
        rows, total = iter(triples), 0
        while some := list(islice(rows, _PIECES)):
            total += self._add_inferred(some, ox.NamedNode(graph[1:-1]))
        if self._counts:
            self._count("", total)
            self._count(graph, total)
        return total

    def _add_inferred(self, triples: Iterable[ox.Triple], name: ox.NamedNode) -> int:
        default = ox.DefaultGraph()
        unknown = {t for t in triples if ox.Quad(t.subject, t.predicate, t.object, default) not in self._db}
        quads = [*_quads(unknown, name), *_quads(unknown, default)]
        # What is killed while it loads in bulk leaves files behind: here, in a folder that is thrown away.
        (self._db.bulk_extend if len(quads) > _BULK else self._db.extend)(quads)
        return len(unknown)

    def put_inferred(self, triples: Sequence[str]) -> None:
        """Put triples that are not known yet, as N-Triples texts, where they are loaded from (see `loading`).

        A few are added at once: loading would store the texts of their terms a second time.
        """
        if len(triples) <= _BULK and not self._put:
            name = ox.NamedNode(INFERRED[1:-1])
            new = self._parsed([f"{triple} .\n" for triple in triples])
            self._db.extend([*_quads(new, name), *_quads(new, ox.DefaultGraph())])
            return
        self._put += 1
        file = self.loads / f"{_OF_INFERENCE}{self._put}"
        with file.open("w", encoding="utf-8", errors="surrogatepass") as quads:
            quads.writelines(f"{triple} {INFERRED} .\n{triple} .\n" for triple in triples)
        file.rename(file.with_suffix(".ready"))

    def _parsed(self, lines: Sequence[str]) -> list[ox.Triple]:
        data = [line.encode("utf-8", "surrogatepass") for line in lines]
        try:
            return [quad.triple for quad in ox.parse(b"".join(data), ox.RdfFormat.N_TRIPLES)]
        except SyntaxError:
            return [quad.triple for quad in ox.parse(b"".join(self._taken(data)), ox.RdfFormat.N_TRIPLES)]

    def count_inferred(self, more: int) -> None:
        """Count what was put."""
        if self.left_out:
            self._counts = {}
        if self._counts:
            self._count("", more)
            self._count(INFERRED, more)

    def _count(self, graph: str, more: int) -> None:
        self._counts[graph] = self._counts.get(graph, 0) + more

    def counts(self) -> dict[str, int]:
        """How many triples the default graph (under an empty name), the ontology and the inferred graph have."""
        if not self._counts:
            self._counts = {graph: self._counted(graph) for graph in ("", ONTOLOGY, INFERRED)}
        return self._counts

    def _counted(self, graph: str) -> int:
        where = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        (row,) = self.query(f"SELECT (COUNT(*) AS ?n) {{ {where} }}")
        return int(row[0].value)

    def triples(self) -> Iterator[ox.Triple]:
        """The default graph."""
        return (quad.triple for quad in self._db.quads_for_pattern(None, None, None, ox.DefaultGraph()))

    def close(self) -> None:
        """Close the database, whoever still holds this builder."""
        self.__dict__.pop("_db", None)

    def publish(self, summary: Mapping[str, Any], files: Mapping[str, str]) -> str:
        """Make this generation the one that readers open, with files beside it, and give its stamp.

        It would survive a power cut before this returns.
        """
        self._db.flush()
        reached("flushed")
        shutil.rmtree(self.loads)
        table = {
            "format": FORMAT,
            "generation": self.number,
            "prefixes": self.prefixes,
            "counts": self.counts(),
            "summary": dict(summary),
        }
        self.close()
        with opened(self.path) as store:
            with store.folder(self.folder.name) as folder:
                for name, text in {**files, READING: "", MANIFEST: json.dumps(table, indent=1)}.items():
                    _write_new(folder, name, text)
                with folder.folder("db") as database:
                    _sync_all(database)
                folder.sync()
                made = _stamp(self.folder.name, folder)
            reached("described")
            store.write(CURRENT, self.folder.name.encode(), beside=NEXT, synced=True)
            store.sync()
            reached("swapped")
            _remove_old(store)
        return made


def _triples(rows: Iterable[Row]) -> list[ox.Triple]:
    text = "".join([f"{subject} {predicate} {obj} .\n" for subject, predicate, obj in rows])
    try:
        return [quad.triple for quad in ox.parse(text.encode("utf-8", "surrogatepass"), ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise TermRefused(error.msg) from error


def _graph_name(graph: str) -> ox.NamedNode:
    """The name of a graph, `<iri>`. Raises TermRefused."""
    try:
        return ox.NamedNode(graph[1:-1])
    except ValueError as error:
        raise TermRefused(error) from error


def _quads(triples: Iterable[ox.Triple], graph: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    return [ox.Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples]


def tidy(path: Path) -> None:
    """Remove generations that no writer has removed, where nobody writes or reads."""
    with contextlib.suppress(StoreError, OSError):
        with opened(path) as store:
            if not has_leftovers(store):
                return
        with owned(path) as store, _locked(store, "kg ingest"):
            _remove_old(store)


@contextlib.contextmanager
def building(
    path: Path, prefixes: Mapping[str, str], command: str, base: Published | None = None, since: str | None = None
) -> Iterator[Builder]:
    """A new generation beside the published one, empty or with what `base` holds; what is not published is removed.

    `since` is the stamp of the generation that the work rests on. Raises Outdated where another one is published by
    now, StoreError.
    """
    try:
        with owned(path) as store, _locked(store, command):
            reached("locked")
            if since is not None and stamp(path) != since:
                raise Outdated
            _remove_old(store)
            name = _next_name(store)
            builder = None
            try:
                store.make(name)
                builder = Builder(path, path / name, int(name.removeprefix("gen-")), prefixes, base)
                reached("begun")
                yield builder
            finally:
                if builder:
                    builder.close()
                if _name(store) != name:
                    remove_generation(store, name)
    except OSError as error:
        raise _write_failed(path, error) from error


def _name(store: Folder) -> str:
    try:
        return _named(store)
    except (OSError, ValueError):
        return ""


def _next_name(store: Folder) -> str:
    """The name of a new generation: its number is higher than the published one's, and no other has it."""
    current = GENERATION.fullmatch(_name(store))
    number = int(current[1]) + 1 if current else 1
    taken = store.names()
    while f"gen-{number}" in taken:
        number += 1
    return f"gen-{number}"


def _remove_old(store: Folder) -> None:
    """Remove what killed writers left, and generations that are not published and that nobody reads."""
    current = _name(store)
    for name in generations(store):
        if name != current:
            _remove_unread(store, name)
    remove_temporary(store)


def _remove_unread(store: Folder, name: str) -> None:
    with contextlib.ExitStack() as held:
        try:
            folder = held.enter_context(store.folder(name))
            if (handle := _exclusive(folder)) is not None:
                held.callback(os.close, handle)
        except BlockingIOError:
            return  # somebody reads it
        except OSError:
            pass  # it was never published, or is no folder
        else:
            folder.remove(MANIFEST)  # first: who has just found it sees that it is going
        with contextlib.suppress(OSError):
            remove_generation(store, name)


def _exclusive(folder: Folder) -> int | None:
    """Hold a generation that nobody reads. Raises BlockingIOError where somebody does, OSError."""
    try:
        import fcntl
    except ImportError:  # Windows: a database that is open there cannot be removed, and stays
        return None
    handle = folder.open(READING)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # or the disk knows no locks, and it cannot be told
        os.close(handle)
        raise BlockingIOError from error
    return handle


_held_locks: set[int] = set()
"""Handles of locks, which a process that is forked meanwhile must not keep: it may outlive the writer."""
_PROCESS = os.getpid()
"""The process that a user has started: a writer may be forked from it, and ends with it."""


def _let_go() -> None:
    for handle in _held_locks:
        with contextlib.suppress(OSError):
            os.close(handle)
    _held_locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextlib.contextmanager
def _locked(store: Folder, command: str) -> Iterator[None]:
    """Be the one writer, or say who is. Raises StoreError, OSError."""
    handle = store.open(LOCK, os.O_RDWR | os.O_CREAT)
    _held_locks.add(handle)
    try:
        if os.fstat(handle).st_nlink > 1:
            raise StoreError(
                f"the store {store.path} cannot be written: its “{LOCK}” is a hard link to another file; remove it"
            )
        if not _try_lock(handle) or os.fstat(handle).st_ino != store.stat(LOCK).st_ino:
            holder = os.pread(handle, 10_000, 0).decode("utf-8", "replace").strip()
            raise StoreError(f"the store {store.path} is being written by {holder or 'another process'}")
        since = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        os.ftruncate(handle, 0)
        text = f"`{command}` (process {_PROCESS}, since {since})"
        os.write(handle, text.encode("utf-8", "surrogateescape"))
        yield
    finally:
        if handle in _held_locks:
            _held_locks.discard(handle)
            os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; Oxigraph's own lock on the new database is what remains there
        return True
    for _ in range(3):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _write_new(folder: Folder, name: str, text: str) -> None:
    with folder.new(name) as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _sync_all(database: Folder) -> None:
    """Sync what the database does not sync itself, and the names of all its files."""
    for name in database.names():
        if not name.endswith(".sst") and not name.startswith("LO"):  # LOG says what was done; LOCK holds nothing
            database.sync_file(name)
    database.sync()
