"""The portrait of a thing: its names and types, text, properties, links and backlinks.

Each statement has the line of the note that makes it. Only the lines of what is shown are looked up, because each
look-up reads a note.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.rdf.terms import KG, SKOS
from kg.rdf.vocabulary import (
    HAS_SECTION,
    HEADING,
    INFERRED_GRAPH,
    LINKS_TO,
    MENTIONS,
    MISSING,
    ORDER,
    TEXT,
    TYPE,
    Term,
)
from kg.reasoning.explanation import Explainer
from kg.reasoning.other_vocabularies import follows_across
from kg.reasoning.source_lines import SourceLine

_OUTLINE = {KG + name for name in ("hasSection", "sectionOf", "hasBlock", "describes")}
_LINKS = {KG + name for name in ("linksTo", "mentions", "embeds")}
_OF_SECTION = {KG + name for name in ("text", "heading", "level", "order")}
_FIRST = (TYPE.value, SKOS + "prefLabel", SKOS + "altLabel")
_CONCEALED = _OUTLINE | _LINKS | _OF_SECTION
SOME = 20
"""How many statements of each kind are shown."""
_MANY = 2_000
_DEEPEST = 100

Triple = ox.Triple


class EntityStatement(NamedTuple):
    """A statement about a thing: its property and the term at the other end."""

    predicate: str
    property: str
    """The label of the property."""
    term: str
    """The term in N-Triples syntax."""
    value: str
    """The label of the term."""
    inferred: bool
    lines: tuple[SourceLine, ...]


class StatementGroup(NamedTuple):
    """The statements of a kind that are shown, and their total number."""

    shown: tuple[EntityStatement, ...] = ()
    total: int = 0


class EntitySection(NamedTuple):
    """A section of a thing."""

    depth: int
    heading: str
    name: str
    """The name of the section, as a link writes it."""
    section: str
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True)
class Portrait:
    """The names, text, statements and links of a thing."""

    thing: str
    name: str
    path: str
    """The note that describes it; empty if none does."""
    missing: bool
    """Whether only links name it, and no file describes it."""
    text: str
    text_lines: tuple[SourceLine, ...]
    headings: tuple[EntitySection, ...]
    headings_total: int
    properties: StatementGroup
    links: StatementGroup
    backlinks: StatementGroup
    elsewhere: StatementGroup
    """Statements of other things about it, links excepted."""

    @property
    def is_inferred(self) -> bool:
        """Whether any property shown is inferred."""
        return any(statement.inferred for statement in self.properties.shown)


def portrait(explainer: Explainer, name: str, limit: int | None = SOME, *, twins: bool = True) -> Portrait:
    """Return the portrait of a named thing, with up to `limit` statements of each kind. Raises NotFound, KgError.

    Without `twins`, it leaves out properties and classes of other vocabularies that follow from those of the thing.
    """
    return _Painter(explainer, explainer.naming.thing(name), limit, twins).portrait()


@dataclass(frozen=True)
class _Painter:
    explainer: Explainer
    node: ox.NamedNode
    limit: int | None
    twins: bool

    def portrait(self) -> Portrait:
        headings = list(self._outline(self.node, 0, set()))
        text = self._text([self.node, *(triple.object for _, triple in headings)])
        shown = headings[: self.limit]
        lines = self.explainer.sources.placed([triple for _, triple in shown] + ([text] if text else []))
        return Portrait(
            self.node.value,
            self.explainer.naming.called(self.node),
            self.explainer.sources.origins.own(self.node),
            self.explainer.store.has(self.node, TYPE, MISSING),
            _value(text.object) if text else "",
            lines[text] if text else (),
            tuple(self._heading(depth, triple, lines[triple]) for depth, triple in shown),
            len(headings),
            self._group(self._properties(), lambda triple: triple.object),
            self._group(self._links(), lambda triple: triple.object),
            self._group(self._backlinks(), lambda triple: triple.subject),
            self._group(self._elsewhere(), lambda triple: triple.subject),
        )

    def _text(self, places: Iterable[Term]) -> Triple | None:
        """The text of a thing, or else of the first of its sections that has any."""
        return next((triple for node in places for triple in self.explainer.store.triples(node, TEXT, None)), None)

    # ---- statements ----------------------------------------------------------------------------------------------

    def _properties(self) -> list[Triple]:
        """Names and types first, then the other properties by label."""
        rows = [
            row for row in self.explainer.store.triples(self.node, None, None) if row.predicate.value not in _CONCEALED
        ]
        return sorted(rows, key=self._rank)

    def _rank(self, triple: Triple) -> tuple[Any, ...]:
        predicate = triple.predicate
        inferred = self._is_inferred(triple)
        first = _FIRST.index(predicate.value) if predicate.value in _FIRST else len(_FIRST)
        return first, self._property(predicate), inferred, str(triple.object)

    def _links(self) -> list[Triple]:
        """The links of a note, or the mentions of a section or block. Sorted by line, unless there are too many."""
        rows = sorted(self.explainer.store.triples(self.node, LINKS_TO, None), key=str)
        rows = rows or sorted(self.explainer.store.triples(self.node, MENTIONS, None), key=str)
        if self.limit is None or len(rows) <= _MANY:
            lines = self.explainer.sources.placed(rows)
            rows.sort(key=lambda row: [(line.path, line.line, line.column) for line in lines[row]])
        return rows

    def _backlinks(self) -> list[Triple]:
        rows = sorted(self.explainer.store.triples(None, LINKS_TO, self.node), key=str)
        return rows or sorted(self.explainer.store.triples(None, MENTIONS, self.node), key=str)

    def _elsewhere(self) -> list[Triple]:
        """Asserted statements about the thing. Inferred statements are mostly inverses of its properties."""
        rows = (
            row for row in self.explainer.store.triples(None, None, self.node) if row.predicate.value not in _CONCEALED
        )
        asserted = (row for row in rows if isinstance(row.subject, ox.NamedNode) and not self._is_inferred(row))
        return sorted(asserted, key=lambda row: (self._property(row.predicate), str(row.subject)))

    def _outline(self, node: ox.NamedNode, depth: int, seen: set[ox.NamedNode]) -> Iterator[tuple[int, Triple]]:
        """The sections of a thing and their subsections, in the order of the text."""
        if depth > _DEEPEST:
            return
        rows = [
            row for row in self.explainer.store.triples(node, HAS_SECTION, None) if isinstance(row.object, ox.NamedNode)
        ]
        for row in sorted(rows, key=lambda row: self._order(row.object)):
            section = row.object
            assert isinstance(section, ox.NamedNode)
            if section not in seen:
                seen.add(section)
                yield depth, row
                yield from self._outline(section, depth + 1, seen)

    def _order(self, section: Term) -> tuple[int, str]:
        order = next(iter(self.explainer.store.triples(section, ORDER, None)), None)
        return int(_value(order.object)) if order else 0, str(section)

    # ---- presentation --------------------------------------------------------------------------------------------

    def _group(self, rows: list[Triple], end: Callable[[Triple], object]) -> StatementGroup:
        shown = [row for row in rows if self.twins or not follows_across(self.explainer.store, row)][: self.limit]
        lines = self.explainer.sources.placed(shown)
        return StatementGroup(tuple(self._statement(row, end(row), lines[row]) for row in shown), len(rows))

    def _statement(self, triple: Triple, end: object, lines: Iterable[SourceLine]) -> EntityStatement:
        predicate = triple.predicate
        inferred = self._is_inferred(triple)
        label = self.explainer.naming.called(end)
        return EntityStatement(predicate.value, self._property(predicate), str(end), label, inferred, tuple(lines))

    def _heading(self, depth: int, triple: Triple, lines: tuple[SourceLine, ...]) -> EntitySection:
        heading = next(iter(self.explainer.store.triples(triple.object, HEADING, None)), None)
        name = self.explainer.naming.called(triple.object)
        return EntitySection(depth, _value(heading.object) if heading else "", name, _value(triple.object), lines)

    def _property(self, predicate: ox.NamedNode) -> str:
        if predicate not in self._called:
            self._called[predicate] = self.explainer.naming.called(predicate)
        return self._called[predicate]

    @cached_property
    def _called(self) -> dict[ox.NamedNode, str]:
        return {}

    def _is_inferred(self, triple: Triple) -> bool:
        return self.explainer.store.has(triple.subject, triple.predicate, triple.object, INFERRED_GRAPH)


def _value(term: object) -> str:
    return term.value if isinstance(term, ox.Literal | ox.NamedNode) else str(term)
