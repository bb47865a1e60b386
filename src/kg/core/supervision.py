"""Run a whole command in a fork, so that no input can crash the process that reports the outcome."""

import os
import select
import signal
from collections.abc import Callable
from time import monotonic

from kg.core.errors import INTERRUPTED
from kg.core.forked_process import LOOK, PASSED_ON, check_time, crash, ended, flush, forked
from kg.core.limits import Page

_PASS_ON, _STILL = 0.2, 5.0
"""The seconds after Ctrl-C until an interrupt is passed on, and until a process that is still running is killed."""
_is_ours = False


def owns_process() -> bool:
    """Whether this process runs a command and nothing else, not a program that calls kg."""
    return _is_ours


def supervised(run: Callable[[], int]) -> int:
    """Run a whole command in a fork; return its exit code. Raises KgError if the fork crashed.

    So a note, an ontology or a query that crashes the process yields one sentence, and endless work can be ended (see
    `limits.limited`). Signals are passed on to the fork, and it ends with this process.
    """
    global _is_ours  # noqa: PLW0603 - one per process
    _is_ours = True
    if not hasattr(os, "fork"):
        return run()

    def command(pipe: object) -> int:
        code = run()
        flush()
        return code

    page = Page()
    with forked(command, page, "the command") as (child, answers):
        status, interrupted = _wait(child, answers.fileno(), page)
    return INTERRUPTED if interrupted and status < 0 else _exit_code(status, page)


def _wait(child: int, pipe: int, page: Page) -> tuple[int, bool]:
    """Wait for a process; return its status, and whether it was interrupted. Raises TimedOut.

    Ctrl-C in a terminal reaches both processes. An interrupt that reaches this process alone is passed on, and a
    process that still does not end is killed.
    """
    steps = [(_PASS_ON, signal.SIGINT), (_STILL, signal.SIGKILL)]
    interrupted = 0.0
    while True:
        try:
            if select.select([pipe], [], [], _PASS_ON if interrupted else LOOK)[0]:
                return ended(child), bool(interrupted)
            check_time(page)
            if interrupted and steps and monotonic() > interrupted + steps[0][0]:
                os.kill(child, steps.pop(0)[1])
        except KeyboardInterrupt:
            if interrupted:
                os.kill(child, signal.SIGKILL)
            interrupted = monotonic()


def _exit_code(status: int, page: Page) -> int:
    """The exit code of a command. Raises KgError if it crashed."""
    if status >= 0:
        return status
    if -status in PASSED_ON or -status == signal.SIGINT:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    raise crash(status, page)
