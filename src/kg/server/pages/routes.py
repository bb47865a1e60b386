"""The addresses of the pages, and of the files that they need."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from kg.core.errors import KgError, NotFound
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.computed_once import asked_once, computing
from kg.server.pages import writing
from kg.server.pages.rendering import PageContent, rendered, static_address, static_file
from kg.server.refusals import sentence, status_of
from kg.server.replies import asked
from kg.server.requests import first, page_number, parameters_of
from kg.server.served_vault import Generation, ServedVault, served_vault
from kg.server.worker import Opened

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "txt": "text/plain"}


def routes() -> list[BaseRoute]:
    """The addresses of the pages."""
    return [
        Route("/", home),
        Route("/thing", thing),
        Route("/thing/{path:path}", thing),
        Route("/list", list_),
        Route("/search", search),
        Route("/static/{digest}/{name}", static),
    ]


async def home(request: Request) -> Response:
    """What the vault is about."""
    return await page(request, writing.home_page, ask=asked_once)


async def write_first_pages(served: ServedVault) -> None:
    """Write the first page of each generation before somebody asks for it, for as long as the server runs."""
    known: Generation | None = None
    while True:
        async with served.changed:
            await served.changed.wait_for(partial(_is_other, served, known))
        with suppress(KgError), served.generation() as known:
            await computing(served, known, writing.home_page)


def _is_other(served: ServedVault, known: Generation | None) -> bool:
    return served.current is not known


async def thing(request: Request) -> Response:
    """A thing: by its path in the vault, its IRI or its name."""
    parameters = parameters_of(request.url.query)
    if "path" in request.path_params:
        return await page(request, writing.thing_at, request.path_params["path"], first(parameters, "part"))
    iri, name = (first(parameters, key) for key in ("iri", "name"))
    return await page(request, writing.thing_page, f"<{iri}>" if iri else name)


async def list_(request: Request) -> Response:
    """A list of things, narrowed down by the parameters."""
    parameters = parameters_of(request.url.query)
    of, folder, number = (first(parameters, key) for key in ("class", "folder", "page"))
    has = tuple(parameters.get("has", ()))
    return await page(request, writing.list_page, of, has, folder, page_number(number) or 1)


async def search(request: Request) -> Response:
    """What a search finds."""
    return await page(request, writing.search_page, first(parameters_of(request.url.query), "q"))


async def static(request: Request) -> Response:
    """A file of the pages; its address changes with its contents, so that it can be kept for ever."""
    name = request.path_params["name"]
    file = static_file(name) if name.partition(".")[2] in _TYPES and "/" not in name else None
    if file is None or not file.is_file() or static_address(name) != request.url.path:
        raise NotFound(f"there is no file {name}")
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(file.read_bytes(), media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


async def page(
    request: Request, work: Callable[..., str], *arguments: Any, ask: Callable[..., Awaitable[str]] = asked
) -> Response:
    """A page that a worker writes. One that cannot be written is a page, too, and says why."""
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, work.__qualname__, arguments, served_vault(request).checked)
        if answer := unchanged(request, tag):
            return answer
        try:
            html = await ask(request, generation, work, *arguments)
        except KgError as error:
            html = await asked(request, generation, problem_page, sentence(error))
            return HTMLResponse(html, status_of(error))
        return HTMLResponse(html, headers=tagged(tag))


def problem_page(opened: Opened, text: str) -> str:
    """The page that says why there is no other."""
    return rendered(writing.open_vault(opened), PageContent("problem.html", "Not found", {"problem": text}))
