"""The triples that shapes look at, and the focus nodes that a change can affect.

The reach of the shapes is an automaton over the graph: from a focus node, paths lead along properties, forwards or
backwards, to nodes where other shapes continue. A walk from the focus nodes yields all triples that pySHACL needs.
A walk back from a changed triple yields the focus nodes whose results may differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.vocabulary import TYPE, Find, Term
from kg.validation.data_graph import DataGraph
from kg.validation.shapes import COMPARED, Shapes, named


class Transition(NamedTuple):
    """A step from a node at one place of the automaton to another place: along a property (None: any), or in place."""

    property: ox.NamedNode | None
    backwards: bool
    to: int
    here: bool = False
    """The node stays the same, as for another shape that looks at it; no property is followed."""


class Automaton:
    """The reach of shapes: `starts` holds a place by shape, `steps` the transitions by place."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.steps: dict[int, list[Transition]] = defaultdict(list)
        self.starts: dict[Term, int] = {}
        self._number = 0
        for shape in shapes.aimed:
            self._aim(self._shape(shape), shape)

    @cached_property
    def entries(self) -> Mapping[int, list[tuple[int, Transition]]]:
        """The steps that lead to each place, with their origins."""
        incoming: dict[int, list[tuple[int, Transition]]] = defaultdict(list)
        for place, steps in self.steps.items():
            for step in steps:
                incoming[step.to].append((place, step))
        return incoming

    @cached_property
    def shapes_at(self) -> Mapping[int, list[Term]]:
        """The shapes that start at each place."""
        shapes: dict[int, list[Term]] = defaultdict(list)
        for shape, place in self.starts.items():
            shapes[place].append(shape)
        return shapes

    def _new(self) -> int:
        self._number += 1
        return self._number

    def _follow(self, place: int, predicate: Term | None) -> None:
        """Look at a property's values and nothing beyond them."""
        self.steps[place].append(Transition(named(predicate) if predicate else None, False, self._new()))

    def _aim(self, start: int, shape: Term) -> None:
        """Add the steps that make a node a target of a shape."""
        shapes = self._shapes
        if shapes.of_sh(shape, "targetClass") or shapes.classes_of(shape):
            self._follow(start, TYPE)
        for predicate in shapes.of_sh(shape, "targetSubjectsOf"):
            self._follow(start, predicate)
        for predicate in shapes.of_sh(shape, "targetObjectsOf"):
            self.steps[start].append(Transition(named(predicate), True, self._new()))

    def _shape(self, shape: Term) -> int:
        """The place where a shape looks at its focus node, built on first use."""
        if shape in self.starts:
            return self.starts[shape]
        start = values = self.starts[shape] = self._new()
        shapes = self._shapes
        for path in shapes.of_sh(shape, "path"):
            values = self._new()
            self._path(path, start, values)
        for predicate in shapes.of_sh(shape, *COMPARED):
            self._follow(start, predicate)
        if shapes.of_sh(shape, "class"):
            self._follow(values, TYPE)
        if shapes.of_sh(shape, "closed"):
            self._follow(values, None)
        inner = shapes.inner(shape)
        if shapes.of_sh(shape, "qualifiedValueShapesDisjoint"):
            inner = [*inner, *shapes.siblings(shape)]
        for nested in inner:
            self.steps[values].append(Transition(None, False, self._shape(nested), here=True))
        return start

    def _path(self, path: Term, start: int, end: int, *, backwards: bool = False) -> None:
        """Add the steps along a path (SHACL 2.3.1)."""
        shapes = self._shapes
        if isinstance(path, ox.NamedNode):
            self.steps[start].append(Transition(path, backwards, end))
            return
        for inner in shapes.of_sh(path, "inversePath"):
            self._path(inner, start, end, backwards=not backwards)
        for rows in shapes.of_sh(path, "alternativePath"):
            for inner in shapes.items(rows):
                self._path(inner, start, end, backwards=backwards)
        if shapes.of_sh(path, "zeroOrOnePath", "zeroOrMorePath"):
            self.steps[start].append(Transition(None, False, end, here=True))
        for inner in shapes.of_sh(path, "zeroOrOnePath"):
            self._path(inner, start, end, backwards=backwards)
        for inner in shapes.of_sh(path, "zeroOrMorePath", "oneOrMorePath"):
            loop = self._new()
            self._path(inner, start, loop, backwards=backwards)
            self._path(inner, loop, loop, backwards=backwards)
            self.steps[loop].append(Transition(None, False, end, here=True))
        parts = shapes.items(path)
        places = [start, *(self._new() for _ in parts[1:]), end]
        if backwards:
            parts.reverse()
        for part, first, last in zip(parts, places, places[1:], strict=False):
            self._path(part, first, last, backwards=backwards)

    # ---- walks over a graph ------------------------------------------------------------------------------------

    def seen_from(self, focus: Mapping[Term, Iterable[Term]], data: DataGraph) -> set[ox.Triple]:
        """All triples that shapes look at from these focus nodes: those that pySHACL needs.

        The nodes that wait at a place take its steps together.
        """
        triples: set[ox.Triple] = set()
        waiting: dict[int, set[Term]] = defaultdict(set)
        visited: dict[int, set[Term]] = defaultdict(set)
        for shape, nodes in focus.items():
            waiting[self.starts[shape]].update(nodes)
        while waiting:
            place, nodes = waiting.popitem()
            visited[place] |= nodes
            for step in self.steps.get(place, ()):
                ends = nodes
                if not step.here:
                    seen = list(data.around(nodes, step.property, backwards=step.backwards))
                    triples.update(seen)
                    ends = {triple.subject if step.backwards else triple.object for triple in seen}
                if new := ends - visited[step.to]:
                    waiting[step.to] |= new
        return triples

    def touched_by(self, changed: Iterable[ox.Triple], find: Find) -> dict[Term, set[Term]]:
        """The nodes, by shape, that see or saw one of the changed triples, whether added or removed.

        On the way to a changed triple, the first changed triple is reached through unchanged ones. So it is enough
        to walk back from each changed triple over the current graph.
        """
        stack: list[tuple[int, Term]] = []
        rows = [(place, step) for place, steps in self.steps.items() for step in steps if not step.here]
        for triple in changed:
            for place, step in rows:
                if step.property is None or step.property == triple.predicate:
                    stack.append((place, triple.object if step.backwards else triple.subject))
        visited = set(stack)
        touched: dict[Term, set[Term]] = defaultdict(set)
        while stack:
            place, node = stack.pop()
            for shape in self.shapes_at.get(place, ()):
                touched[shape].add(node)
            for origin, step in self.entries.get(place, ()):
                for start in [node] if step.here else _back(step, node, find):
                    if (origin, start) not in visited:
                        visited.add((origin, start))
                        stack.append((origin, start))
        return touched


def _back(step: Transition, node: Term, find: Find) -> Iterator[Term]:
    """The nodes from which a step leads to this node."""
    if step.backwards and isinstance(node, (ox.Literal, ox.Triple)):
        return iter(())
    rows = find(node, step.property, None) if step.backwards else find(None, step.property, node)
    return (triple.object if step.backwards else triple.subject for triple in rows)
