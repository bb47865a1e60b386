"""What the server refuses, and why: exceptions with the status of HTTP that says so.

RequestRefused (KgError)
├── BadRequest          400  a request that says nothing, or two things at once
├── Unauthorized        401  no token
├── Forbidden           403  another origin, or an update
├── Nowhere             404  no such graph, file or page
├── MethodRefused       405
├── NotAcceptable       406  no format that the client accepts can hold the answer
├── Slow                408  a request that does not arrive
├── RequestTooLarge     413  a request beyond the limit
├── WrongMediaType      415
├── Misdirected         421  the header Host names another server
├── AnswerTooLarge      403  an answer beyond the limit
├── NestedTooDeeply     400
├── TooMuchMemory       503
├── Late                503  the question took too long
└── Busy                503  with Retry-After
"""

from collections.abc import Mapping
from typing import ClassVar

from kg.core.errors import KgError, NotFound, QuerySyntaxError, ServiceRefused, StoreError, TimedOut


class RequestRefused(KgError):
    """A request that the server refuses; the message is one sentence for the client."""

    status: ClassVar[int] = 400
    headers: Mapping[str, str] = {}


class BadRequest(RequestRefused):
    """A request without a meaning, or with two."""


class Unauthorized(RequestRefused):
    """A request without the token."""

    status = 401
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="kg"'}

    def __init__(self) -> None:
        super().__init__(
            "this server needs its token: open the address that `kg serve` printed, or send Authorization: Bearer TOKEN"
        )


class Forbidden(RequestRefused):
    """A request that is not allowed to anybody, or not to pages of another origin."""

    status = 403


class Nowhere(RequestRefused):
    """Nothing is at this address."""

    status = 404


class MethodRefused(RequestRefused):
    """A method that an address does not have."""

    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not possible here: this server only reads (Allow: {allowed})")
        self.headers = {"Allow": allowed}


class NotAcceptable(RequestRefused):
    """No format that the client accepts can hold the answer."""

    status = 406


class Slow(RequestRefused):
    """A request whose body does not arrive."""

    status = 408
    headers: Mapping[str, str] = {"Connection": "close"}

    def __init__(self) -> None:
        super().__init__("the body of the request did not arrive in time")


class RequestTooLarge(RequestRefused):
    """A request beyond the limit of the server."""

    status = 413


class WrongMediaType(RequestRefused):
    """A request whose body has another media type than a query."""

    status = 415


class Misdirected(RequestRefused):
    """A request for another host: a page of that host may have resolved its name to this machine."""

    status = 421


class AnswerTooLarge(RequestRefused):
    """An answer beyond the limit of the server."""

    status = 403

    def __init__(self, limit: int, what: str = "bytes") -> None:
        super().__init__(f"the answer has more than {limit:,} {what}: ask for less, with LIMIT for example")


class NestedTooDeeply(RequestRefused):
    """A question that exhausted the stack."""

    def __init__(self) -> None:
        super().__init__("the question cannot be read: it is nested too deeply")


class TooMuchMemory(RequestRefused):
    """A question that exhausted its memory."""

    status = 503

    def __init__(self) -> None:
        super().__init__("the question needs more memory than a question may use: ask for less, with LIMIT for example")


class Late(RequestRefused):
    """A question that exhausted its time."""

    status = 503

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the question was stopped after {seconds:g} s: ask for less, with LIMIT for example")


class Busy(RequestRefused):
    """Too many questions at once."""

    status = 503
    headers: Mapping[str, str] = {"Retry-After": "5"}

    def __init__(self) -> None:
        super().__init__("the server answers too many questions at once: try again in a few seconds")


def status_of(error: KgError) -> int:
    """The status of HTTP for an error."""
    match error:
        case RequestRefused():
            return error.status
        case QuerySyntaxError():
            return 400
        case NotFound():
            return 404
        case StoreError() | TimedOut():
            return 503
    return 400


def headers_of(error: KgError) -> dict[str, str]:
    """The headers that an answer with an error has beside others."""
    return dict(error.headers) if isinstance(error, RequestRefused) else {}


def sentence(error: KgError) -> str:
    """The sentence for the client; a syntax error has its place."""
    if isinstance(error, QuerySyntaxError):
        return f"line {error.line}, column {error.column}: {error}"
    if isinstance(error, ServiceRefused):
        return f"{error.where}SERVICE asks another server, which this one does not do"
    if isinstance(error, StoreError):  # its message has a path of this machine
        return "the store cannot be read now: `kg doctor` says why"
    return str(error)
