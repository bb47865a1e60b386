"""kg export -f html --queryable, without a browser: what the page carries, each quad once, and nothing that is private."""

import json
import re
import zlib
from array import array
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

import kg
from helpers.company import Company
from helpers.exporting import SCRIPTS, page_of
from helpers.vaults import ROOT, Write, ingest
from kg.cli.commands import kg as cli
from kg.export.compact_dataset import CompactDataset

WEB = ROOT / "src" / "kg" / "export" / "web"
PARTS = {"kg-oxigraph", "kg-worker", "kg-terms", "kg-triples", "kg-questions", "kg-search"}


def blocks(page: str) -> dict[str, bytes]:
    """The blocks of a page by their names."""
    found = re.findall(r'<script type="text/plain" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>', page)
    return {name: zlib.decompress(b64decode(data)) for name, data in found}


def quads(page: str) -> list[str]:
    """The dataset of a page as sorted N-Quads, read as the page reads it: the default graph is the union of the named."""
    parts = blocks(page)
    terms, numbers = parts["kg-terms"].decode().split("\n"), array("I", parts["kg-triples"])
    count = numbers[0]
    rows = len(numbers) - 1 - 2 * count
    columns = [numbers[1 + 2 * count + at * rows // 3 : 1 + 2 * count + (at + 1) * rows // 3] for at in range(3)]
    triples = [" ".join(terms[number] for number in row) for row in zip(*columns, strict=True)]
    found, at = set(triples), 0
    for graph, size in zip(numbers[1 : 1 + 2 * count : 2], numbers[2 : 2 + 2 * count : 2], strict=True):
        found |= {f"{triple} {terms[graph - 1]}" for triple in triples[at : at + size]} if graph else set()
        at += size
    assert at == len(triples)
    return sorted(f"{line} ." for line in found)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> kg.Store:
    base = tmp_path_factory.mktemp("company")
    return ingest(Company(120).write(base / "vault"), base / "store").store


def test_the_dataset_is_that_of_the_store(notes_store: kg.Store, company: kg.Store) -> None:
    for store in (notes_store, company):
        page = page_of(store, "--queryable")
        assert quads(page) == store.nquads()
        held = len(array("I", blocks(page)["kg-triples"])) - 1
        named = {str(quad.graph_name) for quad in store.quads()} - {"DEFAULT"}
        assert held == 2 * len(named) + 3 * (len(store) - len(store.lines()))  # each quad of a named graph once


def test_graphs_that_are_left_out_are_left_out(notes_store: kg.Store) -> None:
    page = page_of(notes_store, "--queryable", "--no-inferred")
    assert 0 < len(quads(page)) < len(notes_store.nquads())
    assert not any(line.endswith("concept-notes#inferred> .") for line in quads(page))


def test_lines_are_split_where_terms_end() -> None:
    lines = [
        b'<a:s> <a:p> "x <b> . \\" <c:d>" <a:g> .\n',
        b'<a:s> <a:p> "a > <b:c>"^^<a:d> .\n',
        b"<a:s> <a:p> <a:o> .\n",
        b'<a:s> <a:p> "x"@en <a:g> .\n',
    ]
    named, default = CompactDataset.of(lines, named=True), CompactDataset.of(lines, named=False)
    assert named.quads == [
        (b"<a:g>", b"<a:s>", b"<a:p>", b'"x <b> . \\" <c:d>"'), (b"<a:g>", b"<a:s>", b"<a:p>", b'"x"@en'),
    ]  # fmt: skip
    assert [quad[3] for quad in default.quads] == [b'"a > <b:c>"^^<a:d>', b"<a:o>"]


def test_a_selection_carries_its_triples_alone(notes_store: kg.Store) -> None:
    page = page_of(notes_store, "--queryable", "--only", "Outcome")
    lines = set(quads(page))
    assert lines and lines < {f"{line.decode().rstrip()}" for line in notes_store.lines()}
    notes = json.loads(blocks(page)["kg-search"])["notes"]
    assert {note["iri"] for note in notes} == set(json.loads(blocks(page)["kg-questions"])["things"])


def test_all_of_the_library_can_be_asked(notes_store: kg.Store) -> None:
    settings = json.loads(blocks(page_of(notes_store, "--queryable"))["kg-questions"])
    kg_own = {file.stem for file in (ROOT / "queries").glob("*.rq")}
    assert {question["name"] for question in settings["questions"]} >= kg_own and kg_own
    groups = [question["group"] for question in settings["questions"]]
    assert groups == sorted(groups)
    (paths,) = (question for question in settings["questions"] if question["name"] == "paths")
    assert [parameter["name"] for parameter in paths["parameters"]] == ["from", "to", "steps"]
    assert list(paths["texts"]) == ["from to steps"] and "<urn:kg:parameter:steps>" in paths["texts"]["from to steps"]
    (stale,) = (question for question in settings["questions"] if question["name"] == "stale-notes")
    assert list(stale["texts"]) == ["before", "before property"]


def test_a_page_without_it_does_not_grow(notes_store: kg.Store) -> None:
    plain, queryable = page_of(notes_store), page_of(notes_store, "--queryable")
    assert not blocks(plain).keys() & PARTS and "wasm" not in plain.partition("<style>")[0]
    assert blocks(queryable).keys() - blocks(plain).keys() == PARTS
    assert len(plain) < 400_000 < len(queryable)
    for part in ("ask.js", "ask.css"):
        assert (WEB / part).read_text(encoding="utf-8") in queryable and (WEB / part).read_text(
            encoding="utf-8"
        ) not in plain


def test_the_policy_lets_in_the_engine_and_no_request(notes_store: kg.Store) -> None:
    page = page_of(notes_store, "--queryable")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules and rules["worker-src"] == "blob:"
    assert len(re.findall("'sha256-[^']*'", rules["script-src"])) == 2
    assert rules["script-src"].endswith(" 'wasm-unsafe-eval'") and "unsafe-inline" not in policy
    for name in ("ask.js", "worker.js"):
        script = (WEB / name).read_text(encoding="utf-8")
        for forbidden in (
            "eval(",
            "new Function",
            "innerHTML",
            "XMLHttpRequest",
            "WebSocket",
            "importScripts",
            "fetch(",
        ):
            assert forbidden not in script, (name, forbidden)
    assert blocks(page)["kg-oxigraph"] == (WEB / "oxigraph.wasm").read_bytes()
    assert sha256((WEB / "oxigraph.wasm").read_bytes()).hexdigest() in (WEB / "SHA256SUMS").read_text(encoding="utf-8")


SECRET = {
    "kg.toml": "queries = 'own'\n",
    "own/about-the-plan.rq": "# title: About the Canary plan\n# param thing: note = Zeisig\nSELECT ?x { ?x kg:linksTo ?thing }\n",
    "Canary plan.md": "---\naliases: [Zeisig]\nup: '[[Lean]]'\ncoined: Grünspecht\n---\n#private/deep\n\n# Outcomes\n- Canary sings\n\nKanarienvogel\n",
    "Lean.md": "---\nbroader: '[[Canary plan]]'\n---\nSee [[Canary plan|the plan]] and [[Zeisig]], [it](Canary%20plan.md) %%canary%%.\n\n"
    "# About the Canary plan\nA canary plan, really.\n",
    "Lean UX.md": "Nothing of it, but a sparrow.\n",
}  # fmt: skip


def everything(page: str) -> str:
    return (page + "".join(data.decode("utf-8", "replace") for data in blocks(page).values())).lower()


def test_what_is_private_is_not_in_it(write: Write, tmp_path: Path) -> None:
    """Neither in the dataset, nor in the texts to search, nor in the names and the questions."""
    store = ingest(write(SECRET), tmp_path / "store").store
    told = ("canary", "zeisig", "grünspecht", "kanarienvogel", "gr%c3%bcnspecht", "about-the-plan")
    before = everything(page_of(store, "--queryable"))
    assert [word for word in told if word not in before] == ["gr%c3%bcnspecht"]
    page = page_of(store, "--queryable", "--private-tag", "private")
    after = everything(page)
    assert [word for word in told if word in after] == []
    assert "sparrow" in blocks(page)["kg-search"].decode() and "sparrow" in blocks(page)["kg-terms"].decode()
    assert str(tmp_path).lower() not in after


def test_what_notes_say_is_data_alone(write: Write, tmp_path: Path) -> None:
    """In the blocks, and so neither in the page's elements nor in its scripts."""
    page = page_of(ingest(write(SCRIPTS), tmp_path / "store").store, "--queryable")
    rest = page.replace((WEB / "ask.js").read_text(encoding="utf-8"), "")
    assert len(rest) < len(page) and "alert(" not in rest and "onerror" not in rest
    assert len(re.findall("<script", page)) == len(blocks(page)) + 2
    assert b"alert(3)" in blocks(page)["kg-terms"] and b"alert(3)" in blocks(page)["kg-search"]


def test_an_empty_vault_is_a_page(write: Write, tmp_path: Path) -> None:
    page = page_of(ingest(write({}), tmp_path / "store").store, "--queryable")
    assert json.loads(blocks(page)["kg-search"])["notes"] == [] and quads(page)


def test_another_format_is_a_mistake_of_usage(notes_store: kg.Store, tmp_path: Path) -> None:
    command = ["export", "--store", str(notes_store.path), "-f", "turtle", "--queryable", "-o", str(tmp_path / "x.ttl")]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 2 and "--queryable is for the page: -f html." in done.stderr
    assert not (tmp_path / "x.ttl").exists()


def test_a_very_large_page_is_made_and_said_to_be(
    notes_store: kg.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.cli.export._MANY_QUADS", 1_000)
    command = ["export", "--store", str(notes_store.path), "--queryable", "-o", str(tmp_path / "x.html")]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0 and (tmp_path / "x.html").exists()
    assert re.search(r"hint: the page holds up to [\d,]+ quads", done.stderr)


def test_the_same_notes_give_the_same_page(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "[[B]] #x\n", "B.md": "---\nmany: [3, 2, 1]\n---\n[[C]] [[A]]\n"})
    pages = [page_of(ingest(vault, tmp_path / name).store, "--queryable") for name in ("one", "two")]
    assert pages[0] == pages[1]
