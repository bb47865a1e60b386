"""The language server: what an editor sends, to which vault it belongs, and what it gets back."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.exceptions import PyglsError
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from kg.core.errors import KgError
from kg.core.version import __version__
from kg.lsp.diagnostics import FileDiagnostics
from kg.lsp.documents import NoteWorkspace
from kg.lsp.edited_note import EditedNote
from kg.lsp.live_vault import Listener, LiveVault
from kg.lsp.lone_notes import LoneNotes
from kg.lsp.roots import vault_of
from kg.lsp.settings import EditorSettings
from kg.session.vault_state import VaultState

Result = TypeVar("Result")
_LOG = logging.getLogger("kg.lsp")
_SOME = 20
"""How many files' diagnostics are pushed before anything else that waits has its turn."""


class NotesServer(LanguageServer):
    """The server of one editor, with the vaults whose notes it has open."""

    def __init__(self, settings: EditorSettings) -> None:
        super().__init__("kg", __version__, lsp.TextDocumentSyncKind.Incremental)
        self.settings = settings
        self.vaults: dict[Path, LiveVault] = {}
        """The open vaults by folder."""
        self.homes: dict[str, tuple[LiveVault, str]] = {}
        """The vault and the path in it of each open note, by URI."""
        self.told: dict[str, str] = {}
        """The id of the diagnostics that were pushed last, by URI."""
        self.pulls = False
        """Whether the editor asks for diagnostics; else they are pushed."""
        self._lone: LoneNotes | None = None
        self._problems: set[str] = set()
        self._pushing: dict[Path, asyncio.Future[None]] = {}

    @property
    def encoding(self) -> str:
        """The encoding of positions."""
        return str(self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16)

    def begin(self, params: lsp.InitializeParams) -> None:
        """Take what an editor says of itself."""
        self.protocol._workspace = NoteWorkspace.like(self.workspace, params)
        if params.initialization_options:
            self.settings = EditorSettings.of(params.initialization_options)

    def open_folders(self) -> None:
        """Open the vaults of the folders that the editor has open."""
        folders = [folder.uri for folder in self.workspace.folders.values()]
        for uri in folders or ([self.workspace.root_uri] if self.workspace.root_uri else []):
            self.vault_at(uri)

    def vault_at(self, uri: str) -> LiveVault | None:
        """The vault to which a file or folder belongs, which is opened if it is not; None if there is none."""
        place = self.place(uri)
        try:
            config = vault_of(place, self.settings.store) if place else None
        except (KgError, OSError) as error:
            self.problem(str(error))
            return None
        if config is None:
            return None
        if config.vault not in self.vaults:
            listener = Listener(self.edited, self.validated, self.problem)
            vault = LiveVault(config, self.encoding, self.settings.severity, listener)
            self.vaults[config.vault] = vault
            vault.start()
        return self.vaults[config.vault]

    @staticmethod
    def place(uri: str) -> Path | None:
        """The file of a URI; None if it is of another kind."""
        try:
            path = to_fs_path(uri) if uri.startswith("file:") else None
            return Path(path) if path and "\0" not in path else None
        except ValueError:
            return None

    async def home(self, uri: str) -> tuple[LiveVault, str] | None:
        """The vault of a note and its path there; None if it is in none, or is not read."""
        if uri in self.homes:
            return self.homes[uri]
        vault, place = self.vault_at(uri), self.place(uri)
        if vault is None or place is None:
            return None
        await vault.opened.wait()
        path = None if vault.failure else vault.session.path_of(place)
        return (vault, path) if path else None

    # ---- open notes --------------------------------------------------------------------------------------------------

    async def take(self, uri: str) -> None:
        """Take the latest text of an open note."""
        known = await self.home(uri)
        document = self.document(uri)
        if document is None:
            return  # closed meanwhile
        if known is None:
            if not self.pulls:
                self.push(self.alone(uri), document.version)
            return
        self.homes[uri] = known
        vault, path = known
        vault.edit(path, document.source, document.version)

    def document(self, uri: str) -> TextDocument | None:
        """An open text; None if it has been closed."""
        document: TextDocument | None = self.workspace.text_documents.get(unquote(uri))  # so pygls has it
        return document

    def text(self, uri: str) -> str:
        """The latest text of a note; empty if it has been closed."""
        document = self.document(uri)
        return document.source if document else ""

    def alone(self, uri: str) -> FileDiagnostics:
        """What is wrong in the text of a note outside vaults."""
        return self.lone.diagnostics(self.file_name(uri), self.text(uri), uri)

    @property
    def lone(self) -> LoneNotes:
        """The notes outside vaults."""
        if self._lone is None:
            self._lone = LoneNotes(self.encoding)
        return self._lone

    def file_name(self, uri: str) -> str:
        """The file name of a note."""
        place = self.place(uri)
        return place.name if place and place.suffix.lower() == ".md" else "note.md"

    def shut(self, uri: str) -> None:
        """Forget the text of a note that has been closed."""
        if known := self.homes.pop(uri, None):
            vault, path = known
            vault.shut(path)
        elif not self.pulls and self.told.get(uri):
            self.push(FileDiagnostics(uri, (), ""))

    # ---- questions ---------------------------------------------------------------------------------------------------

    async def ask(self, uri: str, question: Callable[[EditedNote], Result], *, is_long: bool = False) -> Result | None:
        """The answer of a function of a note; None if it is in no vault, or cannot be read."""
        known = await self.home(uri)
        if known is None:
            return None
        vault, path = known

        def answered(state: VaultState) -> Result | None:
            note = state.note(path)
            return question(EditedNote(state, path, note, self.encoding)) if note else None

        return await self.answer(vault, answered, is_long=is_long)

    async def answer(
        self, vault: LiveVault, question: Callable[[VaultState], Result], *, is_long: bool = False
    ) -> Result | None:
        """The answer of a function of a vault; None if it cannot be asked, and the editor's user is told why."""
        try:
            return await vault.ask(question, is_long=is_long)
        except KgError as error:
            self.problem(str(error))
            return None

    async def ask_text(self, uri: str, question: Callable[[EditedNote], Result]) -> Result | None:
        """As `ask`, for what the text alone tells: of a note outside vaults, too."""
        if await self.home(uri):
            return await self.ask(uri, question)
        name = self.file_name(uri)
        state = self.lone.state(name, self.text(uri))
        note = state.note(name)
        return question(EditedNote(state, name, note, self.encoding)) if note else None

    # ---- diagnostics -------------------------------------------------------------------------------------------------

    def edited(self, vault: LiveVault, path: str, made: FileDiagnostics) -> None:
        """Push the diagnostics of a note that has been edited."""
        if not self.pulls:
            uri = self.uri_of(vault, path) or made.uri
            self.push(FileDiagnostics(uri, made.items, made.id), vault.versions.get(path))

    def validated(self, vault: LiveVault) -> None:
        """Tell the editor that a vault has been validated."""
        if self.pulls:
            self.refresh("diagnostics", self.workspace_diagnostic_refresh)
        else:
            self._begin_pushing(vault)
        self.refresh("inlay_hint", self.workspace_inlay_hint_refresh)
        self.refresh("code_lens", self.workspace_code_lens_refresh)
        self.refresh("semantic_tokens", self.workspace_semantic_tokens_refresh)

    def _begin_pushing(self, vault: LiveVault) -> None:
        """Push what is new in a vault; what is still being pushed from before is out of date."""
        if before := self._pushing.pop(vault.config.vault, None):
            before.cancel()
        self._pushing[vault.config.vault] = asyncio.ensure_future(self._push_all(vault))

    async def _push_all(self, vault: LiveVault) -> None:
        """Push the diagnostics of the open notes, then of all other files for which they are new, some at a time."""
        for path in [*vault.versions]:
            with suppress(KgError):
                await self._check(vault, path)
        current = {made.uri: made for path, made in vault.diagnostics.items() if path not in vault.versions}
        root = vault.config.root.absolute().as_uri()
        of_open = {uri for uri, (home, _) in self.homes.items() if home is vault}
        told = {uri for uri, id_ in self.told.items() if id_ and uri.startswith(f"{root}/")}
        current |= {uri: FileDiagnostics(uri, (), "") for uri in told - current.keys() - of_open}
        for number, made in enumerate(current.values()):
            if made.uri not in self.homes:
                self.push(made)
            if number % _SOME == 0:
                await asyncio.sleep(0)  # an answer goes first

    async def _check(self, vault: LiveVault, path: str) -> None:
        version = vault.versions.get(path)
        made = await vault.check(path)
        if path in vault.versions and vault.versions[path] == version:
            self.edited(vault, path, made)

    def push(self, made: FileDiagnostics, version: int | None = None) -> None:
        """Push diagnostics, unless the editor has them; those of an open note belong to a version of its text."""
        id_ = f"{made.id} {version}" if made.items or version is not None else ""
        if self.told.get(made.uri, "") == id_:
            return
        self.told[made.uri] = id_
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(made.uri, list(made.items), version))

    def uri_of(self, vault: LiveVault, path: str) -> str | None:
        """The URI under which the editor has a note open."""
        return next((uri for uri, known in self.homes.items() if known == (vault, path)), None)

    def refresh(self, name: str, tell: Callable[..., Any]) -> None:
        """Ask the editor to ask again, if it understands that."""
        workspace = self.client_capabilities.workspace
        known = getattr(workspace, name, None) if workspace else None
        if known and known.refresh_support:
            tell(None)

    def problem(self, text: str) -> None:
        """Show the editor's user why something is not possible; each reason once."""
        _LOG.warning("%s", text)
        if text not in self._problems:
            self._problems.add(text)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, text))

    def report_server_error(self, error: Exception, source: type[PyglsError]) -> None:  # type: ignore[override]
        """Log an error; an editor's user can do nothing about it."""
        _LOG.error("%s: %s", getattr(source, "__name__", source), error)

    # ---- the end -----------------------------------------------------------------------------------------------------

    async def close(self, vaults: Iterable[LiveVault] | None = None) -> None:
        """Close vaults, by default all."""
        for vault in [*self.vaults.values()] if vaults is None else vaults:
            self.vaults.pop(vault.config.vault, None)
            if pushing := self._pushing.pop(vault.config.vault, None):
                pushing.cancel()
            await vault.close()
        if self._lone and not self.vaults:
            self._lone.close()
            self._lone = None

    def end(self) -> None:
        """Close all that is still open, when the loop runs no longer."""
        for vault in self.vaults.values():
            vault.end()
        if self._lone:
            self._lone.close()
