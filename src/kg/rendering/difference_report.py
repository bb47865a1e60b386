"""The sections and rows of a report on the difference between two states, which every format for people writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pyoxigraph as ox

from kg.comparison.answers import AnswerChange
from kg.comparison.difference import ChangedThing, Conclusion, Difference
from kg.comparison.facts import ChangedValue, Fact, NoteChange
from kg.comparison.library_answers import LibraryAnswers
from kg.core.findings import Finding
from kg.reasoning.source_lines import SourceLine

Sign = Literal["+", "-", "~", " "]
"""Added, removed, changed; a space continues the row above."""
_LONGEST = 100
_ROWS = 20
"""The most rows of an answer that are shown on each side."""
_FEW = 3
"""The most things that are shown on each side for a query that comes with kg."""


class ReportRow(NamedTuple):
    """A row: what has happened, to what, and where."""

    sign: Sign
    text: str
    place: str = ""


@dataclass(frozen=True)
class ReportSection:
    """Rows under a title, which is the path in a section about a note."""

    title: str
    rows: tuple[ReportRow, ...]


def sections(difference: Difference) -> Iterator[ReportSection]:
    """The sections in the order of a reader's questions: things, facts by note, conclusions, findings, answers."""
    yield from _section("Things", _things(difference))
    for change in difference.notes:
        if change.has_facts:
            title = change.path if change.before in {"", change.path} else f"{change.before} → {change.path}"
            yield ReportSection(title, tuple(_facts(change, difference)))
    yield from _section("What follows", _conclusions(difference))
    yield from _section("Findings", _findings(difference))
    yield from _section("Answers", _answers(difference))
    yield from _section("Answers of the library", _library(difference.library))


def _section(title: str, rows: Iterator[ReportRow]) -> Iterator[ReportSection]:
    if found := tuple(rows):
        yield ReportSection(title, found)


def _things(difference: Difference) -> Iterator[ReportRow]:
    yield from (ReportRow("+", _thing(thing), thing.path) for thing in difference.come.things)
    yield from (ReportRow("-", _thing(thing), thing.path) for thing in difference.gone.things)
    for thing in difference.moved:
        name = f"{thing.before} → {thing.name}" if thing.before != thing.name else thing.name
        yield ReportRow("~", name, f"{thing.path_before} → {thing.path}")


def _thing(thing: ChangedThing) -> str:
    return f"{thing.name} ({', '.join(thing.classes)})" if thing.classes else thing.name


def _facts(change: NoteChange, difference: Difference) -> Iterator[ReportRow]:
    now, was = difference.lines, difference.lines_before
    yield from (_changed(pair, now, was) for pair in change.changed)
    yield from (ReportRow("+", sentence(fact), _place(fact, now)) for fact in change.added)
    yield from (ReportRow("-", sentence(fact), _place(fact, was)) for fact in change.removed)


_Lines = Mapping[ox.Triple, tuple[SourceLine, ...]]


def _changed(pair: ChangedValue, now: _Lines, was: _Lines) -> ReportRow:
    subject, predicate, _ = pair.after.words
    values = " → ".join(_short(fact.words[2]) for fact in pair)
    places = dict.fromkeys((_place(pair.before, was), _place(pair.after, now)))
    return ReportRow("~", f"“{subject}” {predicate}: {values}", " → ".join(filter(None, places)))


def _place(fact: Fact, lines: _Lines) -> str:
    found = lines.get(fact.triple, ())
    return str(found[0]) if found else ""


def sentence(fact: Fact) -> str:
    """A fact as a sentence."""
    subject, predicate, obj = map(_short, fact.words)
    return f"“{subject}” {predicate} “{obj}”"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _conclusions(difference: Difference) -> Iterator[ReportRow]:
    yield from (_conclusion("+", conclusion) for conclusion in difference.come.follows)
    yield from (_conclusion("-", conclusion) for conclusion in difference.gone.follows)


def _conclusion(sign: Sign, conclusion: Conclusion) -> ReportRow:
    return ReportRow(sign, sentence(conclusion.fact), conclusion.reason)


def _findings(difference: Difference) -> Iterator[ReportRow]:
    yield from (_finding("+", finding) for finding in difference.come.findings)
    yield from (_finding("-", finding) for finding in difference.gone.findings)


def _finding(sign: Sign, finding: Finding) -> ReportRow:
    where = f"{finding.path}:{finding.line}:{finding.column}"
    return ReportRow(sign, f"{finding.severity}: {finding.message} [{finding.code}]", where)


def _answers(difference: Difference) -> Iterator[ReportRow]:
    for change in difference.answers:
        yield ReportRow("~", _answer(change))
        for sign, rows in (("+", change.added), ("-", change.removed)):
            yield from (ReportRow(" ", f"{sign} {_short(row)}") for row in rows[:_ROWS])
            if len(rows) > _ROWS:
                yield ReportRow(" ", f"{sign} … and {len(rows) - _ROWS:,} more")


def _answer(change: AnswerChange) -> str:
    name = f"{change.name} ({change.title})" if change.title else change.name
    return f"{name}: {_short(change.before)} → {_short(change.after)}"


def _library(answers: LibraryAnswers) -> Iterator[ReportRow]:
    """A row for each answer that differs; by name alone those that repeat the facts, or have not come in time."""
    for change in answers.changes:
        things = [*_few("+", change.come), *_few("-", change.gone)]
        yield ReportRow("~", f"{_answer(change.answer)}: {', '.join(things)}")
    if answers.listings:
        yield ReportRow("~", f"only in numbers or lists: {', '.join(change.name for change in answers.listings)}")
    if answers.left_out:
        names = f"{', '.join(answers.left_out[:_FEW])}{' …' * (len(answers.left_out) > _FEW)}"
        yield ReportRow("~", f"left out to save time: {len(answers.left_out)} ({names}); --library asks them")


def _few(sign: Sign, things: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{sign} {_short(thing)}" for thing in things[:_FEW])
    if len(things) > _FEW:
        yield f"{sign} {len(things) - _FEW:,} more"


def title(difference: Difference) -> str:
    """The names of the two states."""
    return f"{difference.gone.state.name} → {difference.come.state.name}"


def summary(difference: Difference) -> str:
    """The totals as a sentence."""
    totals = difference.totals
    told = []
    for what, plural in _NOUNS.items():
        parts = [f"{totals[key]:,} {verb}" for verb in _VERBS if totals.get(key := f"{what}_{verb}")]
        if parts:
            told.append(f"{plural}: {', '.join(parts)}")
    if not any(number for key, number in totals.items() if key.partition("_")[0] not in {"notes", "findings"}):
        told.insert(0, "No fact has changed")
    return "; ".join(told)


_NOUNS = {
    "notes": "notes", "things": "things", "facts": "facts", "follows": "conclusions", "findings": "findings",
    "answers": "answers", "library": "answers of the library",
}  # fmt: skip
_VERBS = ("added", "removed", "changed", "edited", "moved")
