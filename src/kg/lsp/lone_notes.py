"""Notes that belong to no vault: what their own text says, and nothing about other files."""

import tempfile
from pathlib import Path

from kg.config import settings_in
from kg.lsp.diagnostics import DiagnosticMaker, FileDiagnostics
from kg.session.session import Session
from kg.session.vault_state import VaultState


class LoneNotes:
    """The notes outside vaults, around which there is an empty vault in a temporary folder."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._folder = tempfile.TemporaryDirectory(prefix="kg-alone-", ignore_cleanup_errors=True)
        root = Path(self._folder.name)
        self.session = Session(settings_in(root, root / ".kg"))
        self.session.open()

    def state(self, name: str, text: str) -> VaultState:
        """The vault with one text in it."""
        self.session.drafts = {}
        self.session.edit(name, text)
        with self.session.state() as state:
            return state

    def diagnostics(self, name: str, text: str, uri: str) -> FileDiagnostics:
        """What is wrong in a text by itself: its front matter, its encoding, its size."""
        state = self.state(name, text)
        made = DiagnosticMaker(state, self.encoding, {}).of_file(name, state.drafts[name].findings)
        return FileDiagnostics(uri, made.items, made.id)

    def close(self) -> None:
        """Remove the temporary folder."""
        self.session.close()
        self._folder.cleanup()
