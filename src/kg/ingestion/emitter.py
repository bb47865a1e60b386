"""Turn notes into quads, in the processes of a pool."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kg.core.findings import Finding
from kg.mapping.link_resolution import LinkClass
from kg.mapping.statements import Reader, Statements
from kg.mapping.structural_terms import PREF_LABEL, Label
from kg.notes.model import Note
from kg.notes.summary import Card
from kg.store.note_entries import NoteEntry

_READY = 15_000_000


class EmittedNote(NamedTuple):
    """The record of a note whose triples have been stated."""

    path: str
    questions: tuple[str, ...]
    labels: tuple[Label, ...]
    labelled: tuple[str, ...]
    links: Mapping[LinkClass, int]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, path: str, stated: Statements) -> "EmittedNote":
        """Return the record of a note's statements."""
        labelled = tuple(dict.fromkeys(row.subject for row in stated.rows if row.predicate == PREF_LABEL))
        return cls(path, tuple(stated.questions), stated.labels, labelled, stated.links, stated.findings)

    def entry(self, digest: str, card: Card, findings: tuple[Finding, ...]) -> NoteEntry:
        """Return the state of the note, with what reading it returned."""
        return NoteEntry(
            digest, card, self.questions, self.labels, self.labelled, self.links, (*findings, *self.findings)
        )


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
        return EmittedNote.of(note.path, statements)
