"""How fast a vault is ingested, brought up to date, and how much memory that takes, beside peers in the same run.

    python benchmarks/ingest.py [--notes 10000] [--runs 3] [--peers]

Two generated vaults of 2 kB notes with ten links each: `prose`, with three headings a note, as most vaults have them, and
`structured`, where nearly every heading names a class or property and makes twice the triples. Each command is run as a
whole process. `--peers` also runs `oxigraph load` (from PyPI) on the same quads, and reads the same notes with kglite and
obsidiantools (benchmarks/vault.py has those in detail).
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import NamedTuple

from reading import WORDS
from reading import write_vault as write_structured
from vault import peer_rows

KG = [sys.executable, "-m", "kg"]


class Run(NamedTuple):
    """Wall-clock seconds and the largest process's memory in MB."""

    seconds: float
    memory: float


def write_prose(folder: Path, number: int) -> None:
    """Generated notes: front matter, three headings, 2 kB of prose, ten links."""
    chance = random.Random(7)
    folder.mkdir()
    for n in range(number):
        parts = [f"---\ntags: [area/{n % 20}]\ncreated: 2026-01-{n % 28 + 1:02}\n---\n"]
        links = [f"[[Note {chance.randrange(number * 11 // 10)}]]" for _ in range(10)]
        for section, heading in enumerate(("Why it matters", "What we know", "Open questions")):
            words = [chance.choice(WORDS) for _ in range(90)]
            for link in links[section::3]:
                words.insert(chance.randrange(len(words)), link)
            parts.append(f"# {heading}\n{' '.join(words)}.\n")
        (folder / f"Note {n}.md").write_text("\n".join(parts), encoding="utf-8")


VAULTS = {"prose": write_prose, "structured": write_structured}


def run(*command: str | Path, allowed: int = 0) -> Run:
    """One command, to its end, with all the processes that it starts; it exits with 0, or with what is allowed."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in {0, allowed}, command
    return Run(time.perf_counter() - start, usage.ru_maxrss / 1000)


def median(runs: list[Run]) -> Run:
    """The median time, and the largest memory."""
    return Run(statistics.median(one.seconds for one in runs), max(one.memory for one in runs))


def row(what: str, one: Run, notes: int, beside: str = "") -> None:
    """One line of the table."""
    print(
        f"  {what:<44} {one.seconds:8.2f} s {notes / one.seconds:9,.0f} notes/s {one.memory:7,.0f} MB  {beside}",
        flush=True,
    )


def measure(name: str, base: Path, number: int, runs: int, oxigraph: Path | None) -> None:
    """All figures for one vault."""
    vault, store = base / name, base / f"{name}-store"
    VAULTS[name](vault, number)
    command = [*KG, "ingest", "-q", str(vault), "--store", str(store)]
    full = median([run(*command, "--no-infer", "--full") for _ in range(runs)])
    file = base / "all.nq"
    # In a process of its own: one that is started is charged with the memory of the one that starts it.
    dump = "import kg, sys; print(*kg.Store(sys.argv[1]).nquads(), sep='\\n', file=open(sys.argv[2], 'w', encoding='utf-8'))"
    run(sys.executable, "-c", dump, store, file)
    with file.open("rb") as lines:
        quads = sum(1 for _ in lines)
    print(f"{name}: {number:,} notes, {quads:,} quads, {quads / number:.0f} a note")
    beside = ""
    if oxigraph:
        loads = [run(oxigraph, "load", "--location", base / f"ox-{name}-{n}", "--file", file) for n in range(runs)]
        beside = f"{full.seconds / median(loads).seconds:.2f} x oxigraph load of the same quads"
        row("oxigraph load", median(loads), number)
    row("full ingest, inference apart", full, number, beside)
    if oxigraph:
        for peer, figure in peer_rows(vault, number, runs, VAULTS[name]).items():
            print(f"  {peer + ', reading only':<44} {figure.seconds:8.2f} s {figure.speed:9,.0f} notes/s")
    run(*command, "--full")
    row("full ingest, with inference", median([run(*command, "--full") for _ in range(runs)]), number)
    time.sleep(2.5)
    run(*command)
    row("nothing changed", median([run(*command) for _ in range(runs)]), number)
    note = vault / "Note 7.md"
    text = note.read_text(encoding="utf-8")
    for what, more in (("prose", "More prose"), ("a link", "More of [[Note 9]]"), ("a heading", "# More\n")):
        edits = []
        for n in range(runs):
            note.write_text(f"{text}\n{more} {n}.\n", encoding="utf-8")
            edits.append(run(*command))
        row(f"one note changed: {what}", median(edits), number)
    (vault / "Note new.md").write_text("# New\n[[Note 1]]\n", encoding="utf-8")
    row("one note added", run(*command), number)
    note.unlink()
    row("one note removed", run(*command), number)


def install(base: Path) -> Path:
    """The command `oxigraph`, in an environment of its own."""
    venv.create(base / "peers", with_pip=True)
    scripts = base / "peers" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([scripts / "python", "-m", "pip", "install", "-qq", "oxigraph"], check=True)
    return scripts / "oxigraph"


def main(number: int, runs: int, *, peers: bool) -> None:
    """Measure and print."""
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, median of {runs} runs, largest memory of one process\n"
    )
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        oxigraph = install(base) if peers else None
        for name in VAULTS:
            measure(name, base, number, runs, oxigraph)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="install and measure `oxigraph load` too")
    options = parser.parse_args()
    main(options.notes, options.runs, peers=options.peers)
