"""`kg` in a fork of a server that has imported it: a process of its own, without the half second that a new Python takes.

The server is a process with one thread that opens no store. A fork of the tests' own process would not do: the threads of
the stores that are open there do not live on in a fork.
"""

import multiprocessing
import os
import pkgutil
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver, reduction
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import IO, NamedTuple, Protocol

import kg
from kg.core import child_process
from kg.core import fork_server as fork_server_of_kg
from kg.core.fork_server import Work

_CONTEXT = multiprocessing.get_context("forkserver")
_LIBRARIES = ("rdflib.plugins.sparql", "rdflib.plugins.parsers.notation3", "rdflib.plugins.serializers.turtle")
_MODULES = [one.name for one in pkgutil.walk_packages(kg.__path__, "kg.") if one.name != "kg.__main__"]
_CONTEXT.set_forkserver_preload([*_LIBRARIES, *_MODULES])

Word = str | bytes | Path


def start_server() -> None:
    """Start the server, which imports kg meanwhile, so that no test that takes its time pays for that."""
    forkserver.ensure_running()


class _Inherited(Protocol):
    def detach(self) -> int: ...


class _Files:
    """Three files that a process inherits: its standard input, output and error."""

    def __init__(self, *files: "int | _Inherited") -> None:
        self.files = files

    def __reduce__(self) -> tuple[object, ...]:
        return _Files, tuple(reduction.DupFd(file) for file in self.files if isinstance(file, int))

    def take(self) -> None:
        """Put them in their places, in the process that inherits them."""
        for place, file in enumerate(self.files):
            if not isinstance(file, int):
                os.dup2(inherited := file.detach(), place)
                os.close(inherited)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


class Process(NamedTuple):
    """How `kg` is run."""

    words: Sequence[str]
    cwd: str
    environment: Mapping[str, str]
    limits: Mapping[int, int]

    def run(self, files: _Files) -> None:
        """Run it, as the forked process."""
        from kg.cli.main import main

        files.take()
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        for limit, value in self.limits.items():
            resource.setrlimit(limit, (value, value))
        sys.argv = ["kg", *self.words]
        main()


def begun(
    words: Sequence[Word],
    files: tuple[int, int, int],
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    limits: Mapping[int, int] | None = None,
) -> ForkServerProcess:
    """`kg` with these files as its standard input, output and error, its whole environment and limits; it has begun."""
    variables = dict(os.environ if environment is None else environment)
    given = Process([*map(os.fsdecode, words)], os.fspath(cwd or Path.cwd()), variables, limits or {})
    process = _CONTEXT.Process(target=given.run, args=(_Files(*files),))
    process.start()
    return process


def forked(
    words: Sequence[Word],
    cwd: Path | None = None,
    *,
    stdin: bytes = b"",
    seconds: float = 60,
    mixed: bool = False,
    environment: Mapping[str, str] | None = None,
    limits: Mapping[int, int] | None = None,
) -> CompletedProcess[bytes]:
    """What `kg` did; with stderr in stdout, where they are `mixed`. Raises TimeoutExpired."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        files = (given.fileno(), out.fileno(), (out if mixed else err).fileno())
        process = begun(words, files, cwd, environment, limits)
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutExpired([*words], seconds)
        return CompletedProcess([*words], process.exitcode, _read(out), _read(err))


def fork_server(theirs: socket.socket, ours: socket.socket, works: Sequence[Work], prepare: Callable[[], None]) -> int:
    """Start the fork server of `kg serve` in a process that has opened no store; its process id."""
    process = _CONTEXT.Process(target=fork_server_of_kg.run, args=(theirs, works, prepare))
    process.start()
    assert process.pid
    return process.pid


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


# ---- helper processes ------------------------------------------------------------------------------------------------

_ROOM = 2_000_000_000
"""The bytes that a fork may need besides its work, since the server has imported all of kg."""


class _Child:
    """The process of a child, forked from the server."""

    def __init__(self, work: str, memory: int | None) -> None:
        given, requests = os.pipe()
        answers, taken = os.pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(_Files(given, taken, 2), work, memory))
        self._process.start()
        os.close(given)
        os.close(taken)
        self.stdin: IO[bytes] | None = os.fdopen(requests, "wb")
        self.stdout: IO[bytes] | None = os.fdopen(answers, "rb")

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0


def _serve(files: _Files, work: str, memory: int | None) -> None:
    files.take()
    child_process.serve(work, memory)


def fork_children() -> None:
    """Fork the helper processes of kg, which otherwise import kg and rdflib each time anew."""
    in_python = child_process.begin

    def begin(work: str, memory: int | None) -> child_process.ChildProcess:
        return _Child(work, memory) if memory is None or memory > _ROOM else in_python(work, memory)

    child_process.begin = begin
