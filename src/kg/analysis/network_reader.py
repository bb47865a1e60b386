"""Read the network of things and links from a store."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.analysis.network import Network, NetworkLink
from kg.core.errors import KgError
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import letters_and_digits
from kg.mapping.ontology import local_name
from kg.rdf.iris import prefixed
from kg.rdf.terms import KG
from kg.rdf.vocabulary import (
    ALT_LABEL,
    HAS_BLOCK,
    HAS_SECTION,
    LABEL,
    LINKS_TO,
    MENTIONS,
    MISSING,
    ONTOLOGY_GRAPH,
    OWN_GRAPHS,
    PREF_LABEL,
    STRUCTURAL,
    TYPE,
)
from kg.store.many_names import ManyNames
from kg.store.name_meanings import NameMeanings, written_iri
from kg.store.store import Store, in_threads

if TYPE_CHECKING:
    import networkx as nx


_NAMES = (LABEL, PREF_LABEL, ALT_LABEL)


_Pair = tuple[int, int]


def network(
    store: Store | str | Path, *, links: Iterable[str] = (), classes: Iterable[str] = (), inferred: bool = False
) -> "nx.MultiDiGraph[str]":
    """Return the network of a store as a directed NetworkX multigraph.

    Nodes are IRIs, with `label` and `types` (CURIEs). The key of a link is the CURIE of its property; its `weight` is
    the number of mentions for kg:linksTo. `links` and `classes` select properties and classes, as CURIEs, IRIs or
    names; `inferred` includes inferred triples. Raises KgError for an unknown name.
    """
    return read(store, links=links, classes=classes, inferred=inferred).multigraph()


def read(
    store: Store | str | Path, *, links: Iterable[str] = (), classes: Iterable[str] = (), inferred: bool = False
) -> Network:
    """Return the network of a store. Raises KgError."""
    opened = store if isinstance(store, Store) else Store(store)
    return _NetworkReader(opened, inferred).network([*links], [*classes])


@dataclass(frozen=True)
class _NetworkReader:
    store: Store
    inferred: bool

    def network(self, links: Sequence[str], classes: Sequence[str]) -> Network:
        selected = {term for name in classes for term in self._terms(name, "class")}
        types = self._types(selected)
        nodes = tuple(sorted(types, key=lambda node: node.value))
        numbers = {node: number for number, node in enumerate(nodes)}
        chosen = [term for name in links for term in self._terms(name, "property")] or self._properties()
        edges = tuple(self._links(numbers, sorted(set(chosen), key=lambda iri: iri.value)))
        names = tuple(ManyNames(NameMeanings.of(self.store)).names(nodes))
        return Network(nodes, names, tuple(map(types.__getitem__, nodes)), edges, self.store.prefixes)

    # ---- nodes ---------------------------------------------------------------------------------------------------

    def _types(self, taken: set[ox.NamedNode]) -> dict[ox.NamedNode, tuple[str, ...]]:
        """The classes of each node."""
        declared = {quad.subject for quad in self.store.find(None, TYPE, None, ONTOLOGY_GRAPH)}
        excluded = self._structural - {MISSING} - taken
        classes = self._classes - excluded
        types: dict[ox.NamedNode, list[str]] = {}
        wanted: set[ox.NamedNode] = set()
        for class_ in sorted(classes, key=lambda iri: iri.value):
            nodes = {quad.subject for quad in self.store.triples(None, TYPE, class_)} - declared
            for node in nodes:
                if isinstance(node, ox.NamedNode):
                    types.setdefault(node, []).append(class_.value)
                    if not taken or class_ in taken:
                        wanted.add(node)
        return {node: tuple(types[node]) for node in wanted}

    @cached_property
    def _classes(self) -> set[ox.NamedNode]:
        """Every class that has an instance."""
        rows = self.store.solutions("SELECT DISTINCT ?class { [] a ?class }")
        return {row[0] for row in rows if isinstance(row[0], ox.NamedNode)}

    @cached_property
    def _structural(self) -> set[ox.NamedNode]:
        """The classes and properties of the notes themselves, not of their content."""
        quads = self.store.find(None, STRUCTURAL, None, ONTOLOGY_GRAPH)
        return {quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)}

    # ---- links ---------------------------------------------------------------------------------------------------

    def _properties(self) -> list[ox.NamedNode]:
        """The properties that link: all except the structural; kg:linksTo and kg:mentions are included."""
        excluded = self._structural - {LINKS_TO, MENTIONS} | {TYPE}
        return [name for name in self.store.predicates if name not in excluded]

    def _links(self, numbers: Mapping[ox.NamedNode, int], properties: Sequence[ox.NamedNode]) -> Iterator[NetworkLink]:
        """The links, sorted by property and then by ends."""
        import numpy as np

        keys = {str(node).encode(): number for node, number in numbers.items()}
        needs_mentions = MENTIONS in properties or LINKS_TO in properties
        predicates = dict.fromkeys([*properties, MENTIONS] if needs_mentions else properties)
        stated = dict(zip(predicates, in_threads(self._stated, predicates), strict=True))
        within, whole = self._mentions(stated[MENTIONS], keys) if needs_mentions else ({}, {})
        size = len(numbers)
        for name in properties:
            if name == MENTIONS:
                yield from (NetworkLink(*pair, name.value, weight) for pair, weight in sorted(within.items()))
                continue
            pairs = ((keys.get(end, -1), keys.get(target, -1)) for end, target in stated[name])
            codes = np.sort(np.fromiter((a * size + b for a, b in pairs if a >= 0 <= b != a), np.int64))
            sources, targets = (end.tolist() for end in np.divmod(codes, max(size, 1)))
            weights = (
                map(whole.get, zip(sources, targets, strict=True), repeat(1))
                if name == LINKS_TO and whole
                else repeat(1)
            )
            yield from map(NetworkLink, sources, targets, repeat(name.value), weights)

    @cached_property
    def _sections(self) -> dict[bytes, bytes]:
        """The section or thing that contains each section."""
        return self._inside(HAS_SECTION)

    @cached_property
    def _outer(self) -> dict[bytes, bytes]:
        """The section or thing that contains each section and block."""
        return {**self._sections, **self._inside(HAS_BLOCK)}

    def _inside(self, name: ox.NamedNode) -> dict[bytes, bytes]:
        rows = (row.partition(b"\t") for row in self._rows(f"?s {name} ?o"))
        return {inner: outer for outer, _, inner in rows}

    def _mentions(
        self, stated: Iterable[tuple[bytes, bytes]], numbers: Mapping[bytes, int]
    ) -> tuple[Counter[_Pair], Counter[_Pair]]:
        """Count mentions between things: those with an end inside a note, and those between the notes' things."""
        within: Counter[_Pair] = Counter()
        whole: Counter[_Pair] = Counter()
        owners: dict[bytes, tuple[int, bool, int]] = {}
        for place, target in stated:
            for end in (place, target):
                if end not in owners:
                    owners[end] = _owners(end, self._outer, numbers)
            (source, source_is_inside, source_note), (goal, goal_is_inside, goal_note) = owners[place], owners[target]
            if (source_is_inside or goal_is_inside) and min(source, goal) >= 0 and source != goal:
                within[source, goal] += 1
            whole[source_note, goal_note] += 1
        return within, whole

    def _stated(self, name: ox.NamedNode) -> list[tuple[bytes, bytes]]:
        """Subject and object pairs of a property, as N-Triples text; asserted only, unless `inferred` is set.

        Oxigraph writes them and they are split as text, which takes a quarter of the time of reading its terms.
        """
        excluded = () if self.inferred else OWN_GRAPHS
        omitted = {row for graph in excluded for row in self._rows(f"GRAPH {graph} {{ ?s {name} ?o }}")}
        parts = (row.partition(b"\t") for row in self._rows(f"?s {name} ?o") if row not in omitted)
        return [(subject, obj) for subject, _, obj in parts]

    def _rows(self, pattern: str) -> list[bytes]:
        return self.store.rows("?s ?o", pattern)

    # ---- names ---------------------------------------------------------------------------------------------------

    def _terms(self, name: str, kind: str) -> list[ox.NamedNode]:
        """The classes or properties of a name: an IRI, a CURIE, or a label from the ontology. Raises KgError."""
        if term := written_iri(name, self.store.prefixes):
            return [term]
        wanted = letters_and_digits(name)
        declared = self._declared(kind)
        matches = sorted(iri for iri, names in declared.items() if wanted in names)
        if matches:
            return [ox.NamedNode(text) for text in matches]
        similar = nearest(wanted, {text for names in declared.values() for text in names})
        others = sorted(declared.items(), key=lambda row: (not row[0].startswith(KG), row[0]))
        suggestion = next((iri for iri, names in others if similar in names), "")
        raise KgError(f"no {kind} is named “{name}”{did_you_mean(suggestion and self._called(suggestion))}")

    def _declared(self, kind: str) -> dict[str, set[str]]:
        """The names of each class, or of each property in use, reduced to letters and digits."""
        names_of: dict[str, set[str]] = {}
        for term in self._classes if kind == "class" else self.store.predicates:
            labels = (getattr(q.object, "value", "") for name in _NAMES for q in self.store.triples(term, name, None))
            names_of[term.value] = {letters_and_digits(label) for label in (*labels, local_name(term.value))}
        return names_of

    def _called(self, iri: str) -> str:
        prefix, local = prefixed(iri, self.store.prefixes)
        return f"{prefix}:{local}" if prefix else f"<{iri}>"


def _owners(place: bytes, outer: Mapping[bytes, bytes], numbers: Mapping[bytes, int]) -> tuple[int, bool, int]:
    """The innermost thing of a place, whether that lies inside another, and the outermost thing; -1 if missing."""
    inner = next(((numbers[at], at in outer) for at in _way_out(place, outer) if at in numbers), None)
    outermost = _outermost(place, outer)
    note = numbers.get(outermost, -1)
    if note < 0 and b"#" in outermost:  # a place in a missing note
        note = numbers.get(outermost.partition(b"#")[0] + b">", -1)
    return (*(inner or (note, False)), note)


def _outermost(place: bytes, outer: Mapping[bytes, bytes]) -> bytes:
    return [*_way_out(place, outer)][-1]


def _way_out(place: bytes, outer: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """Yield a place, its container, the container of that, and so on."""
    current: bytes | None = place
    seen: set[bytes] = set()
    while current is not None and current not in seen:
        yield current
        seen.add(current)
        current = outer.get(current)


def _node(term: bytes) -> ox.NamedNode:
    return ox.NamedNode(term[1:-1].decode())
