"""A store as a property graph: nodes with typed columns, and any number of edges between two nodes.

The same notes always give the same order. Every format for graph tools is written from this graph, so it meets the
restrictions of all tools in one place:

    a column has one type for the whole vault: integers and doubles become doubles, other mixtures become strings
    a column holds lists if any node has more than one value; a node without values has no cell, not an empty list
    column names consist of letters, digits and `_`; they are unique, and no format reserves them
    nodes and edges have generated ids (n0, e0); the IRI is an attribute
    NaN and infinity are dropped; control characters, which XML and JSON cannot hold, become U+FFFD
"""

import datetime
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal
from urllib.parse import unquote

import pyoxigraph as ox

from kg.analysis.network import Network
from kg.core.json_text import json_text
from kg.mapping.ontology import local_name
from kg.rdf.terms import KG
from kg.rdf.vocabulary import (
    ALT_LABEL,
    DESCRIBES,
    HAS_SECTION,
    HEADING,
    ONTOLOGY_GRAPH,
    ORDER,
    PATH,
    PREF_LABEL,
    STRUCTURAL,
    TAGGED,
    TEXT,
    TYPE,
)
from kg.sparql.answer import value
from kg.store.store import Store

Type = Literal["string", "integer", "double", "boolean", "date", "dateTime"]
Scalar = str | int | float | bool
Cell = Scalar | list[Any]

RESERVED = frozenset(
    (
        *("id", "key", "name", "label", "type", "types", "kind", "iri", "pid", "parent", "parents", "value", "weight"),
        *("source", "target", "from", "to", "start", "end", "directed", "interaction", "represents"),
        *("viz", "x", "y", "z", "size", "color", "colour", "shape", "hidden", "highlighted", "forcelabel", "zindex"),
        *("index", "vx", "vy", "vz", "fx", "fy", "fz", "val", "position", "selected", "classes", "scratch"),
        *("graph", "node", "edge", "link", "nodes", "edges", "links"),
    )
)
"""Names that a format reserves; a column with such a name gets the prefix `prop_`."""
_LONG = 1 << 63
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[^A-Za-z0-9_]+")
_WORDS = ox.NamedNode(KG + "wordCount")


@dataclass(frozen=True)
class Column:
    """A property of nodes."""

    name: str
    """A name that is valid in every format."""
    title: str
    """The name for display."""
    iri: str
    type: Type
    is_list: bool


@dataclass(frozen=True)
class Node:
    """A node."""

    id: str
    iri: str
    label: str
    type: str
    """The first of `types`; empty if there are none."""
    types: tuple[str, ...]
    values: Mapping[str, Cell]
    """The cells by column name; a column without a value has no entry."""


@dataclass(frozen=True)
class Edge:
    """An edge."""

    id: str
    source: int
    target: int
    """Like `source`, an index into the nodes."""
    property: str
    kind: str
    """The local name of the property."""
    weight: int


@dataclass(frozen=True)
class PropertyGraph:
    """Nodes and edges, with the columns of nodes."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    columns: Sequence[Column]
    prefixes: Mapping[str, str]


def property_graph(store: Store, network: Network, *, text: bool = False, metrics: bool = False) -> PropertyGraph:
    """The property graph of a store's network.

    `text` adds the texts of nodes, `metrics` the metrics that `kg analyze --save` stored.
    """
    return _Maker(store, network, text, metrics).graph()


@dataclass(frozen=True)
class _Maker:
    store: Store
    network: Network
    text: bool
    metrics: bool

    def graph(self) -> PropertyGraph:
        columns: list[Column] = []
        cells: list[dict[str, Cell]] = [{} for _ in self.network.nodes]
        names = _ColumnNames()
        for title, iri, scalars in self._columns():
            if not scalars:
                continue
            kind = _type_of(item for values in scalars.values() for item in values)
            is_list = any(len(values) > 1 for values in scalars.values()) or iri in _LISTS
            column = Column(names.of(title), title, iri, kind, is_list)
            columns.append(column)
            for number, values in sorted(scalars.items()):
                cell = sorted({_as(kind, item) for item in values}, key=lambda item: (str(type(item)), item))
                cells[number][column.name] = cell if is_list else cell[0]
        nodes = [self._node(number, cells[number]) for number in range(len(self.network))]
        kinds = {name: self._called(name) for name in {link.property for link in self.network.links}}
        links = sorted(self.network.links, key=lambda link: (link.source, link.target, link.property))
        edges = [
            Edge(f"e{n}", *link[:2], link.property, kinds[link.property], link.weight) for n, link in enumerate(links)
        ]
        return PropertyGraph(nodes, edges, columns, self.network.prefixes)

    def _node(self, number: int, cells: Mapping[str, Cell]) -> Node:
        network = self.network
        types = tuple(dict.fromkeys(map(self._called, sorted(network.classes[number], key=_own_first))))
        return Node(
            f"n{number}",
            network.nodes[number].value,
            clean(network.labels[number]),
            types[0] if types else "",
            types,
            cells,
        )

    def _called(self, iri: str) -> str:
        """The name of a class or property in an export: its local name."""
        return clean(unquote(local_name(iri)))

    # ---- the properties of nodes ---------------------------------------------------------------------------------

    def _columns(self) -> Iterator[tuple[str, str, dict[int, list[Scalar]]]]:
        """Each property with its title, IRI and values by node; aliases, tags, path, words and text come first."""
        yield "aliases", ALT_LABEL.value, self._values(ALT_LABEL)
        yield "tags", TAGGED.value, self._tags()
        yield "path", PATH.value, self._of_notes(PATH)
        yield "words", _WORDS.value, self._of_notes(_WORDS)
        if self.text:
            yield "text", TEXT.value, self._texts()
        for name in self._properties():
            yield unquote(local_name(name.value)), name.value, self._values(name)

    def _properties(self) -> list[ox.NamedNode]:
        """The properties, of the ontology and of notes, that may have literal values."""
        structural = {quad.subject for quad in self.store.find(None, STRUCTURAL, None, ONTOLOGY_GRAPH)}
        measured = {ox.NamedNode(name) for name in _METRICS}
        excluded = (structural - measured if self.metrics else structural) | {TYPE, PREF_LABEL, ALT_LABEL}
        return [name for name in self.store.predicates if name not in excluded]

    def _values(self, name: ox.NamedNode) -> dict[int, list[Scalar]]:
        scalars: dict[int, list[Scalar]] = {}
        numbers = self.network.numbers
        for quad in self.store.triples(None, name, None):
            number = numbers.get(quad.subject) if isinstance(quad.subject, ox.NamedNode) else None
            if number is not None and isinstance(quad.object, ox.Literal):
                item = _scalar(quad.object)
                if item is not None:
                    scalars.setdefault(number, []).append(item)
        return scalars

    @cached_property
    def _described(self) -> dict[ox.NamedNode, int]:
        """The number of the node that each document describes."""
        rows = self.store.triples(None, DESCRIBES, None)
        return {q.subject: self.network.numbers[q.object] for q in rows if q.object in self.network.numbers}  # type: ignore[misc, index]

    def _of_notes(self, name: ox.NamedNode) -> dict[int, list[Scalar]]:
        """The values of a property of notes, by the node that the note describes; of several values, the least."""
        values: dict[int, list[Scalar]] = {}
        for quad in self.store.triples(None, name, None):
            number = self._described.get(quad.subject)  # type: ignore[arg-type]
            if number is None:
                number = self.network.numbers.get(quad.subject)  # type: ignore[arg-type]
            if (
                number is not None
                and isinstance(quad.object, ox.Literal)
                and (item := _scalar(quad.object)) is not None
            ):
                values.setdefault(number, []).append(item)
        return {number: [min(several, key=str)] for number, several in values.items()}

    def _tags(self) -> dict[int, list[Scalar]]:
        tags: dict[int, list[Scalar]] = {}
        labels = {
            q.subject: q.object.value
            for q in self.store.triples(None, PREF_LABEL, None)
            if isinstance(q.object, ox.Literal)
        }
        for quad in self.store.triples(None, TAGGED, None):
            number = self.network.numbers.get(quad.subject)  # type: ignore[arg-type]
            if number is not None and isinstance(quad.object, ox.NamedNode):
                tag = labels.get(quad.object) or unquote(quad.object.value.partition("#tag/")[2])
                tags.setdefault(number, []).append(clean(tag.removeprefix("#")))
        return tags

    def _texts(self) -> dict[int, list[Scalar]]:
        """The text of each node, followed by the texts of its sections under their headings."""
        texts = {quad.subject: _written(quad.object) for quad in self.store.triples(None, TEXT, None)}
        headings = {quad.subject: _written(quad.object) for quad in self.store.triples(None, HEADING, None)}
        order = {quad.subject: int(_written(quad.object)) for quad in self.store.triples(None, ORDER, None)}
        below: dict[Any, list[Any]] = {}
        for quad in self.store.triples(None, HAS_SECTION, None):
            below.setdefault(quad.subject, []).append(quad.object)
        joined: dict[int, list[Scalar]] = {}
        for node, number in self.network.numbers.items():
            parts: list[str] = []
            waiting: list[Any] = [node]
            seen: set[Any] = set()
            while waiting:
                item = waiting.pop()
                if item not in seen:
                    seen.add(item)
                    parts += [
                        text for text in (headings.get(item, "") if item != node else "", texts.get(item, "")) if text
                    ]
                    waiting += sorted(
                        below.get(item, ()), key=lambda child: (order.get(child, 0), str(child)), reverse=True
                    )
            if parts:
                joined[number] = [clean("\n\n".join(parts))]
        return joined


_METRICS = frozenset(
    KG + name
    for name in (
        "pageRank", "betweenness", "inDegree", "outDegree", "hubScore", "authorityScore", "coreNumber", "component",
        "participation",
    )
)  # fmt: skip
_LISTS = frozenset((ALT_LABEL.value, TAGGED.value))


def clean(text: str) -> str:
    """Replace the characters that XML and JSON cannot hold."""
    return _CONTROL.sub("\ufffd", text)


def lexical(cell: Cell) -> str:
    """A value in its XSD lexical form; a list as JSON."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list | bool):
        return json_text(cell)
    return repr(cell)


def _written(term: object) -> str:
    return term.value if isinstance(term, ox.Literal) else ""


def _own_first(iri: str) -> tuple[bool, str]:
    """The sort key of a class. kg's vocabulary comes first, so that a node's type is Outcome, not an aligned class."""
    return not iri.startswith(KG), iri


def _scalar(literal: ox.Literal) -> Scalar | None:
    """A literal as a value that every format can hold; None for NaN and infinity."""
    converted = value(literal)
    if isinstance(converted, datetime.date | datetime.datetime):
        return _Dated(literal.value)
    if isinstance(converted, bool):
        return converted
    if isinstance(converted, int):
        return converted if -_LONG <= converted < _LONG else clean(literal.value)
    if isinstance(converted, str):
        return clean(converted)
    number = float(converted)
    if math.isfinite(number):
        return number
    return clean(literal.value) if isinstance(converted, Decimal) else None


class _Dated(str):
    """A date or time in its XSD lexical form."""

    __slots__ = ()


def _type_of(values: Iterable[Scalar]) -> Type:
    """The common type of all values of a column."""
    kinds = {
        "boolean" if isinstance(scalar, bool)
        else "integer" if isinstance(scalar, int)
        else "double" if isinstance(scalar, float)
        else ("dateTime" if "T" in scalar else "date") if isinstance(scalar, _Dated)
        else "string"
        for scalar in values
    }  # fmt: skip
    if kinds == {"integer", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else "string"  # type: ignore[return-value]


def _as(kind: Type, value: Scalar) -> Scalar:
    """Convert a value to the type of its column."""
    if kind == "double":
        return float(value)
    if kind == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return str(value) if isinstance(value, str) else value


class _ColumnNames:
    """Unique names for columns."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def of(self, title: str) -> str:
        """Return an unused name for a title, valid in every format."""
        name = _NAME.sub("_", title).strip("_") or "property"
        if name.lower() in RESERVED or name[0].isdigit():
            name = f"prop_{name}"
        free, number = name, 2
        while free.lower() in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free.lower())
        return free
