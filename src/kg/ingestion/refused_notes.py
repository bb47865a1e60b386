"""Find the notes with triples that the store refuses: the last resort behind the checks of `terms`.

If the store's parser refuses a line, the whole load fails. Then every note is stated again, and the parser reads each
line separately to locate the note and the position in it. Such a note keeps its last good state.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import TermRefused
from kg.core.findings import Finding
from kg.mapping.statements import Reader
from kg.mapping.structural_terms import ALT_LABEL
from kg.notes.model import Note
from kg.rdf.terms import literal
from kg.store.note_entries import Bad

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


class NotesRefused(Exception):
    """The store refused triples of notes."""

    def __init__(self, notes: tuple[Refusal, ...]) -> None:
        super().__init__(notes)
        self.notes = notes


@dataclass(frozen=True)
class Refusals:
    """The notes with triples that the store has refused, by path; they count as unreadable."""

    notes: Mapping[str, Refusal] = field(default_factory=dict)

    def extended(self, notes: Iterable[Refusal]) -> "Refusals":
        """Return these refusals and more."""
        return Refusals({**self.notes, **{refusal.path: refusal for refusal in notes}})

    def record(self, path: str, digest: str) -> Bad | None:
        """Return the record of a note that the store refused, if the note has not changed since."""
        refusal = self.notes.get(path)
        return Bad(digest, (refusal.finding,)) if refusal and refusal.digest == digest else None

    @contextmanager
    def narrowing(self, examine: Callable[[], Iterable[Refusal | None]]) -> Iterator[None]:
        """Narrow a refusal of the store to the notes that cause it: raise NotesRefused, or TermRefused if no note does.

        If the IRI of a note is refused, only such notes count: without them, the links to them mean something else.
        """
        try:
            yield
        except TermRefused as error:
            fresh = [refusal for refusal in examine() if refusal and not self.record(refusal.path, refusal.digest)]
            notes = tuple([refusal for refusal in fresh if refusal.of_own] or fresh)
            if not notes:
                raise
            raise NotesRefused(notes) from error


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
