"""Whether the store answers competency questions as is expected.

Each question is asked in a process of its own, within a limit of time: one that never ends, or takes the process with
it, is one question that fails. Rows are compared in order where the query orders them, else in any order, each as often
as it is expected.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.cases import Case, Expected, header
from kg.child import Child, ChildError
from kg.config import Config
from kg.errors import KgError, QuerySyntaxError, TimedOut
from kg.guard import guarded
from kg.parameters import Binder
from kg.sparql import query
from kg.store import Store
from kg.syntax import tokens
from kg.terms import RDFS, SKOS

_MOST = 100_000
_SHOWN = 10
_NAMES = tuple(ox.NamedNode(name) for name in (SKOS + "prefLabel", SKOS + "altLabel", RDFS + "label"))


class Cell(NamedTuple):
    """A term of an answer: as N-Triples writes it, as people read it, and what else an IRI may be called."""

    term: str
    text: str
    names: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """How a difference shows it."""
        return self.names[0] if self.names else self.text


Row = tuple[Cell, ...]


class Given(NamedTuple):
    """What a store answers, or why it does not, with the place in the query."""

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
    """How a question did; `message` is empty where it was answered as expected."""

    case: Case
    message: str = ""
    difference: tuple[str, ...] = ()
    """Lines that begin with `-` for what is missing and `+` for what is not expected."""
    line: int = 1
    column: int = 1
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether it was answered as expected."""
        return not self.message


def verdicts(config: Config, cases: Iterable[Case], seconds: float) -> Iterator[Verdict]:
    """Ask each question, for at most so many seconds. Raises StoreError where there is no store to ask."""
    Store(config.store)  # before a process says the same of each question
    asking = _Asking(config, seconds)
    try:
        for case in cases:
            start = time.perf_counter()
            message, difference, line, column = asking.judge(case)
            yield Verdict(case, message, difference, line, column, time.perf_counter() - start)
    finally:
        asking.close()


Judgement = tuple[str, tuple[str, ...], int, int]


class _Asking:
    """Asks in a child, and in another one after one has ended."""

    def __init__(self, config: Config, seconds: float) -> None:
        self.config = config
        self.seconds = seconds
        self.binder = Binder(config)
        self._child: Child | None = None

    def judge(self, case: Case) -> Judgement:
        """What is wrong with the answer to a question, and where."""
        if case.problem:
            return case.problem, (), case.line, case.column
        try:
            params = self.binder.bind(header(case).params, case.given)
            given = self._ask(case.text, params)
        except KgError as error:
            return str(error), (), case.line, case.column
        if given.problem:
            return given.problem, (), *_place(case, given)
        if not case.expected:
            return "", (), case.line, case.column
        try:
            message, difference = self._compared(case.expected, given, ordered=_orders(case.text))
        except KgError as error:
            return str(error), (), case.line, case.column
        return message, difference, case.line, case.column

    def _compared(self, expected: Expected, given: Given, *, ordered: bool) -> tuple[str, tuple[str, ...]]:
        """What is wrong with an answer. Graphs are compared apart: to match blank nodes can take for ever."""
        if given.kind != "graph":
            return compare(expected, given, ordered)
        memory = self.config.max_memory
        return guarded(
            lambda: compare(expected, given, ordered), seconds=self.seconds, memory=memory, what="the comparison"
        )

    def _ask(self, text: str, params: Any) -> Given:
        child = self._child = self._child or Child("kg.competency:answerer", memory=self.config.max_memory)
        try:
            return child.ask(str(self.config.store), text, params, seconds=self.seconds)  # type: ignore[no-any-return]
        except (TimedOut, ChildError) as error:
            self.close()
            if isinstance(error, TimedOut):
                raise
            raise KgError("the query took the process that asked it down, or more memory than it may") from error

    def close(self) -> None:
        """End the child."""
        if self._child:
            self._child.close()
        self._child = None


def _place(case: Case, given: Given) -> tuple[int, int]:
    """Where a mistake in a query stands, if it is in the case's own file. A fence begins a line above its text."""
    if not given.line or case.source:
        return case.line, case.column
    return case.line + given.line - (case.place.suffix == ".rq"), case.column + given.column - 1


def _orders(text: str) -> bool:
    """Whether a query orders its own rows."""
    depth, last = 0, ""
    for token in tokens(text):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "word":
            if last == "ORDER" and token.text.upper() == "BY":
                return True
            last = token.text.upper()
    return False


# ---- In the child -----------------------------------------------------------------------------------------------


def answerer() -> Callable[[str, str, Any], Given]:
    """What a child does: answer queries, of a store that it opens once."""
    stores: dict[str, Store] = {}

    def answer(path: str, text: str, params: Any) -> Given:
        store = stores.get(path) or stores.setdefault(path, Store(path))
        try:
            return _given(store, text, params)
        except QuerySyntaxError as error:
            return Given(problem=str(error), line=error.line, column=error.column)
        except KgError as error:
            return Given(problem=str(error))
        except (ValueError, RuntimeError) as error:  # found out only while rows are read
            return Given(problem=f"the query cannot be answered: {error}")

    return answer


def _given(store: Store, text: str, params: Any) -> Given:
    answer = query(store, text, params)
    if answer.kind == "ask":
        return Given("ask", yes=answer.boolean)
    if answer.kind == "graph":
        return Given("graph", triples=tuple(answer.triples()))
    rows: list[Row] = []
    for row in answer.terms():
        rows.append(tuple(_as_cell(store, term) for term in row))
        if len(rows) > _MOST:
            return Given(problem=f"the answer has more than {_MOST:,} rows")
    return Given("select", answer.variables, tuple(rows))


def _as_cell(store: Store, term: Any) -> Cell:
    if term is None:
        return Cell("", "")
    if not isinstance(term, ox.NamedNode):
        return Cell(str(term), term.value if isinstance(term, ox.Literal) else str(term))
    quads = (quad for name in _NAMES for quad in store.find(term, name, None, ox.DefaultGraph()))
    found = [quad.object.value for quad in quads if isinstance(quad.object, ox.Literal)]
    spaces = sorted(store.prefixes.items(), key=lambda row: -len(row[1]))
    curies = [
        f"{name}:{term.value.removeprefix(space)}" for name, space in spaces if space and term.value.startswith(space)
    ]
    return Cell(str(term), term.value, (*dict.fromkeys(found), *curies[:1], str(term)))


# ---- Comparing --------------------------------------------------------------------------------------------------


def compare(expected: Expected, given: Given, ordered: bool) -> tuple[str, tuple[str, ...]]:
    """What is wrong with an answer, in a sentence, with the rows that differ; empty where nothing is."""
    if expected.kind == "empty":
        return _compare_empty(given)
    kinds = {"boolean": "ask", "graph": "graph", "texts": "select", "terms": "select"}
    if kinds[expected.kind] != given.kind:
        return f"{_WHAT[kinds[expected.kind]]} is expected, and the query gives {_WHAT[given.kind]}", ()
    if given.kind == "ask":
        words = {True: "yes", False: "no"}
        wrong = expected.yes != given.yes
        return (f"the answer is {words[given.yes]}, not {words[expected.yes]}" if wrong else ""), ()
    if given.kind == "graph":
        return _compare_graphs(expected.triples, given.triples)
    return _compare_rows(expected, given, ordered)


_WHAT = {"ask": "yes or no", "graph": "a graph", "select": "a table"}


def _compare_empty(given: Given) -> tuple[str, tuple[str, ...]]:
    if given.kind == "ask":
        return "nothing is expected, and the query gives yes or no", ()
    found = [_line(row) for row in given.rows] + [str(triple) for triple in given.triples]
    return _differing([], found)


def _compare_graphs(expected: Sequence[ox.Triple], given: Sequence[ox.Triple]) -> tuple[str, tuple[str, ...]]:
    """Graphs are the same where they differ in the names of blank nodes alone."""
    one, other = _canonical(expected), _canonical(given)
    return _differing(sorted(one - other), sorted(other - one))


def _canonical(triples: Sequence[ox.Triple]) -> set[str]:
    dataset = ox.Dataset([ox.Quad(t.subject, t.predicate, t.object) for t in triples])
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad.triple) for quad in dataset}


def _compare_rows(expected: Expected, given: Given, ordered: bool) -> tuple[str, tuple[str, ...]]:
    if set(expected.columns) != set(given.columns) or len(expected.columns) != len(given.columns):
        return f"the columns are {', '.join(given.columns)}, not {', '.join(expected.columns)}", ()
    order = [given.columns.index(name) for name in expected.columns]
    rows = [tuple(row[n] for n in order) for row in given.rows]
    same = _same_terms if expected.kind == "terms" else _same_texts
    missing, left = _unmatched(expected.rows, rows, same)
    if missing or left:
        return _differing([" | ".join(cell or "" for cell in row) for row in missing], [_line(row) for row in left])
    if ordered:
        for number, (wanted, row) in enumerate(zip(expected.rows, rows, strict=True), 1):
            if not same(wanted, row):
                shown = " | ".join(cell or "" for cell in wanted)
                return f"the rows are as expected, in another order from row {number} on", (
                    f"- {shown}",
                    f"+ {_line(row)}",
                )
    return "", ()


Expectation = tuple[str | None, ...]


def _unmatched(
    expected: Sequence[Expectation], rows: Sequence[Row], same: Callable[[Expectation, Row], bool]
) -> tuple[list[Expectation], list[Row]]:
    """The rows that are only expected and those that are only there; those that are the same to the letter first."""
    left = list(rows)
    missing: list[Expectation] = []
    exactly: dict[Expectation, list[Row]] = {}
    for row in left:
        exactly.setdefault(tuple(cell.text for cell in row), []).append(row)
    for wanted in expected:
        alike = exactly.get(tuple(cell or "" for cell in wanted), [])
        if alike and same(wanted, alike[-1]):
            left.remove(alike.pop())
        else:
            missing.append(wanted)
    still = []
    for wanted in missing:
        found = next((row for row in left if same(wanted, row)), None)
        if found is None:
            still.append(wanted)
        else:
            left.remove(found)
    return still, left


def _same_terms(expected: Expectation, row: Row) -> bool:
    return all((wanted or "") == cell.term for wanted, cell in zip(expected, row, strict=True))


def _same_texts(expected: Expectation, row: Row) -> bool:
    """Whether people read the same: a text but for its white space; of an IRI the name, the CURIE or the IRI itself."""
    cells = zip(expected, row, strict=True)
    return all(_plain(wanted or "") in {_plain(name) for name in (cell.text, *cell.names)} for wanted, cell in cells)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _line(row: Row) -> str:
    return " | ".join(_plain(cell.shown) for cell in row)


def _differing(missing: Sequence[str], left: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """A sentence and the lines of a difference."""
    parts = [f"{len(missing)} missing"] * bool(missing) + [f"{len(left)} not expected"] * bool(left)
    lines = [*_marked("-", missing), *_marked("+", left)]
    return (f"the answer differs: {' and '.join(parts)}" if parts else ""), tuple(lines)


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (f"{mark} {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"{mark} … {len(lines) - _SHOWN} more"
