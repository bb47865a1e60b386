"""Run work that may take too long, need too much memory or crash, so that it can be ended at any moment.

    supervised(run)                                       a whole command, in a fork
    guarded(lambda: answer(question), seconds=10, …)      one question, in a fork; its result is sent back
    with limited("the rule x", limits):                   a part of such work, with limits of its own

Oxigraph answers in native code that handles no signal, may plan for minutes, and crashes the process when memory or the
stack is exhausted. So the work runs in a fork, which costs a millisecond or two, not the hundred of a fresh Python (see
`child_process`, for work that a thread or another system may request). Its standard output is ours, without a detour.
The two processes share a page of memory, in which the work records its current step. So the parent can end the work in
time, and can name the step that crashed it.

Without fork, on Windows, `guarded` uses a thread: a time limit then ends the whole program, and memory is not limited.
"""

import contextlib
import mmap
import os
import select
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from types import FrameType
from typing import IO, NamedTuple, NoReturn, TypeVar

from kg.core.errors import INTERRUPTED, KgError, TimedOut
from kg.core.sandbox import close_network, end_with_parent
from kg.core.work_thread import WorkThread

Result = TypeVar("Result")
What = str | Callable[[], str]
"""The current work, as the subject of a sentence; a function if it is known only on request."""

_NEVER_BEGUN = "the process for the answer could not be started: {}"
_TOO_DEEP = "{} cannot be read: it is nested too deeply"
_GRACE = 2.0
"""The seconds in which late work may end by itself and clean up."""
_RESERVED = 500_000_000
"""The address space that allocators and the stacks of threads may reserve and never use, in bytes."""
_CLEANING = 3
"""The seconds of CPU time kept for that clean-up, if the system limits CPU time."""
_LOOK = 0.5
_PASS_ON, _STILL = 0.2, 5.0
"""The seconds after Ctrl-C until an interrupt is passed on, and until a process that is still running is killed."""
_PASSED_ON = (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


class OutOfMemory(KgError):
    """Work needed more memory than its limit."""

    def __init__(self, limit: int, what: str = "") -> None:
        needed = f"more than {limit / 1e9:g} GB of memory"
        if what:
            super().__init__(f"{what} needs {needed} (`max_memory` in kg.toml)")
        else:
            super().__init__(f"{needed} is needed (--memory, or `max_memory` in kg.toml)")


class _Page:
    """A page of memory that a process shares with its fork: the current work, and its limits."""

    _HEAD = struct.Struct("ddQH")
    _MOST = 1_000

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def write(self, doing: "Doing") -> None:
        """Record the current work."""
        text = doing.what.encode("utf-8", "backslashreplace")[: self._MOST]
        self._memory[self._HEAD.size : self._HEAD.size + len(text)] = text
        self._HEAD.pack_into(self._memory, 0, doing.deadline, doing.seconds, doing.memory, len(text))

    def read(self) -> "Doing":
        """Return the current work."""
        deadline, seconds, memory, size = self._HEAD.unpack_from(self._memory)
        text = self._memory[self._HEAD.size : self._HEAD.size + size]
        return Doing(text.decode("utf-8", "replace"), deadline, seconds, memory)


class Doing(NamedTuple):
    """The current work of a process and its limits, in seconds and bytes; 0 for no limit."""

    what: str = ""
    deadline: float = 0.0
    """When the parent must end it, by the monotonic clock."""
    seconds: float = 0.0
    memory: int = 0


_latest: What = ""
"""The work that was limited last in this process."""
_is_ours = False


def owns_process() -> bool:
    """Whether this process runs a command and nothing else, not a program that calls kg."""
    return _is_ours


class Limits(NamedTuple):
    """The limits of a piece of work: seconds, and bytes of memory."""

    seconds: float
    memory: int


_page: _Page | None = None
"""The page of this process, if a parent waits for it."""


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
def _alarm(what: What, seconds: float | None, page: _Page) -> Iterator[None]:
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
    _limit(resource.RLIMIT_AS, limit if before[0] == resource.RLIM_INFINITY else min(limit, before[0]))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def _in_use() -> int:
    """The address space of this process, in bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * mmap.PAGESIZE
    except OSError:
        return 0


# ---- one question ----------------------------------------------------------------------------------------------


def guarded(
    work: Callable[[], Result], *, seconds: float | None, memory: int, what: str = "", network: bool = False
) -> Result:
    """Run the work in a fork, within limits; return its result or raise its exception.

    The result must be picklable. Without `network` the work can open no socket. `what` names the work in the message
    that says why it ended. Raises TimedOut, OutOfMemory, KgError.
    """
    _flush()
    if not hasattr(os, "fork"):
        return _in_a_thread(work, seconds)
    page = _Page()
    page.write(Doing(what, memory=memory))
    answers, answer = os.pipe()
    alive, life = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise KgError(_NEVER_BEGUN.format(error.strerror)) from error
    if child == 0:
        os.close(answers)
        os.close(life)
        _answer(work, answer, alive, page, memory, network=network)
    os.close(answer)
    os.close(alive)
    try:
        with _ending_with_us(child):
            pickled = _read(answers, page, seconds)
    except BaseException:
        _end(child)
        raise
    finally:
        os.close(answers)
        os.close(life)
    return _outcome(pickled, _ended(child), page)


def _ended(child: int) -> int:
    """Wait for a process; return its exit code, or that of SIGXCPU if the system killed it for too much CPU time."""
    import resource

    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    limit = resource.getrlimit(resource.RLIMIT_CPU)[1]
    used = usage.ru_utime + usage.ru_stime
    return -signal.SIGXCPU if code == -signal.SIGKILL and 0 < limit <= used + _CLEANING else code


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


@contextlib.contextmanager
def _ending_with_us(child: int) -> Iterator[None]:
    """Kill the child before a signal ends this process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        _end(child)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    before = {number: signal.signal(number, end) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(answers: int, page: _Page, seconds: float | None) -> bytes:
    """Read the child's output until it ends. Raises TimedOut."""
    limit = None if seconds is None else monotonic() + seconds
    data = bytearray()
    while True:
        left = _LOOK if limit is None else max(0.0, min(_LOOK, limit - monotonic()))
        if not select.select([answers], [], [], left)[0]:
            _check_time(page)
            if limit is not None and monotonic() >= limit:
                raise TimedOut(seconds or 0)
            continue
        chunk = os.read(answers, 1 << 16)
        if not chunk:
            return bytes(data)
        data += chunk


def _check_time(page: _Page) -> None:
    """Raise TimedOut if a part of the work is past its deadline and has not ended by itself."""
    doing = page.read()
    if doing.deadline and monotonic() > doing.deadline:
        raise TimedOut(doing.seconds, doing.what)


def _outcome(said: bytes, status: int, page: _Page) -> "Result":  # type: ignore[type-var] # as pickled
    """Return the child's result or raise its exception; if it sent neither, raise the reason."""
    if not said:
        raise _died(status, page)
    import pickle

    result, error = pickle.loads(said)
    if error is None:
        return result  # type: ignore[no-any-return]
    now = page.read()
    if isinstance(error, RecursionError):  # pickling can raise it, too
        raise KgError(_TOO_DEEP.format(now.what or "this"))
    raise OutOfMemory(now.memory, now.what) if isinstance(error, MemoryError) else error


def _died(status: int, page: _Page) -> KgError:
    """The error for a process that ended unexpectedly."""
    work, _, _, memory = page.read()
    if status == -signal.SIGSEGV:
        return KgError(_TOO_DEEP.format(work or "this"))
    if status == -getattr(signal, "SIGXCPU", 0):
        return TimedOut(0, work or "this")
    if status in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGBUS} and memory:
        return OutOfMemory(memory, work)
    during = f" (while working on {work})" if work else ""
    return KgError(f"the worker process ended with exit code {status}{during}")


def _answer(
    work: Callable[[], object], answer: int, alive: int, page: _Page, memory: int, *, network: bool
) -> NoReturn:
    """Answer a question, as the forked process."""
    try:
        _become_child(alive, page, network=network)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        import resource

        _limit(resource.RLIMIT_AS, memory)
        pickled = _said(work)
        with os.fdopen(answer, "wb") as file:
            file.write(pickled)
    finally:
        os._exit(0)


def _become_child(alive: int, page: _Page, *, network: bool) -> None:
    """Set up a process that its parent waits for."""
    global _page  # noqa: PLW0603 - one per process
    _page = page
    end_with_parent()
    for number in _PASSED_ON:
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    stderr = os.dup(_file_of(sys.stderr, 2))
    sys.stderr = os.fdopen(stderr, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # the parent explains exhausted memory better than native code does
    os.close(null)
    import resource

    _limit(resource.RLIMIT_CORE, 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft == hard > _CLEANING:  # the system kills at the hard limit, and warns at the soft one
        _limit(resource.RLIMIT_CPU, hard - _CLEANING)
    if not network:
        close_network()


def _file_of(stream: IO[str], otherwise: int) -> int:
    """The file descriptor of a stream; `otherwise` if it has none, as in tests that replace it."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return otherwise


def _end_with(alive: int) -> None:
    """End this process when its parent has ended."""
    os.read(alive, 1)
    os._exit(1)


def _limit(kind: int, limit: int) -> None:
    import resource

    with contextlib.suppress(ValueError, OSError):  # a lower limit is already set, or the system has none
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))


def _said(work: Callable[[], object]) -> bytes:
    """Run the work and pickle its result or its exception."""
    import pickle

    try:
        result = work()
        sys.stdout.flush()
        return pickle.dumps((result, None))
    except BaseException as error:  # noqa: BLE001 - raised in the parent
        import traceback

        error.add_note("".join(traceback.format_exception(error)))
        try:
            pickle.loads(pickled := pickle.dumps((None, error)))
        except Exception:  # noqa: BLE001 - an error that cannot be pickled is sent as text
            return pickle.dumps((None, KgError(f"{type(error).__name__}: {error}")))
        return pickled


def _in_a_thread(work: Callable[[], Result], seconds: float | None) -> Result:
    """Run the work so that Ctrl-C and a time limit end the program at once."""
    thread = WorkThread(work, daemon=True)
    thread.start()
    try:
        waited = 0.0
        while thread.is_alive() and (seconds is None or waited < seconds):
            step = 0.2 if seconds is None else min(0.2, seconds - waited)
            thread.join(step)
            waited += step
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    if thread.is_alive():
        limit = TimedOut(seconds or 0)
        sys.stderr.write(f"kg: {limit}\n")
        os._exit(limit.exit_code)
    return thread.result()


# ---- a command -------------------------------------------------------------------------------------------------


def supervised(run: Callable[[], int]) -> int:
    """Run a whole command in a fork; return its exit code. Raises KgError if the fork crashed.

    So a note, an ontology or a query that crashes the process yields one sentence, and endless work can be ended (see
    `limited`). Signals are passed on to the fork, and it ends with this process.
    """
    global _is_ours  # noqa: PLW0603 - one per process
    _is_ours = True
    if not hasattr(os, "fork"):
        return run()
    _flush()
    page = _Page()
    alive, life = os.pipe()
    ended, end = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise KgError(f"the command could not be started: {error.strerror}") from error
    if child == 0:
        os.close(life)
        os.close(ended)
        _command(run, alive, page)
    os.close(alive)
    os.close(end)
    try:
        with _ending_with_us(child):
            status, interrupted = _wait(child, ended, page)
    except TimedOut:
        _end(child)
        raise
    return INTERRUPTED if interrupted and status < 0 else _exit_code(status, page)


def _command(run: Callable[[], int], alive: int, page: _Page) -> NoReturn:
    """Run a command, as the forked process."""
    code = 1
    try:
        _become_child(alive, page, network=True)
        code = run()
        _flush()
    finally:
        os._exit(code)


def _wait(child: int, ended: int, page: _Page) -> tuple[int, bool]:
    """Wait for a process; return its status, and whether it was interrupted. Raises TimedOut.

    Ctrl-C in a terminal reaches both processes. An interrupt that reaches this process alone is passed on, and a
    process that still does not end is killed.
    """
    steps = [(_PASS_ON, signal.SIGINT), (_STILL, signal.SIGKILL)]
    interrupted = 0.0
    while True:
        try:
            if select.select([ended], [], [], _PASS_ON if interrupted else _LOOK)[0]:
                return _ended(child), bool(interrupted)
            _check_time(page)
            if interrupted and steps and monotonic() > interrupted + steps[0][0]:
                os.kill(child, steps.pop(0)[1])
        except KeyboardInterrupt:
            if interrupted:
                os.kill(child, signal.SIGKILL)
            interrupted = monotonic()


def _exit_code(status: int, page: _Page) -> int:
    """The exit code of a command. Raises KgError if it crashed."""
    if status >= 0:
        return status
    if -status in _PASSED_ON or -status == signal.SIGINT:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    raise _died(status, page)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError, AttributeError):
            stream.flush()
