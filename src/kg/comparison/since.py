"""Since which commit a triple holds, until when, and by whose line; and which commit brought each fact of a thing."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pyoxigraph as ox

from kg.comparison.difference import reasons
from kg.comparison.facts import LAYOUT, Fact
from kg.comparison.renames import Renaming
from kg.comparison.state import ComparedState
from kg.config import Config
from kg.core.errors import KgError, NotFound
from kg.notes.vault import Progress
from kg.rdf.vocabulary import INFERRED_GRAPH, Term
from kg.reasoning.other_vocabularies import follows_across
from kg.revisions.git_repository import Commit
from kg.revisions.replay import replayed


@dataclass(frozen=True)
class Period:
    """A time in which a triple holds, asserted or inferred all the while."""

    since: Commit
    fact: Fact
    inferred: bool
    why: str
    """The line that asserts it at the first commit, or the rule with the lines that it follows from."""
    until: Commit | None = None
    """The commit that ended it; None if it holds still, or the next period begins at once."""


def periods(config: Config, subject: str, predicate: str, obj: str, progress: Progress | None = None) -> list[Period]:
    """The periods of the triple that three names mean at each commit, oldest first; names are those of `kg why`.

    Only commits count, not the files as they are. Raises NotFound if it never held, KgError.
    """
    found: list[Period] = []
    with replayed(config, progress) as commits:
        for commit, settings in commits:
            held = _held(commit, settings, (subject, predicate, obj)) if settings else None
            last = found[-1] if found and found[-1].until is None else None
            if held and (last is None or last.inferred != held.inferred):
                found.append(held)
            elif last and not held:
                found[-1] = replace(last, until=commit)
    if not found:
        raise NotFound(f"“{subject}” {predicate} “{obj}” held at no commit of the branch")
    return found


def _held(commit: Commit, settings: Config, names: tuple[str, str, str]) -> Period | None:
    """The period that begins at a commit, if the triple holds there."""
    state = ComparedState.of(str(commit), settings)
    with suppress(KgError):  # a name that means nothing yet, or several things
        triples = state.explainer.naming.triples(*names)
        return _period(commit, state, triples[0]) if triples else None
    return None


def _period(commit: Commit, state: ComparedState, triple: ox.Triple) -> Period:
    fact = Fact(triple, state.explainer.words(triple))
    inferred = state.store.has(triple.subject, triple.predicate, triple.object, INFERRED_GRAPH)
    if inferred:
        return Period(commit, fact, inferred, reasons(state, [triple]).get(triple, ""))
    lines = state.explainer.sources.placed([triple])[triple]
    return Period(commit, fact, inferred, f"{lines[0]}  {lines[0].text}" if lines else "")


def blame(config: Config, name: str, progress: Progress | None = None) -> list[Period]:
    """The facts of a thing at the last commit, each with the commit since which it holds without a gap; by commit.

    A thing keeps its facts when its note moves. Raises NotFound if the last commit has no such thing, KgError.
    """
    since: dict[ox.Triple, Period] = {}
    before: ComparedState | None = None
    with replayed(config, progress) as commits:
        for commit, settings in commits:
            if settings is None:
                since, before = {}, None
                continue
            state = ComparedState.of(str(commit), settings)
            renaming = Renaming.of(before, state) if before else Renaming({}, {})
            node = _thing(state, name)
            known = {renaming.triple(triple): period for triple, period in since.items()}
            facts = list(_facts(state, node)) if node else []
            since = {fact: known.get(fact) or _period(commit, state, fact) for fact in facts}
            before = state
        if before is None or not since:
            raise NotFound(f"“{name}” is no thing at the last commit of the branch")
        words = before.explainer.words
        rows = [replace(period, fact=Fact(triple, words(triple))) for triple, period in since.items()]
    return sorted(rows, key=lambda period: (period.since.time, period.since.hash, period.fact.words))


def _thing(state: ComparedState, name: str) -> Term | None:
    with suppress(KgError):
        return state.explainer.naming.thing(name)
    return None


def _facts(state: ComparedState, node: Term) -> Iterable[ox.Triple]:
    rows: Iterator[ox.Triple] = state.store.triples(node, None, None)
    return (row for row in rows if row.predicate.value not in LAYOUT and not follows_across(state.store, row))
