"""The page of the findings, with the explanation of a code."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.core.findings import CODES, Code
from kg.notes.markdown import parse_with_markup
from kg.notes.text_tree import TextNode, text_tree
from kg.rdf.iris import is_harmless
from kg.rendering.code_explanations import CodeExplanation
from kg.server.pages import addresses
from kg.server.pages.rendering import PageContent, rendered
from kg.server.pages.routes import page
from kg.server.pages.writing import open_vault
from kg.server.requests import first, page_number, parameters_of
from kg.server.served_vault import served_vault
from kg.server.worker import Opened
from kg.views.note_text import NoteText
from kg.views.problems import ProblemQuery, Problems, problems


def routes() -> list[BaseRoute]:
    """The address of the findings."""
    return [Route("/findings", findings)]


async def findings(request: Request) -> Response:
    """The findings that the parameters choose."""
    served = served_vault(request)
    return await page(request, findings_page, query_of(request), served.serving.checks, served.checked.problem)


def query_of(request: Request) -> ProblemQuery:
    """Which findings a request asks for."""
    parameters = parameters_of(request.url.query)
    severity, code, folder, number = (first(parameters, name) for name in ("severity", "code", "folder", "page"))
    return ProblemQuery(severity, code.upper(), folder.strip("/"), page_number(number) or 1)


def findings_page(opened: Opened, query: ProblemQuery, checks: bool, problem: str) -> str:
    """The page of findings; `problem` says why the notes could not be checked."""
    vault = open_vault(opened)
    view = problems(vault, query)
    values: dict[str, Any] = {"view": view, "of": _address, "checks": checks, "problem": problem, "code": None}
    if query.code:
        values |= _explained(view)
    title = f"Findings: {query.code}" if query.code else "Findings"
    return rendered(vault, PageContent("findings.html", title, values))


def _address(query: ProblemQuery, **changes: Any) -> str:
    return addresses.of_findings(**{**query._asdict(), "page": 1, **changes})


def _explained(view: Problems) -> dict[str, Any]:
    """The code that the findings are narrowed down to, and what it means."""
    found = next(
        (Code(row.code, row.severity, row.title, row.remedy) for row in view.codes if row.code == view.query.code), None
    )
    code = CODES.get(view.query.code) or found
    if code is None:
        return {}
    explanation = CodeExplanation.of(code)
    return {"code": code, "meaning": _text(explanation.meaning), "examples": explanation.examples}


def _text(markdown: str) -> NoteText:
    note, markup = parse_with_markup("explanation.md", markdown.encode())
    nodes: list[TextNode] = text_tree(
        note, markup, lambda link: {"href": link.target} if is_harmless(link.target) else {}
    ).nodes
    return NoteText(nodes, {})
