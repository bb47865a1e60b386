"""kg export -f svg and png: names do not overlap and can be read, and nothing in notes becomes part of the picture."""

import io
import re
from dataclasses import replace
from itertools import combinations
from math import hypot
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

import kg
from helpers.exporting import export_of, exported
from helpers.synthetic_graph import synthetic
from helpers.vaults import ROOT, Write, ingest
from kg.cli.commands import kg as cli
from kg.export.formats import Export, TooLarge
from kg.export.label_placement import meet
from kg.export.link_relations import Relations, drawn_links
from kg.export.map_picture import MapPicture
from kg.export.picture import svg
from kg.export.picture_style import LIGHT, PictureStyle
from kg.export.property_graph import Edge, Node, PropertyGraph
from kg.export.shapes import rim
from kg.export.styling import Appearance
from kg.export.svg_elements import Box
from kg.export.text_width import width
from kg.rdf.vocabulary import LINKS_TO

SVG = "{http://www.w3.org/2000/svg}"


def drawn(export: Export) -> ET.Element:
    out = io.BytesIO()
    svg(export, out)
    return ET.fromstring(out.getvalue())


def texts(root: ET.Element, space: str = SVG) -> list[str]:
    return [one.text or "" for one in root.iter(f"{space}text")]


def map_picture(things: int, links: int) -> MapPicture:
    """A drawn picture of so many things."""
    export = synthetic(things, links)
    picture = MapPicture(export, Appearance(export.network, export.graph), PictureStyle())
    picture.root()
    return picture


@pytest.mark.parametrize(
    ("size", "least"),
    [(1, 1), (2, 2), (40, 38), (200, 120), (350, 50), pytest.param(1_500, 30, marks=pytest.mark.slow),
     pytest.param(5_000, 20, marks=pytest.mark.slow)],
)  # fmt: skip
def test_no_label_covers_a_thing_or_another_label(size: int, least: int) -> None:
    picture = map_picture(size, size * 2 if size > 2 else 0)
    boxes = [label.box for label in (*picture.labels.values(), *picture.link_labels)]
    assert [pair for pair in combinations(boxes, 2) if meet(*pair)] == []
    marks = [extents(mark) for mark in picture.root().iter() if mark.tag in {"circle", "polygon"} and len(mark)]
    assert len(marks) == size
    assert [(box, mark) for box in boxes for mark in marks if meet(box, mark)] == []
    assert len(picture.labels) >= least
    # The most central things have labels.
    assert len(set(picture.look.by_weight[:12]) & set(picture.labels)) >= min(size, 12)
    for left, top, right, bottom in (*boxes, *marks):
        assert left >= 0 and top >= 58 and right <= picture.frame.wide and bottom <= picture.frame.bottom


def extents(mark: ET.Element) -> Box:
    """The box of a circle or a polygon."""
    if mark.tag.endswith("circle"):
        x, y, r = (float(mark.get(name, "nan")) for name in ("cx", "cy", "r"))
        return x - r, y - r, x + r, y + r
    across, down = zip(*(map(float, pair.split(",")) for pair in mark.get("points", "").split()), strict=True)
    return min(across), min(down), max(across), max(down)


def test_a_label_away_from_its_thing_has_a_line_to_it() -> None:
    picture = map_picture(350, 700)
    for number, label in picture.labels.items():
        left, top, right, bottom = label.box
        near = (left - 4, top - 4, right + 4, bottom + 4)
        if label.leader is None:
            assert meet(near, picture.boxes[number])
        else:
            (x, y), (u, v) = label.leader
            here = picture.boxes[number]
            assert here[0] - 2 <= x <= here[2] + 2 and here[1] - 2 <= y <= here[3] + 2
            assert left <= u <= right and top <= v <= bottom
    lines = [label for label in picture.labels.values() if label.leader]
    assert 5 <= len(lines) <= 40 and len(picture.root().findall(".//line")) == len(lines)


def test_two_hundred_things_can_be_read() -> None:
    picture = map_picture(200, 400)
    assert min(float(one.get("font-size", "0")) for one in picture.root().iter("text")) >= 11
    # Where it is as wide as a page, on a screen, letters are still some seven pixels high.
    assert picture.frame.wide <= 1_700


# ---- links -----------------------------------------------------------------------------------------------------------


def linked(*links: tuple[int, int, str], things: int = 2) -> Export:
    """An export of these links."""
    nodes = [
        Node(f"n{n}", f"https://notes.example/{n}", f"Thing {n}", "Concept", ("Concept",), {}) for n in range(things)
    ]
    edges = [Edge(f"e{n}", *link[:2], f"https://x.example/{link[2]}", link[2], 1) for n, link in enumerate(links)]
    return export_of(PropertyGraph(nodes, edges, [], {}))


def of_links(export: Export) -> MapPicture:
    return MapPicture(export, Appearance(export.network, export.graph), PictureStyle())


def test_arrow_heads_end_at_the_rim_of_the_target() -> None:
    picture = map_picture(60, 120)
    heads = 0
    for link, line in picture.lines:
        for corners, end in zip(line.heads, (link.target, link.source), strict=False):
            (x, y), place, radius = corners[0], picture.places[end].tolist(), picture.radii[end]
            shape = picture.look.shapes[picture.look.types.places[end]]
            far = hypot(x - place[0], y - place[1])
            reach = radius * rim(shape, (x - place[0]) / far, (y - place[1]) / far)
            assert 0 <= far - reach <= 1.5
            heads += 1
    assert heads == 120


def test_links_of_a_pair_are_told_apart() -> None:
    picture = of_links(linked((0, 1, "likes"), (0, 1, "hates"), (1, 0, "pays")))
    middles = [line.point(0.5) for _, line in picture.lines]
    assert len(middles) == 3
    assert min(hypot(x - u, y - v) for (x, y), (u, v) in combinations(middles, 2)) > 10
    assert set(texts(of_links(linked((0, 1, "likes"), (1, 0, "pays"))).root(), "")) >= {"likes", "pays"}


def test_a_link_in_both_directions_has_two_heads() -> None:
    ((_, line),) = of_links(linked((0, 1, "likes"), (1, 0, "likes"))).lines
    assert len(line.heads) == 2


def test_links_that_say_the_same_are_drawn_once() -> None:
    known = Relations({"has": "of", "of": "has"}, {"has": frozenset({"about"})})
    export = linked((0, 1, "has"), (1, 0, "of"), (0, 1, "about"), (0, 2, "about"), (2, 1, "of"), things=3)
    links = [link._replace(property=link.property.rpartition("/")[2]) for link in export.network.links]
    links.append(links[0]._replace(property=LINKS_TO.value))
    drawn = drawn_links(replace(export.network, links=tuple(links)), known)
    assert [link[:3] for link in drawn] == [(1, 0, "of"), (0, 2, "about"), (2, 1, "of")]


def test_of_properties_that_imply_each_other_one_is_drawn() -> None:
    known = Relations({}, {"helps": frozenset({"aids"}), "aids": frozenset({"helps"})})
    network = linked((0, 1, "helps"), (0, 1, "aids")).network
    links = tuple(link._replace(property=link.property.rpartition("/")[2]) for link in network.links)
    assert [link.property for link in drawn_links(replace(network, links=links), known)] == ["aids"]


def test_names_of_links_are_shown_where_there_is_space() -> None:
    many = tuple((n, (n * 7 + step) % 80, "likes") for n in range(80) for step in (1, 2))
    export = linked(*many, things=80)
    assert "likes" not in texts(of_links(export).root(), "")
    picture = replace(of_links(export), style=PictureStyle(link_labels=True))
    assert texts(picture.root(), "").count("likes") > 20
    few = replace(of_links(linked((0, 1, "likes"))), style=PictureStyle(link_labels=False))
    assert "likes" not in texts(few.root(), "")


# ---- the whole picture -----------------------------------------------------------------------------------------------


def test_too_many_things_are_no_picture() -> None:
    with pytest.raises(TooLarge, match="choose fewer with --only"):
        svg(synthetic(5_001, 10), io.BytesIO())


def test_it_shows_things_links_and_a_legend(notes_store: kg.Store) -> None:
    root = ET.fromstring(exported(notes_store, "-f", "svg"))
    words = texts(root)
    assert {"notes", "concept", "resource", "missing", "around product"} <= set(words)
    assert "89 things, 233 pairs of them linked" in words
    assert 233 <= len(root.findall(f".//{SVG}path")) < 350
    marks = [
        one for one in root.iter() if one.find(f"{SVG}title") is not None and one.tag not in {root.tag, f"{SVG}path"}
    ]
    assert len(marks) == 89
    hollow = [one for one in marks if one.get("fill") == "#ffffff"]
    assert len(hollow) == 3 and all(one.get("stroke") != "#ffffff" for one in hollow)
    assert {one.get("fill") for one in marks} >= set(LIGHT.groups[:5])
    assert root.get("role") == "img" and root.findtext(f"{SVG}title") == "notes"


def test_what_notes_say_is_text(write: Write, tmp_path: Path) -> None:
    vault = write({
        "A.md": "---\ntitle: x\n---\n[[</text><script>alert(1)</script>]] [[B]]\n",
        "B & <i>.md": "---\nid: javascript:alert(2)\n---\n]]> [[A]]\n",
    }).rename(tmp_path / "<script>alert(3)<")  # fmt: skip
    root = ET.fromstring(exported(ingest(vault, tmp_path / "store").store, "-f", "svg"))
    tags = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "g", "path", "line", "circle", "polygon", "text"}
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or "href" in name]
    assert "<script>alert(3)<" in texts(root)


def test_the_same_notes_give_the_same_bytes(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "[[B]] #x\n", "B.md": "[[C]] [[A]]\n", "D.md": "alone\n"})
    one, two = (exported(ingest(vault, tmp_path / name).store, "-f", "svg") for name in ("one", "two"))
    assert one == two


def test_an_empty_vault_is_a_picture(write: Write, tmp_path: Path) -> None:
    root = ET.fromstring(exported(ingest(write({}), tmp_path / "store").store, "-f", "svg"))
    assert "0 things, 0 pairs of them linked" in texts(root)


def test_wide_letters_take_more_room() -> None:
    assert width("漢字", 12) > width("ab", 12) > width("il", 12)
    assert width("e\u0301", 12) == width("e", 12)


@pytest.mark.slow
def test_png_is_the_same_picture_in_pixels(notes_store: kg.Store, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    file = tmp_path / "notes.png"
    exported(notes_store, "-o", str(file))
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    root = ET.fromstring(exported(notes_store, "-f", "svg"))
    assert [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)] == [
        2 * int(root.get(side, "0")) for side in ("width", "height")
    ]


def test_png_without_its_library_or_a_font_says_what_to_do(
    notes_store: kg.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys
    from types import SimpleNamespace

    arguments = ["export", "--store", str(notes_store.path), "-f", "png"]
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert "pip install 'kg-notes[png]'" in str(CliRunner().invoke(cli, arguments).exception)
    monkeypatch.setitem(sys.modules, "resvg_py", SimpleNamespace(svg_to_bytes=lambda **_: b""))
    assert "PNG needs a font" in str(CliRunner().invoke(cli, arguments).exception)


def test_the_picture_in_the_docs_is_one_of_these() -> None:
    root = ET.fromstring((ROOT / "docs" / "notes.svg").read_text(encoding="utf-8"))
    assert "notes" in texts(root) and re.search(r"\d+ things", " ".join(texts(root)))
