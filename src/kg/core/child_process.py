"""A helper process with limits on time and memory, and without network.

    with Child(engine, memory=4_000_000_000) as child:  # engine() returns the function that answers
        results = child.ask(data, shapes, seconds=60)

A child runs `serve()`: it reads pickled arguments from its standard input and writes pickled answers to its standard
output. So a program that uses `kg` needs no guard around its main module, no thread is forked, and a child that hangs
or exhausts its memory can be ended from outside.

A child is an isolated Python (`-I`): neither the working directory, which may be somebody else's vault, nor the
environment adds to the module search path. The child searches where its parent does.
"""

import contextlib
import importlib
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Timer
from typing import IO, Any, NoReturn, Protocol

from kg.core.errors import KgError, TimedOut
from kg.core.quiet import silence_libraries
from kg.core.sandbox import close_network, end_with_parent

_BEGIN = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from kg.core.child_process import serve
serve(sys.argv[2], json.loads(sys.argv[3]))
"""


def _module_folders() -> list[str]:
    """The module search path of this process, without entries relative to the working directory."""
    return [path for path in sys.path if Path(path).is_absolute()]


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ChildProcess(Protocol):
    """A process that runs `serve`."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def kill(self) -> None:
        """End it at once."""

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""


def _python(work: str, memory: int | None) -> ChildProcess:
    """Start another Python."""
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _BEGIN, json.dumps(_module_folders()), work, json.dumps(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


begin: Callable[[str, int | None], ChildProcess] = _python
"""Starts the process of a child, for the name of its work, and its limit of memory in bytes."""


class ChildError(KgError):
    """A child ended prematurely."""


class Child:
    """A process that calls a function with the arguments it receives.

    `work` is a function of a module. The process imports it and calls it once, without arguments; it returns the
    function that answers.
    """

    def __init__(self, work: Callable[[], Callable[..., Any]], *, memory: int | None = None) -> None:
        self.work = f"{work.__module__}:{work.__qualname__}"
        self.memory = memory
        self._process = begin(self.work, memory)

    def ask(self, *arguments: Any, seconds: float | None = None) -> Any:
        """Return the answer of the child, or raise its exception. Raises TimedOut, ChildError."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests and answers
        late = Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = Timer(seconds, stop) if seconds is not None else None
        if timer:
            timer.start()
        try:
            pickle.dump(arguments, requests, pickle.HIGHEST_PROTOCOL)
            requests.flush()
            error, answer = pickle.load(answers)
        except (EOFError, OSError, pickle.UnpicklingError) as broken:
            code = self._process.wait()
            if late.is_set() and seconds is not None:
                raise TimedOut(seconds) from broken
            raise ChildError(self._ended(code)) from broken
        finally:
            if timer:
                timer.cancel()
        if isinstance(error, MemoryError):
            limit = f"{self.memory:,} bytes" if self.memory is not None else "what this machine has"
            raise ChildError(f"more memory is needed than {limit} (`max_memory` in kg.toml)") from error
        if error is not None:
            raise error
        return answer

    def _ended(self, code: int) -> str:
        limited = "; if it ran out of memory, raise `max_memory` in kg.toml" if self.memory is not None else ""
        return f"the process for {self.work} ended early (exit code {code}){limited}"

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and discard its current work."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


def serve(work: str, memory: int | None) -> None:
    """Run as a child: answer on standard output until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # printed text must not mix with the answers
    os.dup2(null, 2)  # the parent reports errors
    silence_libraries()
    close_network()
    end_with_parent()
    _limit(memory)
    module, _, name = work.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)()
    except Exception as error:  # noqa: BLE001 - raised in the parent by the first question
        function = partial(_fail, error)
    while True:
        try:
            arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        except MemoryError as error:
            pickle.dump((error, None), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
            return
        pickle.dump(_answer(function, arguments), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _fail(error: Exception, *arguments: object) -> NoReturn:
    """Raise the error that prevented the work from starting."""
    raise error


def _limit(memory: int | None) -> None:
    """Limit the address space where the system can, so that work that needs more memory fails only in this process."""
    try:
        import resource
    except ImportError:
        return
    if memory is not None:
        with contextlib.suppress(ValueError, OSError):  # a lower limit is already set
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _answer(function: Any, arguments: Any) -> tuple[Exception | None, Any]:
    try:
        return None, function(*arguments)
    except Exception as error:  # noqa: BLE001 - raised in the parent
        return error, None
