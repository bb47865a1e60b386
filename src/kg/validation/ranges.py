"""Links to another kind of thing than their property leads to (S10), by `schema:rangeIncludes` and `rdfs:range`.

The check equals a SHACL shape per property with `sh:or ( [ sh:class RANGE ] … [ sh:not [ sh:class OTHER ] ] … )`. Such
shapes name every class once per property, so this module looks up the classes of each value instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pyoxigraph as ox

from kg.mapping.ontology import Ontology, OntologyProperty
from kg.rdf.iris import encode_part
from kg.rdf.terms import SH
from kg.rdf.vocabulary import SUB_CLASS_OF, TYPE, Find, Term
from kg.validation.pyshacl_runner import Violation
from kg.validation.shapes import Shapes, reached

CODE = "S10"
_SHAPE = "https://w3id.org/concept-notes/shapes#range-"
_COMPONENT = ox.NamedNode(SH + "OrConstraintComponent")
_WARNING = ox.NamedNode(SH + "Warning")


def is_of_range(shape: Term) -> bool:
    """Whether a result with this source shape is one of this check."""
    return isinstance(shape, ox.NamedNode) and shape.value.startswith(_SHAPE)


@dataclass(frozen=True)
class RangeCheck:
    """The check of a graph. A value of none of the ontology's classes passes: a missing note, a file, a web page."""

    ontology: Ontology
    shapes: Shapes
    """The shapes, which may switch the check of a property off by `sh:deactivated`."""
    find: Find
    _types: dict[frozenset[Term], frozenset[str]] = field(default_factory=dict, repr=False)
    """The classes and superclasses of a set of types, by that set."""

    def results(self) -> Iterator[Violation]:
        """The results, by property."""
        for prop in sorted(self.ontology.properties.values(), key=lambda prop: prop.iri):
            ranges = prop.ranges & self.ontology.classes
            if prop.kind == "object" and ranges and not self.ontology.is_structural(prop.iri):
                yield from self._of_property(prop, ranges)

    def _of_property(self, prop: OntologyProperty, ranges: frozenset[str]) -> Iterator[Violation]:
        name, path = f"{_SHAPE}{encode_part(prop.iri)}", ox.NamedNode(prop.iri)
        shape = ox.NamedNode(f"{name}-value")
        if any(self.shapes.is_true(node, SH + "deactivated") for node in (ox.NamedNode(name), shape)):
            return
        related = {up for class_ in ranges for up in self.ontology.superclasses(class_)}
        for triple in self.find(None, path, None):
            classes = self._classes(triple.object)
            others = (classes & self._checked) - related
            if not classes & ranges and any(not self.ontology.superclasses(class_) & ranges for class_ in others):
                yield Violation(triple.subject, path, triple.object, shape, _COMPONENT, None, _WARNING, ())

    @cached_property
    def _checked(self) -> frozenset[str]:
        """The classes that a note can name."""
        return frozenset(class_ for class_ in self.ontology.classes if not self.ontology.is_structural(class_))

    def _classes(self, thing: Term) -> frozenset[str]:
        """The classes of a thing and their superclasses."""
        if isinstance(thing, (ox.Literal, ox.Triple)):
            return frozenset()
        types = frozenset(triple.object for triple in self.find(thing, TYPE, None))
        if types not in self._types:
            above = reached(types, lambda class_: (t.object for t in self.find(class_, SUB_CLASS_OF, None)))
            self._types[types] = frozenset(class_.value for class_ in above if isinstance(class_, ox.NamedNode))
        return self._types[types]
