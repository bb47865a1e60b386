"""Questions that the later state answers otherwise: competency questions, and the queries of the project."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from kg.comparison.state import ComparedState
from kg.core.errors import KgError
from kg.core.guard import guarded
from kg.sparql.competency import verdicts
from kg.sparql.competency_cases import find_cases
from kg.sparql.library import NamedQuery, readable_queries
from kg.sparql.parameters import Binder
from kg.sparql.query import query

_SECONDS = 10.0
_MOST = 10_000
"""The most rows of an answer that are compared."""


class AnswerChange(NamedTuple):
    """A question that is answered otherwise."""

    name: str
    """The name of a query, or the place of a competency question."""
    title: str
    before: str
    """The answer of the earlier state: how many rows, or whether it was as expected."""
    after: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def answer_changes(before: ComparedState, after: ComparedState) -> Iterator[AnswerChange]:
    """The competency questions and queries of the project that both states have and answer otherwise."""
    yield from _questions(before, after)
    yield from _queries(before, after)


def _questions(before: ComparedState, after: ComparedState) -> Iterator[AnswerChange]:
    asking = before.asking  # a question counts only where both states have it
    was, now = (
        _verdicts(state, [path for path in asking if path in state.ledger.entries]) for state in (before, after)
    )
    for name in sorted(was.keys() & now.keys()):
        if bool(was[name]) != bool(now[name]):
            yield AnswerChange(name, "", was[name] or "as expected", now[name] or "as expected")


def _verdicts(state: ComparedState, notes: list[str]) -> dict[str, str]:
    """What is wrong with the answer of each competency question, in `notes` and elsewhere; empty if nothing is."""
    root, found = state.config.root, {}
    for verdict in verdicts(state.config, find_cases(state.config, (), notes), _SECONDS):
        file = verdict.case.place
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
        found[f"{name}:{verdict.case.line}"] = verdict.message
    return found


def _queries(before: ComparedState, after: ComparedState) -> Iterator[AnswerChange]:
    """The project's own queries that need no value."""
    mine = [
        {
            name: query
            for name, query in readable_queries(state.config)[0].items()
            if query.path.parent == state.config.queries
        }
        for state in (before, after)
    ]
    for name in sorted(mine[0].keys() & mine[1].keys()):
        if any(param.default is None and not param.optional for q in mine for param in q[name].header.params):
            continue
        try:
            was, now = (_rows(state, queries[name]) for state, queries in zip((before, after), mine, strict=True))
        except KgError:
            continue
        if was != now:
            yield AnswerChange(
                name,
                mine[1][name].header.title,
                counted(len(was)),
                counted(len(now)),
                tuple(sorted(now - was)),
                tuple(sorted(was - now)),
            )


def _rows(state: ComparedState, question: NamedQuery) -> set[str]:
    """The rows of an answer, as people read them. Raises KgError, also where it takes too long."""
    called = state.explainer.naming.called
    params = Binder(state.config).bind(question.header.params, {})

    def asked() -> set[str]:
        rows = islice(query(state.store, question.text, params).terms(), _MOST)
        return {", ".join("" if term is None else called(term) for term in row) for row in rows}

    return guarded(asked, seconds=_SECONDS, memory=state.config.max_memory)


def counted(number: int) -> str:
    """The number of rows of an answer, in words."""
    return "1 row" if number == 1 else f"{number:,} rows"
