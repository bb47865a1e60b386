"""Conditions on the matches of rules, and tests of which conclusions are worth keeping."""

from collections.abc import Callable
from typing import Protocol

import pyoxigraph as ox

from kg.rdf.vocabulary import SAME_AS, THING, TYPE
from kg.reasoning.rules import Match, Numbering
from kg.reasoning.unfolding import is_nameless


class QueryStore(Protocol):
    """A store that can test whether an expression is true."""

    def answers(self, query: str) -> bool:
        """Whether a SELECT query has a solution."""


def accepts(store: QueryStore, number: Numbering) -> Callable[[Match], bool]:
    """Return a function that tests whether a match meets its rule's conditions."""

    def accept(match: Match) -> bool:
        bindings = {v: number.term(match.registers[slot]) for v, slot in match.variables}
        return all(condition.holds(bindings, store.answers) for condition in match.rule.conditions)

    return accept


def is_informative(triple: ox.Triple) -> bool:
    """Whether a triple is worth keeping: no nameless term, no type owl:Thing, no thing that equals itself."""
    if mentions_nameless(triple) or (triple.object == THING and triple.predicate == TYPE):
        return False
    return not (triple.predicate == SAME_AS and triple.subject == triple.object)


def mentions_nameless(triple: ox.Triple) -> bool:
    """Whether a triple mentions a term without a name in RDF: a class expression with a skolem IRI, for example."""
    return any(map(is_nameless, (triple.subject, triple.predicate, triple.object)))
