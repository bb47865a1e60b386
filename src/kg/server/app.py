"""The application: its addresses, and what holds for all of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from kg.core.errors import InternalError, KgError
from kg.server import agents, api, description, events, files, graph_store, sparql
from kg.server.access import Gate
from kg.server.pages import analyses, findings, map_page, routes, tables, workbench
from kg.server.refusals import headers_of, sentence, status_of
from kg.server.served_vault import ServedVault, served_vault


def addresses() -> list[BaseRoute]:
    """The addresses of the server; each module has its own."""
    return [
        *sparql.routes(),
        *graph_store.routes(),
        *description.routes(),
        *files.routes(),
        *events.routes(),
        *api.routes(),
        *agents.routes(),
        *routes.routes(),
        *workbench.routes(),
        *tables.routes(),
        *findings.routes(),
        *analyses.routes(),
        *map_page.routes(),
        *api.last_routes(),
    ]


@contextlib.asynccontextmanager
async def started(served: ServedVault) -> AsyncIterator[None]:
    """Serve a vault for the time of a `with`, with what is done before somebody asks. Raises KgError."""
    try:
        await served.start()
        first_pages = asyncio.create_task(routes.write_first_pages(served))
        try:
            yield
        finally:
            first_pages.cancel()
    finally:
        await served.close()


def create_app(served: ServedVault) -> Starlette:
    """The application that serves a vault; handlers find it as `request.app.state.served`."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with started(served):
            yield

    app = Starlette(
        routes=addresses(),
        middleware=[Middleware(Gate, access=served.serving.access, log=served.log)],
        exception_handlers={KgError: _refused, ClientDisconnect: _gone, Exception: _failed},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.served = served
    return app


async def _refused(request: Request, error: Exception) -> Response:
    """The answer to a request that cannot be met: one sentence."""
    assert isinstance(error, KgError)
    return PlainTextResponse(f"{sentence(error)}\n", status_of(error), headers_of(error))


async def _gone(request: Request, error: Exception) -> Response:
    """No answer: nobody waits for it."""
    return Response(status_code=499)


async def _failed(request: Request, error: Exception) -> Response:
    """The answer to a request that fails for an unknown reason."""
    cause = error.__cause__
    if not isinstance(error, TimeoutError) and not isinstance(cause, KgError | ClientDisconnect):  # after the head
        served_vault(request).notice(str(InternalError(error)))
    return PlainTextResponse("internal error\n", 500)
