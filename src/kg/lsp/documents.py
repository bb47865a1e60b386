"""The texts that an editor has open. A line ends where LSP says that it ends: at LF, CRLF or CR, and nowhere else.

pygls divides texts as Python does, at U+2028 and form feeds, too. An edit below such a sign would change another line
than the editor's (LSP 3.17, Text Documents).
"""

from lsprotocol import types as lsp
from pygls.workspace import TextDocument, Workspace

from kg.core.text import lines_of


class NoteDocument(TextDocument):
    """An open text."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines with their ends."""
        return tuple(lines_of(self.source))


class NoteWorkspace(Workspace):
    """The open texts."""

    @classmethod
    def like(cls, workspace: Workspace, params: lsp.InitializeParams) -> "NoteWorkspace":
        """The workspace in place of the one that pygls has made."""
        kind = lsp.TextDocumentSyncKind.Incremental
        return cls(workspace.root_uri, kind, params.workspace_folders or [], workspace.position_encoding)

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> NoteDocument:
        return NoteDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )
