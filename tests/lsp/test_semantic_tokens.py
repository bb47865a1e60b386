"""The colours of a note: which elements have which, and that they can be decoded whatever the note."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from lsprotocol import types as lsp

from helpers import strategies
from helpers.drawing import examples
from helpers.editing import Editing, editing
from helpers.reading_editor import ENCODINGS, at, without_state
from kg.core.text import LINE_END
from kg.lsp.semantic_tokens import CLASS_TYPES, LEGEND, class_numbers, semantic_tokens

OTHERS = {
    "Goal.md": "---\ntype: Outcome\n---\n# Part\n",
    "Thing.md": "---\ntype: Output\n---\n",
    "Idea.md": "x",
    "pic.png": "x",
    "Own.md": "[[Here]]",
}


class Decoded(NamedTuple):
    line: int
    start: int
    length: int
    kind: str
    modifiers: tuple[str, ...]


def decoded(tokens: lsp.SemanticTokens) -> list[Decoded]:
    """Tokens as a client decodes them."""
    assert len(tokens.data) % 5 == 0
    found, line, start = [], 0, 0
    for number in range(0, len(tokens.data), 5):
        lines, characters, length, kind, bits = tokens.data[number : number + 5]
        assert min(lines, characters, kind, bits) >= 0
        line, start = line + lines, (characters if lines else start + characters)
        modifiers = tuple(name for bit, name in enumerate(LEGEND.token_modifiers) if bits & 1 << bit)
        found.append(Decoded(line, start, length, LEGEND.token_types[kind], modifiers))
    return found


def line_units(here: Editing, number: int) -> bytes:
    """A line as code units: those of UTF-16 and UTF-32 are two and four bytes."""
    line = LINE_END.split(here.edited.note.source.data)[number].decode()
    names = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
    return line.encode(names[here.edited.encoding])


def size(here: Editing) -> int:
    return {"utf-8": 1, "utf-16": 2, "utf-32": 4}[here.edited.encoding]


def coloured(here: Editing, range_: lsp.Range | None = None) -> list[str]:
    """The texts of the tokens with their types and modifiers."""
    rows = []
    for token in decoded(semantic_tokens(here.edited, range_)):
        unit, names = size(here), {1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}
        text = line_units(here, token.line)[token.start * unit : (token.start + token.length) * unit].decode(
            names[unit]
        )
        rows.append(" ".join((text, token.kind, *token.modifiers)))
    return rows


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_element_has_its_colour_in_each_encoding(encoding: str) -> None:
    text = (
        "---\r\ntype: Outcome\r\nmood: x\r\nauthor: y\r\n---\r\n"
        "日本 [[Goal]] 🚀 [[Goal#Part|é]] [[Thing]] [[Idea]]\r\n\r\n- a\r\n\t- ![[pic.png]]\r\n\r\n"
        "👩‍🚀 [[No]] [[Goal#No]] https://x.example #tag (k:: 1) end ^id\r\n"
    )
    numbers = class_numbers(at(text).edited.state.vault.ontology)
    goal, thing, idea = (
        CLASS_TYPES[numbers[f"https://w3id.org/concept-notes#{name}"]] for name in ("Outcome", "Output", "Concept")
    )
    assert len({goal, thing, idea}) == 3
    assert coloured(at(text, OTHERS, encoding=encoding)) == [
        "type property",
        f"Outcome {goal}",
        "mood property readonly",
        "author property",
        f"[[Goal]] {goal}",
        f"[[Goal#Part|é]] {goal}",
        f"[[Thing]] {thing}",
        f"[[Idea]] {idea}",
        "![[pic.png]] string",
        "[[No]] variable deprecated",
        f"[[Goal#No]] {goal} deprecated",
        "https://x.example string",
        "#tag decorator",
        "k property readonly",
        "^id label",
    ]


def test_a_link_over_two_lines_has_a_token_on_each() -> None:
    rows = coloured(at("[日本\ntext](Goal.md) x", OTHERS))
    assert [row.rpartition(" ")[0] for row in rows] == ["[日本", "text](Goal.md)"]


def test_a_class_that_is_inferred_is_marked() -> None:
    others = {
        "ontology/own.ttl": "@prefix ex: <https://e.example/> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        'ex:Risk a owl:Class ; rdfs:label "Risk" .\n'
        'ex:threatens a owl:ObjectProperty ; rdfs:label "threatens" ; rdfs:domain ex:Risk .\n',
        "Storm.md": "threatens:: [[Goal]]\n",
        "Goal.md": "",
    }
    (row,) = coloured(at("[[Storm]]", others))
    assert row.endswith(" abstract")


def test_a_range_has_the_tokens_of_its_lines() -> None:
    here = at("#a\n#b\n#c\n#d\n")
    rows = coloured(here, lsp.Range(lsp.Position(1, 0), lsp.Position(2, 0)))
    assert rows == ["#b decorator", "#c decorator"]


def test_the_types_are_standard_ones() -> None:
    assert {*LEGEND.token_types} <= {kind.value for kind in lsp.SemanticTokenTypes}
    assert {*LEGEND.token_modifiers} <= {modifier.value for modifier in lsp.SemanticTokenModifiers}
    assert len({*LEGEND.token_types}) == len(LEGEND.token_types)


def test_a_canvas_and_a_store_without_private_notes() -> None:
    assert not semantic_tokens(editing('{"nodes": []}', path="C.canvas").edited).data
    assert semantic_tokens(without_state(at("[[Goal]] [[#x]] #t", OTHERS).edited)).data


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=examples(100))
@given(text=strategies.notes)
def test_the_tokens_of_any_note_are_in_order_and_within_their_lines(text: str, encoding: str) -> None:
    here = editing(text, {"A.md": "", "Café.md": ""}, mark="‸" * 9, encoding=encoding)
    end = (0, 0)
    for token in decoded(semantic_tokens(here.edited)):
        assert (token.line, token.start) >= end
        assert token.length > 0
        end = (token.line, token.start + token.length)
        assert end[1] * size(here) <= len(line_units(here, token.line))
