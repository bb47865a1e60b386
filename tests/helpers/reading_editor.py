"""A vault in an editor: notes that are ingested, texts that are not saved, and the cursor, which is written as `‸`."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lsprotocol import types as lsp

from helpers.vaults import write_vault
from kg.config import Config, load
from kg.ingestion.pipeline import ingest
from kg.lsp.edited_note import EditedNote
from kg.notes.vault import Vault
from kg.session.vault_state import Draft, VaultState
from kg.store.store import Published
from kg.views.open_vault import OpenVault

CURSOR = "‸"
UTF16 = lsp.PositionEncodingKind.Utf16
ENCODINGS = (lsp.PositionEncodingKind.Utf8, UTF16)


def state_of(config: Config, drafts: Mapping[str, str] = MappingProxyType({}), *, redacted: bool = False) -> VaultState:
    """The vault with these settings as it was ingested, and texts in editors by the paths of their notes."""
    vault = Vault(config=config)
    opened = OpenVault(config, Published(config.store), is_redacted=redacted)
    read = {path: Draft.of(path, text, vault) for path, text in drafts.items()}
    return VaultState(opened, vault.files(), read)


def edit(
    folder: Path,
    files: Mapping[str, str],
    path: str,
    *,
    encoding: str = UTF16,
    drafts: Mapping[str, str] = MappingProxyType({}),
) -> tuple[EditedNote, lsp.Position]:
    """Ingest files and edit one of them, or a text that is not saved; the note, and the position of the cursor."""
    config = load(write_vault(folder, {name: text.replace(CURSOR, "") for name, text in files.items()}))
    ingest(Vault(config=config))
    written = drafts.get(path) or files[path]
    state = state_of(config, {name: text.replace(CURSOR, "").removeprefix("\ufeff") for name, text in drafts.items()})
    return at_cursor(state, path, written, encoding)


def at_cursor(state: VaultState, path: str, written: str, encoding: str = UTF16) -> tuple[EditedNote, lsp.Position]:
    """A note of a vault, and the position of the cursor in its text; of its start where there is none."""
    note = state.note(path)
    assert note is not None
    edited = EditedNote(state, path, note, encoding)
    before = written.removeprefix("\ufeff").partition(CURSOR)[0] if CURSOR in written else ""
    return edited, edited.positions.position(len(before.encode()))


def covered(edited: EditedNote, location: lsp.Location) -> str:
    """The path of a location in the vault, with its line from 1 and the text that it covers."""
    files = edited.state.files
    path = next(path for path in (*files.notes, *files.attachments, *edited.state.drafts, location.uri)
                if path == location.uri or edited.uri(path) == location.uri)  # fmt: skip
    positions = edited.positions_in(path) if path in files.notes or path in edited.state.drafts else None
    line = location.range.start.line + 1
    if positions is None:
        return f"{path}:{line}"
    start, end = positions.offset(location.range.start), positions.offset(location.range.end)
    text = positions.source.slice(start, end)
    return f"{path}:{line}:{text}" if text else f"{path}:{line}"
