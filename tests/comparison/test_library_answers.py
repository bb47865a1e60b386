"""What `kg diff` says of the queries that come with kg: only what has changed, and only where a fact has."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.commanding import run
from helpers.repositories import commit, isolate
from helpers.vaults import write_vault
from kg.comparison import difference, library_answers
from kg.comparison.commits import diff
from kg.comparison.difference import ComparedParts
from kg.rendering.differences import in_format

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
QUERY = "# title: My orphans\nSELECT ?orphan WHERE { ?document kg:path ?orphan }\n"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three notes of which one links to another, committed; now none does."""
    isolate(monkeypatch)
    folder = tmp_path / "vault"
    commit(folder, {"A.md": "See [[B]].\n", "B.md": "Text.\n", "C.md": "Text.\n"}, 1)
    write_vault(folder, {"A.md": "See nothing.\n"})
    return folder


def answers(vault: Path, *words: str) -> Any:
    return json.loads(run("diff", "-f", "json", *words, cwd=vault).stdout)["library"]


def test_json_has_all_rows(vault: Path) -> None:
    found = {row["name"]: row for row in answers(vault)["changes"]}
    assert (found["orphans"]["before"], found["orphans"]["after"]) == ("1 row", "3 rows")
    assert found["orphans"]["added"] == ["A.md, 2", "B.md, 1"]
    listings = {row["name"]: row for row in answers(vault)["listings"]}
    assert listings["long-notes"]["removed"] == ["A.md, 2, 0, 1"]
    assert answers(vault)["left_out"] == []


def test_few_rows_are_shown(tmp_path: Path, vault: Path) -> None:
    commit(vault, {f"N{number}.md": "[[C]]\n" for number in range(9)}, 2)
    write_vault(vault, {f"N{number}.md": "Text\n" for number in range(9)})
    text = run("diff", cwd=vault).stdout.partition("Answers of the library\n")[2]
    assert "  ~ orphans (Orphans): 2 rows → 12 rows: + C.md, + N0.md, + N1.md, + 7 more\n" in text


def test_no_query_runs_where_no_fact_differs(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_vault(vault, {"A.md": "See [[B]], and more words.\n"})
    monkeypatch.setattr(difference, "library_answers", pytest.fail)
    assert not diff(vault)


@pytest.mark.parametrize("words", [("--no-library",), ("--no-answers",), ("--stat",), ("HEAD", "A.md")])
def test_it_can_be_left_out(vault: Path, words: tuple[str, ...]) -> None:
    assert answers(vault, *words) == {"changes": [], "listings": [], "left_out": []}


def test_a_query_of_the_project_takes_precedence(vault: Path) -> None:
    commit(vault, {"queries/orphans.rq": QUERY}, 2)
    write_vault(vault, {"D.md": "[[C]]\n"})
    found = diff(vault)
    assert [change.name for change in found.answers] == ["orphans"]
    assert "orphans" not in {change.answer.name for change in found.library.changes}


@pytest.mark.parametrize(("name", "value"), [("SECONDS", 0.0), ("_LARGE", 10)])
def test_what_takes_too_long_is_named(vault: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> None:
    """By the clock, or in a large vault."""
    monkeypatch.setattr(library_answers, name, value)
    found = diff(vault)
    assert not found.library.changes
    assert {"orphans", "long-notes"} <= set(found.library.left_out)
    assert found.totals["library_changed"] == 0
    assert "); --library asks them" in in_format(found, "text")
    wanted = diff(vault, parts=ComparedParts(library=True)).library
    assert wanted.changes
    assert not wanted.left_out


def test_a_moved_note_is_no_other_answer(vault: Path) -> None:
    commit(vault, {"A.md": "See nothing.\n"}, 2)
    (vault / "C.md").rename(vault / "Third.md")
    write_vault(vault, {"A.md": "---\nrating: 3\n---\nSee nothing.\n"})
    assert not [change for change in answers(vault)["changes"] if change["name"] == "orphans"]
