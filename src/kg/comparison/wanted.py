"""The least that must be written so that a triple holds: lines for notes, each set of them checked by an overlay."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import pyoxigraph as ox

from kg.comparison.state import ComparedState
from kg.comparison.written_lines import LineWriter, WrittenLine
from kg.core.errors import NotFound
from kg.core.findings import Finding
from kg.ingestion.overlay import overlay
from kg.ingestion.pipeline import ingest
from kg.ingestion.snapshot import Held
from kg.notes.vault import Vault
from kg.rdf.vocabulary import TYPE
from kg.reasoning.abduction import Abduction
from kg.reasoning.contradictions import contradictions
from kg.reasoning.derivation import DerivationStep

MOST = 10
"""The most suggestions that are checked."""
_SECONDS = 8.0
"""The time after which no further suggestion is checked."""


@dataclass(frozen=True)
class Suggestion:
    """Lines to write, by which what is wanted comes about, while no part of them suffices."""

    lines: tuple[WrittenLine, ...]
    rules: tuple[str, ...] = ()
    """The rules by which it then follows, the last one first; none if a line states it."""
    because: tuple[str, ...] = ()
    """The facts that it also rests on, each with its first line."""
    breaks: tuple[str, ...] = ()
    """The contradictions that the lines would bring."""


@dataclass(frozen=True)
class Suggestions:
    """What to write so that a triple holds, or so that a finding is gone."""

    goal: str
    """The triple in words, or the finding."""
    rows: tuple[Suggestion, ...] = ()
    """The suggestions, those with the fewest lines first, and those that contradict last."""
    triple: ox.Triple | None = None
    finding: Finding | None = None
    holds: bool = False
    """Whether the triple holds already."""
    more: int = 0
    """The number of possible suggestions that are not checked."""
    is_cut: bool = False
    """Whether a bound has ended the search, so that there may be others."""
    why_none: str = ""
    """Why there is no suggestion, in one sentence."""


@dataclass(frozen=True)
class _Trial:
    """What comes of other contents of some notes."""

    derivation: DerivationStep | None = None
    """How the triple then follows; None if it does not hold."""
    breaks: tuple[str, ...] = ()


def suggestions(state: ComparedState, triple: ox.Triple, *, most: int = MOST) -> Suggestions:
    """The smallest sets of lines that make a triple hold, each checked. Raises KgError."""
    goal = _sentence(state, triple)
    if state.store.has(triple.subject, triple.predicate, triple.object):
        return Suggestions(goal, triple=triple, holds=True)
    writer = LineWriter(state)
    search = Abduction(state.explainer.derivations, writer)
    found = state.explainer.apart(lambda: search.of(triple))
    sets = sorted(found.sets, key=lambda row: (len(row), len({writer.path(t.subject) for t in row})))
    check = _Check(state, writer, triple)
    rows: list[Suggestion] = []
    deadline, seen = time.monotonic() + _SECONDS, 0
    for row in sets:
        if len(rows) >= most or time.monotonic() > deadline:
            break
        seen += 1
        rows += (new for new in check.suggested(row) if new not in rows)
    rows.sort(key=lambda row: bool(row.breaks))
    more, why_none = len(sets) - seen + found.left_out, "" if rows else _why_none(state, writer, triple)
    return Suggestions(goal, tuple(rows), triple, None, False, more, found.is_cut, why_none)


def _why_none(state: ComparedState, writer: LineWriter, triple: ox.Triple) -> str:
    """Why no line of a note makes a triple hold."""
    subject, predicate, _ = state.explainer.words(triple)
    if not writer.may_use(triple.predicate):
        return f"no note can state “{predicate}”, and no rule concludes it from what a note can state"
    if not writer.path(triple.subject):
        return f"“{subject}” has no note that could state it, and no rule concludes it from what another note can state"
    return "no line that a note can state makes it hold"


@dataclass(frozen=True)
class _Check:
    """Checks sets of triples: the overlay with their lines, and those with a part of them."""

    state: ComparedState
    writer: LineWriter
    goal: ox.Triple
    _known: dict[tuple[tuple[str, str], ...], _Trial] = field(default_factory=dict, repr=False)

    def suggested(self, triples: tuple[ox.Triple, ...]) -> Iterator[Suggestion]:
        """The suggestion of a set; or those of the smallest parts that suffice; none if it does not do."""
        whole = self._whole(triples)
        if whole is None:
            return
        smaller = [row for part in combinations(triples, len(triples) - 1) if part for row in self.suggested(part)]
        yield from dict.fromkeys(smaller) or [whole]

    def _whole(self, triples: tuple[ox.Triple, ...]) -> Suggestion | None:
        """The suggestion of all triples of a set, if they suffice; if need be, notes keep their default class."""
        for keep_default in (False, True) if self.writer.has_default(triples) else (False,):
            written = self.writer.written(triples, keep_default=keep_default)
            trial = self._trial(written[0]) if written else _Trial()
            if written and trial.derivation:
                return self._suggestion(written[1], trial)
        return None

    def _suggestion(self, lines: tuple[WrittenLine, ...], trial: _Trial) -> Suggestion:
        assert trial.derivation is not None
        explainer = self.state.explainer
        rules = dict.fromkeys(step.rule.name for step in trial.derivation.steps() if step.rule)
        present = [fact for fact in trial.derivation.asserted if explainer.derivations.is_known(fact)]
        places = explainer.sources.placed(present)
        because = [f"{_sentence(self.state, fact)} ({places[fact][0]})" for fact in present if places[fact]]
        return Suggestion(lines, tuple(rules), tuple(because), trial.breaks)

    def _trial(self, contents: Mapping[str, str]) -> _Trial:
        key = tuple(sorted(contents.items()))
        if key not in self._known:
            with overlay(Vault(config=self.state.config), contents, held=self._held) as imagined:
                self._known[key] = self._seen(ComparedState.of("as it would be", imagined.config))
        return self._known[key]

    def _seen(self, after: ComparedState) -> _Trial:
        if not after.store.has(self.goal.subject, self.goal.predicate, self.goal.object):
            return _Trial()
        new = [text for text in _contradictions(after) if text not in self._before]
        derivation = after.explainer.apart(lambda: after.explainer.derivations.of(self.goal))
        return _Trial(derivation or DerivationStep(self.goal), tuple(new))

    @cached_property
    def _held(self) -> Held:
        return Held(ingest(Vault(config=self.state.config)), ())

    @cached_property
    def _before(self) -> tuple[str, ...]:
        return _contradictions(self.state)


def _sentence(state: ComparedState, triple: ox.Triple) -> str:
    subject, predicate, obj = state.explainer.words(triple)
    return f"“{subject}” {predicate} “{obj}”"


def _contradictions(state: ComparedState) -> tuple[str, ...]:
    return tuple(f"{finding.message} [{finding.code}]" for finding in sorted(contradictions(state.explainer)))


# ---- names -----------------------------------------------------------------------------------------------------------


def wanted(state: ComparedState, subject: str, predicate: str, obj: str) -> ox.Triple:
    """The triple that three names mean, whether it holds or not. Raises NotFound, KgError."""
    naming = state.explainer.naming
    thing = naming.thing(subject)
    properties = naming.properties(predicate)
    declared = [p for p in properties if p == TYPE or p.value in state.ontology.properties]
    used = [p for p in properties if state.store.has(None, p, None)]
    chosen = next(iter([*declared, *used, *properties]))
    return ox.Triple(thing, chosen, _object(state, thing, chosen, obj))


def _object(state: ComparedState, thing: ox.NamedNode, predicate: ox.NamedNode, text: str) -> ox.NamedNode | ox.Literal:
    naming = state.explainer.naming
    if predicate == TYPE:
        named = state.ontology.class_named(text)
        return ox.NamedNode(named) if named else naming.iri(text) or naming.thing(text)
    prop = state.ontology.properties.get(predicate.value)
    if prop is None or prop.kind in {"object", "any"}:
        try:
            return naming.thing(text)
        except NotFound:
            if prop is not None and prop.kind == "object":
                raise
    written = LineWriter(state).literal(thing, predicate, text)
    return written.object if written and isinstance(written.object, ox.Literal) else ox.Literal(text)
