"""Inference: add what follows from the asserted triples by the ontology and the rules, to a fixed point.

The ontology's axioms become rules (`profile`), and so do the rule files (`constructs`). A full inference closes all
facts in memory; after a small change, only its consequences are updated, in the store itself. If these rules cannot
express the ontology, owlrl infers everything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar, cast

import pyoxigraph as ox

from kg.config import Config
from kg.core.errors import OntologyError
from kg.core.limits import Limits, limited, set_current_work
from kg.core.sandbox import without_network
from kg.mapping.ontology import Ontology
from kg.rdf.terms import INFERRED
from kg.rdf.vocabulary import SAME_AS, THING, TYPE, Find
from kg.reasoning.closure import Closure
from kg.reasoning.conditions import accepts, mentions_nameless
from kg.reasoning.construct_rules import constructs, display_name, service_refused
from kg.reasoning.incremental import IncrementalInference
from kg.reasoning.owl_rl import Profile, axiom_patterns, is_axiom, profile
from kg.reasoning.owlrl_engine import infer_by_owlrl
from kg.reasoning.rules import Numbering, Numbers, Path, Rule, Running
from kg.reasoning.unfolding import is_nameless
from kg.store.builder import Builder

Engine = Literal["rules", "owlrl"]
T = TypeVar("T")

_ROUNDS = 100


@dataclass(frozen=True)
class Inference:
    """The result of an inference."""

    triples: int
    engine: Engine
    because: tuple[str, ...] = ()
    """The constructs of the ontology that required owlrl."""
    ignored: tuple[str, ...] = ()
    """The constructs from which nothing follows in OWL 2 RL."""


class Reasoning:
    """The rules of an ontology and of its rule files, and the limits of their work."""

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
        """Return the rule that is being matched, as the subject of a sentence."""
        rule = Running.rule
        if self._again:
            return display_name(self._again)
        if rule is None:
            return "the inference"
        if rule.names[0] in self.constructs:
            return display_name(rule.names[0])
        of = f" for {', '.join(str(axiom) for axiom in rule.axioms[:2])}" if rule.axioms else ""
        return f"the rule {rule.name} of OWL 2 RL{of}"

    def begin_again(self, rule: str) -> None:
        """Name a rule as the cause of the next rounds: the other rules only follow up the triples that it adds."""
        self._again = rule
        set_current_work(self.at_work())

    def check_number(self, number: int) -> None:
        """Check that the settings allow a number of inferred triples. Raises OntologyError."""
        if number > self.max_inferred:
            most = f"{self.max_inferred:,} triples (`max_inferred` in kg.toml)"
            raise OntologyError(f"the rules infer more than {most}; {self.at_work()} added the last ones")

    @cached_property
    def own(self) -> tuple[Rule, ...]:
        """The rules of the rule files."""
        return tuple(rule for construct in self.constructs.values() for rule in construct.rules)

    @property
    def queries(self) -> Mapping[str, str]:
        """The rule files that are queries over the whole dataset."""
        return {name: self.ontology.rules[name] for name, construct in self.constructs.items() if construct.is_query}

    def profile(self, find: Find, more: Iterable[ox.Triple] = ()) -> Profile:
        """Return the rules of all known axioms: those of the ontology, of the notes, and the inferred axioms."""
        return profile(dict.fromkeys([*self._axioms(find), *more]))

    def _axioms(self, find: Find) -> Iterator[ox.Triple]:
        yield from filter(is_axiom, self.ontology.triples)
        for predicate, obj in axiom_patterns():
            yield from find(None, predicate, obj)
        for triple in find(None, SAME_AS, None):
            if self.is_property(find, triple.subject) or self.is_property(find, triple.object):
                yield triple

    def is_property(self, find: Find, term: Any) -> bool:
        """Whether a term is declared or used as a property."""
        if not isinstance(term, ox.NamedNode):
            return False
        return term.value in self.ontology.properties or any(True for _ in find(None, term, None))


def infer(store: Builder, reasoning: Reasoning, engine: Engine | None = None) -> Inference:
    """Add the inferred triples to the store as `kg:inferred`, except those that a note or the ontology asserts.

    If `engine` is None, owlrl is used for an ontology that the rules cannot express. Raises OntologyError, TimedOut,
    OutOfMemory.
    """
    return _apart(reasoning, lambda: _infer(store, reasoning, engine))


def _apart(reasoning: Reasoning, work: Callable[[], T]) -> T:
    """Run an inference within its limits and without network: others may have written the SPARQL of the rules."""

    def limited_work() -> T:
        Running.rule = None
        with limited(reasoning.at_work, reasoning.limits):
            return work()

    return without_network(limited_work)


def _infer(store: Builder, reasoning: Reasoning, engine: Engine | None) -> Inference:
    run = _Full(store, reasoning)
    owl_rules = reasoning.profile(store.triples)
    if engine == "owlrl" or (engine is None and owl_rules.beyond):
        return Inference(run.by_owlrl(), "owlrl", owl_rules.beyond, owl_rules.ignored)
    return Inference(run.by_rules(owl_rules), "rules", (), owl_rules.ignored)


def update(
    store: Builder, reasoning: Reasoning, gone: Iterable[ox.Triple], come: Iterable[ox.Triple]
) -> Inference | None:
    """Bring the inferred triples up to date after asserted triples have been removed (`gone`) and added (`come`).

    Triples that may rest on removed triples are withdrawn, and restored if others still derive them (delete and
    rederive: Gupta, Mumick and Subrahmanian 1993, Maintaining views incrementally). If that may be wrong (two things
    may be equal, a rule reads the whole dataset, an axiom changes) or is too much work, everything is inferred again.
    Only then an Inference is returned.
    """
    return _apart(reasoning, lambda: _update(store, reasoning, set(gone), set(come)))


def _update(store: Builder, reasoning: Reasoning, gone: set[ox.Triple], come: set[ox.Triple]) -> Inference | None:
    owl_rules = reasoning.profile(store.triples)
    difficult = (
        reasoning.queries
        or owl_rules.beyond
        or any(is_axiom(triple) or triple.predicate == SAME_AS for triple in (*gone, *come))
        or store.has(None, SAME_AS, None)
    )
    if difficult or not IncrementalInference(store, (*owl_rules.rules, *reasoning.own)).apply(gone, come):
        store.clear_inferred()
        return _infer(store, reasoning, None)
    reasoning.check_number(store.counts().get(INFERRED, 0))
    return None


class _Full:
    """Infers everything from the asserted triples."""

    def __init__(self, store: Builder, reasoning: Reasoning) -> None:
        self.store, self.reasoning = store, reasoning
        self.total = 0

    def by_rules(self, profile: Profile) -> int:
        """Close everything under the rules; return the number of added triples."""
        axioms: dict[ox.Triple, None] = {}
        for _ in range(_ROUNDS):
            closure, sink = self._closed((*profile.rules, *self.reasoning.own))
            # An inferred triple may itself be an axiom: that a property is transitive, that two properties are equal.
            more = [triple for triple in sink.axioms(self.reasoning, self.store) if triple not in axioms]
            if not more:
                return self._with_queries(closure, sink)
            axioms |= dict.fromkeys(more)
            profile = self.reasoning.profile(self.store.triples, axioms)
        raise OntologyError(_no_end())

    def _closed(self, rules: Sequence[Rule]) -> tuple[Closure, "_Sink"]:
        number = Numbering()
        sink = _Sink(self.store, number, self.reasoning)
        closure = Closure(rules, number, accepts(self.store, number), sink=sink.take)
        if self.store.has(None, SAME_AS, None):
            closure.expect_equality()
        self._run(closure, self._relevant_facts(rules, number, everything=closure.knows_equality), sink)
        return closure, sink

    def _run(self, closure: Closure, facts: Iterable[Numbers], sink: "_Sink") -> None:
        before = sink.written
        with self.store.loading():  # written triples load while more are inferred
            closure.run(facts)
        self.store.count_inferred(sink.written - before)
        self.total += sink.written - before

    def _relevant_facts(self, rules: Sequence[Rule], number: Numbering, *, everything: bool) -> Iterator[Numbers]:
        """The facts that rules can match or conclude; all facts if two things may be equal."""
        if everything:
            yield from (number.fact(triple) for triple in self.store.triples())
            return
        atoms = [atom for rule in rules for atom in (*rule.body, rule.head) if atom and atom.predicate == TYPE]
        classes: set[Any] = {atom.object for atom in atoms}
        of_paths = any(isinstance(a.predicate, Path) and TYPE in a.predicate.properties for r in rules for a in r.body)
        if of_paths or any(isinstance(class_, ox.Variable) for class_ in classes):
            classes = {None}
        properties = {p for rule in rules for p in (*rule.properties, rule.concludes)} | {SAME_AS}
        for prop, obj in [*((p, None) for p in properties - {TYPE, None}), *((TYPE, kind) for kind in classes)]:
            predicate = cast("ox.NamedNode", prop)
            middle = number(predicate)
            for triple in self.store.triples(None, predicate, obj):
                yield number(triple.subject), middle, number(triple.object)

    def _with_queries(self, closure: Closure, sink: "_Sink") -> int:
        """Add the triples of the rules that are queries, and the consequences of these triples, in turn."""
        for _ in range(_ROUNDS):
            answers = {name: self._answers(name, text) for name, text in self.reasoning.queries.items()}
            triples = [row for rows in answers.values() for row in rows]
            self.reasoning.begin_again(max(answers, key=lambda name: len(answers[name]), default=""))
            added = self.store.add_inferred(triples, INFERRED)
            self.total += added
            self.reasoning.check_number(self.total)
            if not added:
                self.reasoning.begin_again("")
                return self.total
            self._run(closure, [closure.number.fact(triple) for triple in triples], sink)
        raise OntologyError(_no_end())

    def _answers(self, name: str, text: str) -> list[ox.Triple]:
        """Return the triples that a rule file constructs, each once."""
        Running.rule = Rule((name,), (), None)
        triples: dict[ox.Triple, None] = {}
        try:
            with limited(display_name(name)):
                for triple in self.store.query(text):
                    if triple not in triples and not mentions_nameless(triple):
                        triples[triple] = None
                        self.reasoning.check_number(len(triples))
        except SyntaxError as error:
            raise OntologyError(f"{display_name(name)} is not SPARQL: {error.msg}") from error
        except PermissionError as error:
            raise service_refused(name) from error
        except (ValueError, RuntimeError) as error:
            raise OntologyError(f"{display_name(name)} cannot be run: {error}") from error
        return list(triples)

    def by_owlrl(self) -> int:
        """Add owlrl's closure and the triples of the rule files, in turn; return the number of added triples."""
        for _ in range(_ROUNDS):
            before = self.total
            self.total += self.store.add_inferred(infer_by_owlrl(self.store, self.reasoning.ontology), INFERRED)
            self._with_queries(*self._closed(self.reasoning.own))
            if self.total == before:
                return self.total
        raise OntologyError(_no_end())


class _Sink:
    """Writes inferred facts to where the store loads them from."""

    def __init__(self, store: Builder, number: Numbering, reasoning: Reasoning) -> None:
        self._store, self._number, self._reasoning = store, number, reasoning
        self._texts: dict[int, str] = {}
        self._axioms: list[Numbers] = []
        self._kinds = {number(predicate) for predicate, _ in axiom_patterns()} | {number(SAME_AS)}
        self._type, self._thing = number(TYPE), number(THING)
        self.written = 0

    def take(self, facts: Sequence[Numbers]) -> None:
        """Write the new facts that are not trivial."""
        text, rows = self._text, []
        for subject, predicate, obj in facts:
            if predicate in self._kinds:
                self._axioms.append((subject, predicate, obj))
            if predicate == self._type and obj == self._thing:
                continue
            first, last = text(subject), text(obj)
            if first and last:
                rows.append(f"{first} {text(predicate)} {last}")
        set_current_work(self._reasoning.at_work())
        self._store.put_inferred(rows)
        self.written += len(rows)
        self._reasoning.check_number(self.written)

    def _text(self, number: int) -> str:
        """Return a term in N-Triples; empty if it is nameless."""
        text = self._texts.get(number)
        if text is None:
            term = self._number.term(number)
            text = self._texts[number] = "" if is_nameless(term) else str(term)
        return text

    def axioms(self, reasoning: Reasoning, store: Builder) -> list[ox.Triple]:
        """Return the axioms among the facts taken."""
        triples = map(self._number.triple, self._axioms)
        return [
            triple
            for triple in triples
            if is_axiom(triple)
            or (triple.predicate == SAME_AS and reasoning.is_property(store.triples, triple.subject))
        ]


def _no_end() -> str:
    return f"the rules do not end: after {_ROUNDS} rounds they still add triples"
