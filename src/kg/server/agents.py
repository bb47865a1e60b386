"""`/mcp`: agents ask by the Model Context Protocol over HTTP. No request knows of another; workers make the answers."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from kg.mcp.agent_vault import AgentVault
from kg.mcp.checking import KEPT_CHECKS
from kg.mcp.fresh_vault import UNREAD
from kg.server.pages.writing import open_vault
from kg.server.served_vault import ServedVault, served_vault
from kg.server.worker import Opened

if TYPE_CHECKING:  # the SDK is an extra
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

_ABSENT = "agents cannot ask here: /mcp needs {}, which is not installed: pip install 'kg-notes[mcp]'\n"


def routes() -> list[BaseRoute]:
    """The address for agents."""
    return [Route("/mcp", AgentsEndpoint())]


class AgentsEndpoint:
    """Answers agents. What the SDK needs is imported, and started, with the first request."""

    def __init__(self) -> None:
        self._manager: StreamableHTTPSessionManager | None = None
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        if request.method != "POST":  # nothing is sent unasked, and there is no session to end
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        try:
            manager = await self._started(served_vault(request))
        except ModuleNotFoundError as error:
            await PlainTextResponse(_ABSENT.format(error.name), 404)(scope, receive, send)
            return
        await manager.handle_request(scope, receive, send)

    async def _started(self, served: ServedVault) -> "StreamableHTTPSessionManager":
        """The SDK's manager of requests. Raises ModuleNotFoundError."""
        async with self._starting:
            if self._manager is None:
                manager = await asyncio.to_thread(_manager, served)
                running = asyncio.Event()
                self._task = asyncio.create_task(_run(manager, served, running))
                await running.wait()
                self._manager = manager
        return self._manager


def _manager(served: ServedVault) -> "StreamableHTTPSessionManager":
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from kg.mcp.protocol import LONG, server

    async def ask(work: Callable[..., Any], *arguments: Any, is_long: bool = False) -> Any:
        seconds = served.serving.limits.seconds * (LONG if is_long else 1)
        remark = UNREAD if served.problem else ""
        with served.generation() as generation:
            return await served.ask(generation, asked_by_agent, remark, work, arguments, seconds=seconds)

    size = served.serving.limits.request_bytes
    return StreamableHTTPSessionManager(server(ask), json_response=True, stateless=True, max_request_body_size=size)


async def _run(manager: "StreamableHTTPSessionManager", served: ServedVault, running: asyncio.Event) -> None:
    """Keep the manager until the server closes."""
    with contextlib.suppress(asyncio.CancelledError):
        async with manager.run():
            running.set()
            await served.closing.wait()


def asked_by_agent(opened: Opened, remark: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a function of the tools answers, in a worker."""
    vault: AgentVault = opened.kept.setdefault("agents", AgentVault(open_vault(opened), KEPT_CHECKS))
    vault.remark = remark
    return work(vault, *arguments)
