"""A canvas is read as a note, with every place in the JSON where it is written."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from helpers.drawing import examples
from kg.config import load
from kg.notes import canvas
from kg.notes.model import Note
from kg.notes.vault import Vault
from kg.validation.validator import validate


def node(id_: str, type_: str, **more: str) -> dict[str, object]:
    return {"id": id_, "type": type_, "x": 0, "y": 0, "width": 1, "height": 1, **more}


MAP = {
    "nodes": [
        node("a1", "text", text='# Plan "B"\n[[Risk]] and é [[Nowhere]] #draft\n- [ ] Ask [who:: Ann]'),
        node("b2", "text", text="Only a line with [[Risk#Owner|its owner]]"),
        node("c3", "file", file="Risk.md", subpath="#Owner"),
        node("d4", "file", file="gone.png"),
        node("e5", "link", url="https://example.org/x"),
        node("f6", "group", label="Everything"),
        node("g7", "file", file="Outcome.md"),
    ],
    "edges": [
        {"id": "1", "fromNode": "a1", "toNode": "c3"},
        {"id": "2", "fromNode": "g7", "toNode": "c3", "label": "contributes to"},
        {"id": "3", "fromNode": "b2", "toNode": "e5", "label": "inspires"},
        {"id": "4", "fromNode": "f6", "toNode": "b2", "fromEnd": "arrow", "toEnd": "arrow"},
        {"id": "5", "fromNode": "f6", "toNode": "nowhere"},
    ],
}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    (tmp_path / "Risk.md").write_text("# Owner\n")
    (tmp_path / "Outcome.md").write_text("[[Map.canvas]]\n")
    (tmp_path / "Map.canvas").write_text(json.dumps(MAP, indent=1), encoding="utf-8")
    return Vault(config=load(tmp_path))


def read(data: object, **options: object) -> Note:
    return canvas.parse("x.canvas", json.dumps(data, **options).encode())  # type: ignore[arg-type]


def test_its_text_is_markdown_and_its_nodes_are_blocks() -> None:
    note = read(MAP)
    assert [link.target for link in note.links()] == [
        "Risk#Owner",
        "Risk.md#Owner",
        "gone.png",
        "https://example.org/x",
        "Outcome.md",
        "Risk",
        "Nowhere",
    ]
    assert [block.id for block in note.root.blocks] == ["a1", "b2", "c3", "d4", "e5", "f6", "g7"]
    assert [section.heading for section in note.root.sections] == ['Plan "B"']
    assert note.root.sections[0].blocks[0].lines[0].tags[0].name == "draft"
    assert note.root.sections[0].blocks[1].children[0].task == " "


def test_ids_that_are_numbers_are_ids() -> None:
    others: list[object] = [True, 1.5, None, [], {"a": 1}]
    nodes = [
        {"id": 1, "type": "text", "text": "[[Risk]]"},
        {"id": -2, "type": "file", "file": "Risk.md"},
        {"id": "3", "type": "group", "label": "G"},
        *({"id": id_, "type": "text", "text": "left out"} for id_ in others),
        {"type": "text", "text": "left out"},
    ]
    edges = [{"fromNode": 1, "toNode": -2}, {"id": 7, "fromNode": "1", "toNode": 3, "label": "to"}, {"fromNode": 1}]
    note = read({"nodes": nodes, "edges": [*edges, {"fromNode": 1, "toNode": 99}, {"toNode": True, "fromNode": None}]})
    assert [block.id for block in note.root.blocks] == ["1", "-2", "3"]
    assert [(edge.start, edge.end, edge.label) for edge in note.edges] == [("1", "-2", ""), ("1", "3", "to")]
    assert [note.source.position(edge.span.start).line for edge in note.edges] == [1, 1]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["a b", "a_b", "a.b"], ["a-b", "a-b-2", "a-b-3"]),
        (["a b", "a-b"], ["a-b-2", "a-b"]),  # an id that is valid stays
        (["a b", "a-b", "a_b", "a-b-2"], ["a-b-3", "a-b", "a-b-4", "a-b-2"]),
        (["é", "ü", "", "-"], ["--2", "--3", "--4", "-"]),
        (["x" * 201, "x" * 202], ["x" * 200, "x" * 200 + "-2"]),
        (["AB", "ab"], ["AB", "ab"]),
    ],
)
def test_nodes_have_blocks_of_their_own(ids: list[str], expected: list[str]) -> None:
    nodes = [{"id": id_, "type": "text", "text": str(number)} for number, id_ in enumerate(ids)]
    edges = [{"fromNode": ids[0], "toNode": id_} for id_ in ids[1:]]
    note = read({"nodes": nodes, "edges": edges})
    assert [block.id for block in note.root.blocks] == expected
    assert [(edge.start, edge.end) for edge in note.edges] == [(expected[0], id_) for id_ in expected[1:]]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
def test_every_link_has_its_place_in_the_file(ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(MAP, ensure_ascii=ascii_only, indent=indent)
    note = canvas.parse("x.canvas", text.encode())
    lines = text.split("\n")
    for link in note.links():
        line, column = note.source.position(link.span.start)
        written = "[[" if link.kind == "wikilink" else ""
        assert lines[line - 1][column - 1 :].startswith(f"{written}{link.target.partition('#')[0]}")


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4), st.booleans(), st.sampled_from([None, 0, "\t"]))
def test_positions_are_those_of_the_json_whatever_the_text(texts: list[str], ascii_only: bool, indent: object) -> None:
    data = {"nodes": [node(f"n{n}", "text", text=f"{text}[[L{n}]]") for n, text in enumerate(texts)]}
    text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)  # type: ignore[arg-type]
    note = canvas.parse("x.canvas", text.encode("utf-8", "replace"))
    lines = note.source.file.text  # type: ignore[attr-defined]
    for link in note.links():
        if link.kind == "wikilink" and link.target.startswith("L"):
            offset = note.source.file.offset(note.source.position(link.span.start))  # type: ignore[attr-defined]
            assert lines.encode()[offset:].decode().startswith(f"{'!' if link.embed else ''}[[{link.target}]]")


def test_what_it_states(vault: Vault) -> None:
    store = kg.ingest(vault).store
    n = "https://notes.example/"
    for triple in (
        "n:Map.canvas a kg:Canvas ; kg:describes n:Map.canvas ; kg:path 'Map.canvas' ; skos:prefLabel 'Map'",
        "n:Map.canvas kg:linksTo n:Risk, n:Outcome, n:nowhere, <https://example.org/x>",
        "n:Map.canvas kg:embeds n:Risk, n:Outcome ; kg:tagged <https://notes.example/#tag/draft>",
        f"n:Map.canvas kg:hasBlock <{n}Map.canvas#%5Eb2>",
        f"<{n}Map.canvas#%5Eb2> kg:mentions <{n}Risk#Owner>",
        f"<{n}Map.canvas#%5Ea1> kg:mentions <{n}Risk#Owner>",
        f"n:Outcome kg:contributesTo <{n}Risk#Owner>",
        f"<{n}Map.canvas#%5Eb2> <{n}#property/inspires> <https://example.org/x>",
        f"<{n}Map.canvas#%5Ef6> kg:mentions <{n}Map.canvas#%5Eb2>",
        f"<{n}Map.canvas#%5Eb2> kg:mentions <{n}Map.canvas#%5Ef6>",
        "n:Outcome kg:linksTo n:Map.canvas",
    ):
        assert kg.query(store, f"ASK {{ GRAPH ?g {{ {triple} }} }}").boolean, triple
    assert not kg.query(store, "ASK { n:Map.canvas a kg:Concept }").boolean
    assert kg.query(store, "SELECT (COUNT(?x) AS ?n) { ?x a kg:Note }").rows == [{"n": 2}]


def test_its_links_are_checked(vault: Vault) -> None:
    found = [(f.code, f.path, f.line) for f in validate(vault).findings if f.severity == "error"]
    assert found == [("L01", "Map.canvas", 10), ("L04", "Map.canvas", 38)]


@pytest.mark.parametrize(
    "text", ["", " \n", "{}", '{"nodes": 1, "edges": {}}', '{"nodes": [1, {"id": 2}, {"id": "a"}]}']
)
def test_a_canvas_with_nothing_in_it_is_one(text: str) -> None:
    note = canvas.parse("x.canvas", text.encode())
    assert list(note.links()) == []


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("{", 1, 2),
        ('{"nodes": [\n{"id": "a",}]}', 2, 12),
        ("[]", 1, 1),
        ("[" * 100_000, 1, 1),
        ("1" * 10_000, 1, 1),
        ('{"a": "\x01"}', 1, 7),
    ],
    ids=lambda given: repr(given)[:12],
)
def test_what_is_no_canvas_is_a_finding(text: str, line: int, column: int) -> None:
    with pytest.raises(canvas.CanvasError) as caught:
        canvas.parse("x.canvas", text.encode())
    finding = caught.value.finding
    assert (finding.code, finding.line) == ("F06", line)


def test_a_bad_canvas_never_stops_an_ingest(tmp_path: Path) -> None:
    (tmp_path / "bad.canvas").write_text("{")
    (tmp_path / "utf.canvas").write_bytes(b"\xff")
    (tmp_path / "A.md").write_text("[[bad.canvas]]")
    report = kg.ingest(Vault(config=load(tmp_path)))
    assert [(f.code, f.path) for f in report.findings] == [("F06", "bad.canvas"), ("F02", "utf.canvas")]
    assert report.summary["notes"] == 1
