"""Axioms about all pairs of a long list: AllDisjointClasses, AllDisjointProperties, AllDifferent.

A list of n members has n² pairs. So each member of a long list has one rule, and the members that hold of the same
things exclude each other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.vocabulary import SAME_AS, TYPE
from kg.reasoning.rules import Atom, Ground, Rule, Term

FEW = 16
"""Up to this many members, each pair has a rule."""
_X, _Y = ox.Variable("x"), ox.Variable("y")
_MARK = "urn:kg:excludes:"


class Excluded(NamedTuple):
    """A long list of which no two members may hold of the same things."""

    name: str
    """The rule of the specification."""
    members: tuple[Ground, ...]
    axioms: tuple[ox.Triple, ...]

    def rules(self, number: int) -> Iterator[Rule]:
        """The rules of the members: each concludes a mark from the member; `number` is the number of the list."""
        for index, member in enumerate(self.members):
            mark = ox.NamedNode(f"{_MARK}{number}:{index}")
            if self.name == "prp-adp":
                yield Rule((self.name,), (Atom(_X, member, _Y),), Atom(_X, mark, _Y))
            else:
                yield Rule((self.name,), (Atom(_X, TYPE, member),), Atom(_X, mark, _X))


class Exclusion(NamedTuple):
    """The rules of a long list's members, each with the number of its member, and the axioms that state the list."""

    rules: tuple[tuple[int, Rule], ...]
    axioms: tuple[ox.Triple, ...]


def is_mark(rule: Rule) -> bool:
    """Whether a rule concludes that a member of a long list holds."""
    predicate = rule.head and rule.head.predicate
    return isinstance(predicate, ox.NamedNode) and predicate.value.startswith(_MARK)


def exclusions(lists: list[Excluded], rules: Iterable[Rule]) -> Iterator[Exclusion]:
    """Return the exclusions of lists, from the rules of their members without nameless expressions."""
    of_list: dict[int, list[tuple[int, Rule]]] = defaultdict(list)
    for rule in rules:
        assert rule.head is not None
        number, index = str(rule.head.predicate).strip("<>").removeprefix(_MARK).split(":")
        of_list[int(number)].append((int(index), rule))
    return (Exclusion(tuple(of_list[number]), row.axioms) for number, row in enumerate(lists) if of_list[number])


class Earlier(NamedTuple):
    """The condition that two things are in a list, `?x` before `?y`."""

    order: "Order"

    def holds(self, meant: Mapping[ox.Variable, Ground], _answers: Callable[[str], bool]) -> bool:
        """Whether it is true of the terms of the variables."""
        first, second = (self.order.places.get(term) for term in meant.values())
        return first is not None and second is not None and first < second

    def renamed(self, _names: Mapping[Term, Term]) -> "Earlier":
        """Return the condition: it takes the variables by their order."""
        return self


class Order:
    """The places of the members of a list."""

    def __init__(self, members: Iterable[Ground]) -> None:
        self.places = {member: place for place, member in enumerate(members)}


def all_different(row: Excluded) -> Rule:
    """Return the constraint that no two members of a list are the same."""
    return Rule((row.name,), (Atom(_X, SAME_AS, _Y),), None, row.axioms, (Earlier(Order(row.members)),))
