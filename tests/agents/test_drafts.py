"""A draft that is not saved has the findings that the note has once it is saved: those of every planted fault."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.agents import asked, fresh
from helpers.planted_faults import ALL, LINKED, MARK, SETTINGS
from helpers.vaults import write_vault
from kg.config import load
from kg.mcp.answering import ToolCall, called
from kg.mcp.fresh_vault import FreshVault
from kg.notes.vault import Vault
from kg.validation.validator import validate

Row = tuple[int, int, str, str, str]
TEXTS = {path: MARK.sub("", text) for path, text in ALL.items() if path not in LINKED}
FAULTY = [
    path
    for path, text in ALL.items()
    if MARK.search(text) and path in TEXTS and path.endswith((".md", ".canvas")) and not any("\ud800" <= c <= "\udfff" for c in text)
]  # fmt: skip
"""The notes with faults whose text a message can carry."""


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, FreshVault, dict[str, list[Row]]]]:
    folder = tmp_path_factory.mktemp("drafts")
    vault = write_vault(
        folder / "vault", {name: text.encode("utf-8", "surrogateescape") for name, text in TEXTS.items()}
    )
    (vault / "kg.toml").write_text(SETTINGS, encoding="utf-8")
    saved: dict[str, list[Row]] = {}
    for row in validate(Vault(config=load(vault, cwd=vault, store=folder / "store"))).findings:
        saved.setdefault(row.path, []).append((row.line, row.column, row.severity, row.code, row.message))
    with fresh(vault) as source:
        yield vault, source, saved


@pytest.mark.parametrize("path", FAULTY)
@pytest.mark.sample(8)
def test_a_draft_is_judged_as_if_it_were_saved(
    faults: tuple[Path, FreshVault, dict[str, list[Row]]], path: str
) -> None:
    vault, source, saved = faults
    note = vault / path
    text = note.read_bytes().decode()
    note.unlink()
    try:
        answer = called(source.latest(), ToolCall("validate", {"path": path, "text": text}, 1_000_000))
        assert not answer.is_error, answer.text
        assert answer.values
        own = [row for row in answer.values["rows"] if row["path"] == path]
        rows = [(row["line"], row["column"], row["severity"], row["code"], row["message"]) for row in own]
        assert rows == saved.get(path, [])
        assert rows
        assert not note.exists()
    finally:
        note.write_bytes(text.encode())


def test_a_draft_leaves_nothing_behind(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {"A.md": "[[B]]\n", "B.md": "[[A]]\n"})
    with fresh(vault) as source:
        before = asked(source.latest(), "validate")
        draft = asked(source.latest(), "validate", path="B.md", text="[[Nowhere]] and [[A#Gone]]\n")
        assert "B.md:1:1: error: there is no note “Nowhere”" in draft.text
        assert asked(source.latest(), "validate") == before
        assert (vault / "B.md").read_text() == "[[A]]\n"
        assert not [*(vault / ".kg").glob(".overlay-*")]
        (vault / "B.md").write_text("[[Nowhere]] and [[A#Gone]]\n")
        saved = asked(source.latest(), "validate", path="B.md")
        assert draft.values
        assert saved.values
        assert draft.values["rows"] == saved.values["rows"]
