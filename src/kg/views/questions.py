"""Questions about a vault: the query library with its forms, and the answer of a query as a reader sees it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from time import monotonic
from typing import NamedTuple

from kg.sparql.advice import Advice
from kg.sparql.answer import Answer, Kind, Term
from kg.sparql.binding import bind
from kg.sparql.library import Header, NamedQuery, named_query, readable_queries
from kg.sparql.listing import Lister
from kg.sparql.parameters import TYPES, Binder, Parameter
from kg.sparql.query import query
from kg.sparql.question import Question, grouped
from kg.sparql.translation import translated
from kg.views.answer_chart import BarChart, bar_chart
from kg.views.answer_links import AnswerNetwork, answer_network
from kg.views.open_vault import OpenVault, Shown

SOME = 1_000
"""The most rows that are shown."""
_COUNTED = 100_000
"""The rows up to which an answer is counted."""
_PATIENCE = 1.0
"""The seconds for counting the rows that are not shown."""
_QUICK = 5.0
"""The seconds of the slowest query that hints may ask again."""
_TRIPLE = ("subject", "predicate", "object")

Row = tuple[Term | None, ...]


# ---- the library -----------------------------------------------------------------------------------------------------


class LibraryGroup(NamedTuple):
    """Queries of the library that belong together."""

    name: str
    """Empty for queries without a group."""
    queries: tuple[NamedQuery, ...]


class QuestionField(NamedTuple):
    """A parameter of a query as a field of a form."""

    parameter: Parameter
    says: str
    value: str

    @property
    def is_required(self) -> bool:
        """Whether the query cannot be asked without it."""
        return not self.parameter.optional and self.parameter.default is None


@dataclass(frozen=True)
class PosedQuestion:
    """A query as someone asks it: a text, or one of the library with the values of its parameters."""

    text: str
    """The text of the query, before its parameters are bound."""
    name: str = ""
    """The name of a query of the library."""
    values: Mapping[str, str] | None = None

    @cached_property
    def header(self) -> Header:
        """The header of a query of the library; comments in any other are comments. Raises KgError."""
        return Header.of(self.text, self.called) if self.name else Header()

    @property
    def called(self) -> str:
        """The name for messages."""
        return f"{self.name}.rq" if self.name else "query"

    @property
    def given(self) -> dict[str, str]:
        """The values of parameters that the query declares."""
        names = {param.name for param in self.header.params}
        return {name: text for name, text in (self.values or {}).items() if name in names and text.strip()}

    @property
    def fields(self) -> list[QuestionField]:
        """The form."""
        given = self.given
        return [
            QuestionField(row, row.says or TYPES[row.type].says, given.get(row.name, row.default or ""))
            for row in self.header.params
        ]

    @property
    def is_complete(self) -> bool:
        """Whether it has all that it needs to be asked."""
        return all(field.value.strip() for field in self.fields if field.is_required)


def library_groups(vault: OpenVault) -> list[LibraryGroup]:
    """The queries of the library that can be read, by group."""
    queries, _ = readable_queries(vault.config)
    return [LibraryGroup(name, tuple(members)) for name, members in grouped(queries)]


def library_question(vault: OpenVault, name: str, values: Mapping[str, str]) -> PosedQuestion:
    """A query of the library. Raises NotFound, KgError."""
    found = named_query(vault.config, name)
    return PosedQuestion(found.text, found.name, values)


# ---- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnswerView:
    """An answer as a reader sees it."""

    kind: Kind
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Shown | None, ...], ...] = ()
    total: int = 0
    is_counted: bool = True
    """Whether there are no more rows than `total`."""
    is_yes: bool = False
    """The answer to an ASK."""
    bound: str = ""
    """The query with its parameters bound; empty if it was none in SPARQL."""
    hints: tuple[str, ...] = ()
    chart: BarChart | None = None
    network: AnswerNetwork | None = None


def answer_view(vault: OpenVault, posed: PosedQuestion) -> AnswerView:
    """Ask a query. Raises QuerySyntaxError, NotFound, KgError."""
    if not posed.name and (view := _listed(vault, posed.text)):
        return view
    return _PosedQuery(vault, posed).view()


def _listed(vault: OpenVault, text: str) -> AnswerView | None:
    """The answer of a query of Dataview or Bases; None for any other. Raises NotFound, KgError."""
    translation = translated(vault.config, text)
    if not translation:
        return None
    lister = Lister(Binder(vault.config, known=vault.naming))
    listing, unknown = lister.known(translation.listing)
    answer = lister.answer(listing, lister.found(listing).kept, people=True, iris=False)
    return replace(_shown(vault, answer), hints=(*translation.notices, *unknown))


@dataclass(frozen=True)
class _PosedQuery:
    """A query in SPARQL that is asked."""

    vault: OpenVault
    posed: PosedQuestion

    @cached_property
    def params(self) -> dict[str, str | Term]:
        """The terms of the parameters."""
        return Binder(self.vault.config, known=self.vault.naming).bind(self.posed.header.params, self.posed.given)

    def view(self) -> AnswerView:
        """The answer."""
        began = monotonic()
        answer = self._ask()
        view = _shown(self.vault, answer)
        is_quick = monotonic() - began < _QUICK
        bound = bind(self.posed.text, self.params, self.vault.store.prefixes)
        return replace(view, bound=bound, hints=tuple(self._hints(answer)) if is_quick else ())

    def _ask(self) -> Answer:
        return query(self.vault.store, self.posed.text, self.params)

    def _hints(self, answer: Answer) -> list[str]:
        text = self.posed.text
        title = Question(text, self.posed.called).own_title if self.posed.name else ""
        return Advice(self.vault.store, text, title, self.params).sentences(answer, self._ask)


def _shown(vault: OpenVault, answer: Answer) -> AnswerView:
    """An answer without its query."""
    if answer.kind == "ask":
        return AnswerView("ask", is_yes=answer.boolean)
    columns = answer.variables if answer.kind == "select" else _TRIPLE
    rows: Iterable[Row] = answer.terms() if answer.kind == "select" else _triples(answer)
    iterator = iter(rows)
    first = [*islice(iterator, SOME)]
    more, is_counted = _counted(iterator) if len(first) == SOME else (0, True)
    shown = tuple(tuple(None if term is None else vault.show(term) for term in row) for row in first)
    chart, network = bar_chart(columns, first, shown), answer_network(vault, first, is_graph=answer.kind == "graph")
    return AnswerView(answer.kind, tuple(columns), shown, len(first) + more, is_counted, chart=chart, network=network)


def _triples(answer: Answer) -> Iterable[Row]:
    return ((triple.subject, triple.predicate, triple.object) for triple in answer.triples())


def _counted(rows: Iterable[object]) -> tuple[int, bool]:
    """The number of further rows, and whether these are all; counting ends after a while."""
    until, number = monotonic() + _PATIENCE, 0
    for number, _ in enumerate(rows, 1):
        if number >= _COUNTED or (number % 1_000 == 0 and monotonic() > until):
            return number, False
    return number, True


def explained(vault: OpenVault, posed: PosedQuestion) -> str:
    """How a query is read, and how much its patterns match: `kg query --explain`. Raises QuerySyntaxError."""
    from kg.sparql import algebra

    return algebra.explain(posed.text, vault.store.prefixes, vault.store)
