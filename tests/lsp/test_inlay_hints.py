"""The hints of a note: the classes of targets, and the numbers of links."""

import pytest
from lsprotocol import types as lsp

from helpers.editing import Editing, editing
from helpers.reading_editor import ENCODINGS, at, without_state
from kg.lsp.inlay_hints import inlay_hints

OTHERS = {
    "Goal.md": "---\ntype: Outcome\n---\n[[Here]] [[Here#Part]]\n",
    "Other.md": "[[Here#Part]] [[Here]]\n",
    "pic.png": "x",
}
TEXT = "first\r\n\r\n日本 🚀 [[Goal]] and [[No]] ![[pic.png]] [[Here]]\r\n\r\n# Part 👩‍🚀\r\n\r\n# Part\r\n"


def hints(here: Editing, range_: lsp.Range | None = None) -> list[str]:
    """The hints with the text of the line before them."""
    rows = []
    lines = here.edited.note.source.text.split("\n")
    for hint in inlay_hints(here.edited, range_ or here.edited.positions.whole):
        offset = here.edited.positions.offset(hint.position)
        start = here.edited.positions.offset(lsp.Position(hint.position.line, 0))
        assert hint.tooltip
        before = here.edited.note.source.slice(start, offset)
        assert lines[hint.position.line].startswith(before)
        rows.append(f"{before}‸{hint.label}")
    return rows


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_after_links_headings_and_the_first_line(encoding: str) -> None:
    here = at(TEXT, OTHERS, encoding=encoding)
    assert hints(here) == [
        "first‸2 links",
        "# Part‸2 links",
        "日本 🚀 [[Goal]]‸: Outcome",
        "日本 🚀 [[Goal]] and [[No]] ![[pic.png]] [[Here]]‸: Concept",
    ]


def test_only_those_in_the_range() -> None:
    here = at(TEXT, OTHERS)
    assert hints(here, lsp.Range(lsp.Position(5, 0), lsp.Position(7, 0))) == ["# Part‸2 links"]
    assert hints(here, lsp.Range(lsp.Position(0, 0), lsp.Position(1, 0))) == ["first‸2 links"]


def test_a_new_note_has_hints_of_its_links_only() -> None:
    others = {name: text for name, text in OTHERS.items() if name != "Other.md"} | {
        "Goal.md": "---\ntype: Outcome\n---\n"
    }
    here = at("[[Goal]]\n\n# Part\n", others, saved=False)
    assert hints(here) == ["[[Goal]]‸: Outcome"]


def test_a_canvas_and_a_store_without_private_notes() -> None:
    canvas = editing('{"nodes": []}', path="C.canvas").edited
    assert not inlay_hints(canvas, lsp.Range(lsp.Position(0, 0), lsp.Position(1, 0)))
    edited = without_state(at(TEXT, OTHERS).edited)
    inlay_hints(edited, edited.positions.whole)
