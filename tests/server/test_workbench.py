"""The pages of the workbench: questions with their answers, and tables; without a script."""

import re
from collections.abc import Iterator
from hashlib import sha256
from html import unescape

import pytest
from starlette.testclient import TestClient

from helpers.clients import ingested, serving
from helpers.outcomes import OUTCOMES
from helpers.vaults import ROOT
from kg.server.settings import ServingLimits

WEB = ROOT / "src" / "kg" / "server" / "web"
EFFORTS = "SELECT ?outcome ?effort {\n  ?outcome a kg:Outcome ; p:effort ?effort\n} ORDER BY ?effort"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    vault = ingested(tmp_path_factory.mktemp("bench"), OUTCOMES)
    with serving(vault, limits=ServingLimits(seconds=2)) as client:
        yield client


def rows(html: str) -> list[list[str]]:
    """The texts of the cells of a page's table."""
    cells = (re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", html, re.S))
    return [[unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in row] for row in cells]


def test_a_query_and_its_answer(bench: TestClient) -> None:
    page = bench.get("/query", params={"query": EFFORTS})
    assert page.status_code == 200 and page.headers["ETag"]
    assert rows(page.text)[:2] == [["outcome", "effort"], ["Few calls", "5"]]
    assert 'href="/thing/Few%20calls"' in page.text and "3 rows" in page.text
    assert "Chart: effort by outcome" in page.text and page.text.count("<rect") == 3
    (address,) = re.findall(r'href="(/sparql[^"]*format=csv)"', page.text)
    assert bench.get(unescape(address)).text.splitlines()[0] == "outcome,effort"
    again = bench.get("/query", params={"query": EFFORTS}, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304


def test_a_form_that_is_posted(bench: TestClient) -> None:
    page = bench.post("/query", data={"query": EFFORTS.replace("\n", "\r\n")})
    assert page.status_code == 200 and rows(page.text)[1] == ["Few calls", "5"]
    assert bench.post("/query", content=EFFORTS, headers={"Content-Type": "text/plain"}).status_code == 400


def test_a_long_query_is_downloaded_with_a_form(bench: TestClient) -> None:
    page = bench.post("/query", data={"query": f"{EFFORTS} # {'x' * 9_000}"})
    assert '<form method="post" action="/sparql">' in page.text and "/sparql?" not in page.text


def test_what_changes_is_not_kept(bench: TestClient) -> None:
    page = bench.get("/query", params={"query": "SELECT (NOW() AS ?now) {}"})
    assert page.headers["Cache-Control"] == "no-store" and "ETag" not in page.headers


def test_an_error_is_shown_at_its_place(bench: TestClient) -> None:
    page = bench.get("/query", params={"query": "SELECT * {\n  ?x nope:y ?z }"})
    assert page.status_code == 200 and 'data-line="2" data-column="6"' in page.text
    assert "Line 2, column 6:" in page.text and "<mark>n</mark>ope:y ?z }" in page.text


def test_a_late_query_is_shown_with_the_reason(bench: TestClient) -> None:
    text = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    page = bench.get("/query", params={"query": text})
    assert page.status_code == 503 and "was stopped after 2 s" in page.text and text in unescape(page.text)


@pytest.mark.parametrize(("text", "said"), [
    ("ASK { ?x a kg:Outcome }", "<strong>Yes</strong>"),
    ("SELECT * { ?x a kg:Outcom }", "did you mean kg:Outcome?"),
    ("INSERT DATA { <a:a> <a:b> <a:c> }", "would change the graph"),
    ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?a ?b ?c } }", "SERVICE"),
    ("SELECT * FROM <file:///etc/passwd> { ?a ?b ?c }", "no file is read"),
    ("CONSTRUCT { ?x a kg:Outcome } WHERE { ?x a kg:Outcome }", "format=turtle"),
    ("TABLE effort WHERE effort > 10", ">13<"),
])  # fmt: skip
def test_other_answers(bench: TestClient, text: str, said: str) -> None:
    assert said in unescape(bench.get("/query", params={"query": text}).text)


def test_how_a_query_is_read(bench: TestClient) -> None:
    assert "How the query is read" in bench.get("/query", params={"query": EFFORTS, "_explain": "1"}).text


def test_a_question_of_the_library(bench: TestClient) -> None:
    form = bench.get("/query/outline").text
    assert 'name="note" value=""' in form and "data-names" in form and "rows</strong>" not in form
    page = bench.get("/query/outline", params={"note": "Plan"}).text
    assert rows(page)[1][:3] == ["1", "1", "Goals"]
    missing = bench.get("/query/outline", params={"note": '"><script>x</script>'})
    assert "<script>x" not in missing.text and 'value="&#34;&gt;&lt;script&gt;x' in missing.text
    assert bench.get("/query/nope").status_code == 404 and "nope" in bench.get("/query/nope").text
    assert '<option value="Outcome">' in bench.get("/query/things").text


@pytest.mark.parametrize("parameter", ["query", "_explain"])
def test_nothing_of_a_query_becomes_part_of_the_page(bench: TestClient, parameter: str) -> None:
    hostile = "</textarea><script>alert(1)</script>\"'<img src=x onerror=alert(1)>"
    page = bench.get("/query", params={"query": "ASK {}", parameter: hostile}).text
    assert "<script>alert" not in page and "<img" not in page
    text = 'SELECT ("<script>alert(1)</script>" AS ?x) (5 AS ?y) { VALUES ?z { 1 2 } }'
    page = bench.get("/query", params={"query": text}).text
    assert "<script>alert" not in page and rows(page)[1] == ["<script>alert(1)</script>", "5"]


def test_the_vocabulary(bench: TestClient) -> None:
    answer = bench.get("/api/vocabulary")
    assert {row["written"]: row["uses"] for row in answer.json()["classes"]}["kg:Outcome"] == 3
    assert bench.get("/api/vocabulary", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert bench.get("/api/names", params={"q": "guid"}).json()["names"][0]["written"] == "n:Guided%20setup"


def test_a_table_sorts_and_filters_by_links_and_forms(bench: TestClient) -> None:
    page = bench.get("/table", params={"class": "Outcome", "sort": "-effort"}).text
    assert [row[0] for row in rows(page)] == ["name", "Fast start", "Calm nights", "Few calls"]
    assert re.search(r'aria-sort="descending"><a href="/table\?class=Outcome">effort', page)
    assert 'href="/table?class=Outcome&amp;sort=owner"' in page
    form = {"class": "Outcome", "sort": "effort", "where": "owner", "column": "effort", "sign": ">=", "value": "8"}
    answer = bench.get("/table", params=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/table?class=Outcome&sort=effort&where=owner&where=effort%3E%3D8"
    page = bench.get(answer.headers["location"]).text
    assert [row[0] for row in rows(page)] == ["name", "Fast start"] and "effort at least 8" in page
    assert 'href="/table?class=Outcome&amp;sort=effort&amp;where=owner"' in page


def test_a_table_in_other_formats(bench: TestClient) -> None:
    parameters = {"class": "Outcome", "columns": "effort,owner", "sort": "effort", "format": "csv"}
    answer = bench.get("/table", params=parameters)
    assert answer.text.splitlines()[0] == "entity,label,effort,owner" and ",Few calls,5,Bea" in answer.text
    assert answer.headers["Content-Disposition"] == 'attachment; filename="table.csv"'
    assert bench.get("/table", params={**parameters, "format": "exe"}).status_code == 400


@pytest.mark.parametrize(("parameters", "status"), [
    ({"class": "Nope"}, 404),
    ({"class": "Outcome", "columns": "<script>"}, 404),
    ({"where": "="}, 400),
    ({"columns": ",".join(map(str, range(40)))}, 400),
    ({"page": "9" * 30}, 200),
    ({"class": "Outcome", "where": "name~<script>"}, 200),
])  # fmt: skip
def test_tables_that_cannot_be(bench: TestClient, parameters: dict[str, str], status: int) -> None:
    page = bench.get("/table", params=parameters)
    assert page.status_code == status and "<script>" not in page.text.replace("<script src", "")


def test_every_page_leads_to_the_workbench(bench: TestClient) -> None:
    assert '<a href="/query">Questions</a>' in bench.get("/").text
    sent = bench.get("/sparql", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/query")


def test_the_files_are_those_that_were_built() -> None:
    lines = [line.split("  ") for line in (WEB / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    assert {name for _, name in lines} == {file.name for file in WEB.iterdir()} - {"SHA256SUMS"}
    for digest, name in lines:
        assert sha256((WEB / name).read_bytes()).hexdigest() == digest, f"{name}: cd web && npm ci && node build.mjs"
    for name in ("@codemirror/view", "codemirror-lang-sparql", "style-mod"):
        assert f"---- {name} " in (WEB / "LICENSES.txt").read_text(encoding="utf-8")
