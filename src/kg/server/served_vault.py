"""What a server serves: the published generation, the workers that answer about it, and the process that follows it."""

import asyncio
import contextlib
import hashlib
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.config import Config
from kg.core.errors import KgError, StoreError
from kg.core.fork_server import Begin, Forked, ForkServer, nothing
from kg.server.checking import CheckedGeneration, GenerationToCheck, check_notes
from kg.server.follower import Followed, follow_notes
from kg.server.frames import DATA, packed, receive
from kg.server.pool import Call, Pool
from kg.server.settings import Serving
from kg.server.worker import GenerationPlace, WorkerQuestion, answer_questions
from kg.store.store import Published

if TYPE_CHECKING:  # the follower begins before the libraries of the server are imported
    from starlette.requests import Request

_FOLLOWER, _CHECKER = 1, 2
_RESTART = 1.0
"""The seconds until a follower that has crashed is started again."""
_QUIET = 0.5
"""The seconds without another generation after which one is checked."""


@dataclass
class Generation:
    """A published generation that is held: a request that begins with it ends with it."""

    config: Config
    published: Published
    users: int = 0
    kept: dict[str, Any] = field(default_factory=dict)
    """What is computed once a generation, in the server."""

    @property
    def number(self) -> int:
        """The number of the generation."""
        return self.published.manifest.generation

    @property
    def digest(self) -> str:
        """A digest that no other generation has, for entity tags."""
        return hashlib.sha256(f"{self.published.path} {self.published.stamp}".encode()).hexdigest()[:16]

    @property
    def place(self) -> GenerationPlace:
        """The place of the generation, for workers."""
        return GenerationPlace(self.published.path, self.published.name, self.config, self.is_redacted)

    @property
    def is_redacted(self) -> bool:
        """Whether private notes are left out, in a copy of the store."""
        return self.published.path != self.config.store


class ServedVault:
    """What a server serves. `start` needs a running loop; `close` ends all processes."""

    def __init__(
        self,
        serving: Serving,
        *,
        notice: Callable[[str], None] = lambda text: None,
        log: Callable[[str], None] | None = None,
        prepare: Callable[[], None] = nothing,
        begin: Begin | None = None,
    ) -> None:
        self.serving = serving
        self.notice = notice
        self.log = log
        limits = serving.limits
        self._forks = ForkServer(
            [
                partial(answer_questions, memory=limits.memory, answer_bytes=limits.answer_bytes),
                partial(follow_notes, serving=serving, cwd=Path.cwd()),
                partial(check_notes, serving=serving),
            ],
            prepare,
            begin,
        )
        self._begun: Forked | None = self._forks.start(_FOLLOWER)
        self._current: Generation | None = None
        self._problem = ""
        self.failure: KgError | None = None
        """Why the server cannot go on."""
        self._tasks: list[asyncio.Task[None]] = []
        self._follower: asyncio.StreamWriter | None = None
        self.checked = CheckedGeneration("")
        """The generation that was checked last."""
        self.listeners = 0
        """The number of open streams of events."""

    # ---- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start to follow the notes, and wait until the store is up to date. Raises KgError."""
        self._loop = asyncio.get_running_loop()
        self.pool = Pool(self._forks, self.serving.limits)
        self.changed = asyncio.Condition()
        self.closing = asyncio.Event()
        self.at_length = asyncio.Semaphore(max(1, self.serving.limits.at_once // 2))
        ready = asyncio.Event()
        self._tasks = [asyncio.create_task(self._follow(ready))]
        await ready.wait()
        if self._current is None:
            raise StoreError(self._problem or "there is no store to serve")
        if self.serving.checks:
            self._tasks.append(asyncio.create_task(self._check()))

    def stop(self) -> None:
        """End all streams of events soon; a signal handler may call it."""
        self._loop.call_soon_threadsafe(self.closing.set)
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._tell()))

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def close(self) -> None:
        """End all streams of events and all processes."""
        self.closing.set()
        await self._tell()
        for task in self._tasks:
            task.cancel()
        self.pool.close()
        self._forks.close()
        if self._current:
            self._current.published.release()

    # ---- the generation --------------------------------------------------------------------------------------------

    @property
    def current(self) -> Generation:
        """The latest generation. Raises StoreError."""
        if self._current is None:
            raise StoreError(self._problem or "there is no store yet")
        return self._current

    @property
    def problem(self) -> str:
        """Why the notes cannot be read now; empty if they can."""
        return self._problem

    @contextlib.contextmanager
    def generation(self) -> Iterator[Generation]:
        """Hold the latest generation, so that everything in the context is about one state of the notes."""
        with self.hold(self.current) as generation:
            yield generation

    @contextlib.contextmanager
    def hold(self, generation: Generation) -> Iterator[Generation]:
        """Hold a generation that is held already, for longer."""
        generation.users += 1
        try:
            yield generation
        finally:
            generation.users -= 1
            self._let_go(generation)

    def _let_go(self, generation: Generation) -> None:
        """Release a generation that nobody uses any longer."""
        if generation is self._current or generation.users:
            return
        generation.published.release()
        if self._follower and generation.is_redacted:
            self._follower.write(packed(DATA, pickle.dumps(generation.published.path)))

    async def _follow(self, ready: asyncio.Event) -> None:
        """Follow the notes for as long as the server runs."""
        while True:
            try:
                pid, connection = self._begun or self._forks.start(_FOLLOWER)
            except KgError as error:  # without its processes, the server cannot go on
                self.failure = error
                ready.set()
                return
            self._begun = None
            connection.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=connection)
            self._follower = writer
            try:
                while True:
                    await self._take((await receive(reader)).value())
                    ready.set()
            except (asyncio.IncompleteReadError, ConnectionError):
                self._report("the process that reads the notes has crashed")
                ready.set()
            finally:
                self._follower = None
                writer.close()
                with contextlib.suppress(KgError):
                    self._forks.end(pid, gently=True)
            await asyncio.sleep(_RESTART)

    def _report(self, problem: str) -> None:
        """Keep what is wrong with the notes, and say it once."""
        if problem and problem != self._problem and self._current:  # else `start` says it
            self.notice(f"{problem}; the last good state stays")
        self._problem = problem

    async def _take(self, followed: Followed) -> None:
        """Serve another generation."""
        if followed.store is None:
            self._report(followed.problem)
            return
        try:
            published = Published(followed.store)
        except StoreError as error:
            self._report(followed.problem or str(error))
            return
        before, self._current = self._current, Generation(followed.config, published)
        self._report(followed.problem)
        if before:
            self._let_go(before)
        await self._tell()
        await self.pool.warm(self._current.place)

    # ---- checks ----------------------------------------------------------------------------------------------------

    async def _check(self) -> None:
        """Check each generation, for as long as the server runs; of several that come meanwhile, only the last."""
        while True:
            try:
                await self._check_with(self._forks.start(_CHECKER))
            except (asyncio.IncompleteReadError, ConnectionError, KgError):
                self.checked = CheckedGeneration(self.current.published.stamp, "the process that checks them has ended")
                await self._tell()
            await asyncio.sleep(_RESTART)

    async def _check_with(self, checker: Forked) -> None:
        """Check generations in a process, until it ends. Raises IncompleteReadError, ConnectionError, KgError."""
        checker.connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=checker.connection)
        try:
            while True:
                generation = await self._unchecked()
                wanted = GenerationToCheck(generation.config, generation.published.stamp)
                writer.write(packed(DATA, pickle.dumps(wanted)))
                self.checked = (await receive(reader)).value()
                await self._tell()
        finally:
            writer.close()
            with contextlib.suppress(KgError):
                self._forks.end(checker.pid)

    async def _unchecked(self) -> Generation:
        """Wait for a generation that is not checked yet, and until none follows it for a moment."""
        while True:
            async with self.changed:
                await self.changed.wait_for(lambda: self._is_unchecked(self.current))
            generation = self.current
            await asyncio.sleep(_QUIET)
            if generation is self.current:
                return generation

    def _is_unchecked(self, generation: Generation) -> bool:
        return not generation.is_redacted and generation.published.stamp != self.checked.stamp

    # ---- questions -------------------------------------------------------------------------------------------------

    async def ask(
        self, generation: Generation, work: Callable[..., Any], *arguments: Any, seconds: float | None = None
    ) -> Any:
        """The result of a function of a module, which a worker calls with the open generation and the arguments.

        Raises what the function raises, Busy, Late, KgError.
        """
        async with self.pool.call(WorkerQuestion(generation.place, work, arguments), seconds) as call:
            return await call.result()

    @contextlib.asynccontextmanager
    async def stream(
        self, generation: Generation, work: Callable[..., Any], *arguments: Any, seconds: float | None = None
    ) -> AsyncIterator[Call]:
        """Call a function of a module that writes its answer to an Outlet. Raises Busy, KgError."""
        async with self.pool.call(WorkerQuestion(generation.place, work, arguments, streams=True), seconds) as call:
            yield call


def served_vault(request: "Request") -> ServedVault:
    """The served vault that a request is about."""
    served = request.app.state.served
    assert isinstance(served, ServedVault)
    return served
