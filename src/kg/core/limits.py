"""Name a part of the work, and limit its time and memory, in a process that a parent can end.

    with limited("the rule x", limits):
        …

Oxigraph answers in native code that handles no signal, may plan for minutes, and crashes the process when memory or the
stack is exhausted. So work runs in forks (see `guard` and `supervision`). The part of the work and its deadline are in
the page that the fork shares with its parent: the parent can end the work in time, and can name the part that crashed.
"""

import contextlib
import mmap
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from types import FrameType
from typing import NamedTuple

from kg.core.errors import KgError, TimedOut

What = str | Callable[[], str]
"""The current work, as the subject of a sentence; a function if it is known only on request."""

_GRACE = 2.0
"""The seconds in which late work may end by itself and clean up."""
_RESERVED = 500_000_000
"""The address space that allocators and the stacks of threads may reserve and never use, in bytes."""


class OutOfMemory(KgError):
    """Work needed more memory than its limit."""

    def __init__(self, limit: int, what: str = "") -> None:
        needed = f"more than {limit / 1e9:g} GB of memory"
        if what:
            super().__init__(f"{what} needs {needed} (`max_memory` in kg.toml)")
        else:
            super().__init__(f"{needed} is needed (--memory, or `max_memory` in kg.toml)")


class Limits(NamedTuple):
    """The limits of a piece of work: seconds, and bytes of memory."""

    seconds: float
    memory: int


class Doing(NamedTuple):
    """The current work of a process and its limits, in seconds and bytes; 0 for no limit."""

    what: str = ""
    deadline: float = 0.0
    """When the parent must end it, by the monotonic clock."""
    seconds: float = 0.0
    memory: int = 0


class Page:
    """A page of memory that a process shares with its fork: the current work, and its limits."""

    _HEAD = struct.Struct("ddQH")
    _MOST = 1_000

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def write(self, doing: Doing) -> None:
        """Record the current work."""
        text = doing.what.encode("utf-8", "backslashreplace")[: self._MOST]
        self._memory[self._HEAD.size : self._HEAD.size + len(text)] = text
        self._HEAD.pack_into(self._memory, 0, doing.deadline, doing.seconds, doing.memory, len(text))

    def read(self) -> Doing:
        """Return the current work."""
        deadline, seconds, memory, size = self._HEAD.unpack_from(self._memory)
        text = self._memory[self._HEAD.size : self._HEAD.size + size]
        return Doing(text.decode("utf-8", "replace"), deadline, seconds, memory)


_latest: What = ""
"""The work that was limited last in this process."""
_page: Page | None = None
"""The page of this process, if a parent waits for it."""


def report_to(page: Page) -> None:
    """Record the work of this process in the page of its parent from now on."""
    global _page  # noqa: PLW0603 - one per process
    _page = page


@contextlib.contextmanager
def limited(what: What, limits: Limits | None = None) -> Iterator[None]:
    """Name a part of the work, and limit its time and memory. Raises TimedOut, OutOfMemory, which name it.

    Does nothing unless a parent waits for this process. The parent ends work that overruns its time and does not end by
    itself, because it is in native code.
    """
    global _latest  # noqa: PLW0603 - one per process
    page = _page
    if page is None:
        yield
        return
    seconds, memory = limits or (None, None)
    before = page.read()
    now = before._replace(what=_named(what), memory=memory or before.memory)
    if seconds:
        now = now._replace(seconds=seconds, deadline=monotonic() + seconds + _GRACE)
    page.write(now)
    _latest = what
    try:
        with _alarm(what, seconds, page), _address_space(memory):
            yield
    except TimedOut:
        raise  # the page keeps naming the late work: cleaning up may take too long as well
    except MemoryError as error:
        raise OutOfMemory(now.memory, _named(what)) from error
    except BaseException:
        page.write(before)
        raise
    page.write(before)


def set_current_work(what: str) -> None:
    """Name the current work, within the existing limits."""
    if _page is not None:
        _page.write(_page.read()._replace(what=what))


def out_of_memory() -> OutOfMemory:
    """The error for a MemoryError, with the name of the work; made once memory is free again."""
    return OutOfMemory(_page.read().memory if _page else 0, _named(_latest) or "this")


def _named(what: What) -> str:
    return what if isinstance(what, str) else what()


@contextlib.contextmanager
def _alarm(what: What, seconds: float | None, page: Page) -> Iterator[None]:
    """Raise TimedOut in this thread when the time is up; native code notices only when it returns.

    Also raise it near the system's own limit on CPU time.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        named = _named(what)
        late = seconds if number == signal.SIGALRM else 0.0
        page.write(page.read()._replace(what=named, deadline=monotonic() + _GRACE, seconds=late))
        raise TimedOut(late, named)

    handlers = {number: signal.signal(number, ring) for number in (signal.SIGALRM, signal.SIGXCPU)}
    began = monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (monotonic() - began)) if left else 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _address_space(memory: int | None) -> Iterator[None]:
    """Limit the address space to `memory` bytes more than are in use, where the system can."""
    if memory is None:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = _in_use() + memory + _RESERVED
    lower_limit(resource.RLIMIT_AS, limit if before[0] == resource.RLIM_INFINITY else min(limit, before[0]))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def limit_address_space(memory: int) -> None:
    """Limit the address space of this process for good, to `memory` bytes more than are in use."""
    import resource

    lower_limit(resource.RLIMIT_AS, _in_use() + memory + _RESERVED)


def _in_use() -> int:
    """The address space of this process, in bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * mmap.PAGESIZE
    except OSError:
        return 0


def lower_limit(kind: int, limit: int) -> None:
    """Lower a limit of the system on this process, where the system has it and it is not lower already."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
