"""Turn notes into quads, in the processes of a pool."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kg.core.findings import Finding
from kg.mapping.statements import Reader, Statements
from kg.mapping.structural_terms import PREF_LABEL
from kg.notes.model import Note

_READY = 15_000_000


class EmittedNote(NamedTuple):
    """The record of a note whose triples have been written."""

    path: str
    graph: str
    labels: tuple[Any, ...]
    labelled: tuple[str, ...]
    questions: tuple[str, ...]
    links: Mapping[Any, int]
    findings: tuple[Finding, ...]


@dataclass
class Emitter:
    """Writes the triples of notes to N-Quads files in a folder, each in its note's graph and in the default graph.

    A file that is large enough is renamed to `*.ready`, and the next file is begun. Each process writes its own files.
    """

    reader: Reader
    folder: str
    without: frozenset[str] = frozenset()
    """The paths of the notes to leave out."""
    _number: int = 0

    def emit(self, note: Note) -> EmittedNote | None:
        """Write the triples of a note; return its record, or None if the note is left out."""
        if note.path in self.without:
            return None
        statements = self.reader.statements(note)
        lines = [f"{row[0]} {row[1]} {row[2]}" for row in statements.rows]
        file = Path(self.folder, f"{os.getpid()}-{self._number}")
        with file.open("a", encoding="utf-8", errors="surrogatepass") as out:  # the store refuses invalid Unicode
            out.write(f" <{statements.graph}> .\n".join([*lines, ""]))
            out.write(" .\n".join([*lines, ""]))
            size = out.tell()
        if size > _READY:
            file.rename(file.with_suffix(".ready"))
            self._number += 1
        questions = tuple(statements.questions)
        return EmittedNote(
            note.path,
            statements.graph,
            statements.labels,
            labelled_terms(statements),
            questions,
            statements.links,
            statements.findings,
        )


def labelled_terms(stated: Statements) -> tuple[str, ...]:
    """Return the terms to which a note gives a preferred label."""
    return tuple(dict.fromkeys(row.subject for row in stated.rows if row.predicate == PREF_LABEL))
