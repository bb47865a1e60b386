"""The store: a vault's quads on disk, published whole. The only place that opens Oxigraph's databases.

    .kg/lock          held by the one writer; says who holds it
    .kg/current       the name of the published generation
    .kg/gen-N/db      Oxigraph's database, never written to after it was published
    .kg/gen-N/manifest.json

A writer builds a new generation beside the published one and then puts its name into `current`, which is atomic:
a reader opens the one or the other, at any instant, whether the writer is at work, done or killed.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import StoreError, StoreMissing

if TYPE_CHECKING:
    import rdflib

FORMAT = 1
"""The layout of a generation; one of another layout is rebuilt."""

_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")


@dataclass(frozen=True)
class Manifest:
    """What a generation was made from and holds."""

    generation: int
    inputs: str
    """A digest of everything that the quads follow from."""
    prefixes: Mapping[str, str]
    summary: Mapping[str, Any]


class Store:
    """A published generation, open for reading.

    `Store("notes/.kg")` opens the last one. Its answers stay those of that generation, whatever is ingested since.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.folder, self.manifest = _published(self.path)
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
        except (OSError, RuntimeError) as error:
            if "Corruption" in str(error) or isinstance(error, OSError):
                raise _damaged(self.path, error) from error
            raise

    def quads(self) -> Iterator[ox.Quad]:
        """Every quad, in no order that means anything."""
        return self._db.quads_for_pattern(None, None, None, None)

    def nquads(self) -> list[str]:
        """The whole dataset as sorted N-Quads lines: the same for the same notes, on every machine."""
        return sorted(f"{quad} ." for quad in self.quads())

    def to_rdflib(self, graph: str | None = None) -> "rdflib.Graph":
        """The default graph, or a named one by its IRI, as an rdflib Graph in memory."""
        import rdflib

        name = ox.NamedNode(graph) if graph else ox.DefaultGraph()
        triples = (quad.triple for quad in self._db.quads_for_pattern(None, None, None, name))
        data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
        result = rdflib.Graph()
        result.parse(data=data, format="nt")
        for prefix, namespace in self.prefixes.items():
            result.bind(prefix, namespace)
        return result


def _published(path: Path) -> tuple[Path, Manifest]:
    """The folder and manifest of the published generation. Raises StoreMissing, StoreError."""
    try:
        folder = path / (path / "current").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing(path) from None
    except OSError as error:
        raise _damaged(path, error) from error
    try:
        table = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if table.pop("format") != FORMAT:
            raise StoreError(f"the store {path} is of another version of kg: run `kg ingest` to build it anew")
        return folder, Manifest(**table)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StoreError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StoreError(f"the store {path} is damaged ({reason}): run `kg ingest --full` to build it anew from the notes")


def _write_failed(path: Path, error: Exception) -> StoreError:
    if any(text in str(error) for text in _DISK_FULL):
        return StoreError(f"the disk is full: nothing was published, the store {path} is as it was before")
    return StoreError(f"the store {path} cannot be written: {error}")


def manifest(path: Path) -> Manifest | None:
    """What the published generation says of itself; None where there is none that can be read."""
    try:
        return _published(path)[1]
    except StoreError:
        return None


class Builder:
    """A generation being built: quads are loaded, asked and added to, then published or thrown away."""

    def __init__(self, path: Path, folder: Path, number: int, prefixes: Mapping[str, str]) -> None:
        self.path = path
        self.folder = folder
        self.number = number
        self.prefixes = dict(prefixes)
        self._db = ox.Store(str(folder / "db"))
        self.loads = folder / "load"
        self.loads.mkdir()

    def load(self, graphs: Iterable[tuple[str, Iterable[tuple[str, str, str]]]]) -> int:
        """Load graphs, each by its name and triples as N-Triples terms; every triple into the default graph too.

        Named and default graphs are loaded in two goes, which is half again as fast as in one. Returns how many
        quads were written out.
        """
        named, default = self.loads / "named.nq", self.loads / "default.nt"
        count = 0
        with named.open("w", encoding="utf-8") as quads, default.open("w", encoding="utf-8") as triples:
            for graph, rows in graphs:
                for subject, predicate, obj in rows:
                    triple = f"{subject} {predicate} {obj}"
                    quads.write(f"{triple} {graph} .\n")
                    triples.write(f"{triple} .\n")
                    count += 1
        for file, format_ in ((named, ox.RdfFormat.N_QUADS), (default, ox.RdfFormat.N_TRIPLES)):
            self._db.bulk_load(path=str(file), format=format_)
            file.unlink()
        return count

    def query(self, text: str) -> Any:
        """Oxigraph's answer from what is loaded so far."""
        return self._db.query(text, prefixes=self.prefixes)

    def add_inferred(self, triples: Iterable[ox.Triple], graph: str) -> int:
        """Add triples that are not known yet, to a named graph and the default graph; how many there were."""
        name = ox.NamedNode(graph[1:-1])
        new = [t for t in triples if ox.Quad(t.subject, t.predicate, t.object, ox.DefaultGraph()) not in self._db]
        self._db.extend(ox.Quad(t.subject, t.predicate, t.object, g) for t in new for g in (name, ox.DefaultGraph()))
        return len(set(new))

    def count(self, graph: str | None = None) -> int:
        """How many triples a graph has; the default graph without a name."""
        where = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        (row,) = self.query(f"SELECT (COUNT(*) AS ?n) {{ {where} }}")
        return int(row[0].value)

    def triples(self) -> Iterator[ox.Triple]:
        """The default graph."""
        return (quad.triple for quad in self._db.quads_for_pattern(None, None, None, ox.DefaultGraph()))

    def publish(self, inputs: str, summary: Mapping[str, Any]) -> None:
        """Make this generation the one that readers open; it would survive a power cut before this returns."""
        self._db.flush()
        self.loads.rmdir()
        table = {
            "format": FORMAT,
            "generation": self.number,
            "inputs": inputs,
            "prefixes": self.prefixes,
            "summary": dict(summary),
        }
        _write_synced(self.folder / "manifest.json", json.dumps(table, indent=1, ensure_ascii=False))
        del self._db
        for folder in (self.folder / "db", self.folder):
            _sync_folder(folder)
        _write_synced(self.path / "current.new", self.folder.name)
        os.replace(self.path / "current.new", self.path / "current")
        _sync_folder(self.path)


@contextlib.contextmanager
def building(path: Path, prefixes: Mapping[str, str], command: str) -> Iterator[Builder]:
    """A new generation beside the published one; what is not published is removed. Raises StoreError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with _locked(path, command):
            number = _next_number(path)
            _remove_old(path)
            folder = path / f"gen-{number}"
            try:
                folder.mkdir()
                yield Builder(path, folder, number, prefixes)
            finally:
                if _name(path) != folder.name:
                    shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise _write_failed(path, error) from error


def _name(path: Path) -> str:
    try:
        return (path / "current").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _generations(path: Path) -> dict[int, Path]:
    numbers = ((folder.name.removeprefix("gen-"), folder) for folder in path.glob("gen-*"))
    return {int(number): folder for number, folder in numbers if number.isdigit()}


def _next_number(path: Path) -> int:
    return max(_generations(path), default=0) + 1


def _remove_old(path: Path) -> None:
    """Remove what killed writers left, and generations older than the one before the published one.

    That one stays, since a reader that opened it a moment before the swap may still be reading.
    """
    published = _name(path).removeprefix("gen-")
    keep = sorted(number for number in _generations(path) if published.isdigit() and number <= int(published))[-2:]
    for number, folder in _generations(path).items():
        if number not in keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, command: str) -> Iterator[None]:
    """Be the one writer, or say who is. Raises StoreError."""
    with (path / "lock").open("a+", encoding="utf-8") as file:
        if not _try_lock(file):
            file.seek(0)
            raise StoreError(f"the store {path} is being written by {file.read().strip() or 'another process'}")
        file.seek(0)
        file.truncate()
        since = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        file.write(f"`{command}` (process {os.getpid()}, since {since})")
        file.flush()
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; Oxigraph's own lock on the new database is what remains there
        return True
    for _ in range(3):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
