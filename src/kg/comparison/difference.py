"""The difference between two states of a vault, as a value that every report is made from."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.comparison.answers import AnswerChange, answer_changes
from kg.comparison.facts import Fact, FactComparison, NoteChange
from kg.comparison.library_answers import LibraryAnswers, library_answers
from kg.comparison.renames import Renaming
from kg.comparison.state import ComparedState
from kg.core.findings import Finding
from kg.notes.vault import without_collection
from kg.rdf.vocabulary import MISSING, Term
from kg.reasoning.explanation import Explanation
from kg.reasoning.source_lines import SourceLine

_EXPLAINED = 200
"""The most conclusions of each side that are explained: each needs a derivation."""


class ChangedThing(NamedTuple):
    """A thing that has come, gone or moved."""

    name: str
    classes: tuple[str, ...]
    path: str
    before: str = ""
    """Its earlier name, if it has moved."""
    path_before: str = ""


class Conclusion(NamedTuple):
    """A triple that follows, and why, in one line; the reason is empty where there are too many to explain."""

    fact: Fact
    reason: str


@dataclass(frozen=True)
class Side:
    """What only one of the two states has."""

    state: ComparedState = field(repr=False)
    things: tuple[ChangedThing, ...] = ()
    follows: tuple[Conclusion, ...] = ()
    findings: tuple[Finding, ...] = ()
    quads: Callable[[], list[ox.Quad]] = field(default=list, repr=False)


@dataclass(frozen=True)
class Difference:
    """The difference between two states."""

    gone: Side
    come: Side
    moved: tuple[ChangedThing, ...]
    notes: tuple[NoteChange, ...]
    answers: tuple[AnswerChange, ...]
    library: LibraryAnswers
    """The answers of the queries that come with kg: all of them follow from the rest."""
    lines: Mapping[ox.Triple, tuple[SourceLine, ...]] = field(repr=False)
    """The lines of the facts and conclusions of the later state, and those of the earlier one below `lines_before`."""
    lines_before: Mapping[ox.Triple, tuple[SourceLine, ...]] = field(repr=False)

    def __bool__(self) -> bool:
        """Whether anything differs that the report shows."""
        sides = any((side.things, side.follows, side.findings) != ((), (), ()) for side in (self.gone, self.come))
        return sides or bool(self.moved or self.answers) or any(change.has_facts for change in self.notes)

    @cached_property
    def totals(self) -> dict[str, int]:
        """The numbers of what has come and gone."""
        notes, both = self.notes, [change for change in self.notes if change.before and change.after]
        return {
            "notes_added": sum(not change.before for change in notes),
            "notes_removed": sum(not change.after for change in notes),
            "notes_edited": sum(change.is_edited for change in both),
            "notes_moved": sum(change.before != change.after for change in both),
            "things_added": len(self.come.things),
            "things_removed": len(self.gone.things),
            "facts_changed": sum(len(change.changed) for change in notes),
            "facts_added": sum(len(change.added) for change in notes),
            "facts_removed": sum(len(change.removed) for change in notes),
            "follows_added": len(self.come.follows),
            "follows_removed": len(self.gone.follows),
            "findings_added": len(self.come.findings),
            "findings_removed": len(self.gone.findings),
            "answers_changed": len(self.answers),
            "library_changed": len(self.library.changes),
        }


@dataclass(frozen=True)
class ComparedParts:
    """What a comparison looks at."""

    inference: bool = True
    findings: bool = True
    answers: bool = True
    library: bool | None = None
    """Whether the queries that come with kg are among the answers; None for those that need little time."""
    paths: tuple[str, ...] = ()
    """The files and folders of the vault, each folder with a trailing `/`, to report on; empty for all."""

    def has(self, *paths: str) -> bool:
        """Whether one of the paths of a note is reported on."""
        named = [path for path in paths if path]
        return not self.paths or any(path == part or path.startswith(part) for path in named for part in self.paths)


def compare(before: ComparedState, after: ComparedState, parts: ComparedParts | None = None) -> Difference:
    """Compare two states. Raises KgError if one of them cannot be read."""
    with without_collection():
        return _compared(before, after, parts or ComparedParts())


def _compared(before: ComparedState, after: ComparedState, parts: ComparedParts) -> Difference:
    renaming = Renaming.of(before, after)
    facts = FactComparison(before, after, renaming)
    notes = tuple(change for change in facts.notes() if parts.has(change.before, change.after))
    come, gone = facts.follows() if parts.inference and not parts.paths else ([], [])
    things_gone, things_come, moved = _things(before, after, renaming, notes)
    findings = _findings(before, after, renaming, moved) if parts.findings else ([], [])
    old, new = ([finding for finding in found if parts.has(finding.path)] for found in findings)
    quads = cache(facts.quads)
    is_other = any((come, gone, things_gone, things_come, moved)) or any(change.has_facts for change in notes)
    return Difference(
        Side(before, things_gone, tuple(_concluded(before, gone)), tuple(old), lambda: quads()[0]),
        Side(after, things_come, tuple(_concluded(after, come)), tuple(new), lambda: quads()[1]),
        tuple(thing for thing in moved if parts.has(thing.path, thing.path_before)),
        notes,
        tuple(answer_changes(before, after)) if parts.answers and not parts.paths else (),
        _library(before, after, moved, parts) if is_other else LibraryAnswers(),
        _lines(after, [fact for change in notes for fact in (*change.added, *(pair.after for pair in change.changed))]),
        _lines(
            before, [fact for change in notes for fact in (*change.removed, *(pair.before for pair in change.changed))]
        ),
    )


def _lines(state: ComparedState, facts: Iterable[Fact]) -> Mapping[ox.Triple, tuple[SourceLine, ...]]:
    return state.explainer.sources.placed(fact.triple for fact in facts)


def _library(
    before: ComparedState, after: ComparedState, moved: Iterable[ChangedThing], parts: ComparedParts
) -> LibraryAnswers:
    """The answers of the library; none where they are not wanted, or only a part of the vault is."""
    if not parts.answers or parts.paths or parts.library is False:
        return LibraryAnswers()
    names = {thing.before: thing.name for thing in moved} | {thing.path_before: thing.path for thing in moved}
    return library_answers(before, after, names, is_wanted=bool(parts.library))


# ---- things ----------------------------------------------------------------------------------------------------------


def _things(
    before: ComparedState, after: ComparedState, renaming: Renaming, notes: Iterable[NoteChange]
) -> tuple[tuple[ChangedThing, ...], tuple[ChangedThing, ...], tuple[ChangedThing, ...]]:
    """The things that are gone, that have come, and that have another name; by name."""
    was, now = dict[Term, str](), dict[Term, str]()
    for change in notes:
        was |= {triple.subject: change.before for triple in before.triples(change.before)}
        now |= {triple.subject: change.after for triple in after.triples(change.after)}
    known = {renaming.term(term) for term in was}
    gone = [term for term in was if not _is_there(after, renaming.term(term))]
    come = [term for term in now if term not in known and not _is_there(before, renaming.back.term(term))]
    moved = []
    for old, new in sorted(renaming.paths.items()):
        first, second = (_thing(state, state.entity(path), path) for state, path in ((before, old), (after, new)))
        moved.append(second._replace(before=first.name, path_before=old))
    return _described(before, gone, was), _described(after, come, now), tuple(moved)


def _is_there(state: ComparedState, term: Term) -> bool:
    """Whether a state has a thing that notes describe, not only links to."""
    classes = state.classes(term)
    return any(name != MISSING for name in classes)


def _described(state: ComparedState, terms: Iterable[Term], paths: Mapping[Term, str]) -> tuple[ChangedThing, ...]:
    things = (_thing(state, term, paths[term]) for term in terms if state.is_thing(term) and _is_there(state, term))
    return tuple(sorted(things))


def _thing(state: ComparedState, term: Term, path: str) -> ChangedThing:
    called = state.explainer.naming.called
    return ChangedThing(called(term), tuple(sorted(map(called, state.classes(term)))), path)


# ---- conclusions -----------------------------------------------------------------------------------------------------


def _concluded(state: ComparedState, triples: list[ox.Triple]) -> Iterator[Conclusion]:
    """The triples, the first of them with the reason why they follow."""
    known = reasons(state, triples[:_EXPLAINED])
    for triple in triples:
        yield Conclusion(Fact(triple, state.explainer.words(triple)), known.get(triple, ""))


def reasons(state: ComparedState, triples: Sequence[ox.Triple]) -> dict[ox.Triple, str]:
    """Why each of the triples follows, in one line; a triple without a derivation is left out."""
    explainer = state.explainer

    def explained() -> dict[ox.Triple, str]:
        steps = filter(None, map(explainer.derivations.of, triples))
        return {found.triple: _reason(found) for found in explainer.explained(steps)}

    return explainer.apart(explained) if triples else {}


def _reason(explanation: Explanation) -> str:
    """The asserted triples that a conclusion rests on, with the first line of each, and the last rule."""
    leaves = dict.fromkeys(leaf for leaf in explanation.leaves if leaf.stated)
    told = [f"“{leaf.words[0]}” {leaf.words[1]} “{leaf.words[2]}” ({leaf.stated[0]})" for leaf in leaves]
    return f"by {explanation.rule}: {', '.join(told)}" if told else f"by {explanation.rule}"


# ---- findings --------------------------------------------------------------------------------------------------------


def _findings(
    before: ComparedState, after: ComparedState, renaming: Renaming, moved: Iterable[ChangedThing]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that are resolved, and the new ones. Their lines may differ, and the names of what has moved."""
    names = {f"“{thing.before}”": f"“{thing.name}”" for thing in moved if thing.before != thing.name}

    def key(finding: Finding, paths: Mapping[str, str]) -> tuple[str, str, str]:
        message = finding.message
        for old, new in names.items() if paths else ():
            message = message.replace(old, new)
        return paths.get(finding.path, finding.path), finding.code, message

    old, new = before.findings, after.findings
    left = Counter(key(finding, renaming.paths) for finding in old)
    come = []
    for finding in new:
        if left[key(finding, {})] > 0:
            left[key(finding, {})] -= 1
        else:
            come.append(finding)
    gone = []
    for finding in reversed(old):
        if left[key(finding, renaming.paths)] > 0:
            left[key(finding, renaming.paths)] -= 1
            gone.append(finding)
    return gone[::-1], come
