"""The shapes of a vault: their faults as findings, and the part of them that can run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pyoxigraph as ox

from kg.core.findings import Finding
from kg.mapping.ontology import Ontology
from kg.mapping.provenance import Place
from kg.rdf.terms import SH
from kg.rdf.vocabulary import Term
from kg.validation.ontology_places import FilePlace, OntologyPlaces
from kg.validation.shape_syntax import ILL_FORMED, Fault, Syntax, together
from kg.validation.shape_texts import FORMS, ShapeTexts
from kg.validation.shapes import Shapes, reached

_TEXTS = {SH + name for name in FORMS}
_REVERSING = ("not", "xone", "qualifiedValueShape")
"""The properties that give more results, or other results, if the shape that they name gives fewer."""


@dataclass(frozen=True)
class LoadedShapes:
    """The shapes of the ontology's files."""

    ontology: Ontology
    places: OntologyPlaces

    @cached_property
    def written(self) -> Shapes:
        """The shapes as they are in the files, with the blank nodes of the files."""
        return Shapes(self.ontology.shapes)

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of the shapes, one per message and node."""
        rows = [*Syntax(self.written, self._name).faults(), *ShapeTexts(self.written).faults()]
        return tuple(dict.fromkeys(rows))

    @cached_property
    def usable(self) -> Shapes:
        """The shapes without the parts at fault, each SPARQL text with its prefixes."""
        return Shapes.parsed(_prefixed(self.written, triple) for triple in usable(self.written, self.faults))

    def findings(self) -> Iterator[Finding]:
        """A finding for each fault."""
        for fault in self.faults:
            yield self._finding(fault.node, fault.code, fault.message, self._place(fault))

    def refused(self, shape: Term, reason: str) -> Finding:
        """The finding on a shape that pySHACL refuses."""
        return self._finding(shape, ILL_FORMED, reason, self.places.of_thing(shape))

    def _finding(self, node: Term, code: str, message: str, found: FilePlace | None) -> Finding:
        owner = self.written.owner(node)
        place = found or self.places.of_thing(owner) or FilePlace("ontology", Place(1, 1, 1, 1))
        name = self._name(owner) if isinstance(owner, ox.NamedNode) else "a shape without a name"
        return Finding(place.path, *place.place, code, f"{name}: {message}")

    def _place(self, fault: Fault) -> FilePlace | None:
        node, value = fault.node, fault.value
        if value is None or isinstance(node, (ox.Literal, ox.Triple)):
            return self.places.of_thing(node)
        rows = (t for t in self.ontology.shapes if t.subject == node and t.object == value)
        named = (t for t in rows if not fault.at or t.predicate.value == SH + fault.at)
        places = (self.places.of_value(triple, fault.offset) for triple in named)
        return next(filter(None, places), None) or self.places.of_thing(node)

    def _name(self, term: Term) -> str:
        """A term as the files write it."""
        if isinstance(term, ox.Literal):
            return f"“{term.value[:80]}”"
        if not isinstance(term, ox.NamedNode):
            return "a blank node"
        of_files = {prefix: iri for file in self.places.files for prefix, iri in file.prefixes.items()}
        prefixes = {**self.ontology.prefixes, **of_files}
        fitting = [(len(iri), p, iri) for p, iri in prefixes.items() if iri and term.value.startswith(iri)]
        _, prefix, iri = max(fitting, default=(0, "", ""))
        return f"{prefix}:{term.value.removeprefix(iri)}" if iri else f"<{term.value}>"


def _prefixed(shapes: Shapes, triple: ox.Triple) -> ox.Triple:
    """A triple; a SPARQL text with its prefixes, which pySHACL may take from another file."""
    if triple.predicate.value not in _TEXTS or not isinstance(triple.object, ox.Literal):
        return triple
    lines = (f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in shapes.prefixes_of(triple.subject).items())
    return ox.Triple(triple.subject, triple.predicate, ox.Literal(f"{''.join(lines)}{triple.object.value}"))


def usable(shapes: Shapes, faults: Iterable[Fault]) -> list[ox.Triple]:
    """The triples of a shapes graph without the parts at fault.

    What remains gives no result that the whole would not give: a shape without one of its constraints gives fewer
    results. So `sh:not`, `sh:xone` and `sh:qualifiedValueShape` of such a shape go, too.
    """
    faults = list(faults)
    broken = {fault.node for fault in faults if fault.whole}
    dropped = {(fault.node, SH + name) for fault in faults for name in fault.drops}
    start = [*broken, *(node for node, _ in dropped), *(t.subject for t in shapes.triples if t.object in broken)]
    for weak in reached(start, lambda node: shapes.users.get(node, [])):
        for user in shapes.users.get(weak, []):
            for name in _REVERSING:
                if weak in shapes.used_by(user, name):
                    dropped |= {(user, SH + part) for part in together(name)}
    return [
        t
        for t in shapes.triples
        if t.subject not in broken
        and (t.subject, t.predicate.value) not in dropped
        and not (t.object in broken and t.predicate.value.startswith(SH))
    ]
