"""Abduction: the smallest sets of facts that would make a triple follow.

A backward search from the triple collects the ways in which rules conclude it, each with the facts that are missing.
Labels then spread from the facts that a note could state up to the triple: the minimal sets of such facts from which a
fact follows (de Kleer 1986, An assumption-based TMS). So a circle of rules ends, and no set contains another.
"""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, product
from typing import Protocol

import pyoxigraph as ox

from kg.rdf.vocabulary import SAME_AS
from kg.reasoning.derivation import Derivations
from kg.reasoning.missing_premises import MissingPremises, SearchBounds
from kg.reasoning.rules import Numbers, Rule

_FactSet = frozenset[Numbers]
_MOST_LABELS = 400
"""The most sets that are kept of a fact, the smallest first."""


@dataclass(frozen=True)
class MissingFacts:
    """The minimal sets of missing facts, the smallest first; of equal size, those with the fewest steps."""

    sets: tuple[tuple[ox.Triple, ...], ...]
    left_out: int = 0
    """The number of other things that would do in place of those that the sets name."""
    is_cut: bool = False
    """Whether a bound has ended the search, so that there may be more sets."""


@dataclass
class _Labels:
    """The minimal sets of facts from which a fact follows, each with its number of steps."""

    sets: dict[_FactSet, int] = field(default_factory=dict)

    def add(self, facts: _FactSet, steps: int) -> bool:
        """Add a set unless one of its subsets is known; return whether it is new, or has fewer steps than before."""
        if facts in self.sets:
            is_nearer = steps < self.sets[facts]
            self.sets[facts] = min(steps, self.sets[facts])
            return is_nearer
        if any(known < facts for known in self.sets):
            return False
        for known in [known for known in self.sets if facts < known]:
            del self.sets[known]
        self.sets[facts] = steps
        return True


class Statable(Protocol):
    """What notes could state."""

    def may_state(self, triple: ox.Triple, /) -> bool:
        """Whether a note could state a triple."""

    def may_use(self, predicate: ox.NamedNode, /) -> bool:
        """Whether a note could state any triple of a property."""


class Abduction:
    """Finds the facts that are missing for a triple to follow."""

    def __init__(self, derivations: Derivations, statable: Statable, bounds: SearchBounds | None = None) -> None:
        self._derivations, self._bounds = derivations, bounds or SearchBounds()
        self._number, self._facts = derivations.number, derivations.facts
        self._statable = statable
        self._same = self._number(SAME_AS)
        self._by_head: dict[int, list[Rule]] = defaultdict(list)
        for rule in (*derivations.rules, *_of_queries(derivations)):
            if rule.concludes is not None:
                self._by_head[self._number(rule.concludes)].append(rule)
        self._stated: dict[Numbers, bool] = {}

    def of(self, goal: ox.Triple) -> MissingFacts:
        """Return the minimal sets of missing facts from which a triple follows, which does not hold.

        They are those of the smallest size that there is, and of the next size.
        """
        deadline = time.monotonic() + self._bounds.seconds
        premises = MissingPremises(self._derivations, self._is_viable, self._bounds, deadline)
        fact = self._number.fact(goal)
        ways, is_cut = self._ways(fact, premises, deadline)
        labels = _Labels()
        for size in range(1, self._bounds.size + 1):
            labels, is_full = self._spread(ways, fact, size, deadline)
            is_cut |= is_full
            if len(labels.sets) >= self._bounds.sets or any(len(facts) < size for facts in labels.sets):
                break
        return MissingFacts(self._in_order(labels), premises.left_out, is_cut or premises.is_cut)

    def _in_order(self, labels: _Labels) -> tuple[tuple[ox.Triple, ...], ...]:
        rows = []
        for facts, steps in labels.sets.items():
            triples = tuple(sorted(map(self._number.triple, facts), key=str))
            rows.append((len(facts), steps, tuple(map(str, triples)), triples))
        return tuple(row[-1] for row in sorted(rows, key=lambda row: row[:3]))

    # ---- the ways to a fact ------------------------------------------------------------------------------------------

    def _ways(
        self, goal: Numbers, premises: MissingPremises, deadline: float
    ) -> tuple[dict[Numbers, list[_FactSet]], bool]:
        """Return the ways to a fact and to the facts that these miss, nearest first, and whether a bound ended it."""
        ways: dict[Numbers, list[_FactSet]] = {}
        queue = deque([goal])
        while queue:
            fact = queue.popleft()
            if fact in ways:
                continue
            if len(ways) >= self._bounds.goals or time.monotonic() > deadline:
                return ways, True
            rows = [row for row in self._ways_to(fact, premises) if fact not in row]
            ways[fact] = list(dict.fromkeys(rows))
            queue += [missing for row in ways[fact] for missing in row]
        return ways, False

    def _ways_to(self, goal: Numbers, premises: MissingPremises) -> Iterator[_FactSet]:
        for rule in self._by_head.get(goal[1], ()):
            yield from premises.of(rule, goal)
        subject, predicate, obj = goal
        if predicate == self._same:
            yield frozenset([(obj, predicate, subject)])
            return
        for equal in self._facts.subjects(self._same, subject):
            yield frozenset([(equal, predicate, obj)])
        for equal in self._facts.subjects(self._same, obj) if obj >= 0 else ():
            yield frozenset([(subject, predicate, equal)])

    def _is_stated(self, fact: Numbers) -> bool:
        """Whether a note could state a fact."""
        if fact not in self._stated:
            self._stated[fact] = fact[0] >= 0 and self._statable.may_state(self._number.triple(fact))
        return self._stated[fact]

    def _is_viable(self, fact: Numbers) -> bool:
        """Whether a note could state a fact, or a rule conclude it."""
        return fact[0] >= 0 and (fact[1] in self._concluded or self._is_stated(fact))

    @cached_property
    def _concluded(self) -> set[int]:
        """The properties that rules conclude from facts which a note could state."""
        rules = [
            (self._number(rule.concludes), rule) for rows in self._by_head.values() for rule in rows if rule.concludes
        ]
        concluded: set[int] = set()
        grown = True
        while grown:
            more = {head for head, rule in rules if head not in concluded and self._may_come(rule, concluded)}
            concluded |= more
            grown = bool(more)
        return concluded

    def _may_come(self, rule: Rule, concluded: set[int]) -> bool:
        """Whether one of the properties of a rule's body can come about."""
        return any(self._number(p) in concluded or self._may_use(p) for p in rule.properties)

    def _may_use(self, predicate: object) -> bool:
        return isinstance(predicate, ox.NamedNode) and self._statable.may_use(predicate)

    # ---- labels ------------------------------------------------------------------------------------------------------

    def _spread(
        self, ways: dict[Numbers, list[_FactSet]], goal: Numbers, size: int, deadline: float
    ) -> tuple[_Labels, bool]:
        """Return the labels of a goal, of sets with at most `size` facts, and whether a bound left some out."""
        labels: dict[Numbers, _Labels] = defaultdict(_Labels)
        above: dict[Numbers, list[tuple[Numbers, _FactSet]]] = defaultdict(list)
        for fact, rows in ways.items():
            for row in rows:
                for missing in row:
                    above[missing].append((fact, row))
        queue = deque(fact for fact in above.keys() | ways.keys() if self._is_stated(fact))
        for fact in queue:
            labels[fact].add(frozenset([fact]), 0)
        is_cut = False
        while queue:
            for fact, row in above[queue.popleft()]:
                is_cut |= len(labels[fact].sets) >= _MOST_LABELS or time.monotonic() > deadline
                if is_cut and fact != goal:
                    continue
                if _combine(labels, fact, row, size):
                    queue.append(fact)
        return labels[goal], is_cut


def _combine(labels: dict[Numbers, _Labels], fact: Numbers, row: _FactSet, size: int) -> bool:
    """Add the sets of a way to the labels of a fact; return whether one of them is new."""
    wholes: dict[_FactSet, int] = {frozenset(): 0}
    for missing in row:
        joined: dict[_FactSet, int] = {}
        for (whole, most), (part, steps) in product(wholes.items(), labels[missing].sets.items()):
            facts = whole | part
            if len(facts) <= size:
                joined[facts] = min(max(most, steps), joined.get(facts, max(most, steps)))
        wholes = dict(islice(joined.items(), _MOST_LABELS))
    is_new = False
    for facts, steps in wholes.items():
        if facts in labels[fact].sets or len(labels[fact].sets) < _MOST_LABELS:
            is_new |= labels[fact].add(facts, 1 + steps)
    return is_new


def _of_queries(derivations: Derivations) -> Iterator[Rule]:
    """The rule files that are queries, as rules of their patterns alone: what is found by them is to be checked."""
    for name, construct in derivations.reasoning.constructs.items():
        for head in construct.heads if construct.is_query else ():
            if isinstance(head.predicate, ox.NamedNode):
                body = tuple(a for a in construct.patterns if not isinstance(a.predicate, ox.Variable))
                yield Rule((name,), body, head)
