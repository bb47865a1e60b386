"""A process that keeps running reads what has been edited, and everything again where that may not suffice."""

from collections.abc import Callable
from pathlib import Path

import pytest

import kg
from helpers.keyed import answers_as_whole
from helpers.vaults import Write, ingest
from kg.config import load
from kg.ingestion.snapshot import Held
from kg.notes.vault import Files, Vault
from kg.store import ingest_state
from kg.store.ingest_state import IngestState

NOTES = {
    "A.md": "[[B]] #tag",
    "B.md": "[[A]] [[gone]]",
    "sub/C.md": "[[A]]",
    "p.png": "x",
    ".gitignore": "D.md\n",
    "D.md": "",
}


def write(vault: Path, path: str, text: str) -> list[Path]:
    (vault / path).parent.mkdir(exist_ok=True)
    (vault / path).write_text(text)
    return [vault / path]


def remove(vault: Path, path: str) -> list[Path]:
    (vault / path).unlink()
    return [vault / path]


def rename(vault: Path, path: str, to: Path) -> list[Path]:
    (vault / path).rename(to)
    return [vault / path]


def link(vault: Path, path: str, to: str) -> list[Path]:
    (vault / path).unlink()
    (vault / path).symlink_to(to)
    return [vault / path]


EDITS: dict[str, Callable[[Path], list[Path]]] = {
    "an edit": lambda vault: write(vault, "A.md", "[[B]] [[gone]] #other"),
    "an edit that resolves otherwise": lambda vault: write(vault, "A.md", "---\nid: x\naliases: [gone]\n---\n"),
    "two edits": lambda vault: write(vault, "A.md", "[[gone]]") + write(vault, "sub/C.md", "# C"),
    "a save by way of another file": lambda vault: [vault / "A.md~", *write(vault, "A.md", "[[gone]]")],
    "no edit": lambda vault: [vault / "A.md"],
}
OTHERS: dict[str, Callable[[Path], list[Path]]] = {
    "a note": lambda vault: write(vault, "gone.md", ""),
    "no note": lambda vault: remove(vault, "B.md"),
    "no folder": lambda vault: rename(vault, "sub", vault.parent / "away"),
    "a folder": lambda vault: [*rename(vault, "sub", vault / "other"), vault / "other"],
    "a file": lambda vault: write(vault, "q.png", "x"),
    "no .gitignore": lambda vault: remove(vault, ".gitignore"),
    "a link": lambda vault: link(vault, "A.md", "B.md"),
}


@pytest.mark.parametrize("edit", [*EDITS, *OTHERS])
@pytest.mark.sample(4)
def test_after_a_change_the_store_is_that_of_a_full_ingest(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    vault, store = write(NOTES), tmp_path / "store"
    first = ingest(vault, store)
    config = load(vault, cwd=vault, store=store)
    (vault / "B.md").write_text("[[A]] [[gone]] [[C]]")
    report = kg.ingest(Vault(config=config), held=Held(first))
    assert report.serves(report.generation)
    changed = (EDITS | OTHERS)[edit](vault)
    listed: list[Path] = []
    files = Vault.files

    def noted(self: Vault) -> Files:
        listed.append(self.path)
        return files(self)

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "files", noted)
        patch.setattr(IngestState, "read", None)
        after = kg.ingest(Vault(config=config), held=Held(report, changed))
    assert bool(listed) == (edit in OTHERS)
    assert after.store.nquads() == ingest(vault, tmp_path / "whole", full=True).store.nquads()
    assert after.changed == (edit != "no edit" and edit != "a file")
    answers_as_whole(after.ledger)
    last = kg.ingest(Vault(config=config), held=Held(after))
    assert not last.changed
    assert last.ledger.digests == after.ledger.digests


@pytest.mark.parametrize("most", [-1, 100])
def test_what_another_process_published_is_read(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(ingest_state, "_MOST_CHANGED", most)
    vault, store = write(NOTES), tmp_path / "store"
    config, report = load(vault, cwd=vault, store=store), ingest(vault, store)
    for number in range(3):
        (vault / "A.md").write_text(f"[[gone]] {number}")
        if number == 1:
            ingest(vault, store)
            (vault / "A.md").write_text(f"[[C]] {number}")
        report = kg.ingest(Vault(config=config), held=Held(report, [vault / "A.md"]))
        assert report.store.nquads() == ingest(vault, tmp_path / "whole", full=True).store.nquads()
