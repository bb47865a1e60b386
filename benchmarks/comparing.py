"""How long it takes to ask of an earlier commit, to say what a change means, and to look at a draft.

    python benchmarks/comparing.py [--notes 10000] [--edits 30] [--runs 5]

A generated vault is committed three times, each time with edits. Each row is the median of several runs in seconds,
and its ratio to an ingest of the whole vault, which is the peer: a tool that knows nothing of the difference does that
for each side.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ingest import write_prose

import kg
from kg.comparison.commits import state_at, state_now
from kg.comparison.difference import ComparedParts, compare
from kg.comparison.wanted import suggestions, wanted
from kg.config import Config, load
from kg.ingestion.overlay import overlay
from kg.ingestion.snapshot import Held
from kg.notes.vault import Vault
from kg.revisions.revision import revision


def git(folder: Path, *words: str) -> None:
    """Run git in a folder."""
    names = ("user.name=A", "user.email=a@e.example", "commit.gpgsign=false", "core.hooksPath=/dev/null")
    options = [part for name in names for part in ("-c", name)]
    subprocess.run(["git", *options, "-C", str(folder), *words], check=True, capture_output=True)


def edit(vault: Path, number: int, turn: int) -> None:
    """A line more in some notes."""
    for note in sorted(vault.glob("Note *.md"))[:number]:
        note.write_text(f"{note.read_text(encoding='utf-8')}\nTurn {turn}, see [[Note {turn}]].\n", encoding="utf-8")


def seconds(work: Callable[[], object]) -> float:
    """How long a function takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def row(name: str, taken: list[float], whole: float) -> None:
    """Print a line: the median, and its ratio to an ingest of everything."""
    median = statistics.median(taken)
    print(f"{name:<44} {median:8.2f} s {median / whole:8.1%} of an ingest")


def draft(config: Config, runs: int) -> list[float]:
    """The times of an overlay with a line more in a note, in a process that holds the vault."""
    vault, taken = Vault(config=config), []
    base = kg.ingest(vault)
    path = next(iter(base.ledger.entries))
    note = config.place(path).read_text(encoding="utf-8")
    for number in range(runs):

        def once(text: str = f"{note}\nDraft {number}, see [[Note 3]].\n") -> None:
            with overlay(vault, {path: text}, held=Held(base, ())):
                pass

        taken.append(seconds(once))
    return taken


def wish(config: Config, runs: int) -> list[float]:
    """The times in which `kg whatif --want` finds and checks its suggestions."""
    names = [path.removesuffix(".md") for path in list(kg.ingest(Vault(config=config)).ledger.entries)[: 2 * runs]]
    taken = []
    for first, last in zip(names[::2], names[1::2], strict=False):

        def once(first: str = first, last: str = last) -> None:
            state = state_now(config)
            suggestions(state, wanted(state, first, "achieved through", last))

        taken.append(seconds(once))
    return taken


def measure(config: Config, edits: int, runs: int) -> None:
    """Print a row for each question."""
    vault = config.vault
    whole = seconds(lambda: kg.ingest(Vault(config=config), full=True))
    row("ingest of the whole vault", [whole], whole)
    kg.validate(Vault(config=config))
    row("--at of a commit, the first time", [seconds(lambda: revision(config, "HEAD~2"))], whole)
    row("--at of that commit, later", [seconds(lambda: revision(config, "HEAD~2")) for _ in range(runs)], whole)
    edit(vault, edits, 9)
    revision(config, "HEAD")
    facts = ComparedParts(inference=False, findings=False, answers=False)
    for name, parts in (
        ("facts alone", facts),
        ("facts and conclusions", ComparedParts(findings=False, answers=False)),
        ("all", ComparedParts()),
    ):
        taken = [
            seconds(lambda parts=parts: compare(state_at(config, "HEAD"), state_now(config), parts))
            for _ in range(runs)
        ]  # type: ignore[misc]
        row(f"diff with {edits} notes edited, {name}", taken, whole)
    row("overlay of a draft, the vault held", draft(config, runs), whole)
    row("the least to write so that a triple holds", wish(config, runs), whole)


def main() -> None:
    """Make the vault and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        vault = Path(name) / "vault"
        write_prose(vault, options.notes)
        git(vault, "init", "-q")
        for turn in range(3):
            edit(vault, options.edits, turn)
            git(vault, "add", "-A")
            git(vault, "commit", "-qm", f"Turn {turn}")
        measure(load(vault, cwd=vault), options.edits, options.runs)


if __name__ == "__main__":
    main()
