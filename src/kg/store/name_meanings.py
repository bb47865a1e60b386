"""What a name means in a store: the thing that a wikilink in the vault's root, a label or an alias leads to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import pyoxigraph as ox

from kg.core.text import is_text, letters_and_digits
from kg.mapping.link_resolution import Headings, Paths
from kg.notes.summary import Heading, heading_key
from kg.rdf.iris import Names, encode_path, is_absolute
from kg.rdf.terms import KG
from kg.rdf.vocabulary import (
    DESCRIBES,
    HAS_BLOCK,
    HAS_SECTION,
    HEADING,
    LABEL,
    LABELS,
    ONTOLOGY_GRAPH,
    ORDER,
    PATH,
    PREF_LABEL,
)
from kg.store.store import Store

_LEVEL = ox.NamedNode(KG + "level")
_WIKILINK = re.compile(r"\s*!?\[\[([^|]*)(?:\|.*)?\]\]\s*")
_MOST_SPLITS = 8
"""How many of a name's `#` may begin the subpath: the label of a note may contain some."""


def written_iri(text: str, prefixes: Mapping[str, str]) -> ox.NamedNode | None:
    """Parse a text as an IRI, in full or with a prefix from `prefixes`; None if it is neither."""
    text = text.strip()
    prefix, colon, local = text.partition(":")
    try:
        if text.startswith("<") and text.endswith(">"):
            return ox.NamedNode(text[1:-1])
        if colon and prefix in prefixes:
            return ox.NamedNode(prefixes[prefix] + local)
        return ox.NamedNode(text) if is_absolute(text) and "://" in text else None
    except ValueError:
        return None


@dataclass(frozen=True)
class SectionHeadings:
    """The sections of a thing: their headings as links look them up, and the section of each."""

    headings: Headings
    sections: Mapping[Heading, ox.NamedNode]


@dataclass(frozen=True)
class NameMeanings:
    """The things of a store that names mean."""

    store: Store
    names: Names
    prefixes: Mapping[str, str]
    files: Paths | None = None
    """The look-up of the files in the store, where one exists already."""
    _outlines: dict[ox.NamedNode, SectionHeadings] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> "NameMeanings":
        """The meanings by the base and the prefixes of the store itself."""
        return cls(store, Names(store.prefixes.get("n", "")), store.prefixes)

    def meanings(self, text: str) -> Iterator[set[ox.NamedNode]]:
        """The things that a text may name exactly, most certain first: a tag, a link's target, things by label."""
        link = _WIKILINK.fullmatch(text)
        text = link[1] if link else text
        if not is_text(text):  # bytes from a command line that are not UTF-8
            return
        if text.startswith("#"):
            yield self._there(self.names.tag(text[1:]))
        yield self._linked(text)
        yield from self._wholes(text)
        yield {node for node in self.alike(text) if self._is_whole(node)}
        yield {*self._labelled(LABEL, text)}
        yield {*self._labelled(PREF_LABEL, text)}

    def likeliest(self, nodes: set[ox.NamedNode]) -> set[ox.NamedNode]:
        """Of the things with a name, those that notes describe; else those that are not tags; else all."""
        described = {node for node in nodes if self.store.has(None, DESCRIBES, node)}
        tags = self.names.tag("")
        return described or {node for node in nodes if not node.value.startswith(tags)} or nodes

    def _linked(self, text: str) -> set[ox.NamedNode]:
        """The things that a wikilink with this text leads to."""
        found = self._files(text)
        splits = islice((at for at, character in enumerate(text) if character == "#" and at), _MOST_SPLITS)
        while not found and (at := next(splits, 0)):
            found = {part for node in self.whole(text[:at]) for part in self._part(node, text[at + 1 :])}
        return found

    def whole(self, text: str) -> set[ox.NamedNode]:
        """The single thing with a name that is no part of another; empty if there is none."""
        likeliest = self.likeliest(next(filter(None, (self._files(text), *self._wholes(text))), set()))
        return likeliest if len(likeliest) == 1 else set()

    def _wholes(self, text: str) -> Iterator[set[ox.NamedNode]]:
        """The things with a label, then those with an alias, without tags, parts of notes and ontology terms."""
        for predicate in LABELS:
            yield {*filter(self._is_whole, self._labelled(predicate, text))}

    def alike(self, text: str) -> set[ox.NamedNode]:
        """The things with a label or an alias of the same letters and digits."""
        return self._by_letters.get(letters_and_digits(text), set())

    @cached_property
    def _by_letters(self) -> Mapping[str, set[ox.NamedNode]]:
        things: dict[str, set[ox.NamedNode]] = {}
        for node, label in self.labelled():
            things.setdefault(letters_and_digits(label), set()).add(node)
        things.pop("", None)
        return things

    def labelled(self) -> Iterator[tuple[ox.NamedNode, str]]:
        """The things with a label or an alias, with each of them."""
        for predicate in LABELS:
            for quad in self.store.triples(None, predicate, None):
                if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
                    yield quad.subject, quad.object.value

    def _is_whole(self, node: ox.NamedNode) -> bool:
        """Whether a thing is neither a tag, nor a part of a note, nor a class or property with a label."""
        is_inner = node.value.startswith(self.names.tag("")) or self.is_part(node)
        return not is_inner and not self.store.has(node, LABEL, None, ONTOLOGY_GRAPH)

    def _files(self, text: str) -> set[ox.NamedNode]:
        """The things of the files that a link path can mean; else what a missing file would be."""
        if not text.strip():
            return set()
        files = {node for path in self.paths.matches(text) for node in self.things_at(path)}
        return files or self._there(self.names.entity(text)) or self._there(self.names.missing(text))

    def _part(self, entity: ox.NamedNode, subpath: str) -> set[ox.NamedNode]:
        """The section, block or item of a thing that a subpath leads to."""
        above, _, last = subpath.rpartition("#")
        places = self._place(entity, above) if above else {entity}
        items = (self._there(self.names.item(place.value, entity.value, last)) for place in places)
        return self._place(entity, subpath) or next(filter(None, items), set())

    def _place(self, entity: ox.NamedNode, subpath: str) -> set[ox.NamedNode]:
        """The section or block of a thing that a subpath leads to, or the part with this fragment."""
        last = subpath.rpartition("#")[2].strip()
        if last.startswith("^"):
            return self._block(entity, last[1:])
        outline = self.outline(entity)
        match = outline.headings.section(subpath)
        fragment = encode_path(subpath.replace("#", "/"))
        return {outline.sections[match[0]]} if match else self._there(self.names.inside(entity.value, fragment))

    def _block(self, entity: ox.NamedNode, id_: str) -> set[ox.NamedNode]:
        exact = self._there(self.names.block(entity.value, id_))
        places = [entity, *self.outline(entity).sections.values()] if not exact else []
        blocks = (q.object for place in places for q in self.store.triples(place, HAS_BLOCK, None))
        wanted = self.names.block(entity.value, id_).lower()
        return exact or {b for b in blocks if isinstance(b, ox.NamedNode) and b.value.lower() == wanted}

    def outline(self, entity: ox.NamedNode) -> SectionHeadings:
        """The sections of a thing by their headings."""
        if entity not in self._outlines:
            sections = {
                Heading(heading_key(self.text(node, HEADING)), int(self.text(node, _LEVEL) or 0), (node.value,)): node
                for node in self.sections(entity)
            }
            self._outlines[entity] = SectionHeadings(Headings(tuple(sections)), sections)
        return self._outlines[entity]

    def sections(self, entity: ox.NamedNode) -> Iterator[ox.NamedNode]:
        """The sections of a thing, in the order of the text."""
        stack, seen = [entity], {entity}
        while stack:
            node = stack.pop()
            if node != entity:
                yield node
            below = {
                q.object for q in self.store.triples(node, HAS_SECTION, None) if isinstance(q.object, ox.NamedNode)
            }
            stack += sorted(below - seen, key=lambda n: (int(self.text(n, ORDER) or 0), n.value), reverse=True)
            seen |= below

    def things_at(self, path: str) -> set[ox.NamedNode]:
        """The things of a file: those that a note describes, or the attachment."""
        rows = (quad.subject for quad in self.store.triples(None, PATH, ox.Literal(path)))
        return {node for document in rows if isinstance(document, ox.NamedNode) for node in self._described(document)}

    def path_of(self, node: ox.NamedNode) -> str:
        """The path of the first file of a thing; empty if it has none."""
        quads = self.store.find(None, DESCRIBES, node, None)
        documents = {q.subject for q in quads if q.subject == q.graph_name and isinstance(q.subject, ox.NamedNode)}
        files = documents if node not in self._described(node) else {*documents, node}
        return min((path for file in files for path in self.store.literals(file, PATH)), default="")

    def _described(self, document: ox.NamedNode) -> set[ox.NamedNode]:
        """The things that a note describes; of any other file, the file."""
        quads = self.store.find(document, DESCRIBES, None, document)
        return {quad.object for quad in quads if isinstance(quad.object, ox.NamedNode)} or {document}

    @cached_property
    def of_path(self) -> Mapping[str, set[ox.NamedNode]]:
        """The things that notes describe, and attachments, by the path of the file."""
        things: dict[str, set[ox.NamedNode]] = {}
        for quad in self.store.triples(None, PATH, None):
            if isinstance(quad.subject, ox.NamedNode):
                things.setdefault(getattr(quad.object, "value", ""), set()).update(self._described(quad.subject))
        return things

    @cached_property
    def paths(self) -> Paths:
        """The paths of the files."""
        return self.files or Paths.of(self.of_path)

    def _labelled(self, predicate: ox.NamedNode, text: str) -> Iterator[ox.NamedNode]:
        """The things with a label, without a language or in English."""
        for literal in (ox.Literal(text), ox.Literal(text, language="en")):
            for quad in self.store.triples(None, predicate, literal):
                if isinstance(quad.subject, ox.NamedNode):
                    yield quad.subject

    def is_part(self, node: ox.NamedNode) -> bool:
        """Whether a thing is a section, block or list item of a note; a note of the same name takes precedence."""
        base = self.names.base
        return (
            bool(base)
            and node.value.startswith(base)
            and "#" in node.value[len(base) + 1 :]
            and node.value[len(base)] != "#"
        )

    def is_there(self, node: ox.NamedNode) -> bool:
        """Whether the store has any triple with a thing."""
        return any(self.store.has(*terms) for terms in ((node, None, None), (None, None, node), (None, node, None)))

    def _there(self, iri: str) -> set[ox.NamedNode]:
        node = written_iri(f"<{iri}>", {})
        return {node} if node and self.is_there(node) else set()

    def text(self, node: ox.NamedNode, predicate: ox.NamedNode) -> str:
        """The text of a property of a thing, the least of several; empty if it has none."""
        return min((str(getattr(q.object, "value", "")) for q in self.store.triples(node, predicate, None)), default="")
