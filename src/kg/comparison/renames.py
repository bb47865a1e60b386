"""Notes that have another path in the later state: the same identity, the same content, or much the same text."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import pyoxigraph as ox
from rapidfuzz.distance import Indel

from kg.comparison.state import ComparedState
from kg.rdf.vocabulary import Term

_ALIKE = 0.5
"""The least similarity of two texts, as git's: the share of characters that both have in the same order."""
_MOST_PAIRS = 10_000
_LONGEST = 20_000


def renamed(before: ComparedState, after: ComparedState) -> dict[str, str]:
    """The later paths of the notes that have moved, by their earlier paths."""
    gone = sorted(before.ledger.entries.keys() - after.ledger.entries.keys())
    come = sorted(after.ledger.entries.keys() - before.ledger.entries.keys())
    found: dict[str, str] = {}
    for key in (_identity, ComparedState.digest):
        theirs = _unique(come, after, key, set(found.values()))
        mine = _unique(gone, before, key, set(found))
        found |= {path: theirs[fact] for fact, path in mine.items() if fact in theirs}
    rest = [path for path in gone if path not in found], [path for path in come if path not in found.values()]
    return dict(sorted((found | _alike(before, after, *rest)).items()))


def _identity(state: ComparedState, path: str) -> str:
    return state.ledger.entries[path].card.id or ""


def _unique(
    paths: Iterable[str], state: ComparedState, key: Callable[[ComparedState, str], str], taken: Collection[str]
) -> dict[str, str]:
    """The paths by a fact that only one of them has."""
    facts: dict[str, list[str]] = {}
    for path in paths:
        if path not in taken and (fact := key(state, path)):
            facts.setdefault(fact, []).append(path)
    return {fact: same[0] for fact, same in facts.items() if len(same) == 1}


def _alike(before: ComparedState, after: ComparedState, gone: list[str], come: list[str]) -> dict[str, str]:
    """The most similar pairs first, each note in one of them."""
    if len(gone) * len(come) > _MOST_PAIRS:
        return {}
    old = {path: before.content(path)[:_LONGEST] for path in gone}
    new = {path: after.content(path)[:_LONGEST] for path in come}
    pairs = [
        (-Indel.normalized_similarity(old[first], new[second], score_cutoff=_ALIKE), first, second)
        for first, second in product(gone, come)
        if old[first].strip() and new[second].strip()
    ]
    found: dict[str, str] = {}
    for score, first, second in sorted(pairs):
        if -score >= _ALIKE and first not in found and second not in found.values():
            found[first] = second
    return found


@dataclass(frozen=True)
class Renaming:
    """The names that the things of renamed notes have in the later state."""

    paths: Mapping[str, str]
    iris: Mapping[str, str]
    """The later IRIs of notes and of the things that they describe, by their earlier IRIs."""
    things: frozenset[Term] = frozenset()
    """What the renamed notes describe, by its earlier and its later IRI."""

    @classmethod
    def of(cls, before: ComparedState, after: ComparedState) -> "Renaming":
        """The renaming from one state to another."""
        paths = renamed(before, after)
        iris: dict[str, str] = {}
        things: set[Term] = set()
        for old, new in paths.items():
            iris[before.names.path(old)] = after.names.path(new)
            iris[before.entity(old).value] = after.entity(new).value
            things |= {before.entity(old), after.entity(new)}
        return cls(paths, {old: new for old, new in iris.items() if old != new}, frozenset(things))

    @cached_property
    def back(self) -> "Renaming":
        """The renaming in the other direction."""
        paths, iris = ({new: old for old, new in names.items()} for names in (self.paths, self.iris))
        return Renaming(paths, iris, self.things)

    def triple(self, triple: ox.Triple) -> ox.Triple:
        """A triple of the earlier state, with the later names."""
        if not self.iris:
            return triple
        subject, obj = self.term(triple.subject), self.term(triple.object)
        return ox.Triple(subject, triple.predicate, obj)  # type: ignore[arg-type] # a subject stays one

    def term(self, term: Term) -> Term:
        """A term of the earlier state, with its later name."""
        if not isinstance(term, ox.NamedNode):
            return term
        iri = term.value
        if iri in self.iris:
            return ox.NamedNode(self.iris[iri])
        at = iri.find("#")
        while at >= 0:
            if iri[:at] in self.iris:
                return ox.NamedNode(self.iris[iri[:at]] + iri[at:])
            at = iri.find("#", at + 1)
        return term
