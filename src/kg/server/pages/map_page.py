"""The map: the page of `kg export -f html`, with its data from the server."""

from zlib import decompress

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from kg.core.errors import KgError
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.computed_once import prepared
from kg.server.pages.map_data import map_data, map_page, map_picture, map_thing
from kg.server.replies import asked, refusal
from kg.server.requests import first, parameters_of
from kg.server.served_vault import served_vault

_SVG = "image/svg+xml"


def routes() -> list[BaseRoute]:
    """The addresses of the map."""
    return [
        Route("/map", show),
        Route("/map/data.json", data),
        Route("/map/thing.json", thing),
        Route("/map/picture.svg", picture),
    ]


async def show(request: Request) -> Response:
    """The page."""
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, "map")
        return unchanged(request, tag) or HTMLResponse(await asked(request, generation, map_page), headers=tagged(tag))


async def data(request: Request) -> Response:
    """The things and links, which are computed once a generation."""
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, "map data")
        if answer := unchanged(request, tag):
            return answer
        try:
            deflated = await prepared(request, generation, map_data)
        except KgError as error:
            return refusal(error)
        headers = tagged(tag, vary="Accept-Encoding")
        if "deflate" in request.headers.get("accept-encoding", ""):
            return Response(deflated, media_type="application/json", headers={**headers, "Content-Encoding": "deflate"})
        return Response(decompress(deflated), media_type="application/json", headers=headers)


async def thing(request: Request) -> Response:
    """The text and the properties of a thing."""
    iri = first(parameters_of(request.url.query), "iri")
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, "map thing", iri)
        if answer := unchanged(request, tag):
            return answer
        try:
            return JSONResponse(await asked(request, generation, map_thing, iri), headers=tagged(tag))
        except KgError as error:
            return refusal(error)


async def picture(request: Request) -> Response:
    """The map as a picture."""
    parameters = parameters_of(request.url.query)
    theme = "dark" if parameters.get("theme") == ["dark"] else "light"
    inferred = parameters.get("inferred") != ["no"]
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, "map picture", theme, inferred)
        if answer := unchanged(request, tag):
            return answer
        svg = await prepared(request, generation, map_picture, theme, inferred)
        return Response(svg, media_type=_SVG, headers=tagged(tag))
