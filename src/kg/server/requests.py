"""Read requests: parameters, and bodies within limits."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from kg.server.refusals import BadRequest, TooLarge
from kg.server.session import session_of

_MOST_FIELDS = 1_000

Parameters = Mapping[str, Sequence[str]]


def parameters_of(text: str) -> Parameters:
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


def merged(first: Parameters, second: Parameters) -> Parameters:
    """The values of both by name."""
    return {name: [*first.get(name, ()), *second.get(name, ())] for name in (*first, *second)}


async def text_of(request: Request) -> str:
    """The body of a request as text. Raises TooLarge, BadRequest."""
    most = session_of(request).serving.limits.request_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"the body of the request has more than {most:,} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not text in UTF-8, at byte {error.start + 1}") from error
