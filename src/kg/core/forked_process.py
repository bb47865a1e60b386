"""A fork that its parent can end at any moment, and that ends with its parent.

A fork costs a millisecond or two, not the hundred of a fresh Python (see `child_process`, for work that a thread or
another system may request). Its standard output is ours, without a detour.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import IO, NoReturn

from kg.core.errors import KgError, TimedOut
from kg.core.limits import OutOfMemory, Page, lower_limit, report_to
from kg.core.sandbox import close_network, end_with_parent

Work = Callable[[IO[bytes]], int]
"""Work that can write to a pipe, and returns the exit code of its process."""

LOOK = 0.5
"""The seconds between two looks at the time."""
PASSED_ON = (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
"""The signals that end a fork before its parent."""
_CLEANING = 3
"""The seconds of CPU time kept for cleaning up, if the system limits CPU time."""


@contextlib.contextmanager
def forked(work: Work, page: Page, process: str, *, network: bool = True) -> Iterator[tuple[int, IO[bytes]]]:
    """Run work in a fork; yield its process id, and the pipe, which is at its end when the fork has ended.

    An exception in the context kills the fork. Without `network` the work can open no socket. Raises KgError if the
    system refuses another process; `process` names it in the message.
    """
    flush()
    with contextlib.ExitStack() as pipes:
        answers, answer = _pipe(pipes)
        alive, life = _pipe(pipes)
        try:
            child = os.fork()
        except OSError as error:
            raise KgError(f"{process} could not be started: {error.strerror}") from error
        if child == 0:
            answers.close()
            life.close()
            _run(work, answer, alive, page, network=network)
        answer.close()
        alive.close()
        try:
            with _ending_with_us(child):
                yield child, answers
        except BaseException:
            _end(child)
            raise


def _pipe(pipes: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return pipes.enter_context(os.fdopen(reading, "rb")), pipes.enter_context(os.fdopen(writing, "wb"))


def flush() -> None:
    """Flush standard output and standard error, where they are open."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError, AttributeError):
            stream.flush()


def ended(child: int) -> int:
    """Wait for a process; return its exit code, or that of SIGXCPU if the system killed it for too much CPU time."""
    import resource

    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    limit = resource.getrlimit(resource.RLIMIT_CPU)[1]
    used = usage.ru_utime + usage.ru_stime
    return -signal.SIGXCPU if code == -signal.SIGKILL and 0 < limit <= used + _CLEANING else code


def check_time(page: Page) -> None:
    """Raise TimedOut if a part of the work is past its deadline and has not ended by itself."""
    doing = page.read()
    if doing.deadline and monotonic() > doing.deadline:
        raise TimedOut(doing.seconds, doing.what)


def nested_too_deeply(page: Page) -> KgError:
    """The error for work that exhausted the stack."""
    return KgError(f"{page.read().what or 'this'} cannot be read: it is nested too deeply")


def crash(status: int, page: Page) -> KgError:
    """The error for a process that ended unexpectedly."""
    work, _, _, memory = page.read()
    if status == -signal.SIGSEGV:
        return nested_too_deeply(page)
    if status == -getattr(signal, "SIGXCPU", 0):
        return TimedOut(0, work or "this")
    if status in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGBUS} and memory:
        return OutOfMemory(memory, work)
    during = f" (while working on {work})" if work else ""
    return KgError(f"the worker process ended with exit code {status}{during}")


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

    before = {number: signal.signal(number, end) for number in PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(
    work: Callable[[IO[bytes]], int], answer: IO[bytes], alive: IO[bytes], page: Page, *, network: bool
) -> NoReturn:
    """Run the work, as the forked process."""
    code = 1
    try:
        _become_child(alive.fileno(), page, network=network)
        code = work(answer)
    finally:
        os._exit(code)


def _become_child(alive: int, page: Page, *, network: bool) -> None:
    """Set up a process that its parent waits for."""
    report_to(page)
    end_with_parent()
    for number in PASSED_ON:
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    stderr = os.dup(_file_of(sys.stderr, 2))
    sys.stderr = os.fdopen(stderr, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # the parent explains exhausted memory better than native code does
    os.close(null)
    import resource

    lower_limit(resource.RLIMIT_CORE, 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft == hard > _CLEANING:  # the system kills at the hard limit, and warns at the soft one
        lower_limit(resource.RLIMIT_CPU, hard - _CLEANING)
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
