"""What shapes look at, and which focus nodes a change can matter to.

What a shape looks at is an automaton over the graph: from a focus node its paths lead along properties, forwards or
backwards, to nodes where other shapes look on. Walked from the focus nodes it gives all that pySHACL needs to see.
Walked back from a changed triple it gives the focus nodes whose results may differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.shapes import COMPARED, TYPE, Lookup, Shapes, Term, named, term_of


class Step(NamedTuple):
    """From a node at one place of the automaton to others: along a property (None: any), or to the node itself."""

    property: ox.NamedNode | None
    backwards: bool
    to: int
    here: bool = False
    """The node itself is looked at by another shape; no property is followed."""


class Automaton:
    """Where shapes look: `starts` by shape, `steps` by place."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.steps: dict[int, list[Step]] = defaultdict(list)
        self.starts: dict[Term, int] = {}
        self._number = 0
        for shape in shapes.aimed:
            self._aim(self._shape(shape), shape)

    @cached_property
    def entries(self) -> Mapping[int, list[tuple[int, Step]]]:
        """The steps that lead to each place."""
        found: dict[int, list[tuple[int, Step]]] = defaultdict(list)
        for place, steps in self.steps.items():
            for step in steps:
                found[step.to].append((place, step))
        return found

    @cached_property
    def shapes_at(self) -> Mapping[int, list[Term]]:
        """The shapes that begin at each place."""
        found: dict[int, list[Term]] = defaultdict(list)
        for shape, place in self.starts.items():
            found[place].append(shape)
        return found

    def _new(self) -> int:
        self._number += 1
        return self._number

    def _follow(self, place: int, predicate: Term | None) -> None:
        """A property's values are looked at, and nothing beyond them."""
        self.steps[place].append(Step(named(predicate) if predicate else None, False, self._new()))

    def _aim(self, start: int, shape: Term) -> None:
        """What makes a node one that a shape is about."""
        of = self._shapes
        if of.of_sh(shape, "targetClass") or of.classes_of(shape):
            self._follow(start, TYPE)
        for predicate in of.of_sh(shape, "targetSubjectsOf"):
            self._follow(start, predicate)
        for predicate in of.of_sh(shape, "targetObjectsOf"):
            self.steps[start].append(Step(named(predicate), True, self._new()))

    def _shape(self, shape: Term) -> int:
        """The place at which a shape looks at its focus node."""
        if shape in self.starts:
            return self.starts[shape]
        start = values = self.starts[shape] = self._new()
        of = self._shapes
        for path in of.of_sh(shape, "path"):
            values = self._new()
            self._path(path, start, values)
        for predicate in of.of_sh(shape, *COMPARED):
            self._follow(start, predicate)
        if of.of_sh(shape, "class"):
            self._follow(values, TYPE)
        if of.of_sh(shape, "closed"):
            self._follow(values, None)
        inner = of.inner(shape)
        if of.of_sh(shape, "qualifiedValueShapesDisjoint"):
            inner = [*inner, *of.siblings(shape)]
        for other in inner:
            self.steps[values].append(Step(None, False, self._shape(other), here=True))
        return start

    def _path(self, path: Term, start: int, end: int, *, backwards: bool = False) -> None:
        """Steps along a path (SHACL 2.3.1)."""
        of = self._shapes
        if isinstance(path, ox.NamedNode):
            self.steps[start].append(Step(path, backwards, end))
            return
        for inner in of.of_sh(path, "inversePath"):
            self._path(inner, start, end, backwards=not backwards)
        for rows in of.of_sh(path, "alternativePath"):
            for inner in of.items(rows):
                self._path(inner, start, end, backwards=backwards)
        if of.of_sh(path, "zeroOrOnePath", "zeroOrMorePath"):
            self.steps[start].append(Step(None, False, end, here=True))
        for inner in of.of_sh(path, "zeroOrOnePath"):
            self._path(inner, start, end, backwards=backwards)
        for inner in of.of_sh(path, "zeroOrMorePath", "oneOrMorePath"):
            again = self._new()
            self._path(inner, start, again, backwards=backwards)
            self._path(inner, again, again, backwards=backwards)
            self.steps[again].append(Step(None, False, end, here=True))
        parts = of.items(path)
        places = [start, *(self._new() for _ in parts[1:]), end]
        if backwards:
            parts.reverse()
        for part, first, last in zip(parts, places, places[1:], strict=False):
            self._path(part, first, last, backwards=backwards)

    # ---- walks over a graph ------------------------------------------------------------------------------------

    def seen_from(self, focus: Mapping[Term, Iterable[Term]], find: Lookup) -> set[ox.Triple]:
        """All that shapes look at from these focus nodes: the triples that pySHACL needs."""
        found: set[ox.Triple] = set()
        stack = [(self.starts[shape], node) for shape, nodes in focus.items() for node in nodes]
        been = set(stack)
        while stack:
            place, node = stack.pop()
            for step in self.steps.get(place, ()):
                for triple in () if step.here else _along(step, node, find):
                    found.add(triple)
                ends = [node] if step.here else [_end(step, triple) for triple in _along(step, node, find)]
                for after in ((step.to, end) for end in ends):
                    if after not in been:
                        been.add(after)
                        stack.append(after)
        return found

    def touched_by(self, changed: Iterable[ox.Triple], find: Lookup) -> dict[Term, set[Term]]:
        """The nodes by shape for which some of these triples, which came or went, is or was among what is seen.

        Of the triples on the way to a changed one, the first that changed is reached by others that did not: so it
        is enough to go back from each over the graph as it is now.
        """
        stack: list[tuple[int, Term]] = []
        rows = [(place, step) for place, steps in self.steps.items() for step in steps if not step.here]
        for triple in changed:
            for place, step in rows:
                if step.property is None or step.property == triple.predicate:
                    stack.append((place, term_of(triple.object if step.backwards else triple.subject)))
        been = set(stack)
        found: dict[Term, set[Term]] = defaultdict(set)
        while stack:
            place, node = stack.pop()
            for shape in self.shapes_at.get(place, ()):
                found[shape].add(node)
            for before, step in self.entries.get(place, ()):
                for start in [node] if step.here else _back(step, node, find):
                    if (before, start) not in been:
                        been.add((before, start))
                        stack.append((before, start))
        return found


def _along(step: Step, node: Term, find: Lookup) -> Iterable[ox.Triple]:
    if isinstance(node, ox.Literal) and not step.backwards:
        return ()
    return find(None, step.property, node) if step.backwards else find(node, step.property, None)


def _end(step: Step, triple: ox.Triple) -> Term:
    return term_of(triple.subject if step.backwards else triple.object)


def _back(step: Step, node: Term, find: Lookup) -> Iterator[Term]:
    """The nodes from which a step leads to this one."""
    if isinstance(node, ox.Literal) and step.backwards:
        return iter(())
    rows = find(node, step.property, None) if step.backwards else find(None, step.property, node)
    return (term_of(triple.object if step.backwards else triple.subject) for triple in rows)
