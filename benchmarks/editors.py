"""How long a writer waits: `kg lsp` as an editor uses it, over its standard input and output.

    python benchmarks/editors.py                   5,000 notes
    python benchmarks/editors.py --notes 50000

A generated vault that has been ingested and validated. Each row is the median of many requests and the 95th hundredth,
in seconds, and what share of `kg validate` of the same vault that is, a command of its own: what a tool costs that
looks at everything after each edit. Edits come one after another, while the server validates the vault behind them.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ingest import write_prose
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

KG = [sys.executable, "-m", "kg"]
_PATIENCE = 120.0


class Writer:
    """An editor with one open note."""

    def __init__(self, vault: Path) -> None:
        self.client = LanguageClient("benchmark", "1")
        self.vault = vault
        self.note = vault / "Note 0.md"
        self.text = self.note.read_text(encoding="utf-8")
        self.version = 1
        self.told: dict[str, tuple[int | None, list[str]]] = {}
        self.arrived = asyncio.Event()

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = params.version, [one.message for one in params.diagnostics]
            self.arrived.set()

    async def start(self) -> float:
        """Start the server and open the note; the seconds until its findings are there."""
        begun = time.perf_counter()
        await self.client.start_io(*KG, "lsp", cwd=self.vault)
        uri = self.vault.as_uri()
        folders = [lsp.WorkspaceFolder(uri, "vault")]
        await self.client.initialize_async(
            lsp.InitializeParams(lsp.ClientCapabilities(), root_uri=uri, workspace_folders=folders)
        )
        self.client.initialized(lsp.InitializedParams())
        item = lsp.TextDocumentItem(self.note.as_uri(), "markdown", 1, self.text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        await self.until(lambda: self.told.get(self.note.as_uri(), (None,))[0] == 1)
        return time.perf_counter() - begun

    async def until(self, is_so: Any) -> None:
        """Wait for diagnostics of which something is true."""
        while not is_so():
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), _PATIENCE)

    async def edit(self, number: int) -> float:
        """Write a line with a broken link; the seconds until it is underlined."""
        self.text += f"\nSee [[Nowhere {number}]] and [[Note {number + 1}]].\n"
        self.version += 1
        identifier = lsp.VersionedTextDocumentIdentifier(self.version, self.note.as_uri())
        change = lsp.TextDocumentContentChangeWholeDocument(self.text)
        begun = time.perf_counter()
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, [change]))
        await self.until(lambda: any(f"Nowhere {number}”" in text for text in self.told[self.note.as_uri()][1]))
        return time.perf_counter() - begun

    async def ask(self, number: int, what: str) -> float:
        """Ask something at the end of the text."""
        place = lsp.Position(self.text.count("\n") - 1, len(f"See [[Nowhere {number}]] and [[Note"))
        identifier = lsp.TextDocumentIdentifier(self.note.as_uri())
        begun = time.perf_counter()
        if what == "completion":
            await self.client.text_document_completion_async(lsp.CompletionParams(identifier, place))
        elif what == "hover":
            await self.client.text_document_hover_async(lsp.HoverParams(identifier, place))
        else:
            await self.client.workspace_symbol_async(lsp.WorkspaceSymbolParams(f"note {number}"))
        return time.perf_counter() - begun


def row(name: str, taken: list[float], whole: float) -> None:
    """Print a line."""
    late = sorted(taken)[int(len(taken) * 0.95)]
    median = statistics.median(taken)
    print(f"{name:<34} {median:8.3f} {late:8.3f} {median / whole:8.1%}", flush=True)


async def measured(vault: Path, number: int, rest: float, whole: float) -> None:
    """Open, write, ask, and print."""
    writer = Writer(vault)
    row("opening, to the first findings", [await writer.start()], whole)
    await asyncio.sleep(rest)
    rows: dict[str, list[float]] = {"edit, to its findings": [], "completion": [], "hover": [], "symbols": []}
    for turn in range(number):
        rows["edit, to its findings"].append(await writer.edit(turn))
        for what in ("completion", "hover", "symbols"):
            rows[what].append(await writer.ask(turn, what))
        await asyncio.sleep(0.3)
    for name, taken in rows.items():
        row(name, taken, whole)
    await writer.client.shutdown_async(None)
    writer.client.exit(None)
    await writer.client.stop()


def main(notes: int, number: int, vault: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = vault or Path(temporary) / "vault"
        if vault is None:
            write_prose(folder, notes)
            (folder / "kg.toml").touch()
        subprocess.run([*KG, "ingest", "-q", folder], check=True)
        subprocess.run([*KG, "validate", folder], check=False, capture_output=True)
        begun = time.perf_counter()
        subprocess.run([*KG, "validate", folder], check=False, capture_output=True)
        whole = time.perf_counter() - begun
        print(f"kg validate, nothing changed: {whole:.2f} s\n{'':<34} {'median':>8} {'p95':>8} of that")
        asyncio.run(measured(folder, number, 5 + notes / 2_000, whole))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=5_000)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--vault", type=Path, help="a vault with notes “Note 0.md”, “Note 1.md” …")
    options = parser.parse_args()
    main(options.notes, options.edits, options.vault)
