"""Who may ask: the names of this server, pages of other origins, and the token; and the headers of every answer.

A page of any web site can send requests to 127.0.0.1, and can have its own name resolve to 127.0.0.1 (DNS rebinding).
Other users of the machine can reach the port, too. So each request must name this server, must not come from a page of
another origin, and must have the token of the printed address.
"""

import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping
from time import monotonic
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.server.refusals import Forbidden, Misdirected, RequestRefused, Unauthorized
from kg.server.settings import Access

TOKEN = "token"  # noqa: S105 - the name of a parameter
_PROTECTING: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
"""The headers of every answer that does not have them otherwise."""
_SHOWN = 200
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
_FROM_ELSEWHERE = frozenset(("cross-site", "same-site"))
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "600",
}


class Gate:
    """Lets requests pass that may be answered, and refuses the others."""

    def __init__(self, app: ASGIApp, access: Access, log: Callable[[str], None] | None = None) -> None:
        self.app = app
        self.access = access
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, shared = Headers(scope=scope), {}
        try:
            self._check_host(headers)
            shared = self._shared(headers)
            answer = self._preflight(scope, headers) or self._exchange(scope)
            if answer is None:
                self._check_token(scope, headers)
        except RequestRefused as error:
            answer = PlainTextResponse(f"{error}\n", error.status, dict(error.headers))
        sending = _with_headers(send, shared)
        await (answer or self.app)(scope, receive, _logged(sending, scope, self.log) if self.log else sending)

    def _check_host(self, headers: Headers) -> None:
        """Refuse a request for another host. Raises Misdirected."""
        hosts = headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else ""
        if name not in self.access.hosts and not ("*" in self.access.hosts and _is_address(name)):
            raise Misdirected("this server has another name: add it with --allow-host NAME")

    def _shared(self, headers: Headers) -> dict[str, str]:
        """The headers that share an answer with the page that asks. Raises Forbidden for another origin."""
        origin = headers.get("origin")
        if origin is None:
            self._check_fetch(headers)
            return {}
        if origin in self.access.origins or "*" in self.access.origins:
            return {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Expose-Headers": "ETag",
                "Cross-Origin-Resource-Policy": "cross-origin",
            }
        if origin.partition("://")[2] != headers.get("host"):
            raise Forbidden("pages of another origin may not ask here: allow it with --cors ORIGIN")
        return {}

    def _check_fetch(self, headers: Headers) -> None:
        """Refuse what a page of another site embeds, such as an image. A link is no such thing."""
        is_foreign = headers.get("sec-fetch-site") in _FROM_ELSEWHERE
        is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if is_foreign and not is_link and not self.access.origins:
            raise Forbidden("pages of another site may not embed this: allow it with --cors ORIGIN")

    def _preflight(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to the question of a browser whether a page may ask; it never has the token."""
        is_asked = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        return Response(status_code=204, headers=_PREFLIGHT) if is_asked and self.access.origins else None

    def _exchange(self, scope: Scope) -> Response | None:
        """Exchange the token of the printed address for a cookie. Raises Unauthorized."""
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in pairs if name == TOKEN]
        if not given or not self.access.token or scope["method"] not in {"GET", "HEAD"}:
            return None
        if not self._is_token(given[0]):
            raise Unauthorized
        rest = urlencode([pair for pair in pairs if pair[0] != TOKEN])
        path = "/" + quote(scope["path"].lstrip("/"), safe="/~@!$&'()*+,;=:")
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.set_cookie(_cookie(scope), self.access.token, httponly=True, samesite="strict", path="/")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        """Refuse a request without the token. Raises Unauthorized."""
        if not self.access.token:
            return
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        cookie = cookie_parser(headers.get("cookie", "")).get(_cookie(scope), "")
        if not self._is_token(cookie) and not (kind.lower() == "bearer" and self._is_token(bearer.strip())):
            raise Unauthorized

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "surrogateescape"), self.access.token.encode())


def _cookie(scope: Scope) -> str:
    """The name of the cookie: browsers send a cookie to all ports of a host."""
    server = scope.get("server")
    return f"kg-{server[1] if server else 0}"


def _host_name(host: str) -> str:
    """The name in a header Host, without the port and brackets; empty if it cannot be read."""
    match = _HOST.fullmatch(host)
    return (match["address"] or match["name"]).lower() if match else ""


def _is_address(name: str) -> bool:
    """Whether a name is an IP address, which no other server can have resolved to it."""
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _logged(send: Send, scope: Scope, log: Callable[[str], None]) -> Send:
    """Report the status of a request, without its parameters: they have queries and tokens."""
    began = monotonic()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            seconds = monotonic() - began
            log(f"{scope['method']} {scope['path'][:_SHOWN]} {message['status']} ({seconds * 1000:.0f} ms)")
        await send(message)

    return sending


def _with_headers(send: Send, shared: Mapping[str, str]) -> Send:
    """Add the headers of every answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in shared.items():
                headers[name] = value
            for name, value in _PROTECTING.items():
                headers.setdefault(name, value)
            if shared:
                headers.add_vary_header("Origin")
        await send(message)

    return sending
