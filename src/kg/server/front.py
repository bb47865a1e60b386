"""The page at the root of the server."""

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from kg.server.session import session_of

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{name}</title>
<h1>{name}</h1>
<p>{notes:,} notes, {triples:,} triples</p>
<form action="/sparql" method="get">
<label>SPARQL <textarea name="query" rows="8" cols="80">SELECT * {{ ?s ?p ?o }} LIMIT 10</textarea></label>
<button>Ask</button>
</form>
"""


def routes() -> list[BaseRoute]:
    """The address of the front page."""
    return [Route("/", front)]


async def front(request: Request) -> Response:
    """What is served, and a form for a query."""
    with session_of(request).generation() as generation:
        summary = generation.published.manifest.summary
        name = html.escape(generation.config.vault.name)
        return HTMLResponse(_PAGE.format(name=name, notes=summary["notes"], triples=summary["triples"]))
