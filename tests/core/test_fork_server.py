"""A process that forks others on request: what they say, how they end, and that none stays."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import forking
from helpers.clients import is_alive
from kg.core.errors import KgError
from kg.core.fork_server import Forked, ForkServer, nothing


def echo(connection: socket.socket) -> None:
    """Send back what comes."""
    while data := connection.recv(100):
        connection.sendall(data)


def tidy(connection: socket.socket) -> None:
    """Say so when it is told to stop."""

    def stop(number: int, frame: object) -> None:
        connection.sendall(b"tidied")
        os._exit(7)

    signal.signal(signal.SIGTERM, stop)
    connection.sendall(b"ready")
    time.sleep(60)


def stubborn(connection: socket.socket) -> None:
    """Do not stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection.sendall(b"ready")
    time.sleep(60)


def crash(connection: socket.socket) -> None:
    """End by a signal."""
    os.kill(os.getpid(), signal.SIGSEGV)


def reach_out(connection: socket.socket) -> None:
    """Try to open a socket."""
    try:
        socket.socket(socket.AF_INET).close()
    except PermissionError:
        connection.sendall(b"refused")


WORKS: list[Callable[[socket.socket], None]] = [echo, tidy, stubborn, crash, reach_out]


@pytest.fixture
def started(forks: ForkServer) -> Iterator[Callable[[int], Forked]]:
    """Starts processes, and closes the connections to them."""
    children: list[Forked] = []

    def start(kind: int) -> Forked:
        children.append(forks.start(kind))
        return children[-1]

    yield start
    for child in children:
        child.connection.close()


Start = Callable[[int], Forked]


@pytest.fixture
def forks() -> Iterator[ForkServer]:
    with ForkServer(WORKS, nothing, forking.fork_server) as forks:
        yield forks


def test_processes_answer_side_by_side(forks: ForkServer, started: Start) -> None:
    children = [started(0) for _ in range(3)]
    for number, child in enumerate(children):
        child.connection.sendall(b"%d" % number)
    assert [child.connection.recv(100) for child in children] == [b"0", b"1", b"2"]
    for child in children:
        assert forks.end(child.pid) == -signal.SIGKILL
        assert child.connection.recv(100) == b""
        assert not is_alive(child.pid)


def test_the_reason_of_an_end_is_known(forks: ForkServer, started: Start) -> None:
    child = started(3)
    assert child.connection.recv(100) == b""
    assert forks.end(child.pid) == -signal.SIGSEGV
    assert forks.end(child.pid) == 0  # known once


def test_a_process_may_tidy_up_but_not_forever(forks: ForkServer, started: Start) -> None:
    child = started(1)
    assert child.connection.recv(100) == b"ready"
    assert forks.end(child.pid, gently=True) == 7
    assert child.connection.recv(100) == b"tidied"
    child = started(2)
    assert child.connection.recv(100) == b"ready"
    began = time.monotonic()
    assert forks.end(child.pid, gently=True) == -signal.SIGKILL
    assert time.monotonic() - began < 2


@pytest.mark.skipif(not Path("/proc/self/seccomp").exists() and os.uname().sysname != "Linux", reason="needs Linux")
def test_no_process_has_a_network(started: Start) -> None:
    assert started(4).connection.recv(100) == b"refused"


def test_all_end_with_it() -> None:
    forks = ForkServer(WORKS, nothing, forking.fork_server)
    children = [forks.start(0), forks.start(1)]
    forks.close()
    assert children[0].connection.recv(100) == b""
    end = time.monotonic() + 3
    while time.monotonic() < end and any(is_alive(child.pid) for child in children):
        time.sleep(0.02)
    assert not any(is_alive(child.pid) for child in children)
    with pytest.raises(KgError, match="has ended"):
        forks.start(0)
    for child in children:
        child.connection.close()
