"""Read requests: parameters, and bodies within limits."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from kg.server.refusals import BadRequest, RequestTooLarge, Slow
from kg.server.served_vault import served_vault

_MOST_FIELDS = 1_000

_MOST_DIGITS = 8
"""The digits of the longest number of a page."""

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


def first(parameters: Parameters, name: str) -> str:
    """The first value of a parameter; empty if it has none."""
    return next(iter(parameters.get(name, ())), "")


def page_number(text: str) -> int:
    """The number of a page, from 1; zero if the text is no such number."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0


def merged(one: Parameters, other: Parameters) -> Parameters:
    """The values of both by name."""
    return {name: [*one.get(name, ()), *other.get(name, ())] for name in (*one, *other)}


async def text_of(request: Request) -> str:
    """The body of a request as text. Raises Slow, RequestTooLarge, BadRequest."""
    limits = served_vault(request).serving.limits
    body = bytearray()
    try:
        async with asyncio.timeout(limits.idle):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.request_bytes:
                    raise RequestTooLarge(f"the body of the request has more than {limits.request_bytes:,} bytes")
    except TimeoutError:
        raise Slow from None
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not text in UTF-8, at byte {error.start + 1}") from error
