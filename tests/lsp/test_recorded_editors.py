"""The recordings of editors are what the protocol allows, and the client of the tests does what it says."""

import sys
import time
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from helpers.editors import CONVERTER, EDITORS, Editor, ServerEnded, offset, position, recorded

POSITIONS = {
    "vscode": ["utf-16"],
    "neovim": ["utf-8", "utf-16", "utf-32"],
    "helix": ["utf-8", "utf-32", "utf-16"],
    "zed": ["utf-16"],
    "emacs-eglot": ["utf-32", "utf-8", "utf-16"],
}

# Takes the first encoding that the editor offers; says how long each text is, in lines.
SERVER = """
import sys
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

class Server(LanguageServer):
    pass

server = Server("ten-lines", "1", text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
PULL = "pull" in sys.argv

def found(uri):
    document = server.workspace.get_text_document(uri)
    end = lsp.Position(len(document.lines), 0)
    return [lsp.Diagnostic(lsp.Range(lsp.Position(0, 0), end), repr(document.source), code="T01")]

@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
def changed(params):
    document = params.text_document
    if not PULL:
        answer = lsp.PublishDiagnosticsParams(document.uri, found(document.uri), document.version)
        server.text_document_publish_diagnostics(answer)

if PULL:
    @server.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, lsp.DiagnosticOptions(True, False))
    def pulled(params):
        return lsp.RelatedFullDocumentDiagnosticReport(found(params.text_document.uri))

@server.feature(lsp.TEXT_DOCUMENT_HOVER)
async def hover(params):
    import asyncio
    settings = await server.workspace_configuration_async(lsp.ConfigurationParams([lsp.ConfigurationItem(section="kg")]))
    if params.position.line == 1:
        await asyncio.sleep(60)
    return lsp.Hover(str(settings[0]))

print("started", file=sys.stderr, flush=True)
server.start_io()
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    return [sys.executable, str(script)]


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "Notes with ü"
    folder.mkdir()
    (folder / "A.md").write_bytes("one\r\n😀 two\n".encode())
    return folder


@pytest.mark.parametrize("name", EDITORS)
def test_a_recording_is_what_the_protocol_allows(name: str) -> None:
    params = recorded(name)
    read = CONVERTER().structure(params, lsp.InitializeParams)
    assert CONVERTER().unstructure(read, lsp.InitializeParams)["rootUri"] == "file:///vault"
    assert params["capabilities"]["general"]["positionEncodings"] == POSITIONS[name]
    assert read.client_info is not None and read.client_info.version


def test_a_recording_is_moved_to_a_vault(vault: Path) -> None:
    for name in EDITORS:
        params = recorded(name, vault)
        assert params["rootUri"] == vault.as_uri()
        assert [folder["uri"] for folder in params["workspaceFolders"]] == [vault.as_uri()]
        assert params["capabilities"] == recorded(name)["capabilities"]


@pytest.mark.parametrize("kind", ["push", "pull"])
@pytest.mark.parametrize("name", EDITORS)
def test_an_editor_opens_changes_and_ends(name: str, kind: str, vault: Path, command: list[str]) -> None:
    with Editor.start(vault, name, command=[*command, kind]) as editor:
        assert editor.encoding in POSITIONS[name]
        if kind == "pull" and not editor.pulls:
            pytest.skip("this editor does not ask for diagnostics")
        editor.open("A.md")
        assert [one.message for one in editor.diagnostics("A.md")] == [repr("one\r\n😀 two\n")]
        two, end = editor.range("A.md", "two"), editor.position("A.md", "one")
        document = editor.change("A.md", [(two, "three"), (lsp.Range(end, end), "😀!")])
        assert document.text == "one😀!\r\n😀 three\n"
        assert [one.message for one in editor.diagnostics("A.md")] == [repr(document.text)]
        editor.change("A.md", "new")
        assert [one.message for one in editor.diagnostics("A.md")] == [repr("new")]
        assert editor.close() == 0
    assert "started" in editor.stderr


def test_settings_are_given_when_the_server_asks(vault: Path, command: list[str]) -> None:
    with Editor.start(vault, "neovim", command=command, settings={"severity": "error"}) as editor:
        editor.open("A.md")
        hover = editor.ask(
            lsp.TEXT_DOCUMENT_HOVER, lsp.HoverParams(editor.identifier("A.md"), editor.position("A.md", "o"))
        )
        assert hover.contents == "{'severity': 'error'}"


def test_a_server_that_does_not_answer_or_dies_is_seen(vault: Path, command: list[str]) -> None:
    with Editor.start(vault, "helix", command=command) as editor:
        editor.open("A.md")
        late = lsp.HoverParams(editor.identifier("A.md"), lsp.Position(1, 0))
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="no answer in"):
            editor.ask(lsp.TEXT_DOCUMENT_HOVER, late, seconds=0.5)
        assert time.monotonic() - began < 10
        editor.kill()
    with pytest.raises(ServerEnded, match="exit code 3; it wrote: no"):
        Editor.start(
            vault, "helix", command=[sys.executable, "-c", "import sys; print('no', file=sys.stderr); sys.exit(3)"]
        )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_and_offsets_are_the_same_places(encoding: str) -> None:
    text = "a\r\nü😀\rb\n\n\u2028c"
    for place in [at for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n"]:
        assert offset(text, position(text, place, encoding), encoding) == place
    assert position(text, text.index("c"), encoding).line == 4
