"""A note in an editor with a cursor at a mark, in a vault that is ingested once for the same files."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lsprotocol import types as lsp

import kg
from helpers.vaults import write_vault
from kg.config import load
from kg.core.text import Source
from kg.lsp.edited_note import EditedNote
from kg.lsp.positions import TextPositions
from kg.notes.vault import Vault
from kg.session.vault_state import Draft, VaultState
from kg.store.store import Published
from kg.validation.validator import validate
from kg.views.open_vault import OpenVault

HERE = "Here.md"
"""The path of the note in the editor."""


@dataclass(frozen=True)
class Editing:
    """A note in an editor, its text, and the cursor."""

    edited: EditedNote
    text: str
    position: lsp.Position

    @property
    def range(self) -> lsp.Range:
        """The range of the cursor, in which nothing is selected."""
        return lsp.Range(self.position, self.position)

    def applied(self, edits: Sequence[lsp.TextEdit]) -> str:
        """The text after edits."""
        return applied(self.text, edits, self.edited.encoding)


def applied(text: str, edits: Sequence[lsp.TextEdit], encoding: str = lsp.PositionEncodingKind.Utf16) -> str:
    """A text after edits."""
    data = text.encode()
    positions = TextPositions(Source(data), encoding)
    rows = [(positions.offset(edit.range.start), positions.offset(edit.range.end), edit.new_text) for edit in edits]
    for start, end, new_text in sorted(rows, reverse=True):
        data = data[:start] + new_text.encode() + data[end:]
    return data.decode()


def editing(
    text: str,
    others: Mapping[str, str] = MappingProxyType({}),
    *,
    path: str = HERE,
    mark: str = "|",
    saved: bool = False,
    checked: bool = False,
    encoding: str = lsp.PositionEncodingKind.Utf16,
) -> Editing:
    """A note with a text in an editor, the cursor at the last mark in it, beside other files of its vault.

    `saved` means that the graph has the note, too; `checked` that the findings of the vault are known.
    """
    before, found, after = text.rpartition(mark)
    if not found:
        before, after = text, ""
    text = before + after
    files = {**others, path: text} if saved or checked else dict(others)
    config = load(_ingested(tuple(sorted(files.items()))))
    vault = Vault(config=config)
    found_in: dict[str, tuple[kg.Finding, ...]] = {}
    for finding in validate(vault, severity="info").findings if checked else ():
        found_in[finding.path] = (*found_in.get(finding.path, ()), finding)
    draft = Draft.of(path, text, vault)
    state = VaultState(OpenVault(config, Published(config.store)), vault.files(), {path: draft}, found_in)
    assert draft.note
    edited = EditedNote(state, path, draft.note, encoding)
    position = TextPositions(Source(text.encode()), encoding).position(len(before.encode()))
    return Editing(edited, text, position)


@cache
def _ingested(files: tuple[tuple[str, str], ...]) -> Path:
    """The folder of a vault with files, ingested."""
    folder = write_vault(Path(tempfile.mkdtemp(prefix="kg-editing-")), dict(files) or {"Empty.md": ""})
    kg.ingest(Vault(config=load(folder)))
    return folder
