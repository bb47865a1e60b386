"""The pages of the analyses: a table with a picture. What takes long is computed once a generation."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from kg.core.errors import KgError
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.computed_once import StillComputing, prepared
from kg.server.pages import charts
from kg.server.pages.rendering import PageContent, rendered
from kg.server.pages.routes import page, problem_page
from kg.server.pages.writing import open_vault
from kg.server.refusals import sentence, status_of
from kg.server.replies import asked
from kg.server.served_vault import served_vault
from kg.server.worker import Opened
from kg.views.analyses import ANALYSES, AnalysisView, analysis, state_beside

_PATIENCE = 5.0
"""The seconds that a page waits for its analysis; then it says so, and asks again."""
_ROWS = 200
"""The rows on a page."""


def routes() -> list[BaseRoute]:
    """The addresses of the analyses."""
    return [Route("/more", more), *(Route(f"/{name}", one, name=name) for name in ANALYSES)]


async def more(request: Request) -> Response:
    """The page that leads to all analyses."""
    return await page(request, more_page)


async def one(request: Request) -> Response:
    """An analysis; while it is being computed, a page that says so and loads itself again."""
    name = request.url.path.strip("/")
    with served_vault(request).generation() as generation:
        state = await asked(request, generation, state_of, name)
        tag = entity_tag(generation, "analysis", name, state)
        if answer := unchanged(request, tag):
            return answer
        try:
            view = await prepared(request, generation, analysed, name, state, patience=_PATIENCE)
            return HTMLResponse(await asked(request, generation, analysis_page, view), headers=tagged(tag))
        except StillComputing:
            html = await asked(request, generation, waiting_page, name)
            return HTMLResponse(html, 200, {"Refresh": "2", "Cache-Control": "no-store"})
        except KgError as error:
            html = await asked(request, generation, problem_page, sentence(error))
            return HTMLResponse(html, status_of(error))


def state_of(opened: Opened, name: str) -> str:
    """The state of what an analysis depends on beside the notes."""
    return state_beside(open_vault(opened), name)


def analysed(opened: Opened, name: str, state: str) -> AnalysisView:
    """An analysis; `state` is that of what it depends on beside the notes. Raises NotFound, KgError."""
    return analysis(open_vault(opened), name)


def analysis_page(opened: Opened, view: AnalysisView) -> str:
    """The page of an analysis."""
    values = {
        "view": view,
        "rows": view.rows[:_ROWS],
        "bars": charts.bars(view.bars),
        "bars_height": charts.bars_height(view.bars),
        "lines": charts.lines(view.growth),
        "lines_height": charts.lines_height(view.growth),
        "width": charts.WIDTH,
    }
    return rendered(open_vault(opened), PageContent("analysis.html", view.title, values))


def waiting_page(opened: Opened, name: str) -> str:
    """The page that says that an analysis is being computed."""
    found = ANALYSES[name]
    return rendered(open_vault(opened), PageContent("waiting.html", found.title, {"about": found.about}))


def more_page(opened: Opened) -> str:
    """The page that leads to all analyses."""
    return rendered(open_vault(opened), PageContent("more.html", "More", {"analyses": [*ANALYSES.values()]}))
