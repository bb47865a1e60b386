"""Find the notes with triples that the store refuses: the last resort behind the checks of `terms`.

If the store's parser refuses a line, the whole load fails. Then every note is stated again, and the parser reads each
line separately to locate the note and the position in it. Such a note keeps its last good state.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.findings import Finding
from kg.mapping.statements import Reader
from kg.mapping.structural_terms import ALT_LABEL
from kg.notes.model import Note
from kg.rdf.terms import literal

CODE = "F08"
_PLACE = re.compile(r"Parser error at [^:]*: | \(line \d+\)\Z")
_SHOWN = 200


class Refusal(NamedTuple):
    """A note with a triple that the store refuses, as the note was read."""

    path: str
    digest: str
    finding: Finding
    of_own: bool
    """Whether the refused IRI begins with the note's IRI: then notes that link to it are refused for that alone."""


@dataclass(frozen=True)
class Examiner:
    """Tests the triples of notes with the store's parser."""

    reader: Reader

    def examine(self, note: Note) -> Refusal | None:
        """Return the first line of a note that the store refuses, or None if it accepts all."""
        refused = [(line, at, reason) for line, at in self._lines(note) if (reason := why_refused(line))]
        if not refused:
            return None
        own = f"<{self.reader.index.entity(note.path)}"
        of_own = [row for row in refused if row[0].startswith(own) and why_refused(f"{_subject(row[0])} <a:p> <a:o> .")]
        line, at, reason = (of_own or refused)[0]
        start = note.source.position(at)
        shown = line if len(line) < _SHOWN else f"{line[:_SHOWN]}…"
        finding = Finding(note.path, *start, *start, CODE, f"the store refuses “{shown}”: {reason}")
        return Refusal(note.path, note.digest, finding, bool(of_own))

    def _lines(self, note: Note) -> Iterator[tuple[str, int]]:
        """All N-Quads lines that the store can get from a note, each with its position in the note."""
        statements = self.reader.statements(note)
        for row in statements.rows:
            yield f"{row.subject} {row.predicate} {row.object} <{statements.graph}> .", row.at
        for label in statements.labels:
            for predicate in (label.predicate, ALT_LABEL):
                yield f"{label.term} {predicate} {literal(label.text)} <{statements.graph}> .", label.at


def _subject(line: str) -> str:
    return f"{line.partition('> ')[0]}>"


def why_refused(line: str) -> str:
    """Return why the store refuses a line of N-Quads; empty if it accepts the line."""
    try:
        count = len(list(ox.parse(line.encode("utf-8", "surrogatepass"), ox.RdfFormat.N_QUADS)))
    except SyntaxError as error:
        return _PLACE.sub("", str(error.msg)) or "no valid line"
    return "" if count == 1 else "no single triple"
