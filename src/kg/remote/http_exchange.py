"""An HTTP exchange: credentials, a time limit, retries, and refusals in words.

    Exchange.of("https://user:password@example.org/sparql", seconds=30).send(request)

urllib's openers have no time limit for a whole exchange (their timeout applies to each wait). They follow a redirect
without the request body but with the password, and they open files. So this module opens only http and https, follows
redirects only to the same host, and ends the connection by a timer even while data still trickles in.

urllib3 and requests would need the same timer, redirects and waiting. Besides, urllib3 knows neither digests nor the
proxies of the environment, and requests reads passwords from .netrc and brings its own certificates.
"""

import contextlib
import email.utils
import http.client
import os
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from kg.core.errors import KgError, TimedOut
from kg.core.escaping import printable
from kg.core.version import __version__

MAX_BYTES = 500_000_000
"""The maximum size of an answer; a larger answer is not read to its end."""
RETRIES = 6
PATIENCE = 60.0
"""The total number of seconds to wait for a busy server if there is no time limit."""
_BUSY = {429, 503}
_REDIRECTIONS = {301, 302, 303, 307, 308}
_HANGING_UP = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ConnectionRefusedError)
"""The errors of a server that restarts; http.client's RemoteDisconnected is a subclass of the first."""
_PIECE = 1 << 16
_MESSAGE = 100_000
_USER, _PASSWORD, _TOKEN = "KG_ENDPOINT_USER", "KG_ENDPOINT_PASSWORD", "KG_ENDPOINT_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """The credentials of a request: a user with a password, a bearer token, or nothing. They are never shown."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> "Credentials":
        """The credentials in the variables KG_ENDPOINT_USER, KG_ENDPOINT_PASSWORD and KG_ENDPOINT_TOKEN."""
        return cls(*(os.environ.get(name, "") for name in (_USER, _PASSWORD, _TOKEN)))

    def __bool__(self) -> bool:
        return bool(self.user or self.token)

    def handlers(self, url: str) -> list[urllib.request.BaseHandler]:
        """The handlers for an authentication challenge: digest first, so that the password is not sent if possible."""
        if not self.user:
            return []
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, url, self.user, self.password)
        return [urllib.request.HTTPDigestAuthHandler(passwords), urllib.request.HTTPBasicAuthHandler(passwords)]


class Response(NamedTuple):
    """The response of a server."""

    status: int
    body: bytes
    media_type: str
    server: str
    """The name that the server gives itself."""
    rows_at_most: str
    """The number of rows after which the server cut off the answer, if it says so (Virtuoso does)."""

    @property
    def is_page(self) -> bool:
        """Whether the response is a web page."""
        return self.media_type in {"text/html", "application/xhtml+xml"}


class Refused(KgError):
    """A server refused a request."""

    def __init__(self, message: str, status: int, pause: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.pause = pause
        """The seconds until the server may be asked again, if it says so."""


@dataclass(frozen=True)
class Exchange:
    """The access to a server. `seconds` limits an exchange with all its retries; None sets no limit."""

    url: str
    seconds: float | None = None
    credentials: Credentials = field(default_factory=Credentials)
    max_bytes: int = MAX_BYTES

    @classmethod
    def of(cls, address: str, seconds: float | None = None) -> "Exchange":
        """The exchange with an address, with credentials from the address or else the environment. Raises KgError."""
        try:
            parts = urlsplit(address)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if host is None or parts.scheme not in {"http", "https"}:
            shown = printable(re.sub(r"//[^/@]*@", "//", address))
            raise KgError(f"the endpoint {shown} must be an http or https address")
        credentials = Credentials.from_environment()
        if parts.username:
            credentials = Credentials(unquote(parts.username), unquote(parts.password or ""))
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
        return cls(urlunsplit(bare), seconds, credentials)

    @property
    def name(self) -> str:
        """The address in a form that is safe to show: the part after `?` may be a key."""
        return printable(self.url.partition("?")[0])

    def send(self, request: urllib.request.Request) -> Response:
        """Send a request and return the response; retry while the server is busy, and if it hangs up.

        So the request must be safe to send twice. Raises Refused, TimedOut, KgError.
        """
        if self.credentials.token:
            request.add_header("Authorization", f"Bearer {self.credentials.token}")
        request.add_header("User-Agent", f"kg/{__version__}")
        began = time.monotonic()
        for attempt in range(RETRIES + 1):
            try:
                return self._once(request, self._left(began))
            except Refused as error:
                if error.status not in _BUSY:
                    raise
                self._wait(began, attempt, error, error.pause)
            except _HANGING_UP as error:
                failed = self._unreachable(error)
                if not attempt and isinstance(error, ConnectionRefusedError):
                    raise failed from None
                self._wait(began, attempt, failed, None)
        raise AssertionError("the last attempt returns or raises")

    def _left(self, began: float) -> float | None:
        if self.seconds is None:
            return None
        left = self.seconds - (time.monotonic() - began)
        if left <= 0:
            raise TimedOut(self.seconds)
        return left

    def _once(self, request: urllib.request.Request, left: float | None) -> Response:
        sockets: list[socket.socket] = []
        try:
            with _ended_after(left, sockets) as ended, self._answer(request, left, sockets) as answer:
                body = self._read(answer)
                if ended.is_set():
                    raise TimedOut(self.seconds or 0)
                headers = (answer.headers[name] or "" for name in ("Server", "X-SPARQL-MaxRows"))
                return Response(answer.status, body, answer.headers.get_content_type(), *headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(reason, TimeoutError) or ended.is_set():
                raise TimedOut(self.seconds or 0) from None
            if isinstance(reason, _HANGING_UP):
                raise reason from None
            raise self._unreachable(reason) from None

    def _answer(self, request: urllib.request.Request, left: float | None, sockets: list[socket.socket]) -> Any:
        opener = _opener(self.credentials.handlers(self.url), sockets)
        try:
            return opener.open(request, timeout=left)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error) from None

    def _read(self, answer: Any) -> bytes:
        body = bytearray()
        while piece := answer.read(_PIECE):
            body += piece
            if len(body) > self.max_bytes:
                raise KgError(f"{self.name} answered with more than {self.max_bytes / 1e6:,.0f} MB; ask for fewer rows")
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        return bytes(body)

    def _wait(self, began: float, attempt: int, failed: KgError, requested: float | None) -> None:
        """Wait as long as a busy server asks for, or twice as long as before. Raises `failed` if no time is left."""
        pause = 0.5 * 2**attempt if requested is None else requested
        left = (PATIENCE if self.seconds is None else self.seconds) - (time.monotonic() - began)
        if pause >= left or attempt == RETRIES:
            raise failed from None
        time.sleep(pause)

    def _unreachable(self, reason: object) -> KgError:
        if isinstance(reason, ssl.SSLError):
            why = getattr(reason, "verify_message", "") or reason.reason or str(reason)
            return KgError(f"{self.name} cannot be trusted: {why}")
        if isinstance(reason, ValueError):  # urllib does not know the authentication scheme
            return KgError(f"{self.name} wants a password in an unknown way (neither basic nor digest)")
        if isinstance(reason, http.client.HTTPException):
            return KgError(f"{self.name} did not send a complete answer")
        message = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        return KgError(f"{self.name} cannot be reached: {printable(message)}")

    def _refused(self, error: urllib.error.HTTPError) -> Refused:
        """A refusal in words, with the server's message only where it helps."""
        code, message = error.code, _message(error)
        detail = f": {message}" if message else ""
        client = "the user or token of KG_ENDPOINT_…" if self.credentials else "requests without credentials"
        hint = f" (set {_USER} and {_PASSWORD}, or {_TOKEN})" if not self.credentials else ""
        sentences = {
            400: f"{self.name} cannot read the request{detail}",
            401: f"{self.name} does not accept {client}{hint}",
            403: f"{self.name} does not allow this for {client}{hint}",
            404: f"there is nothing at {self.name}",
            405: f"{self.name} does not accept this kind of request: is it the right address?",
            413: f"the request is too large for {self.name}",
            429: f"{self.name} has received too many requests; try again later",
            503: f"{self.name} is too busy; try again later",
        }
        if code in _REDIRECTIONS:
            target = printable((error.headers.get("Location") or "elsewhere").partition("?")[0])
            return Refused(f"{self.name} redirects to {target}: use that address if it is the right one", code)
        sentence = sentences.get(code) or f"{self.name} failed with {code}{detail}"
        return Refused(sentence, code, _retry_after(error.headers.get("Retry-After")))


def _message(error: urllib.error.HTTPError) -> str:
    """The first line of a server's message on its refusal; of a web page, the title."""
    try:
        data = error.read(_MESSAGE)
    except (OSError, http.client.HTTPException):
        return ""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)  # text before Python 3.11.5
    if "<html" in text[:1000].lower():
        title = re.search(r"<title>(.*?)</title>", text, re.I | re.S)
        text = unescape(title[1]) if title else ""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return printable(first[:300])


def _retry_after(value: str | None) -> float | None:
    """The seconds to wait, from a header that contains seconds or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None


class _Redirection(urllib.request.HTTPRedirectHandler):
    """Follow a redirect to the same host, never from https to http, with the whole request; refuse any other.

    A token goes to the same port alone, or from port 80 to port 443.
    """

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request:
        source, target = urlsplit(req.full_url), urlsplit(newurl)
        allowed = {("http", "http"), ("http", "https"), ("https", "https")}
        if source.hostname != target.hostname or (source.scheme, target.scheme) not in allowed:
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
        headers = dict(req.headers)
        if _port(source) != _port(target) and (_port(source), _port(target)) != (80, 443):
            headers.pop("Authorization", None)
        return urllib.request.Request(newurl, req.data, headers, method=req.get_method())  # noqa: S310 - checked above

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302


def _port(parts: SplitResult) -> int | None:
    with contextlib.suppress(ValueError):
        return parts.port or {"http": 80, "https": 443}[parts.scheme]
    return None


def _opener(more: list[urllib.request.BaseHandler], sockets: list[socket.socket]) -> urllib.request.OpenerDirector:
    """An opener for http and https that records the sockets that it opens."""

    def connection(kind: type[http.client.HTTPConnection]) -> Callable[..., http.client.HTTPConnection]:
        class Noted(kind):  # type: ignore[valid-type, misc]
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        return Noted

    class Plain(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> Any:
            return self.do_open(connection(http.client.HTTPConnection), req)

    class Secure(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> Any:
            return self.do_open(connection(http.client.HTTPSConnection), req)

    opener = urllib.request.OpenerDirector()
    standard = (urllib.request.ProxyHandler(), Plain(), Secure(), _Redirection(), urllib.request.HTTPErrorProcessor())
    for handler in (*standard, urllib.request.HTTPDefaultErrorHandler(), *more):
        opener.add_handler(handler)
    return opener


@contextlib.contextmanager
def _ended_after(seconds: float | None, sockets: list[socket.socket]) -> Iterator[threading.Event]:
    """End the connection after `seconds` if the context is still active."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        for open_socket in sockets:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end) if seconds is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield ended
    finally:
        if timer:
            timer.cancel()
