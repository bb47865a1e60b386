"""An update reads and writes what a change touches, and knows what a state with all notes in memory would know."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from helpers.keyed import answers_as_whole, equals, stored_state
from helpers.vaults import Write, ingest
from kg.notes.vault import Vault
from kg.store import ingest_state, note_table
from kg.store.note_table import NoteTable

VAULT = {
    "A.md": "---\nid: same\n---\n# Same\n[[B]] [[gone]] #Tag/One by #AnnLee [page](https://e.example/x)",
    "B.md": "---\naliases: [Bee, bee]\n---\n[[A#Same]] #tag/one by #annLee [Page](https://e.example/x)",
    "C.md": "---\nid: same\n---\n[[Gone]] [[sub/b]] #TAG/one [another](https://e.example/x)",
    "sub/B.md": "---\ntitle: C\n---\n[[p.png]] [[C]] by #AnnLee",
    "sub/c.canvas": "",
    "p.png": "x",
    ".gitignore": "left out.md\n",
    "left out.md": "",
}
STEPS: Mapping[str, Mapping[str, str | None]] = {
    "an edit": {"B.md": "[[Gone]] #Tag/one"},
    "an edit again": {"B.md": "[[Gone]] [[Gone]] #TAG/ONE [page 2](https://e.example/x)"},
    "a note": {"a.md": "---\nid: same\n---\n[[New]] #tag/ONE"},
    "the first of an id": {"A.md": None},
    "the first of a name": {"B.md": None, "0/B.md": "#tag/One [Page 0](https://e.example/x)"},
    "the missing note": {"gone.md": "# New"},
    "an attachment": {"sub/p.png": "x", "sub/B.md": "[[p.png]]"},
    "an attachment that is gone": {"p.png": None},
    "what is ignored": {".gitignore": "C.md\n"},
    "a bad note": {"sub/B.md": "\udcff"},
    "a label that a note has itself": {"gone.md": "---\nid: https://e.example/x\n---\n"},
    "back": VAULT,
}


def write(vault: Path, files: Mapping[str, str | None]) -> None:
    for name, text in files.items():
        (vault / name).parent.mkdir(exist_ok=True)
        if text is None:
            (vault / name).unlink()
        else:
            (vault / name).write_bytes(os.fsencode(text))


@pytest.mark.parametrize(
    ("most", "names"),
    [
        (1, ("the first of a name",)),
        *(pytest.param(most, STEPS, marks=pytest.mark.slow) for most in (100, 1, -1)),
    ],
)
def test_after_any_step_the_state_is_that_of_all_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, names: Iterable[str]
) -> None:
    monkeypatch.setattr(ingest_state, "_MOST_CHANGED", most)
    vault, store = tmp_path / "vault", tmp_path / "store"
    vault.mkdir()
    write(vault, VAULT)
    tables = set()
    for files in ({}, *(STEPS[name] for name in names)):
        write(vault, files)
        report, whole = ingest(vault, store), ingest(vault, tmp_path / "whole", full=True)
        assert report.store.nquads() == whole.store.nquads()
        for figure in ("missing", "wanted", "links", "notes", "canvases"):
            assert report.summary[figure] == whole.summary[figure], figure
        state = stored_state(store)
        equals(state, report.ledger)
        notes = Vault(vault).read().notes
        answers_as_whole(state, notes)
        answers_as_whole(report.ledger, notes)
        tables.add((report.store.folder / note_table.FILE).stat().st_ino)
    assert {100: len(tables) == 1, 1: 1 < len(tables) <= len(STEPS), -1: len(tables) > len(STEPS) // 2}[most]


def test_an_edit_reads_the_entries_that_it_touches(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = write({f"n{n}.md": f"[[n{(n + 1) % 60}]] [[gone]] #tag\n" for n in range(60)})
    ingest(vault, tmp_path / "store")
    read: list[str] = []
    one = NoteTable.entry

    def noted(self: NoteTable, path: str) -> object:
        read.append(path)
        return one(self, path)

    monkeypatch.setattr(NoteTable, "entry", noted)
    monkeypatch.setattr(NoteTable, "entries", None)
    steps: dict[str, tuple[dict[str, str | None], set[str]]] = {
        "edited": ({"n7.md": "[[n8]] [[gone]] #tag #other\n"}, {"n7.md", "n8.md"}),
        "relinked": ({"n7.md": "[[n20]] [[lost]]\n"}, {"n7.md", "n20.md"}),
        "added": ({"x.md": "[[n30]]\n"}, {"n30.md"}),
        "renamed": ({"x.md": None, "y.md": "[[n30]]\n"}, {"n30.md"}),
        "removed": ({"n40.md": None}, {"n40.md", "n39.md", "n38.md"}),
    }
    for name, (files, touched) in steps.items():
        for path, text in files.items():
            (vault / path).unlink() if text is None else (vault / path).write_text(text)
        read.clear()
        assert ingest(vault, tmp_path / "store").changed
        assert set(read) <= touched, name


def test_a_file_system_without_links_gets_a_copy(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write({"A.md": "[[B]]", "B.md": ""})
    ingest(vault, tmp_path / "store")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    (vault / "A.md").write_text("[[A]]")
    report = ingest(vault, tmp_path / "store")
    assert (report.store.folder / note_table.FILE).stat().st_nlink == 1
    equals(stored_state(tmp_path / "store"), report.ledger)
