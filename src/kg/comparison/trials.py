"""Try lines out: an overlay with them tells whether they suffice, which part of them does, and what they break."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations

import pyoxigraph as ox

from kg.comparison.state import ComparedState
from kg.comparison.suggested import SuggestedLines, UsedRule
from kg.comparison.written_lines import LineWriter, WrittenLine
from kg.ingestion.overlay import overlay
from kg.ingestion.pipeline import ingest
from kg.ingestion.snapshot import Held
from kg.notes.vault import Vault
from kg.rdf.vocabulary import Term
from kg.reasoning.contradictions import contradicted
from kg.reasoning.derivation import Contradiction, DerivationStep
from kg.validation.local_shapes import LocalShapes

Contents = Mapping[str, str | None]


@dataclass(frozen=True)
class Trial:
    """What comes of other contents of some notes."""

    is_reached: bool = False
    derivation: DerivationStep | None = None
    """How the triple holds that the contents are to bring about, if it does."""
    breaks: tuple[str, ...] = ()
    """The errors that are new."""


@dataclass(frozen=True)
class Trials:
    """Tries lines out in a vault; to be closed by a `with`."""

    state: ComparedState
    writer: LineWriter
    is_reached: Callable[[ComparedState], bool]
    """Whether a state has what is wanted."""
    _known: dict[tuple[object, ...], Trial] = field(default_factory=dict, repr=False)

    def __enter__(self) -> "Trials":
        self.shapes.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.shapes.__exit__(*error)

    def suggested(self, triples: tuple[ox.Triple, ...], goal: ox.Triple) -> Iterator[SuggestedLines]:
        """The suggestion of a set of triples; or those of the smallest parts that suffice; none if it does not do.

        The triple `goal` is what the others bring about: the suggestion says by which rules.
        """
        whole = self._whole(triples, goal)
        if whole is None:
            return
        parts = combinations(triples, len(triples) - 1) if len(triples) > 1 else ()
        smaller = [row for part in parts for row in self.suggested(part, goal)]
        yield from dict.fromkeys(smaller) or [whole]

    def _whole(self, triples: tuple[ox.Triple, ...], goal: ox.Triple) -> SuggestedLines | None:
        """The suggestion of all triples of a set, if they suffice; if need be, notes keep their default class."""
        for keep_default in (False, True) if self.writer.has_default(triples) else (False,):
            written = self.writer.written(triples, keep_default=keep_default)
            if written is None:
                continue
            things = {term for triple in triples for term in (triple.subject, triple.object)}
            trial = self.of(written[0], goal, frozenset(things))
            if trial.is_reached:
                return self._suggestion(written[1], trial)
        return None

    def _suggestion(self, lines: tuple[WrittenLine, ...], trial: Trial) -> SuggestedLines:
        if trial.derivation is None:
            return SuggestedLines(lines, breaks=trial.breaks)
        explainer = self.state.explainer
        steps = (step.rule for step in trial.derivation.steps() if step.rule)
        rules = dict.fromkeys(UsedRule(rule.name, explainer.meaning_of(rule)) for rule in steps)
        present = [fact for fact in trial.derivation.asserted if explainer.derivations.is_known(fact)]
        places = explainer.sources.placed(present)
        because = [f"{sentence(self.state, fact)} ({places[fact][0]})" for fact in present if places[fact]]
        return SuggestedLines(lines, tuple(rules), tuple(because), trial.breaks)

    def of(self, contents: Contents, goal: ox.Triple | None = None, things: frozenset[Term] = frozenset()) -> Trial:
        """Try the contents of notes; `things` are those about which they say something else. Raises KgError."""
        key = (goal, *sorted(contents.items()))
        if key not in self._known:
            with overlay(Vault(config=self.state.config), contents, held=self._held) as imagined:
                after = ComparedState.of("as it would be", imagined.config)
                is_reached = self.is_reached(after)
                self._known[key] = self._reached(after, goal, things) if is_reached else Trial()
        return self._known[key]

    def _reached(self, after: ComparedState, goal: ox.Triple | None, things: frozenset[Term]) -> Trial:
        derivation = after.explainer.apart(lambda: after.explainer.derivations.of(goal)) if goal else None
        return Trial(True, derivation, tuple(self._errors(after, things)))

    @cached_property
    def _held(self) -> Held:
        return Held(ingest(Vault(config=self.state.config)), ())

    # ---- what a change breaks ----------------------------------------------------------------------------------------

    def _errors(self, after: ComparedState, things: frozenset[Term]) -> Iterator[str]:
        """The errors of a state that are new: of shapes at some things, and contradictions by the ontology alone."""
        known = self._erring(things)
        new = [violation for violation in self.shapes.errors(after.store, things) if violation.row not in known]
        yield from (self.shapes.message(violation, after.explainer.naming.called) for violation in new)
        focus = {violation.focus for violation in new}
        for finding, row in contradicted(after.explainer).items():
            if _key(row) not in self._contradicted and row.facts[0].subject not in focus:
                yield f"{finding.message} [{finding.code}]"

    @cached_property
    def shapes(self) -> LocalShapes:
        """The shapes of the vault."""
        return LocalShapes(self.state.config, self.state.ontology)

    @cached_property
    def _erring(self) -> Callable[[frozenset[Term]], frozenset[object]]:
        """The errors that some things have as the vault is."""
        errors, store = self.shapes.errors, self.state.store
        return cache(lambda things: frozenset(violation.row for violation in errors(store, things)))

    @cached_property
    def _contradicted(self) -> frozenset[object]:
        derivations = self.state.explainer.derivations
        return frozenset(map(_key, self.state.explainer.apart(derivations.contradictions)))


def sentence(state: ComparedState, triple: ox.Triple) -> str:
    """A triple in words."""
    subject, predicate, obj = state.explainer.words(triple)
    return f"“{subject}” {predicate} “{obj}”"


def _key(row: Contradiction) -> object:
    return row.rule.names, frozenset(row.facts)
