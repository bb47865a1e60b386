"""Run competency questions against a store and compare the answers with the expected ones.

Each question runs in a child process with a time limit: a query that never ends, or that crashes the process, fails
only its own question. Rows are compared in order if the query orders them, else in any order; duplicates count.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.config import Config
from kg.core.child_process import Child, ChildError
from kg.core.errors import KgError, QuerySyntaxError, TimedOut
from kg.core.guard import guarded
from kg.rdf.sparql_syntax import tokens
from kg.rdf.vocabulary import LABEL, LABELS
from kg.sparql.competency_cases import Case, Expected, header
from kg.sparql.parameters import Binder
from kg.sparql.query import query
from kg.store.store import Store

_MOST = 100_000
_SHOWN = 10
_NAMES = (*LABELS, LABEL)


class Cell(NamedTuple):
    """A term of an answer: as N-Triples writes it, as a reader sees it, and the other names of an IRI."""

    term: str
    text: str
    names: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The text for a difference."""
        return self.names[0] if self.names else self.text


Row = tuple[Cell, ...]


class Outcome(NamedTuple):
    """The answer of a store, or the problem that prevents it, with its place in the query."""

    kind: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    yes: bool = False
    triples: tuple[ox.Triple, ...] = ()
    problem: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Verdict:
    """The result of a question; `message` is empty if the answer is as expected."""

    case: Case
    message: str = ""
    difference: tuple[str, ...] = ()
    """Lines that begin with `-` for a missing and `+` for an unexpected row or triple."""
    line: int = 1
    column: int = 1
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the answer is as expected."""
        return not self.message


def verdicts(config: Config, cases: Iterable[Case], seconds: float) -> Iterator[Verdict]:
    """Run each question for at most `seconds`. Raises StoreError if there is no store."""
    Store(config.store)  # fail once, not in the child for each question
    runner = _Asking(config, seconds)
    try:
        for case in cases:
            start = time.perf_counter()
            message, difference, line, column = runner.judge(case)
            yield Verdict(case, message, difference, line, column, time.perf_counter() - start)
    finally:
        runner.close()


Judgement = tuple[str, tuple[str, ...], int, int]


class _Asking:
    """Runs questions in a child process, and replaces it after it has ended."""

    def __init__(self, config: Config, seconds: float) -> None:
        self.config = config
        self.seconds = seconds
        self.binder = Binder(config)
        self._child: Child | None = None

    def judge(self, case: Case) -> Judgement:
        """Run a question and return what is wrong with its answer, and where."""
        if case.problem:
            return case.problem, (), case.line, case.column
        try:
            params = self.binder.bind(header(case).params, case.params)
            answer = self._ask(case.text, params)
        except KgError as error:
            return str(error), (), case.line, case.column
        if answer.problem:
            return answer.problem, (), *_place(case, answer)
        if not case.expected:
            return "", (), case.line, case.column
        try:
            message, difference = self._compared(case.expected, answer, ordered=_orders(case.text))
        except KgError as error:
            return str(error), (), case.line, case.column
        return message, difference, case.line, case.column

    def _compared(self, expected: Expected, answer: Outcome, *, ordered: bool) -> tuple[str, tuple[str, ...]]:
        """Compare an answer with the expected one; graphs under limits, as matching blank nodes can take forever."""
        if answer.kind != "graph":
            return compare(expected, answer, ordered)
        memory = self.config.max_memory
        return guarded(
            lambda: compare(expected, answer, ordered), seconds=self.seconds, memory=memory, what="the comparison"
        )

    def _ask(self, text: str, params: Any) -> Outcome:
        child = self._child = self._child or Child(answerer, memory=self.config.max_memory)
        try:
            return child.ask(str(self.config.store), text, params, seconds=self.seconds)  # type: ignore[no-any-return]
        except (TimedOut, ChildError) as error:
            self.close()
            if isinstance(error, TimedOut):
                raise
            raise KgError("the query crashed or exceeded the memory limit") from error

    def close(self) -> None:
        """Stop the child process."""
        if self._child:
            self._child.close()
        self._child = None


def _place(case: Case, answer: Outcome) -> tuple[int, int]:
    """The place of a mistake in the case's own query, else of the case. A fence begins a line above its text."""
    if not answer.line or case.source:
        return case.line, case.column
    return case.line + answer.line - (case.place.suffix == ".rq"), case.column + answer.column - 1


def _orders(text: str) -> bool:
    """Whether a query orders its rows, at the outermost level."""
    depth, last = 0, ""
    for token in tokens(text):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "word":
            if last == "ORDER" and token.text.upper() == "BY":
                return True
            last = token.text.upper()
    return False


# ---- In the child -----------------------------------------------------------------------------------------------


def answerer() -> Callable[[str, str, Any], Outcome]:
    """Return the function that a child runs: it answers queries, and opens each store once."""
    stores: dict[str, Store] = {}

    def answer(path: str, text: str, params: Any) -> Outcome:
        store = stores.get(path) or stores.setdefault(path, Store(path))
        try:
            return _outcome(store, text, params)
        except QuerySyntaxError as error:
            return Outcome(problem=str(error), line=error.line, column=error.column)
        except KgError as error:
            return Outcome(problem=str(error))
        except (ValueError, RuntimeError) as error:  # raised only while rows are read
            return Outcome(problem=f"the query cannot be answered: {error}")

    return answer


def _outcome(store: Store, text: str, params: Any) -> Outcome:
    answer = query(store, text, params)
    if answer.kind == "ask":
        return Outcome("ask", yes=answer.boolean)
    if answer.kind == "graph":
        return Outcome("graph", triples=tuple(answer.triples()))
    rows: list[Row] = []
    for row in answer.terms():
        rows.append(tuple(_as_cell(store, term) for term in row))
        if len(rows) > _MOST:
            return Outcome(problem=f"the answer has more than {_MOST:,} rows")
    return Outcome("select", answer.variables, tuple(rows))


def _as_cell(store: Store, term: Any) -> Cell:
    if term is None:
        return Cell("", "")
    if not isinstance(term, ox.NamedNode):
        return Cell(str(term), term.value if isinstance(term, ox.Literal) else str(term))
    quads = (quad for name in _NAMES for quad in store.triples(term, name, None))
    labels = [quad.object.value for quad in quads if isinstance(quad.object, ox.Literal)]
    namespaces = sorted(store.prefixes.items(), key=lambda row: -len(row[1]))
    curies = [
        f"{name}:{term.value.removeprefix(namespace)}"
        for name, namespace in namespaces
        if namespace and term.value.startswith(namespace)
    ]
    return Cell(str(term), term.value, (*dict.fromkeys(labels), *curies[:1], str(term)))


# ---- Comparing --------------------------------------------------------------------------------------------------


def compare(expected: Expected, answer: Outcome, ordered: bool) -> tuple[str, tuple[str, ...]]:
    """Describe how an answer differs: a sentence and the rows that differ, both empty if none do."""
    if expected.kind == "empty":
        return _compare_empty(answer)
    kinds = {"boolean": "ask", "graph": "graph", "texts": "select", "terms": "select"}
    if kinds[expected.kind] != answer.kind:
        return f"{_WHAT[kinds[expected.kind]]} is expected, and the query gives {_WHAT[answer.kind]}", ()
    if answer.kind == "ask":
        words = {True: "yes", False: "no"}
        differs = expected.yes != answer.yes
        return (f"the answer is {words[answer.yes]}, not {words[expected.yes]}" if differs else ""), ()
    if answer.kind == "graph":
        return _compare_graphs(expected.triples, answer.triples)
    return _compare_rows(expected, answer, ordered)


_WHAT = {"ask": "yes or no", "graph": "a graph", "select": "a table"}


def _compare_empty(answer: Outcome) -> tuple[str, tuple[str, ...]]:
    if answer.kind == "ask":
        return "nothing is expected, and the query gives yes or no", ()
    unexpected = [_line(row) for row in answer.rows] + [str(triple) for triple in answer.triples]
    return _differing([], unexpected)


def _compare_graphs(expected: Sequence[ox.Triple], answer: Sequence[ox.Triple]) -> tuple[str, tuple[str, ...]]:
    """Compare graphs, ignoring the names of blank nodes."""
    wanted, actual = _canonical(expected), _canonical(answer)
    return _differing(sorted(wanted - actual), sorted(actual - wanted))


def _canonical(triples: Sequence[ox.Triple]) -> set[str]:
    dataset = ox.Dataset([ox.Quad(t.subject, t.predicate, t.object) for t in triples])
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad.triple) for quad in dataset}


def _compare_rows(expected: Expected, answer: Outcome, ordered: bool) -> tuple[str, tuple[str, ...]]:
    if set(expected.columns) != set(answer.columns) or len(expected.columns) != len(answer.columns):
        return f"the columns are {', '.join(answer.columns)}, not {', '.join(expected.columns)}", ()
    order = [answer.columns.index(name) for name in expected.columns]
    rows = [tuple(row[n] for n in order) for row in answer.rows]
    same = _same_terms if expected.kind == "terms" else _same_texts
    missing, extra = _unmatched(expected.rows, rows, same)
    if missing or extra:
        return _differing([" | ".join(cell or "" for cell in row) for row in missing], [_line(row) for row in extra])
    if ordered:
        for number, (wanted, row) in enumerate(zip(expected.rows, rows, strict=True), 1):
            if not same(wanted, row):
                wanted_line = " | ".join(cell or "" for cell in wanted)
                return f"the rows are right, but their order differs from row {number} on", (
                    f"- {wanted_line}",
                    f"+ {_line(row)}",
                )
    return "", ()


Expectation = tuple[str | None, ...]


def _unmatched(
    expected: Sequence[Expectation], rows: Sequence[Row], same: Callable[[Expectation, Row], bool]
) -> tuple[list[Expectation], list[Row]]:
    """Return the missing and the unexpected rows. Rows of equal text are paired first."""
    remaining = list(rows)
    missing: list[Expectation] = []
    rows_by_text: dict[Expectation, list[Row]] = {}
    for row in remaining:
        rows_by_text.setdefault(tuple(cell.text for cell in row), []).append(row)
    for wanted in expected:
        candidates = rows_by_text.get(tuple(cell or "" for cell in wanted), [])
        if candidates and same(wanted, candidates[-1]):
            remaining.remove(candidates.pop())
        else:
            missing.append(wanted)
    unmatched = []
    for wanted in missing:
        match = next((row for row in remaining if same(wanted, row)), None)
        if match is None:
            unmatched.append(wanted)
        else:
            remaining.remove(match)
    return unmatched, remaining


def _same_terms(expected: Expectation, row: Row) -> bool:
    return all((wanted or "") == cell.term for wanted, cell in zip(expected, row, strict=True))


def _same_texts(expected: Expectation, row: Row) -> bool:
    """Whether a reader sees the same text, ignoring white space; an IRI may be a label, a CURIE or the IRI itself."""
    cells = zip(expected, row, strict=True)
    return all(_plain(wanted or "") in {_plain(name) for name in (cell.text, *cell.names)} for wanted, cell in cells)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _line(row: Row) -> str:
    return " | ".join(_plain(cell.shown) for cell in row)


def _differing(missing: Sequence[str], left: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the sentence and the lines of a difference."""
    parts = [f"{len(missing)} missing"] * bool(missing) + [f"{len(left)} not expected"] * bool(left)
    lines = [*_marked("-", missing), *_marked("+", left)]
    return (f"the answer differs: {' and '.join(parts)}" if parts else ""), tuple(lines)


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (f"{mark} {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"{mark} … {len(lines) - _SHOWN} more"
