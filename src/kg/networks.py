"""The network of a store: the things that notes are about and the links between them, for NetworkX and its kin.

A node is a thing: what a note describes, what has a class of the domain (an outcome in a section, an author that is
only named), and what is linked to and missing. Notes as files, their sections, blocks, tags, tasks and attachments are
no nodes unless their class is asked for. A link is

    kg:linksTo      from thing to thing, weighing as much as places within the one mention places within the other
    kg:mentions     from a thing inside a note, such as an outcome's section, which has no kg:linksTo of its own
    any property    that the ontology or a note gives, between two nodes, weighing one

A link of a thing to itself, or to what lies inside it, counts for nothing and is left out. What was inferred is left
out unless asked for: most of it says over again what notes say, in the other direction or by a wider property.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.errors import KgError
from kg.naming import written_iri
from kg.ontology import local_name
from kg.store import Store, in_threads
from kg.terms import INFERRED, KG, METRICS, ONTOLOGY, RDF, RDFS, SKOS, Names, letters_and_digits, prefixed

if TYPE_CHECKING:
    import networkx as nx
    import rustworkx as rx

_TYPE, _LABEL, _ALIAS = ox.NamedNode(RDF + "type"), ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(SKOS + "altLabel")
LINKS, MENTIONS, STRUCTURAL, MISSING = (
    ox.NamedNode(KG + name) for name in ("linksTo", "mentions", "structural", "Missing")
)
_INSIDE = tuple(ox.NamedNode(KG + name) for name in ("hasSection", "hasBlock"))
_NAMES = (ox.NamedNode(RDFS + "label"), _LABEL, _ALIAS)
_DEFAULT = ox.DefaultGraph()
_INFERRED, _ONTOLOGY, _METRICS = (ox.NamedNode(graph[1:-1]) for graph in (INFERRED, ONTOLOGY, METRICS))


_Pair = tuple[int, int]


class Link(NamedTuple):
    """A link by the numbers of its ends."""

    source: int
    target: int
    property: str
    weight: int


@dataclass(frozen=True)
class Network:
    """Things and links, in an order that is the same for the same notes."""

    nodes: tuple[ox.NamedNode, ...]
    labels: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    """The IRIs of each node's classes, the structural ones apart."""
    links: tuple[Link, ...]
    prefixes: Mapping[str, str]

    def __len__(self) -> int:
        """How many things there are."""
        return len(self.nodes)

    @cached_property
    def numbers(self) -> dict[ox.NamedNode, int]:
        """The number of each node."""
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def missing(self) -> frozenset[int]:
        """The nodes that no note describes, only links name."""
        return frozenset(n for n, classes in enumerate(self.classes) if MISSING.value in classes)

    @cached_property
    def pairs(self) -> dict[tuple[int, int], int]:
        """The weight of each ordered pair that is linked: that of all its links."""
        found: dict[tuple[int, int], int] = {}
        for source, target, _, weight in self.links:
            found[source, target] = found.get((source, target), 0) + weight
        return found

    @cached_property
    def directed(self) -> "rx.PyDiGraph[int, float]":
        """A link a linked pair, with its weight."""
        import rustworkx as rx

        graph: rx.PyDiGraph[int, float] = rx.PyDiGraph()  # a multigraph: to tell that no pair comes twice takes long
        graph.add_nodes_from(range(len(self.nodes)))
        graph.add_edges_from([(source, target, float(weight)) for (source, target), weight in self.pairs.items()])
        return graph

    @cached_property
    def undirected(self) -> "rx.PyGraph[int, float]":
        """An edge for each two that are linked, in whichever direction, with the weight of both."""
        import rustworkx as rx

        graph: rx.PyGraph[int, float] = rx.PyGraph()
        graph.add_nodes_from(range(len(self.nodes)))
        graph.add_edges_from([(one, other, weight) for (one, other), weight in self.edges.items()])
        return graph

    @cached_property
    def edges(self) -> dict[tuple[int, int], float]:
        """The weight of each two that are linked, the smaller number first; in their order."""
        import numpy as np

        size = len(self.nodes)
        codes = np.fromiter((min(pair) * size + max(pair) for pair in self.pairs), np.int64, len(self.pairs))
        weights = np.fromiter(self.pairs.values(), np.float64, len(self.pairs))
        unique, places = np.unique(codes, return_inverse=True)
        ones, others = np.divmod(unique, max(size, 1))
        summed = np.bincount(places, weights, len(unique))
        return dict(zip(zip(ones.tolist(), others.tolist(), strict=True), summed.tolist(), strict=True))

    @cached_property
    def simple(self) -> "nx.DiGraph[int]":
        """As `directed`, for what only NetworkX computes."""
        import networkx as nx

        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(len(self.nodes)))
        graph.add_weighted_edges_from((source, target, weight) for (source, target), weight in self.pairs.items())
        return graph

    def split(self, parts: Sequence[Sequence[int]]) -> "list[Network]":
        """Parts of it, which have no thing in common, as networks of their own: each with the links inside it."""
        place = {number: (at, inner) for at, part in enumerate(parts) for inner, number in enumerate(part)}
        inside: list[list[Link]] = [[] for _ in parts]
        for link in self.links:
            source, target = place.get(link.source), place.get(link.target)
            if source and target and source[0] == target[0]:
                inside[source[0]].append(link._replace(source=source[1], target=target[1]))
        return [
            Network(
                tuple(self.nodes[number] for number in part),
                tuple(self.labels[number] for number in part),
                tuple(self.classes[number] for number in part),
                tuple(links),
                self.prefixes,
            )
            for part, links in zip(parts, inside, strict=True)
        ]

    def within(self, kept: Iterable[int]) -> "Network":
        """The part of it that has these things, and the links between them."""
        return self.split([sorted(kept)])[0]

    def multigraph(self) -> "nx.MultiDiGraph[str]":
        """All of it as NetworkX has it: nodes are IRIs with `label` and `types`, links have `weight`, and the name of
        their property as their key.
        """
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for node, label, classes in zip(self.nodes, self.labels, self.classes, strict=True):
            graph.add_node(node.value, label=label, types=[self._curie(one) for one in classes])
        for source, target, name, weight in self.links:
            key = self._curie(name)
            ends = self.nodes[source].value, self.nodes[target].value
            graph.add_edge(*ends, key=key, property=name, label=key, weight=weight)
        return graph

    def _curie(self, iri: str) -> str:
        prefix, local = prefixed(iri, self.prefixes)
        return local if prefix is None else f"{prefix}:{local}"


def whole(network: Network) -> list[str]:
    """The IRI of the note's thing that each thing is or lies in: what stands before its fragment, where it has one."""
    base = network.prefixes.get("n", "")
    ids = f"{base}#id/"
    found = []
    for node in network.nodes:
        head, mark, _ = node.value.partition("#")
        if node.value.startswith(ids):  # an IRI has one `#`: what lies inside goes on with `/`
            found.append(ids + node.value[len(ids) :].partition("/")[0])
        else:
            found.append(head if mark and head != base else node.value)
    return found


def network(
    store: Store | str | Path, *, links: Iterable[str] = (), classes: Iterable[str] = (), inferred: bool = False
) -> "nx.MultiDiGraph[str]":
    """The network of a store as a directed multigraph of NetworkX.

    Nodes are IRIs, with `label` and `types` (CURIEs); the key of a link is the CURIE of its property, with `weight`,
    which for kg:linksTo is the number of mentions. `links` are the properties and `classes` the classes to be taken,
    as CURIEs, IRIs or names; with `inferred` what was inferred is taken too. Raises KgError where a name is none.
    """
    return read(store, links=links, classes=classes, inferred=inferred).multigraph()


def read(
    store: Store | str | Path, *, links: Iterable[str] = (), classes: Iterable[str] = (), inferred: bool = False
) -> Network:
    """The network of a store. Raises KgError."""
    opened = store if isinstance(store, Store) else Store(store)
    return _Reader(opened, inferred).network([*links], [*classes])


@dataclass(frozen=True)
class _Reader:
    store: Store
    inferred: bool

    def network(self, links: Sequence[str], classes: Sequence[str]) -> Network:
        taken = {term for name in classes for term in self._terms(name, "class")}
        types = self._types(taken)
        nodes = tuple(sorted(types, key=lambda node: node.value))
        numbers = {node: number for number, node in enumerate(nodes)}
        chosen = [term for name in links for term in self._terms(name, "property")] or self._properties()
        found = tuple(self._links(numbers, sorted(set(chosen), key=lambda one: one.value)))
        return Network(nodes, self._labels(nodes), tuple(map(types.__getitem__, nodes)), found, self.store.prefixes)

    # ---- nodes ---------------------------------------------------------------------------------------------------

    def _types(self, taken: set[ox.NamedNode]) -> dict[ox.NamedNode, tuple[str, ...]]:
        """The classes of each thing that is a node."""
        declared = {quad.subject for quad in self.store.find(None, _TYPE, None, _ONTOLOGY)}
        apart = self._structural - {MISSING} - taken
        classes = self._classes - apart
        found: dict[ox.NamedNode, list[str]] = {}
        wanted: set[ox.NamedNode] = set()
        for class_ in sorted(classes, key=lambda one: one.value):
            nodes = {quad.subject for quad in self.store.find(None, _TYPE, class_, _DEFAULT)} - declared
            for node in nodes:
                if isinstance(node, ox.NamedNode):
                    found.setdefault(node, []).append(class_.value)
                    if not taken or class_ in taken:
                        wanted.add(node)
        return {node: tuple(found[node]) for node in wanted}

    @cached_property
    def _classes(self) -> set[ox.NamedNode]:
        """Every class that something has."""
        rows = self.store.select("SELECT DISTINCT ?class { [] a ?class }")
        return {row[0] for row in rows if isinstance(row[0], ox.NamedNode)}

    @cached_property
    def _structural(self) -> set[ox.NamedNode]:
        """What reading makes of the notes themselves."""
        quads = self.store.find(None, STRUCTURAL, None, _ONTOLOGY)
        return {quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)}

    def _labels(self, nodes: Iterable[ox.NamedNode]) -> tuple[str, ...]:
        """What each node is called: its label, the first where it has more, else its name in its IRI.

        A section is called by its note's name too, as a link writes it: `Lean UX#Outcomes`.
        """
        found: dict[object, str] = {}
        for quad in self.store.find(None, _LABEL, None, _DEFAULT):
            label = getattr(quad.object, "value", "")
            known = found.get(quad.subject)
            found[quad.subject] = label if known is None else min(known, label)
        names = Names(self.store.prefixes.get("n", ""))

        def called(node: ox.NamedNode) -> str:
            return found.get(node) or names.to_path(node.value) or node.value

        def whole(node: ox.NamedNode) -> str:
            at = str(node).encode()
            return (
                f"{called(_node(_outermost(at, self._outer)))}#{called(node)}" if at in self._sections else called(node)
            )

        return tuple(map(whole, nodes))

    # ---- links ---------------------------------------------------------------------------------------------------

    def _properties(self) -> list[ox.NamedNode]:
        """The properties that link: all but the structural ones, of which kg:linksTo and kg:mentions are taken."""
        apart = self._structural - {LINKS, MENTIONS} | {_TYPE}
        return [name for name in self.store.predicates if name not in apart]

    def _links(self, numbers: Mapping[ox.NamedNode, int], properties: Sequence[ox.NamedNode]) -> Iterator[Link]:
        """The links, by their properties and then by their ends."""
        import numpy as np

        keys = {str(node).encode(): number for node, number in numbers.items()}
        asked = MENTIONS in properties or LINKS in properties
        read = dict.fromkeys([*properties, MENTIONS] if asked else properties)
        stated = dict(zip(read, in_threads(self._stated, read), strict=True))
        within, whole = self._mentions(stated[MENTIONS], keys) if asked else ({}, {})
        size = len(numbers)
        for name in properties:
            if name == MENTIONS:
                yield from (Link(*pair, name.value, weight) for pair, weight in sorted(within.items()))
                continue
            found = ((keys.get(one, -1), keys.get(other, -1)) for one, other in stated[name])
            codes = np.sort(np.fromiter((a * size + b for a, b in found if a >= 0 <= b != a), np.int64))
            sources, targets = (one.tolist() for one in np.divmod(codes, max(size, 1)))
            weights = (
                map(whole.get, zip(sources, targets, strict=True), repeat(1)) if name == LINKS and whole else repeat(1)
            )
            yield from map(Link, sources, targets, repeat(name.value), weights)

    @cached_property
    def _sections(self) -> dict[bytes, bytes]:
        """Of each section the section or thing that it stands in."""
        return self._inside(_INSIDE[0])

    @cached_property
    def _outer(self) -> dict[bytes, bytes]:
        """Of each section and block the section or thing that it stands in."""
        return {**self._sections, **self._inside(_INSIDE[1])}

    def _inside(self, name: ox.NamedNode) -> dict[bytes, bytes]:
        rows = (row.partition(b"\t") for row in self._rows(f"?s {name} ?o"))
        return {inner: outer for outer, _, inner in rows}

    def _mentions(
        self, stated: Iterable[tuple[bytes, bytes]], numbers: Mapping[bytes, int]
    ) -> tuple[Counter[_Pair], Counter[_Pair]]:
        """How often things mention each other: where one lies inside a note, and the notes' things as wholes."""
        within: Counter[_Pair] = Counter()
        whole: Counter[_Pair] = Counter()
        known: dict[bytes, tuple[int, bool, int]] = {}
        for place, target in stated:
            for end in (place, target):
                if end not in known:
                    known[end] = _owners(end, self._outer, numbers)
            (source, source_is_inside, source_note), (goal, goal_is_inside, goal_note) = known[place], known[target]
            if (source_is_inside or goal_is_inside) and min(source, goal) >= 0 and source != goal:
                within[source, goal] += 1
            whole[source_note, goal_note] += 1
        return within, whole

    def _stated(self, name: ox.NamedNode) -> list[tuple[bytes, bytes]]:
        """The ends of a property, of what notes say or of all that is known, as N-Triples writes them.

        Written out by Oxigraph and taken apart as text, which takes a quarter of the time that its terms would take.
        """
        apart = () if self.inferred else (_INFERRED, _ONTOLOGY, _METRICS)
        left_out = {row for graph in apart for row in self._rows(f"GRAPH {graph} {{ ?s {name} ?o }}")}
        parts = (row.partition(b"\t") for row in self._rows(f"?s {name} ?o") if row not in left_out)
        return [(subject, obj) for subject, _, obj in parts]

    def _rows(self, pattern: str) -> list[bytes]:
        return self.store.rows("?s ?o", pattern)

    # ---- names ---------------------------------------------------------------------------------------------------

    def _terms(self, name: str, kind: str) -> list[ox.NamedNode]:
        """The classes or properties of a name: an IRI, a CURIE, or a label that the ontology gives. Raises KgError."""
        if given := written_iri(name, self.store.prefixes):
            return [given]
        wanted = letters_and_digits(name)
        known = self._declared(kind)
        found = sorted(iri for iri, names in known.items() if wanted in names)
        if found:
            return [ox.NamedNode(one) for one in found]
        near = get_close_matches(wanted, sorted({one for names in known.values() for one in names}), 1, 0.7)
        meant = next((iri for iri, names in sorted(known.items()) if near and near[0] in names), "")
        hint = f"; did you mean {self._called(meant)}?" if meant else ""
        raise KgError(f"no {kind} is named “{name}”{hint}")

    def _declared(self, kind: str) -> dict[str, set[str]]:
        """The names of each class, or of each property that is in use, letters and digits only."""
        found: dict[str, set[str]] = {}
        for term in self._classes if kind == "class" else self.store.predicates:
            labels = (
                getattr(q.object, "value", "") for name in _NAMES for q in self.store.find(term, name, None, _DEFAULT)
            )
            found[term.value] = {letters_and_digits(one) for one in (*labels, local_name(term.value))}
        return found

    def _called(self, iri: str) -> str:
        prefix, local = prefixed(iri, self.store.prefixes)
        return f"{prefix}:{local}" if prefix else f"<{iri}>"


def _owners(place: bytes, outer: Mapping[bytes, bytes], numbers: Mapping[bytes, int]) -> tuple[int, bool, int]:
    """The innermost thing that a place is or lies in, whether that is inside another, and the outermost; else -1."""
    inner = next(((numbers[at], at in outer) for at in _way_out(place, outer) if at in numbers), None)
    outermost = _outermost(place, outer)
    note = numbers.get(outermost, -1)
    if note < 0 and b"#" in outermost:  # a place in a note that is missing
        note = numbers.get(outermost.partition(b"#")[0] + b">", -1)
    return (*(inner or (note, False)), note)


def _outermost(place: bytes, outer: Mapping[bytes, bytes]) -> bytes:
    return [*_way_out(place, outer)][-1]


def _way_out(place: bytes, outer: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """A place, what it stands in, what that stands in, and so on."""
    at: bytes | None = place
    seen: set[bytes] = set()
    while at is not None and at not in seen:
        yield at
        seen.add(at)
        at = outer.get(at)


def _node(term: bytes) -> ox.NamedNode:
    return ox.NamedNode(term[1:-1].decode())
