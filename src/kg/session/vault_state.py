"""A vault at one moment: the graph of a generation, and the notes as the editor has them.

The graph may be older than the texts: it is that of the last generation, or of the last look at the unsaved texts. The
index is never older: links are resolved by the names, headings and blocks of the texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from kg.core.findings import Finding
from kg.core.text import Source, UndecodableError
from kg.ingestion.keyed_index import index_of
from kg.mapping.link_resolution import Index
from kg.notes.canvas import CanvasError
from kg.notes.model import Note
from kg.notes.obsidian_settings import Settings
from kg.notes.summary import Card
from kg.notes.vault import Files, Vault, note_of, read_note
from kg.store.ingest_state import IngestState
from kg.store.note_entries import NoteEntry
from kg.views.open_vault import OpenVault


@dataclass(frozen=True)
class Draft:
    """The text of a note in an editor, saved or not, and what kg reads in it."""

    path: str
    text: str
    note: Note | None
    """None where the text cannot be read, as a canvas that is no JSON."""
    findings: tuple[Finding, ...]
    """The findings of reading it."""

    @property
    def source(self) -> Source:
        """The text with its positions."""
        return self.note.source if self.note else Source(self.text.encode("utf-8", "replace"))

    @classmethod
    def of(cls, path: str, text: str, vault: Vault) -> "Draft":
        """Read a text as a note."""
        try:
            note = note_of(path, text.encode("utf-8", "replace"), vault.config)
        except CanvasError as error:
            return cls(path, text, None, (error.finding,))
        except UndecodableError:  # the bytes are UTF-8, but those of another encoding's mark may begin them
            return cls(path, text, None, ())
        return cls(path, text, note, note.findings)


@dataclass(frozen=True)
class VaultState:
    """The vault at one moment."""

    vault: OpenVault
    """The graph: of the drafts as they were when the graph was brought up to date last."""
    files: Files
    """The files of the vault on the disk."""
    drafts: Mapping[str, Draft] = field(default_factory=lambda: MappingProxyType({}))
    """The notes in editors, by path."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The last findings by path."""
    validated: Mapping[str, Draft] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The drafts that those findings are about: the notes in editors at the last validation."""
    recorded: IngestState | None = field(default=None, repr=False)
    """The record of the notes in the graph, where it is at hand."""
    saved: OpenVault | None = None
    """The graph of what is saved, where another is that of the drafts: it changes less often."""
    saved_index: Index | None = field(default=None, repr=False)
    """The index of what is saved, where it is at hand."""
    _read: dict[str, Note] = field(default_factory=dict, repr=False, compare=False)

    @property
    def steady(self) -> OpenVault:
        """The graph of what is saved: what takes long to read of it serves until a note is saved."""
        return self.saved or self.vault

    @cached_property
    def settings(self) -> Settings:
        """Obsidian's own settings of the vault."""
        return Settings.of(self.vault.config.vault)

    @cached_property
    def ledger(self) -> IngestState | None:
        """The record of the notes, with the cards of the drafts."""
        state = self.recorded or self.vault.project.state
        if state is None or not self.drafts:
            return state
        cards = {path: Card.of(draft.note) for path, draft in self.drafts.items() if draft.note}
        entries = {path: NoteEntry("", card, (), (), (), {}, ()) for path, card in cards.items()}
        return replace(state, entries=state.entries.replaced(entries), before=None, counted=None)

    @cached_property
    def index(self) -> Index:
        """The index by which links are resolved."""
        ledger, base = self.ledger, self.saved_index
        if ledger is None:
            return Index.of((), (), self.vault.names)
        index = index_of(ledger, self.vault.names)
        if base is None:
            return replace(index, on_disk=self.files.on_disk)
        index = replace(index, on_disk=base.on_disk)
        return index.with_names_of(base) if all(path in base.outlines for path in self.drafts) else index

    def place(self, path: str) -> Path:
        """The file of a path of the vault, whether it exists or not."""
        files = self.files
        known = files.notes.get(path) or files.attachments.get(path) or files.ignored.get(path)
        return Path(known) if known else self.vault.config.vault / path

    def note(self, path: str) -> Note | None:
        """A note as the editor has it, or as it is on the disk; None if there is none that can be read."""
        if path in self.drafts:
            return self.drafts[path].note
        if path not in self._read:
            note = read_note(path, self.files.notes[path], self.vault.config)[0] if path in self.files.notes else None
            if note is None:
                return None
            self._read[path] = note
        return self._read[path]

    def text(self, path: str) -> str | None:
        """The text of a note as the editor has it, or as it is on the disk."""
        if path in self.drafts:
            return self.drafts[path].text
        note = self.note(path)
        return note.source.text if note else None
