"""The patch of a difference makes one dataset of the other, and a change of the files alone changes no fact."""

import json
import os
import random
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from helpers.drawing import at_length
from helpers.repositories import commit, git, isolate, write_history
from kg.comparison.difference import compare
from kg.comparison.state import ComparedState
from kg.config import load
from kg.revisions.revision import revision

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)


def quads(store: kg.Store) -> set[ox.Quad]:
    return set(store.quads())


def state(vault: Path, name: str) -> ComparedState:
    return ComparedState.of(name, revision(load(vault, cwd=vault), name).config)


@pytest.mark.parametrize(("seed", "length"), [(11, 3), pytest.param(12, at_length(400), marks=pytest.mark.slow)])
def test_patches_of_random_histories(tmp_path: Path, seed: int, length: int) -> None:
    vault = tmp_path / "vault"
    write_history(vault, seed, length)
    kg.ingest(vault)
    chance = random.Random(seed)
    for _ in range(length):
        names = [f"HEAD~{chance.randrange(length)}" for _ in range(2)]
        before, after = (state(vault, name) for name in names)
        difference = compare(before, after)
        patched = (quads(before.store) - set(difference.gone.quads())) | set(difference.come.quads())
        assert patched == quads(after.store), names
        assert bool(difference) or names[0] == names[1] or difference.totals["facts_changed"] == 0


def test_the_formats_replay_on_any_server(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    write_history(vault, 13, 6)
    kg.ingest(vault)
    before, after = state(vault, "HEAD~4"), state(vault, "HEAD")
    server = ox.Store()
    server.extend(before.store.quads())
    server.update(run("diff", "HEAD~4", "HEAD", "-f", "sparql", cwd=vault).stdout)
    assert set(server) == quads(after.store)
    lines = set(map(line, before.store.quads()))
    for row in run("diff", "HEAD~4", "HEAD", "-f", "nquads", cwd=vault).stdout.splitlines():
        (lines.remove if row[0] == "-" else lines.add)(row[2:])
    assert lines == set(map(line, after.store.quads()))


def line(quad: ox.Quad) -> str:
    """A quad as N-Quads has it."""
    graph = "" if isinstance(quad.graph_name, ox.DefaultGraph) else f"{quad.graph_name} "
    return f"{quad.subject} {quad.predicate} {quad.object} {graph}."


def test_moves_and_new_line_breaks_change_no_fact(tmp_path: Path) -> None:
    """In a vault whose links follow the moves."""
    vault, chance = tmp_path / "vault", random.Random(5)
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    texts = {
        f"Note{number}": f"# Definition\n{' '.join(chance.choices(words, k=40))} [[Note{(number * 7) % 30}]]\n"
        for number in range(30)
    }
    commit(vault, {f"{name}.md": text for name, text in texts.items()}, 1)
    for name, text in texts.items():
        (vault / f"{name}.md").unlink()
        place = vault / chance.choice(["", "a/", "b/c/"]) / f"{name}.md"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join(text.replace("# Definition\n", "# Definition\n\n").rsplit(" ", 9)) + "\n")
    done = run("diff", cwd=vault)
    assert done.stdout.endswith("No fact has changed; notes: 30 edited, 18 moved\n"), done.stdout


def test_json_and_html_have_all_rows(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "---\nrating: 1\n---\n[[<b>]]\n"}, 1)
    (vault / "A.md").write_text("---\nrating: 2\nx: '<script>alert(1)</script>'\n---\n[[B]]\n")
    value = json.loads(run("diff", "-f", "json", cwd=vault).stdout)
    (note,) = value["notes"]
    assert [pair["after"]["object"] for pair in note["changed"]] == ["B (missing)", "2"]
    assert [fact["predicate"] for fact in note["added"]] == ["p:x"]
    assert note["added"][0]["places"][0]["line"] == 3
    assert value["totals"]["facts_added"] == 1
    assert {finding["code"] for finding in value["findings"]["added"]} == {"L01"}
    page = run("diff", "-f", "html", cwd=vault).stdout

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "img", "link", "a"}

    Tags().feed(page)
    assert "&lt;script&gt;" in page


def test_annotations_are_at_the_lines_of_the_later_state(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "x\n"}, 1)
    (vault / "A.md").write_text("x\n\n[[Nowhere, 50%]]\n")
    lines = run("diff", "-f", "github", cwd=vault).stdout.splitlines()
    assert lines[0].startswith("::error file=A.md,line=3,")
    assert lines[1] == "::notice file=A.md,line=1,title=What the note says::+ “A” links to “Nowhere, 50%25 (missing)”"


def test_several_reports_in_one_run(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "x\n"}, 1)
    (vault / "A.md").write_text("#tag\n")
    done = run("diff", "-f", "text", "-f", "json=d.json", "-f", "md=d.md", cwd=vault)
    assert done.stdout.startswith("HEAD (")
    assert json.loads((vault / "d.json").read_text())["totals"]["facts_added"] == 1
    assert (vault / "d.md").read_text().startswith("## HEAD")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nope"], 1, "kg: “nope” is no commit of the repository, and no date like 2026-03-01"),
        (["HEAD", "HEAD", "nope"], 2, "nope is neither a commit nor a file or folder of the vault"),
        (["HEAD", "../x"], 1, "kg: “../x” is no commit"),
    ],
)
def test_errors_are_one_sentence(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "x\n"}, 1)
    done = run("diff", *words, cwd=vault)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text("x")
    done = run("diff", cwd=tmp_path)
    assert done.returncode == 1
    assert "is in no git repository" in done.stderr


def test_the_alias_for_git(tmp_path: Path) -> None:
    """As the documentation sets it."""
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "---\nr: 1\n---\n"}, 1)
    (vault / "A.md").write_text("---\nr: 2\n---\n")
    git(vault, "config", "alias.kg-diff", '!cd "${GIT_PREFIX:-.}" && kg diff')
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["git", "kg-diff", "--stat"]
    done = subprocess.run(command, cwd=vault, capture_output=True, text=True, check=True, env=environment)
    assert "A.md  ~1" in done.stdout


def test_the_driver_for_git_compares_facts(tmp_path: Path) -> None:
    """As the documentation sets it: lines that say the same are no difference."""
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "---\nr: 1\n---\nOne two\nthree. [[B]]\n", "C.md": "x y\nz\n"}, 1)
    (vault / "A.md").write_text("---\nr: 2\n---\nOne two three. [[B]]\n")
    (vault / "C.md").write_text("x\ny z\n")
    git(vault, "config", "diff.kg.textconv", f"'{sys.executable}' -m kg diff --textconv")
    (vault / ".git" / "info").mkdir(exist_ok=True)
    (vault / ".git" / "info" / "attributes").write_text("*.md diff=kg\n")
    lines = git(vault, "diff", "-U0").splitlines()
    assert [row for row in lines if row[:1] in "+-" and row[:3] not in {"+++", "---"}] == [
        "-“This note” p:r “1”",
        "+“This note” p:r “2”",
    ]


def test_in_python(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "---\nr: 1\n---\n"}, 1)
    (vault / "A.md").write_text("---\nr: 2\n---\n")
    difference = kg.diff(vault)
    (change,) = difference.notes
    assert [pair.after.words for pair in change.changed] == [("A", "p:r", "2")]
    graph = kg.open(vault)
    assert "p:r: 1 → 2" in str(graph.diff())
    assert graph.at("HEAD").query("SELECT ?r { ?a p:r ?r }").rows == [{"r": 1}]
    with graph.overlay({"A.md": "---\nr: 3\n---\n", "B.md": "new\n"}) as drafted:
        assert drafted.query("SELECT ?r { ?a p:r ?r }").rows == [{"r": 3}]
        assert len(drafted.query("things", "Concept").rows) == 2
    assert graph.query("SELECT ?r { ?a p:r ?r }").rows == [{"r": 2}]
    assert (vault / "A.md").read_text() == "---\nr: 2\n---\n"
