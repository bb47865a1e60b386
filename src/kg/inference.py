"""Inference: what the ontology and the rules add to what the notes assert, to a fixed point.

The ontology's axioms become rules (`profile`), and so do the rules' files (`constructs`). All is taken into memory and
closed; after a small change only what rests on it is looked at, in the store itself. An ontology that says what these
rules cannot goes to owlrl as a whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeVar, cast

import pyoxigraph as ox

from kg.closure import Closure, is_transitivity, transitive
from kg.config import Config
from kg.constructs import called, calls_out, constructs
from kg.errors import OntologyError
from kg.facts import Stored
from kg.guard import Limits, doing, limited
from kg.handover import to_rdflib, triples_from_rdflib
from kg.ontology import Ontology
from kg.profile import SAME_AS, THING, Profile, axiom_patterns, is_axiom, profile
from kg.rules import Match, Numbering, Numbers, Path, Rule, Running, triggers
from kg.sandbox import without_network
from kg.store import Builder
from kg.terms import INFERRED, OWL, RDF, RDFS, XSD
from kg.unfolding import TYPE, is_nameless

Engine = Literal["rules", "owlrl"]
T = TypeVar("T")

_ROUNDS = 100
_MOST_LOST = 20_000
"""Where more than this may have to be withdrawn, inferring everything anew is the shorter way."""
_VOCABULARIES = (RDF, RDFS, OWL, XSD)


class Answering(Protocol):
    """What can be asked whether an expression is true."""

    def answers(self, query: str) -> bool:
        """Whether a SELECT has an answer."""


@dataclass(frozen=True)
class Inference:
    """What was done."""

    triples: int
    engine: Engine
    because: tuple[str, ...] = ()
    """The constructs of the ontology for which owlrl was taken."""
    ignored: tuple[str, ...] = ()
    """The constructs from which nothing follows in OWL 2 RL."""


class Reasoning:
    """The rules of an ontology and of its rules' files, and what they do to a store."""

    def __init__(
        self,
        ontology: Ontology,
        remembered: str | None = None,
        limits: Limits | None = None,
        max_inferred: int = Config.max_inferred,
    ) -> None:
        self.ontology = ontology
        self.limits = limits
        self.max_inferred = max_inferred
        self._again = ""
        self.constructs, self.text = constructs(ontology.rules, ontology.prefixes, remembered, limits)

    def at_work(self) -> str:
        """The rule that is being matched, as the subject of a sentence."""
        rule = Running.rule
        if self._again:
            return called(self._again)
        if rule is None:
            return "the inference"
        if rule.names[0] in self.constructs:
            return called(rule.names[0])
        of = f" for {', '.join(str(axiom) for axiom in rule.axioms[:2])}" if rule.axioms else ""
        return f"the rule {rule.name} of OWL 2 RL{of}"

    def begin_again(self, rule: str) -> None:
        """Take a rule for the cause of what comes: the others only follow up what it adds round after round."""
        self._again = rule
        doing(self.at_work())

    def check_number(self, number: int) -> None:
        """Refuse to infer more than the settings allow. Raises OntologyError."""
        if number > self.max_inferred:
            most = f"{self.max_inferred:,} triples (`max_inferred` in kg.toml)"
            raise OntologyError(f"the rules infer more than {most}; {self.at_work()} was adding to them")

    @cached_property
    def own(self) -> tuple[Rule, ...]:
        """The rules of the rules' files."""
        return tuple(rule for one in self.constructs.values() for rule in one.rules)

    @property
    def queries(self) -> Mapping[str, str]:
        """The rules' files that only a query over everything can answer."""
        return {name: self.ontology.rules[name] for name, one in self.constructs.items() if one.is_query}

    def profile(self, find: Any, more: Iterable[ox.Triple] = ()) -> Profile:
        """The rules of the axioms that are known: the ontology's, those of notes, and those that were inferred."""
        return profile(dict.fromkeys([*self._axioms(find), *more]))

    def _axioms(self, find: Any) -> Iterator[ox.Triple]:
        yield from filter(is_axiom, self.ontology.triples)
        for predicate, obj in axiom_patterns():
            for quad in find(None, predicate, obj):
                yield quad.triple
        for quad in find(None, SAME_AS, None):
            if self.is_property(find, quad.subject) or self.is_property(find, quad.object):
                yield quad.triple

    def is_property(self, find: Any, term: Any) -> bool:
        """Whether a term is declared or used as a property."""
        if not isinstance(term, ox.NamedNode):
            return False
        return term.value in self.ontology.properties or any(True for _ in find(None, term, None))


def infer(store: Builder, reasoning: Reasoning, engine: Engine | None = None) -> Inference:
    """Add to the store what follows, as `kg:inferred`; nothing in it that a note or the ontology asserts.

    Where `engine` is not given, owlrl is taken for what the rules cannot say. Raises OntologyError, TimedOut,
    OutOfMemory.
    """
    return _apart(reasoning, lambda: _infer(store, reasoning, engine))


def _apart(reasoning: Reasoning, work: Callable[[], T]) -> T:
    """What some inference gives, within its limits and without network: rules are others' SPARQL."""

    def limited_work() -> T:
        Running.rule = None
        with limited(reasoning.at_work, reasoning.limits):
            return work()

    return without_network(limited_work)


def _infer(store: Builder, reasoning: Reasoning, engine: Engine | None) -> Inference:
    run = _Full(store, reasoning)
    found = reasoning.profile(store.find)
    if engine == "owlrl" or (engine is None and found.beyond):
        return Inference(run.by_owlrl(), "owlrl", found.beyond, found.ignored)
    return Inference(run.by_rules(found), "rules", (), found.ignored)


def update(
    store: Builder, reasoning: Reasoning, gone: Iterable[ox.Triple], come: Iterable[ox.Triple]
) -> Inference | None:
    """Bring what was inferred up to date after some asserted triples have gone and some have come.

    What may rest on what has gone is withdrawn, and put back where something else still leads to it (delete and
    rederive: Gupta, Mumick and Subrahmanian 1993, Maintaining views incrementally). Where that is not known to be
    right (two things may be one, a rule looks at everything, an axiom changes) or is too much, all is inferred anew;
    only then there is an Inference.
    """
    return _apart(reasoning, lambda: _update(store, reasoning, set(gone), set(come)))


def _update(store: Builder, reasoning: Reasoning, gone: set[ox.Triple], come: set[ox.Triple]) -> Inference | None:
    found = reasoning.profile(store.find)
    difficult = (
        reasoning.queries
        or found.beyond
        or any(is_axiom(triple) or triple.predicate == SAME_AS for triple in (*gone, *come))
        or any(True for _ in store.find(None, SAME_AS, None))
    )
    if difficult or not _Change(store, (*found.rules, *reasoning.own)).apply(gone, come):
        store.clear_inferred()
        return _infer(store, reasoning, None)
    reasoning.check_number(store.counts().get(INFERRED, 0))
    return None


def accepts(store: Answering, number: Numbering) -> Callable[[Match], bool]:
    """What says whether a match fulfils its rule's conditions."""

    def accept(match: Match) -> bool:
        meant = {v: number.term(match.registers[slot]) for v, slot in match.variables}
        return all(store.answers(one.query(meant)) for one in match.rule.conditions)

    return accept


class _Full:
    """Everything inferred, from what is asserted."""

    def __init__(self, store: Builder, reasoning: Reasoning) -> None:
        self.store, self.reasoning = store, reasoning
        self.total = 0

    def by_rules(self, found: Profile) -> int:
        """Close everything under the rules; how many triples that adds."""
        axioms: dict[ox.Triple, None] = {}
        for _ in range(_ROUNDS):
            closure, sink = self._closed((*found.rules, *self.reasoning.own))
            # What was inferred may be an axiom itself: that a property is transitive, that two are one.
            more = [triple for triple in sink.axioms(self.reasoning, self.store) if triple not in axioms]
            if not more:
                return self._with_queries(closure, sink)
            axioms |= dict.fromkeys(more)
            found = self.reasoning.profile(self.store.find, axioms)
        raise OntologyError(_no_end())

    def _closed(self, rules: Sequence[Rule]) -> tuple[Closure, "_Sink"]:
        number = Numbering()
        sink = _Sink(self.store, number, self.reasoning)
        closure = Closure(rules, number, accepts(self.store, number), sink=sink.take)
        if any(True for _ in self.store.find(None, SAME_AS, None)):
            closure.expect_equality()
        self._run(closure, self._given(rules, number, everything=closure.knows_equality), sink)
        return closure, sink

    def _run(self, closure: Closure, given: Iterable[Numbers], sink: "_Sink") -> None:
        before = sink.written
        with self.store.loading():  # what is done loads while more is inferred
            closure.run(given)
        self.store.count_inferred(sink.written - before)
        self.total += sink.written - before

    def _given(self, rules: Sequence[Rule], number: Numbering, *, everything: bool) -> Iterator[Numbers]:
        """The facts that rules can match or conclude; all of them where two things may be one."""
        if everything:
            yield from (number.fact(triple) for triple in self.store.triples())
            return
        atoms = [atom for rule in rules for atom in (*rule.body, rule.head) if atom and atom.predicate == TYPE]
        classes: set[Any] = {atom.object for atom in atoms}
        of_paths = any(isinstance(a.predicate, Path) and TYPE in a.predicate.properties for r in rules for a in r.body)
        if of_paths or any(isinstance(class_, ox.Variable) for class_ in classes):
            classes = {None}
        properties = {p for rule in rules for p in (*rule.properties, rule.concludes)} | {SAME_AS}
        for predicate, obj in [*((p, None) for p in properties - {TYPE, None}), *((TYPE, one) for one in classes)]:
            middle = number(cast("ox.NamedNode", predicate))
            for quad in self.store.find(None, predicate, obj):
                yield number(quad.subject), middle, number(quad.object)

    def _with_queries(self, closure: Closure, sink: "_Sink") -> int:
        """Add what the rules add that are queries, and what follows from that, in turn."""
        for _ in range(_ROUNDS):
            answers = {name: self._answers(name, text) for name, text in self.reasoning.queries.items()}
            found = [row for rows in answers.values() for row in rows]
            self.reasoning.begin_again(max(answers, key=lambda name: len(answers[name]), default=""))
            added = self.store.add_inferred(found, INFERRED)
            self.total += added
            self.reasoning.check_number(self.total)
            if not added:
                self.reasoning.begin_again("")
                return self.total
            self._run(closure, [closure.number.fact(triple) for triple in found], sink)
        raise OntologyError(_no_end())

    def _answers(self, name: str, text: str) -> list[ox.Triple]:
        """What a rule's file makes, each triple once."""
        Running.rule = Rule((name,), (), None)
        found: dict[ox.Triple, None] = {}
        try:
            with limited(called(name)):
                for triple in self.store.query(text):
                    if triple not in found and not _speaks_of_nameless(triple):
                        found[triple] = None
                        self.reasoning.check_number(len(found))
        except SyntaxError as error:
            raise OntologyError(f"{called(name)} is not SPARQL: {error.msg}") from error
        except PermissionError as error:
            raise calls_out(name) from error
        except (ValueError, RuntimeError) as error:
            raise OntologyError(f"{called(name)} cannot be run: {error}") from error
        return list(found)

    def by_owlrl(self) -> int:
        """Owlrl's closure, and what the rules' files add to it, in turn; how many triples that is."""
        for _ in range(_ROUNDS):
            before = self.total
            self.total += self.store.add_inferred(_by_owlrl(self.store, self.reasoning.ontology), INFERRED)
            self._with_queries(*self._closed(self.reasoning.own))
            if self.total == before:
                return self.total
        raise OntologyError(_no_end())


class _Sink:
    """Takes what is inferred, and puts it where the store loads it from."""

    def __init__(self, store: Builder, number: Numbering, reasoning: Reasoning) -> None:
        self._store, self._number, self._reasoning = store, number, reasoning
        self._texts: dict[int, str] = {}
        self._axioms: list[Numbers] = []
        self._kinds = {number(predicate) for predicate, _ in axiom_patterns()} | {number(SAME_AS)}
        self._type, self._thing = number(TYPE), number(THING)
        self.written = 0

    def take(self, facts: Sequence[Numbers]) -> None:
        """Write facts that are new, but for what is no news."""
        text, rows = self._text, []
        for subject, predicate, obj in facts:
            if predicate in self._kinds:
                self._axioms.append((subject, predicate, obj))
            if predicate == self._type and obj == self._thing:
                continue
            first, last = text(subject), text(obj)
            if first and last:
                rows.append(f"{first} {text(predicate)} {last}")
        doing(self._reasoning.at_work())
        self._store.put_inferred(rows)
        self.written += len(rows)
        self._reasoning.check_number(self.written)

    def _text(self, number: int) -> str:
        """A term as N-Triples writes it; nothing for what has no name."""
        found = self._texts.get(number)
        if found is None:
            term = self._number.term(number)
            found = self._texts[number] = "" if is_nameless(term) else str(term)
        return found

    def axioms(self, reasoning: Reasoning, store: Builder) -> list[ox.Triple]:
        """The axioms among what it took."""
        found = map(self._number.triple, self._axioms)
        return [
            one
            for one in found
            if is_axiom(one) or (one.predicate == SAME_AS and reasoning.is_property(store.find, one.subject))
        ]


class _Change:
    """What was inferred, brought up to date in the store."""

    def __init__(self, store: Builder, rules: Sequence[Rule]) -> None:
        self.store, self.rules = store, rules
        self.number = Numbering()
        self.facts = Stored(store.find, self.number)
        self.accept = accepts(store, self.number)
        self._matches = [Match(rule, self.number, self.facts) for rule in rules]

    def apply(self, gone: Iterable[ox.Triple], come: Iterable[ox.Triple]) -> bool:
        """Do it; whether it could be done."""
        fact = self.number.fact
        left, arrived = list(map(fact, gone)), list(map(fact, come))
        for one in left:
            self.facts.add(*one)
        lost = self._lost(left)
        if lost is None:
            return False
        self.facts.removed = set(lost)
        back = self._shown(lost) if lost else []
        back += self._reached({one for one in lost if one in self.facts.removed})
        closure = Closure(self.rules, self.number, self.accept, self.facts)
        closure.follow(arrived, back)
        triple = self.number.triple
        removed = {triple(one) for one in lost if one in self.facts.removed}
        added = {triple(one) for one in (*back, *closure.new)}
        if any(is_axiom(one) or one.predicate == SAME_AS for one in removed | added):
            return False  # what that means for all else is not known here
        self.store.change_inferred(removed, {one for one in added if is_news(one)})
        return True

    # ---- what goes -------------------------------------------------------------------------------------------------

    def _lost(self, gone: Sequence[Numbers]) -> dict[Numbers, bool] | None:
        """What has gone, and what was inferred and may rest on it; None where that is too much.

        True of what a transitive property's closing alone gave: that closes nothing further.
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
        """What finds the conclusions that a fact was a premise of."""

        def then(match: Match) -> Any:
            assert match.head is not None
            assert match.rule.concludes is not None
            start, end = match.head
            predicate = self.number(match.rule.concludes)

            def lose() -> None:
                self._lose((match.registers[start], predicate, match.registers[end]), queue, lost, closing=False)

            return lose

        found: dict[Any, list[Any]] = {}
        matches = [match for match in self._matches if not is_transitivity(match.rule)]
        for predicate, fixed, fire in triggers(matches, then):
            found.setdefault((predicate, fixed), []).append(fire)
        return found

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
        """Note that a fact may be lost, once, or a second time where it is not one of closing alone."""
        if lost.get(fact, True) is False or (closing and fact in lost):
            return
        if fact[0] >= 0 and (fact in lost or self.store.is_inferred(self.number.triple(fact))):
            lost[fact] = closing
            queue.append((fact, closing))

    # ---- what stays -------------------------------------------------------------------------------------------------

    def _shown(self, lost: Iterable[Numbers]) -> list[Numbers]:
        """What of that some rule still shows; it is put back."""
        by_head: dict[int, list[Any]] = {}
        seen: list[bool] = []
        for match in self._matches:
            if match.rule.concludes and not is_transitivity(match.rule):
                head = self.number(match.rule.concludes)
                by_head.setdefault(head, []).append(match.of_head(self._noting(match, seen)))
        back = []
        for fact in lost:
            for find in by_head.get(fact[1], ()):
                seen.clear()
                find(fact[0], fact[2])
                if seen:
                    self.facts.add(*fact)
                    back.append(fact)
                    break
        return back

    def _noting(self, match: Match, seen: list[bool]) -> Any:
        def note() -> None:
            if not seen and self.accept(match):
                seen.append(True)

        return note

    def _reached(self, lost: Iterable[Numbers]) -> list[Numbers]:
        """What of a transitive property other pairs still lead to; it is put back."""
        closing = {self.number(p) for p in transitive(self.rules)}
        wanted: dict[tuple[int, int], set[int]] = {}
        for subject, predicate, obj in lost:
            if predicate in closing:
                wanted.setdefault((subject, predicate), set()).add(obj)
        back = []
        for (subject, predicate), ends in wanted.items():
            reached: set[int] = set()
            stack = list(self.facts.objects(predicate, subject))
            while stack:
                node = stack.pop()
                if node not in reached:
                    reached.add(node)
                    stack += self.facts.objects(predicate, node)
            back += [(subject, predicate, end) for end in ends & reached]
        for fact in back:
            self.facts.add(*fact)
        return back


def is_news(triple: ox.Triple) -> bool:
    """Whether a triple says something of a thing: not only that it is one, or itself, or of a nameless class."""
    if _speaks_of_nameless(triple) or (triple.object == THING and triple.predicate == TYPE):
        return False
    return not (triple.predicate == SAME_AS and triple.subject == triple.object)


def _speaks_of_nameless(triple: ox.Triple) -> bool:
    """Whether a triple speaks of what has no name in RDF, a class expression say, but a skolem IRI."""
    return any(map(is_nameless, (triple.subject, triple.predicate, triple.object)))


def _no_end() -> str:
    return f"the rules reach no end: after {_ROUNDS} rounds they still add triples"


def _by_owlrl(store: Builder, ontology: Ontology) -> Iterator[ox.Triple]:
    """Owlrl's closure, less what it says of the vocabularies themselves, of literals and of every thing being one."""
    import owlrl
    import rdflib

    graph = to_rdflib(store.triples())
    before = set(graph)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    new = rdflib.Graph()
    for row in graph:
        named = isinstance(row[0], rdflib.URIRef) and not isinstance(row[2], rdflib.BNode)
        if named and row not in before:
            new.add(row)
    schema = ontology.classes | ontology.properties.keys()
    for triple in triples_from_rdflib(new):
        subject = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
        value = triple.object.value if isinstance(triple.object, ox.NamedNode) else ""
        everything = {OWL + "Thing", RDFS + "Resource", OWL + "NamedIndividual"}
        of_vocabulary = not subject or subject in schema or subject.startswith(_VOCABULARIES)
        if is_news(triple) and not of_vocabulary and value not in everything:
            yield triple
