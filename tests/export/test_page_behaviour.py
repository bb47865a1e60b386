"""What people do with the page of kg export -f html, in a browser: each behaviour of the map, the filters and the panel."""

from pathlib import Path
from typing import Any

import pytest

import kg
from helpers.browsing import browsed, is_faultless
from helpers.exporting import SCRIPTS, page_of
from helpers.synthetic_graph import synthetic
from helpers.vaults import Write, ingest
from kg.export.web_page import html

pytestmark = pytest.mark.system

CHAIN = {
    "A.md": "[[B]] #work/slow ![[map.png]]\n",
    "one/B.md": "[[C]]\n",
    "one/C.md": "[[D]]\n",
    "two/D.md": "[[E]]\n",
    "two/E.md": "the end\n",
    "map.png": "x",
}
WRITTEN = {
    "A.md": "# Head\n\n- [x] *done* [[B|the other]]\n- plain\n  1. nested\n\n> [!tip]- Title\n> body\n\n| a |\n|--:|\n| `b` |\n\n"
    "```python\nx = 1\n```\n\n> quote\n\n[out](https://x.example/) ![[pic.png]] ==bright== ~~gone~~ **bold** #a/b\n",
    "B.md": "[[A]]\n",
}  # fmt: skip
HOSTILE = {
    **SCRIPTS,
    "A.md": SCRIPTS["A.md"] + "\n<svg onload=alert(1)><style>* { display: none }</style>\n\n<iframe src='javascript:alert(2)'></iframe>\n\n"
    "[a](javascript:alert(3)) [b](JaVaScRiPt:alert(4)) [c](data:text/html,<script>alert(5)</script>) [d](vbscript:x) [e](file:///etc/passwd)\n"
    "[f](<java\tscript:alert(6)>) [g](https://x.example/\"onmouseover=alert(7)) ![i](javascript:alert(8)) [[javascript:alert(9)]]\n\n"
    "> [!<img src=x onerror=alert(10)>] <b onclick=alert(11)>t</b>\n\n```<script>\n</code></pre><script>alert(12)</script>\n```\n",
}  # fmt: skip


def page(folder: Path, store: kg.Store) -> Path:
    file = folder / "page.html"
    file.write_text(page_of(store), encoding="utf-8")
    return file


def did(behaviour: str, file: Path, *words: str) -> dict[str, Any]:
    said = browsed("behave", file, behaviour, *words)
    is_faultless(said)
    return said


@pytest.fixture
def chain(write: Write, tmp_path: Path) -> Path:
    return page(tmp_path, ingest(write(CHAIN), tmp_path / "store").store)


@pytest.fixture
def notes_page(notes_store: kg.Store, tmp_path: Path) -> Path:
    return page(tmp_path, notes_store)


def test_a_text_is_as_it_is_written(write: Write, tmp_path: Path) -> None:
    said = did("text", page(tmp_path, ingest(write(WRITTEN), tmp_path / "store").store), "A")
    wanted = {
        "h3",
        "ul",
        "ol",
        "li",
        "em",
        "strong",
        "del",
        "mark",
        "details",
        "summary",
        "table",
        "th",
        "td",
        "code",
        "pre",
        "blockquote",
    }
    assert wanted <= set(said["elements"])
    links = {text: (href, rel) for text, href, rel in said["links"]}
    assert links["the other"] == ("#/B", "") and links["out"] == ("https://x.example/", "noopener noreferrer")
    assert "Image: pic.png" in said["text"] and said["followed"] == ["B", "#/B"]


def test_what_a_hostile_text_says_does_nothing(write: Write, tmp_path: Path) -> None:
    said = did("text", page(tmp_path, ingest(write(HOSTILE), tmp_path / "store").store), "A")
    assert not {"script", "svg", "style", "img", "iframe", "object", "link", "meta", "form", "b"} & set(
        said["elements"]
    )
    allowed = {
        "class",
        "href",
        "rel",
        "target",
        "title",
        "tabindex",
        "role",
        "aria-label",
        "data-level",
        "data-kind",
        "open",
        "start",
    }
    assert set(said["attributes"]) <= allowed
    assert [href for _, href, _ in said["links"] if not href.startswith(("#/", "https://x.example/"))] == []
    assert "<svg onload=alert(1)>" in said["text"]


def test_neighbours_light_up(chain: Path) -> None:
    said = did("hover", chain, "B")
    assert said["during"] == {"things": ["A", "B", "C"], "links": 2}
    assert said["after"] == {"things": None, "links": 0}


@pytest.mark.parametrize("size", [0, 350])
def test_names_keep_their_side_and_are_whole(size: int, notes_page: Path, tmp_path: Path) -> None:
    if size:
        with (tmp_path / "page.html").open("wb") as out:
            html(synthetic(size, 2 * size), out)
    said = did("names", notes_page)
    assert said["named"] > 20 and said["names"] == said["things"] == said["cut"] == 0
    assert said["stayed"] > 100 and said["moved"] <= said["stayed"] / 50


def test_a_thing_has_an_address(notes_page: Path) -> None:
    said = did("addresses", notes_page, "lean#Outcomes")
    assert said["shared"] == ["lean#Outcomes", "#/lean#Outcomes", "lean#Outcomes – notes"]
    following = said["next"][0]
    assert following and following != "lean#Outcomes" and said["next"][1] == f"#/{following}"
    assert said["back"] == said["shared"] and said["forward"] == said["next"] and said["closed"] == ["", "", "notes"]
    assert said["unknown"] == "This page has no thing of the name in its address."


def test_filters_fit_the_view(notes_page: Path) -> None:
    said = did("filters", notes_page)
    everything, group, fewer = said["all"], said["group"], said["fewer"]
    assert 0 < fewer["shown"] < group["shown"] < everything["shown"]
    assert group["counts"].startswith(f"{group['shown']} of {everything['shown']} things, ")
    assert group["listed"] == f"{group['shown']} things" and sum(map(int, said["types"])) == group["shown"]
    assert group["names"] == group["things"] == 0 and group["ratio"] < 1 and said["focus"]
    assert {**said["again"], "named": 0} == {**everything, "ratio": 1, "named": 0}
    assert "Concepts/Lean" in said["folders"] and said["coloured"] >= len(said["folders"])


def test_tags_attachments_and_folders_come_and_go(chain: Path) -> None:
    said = did("layers", chain)
    assert said["before"] == said["off"] == 5
    assert set(said["after"]) == {"A", "B", "C", "D", "E", "#work", "#work/slow", "map.png", "one/", "two/"}
    assert {"A → #work/slow", "A → map.png", "B → one/", "E → two/"} <= set(said["links"])
    assert said["tag"] == "#work/slow"


def test_the_surroundings_of_a_thing(chain: Path) -> None:
    said = did("local", chain, "B")
    assert [row["shown"] for row in said["depths"]] == [
        ["A", "B", "C"],
        ["A", "B", "C", "D"],
        ["A", "B", "C", "D", "E"],
    ]
    assert [row["said"] for row in said["depths"]] == ["1 link", "2 links", "3 links"]
    assert {row["things"] for row in said["depths"]} == {0}
    assert said["lit"] == ["A", "B", "C", "D", "E"] and said["all"] == 5


def test_a_thing_can_be_dragged(chain: Path) -> None:
    said = did("drag", chain, "C", "A")
    (across, down), other = said["moved"]
    assert abs(across - 70) <= 1 and abs(down + 50) <= 1 and other == [0, 0] and not said["opened"]


def test_it_prints(notes_page: Path) -> None:
    said = did("print", notes_page, "lean")
    assert said["theme"] == "light" and said["after"] == "dark" and said["left"] == 0
    assert said["drawn"] > 0.01 and said["bytes"] > 20_000 and said["hidden"]
    assert said["titled"] and said["text"]


def test_it_fits_a_phone(notes_page: Path) -> None:
    said = did("phone", notes_page, "operations")
    assert said["widths"] == [390, 390, 390] and said["tapped"] == said["chosen"] == "operations" and not said["list"]
    sheet, above = said["sheet"], said["above"]
    assert (sheet["x"], sheet["width"]) == (0, 390) and round(sheet["y"] + sheet["height"]) == 844
    assert above["height"] > 200 and said["map"]["height"] > 700 and said["tall"]["height"] > sheet["height"]
    assert said["filters"]["width"] == 390
