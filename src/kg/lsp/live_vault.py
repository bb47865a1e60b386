"""A vault that editors have open: what is typed is checked at once, and the whole vault once typing rests.

Three threads work beside the one with the connection: one answers questions and takes edits, in the order in which they
come; one brings the store up to date and validates; one waits for changes on the disk.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from kg.config import Config, recorded
from kg.core.errors import InternalError, KgError, StoreBusy
from kg.core.findings import Finding, Severity
from kg.ingestion.following import follow
from kg.ingestion.report import Report
from kg.ingestion.snapshot import Held
from kg.lsp.code_pages import CodePages
from kg.lsp.completion import prepare
from kg.lsp.diagnostics import DiagnosticMaker, FileDiagnostics
from kg.lsp.symbols import prepare_symbols
from kg.session.session import Session
from kg.session.vault_state import VaultState

Result = TypeVar("Result")
_QUIET, _LONGEST_QUIET = 0.05, 1.0
"""The least and the most seconds without an edit after which the vault is validated."""
_SHARE = 0.25
"""That time as a share of what the last validation took: while it works, answers take longer."""
_KEPT = 300.0
"""The seconds after which an overlay is marked as in use again."""
_PATIENCE, _PAUSE = 60.0, 0.25
"""How long another process may hold the store at the start, and the pause between two tries, in seconds."""


@dataclass(frozen=True)
class Listener:
    """What is called in the thread with the connection when something has changed."""

    edited: Callable[["LiveVault", str, FileDiagnostics], None]
    """A note has been edited: its path and its diagnostics."""
    validated: Callable[["LiveVault"], None]
    """The vault has been validated: `diagnostics` has the new ones."""
    problem: Callable[[str], None]
    """The notes cannot be read now."""


def _reported(work: Callable[..., Result], *arguments: object) -> Result:
    """The result of a function. Raises KgError for an unforeseen error too, after which the vault is followed on."""
    try:
        return work(*arguments)
    except KgError:
        raise
    except Exception as error:
        raise InternalError(error) from error


@dataclass
class LiveVault:
    """A vault that is followed. `start` begins, and `close` ends all."""

    config: Config
    encoding: str
    severity: Severity
    listener: Listener
    diagnostics: Mapping[str, FileDiagnostics] = field(default_factory=dict)
    """The diagnostics of all files with any, by path."""
    versions: dict[str, int | None] = field(default_factory=dict)
    """The versions of the open notes, by path."""

    def __post_init__(self) -> None:
        self.session = Session(self.config, severity=self.severity)
        self.opened = asyncio.Event()
        self.changed = asyncio.Event()
        """Set when the vault has been validated again; there is another one then."""
        self.first = asyncio.Event()
        """Set once the vault has been validated, or cannot be opened."""
        self.failure = ""
        """Why the vault cannot be opened."""
        self._loop = asyncio.get_running_loop()
        self._asking = ThreadPoolExecutor(1, "kg-ask")
        self._working = ThreadPoolExecutor(1, "kg-work")
        self._dirty = asyncio.Event()
        self._ended = threading.Event()
        self._edits = 0
        self._took = 0.0
        self._pages: CodePages | None = None
        self._made: dict[str, tuple[tuple[tuple[Finding, ...], str], FileDiagnostics]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    # ---- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the vault, validate it, and follow it."""
        self._tasks = [asyncio.create_task(self._run())]

    async def _run(self) -> None:
        try:
            await self._in(self._working, _reported, self._open)
        except KgError as error:
            self.failure = str(error)
            self.listener.problem(f"kg cannot open {self.config.vault}: {error}")
            self.opened.set()
            self.first.set()
            return
        self.opened.set()
        threading.Thread(target=self._follow, name="kg-follow", daemon=True).start()
        self._dirty.set()
        while True:
            await self._dirty.wait()
            await self._rested()
            self._dirty.clear()
            await self._validated()

    def _open(self) -> None:
        """Open the session; while another process writes the store, try again."""
        self.session.warm()
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self.session.open()
                break
            except StoreBusy:
                if time.monotonic() > until or self._ended.is_set():
                    raise
                time.sleep(_PAUSE)
        self._pages = CodePages(self.session.config)

    async def close(self) -> None:
        """End all threads and processes of the vault."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """End all threads and processes of the vault, when the loop runs no longer."""
        self._ended.set()
        for executor in (self._working, self._asking):
            executor.shutdown(cancel_futures=True)
        self.session.close()
        if self._pages:
            self._pages.close()

    # ---- questions and edits -----------------------------------------------------------------------------------------

    async def ask(self, question: Callable[[VaultState], Result], *, is_long: bool = False) -> Result:
        """The answer of a function of the vault at this moment, after all edits so far; other questions wait for it.

        They do not wait for a long one. Raises KgError.
        """
        await self.opened.wait()
        if self.failure:
            raise KgError(self.failure)
        if is_long:
            await self._in(self._asking, int)  # after the edits so far
        return await self._in(self._working if is_long else self._asking, self._asked, question)

    def _asked(self, question: Callable[[VaultState], Result]) -> Result:
        with self.session.state() as state:
            return question(state)

    def edit(self, path: str, text: str, version: int | None) -> None:
        """Take the text of an open note, in a vault that has been opened; what is asked later is about this text."""
        self.versions[path] = version
        self._edits += 1
        self._later(self._checked_later(path, version, self._in(self._asking, self._take, path, text, version)))

    def _take(self, path: str, text: str, version: int | None) -> None:
        if self.versions.get(path) == version:  # else it has been edited again, or closed
            self.session.edit(path, text)

    async def _checked_later(self, path: str, version: int | None, taken: Awaitable[None]) -> None:
        await taken
        self._dirty.set()
        if self.versions.get(path) == version:
            made = await self._in(self._asking, self._checked, path)
            if self.versions.get(path) == version:
                self.listener.edited(self, path, made)

    def shut(self, path: str) -> None:
        """Take the file again as what a note says, since no editor has it open."""
        self.versions.pop(path, None)
        self._edits += 1
        self._later(self._checked_without(self._in(self._asking, self.session.drop, path)))

    async def _checked_without(self, dropped: Awaitable[None]) -> None:
        await dropped
        self._dirty.set()

    async def check(self, path: str) -> FileDiagnostics:
        """The diagnostics of a note as it is now."""
        await self.opened.wait()
        if self.failure:
            raise KgError(self.failure)
        return await self._in(self._asking, self._checked, path)

    def _checked(self, path: str) -> FileDiagnostics:
        with self.session.state() as state:
            return self._maker(state).of_file(path, self.session.check(path))

    def _maker(self, state: VaultState) -> DiagnosticMaker:
        pages = self._pages.uris if self._pages else {}
        return DiagnosticMaker(state, self.encoding, pages, self.session.validated.validation.of_project)

    def _later(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    def _in(self, executor: Executor, work: Callable[..., Result], *arguments: object) -> Awaitable[Result]:
        """Call a function in a thread; calls begin in the order in which this is called."""
        return self._loop.run_in_executor(executor, work, *arguments)

    # ---- the whole vault ---------------------------------------------------------------------------------------------

    async def _rested(self) -> None:
        """Wait until nobody has typed for a moment."""
        edits, quiet = -1, min(max(_QUIET, _SHARE * self._took), _LONGEST_QUIET)
        while edits != self._edits:
            edits = self._edits
            await asyncio.sleep(quiet)

    async def _validated(self) -> None:
        """Validate the vault with its drafts, and tell what is new."""
        begun = time.monotonic()
        try:
            self.diagnostics = await self._in(self._working, _reported, self._validate)
        except KgError as error:
            self.listener.problem(str(error))
            return
        self._took = time.monotonic() - begun
        self.first.set()
        self.changed.set()
        self.changed = asyncio.Event()
        self.listener.validated(self)
        if not self._dirty.is_set():
            with suppress(KgError):  # the next validation says why
                await self._in(self._working, _reported, self._prepare)

    def _validate(self) -> Mapping[str, FileDiagnostics]:
        self.session.validate()
        validated = self.session.validated
        with self.session.state() as state:
            maker, made, digests = self._maker(state), {}, state.recorded.digests if state.recorded else {}
            for path, findings in validated.findings.items():
                known, key = self._made.get(path), (findings, digests.get(path, ""))
                is_same = known and known[0] == key and path in digests and path not in state.drafts
                made[path] = (key, known[1] if known and is_same else maker.of_file(path, findings))
        self._made = made
        return {path: diagnostics for path, (_, diagnostics) in made.items()}

    def _prepare(self) -> None:
        """Make what the next question and the next edit would wait for."""
        with self.session.state() as state:
            prepare(state)
            prepare_symbols(state.steady)
        self.session.remember()
        self.session.settle()

    # ---- the disk ----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Bring in what changes on the disk, for as long as the vault is open."""
        kept = time.monotonic()
        try:
            for followed in follow(self._settings, self._refreshed, Path.cwd()):
                if self._ended.is_set():
                    return
                if followed.error:
                    self._call(partial(self.listener.problem, str(followed.error)))
                if followed.report:
                    self._call(self._dirty.set)
                if time.monotonic() > kept + _KEPT:
                    self.session.keep()
                    kept = time.monotonic()
        except (KgError, RuntimeError, CancelledError) as error:  # the last two, of an executor that is shut down
            if not self._ended.is_set():
                self._call(partial(self.listener.problem, str(error)))

    def _settings(self) -> Config:
        return recorded(self.config.vault, self.config.store)

    def _refreshed(self, config: Config, held: Held | None) -> Report:
        edited = held.edited if held else None
        future: Future[Report] = self._working.submit(_reported, self.session.refresh, config, edited)
        return future.result()

    def _call(self, work: Callable[[], None]) -> None:
        if not self._ended.is_set():
            self._loop.call_soon_threadsafe(work)
