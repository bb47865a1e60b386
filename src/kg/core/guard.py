"""Run a question in a fork, within limits; its result is sent back.

    guarded(lambda: answer(question), seconds=10, memory=4_000_000_000)

Without fork, on Windows, a thread runs it: a time limit then ends the whole program, and memory is not limited.
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import IO, TypeVar, cast

from kg.core.errors import INTERRUPTED, KgError, TimedOut
from kg.core.forked_process import LOOK, check_time, crash, ended, flush, forked, nested_too_deeply
from kg.core.limits import Doing, OutOfMemory, Page, lower_limit
from kg.core.work_thread import WorkThread

Result = TypeVar("Result")


def guarded(
    work: Callable[[], Result], *, seconds: float | None, memory: int, what: str = "", network: bool = False
) -> Result:
    """Run the work in a fork, within limits; return its result or raise its exception.

    The result must be picklable. Without `network` the work can open no socket. `what` names the work in the message
    that says why it ended. Raises TimedOut, OutOfMemory, KgError.
    """
    if not hasattr(os, "fork"):
        return _in_a_thread(work, seconds)
    page = Page()
    page.write(Doing(what, memory=memory))

    def answer(pipe: IO[bytes]) -> int:
        import resource

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        lower_limit(resource.RLIMIT_AS, memory)
        pipe.write(_pickled(work))
        pipe.flush()
        return 0

    with forked(answer, page, "the process that was to answer", network=network) as (child, answers):
        pickled = _read(answers.fileno(), page, seconds)
    return cast("Result", _outcome(pickled, ended(child), page))


def _read(answers: int, page: Page, seconds: float | None) -> bytes:
    """Read the child's output until it ends. Raises TimedOut."""
    end = monotonic() + (inf if seconds is None else seconds)
    data = bytearray()
    while True:
        if not select.select([answers], [], [], max(0.0, min(LOOK, end - monotonic())))[0]:
            check_time(page)
            if monotonic() >= end:
                raise TimedOut(seconds or 0)
            continue
        chunk = os.read(answers, 1 << 16)
        if not chunk:
            return bytes(data)
        data += chunk


def _outcome(pickled: bytes, status: int, page: Page) -> object:
    """Return the child's result or raise its exception; if it sent neither, raise the reason."""
    if not pickled:
        raise crash(status, page)
    import pickle

    result, error = pickle.loads(pickled)
    if error is None:
        return cast("object", result)
    if isinstance(error, RecursionError):  # pickling can raise it, too
        raise nested_too_deeply(page)
    if isinstance(error, MemoryError):
        raise OutOfMemory(page.read().memory, page.read().what)
    raise error


def _pickled(work: Callable[[], object]) -> bytes:
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
    flush()
    thread = WorkThread(work, daemon=True)
    thread.start()
    end = monotonic() + (inf if seconds is None else seconds)
    try:
        while thread.is_alive() and (left := end - monotonic()) > 0:
            thread.join(min(0.2, left))
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    if thread.is_alive():
        limit = TimedOut(seconds or 0)
        sys.stderr.write(f"kg: {limit}\n")
        os._exit(limit.exit_code)
    return thread.result()
