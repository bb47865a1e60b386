"""SPARQL 1.1 Protocol: queries by GET, by POST of a form, and by POST of the query itself. Updates are refused."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from kg.server.answers import Asked, answer, negotiated
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.negotiation import prefers_html
from kg.server.refusals import BadRequest, Forbidden, MethodRefused, TooLarge, WrongMediaType
from kg.server.replies import streamed
from kg.server.session import session_of

ALLOWED = "GET, HEAD, POST, OPTIONS"
_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_MOST_FIELDS = 1_000
_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

Parameters = Mapping[str, Sequence[str]]


def routes() -> list[BaseRoute]:
    """The address of the endpoint."""
    return [Route("/sparql", endpoint, methods=_ALL_METHODS), Route("/sparql/", endpoint, methods=_ALL_METHODS)]


async def endpoint(request: Request) -> Response:
    """Answer a query; without one, describe the service."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ALLOWED})
    if request.method not in {"GET", "HEAD", "POST"}:
        raise MethodRefused(request.method, ALLOWED)
    parameters = _parameters(request.url.query)
    if request.method == "POST":
        parameters = _merged(parameters, await _posted(request))
    if "update" in parameters or "using-graph-uri" in parameters or "using-named-graph-uri" in parameters:
        raise _update()
    if "query" not in parameters:
        return await _without_query(request)
    return await _answered(request, _asked(request, parameters))


async def _answered(request: Request, asked: Asked) -> Response:
    """The answer, unless the client has it already."""
    session = session_of(request)
    with session.generation() as generation:
        headers: Mapping[str, str] = {"Vary": "Accept", "Cache-Control": "no-store"}
        if asked.kind and asked.is_lasting:
            tag = entity_tag(generation, asked.text, asked.dataset, negotiated(asked.kind, asked))
            if reply := unchanged(request, tag):
                return reply
            headers = tagged(tag)
        return await streamed(request, generation, answer, asked, session.serving.limits.rows, headers=headers)


async def _without_query(request: Request) -> Response:
    """A page for a browser; otherwise, the description of the service."""
    if request.method == "POST":
        raise BadRequest("the request has no query: send query=… in a form, or the query as application/sparql-query")
    if prefers_html(request.headers.get("accept")):
        return RedirectResponse("/", 303)
    raise BadRequest("the request has no query: add ?query=…")


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
    )


async def _posted(request: Request) -> Parameters:
    """The parameters of a body: a form, or a query. Raises WrongMediaType, TooLarge, BadRequest."""
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
    text = _text(await body_of(request))
    return _parameters(text) if kind == _FORM else {"query": [text]}


async def body_of(request: Request) -> bytes:
    """The body of a request. Raises TooLarge."""
    most = session_of(request).serving.limits.request_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"the body of the request has more than {most:,} bytes")
    return bytes(body)


def _text(data: bytes) -> str:
    """The text of a body. Raises BadRequest."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not text in UTF-8, at byte {error.start + 1}") from error


def _parameters(text: str) -> Parameters:
    """The parameters of a form or of an address. Raises BadRequest."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError as error:
        raise BadRequest("a parameter is not text in UTF-8") from error
    except ValueError as error:
        raise BadRequest(f"the request has more than {_MOST_FIELDS:,} parameters") from error
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def _merged(first: Parameters, second: Parameters) -> Parameters:
    return {name: [*first.get(name, ()), *second.get(name, ())] for name in (*first, *second)}


def _update() -> Forbidden:
    return Forbidden("this endpoint only answers queries: change the notes instead")
