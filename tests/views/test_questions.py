"""Answers as a reader sees them: rows, counts, charts, networks, hints; the library's forms; the vocabulary."""

import pyoxigraph as ox
import pytest

import kg
from helpers.outcomes import OUTCOMES
from helpers.vaults import write_vault
from kg.config import load
from kg.core.errors import NotFound, QuerySyntaxError
from kg.rdf.sparql_syntax import in_query
from kg.store.store import Published
from kg.views import questions
from kg.views.open_vault import OpenVault
from kg.views.questions import AnswerView, PosedQuestion, answer_view, explained, library_groups, library_question
from kg.views.vocabulary import vocabulary


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> OpenVault:
    folder = write_vault(tmp_path_factory.mktemp("questions") / "vault", OUTCOMES)
    kg.ingest(folder)
    config = load(folder)
    return OpenVault(config, Published(config.store))


def asked(vault: OpenVault, text: str) -> AnswerView:
    return answer_view(vault, PosedQuestion(text))


EFFORTS = "SELECT ?outcome ?effort { ?outcome a kg:Outcome ; p:effort ?effort } ORDER BY ?effort"


def test_rows_have_names_and_a_chart(vault: OpenVault) -> None:
    view = asked(vault, EFFORTS)
    assert view.columns == ("outcome", "effort") and view.total == 3 and view.is_counted and view.hints == ()
    assert [cell and (cell.text, cell.kind) for cell in view.rows[0]] == [("Few calls", "Outcome"), ("5", "")]
    assert view.chart and (view.chart.label, view.chart.measure, view.chart.greatest) == ("outcome", "effort", 13)
    assert [(bar.label.text, bar.amount) for bar in view.chart.bars][-1] == ("Fast start", 13)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?outcome { ?outcome a kg:Outcome }",
        f"{EFFORTS} LIMIT 1",
        "SELECT ?outcome ?n { ?outcome a kg:Outcome BIND(-1 AS ?n) }",
        "SELECT ?outcome ?n { ?outcome a kg:Outcome OPTIONAL { ?outcome p:nothing ?n } }",
        'SELECT ?outcome ?n { ?outcome a kg:Outcome BIND("INF"^^xsd:double AS ?n) }',
    ],
)
def test_no_chart(vault: OpenVault, text: str) -> None:
    assert asked(vault, text).chart is None


def test_the_network_has_the_links_between_the_things(vault: OpenVault) -> None:
    network = asked(vault, "SELECT ?thing { ?thing a ?class VALUES ?class { kg:Outcome kg:Output } }").network
    assert network
    names = [thing.text for thing in network.things]
    links = {(names[row.source], names[row.target]): row.properties for row in network.links}
    assert "achieved through" in links["Fast start", "Guided setup"]
    assert ("Fast start", "Help pages") not in links
    graph = asked(vault, "CONSTRUCT { ?o kg:contributesTo ?x } WHERE { ?x kg:achievedThrough ?o }")
    assert graph.kind == "graph" and graph.network
    assert {row.properties for row in graph.network.links} == {("contributes to",)}
    assert asked(vault, EFFORTS).network is None


def test_more_rows_than_are_shown_are_counted(vault: OpenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "SOME", 2)
    view = asked(vault, EFFORTS)
    assert len(view.rows) == 2 and view.total == 3 and view.is_counted
    monkeypatch.setattr(questions, "_COUNTED", 1)
    view = asked(vault, "SELECT * { ?s ?p ?o }")
    assert view.total == 3 and not view.is_counted


def test_yes_and_no(vault: OpenVault) -> None:
    assert asked(vault, "ASK { ?x a kg:Outcome }").is_yes
    assert not asked(vault, "ASK { ?x a kg:Risk }").is_yes


def test_hints(vault: OpenVault) -> None:
    assert asked(vault, "SELECT * { ?x a kg:Outcom }").hints == ("kg:Outcom occurs nowhere; did you mean kg:Outcome?",)
    (hint,) = asked(vault, "SELECT * { ?x a kg:Outcome ; p:effort 14 }").hints
    assert "14" in hint


def test_a_mistake_has_its_place(vault: OpenVault) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        asked(vault, "SELECT * {\n  ?x nope:y ?z }")
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_a_query_of_dataview(vault: OpenVault) -> None:
    view = asked(vault, "TABLE effort WHERE effort > 6 SORT effort DESC")
    assert view.columns == ("entity", "effort") and view.bound == ""
    assert [row[1] and row[1].text for row in view.rows] == ["13", "8"]


def test_the_library(vault: OpenVault) -> None:
    assert "outline" in [row.name for group in library_groups(vault) for row in group.queries]
    posed = library_question(vault, "outline", {"note": " ", "other": "x"})
    assert [(field.parameter.name, field.value, field.is_required) for field in posed.fields] == [("note", "", True)]
    assert not posed.is_complete
    view = answer_view(vault, library_question(vault, "outline", {"note": "Plan"}))
    assert [cell and cell.text for cell in view.rows[0]][:3] == ["1", "1", "Goals"]
    assert "n:Plan" in view.bound or "/Plan>" in view.bound
    with pytest.raises(NotFound):
        answer_view(vault, library_question(vault, "outline", {"note": "Nope"}))
    with pytest.raises(NotFound):
        library_question(vault, "nope", {})


def test_explained(vault: OpenVault) -> None:
    assert "p:effort" in explained(vault, PosedQuestion(EFFORTS))


def test_the_vocabulary(vault: OpenVault) -> None:
    words = vocabulary(vault)
    classes = {row.written: row for row in words.classes}
    assert classes["kg:Outcome"].uses == 3 and classes["kg:Outcome"].label == "Outcome"
    properties = {row.written: row for row in words.properties}
    assert properties["p:effort"].of["kg:Outcome"] == 3 and "kg:Concept" not in properties["p:effort"].of
    assert "kg:Output" in properties["kg:achievedThrough"].to and properties["rdf:type"].uses
    assert words.prefixes["n"].startswith("https://")


@pytest.mark.parametrize(
    "local", ["a/b", "a'(x)", "-a", "a.", "é%20b", "x~y", "a×b", "😀", "#tag/x", "a,b;c", "", "1a", "a-b.c", "x&y=z!"]
)
def test_an_iri_as_a_query_writes_it(local: str) -> None:
    iri = f"https://notes.example/{local}"
    written = in_query(iri, {"n": "https://notes.example/"})
    rows = ox.Store().query(f"SELECT ?x {{ BIND({written} AS ?x) }}", prefixes={"n": "https://notes.example/"})
    assert isinstance(rows, ox.QuerySolutions)
    assert [row[0] for row in rows] == [ox.NamedNode(iri)]


def test_an_iri_without_a_prefix() -> None:
    assert in_query("https://x.example/a", {}) == "<https://x.example/a>"


@pytest.mark.slow
def test_counting_ends(vault: OpenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "SOME", 1)
    monkeypatch.setattr(questions, "_PATIENCE", -1.0)
    view = asked(vault, "SELECT * { ?a ?b ?c . ?d ?e ?f }")
    assert view.total == 1_001 and not view.is_counted
