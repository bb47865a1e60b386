"""Notes that say what the store refuses: the last resort behind the checks of `terms`.

A load fails as a whole where the store's parser refuses one line of it. Then every note is stated again and each of its
lines shown to that parser, so that the note is known, with the place in it; it keeps its last good state.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.findings import Finding
from kg.note import Note
from kg.statements import ALT_LABEL, Reader
from kg.terms import literal

CODE = "F08"
_PLACE = re.compile(r"Parser error at [^:]*: | \(line \d+\)\Z")
_SHOWN = 200


class Refusal(NamedTuple):
    """A note that says what the store refuses, as it was read."""

    path: str
    digest: str
    finding: Finding
    of_own: bool
    """Whether it is a name under the note's own that is refused: notes that link to it are refused only for that."""


@dataclass(frozen=True)
class Examiner:
    """Shows the store's parser what each note states."""

    reader: Reader

    def examine(self, note: Note) -> Refusal | None:
        """The first line of a note that the store refuses; None where it takes them all."""
        found = [(line, at, reason) for line, at in self._lines(note) if (reason := why_refused(line))]
        if not found:
            return None
        own = f"<{self.reader.index.entity(note.path)}"
        of_own = [row for row in found if row[0].startswith(own) and why_refused(f"{_subject(row[0])} <a:p> <a:o> .")]
        line, at, reason = (of_own or found)[0]
        start = note.source.position(at)
        shown = line if len(line) < _SHOWN else f"{line[:_SHOWN]}…"
        finding = Finding(note.path, *start, *start, CODE, f"the store refuses “{shown}”: {reason}")
        return Refusal(note.path, note.digest, finding, bool(of_own))

    def _lines(self, note: Note) -> Iterator[tuple[str, int]]:
        """All lines of N-Quads that a note can give the store, each with its place in the note."""
        stated = self.reader.statements(note)
        for row in stated.rows:
            yield f"{row.subject} {row.predicate} {row.object} <{stated.graph}> .", row.at
        for label in stated.labels:
            for predicate in (label.predicate, ALT_LABEL):
                yield f"{label.term} {predicate} {literal(label.text)} <{stated.graph}> .", label.at


def _subject(line: str) -> str:
    return f"{line.partition('> ')[0]}>"


def why_refused(line: str) -> str:
    """Why the store refuses a line of N-Quads; empty where it takes it."""
    try:
        found = len(list(ox.parse(line.encode("utf-8", "surrogatepass"), ox.RdfFormat.N_QUADS)))
    except SyntaxError as error:
        return _PLACE.sub("", str(error.msg)) or "no valid line"
    return "" if found == 1 else "no single triple"
