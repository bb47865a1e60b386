"""The symbols of a note and of a vault."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from lsprotocol import types as lsp

from helpers import strategies
from helpers.drawing import examples
from helpers.editing import editing
from helpers.reading_editor import ENCODINGS, at, place, without_state
from kg.lsp.symbols import MOST, document_symbols, prepare_symbols, workspace_symbols

# ---- of a note -------------------------------------------------------------------------------------------------------


def tree(symbols: Iterable[lsp.DocumentSymbol], depth: int = 0) -> list[str]:
    rows = []
    for symbol in symbols:
        lines = f"{symbol.range.start.line + 1}-{symbol.range.end.line + 1}"
        rows.append(f"{'  ' * depth}{symbol.name} {lines}" + (f" ({symbol.detail})" if symbol.detail else ""))
        rows += tree(symbol.children or (), depth + 1)
    return rows


def test_headings_are_a_tree_with_the_blocks_that_have_ids() -> None:
    here = at("top ^t\n\n# Outcomes\n\nCalm. ^c\n\n### 日本 🚀\n\n- a ^a\n  - b ^b\n\n## Two\n\n# Three\n")
    assert tree(document_symbols(here.edited)) == [
        "^t 1-1 (top)",
        "Outcomes 3-14 (Outcome)",
        "  ^c 5-5 (Calm.)",
        "  日本 🚀 7-12",
        "    ^a 9-10 (a b)",
        "    ^b 10-10 (b)",
        "  Two 12-14",
        "Three 14-15",
    ]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_selected_range_is_in_the_range_and_has_the_heading(encoding: str) -> None:
    here = at("x\r\n\r\n## 👩‍🚀 [[A]] ##\r\n\r\n> 日本 ^q\r\n", encoding=encoding)
    (heading,) = document_symbols(here.edited)
    positions = here.edited.positions
    for symbol, text in ((heading, "## 👩‍🚀 [[A]]"), *((child, "> 日本 ^q") for child in heading.children or ())):
        inner, outer = symbol.selection_range, symbol.range
        start, end = positions.offset(inner.start), positions.offset(inner.end)
        assert positions.offset(outer.start) <= start <= end <= positions.offset(outer.end)
        assert here.edited.note.source.slice(start, end).startswith(text)


@settings(max_examples=examples(100))
@given(strategies.notes)
def test_the_symbols_of_any_note_have_names_and_lie_in_each_other(text: str) -> None:
    here = editing(text, mark="‸" * 9)

    def check(symbols: Iterable[lsp.DocumentSymbol], outer: lsp.Range) -> None:
        for symbol in symbols:
            assert symbol.name.strip()
            assert ends(outer)[0] <= ends(symbol.range)[0] <= ends(symbol.selection_range)[0]
            assert ends(symbol.selection_range)[1] <= ends(symbol.range)[1] <= ends(outer)[1]
            check(symbol.children or (), symbol.range)

    check(document_symbols(here.edited), here.edited.positions.whole)


def ends(range_: lsp.Range) -> tuple[tuple[int, int], tuple[int, int]]:
    return (range_.start.line, range_.start.character), (range_.end.line, range_.end.character)


def test_a_heading_without_text_has_a_name_and_a_canvas_has_no_symbols() -> None:
    assert [row.name for row in document_symbols(at("#\n\nx\n").edited)] == ["(no heading)"]
    assert not document_symbols(editing('{"nodes": []}', path="C.canvas").edited)
    assert document_symbols(without_state(at("# A\n").edited))


# ---- of a vault ------------------------------------------------------------------------------------------------------

OTHERS = {
    "Café.md": "---\ntype: Outcome\naliases: [Coffee house]\n---\n# The house\n\n日本 🚀\n\n## Rules\n",
    "b/Coffee.md": "# Café rules\n",
    "C.md": "author:: Kofi\n",
}


def found(text: str, query: str, *, saved: bool = True) -> list[str]:
    here = at(text, OTHERS, saved=saved)
    rows = workspace_symbols(here.edited.state, query, here.edited.encoding)
    return [f"{row.name} [{row.container_name}] {place(here.edited, row.location)}" for row in rows
            if isinstance(row.location, lsp.Location)]  # fmt: skip


def test_things_and_headings_by_the_letters_of_their_names() -> None:
    assert found("x", "coff") == [
        "Coffee [Concept] b/Coffee.md:1",
        "Coffee house [Outcome] Café.md:1",
    ]
    assert found("x", "CAFÉ") == ["Café [Outcome] Café.md:1", "Café rules [b/Coffee] b/Coffee.md:1:# Café rules"]
    assert found("x", "house") == ["Coffee house [Outcome] Café.md:1", "The house [Café] Café.md:5:# The house"]
    assert not found("x", "zzz")
    assert "Café [Outcome] Café.md:1" in found("x", "")


def test_what_is_written_and_not_saved_is_found_too() -> None:
    text = "---\naliases: [Fresh]\n---\n# Fresh heading\n"
    assert found(text, "fresh", saved=False) == [
        "Fresh [None] Here.md:1",
        "Fresh heading [Here] Here.md:4:# Fresh heading",
    ]


def test_what_was_removed_is_not_found() -> None:
    here = at("# Gone\n", {"Lost.md": "x", "rest.txt": "removed"})
    state = here.edited.state
    Path(state.files.notes["Lost.md"]).unlink()
    state.files.notes.pop("Lost.md")
    assert not workspace_symbols(state, "lost")
    assert workspace_symbols(state, "gone")


def test_what_is_prepared_is_found() -> None:
    here = at("x", OTHERS)
    prepare_symbols(here.edited.state.vault)
    assert workspace_symbols(here.edited.state, "coffee")


def test_at_most_some_symbols_are_given() -> None:
    here = at("x", {f"Note {number}.md": f"# Part {number}\n" for number in range(MOST + 20)})
    assert len(workspace_symbols(here.edited.state, "note")) == MOST
    assert len(workspace_symbols(here.edited.state, "part")) == MOST
