"""Explain to a reader why a triple holds: its derivation, with the ontology's axioms and the lines of the notes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import pyoxigraph as ox

from kg.config import Config
from kg.core.errors import KgError
from kg.core.limits import limited
from kg.core.sandbox import without_network
from kg.mapping.link_resolution import Index, Paths
from kg.mapping.ontology import Ontology, load_ontology
from kg.rdf.iris import Names
from kg.rdf.vocabulary import INFERRED_GRAPH, TYPE
from kg.reasoning.axiom_text import AxiomText
from kg.reasoning.derivation import Derivations, DerivationStep
from kg.reasoning.inference import Reasoning
from kg.reasoning.rule_cache import cached_rules
from kg.reasoning.rule_meanings import MEANINGS
from kg.reasoning.rules import Rule
from kg.reasoning.source_lines import SourceLine, SourceLines
from kg.reasoning.unfolding import is_nameless
from kg.store.ingest_state import IngestState
from kg.store.lookup import Lookup
from kg.store.store import Published, Store

T = TypeVar("T")


@dataclass(frozen=True)
class Explanation:
    """A triple, and why it holds: the lines that state it, or the rule and the premises from which it follows."""

    triple: ox.Triple
    words: tuple[str, str, str]
    """The names of its terms."""
    stated: tuple[SourceLine, ...] = ()
    rule: str = ""
    meaning: str = ""
    """The meaning of the rule in general."""
    axioms: tuple[str, ...] = ()
    """The axioms that the rule comes from, in Turtle."""
    grounds: tuple[SourceLine, ...] = ()
    """The lines of these axioms, or of the rule's file."""
    premises: tuple["Explanation", ...] = field(default=(), repr=False)

    @property
    def leaves(self) -> Iterator["Explanation"]:
        """The explanations of the asserted triples that it rests on."""
        if not self.rule:
            yield self
        for premise in self.premises:
            yield from premise.leaves


class Explainer:
    """Explains the triples of a vault's store."""

    def __init__(
        self,
        config: Config,
        generation: Published,
        ontology: Ontology | None = None,
        ledger: IngestState | None = None,
        index: Index | None = None,
        files: Paths | None = None,
    ) -> None:
        self.config = config
        self.store: Store = generation.store
        self.ontology: Ontology = ontology or load_ontology(config)
        prefixes = {prefix: iri for file in self.ontology.files for prefix, iri in file.prefixes.items()}
        prefixes |= self.ontology.prefixes
        self.naming = Lookup(self.store, self.ontology, Names(config.base), prefixes, files)
        self.derivations = Derivations(self.store, Reasoning(self.ontology, cached_rules(generation), config.limits))
        self._ledger, self._folder, self._index = ledger, generation.folder, index

    @cached_property
    def sources(self) -> SourceLines:
        """The lines that state triples."""
        ledger = self._ledger or IngestState.read(self._folder)
        return SourceLines(self.config, self.store, self.ontology, ledger, self._index)

    def why(self, subject: str, predicate: str, obj: str) -> list[Explanation]:
        """Explain the triples that three names denote. Raises NotFound, KgError."""
        return self.apart(lambda: self.explained(map(self._derived, self.naming.triples(subject, predicate, obj))))

    def everything(self, name: str) -> list[Explanation]:
        """Explain all triples that were inferred about a thing. Raises NotFound, KgError."""
        node = self.naming.thing(name)
        return self.apart(lambda: self.explained(map(self._derived, self.naming.about(node, INFERRED_GRAPH))))

    def apart(self, work: Callable[[], T]) -> T:
        """Run a function within the vault's limits and without network: it runs the queries of rule files."""
        reasoning = self.derivations.reasoning

        def limited_work() -> T:
            with limited(reasoning.at_work, reasoning.limits):
                return work()

        return without_network(limited_work)

    def _derived(self, triple: ox.Triple) -> DerivationStep:
        step = self.derivations.of(triple)
        if step is None:
            sentence = " ".join(self.words(triple))
            raise KgError(f"“{sentence}” was inferred, but by rules that have changed since, or by owlrl alone")
        return step

    def explained(self, steps: Iterable[DerivationStep]) -> list[Explanation]:
        """Explain derivations, with the lines of their asserted triples."""
        steps = list(steps)
        places = self.sources.placed(triple for step in steps for triple in step.asserted)
        return [self._explanation(step, places) for step in steps]

    def _explanation(self, step: DerivationStep, places: Mapping[ox.Triple, tuple[SourceLine, ...]]) -> Explanation:
        made: dict[int, Explanation] = {}
        for part in reversed(list(step.steps())):
            if id(part) not in made:
                premises = tuple(made[id(premise)] for premise in part.premises)
                made[id(part)] = self._of_step(part, premises, places)
        return made[id(step)]

    def _of_step(
        self,
        step: DerivationStep,
        premises: tuple[Explanation, ...],
        places: Mapping[ox.Triple, tuple[SourceLine, ...]],
    ) -> Explanation:
        words = self.words(step.conclusion)
        if step.rule is None:
            return Explanation(step.conclusion, words, places.get(step.conclusion, ()))
        names, axioms = step.rule.names, step.rule.axioms
        rule_meaning = self.meaning_of(step.rule)
        grounds, turtle = self._grounds(names, axioms), self.in_turtle(axioms)
        return Explanation(step.conclusion, words, (), step.rule.name, rule_meaning, turtle, grounds, premises)

    def words(self, triple: ox.Triple) -> tuple[str, str, str]:
        """Return the names of a triple's terms, as in a sentence."""
        called = self.naming.called
        subject, predicate, obj = called(triple.subject), called(triple.predicate), called(triple.object)
        if triple.predicate == TYPE and obj[:1].upper() in {"A", "E", "I", "O", "U"}:
            predicate = "is an"
        return subject, predicate, obj

    def in_turtle(self, axioms: tuple[ox.Triple, ...]) -> tuple[str, ...]:
        """Return axioms in Turtle, with nameless expressions written where they are used."""
        return tuple(dict.fromkeys(AxiomText(axioms, self.naming.curie).sentences()))

    def _grounds(self, names: tuple[str, ...], axioms: tuple[ox.Triple, ...]) -> tuple[SourceLine, ...]:
        lines = [line for name in names for line in self.sources.of_rule(name)]
        lines += [line for axiom in axioms if not is_nameless(axiom.subject) for line in self.sources.of_axiom(axiom)]
        return tuple(dict.fromkeys(lines))

    def meaning_of(self, rule: Rule) -> str:
        """Return the meaning of a rule in general, in words."""
        return meaning(rule.names) or self._descriptions(rule.names)

    def _descriptions(self, names: tuple[str, ...]) -> str:
        """Return the descriptions of rules: the comments in the first lines of their files."""
        first = (self.ontology.rules.get(name, "").lstrip().split("\n", 1)[0] for name in names)
        return "; ".join(text.lstrip("# ").rstrip(". ") for text in first if text.startswith("#"))


def meaning(names: Iterable[str]) -> str:
    """Return the meanings of the specification's rules, in words."""
    return "; ".join(dict.fromkeys(MEANINGS[name] for name in names if name in MEANINGS))
