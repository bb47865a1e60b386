"""A server in the tests' own process, with a client that asks it without a network; and a real one in others."""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

import kg
from helpers import forking
from helpers.vaults import write_vault
from kg.config import load

if TYPE_CHECKING:  # other tests need no server
    from multiprocessing.context import ForkServerProcess

    import httpx2
    from starlette.testclient import TestClient

    from kg.server.settings import Access, ServingLimits

ORIGIN = "http://127.0.0.1"
NOTES = {
    "Lean.md": "---\naliases: [Lean thinking]\n---\n# Lean\n\nLess waste. See [[Agile]] and ![[map.png]].\n",
    "Agile.md": "# Agile\n\nShort cycles. #method\n",
    "Secret.md": "---\ntags: [private]\n---\n# Secret canary\n\nNobody may read of [[Lean]].\n",
    "map.png": "not a picture",
}


@contextlib.contextmanager
def serving(
    vault: Path,
    *,
    access: "Access | None" = None,
    limits: "ServingLimits | None" = None,
    checks: bool = False,
    **more: Any,
) -> "Iterator[TestClient]":
    """A client of a server for an ingested vault, which is not watched; `checks` says whether it is validated."""
    from starlette.testclient import TestClient

    from kg.server.app import create_app
    from kg.server.served_vault import ServedVault
    from kg.server.settings import Access, Serving, ServingLimits

    config = load(vault)
    limits = limits or ServingLimits(seconds=5)
    serving = Serving(config, False, access=access or Access(), limits=limits, checks=checks, **more)
    served = ServedVault(serving, begin=forking.fork_server)
    with TestClient(create_app(served), ORIGIN, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def ingested(folder: Path, notes: Mapping[str, str]) -> Path:
    """A vault of these notes in a folder, ingested."""
    vault = write_vault(folder / "vault", notes)
    kg.ingest(vault)
    return vault


@pytest.fixture(scope="session")
def served_vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ingested vault that no test changes."""
    return ingested(tmp_path_factory.mktemp("served"), NOTES)


@pytest.fixture(scope="session")
def client(served_vault: Path) -> "Iterator[TestClient]":
    """A client of a server that serves everybody."""
    with serving(served_vault) as client:
        yield client


@dataclass(frozen=True)
class Running:
    """A running `kg serve`."""

    process: "ForkServerProcess"
    url: str
    token: str
    errors: IO[bytes]

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.url.rpartition(":")[2])

    def client(self) -> "httpx2.Client":
        """A client that has the token."""
        import httpx2

        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def said(self) -> str:
        """What it has said on standard error."""
        self.errors.seek(0)
        return self.errors.read().decode()

    def processes(self) -> list[int]:
        """The ids of the processes below the one that was started."""
        return descendants(self.process.pid or 0)


def descendants(pid: int) -> list[int]:
    """The ids of the processes below a process."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    below = [child for child, parent in parents.items() if parent == pid]
    return [*below, *(one for child in below for one in descendants(child))]


def parent(pid: int) -> int:
    """The id of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is still listed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def running(vault: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`kg serve` in a process of its own, on any free port."""
    with tempfile.TemporaryFile() as errors, Path(os.devnull).open("r+b") as null:
        words: list[str | bytes | Path] = ["serve", vault, "--port", "0", *options]
        files = (null.fileno(), null.fileno(), errors.fileno())
        process = forking.begun(words, files, vault, {**os.environ, **(environment or {})})
        try:
            yield _address(process, errors)
        finally:
            process.terminate()
            process.join(10)


def _address(process: "ForkServerProcess", errors: IO[bytes]) -> Running:
    """Wait until a server says its address."""
    end = time.monotonic() + 20
    while time.monotonic() < end and process.is_alive():
        said = os.pread(errors.fileno(), 100_000, 0).decode()
        if match := re.search(r"at (http://[^/ ]+)/(?:\?token=(\S+))? ", said):
            return Running(process, match[1], match[2] or "", errors)
        time.sleep(0.02)
    raise AssertionError(f"the server did not start: {os.pread(errors.fileno(), 100_000, 0).decode()}")
