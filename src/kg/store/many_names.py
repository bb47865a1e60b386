"""The names of many things: those that `ThingNames` gives, found by a few scans of the store instead of look-ups."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pyoxigraph as ox

from kg.notes.summary import heading_key
from kg.rdf.vocabulary import HAS_SECTION, HEADING, LABEL, PREF_LABEL
from kg.store.name_meanings import NameMeanings
from kg.store.thing_names import ThingNames, is_inside, is_plain, link_text


@dataclass(frozen=True)
class ManyNames:
    """The names of the things in a store. A name that nothing else resembles needs no look-up."""

    meant: NameMeanings
    _known: dict[ox.NamedNode, str] = field(default_factory=dict)

    def names(self, nodes: Iterable[ox.NamedNode]) -> Iterator[str]:
        """The name of each thing."""
        return map(self._name, nodes)

    def _name(self, node: ox.NamedNode) -> str:
        if node not in self._known:
            simple = self._of_section(node) if node in self._outer else self._of_label(node)
            self._known[node] = simple or self._one_by_one.name(node)
        return self._known[node]

    @cached_property
    def _one_by_one(self) -> ThingNames:
        return ThingNames(self.meant)

    def _of_label(self, node: ox.NamedNode) -> str:
        """The label of a thing, if it surely means this thing alone; else nothing."""
        meant, label = self.meant, self._labels.get(node, "")
        is_special = "#%5E" in node.value or node.value.startswith((meant.names.tag(""), meant.names.property("")[:-1]))
        if is_special or not _is_simple(label) or label in self._terms or meant.alike(label) != {node}:
            return ""
        files = {thing for path in meant.paths.matches(label) for thing in meant.of_path[path]}
        if files:
            return label if files == {node} else ""
        others = {meant.names.entity(label), meant.names.missing(label)} - {node.value}
        return "" if others & self._labelled else label

    def _of_section(self, node: ox.NamedNode) -> str:
        """The name of a section by its own heading, if no other section of the thing has a heading like it."""
        heading, whole = self._headings[node], self._whole(node)
        if not heading or self._uses[whole, heading_key(heading)] != 1 or not is_plain(heading):
            return ""
        name = self._name(whole)
        text = f"{name}#{heading}"
        return text if _is_simple(name) and not self.meant.paths.matches(text) else ""

    def _whole(self, node: ox.NamedNode) -> ox.NamedNode:
        """The thing that a section is in, through all sections around it."""
        seen: set[ox.NamedNode] = set()
        while node in self._outer and node not in seen:
            seen.add(node)
            node = self._outer[node]
        return node

    @cached_property
    def _outer(self) -> Mapping[ox.NamedNode, ox.NamedNode]:
        """The thing or section around each section."""
        ends = ((quad.subject, quad.object) for quad in self.meant.store.triples(None, HAS_SECTION, None))
        return {
            inner: outer
            for outer, inner in ends
            if isinstance(inner, ox.NamedNode)
            and isinstance(outer, ox.NamedNode)
            and is_inside(inner.value, outer.value)
        }

    @cached_property
    def _headings(self) -> Mapping[ox.NamedNode, str]:
        texts = dict(self._texts(HEADING))
        return {node: link_text(texts.get(node, "")) for node in self._outer}

    @cached_property
    def _uses(self) -> Counter[tuple[ox.NamedNode, str]]:
        return Counter((self._whole(node), heading_key(text)) for node, text in self._headings.items())

    @cached_property
    def _labels(self) -> Mapping[ox.NamedNode, str]:
        """The least of the labels of each thing."""
        return dict(sorted(self._texts(PREF_LABEL), key=lambda row: row[1], reverse=True))

    @cached_property
    def _labelled(self) -> frozenset[str]:
        return frozenset(node.value for node in self._labels)

    @cached_property
    def _terms(self) -> frozenset[str]:
        """The labels of the ontology's terms."""
        return frozenset(text for _, text in self._texts(LABEL))

    def _texts(self, predicate: ox.NamedNode) -> Iterator[tuple[ox.NamedNode, str]]:
        for quad in self.meant.store.triples(None, predicate, None):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
                yield quad.subject, quad.object.value


def _is_simple(name: str) -> bool:
    """Whether a name is certainly no IRI, no tag and no link to a part of a thing."""
    return is_plain(name) and not any(mark in name for mark in ":#[")
