"""The least that must be written so that a triple holds: lines for notes, each set of them checked by an overlay."""

import time
from contextlib import suppress

import pyoxigraph as ox

from kg.comparison.state import ComparedState
from kg.comparison.suggested import SuggestedLines, Suggestions
from kg.comparison.trials import Trials, sentence
from kg.comparison.written_lines import LineWriter
from kg.core.errors import NotFound
from kg.rdf.vocabulary import TYPE
from kg.reasoning.abduction import Abduction, MissingFacts

MOST = 10
"""The most suggestions that are checked."""
SECONDS = 8.0
"""The time after which no further suggestion is checked."""


def suggestions(state: ComparedState, triple: ox.Triple) -> Suggestions:
    """The smallest sets of lines that make a triple hold, each checked. Raises KgError."""
    goal = sentence(state, triple)
    if has(state, triple):
        return Suggestions(goal, triple=triple, holds=True)
    writer = LineWriter(state)
    found = missing(state, writer, triple)
    sets = sorted(found.sets, key=lambda row: (len(row), len({writer.path(t.subject) for t in row})))
    with Trials(state, writer, lambda after: has(after, triple)) as trials:
        rows, left = tried(trials, [(row, triple) for row in sets])
    why_none = "" if rows else _why_none(state, writer, triple)
    more, remark = left + found.left_out, _remark(state, triple)
    return Suggestions(goal, rows, triple, more=more, is_cut=found.is_cut, remark=remark, why_none=why_none)


def _remark(state: ComparedState, triple: ox.Triple) -> str:
    """Whether the property of a triple is known from nowhere."""
    predicate = triple.predicate
    if predicate.value in state.ontology.terms or predicate == TYPE or state.store.has(None, predicate, None):
        return ""
    return f"neither the ontology nor a note has the property {state.explainer.naming.called(predicate)}"


def has(state: ComparedState, triple: ox.Triple) -> bool:
    """Whether a state has a triple, asserted or inferred."""
    return state.store.has(triple.subject, triple.predicate, triple.object)


def missing(state: ComparedState, writer: LineWriter, triple: ox.Triple) -> MissingFacts:
    """The sets of facts that are missing for a triple to hold."""
    search = Abduction(state.explainer.derivations, writer)
    return state.explainer.apart(lambda: search.of(triple))


def tried(
    trials: Trials, sets: list[tuple[tuple[ox.Triple, ...], ox.Triple]], most: int = MOST
) -> tuple[tuple[SuggestedLines, ...], int]:
    """The suggestions of sets of triples that do, and how many sets are left untried; those that break something last.

    Each set has the triple that it brings about.
    """
    rows: dict[SuggestedLines, None] = {}
    deadline, tries = time.monotonic() + SECONDS, 0
    for triples, goal in sets:
        if len(rows) >= most or time.monotonic() > deadline:
            break
        tries += 1
        rows |= dict.fromkeys(trials.suggested(triples, goal))
    return tuple(sorted(rows, key=lambda row: bool(row.breaks))), len(sets) - tries


def _why_none(state: ComparedState, writer: LineWriter, triple: ox.Triple) -> str:
    """Why no line of a note makes a triple hold."""
    subject, predicate, _ = state.explainer.words(triple)
    if not writer.may_use(triple.predicate):
        return f"no note can state “{predicate}”, and no rule concludes it from what notes can state"
    if not writer.path(triple.subject):
        return f"“{subject}” has no note that could state it, and no rule concludes it from what other notes can state"
    return "no line that a note can state makes it hold"


# ---- names -----------------------------------------------------------------------------------------------------------


def wanted(state: ComparedState, subject: str, predicate: str, obj: str) -> ox.Triple:
    """The triple that three names mean, whether it holds or not. Raises NotFound, KgError."""
    naming = state.explainer.naming
    thing = naming.thing(subject)
    with suppress(NotFound):
        return naming.triples(subject, predicate, obj)[0]
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
