"""The workers of a server: a few processes, each of which answers one question at a time."""

import asyncio
import contextlib
import pickle
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from kg.core.errors import KgError
from kg.core.fork_server import ForkServer
from kg.server.frames import ASK, END, FAILED, MessageFrame, packed, receive
from kg.server.refusals import Busy, Late, NestedTooDeeply, TooMuchMemory
from kg.server.settings import ServingLimits
from kg.server.worker import GenerationPlace, WorkerQuestion

WORKER = 0
"""The index of the work of workers in the fork server."""
_ENDURANCE = 1_000
"""The questions after which a worker is replaced: its memory may have become scattered."""
_SEGMENTATION_FAULT = -11


@dataclass
class Worker:
    """A process that answers questions."""

    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    place: GenerationPlace | None = None
    asked: int = 0

    @classmethod
    async def start(cls, forks: ForkServer) -> "Worker":
        """Start a worker. Raises KgError."""
        pid, connection = forks.start(WORKER)
        connection.setblocking(False)
        try:
            return cls(pid, *await _streams(connection))
        except BaseException:
            connection.close()
            forks.end(pid)
            raise

    async def ask(self, question: WorkerQuestion) -> None:
        """Send a question."""
        self.place = question.place
        self.asked += 1
        self.writer.write(packed(ASK, pickle.dumps(question)))
        await self.writer.drain()


async def _streams(connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(sock=connection)


@dataclass
class Pool:
    """Workers, started when they are needed."""

    forks: ForkServer
    limits: ServingLimits
    _idle: list[Worker] = field(default_factory=list)
    _busy: set[int] = field(default_factory=set)
    is_closed: bool = False
    _waiting: int = 0

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.limits.at_once)

    @contextlib.asynccontextmanager
    async def call(self, question: WorkerQuestion, seconds: float | None = None) -> "AsyncIterator[Call]":
        """Ask a question; its worker ends if the context ends before the answer does. Raises Busy, KgError."""
        await self._wait()
        call = None
        try:
            worker = self._living() or await Worker.start(self.forks)
            self._busy.add(worker.pid)
            call = Call(self, worker, self.limits.seconds if seconds is None else seconds)
            with contextlib.suppress(ConnectionError):  # it has just died: the call says why
                await worker.ask(question)
            yield call
        finally:
            self._free.release()
            if call:
                self._put_back(call)

    def _living(self) -> Worker | None:
        """An idle worker; None if there is none. Those that the system has killed meanwhile are left out."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.reader.at_eof():
                return worker
            self._busy.add(worker.pid)
            self.end(worker)
        return None

    async def _wait(self) -> None:
        """Wait for a free worker. Raises Busy."""
        if self._free.locked() and self._waiting >= self.limits.waiting:
            raise Busy
        self._waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), self.limits.patience)
        except TimeoutError:
            raise Busy from None
        finally:
            self._waiting -= 1

    def _put_back(self, call: "Call") -> None:
        worker = call.worker
        if call.is_over and not call.is_spoilt and worker.asked < _ENDURANCE and not self.is_closed:
            self._busy.discard(worker.pid)
            self._idle.append(worker)
        else:
            self.end(worker)

    def end(self, worker: Worker) -> int:
        """End a worker; return its exit code. Later calls return 0."""
        worker.writer.transport.abort()
        if worker.pid not in self._busy:
            return 0
        self._busy.discard(worker.pid)
        return self.forks.end(worker.pid)

    async def warm(self, place: GenerationPlace) -> None:
        """Have the idle workers open a generation, so that they let go of the one before."""
        for _ in range(sum(worker.place != place for worker in self._idle)):
            if self._idle and not self._free.locked():
                self._idle.sort(key=lambda worker: worker.place == place)
                self._idle.append(self._idle.pop(0))
                with contextlib.suppress(KgError):
                    async with self.call(WorkerQuestion(place, touch)) as call:
                        await call.result()

    def close(self) -> None:
        """End the idle workers; the others end with their calls, or with the fork server."""
        self.is_closed = True
        for worker in self._idle:
            self._busy.add(worker.pid)
            with contextlib.suppress(KgError):
                self.end(worker)
        self._idle.clear()


def touch(opened: Any) -> int:
    """Open the store, in a worker."""
    return len(opened.store)


@dataclass
class Call:
    """A question that a worker is answering."""

    pool: Pool
    worker: Worker
    seconds: float
    is_over: bool = False
    is_spoilt: bool = False
    """Whether the worker has exhausted its memory or its stack, and can answer nothing else."""
    began: float = field(default_factory=monotonic)
    paused: float = 0.0
    """The seconds in which the client took the answer, which count for no limit of the worker."""

    async def result(self) -> Any:
        """The result of a function that does not stream. Raises its exception, KgError."""
        return (await self.frame()).value()

    async def head(self) -> Any:
        """What a streaming function begins with. Raises its exception, KgError."""
        return (await self.frame()).value()

    async def frame(self) -> MessageFrame:
        """The next message of the worker. Raises the exception of the function, Late, KgError."""
        left = self.began + self.paused + self.seconds - monotonic()
        try:
            frame = await asyncio.wait_for(receive(self.worker.reader), max(0.0, left))
        except TimeoutError:
            self.pool.end(self.worker)
            raise Late(self.seconds) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            code = self.pool.end(self.worker)
            raise (NestedTooDeeply() if code == _SEGMENTATION_FAULT else TooMuchMemory()) from None
        self.is_over = frame.kind in {END, FAILED}
        if frame.kind == FAILED:
            error = frame.value()
            self.is_spoilt = isinstance(error, TooMuchMemory | NestedTooDeeply)
            raise error
        return frame
