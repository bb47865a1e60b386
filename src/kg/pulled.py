"""Graphs of other servers that lie beside the store, for shapes to look at together with what the notes say.

    .kg/pulled/example.org-people-8c1f02ab.nt      what `kg pull` wrote: sorted N-Triples, and where they came from

They never become part of the store: an answer says what the notes say. To look at one no longer, remove its file.
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

from kg.errors import KgError
from kg.guard import limited
from kg.ownership import PULLED as FOLDER
from kg.ownership import owned, remove_half_pulled, said
from kg.source import MOST, read_bytes, whole

_FORMATS = {
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".ttl": ox.RdfFormat.TURTLE,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}


@dataclass(frozen=True)
class Pulled:
    """All that was pulled for a store."""

    store: Path

    @cached_property
    def lines(self) -> dict[str, tuple[Path, int]]:
        """Every triple as a line of N-Triples, with its file and its line there. Raises KgError."""
        found: dict[str, tuple[Path, int]] = {}
        for file in sorted((self.store / FOLDER).glob("*.nt")):
            try:
                text = read_bytes(file, MOST, follow=False).decode()
            except (OSError, UnicodeDecodeError) as error:
                raise KgError(f"{file} cannot be read: {said(error)}") from error
            for number, line in enumerate(text.split("\n"), 1):
                if line and not line.startswith("#"):
                    found.setdefault(line, (file, number))
        return found

    def triples(self) -> Iterator[ox.Triple]:
        """Every triple once. Raises KgError."""
        of_files: dict[Path, list[str]] = {}
        for line, (file, _) in self.lines.items():
            of_files.setdefault(file, []).append(line)
        for file, lines in of_files.items():
            try:
                with limited(f"the pulled graph {file}"):
                    triples = [quad.triple for quad in ox.parse("\n".join(lines), ox.RdfFormat.N_TRIPLES)]
            except SyntaxError as error:
                raise KgError(f"{file} is no longer as `kg pull` wrote it: remove it, or pull again") from error
            yield from triples

    def place(self, subject: str, vault: Path) -> tuple[str, int] | None:
        """The first line that speaks of a thing, `<iri>`, and its file, as seen from the vault."""
        found = self._first.get(subject)
        return (Path(os.path.relpath(found[0], vault)).as_posix(), found[1]) if found else None

    @cached_property
    def _first(self) -> dict[str, tuple[Path, int]]:
        first: dict[str, tuple[Path, int]] = {}
        for line, place in self.lines.items():
            first.setdefault(line.partition(" ")[0], place)
        return first


def file_for(store: Path, endpoint: str, graph: str | None) -> Path:
    """The file beside a store for a graph of an endpoint; one graph has one file."""
    whole = f"{endpoint} {graph or ''}"
    readable = re.sub(r"[^\w.]+", "-", whole.partition("://")[2]).encode()[:100].decode(errors="ignore").strip("-.")
    return store / FOLDER / f"{readable}-{blake2b(whole.encode(), digest_size=4).hexdigest()}.nt"


def write(
    file: Path, triples: Iterable[ox.Triple], graph: str | None = None, comment: str = "", beside: Path | None = None
) -> int:
    """Write triples, sorted, as the end of the file's name says; the whole file or none. How many. Raises KgError.

    Where it is `beside` a store, its folder must be kg's, and no link in it is followed.
    Only N-Quads say of which `graph` they are; N-Triples begin with a comment that says what they are.
    """
    format_ = _FORMATS.get(file.suffix.lower())
    if format_ is None:
        raise KgError(f"{file.name} ends in none of {', '.join(_FORMATS)}")
    name = ox.NamedNode(graph) if graph and format_ == ox.RdfFormat.N_QUADS else ox.DefaultGraph()
    ordered = sorted(set(triples), key=str)
    quads = [ox.Quad(one.subject, one.predicate, one.object, name) for one in ordered]
    comment = f"# {comment}\n" if comment and format_ == ox.RdfFormat.N_TRIPLES else ""
    data = comment.encode() + (ox.serialize(quads, format=format_) or b"")
    try:
        if beside:
            _put_beside(beside, file.name, data)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole(file) as fresh:
                fresh.write_bytes(data)
    except OSError as error:
        raise KgError(f"{file} cannot be written: {error.strerror or error}") from error
    return len(ordered)


def _put_beside(store: Path, name: str, data: bytes) -> None:
    """Put a file into the folder of pulled graphs of a store. Raises StoreRefused, OSError."""
    with owned(store) as place:
        with suppress(FileExistsError):
            place.make(FOLDER)
        with place.folder(FOLDER) as folder:
            remove_half_pulled(folder)
            folder.write(name, data)
