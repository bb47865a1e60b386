"""Derivations: the steps from a triple back through rules and axioms to asserted triples.

A backward search from the triple collects all ways in which rules conclude it from known facts. A forward search from
the asserted triples then chooses the derivation with the fewest steps (Knuth 1977, A generalization of Dijkstra's
algorithm), so that no triple ever rests on itself.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, count, pairwise
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.rdf.terms import INFERRED
from kg.rdf.vocabulary import SAME_AS, THING, TYPE, Find
from kg.reasoning.closure import is_transitivity
from kg.reasoning.conditions import accepts
from kg.reasoning.construct_rules import select_of
from kg.reasoning.facts import Stored
from kg.reasoning.inference import Reasoning
from kg.reasoning.rules import Fire, Match, Numbering, Numbers, Rule, Term
from kg.store.store import Store

MOST_GOALS = 20_000


@dataclass(frozen=True)
class DerivationStep:
    """A conclusion with the rule and the premises that lead to it; an asserted triple has neither."""

    conclusion: ox.Triple
    rule: Rule | None = None
    premises: tuple["DerivationStep", ...] = ()

    @property
    def asserted(self) -> Iterator[ox.Triple]:
        """The asserted triples that the conclusion rests on, each once."""
        seen: dict[ox.Triple, None] = {}
        stack = [self]
        while stack:
            step = stack.pop()
            if step.rule is None:
                seen[step.conclusion] = None
            stack += reversed(step.premises)
        return iter(seen)

    @property
    def size(self) -> int:
        """The number of steps."""
        return sum(1 for _ in self.steps())

    def steps(self) -> Iterator["DerivationStep"]:
        """All steps, beginning with this step."""
        stack = [self]
        while stack:
            step = stack.pop()
            yield step
            stack += reversed(step.premises)


class Contradiction(NamedTuple):
    """A constraint, and the facts that violate it."""

    rule: Rule
    facts: tuple[ox.Triple, ...]


class _Way(NamedTuple):
    """A rule and the premises from which it draws a conclusion."""

    rule: Rule
    premises: tuple[Numbers, ...]


class _Typed(Stored):
    """The facts of a store, and a fact that a dataset need not hold: everything is an owl:Thing."""

    def __init__(self, find: Find, number: Numbering) -> None:
        super().__init__(find, number)
        self._type, self._thing = number(TYPE), number(THING)

    def has(self, predicate: int, subject: int, obj: int) -> bool:
        """Whether a fact holds."""
        return (predicate == self._type and obj == self._thing) or super().has(predicate, subject, obj)

    def is_statable(self, fact: Numbers) -> bool:
        """Whether a fact is a triple of the dataset."""
        return not (fact[1] == self._type and fact[2] == self._thing)


class Derivations:
    """The derivations of the triples in a store."""

    def __init__(self, store: Store, reasoning: Reasoning) -> None:
        self.store, self.reasoning = store, reasoning
        self.number = Numbering()
        self.facts = _Typed(self.store.triples, self.number)
        profile = reasoning.profile(self.store.triples)
        self.constraints, self.exclusions = profile.constraints, profile.exclusions
        self.rules = (*profile.rules, *reasoning.own)
        self._closing = {self.number(r.concludes): r for r in self.rules if r.concludes and is_transitivity(r)}
        self._same = self.number(SAME_AS)
        self._accept = accepts(self, self.number)
        self._noted: list[_Way] = []
        self._matched: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._by_head: dict[int, list[Fire]] = defaultdict(list)
        for rule in self.rules:
            if rule.concludes and not is_transitivity(rule):
                match = Match(rule, self.number, self.facts)
                self._by_head[self.number(rule.concludes)].append(match.of_head(self._noting(match)))

    def answers(self, query: str) -> bool:
        """Whether a SELECT query has a solution."""
        return any(True for _ in self.store.solutions(query))

    def _noting(self, match: Match) -> Callable[[], None]:
        def note() -> None:
            if not match.rule.conditions or self._accept(match):
                premises = dict.fromkeys(filter(self.facts.is_statable, match.body()))
                self._noted.append(_Way(match.rule, tuple(premises)))

        return note

    def is_known(self, triple: ox.Triple) -> bool:
        """Whether the store has a triple, asserted or inferred."""
        return self.facts.has(*_by_predicate(self.number.fact(triple)))

    def is_asserted(self, triple: ox.Triple) -> bool:
        """Whether a note or the ontology states a triple."""
        inferred = INFERRED[1:-1]
        quads = self.store.find(triple.subject, triple.predicate, triple.object, None)
        graphs = (quad.graph_name for quad in quads)
        return any(isinstance(graph, ox.NamedNode) and graph.value != inferred for graph in graphs)

    def of(self, triple: ox.Triple) -> DerivationStep | None:
        """Return a derivation with the fewest steps; None if the triple is not in the store or no rule derives it."""
        goal = self.number.fact(triple)
        if not self.is_known(triple):
            return None
        for every_pair in (False, True):
            ways = self._ways(goal, every_pair=every_pair)
            best = _cheapest(ways)
            if goal in best:
                return self._step(goal, best)
        return None

    def _step(self, goal: Numbers, best: Mapping[Numbers, _Way | None]) -> DerivationStep:
        """Build the derivation of a goal from its leaves up; equal parts are the same object."""
        made: dict[Numbers, DerivationStep] = {}
        stack = [goal]
        while stack:
            way = best[stack[-1]]
            waiting = [premise for premise in way.premises if premise not in made] if way else []
            if waiting:
                stack += waiting
                continue
            fact = stack.pop()
            premises = tuple(made[premise] for premise in way.premises) if way else ()
            made[fact] = DerivationStep(self.number.triple(fact), way.rule if way else None, premises)
        return made[goal]

    # ---- the ways to a goal ------------------------------------------------------------------------------------------

    def _ways(self, goal: Numbers, *, every_pair: bool) -> dict[Numbers, list[_Way] | None]:
        """Return the ways to a goal and to all facts that these rest on; None for an asserted fact."""
        ways_to: dict[Numbers, list[_Way] | None] = {}
        stack = [goal]
        while stack and len(ways_to) < MOST_GOALS:
            fact = stack.pop()
            if fact in ways_to:
                continue
            if self.is_asserted(self.number.triple(fact)):
                ways_to[fact] = None
                continue
            ways = list(self._ways_to(fact, every_pair=every_pair))
            ways_to[fact] = ways
            stack += [premise for way in ways for premise in way.premises if premise not in ways_to]
        return ways_to

    def _ways_to(self, goal: Numbers, *, every_pair: bool) -> Iterator[_Way]:
        subject, predicate, obj = goal
        yield from self._by_rules(goal)
        if predicate in self._closing:
            rule = self._closing[predicate]
            if every_pair:
                for middle in self.facts.objects(predicate, subject):
                    if middle not in {subject, obj} and self.facts.has(predicate, middle, obj):
                        yield _Way(rule, ((subject, predicate, middle), (middle, predicate, obj)))
            elif chain := self._chain(goal):
                yield _Way(rule, chain)
        yield from self._of_equals(goal)
        yield from self._of_queries(goal)

    def _by_rules(self, goal: Numbers) -> list[_Way]:
        self._noted = []
        for find in self._by_head.get(goal[1], ()):
            find(goal[0], goal[2])
        return [way for way in dict.fromkeys(self._noted) if goal not in way.premises]

    def _chain(self, goal: Numbers) -> tuple[Numbers, ...]:
        """Return the shortest chain between the ends of a goal, of pairs that do not follow by transitivity alone."""
        start, predicate, end = goal
        before: dict[int, int] = {}
        for current in (row := [start]):
            for node in sorted(self.facts.objects(predicate, current)):
                if (
                    node in before
                    or (current, predicate, node) == goal
                    or not self._is_link((current, predicate, node))
                ):
                    continue
                before[node] = current
                row.append(node)
                if node == end:
                    chain = [node]
                    while len(chain) == 1 or chain[-1] != start:
                        chain.append(before[chain[-1]])
                    return tuple((b, predicate, a) for a, b in pairwise(chain))[::-1]
        return ()

    def _is_link(self, fact: Numbers) -> bool:
        return self.is_asserted(self.number.triple(fact)) or bool(self._by_rules(fact)) or self._is_of_query(fact)

    def _of_equals(self, goal: Numbers) -> Iterator[_Way]:
        """The ways by equal things at an end of the goal; for `owl:sameAs`, by its inverse or a thing in between."""
        subject, predicate, obj = goal
        if predicate == self._same:
            if self.facts.has(predicate, obj, subject):
                yield _Way(_EQ_SYM, ((obj, predicate, subject),))
            for middle in self.facts.objects(predicate, subject):
                if middle not in {subject, obj} and self.facts.has(predicate, middle, obj):
                    yield _Way(_EQ_TRANS, ((subject, predicate, middle), (middle, predicate, obj)))
            return
        for equal in self.facts.subjects(self._same, subject):
            if self.facts.has(predicate, equal, obj):
                yield _Way(_EQ_REP_S, ((equal, self._same, subject), (equal, predicate, obj)))
        for equal in self.facts.subjects(self._same, obj):
            if self.facts.has(predicate, subject, equal):
                yield _Way(_EQ_REP_O, ((equal, self._same, obj), (subject, predicate, equal)))

    # ---- rules that are queries -----------------------------------------------------------------------------------

    def _is_of_query(self, fact: Numbers) -> bool:
        return any(True for _ in self._of_queries(fact))

    def _of_queries(self, goal: Numbers) -> Iterator[_Way]:
        triple = self.number.triple(goal)
        for name, construct in self.reasoning.constructs.items():
            if not construct.is_query:
                continue
            rule = Rule((name,), construct.patterns, None)
            for head in construct.heads:
                for solution in self._solutions(name) if _may_be(head, triple) else ():
                    if _meant(head, solution) == triple:
                        premises = (_meant(atom, solution) for atom in construct.patterns)
                        facts = [
                            self.number.fact(premise)
                            for premise in premises
                            if premise is not None and self.is_known(premise)
                        ]
                        yield _Way(rule, tuple(dict.fromkeys(facts)))

    def _solutions(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the solutions of a rule's pattern."""
        if name not in self._matched:
            with self.store.reading():
                solutions = self.store.select(select_of(self.reasoning.ontology.rules[name]))
                names = [variable.value for variable in solutions.variables]
                self._matched[name] = [{n: row[n] for n in names if row[n] is not None} for row in solutions]
        return self._matched[name]

    # ---- contradictions ----------------------------------------------------------------------------------------------

    def contradictions(self) -> list[Contradiction]:
        """Return the contradictions in the store, each once."""
        distinct: dict[tuple[tuple[str, ...], frozenset[Numbers]], Contradiction] = {}
        for rule, facts in chain(self._violations(), self._exclusions()):
            row = Contradiction(rule, tuple(map(self.number.triple, facts)))
            key = rule.names, frozenset(facts)
            distinct[key] = min(distinct.get(key, row), row, key=lambda found: [*map(str, found.facts)])
        return sorted(distinct.values(), key=lambda found: (found.rule.names, *map(str, found.facts)))

    def _matches(self, rule: Rule) -> list[tuple[tuple[int, ...], tuple[Numbers, ...]]]:
        """Return the matches of a rule: the ends of its head, and the facts of its body."""
        match = Match(rule, self.number, self.facts)
        found: list[tuple[tuple[int, ...], tuple[Numbers, ...]]] = []

        def note() -> None:
            if not rule.conditions or self._accept(match):
                ends = tuple(match.registers[slot] for slot in match.head or ())
                found.append((ends, tuple(dict.fromkeys(match.body()))))

        match.plan((), note)()
        return found

    def _violations(self) -> Iterator[tuple[Rule, tuple[Numbers, ...]]]:
        for rule in self.constraints:
            for _, facts in self._matches(rule):
                yield rule, facts

    def _exclusions(self) -> Iterator[tuple[Rule, tuple[Numbers, ...]]]:
        for exclusion in self.exclusions:
            holding: dict[tuple[int, ...], dict[int, tuple[Rule, tuple[Numbers, ...]]]] = defaultdict(dict)
            for member, rule in exclusion.rules:
                for ends, facts in self._matches(rule):
                    holding[ends].setdefault(member, (rule, facts))
            for members in holding.values():
                for (one, facts), (other, more) in combinations(members.values(), 2):
                    axioms = (*exclusion.axioms, *one.axioms, *other.axioms)
                    names = tuple(dict.fromkeys((*one.names, *other.names)))
                    yield Rule(names, (*one.body, *other.body), None, axioms), tuple(dict.fromkeys((*facts, *more)))


def _by_predicate(fact: Numbers) -> tuple[int, int, int]:
    return fact[1], fact[0], fact[2]


def _equality(name: str) -> Rule:
    return Rule((name,), (), None)


_EQ_SYM, _EQ_TRANS, _EQ_REP_S, _EQ_REP_O = map(_equality, ("eq-sym", "eq-trans", "eq-rep-s", "eq-rep-o"))


def _may_be(atom: Any, triple: ox.Triple) -> bool:
    pairs = zip(
        (atom.subject, atom.predicate, atom.object), (triple.subject, triple.predicate, triple.object), strict=True
    )
    return all(isinstance(mine, ox.Variable) or mine == theirs for mine, theirs in pairs)


def _meant(atom: Any, solution: Mapping[str, Any]) -> ox.Triple | None:
    """Return a pattern with the bindings of a solution filled in; None if the result is no triple."""
    terms: list[Term | None] = [
        solution.get(term.value) if isinstance(term, ox.Variable) else term
        for term in (atom.subject, atom.predicate, atom.object)
    ]
    subject, predicate, obj = terms
    if (
        isinstance(subject, ox.NamedNode)
        and isinstance(predicate, ox.NamedNode)
        and isinstance(obj, (ox.NamedNode, ox.Literal))
    ):
        return ox.Triple(subject, predicate, obj)
    return None


def _cheapest(ways: Mapping[Numbers, Iterable[_Way] | None]) -> dict[Numbers, _Way | None]:
    """Return the way with the fewest steps to each fact that can be derived from asserted facts."""
    waiting: dict[Numbers, list[tuple[Numbers, _Way]]] = defaultdict(list)
    missing: dict[tuple[Numbers, _Way], int] = {}
    order = count()
    queue: list[tuple[int, int, Numbers, _Way | None]] = []
    for fact, row in ways.items():
        if row is None:
            heapq.heappush(queue, (1, next(order), fact, None))
            continue
        for way in row:
            missing[fact, way] = len(way.premises)
            for premise in way.premises:
                waiting[premise].append((fact, way))
            if not way.premises:
                heapq.heappush(queue, (1, next(order), fact, way))
    best: dict[Numbers, _Way | None] = {}
    cost: dict[Numbers, int] = {}
    while queue:
        price, _, fact, chosen = heapq.heappop(queue)
        if fact in best:
            continue
        best[fact], cost[fact] = chosen, price
        for above, way in waiting.get(fact, ()):
            missing[above, way] -= 1
            if missing[above, way] == 0 and above not in best:
                heapq.heappush(queue, (1 + sum(cost[p] for p in way.premises), next(order), above, way))
    return best
