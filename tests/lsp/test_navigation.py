"""Definition, references, links and highlights of a note in an editor."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from lsprotocol import types as lsp

from helpers.editing import HERE, editing
from helpers.reading_editor import ENCODINGS, at, place, places, without_state
from kg.lsp.edited_note import EditedNote
from kg.lsp.navigation import definition, document_highlights, document_links, references
from kg.notes.vault import Vault
from kg.session.vault_state import Draft

TARGET = "---\naliases: [T]\n---\nIntro ^top\n\n# 日本 🚀\n\nText.\n\n## Inner\n\n- item ^it\n"
OTHERS = {"Target.md": TARGET, "a/Same.md": "", "b/Same.md": "", "pic.png": "x"}


def defined(text: str, others: dict[str, str] = OTHERS, *, encoding: str = "utf-16", saved: bool = True) -> list[str]:
    here = at(text, others, encoding=encoding, saved=saved)
    return places(here.edited, definition(here.edited, here.position))


def referred(text: str, others: dict[str, str], *, declared: bool = False, saved: bool = True) -> list[str]:
    here = at(text, others, saved=saved)
    return places(here.edited, references(here.edited, here.position, include_declaration=declared))


# ---- definition ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("🚀 [[Tar‸get]]", ["Target.md:1"]),
        ("🚀 [[Tar‸get#日本 🚀]]", ["Target.md:1"]),
        ("🚀 [[Target#日‸本 🚀]]", ["Target.md:6:# 日本 🚀"]),
        ("🚀 [[Target#Inner|te‸xt]]", ["Target.md:10:## Inner"]),
        ("[[Target#^i‸t]]", ["Target.md:12:- item ^it"]),
        ("[x](Target.md#in‸ner)", ["Target.md:10:## Inner"]),
        ("[[Target#Nowhere‸]]", ["Target.md:1"]),
        ("[[Sa‸me]]", ["a/Same.md:1", "b/Same.md:1"]),
        ("![[pic‸.png]]", ["pic.png:1"]),
        ("[[Miss‸ing]]", []),
        ("[[#Own‸]]\n\n# Own", ["Here.md:3:# Own"]),
        ("https://x.exam‸ple", []),
        ("# Ow‸n", ["Here.md:1:# Own"]),
        ("Text ^i‸d", ["Here.md:1:^id"]),
        ("#tar‸get", ["Target.md:1"]),
        ("---\nrelated: Tar‸get\n---\n", ["Target.md:1"]),
        ("plain ‸text", []),
    ],
)
def test_where_something_is_defined(text: str, found: list[str], encoding: str) -> None:
    assert defined(text, encoding=encoding) == found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("---\ntype: Out‸come\n---\n", "kg:Outcome "),
        ('---\ntype: "[[Out‸come]]"\n---\n', "kg:Outcome "),
        ("#out‸put", "kg:Output "),
        ("# Out‸puts\n\n- x", "kg:Output "),
        ("---\nau‸thor: x\n---\n", "dcterms:creator "),
        ("Au‸thor:: x", "dcterms:creator "),
    ],
)
def test_a_name_of_the_ontology_leads_to_its_line(text: str, name: str) -> None:
    here = at(text)
    (location,) = definition(here.edited, here.position)[:1]
    file = Path(unquote(location.uri.removeprefix("file://")))
    line = file.read_text(encoding="utf-8").splitlines()[location.range.start.line]
    assert file.name == "kg.ttl"
    assert line[location.range.start.character :].startswith(name)


def test_a_term_of_the_vault_s_own_ontology_leads_to_its_file() -> None:
    own = (
        "@prefix ex: <https://e.example/> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n\nex:Risk a owl:Class .\n"
    )
    here = at("---\ntype: Ri‸sk\n---\n", {"ontology/own.ttl": own})
    assert places(here.edited, definition(here.edited, here.position)) == ["own.ttl:4"]


def test_a_property_that_no_ontology_has_leads_to_its_first_use() -> None:
    assert defined("Mo‸od:: good", {"A.md": "---\nmood: bad\n---\n"}) == ["A.md:2:mood"]


def test_a_target_that_was_deleted_since_the_ingest_is_no_place_but_a_file() -> None:
    here = at("[[Target#Inn‸er]]", {"Target.md": "# Inner\n", "deleted.txt": "1"})
    Path(here.edited.state.files.notes["Target.md"]).unlink()
    try:
        assert [place(here.edited, row) for row in definition(here.edited, here.position)] == ["Target.md:1"]
        assert references(here.edited, here.position, include_declaration=True)
    finally:
        Path(here.edited.state.files.notes["Target.md"]).write_text("# Inner\n", encoding="utf-8")


# ---- references ------------------------------------------------------------------------------------------------------

LINKING = {
    "A.md": "See [[Here]] and [[here#Part|p]].\r\n\r\n👩‍🚀 [x](Here.md#part) ![[Here#^b1]]",
    "B.md": '---\nrelated: "[[Here]]"\n---\n%% [[Here]] %%\n',
    "C.md": "`[[Here]]` [[Other]]",
    "P.canvas": '{"nodes": [{"id": "n", "type": "file", "file": "Here.md", "x": 0, "y": 0, "width": 1, "height": 1}]}',
}


def test_references_of_a_note_are_all_links_to_it_and_to_its_parts() -> None:
    found = ["A.md:1:[[Here]]", "A.md:1:[[here#Part|p]]", "A.md:3:[x](Here.md#part)", "A.md:3:![[Here#^b1]]"]
    found += ["B.md:2:[[Here]]", "B.md:4:[[Here]]", "Here.md:5:[[#Part]]", "P.canvas:1"]
    text = "---\ntit‸le: X\n---\n\n[[#Part]] ^b1\n\n# Part\n"
    assert referred(text.replace("tit‸le", "title").replace("---\n\n", "---\n‸\n"), LINKING) == found
    assert referred("‸[[#Part]] ^b1\n\n# Part\n".replace("‸", ""), LINKING)[-2:] == [
        "Here.md:1:[[#Part]]",
        "P.canvas:1",
    ]
    assert referred("# He‸re\n\n[[#Part]] ^b1\n\n## Part\n", LINKING)[0] == "A.md:1:[[Here]]"


def test_references_of_a_heading_and_of_a_block_are_the_links_to_exactly_it() -> None:
    part = ["A.md:1:[[here#Part|p]]", "A.md:3:[x](Here.md#part)", "Here.md:1:[[#Part]]"]
    assert referred("[[#Part]] ^b1\n\n# Par‸t\n", LINKING) == part
    assert referred("[[#Part]] ^b1\n\n# Par‸t\n", LINKING, declared=True) == ["Here.md:3:# Part", *part]
    assert referred("[[#Part]] ^b‸1\n\n# Part\n", LINKING) == ["A.md:3:![[Here#^b1]]"]


def test_references_of_a_link_are_those_of_the_part_under_the_cursor() -> None:
    others = {"A.md": "[[T]] [[T#H]]", "T.md": "# H\n"}
    assert referred("[[‸T#H]]", others) == ["A.md:1:[[T]]", "A.md:1:[[T#H]]", "Here.md:1:[[T#H]]"]
    assert referred("[[T#‸H]]", others) == ["A.md:1:[[T#H]]", "Here.md:1:[[T#H]]"]
    assert referred("[[Miss‸ing]]", {"A.md": "[[missing]]"}) == ["A.md:1:[[missing]]", "Here.md:1:[[Missing]]"]
    web = "https://x.example/"
    assert referred(f"{web}‸", {"A.md": f"[x]({web})"}) == [f"A.md:1:[x]({web})", f"Here.md:1:{web}"]


def test_references_of_names() -> None:
    others = {
        "A.md": "---\ntype: Outcome\ntags: [area/x, Area]\nmood: good\n---\n#area and (mood:: bad)\n",
        "B.md": "# Outcomes\n\n- One\n\n#areas\n",
    }
    assert referred("#ar‸ea", others) == ["A.md:3:area/x", "A.md:3:Area", "A.md:6:#area", "Here.md:1:#area"]
    assert referred("Mo‸od:: x", others) == ["A.md:4:mood", "A.md:6:mood", "Here.md:1:Mood"]
    found = ["A.md:2:Outcome", "B.md:1:# Outcomes", "Here.md:2:outcome"]
    assert referred("---\ntype: out‸come\n---\n", others) == found
    assert referred("---\ntype: out‸come\n---\n", others, declared=True)[0].startswith("kg.ttl:")


def test_what_names_nothing_stands_for_the_note() -> None:
    for text in ("---\ntype: No‸thing\n---\n", "---\nmood: go‸od\n---\n", "plain ‸text"):
        assert referred(text, {"A.md": "[[Here]]"}) == ["A.md:1:[[Here]]"]


def test_a_name_in_a_property_is_a_reference_too() -> None:
    others = {
        "Book.md": "---\ntype: Resource\nauthor: Josh Seiden\n---\n",
        "Josh Seiden.md": "---\ntype: Author\n---\n",
    }
    assert referred("[[Josh‸ Seiden]]", others) == ["Book.md:3:Josh Seiden", "Here.md:1:[[Josh Seiden]]"]


def test_references_in_texts_that_are_not_saved_are_found_and_those_that_are_gone_are_not() -> None:
    here = at("‸# New\n", {"A.md": "[[Here]]", "B.md": ""}, saved=True)
    state, vault = here.edited.state, Vault(config=here.edited.state.vault.config)
    drafts = {
        **state.drafts,
        "A.md": Draft.of("A.md", "gone", vault),
        "B.md": Draft.of("B.md", "日本 [[Here#New]]", vault),
    }
    edited = replace(here.edited, state=replace(state, drafts=drafts))
    for position in (lsp.Position(0, 3), lsp.Position(1, 0)):
        assert places(edited, references(edited, position, include_declaration=False)) == ["B.md:1:[[Here#New]]"]


def test_a_note_that_is_new_has_the_links_that_were_missing() -> None:
    assert referred("‸", {"A.md": "[[HERE]]"}, saved=False) == ["A.md:1:[[HERE]]"]


def test_a_heading_that_is_new_has_the_links_that_were_missing_it() -> None:
    here = at("# Old\n", {"A.md": "[[Here#New]]"})
    edited = _with_text(here.edited, "# New\n")
    assert places(edited, references(edited, lsp.Position(0, 3), include_declaration=False)) == ["A.md:1:[[Here#New]]"]


def _with_text(edited: EditedNote, text: str) -> EditedNote:
    state = edited.state
    draft = Draft.of(edited.path, text, Vault(config=state.vault.config))
    assert draft.note
    return EditedNote(replace(state, drafts={edited.path: draft}), edited.path, draft.note, edited.encoding)


def test_a_store_without_private_notes_and_a_canvas_give_no_error() -> None:
    here = at("[[T‸]] [[#Own]] #t\n\n# Own\n", {"T.md": ""})
    edited = without_state(here.edited)
    for position in (here.position, lsp.Position(0, 10), lsp.Position(0, 17), lsp.Position(2, 3), lsp.Position(1, 0)):
        definition(edited, position)
        references(edited, position, include_declaration=True)
    document_links(edited)
    canvas = editing(LINKING["P.canvas"], {"Here.md": ""}, path="P.canvas", mark="‸")
    assert not document_links(canvas.edited)
    assert not definition(canvas.edited, canvas.position)


# ---- links and highlights --------------------------------------------------------------------------------------------


def test_the_links_of_a_note() -> None:
    text = "[[Target]] [[Target#Inner]] [[#^me]] ![[pic.png]] [[Same]] [[None]] https://x.example/a_b [j](javascript:x) ^me\n"
    here = at(text, OTHERS)
    links = document_links(here.edited)
    ends = [str(link.target).rpartition("/")[2] for link in links]
    assert ends == ["Target.md", "Target.md#L10", "Here.md#L1", "pic.png", "Same.md", "a_b"]
    assert [link.tooltip for link in links][-2:] == [
        "Open a/Same.md, one of 2 files that are equally near",
        "Open the page",
    ]
    assert all(link.range.end.character > link.range.start.character for link in links)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "command:x", "file:///etc/passwd", "data:text/html,x", "vbscript:x"]
)
def test_an_address_that_a_click_should_not_open_is_no_link(address: str) -> None:
    here = at(f"[x]({address}) <{address}>")
    assert not document_links(here.edited)


def test_highlights_are_the_places_in_the_note_that_mean_the_same() -> None:
    here = at("日本 [[#Par‸t]] [[Here#part]]\n\n# Part\n")
    ranges = [row.range for row in document_highlights(here.edited, here.position)]
    assert places(here.edited, [lsp.Location(here.edited.uri(HERE), range_) for range_ in ranges]) == [
        "Here.md:1:[[#Part]]",
        "Here.md:1:[[Here#part]]",
    ]
    assert not document_highlights(here.edited, lsp.Position(0, 0))
