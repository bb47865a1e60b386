"""A vault held open: what a writer sees at once, and what once the whole vault is validated."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kg
from helpers.vaults import write_vault
from kg.config import load
from kg.core.findings import Finding
from kg.session.draft_findings import moved
from kg.session.held_graph import HeldGraph
from kg.session.session import Session
from kg.session.vault_state import VaultState
from kg.validation.validator import Validation

NOTES = {
    "kg.toml": "",
    "A.md": "# One\nSee [[B]] and [[Nowhere]].\n",
    "B.md": "---\ntype: Outcome\n---\nBack to [[A]].\n",
    "Away/C.md": "Alone with [[A#One]].\n",
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    vault = write_vault(tmp_path / "vault", NOTES)
    opened = Session(load(vault, cwd=vault))
    opened.open()
    yield opened
    opened.close()


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, int]]:
    return [(finding.code, finding.line) for finding in findings]


def test_a_draft_is_checked_at_once(session: Session) -> None:
    session.validate()
    assert codes(session.check("A.md")) == [("L01", 2)]
    session.edit("A.md", "# One\nSee [[B]].\n\n[[Elsewhere]]\n")
    assert codes(session.check("A.md")) == [("L01", 4)]
    with session.state() as state:
        assert state.text("A.md") == "# One\nSee [[B]].\n\n[[Elsewhere]]\n"
    session.drop("A.md")
    session.validate()
    assert codes(session.check("A.md")) == [("L01", 2)]


def test_names_and_headings_of_drafts_count_for_other_drafts(session: Session) -> None:
    session.validate()
    session.edit("A.md", "# Another\n")
    session.edit("Away/C.md", "Alone with [[A#One]] and [[New]].\n")
    assert [code for code, _ in codes(session.check("Away/C.md"))] == ["L02", "L01"]
    session.edit("New.md", "Now there.\n")
    assert [code for code, _ in codes(session.check("Away/C.md"))] == ["L02"]


def test_what_follows_from_the_vault_comes_with_the_validation(session: Session) -> None:
    session.validate()
    assert [code for code, _ in codes(session.check("B.md"))] == ["S03", "S04"]
    session.edit("B.md", "---\ntype: Outcome\nachieved through: '[[D]]'\n---\nBack to [[A]].\n")
    assert {code for code, _ in codes(session.check("B.md"))} == {"L01", "S03", "S04"}
    session.edit("D.md", "---\ntype: Output\n---\n[[B]]\n")
    found = session.validate()
    assert "S03" not in found.codes
    assert [code for code, _ in codes(session.check("B.md"))] == ["S04"]
    with session.state() as state:
        assert "D.md" in state.vault.paths.values()
        assert "D.md" not in state.steady.paths.values()


def test_a_state_made_while_a_validation_ends_does_not_stay(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.edit("B.md", NOTES["B.md"])  # as it is saved, so that the graph stays the same
    made = list[Validation]()

    def slow(*parts: Any) -> VaultState:
        state = VaultState(*parts)
        if not made:  # the other thread ends its validation just now
            made.append(session.validate())
        return state

    monkeypatch.setattr("kg.session.session.VaultState", slow)
    session.check("B.md")
    assert [code for code, _ in codes(session.check("B.md"))] == ["S03", "S04"]


def test_drafts_are_in_no_store_that_others_read(session: Session) -> None:
    before = sorted(kg.Store(session.config.store).nquads())
    session.edit("A.md", "[[Secret]]\n")
    session.validate()
    assert sorted(kg.Store(session.config.store).nquads()) == before
    session.close()
    assert not list(session.config.store.glob(".overlay-*"))


def test_a_graph_stays_while_it_is_asked(session: Session) -> None:
    session.edit("A.md", "First [[Nowhere]].\n")
    session.validate()
    with session.state() as state:
        folder = state.vault.published.folder
        session.edit("A.md", "Second [[Nowhere]].\n")
        session.validate()
        assert folder.exists()
        assert len(state.vault.store) > 0
    assert not folder.exists()


def test_what_is_tried_is_forgotten(session: Session) -> None:
    tried = session.tried({"A.md": "[[Tried]]\n"})
    assert any("Tried" in finding.message for finding in tried.findings)
    assert not any("Tried" in finding.message for finding in session.validate().findings)


def test_files_that_change(session: Session) -> None:
    session.validate()
    vault = session.config.vault
    write_vault(vault, {"Nowhere.md": "Here.\n"})
    report = session.refresh(edited=[vault / "Nowhere.md"])
    assert report.changed
    session.validate()
    assert not session.check("A.md")
    write_vault(vault, {"kg.toml": "default_class = 'Resource'\n"})
    session.refresh()
    assert session.config.default_class == "Resource"


def test_paths(session: Session, tmp_path: Path) -> None:
    vault = session.config.vault
    assert session.path_of(vault / "Away" / "C.md") == "Away/C.md"
    assert session.path_of(vault / "Not yet.md") == "Not yet.md"
    for place in (tmp_path / "Else.md", vault / ".obsidian" / "x.md", vault / "picture.png"):
        assert session.path_of(place) is None


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {**NOTES, ".kg": "a file"})
    session = Session(load(vault, cwd=vault))
    session.open()
    session.validate()
    assert codes(session.check("A.md")) == [("L01", 2)]
    session.refresh(replace(session.config))
    place = session.config.store
    assert place.exists()
    session.close()
    assert not place.exists()


def test_a_settled_session_keeps_its_notes_from_the_collector(session: Session) -> None:
    before = gc.get_freeze_count()
    session.settle()
    assert gc.get_freeze_count() > before
    gc.unfreeze()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", [1, 2, 3]),
        ("a\nb\nc\n", "new\na\nb\nc\n", [2, 3, 4]),
        ("a\nb\nc\n", "a\nB\nc\n", [1, 2, 3]),
        ("a\nb\nc\n", "a\nc\n", [1, 2]),
        ("a\nb\nc\n", "", []),
        ("a\u2028b\nc\nd", "x\na\u2028b\nc\nd", [2, 3, 4]),
        ("a\r\nb\r\nc", "a\r\nb\r\n\r\nc", [1, 2, 4]),
    ],
)
def test_findings_move_with_their_lines(before: str, after: str, lines: list[int]) -> None:
    findings = [Finding("A.md", line, 1, line, 2, "L22", f"{line}") for line in (1, 2, 3)]
    assert [finding.line for finding in moved(findings, before, after)] == lines


@pytest.mark.slow
def test_generations_go_when_nobody_asks_them_any_more(session: Session) -> None:
    session.validate()
    session.remember()
    session.settle()
    vault = session.config.vault
    for number in range(30):
        write_vault(vault, {"A.md": f"Saved {number} times, see [[Nowhere {number}]].\n"})
        session.refresh(edited=[vault / "A.md"])
        session.edit("B.md", f"Draft {number} [[A]]\n")
        session.validate()
        with session.state() as state:
            assert state.vault.explainer.words is not None
    gc.unfreeze()
    assert len(list(session.config.store.glob("gen-*"))) <= 12


def test_a_graph_that_has_ended_is_not_held(session: Session) -> None:
    report = session.refresh()
    graph = HeldGraph.of_store(session.config, report)
    assert graph.hold()
    graph.let_go()
    graph.let_go()
    assert not graph.hold()
