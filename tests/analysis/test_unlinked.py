"""Unlinked mentions: where names stand in text, and where they do not count."""

from collections.abc import Callable
from pathlib import Path

import pytest

import kg
from helpers.vaults import Write, analyze, analyzed, ingest

Places = list[tuple[str, str, int, int]]


@pytest.fixture
def found(write: Write, tmp_path: Path) -> Callable[..., Places]:
    """The mentions in some notes: what is mentioned, where."""

    def places(notes: dict[str, str], *arguments: str) -> Places:
        store = ingest(write(notes), tmp_path / "store").store
        told = analyzed(store, "unlinked", "--limit", "0", *arguments)
        return sorted((row["label"], row["path"], int(row["line"]), int(row["column"])) for row in told)

    return places


def in_note(found: Callable[..., Places], text: str, **names: str) -> list[tuple[str, int, int]]:
    notes = {f"{name.replace('_', ' ')}.md": body for name, body in names.items()} or {"Lean UX.md": "", "Lean.md": ""}
    return [
        (label, line, column) for label, path, line, column in found({**notes, "Here.md": text}) if path == "Here.md"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("about Lean UX here", [("Lean UX", 1, 7)]),
        ("Lean and lean ux.", [("Lean", 1, 1), ("Lean UX", 1, 10)]),
        ("a wrapped Lean\nUX", [("Lean UX", 1, 11)]),
        ("> quoted Lean\n> UX too", [("Lean UX", 1, 10)]),
        ("**Lean UX**, _Lean_, (Lean)", [("Lean UX", 1, 3), ("Lean", 1, 15), ("Lean", 1, 23)]),
        ("# On Lean UX\n", [("Lean UX", 1, 6)]),
        ("# Lean UX\n", []),
        ("- item Lean\n  - inner Lean UX\n", [("Lean", 1, 8), ("Lean UX", 2, 11)]),
        ("| a | b |\n|---|---|\n| Lean | UX |\n", [("Lean", 3, 3)]),
        ("é 𝒳 Lean", [("Lean", 1, 5)]),
        ("key:: Lean UX", [("Lean UX", 1, 7)]),
        ("lean:: other", []),
        ("Leaner, unlean, lean_ux", []),
        ("`Lean UX` and ``Lean ` UX``", []),
        ("```\nLean UX\n```\n\n    Lean UX\n", []),
        ("$Lean$ <b title='Lean'>x</b> <!-- Lean --> %%Lean%%", []),
        ("%%\nLean\n%%\n", []),
        ("#lean #Lean/UX [[Other|Lean UX]] [Lean](https://lean.example) https://x.example/Lean", []),
        ("[due:: Lean] x ^Lean", []),
        ("---\nabout: Lean UX\n---\n", []),
    ],
)
@pytest.mark.sample(8)
def test_what_is_text(text: str, expected: list[tuple[str, int, int]], found: Callable[..., Places]) -> None:
    assert sorted(in_note(found, text), key=lambda row: row[1:]) == expected


def test_a_note_that_links_is_linked_and_its_own_note_too(found: Callable[..., Places]) -> None:
    notes = {"Lean UX.md": "Lean UX is me.\n", "Linked.md": "[[Lean UX]]: of Lean UX.\n", "Not.md": "Lean UX.\n"}
    assert found(notes) == [("Lean UX", "Not.md", 1, 1)]


def test_what_is_linked_is_so_whatever_is_looked_at(found: Callable[..., Places]) -> None:
    notes = {"Jo March.md": "---\ntype: Author\n---\n", "Here.md": "[[Jo March]]: of Jo March.\n"}
    assert found(notes, "--only", "Author") == []


def test_aliases_and_what_is_missing(found: Callable[..., Places]) -> None:
    notes = {
        "Learning.md": "---\naliases: [test and learn]\n---\n[[Weekly demo]]\n",
        "Here.md": "We test and learn in a weekly demo.\n",
    }
    assert found(notes) == [("Learning", "Here.md", 1, 4), ("Weekly demo", "Here.md", 1, 24)]


def test_scripts_without_spaces_and_with_marks(found: Callable[..., Places]) -> None:
    notes = {
        "知识图谱.md": "",
        "भाषा.md": "",
        "Café.md": "",
        "Here.md": "关于知识图谱的笔记\n\nहिन्दी भाषा भाषाएँ\n\nthe cafe\u0301 is\n",
    }
    assert found(notes) == [("Café", "Here.md", 5, 5), ("भाषा", "Here.md", 3, 8), ("知识图谱", "Here.md", 1, 3)]


def test_names_that_are_none_to_look_for(found: Callable[..., Places]) -> None:
    notes = {"IT.md": "", "7.md": "", "2024.md": "", "WHO.md": "", "C++.md": "", "2025-11-21.md": ""}
    text = "it is who I met in 2024, 7 of the WHO; C++ on 2025-11-21\n"
    assert found({**notes, "Here.md": text}) == [("2025-11-21", "Here.md", 1, 47), ("WHO", "Here.md", 1, 35)]


def test_plain_words_are_left_out_unless_asked_for(write: Write, tmp_path: Path) -> None:
    notes = {f"Note {n}.md": "the product and the Product plan\n" for n in range(8)}
    store = ingest(write({**notes, "Product.md": "", "Product plan.md": ""}), tmp_path / "store").store
    done = analyze(store, "unlinked", "--limit", "0", "-f", "csv")
    assert "Product (8)" in done.stderr
    assert {row["label"] for row in analyzed(store, "unlinked", "--limit", "0")} == {"Product plan"}
    assert len(analyzed(store, "unlinked", "Product", "--limit", "0")) == 8


def test_two_of_one_name_are_both_told(found: Callable[..., Places]) -> None:
    notes = {"a/Retro.md": "", "b/Retro.md": "", "Here.md": "the retro\n"}
    assert [row[1:] for row in found(notes)] == [("Here.md", 1, 5)] * 2


def test_the_sentence_is_told(write: Write, tmp_path: Path) -> None:
    notes = {"Revenue.md": "", "Here.md": "First. There is no\nrevenue yet! Then more.\n"}
    store = ingest(write(notes), tmp_path / "store").store
    (row,) = analyzed(store, "unlinked")
    assert [*row][:2] == ["entity", "label"] and row["sentence"] == "There is no revenue yet!"
    assert (row["line"], row["column"]) == ("2", "1")


def test_a_canvas_is_searched_too(found: Callable[..., Places]) -> None:
    canvas = '{"nodes": [{"id": "1", "type": "text", "text": "on Revenue", "x": 0, "y": 0, "width": 1, "height": 1}]}'
    assert [row[:2] for row in found({"Revenue.md": "", "Map.canvas": canvas})] == [("Revenue", "Map.canvas")]


def test_without_the_notes_there_is_no_answer(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "[[B]]", "B.md": ""})
    store = ingest(vault, tmp_path / "store").store
    vault.rename(tmp_path / "elsewhere")
    for command in ("suggest", "unlinked"):
        error = analyze(store, command).exception
        assert isinstance(error, kg.KgError) and "the notes of this store are not in" in str(error)


def test_the_notes_of_this_project(notes_store: kg.Store) -> None:
    told = {(row["label"], row["path"]) for row in analyzed(notes_store, "unlinked")}
    assert ("Revenue", "Books/The Lean Startup.md") in told
