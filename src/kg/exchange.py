"""One exchange with a web server: who is asking, how long it may take, and what a refusal means, in words.

    Exchange.of("https://user:password@example.org/sparql", seconds=30).send(request)

urllib's openers have no limit on a whole exchange (their time-out is one for every wait), follow a redirection with the
question lost and the password kept, and open files; so what is opened here is http or https alone, a redirection leads
to the same host or nowhere, and a timer ends the connection, whatever still trickles in.
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
from urllib.parse import unquote, urlsplit, urlunsplit

from kg import __version__
from kg.errors import KgError, TimedOut
from kg.findings import printable

MAX_BYTES = 500_000_000
"""An answer of more than this is not read to its end."""
RETRIES = 6
PATIENCE = 60.0
"""So many seconds are waited for a busy server in all, where there is no time limit."""
_BUSY = {429, 503}
_REDIRECTIONS = {301, 302, 303, 307, 308}
_HANGING_UP = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ConnectionRefusedError)
"""What a server does that is started anew; http.client's RemoteDisconnected is one of these, too."""
_PIECE = 1 << 16
_SAID = 100_000
_USER, _PASSWORD, _TOKEN = "KG_ENDPOINT_USER", "KG_ENDPOINT_PASSWORD", "KG_ENDPOINT_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """Who is asking: a user with a password, or the bearer of a token, or nobody. They are never shown."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> "Credentials":
        """Those that the variables KG_ENDPOINT_USER, KG_ENDPOINT_PASSWORD and KG_ENDPOINT_TOKEN give."""
        return cls(*(os.environ.get(name, "") for name in (_USER, _PASSWORD, _TOKEN)))

    def __bool__(self) -> bool:
        return bool(self.user or self.token)

    def handlers(self, url: str) -> list[urllib.request.BaseHandler]:
        """What answers a server that asks who is there; by digest where it can, so that the password stays here."""
        if not self.user:
            return []
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, url, self.user, self.password)
        return [urllib.request.HTTPDigestAuthHandler(known), urllib.request.HTTPBasicAuthHandler(known)]


class Response(NamedTuple):
    """What a server answered."""

    status: int
    body: bytes
    media_type: str
    server: str
    """What it calls itself."""
    rows_at_most: str
    """The number of rows after which it ended the answer, where it says so (Virtuoso does)."""


class Refused(KgError):
    """A server answered that it will not do what was asked."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _HungUp(Exception):
    """A server ended the connection before it answered."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Exchange:
    """How one server is spoken to. `seconds` limits an exchange, with all that is tried again; None does not."""

    url: str
    seconds: float | None = None
    credentials: Credentials = field(default_factory=Credentials)
    max_bytes: int = MAX_BYTES

    @classmethod
    def of(cls, address: str, seconds: float | None = None) -> "Exchange":
        """With the server at an address, as whoever the address or else the environment names. Raises KgError."""
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
        """The address as it may be shown: what stands behind `?` may be a key."""
        return printable(self.url.partition("?")[0])

    def send(self, request: urllib.request.Request) -> Response:
        """The answer to a request, which is sent again while the server is busy, and where it hangs up.

        So what is sent must be something that may be sent twice. Raises Refused, TimedOut, KgError.
        """
        if self.credentials.token:
            request.add_header("Authorization", f"Bearer {self.credentials.token}")
        request.add_header("User-Agent", f"kg/{__version__}")
        began = time.monotonic()
        for attempt in range(RETRIES + 1):
            try:
                return self._once(request, self._left(began))
            except urllib.error.HTTPError as error:
                with error:
                    failed: KgError = self._refused(error, _said(error))
                if error.code not in _BUSY:
                    raise failed from None
                pause = _retry_after(error.headers.get("Retry-After"))
            except _HungUp as error:
                if not attempt and isinstance(error.reason, ConnectionRefusedError):
                    raise self._unreachable(error.reason) from None
                failed, pause = self._unreachable(error.reason), None
            self._wait(began, attempt, failed, pause)
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
        opener = _opener(self.credentials.handlers(self.url), sockets)
        try:
            with _ended_after(left, sockets) as ended, opener.open(request, timeout=left) as answer:
                body = self._read(answer)
                if ended.is_set():
                    raise TimedOut(self.seconds or 0)
                said = (answer.headers[name] or "" for name in ("Server", "X-SPARQL-MaxRows"))
                return Response(answer.status, body, answer.headers.get_content_type(), *said)
        except urllib.error.HTTPError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(reason, TimeoutError) or ended.is_set():
                raise TimedOut(self.seconds or 0) from None
            if isinstance(reason, _HANGING_UP):
                raise _HungUp(reason) from None
            raise self._unreachable(reason) from None

    def _read(self, answer: Any) -> bytes:
        body = bytearray()
        while piece := answer.read(_PIECE):
            body += piece
            if len(body) > self.max_bytes:
                raise KgError(f"{self.name} answered with more than {self.max_bytes / 1e6:,.0f} MB; ask for less")
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        return bytes(body)

    def _wait(self, began: float, attempt: int, failed: KgError, asked: float | None) -> None:
        """Wait as long as a busy server asks for, or twice as long as before. Raises what failed where time is up."""
        pause = 0.5 * 2**attempt if asked is None else asked
        left = (PATIENCE if self.seconds is None else self.seconds) - (time.monotonic() - began)
        if pause >= left or attempt == RETRIES:
            raise failed from None
        time.sleep(pause)

    def _unreachable(self, reason: object) -> KgError:
        if isinstance(reason, ssl.SSLError):
            why = getattr(reason, "verify_message", "") or reason.reason or str(reason)
            return KgError(f"{self.name} cannot be trusted: {why}")
        if isinstance(reason, ValueError):  # of a scheme of authentication that urllib does not know
            return KgError(f"{self.name} asks for a password in a way that is not known here (not basic, not digest)")
        if isinstance(reason, http.client.HTTPException):
            return KgError(f"{self.name} did not answer in full")
        words = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        return KgError(f"{self.name} cannot be reached: {printable(words)}")

    def _refused(self, error: urllib.error.HTTPError, said: str) -> Refused:
        """A refusal in words. What the server said of it is only told where it helps."""
        code = error.code
        behind = f": {said}" if said else ""
        whom = "the user or token of KG_ENDPOINT_…" if self.credentials else "anybody unnamed"
        hint = f" (set {_USER} and {_PASSWORD}, or {_TOKEN})" if not self.credentials else ""
        sentences = {
            400: f"{self.name} cannot read what was asked{behind}",
            401: f"{self.name} does not let {whom} in{hint}",
            403: f"{self.name} does not allow this to {whom}{hint}",
            404: f"there is nothing at {self.name}",
            405: f"{self.name} takes no such request: is it the right address?",
            413: f"what was sent is too large for {self.name}",
            429: f"{self.name} is asked too often; try again later",
            503: f"{self.name} is too busy; try again later",
        }
        if code in _REDIRECTIONS:
            there = printable((error.headers.get("Location") or "elsewhere").partition("?")[0])
            return Refused(f"{self.name} leads to {there}: name that address if it is the one you mean", code)
        return Refused(sentences.get(code) or f"{self.name} failed with {code}{behind}", code)


def _said(error: urllib.error.HTTPError) -> str:
    """The first line of what a server says of its refusal; of a web page, its title."""
    try:
        text = error.read(_SAID).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""
    if "<html" in text[:1000].lower():
        title = re.search(r"<title>(.*?)</title>", text, re.I | re.S)
        text = unescape(title[1]) if title else ""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return printable(first[:300])


def _retry_after(given: str | None) -> float | None:
    """Seconds, from what a server gives as seconds or as a date."""
    if given is None:
        return None
    if given.strip().isdecimal():
        return float(given)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(given).timestamp() - time.time())
    return None


class _Redirection(urllib.request.HTTPRedirectHandler):
    """To the same host, never from https to http, and with all that was sent; elsewhere it is a refusal."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request:
        here, there = urlsplit(req.full_url), urlsplit(newurl)
        ways = {("http", "http"), ("http", "https"), ("https", "https")}
        if here.hostname != there.hostname or (here.scheme, there.scheme) not in ways:
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
        return urllib.request.Request(newurl, req.data, dict(req.headers), method=req.get_method())  # noqa: S310 - checked above

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302


def _opener(more: list[urllib.request.BaseHandler], sockets: list[socket.socket]) -> urllib.request.OpenerDirector:
    """What opens http and https, and notes the sockets that it opens."""

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
    known = (urllib.request.ProxyHandler(), Plain(), Secure(), _Redirection(), urllib.request.HTTPErrorProcessor())
    for handler in (*known, urllib.request.HTTPDefaultErrorHandler(), *more):
        opener.add_handler(handler)
    return opener


@contextlib.contextmanager
def _ended_after(seconds: float | None, sockets: list[socket.socket]) -> Iterator[threading.Event]:
    """Meanwhile, end the connection when the time has come."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end) if seconds is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield ended
    finally:
        if timer:
            timer.cancel()
