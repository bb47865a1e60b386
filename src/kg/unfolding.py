"""Rules without what has no name in RDF: a class expression, or the inverse of a property, is no part of the dataset.

So what would be concluded of it is put in its place: from `C ⊑ ∃p.D ⊓ E` and `∃p.D ⊓ E ⊑ F` come rules over C, p, D, E
and F alone. Those are fewer steps for who asks why, too.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

import pyoxigraph as ox

from kg.rules import Atom, Rule, Term
from kg.terms import RDF

TYPE = ox.NamedNode(RDF + "type")
GENID = "/.well-known/genid/"
MOST_RULES = 20_000
_DEEPEST = 8
_VARIABLE = re.compile(r"\?\w+")


def is_nameless(term: object) -> bool:
    """Whether a term stands for a blank node of the ontology."""
    return isinstance(term, ox.BlankNode) or (isinstance(term, ox.NamedNode) and GENID in term.value)


class Written:
    """Axioms as Turtle, with what has no name written where it is used."""

    def __init__(self, axioms: Iterable[ox.Triple], name: Callable[[ox.NamedNode], str]) -> None:
        self._name = name
        self._of: dict[object, list[ox.Triple]] = defaultdict(list)
        for axiom in dict.fromkeys(axioms):
            self._of[axiom.subject].append(axiom)
        self._used = {axiom.object for rows in self._of.values() for axiom in rows}

    def sentences(self) -> Iterator[str]:
        """One sentence a subject that is not part of another."""
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
        if depth > _DEEPEST:
            return "[ … ]"
        rows = [row for row in self._of.get(term, ()) if depth or row.predicate.value != RDF + "type"]
        if any(row.predicate.value == RDF + "first" for row in rows):
            return f"( {' '.join(self._members(term, depth))} )"
        inside = (f"{self._predicate(row.predicate)} {self._term(row.object, depth + 1)}" for row in rows)
        return f"[ {' ; '.join(inside)} ]"

    def _members(self, node: object, depth: int) -> Iterator[str]:
        for _ in range(len(self._of)):
            row = {t.predicate.value: t.object for t in self._of.get(node, ())}
            if RDF + "first" in row:
                yield self._term(row[RDF + "first"], depth + 1)
            node = row.get(RDF + "rest")


class _TooMany(Exception):
    """The class expressions of an ontology make more rules than can be kept."""


def without_nameless(rules: list[Rule]) -> tuple[list[Rule], list[str]]:
    """The rules with what makes a nameless class or property in its place; and what cannot be so put, by its name."""
    made: dict[tuple[Term, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.head and _nameless(rule.head):
            made[_nameless(rule.head)].append(rule)
    found: list[Rule] = []
    fresh = count()
    try:
        for rule in rules:
            if not (rule.head and _nameless(rule.head)):
                _unfold(rule, made, fresh, found)
    except (_TooMany, RecursionError):
        return [rule for rule in found if not any(map(_nameless, rule.body))], [
            "class expressions that rest on themselves"
        ]
    return found, []


def _nameless(atom: Atom) -> tuple[Term, ...]:
    """The nameless class or property that a pattern speaks of; nothing where it does not."""
    if isinstance(atom.predicate, ox.NamedNode) and is_nameless(atom.predicate):
        return (atom.predicate,)
    return (TYPE, atom.object) if atom.predicate == TYPE and is_nameless(atom.object) else ()


def _unfold(rule: Rule, made: Mapping[tuple[Term, ...], list[Rule]], fresh: Iterator[int], found: list[Rule]) -> None:
    """Replace each pattern of something nameless by what makes it, in all ways."""
    stack: list[tuple[Rule, tuple[frozenset[Atom], ...]]] = [(rule, tuple(frozenset[Atom]() for _ in rule.body))]
    done = 0
    while stack:
        here, trails = stack.pop()
        index = next((n for n, atom in enumerate(here.body) if _nameless(atom)), None)
        if index is None:
            found.append(_tidied(here))
            continue
        done += 1
        if len(found) > MOST_RULES or done > MOST_RULES:
            raise _TooMany
        goal = here.body[index]
        if goal in trails[index]:
            continue  # what would follow only from itself does not follow
        for maker in made.get(_nameless(goal), ()):
            whole = _resolved(here, index, maker, fresh)
            if whole is not None:
                below = tuple(frozenset((*trails[index], goal)) for _ in maker.body)
                stack.append((whole, (*trails[:index], *below, *trails[index + 1 :])))


def _resolved(rule: Rule, index: int, maker: Rule, fresh: Iterator[int]) -> Rule | None:
    """A rule with the body of another in the place of one pattern; None where the two do not fit."""
    goal, head, mark = rule.body[index], maker.head, next(fresh)
    assert head is not None
    meant: dict[Term, Term] = {}

    def own(term: Term) -> Term:
        return ox.Variable(f"{term.value}_{mark}") if isinstance(term, ox.Variable) else term

    for theirs, ours in ((head.subject, goal.subject), (head.object, goal.object)):
        one, other = _final(own(theirs), meant), _final(ours, meant)
        if one == other:
            continue
        if isinstance(one, ox.Variable):
            meant[one] = other
        elif isinstance(other, ox.Variable):
            meant[other] = one
        else:
            return None

    def renamed(atom: Atom) -> Atom:
        own = (
            ox.Variable(f"{t.value}_{mark}") if isinstance(t, ox.Variable) else t for t in (atom.subject, atom.object)
        )
        subject, obj = own
        return Atom(_final(subject, meant), atom.predicate, _final(obj, meant))

    def kept(atom: Atom) -> Atom:
        return Atom(_final(atom.subject, meant), atom.predicate, _final(atom.object, meant))

    body = (*map(kept, rule.body[:index]), *map(renamed, maker.body), *map(kept, rule.body[index + 1 :]))
    whole = (*rule.axioms, *maker.axioms)
    return Rule((*maker.names, *rule.names), body, rule.head and kept(rule.head), whole, rule.conditions)


def _final(term: Term, meant: Mapping[Term, Term]) -> Term:
    while term in meant:
        term = meant[term]
    return term


def _tidied(rule: Rule) -> Rule:
    """A rule with each pattern, name and axiom once, and its variables named anew, so that equal ones are equal."""
    names: dict[Term, Term] = {}

    def named(term: Term) -> Term:
        return names.setdefault(term, ox.Variable(f"v{len(names)}")) if isinstance(term, ox.Variable) else term

    def tidy(atom: Atom) -> Atom:
        return Atom(named(atom.subject), atom.predicate, named(atom.object))

    body = tuple(dict.fromkeys(map(tidy, rule.body)))
    head = rule.head and tidy(rule.head)
    new = {f"?{old.value}": str(now) for old, now in names.items() if isinstance(old, ox.Variable)}
    conditions = tuple(
        condition._replace(
            expression=_VARIABLE.sub(lambda found: new.get(found.group(), found.group()), condition.expression)
        )
        for condition in rule.conditions
    )
    return Rule(tuple(dict.fromkeys(rule.names)), body, head, tuple(dict.fromkeys(rule.axioms)), conditions)
