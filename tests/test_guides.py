"""The commands in the guides and in the questions and answers run on notes/: inline code that begins with `kg`."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

import kg
from helpers.commanding import run
from helpers.vaults import ROOT

PAGES = [*sorted((ROOT / "docs" / "guides").glob("*.md")), ROOT / "docs" / "faq.md"]
COMMAND = re.compile(r"`(kg [a-z][^`]*)`")
NAMED = {"push", "pull", "why"}
"""The commands that are only named: they need a server, or arguments."""


def commands(page: Path) -> list[str]:
    return [" ".join(text.split()) for text in COMMAND.findall(page.read_text(encoding="utf-8"))]


def test_each_page_has_commands() -> None:
    assert {page.name: len(commands(page)) for page in PAGES if len(commands(page)) < 2} == {"notebooks.md": 0}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "notebooks.md"], ids=lambda page: page.stem)
@pytest.mark.slow
def test_each_command_runs(page: Path, tmp_path: Path) -> None:
    """Its exit code is 0, or 1 for an answer that is no; a command that names `notes` runs beside that folder."""
    shutil.copytree(ROOT / "notes", tmp_path / "notes", ignore=shutil.ignore_patterns(".kg"))
    shutil.copytree(ROOT / "queries", tmp_path / "queries")
    kg.ingest(tmp_path / "notes")
    for text in commands(page):
        words = shlex.split(text)[1:]
        if words[0] in NAMED and not words[1:]:
            words.append("--help")
        done = run(*words, cwd=tmp_path if "notes" in words else tmp_path / "notes")
        assert done.returncode in {0, 1}, (text, done.stderr)
        refused = [line for line in done.stderr.splitlines() if line.startswith(("kg: ", "Error", "Usage"))]
        assert not refused, (text, refused)
        assert not re.search("occurs nowhere|is declared|nothing matches", done.stderr), (text, done.stderr)


def test_each_message_of_the_trouble_page_is_one_that_kg_prints() -> None:
    """The parts of a message between its `…` stand in the source."""
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "src" / "kg").rglob("*.py")]
    known = " ".join(re.sub(r'"\s*\n\s*f?"', "", re.sub(r"\{[^{}]*\}", "…", text)) for text in sources)
    rows = re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "trouble.md").read_text(encoding="utf-8"), re.M)
    parts = [re.split("… ?[A-Z]* ?", row.removeprefix("hint: ")) for row in rows]
    wanted = {part.strip(" ()[]”“") for row in parts for part in row if len(part) > 6}
    assert len(wanted) > 25
    assert {part for part in wanted if part not in known} == set()
