"""What the tests share: a vault written where it is used, and the samples of other people."""

import csv
import io
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import drawing  # noqa: F401 - it says how examples are drawn
import kg
from kg.cli.main import kg as cli
from kg.config import load

# Where tests run in the background of a script, it is ignored, and so by all the processes that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A store is synced to the disk before an ingest is done; in memory that costs a tenth of a second less a store.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4_000_000_000:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    os.environ.setdefault("TMPDIR", str(MEMORY))

ROOT = Path(__file__).parent.parent
NOTES = ROOT / "notes"
PREFIXES = {
    "n": "https://notes.example/",
    "kg": "https://w3id.org/concept-notes#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write a vault: file names with what stands in them."""

    def files(notes: dict[str, str]) -> Path:
        vault = tmp_path / "vault"
        vault.mkdir(exist_ok=True)
        for name, text in notes.items():
            (vault / name).parent.mkdir(parents=True, exist_ok=True)
            (vault / name).write_text(text, encoding="utf-8")
        return vault

    return files


def ingest(vault: Path, store: Path, **options: bool) -> kg.Report:
    """Ingest a folder into a store that lies elsewhere, so that the folder stays as it is."""
    return kg.ingest(kg.Vault(config=load(vault, cwd=vault, store=store)), **options)


def analyze(store: kg.Store | Path, name: str, *arguments: str) -> Result:
    """`kg analyze NAME` of a store."""
    place = store.path if isinstance(store, kg.Store) else store
    return CliRunner().invoke(cli, ["analyze", name, "--store", str(place), *arguments])


def analyzed(store: kg.Store | Path, *arguments: str) -> list[dict[str, str]]:
    """The rows that an analysis gives."""
    done = analyze(store, *arguments, "-f", "csv")
    assert done.exit_code == 0, (done.output, done.exception)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def damage_tables(store: Path, every: int) -> None:
    """Write zeros over every table of a store's database, in its first half: one alone may hold nothing in use."""
    for file in list((store / (store / "current").read_text().strip() / "db").glob("*.sst")):
        data = bytearray(file.read_bytes())
        for at in range(100, len(data) // 2 + 101, every):
            data[at : at + 40] = bytes(40)
        file.unlink()  # not through the hard link
        file.write_bytes(data)


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
