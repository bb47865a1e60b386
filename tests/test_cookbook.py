"""The cookbook is true: each query has its answer on notes/, and each other form runs.

With KG_WRITE=1, the answers are written.
"""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

import kg
from helpers.commanding import as_text
from helpers.forking import forked
from helpers.vaults import ROOT

PAGE = ROOT / "docs" / "cookbook.md"
ANSWERED = re.compile(r"^```sparql\n(.*?)^```\n\n^```text\n(.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of notes/ with the library of queries beside it, ingested."""
    folder = tmp_path_factory.mktemp("cookbook")
    shutil.copytree(ROOT / "notes", folder / "notes", ignore=shutil.ignore_patterns(".kg"))
    shutil.copytree(ROOT / "queries", folder / "queries")
    kg.ingest(folder / "notes")
    return folder / "notes"


@pytest.mark.slow
def test_each_query_has_its_answer(notes: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    graph = kg.open(notes)

    def answered(match: re.Match[str]) -> str:
        return f"```sparql\n{match[1]}```\n\n```text\n{graph.query(match[1])!r}\n```"

    written = ANSWERED.sub(answered, text)
    if os.environ.get("KG_WRITE"):
        PAGE.write_text(written, encoding="utf-8")
    assert len(re.findall(r"^### ", text, re.M)) == len(ANSWERED.findall(text)) == 40
    assert written == text


@pytest.mark.slow
def test_each_other_form_runs(notes: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    others = [shlex.split(line)[1:] for line in re.findall(r"^```sh\n(.*)\n```$", text, re.M)]
    others += [["query", line] for line in re.findall(r"^```dataview\n(.*)\n```$", text, re.M)]
    for words in others:
        done = as_text(forked(words, notes))
        assert (done.returncode, done.stdout.count("\n") > 1) == (0, True), (words, done.stderr)
