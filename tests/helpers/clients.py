"""A server in the tests' own process, and a client that asks it without a network."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kg
from helpers import forking
from helpers.vaults import write_vault
from kg.config import load

if TYPE_CHECKING:  # other tests need no server
    from starlette.testclient import TestClient

    from kg.server.settings import Access, Limits

ORIGIN = "http://127.0.0.1"
NOTES = {
    "Lean.md": "---\naliases: [Lean thinking]\n---\n# Lean\n\nLess waste. See [[Agile]] and ![[map.png]].\n",
    "Agile.md": "# Agile\n\nShort cycles. #method\n",
    "Secret.md": "---\ntags: [private]\n---\n# Secret canary\n\nNobody may read of [[Lean]].\n",
    "map.png": "not a picture",
}


@contextlib.contextmanager
def serving(
    vault: Path, *, access: "Access | None" = None, limits: "Limits | None" = None, **more: Any
) -> "Iterator[TestClient]":
    """A client of a server for an ingested vault, which is not watched."""
    from starlette.testclient import TestClient

    from kg.server.app import create_app
    from kg.server.session import Session
    from kg.server.settings import Access, Limits, Serving

    config = load(vault)
    served = Serving(config, False, access=access or Access(), limits=limits or Limits(seconds=5), **more)
    session = Session(served, begin=forking.fork_server)
    with TestClient(create_app(session), ORIGIN, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="session")
def served_vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ingested vault that no test changes."""
    vault = write_vault(tmp_path_factory.mktemp("served") / "vault", NOTES)
    kg.ingest(vault)
    return vault


@pytest.fixture(scope="session")
def client(served_vault: Path) -> "Iterator[TestClient]":
    """A client of a server that serves everybody."""
    with serving(served_vault) as client:
        yield client
