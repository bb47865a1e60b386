"""How fast notes are read and ingested, beside a peer in the same run.

    python benchmarks/reading.py [NOTES]

Writes a vault of generated notes (2 kB, 10 links each) into a temporary folder and prints, for each step, the median
of five runs and its ratio to a peer: reading to markdown-it-py's bare parse of the same text (where it is
installed), storing to Oxigraph's own bulk load of the same quads.
"""

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

import kg
from kg.config import load
from kg.mapping.link_resolution import Index
from kg.mapping.statements import Reader
from kg.rdf.iris import Names

RUNS = 5
WORDS = [
    "outcome",
    "output",
    "team",
    "learns",
    "customer",
    "value",
    "small",
    "test",
    "week",
    "release",
    "question",
    "answer",
    "note",
    "link",
    "idea",
]


def write_vault(folder: Path, number: int) -> None:
    """Generated notes: front matter, five sections of prose, a list, a task, ten links."""
    chance = random.Random(7)
    folder.mkdir()
    for n in range(number):
        links = [f"[[Note {chance.randrange(number * 11 // 10)}]]" for _ in range(10)]
        parts = [f"---\ntags: [concept, area/{n % 20}]\nrating: {n % 5}.5\n---\n"]
        for section, heading in enumerate(("Definition", "Outcomes", "Outputs", "Background", "Resources")):
            prose = " ".join(chance.choice(WORDS) for _ in range(60))
            parts.append(f"# {heading}\n{prose} {links[2 * section]} {prose[:30]} {links[2 * section + 1]}.\n")
        parts.append(
            f"## To do\n- [ ] Write to #team{n % 7} 📅 2026-01-{n % 28 + 1:02}\n- [x] Done [effort:: {n % 9}]\n"
        )
        (folder / f"Note {n}.md").write_text("\n".join(parts), encoding="utf-8")


class Resolver:
    """Resolves the links of a note; in a module, since it is sent to other processes."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def links(self, note: kg.Note) -> int:
        """How many links a note has, each resolved."""
        return sum(1 for link in note.links() if self.index.resolve(link, note.path))


def median(work: Callable[[], object]) -> float:
    """The median time of a few runs, in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def row(what: str, seconds: float, number: int, peer: float | None = None, name: str = "") -> None:
    """One line of the table."""
    beside = f"{seconds / peer:6.2f} x {name}" if peer else ""
    print(f"{what:<34} {seconds:7.2f} s {number / seconds:10,.0f} notes/s  {beside}")


def main(number: int) -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp())
    try:
        write_vault(folder / "vault", number)
        vault = kg.Vault(config=load(folder / "vault", store=folder / "store"))
        texts = [file.read_text(encoding="utf-8") for file in sorted((folder / "vault").glob("*.md"))]
        read = median(vault.read)
        row("read (parse, positions, properties)", read, number, *_markdown_it(texts))
        reading = vault.read()
        from kg.mapping.ontology import load_ontology

        index = Index.of(reading.notes, reading.attachments, Names(vault.config.base))
        reader = Reader(index, load_ontology(vault.config), "Concept")
        row("resolve and state", median(lambda: [reader.statements(note) for note in reading.notes]), number)
        full = median(lambda: kg.ingest(vault, full=True, inference=False))
        row("ingest, no inference", full, number, _bulk_load(folder), "Oxigraph's load of the same quads")
        row("ingest, with inference", median(lambda: kg.ingest(vault, full=True)), number, full, "that without")
        row("ingest, nothing changed", median(lambda: kg.ingest(vault)), number)
    finally:
        shutil.rmtree(folder)


def _markdown_it(texts: list[str]) -> tuple[float | None, str]:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None, ""
    parser = MarkdownIt()
    return median(lambda: [parser.parse(text) for text in texts]), "markdown-it-py's bare parse"


def _bulk_load(folder: Path) -> float:
    quads = "\n".join(kg.Store(folder / "store").nquads()).encode()

    def once() -> None:
        target = tempfile.mkdtemp(dir=folder)
        ox.Store(target).bulk_load(quads, ox.RdfFormat.N_QUADS)

    return median(once)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
