"""What is under the cursor: elements, parts of links, and the innermost of several."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from helpers import strategies
from helpers.drawing import examples
from helpers.editing import editing
from helpers.reading_editor import at
from kg.config import Config
from kg.lsp.note_elements import elements, link_parts
from kg.lsp.under_cursor import under_cursor
from kg.notes.vault import note_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See [[A‸ B#H|x]]", "link path"),
        ("See [[A B#‸H|x]]", "link heading"),
        ("See [[A B#^‸h|x]]", "link block"),
        ("See [[A B#H|‸x]]", "link text"),
        ("See [[‸#H]]", "link heading"),
        ("| a |\n|---|\n| [[A\\|‸x]] |", "link text"),
        ("| a |\n|---|\n| [[A‸\\|x]] |", "link path"),
        ("[te‸xt](B.md#h)", "link text"),
        ("[text](B‸.md#h \"title\")", "link path"),
        ("[text](B.md#‸h)", "link heading"),
        ("[text](<B‸ C.md>)", "link path"),
        ("![[P‸.png]]", "link path"),
        ("https://x.ex‸ample", "link path"),
        ("👩\u200d🚀 日本 [[A#‸H]]", "link heading"),
        ("- x\n\t- 日本 #t‸ag", "tag"),
        ("# He‸ad [[A]]", "heading"),
        ("# Head [[A‸]]", "link path"),
        ("Text ^i‸d", "block id"),
        ("| a |\n|---|\n| b |\n\n^i‸d", "block id"),
        ("Ke‸y:: value", "field key"),
        ("Key:: val‸ue", "value"),
        ("**Ke‸y**:: value", "field key"),
        ("x [ke‸y:: [[A]]]", "field key"),
        ("x [key:: [[A‸]]]", "link path"),
        ("---\nty‸pe: Outcome\n---\n", "key"),
        ("---\ntype: Out‸come\n---\n", "class"),
        ("---\ntags: [a, b‸]\n---\n", "tag"),
        ("---\r\nauthor: J‸osh\r\n---\r\n", "value"),
        ('---\nup: "[[A#‸H]]"\n---\n', "link heading"),
        ("---\na: {b‸: 1}\n---\n", "key"),
        ("Nothing ‸here [[A]]", ""),
        ("`[[A‸]]`", ""),
    ],
)  # fmt: skip
def test_the_innermost_element_with_its_part(text: str, found: str) -> None:
    here = at(text, saved=False)
    under = under_cursor(here.edited, here.position)
    assert (f"{under.element.kind} {under.part if under.element.link else ''}".strip() if under else "") == found


def test_what_begins_at_the_cursor_comes_before_what_ends_there() -> None:
    here = at("[[A]]‸[[B]]", saved=False)
    under = under_cursor(here.edited, here.position)
    assert under
    assert under.element.name == "B"


def test_a_key_of_a_map_has_the_name_of_its_property() -> None:
    here = at("---\na:\n  b‸: 1\n---\n", saved=False)
    under = under_cursor(here.edited, here.position)
    assert under
    assert under.element.name == "a b"


def test_a_canvas_has_no_elements() -> None:
    canvas = '{"nodes": [{"id": "n", "type": "text", "text": "[[A]] #t", "x": 0, "y": 0, "width": 1, "height": 1}]}'
    here = editing(canvas, path="C.canvas", mark="‸")
    assert not list(elements(here.edited.note))
    assert under_cursor(here.edited, here.position) is None


@settings(max_examples=examples(200))
@given(strategies.notes)
def test_elements_and_parts_of_links_lie_in_the_text(text: str) -> None:
    folder = Path("/vault")
    note = note_of("N.md", text.encode(), Config(folder, folder, folder / ".kg"))
    for element in elements(note):
        assert 0 <= element.span.start <= element.span.end <= len(note.source.data)
        if element.link:
            for part in link_parts(note, element.link):
                assert element.span.start <= part.span.start <= part.span.end <= element.span.end
