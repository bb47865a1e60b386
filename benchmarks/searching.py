"""Search: building the index, bringing it up to date, and a search from start to finish, beside grep and a plain scan.

    python benchmarks/searching.py [--notes 10000] [--runs 7]

Writes generated notes (2 kB, seven sections each) into a temporary folder and ingests them. A search is a process from its
start to its end, as somebody waits for it; each figure is the median of the runs. What the others do is less: grep and
the scan in Python find the lines with one text, in no order; kg finds notes with all words, ranked.
"""

import argparse
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reading import write_vault

import kg
from kg.config import load
from kg.retrieval import search

QUERIES = {
    "a rare word": "team3",
    "two words": "customer question",
    "a phrase": '"small team"',
    "a word of every note": "definition",
}
PLAIN = "small team"
SCAN = (
    "import sys, pathlib\n"
    "for file in pathlib.Path(sys.argv[1]).rglob('*.md'):\n"
    "    for number, line in enumerate(file.read_text(encoding='utf-8').splitlines(), 1):\n"
    "        if sys.argv[2] in line: print(f'{file}:{number}: {line}')\n"
)


def median(runs: int, work: Callable[[], object]) -> float:
    """The median time of some runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def process(*command: object) -> Callable[[], object]:
    """A process, from its start to its end."""
    return lambda: subprocess.run(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )


def main(notes: int, runs: int) -> None:
    """Measure and print."""
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, {notes:,} notes, median of {runs} runs\n"
    )
    with tempfile.TemporaryDirectory() as temporary:
        vault = Path(temporary) / "vault"
        write_vault(vault, notes)
        config = load(vault, cwd=vault)
        kg.ingest(kg.Vault(config=config), inference=False)
        index = config.store / "search.db"

        def build() -> None:
            index.unlink(missing_ok=True)
            search(config.store, "team3")

        row("build the index", median(min(runs, 3), build))
        edited = []
        for number in range(min(runs, 3)):
            (vault / "Note 5.md").write_text(f"# Edited\nfor the {number}. time\n", encoding="utf-8")
            kg.ingest(kg.Vault(config=config), inference=False)
            edited.append(median(1, lambda: search(config.store, "edited")))
        row("after an edit: update and search", statistics.median(edited))
        print(
            f"{'the index':<34} {index.stat().st_size / 1e6:8.1f} MB, of {sum(f.stat().st_size for f in vault.glob('*.md')) / 1e6:.1f} MB of notes\n"
        )
        scan = median(runs, process(sys.executable, "-c", SCAN, vault, PLAIN))
        rows = {f"kg search, {name}": median(runs, process(sys.executable, "-m", "kg", "search", "--store", config.store, *query.split(" ") if '"' not in query else [query]))
                for name, query in QUERIES.items()}  # fmt: skip
        rows["python, starting only"] = median(runs, process(sys.executable, "-c", ""))
        for peer, command in (
            ("grep -rn", ["grep", "-rn", "--include=*.md", PLAIN, vault]),
            ("rg", ["rg", "-n", PLAIN, vault]),
        ):
            if shutil.which(command[0] if isinstance(command[0], str) else ""):
                rows[peer] = median(runs, process(*command))
        for name, seconds in rows.items():
            row(name, seconds, scan)
        row("a plain scan in Python", scan)


def row(what: str, seconds: float, scan: float | None = None) -> None:
    """One line of the table."""
    beside = f"{scan / seconds:6.1f} times as fast as a plain scan in Python" if scan else ""
    print(f"{what:<34} {seconds:8.3f} s  {beside}".rstrip())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args(sys.argv[1:])
    main(options.notes, options.runs)
