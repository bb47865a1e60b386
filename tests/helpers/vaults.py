"""Where the project's own notes are, a vault's ingest and analysis, and damage to a store."""

import csv
import io
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from click.testing import CliRunner, Result

import kg
from kg.cli.commands import kg as cli
from kg.config import load

ROOT = Path(__file__).parents[2]
NOTES = ROOT / "notes"
PREFIXES = {
    "n": "https://notes.example/",
    "kg": "https://w3id.org/concept-notes#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
}
FEW_LINKS = {
    "empty": {"x.txt": ""},
    "one": {"A.md": "Alone.\n"},
    "apart": {"A.md": "[[B]]\n", "B.md": "", "C.md": "[[D]]\n", "D.md": "[[C]]\n", "E.md": "no link\n"},
    "itself": {"A.md": "[[A]]\n"},
    "no links": {"A.md": "", "B.md": ""},
}
"""Vaults without links, or with few, by their names."""

Write = Callable[[dict[str, str]], Path]
"""The fixture `write`: files of a vault, by their names, to the vault's folder."""


def write_vault(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by their names into a folder, which is made if it does not exist; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def copied_notes(folder: Path) -> Path:
    """Copy the project's own notes, without their store, to a folder; the folder."""
    shutil.copytree(NOTES, folder, ignore=shutil.ignore_patterns(".kg"))
    return folder


def ingest(vault: Path, store: Path, *, full: bool = False, inference: bool = True) -> kg.Report:
    """Ingest a folder into a store that lies elsewhere, so that the folder stays as it is."""
    return kg.ingest(kg.Vault(config=load(vault, cwd=vault, store=store)), full=full, inference=inference)


def analyze(store: kg.Store | Path, name: str, *arguments: str) -> Result:
    """`kg analyze NAME` of a store."""
    place = store.path if isinstance(store, kg.Store) else store
    return CliRunner().invoke(cli, ["analyze", name, "--store", str(place), *arguments])


def analyzed(store: kg.Store | Path, *arguments: str) -> list[dict[str, str]]:
    """The rows that an analysis gives."""
    done = analyze(store, *arguments, "-f", "csv")
    assert done.exit_code == 0, (done.output, done.exception)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def damage_tables(store: Path, every: int) -> None:
    """Write zeros over every table of a store's database, in its first half: one alone may hold nothing in use."""
    for file in list((store / (store / "current").read_text().strip() / "db").glob("*.sst")):
        data = bytearray(file.read_bytes())
        for at in range(100, len(data) // 2 + 101, every):
            data[at : at + 40] = bytes(40)
        file.unlink()  # not through the hard link
        file.write_bytes(data)
