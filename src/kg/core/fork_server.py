"""A process without threads that forks others on request, since a process with threads must not fork.

    with ForkServer([answer_questions, follow_notes]) as forks:
        child = forks.start(0)          # answer_questions(connection) runs in a new process
        child.connection.sendall(…)
        forks.end(child.pid)

Neither it nor what it starts can open a socket. All of them end when the process that made it ends.
"""

import contextlib
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from kg.core.errors import KgError
from kg.core.forked_process import flush
from kg.core.limits import lower_limit
from kg.core.sandbox import close_network

Work = Callable[[socket.socket], None]
"""The work of a process, which talks to the requesting process over a connection."""

_MESSAGE = struct.Struct("=ci")
_REPLY = struct.Struct("=i")
_START, _END, _STOP = b"S", b"E", b"T"
_GRACE = 0.5
"""The seconds in which a process that is told to stop may clean up."""


def nothing() -> None:
    """Prepare nothing."""


class Forked(NamedTuple):
    """A started process."""

    pid: int
    connection: socket.socket


class ForkServer:
    """A process that starts processes of some kinds of work. Raises KgError where the system cannot fork.

    `prepare` imports what the processes need; it is called after the first start, which does not wait for it. `begin`
    starts the process itself: a fork of this one, which must not have opened a store before.
    """

    def __init__(
        self, works: Sequence[Work], prepare: Callable[[], None] = nothing, begin: "Begin | None" = None
    ) -> None:
        if not hasattr(os, "fork"):
            raise KgError("this system cannot fork, which the server needs: run kg in WSL or a container")
        ours, theirs = socket.socketpair()
        with theirs:
            self.pid = (begin or _forked)(theirs, ours, works, prepare)
        self._control = ours

    def start(self, kind: int) -> Forked:
        """Start a process for the work of that index. Raises KgError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = self._request(_START, kind, theirs)
        except KgError:
            ours.close()
            raise
        if pid <= 0:
            ours.close()
            raise KgError(f"the system refuses another process: {os.strerror(-pid)}")
        return Forked(pid, ours)

    def end(self, pid: int, *, gently: bool = False) -> int:
        """End a process, or learn how it has ended; return its exit code. `gently` lets it clean up for a moment."""
        return self._request(_STOP if gently else _END, pid)

    def _request(self, what: bytes, number: int, connection: socket.socket | None = None) -> int:
        handles = [connection.fileno()] if connection else []
        try:
            socket.send_fds(self._control, [_MESSAGE.pack(what, number)], handles)
            reply = self._control.recv(_REPLY.size, socket.MSG_WAITALL)
        except OSError as error:
            raise KgError("the process that starts workers has ended") from error
        if len(reply) < _REPLY.size:
            raise KgError("the process that starts workers has ended")
        return int(_REPLY.unpack(reply)[0])

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes that it has started, and itself."""
        self._control.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


Begin = Callable[[socket.socket, socket.socket, Sequence[Work], Callable[[], None]], int]
"""Starts a process that calls `run`; gets the connection for it, and the other end, which it must close there."""


def _forked(theirs: socket.socket, ours: socket.socket, works: Sequence[Work], prepare: Callable[[], None]) -> int:
    flush()
    pid = os.fork()
    if pid == 0:
        ours.close()
        run(theirs, works, prepare)
    return pid


def run(control: socket.socket, works: Sequence[Work], prepare: Callable[[], None]) -> NoReturn:
    """Run as the fork server until its owner closes the connection."""
    children: set[int] = set()
    is_prepared = False
    try:
        _be_quiet()
        close_network()
        while True:
            data, handles, *_ = socket.recv_fds(control, _MESSAGE.size, 1)
            if len(data) < _MESSAGE.size:
                break
            what, number = _MESSAGE.unpack(data)
            reply = _started(works[number], handles, control, children) if what == _START else _ended(number, what)
            children.discard(number if what != _START else -1)
            control.sendall(_REPLY.pack(reply))
            if not is_prepared:
                is_prepared = True
                prepare()
    finally:
        _stop(children)
        os._exit(0)


def _be_quiet() -> None:
    """Leave Ctrl-C to the owner, and write nothing: native code reports exhausted memory on standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    import resource

    lower_limit(resource.RLIMIT_CORE, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(null, handle)
    os.close(null)


def _started(work: Work, handles: Sequence[int], control: socket.socket, children: set[int]) -> int:
    """Fork a process; return its id, or the negative number of an error."""
    connection = socket.socket(fileno=handles[0])
    try:
        pid = os.fork()
    except OSError as error:
        connection.close()
        return -(error.errno or 1)
    if pid == 0:
        try:
            control.close()
            work(connection)
        finally:
            os._exit(0)
    connection.close()
    children.add(pid)
    return pid


def _ended(pid: int, what: bytes) -> int:
    """End a process and return its exit code, or that with which it had ended before."""
    try:
        if what == _STOP:
            return _stopped(pid)
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except (ProcessLookupError, ChildProcessError):
        return 0


def _stopped(pid: int) -> int:
    """Ask a process to stop, and kill it if it does not."""
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _GRACE
    while time.monotonic() < end:
        child, status = os.waitpid(pid, os.WNOHANG)
        if child:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return _ended(pid, _END)


def _stop(children: set[int]) -> None:
    """Ask all processes to stop, and kill those that do not."""
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for pid in children:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            _stopped(pid)
