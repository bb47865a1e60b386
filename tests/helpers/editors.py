"""Editors that talk to a real language server over its standard input and output.

What an editor sends first is in tests/lsp/editors/. A test says what the editor does, step by step:

    with Editor.start(vault, "neovim") as editor:
        editor.open("A.md")
        editor.change("A.md", "See [[Nowhere]].")
        assert [finding.code for finding in editor.diagnostics("A.md")] == ["L01"]
"""

import asyncio
import json
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lsprotocol import types as lsp
from pygls.client import JsonRPCClient
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features

from helpers.vaults import ROOT

EDITORS = ("vscode", "neovim", "helix", "zed", "emacs-eglot")
KG_LSP = (sys.executable, "-m", "kg", "lsp")
SECONDS = 30.0
"""How long a test waits for one answer."""

CONVERTER: Any = default_converter  # it has no types

T = TypeVar("T")
Edit = tuple[lsp.Range, str]


def recorded(name: str, vault: Path | None = None) -> dict[str, Any]:
    """The parameters of `initialize` that an editor sends, for the vault; without one, for `/vault`."""
    text = (ROOT / "tests" / "lsp" / "editors" / f"{name}.json").read_text(encoding="utf-8")
    params: dict[str, Any] = json.loads(text)
    if vault is None:
        return params
    params["processId"] = os.getpid()
    return {key: _moved(value, vault) if key != "capabilities" else value for key, value in params.items()}


def _moved(value: Any, vault: Path) -> Any:
    """A value of the recording, with the vault instead of `/vault`."""
    match value:
        case dict():
            return {key: _moved(inner, vault) for key, inner in value.items()}
        case list():
            return [_moved(inner, vault) for inner in value]
        case "file:///vault":
            return vault.as_uri()
        case "/vault" | "/vault/":
            return str(value).replace("/vault", str(vault))
        case _:
            return value


@dataclass(frozen=True)
class Published:
    """Diagnostics that the server pushed."""

    number: int
    """Counts what the client sent and received."""
    version: int | None
    diagnostics: Sequence[lsp.Diagnostic]


@dataclass
class Document:
    """A text that is open in the editor."""

    uri: str
    text: str
    version: int
    number: int
    """When it was last changed, as in Published."""


class RecordingClient(LanguageClient):
    """pytest-lsp's client, which also keeps what the server asks of an editor."""

    def __init__(self, settings: Mapping[str, Any] | None) -> None:
        configuration = {"": {"kg": dict(settings)}} if settings is not None else None
        super().__init__(converter_factory=CONVERTER, configuration=configuration)
        register_lsp_features(self)
        self.arrived = threading.Condition()
        self.number = 0
        self.published: dict[str, list[Published]] = {}
        self.registrations: list[lsp.Registration] = []
        self.refreshes: Counter[str] = Counter()
        self.edits: list[lsp.WorkspaceEdit] = []
        self.stderr = b""
        _answer_as_editors_do(self)

    async def start_io(self, cmd: str, *args: str, **kwargs: Any) -> None:
        """As pytest-lsp's, but what the server writes to its standard error is kept, not forwarded."""
        await JsonRPCClient.start_io(self, cmd, *args, **kwargs)
        self.keeping = asyncio.create_task(self._keep_stderr())
        self._async_tasks.append(self.keeping)

    async def _keep_stderr(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.stderr += line

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._server is not None
        return self._server

    def counted(self) -> int:
        """The number of the next event."""
        with self.arrived:
            self.number += 1
            self.arrived.notify_all()
            return self.number


def _answer_as_editors_do(client: RecordingClient) -> None:
    def publish(params: lsp.PublishDiagnosticsParams) -> None:
        number = client.counted()
        client.diagnostics[params.uri] = params.diagnostics
        client.published.setdefault(params.uri, []).append(Published(number, params.version, params.diagnostics))
        client.counted()

    def register(params: lsp.RegistrationParams) -> None:
        client.registrations += params.registrations
        client.counted()

    def unregister(params: lsp.UnregistrationParams) -> None:
        gone = {one.id for one in params.unregisterations}
        client.registrations[:] = [one for one in client.registrations if one.id not in gone]

    def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
        client.edits.append(params.edit)
        return lsp.ApplyWorkspaceEditResult(applied=True)

    features = client.protocol.fm
    features.features.pop(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, None)
    features.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(publish)
    features.feature(lsp.CLIENT_REGISTER_CAPABILITY)(register)
    features.feature(lsp.CLIENT_UNREGISTER_CAPABILITY)(unregister)
    features.feature(lsp.WORKSPACE_APPLY_EDIT)(apply)
    features.features.pop(lsp.WORKSPACE_DIAGNOSTIC_REFRESH, None)
    for method in (
        lsp.WORKSPACE_DIAGNOSTIC_REFRESH,
        lsp.WORKSPACE_CODE_LENS_REFRESH,
        lsp.WORKSPACE_INLAY_HINT_REFRESH,
        lsp.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
        lsp.WORKSPACE_FOLDING_RANGE_REFRESH,
    ):
        features.feature(method)(_counting(client, method))


def _counting(client: RecordingClient, method: str) -> Any:
    def refresh(params: None) -> None:
        client.refreshes[method] += 1
        client.counted()

    return refresh


class ServerEnded(Exception):
    """The server ended while an answer was awaited."""


class Editor:
    """An editor with one vault, and the process of its language server. Each step waits at most SECONDS."""

    def __init__(self, client: RecordingClient, vault: Path) -> None:
        self.client = client
        self.vault = vault
        self.documents: dict[str, Document] = {}
        self.result = lsp.InitializeResult(lsp.ServerCapabilities())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @classmethod
    def start(
        cls,
        vault: Path,
        editor: str,
        *,
        command: Sequence[str] = KG_LSP,
        settings: Mapping[str, Any] | None = None,
        change: Mapping[str, Any] | None = None,
    ) -> Self:
        """Start the server, and go through the handshake.

        The settings are what `workspace/configuration` gives for the section “kg”, and `initializationOptions`.
        """
        started = cls(RecordingClient(settings), vault)
        params = {**recorded(editor, vault), **(change or {})}
        if settings is not None:
            params["initializationOptions"] = dict(settings)
        try:
            started.run(started.client.start_io(*command, cwd=str(vault.parent)))
            wanted = CONVERTER().structure(params, lsp.InitializeParams)
            started.result = started.run(started.client.initialize_session(wanted))
        except BaseException:
            started.kill()
            raise
        return started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._loop.is_running():
            return
        if error is None and self.client.process.returncode is None:
            assert self.close() == 0, self.stderr
        else:
            self.kill()

    def run(self, step: Coroutine[Any, Any, T], seconds: float = SECONDS) -> T:
        """What a coroutine of the client gives."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(step, self._loop)
        try:
            return future.result(seconds)
        except RuntimeError as error:
            if self.client._server is None or not self.client.stopped:
                raise
            asyncio.run_coroutine_threadsafe(asyncio.wait([self.client.keeping], timeout=SECONDS), self._loop).result()
            raise ServerEnded(f"exit code {self.client.process.returncode}; it wrote: {self.stderr[-2000:]}") from error
        except TimeoutError as error:
            future.cancel()
            raise TimeoutError(f"no answer in {seconds:g} s; the server wrote: {self.stderr[-2000:]}") from error

    @property
    def stderr(self) -> str:
        """What the server wrote to its standard error."""
        return self.client.stderr.decode("utf-8", "replace")

    @property
    def encoding(self) -> str:
        """The encoding of positions that the server chose."""
        return str(self.result.capabilities.position_encoding or "utf-16")

    @property
    def pulls(self) -> bool:
        """Whether the editor asks for diagnostics, and the server answers."""
        capabilities = self.client.capabilities
        asks = capabilities and capabilities.text_document and capabilities.text_document.diagnostic
        offered = self.result.capabilities.diagnostic_provider is not None
        registered = any(one.method == lsp.TEXT_DOCUMENT_DIAGNOSTIC for one in self.client.registrations)
        return bool(asks) and (offered or registered)

    def uri(self, path: str) -> str:
        """The URI of a path of the vault."""
        return (self.vault / path).as_uri()

    def identifier(self, path: str) -> lsp.TextDocumentIdentifier:
        """What names a note in most requests."""
        return lsp.TextDocumentIdentifier(self.uri(path))

    def open(self, path: str, text: str | None = None) -> Document:
        """Open a note; without a text, as it is on the disk."""
        if text is None:
            text = (self.vault / path).read_bytes().decode("utf-8")
        document = self.documents[path] = Document(self.uri(path), text, 1, self.client.counted())
        item = lsp.TextDocumentItem(document.uri, "markdown", document.version, text)
        self.tell(lsp.TEXT_DOCUMENT_DID_OPEN, lsp.DidOpenTextDocumentParams(item))
        return document

    def change(self, path: str, new: str | Iterable[Edit]) -> Document:
        """Change an open note: a whole text, or edits in turn, each in the text that the one before left."""
        document = self.documents[path]
        changes: list[lsp.TextDocumentContentChangeEvent] = []
        if isinstance(new, str):
            document.text = new
            changes.append(lsp.TextDocumentContentChangeWholeDocument(new))
        else:
            for range_, text in new:
                start, end = (offset(document.text, place, self.encoding) for place in (range_.start, range_.end))
                document.text = document.text[:start] + text + document.text[end:]
                changes.append(lsp.TextDocumentContentChangePartial(range_, text))
        document.version += 1
        document.number = self.client.counted()
        identifier = lsp.VersionedTextDocumentIdentifier(document.version, document.uri)
        self.tell(lsp.TEXT_DOCUMENT_DID_CHANGE, lsp.DidChangeTextDocumentParams(identifier, changes))
        return document

    def save(self, path: str) -> None:
        """Write an open note to the disk, and say so."""
        document = self.documents[path]
        (self.vault / path).write_bytes(document.text.encode())
        self.tell(lsp.TEXT_DOCUMENT_DID_SAVE, lsp.DidSaveTextDocumentParams(self.identifier(path)))

    def close_note(self, path: str) -> None:
        """Close a note; what was not saved is lost."""
        del self.documents[path]
        self.tell(lsp.TEXT_DOCUMENT_DID_CLOSE, lsp.DidCloseTextDocumentParams(self.identifier(path)))

    def position(self, path: str, before: str, *, count: int = 0) -> lsp.Position:
        """The position after a part of an open text, in the encoding that the server chose."""
        text = self.documents[path].text
        at = -1
        for _ in range(count + 1):
            at = text.index(before, at + 1)
        return position(text, at + len(before), self.encoding)

    def range(self, path: str, part: str) -> lsp.Range:
        """The range of the first occurrence of a part of an open text."""
        text = self.documents[path].text
        start = text.index(part)
        ends = (position(text, place, self.encoding) for place in (start, start + len(part)))
        return lsp.Range(*ends)

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""

        async def send() -> None:
            self.client.protocol.notify(method, params)

        self.run(send())

    def ask(self, method: str, params: Any, seconds: float = SECONDS) -> Any:
        """The answer to a request."""
        protocol: Any = self.client.protocol
        return self.run(protocol.send_request_async(method, params), seconds)

    def diagnostics(self, path: str, seconds: float = SECONDS) -> Sequence[lsp.Diagnostic]:
        """The diagnostics of an open note as it is now: asked for or awaited, as this editor does."""
        return self.pulled(path, seconds) if self.pulls else self.pushed(path, seconds)

    def pulled(self, path: str, seconds: float = SECONDS) -> Sequence[lsp.Diagnostic]:
        """The diagnostics that the server gives when asked."""
        params = lsp.DocumentDiagnosticParams(self.identifier(path))
        report = self.ask(lsp.TEXT_DOCUMENT_DIAGNOSTIC, params, seconds)
        assert isinstance(report, lsp.RelatedFullDocumentDiagnosticReport), report
        return report.items

    def pushed(self, path: str, seconds: float = SECONDS) -> Sequence[lsp.Diagnostic]:
        """The diagnostics that the server sent for the text as it is now; waits for them."""
        document = self.documents[path]
        found: list[Published] = []

        def current() -> bool:
            found[:] = [one for one in self.client.published.get(document.uri, []) if _is_of(one, document)]
            return bool(found)

        with self.client.arrived:
            if not self.client.arrived.wait_for(current, seconds):
                raise TimeoutError(
                    f"no diagnostics of {path} in {seconds:g} s; the server wrote: {self.stderr[-2000:]}"
                )
        return found[-1].diagnostics

    def close(self) -> int:
        """Say `shutdown` and `exit`; the exit code of the server."""
        self.run(self.client.shutdown_session())
        code = self.run(self._exit_code())
        self._end()
        return code

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if self.client._server is not None and self.client.process.returncode is None:
            self.client.process.kill()
            self.run(self._exit_code())
        self._end()

    async def _exit_code(self) -> int:
        return await self.client.process.wait()

    def _end(self) -> None:
        if self.client._server is not None:
            client: Any = self.client
            self.run(client.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()


def _is_of(published: Published, document: Document) -> bool:
    """Whether diagnostics were sent for the text as it is now."""
    if published.version is not None:
        return published.version == document.version
    return published.number > document.number


_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def position(text: str, place: int, encoding: str) -> lsp.Position:
    """The position of a character of a text."""
    codec, size = _UNITS[encoding]
    lines = _lines(text[:place])
    return lsp.Position(len(lines) - 1, len(lines[-1].encode(codec)) // size)


def offset(text: str, place: lsp.Position, encoding: str) -> int:
    """The character of a text at a position."""
    codec, size = _UNITS[encoding]
    lines = _lines(text)
    line = lines[place.line].rstrip("\r\n").encode(codec)
    return sum(map(len, lines[: place.line])) + len(line[: place.character * size].decode(codec))


def _lines(text: str) -> list[str]:
    """The lines of a text, with their ends: as the protocol counts them, not as Python does."""
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
