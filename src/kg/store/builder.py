"""Build a generation: load, replace and add quads, then publish them all at once."""

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.core.errors import StoreBusy, StoreError, TermRefused
from kg.core.folder import Folder
from kg.rdf.canonical import canonical_triples
from kg.rdf.terms import INFERRED, ONTOLOGY, Row
from kg.rdf.vocabulary import DEFAULT_GRAPH, INFERRED_GRAPH, LINKS_TO, PREF_LABEL, TYPE, Term
from kg.store.bulk_load import OF_INFERENCE, load_file, parsed, write_graphs
from kg.store.generations import FORMAT, MANIFEST, current_name, next_name, remove_old, stamp, stamp_of
from kg.store.locks import READING, locked
from kg.store.matching import matching
from kg.store.ownership import CURRENT, NEXT, opened, owned, reason, remove_generation
from kg.store.store import ATTEMPTS, Made, Published

COMMIT_POINTS = ("locked", "begun", "written", "flushed", "described", "swapped")
"""The points of a writer's work; a writer stopped at each leaves a different state on the disk."""
_NAMING = (LINKS_TO, PREF_LABEL, TYPE)
_BULK = 10_000
_PIECES = 200_000
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")


def reached(point: str) -> None:
    """Mark that a writer has reached one of COMMIT_POINTS; a test may end the process in it."""


class Outdated(Exception):
    """Another writer has published since the work read the published generation."""


def retried(work: Callable[[], Made]) -> Made:
    """Return the result of `work`, repeated while other writers publish meanwhile. Raises StoreError."""
    for _ in range(ATTEMPTS):
        try:
            return work()
        except Outdated:
            continue
    raise StoreBusy("other processes keep publishing to the store: try again when they have finished")


def _write_failed(path: Path, error: Exception) -> StoreError:
    if any(text in str(error) for text in _DISK_FULL):
        return StoreError(f"the disk is full: nothing was published, and the store {path} is unchanged")
    return StoreError(f"the store {path} cannot be written: {reason(error)}")


class Builder:
    """A generation in progress: load, replace, query and add quads, then publish or discard them."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        number: int,
        prefixes: Mapping[str, str],
        base: Published | None,
        *,
        durable: bool = True,
    ) -> None:
        self.path = path
        self.folder = folder
        self.number = number
        self.prefixes = dict(prefixes)
        self._durable = durable
        if base:
            base.store._db.backup(str(folder / "db"))
        self._db = ox.Store(str(folder / "db"))
        self._counts = dict(base.manifest.counts) if base else {}
        self.loads = folder / "load"
        self.loads.mkdir()
        self._put = 0
        self.left_out: dict[str, str] = {}
        """Inferred triples that the store refused, with the reasons."""
        self.changed: set[ox.Quad] | None = set() if base else None
        """The quads that were removed or added; None if they are too many to name."""

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Load `*.ready` files, in N-Quads, as they appear in `loads` during the `with`; remove each after loading it.

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
                load_file(self._db, file, self.left_out)

    def load(self, graphs: Iterable[tuple[str, Iterable[Row]]]) -> None:
        """Load all files in `loads`, and graphs: names with N-Triples terms, which also go to the default graph.

        Raises TermRefused.
        """
        write_graphs(self.loads / "more", graphs)
        for file in sorted(self.loads.iterdir()):
            load_file(self._db, file, self.left_out)
        self._counts = {}
        self.changed = None
        reached("written")

    def replace(
        self, wanted: Mapping[str, set[Row]], differences: Mapping[str, tuple[set[Row], set[Row]]]
    ) -> tuple[set[ox.Triple], set[ox.Triple]]:
        """Replace the triples of the `wanted` graphs, and apply removals and additions to other graphs.

        Returns the changed triples that no graph asserts any more, and those that a graph asserts now. The default
        graph follows: it has the triples of all named graphs, and `kg:inferred` has no triple of another graph. Raises
        TermRefused.
        """
        removed: list[ox.Quad] = []
        added: list[ox.Quad] = []
        for graph, rows in wanted.items():
            name = _graph_name(graph)
            before = {quad.triple for quad in matching(self._db, None, None, None, name)}
            after = canonical_triples(_triples(rows))
            removed += _quads(before - after, name)
            added += _quads(after - before, name)
        for graph, (gone, come) in differences.items():
            name = _graph_name(graph)
            removed += _quads(_triples(gone), name)
            added += _quads(_triples(come), name)
        self._record(removed, added)
        for quad in removed:
            self._db.remove(quad)
        for graph, rows in wanted.items():
            if not rows:
                self._db.remove_graph(_graph_name(graph))  # without it, `GRAPH ?g {}` still finds the name
        self._db.extend(added)
        changes = self._follow({quad.triple for quad in (*removed, *added)})
        reached("written")
        return changes

    def _follow(self, touched: Collection[ox.Triple]) -> tuple[set[ox.Triple], set[ox.Triple]]:
        """Update the default graph and `kg:inferred` to match the named graphs."""
        default, inferred = DEFAULT_GRAPH, INFERRED_GRAPH
        added: list[ox.Quad] = []
        removed: list[ox.Quad] = []
        gone: set[ox.Triple] = set()
        come: set[ox.Triple] = set()
        for triple in touched:
            is_default, is_inferred, is_asserted = self._graphs_with(triple)
            (come if is_asserted else gone).add(triple)
            if is_inferred and is_asserted:
                removed += _quads([triple], inferred)
            if is_default and not (is_inferred or is_asserted):
                removed += _quads([triple], default)
            elif not is_default and (is_inferred or is_asserted):
                added += _quads([triple], default)
        self._record(removed, added)
        for quad in removed:
            self._db.remove(quad)
        self._db.extend(added)
        self._count("", len(added) - sum(quad.graph_name == default for quad in removed))
        self._count(INFERRED, -sum(quad.graph_name == inferred for quad in removed))
        return gone, come

    def _graphs_with(self, triple: ox.Triple) -> tuple[bool, bool, bool]:
        """Whether a triple is in the default graph, in `kg:inferred`, and in any other graph.

        The notes of a whole vault may state it, so no more of its graphs are looked at than this needs.
        """
        is_default = is_inferred = False
        for quad in matching(self._db, triple.subject, triple.predicate, triple.object, None):
            if quad.graph_name == DEFAULT_GRAPH:
                is_default = True
            elif quad.graph_name == INFERRED_GRAPH:
                is_inferred = True
            else:
                (in_default,), (in_inferred,) = (_quads([triple], name) for name in (DEFAULT_GRAPH, INFERRED_GRAPH))
                return is_default or in_default in self._db, is_inferred or in_inferred in self._db, True
        return is_default, is_inferred, False

    def _record(self, *changes: Iterable[ox.Quad]) -> None:
        if self.changed is not None:
            self.changed.update(*changes)

    def clear_inferred(self) -> None:
        """Remove all inferred triples."""
        self.changed = None
        self.change_inferred([quad.triple for quad in matching(self._db, None, None, None, INFERRED_GRAPH)], ())

    def is_inferred(self, triple: ox.Triple) -> bool:
        """Whether a triple is inferred, and asserted nowhere."""
        return ox.Quad(triple.subject, triple.predicate, triple.object, INFERRED_GRAPH) in self._db

    def change_inferred(self, gone: Collection[ox.Triple], come: Iterable[ox.Triple]) -> None:
        """Remove inferred triples, and add new ones."""
        name, default = INFERRED_GRAPH, DEFAULT_GRAPH
        removed = [triple for triple in gone if self.is_inferred(triple)]
        quads = [*_quads(removed, name), *_quads(removed, default)]
        self._record(quads)
        for quad in quads:
            self._db.remove(quad)
        if self._counts:
            self._count("", -len(removed))
            self._count(INFERRED, -len(removed))
        self.add_inferred(come, INFERRED)

    def triples(
        self, subject: Term | None = None, predicate: ox.NamedNode | None = None, obj: Term | None = None
    ) -> Iterator[ox.Triple]:
        """The triples of the default graph that match a pattern; None matches any term."""
        if isinstance(subject, ox.Literal):
            return iter(())
        return (quad.triple for quad in matching(self._db, subject, predicate, obj, DEFAULT_GRAPH))

    def has(self, subject: Term | None, predicate: ox.NamedNode | None, obj: Term | None) -> bool:
        """Whether the default graph has a triple that matches a pattern."""
        return any(True for _ in self.triples(subject, predicate, obj))

    def answers(self, query: str) -> bool:
        """Whether a SELECT query has a solution."""
        return any(True for _ in self.query(query))

    def query(self, text: str) -> Any:
        """Oxigraph's answer from the current quads."""
        return self._db.query(text, prefixes=self.prefixes)

    def add_inferred(self, triples: Iterable[ox.Triple], graph: str) -> int:
        """Add those triples that are new to a named graph and the default graph; return their number."""
        rows, total = iter(triples), 0
        while batch := list(islice(rows, _PIECES)):
            total += self._add_inferred(batch, ox.NamedNode(graph[1:-1]))
        if self._counts:
            self._count("", total)
            self._count(graph, total)
        return total

    def _add_inferred(self, triples: Iterable[ox.Triple], name: ox.NamedNode) -> int:
        new = {t for t in triples if ox.Quad(t.subject, t.predicate, t.object, DEFAULT_GRAPH) not in self._db}
        quads = [*_quads(new, name), *_quads(new, DEFAULT_GRAPH)]
        self._record(quads)
        # A process killed during a bulk load leaves files behind: here, in a folder that is discarded.
        (self._db.bulk_extend if len(quads) > _BULK else self._db.extend)(quads)
        return len(new)

    def put_inferred(self, triples: Sequence[str]) -> None:
        """Queue new triples, as N-Triples text, for loading (see `loading`).

        A small batch is added at once: loading would store the texts of its terms a second time.
        """
        self.changed = None
        if len(triples) <= _BULK and not self._put:
            name = INFERRED_GRAPH
            new = parsed(triples, self.left_out)
            self._db.extend([*_quads(new, name), *_quads(new, DEFAULT_GRAPH)])
            return
        self._put += 1
        file = self.loads / f"{OF_INFERENCE}{self._put}"
        with file.open("w", encoding="utf-8", errors="surrogatepass") as quads:
            quads.writelines(f"{triple} {INFERRED} .\n{triple} .\n" for triple in triples)
        file.rename(file.with_suffix(".ready"))

    def count_inferred(self, more: int) -> None:
        """Count the triples that were queued."""
        if self.left_out:
            self._counts = {}
        if self._counts:
            self._count("", more)
            self._count(INFERRED, more)

    def _count(self, graph: str, more: int) -> None:
        self._counts[graph] = self._counts.get(graph, 0) + more

    def counts(self) -> dict[str, int]:
        """The number of triples in the default graph (under an empty name), the ontology and the inferred graph."""
        if not self._counts:
            self._counts = {graph: self._counted(graph) for graph in ("", ONTOLOGY, INFERRED)}
        return self._counts

    def _counted(self, graph: str) -> int:
        where = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        (row,) = self.query(f"SELECT (COUNT(*) AS ?n) {{ {where} }}")
        return int(row[0].value)

    def close(self) -> None:
        """Close the database, even if other code still references this builder."""
        self.__dict__.pop("_db", None)

    def publish(self, summary: Mapping[str, Any], files: Mapping[str, str | bytes | Path]) -> str:
        """Publish this generation and the files beside it, and return its stamp; files at paths are linked.

        A durable one survives a power cut once this returns.
        """
        if self._durable:
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
        described = {**files, READING: "", MANIFEST: json.dumps(table, indent=1)}
        with opened(self.path) as store:
            return _swapped(store, self.folder.name, described, durable=self._durable)


def relinked(quads: Iterable[ox.Quad]) -> set[Term]:
    """The things of which quads state the type, the name or a link to them."""
    return {q.object if q.predicate == LINKS_TO else q.subject for q in quads if q.predicate in _NAMING}


def _triples(rows: Iterable[Row]) -> list[ox.Triple]:
    text = "".join([f"{subject} {predicate} {obj} .\n" for subject, predicate, obj in rows])
    try:
        return [quad.triple for quad in ox.parse(text.encode("utf-8", "surrogatepass"), ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise TermRefused(error.msg) from error


def _graph_name(graph: str) -> ox.NamedNode:
    """The name of a graph, from `<iri>`. Raises TermRefused."""
    try:
        return ox.NamedNode(graph[1:-1])
    except ValueError as error:
        raise TermRefused(error) from error


def _quads(triples: Iterable[ox.Triple], graph: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    return [ox.Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples]


@contextlib.contextmanager
def building(
    path: Path,
    prefixes: Mapping[str, str],
    command: str,
    base: Published | None = None,
    since: str | None = None,
    *,
    durable: bool = True,
) -> Iterator[Builder]:
    """Yield a new generation beside the published one, empty or a copy of `base`; remove it unless it is published.

    `since` is the stamp of the generation that the work rests on. Raises Outdated if another generation is published by
    now, StoreError. One that is not `durable` is for this process alone, and may not survive a power cut.
    """
    try:
        with owned(path) as store, locked(store, command):
            reached("locked")
            if since is not None and stamp(path) != since:
                raise Outdated
            remove_old(store)
            name = next_name(store)
            builder = None
            try:
                store.make(name)
                number = int(name.removeprefix("gen-"))
                builder = Builder(path, path / name, number, prefixes, base, durable=durable)
                reached("begun")
                yield builder
            finally:
                if builder:
                    builder.close()
                if current_name(store) != name:
                    remove_generation(store, name)
    except OSError as error:
        raise _write_failed(path, error) from error


def _swapped(store: Folder, name: str, files: Mapping[str, str | bytes | Path], *, durable: bool) -> str:
    """Write the files of a generation, and make it the published one; return its stamp."""
    with store.folder(name) as folder:
        for file, content in files.items():
            _write_new(folder, file, content, synced=durable)
        if durable:
            with folder.folder("db") as database:
                _sync_all(database)
            folder.sync()
        new_stamp = stamp_of(name, folder)
    reached("described")
    store.write(CURRENT, name.encode(), beside=NEXT, synced=durable)
    if durable:
        store.sync()
    reached("swapped")
    remove_old(store)
    return new_stamp


def _write_new(folder: Folder, name: str, content: str | bytes | Path, *, synced: bool) -> None:
    if isinstance(content, Path):
        folder.link(name, content)
        return
    with folder.new(name) as file:
        file.write(content.encode() if isinstance(content, str) else content)
        if synced:
            file.flush()
            os.fsync(file.fileno())


def _sync_all(database: Folder) -> None:
    """Sync the files that the database does not sync itself, and the names of all its files."""
    for name in database.names():
        if not name.endswith(".sst") and not name.startswith("LO"):  # LOG is diagnostic; LOCK is empty
            database.sync_file(name)
    database.sync()
