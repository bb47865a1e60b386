"""A store that is missing, damaged, locked or in part gone: a sentence says so, and an ingest makes it anew."""

import contextlib
import fcntl
import shutil
from pathlib import Path

import pytest

import kg
from helpers.commanding import run
from kg.core.errors import StoreError


@pytest.mark.slow
def test_a_store_that_is_missing_damaged_or_locked(project: Path, tmp_path: Path) -> None:
    missing = run("query", "ASK { ?s ?p ?o }", cwd=tmp_path)
    assert (missing.returncode, "kg ingest" in missing.stderr) == (3, True)

    damaged = tmp_path / "damaged"
    shutil.copytree(project, damaged)
    folder = damaged / ".kg" / (damaged / ".kg" / "current").read_text().strip()
    for file in (folder / "db").glob("MANIFEST-*"):
        file.write_bytes(b"\0" * 100)
    broken = run("query", "ASK { ?s ?p ?o }", cwd=damaged)
    assert (broken.returncode, "damaged" in broken.stderr) == (3, True)
    (folder / "manifest.json").write_text("{")
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 3
    assert run("ingest", "--full", str(damaged), cwd=damaged).returncode == 0
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 0

    locked = tmp_path / "locked"
    shutil.copytree(project, locked)
    with (locked / ".kg" / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = run("ingest", "--full", str(locked), cwd=locked)
    assert (held.returncode, "being written" in held.stderr) == (3, True)
    assert run("query", "ASK { ?s ?p ?o }", cwd=locked).returncode == 0


@pytest.mark.parametrize("what", [pytest.param("db"), "manifest.json"])
@pytest.mark.sample(1)
def test_what_is_gone_from_a_store_is_built_anew_by_the_next_ingest(project: Path, tmp_path: Path, what: str) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(project, damaged)
    gone = damaged / ".kg" / (damaged / ".kg" / "current").read_text().strip() / what
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 3
    assert run("ingest", str(damaged), cwd=damaged).returncode == 0
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 0


@pytest.mark.slow
def test_damage_that_is_met_while_solutions_are_read_is_one_sentence(project: Path, tmp_path: Path) -> None:
    """Oxigraph opens some files only on reading."""
    for number, file in enumerate(sorted((project / ".kg").glob("gen-*/db/*.sst"))):
        damaged = tmp_path / str(number)
        shutil.copytree(project / ".kg", damaged)
        place = damaged / file.relative_to(project / ".kg")
        place.chmod(0o600)
        place.write_bytes(b"short")
        for read in (kg.network, lambda store: store.predicates, lambda store: store.lines()):
            with contextlib.suppress(StoreError):
                read(kg.Store(damaged))
