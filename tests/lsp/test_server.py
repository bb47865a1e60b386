"""`kg lsp` as editors use it: the real process, spoken to over its standard input and output."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from lsprotocol import types as lsp

from helpers.checking_editor import agrees, shown
from helpers.editors import EDITORS, KG_LSP, Editor, offset, position
from helpers.vaults import copied_notes, write_vault

ONTOLOGY = """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix kg: <https://w3id.org/concept-notes#> . @prefix e: <https://e.example/> .
e:Plan a owl:Class ; rdfs:label "Plan" ; rdfs:subClassOf kg:Concept ; owl:disjointWith e:Fact .
e:Fact a owl:Class ; rdfs:label "Fact" ; rdfs:subClassOf kg:Concept .
"""
VAULT = {
    "kg.toml": "",
    "ontology/own.ttl": ONTOLOGY,
    "Demo.md": "---\ntype: Output\ncontributes to: '[[Calm]]'\n---\n# Steps\n- one ^first\n",
    "Calm.md": "---\ntype: Outcome\naliases: [Peace]\n---\nReached by [[Demo]].\n",
    "Both.md": "---\ntype: [Plan, Fact]\n---\nSee [[Demo#Steps]] and [[Demo#^first]].\n",
    "a/Twin.md": "Links to [[Nowhere]].\n",
    "b/Twin.md": "# Twin\n[[Both]]\n",
    "c/Which.md": "Is it [[Twin]]? #topic/deep\n",
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with a broken link, an ambiguous one and a contradiction."""
    return write_vault(tmp_path / "vault", VAULT)


def of_note(editor: Editor, method: str, path: str, **more: Any) -> Any:
    """The answer to a request about a note."""
    params: Any = lsp.METHOD_TO_TYPES[method][2]
    return editor.ask(method, params(text_document=editor.identifier(path), **more))


@pytest.mark.parametrize("name", EDITORS)
@pytest.mark.sample(2)
def test_every_capability(vault: Path, tmp_path: Path, name: str) -> None:
    with Editor.start(vault, name) as editor:
        editor.open("c/Which.md")
        editor.open("Calm.md")
        editor.open("Both.md")
        assert editor.encoding == ("utf-16" if name in {"vscode", "zed"} else editor.encoding)
        (ambiguous,) = [one for one in editor.diagnostics("c/Which.md") if one.code == "L08"]
        agrees(editor, tmp_path / "copy")
        capabilities = editor.client.capabilities
        assert capabilities is not None
        at = editor.position("c/Which.md", "[[Tw")
        rivals = ambiguous.related_information or []
        assert {row.location.uri for row in rivals} == {editor.uri("a/Twin.md"), editor.uri("b/Twin.md")}
        assert ambiguous.code_description and ambiguous.code_description.href.startswith("file:///")
        contradiction = next(one for one in editor.diagnostics("Both.md") if one.code == "C01")
        assert contradiction.severity == lsp.DiagnosticSeverity.Error
        completion = of_note(editor, lsp.TEXT_DOCUMENT_COMPLETION, "c/Which.md", position=at)
        assert {item.label for item in completion.items} >= {"Twin"}
        shown_hover = of_note(editor, lsp.TEXT_DOCUMENT_HOVER, "Calm.md", position=editor.position("Calm.md", "[[De"))
        assert "Output" in shown_hover.contents.value
        place = editor.position("Calm.md", "[[De")
        (target,) = of_note(editor, lsp.TEXT_DOCUMENT_DEFINITION, "Calm.md", position=place)
        assert target.uri == editor.uri("Demo.md")
        context = lsp.ReferenceContext(include_declaration=False)
        sources = of_note(editor, lsp.TEXT_DOCUMENT_REFERENCES, "Calm.md", position=place, context=context)
        assert {row.uri for row in sources} == {editor.uri("Calm.md"), editor.uri("Both.md")}
        links = of_note(editor, lsp.TEXT_DOCUMENT_DOCUMENT_LINK, "Both.md")
        assert [link.target.partition("#")[0] for link in links] == [editor.uri("Demo.md")] * 2
        assert of_note(editor, lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, "Calm.md") is not None
        assert of_note(editor, lsp.TEXT_DOCUMENT_FOLDING_RANGE, "Calm.md")
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(9, 0))
        hints = of_note(editor, lsp.TEXT_DOCUMENT_INLAY_HINT, "Calm.md", range=whole)
        assert any("Output" in str(hint.label) for hint in hints)
        assert of_note(editor, lsp.TEXT_DOCUMENT_CODE_LENS, "Calm.md")
        tokens = of_note(editor, lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, "Calm.md")
        assert tokens.data
        assert len(tokens.data) % 5 == 0
        symbols = editor.ask(lsp.WORKSPACE_SYMBOL, lsp.WorkspaceSymbolParams("peac"))
        assert [symbol.name for symbol in symbols] == ["Peace"]
        actions = of_note(
            editor,
            lsp.TEXT_DOCUMENT_CODE_ACTION,
            "c/Which.md",
            range=ambiguous.range,
            context=lsp.CodeActionContext([ambiguous]),
        )
        assert len(actions) >= 2


TEXTS = {
    "emoji": "😀 😀 [[Nowhere]] 😀 [[Gone]]\n",
    "CJK": "漢字と仮名 [[どこにも]] と [[Nowhere]]\n",
    "CRLF": "one\r\ntwo 😀 [[Nowhere]]\r\n\r\n[[Gone]]\r\n",
    "CR": "one\rtwo 😀 [[Nowhere]]\r[[Gone]]",
    "tabs": "\t- \t[[Nowhere]]\t😀\t[[Gone]]\n",
    "line separator": "one\u2028two [[Nowhere]]\nthree\x0cfour [[Gone]]\n",
    "combining": "e\u0301 [[Nowhere]] \u200d👩\u200d💻 [[Gone]]\n",
}


@pytest.mark.parametrize("name", ["neovim", "vscode"])
@pytest.mark.sample()
def test_positions(vault: Path, tmp_path: Path, name: str) -> None:
    for number, text in enumerate(TEXTS.values()):
        (vault / f"T{number}.md").write_bytes(text.encode())
    (vault / "Bom.md").write_bytes(b"\xef\xbb\xbf---\na: 1\n---\n\xf0\x9f\x98\x80 [[Nowhere]]\n")
    with Editor.start(vault, name) as editor:
        for number, text in enumerate(TEXTS.values()):
            document = editor.open(f"T{number}.md")
            for one in (one for one in editor.diagnostics(f"T{number}.md") if one.code == "L01"):
                start, end = (offset(text, place, editor.encoding) for place in (one.range.start, one.range.end))
                assert text[start:end].startswith("[[") and text[start:end].endswith("]]"), text
            assert document.text == text
        agrees(editor, tmp_path / "copy")
        for number in range(len(TEXTS)):  # edits behind such signs change what the editor means
            at = editor.range(f"T{number}.md", "[[Nowhere]]")
            editor.change(f"T{number}.md", [(at, "[[Demo]]")])
            wrong = {one.message.partition("\n")[0] for one in editor.diagnostics(f"T{number}.md") if one.code == "L01"}
            assert not any("Nowhere" in message for message in wrong)
        agrees(editor, tmp_path / "copy")


def edit(chance: random.Random, editor: Editor, path: str) -> None:
    """Change an open note somewhere, as somebody who writes."""
    text = editor.documents[path].text
    places = [0, *(at + 1 for at, sign in enumerate(text) if sign == "\n" and text[at - 1 : at] != "\r"), len(text)]
    at = chance.choice([place for place in places if place <= len(text)])
    more = chance.choice([
        "[[Demo]] ", "[[Nowhere]]\n", "[[Twin", "]]", "# Heading 😀\n", "- [[Calm|it]]\n", "---\n", "type: Plan\n",
        "^block\n", "#tag ", "contributes to:: [[Both]]\n", "漢字 [[Demo#Steps]]\r\n", "![[Calm]]\n", "%% [[x]] %%\n",
        "<!-- kg: ignore L01 -->\n", "```\n", "aliases: [Peace]\n", "\t", "achieved through: '[[Demo]]'\n",
    ])  # fmt: skip
    end = min(len(text), at + chance.choice([0, 0, 0, 3, 12]))
    if "\r" in text[max(0, at - 1) : end + 1]:
        end = at
    ends = (position(text, place, editor.encoding) for place in (at, end))
    editor.change(path, [(lsp.Range(*ends), more)])


@pytest.mark.parametrize(
    ("name", "length", "every"),
    [
        ("neovim", 16, 8),
        *(pytest.param(one, 500, 25, marks=pytest.mark.slow) for one in ("neovim", "vscode")),
    ],
)
def test_edits(vault: Path, tmp_path: Path, name: str, length: int, every: int) -> None:
    chance = random.Random(f"{name} {length}")
    with Editor.start(vault, name) as editor:
        paths = ["Demo.md", "Calm.md", "Both.md", "a/Twin.md", "c/Which.md"]
        for path in paths:
            editor.open(path)
        for number in range(1, length + 1):
            path = chance.choice(paths)
            edit(chance, editor, path)
            match chance.randrange(12):
                case 0:
                    editor.save(path)
                case 1:
                    editor.close_note(path)
                    editor.open(path)
                case 2:
                    (vault / f"New {number}.md").write_text(f"# {chance.choice('AB')}\n[[Both]]\n")
                case 3:
                    editor.change(path, VAULT[path])
            if number % every == 0:
                agrees(editor, tmp_path / "copy")
        assert "Traceback" not in editor.stderr


@pytest.mark.parametrize("path", ["a/Twin.md", "Calm.md"])
def test_what_other_programs_change(vault: Path, tmp_path: Path, path: str) -> None:
    with Editor.start(vault, "neovim") as editor:
        editor.open("c/Which.md")
        agrees(editor, tmp_path / "copy")
        (vault / path).unlink()
        write_vault(vault, {"Nowhere.md": "Here [[Elsewhere]].\n", "kg.toml": '[validate.severity]\nL08 = "error"\n'})
        agrees(editor, tmp_path / "copy")


def test_a_note_in_no_vault(tmp_path: Path) -> None:
    folder = write_vault(tmp_path / "alone", {"Note.md": "---\na: [[b]]\n---\n# One\n[[Nowhere]]\n## Two\n"})
    with Editor.start(folder, "neovim") as editor:
        editor.open("Note.md")
        assert [one.code for one in editor.diagnostics("Note.md")] == ["L05"]
        symbols = of_note(editor, lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, "Note.md")
        assert [symbol.name for symbol in symbols] == ["One"]
        assert of_note(editor, lsp.TEXT_DOCUMENT_FOLDING_RANGE, "Note.md")
        assert of_note(editor, lsp.TEXT_DOCUMENT_HOVER, "Note.md", position=lsp.Position(4, 3)) is None
        editor.change("Note.md", "Fine.\n")
        assert not editor.diagnostics("Note.md")
        editor.close_note("Note.md")
    assert not (folder / ".kg").exists()


def test_the_home_folder_is_no_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = write_vault(tmp_path / "home", {".obsidian/app.json": "{}", "Note.md": "[[Nowhere]]\n", "kg.toml": ""})
    monkeypatch.setenv("HOME", str(home))
    with Editor.start(home, "neovim") as editor:
        editor.open("Note.md")
        assert not editor.diagnostics("Note.md")
    assert not (home / ".kg").exists()


def test_settings(vault: Path, tmp_path: Path) -> None:
    settings = {"severity": "info", "inlayHints": False, "codeLens": False, "store": str(tmp_path / "elsewhere")}
    with Editor.start(vault, "neovim", settings=settings) as editor:
        editor.open("Calm.md")
        agrees(editor, tmp_path / "copy", "info")
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(9, 0))
        assert not of_note(editor, lsp.TEXT_DOCUMENT_INLAY_HINT, "Calm.md", range=whole)
        assert not of_note(editor, lsp.TEXT_DOCUMENT_CODE_LENS, "Calm.md")
        editor.tell(
            lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
            lsp.DidChangeConfigurationParams({"kg": {**settings, "severity": "error"}}),
        )
        agrees(editor, tmp_path / "copy", "error")
    assert not (vault / ".kg").exists()


# ---- crashes, hostile editors, several of them -----------------------------------------------------------------------


@pytest.mark.slow
def test_two_editors_and_a_kill(vault: Path, tmp_path: Path) -> None:
    with Editor.start(vault, "vscode") as first:
        second = Editor.start(vault, "neovim")
        for editor in (first, second):
            editor.open("Calm.md")
            agrees(editor, tmp_path / "copy")
        second.change("Calm.md", "Only here: [[Nowhere else]].\n")
        agrees(second, tmp_path / "copy")
        agrees(first, tmp_path / "copy")
        children = psutil.Process(second.client.process.pid).children(recursive=True)
        second.kill()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive, "a process outlives its editor"
        first.change("Calm.md", "Now [[here]].\n")
        first.save("Calm.md")
        agrees(first, tmp_path / "copy")
    done = subprocess.run(
        [sys.executable, "-m", "kg", "ingest", str(vault)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_server_ends_with_its_editor(vault: Path) -> None:
    """An editor that goes without a word leaves nothing behind."""
    with subprocess.Popen(KG_LSP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=vault) as process:
        assert process.stdin
        process.stdin.write(_message({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "processId": None, "rootUri": vault.as_uri(), "capabilities": {}}}))  # fmt: skip
        process.stdin.write(_message({"jsonrpc": "2.0", "method": "initialized", "params": {}}))
        process.stdin.flush()
        time.sleep(1)
        process.stdin.close()
        assert process.stdout
        process.stdout.read()
        assert process.wait(30) is not None
    assert not list((vault / ".kg").glob(".overlay-*"))


def _message(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _hostile(chance: random.Random, uri: str) -> Iterator[object]:
    methods = [*lsp.METHOD_TO_TYPES, "$/nothing", "textDocument/none", ""]
    values: list[Any] = [
        None,
        True,
        -1,
        2**40,
        "x" * 50,
        "\ud83d",
        [],
        {},
        uri,
        "file:///nowhere.md",
        "untitled:1",
        "\0",
    ]

    def value(depth: int = 0) -> Any:
        match chance.randrange(5 if depth < 3 else 3):
            case 3:
                return [value(depth + 1) for _ in range(chance.randrange(3))]
            case 4:
                keys = [
                    "textDocument",
                    "position",
                    "uri",
                    "line",
                    "character",
                    "range",
                    "text",
                    "contentChanges",
                    "version",
                ]
                return {chance.choice(keys): value(depth + 1) for _ in range(chance.randrange(4))}
            case _:
                return chance.choice(values)

    number = 1000
    while True:
        number += 1
        method = chance.choice(methods)
        if method in {"shutdown", "exit", "initialize"}:
            continue
        place = {
            "textDocument": {"uri": uri},
            "position": {"line": chance.choice([0, 5, -1, 10**9]), "character": 10**6},
        }
        params = chance.choice([value(), place, {**place, "range": value(), "context": value()}])
        yield {
            "jsonrpc": "2.0",
            "method": method,
            "params": params,
            **({"id": number} if chance.random() < 0.7 else {}),
        }
        if chance.random() < 0.1:
            yield {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}}


@pytest.mark.parametrize("number", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_hostile_messages(vault: Path, tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    with Editor.start(vault, "neovim") as editor:
        editor.open("Calm.md")
        agrees(editor, tmp_path / "copy")
        messages = _hostile(chance, editor.uri("Calm.md"))
        stdin = editor.client.process.stdin
        assert stdin

        async def send(data: bytes) -> None:
            stdin.write(data)
            await stdin.drain()

        for _ in range(number):
            body = _message(next(messages))
            if chance.random() < 0.02:
                body = b"Content-Length: 7\r\n\r\n" + bytes(chance.choices(range(256), k=7))
            editor.run(send(body))
        editor.open("Calm.md", "Still here: [[Nowhere at all]].\n")  # a message may have closed it
        assert of_note(editor, lsp.TEXT_DOCUMENT_FOLDING_RANGE, "Calm.md") is not None
        until = time.monotonic() + 30
        while not any("Nowhere at all" in one.message for one in shown(editor)):
            assert time.monotonic() < until, editor.stderr[-2000:]
            with editor.client.arrived:
                editor.client.arrived.wait(0.2)
        assert editor.client.process.returncode is None


def test_cancelled(vault: Path) -> None:
    with Editor.start(vault, "neovim") as editor:
        editor.open("Calm.md")
        protocol: Any = editor.client.protocol

        async def cancel() -> None:
            params = lsp.CompletionParams(editor.identifier("Calm.md"), lsp.Position(0, 0))
            future = protocol.send_request(lsp.TEXT_DOCUMENT_COMPLETION, params, msg_id="wanted no more")
            protocol.notify(lsp.CANCEL_REQUEST, lsp.CancelParams("wanted no more"))
            del future

        editor.run(cancel())
        assert editor.diagnostics("Calm.md") is not None


def test_a_store_that_cannot_be_written(vault: Path, tmp_path: Path) -> None:
    """Then a temporary one serves."""
    (vault / ".kg").write_text("a file where the store would be")
    with Editor.start(vault, "neovim") as editor:
        editor.open("a/Twin.md")
        editor.change("a/Twin.md", "[[Nothing]]\n")
        assert [one.code for one in editor.diagnostics("a/Twin.md")] == ["L01"]
    assert (vault / ".kg").is_file()


def test_over_tcp(vault: Path) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([*KG_LSP, "--tcp", str(port)], stderr=subprocess.PIPE, cwd=vault) as process:
        for _ in range(200):
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.1)
        with connection, connection.makefile("rwb") as stream:
            stream.write(_message({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "processId": None, "rootUri": vault.as_uri(), "capabilities": {}}}))  # fmt: skip
            stream.flush()
            header = stream.readline()
            assert header.startswith(b"Content-Length")
        assert process.wait(30) is not None


def test_sample_notes(tmp_path: Path) -> None:
    vault = copied_notes(tmp_path / "vault")
    (vault / "kg.toml").touch()
    with Editor.start(vault, "neovim") as editor:
        path = sorted(file.relative_to(vault).as_posix() for file in vault.rglob("*.md"))[0]
        editor.open(path)
        agrees(editor, tmp_path / "copy")


VAULTS = ("foam-docs", "hugo-docs", "kepano-obsidian", "markdown-oxide-testfiles", "obsidiantools-stub", "logseq-docs")


@pytest.mark.slow
@pytest.mark.parametrize("name", VAULTS)
def test_sample_vaults(tmp_path: Path, name: str) -> None:
    """No diagnostic that kg validate would not give, before and after an edit."""
    samples = os.environ.get("KG_SAMPLES", "")
    if not (samples and Path(samples, name).is_dir()):
        pytest.skip("KG_SAMPLES names no folder with this vault")
    vault = tmp_path / "vault"
    shutil.copytree(Path(samples, name), vault, ignore=shutil.ignore_patterns(".git", ".kg"))
    (vault / "kg.toml").touch()
    path = max(
        (file for file in vault.rglob("*.md") if ".obsidian" not in file.parts), key=lambda file: file.stat().st_size
    )
    with Editor.start(vault, "neovim") as editor:
        note = path.relative_to(vault).as_posix()
        document = editor.open(note)
        agrees(editor, tmp_path / "copy")
        editor.change(note, document.text + "\n# More 😀\n[[Nowhere at all]] ![[none.png]]\n")
        agrees(editor, tmp_path / "copy")


def test_a_remedy_of_an_unsaved_note(vault: Path, tmp_path: Path) -> None:
    """The remedy is found when it is chosen, for the text that the editor has."""
    with Editor.start(vault, "vscode") as editor:
        editor.open("Both.md")
        editor.change("Both.md", "---\ntype: [Plan, Fact]\n---\nNot saved: [[Demo]].\n")
        agrees(editor, tmp_path / "copy")
        contradiction = next(one for one in editor.diagnostics("Both.md") if one.code == "C01")
        context = lsp.CodeActionContext([contradiction])
        method = lsp.TEXT_DOCUMENT_CODE_ACTION
        actions = of_note(editor, method, "Both.md", range=contradiction.range, context=context)
        action = next(one for one in actions if one.edit is None)
        resolved = editor.ask(lsp.CODE_ACTION_RESOLVE, action)
        assert resolved.edit
        (change,) = resolved.edit.document_changes
        text, encoding = editor.documents["Both.md"].text, editor.encoding
        (one,) = change.edits
        start, end = (offset(text, place, encoding) for place in (one.range.start, one.range.end))
        editor.change("Both.md", text[:start] + one.new_text + text[end:])
        agrees(editor, tmp_path / "copy")
        assert "C01" not in {found.code for found in shown(editor)}
