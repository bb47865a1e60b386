"""kg export -f html, without a browser: what the page holds, and that nothing in notes becomes part of it."""

import json
import re
import subprocess
import sys
import zipfile
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import kg
from helpers.exporting import SCRIPTS, page_of
from helpers.synthetic_graph import synthetic
from helpers.vaults import ROOT, Write, ingest
from kg.analysis.network_reader import read
from kg.export.property_graph import property_graph
from kg.export.shapes import shape_of
from kg.export.styling import words

WEB = ROOT / "src" / "kg" / "export" / "web"


class Page(HTMLParser):
    """The parts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.texts.append((self.tags[-1][0], data))

    def scripts(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == "script"]

    @property
    def policy(self) -> str:
        found = [a["content"] for t, a in self.tags if a.get("http-equiv") == "Content-Security-Policy"]
        assert len(found) == 1 and found[0]
        return found[0]


def blocks(page: str) -> dict[str, Any]:
    """The data of a page by the names of its blocks."""
    found = re.findall(r'<script type="text/plain" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>', page)
    return {name: json.loads(zlib.decompress(b64decode(data))) for name, data in found}


def everything(page: str) -> str:
    return page + json.dumps(blocks(page), ensure_ascii=False)


def test_it_has_the_graph(notes_store: kg.Store) -> None:
    found = blocks(page_of(notes_store))
    graph = property_graph(notes_store, read(notes_store, inferred=True), text=True)
    data = found["kg-graph"]
    assert data["labels"] == [node.label for node in graph.nodes]
    links = zip(data["sources"], data["targets"], (data["kinds"][at] for at in data["kind"]), strict=True)
    assert list(links) == [(edge.source, edge.target, words(edge.kind)) for edge in graph.edges]
    types = [data["types"][at] for at in data["type"]]
    assert types == [words(node.type) for node in graph.nodes]
    assert data["shapes"] == [shape_of(name) for name in data["types"]]
    assert {types[number] for number in data["missing"]} == {"missing"} == {data["types"][-1]}
    texts = [row for at in range(len(found) - 1) for row in found[f"kg-texts-{at}"]]
    assert [row[1] for row in texts] == [node.iri for node in graph.nodes]
    assert [row[0] for row in texts] == [node.values.get("text", "") for node in graph.nodes]
    assert ["tags", "Concept, lean, lean/flow"] in texts[data["labels"].index("lean")][2]
    sizes = [part["size"] for part in data["communities"]]
    assert [data["community"].count(at) for at in range(len(sizes))] == sizes == sorted(sizes, reverse=True)
    assert len(data["x"]) == len(data["y"]) == len(data["weights"]) == len(graph.nodes)


def test_texts_are_in_blocks_of_five_hundred(tmp_path: Path) -> None:
    from kg.export.web_page import html

    with (tmp_path / "x.html").open("wb") as out:
        html(synthetic(1_100, 2_000), out)
    found = blocks((tmp_path / "x.html").read_text(encoding="utf-8"))
    assert [len(found[f"kg-texts-{at}"]) for at in range(3)] == [500, 500, 100] and len(found) == 4


def test_notes_open_in_obsidian(notes_store: kg.Store) -> None:
    data = blocks(page_of(notes_store))["kg-graph"]
    assert data["vault"] == (ROOT / "notes").as_posix()
    assert data["paths"][data["labels"].index("lean")] == "Concepts/Lean/lean.md"
    assert data["paths"][data["missing"][0]] is None


def test_the_same_notes_give_the_same_bytes(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "[[B]] #x\n", "B.md": "---\nmany: [3, 2, 1]\n---\n[[C]] [[A]]\n", "D.md": "alone\n"})
    pages = [page_of(ingest(vault, tmp_path / name).store) for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_an_empty_vault_is_a_page(write: Write, tmp_path: Path) -> None:
    assert blocks(page_of(ingest(write({}), tmp_path / "store").store))["kg-graph"]["labels"] == []


def test_what_notes_say_is_data_alone(write: Write, tmp_path: Path) -> None:
    page = page_of(ingest(write(SCRIPTS), tmp_path / "store").store)
    parsed = Page(page)
    assert "alert(" not in page and "onerror" not in page
    assert [one for one in parsed.scripts() if one.get("type") != "text/plain"] == [{}]
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on") or name == "src"]
    assert "</script><script>alert(1)</script>" in everything(page)


def test_a_title_is_text(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "x\n"}).rename(tmp_path / "<img src=x onerror=alert(1)><!--kg:script-->")
    page = page_of(ingest(vault, tmp_path / "store").store)
    assert "<img" not in page and page.count("&lt;!--kg:script--&gt;") == 2
    assert len([one for one in Page(page).scripts() if one == {}]) == 1


def test_the_policy_lets_in_this_script_and_nothing_else(notes_store: kg.Store) -> None:
    page = page_of(notes_store)
    policy = dict(part.strip().split(" ", 1) for part in Page(page).policy.split(";"))
    style = page.partition("<style>")[2].partition("</style>")[0]
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    hashes = {name: f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
              for name, text in (("script-src", script), ("style-src", style))}  # fmt: skip
    assert policy == {"default-src": "'none'", **hashes, "base-uri": "'none'", "form-action": "'none'"}
    assert script == (WEB / "page.js").read_text(encoding="utf-8")
    for forbidden in ("eval(", "new Function", "innerHTML", "XMLHttpRequest", "WebSocket", "importScripts"):
        assert forbidden not in script
    assert "<!--kg:" not in page


SECRET = {
    "Canary plan.md": "---\naliases: [Zeisig]\nup: '[[Lean]]'\ncoined: Grünspecht\n---\n#private/deep\n\n# Outcomes\n- Canary sings\n\nKanarienvogel\n",
    "Lean.md": "---\nbroader: '[[Canary plan]]'\n---\nSee [[Canary plan|the plan]] and [[Zeisig]].\n\n# About the Canary plan\nA canary plan, really.\n",
    "Lean UX.md": "Nothing of it.\n",
}


@pytest.mark.parametrize("name", ["html", "svg"])
def test_what_is_private_is_in_no_picture(name: str, write: Write, tmp_path: Path) -> None:
    store = ingest(write(SECRET), tmp_path / "store").store
    assert "canary" in everything(page_of(store, "-f", name)).lower()
    after = everything(page_of(store, "-f", name, "--private-tag", "private")).lower()
    told = ("canary", "zeisig", "grünspecht", "kanarienvogel", "gr%c3%bcnspecht")
    assert [word for word in told if word in after] == []
    assert "lean ux" in after


def test_the_committed_files_are_those_that_were_built() -> None:
    rows = [line.split("  ") for line in (WEB / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    assert {name for _, name in rows} == {file.name for file in WEB.iterdir()} - {"SHA256SUMS"}
    for digest, name in rows:
        assert sha256((WEB / name).read_bytes()).hexdigest() == digest, f"{name}: cd web && npm ci && node build.mjs"


def test_the_licences_are_there() -> None:
    text = (WEB / "LICENSES.txt").read_text(encoding="utf-8")
    for name in ("sigma 3", "graphology 0", "graphology-utils", "events"):
        assert f"---- {name}" in text
    assert len(re.findall(r"^---- .* \(MIT\) ----$", text, re.M)) == text.count(" ----\n") == 4
    assert "resolved" not in (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_is_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"kg/export/web/{file.name}" for file in WEB.iterdir()} <= names
    assert any(name.endswith("dist-info/licenses/src/kg/export/web/LICENSES.txt") for name in names)
