"""Eliminate nameless class and property expressions from rules, since no triple in the dataset can mention them.

The bodies of the rules that conclude such an expression replace it: `C ⊑ ∃p.D ⊓ E` and `∃p.D ⊓ E ⊑ F` become rules over
C, p, D, E and F alone. Explanations then have fewer steps, too.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import count

import pyoxigraph as ox

from kg.mapping.skolemisation import GENID
from kg.rdf.vocabulary import TYPE
from kg.reasoning.rules import Atom, Rule, Term

MOST_RULES = 20_000
MAX_DEPTH = 8
_MOST_LEVELS = 20
"""Above this many levels, an expression is searched for itself."""


def is_nameless(term: object) -> bool:
    """Whether a term stands for a blank node of the ontology."""
    return isinstance(term, ox.BlankNode) or (isinstance(term, ox.NamedNode) and GENID in term.value)


class _TooMany(Exception):
    """The class expressions of an ontology make more rules than MOST_RULES; the message is the reason."""


def without_nameless(rules: list[Rule]) -> tuple[list[Rule], list[str]]:
    """Return the rules without nameless classes and properties, and the names of constructs that cannot be replaced."""
    made: dict[tuple[Term, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.head and _nameless(rule.head):
            made[_nameless(rule.head)].append(rule)
    named: list[Rule] = []
    number, fresh, problem = 0, count(), ""
    for rule in rules:
        if rule.head and _nameless(rule.head):
            continue
        if not any(map(_nameless, rule.body)):
            named.append(_tidied(rule))
        elif not problem:
            try:
                unfolded = _unfolded(rule, made, fresh, MOST_RULES - number)
            except _TooMany as error:
                problem = str(error)
                continue
            named += unfolded
            number += len(unfolded)
    return named, [problem] if problem else []


def _nameless(atom: Atom) -> tuple[Term, ...]:
    """Return the nameless class or property that a pattern mentions; empty if there is none."""
    if isinstance(atom.predicate, ox.NamedNode) and is_nameless(atom.predicate):
        return (atom.predicate,)
    return (TYPE, atom.object) if atom.predicate == TYPE and is_nameless(atom.object) else ()


def _unfolded(rule: Rule, made: Mapping[tuple[Term, ...], list[Rule]], fresh: Iterator[int], most: int) -> list[Rule]:
    """Return at most `most` rules: each nameless pattern becomes the bodies of the rules that conclude it."""
    rules: list[Rule] = []
    stack: list[tuple[Rule, tuple[frozenset[Atom], ...]]] = [(rule, tuple(frozenset[Atom]() for _ in rule.body))]
    done = 0
    while stack:
        current, trails = stack.pop()
        index = next((n for n, atom in enumerate(current.body) if _nameless(atom)), None)
        if index is None:
            rules.append(_tidied(current))
            continue
        done += 1
        goal = current.body[index]
        if len(trails[index]) > _MOST_LEVELS and _is_circle(goal, trails[index]):
            raise _TooMany("class expressions that contain themselves")
        if len(rules) > most or done > MOST_RULES:
            raise _TooMany(f"class expressions that make more than {MOST_RULES:,} rules")
        if goal in trails[index]:
            continue  # a pattern cannot follow from itself alone
        for maker in made.get(_nameless(goal), ()):
            whole = _resolved(current, index, maker, fresh)
            if whole is not None:
                below = tuple(frozenset((*trails[index], goal)) for _ in maker.body)
                stack.append((whole, (*trails[:index], *below, *trails[index + 1 :])))
    return rules


def _is_circle(goal: Atom, above: frozenset[Atom]) -> bool:
    """Whether the expression of a pattern is part of itself, at several levels."""
    return sum(_nameless(atom) == _nameless(goal) for atom in above) > 1


def _resolved(rule: Rule, index: int, maker: Rule, fresh: Iterator[int]) -> Rule | None:
    """Return a rule with a pattern replaced by the body of another rule; None if the two do not unify."""
    goal, head, mark = rule.body[index], maker.head, next(fresh)
    assert head is not None
    bindings: dict[Term, Term] = {}

    def own(term: Term) -> Term:
        return ox.Variable(f"{term.value}_{mark}") if isinstance(term, ox.Variable) else term

    for theirs, ours in ((head.subject, goal.subject), (head.object, goal.object)):
        first, second = _final(own(theirs), bindings), _final(ours, bindings)
        if first == second:
            continue
        if isinstance(first, ox.Variable):
            bindings[first] = second
        elif isinstance(second, ox.Variable):
            bindings[second] = first
        else:
            return None

    def renamed(atom: Atom) -> Atom:
        own = (
            ox.Variable(f"{t.value}_{mark}") if isinstance(t, ox.Variable) else t for t in (atom.subject, atom.object)
        )
        subject, obj = own
        return Atom(_final(subject, bindings), atom.predicate, _final(obj, bindings))

    def kept(atom: Atom) -> Atom:
        return Atom(_final(atom.subject, bindings), atom.predicate, _final(atom.object, bindings))

    body = (*map(kept, rule.body[:index]), *map(renamed, maker.body), *map(kept, rule.body[index + 1 :]))
    whole = (*rule.axioms, *maker.axioms)
    return Rule((*maker.names, *rule.names), body, rule.head and kept(rule.head), whole, rule.conditions)


def _final(term: Term, meant: Mapping[Term, Term]) -> Term:
    while term in meant:
        term = meant[term]
    return term


def _tidied(rule: Rule) -> Rule:
    """Return a rule with each pattern, name and axiom once and variables renumbered, so that equal rules are equal."""
    names: dict[Term, Term] = {}

    def named(term: Term) -> Term:
        return names.setdefault(term, ox.Variable(f"v{len(names)}")) if isinstance(term, ox.Variable) else term

    def tidy(atom: Atom) -> Atom:
        return Atom(named(atom.subject), atom.predicate, named(atom.object))

    body = tuple(dict.fromkeys(map(tidy, rule.body)))
    head = rule.head and tidy(rule.head)
    conditions = tuple(condition.renamed(names) for condition in rule.conditions)
    return Rule(tuple(dict.fromkeys(rule.names)), body, head, tuple(dict.fromkeys(rule.axioms)), conditions)
