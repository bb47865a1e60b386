"""A note about which an editor asks, and the vault around it: what each feature of the language server starts from."""

from dataclasses import dataclass, field
from functools import cached_property

from lsprotocol import types as lsp

from kg.core.text import Span
from kg.lsp.positions import START, TextPositions
from kg.notes.model import Note
from kg.session.vault_state import VaultState


@dataclass(frozen=True)
class EditedNote:
    """A note as it is in an editor."""

    state: VaultState
    path: str
    note: Note
    encoding: str = lsp.PositionEncodingKind.Utf16
    """The encoding of the editor's positions."""
    _others: dict[str, TextPositions] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def positions(self) -> TextPositions:
        """The positions in the note."""
        return TextPositions(self.note.source, self.encoding)

    def positions_in(self, path: str) -> TextPositions | None:
        """The positions in any note; None if it cannot be read."""
        if path == self.path:
            return self.positions
        if path not in self._others:
            note = self.state.note(path)
            if note is None:
                return None
            self._others[path] = TextPositions(note.source, self.encoding)
        return self._others[path]

    def note_at(self, path: str) -> Note | None:
        """Any note; None if it cannot be read."""
        return self.note if path == self.path else self.state.note(path)

    def uri(self, path: str) -> str:
        """The URI of a path of the vault."""
        return self.state.place(path).absolute().as_uri()

    def location(self, path: str, span: Span | None = None) -> lsp.Location:
        """The location of a part of a note, or the start of a file."""
        positions = self.positions_in(path) if span else None
        return lsp.Location(self.uri(path), positions.range(span) if positions and span else START)
