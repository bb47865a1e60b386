"""How fast a vault is read and every link in it resolved, beside other readers of vaults on the same notes.

    python benchmarks/vault.py [--notes 10000] [--runs 5] [--peers]

Writes generated notes (2 kB, ten links each) into a temporary folder. `--peers` installs obsidiantools and kglite
into an environment of their own in that folder; they run in processes of their own. Each figure is the median of the
runs, and the processor time says how many cores were at work. What they do is not the same: kg keeps the place of all
that it reads, blocks and headings, and resolves links to them, and `kg validate` suggests corrections for what is missing;
kglite builds its graph; obsidiantools does, too, and reads a tenth of the notes, as it is slow.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from reading import Resolver, write_vault

import kg
from kg.config import load
from kg.mapping.link_resolution import Index
from kg.notes.pool import Workers
from kg.notes.vault import Reading, without_collection
from kg.rdf.iris import Names
from kg.validation.validator import validate

PEERS = {"kglite": 1, "obsidiantools": 10}
"""Packages, and by how many the notes are divided for them."""
WHOLE = "kg: read and resolve"
"""In as many processes as there are cores."""
CHECK = "kg: validate"
"""The same, and all findings, with their places and suggestions."""


class Figure(NamedTuple):
    """What was measured: notes, wall-clock and processor seconds, links found."""

    notes: int
    seconds: float
    processor: float
    links: int

    @property
    def speed(self) -> float:
        """Notes a second."""
        return self.notes / self.seconds


def used() -> float:
    """The processor time of this process and of those that it waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measured(runs: int, notes: int, work: Callable[[], int]) -> Figure:
    """The medians of a few runs."""
    times, processor, links = [], [], 0
    for _ in range(runs):
        start, before = time.perf_counter(), used()
        links = work()
        times.append(time.perf_counter() - start)
        processor.append(used() - before)
    return Figure(notes, statistics.median(times), statistics.median(processor), links)


def resolved(vault: kg.Vault, reading: Reading) -> int:
    """Resolve every link of a vault; how many there are."""
    index = Index.of(reading.notes, reading.attachments, Names(vault.config.base))
    return sum(1 for note in reading.notes for link in note.links() if index.resolve(link, note.path))


def resolved_together(vault: kg.Vault) -> int:
    """The same from the files on, by several processes."""
    with without_collection():
        files = vault.files()
        with Workers.for_files(len(files.notes)) as workers:
            read = workers.read(files.notes, vault.config.max_bytes)
            index = Index.of(
                [one.card for one in read.values() if one.card], files.attachments, Names(vault.config.base)
            )
            return sum(workers.each(Resolver(index).links))


def kg_rows(folder: Path, notes: int, runs: int) -> dict[str, Figure]:
    """What kg takes for each step, and for both."""
    vault = kg.Vault(config=load(folder, store=folder.parent / "store"))
    rows = {
        "kg: read": measured(runs, notes, lambda: sum(1 for note in vault.read().notes for _ in note.links())),
        "kg: same, one process": measured(runs, notes, lambda: resolved(vault, vault.read())),
        WHOLE: measured(runs, notes, lambda: resolved_together(vault)),
        CHECK: measured(runs, notes, lambda: sum(validate(vault).classes.values())),
    }
    # Last, as what is kept in memory would slow the other steps down.
    reading = vault.read()
    return rows | {"kg: index and resolve": measured(runs, notes, lambda: resolved(vault, reading))}


def peer_rows(
    folder: Path, notes: int, runs: int, write: Callable[[Path, int], None] = write_vault
) -> dict[str, Figure]:
    """What the peers take, each on as many notes as it can bear; `write` writes fewer of the same kind."""
    environment = folder.parent / "peers"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *PEERS], check=True)
    rows = {}
    for name, divisor in PEERS.items():
        part = folder if divisor == 1 else folder.parent / f"{folder.name}-{name}"
        if divisor > 1:
            write(part, notes // divisor)
        command = [python, Path(__file__).with_name("peers.py"), name, part, str(runs)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder.parent)
        found = json.loads(answer.stdout.splitlines()[-1])
        figure = Figure(notes // divisor, found["seconds"], found["processor"], found["links"])
        rows[f"{name} {found['version']}"] = figure
    return rows


def main(notes: int, runs: int, *, peers: bool) -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {notes:,} notes, median of {runs} runs\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "vault"
        write_vault(folder, notes)
        rows = kg_rows(folder, notes, runs)
        whole = rows[WHOLE]
        rows |= peer_rows(folder, notes, runs) if peers else {}
    print(
        f"{'':<24} {'notes':>7} {'links':>8} {'wall s':>8} {'cpu s':>8} {'notes/s':>9}   kg: read and resolve, against it"
    )
    for name, row in rows.items():
        beside = "" if name.startswith("kg:") else f"{whole.speed / row.speed:8.2f} times as fast"
        figures = f"{row.notes:7,} {row.links:8,} {row.seconds:8.2f} {row.processor:8.2f} {row.speed:9,.0f}"
        print(f"{name:<24} {figures}   {beside}")
    if not peers:
        print("\nWithout --peers: obsidiantools and kglite were not installed, and not measured.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="install and measure obsidiantools and kglite, too")
    options = parser.parse_args(sys.argv[1:])
    main(options.notes, options.runs, peers=options.peers)
