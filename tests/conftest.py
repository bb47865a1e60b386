"""What the tests share: a vault written where it is used, and the samples of other people."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

import kg
from helpers import (
    drawing,  # noqa: F401 - it says how examples are drawn
    forking,
    hostile,
    sampling,
)
from helpers.clients import client, served_vault  # noqa: F401 - fixtures
from helpers.vaults import NOTES, Write, ingest, write_vault


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is not in a sample as slow, and what draws examples as drawn."""
    sampling.leave_for_later(items)
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
            item.add_marker(pytest.mark.drawn)


# Where tests run in the background of a script, it is ignored, and so by all the processes that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A store is synced to the disk before an ingest is done; in memory that costs a tenth of a second less a store.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4_000_000_000:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    os.environ.setdefault("TMPDIR", str(MEMORY))


@pytest.fixture(scope="session", autouse=True)
def _server() -> None:
    forking.start_server()
    forking.fork_children()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a vault: file names with what stands in them."""

    def files(notes: dict[str, str]) -> Path:
        vault = tmp_path / "vault"
        vault.mkdir(exist_ok=True)
        write_vault(vault, notes)
        return vault

    return files


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one good note."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Good.md").write_text(hostile.GOOD, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with one good note that has been ingested; tests change only copies of it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "Good.md").write_text(hostile.GOOD, encoding="utf-8")
    kg.ingest(hostile.opened(folder))
    return folder


@pytest.fixture(scope="session")
def notes_store(tmp_path_factory: pytest.TempPathFactory) -> kg.Store:
    """The store of notes/."""
    return ingest(NOTES, tmp_path_factory.mktemp("notes") / "store").store


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of public vaults and suites, where `KG_SAMPLES` names one."""
    folder = os.environ.get("KG_SAMPLES")
    if not folder or not Path(folder).is_dir():
        pytest.skip("KG_SAMPLES names no folder of sample vaults")
    return Path(folder)


@pytest.fixture(scope="session")
def seed_store(tmp_path_factory: pytest.TempPathFactory) -> kg.Store:
    """The store of a folder that holds only the first note."""
    folder = tmp_path_factory.mktemp("seed")
    vault = folder / "vault"
    vault.mkdir()
    name = "Outcomes over Outputs.md"
    (vault / name).write_bytes((NOTES / name).read_bytes())
    return ingest(vault, folder / "store").store
