"""Incremental inference: update the inferred triples when asserted triples are added or removed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyoxigraph as ox

from kg.rdf.vocabulary import SAME_AS
from kg.reasoning.closure import Closure, is_transitivity, transitive
from kg.reasoning.conditions import accepts, is_informative
from kg.reasoning.facts import Stored
from kg.reasoning.owl_rl import is_axiom
from kg.reasoning.rules import Match, Numbering, Numbers, Rule, triggers
from kg.store.builder import Builder

_MOST_LOST = 20_000
"""If more facts than this may have to be withdrawn, inferring everything again is faster."""


class IncrementalInference:
    """Brings the inferred triples of a store up to date."""

    def __init__(self, store: Builder, rules: Sequence[Rule]) -> None:
        self.store, self.rules = store, rules
        self.number = Numbering()
        self.facts = Stored(store.triples, self.number)
        self.accept = accepts(store, self.number)
        self._matches = [Match(rule, self.number, self.facts) for rule in rules]

    def apply(self, gone: Iterable[ox.Triple], come: Iterable[ox.Triple]) -> bool:
        """Update the inferred triples; return whether that was possible."""
        fact = self.number.fact
        left, arrived = list(map(fact, gone)), list(map(fact, come))
        for item in left:
            self.facts.add(*item)
        lost = self._lost(left)
        if lost is None:
            return False
        self.facts.removed = set(lost)
        restored = self._shown(lost) if lost else []
        restored += self._reached({item for item in lost if item in self.facts.removed})
        closure = Closure(self.rules, self.number, self.accept, self.facts)
        closure.follow(arrived, restored)
        triple = self.number.triple
        removed = {triple(item) for item in lost if item in self.facts.removed}
        added = {triple(item) for item in (*restored, *closure.new)}
        if any(is_axiom(item) or item.predicate == SAME_AS for item in removed | added):
            return False  # the effect on other facts is unknown
        self.store.change_inferred(removed, {item for item in added if is_informative(item)})
        return True

    # ---- withdrawal --------------------------------------------------------------------------------------------------

    def _lost(self, gone: Sequence[Numbers]) -> dict[Numbers, bool] | None:
        """Return the gone facts and the inferred facts that may rest on them; None if there are too many.

        The value is True for a pair that a transitive property's closing alone added: it closes nothing further.
        """
        lost = dict.fromkeys(gone, False)
        queue = [(fact, False) for fact in gone]
        fires = self._fires(queue, lost)
        closing = {self.number(p) for p in transitive(self.rules)}
        for fact, is_closing in queue:
            if len(queue) > _MOST_LOST:
                return None
            subject, predicate, obj = fact
            for key in (predicate, None), (predicate, obj):
                for fire in fires.get(key, ()):
                    fire(subject, obj)
            if predicate in closing and not is_closing:
                self._unclose(fact, queue, lost)
        return lost

    def _fires(self, queue: list[tuple[Numbers, bool]], lost: dict[Numbers, bool]) -> Mapping[Any, list[Any]]:
        """Return the functions that find the conclusions of a fact, by its predicate and fixed object."""

        def then(match: Match) -> Any:
            assert match.head is not None
            assert match.rule.concludes is not None
            start, end = match.head
            predicate = self.number(match.rule.concludes)

            def lose() -> None:
                self._lose((match.registers[start], predicate, match.registers[end]), queue, lost, closing=False)

            return lose

        fires: dict[Any, list[Any]] = {}
        matches = [match for match in self._matches if not is_transitivity(match.rule)]
        for predicate, fixed, fire in triggers(matches, then):
            fires.setdefault((predicate, fixed), []).append(fire)
        return fires

    def _unclose(self, fact: Numbers, queue: list[tuple[Numbers, bool]], lost: dict[Numbers, bool]) -> None:
        subject, predicate, obj = fact
        starts = {subject, *self.facts.subjects(predicate, subject)}
        ends = {obj, *self.facts.objects(predicate, obj)}
        for start in starts:
            for end in ends:
                self._lose((start, predicate, end), queue, lost, closing=True)
            if len(queue) > _MOST_LOST:
                return

    def _lose(
        self, fact: Numbers, queue: list[tuple[Numbers, bool]], lost: dict[Numbers, bool], *, closing: bool
    ) -> None:
        """Record a fact as possibly lost: once, and again if it was recorded as a mere closing pair but is not."""
        if lost.get(fact, True) is False or (closing and fact in lost):
            return
        if fact[0] >= 0 and (fact in lost or self.store.is_inferred(self.number.triple(fact))):
            lost[fact] = closing
            queue.append((fact, closing))

    # ---- rederivation ------------------------------------------------------------------------------------------------

    def _shown(self, lost: Iterable[Numbers]) -> list[Numbers]:
        """Restore and return the lost facts that a rule still derives."""
        by_head: dict[int, list[Any]] = {}
        seen: list[bool] = []
        for match in self._matches:
            if match.rule.concludes and not is_transitivity(match.rule):
                head = self.number(match.rule.concludes)
                by_head.setdefault(head, []).append(match.of_head(self._noting(match, seen)))
        restored = []
        for fact in lost:
            for find in by_head.get(fact[1], ()):
                seen.clear()
                find(fact[0], fact[2])
                if seen:
                    self.facts.add(*fact)
                    restored.append(fact)
                    break
        return restored

    def _noting(self, match: Match, seen: list[bool]) -> Any:
        def note() -> None:
            if not seen and self.accept(match):
                seen.append(True)

        return note

    def _reached(self, lost: Iterable[Numbers]) -> list[Numbers]:
        """Restore and return the lost pairs of transitive properties that other pairs still connect."""
        closing = {self.number(p) for p in transitive(self.rules)}
        wanted: dict[tuple[int, int], set[int]] = {}
        for subject, predicate, obj in lost:
            if predicate in closing:
                wanted.setdefault((subject, predicate), set()).add(obj)
        restored = []
        for (subject, predicate), ends in wanted.items():
            reached: set[int] = set()
            stack = list(self.facts.objects(predicate, subject))
            while stack:
                node = stack.pop()
                if node not in reached:
                    reached.add(node)
                    stack += self.facts.objects(predicate, node)
            restored += [(subject, predicate, end) for end in ends & reached]
        for fact in restored:
            self.facts.add(*fact)
        return restored
