"""A portrait of one thing: what it is called and is, its text, its properties, what it links to and what links to it.

Each statement with the line of the note that makes it. Lines are looked up only for what is shown, since each costs
the reading of its note.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.explanation import Explainer, Line
from kg.naming import TYPE
from kg.terms import INFERRED, KG, SKOS

TEXT, HEADING, ORDER = (ox.NamedNode(KG + name) for name in ("text", "heading", "order"))
SECTIONS, LINKS, MENTIONS, MISSING = (
    ox.NamedNode(KG + name) for name in ("hasSection", "linksTo", "mentions", "Missing")
)
_OUTLINE = {KG + name for name in ("hasSection", "sectionOf", "hasBlock", "describes")}
_LINKS = {KG + name for name in ("linksTo", "mentions", "embeds")}
_OF_SECTION = {KG + name for name in ("text", "heading", "level", "order")}
_FIRST = (TYPE.value, SKOS + "prefLabel", SKOS + "altLabel")
_CONCEALED = _OUTLINE | _LINKS | _OF_SECTION
SOME = 20
"""So many statements of each kind are shown."""
_MANY = 2_000
_DEEPEST = 100

Triple = ox.Triple


class Said(NamedTuple):
    """A statement about a thing: by which property, and the term at its other end."""

    predicate: str
    property: str
    """What the property is called."""
    term: str
    """As N-Triples writes it."""
    value: str
    """What the term is called."""
    inferred: bool
    lines: tuple[Line, ...]


class Group(NamedTuple):
    """Statements of a kind, of which some are shown, and how many there are."""

    shown: tuple[Said, ...] = ()
    total: int = 0


class Heading(NamedTuple):
    """A section of a thing."""

    depth: int
    heading: str
    section: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Portrait:
    """What is known of a thing."""

    thing: str
    name: str
    path: str
    """The note that describes it; empty where none does."""
    missing: bool
    """Whether it is only linked to, and no file answers."""
    text: str
    text_lines: tuple[Line, ...]
    headings: tuple[Heading, ...]
    headings_total: int
    properties: Group
    links: Group
    backlinks: Group
    elsewhere: Group
    """What others say of it by other properties."""

    @property
    def is_inferred(self) -> bool:
        """Whether something of what is shown was inferred."""
        return any(said.inferred for said in self.properties.shown)


def portrait(explainer: Explainer, name: str, limit: int | None = SOME) -> Portrait:
    """The portrait of what a name means, with so many statements of each kind. Raises NotFound, KgError."""
    return _Painter(explainer, explainer.naming.thing(name), limit).portrait()


@dataclass(frozen=True)
class _Painter:
    explainer: Explainer
    node: ox.NamedNode
    limit: int | None

    def portrait(self) -> Portrait:
        headings = list(self._outline(self.node, 0, set()))
        text = self._text([self.node, *(triple.object for _, triple in headings)])
        shown = headings[: self.limit]
        lines = self.explainer.placed([triple for _, triple in shown] + ([text] if text else []))
        return Portrait(
            self.node.value,
            self.explainer.naming.called(self.node),
            self.explainer.path_of(self.node),
            any(True for _ in self._find(self.node, TYPE, MISSING)),
            _value(text.object) if text else "",
            lines[text] if text else (),
            tuple(self._heading(depth, triple, lines[triple]) for depth, triple in shown),
            len(headings),
            self._group(self._properties(), lambda triple: triple.object),
            self._group(self._links(), lambda triple: triple.object),
            self._group(self._backlinks(), lambda triple: triple.subject),
            self._group(self._elsewhere(), lambda triple: triple.subject),
        )

    def _text(self, places: Iterable[object]) -> Triple | None:
        """The text of a thing, else of the first of its sections that has any."""
        return next((found for place in places for found in self._find(place, TEXT, None)), None)

    def _find(self, subject: Any, predicate: Any, obj: Any) -> Iterator[Triple]:
        quads = self.explainer.store.find(subject, predicate, obj, ox.DefaultGraph())
        return (quad.triple for quad in quads)

    # ---- what is said --------------------------------------------------------------------------------------------

    def _properties(self) -> list[Triple]:
        """Names and types first, then the others by the names of their properties."""
        rows = [row for row in self._find(self.node, None, None) if row.predicate.value not in _CONCEALED]
        return sorted(rows, key=self._rank)

    def _rank(self, triple: Triple) -> tuple[Any, ...]:
        predicate = triple.predicate
        inferred = self._is_inferred(triple)
        first = _FIRST.index(predicate.value) if predicate.value in _FIRST else len(_FIRST)
        return first, self._property(predicate), inferred, str(triple.object)

    def _links(self) -> list[Triple]:
        """What a note links to; of a section or block, what it mentions. By their lines, if not too many."""
        rows = sorted(self._find(self.node, LINKS, None), key=str)
        rows = rows or sorted(self._find(self.node, MENTIONS, None), key=str)
        if self.limit is None or len(rows) <= _MANY:
            lines = self.explainer.placed(rows)
            rows.sort(key=lambda row: [(line.path, line.line, line.column) for line in lines[row]])
        return rows

    def _backlinks(self) -> list[Triple]:
        rows = sorted(self._find(None, LINKS, self.node), key=str)
        return rows or sorted(self._find(None, MENTIONS, self.node), key=str)

    def _elsewhere(self) -> list[Triple]:
        """What others assert of it: what was inferred there are mostly inverses of what it has itself."""
        rows = (row for row in self._find(None, None, self.node) if row.predicate.value not in _CONCEALED)
        asserted = (row for row in rows if isinstance(row.subject, ox.NamedNode) and not self._is_inferred(row))
        return sorted(asserted, key=lambda row: (self._property(row.predicate), str(row.subject)))

    def _outline(self, node: ox.NamedNode, depth: int, seen: set[ox.NamedNode]) -> Iterator[tuple[int, Triple]]:
        """The sections of a thing and those below them, in the order of the text."""
        if depth > _DEEPEST:
            return
        rows = [row for row in self._find(node, SECTIONS, None) if isinstance(row.object, ox.NamedNode)]
        for row in sorted(rows, key=lambda row: self._order(row.object)):
            section = row.object
            assert isinstance(section, ox.NamedNode)
            if section not in seen:
                seen.add(section)
                yield depth, row
                yield from self._outline(section, depth + 1, seen)

    def _order(self, section: object) -> tuple[int, str]:
        found = next(iter(self._find(section, ORDER, None)), None)
        return int(_value(found.object)) if found else 0, str(section)

    # ---- how it is put -------------------------------------------------------------------------------------------

    def _group(self, rows: list[Triple], end: Callable[[Triple], object]) -> Group:
        shown = rows[: self.limit]
        lines = self.explainer.placed(shown)
        return Group(tuple(self._said(row, end(row), lines[row]) for row in shown), len(rows))

    def _said(self, triple: Triple, end: object, lines: Iterable[Line]) -> Said:
        predicate = triple.predicate
        inferred = self._is_inferred(triple)
        called = self.explainer.naming.called(end)
        return Said(predicate.value, self._property(predicate), str(end), called, inferred, tuple(lines))

    def _heading(self, depth: int, triple: Triple, lines: tuple[Line, ...]) -> Heading:
        heading = next(iter(self._find(triple.object, HEADING, None)), None)
        return Heading(depth, _value(heading.object) if heading else "", _value(triple.object), lines)

    def _property(self, predicate: ox.NamedNode) -> str:
        if predicate not in self._called:
            self._called[predicate] = self.explainer.naming.called(predicate)
        return self._called[predicate]

    @cached_property
    def _called(self) -> dict[ox.NamedNode, str]:
        return {}

    def _is_inferred(self, triple: Triple) -> bool:
        graph = ox.NamedNode(INFERRED[1:-1])
        found = self.explainer.store.find(triple.subject, triple.predicate, triple.object, graph)
        return any(True for _ in found)


def _value(term: object) -> str:
    return term.value if isinstance(term, ox.Literal | ox.NamedNode) else str(term)
