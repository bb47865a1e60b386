"""Axioms as Turtle sentences, with nameless expressions written where they are used."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import pyoxigraph as ox

from kg.rdf.terms import RDF
from kg.rdf.vocabulary import TYPE
from kg.reasoning.unfolding import MAX_DEPTH, is_nameless

_MOST_MEMBERS = 16
"""A longer list is shown by its first members."""
_SHOWN = 3


class AxiomText:
    """Writes axioms as Turtle, with nameless expressions where they are used."""

    def __init__(self, axioms: Iterable[ox.Triple], name: Callable[[ox.NamedNode], str]) -> None:
        self._name = name
        self._of: dict[object, list[ox.Triple]] = defaultdict(list)
        for axiom in dict.fromkeys(axioms):
            self._of[axiom.subject].append(axiom)
        self._used = {axiom.object for rows in self._of.values() for axiom in rows}

    def sentences(self) -> Iterator[str]:
        """The sentences about each subject that is not part of another."""
        for subject, rows in self._of.items():
            if not (is_nameless(subject) and subject in self._used):
                for row in rows:
                    yield f"{self._term(subject, 0)} {self._predicate(row.predicate)} {self._term(row.object, 0)}"
                    if is_nameless(subject):
                        break

    def _predicate(self, predicate: ox.NamedNode) -> str:
        return "a" if predicate == TYPE else self._name(predicate)

    def _term(self, term: object, depth: int) -> str:
        if not is_nameless(term):
            return self._name(term) if isinstance(term, ox.NamedNode) else str(term)
        if depth > MAX_DEPTH:
            return "[ … ]"
        rows = [row for row in self._of.get(term, ()) if depth or row.predicate.value != RDF + "type"]
        if any(row.predicate.value == RDF + "first" for row in rows):
            members = list(self._members(term, depth))
            shown = members if len(members) <= _MOST_MEMBERS else [*members[:_SHOWN], "…"]
            return f"( {' '.join(shown)} )"
        inside = (f"{self._predicate(row.predicate)} {self._term(row.object, depth + 1)}" for row in rows)
        return f"[ {' ; '.join(inside)} ]"

    def _members(self, node: object, depth: int) -> Iterator[str]:
        for _ in range(len(self._of)):
            row = {t.predicate.value: t.object for t in self._of.get(node, ())}
            if RDF + "first" in row:
                yield self._term(row[RDF + "first"], depth + 1)
            node = row.get(RDF + "rest")
