"""How long one edit takes until it is published: in a process that keeps running, and in one that reads everything.

    python benchmarks/editing.py [--notes 10000] [--runs 9] [--vault FOLDER --store FOLDER]

The vault is generated and ingested first, or is one that exists. Each round edits a note and ingests it, alternately
without and with what the process holds; then it adds, renames and removes a note. The rows are medians in milliseconds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ingest import write_prose

import kg
from kg.config import Config, load
from kg.ingestion.snapshot import Held
from kg.notes.vault import Vault


def edit(note: Path) -> list[Path]:
    """A line more in a note."""
    note.write_text(f"{note.read_text(encoding='utf-8')}\nmore\n", encoding="utf-8")
    return [note]


def add(note: Path) -> list[Path]:
    """A note beside another."""
    place = note.with_name("Added.md")
    place.write_text("# Added\n[[Note 1]] [[Note 2]]\n", encoding="utf-8")
    return [place]


def rename(note: Path) -> list[Path]:
    """That note under another name."""
    return [note.with_name("Added.md").rename(note.with_name("Renamed.md")), note.with_name("Added.md")]


def remove(note: Path) -> list[Path]:
    """That note no more."""
    note.with_name("Renamed.md").unlink()
    return [note.with_name("Renamed.md")]


CHANGES: tuple[Callable[[Path], list[Path]], ...] = (edit, add, rename, remove)


def seconds(config: Config, held: Held | None) -> tuple[float, kg.Report]:
    """The time of an ingest, and its report."""
    start = time.perf_counter()
    report = kg.ingest(Vault(config=config), held=held)
    return time.perf_counter() - start, report


def measure(config: Config, runs: int) -> None:
    """A row for an ingest of nothing, and one for each change."""
    report, notes = kg.ingest(Vault(config=config)), sorted(config.vault.glob("Note *.md"))
    print(f"{'':8} {'reads all':>10} {'holds all':>10}   ms, {len(notes):,} notes")
    rows: dict[str, tuple[list[float], list[float]]] = {}
    for turn in range(runs + 1):
        for what in (lambda _: [], *CHANGES):
            for column in (0, 1) if what not in CHANGES[1:] else (turn % 2,):
                note = notes[(2 * turn + column) % len(notes)]
                edited = what(note)
                taken, report = seconds(config, Held(report, edited) if column else None)
                name = getattr(what, "__name__", "").replace("<lambda>", "nothing")
                rows.setdefault(name, ([], []))[column].extend([taken] if turn else [])
    for name, columns in rows.items():
        print(f"{name:8}", *(f"{statistics.median(column) * 1000:10,.0f}" for column in columns if column))


def main() -> None:
    """Measure a vault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--vault", type=Path)
    parser.add_argument("--store", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        vault = arguments.vault or Path(base, "vault")
        if not arguments.vault:
            write_prose(vault, arguments.notes)
        measure(load(vault, cwd=vault, store=arguments.store or Path(base, "store")), arguments.runs)


if __name__ == "__main__":
    main()
