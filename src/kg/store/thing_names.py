"""The names of things: of each thing one, the same in every command.

It is the first of its label, its shortest link text, its CURIE and its IRI that means this thing and no other. So every
name that kg prints is a name that kg accepts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

import pyoxigraph as ox

from kg.core.text import is_text, one_line
from kg.rdf.iris import prefixed
from kg.rdf.terms import INFERRED, KG
from kg.rdf.vocabulary import HAS_BLOCK, HAS_SECTION, HEADING, LABEL, PREF_LABEL
from kg.store.name_meanings import NameMeanings, written_iri

_INSIDE = (HAS_SECTION, HAS_BLOCK, ox.NamedNode(KG + "lists"), ox.NamedNode(KG + "hasTask"))
"""The properties that lead from a thing or section to what is inside it."""
_NOT_IN_LINK = re.compile(r"(?:[#|^:\[\]\s]|%%)+")
"""What Obsidian leaves out of the heading in a link."""


def curie(term: ox.NamedNode, prefixes: Mapping[str, str]) -> str:
    """An IRI as a CURIE with the longest known prefix, or in angle brackets."""
    prefix, local = prefixed(term.value, prefixes)
    return f"{prefix}:{local}" if prefix is not None else f"<{local}>"


@dataclass(frozen=True)
class ThingNames:
    """The names of the things in a store."""

    meant: NameMeanings
    _known: dict[ox.NamedNode, str] = field(default_factory=dict)

    def name(self, node: ox.NamedNode) -> str:
        """The name of a thing: the first of its names that means it and no other, else its CURIE or its IRI."""
        if node not in self._known:
            texts = (text if is_plain(text) else one_line(text) for text in self._names(node))
            fitting = (text for text in texts if is_plain(text) and self._means(text, node))
            self._known[node] = next(fitting, curie(node, self.meant.prefixes))
        return self._known[node]

    def _names(self, node: ox.NamedNode) -> Iterator[str]:
        """The names that a thing may have, best first."""
        tags = self.meant.names.tag("")
        container = self._container(node)
        labels = self.labels(node)
        if node.value.startswith(tags):
            yield from (f"#{label}" for label in (*labels, unquote(node.value[len(tags) :])))
        elif container:
            yield from self._part_names(node, container, labels)
        elif not node.value.startswith(self.meant.names.property("")[:-1]):
            yield from labels
            yield from self._english(node)
            yield from self._link_texts(self.meant.path_of(node))
        if node.value.startswith(self.meant.names.base) and "#" not in node.value:
            yield self.meant.names.to_path(node.value)
        if prefixed(node.value, self.meant.prefixes)[0] is None:
            yield node.value

    def labels(self, node: ox.NamedNode) -> list[str]:
        """The preferred labels that notes give a thing, without those inferred from an equal thing."""
        quads = self.meant.store.find(node, PREF_LABEL, None, None)
        stated = (q for q in quads if isinstance(q.graph_name, ox.NamedNode) and q.graph_name.value != INFERRED[1:-1])
        return sorted({quad.object.value for quad in stated if isinstance(quad.object, ox.Literal)})

    def _english(self, node: ox.NamedNode) -> list[str]:
        """The labels of a term of the ontology, without a language or in English."""
        labels = (q.object for q in self.meant.store.triples(node, LABEL, None))
        return sorted(
            label.value for label in labels if isinstance(label, ox.Literal) and label.language in {None, "en"}
        )

    @staticmethod
    def _link_texts(path: str) -> Iterator[str]:
        """The texts of links to a file, shortest first."""
        parts = (path[:-3] if path.lower().endswith(".md") else path).split("/")
        yield from ("/".join(parts[-count:]) for count in range(1, len(parts) + 1))

    def _part_names(self, node: ox.NamedNode, container: ox.NamedNode, labels: list[str]) -> Iterator[str]:
        """The names of a section, block or item."""
        way = [node, container]
        while (around := self._container(way[-1])) and around not in way:
            way.append(around)
        whole = self.name(way[-1])
        inside = node.value[len(container.value) + 1 :]
        headings = [link_text(self.meant.text(place, HEADING)) for place in way[:-1]]
        if inside.rpartition("#")[2].startswith("%5E"):
            yield f"{whole}#^{unquote(inside.rpartition('%5E')[2])}"
        elif headings[0]:
            yield from self._subpaths(way[-1], whole, headings)
        else:
            yield from labels
            yield f"{self.name(container)}#{unquote(inside.removeprefix('/'))}"
        yield f"{whole}#{unquote(node.value[len(way[-1].value) + 1 :])}"

    def _subpaths(self, entity: ox.NamedNode, whole: str, headings: list[str]) -> Iterator[str]:
        """The names of a section, by its heading and those above it: those that no other heading matches come first."""
        subpaths = ["#".join(reversed(headings[: count + 1])) for count in range(len(headings))]
        matches = [self.meant.outline(entity).headings.section(subpath) for subpath in subpaths]
        ranked = sorted(
            zip((bool(match and match[1]) for match in matches), subpaths, strict=True), key=lambda row: row[0]
        )
        yield from (f"{whole}#{subpath}" for _, subpath in ranked)

    def _container(self, node: ox.NamedNode) -> ox.NamedNode | None:
        """The thing or section that a section, block or item is inside."""
        for predicate in _INSIDE:
            for quad in self.meant.store.triples(None, predicate, node):
                if isinstance(quad.subject, ox.NamedNode) and is_inside(node.value, quad.subject.value):
                    return quad.subject
        return ox.NamedNode(node.value.partition("#")[0]) if self.meant.is_part(node) else None

    def _means(self, text: str, node: ox.NamedNode) -> bool:
        """Whether a text names a thing and no other."""
        iri = written_iri(text, self.meant.prefixes)
        if iri:
            return iri == node
        return self.meant.likeliest(next(filter(None, self.meant.meanings(text)), set())) == {node}

    def inside(self, text: str) -> list[str]:
        """The names of the sections of the thing that a text like `Note#Heading` begins with."""
        name, hash_, _ = text.partition("#")
        wholes = self.meant.whole(name) if hash_ and is_text(text) else set()
        return [self.name(section) for node in wholes for section in self.meant.sections(node)]


def link_text(heading: str) -> str:
    """A heading as a link writes it."""
    return _NOT_IN_LINK.sub(" ", heading).strip()


def is_inside(inner: str, outer: str) -> bool:
    """Whether an IRI is that of a part of another thing."""
    return inner.startswith(outer) and inner[len(outer) :].startswith("/" if "#" in outer else "#")


def is_plain(text: str) -> bool:
    """Whether a terminal prints a text as it is."""
    return bool(text) and text.isprintable() and text == text.strip()
