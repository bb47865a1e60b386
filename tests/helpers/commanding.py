"""`kg` as a user calls it, in this process or another, and what lies on the disk before and after."""

import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from helpers.forking import Word, forked
from kg.cli import main


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class _Out(io.TextIOWrapper):
    def __init__(self) -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, encoding="utf-8", write_through=True)

    def text(self) -> str:
        return self.written.getvalue().decode()


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail what hangs."""

    def end(*_: object) -> None:
        raise AssertionError(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def command(folder: Path, *arguments: str, seconds: int = 60) -> Done:
    """`kg` in a folder. No traceback ever reaches the user."""
    out, err = _Out(), _Out()
    with (
        within(seconds),
        chdir(folder),
        patch.object(sys, "argv", ["kg", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main.run()
    done = Done(code, out.text(), err.text())
    assert "Traceback" not in done.err
    assert "internal error" not in done.err, done.err
    return done


def run(
    *arguments: Word, cwd: Path | None = None, stdin: str = "", seconds: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`kg` in a process of its own, with more variables in its environment."""
    return as_text(forked(arguments, cwd, stdin=stdin.encode(), seconds=seconds, environment=os.environ | environment))


def as_text(done: subprocess.CompletedProcess[bytes]) -> subprocess.CompletedProcess[str]:
    """What a process did, in text."""
    return subprocess.CompletedProcess(done.args, done.returncode, _text(done.stdout), _text(done.stderr))


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")


def says_one_sentence(done: Done, *words: str) -> None:
    """Exit code 3, and one line for people that says why."""
    assert done.code == 3, done
    assert done.err.startswith("kg: ")
    assert len(done.err.splitlines()) == 1
    for word in words:
        assert word in done.err


def snapshot(folder: Path) -> dict[str, tuple[str, object]]:
    """All that lies in a folder: what it is, what it holds, and when it was last changed."""
    found: dict[str, tuple[str, object]] = {}
    for place in sorted(folder.rglob("*")):
        status = place.lstat()
        holds: object = None
        if place.is_symlink():
            holds = os.readlink(place)
        elif stat.S_ISREG(status.st_mode):
            holds = (place.read_bytes(), status.st_mtime_ns)
        found[str(place.relative_to(folder))] = (oct(status.st_mode), holds)
    return found
