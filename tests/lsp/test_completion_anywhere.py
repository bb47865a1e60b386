"""Completion at every place of a text, whole and cut off: it never fails, and it changes only the cursor's line."""

import pytest
from lsprotocol import types as lsp

from helpers.editing import applied, editing
from kg.core.text import Source
from kg.lsp.completion import completions
from kg.lsp.positions import TextPositions

OTHERS = {"Café 🎉.md": "---\naliases: [Bar]\n---\n# One: two\ntext ^id\n", "Out.md": "---\nmy key: [a, 'b']\n---\n"}
TEXTS = (
    '---\ntags: [a, "b"]\ntype:\n  - Outcome\nmy key: "[[Café 🎉#One|x]]" # why\n"quoted": [[a]]\n---\n# Head [[x]]\n',
    "> - (my key:: [[Bar]], x) ![[Café 🎉#^id|100]] #tag/b `[[code]]` $x$ [t](<a b.md#c> 'd')\r\n\r\n| a | [[b\\|c]] |\r\n",
    "---\nbroken: [\n- : :\n'x\n\t: y\n",
    "漢字[[漢|字]]：#標\n%%\n[[x\n%%\n<b>[[y</b>\n```\n[[z\n",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_cut", [False, True])
def test_completion_is_possible_at_every_place(text: str, is_cut: bool) -> None:
    there = editing("", OTHERS, mark="‸")
    for at in range(len(text) + 1):
        written = text[:at] if is_cut else text
        position = TextPositions(Source(written.encode())).position(len(text[:at].encode()))
        for item in completions(there.edited, written, position).items:
            edit = item.text_edit
            assert isinstance(edit, lsp.TextEdit)
            assert edit.range.start.line == edit.range.end.line == position.line
            assert edit.range.start.character <= position.character <= edit.range.end.character
            assert "\n" not in edit.new_text
            assert applied(written, [edit]).count("\n") == written.count("\n")


def test_a_place_after_the_end_is_the_end() -> None:
    there = editing("[[Caf", OTHERS)
    for position in (lsp.Position(9, 9), lsp.Position(0, 99)):
        assert [item.label for item in completions(there.edited, there.text, position).items] == ["Café 🎉"]
