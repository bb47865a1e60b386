"""The properties of a note: those of its front matter and fields, and the title and classes of its entity."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kg.core.text import letters_and_digits, one_line
from kg.mapping.bylines import authors_in
from kg.mapping.collector import Collector, Thing
from kg.mapping.links import LinkMapper, file_name
from kg.mapping.ontology import OntologyProperty
from kg.mapping.structural_terms import CANVAS, CONTENT_HASH, DESCRIBES, NOTE, PATH, PREF_LABEL, WORD_COUNT
from kg.notes.inline import NOT_IN_TAG
from kg.notes.instructions import KEY
from kg.notes.kinds import KIND_KEYS, kind_text, kinds, leaves
from kg.notes.model import NAME_KINDS, Piece, Tag, Value
from kg.rdf.iris import encode_url, is_web
from kg.rdf.terms import RDF_TYPE, SKOS, iri, literal

_VALID_TAG = re.compile(rf"[^{NOT_IN_TAG}]+\Z")
_XSD_KINDS = {"integer", "decimal", "double", "boolean", "date", "dateTime", "duration"}


@dataclass(frozen=True)
class PropertyMapper:
    """States properties of things: `key: value` of the front matter, `Key:: value` in the text."""

    out: Collector
    links: LinkMapper

    def state(self, subject: Thing, key: str, value: Value) -> None:
        """State `key: value` about a thing."""
        if value.kind == "map":
            for name, child in zip(value.keys, value.children[1::2], strict=True):
                self.state(subject, f"{key} {name}", child)
        elif value.kind == "list":
            for child in value.children:
                self.state(subject, key, child)
        elif value.kind != "null" and (value.text or value.links):
            prop = _meant(self.out.ontology.properties_named(key), value)
            if prop:
                predicate = iri(prop.iri)
            else:
                predicate = iri(self.out.names.property(key))
                self.out.label_property(predicate, key.strip(), value.span.start)
            for obj, at in self._objects(subject, prop, value):
                self.out.add(iri(subject.iri), predicate, obj, at)

    def _objects(self, subject: Thing, prop: OntologyProperty | None, value: Value) -> Iterator[tuple[str, int]]:
        """Yield the terms of a value, each with its offset.

        They are entities for an object property, else targets of links or typed literals.
        """
        at = value.span.start
        if prop is not None and prop.kind == "object":
            for link in value.links:
                yield iri(self.links.target(link).exact), at if value.link else link.span.start
            if not value.links:
                for term in self._entities(subject, prop, value):
                    yield term, at
        elif value.link and (prop is None or prop.kind == "any"):
            yield iri(self.links.target(value.link).exact), at
        else:
            yield _literal(prop, value), at

    def _entities(self, subject: Thing, prop: OntologyProperty, value: Value) -> Iterator[str]:
        """Yield the things that a text names as the value of an object property."""
        out, text, at = self.out, one_line(value.text), value.span.start
        class_ = out.ontology.range_known_by_name(prop)
        if is_web(text):
            url = encode_url(text)
            if url:
                yield iri(url)
        elif class_:
            for author in authors_in((Piece(text, None, at),)):
                yield self.links.known_by_name(author, class_)
        elif notes := out.index.titled(letters_and_digits(text)):
            yield iri(notes[0])
        else:
            term = iri(out.names.item(subject.iri, out.entity, text))
            for range_ in sorted(prop.ranges & out.ontology.classes)[:1]:
                out.add(term, RDF_TYPE, iri(range_), at)
            out.label(term, text, at)
            yield term


@dataclass(frozen=True)
class FrontMatterMapper:
    """States the document, the entity that it describes, and the front matter."""

    out: Collector
    links: LinkMapper
    properties: PropertyMapper

    def entity(self, default_class: str | None) -> Thing:
        """State the document, and the title and classes of its entity; return the entity."""
        out, note, named = self.out, self.out.note, self._classes()
        types = tuple(named or filter(None, [default_class]))
        document = iri(out.names.path(note.path))
        out.add(document, RDF_TYPE, CANVAS if note.kind == "canvas" else NOTE, 0)
        out.add(document, DESCRIBES, out.term, 0)
        out.add(document, PATH, file_name(note.path), 0)
        out.add(document, CONTENT_HASH, literal(note.digest), 0)
        out.add(document, WORD_COUNT, literal(str(note.words), "integer"), 0)
        for class_ in types:
            out.add(out.term, RDF_TYPE, iri(class_), named.get(class_, 0))
        if not self._has_title():
            out.add(out.term, PREF_LABEL, file_name(note.name), 0)
        return Thing(out.entity, types)

    def _classes(self) -> dict[str, int]:
        """Return the classes that front matter and inline tags name, each with its offset."""
        classes: dict[str, int] = {}
        for name, at in kinds(self.out.note):
            class_ = self.out.ontology.class_named(name)
            if class_:
                classes.setdefault(class_, at)
        return classes

    def _has_title(self) -> bool:
        keys = (prop.key for prop in self.out.note.properties if prop.value.text or prop.value.children)
        named = (self.out.ontology.properties_named(key) for key in keys)
        return any(properties and properties[0].iri == SKOS + "prefLabel" for properties in named)

    def state(self, subject: Thing) -> None:
        """State the properties, tags and links of the front matter, all about the entity."""
        identity = self.out.note.identity
        for prop in self.out.note.properties:
            key, single = prop.key.lower(), list(leaves(prop.value))
            for link in (link for value in single for link in value.links):
                self.links.link(link, subject.iri)
            if key == "tags":
                for value in single:
                    self._tag(value)
            elif key in KIND_KEYS:
                for value in single:
                    if not self.out.ontology.class_named(kind_text(value)):
                        self.properties.state(subject, prop.key, value)
            elif key != KEY and prop.value is not identity:
                self.properties.state(subject, prop.key, prop.value)

    def _tag(self, value: Value) -> None:
        name = value.text.removeprefix("#").strip("/")
        if value.kind in NAME_KINDS and _VALID_TAG.match(name) and not name.isdecimal():
            self.links.tag(Tag(value.span, name), self.out.entity)


def _meant(properties: tuple[OntologyProperty, ...], value: Value) -> OntologyProperty | None:
    """Return the first property that takes such a value, else the first."""
    fitting: Iterator[OntologyProperty] = iter(properties)
    if value.link:
        fitting = (prop for prop in properties if prop.kind in {"object", "any"})
    elif value.kind in _XSD_KINDS:
        fitting = (prop for prop in properties if prop.kind != "object")
    return next(fitting, properties[0] if properties else None)


def _literal(prop: OntologyProperty | None, value: Value) -> str:
    """Return a value as a literal; a text property keeps numbers and dates as written."""
    if value.link:
        return literal(value.link.text)
    if prop and prop.is_text:
        return literal(value.text if value.kind == "text" else value.raw)
    return literal(value.text, value.kind if value.kind in _XSD_KINDS else "")
