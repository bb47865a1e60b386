"""A store as one property graph: things with typed columns, and any number of links between two.

All of it is in an order that is the same for the same notes.
Every format for graph tools is written from it, so what each tool chokes on is settled here, once:

    a column has one type over the whole vault: integers and fractions make fractions, other mixtures make texts
    a column holds lists where any thing has more than one value; without a value there is none, not an empty one
    the names of columns are letters, digits and `_`, each once, and none that a format has a meaning of its own for
    things and links have ids of their own (n0, e0); an IRI is data beside
    NaN and infinity are no values; control characters, which XML and JSON cannot hold, become U+FFFD
"""

import datetime
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from urllib.parse import unquote

import pyoxigraph as ox

from kg.networks import Network
from kg.ontology import local_name
from kg.sparql import value
from kg.store import Store
from kg.terms import KG, ONTOLOGY, RDF, SKOS

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
"""Names that some format gives a meaning of its own: a column of notes that has one is called `prop_` and that."""
_LONG = 1 << 63
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[^A-Za-z0-9_]+")
_DEFAULT = ox.DefaultGraph()
_LABEL, _ALIAS = ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(SKOS + "altLabel")
_TEXT, _PATH, _WORDS, _TAGGED, _DESCRIBES, _SECTION, _ORDER, _HEADING, _STRUCTURAL = (
    ox.NamedNode(KG + name)
    for name in ("text", "path", "wordCount", "tagged", "describes", "hasSection", "order", "heading", "structural")
)
_TYPE = ox.NamedNode(RDF + "type")


@dataclass(frozen=True)
class Column:
    """A property of things."""

    name: str
    """Safe in every format."""
    title: str
    """As people know it."""
    iri: str
    type: Type
    is_list: bool


@dataclass(frozen=True)
class Node:
    """A thing."""

    id: str
    iri: str
    label: str
    type: str
    """The first of its types by name; empty where it has none."""
    types: tuple[str, ...]
    values: Mapping[str, Cell]
    """By the names of the columns; what has no value is not there."""


@dataclass(frozen=True)
class Edge:
    """A link."""

    id: str
    source: int
    target: int
    """By the places of its ends among the nodes."""
    property: str
    kind: str
    """What the property is called."""
    weight: int


@dataclass(frozen=True)
class PropertyGraph:
    """Things and links, with what the columns of things are."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    columns: Sequence[Column]
    prefixes: Mapping[str, str]


def property_graph(store: Store, network: Network, *, text: bool = False, metrics: bool = False) -> PropertyGraph:
    """The property graph of a network of a store; with the texts of things, and with what `kg analyze --save` kept."""
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
        names = _Names()
        for title, iri, found in self._found():
            if not found:
                continue
            kind = _type_of(one for values in found.values() for one in values)
            is_list = any(len(values) > 1 for values in found.values()) or iri in _LISTS
            column = Column(names.of(title), title, iri, kind, is_list)
            columns.append(column)
            for number, values in sorted(found.items()):
                made = sorted({_as(kind, one) for one in values}, key=lambda one: (str(type(one)), one))
                cells[number][column.name] = made if is_list else made[0]
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
        """A class or property as an export names it: its local name."""
        return clean(unquote(local_name(iri)))

    # ---- what things have ----------------------------------------------------------------------------------------

    def _found(self) -> Iterator[tuple[str, str, dict[int, list[Scalar]]]]:
        """Each property with its title and the values of things, those of notes' own kind first."""
        yield "aliases", _ALIAS.value, self._values(_ALIAS)
        yield "tags", _TAGGED.value, self._tags()
        yield "path", _PATH.value, self._of_notes(_PATH)
        yield "words", _WORDS.value, self._of_notes(_WORDS)
        if self.text:
            yield "text", _TEXT.value, self._texts()
        for name in self._properties():
            yield unquote(local_name(name.value)), name.value, self._values(name)

    def _properties(self) -> list[ox.NamedNode]:
        """The properties of the ontology and of notes that may have literal values."""
        structural = {quad.subject for quad in self.store.find(None, _STRUCTURAL, None, ox.NamedNode(ONTOLOGY[1:-1]))}
        measured = {ox.NamedNode(name) for name in _METRICS}
        apart = (structural - measured if self.metrics else structural) | {_TYPE, _LABEL, _ALIAS}
        return [name for name in self.store.predicates if name not in apart]

    def _values(self, name: ox.NamedNode) -> dict[int, list[Scalar]]:
        found: dict[int, list[Scalar]] = {}
        numbers = self.network.numbers
        for quad in self.store.find(None, name, None, _DEFAULT):
            number = numbers.get(quad.subject) if isinstance(quad.subject, ox.NamedNode) else None
            if number is not None and isinstance(quad.object, ox.Literal):
                one = _scalar(quad.object)
                if one is not None:
                    found.setdefault(number, []).append(one)
        return found

    @cached_property
    def _described(self) -> dict[ox.NamedNode, int]:
        """The number of the thing that each document is about."""
        rows = self.store.find(None, _DESCRIBES, None, _DEFAULT)
        return {q.subject: self.network.numbers[q.object] for q in rows if q.object in self.network.numbers}  # type: ignore[misc, index]

    def _of_notes(self, name: ox.NamedNode) -> dict[int, list[Scalar]]:
        """What is said of the notes that are about things."""
        found: dict[int, list[Scalar]] = {}
        for quad in self.store.find(None, name, None, _DEFAULT):
            number = self._described.get(quad.subject)  # type: ignore[arg-type]
            if number is None:
                number = self.network.numbers.get(quad.subject)  # type: ignore[arg-type]
            if number is not None and isinstance(quad.object, ox.Literal) and (one := _scalar(quad.object)) is not None:
                found.setdefault(number, []).append(one)
        return {number: [min(values, key=str)] for number, values in found.items()}

    def _tags(self) -> dict[int, list[Scalar]]:
        found: dict[int, list[Scalar]] = {}
        labels = {
            q.subject: q.object.value
            for q in self.store.find(None, _LABEL, None, _DEFAULT)
            if isinstance(q.object, ox.Literal)
        }
        for quad in self.store.find(None, _TAGGED, None, _DEFAULT):
            number = self.network.numbers.get(quad.subject)  # type: ignore[arg-type]
            if number is not None and isinstance(quad.object, ox.NamedNode):
                tag = labels.get(quad.object) or unquote(quad.object.value.partition("#tag/")[2])
                found.setdefault(number, []).append(clean(tag.removeprefix("#")))
        return found

    def _texts(self) -> dict[int, list[Scalar]]:
        """What is written of each thing: its own text and that of its sections, under their headings."""
        texts = {quad.subject: _written(quad.object) for quad in self.store.find(None, _TEXT, None, _DEFAULT)}
        headings = {quad.subject: _written(quad.object) for quad in self.store.find(None, _HEADING, None, _DEFAULT)}
        order = {quad.subject: int(_written(quad.object)) for quad in self.store.find(None, _ORDER, None, _DEFAULT)}
        below: dict[Any, list[Any]] = {}
        for quad in self.store.find(None, _SECTION, None, _DEFAULT):
            below.setdefault(quad.subject, []).append(quad.object)
        found: dict[int, list[Scalar]] = {}
        for node, number in self.network.numbers.items():
            parts: list[str] = []
            waiting: list[Any] = [node]
            seen: set[Any] = set()
            while waiting:
                at = waiting.pop()
                if at not in seen:
                    seen.add(at)
                    parts += [part for part in (headings.get(at, "") if at != node else "", texts.get(at, "")) if part]
                    waiting += sorted(below.get(at, ()), key=lambda one: (order.get(one, 0), str(one)), reverse=True)
            if parts:
                found[number] = [clean("\n\n".join(parts))]
        return found


_METRICS = frozenset(
    KG + name
    for name in (
        "pageRank", "betweenness", "inDegree", "outDegree", "hubScore", "authorityScore", "coreNumber", "component",
        "participation",
    )
)  # fmt: skip
_LISTS = frozenset((_ALIAS.value, _TAGGED.value))


def clean(text: str) -> str:
    """A text without what XML and JSON cannot hold."""
    return _CONTROL.sub("\ufffd", text)


def lexical(cell: Cell) -> str:
    """A value as text: as XSD writes it, a list as JSON."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list | bool):
        return json.dumps(cell, ensure_ascii=False)
    return repr(cell)


def _written(term: object) -> str:
    return term.value if isinstance(term, ox.Literal) else ""


def _own_first(iri: str) -> tuple[bool, str]:
    """The order of classes: those of kg's own vocabulary first, so that a thing is an Outcome, and not what that is
    aligned with.
    """
    return not iri.startswith(KG), iri


def _scalar(literal: ox.Literal) -> Scalar | None:
    """A literal as a value that every format can hold; None where it is none, such as NaN."""
    found = value(literal)
    if isinstance(found, datetime.date | datetime.datetime):
        return _Dated(literal.value)
    if isinstance(found, bool):
        return found
    if isinstance(found, int):
        return found if -_LONG <= found < _LONG else clean(literal.value)
    if isinstance(found, str):
        return clean(found)
    number = float(found)
    return number if math.isfinite(number) else None


class _Dated(str):
    """A date or a time, as XSD writes it."""

    __slots__ = ()


def _type_of(values: Iterable[Scalar]) -> Type:
    """The one type that all values of a column have."""
    kinds = {
        "boolean" if isinstance(one, bool)
        else "integer" if isinstance(one, int)
        else "double" if isinstance(one, float)
        else ("dateTime" if "T" in one else "date") if isinstance(one, _Dated)
        else "string"
        for one in values
    }  # fmt: skip
    if kinds == {"integer", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else "string"  # type: ignore[return-value]


def _as(kind: Type, one: Scalar) -> Scalar:
    """A value as the type of its column has it."""
    if kind == "double":
        return float(one)
    if kind == "string" and not isinstance(one, str):
        return str(one).lower() if isinstance(one, bool) else str(one)
    return str(one) if isinstance(one, str) else one


class _Names:
    """Names for columns, each once."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def of(self, title: str) -> str:
        """A safe name for a title."""
        name = _NAME.sub("_", title).strip("_") or "property"
        if name.lower() in RESERVED or name[0].isdigit():
            name = f"prop_{name}"
        free, number = name, 2
        while free.lower() in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free.lower())
        return free
