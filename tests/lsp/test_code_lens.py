"""The lenses of a note: what the graph says of it and of its sections."""

import pytest

from helpers.editing import Editing, editing
from helpers.reading_editor import ENCODINGS, at, places, without_state
from kg.lsp.code_lens import SHOW_REFERENCES, code_lenses

OTHERS = {
    "Guide.md": "---\ntype: Output\n---\nserves:: [[Here]]\n",
    "Log.md": "---\ntype: Output\n---\nserves:: [[Here]]\n",
    "Idea.md": "# 日本\n\n# Outcomes\n\n- [[Here]]\n\n# More\n\n[[Here#Part]]\n",
}
TEXT = "---\r\ntype: Outcome\r\n---\r\n👩‍🚀 text\r\n\r\n# Part\r\n"


def lenses(here: Editing) -> list[str]:
    """The lines of the lenses, their titles, and the places that they show."""
    rows = []
    for lens in code_lenses(here.edited):
        assert lens.command
        assert lens.command.arguments
        assert lens.command.command == SHOW_REFERENCES
        uri, position, locations = lens.command.arguments
        assert isinstance(locations, list)
        assert (uri, position) == (here.edited.uri(here.edited.path), lens.range.start)
        shown = ", ".join(places(here.edited, locations))
        rows.append(f"{lens.range.start.line + 1} {lens.command.title}: {shown}")
    return rows


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_backlinks_and_what_is_related_asserted_or_inferred(encoding: str) -> None:
    assert lenses(at(TEXT, OTHERS, encoding=encoding)) == [
        "1 3 backlinks: Guide.md:4:[[Here]], Idea.md:5:[[Here]], Idea.md:9:[[Here#Part]], Log.md:4:[[Here]]",
        "1 achieved through 2 outputs: Guide.md:1, Log.md:1",
        "1 outcome of Idea: Idea.md:1",
        "6 1 link: Idea.md:9:[[Here#Part]]",
    ]


def test_a_property_without_an_inverse_is_read_backwards() -> None:
    own = (
        "@prefix ex: <https://e.example/> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        'ex:guards a owl:ObjectProperty ; rdfs:label "guards" .\n'
    )
    others = {"ontology/own.ttl": own, "A.md": "guards:: [[Here]]\n", "B.md": "guards:: [[Here]]\n"}
    assert lenses(at("x", others))[1:] == ["1 “guards” of 2 concepts: A.md:1, B.md:1"]


def test_the_links_of_many_backlinks_are_not_searched_for() -> None:
    rows = lenses(at("x", {f"N{number:02}.md": "a\n\n[[Here]]\n" for number in range(21)}))
    assert rows[0].startswith("1 21 backlinks: N00.md:1, N01.md:1, ")


def test_a_note_that_the_graph_does_not_have_a_canvas_and_a_store_without_private_notes() -> None:
    assert not lenses(at("# New\n", {"A.md": "x"}, saved=False))
    assert not code_lenses(editing('{"nodes": []}', path="C.canvas").edited)
    assert code_lenses(without_state(at(TEXT, OTHERS).edited))
