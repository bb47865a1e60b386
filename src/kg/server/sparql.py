"""SPARQL 1.1 Protocol: queries by GET, by POST of a form, and by POST of the query itself. Updates are refused."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from kg.server.answers import GRAPHS, Asked, answer
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.description import describe
from kg.server.negotiation import prefers_html
from kg.server.refusals import BadRequest, Forbidden, MethodRefused, WrongMediaType
from kg.server.replies import streamed
from kg.server.requests import Parameters, merged, parameters_of, text_of
from kg.server.served_vault import served_vault

ALLOWED = "GET, HEAD, POST, OPTIONS"
_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes() -> list[BaseRoute]:
    """The address of the endpoint."""
    return [Route("/sparql", endpoint, methods=_ALL_METHODS), Route("/sparql/", endpoint, methods=_ALL_METHODS)]


async def endpoint(request: Request) -> Response:
    """Answer a query; without one, describe the service."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ALLOWED})
    if request.method not in {"GET", "HEAD", "POST"}:
        raise MethodRefused(request.method, ALLOWED)
    parameters = parameters_of(request.url.query)
    if request.method == "POST":
        parameters = merged(parameters, await _posted(request))
    if "update" in parameters or "using-graph-uri" in parameters or "using-named-graph-uri" in parameters:
        raise _update()
    if "query" not in parameters:
        return await _without_query(request)
    return await _answered(request, _asked(request, parameters))


async def _answered(request: Request, asked: Asked) -> Response:
    """The answer, unless the client has it already."""
    served = served_vault(request)
    with served.generation() as generation:
        headers: Mapping[str, str] = {"Vary": "Accept", "Cache-Control": "no-store"}
        if asked.kind and asked.is_lasting:
            tag = entity_tag(generation, asked.text, asked.dataset, asked.base, asked.negotiated(asked.kind))
            if reply := unchanged(request, tag):
                return reply
            headers = tagged(tag)
        return await streamed(request, generation, answer, asked, served.serving.limits.rows, headers=headers)


async def _without_query(request: Request) -> Response:
    """A page for a browser; otherwise, the description of the service."""
    if request.method == "POST":
        raise BadRequest("the request has no query: send query=… in a form, or the query as application/sparql-query")
    if prefers_html(request.headers.get("accept"), GRAPHS):
        return RedirectResponse("/query", 303)
    return await describe(request)


def _asked(request: Request, parameters: Parameters) -> Asked:
    """The query of a request. Raises BadRequest."""
    queries = parameters["query"]
    if len(queries) > 1:
        raise BadRequest("the request has more than one query")
    default, named = (tuple(parameters.get(f"{kind}-graph-uri", ())) for kind in ("default", "named"))
    return Asked(
        queries[0],
        (default, named) if default or named else None,
        request.headers.get("accept"),
        next(iter(parameters.get("format", ())), "").lower(),
        f"{request.base_url}sparql",
    )


async def _posted(request: Request) -> Parameters:
    """The parameters of a body: a form, or a query. Raises WrongMediaType, RequestTooLarge, BadRequest."""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind == _UPDATE:
        raise _update()
    if kind not in {_FORM, _QUERY}:
        given = f"“{kind[:100]}”" if kind else "no media type"
        raise WrongMediaType(f"the body has {given}: send a query as {_QUERY}, or query=… as {_FORM}")
    charset = rest.partition("charset=")[2].strip(" \"'").lower()
    if charset and charset not in {"utf-8", "utf8", "us-ascii"}:
        raise WrongMediaType("the body must be in UTF-8")
    text = await text_of(request)
    return parameters_of(text) if kind == _FORM else {"query": [text]}


def _update() -> Forbidden:
    return Forbidden("this endpoint only answers queries: change the notes instead")
