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
from helpers.exporting import SCRIPTS, export, page_of
from helpers.synthetic_graph import synthetic
from helpers.vaults import ROOT, Write, ingest
from kg.analysis.network_reader import read
from kg.core.errors import KgError
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
    things = data["things"]
    assert data["labels"][:things] == [node.label for node in graph.nodes]
    links = zip(data["sources"], data["targets"], (data["kinds"][at] for at in data["kind"]), strict=True)
    assert list(links)[: data["thingLinks"]] == [(edge.source, edge.target, words(edge.kind)) for edge in graph.edges]
    types = [data["types"][at] for at in data["type"][:things]]
    assert types == [words(node.type) for node in graph.nodes]
    assert data["shapes"] == [shape_of(name) for name in data["types"]]
    assert {types[number] for number in data["missing"]} == {"missing"} == {data["types"][data["thingTypes"] - 1]}
    texts = [row for at in range(len(found) - 1) for row in found[f"kg-texts-{at}"]]
    assert [row[1] for row in texts[:things]] == [node.iri for node in graph.nodes]
    plain = [row[0] for row in texts[:things] if isinstance(row[0], str)]
    assert set(plain) <= {node.values.get("text", "") for node in graph.nodes}
    assert ["tags", "Concept, lean, lean/flow"] in texts[data["labels"].index("lean")][2]
    communities = next(row for row in data["groupings"] if row["id"] == "community")
    sizes = [communities["of"].count(at) for at in range(len(communities["groups"]))]
    assert (
        sum(sizes) + communities["of"].count(-1) == things and sizes == sorted(sizes, reverse=True) and min(sizes) > 1
    )
    assert len(data["x"]) == len(data["y"]) == len(data["weights"]) == len(data["labels"]) == len(texts)


TOLD = {
    "Plans/Lean.md": "---\naliases: [Leanness]\n---\nSee [[Flow|the *flow*]], [[Leanness]], [[Nowhere]], [out](https://x.example/),\n"
    "[run](javascript:alert(1)), [data](data:text/html,x), [ja](java\tscript:x) #work/slow ![[map.png]]\n\n# Outcomes\n\n- [ ] Faster [[Flow#Way]]\n",
    "Plans/Deep/Flow.md": "# Way\n\n| a |\n|---|\n| [[Lean]] |\n",
    "Alone.md": "",
    "map.png": "x",
}  # fmt: skip


def text_of(found: dict[str, Any], label: str) -> Any:
    return found["kg-texts-0"][found["kg-graph"]["labels"].index(label)][0]


def nodes_named(text: Any, name: str) -> list[Any]:
    if isinstance(text, str):
        return []
    own = [text] if text and text[0] == name else []
    return own + [node for child in text for node in (nodes_named(child, name) if isinstance(child, list) else [])]


def test_texts_are_as_written_and_links_lead_to_things(write: Write, tmp_path: Path) -> None:
    found = blocks(page_of(ingest(write(TOLD), tmp_path / "store").store))
    labels = found["kg-graph"]["labels"]
    text = text_of(found, "Lean")
    links = [(row[1], row[2:]) for row in nodes_named(text, "a")]
    assert links[0] == ({"to": labels.index("Flow")}, ["the ", ["em", 0, "flow"]])
    named = {str(row[-1]): attributes for attributes, row in links}
    assert labels[named["Nowhere"]["to"]] == "Nowhere" and named["out"] == {"href": "https://x.example/"}
    assert named["run"] == named["data"] == {}
    assert nodes_named(text, "tag") == [["tag", {"name": "work/slow"}]]
    assert nodes_named(text, "image")[0][2] == "map.png" and nodes_named(text, "li")[0][1] == {"task": " "}
    assert nodes_named(text_of(found, "Flow"), "td")[1][2] == ["a", {"to": labels.index("Lean")}, "Lean"]


def test_a_list_item_that_is_a_thing_has_its_text(write: Write, tmp_path: Path) -> None:
    vault = write(
        {
            "A.md": "# Outcomes\n\n- *Less* waiting\n  - as [[B]] says\n\n# Resources\n\n- **Lean UX** by Jeff Gothelf\n- Other ^o\n",
            "B.md": "",
        }
    )
    found = blocks(page_of(ingest(vault, tmp_path / "store").store))
    to_b = ["a", {"to": found["kg-graph"]["labels"].index("B")}, "B"]
    nested = ["ul", 0, ["li", 0, "as ", to_b, " says"]]
    assert text_of(found, "Less waiting") == [["ul", 0, ["li", 0, ["em", 0, "Less"], " waiting", nested]]]
    assert text_of(found, "Lean UX") == [["ul", 0, ["li", 0, ["strong", 0, "Lean UX"], " by Jeff Gothelf"]]]
    assert text_of(found, "A#^o") == [["ul", 0, ["li", 0, "Other"]]]


def test_a_note_that_has_changed_since_is_told_by_the_store(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "*one*\n", "B.md": "*two*\n"})
    store = ingest(vault, tmp_path / "store").store
    (vault / "A.md").write_text("*other*\n", encoding="utf-8")
    (vault / "kg.toml").write_text('refresh = "off"\n', encoding="utf-8")
    found = blocks(page_of(store))
    assert (text_of(found, "A"), text_of(found, "B")) == ("one", [["p", 0, ["em", 0, "two"]]])


def test_companions_are_there_and_apart(write: Write, tmp_path: Path) -> None:
    data = blocks(page_of(ingest(write(TOLD), tmp_path / "store").store))["kg-graph"]
    labels, things = data["labels"], data["things"]
    layers = {row["name"]: labels[row["first"] : row["end"]] for row in data["layers"]}
    assert layers == {
        "tags": ["#work", "#work/slow"], "attachments": ["map.png"], "folders": ["Plans/", "Plans/Deep/"]
    }  # fmt: skip
    links = {
        (labels[source], data["kinds"][kind], labels[target])
        for source, target, kind in zip(data["sources"], data["targets"], data["kind"], strict=True)
        if max(source, target) >= things
    }
    assert links == {
        ("Lean", "tagged", "#work/slow"), ("#work/slow", "broader", "#work"), ("Lean", "links to", "map.png"),
        ("Lean", "in folder", "Plans/"), ("Faster Flow#Way", "in folder", "Plans/"), ("Flow", "in folder", "Plans/Deep/"),
        ("Plans/Deep/", "in folder", "Plans/"),
    }  # fmt: skip
    places = [*zip(data["x"], data["y"], strict=True)]
    assert len({(round(x), round(y)) for x, y in places[things:]} | set(places[:things])) == len(places)
    folders = next(row for row in data["groupings"] if row["id"] == "folder")
    assert folders["groups"] == ["Plans", "Plans/Deep"] and folders["of"][labels.index("Alone")] == -1


def test_a_query_makes_groups(write: Write, tmp_path: Path) -> None:
    vault = write(
        {
            "A.md": "---\nowner: Dana\n---\n",
            "B.md": "---\nowner: Eli\n---\n",
            "C.md": "---\nowner: Dana\n---\n",
            "D.md": "",
        }
    )
    store = ingest(vault, tmp_path / "store").store
    query = tmp_path / "by owner.rq"
    query.write_text("SELECT ?thing ?owner { ?thing p:owner ?owner }", encoding="utf-8")
    data = blocks(page_of(store, "--group-by", str(query)))["kg-graph"]
    first = data["groupings"][0]
    assert (first["id"], first["name"], first["groups"]) == ("query", "by owner", ["Dana", "Eli"])
    assert dict(zip(data["labels"], first["of"], strict=False)) == {"A": 0, "B": 1, "C": 0, "D": -1}
    for wrong, told in (("ASK { ?s ?p ?o }", "must be a SELECT of two columns"), ("SELECT ?s {", "by owner:1:")):
        query.write_text(wrong, encoding="utf-8")
        done = export(store, "-f", "html", "--group-by", str(query))
        assert isinstance(done.exception, KgError) and told in str(done.exception)
    done = export(store, "-f", "gexf", "--group-by", str(query))
    assert done.exit_code == 2 and "--group-by is for the page" in done.output


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
    for name in ("sigma 3", "graphology 0", "graphology-utils", "events", "oxigraph 0"):
        assert f"---- {name}" in text
    assert len(re.findall(r"^---- .* \(MIT(?: OR Apache-2.0)?\) ----$", text, re.M)) == text.count(" ----\n") == 5
    assert "resolved" not in (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_is_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"kg/export/web/{file.name}" for file in WEB.iterdir()} <= names
    assert any(name.endswith("dist-info/licenses/src/kg/export/web/LICENSES.txt") for name in names)
