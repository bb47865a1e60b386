"""Run the shapes; if pySHACL refuses some of them, find these and run the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.terms import OWL, SH
from kg.rdf.vocabulary import Term
from kg.validation.conformance import Conformance, State
from kg.validation.pyshacl_runner import ShapesError
from kg.validation.shapes import Shapes, reached

_ONTOLOGY = ox.NamedNode(OWL + "Ontology")
_SHARED = {SH + name for name in ("parameter", "declare")}
"""The properties of components, functions and prefixes, which any shape may use without a reference to them."""


class ShapesOutcome(NamedTuple):
    """The state of the shapes that ran, and the shapes that pySHACL refused, each with the reason."""

    state: State
    refused: tuple[tuple[Term, str], ...] = ()


def outcome(conformance: Conformance, before: State | None) -> ShapesOutcome:
    """Run the shapes. Raises TimedOut, ChildError; ShapesError if the refusal is not about shapes with targets."""
    try:
        return ShapesOutcome(conformance.check(before))
    except ShapesError:
        refused = _refused(conformance, conformance.shapes.aimed)
    if not refused:
        return ShapesOutcome(conformance.check())
    accepted = [shape for shape in conformance.shapes.aimed if shape not in dict(refused)]
    return ShapesOutcome(_only(conformance, accepted).check(), tuple(refused))


def _refused(conformance: Conformance, shapes: Sequence[Term]) -> list[tuple[Term, str]]:
    """The shapes that pySHACL refuses, found by halving."""
    try:
        _only(conformance, shapes).check()
    except ShapesError as error:
        if len(shapes) == 1:
            return [(shapes[0], str(error).removeprefix("the shapes cannot be used: "))]
        half = len(shapes) // 2
        return [*_refused(conformance, shapes[:half]), *_refused(conformance, shapes[half:])]
    return []


def _only(conformance: Conformance, shapes: Sequence[Term]) -> Conformance:
    """The same check with some of the shapes, and all that these refer to."""
    graph = conformance.shapes
    shared = [t.subject for t in graph.triples if t.predicate.value in _SHARED or t.object == _ONTOLOGY]
    nodes = reached([*shapes, *shared], lambda node: (obj for row in graph.about(node).values() for obj in row))
    return replace(conformance, shapes=Shapes(tuple(t for t in graph.triples if t.subject in nodes)))
