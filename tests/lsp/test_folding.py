"""The parts of a note that can be folded."""

from hypothesis import given, settings
from lsprotocol import types as lsp

from helpers import strategies
from helpers.drawing import examples
from helpers.editing import editing
from kg.lsp.folding import folding_ranges


def folded(text: str, path: str = "Here.md") -> list[str]:
    """The folded lines from 1, with their kind."""
    here = editing(text, mark="‸", path=path)
    rows = folding_ranges(here.edited)
    return [
        f"{row.start_line + 1}-{row.end_line + 1} {row.kind.value if isinstance(row.kind, lsp.FoldingRangeKind) else ''}".strip()
        for row in rows
    ]


def test_front_matter_and_sections_end_before_the_blank_lines_below_them() -> None:
    text = "---\na: 1\n---\nx\n\n# A\n\n1\n\n## B\n\n2\n\n\n# C\n"
    assert folded(text) == ["1-3 region", "6-12", "10-12"]


def test_a_section_ends_at_the_next_heading_of_its_level_or_above() -> None:
    assert folded("## A\n### B\nx\n# C\ny\n### D\nz\n## E\nw") == ["1-3", "2-3", "4-9", "6-7", "8-9"]


def test_lists_code_quotes_callouts_tables_and_comments() -> None:
    assert folded("- a\n  - b\n  - c\n- d\n") == ["1-4", "1-3", "2-3"]
    assert folded("x\n\n```py\n# no heading\ny\n```\n") == ["3-6"]
    assert folded("> [!note] T\n> x\n\n> a\n> b\n") == ["1-2", "4-5"]
    assert folded("| a |\n|---|\n| b |\n") == ["1-3"]
    assert folded("%%\nx\n%%\n\n<!--\ny\n-->\n") == ["1-3 comment", "5-7 comment"]
    assert folded("%%\n#tag\n%%\n") == ["1-3 comment"]


def test_other_line_ends_and_scripts() -> None:
    assert folded("# 日本 🚀\r\n\r\nx\r\n") == ["1-3"]
    assert folded("\ufeff# A\r\rx\r") == ["1-3"]


def test_what_stands_on_one_line_is_not_folded() -> None:
    assert not folded("- x\n\ntext\n\n# A\n# B\n")
    assert not folded("")


@settings(max_examples=examples(100))
@given(strategies.notes)
def test_the_folds_of_any_note_have_several_of_its_lines(text: str) -> None:
    here = editing(text, mark="‸" * 9)
    last = here.edited.positions.whole.end.line
    for row in folding_ranges(here.edited):
        assert 0 <= row.start_line < row.end_line <= last


def test_a_canvas_is_not_folded() -> None:
    assert not folded('{\n"nodes": []\n}', path="C.canvas")
