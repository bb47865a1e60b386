"""Replies whose body comes from a worker. A body that breaks off is seen to have broken off, never silently short."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import IO, Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from kg.core.errors import KgError
from kg.server.frames import DATA
from kg.server.pool import Call
from kg.server.refusals import AnswerTooLarge, headers_of, sentence, status_of
from kg.server.served_vault import Generation, served_vault
from kg.server.settings import ServingLimits

Result = TypeVar("Result")
_AT_ONCE = 1 << 20
"""The bytes up to which an answer is sent whole, with its length."""
_MOST_WHOLE = 100_000_000
"""The bytes of the longest answer that is kept to be sent whole."""
_PIECE = 1 << 16
_SLOWEST = 20_000
"""The bytes a second that a client must take of an answer, so that it holds no worker for long."""


async def unless_gone(request: Request, work: Awaitable[Result]) -> Result:
    """The result of some work, which ends at once if the client goes. Raises ClientDisconnect."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        for task in (working, gone):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await working


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def asked(request: Request, generation: Generation, work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function of a module that a worker calls with an open generation. Raises its exceptions."""
    return await unless_gone(request, served_vault(request).ask(generation, work, *arguments))


async def streamed(
    request: Request, generation: Generation, work: Callable[..., Any], *arguments: Any, headers: Mapping[str, str]
) -> Response:
    """The reply with what a function writes to an Outlet; it begins with the media type. Raises its exceptions."""
    served, stack = served_vault(request), contextlib.AsyncExitStack()
    async with contextlib.AsyncExitStack() as unsent:
        unsent.push_async_callback(stack.aclose)
        stack.enter_context(served.hold(generation))
        call = await unless_gone(request, stack.enter_async_context(served.stream(generation, work, *arguments)))
        body = unsent.enter_context(SpooledTemporaryFile(_AT_ONCE))  # noqa: SIM115 - the stack closes it
        media_type = await unless_gone(request, _begun(call, body, is_whole=request.scope["http_version"] == "1.0"))
        if call.is_over:
            await stack.aclose()  # the worker is free for others while the client takes the answer
        return Streamed(call, body, unsent.pop_all(), {**headers, "Content-Type": media_type}, served.serving.limits)


async def _begun(call: Call, body: IO[bytes], *, is_whole: bool) -> str:
    """Read the beginning of an answer; return its media type.

    HTTP/1.0 shows only by a length that an answer is complete, so it must be whole.
    """
    media_type = str(await call.head())
    while not call.is_over and (is_whole or body.tell() < _AT_ONCE):
        if (frame := await call.frame()).kind == DATA:
            body.write(frame.data)
        if body.tell() > _MOST_WHOLE:
            raise AnswerTooLarge(_MOST_WHOLE, "bytes, which is too long for HTTP/1.0")
    return media_type


def refusal(error: KgError) -> JSONResponse:
    """The answer to a script that cannot have what it asks for: one sentence."""
    return JSONResponse({"error": sentence(error)}, status_of(error), headers_of(error))


class Streamed(Response):
    """A reply whose body a worker writes."""

    def __init__(
        self,
        call: Call,
        body: IO[bytes],
        stack: contextlib.AsyncExitStack,
        headers: Mapping[str, str],
        limits: ServingLimits,
    ) -> None:
        super().__init__(None, 200, {**headers, "Content-Length": str(body.tell())})
        if not call.is_over:
            del self.headers["Content-Length"]
        self._call, self._body, self._stack, self._limits = call, body, stack, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply. If the worker fails, the exception makes the server close the connection at once."""
        async with self._stack:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                await self._send(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send) -> None:
        """Send the body, as long as the client takes it. Raises TimeoutError."""
        began, sent = monotonic(), 0
        async for data in self._data():
            left = self._limits.idle + self._limits.seconds + sent / _SLOWEST - (monotonic() - began)
            before = monotonic()
            async with asyncio.timeout(min(self._limits.idle, max(0.0, left))):
                await send({"type": "http.response.body", "body": data, "more_body": True})
            sent += len(data)
            self._call.paused += monotonic() - before

    async def _data(self) -> AsyncIterator[bytes]:
        self._body.seek(0)
        while data := self._body.read(_PIECE):
            yield data
        while not self._call.is_over:
            if (frame := await self._call.frame()).kind == DATA:
                yield frame.data
