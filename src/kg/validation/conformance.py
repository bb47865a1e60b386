"""Check whether a graph conforms to shapes: in full, or after a change, at a cost proportional to the change."""

from bisect import insort
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.core.child_process import cores
from kg.core.limits import Limits, limited
from kg.rdf.vocabulary import SUB_CLASS_OF, TYPE, Find, Term
from kg.validation.data_graph import DataGraph
from kg.validation.pyshacl_runner import Job, Violation, in_order, refuse, run
from kg.validation.shape_automaton import Automaton
from kg.validation.shapes import Shapes

Triples = frozenset[str]
Engine = Callable[[Job], Iterable[Violation]]
"""Runs pySHACL."""
_WORTH_IT = 2_000
"""The number of focus nodes that is worth another process."""
_TOO_MANY = 0.5
"""If a larger share of the focus nodes is touched, all are checked."""


class State(NamedTuple):
    """Results, and the triples behind them: enough to determine which results a change can affect."""

    seen: Triples
    """All triples that the shapes looked at, as N-Triples."""
    results: tuple[Violation, ...]
    """The results of the shapes that look around their focus nodes."""
    whole: tuple[Violation, ...]
    """The results of the shapes that run as a whole."""

    @property
    def all(self) -> tuple[Violation, ...]:
        """All results, sorted."""
        return in_order({*self.results, *self.whole})


@dataclass(frozen=True)
class Conformance:
    """Shapes and the graph that they check."""

    shapes: Shapes
    data: DataGraph
    limits: Limits

    def check(self, before: State | None = None) -> State:
        """Run the shapes; take results from `before` where nothing has changed since. Raises ShapesError, TimedOut."""
        with limited("the shapes", self.limits):
            return self._checked(before)

    def after(self, before: State, changed: Collection[ox.Triple], engine: Engine) -> State | None:
        """The state after some triples of the data were added or removed, at a cost that follows from these alone.

        None if more than the shapes that look around a node may have other results. The triples that the shapes saw
        are not known of such a state. Raises ShapesError, TimedOut, ChildError.
        """
        refuse(self.shapes)
        if any(triple.predicate == SUB_CLASS_OF for triple in changed):
            return None
        touched, whole = Automaton(self.shapes).touched_by(changed, self.data), set(self.shapes.whole)
        if self._whole_again(changed, touched, whole):
            return None
        nodes = set().union(*(rows for shape, rows in touched.items() if shape not in whole)) if touched else set()
        if len(nodes) > _WORTH_IT:
            return None
        with limited("the shapes", self.limits):
            job = self.job_at(nodes)
        kept = [result for result in before.results if result.focus not in nodes]
        for result in engine(job) if job else ():
            insort(kept, result, key=lambda one: one.row)
        return State(frozenset(), tuple(kept), before.whole)

    def job_at(self, nodes: Set[Term]) -> Job | None:
        """The check of some focus nodes alone, by the shapes that look around them; None if no shape has them.

        Raises ShapesError.
        """
        refuse(self.shapes)
        local = sorted(set(self.shapes.aimed) - set(self.shapes.whole), key=str)
        focus = {shape: self.shapes.focus_nodes(shape, self._near(nodes)) & nodes for shape in local}
        if not any(focus.values()):
            return None
        triples = Automaton(self.shapes).seen_from(focus, self.data) | self._classes()
        return Job(triples, self.shapes.aimed_at(focus))

    def _near(self, nodes: Set[Term]) -> Find:
        """The data, in which only some nodes are of a class: the others are not looked up."""
        things = [node for node in nodes if not isinstance(node, (ox.Literal, ox.Triple))]

        def find(subject: Term | None, predicate: ox.NamedNode | None, obj: Term | None) -> Iterable[ox.Triple]:
            if subject is None and predicate == TYPE:
                return [triple for thing in things for triple in self.data(thing, predicate, obj)]
            return self.data(subject, predicate, obj)

        return find

    def _checked(self, before: State | None) -> State:
        refuse(self.shapes)
        automaton = Automaton(self.shapes)
        focus = {shape: self.shapes.focus_nodes(shape, self.data) for shape in self.shapes.aimed}
        triples = automaton.seen_from(focus, self.data) | self._classes() | self._of_sparql()
        seen = {str(triple): triple for triple in triples}
        whole = set(self.shapes.whole)
        local = {shape: nodes for shape, nodes in focus.items() if shape not in whole}
        if before is None:
            return self._run(local, automaton, triples, frozenset(seen))
        if before.seen == seen.keys():
            return State(before.seen, before.results, before.whole)
        try:
            removed = [_parsed(line) for line in before.seen - seen.keys()]
        except (SyntaxError, ValueError):  # the cache is a file that may come from elsewhere
            return self._run(local, automaton, triples, frozenset(seen))
        changed = [*(seen[line] for line in seen.keys() - before.seen), *removed]
        if any(triple.predicate == SUB_CLASS_OF for triple in changed):
            return self._run(local, automaton, triples, frozenset(seen))
        touched = automaton.touched_by(changed, self.data)
        nodes = set().union(*(touched[shape] for shape in touched if shape in local)) if touched else set()
        if len(nodes) > _TOO_MANY * sum(map(len, local.values())) + 10:
            return self._run(local, automaton, triples, frozenset(seen))
        # A result does not name the target shape that produced it, so a touched node runs all its shapes again.
        touched_focus = {shape: targets & nodes for shape, targets in local.items()}
        touched_focus = {shape: targets for shape, targets in touched_focus.items() if targets}
        rerun = self._whole_again(changed, touched, whole)
        state = self._run(touched_focus, automaton, triples, frozenset(seen), whole=rerun)
        kept = [result for result in before.results if result.focus not in nodes]
        return State(state.seen, in_order({*kept, *state.results}), state.whole if rerun else before.whole)

    def _whole_again(self, changed: Iterable[ox.Triple], touched: Mapping[Term, Any], whole: set[Term]) -> bool:
        """Whether the shapes that run as a whole must run again."""
        wide = self.shapes.wide
        of_sparql = wide.everything or any(triple.predicate in wide.properties for triple in changed)
        return bool(whole) and (of_sparql or any(shape in touched for shape in whole))

    def _run(
        self,
        focus: Mapping[Term, set[Term]],
        automaton: Automaton,
        triples: Iterable[ox.Triple],
        seen: Triples,
        *,
        whole: bool = True,
    ) -> State:
        """Run the shapes on their focus nodes, and with `whole` those that run as a whole on `triples`."""
        classes = self._classes()
        jobs = [
            Job(automaton.seen_from(part, self.data) | classes, self.shapes.aimed_at(part)) for part in _parts(focus)
        ]
        number = len(jobs)
        if whole and self.shapes.whole:
            jobs.append(Job(triples, self.shapes.only(self.shapes.whole), self.shapes.advanced))
        outcomes = run(jobs, seconds=self.limits.seconds, memory=self.limits.memory) if jobs else []
        results = tuple([result for outcome in outcomes[:number] for result in outcome])
        return State(seen, results, tuple([result for outcome in outcomes[number:] for result in outcome]))

    def _classes(self) -> set[ox.Triple]:
        """The subclass triples, which `sh:class` and class targets depend on."""
        return set(self.data(None, SUB_CLASS_OF, None))

    def _of_sparql(self) -> set[ox.Triple]:
        """The triples that SPARQL constraints may look at."""
        wide = self.shapes.wide
        if wide.everything:
            return set(self.data(None, None, None))
        return {triple for predicate in wide.properties for triple in self.data(None, predicate, None)}


def _parts(focus: Mapping[Term, set[Term]]) -> list[dict[Term, set[Term]]]:
    """Divide focus nodes among the cores; each node stays together with all shapes that have it as a focus node."""
    nodes = sorted(set().union(*focus.values()), key=str) if focus else []
    number = min(cores(), len(nodes) // _WORTH_IT) or 1
    parts = (set(nodes[place::number]) for place in range(number))
    divided = ({shape: targets & part for shape, targets in focus.items() if targets & part} for part in parts)
    return list(filter(None, divided))


def _parsed(line: str) -> ox.Triple:
    for quad in ox.parse(f"{line} .", ox.RdfFormat.N_TRIPLES):
        triple: ox.Triple = quad.triple
        return triple
    raise ValueError(line)
