"""The requests and notifications of the protocol, each with what answers it."""

import asyncio
from collections.abc import Callable
from typing import Any

from lsprotocol import types as lsp

from kg.lsp.code_actions import KINDS, code_actions, resolve_action
from kg.lsp.code_lens import code_lenses
from kg.lsp.completion import TRIGGERS, completions
from kg.lsp.edited_note import EditedNote
from kg.lsp.folding import folding_ranges
from kg.lsp.hover import hover
from kg.lsp.inlay_hints import inlay_hints
from kg.lsp.live_vault import LiveVault
from kg.lsp.navigation import definition, document_highlights, document_links, references
from kg.lsp.semantic_tokens import LEGEND, semantic_tokens
from kg.lsp.server import NotesServer
from kg.lsp.settings import EditorSettings
from kg.lsp.symbols import document_symbols, workspace_symbols

_HELD = 20.0
"""How long a question for the diagnostics of the workspace waits for others than the editor has, in seconds."""


def create_server(settings: EditorSettings | None = None) -> NotesServer:
    """A server with all features."""
    server = NotesServer(settings or EditorSettings())
    _life(server)
    _texts(server)
    _questions(server)
    _actions(server)
    _lists(server)
    _pictures(server)
    return server


def _life(server: NotesServer) -> None:
    @server.feature(lsp.INITIALIZE)
    def begin(params: lsp.InitializeParams) -> None:
        server.begin(params)
        if _understands_pull(params.capabilities):
            server.pulls = True
            _pulled(server)

    @server.feature(lsp.INITIALIZED)
    def opened(params: lsp.InitializedParams) -> None:
        server.open_folders()

    @server.feature(lsp.SHUTDOWN)
    async def close(params: None) -> None:
        await server.close()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def other_folders(params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            place = server.place(folder.uri)
            gone = [vault for root, vault in server.vaults.items() if place and root.is_relative_to(place.resolve())]
            await server.close(gone)
        server.open_folders()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: lsp.DidChangeConfigurationParams) -> None:
        before, given = server.settings, params.settings
        workspace = server.client_capabilities.workspace
        if workspace and workspace.configuration and not given:
            item = lsp.ConfigurationItem(section="kg")
            given = (await server.workspace_configuration_async(lsp.ConfigurationParams([item])))[0]
        if not given:
            return  # an editor without settings of this kind
        server.settings = EditorSettings.of(given)
        if before[:2] != server.settings[:2]:
            await server.close()
            server.homes.clear()
            server.open_folders()
            for document in [*server.workspace.text_documents.values()]:
                await server.take(document.uri)


def _understands_pull(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether an editor asks for diagnostics, and asks again when it is told that there are others."""
    text, workspace = capabilities.text_document, capabilities.workspace
    refreshes = workspace and workspace.diagnostics and workspace.diagnostics.refresh_support
    return bool(text and text.diagnostic and refreshes)


def _texts(server: NotesServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        await server.take(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        await server.take(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.shut(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        """The watcher sees it, too; nothing else is to be done."""


# ---- diagnostics that are asked for ----------------------------------------------------------------------------------


def _pulled(server: NotesServer) -> None:
    options = lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="kg")

    @server.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def of_note(params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        uri = params.text_document.uri
        known = await server.home(uri)
        if known is None:
            made = server.alone(uri)
        else:
            made = await known[0].check(known[1])
        if params.previous_result_id == made.id:
            return lsp.RelatedUnchangedDocumentDiagnosticReport(made.id)
        return lsp.RelatedFullDocumentDiagnosticReport(list(made.items), result_id=made.id)

    @server.feature(lsp.WORKSPACE_DIAGNOSTIC)
    async def of_workspace(params: lsp.WorkspaceDiagnosticParams) -> lsp.WorkspaceDiagnosticReport:
        known = {row.uri: row.value for row in params.previous_result_ids}
        vaults = [*server.vaults.values()]
        for vault in vaults:
            await vault.first.wait()
        report = _report(server, vaults, known)
        if known and all(isinstance(row, lsp.WorkspaceUnchangedDocumentDiagnosticReport) for row in report.items):
            changes = [asyncio.ensure_future(vault.changed.wait()) for vault in vaults]
            waits: list[asyncio.Future[Any]] = [*changes, asyncio.ensure_future(asyncio.sleep(_HELD))]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            report = _report(server, vaults, known)
        return report


def _report(server: NotesServer, vaults: list[LiveVault], known: dict[str, str]) -> lsp.WorkspaceDiagnosticReport:
    """The diagnostics of all files but open notes, for which editors ask by themselves."""
    items: list[lsp.WorkspaceDocumentDiagnosticReport] = []
    seen = set(server.homes)
    for vault in vaults:
        for path, made in vault.diagnostics.items():
            if path in vault.versions:
                continue
            seen.add(made.uri)
            if known.get(made.uri) == made.id:
                items.append(lsp.WorkspaceUnchangedDocumentDiagnosticReport(made.uri, made.id))
            else:
                items.append(lsp.WorkspaceFullDocumentDiagnosticReport(made.uri, list(made.items), result_id=made.id))
    gone = (uri for uri, id_ in known.items() if id_ and uri not in seen)
    items += [lsp.WorkspaceFullDocumentDiagnosticReport(uri, [], result_id="") for uri in gone]
    return lsp.WorkspaceDiagnosticReport(items)


# ---- questions about a place -----------------------------------------------------------------------------------------


def _questions(server: NotesServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[*TRIGGERS]))
    async def complete(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        uri, position = params.text_document.uri, params.position
        text = server.text(uri)
        return await server.ask(uri, lambda edited: completions(edited, text, position))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        return await server.ask(params.text_document.uri, lambda edited: hover(edited, params.position))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def defined(params: lsp.DefinitionParams) -> list[lsp.Location] | None:
        return await server.ask(params.text_document.uri, lambda edited: definition(edited, params.position))

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    async def referred(params: lsp.ReferenceParams) -> list[lsp.Location] | None:
        own = params.context.include_declaration
        return await server.ask(
            params.text_document.uri, lambda edited: references(edited, params.position, include_declaration=own)
        )

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlighted(params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight] | None:
        return await server.ask(params.text_document.uri, lambda edited: document_highlights(edited, params.position))


def _actions(server: NotesServer) -> None:
    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[*KINDS], resolve_provider=True)
    )
    async def acted(params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
        capabilities = server.client_capabilities
        actions = await server.ask(
            params.text_document.uri,
            lambda edited: code_actions(edited, params.range, params.context, capabilities=capabilities),
        )
        for action in actions or ():
            action.data = {"uri": params.text_document.uri, "own": action.data}
        return actions

    @server.feature(lsp.CODE_ACTION_RESOLVE)
    async def resolved(params: lsp.CodeAction) -> lsp.CodeAction:
        data: Any = params.data
        if not isinstance(data, dict) or not isinstance(data.get("uri"), str):
            return params
        params.data = data.get("own")
        capabilities = server.client_capabilities
        done = await server.ask(
            data["uri"], lambda edited: resolve_action(edited, params, capabilities=capabilities), is_long=True
        )
        done = done or params
        if done.disabled:  # which many editors do not show
            server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, done.disabled.reason))
        done.data = data
        return done


# ---- lists -----------------------------------------------------------------------------------------------------------


def _lists(server: NotesServer) -> None:
    def listed(method: str, work: Callable[..., Any], *, alone: bool = False) -> None:
        async def answer(params: Any) -> Any:
            ask = server.ask_text if alone else server.ask
            return await ask(params.text_document.uri, work)

        server.feature(method)(answer)

    def links(edited: EditedNote) -> list[lsp.DocumentLink]:
        text = server.client_capabilities.text_document
        rows = document_links(edited)
        if not (text and text.document_link and text.document_link.tooltip_support):
            for row in rows:
                row.tooltip = None
        return rows

    listed(lsp.TEXT_DOCUMENT_DOCUMENT_LINK, links)
    listed(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, document_symbols, alone=True)
    listed(lsp.TEXT_DOCUMENT_FOLDING_RANGE, folding_ranges, alone=True)

    @server.feature(lsp.WORKSPACE_SYMBOL)
    async def symbols(params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
        rows: list[lsp.WorkspaceSymbol] = []
        for vault in [*server.vaults.values()]:
            found = server.answer(vault, lambda state: workspace_symbols(state, params.query, server.encoding))
            rows += await found or ()
        return rows


# ---- what is drawn in the text ---------------------------------------------------------------------------------------


def _pictures(server: NotesServer) -> None:
    options = lsp.SemanticTokensRegistrationOptions(LEGEND, range=True, full=True)

    @server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, options)
    async def coloured(params: lsp.SemanticTokensParams) -> lsp.SemanticTokens | None:
        return await server.ask(params.text_document.uri, semantic_tokens)

    @server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, options)
    async def coloured_part(params: lsp.SemanticTokensRangeParams) -> lsp.SemanticTokens | None:
        return await server.ask(params.text_document.uri, lambda edited: semantic_tokens(edited, params.range))

    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    async def hinted(params: lsp.InlayHintParams) -> list[lsp.InlayHint] | None:
        if not server.settings.inlay_hints:
            return []
        return await server.ask(params.text_document.uri, lambda edited: inlay_hints(edited, params.range))

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    async def lenses(params: lsp.CodeLensParams) -> list[lsp.CodeLens] | None:
        if not server.settings.code_lens:
            return []
        return await server.ask(params.text_document.uri, code_lenses)
