"""The premises that a rule lacks for a conclusion: its patterns are joined with what holds, and the rest is missing.

A variable takes the things that the patterns which hold give it. Only where nothing binds it, a known thing is chosen:
one of those that the ontology or the present values of the property suggest.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice, product
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.vocabulary import DESCRIBES, TYPE
from kg.reasoning.derivation import Derivations
from kg.reasoning.rules import Atom, Match, Numbers, Path, Rule, Term, Walker

_FactSet = frozenset[Numbers]
_Binding = Mapping[ox.Variable, int]
_MOST_PATTERNS = 12
"""Of a longer rule, only few patterns may be missing: the number of parts doubles with each pattern."""
_FEW = 2
_ANY = ox.Literal("…")
"""A text in the place of any text."""


@dataclass(frozen=True)
class SearchBounds:
    """How far a search for missing facts goes."""

    size: int = 3
    """The most facts of a set."""
    sets: int = 40
    """The number of sets from which on no larger ones are looked for."""
    goals: int = 1_500
    """The most facts that are looked at."""
    choices: int = 12
    """The most ways of a rule that differ only in the things which its variables mean."""
    examples: int = 3
    """The most of them if nothing binds these variables, so that many things would do."""
    matches: int = 20_000
    """The most matches of the patterns that hold."""
    seconds: float = 4.0


class _Part(NamedTuple):
    """A rule of the patterns that are to hold, and the patterns that are missing."""

    rule: Rule
    missing: tuple[Atom, ...]

    @property
    def free(self) -> tuple[ox.Variable, ...]:
        """The variables that neither the conclusion nor a pattern that holds binds."""
        bound = set(_terms((*self.rule.body, *filter(None, [self.rule.head]))))
        wanted = (term for term in _terms(self.missing) if isinstance(term, ox.Variable) and term not in bound)
        return tuple(dict.fromkeys(wanted))


class _Enough(Exception):
    """There are more matches than the bounds allow."""


@dataclass
class MissingPremises:
    """Finds what rules lack. `is_viable` tells whether a missing fact can be brought about at all."""

    derivations: Derivations
    is_viable: Callable[[Numbers], bool]
    bounds: SearchBounds
    deadline: float
    left_out: int = 0
    """The number of ways that the bounds on choices leave out."""
    is_cut: bool = False
    """Whether another bound has left something out."""

    def of(self, rule: Rule, goal: Numbers) -> Iterator[_FactSet]:
        """Yield the sets of facts each of which a rule lacks to conclude a goal, besides facts that hold."""
        known = self._unified(rule, goal)
        matched: list[frozenset[Atom]] = []
        for part in _parts(rule) if known is not None else ():
            if time.monotonic() > self.deadline:
                self.is_cut = True
                return
            missing = frozenset(part.missing)
            # A free choice is no better than the things that a pattern which holds gives.
            if part.free and any(fewer < missing for fewer in matched):
                continue
            rows = self._rows(part, goal, known or {})
            if rows:
                matched.append(missing)
            yield from rows

    def _rows(self, part: _Part, goal: Numbers, known: _Binding) -> list[_FactSet]:
        """The ways of a part; if the things that suit its free variables give none, those by any thing of a note."""
        if not part.free:
            return self._limited(self._of_part(part, goal, known), self.bounds.choices)
        rows = self._limited(self._of_part(part, goal, known), self.bounds.examples)
        return rows or self._limited(self._of_part(part, goal, known, by_any=True), self.bounds.examples)

    def _unified(self, rule: Rule, goal: Numbers) -> _Binding | None:
        """The variables of a conclusion bound to the ends of a goal; None if it cannot be the goal."""
        assert rule.head is not None
        known: dict[ox.Variable, int] = {}
        for term, number in ((rule.head.subject, goal[0]), (rule.head.object, goal[2])):
            meant = known.setdefault(term, number) if isinstance(term, ox.Variable) else self.derivations.number(term)
            if meant != number:
                return None
        return known

    def _limited(self, rows: Iterator[_FactSet], most: int) -> list[_FactSet]:
        """The first of the ways by their text, of which each fact is viable."""
        viable = {row for row in rows if all(map(self.is_viable, row))}
        if len(viable) <= most:
            return sorted(viable, key=sorted)
        self.left_out += len(viable) - most
        return sorted(viable, key=self._text)[:most]

    def _text(self, row: _FactSet) -> list[str]:
        return sorted(str(self.derivations.number.triple(fact)) for fact in row)

    # ---- the ways of a part of a rule --------------------------------------------------------------------------------

    def _of_part(self, part: _Part, goal: Numbers, known: _Binding, *, by_any: bool = False) -> Iterator[_FactSet]:
        choices = self._choices(part, by_any=by_any)
        for bound in self._matches(part, known):
            for chosen in choices:
                binding = {**bound, **chosen}
                for facts in product(*(list(self._missing(atom, binding)) for atom in part.missing)):
                    row = frozenset(facts)
                    if goal not in row and not any(map(self._holds, row)) and self._accepts(part.rule, binding):
                        yield row

    def _matches(self, part: _Part, known: _Binding) -> list[_Binding]:
        """The bindings of a part's variables for which its patterns hold, each once."""
        match = Match(part.rule, self.derivations.number, self.derivations.facts)
        slots = {variable: match.slot(variable) for variable in known}
        needed = {t for t in _terms(part.missing) if isinstance(t, ox.Variable)}
        if part.rule.conditions:
            needed |= {t for t in _terms(part.rule.body) if isinstance(t, ox.Variable)}
        rows: dict[tuple[int, ...], _Binding] = {}
        wanted = [(v, slot) for v, slot in match.variables if v in needed or v in known]
        count = 0

        def note() -> None:
            nonlocal count
            count += 1
            if count > self.bounds.matches or (count % 1000 == 0 and time.monotonic() > self.deadline):
                raise _Enough
            key = tuple(match.registers[slot] for _, slot in wanted)
            rows.setdefault(key, dict(zip((v for v, _ in wanted), key, strict=True)))

        for variable, slot in slots.items():
            match.registers[slot] = known[variable]
        try:
            match.plan(slots.values(), note)()
        except _Enough:
            self.is_cut = True
        return list(rows.values())

    def _missing(self, atom: Atom, binding: _Binding) -> Iterator[Numbers]:
        """The facts any of which would make a pattern hold."""
        start, end = self._meant(atom.subject, binding), self._meant(atom.object, binding)
        if not isinstance(atom.predicate, Path):
            yield start, self.derivations.number(atom.predicate), end
            return
        walker, facts = Walker(atom.predicate, self.derivations.number), self.derivations.facts
        for before, predicate, backwards, after in walker.steps:
            nears = walker.begun(facts, start, before)
            fars = walker.ending(facts, end, after)
            for near, far in islice(product(sorted(nears), sorted(fars)), self.bounds.matches):
                yield (far, predicate, near) if backwards else (near, predicate, far)

    def _meant(self, term: Term, binding: _Binding) -> int:
        return binding[term] if isinstance(term, ox.Variable) else self.derivations.number(term)

    def _holds(self, fact: Numbers) -> bool:
        return self.derivations.facts.has(fact[1], fact[0], fact[2])

    def _accepts(self, rule: Rule, binding: _Binding) -> bool:
        meant = {variable: self.derivations.number.term(number) for variable, number in binding.items()}
        return all(condition.holds(meant, self.derivations.answers) for condition in rule.conditions)

    # ---- free choices ------------------------------------------------------------------------------------------------

    def _choices(self, part: _Part, *, by_any: bool) -> list[_Binding]:
        """The bindings of the variables that nothing binds: by things that suit them, or by any thing of a note."""
        if not part.free:
            return [{}]
        options = [self._described if by_any else self._candidates(variable, part.missing) for variable in part.free]
        return [dict(zip(part.free, row, strict=True)) for row in islice(product(*options), self.bounds.matches)]

    def _candidates(self, variable: ox.Variable, atoms: Iterable[Atom]) -> Sequence[int]:
        """The things that a variable may mean: those that suit most of its patterns."""
        fits: Counter[int] = Counter()
        for atom in atoms:
            if isinstance(atom.predicate, ox.NamedNode) and variable in {atom.subject, atom.object}:
                fits.update(self._suited(atom.predicate, as_object=atom.object == variable))
        most = max(fits.values(), default=0)
        return sorted(number for number, count in fits.items() if count == most)

    def _suited(self, predicate: ox.NamedNode, *, as_object: bool) -> set[int]:
        """The things that suit an end of a property: those of the classes in the ontology, else present ones."""
        number, facts = self.derivations.number, self.derivations.facts
        if predicate == TYPE:
            return set()
        prop = self.derivations.reasoning.ontology.properties.get(predicate.value)
        classes = (prop.ranges if as_object else prop.domains) if prop else ()
        things = {thing for class_ in classes for thing in facts.subjects(number(TYPE), number(ox.NamedNode(class_)))}
        things = things or {pair[as_object] for pair in facts.pairs(number(predicate))}
        if not things and as_object and prop is not None and prop.kind not in {"object", "any"}:
            return {number(_ANY)}
        return things

    @cached_property
    def _described(self) -> tuple[int, ...]:
        """The things that notes describe."""
        number = self.derivations.number
        return tuple(sorted(end for _, end in self.derivations.facts.pairs(number(DESCRIBES))))


def _terms(atoms: Iterable[Atom]) -> Iterator[Term]:
    return (term for atom in atoms for term in (atom.subject, atom.object))


def _parts(rule: Rule) -> Iterator[_Part]:
    """The parts of a rule by which of its patterns are missing, those with the fewest first."""
    most = len(rule.body) if len(rule.body) <= _MOST_PATTERNS else _FEW
    for count in range(1, most + 1):
        for missing in combinations(rule.body, count):
            body = tuple(atom for atom in rule.body if atom not in missing)
            yield _Part(rule._replace(body=body), missing)
