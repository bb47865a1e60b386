"""When a triple holds, and which commit brought it, agree with a walk over all commits."""

import json
import random
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from helpers.drawing import at_length
from helpers.repositories import commit, isolate, write_history
from kg.comparison.since import blame, periods
from kg.config import load
from kg.rdf.vocabulary import INFERRED_GRAPH
from kg.revisions.git_repository import Repository
from kg.revisions.revision import revision

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)


def walked(stores: list[tuple[str, kg.Store]], triple: ox.Triple) -> list[tuple[str, str, bool]]:
    """The periods of a triple as (first commit, commit that ends it, inferred), from the store of each commit."""
    found: list[tuple[str, str, bool]] = []
    kind = None
    for name, store in stores:
        graphs = {quad.graph_name for quad in store.find(triple.subject, triple.predicate, triple.object)}
        now = None if not graphs else INFERRED_GRAPH in graphs
        if now is None and kind is not None:
            found[-1] = (found[-1][0], name, found[-1][2])
        elif now is not None and now != kind:
            found.append((name, "", now))
        kind = now
    return found


@pytest.mark.parametrize(("seed", "length"), [(31, 2), pytest.param(32, at_length(400), marks=pytest.mark.slow)])
def test_periods_are_those_of_all_commits(tmp_path: Path, seed: int, length: int) -> None:
    vault = tmp_path / "vault"
    write_history(vault, seed, length)
    kg.ingest(vault)
    config = load(vault, cwd=vault)
    with Repository.of(vault) as repository:
        names = [row.hash for row in repository.commits()]
    stores = [(name, kg.Store(revision(config, name).config.store)) for name in names]
    known = {
        quad.triple
        for _, store in stores
        for quad in store.quads()
        if isinstance(quad.object, ox.NamedNode) and "notes.example" in str(quad.subject)
    }
    chance = random.Random(seed)
    for triple in chance.sample(sorted(known, key=str), 12):
        found = periods(config, str(triple.subject), str(triple.predicate), str(triple.object))
        ours = [(row.since.hash, row.until.hash if row.until else "", row.inferred) for row in found]
        assert ours == walked(stores, triple), triple


def test_a_fact_keeps_its_commit_when_its_note_moves(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    text = "---\nrating: 3\n---\nA text that is long enough to be found again.\n"
    commit(vault, {"A.md": text}, 1)
    commit(vault, {"A.md": text.replace("3", "4")}, 2)
    commit(vault, {"A.md": None, "x/A.md": text.replace("3", "4") + "See [[B]].\n"}, 3)
    rows = {row.fact.words[1:]: f"{row.since.time:%d}" for row in blame(load(vault, cwd=vault), "A")}
    assert rows[("p:rating", "4")] == "02"
    assert rows[("is a", "Concept")] == "01"
    assert rows[("links to", "B")] == "03"


def test_the_commands(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "---\ntype: Outcome\n---\n[[B]]\n", "B.md": "---\ntype: Output\n---\n"}, 1)
    commit(vault, {"A.md": "---\ntype: Outcome\n---\n"}, 2)
    commit(vault, {"A.md": "---\ntype: Outcome\nachieved through: '[[B]]'\n---\n"}, 3)
    done = run("when", "A", "achieved through", "B", cwd=vault)
    assert done.stdout.splitlines()[0] == "“A” achieved through “B”"
    assert [row.split()[:2] for row in done.stdout.splitlines() if "since" in row or "until" in row] == [
        ["since", "2024-01-01"],
        ["until", "2024-01-02"],
        ["since", "2024-01-03"],
    ]
    assert "inferred by outcome-mentions-output" in done.stdout
    assert "A.md:3:19  achieved through: '[[B]]'" in done.stdout
    rows = json.loads(run("when", "A", "achieved through", "B", "-f", "json", cwd=vault).stdout)
    assert [(row["inferred"], row["until"] and row["until"]["subject"]) for row in rows] == [
        (True, "Day 2"),
        (False, None),
    ]
    assert run("when", "A", "related", "B", cwd=vault).returncode == 1
    assert "A: Day 3" in run("blame", "A", cwd=vault).stdout
    assert run("blame", "Nobody", cwd=vault).returncode == 1
