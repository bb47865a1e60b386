"""The statements of a note while they are collected, and what the mappers of the note share."""

from collections import Counter
from typing import NamedTuple

from kg.core.findings import Finding
from kg.core.text import one_line
from kg.mapping.link_resolution import Index, LinkClass, RecordingIndex
from kg.mapping.ontology import Ontology
from kg.mapping.structural_terms import LABEL_OF_PROPERTY, PREF_LABEL, Label
from kg.notes.model import Note
from kg.rdf.terms import iri

_BYTES_PER_BYTE, _BASE_BYTES = 200, 4_000_000
"""A note's limit on bytes of triples: a factor of its size, plus a constant. Most notes need a factor of 5 to 50."""


class Statement(NamedTuple):
    """A triple, its terms as N-Triples text, and the byte offset in the note that states it."""

    subject: str
    predicate: str
    object: str
    at: int


class Thing(NamedTuple):
    """A thing that sections can be about, with its classes."""

    iri: str
    types: tuple[str, ...]
    is_task: bool = False


class Scope(NamedTuple):
    """A position in the outline: the innermost section (or the entity), and the things around it, innermost first.

    `subject` is the subject of a heading that names a property, if it is not the place itself.
    """

    iri: str
    things: tuple[Thing, ...]
    subject: str = ""


class Collector:
    """Collects the statements of a note, and holds the index, the ontology and the names that its mappers ask."""

    def __init__(self, note: Note, index: Index, ontology: Ontology) -> None:
        self.note = note
        self.index = RecordingIndex(index)
        self.ontology = ontology
        self.names = index.names
        self.entity = index.entity(note.path)
        self.term = iri(self.entity)
        self.rows: dict[tuple[str, str, str], int] = {}
        self.labels: dict[Label, None] = {}
        self.links: Counter[LinkClass] = Counter()
        self.placeholders: set[str] = set()
        self.findings: dict[str, Finding] = {}
        self.bytes_left = _BASE_BYTES + _BYTES_PER_BYTE * len(note.source.data)

    def add(self, subject: str, predicate: str, obj: str, at: int) -> None:
        """State a triple; its first position counts. A template's placeholder or an invalid address has no triples."""
        if subject in self.placeholders or obj in self.placeholders:
            return
        row = (subject, predicate, obj)
        if row not in self.rows and self._fits(len(subject) + len(predicate) + len(obj), at):
            self.rows[row] = at

    def label(self, term: str, text: str, at: int, *, title: bool = False) -> None:
        """Name a thing that other notes may name, too."""
        if term not in self.placeholders:
            self._label(Label(term, PREF_LABEL, one_line(text), at, title))

    def label_property(self, term: str, text: str, at: int) -> None:
        """Name a property that the ontology does not declare."""
        self._label(Label(term, LABEL_OF_PROPERTY, text, at))

    def _label(self, label: Label) -> None:
        if label not in self.labels and self._fits(len(label.term) + len(label.text), label.at):
            self.labels[label] = None

    def _fits(self, size: int, at: int) -> bool:
        """Whether the note may state `size` more bytes; add a finding the first time it may not."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            self.find("F09", "the note makes more triples than the limit: the rest is left out", at, at)
        return self.bytes_left >= 0

    def find(self, code: str, message: str, start: int, end: int, *, key: str = "") -> None:
        """Add a finding, once a note and key, at its first position."""
        if code + key not in self.findings:
            place = (*self.note.source.position(start), *self.note.source.position(end))
            self.findings[code + key] = Finding(self.note.path, *place, code, message)
