"""Where in the notes something stands: a triple, or what made a thing. Told by reading that note once more.

Positions are not kept beside the quads: a note's statements say theirs, and the named graphs say which note it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.note import Note, Section, Value
from kg.source import Span
from kg.statements import ALT_LABEL, Reader
from kg.terms import KG, RDF, literal

Quads = Callable[..., Iterable[ox.Quad]]
_TYPE = ox.NamedNode(RDF + "type")
_DESCRIBES = ox.NamedNode(KG + "describes")


class Origin(NamedTuple):
    """A triple that a note states, and the note's path."""

    path: str
    subject: str
    predicate: str
    object: str
    of_value: bool
    """Whether the place meant is that of the object, and not of what made the subject."""


class Place(NamedTuple):
    """Lines and columns, counted from 1, the end behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Origins:
    """Which notes state what, by the named graphs of a store."""

    quads: Quads
    paths: Mapping[str, str]
    """The notes' paths by their graphs."""

    def of(self, focus: str, predicate: str, value: str, classes: Iterable[str] = ()) -> Origin | None:
        """Where a value is given to a thing, in either direction; else what made the thing, as one of some classes.

        Terms are IRIs, or as N-Triples writes them; `predicate` is empty where there is none.
        """
        if value:
            subject, obj = _term(focus), _term(value)
            for rows in (
                self._stated(subject, ox.NamedNode(predicate), obj) if predicate else [],
                self._stated(subject, None, obj),
                self._stated(obj, None, subject),
            ):
                if rows:
                    return rows[0]._replace(of_value=True)
        return self.of_thing(focus, classes)

    def states(self, focus: str, predicate: str, value: str) -> bool:
        """Whether some note states a triple."""
        return bool(self._stated(_term(focus), ox.NamedNode(predicate), _term(value)))

    def of_triple(self, triple: ox.Triple) -> list[Origin]:
        """All notes that state a triple, at the place of its object."""
        rows = self._stated(triple.subject, triple.predicate, triple.object)
        return [row._replace(of_value=True) for row in rows]

    def of_thing(self, focus: str, classes: Iterable[str] = ()) -> Origin | None:
        """What made a thing: what says its class, in its own note where it has one, else in the first by path."""
        subject = _term(focus)
        if isinstance(subject, ox.Literal):
            return None
        own = self.own(subject)
        rows = self._stated(subject, _TYPE, None)
        wanted = [row for row in rows if row.object[1:-1] in set(classes)]
        for some in (wanted, rows, self._stated(subject, None, None), self._stated(None, None, subject)):
            of_own = [row for row in some if row.path == own]
            if of_own or some:
                return (of_own or some)[0]
        return None

    def own(self, subject: object) -> str:
        """The note that describes a thing, by its path; empty where none does."""
        documents = [quad.subject for quad in self.quads(None, _DESCRIBES, subject, None)]
        names = [document.value for document in documents if isinstance(document, ox.NamedNode)]
        return min((self.paths[name] for name in names if name in self.paths), default="")

    def _stated(self, subject: object, predicate: object, obj: object) -> list[Origin]:
        if isinstance(subject, ox.Literal):
            return []
        found = []
        for quad in self.quads(subject, predicate, obj, None):
            path = self.paths.get(quad.graph_name.value) if isinstance(quad.graph_name, ox.NamedNode) else None
            if path is not None:
                found.append(Origin(path, str(quad.subject), str(quad.predicate), str(quad.object), False))
        return sorted(found)


def _term(text: str) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    if text.startswith('"'):
        for quad in ox.parse(f"<urn:s> <urn:p> {text} .", ox.RdfFormat.N_TRIPLES):
            assert isinstance(quad.object, ox.Literal)
            return quad.object
    return ox.BlankNode(text[2:]) if text.startswith("_:") else ox.NamedNode(text.strip("<>"))


@dataclass(frozen=True)
class Finder:
    """Finds the places of triples in a note."""

    reader: Reader
    wanted: Mapping[str, frozenset[Origin]] = field(repr=False)
    """By path."""

    def find(self, note: Note) -> dict[Origin, Place]:
        """Where a note says what is wanted of it."""
        stated = self.reader.statements(note)
        at = {(one.term, predicate, literal(one.text)): one.at for one in reversed(stated.labels)
              for predicate in (one.predicate, ALT_LABEL)}  # fmt: skip
        at |= {row[:3]: row.at for row in stated.rows}
        spans = _Spans(note)
        found = {}
        for origin in self.wanted[note.path]:
            place = at.get((origin.subject, origin.predicate, origin.object))
            if place is not None:
                found[origin] = spans.place(place, of_value=origin.of_value)
        return found


@dataclass(frozen=True)
class _Spans:
    """What stands at each place of a note."""

    note: Note

    def place(self, at: int, *, of_value: bool) -> Place:
        """From where to where what begins at an offset goes; of what made a thing, the key or list item of it."""
        span = None if of_value else self._key(at)
        span = span or self._at.get(at) or Span(at, at)
        source = self.note.source
        start, end = source.position(span.start), source.position(max(span.end, span.start))
        return Place(start.line, start.column, end.line, end.column)

    def _key(self, at: int) -> Span | None:
        """The key of the front matter whose one value stands there, or the list item that begins with these words.

        Of one value among several, the value is the place.
        """
        single = (prop for prop in self.note.properties if prop.value.kind not in {"list", "map"})
        return next((prop.span for prop in single if prop.value.span.start == at), self._items.get(at))

    @cached_property
    def _items(self) -> Mapping[int, Span]:
        """The list items by where their words begin."""
        found = {}
        for section in self.note.root.walk():
            for block in (block for top in section.blocks for block in top.walk()):
                words = block.lines[0].words if block.kind == "item" and block.lines else ()
                if words and words[0].link is None:
                    found[words[0].start] = Span(block.span.start, block.lines[0].span.end)
        return found

    @cached_property
    def _at(self) -> Mapping[int, Span]:
        """The shortest thing that begins at each offset: a link, a tag, a value, a heading, a line."""
        found: dict[int, Span] = {}

        def add(span: Span) -> None:
            if span.start not in found or span.end < found[span.start].end:
                found[span.start] = span

        values: list[Value] = [prop.value for prop in self.note.properties]
        while values:
            value = values.pop()
            add(value.span)
            values += value.children
        for section in self.note.root.walk():
            self._of_section(section, add)
        return found

    def _of_section(self, section: Section, add: Callable[[Span], None]) -> None:
        lines = [section.title] if section.title else []
        if section.title:
            add(Span(section.span.start, section.title.span.end))
        for top in section.blocks:
            for block in top.walk():
                lines += block.lines
                if block.lines:
                    add(Span(block.span.start, block.lines[0].span.end))
        for line in lines:
            for span in (*(one.span for one in line.links), *(one.span for one in line.tags)):
                add(span)
            for field_ in line.fields:
                add(field_.text_span)
                add(field_.span)
