"""kg export -f svg and png: names do not overlap and can be read, and nothing in notes becomes part of the picture."""

import io
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

import kg
from helpers.exporting import exported
from helpers.synthetic_graph import synthetic
from helpers.vaults import ROOT, Write, ingest
from kg.cli.commands import kg as cli
from kg.export.formats import Export, TooLarge
from kg.export.picture import COLOURS, _meet, _Picture, svg, width
from kg.export.styling import Appearance

SVG = "{http://www.w3.org/2000/svg}"


def drawn(export: Export) -> ET.Element:
    out = io.BytesIO()
    svg(export, out)
    return ET.fromstring(out.getvalue())


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("size", [1, 2, 60, 200, 300, 1_000])
def test_names_do_not_overlap(size: int) -> None:
    export = synthetic(size, size * 2 if size > 2 else 0)
    picture = _Picture(export, Appearance(export.network, export.graph))
    picture.root()
    assert [pair for pair in combinations((name.box for _, name in picture.names), 2) if _meet(*pair)] == []
    for _, name in picture.names:
        left, top, right, bottom = name.box
        assert left >= 0 and top >= 0 and right <= picture.wide and bottom <= picture.high - picture.legend_high


def test_two_hundred_things_can_be_read() -> None:
    export = synthetic(200, 400)
    picture = _Picture(export, Appearance(export.network, export.graph))
    root = picture.root()
    named = {number for number, _ in picture.names}
    assert len(named) >= 100
    assert len(set(picture.look.by_weight[:12]) - named) <= 2
    assert min(float(one.get("font-size", "0")) for one in root.iter("text")) >= 11
    # Where it is as wide as a page, on a screen, letters are still some seven pixels high.
    assert picture.wide <= 1_700


@pytest.mark.slow
def test_of_many_things_only_the_most_central_have_names() -> None:
    export = synthetic(1_000, 2_500)
    picture = _Picture(export, Appearance(export.network, export.graph))
    picture.root()
    assert 20 <= len(picture.names) <= 40


def test_too_many_things_are_no_picture() -> None:
    with pytest.raises(TooLarge, match="choose fewer with --only"):
        svg(synthetic(5_001, 10), io.BytesIO())


def test_it_shows_things_links_and_a_legend(notes_store: kg.Store) -> None:
    root = ET.fromstring(exported(notes_store, "-f", "svg"))
    words = texts(root)
    assert {"notes", "concept", "resource", "missing", "around product"} <= set(words)
    assert "89 things, 233 pairs of them linked" in words
    assert len(root.findall(f".//{SVG}line")) == 233
    marks = [one for one in root.iter() if one.find(f"{SVG}title") is not None and one is not root]
    assert len(marks) == 89
    hollow = [one for one in marks if one.get("fill") == "#ffffff"]
    assert len(hollow) == 3 and all(one.get("stroke") != "#ffffff" for one in hollow)
    assert {one.get("fill") for one in marks} >= set(COLOURS[:5])
    assert root.get("role") == "img" and root.findtext(f"{SVG}title") == "notes"


def test_what_notes_say_is_text(write: Write, tmp_path: Path) -> None:
    vault = write({
        "A.md": "---\ntitle: x\n---\n[[</text><script>alert(1)</script>]] [[B]]\n",
        "B & <i>.md": "---\nid: javascript:alert(2)\n---\n]]> [[A]]\n",
    }).rename(tmp_path / "<script>alert(3)<")  # fmt: skip
    root = ET.fromstring(exported(ingest(vault, tmp_path / "store").store, "-f", "svg"))
    tags = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "g", "line", "circle", "polygon", "text"}
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
