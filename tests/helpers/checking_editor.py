"""What an editor shows of the findings in a vault, and what `kg validate` says of the same texts."""

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lsprotocol import types as lsp

from helpers.editors import Editor, position
from kg.config import load, settings_in
from kg.core.findings import Finding, Severity
from kg.notes.vault import Vault
from kg.validation.validator import validate

WAIT = 30.0
"""How long an editor may take to show what is right, in seconds."""


class Shown(NamedTuple):
    """A finding as an editor shows it."""

    path: str
    start: tuple[int, int]
    end: tuple[int, int]
    code: str
    message: str


def shown(editor: Editor) -> set[Shown]:
    """All that an editor shows now."""
    return set(_pulled(editor) if editor.pulls else _pushed(editor))


def _pushed(editor: Editor) -> Iterator[Shown]:
    for uri, published in [*editor.client.published.items()]:
        yield from _shown(editor, uri, published[-1].diagnostics)


def _pulled(editor: Editor) -> Iterator[Shown]:
    report = editor.ask(lsp.WORKSPACE_DIAGNOSTIC, lsp.WorkspaceDiagnosticParams([]))
    opened = {document.uri for document in editor.documents.values()}
    for row in report.items:
        if row.uri not in opened:
            yield from _shown(editor, row.uri, row.items)
    for path, document in editor.documents.items():
        yield from _shown(editor, document.uri, editor.pulled(path))


def _shown(editor: Editor, uri: str, diagnostics: Sequence[lsp.Diagnostic]) -> Iterator[Shown]:
    root = editor.vault.resolve().as_uri()
    for one in diagnostics:
        start, end = one.range.start, one.range.end
        path = "." if uri == f"{root}/kg.toml" else lsp_path(editor, uri)
        yield Shown(path, (start.line, start.character), (end.line, end.character), str(one.code), one.message)


def lsp_path(editor: Editor, uri: str) -> str:
    """The path in the vault of a URI."""
    from pygls.uris import to_fs_path

    place = to_fs_path(uri)
    assert place
    return Path(place).relative_to(editor.vault.resolve()).as_posix()


def expected(editor: Editor, folder: Path, severity: Severity = "warning") -> set[Shown]:
    """What `kg validate` says of the vault, with the texts of the editor in place of the files."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(editor.vault, folder / "vault", ignore=shutil.ignore_patterns(".kg"))
    for path, document in editor.documents.items():
        (folder / "vault" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "vault" / path).write_bytes(document.text.encode())
    config = settings_in(folder / "vault", folder / "store")
    if (editor.vault / "kg.toml").exists():
        config = load(cwd=folder / "vault", store=folder / "store")
    findings = validate(Vault(config=config), severity=severity).findings
    return {_expected(finding, folder / "vault", editor.encoding) for finding in findings}


def _expected(finding: Finding, vault: Path, encoding: str) -> Shown:
    file = vault / finding.path
    text = file.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff") if file.is_file() else ""
    ends = [(finding.line, finding.column), (finding.end_line, finding.end_column)]
    start, end = (_position(text, line, column, encoding) for line, column in ends)
    remedy = f"\n{finding.remedy}" if finding.remedy else ""
    return Shown(finding.path, start, end, finding.code, finding.message + remedy)


def _position(text: str, line: int, column: int, encoding: str) -> tuple[int, int]:
    """Where a line and a column from 1 are for an editor."""
    starts, at = [0], 0
    while at < len(text):
        at += 2 if text[at : at + 2] == "\r\n" else 1
        if text[at - 1] in "\r\n":
            starts.append(at)
    place = position(text, min(starts[min(line, len(starts)) - 1] + column - 1, len(text)), encoding)
    return place.line, place.character


def agrees(editor: Editor, folder: Path, severity: Severity = "warning") -> None:
    """Wait until an editor shows what `kg validate` says; fail if it does not."""
    wanted = expected(editor, folder, severity)
    until = time.monotonic() + WAIT
    while (now := shown(editor)) != wanted and time.monotonic() < until:
        with editor.client.arrived:
            editor.client.arrived.wait(0.2)
    assert now == wanted, f"too many: {sorted(now - wanted)}\ntoo few: {sorted(wanted - now)}"
