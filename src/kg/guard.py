"""Work that may take too long or need too much memory, in a process of its own that can be ended at any moment.

    guarded(lambda: answer(question), seconds=10, memory=8_000_000_000)

Oxigraph answers in native code that takes no signal, may plan for minutes, and takes the process with it where memory
ends. So the work is done in a fork, which costs two milliseconds, not the hundred of a fresh Python (see `child`, for
work that a thread or another system could ask for). What it writes to stdout goes where ours goes, without a detour;
what it gives or raises comes back. Where there is no fork, on Windows, a thread does the work: a time limit then ends
the whole program, and there is no limit on memory.
"""

import contextlib
import os
import pickle
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeVar

from kg.errors import INTERRUPTED, KgError, TimedOut

Result = TypeVar("Result")

_NEVER_BEGUN = "the process that was to answer could not be started: {}"
_TOO_DEEP = "this is nested too deeply to be answered"


class OutOfMemory(KgError):
    """More memory was needed than there may be used."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit / 1e9:g} GB of memory is needed (--memory, or `max_memory` in kg.toml)")


def guarded(work: Callable[[], Result], *, seconds: float | None, memory: int) -> Result:
    """What the work gives, or what it raises, within so many seconds and bytes. Raises TimedOut, OutOfMemory, KgError.

    What the work gives must be something that can be pickled.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if not hasattr(os, "fork"):
        return _in_a_thread(work, seconds)
    answers, answer = os.pipe()
    alive, life = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise KgError(_NEVER_BEGUN.format(error.strerror)) from error
    if child == 0:
        os.close(answers)
        os.close(life)
        _do(work, answer, alive, memory)
    os.close(answer)
    os.close(alive)
    try:
        with _ending_with_us(child):
            said = _read(answers, seconds)
    except BaseException:
        _end(child)
        raise
    finally:
        os.close(answers)
        os.close(life)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return _outcome(said, status, memory)


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


@contextlib.contextmanager
def _ending_with_us(child: int) -> Iterator[None]:
    """A signal that ends this process ends the other first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        _end(child)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(answers: int, seconds: float | None) -> bytes:
    """All that the other process says until it ends. Raises TimedOut."""
    from time import monotonic

    limit = None if seconds is None else monotonic() + seconds
    said = bytearray()
    while True:
        left = None if limit is None else max(0.0, limit - monotonic())
        if not select.select([answers], [], [], left)[0]:
            raise TimedOut(seconds or 0)
        piece = os.read(answers, 1 << 16)
        if not piece:
            return bytes(said)
        said += piece


def _outcome(said: bytes, status: int, memory: int) -> "Result":  # type: ignore[type-var] # as pickled
    """What the process gave; where it came to an end of its own, why."""
    if not said:
        if status == -signal.SIGSEGV:
            raise KgError(_TOO_DEEP)
        if status in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGBUS}:
            raise OutOfMemory(memory)
        raise KgError(f"the process that was to answer ended before its time (exit code {status})")
    result, error = pickle.loads(said)
    if error is None:
        return result  # type: ignore[no-any-return]
    raise OutOfMemory(memory) if isinstance(error, MemoryError) else error


def _do(work: Callable[[], object], answer: int, alive: int, memory: int) -> NoReturn:
    """Be the process that works."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)  # what native code says when memory ends is said better by whoever waits
        _limit(memory)
        said = _said(work)
        with os.fdopen(answer, "wb") as file:
            file.write(said)
    finally:
        os._exit(0)


def _end_with(alive: int) -> None:
    """End when the process that waits has gone."""
    os.read(alive, 1)
    os._exit(1)


def _limit(memory: int) -> None:
    import resource

    for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # a lower limit was set from outside, or there is none here
            resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))


def _said(work: Callable[[], object]) -> bytes:
    """What the work gives and what it raises, pickled."""
    try:
        result = work()
        sys.stdout.flush()
        return pickle.dumps((result, None))
    except BaseException as error:  # noqa: BLE001 - it is raised where the question came from
        error.add_note("".join(traceback.format_exception(error)))
        try:
            pickle.loads(said := pickle.dumps((None, error)))
        except Exception:  # noqa: BLE001 - an error that cannot be carried over is told by its text
            return pickle.dumps((None, KgError(f"{type(error).__name__}: {error}")))
        return said


def _in_a_thread(work: Callable[[], Result], seconds: float | None) -> Result:
    """Run the work so that Ctrl-C and a time limit end the program at once."""
    outcome: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            # Oxigraph's results must die in the thread that made them: no frame may keep one alive.
            for one in (error, error.__cause__, error.__context__):
                traceback.clear_frames(one.__traceback__ if one else None)
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
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
    if raised:
        raise raised[0]
    return outcome[0]
