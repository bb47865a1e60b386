"""Questions look first whether notes have changed since the last ingest."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.commanding import Done, command, snapshot
from kg.ingestion import freshness
from kg.ingestion.fingerprint import Fingerprint

Change = Callable[[Path], object]
COUNT = ("stats", "--json")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    (folder / "sub").mkdir(parents=True)
    for name, text in {
        "A.md": "[[B]]\n",
        "sub/B.md": "x\n",
        "p.png": "",
        ".gitignore": "Z.md\n",
        "kg.toml": "",
    }.items():
        file = folder / name
        file.write_text(text)
        os.utime(file, (0, 0))  # no test waits until a change is old
    aged()
    assert command(folder, "ingest", "-q").code == 0
    return folder


def aged() -> None:
    """Wait until a change is old enough for a fingerprint."""
    time.sleep(0.06)


def test_what_has_not_changed_is_not_looked_at_again(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "_change", lambda *_: pytest.fail("it looks closer"))
    before = snapshot(vault)
    for words in (
        COUNT,
        ("show", "A"),
        ("stats",),
        ("list", "Concept"),
        ("analyze", "orphans"),
        ("search", "x", "-f", "json"),
    ):
        assert command(vault, *words).code == 0
    after = snapshot(vault)
    assert {name for name in after if after[name] != before.get(name)} <= {".kg", ".kg/search.db"}


def written(vault: Path, name: str) -> None:
    """Write a class, or a note, into a new folder."""
    (vault / name).parent.mkdir()
    (vault / name).write_text("<urn:x:C> a <http://www.w3.org/2002/07/owl#Class> .")


def test_a_store_among_the_notes_is_no_change(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(vault, "ingest", "-q", "--store", "mine").code == 0
    monkeypatch.setattr(freshness, "_change", lambda *_: pytest.fail("it looks closer"))
    assert command(vault, *COUNT, "--store", "mine").code == 0


CHANGES: dict[str, tuple[Change, str, str]] = {
    "an edit": (lambda v: (v / "A.md").write_text("[[B]] more\n"), "2", "read 1 file first"),
    "an edit of equal length": (lambda v: (v / "A.md").write_text("[[C]]\n"), "2", "read 1 file first"),
    "a new note": (lambda v: (v / "sub" / "N.md").write_text(""), "3", "read 1 file first"),
    "a new note in a new folder": (lambda v: written(v, "new/N.md"), "3", "read 1 file first"),
    "a removed note": (lambda v: (v / "sub" / "B.md").unlink(), "1", "read 1 file first"),
    "a renamed note": (lambda v: (v / "A.md").rename(v / "C.md"), "2", "read 2 files first"),
    "a removed attachment": (lambda v: (v / "p.png").unlink(), "2", ""),
    "a note is ignored": (lambda v: (v / ".gitignore").write_text("A.md\n"), "1", "read 1 file first"),
    "a setting": (lambda v: (v / "kg.toml").write_text('base = "https://b.example/"\n'), "2", "hint: the ontology, a rule or a setting has changed"),
    "an ontology": (lambda v: written(v, "ontology/o.ttl"), "2", "hint: the ontology, a rule or a setting has changed"),
    "a touch": (lambda v: os.utime(v / "A.md", (5, 5)), "2", ""),
    "a hidden file": (lambda v: (v / ".x.md").write_text("x"), "2", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_small_change_is_read_first(vault: Path, what: str) -> None:
    change, notes, message = CHANGES[what]
    change(vault)
    done = command(vault, *COUNT)
    assert (done.code, json.loads(done.out)["notes"]) == (0, int(notes))
    assert done.err.startswith(message)
    if "first" in message:
        aged()
        assert command(vault, *COUNT).err == ""  # once is enough


def of(vault: Path, *words: str) -> Done:
    (vault / "A.md").write_text("changed\n")
    return command(vault, *words)


@pytest.mark.parametrize(
    "words",
    [("show", "A"), ("stats",), ("list", "Concept"), ("why", "A", "a", "kg:Concept"), ("export", "-f", "dot"), ("analyze", "orphans"), ("search", "changed")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_every_question_looks(vault: Path, words: tuple[str, ...]) -> None:
    done = of(vault, *words)
    assert done.code == 0
    assert "read 1 file first, which had changed" in done.err


def test_a_large_change_is_reported(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "SMALL", 2)
    for number in range(3):
        (vault / f"N{number}.md").write_text("")
    done = command(vault, *COUNT)
    assert (json.loads(done.out)["notes"], done.err) == (
        2,
        "hint: 3 files changed since the last ingest: run kg ingest\n",
    )


@pytest.mark.parametrize(("refresh", "message"), [("hint", "hint: 1 file changed since"), ("off", "")])
def test_kg_toml_decides(vault: Path, refresh: str, message: str) -> None:
    (vault / "kg.toml").write_text(f'refresh = "{refresh}"\n')
    before = (vault / ".kg" / "current").read_text()
    done = of(vault, "stats")
    assert done.err.startswith(message) and bool(done.err) == bool(message)
    assert (vault / ".kg" / "current").read_text() == before


def test_a_store_without_inference_stays_without(vault: Path) -> None:
    assert command(vault, "ingest", "-q", "--no-infer", "--full").code == 0
    assert "read 1 file first" in of(vault, *COUNT).err
    assert json.loads(command(vault, *COUNT).out)["inferred"] == 0


def test_a_store_without_its_notes_answers_in_silence(vault: Path) -> None:
    store = vault.parent / "store"
    (vault / ".kg").rename(store)
    vault.rename(vault.parent / "elsewhere")
    done = command(vault.parent, *COUNT, "--store", "store")
    assert (done.code, json.loads(done.out)["notes"], done.err) == (0, 2, "")


def test_a_fingerprint_of_a_moment_ago_is_not_kept(vault: Path) -> None:
    from kg.config import load

    config = load(vault)
    (vault / "A.md").write_text("now\n")
    now = Fingerprint.of(config)
    assert not now.is_safe
    now.keep(config)
    assert not now.is_kept(config)
