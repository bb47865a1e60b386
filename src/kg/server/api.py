"""The JSON of what the pages show, for plugins and scripts."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from kg.rdf.sparql_syntax import in_query
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.pages import addresses
from kg.server.pages.writing import open_vault
from kg.server.replies import asked
from kg.server.requests import parameters_of
from kg.server.session import session_of
from kg.server.worker import Opened
from kg.views.found import names_like


def routes() -> list[BaseRoute]:
    """The addresses of the JSON."""
    return [Route("/api/names", names)]


async def names(request: Request) -> Response:
    """The things whose names fit a text, as someone types."""
    text = parameters_of(request.url.query).get("q", [""])[0]
    with session_of(request).generation() as generation:
        tag = entity_tag(generation, "names", text)
        if answer := unchanged(request, tag):
            return answer
        return JSONResponse(await asked(request, generation, named, text), headers=tagged(tag))


def named(opened: Opened, text: str) -> dict[str, Any]:
    """The things whose names fit a text."""
    vault = open_vault(opened)
    rows = [
        {
            "name": row.thing.text,
            "also": row.name,
            "iri": row.thing.iri,
            "written": in_query(row.thing.iri, vault.store.prefixes),
            "kind": row.thing.kind,
            "missing": row.thing.is_missing,
            "page": addresses.of_thing(row.thing.iri, vault.names.base),
        }
        for row in names_like(vault, text)
    ]
    return {"names": rows}
