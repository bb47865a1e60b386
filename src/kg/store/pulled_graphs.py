"""Graphs of other servers, kept beside the store: shapes validate them together with the notes.

    .kg/pulled/example.org-people-8c1f02ab.nt      written by `kg pull`: sorted N-Triples, and their origin

They never become part of the store: answers come from the notes. To stop using a pulled graph, remove its file.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.core.files import MAX_STORE_FILE, atomic_write, read_bytes
from kg.core.limits import limited
from kg.rdf.vocabulary import DEFAULT_GRAPH
from kg.store.ownership import PULLED as FOLDER
from kg.store.ownership import owned, reason, remove_half_pulled

_FORMATS = {
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".ttl": ox.RdfFormat.TURTLE,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}


@dataclass(frozen=True)
class Pulled:
    """All graphs pulled for a store."""

    store: Path

    @cached_property
    def lines(self) -> dict[str, tuple[Path, int]]:
        """Every triple as a line of N-Triples, with its file and line number. Raises KgError."""
        places: dict[str, tuple[Path, int]] = {}
        for file in sorted((self.store / FOLDER).glob("*.nt")):
            try:
                text = read_bytes(file, MAX_STORE_FILE, follow=False).decode()
            except (OSError, UnicodeDecodeError) as error:
                raise KgError(f"{file} cannot be read: {reason(error)}") from error
            for number, line in enumerate(text.split("\n"), 1):
                if line and not line.startswith("#"):
                    places.setdefault(line, (file, number))
        return places

    def triples(self) -> Iterator[ox.Triple]:
        """Every triple once. Raises KgError."""
        lines_of_file: dict[Path, list[str]] = {}
        for line, (file, _) in self.lines.items():
            lines_of_file.setdefault(file, []).append(line)
        for file, lines in lines_of_file.items():
            try:
                with limited(f"the pulled graph {file}"):
                    triples = [quad.triple for quad in ox.parse("\n".join(lines), ox.RdfFormat.N_TRIPLES)]
            except SyntaxError as error:
                raise KgError(f"{file} has been changed since `kg pull` wrote it: remove it, or pull again") from error
            yield from triples

    def place(self, subject: str, vault: Path) -> tuple[str, int] | None:
        """The file, relative to the vault, and line number of the first triple with a subject, `<iri>`."""
        location = self._first.get(subject)
        return (Path(os.path.relpath(location[0], vault)).as_posix(), location[1]) if location else None

    @cached_property
    def _first(self) -> dict[str, tuple[Path, int]]:
        first: dict[str, tuple[Path, int]] = {}
        for line, place in self.lines.items():
            first.setdefault(line.partition(" ")[0], place)
        return first


def file_for(store: Path, endpoint: str, graph: str | None) -> Path:
    """The file beside a store for an endpoint's graph; each graph has its file."""
    key = f"{endpoint} {graph or ''}"
    readable = re.sub(r"[^\w.]+", "-", key.partition("://")[2]).encode()[:100].decode(errors="ignore").strip("-.")
    return store / FOLDER / f"{readable}-{blake2b(key.encode(), digest_size=4).hexdigest()}.nt"


def write(
    file: Path, triples: Iterable[ox.Triple], graph: str | None = None, comment: str = "", beside: Path | None = None
) -> int:
    """Write triples, sorted, in the format of the file's suffix; the whole file or none. Return their number.

    If the file is `beside` a store, the store's folder must be kg's, and no link in it is followed. Only N-Quads state
    the `graph`; N-Triples begin with the `comment`. Raises KgError.
    """
    format_ = _FORMATS.get(file.suffix.lower())
    if format_ is None:
        raise KgError(f"{file.name} ends in none of {', '.join(_FORMATS)}")
    name = ox.NamedNode(graph) if graph and format_ == ox.RdfFormat.N_QUADS else DEFAULT_GRAPH
    ordered = sorted(set(triples), key=str)
    quads = [ox.Quad(triple.subject, triple.predicate, triple.object, name) for triple in ordered]
    comment = f"# {comment}\n" if comment and format_ == ox.RdfFormat.N_TRIPLES else ""
    data = comment.encode() + (ox.serialize(quads, format=format_) or b"")
    try:
        if beside:
            _put_beside(beside, file.name, data)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(file) as fresh:
                fresh.write_bytes(data)
    except OSError as error:
        raise KgError(f"{file} cannot be written: {error.strerror or error}") from error
    return len(ordered)


def _put_beside(store: Path, name: str, data: bytes) -> None:
    """Write a file into a store's folder of pulled graphs. Raises StoreRefused, OSError."""
    with owned(store) as place:
        with suppress(FileExistsError):
            place.make(FOLDER)
        with place.folder(FOLDER) as folder:
            remove_half_pulled(folder)
            folder.write(name, data)
