"""Provenance: find the note and position that state a triple or create a thing, by mapping the note again.

Positions are not kept beside the quads: a note's statements have positions, and the named graph identifies the note.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.text import Span
from kg.mapping.collector import Statement
from kg.mapping.statements import Reader
from kg.notes.model import Note, Section
from kg.rdf.canonical import canonical_text
from kg.rdf.terms import literal
from kg.rdf.vocabulary import ALT_LABEL, DESCRIBES, TYPE, GraphName, Term

Quads = Callable[[Term | None, ox.NamedNode | None, Term | None, GraphName | None], Iterable[ox.Quad]]


class Origin(NamedTuple):
    """A triple that a note states, with the note's path."""

    path: str
    subject: str
    predicate: str
    object: str
    of_value: bool
    """Whether the position wanted is the object's, and not that of the words that create the subject."""


class Place(NamedTuple):
    """Lines and columns, counted from 1; the end is after the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Origins:
    """The notes that state triples, by the named graphs of a store."""

    quads: Quads
    paths: Mapping[str, str]
    """The notes' paths by their named graphs."""

    def of(
        self, focus: Term, predicate: ox.NamedNode | None, value: Term | None, classes: Iterable[str] = ()
    ) -> Origin | None:
        """Return the origin of a value of a thing, in either direction; else that of the thing itself, see `of_thing`.

        `predicate` is None for any property.
        """
        if value is not None:
            for pattern in ((focus, predicate, value), (focus, None, value), (value, None, focus)):
                if rows := self._stated(*pattern):
                    return rows[0]._replace(of_value=True)
        return self.of_thing(focus, classes)

    def states(self, focus: Term, predicate: ox.NamedNode | None, value: Term | None) -> bool:
        """Whether any note states a triple that matches a pattern; None matches any term."""
        return bool(self._stated(focus, predicate, value))

    def of_triple(self, triple: ox.Triple) -> list[Origin]:
        """Return the origins of a triple in all notes, at the position of its object."""
        rows = self._stated(triple.subject, triple.predicate, triple.object)
        return [row._replace(of_value=True) for row in rows]

    def of_thing(self, focus: Term, classes: Iterable[str] = ()) -> Origin | None:
        """Return the origin of a thing: first its class (from `classes`, if stated), then any triple.

        The thing's own note comes before other notes, and these are in the order of their paths.
        """
        if isinstance(focus, ox.Literal):
            return None
        rows = self._stated(focus, TYPE, None)
        wanted = [row for row in rows if row.object[1:-1] in set(classes)]
        origins = wanted or rows or self._stated(focus, None, None) or self._stated(None, None, focus)
        if len({row.path for row in origins}) > 1:
            own = self.own(focus)
            origins = [row for row in origins if row.path == own] or origins
        return next(iter(origins), None)

    def own(self, subject: Term) -> str:
        """Return the path of the note that describes a thing; empty if there is none."""
        documents = [quad.subject for quad in self.quads(None, DESCRIBES, subject, None)]
        names = [document.value for document in documents if isinstance(document, ox.NamedNode)]
        return min((self.paths[name] for name in names if name in self.paths), default="")

    def _stated(self, subject: Term | None, predicate: ox.NamedNode | None, obj: Term | None) -> list[Origin]:
        if isinstance(subject, ox.Literal):
            return []
        origins = []
        for quad in self.quads(subject, predicate, obj, None):
            path = self.paths.get(quad.graph_name.value) if isinstance(quad.graph_name, ox.NamedNode) else None
            if path is not None:
                origins.append(Origin(path, str(quad.subject), str(quad.predicate), str(quad.object), False))
        return sorted(origins)


@dataclass(frozen=True)
class Finder:
    """Finds the positions of triples in a note."""

    reader: Reader
    wanted: Mapping[str, frozenset[Origin]] = field(repr=False)
    """The origins to find, by the path of their note."""

    def find(self, note: Note) -> dict[Origin, Place]:
        """Return the places of the wanted origins in a note."""
        stated = self.reader.statements(note)
        at = {(label.term, predicate, literal(label.text)): label.at for label in reversed(stated.labels)
              for predicate in (label.predicate, str(ALT_LABEL))}  # fmt: skip
        at |= {row[:3]: row.at for row in stated.rows}
        spans = _Spans(note)
        places = {}
        for origin in self.wanted[note.path]:
            offset = at.get((origin.subject, origin.predicate, origin.object))
            offset = _of_other_form(origin, stated.rows) if offset is None else offset
            if offset is not None:
                places[origin] = spans.place(offset, of_value=origin.of_value)
        return places


def _of_other_form(origin: Origin, rows: Iterable[Statement]) -> int | None:
    """The offset of a literal that the note writes in another form than the store, e.g. `01` for 1."""
    if not origin.object.startswith('"'):
        return None
    written = (row for row in rows if row[:2] == (origin.subject, origin.predicate) and row.object.startswith('"'))
    return next((row.at for row in written if canonical_text(row.object) == origin.object), None)


@dataclass(frozen=True)
class _Spans:
    """The elements at each offset of a note."""

    note: Note

    def place(self, at: int, *, of_value: bool) -> Place:
        """Return the place of the element at an offset; unless it is `of_value`, that of its key or list item."""
        span = None if of_value else self._key(at)
        span = span or self._at.get(at) or Span(at, at)
        source = self.note.source
        start, end = source.position(span.start), source.position(max(span.end, span.start))
        return Place(start.line, start.column, end.line, end.column)

    def _key(self, at: int) -> Span | None:
        """Return the span of the key whose only value begins at an offset, or of the list item whose words begin there.

        For one of several values, there is no such key: the place is the value's own.
        """
        single = (prop for prop in self.note.properties if prop.value.kind not in {"list", "map"})
        return next((prop.span for prop in single if prop.value.span.start == at), self._items.get(at))

    @cached_property
    def _items(self) -> Mapping[int, Span]:
        """The list items by the offset of their first word."""
        items = {}
        for section in self.note.root.walk():
            for block in section.walk_blocks():
                words = block.lines[0].words if block.kind == "item" and block.lines else ()
                if words and words[0].link is None:
                    items[words[0].start] = Span(block.span.start, block.lines[0].span.end)
        return items

    @cached_property
    def _at(self) -> Mapping[int, Span]:
        """The shortest element that begins at each offset: a link, a tag, a value, a heading, a line."""
        spans: dict[int, Span] = {}

        def add(span: Span) -> None:
            if span.start not in spans or span.end < spans[span.start].end:
                spans[span.start] = span

        for value in self.note.values():
            add(value.span)
        for section in self.note.root.walk():
            self._of_section(section, add)
        return spans

    def _of_section(self, section: Section, add: Callable[[Span], None]) -> None:
        lines = [section.title] if section.title else []
        if section.title:
            add(Span(section.span.start, section.title.span.end))
        for block in section.walk_blocks():
            lines += block.lines
            if block.lines:
                add(Span(block.span.start, block.lines[0].span.end))
        for line in lines:
            for span in (*(item.span for item in line.links), *(item.span for item in line.tags)):
                add(span)
            for field_ in line.fields:
                add(field_.text_span)
                add(field_.span)
