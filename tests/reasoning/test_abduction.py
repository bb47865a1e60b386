"""The facts that are missing for a triple, against a search that tries every fact: on ontologies by chance."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox
import pytest

from helpers.inferring import GRAPHS, Expressions, about_things, built, parsed, reasoning
from helpers.ontologies import CLASSES, PREFIXES, PROPERTIES, THINGS, facts, ontology
from kg.rdf.vocabulary import DESCRIBES, SAME_AS
from kg.reasoning.abduction import Abduction
from kg.reasoning.closure import Closure
from kg.reasoning.conditions import accepts
from kg.reasoning.derivation import Derivations
from kg.reasoning.missing_premises import SearchBounds
from kg.reasoning.rules import Numbering, Rule

WIDE = SearchBounds(size=2, sets=10**6, goals=10**6, choices=200, examples=200, matches=10**6, seconds=10)
FEW = THINGS[:5]
ROWS = [f"{thing} {p} {other} ." for thing in FEW for p in PROPERTIES for other in FEW if thing != other]
ROWS += [f"{thing} a {class_} ." for thing in FEW for class_ in CLASSES]
STATABLE = {str(triple): triple for triple in parsed(PREFIXES + "\n".join(ROWS))}


class OfThese:
    """Notes that could state these triples alone."""

    def may_state(self, triple: ox.Triple) -> bool:
        return str(triple) in STATABLE

    def may_use(self, predicate: ox.NamedNode) -> bool:
        return any(triple.predicate == predicate for triple in STATABLE.values())


@dataclass(frozen=True)
class Known:
    """Rules, and the facts that they begin from."""

    rules: tuple[Rule, ...]
    triples: tuple[ox.Triple, ...]

    def closed(self, more: Iterable[ox.Triple]) -> set[str]:
        number = Numbering()
        closure = Closure(self.rules, number, accepts(Expressions(), number))
        if any(triple.predicate == SAME_AS for triple in self.triples):
            closure.expect_equality()
        triples = [*self.triples, *more]
        closure.run(map(number.fact, triples))
        return about_things([*triples, *map(number.triple, closure.new)])

    @cached_property
    def base(self) -> set[str]:
        return self.closed(())

    @cached_property
    def by_one(self) -> dict[str, set[str]]:
        """The triples that one fact more brings about, each with all facts that do."""
        ways: dict[str, set[str]] = defaultdict(set)
        for text, triple in STATABLE.items():
            for conclusion in self.closed([triple]) - self.base:
                ways[conclusion].add(text)
        return ways


def check(seed: int, folder: Path) -> int:
    described = "".join(f"<urn:note:{number}> <{DESCRIBES.value}> {thing} .\n" for number, thing in enumerate(FEW))
    text, data = ontology(seed), parsed(facts(seed) + described)
    meaning = reasoning(text)
    with built(folder / "store", meaning, {GRAPHS[0]: data}) as store:
        derivations = Derivations(cast("Any", store), meaning)
        known = Known(derivations.rules, tuple(dict.fromkeys([*data, *meaning.ontology.triples])))
        goals = sorted(goal for goal in known.by_one if goal.split()[1] != str(SAME_AS))
        chosen = random.Random(seed).sample(goals, min(12, len(goals)))
        has_equality = any(rule.concludes == SAME_AS for rule in derivations.rules)
        abduction = Abduction(derivations, OfThese(), WIDE)
        for goal in chosen:
            (triple,) = parsed(f"{goal} .")
            found = {frozenset(map(str, row)) for row in abduction.of(triple).sets}
            for row in found:
                parts = chain.from_iterable(combinations(row, size) for size in range(len(row)))
                assert has_equality or goal in known.closed(STATABLE[part] for part in row), (goal, row)
                # What would follow if two things became the same is not searched: an overlay finds that part.
                assert has_equality or not any(goal in known.closed(STATABLE[one] for one in part) for part in parts), (
                    goal,
                    row,
                )
            ones = {frozenset([one]) for one in known.by_one[goal]}
            assert {row for row in found if len(row) == 1} <= ones
            assert has_equality or {row for row in found if len(row) == 1}, (goal, ones)
        return len(chosen)


@pytest.mark.parametrize("seed", range(3))
def test_no_smaller_set_does(seed: int, tmp_path: Path) -> None:
    assert check(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 60))
def test_no_smaller_set_does_on_many_ontologies(seed: int, tmp_path: Path) -> None:
    assert check(seed, tmp_path)
