"""Load N-Quads into a database in bulk; refused inferred triples are left out, with the reason."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyoxigraph as ox

from kg.core.errors import TermRefused
from kg.rdf.terms import INFERRED, Row

OF_INFERENCE = "inferred-"
"""The beginning of the names of files that hold inferred triples."""
_PIECE = 20_000_000
"""Bytes of a file that are loaded at once: as fast as the whole file, in a sixth of the memory."""


def load_file(database: ox.Store, file: Path, refused: dict[str, str]) -> None:
    """Load a file and remove it; refused inferred triples go to `refused`. Raises TermRefused."""
    with file.open("rb") as lines:
        while chunk := lines.readlines(_PIECE):
            try:
                database.bulk_load(b"".join(chunk), ox.RdfFormat.N_QUADS)
            except SyntaxError as error:
                if not file.name.startswith(OF_INFERENCE):
                    raise TermRefused(error.msg) from error
                database.bulk_load(b"".join(_accepted(chunk, refused)), ox.RdfFormat.N_QUADS)
    file.unlink()


def parsed(triples: Sequence[str], refused: dict[str, str]) -> list[ox.Triple]:
    """Inferred triples from N-Triples text without the full stop; refused triples go to `refused`."""
    data = [f"{triple} .\n".encode("utf-8", "surrogatepass") for triple in triples]
    try:
        return [quad.triple for quad in ox.parse(b"".join(data), ox.RdfFormat.N_TRIPLES)]
    except SyntaxError:
        return [quad.triple for quad in ox.parse(b"".join(_accepted(data, refused)), ox.RdfFormat.N_TRIPLES)]


def _accepted(lines: Iterable[bytes], refused: dict[str, str]) -> Iterator[bytes]:
    for line in lines:
        try:
            list(ox.parse(line, ox.RdfFormat.N_QUADS))
        except SyntaxError as error:
            triple = line.decode("utf-8", "replace").rstrip(" .\n").removesuffix(INFERRED).rstrip()
            refused[triple] = str(error.msg)
        else:
            yield line


def write_graphs(file: Path, graphs: Iterable[tuple[str, Iterable[Row]]]) -> None:
    """Write named graphs as N-Quads; each triple also goes to the default graph."""
    with file.open("w", encoding="utf-8", errors="surrogatepass") as quads:
        for graph, rows in graphs:
            for subject, predicate, obj in rows:
                quads.write(f"{subject} {predicate} {obj} {graph} .\n{subject} {predicate} {obj} .\n")
