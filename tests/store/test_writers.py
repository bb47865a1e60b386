"""Two writers at once, and readers beside them: what was said to be done stays, and nobody is told of damage.

The moment at which another process comes in between is chosen by a hook, so that it is always the same.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kg
import kg.ingestion.pipeline
from helpers.commanding import command, run, snapshot
from helpers.vaults import ingest
from kg.ingestion import reinference
from kg.ingestion import snapshot as snapshots
from kg.notes.vault import Vault
from kg.store import builder, generations, store
from kg.store.store import Published

pytestmark = pytest.mark.skipif(os.name == "nt", reason="locks are those of POSIX")
Y = "ASK { ?d kg:path 'Y.md' }"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "kg.toml").write_text('base = "https://ex.org/n/"\n')
    for number in range(5):
        (folder / f"N{number}.md").write_text(f"# N{number}\n[[N1]]\n")
    return folder


def between(monkeypatch: pytest.MonkeyPatch, owners: tuple[Any, ...], name: str, act: Callable[[], object]) -> None:
    """Do something, once, when a function that some modules call has come back for the first time."""
    original, calls = getattr(owners[0], name), []

    def hooked(*given: Any, **named: Any) -> Any:
        result = original(*given, **named)
        calls.append(1)
        if len(calls) == 1:
            act()
        return result

    for owner in owners:
        monkeypatch.setattr(owner, name, hooked)


def another(vault: Path, name: str = "Y.md", *options: str) -> Callable[[], None]:
    """Another process, that ingests a new note and says that this is done."""

    def act() -> None:
        (vault / name).write_text("# Y\nnew note [[N3]] #ytag\n")
        assert run("ingest", "-q", vault, *options, cwd=vault).returncode == 0

    return act


def has(vault: Path, question: str = Y) -> bool:
    return bool(kg.query(vault / ".kg", question).boolean)


def is_as_built_anew(vault: Path) -> None:
    """The store is whole, and the next ingest leaves what one made anew does."""
    assert command(vault, "doctor").code in {0, 1}
    assert command(vault, "ingest", "-q").code == 0
    anew = ingest(vault, vault.parent / "anew", full=True)
    assert kg.Store(vault / ".kg").nquads() == anew.store.nquads()
    shutil.rmtree(vault.parent / "anew")


# ---- a writer that is overtaken begins anew ----------------------------------------------------------------------------

FIRST: dict[str, tuple[str, ...]] = {
    "an edit": ("ingest", "-q"),
    "all anew": ("ingest", "-q", "--full"),
    "without inference": ("ingest", "-q", "--no-infer"),
    "validate": ("validate", "-q"),
    "infer": ("infer", "-q"),
    "analyze": ("analyze", "components", "--save", "-q"),
}
MOMENTS = {
    "looked": ((generations, store), "stamp_of"),  # what is published was read, the notes were not yet
    "scanned": ((Vault,), "files"),
    "about to lock": ((builder,), "owned"),
    "read": ((snapshots, reinference), "load_ontology"),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("what", FIRST)
@pytest.mark.sample(2)
def test_what_another_writer_said_to_be_done_stays(
    vault: Path, monkeypatch: pytest.MonkeyPatch, what: str, moment: str
) -> None:
    assert command(vault, "ingest", "-q").code == 0
    (vault / "N3.md").write_text("# N3\nedited [[N2]]\n")
    between(monkeypatch, *MOMENTS[moment], another(vault))
    done = command(vault, *FIRST[what])
    monkeypatch.undo()
    assert done.code in {0, 1}, done
    if (vault / "Y.md").exists():
        assert has(vault)
        assert command(vault, "doctor").code in {0, 1}
        (vault / "Y.md").unlink()
        assert command(vault, "ingest", "-q").code == 0
        assert not has(vault)
    is_as_built_anew(vault)


def test_the_first_ingest_is_overtaken(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    between(monkeypatch, (Vault,), "files", another(vault))
    assert command(vault, "ingest", "-q").code == 0
    assert has(vault)
    is_as_built_anew(vault)


def test_a_writer_that_is_overtaken_looks_at_the_notes_again(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process has removed a note and said so: it must not come back from what was read before."""
    assert command(vault, "ingest", "-q").code == 0

    def act() -> None:
        (vault / "N4.md").unlink()
        another(vault)()

    between(monkeypatch, (Vault,), "files", act)
    report = kg.ingest(vault, full=True)
    monkeypatch.undo()
    assert report.generation == Published(vault / ".kg").stamp
    assert not has(vault, "ASK { ?d kg:path 'N4.md' }")
    assert has(vault)


def test_where_nothing_has_changed_no_lock_is_taken(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    waits = "import sys, kg.store.builder; from pathlib import Path\nwith kg.store.builder.building(Path('.kg'), {}, 'kg test'):\n print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", waits], cwd=vault, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert command(vault, "ingest", "-q").code == 0
        (vault / "N3.md").write_text("# N3\nedited\n")
        second = command(vault, "ingest", "-q")
        assert second.code == 3
        assert f"is being written by `kg test` (process {holder.pid}, since " in second.err
        holder.communicate(b"")


def test_a_store_that_cannot_be_locked_is_still_up_to_date(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    (vault / ".kg" / "lock").unlink()
    (vault / ".kg" / "lock").mkdir()
    assert command(vault, "ingest", "-q").code == 0
    before = snapshot(vault / ".kg")
    (vault / "N3.md").write_text("# N3\nedited\n")
    assert command(vault, "ingest", "-q").code == 3
    seen = {"seen.json", "seen-new.json"}
    after = snapshot(vault / ".kg")
    assert {k: v for k, v in after.items() if k not in seen} == {k: v for k, v in before.items() if k not in seen}


@pytest.mark.slow
def test_writers_that_never_come_to_an_end_are_given_up(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(vault, "ingest", "-q").code == 0
    monkeypatch.setattr(builder, "stamp", lambda path: os.urandom(4).hex())
    (vault / "N3.md").write_text("# N3\nedited\n")
    done = command(vault, "ingest", "-q", seconds=300)
    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    monkeypatch.undo()
    is_as_built_anew(vault)


# ---- readers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("export", "-f", "nquads"),
        ("stats",),
        ("doctor",),
        ("search", "new"),
        ("show", "N1"),
        ("why", "N1", "a", "kg:Concept"),
        ("analyze", "components"),
    ],
    ids=" ".join,
)
@pytest.mark.sample(3)
def test_a_reader_looks_again_before_it_speaks_of_damage(
    vault: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert command(vault, "ingest", "-q").code == 0
    between(monkeypatch, (generations,), "_named", another(vault))
    done = command(vault, *words)
    assert done.code in {0, 1}, done
    assert has(vault)


def test_what_is_named_twice_and_is_not_there_is_damage(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    (vault / ".kg" / "current").write_text("gen-9")
    done = command(vault, "stats")
    assert done.code == 3
    assert "is damaged" in done.err
    assert "kg ingest --full" in done.err


@pytest.mark.parametrize(
    "text", ["../../elsewhere", "gen-1/../gen-1", "/", "", "gen-0", "gen-1\n\ngen-2", "gen-" + "9" * 400]
)
@pytest.mark.sample(3)
def test_a_current_that_names_no_generation_is_damage(vault: Path, text: str) -> None:
    assert command(vault, "ingest", "-q").code == 0
    (vault / ".kg" / "current").write_text(text)
    done = command(vault, "stats")
    assert done.code == 3
    assert "is damaged" in done.err
    assert command(vault, "ingest", "-q").code == 0
    is_as_built_anew(vault)


def test_what_was_found_is_asked_and_not_what_came_after(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    found = Published(vault / ".kg")
    another(vault)()
    another(vault, "Z.md", "--full")()
    assert not kg.query(found.store, Y).boolean
    assert (found.folder / "notes.json").exists()
    assert has(vault)
    found.release()
    assert command(vault, "ingest", "-q").code == 0
    assert not found.folder.exists()
