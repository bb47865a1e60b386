"""The workbench: the page that asks a query, of the library or anybody's own, and shows its answer."""

from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from kg.core.errors import KgError, QuerySyntaxError
from kg.server.answers import Asked, check_harmless
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.pages import addresses
from kg.server.pages.answer_bars import BarLayout
from kg.server.pages.answer_map import AnswerMap, answer_map
from kg.server.pages.rendering import PageContent, rendered
from kg.server.pages.routes import problem_page
from kg.server.pages.writing import open_vault
from kg.server.refusals import BadRequest, headers_of, sentence, status_of
from kg.server.replies import asked
from kg.server.requests import first, merged, parameters_of, text_of
from kg.server.served_vault import served_vault
from kg.server.worker import Opened
from kg.views.open_vault import OpenVault
from kg.views.questions import (
    AnswerView,
    LibraryGroup,
    PosedQuestion,
    answer_view,
    explained,
    library_groups,
    library_question,
)
from kg.views.vocabulary import Vocabulary, vocabulary

EXPLAIN = "_explain"
"""The parameter that asks how a query is read; no parameter of a query of the library begins with `_`."""
EXAMPLE = "SELECT ?thing ?class WHERE {\n  ?thing a ?class ;\n    skos:prefLabel ?name .\n}\nORDER BY ?name\nLIMIT 100"
_LONGEST_ADDRESS = 8_000
"""The characters of the longest address; the answers of longer queries are downloaded with a form."""
_ROW_FORMATS = (("csv", "CSV"), ("tsv", "TSV"), ("json", "JSON"), ("xml", "XML"))
_GRAPH_FORMATS = (("turtle", "Turtle"), ("ntriples", "N-Triples"), ("jsonld", "JSON-LD"), ("rdfxml", "RDF/XML"))


def routes() -> list[BaseRoute]:
    """The addresses of the workbench."""
    return [
        Route("/query", own_query, methods=["GET", "POST"]),
        Route("/query/{name}", library_query),
    ]


class WorkbenchRequest(NamedTuple):
    """What someone asks of the workbench."""

    text: str = ""
    name: str = ""
    values: tuple[tuple[str, str], ...] = ()
    explain: bool = False


async def own_query(request: Request) -> Response:
    """The page of a query of one's own, with its answer."""
    parameters = parameters_of(request.url.query)
    if request.method == "POST":
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise BadRequest("send query=… as a form")
        parameters = merged(parameters, parameters_of(await text_of(request)))
    text = first(parameters, "query").replace("\r\n", "\n").replace("\r", "\n").strip()
    return await _page(request, WorkbenchRequest(text, explain=bool(first(parameters, EXPLAIN))))


async def library_query(request: Request) -> Response:
    """The page of a query of the library, with its form and its answer."""
    parameters = parameters_of(request.url.query)
    values = tuple((name, given[0]) for name, given in parameters.items() if name != EXPLAIN)
    explain = bool(first(parameters, EXPLAIN))
    return await _page(request, WorkbenchRequest("", request.path_params["name"], values, explain))


async def _page(request: Request, what: WorkbenchRequest) -> Response:
    """The page, also of a query that cannot be answered: it says why, beside the query."""
    with served_vault(request).generation() as generation:
        is_lasting = request.method != "POST" and Asked(what.text).is_lasting and not what.name
        tag = entity_tag(generation, "workbench", what)
        if is_lasting and (answer := unchanged(request, tag)):
            return answer
        headers = tagged(tag) if is_lasting else {"Cache-Control": "no-store"}
        try:
            html, status = await asked(request, generation, workbench_page, what)
        except KgError as error:  # the worker was ended: the query took too long, or too much memory
            html, _ = await asked(request, generation, workbench_page, what, sentence(error))
            status, headers = status_of(error), {"Cache-Control": "no-store", **headers_of(error)}
        return HTMLResponse(html, status, headers)


# ---- in a worker -----------------------------------------------------------------------------------------------------


def words_of(opened: Opened) -> Vocabulary:
    """The words of queries about an open generation."""
    if "vocabulary" not in opened.kept:
        opened.kept["vocabulary"] = vocabulary(open_vault(opened))
    found: Vocabulary = opened.kept["vocabulary"]
    return found


@dataclass(frozen=True)
class Problem:
    """Why a query has no answer, and where in its text."""

    sentence: str
    line: int = 0
    """Zero if it has no place."""
    column: int = 0
    before: str = ""
    """The line of the query, before the place and from there on."""
    after: str = ""


def workbench_page(opened: Opened, what: WorkbenchRequest, refusal: str = "") -> tuple[str, int]:
    """The page and its status. With a refusal, it says that, and does not ask again.

    A page on which a query is wrong is no error of HTTP: it is what someone sees who writes the query.
    """
    vault = open_vault(opened)
    try:
        posed = library_question(vault, what.name, dict(what.values)) if what.name else PosedQuestion(what.text)
    except KgError as error:
        return problem_page(opened, sentence(error)), status_of(error)
    answer, explanation, problem = None, "", Problem(refusal) if refusal else None
    if what.text or what.name:
        try:
            if not problem and posed.is_complete:
                check_harmless(opened, posed.text)
                explanation = explained(vault, posed) if what.explain else ""
                answer = answer_view(vault, posed)
        except KgError as error:
            problem = _problem(error, posed.text)
    page = WorkbenchPage(vault, what, posed, answer, explanation, problem)
    title = posed.header.title if what.name else "Ask"
    values = {"page": page, "choices": _choices(opened, posed)}
    return rendered(vault, PageContent("query.html", title, values)), 200


def _choices(opened: Opened, posed: PosedQuestion) -> dict[str, list[str]]:
    """The names to choose from in the fields of a question, by the type of its parameters."""
    types = {row.parameter.type for row in posed.fields}
    words = words_of(opened) if types & {"class", "property"} else None
    return {
        "class": [row.label for row in words.classes if row.uses] if words else [],
        "property": [row.label for row in words.properties if row.uses] if words else [],
    }


def _problem(error: KgError, text: str) -> Problem:
    if not isinstance(error, QuerySyntaxError):
        return Problem(sentence(error))
    lines = text.split("\n")
    line = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
    return Problem(str(error), error.line, error.column, line[: error.column - 1], line[error.column - 1 :])


@dataclass(frozen=True)
class WorkbenchPage:
    """What the page has beside what it shares with others."""

    vault: OpenVault
    request: WorkbenchRequest
    posed: PosedQuestion
    answer: AnswerView | None
    explanation: str
    problem: Problem | None

    @property
    def groups(self) -> list[LibraryGroup]:
        """The library."""
        return library_groups(self.vault)

    @property
    def text(self) -> str:
        """The query as it is in the editor."""
        return self.posed.text or EXAMPLE

    @property
    def as_sparql(self) -> str:
        """The address of the editor with a query of the library, its parameters bound if they have values."""
        return addresses.of_query((self.answer and self.answer.bound) or self.posed.text)

    @property
    def link(self) -> str:
        """The address of this page, for others."""
        if self.request.name:
            return addresses.of_question(self.request.name, self.posed.given)
        return addresses.of_query(self.request.text)

    @property
    def explaining(self) -> str:
        """The address of this page that says how the query is read."""
        sign = "&" if "?" in self.link else "?"
        return f"{self.link}{sign}{EXPLAIN}=1"

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """The formats of the whole answer."""
        if not self.answer or not self.answer.bound:
            return []
        return [*(_GRAPH_FORMATS if self.answer.kind == "graph" else _ROW_FORMATS)]

    @property
    def is_short(self) -> bool:
        """Whether an address can have the query."""
        return len(addresses.of_answer(self.answer.bound if self.answer else self.text, "turtle")) <= _LONGEST_ADDRESS

    @property
    def bars(self) -> BarLayout | None:
        """The chart."""
        return BarLayout(self.answer.chart) if self.answer and self.answer.chart else None

    @property
    def map(self) -> AnswerMap | None:
        """The map."""
        return answer_map(self.answer.network) if self.answer and self.answer.network else None
