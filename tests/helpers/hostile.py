"""A vault for input that was made to break things, and whether a process calls a server."""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.forking import begun
from kg.config import Config
from kg.notes.vault import Reading, Vault

GOOD = "---\ntype: Concept\n---\n# Good\n\nSee [[Other]] #tag\n"


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
"""YAML of a few lines with 10^10 values."""


posix_only = pytest.mark.skipif(os.name == "nt", reason="pipes, links and such names are those of POSIX")


def opened(folder: Path, max_bytes: int = Config.max_bytes) -> Vault:
    return Vault(config=Config(folder, folder, folder / ".kg", max_bytes=max_bytes))


def read(folder: Path) -> Reading:
    return opened(folder).read()


def code_without_a_call(server: socket.socket, *words: str, cwd: Path) -> int | None:
    """The exit code of a command; None where it calls a server before it ends."""
    server.settimeout(0.05)
    with open(os.devnull, "r+b") as null:
        process = begun(words, (null.fileno(),) * 3, cwd)
    try:
        while process.exitcode is None:
            with contextlib.suppress(TimeoutError):
                server.accept()[0].close()
                return None
        return process.exitcode
    finally:
        process.kill()
        process.join()


def write_many(folder: Path, make: Callable[[int], str]) -> None:
    for number in range(20):
        (folder / f"n{number}.md").write_text(make(number), encoding="utf-8")
