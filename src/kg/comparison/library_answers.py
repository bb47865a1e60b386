"""Queries that come with kg and that the later state answers otherwise.

Both states are asked at once, for a limited time. The queries about what the notes have least of come first, since they
are fast mostly. Nothing is asked if no fact differs, nor of a large vault unless that is wanted: few queries would be
done in time, and the rest of the comparison takes less.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

import pyoxigraph as ox

from kg.comparison.answers import AnswerChange, counted
from kg.comparison.state import ComparedState
from kg.core.errors import KgError
from kg.core.side_by_side import side_by_side
from kg.rdf.sparql_syntax import tokens
from kg.rdf.vocabulary import TYPE
from kg.sparql.library import NamedQuery, readable_queries
from kg.sparql.parameters import Binder
from kg.sparql.query import query

SECONDS = 3.0
"""The time for all queries of a vault that is not large."""
LONG = 120.0
"""The time if all queries are wanted."""
_LARGE = 200_000
"""The number of triples from which on a vault is large: two to four thousand notes."""
_MOST = 50_000
"""The most rows of an answer that are compared."""
_COUNTED = 1_000
"""The number of triples from which on a term is no rare one."""

Row = tuple[str, ...]
_Answer = tuple[str, list[Row] | None]
"""The name of a query and its rows; None if it has no answer, or too many rows."""


class LibraryChange(NamedTuple):
    """A query of the library that is answered otherwise."""

    answer: AnswerChange
    """The change with all rows that differ."""
    come: tuple[str, ...]
    """What is in the first column only now."""
    gone: tuple[str, ...]


class LibraryAnswers(NamedTuple):
    """What has changed in the answers of the library's queries."""

    changes: tuple[LibraryChange, ...] = ()
    """The answers that have other things."""
    listings: tuple[AnswerChange, ...] = ()
    """The answers that have other values for the same things, or a row for each note: they repeat what facts say."""
    left_out: tuple[str, ...] = ()
    """The queries that were not asked, or that neither state, or only one, has answered in time."""


def library_answers(
    before: ComparedState, after: ComparedState, names: Mapping[str, str], *, is_wanted: bool = False
) -> LibraryAnswers:
    """Ask both states the queries of the library that need no value. `names` has the new name of what has moved.

    All queries are asked if that `is_wanted`, also of a large vault. Raises KgError.
    """
    questions = _questions(before, after)
    if after.published.manifest.counts.get("", 0) > _LARGE and not is_wanted:
        return LibraryAnswers(left_out=tuple(sorted(question.name for question in questions)))
    asked = side_by_side(
        [lambda: _answers(before, questions), lambda: _answers(after, questions)],
        seconds=LONG if is_wanted else SECONDS,
        memory=after.config.max_memory,
    )
    was, now = map(dict, asked)
    left_out, changes, listings = list[str](), list[LibraryChange](), list[AnswerChange]()
    notes = len(before.ledger.entries), len(after.ledger.entries)
    for question in sorted(questions, key=lambda question: question.name):
        old, new = was.get(question.name), now.get(question.name)
        if old is None or new is None:
            left_out.append(question.name)
            continue
        old = [_renamed(row, names) for row in old]
        if change := _change(question, old, new):
            if not (change.come or change.gone) or _has_all(old, new, notes):
                listings.append(change.answer)
            else:
                changes.append(change)
    return LibraryAnswers(tuple(changes), tuple(listings), tuple(left_out))


def _questions(before: ComparedState, after: ComparedState) -> list[NamedQuery]:
    """The queries that come with kg and need no value, but no query of the project; the likely fastest first."""
    sides = [readable_queries(state.config)[0] for state in (before, after)]
    own = {
        name
        for state, side in zip((before, after), sides, strict=True)
        for name, found in side.items()
        if found.path.parent == state.config.queries
    }
    both = (sides[1][name] for name in sides[0].keys() & sides[1].keys() - own)
    needless = (found for found in both if all(p.default is not None or p.optional for p in found.header.params))
    number = cache(lambda name: _number(after, name))
    names = {question: {token.text for token in tokens(question.text) if token.kind == "name"} for question in needless}
    rarest = {question: min(map(number, of), default=_COUNTED) for question, of in names.items()}
    return sorted(rarest, key=lambda question: (rarest[question], len(question.text), question.name))


def _number(state: ComparedState, name: str) -> int:
    """The number of triples with a property, or of the instances of a class, up to a limit."""
    prefix, _, local = name.partition(":")
    iri = state.config.all_prefixes.get(prefix, "") + local
    if iri in state.ontology.properties:
        return sum(1 for _ in islice(state.store.find(None, ox.NamedNode(iri), None), _COUNTED))
    if iri in state.ontology.classes:
        return sum(1 for _ in islice(state.store.find(None, TYPE, ox.NamedNode(iri)), _COUNTED))
    return _COUNTED


def _answers(state: ComparedState, questions: Iterable[NamedQuery]) -> Iterator[_Answer]:
    called, binder = state.explainer.naming.called, Binder(state.config)
    for question in questions:
        try:
            params = binder.bind(question.header.params, {})
            rows = islice(query(state.store, question.text, params).terms(), _MOST + 1)
            found = [tuple("" if term is None else called(term) for term in row) for row in rows]
            yield question.name, found if len(found) <= _MOST else None
        except KgError:
            yield question.name, None


def _renamed(row: Row, names: Mapping[str, str]) -> Row:
    return tuple(names.get(cell, cell) for cell in row)


def _change(question: NamedQuery, old: Sequence[Row], new: Sequence[Row]) -> LibraryChange | None:
    """The difference between two answers, whatever the order of their rows; None if there is none."""
    was, now = Counter(old), Counter(new)
    if was == now:
        return None
    come, gone = sorted((now - was).elements()), sorted((was - now).elements())
    answer = AnswerChange(
        question.name, question.header.title, counted(len(old)), counted(len(new)), _texts(come), _texts(gone)
    )
    things = [dict.fromkeys(row[0] for row in sorted(rows) if row and row[0]) for rows in (old, new)]
    return LibraryChange(
        answer,
        tuple(thing for thing in things[1] if thing not in things[0]),
        tuple(thing for thing in things[0] if thing not in things[1]),
    )


def _texts(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(", ".join(filter(None, row)) for row in rows)


def _has_all(old: Sequence[Row], new: Sequence[Row], notes: tuple[int, int]) -> bool:
    """Whether two answers have a row for each note of their states, which have several."""
    return all(len(rows) >= number > 1 for rows, number in zip((old, new), notes, strict=True))
