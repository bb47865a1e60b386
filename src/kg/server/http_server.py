"""Run the application: sockets, limits on connections, and an end within a second."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from kg.core.errors import KgError
from kg.server.app import started
from kg.server.served_vault import ServedVault
from kg.server.settings import ServingLimits

_HEAD = 1 << 16
"""The size of the head of a request, in bytes."""
_BACKLOG = 512
_TRIED = 100


class PortInUse(KgError):
    """Another program listens on the port."""

    def __init__(self, port: int, free: int) -> None:
        way_out = f"port {free} is free: --port {free}" if free else "choose another with --port"
        super().__init__(f"port {port} is in use by another program; {way_out}")


def listening(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on a port: for this machine alone, over IPv4 and IPv6, unless a host is named.

    Raises PortInUse, KgError.
    """
    hosts = [host] if host else ["127.0.0.1", "::1"]
    sockets: list[socket.socket] = []
    for name in hosts:
        try:
            sockets.append(_listening(name, sockets[0].getsockname()[1] if sockets else port))
        except UnicodeError as error:
            raise KgError("the host is no name: --host takes an address of this machine") from error
        except OSError as error:
            if sockets and name == "::1":  # a machine without IPv6
                continue
            if isinstance(error, socket.gaierror):
                raise KgError(f"the host {name} is not known: --host takes an address of this machine") from error
            if _is_taken(error):
                raise PortInUse(port, _free(name, port)) from error
            raise KgError(f"{name} port {port} cannot be opened: {error.strerror}") from error
    return sockets


def _listening(host: str, port: int) -> socket.socket:
    family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    opened = socket.socket(family, kind, number)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _is_taken(error: OSError) -> bool:
    import errno

    return error.errno == errno.EADDRINUSE


def _free(host: str, port: int) -> int:
    """The next port that nobody uses; 0 if there is none nearby."""
    for other in range(port + 1, min(port + _TRIED, 1 << 16)):
        try:
            _listening(host, other).close()
        except OSError:
            continue
        return other
    return 0


class _Protocol(H11Protocol):
    """HTTP/1.1 with limits on connections, and on the time in which a client must send and take something."""

    limits = ServingLimits()
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _since: float = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(self.limits.idle, self._late)
        if len(self.connections) > self.limits.connections:
            self._idlest().transport.abort()

    def _idlest(self) -> "_Protocol":
        """The connection that waits longest without a request; this one, if all others are answered."""
        others = (other for other in self.connections if isinstance(other, _Protocol) and other is not self)
        idle = (other for other in others if other.cycle is None or other.cycle.response_complete)
        return min(idle, key=lambda other: other._since, default=self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_time()
        if self._stalled:
            self._stalled.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._on_time()
        elif self._deadline is None and (before is None or before.response_complete):
            self._deadline = self.loop.call_later(self.limits.idle, self._late)  # a second request begins slowly

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.idle, self._late)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled:
            self._stalled.cancel()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.limits.idle, self._late)  # a client that takes nothing keeps a closed connection

    def _on_time(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self.transport.abort()


class _Server(uvicorn.Server):
    """A server that ends all streams when it ends."""

    def __init__(self, config: uvicorn.Config, served: ServedVault) -> None:
        super().__init__(config)
        self._session = served
        self.interrupted = False

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._session.failure is not None

    def handle_exit(self, sig: int, frame: Any) -> None:
        self.should_exit = True
        self.interrupted = sig == signal.SIGINT
        self._session.stop()


def run(app: Starlette, served: ServedVault, sockets: Sequence[socket.socket], ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. `ready` is called when the first request can be answered. Raises KgError."""

    class Protocol(_Protocol):
        limits = served.serving.limits

    async def answering() -> None:
        async with started(served):
            ready()
            await server.serve(list(sockets))

    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=True,  # a proxy on this machine may say that its client came by https
        forwarded_allow_ips=["127.0.0.1", "::1"],
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=0,
        h11_max_incomplete_event_size=_HEAD,
    )
    server = _Server(config, served)
    asyncio.run(answering())
    if served.failure:
        raise served.failure
    if server.interrupted:
        raise KeyboardInterrupt
