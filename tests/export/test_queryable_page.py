"""kg export -f html --queryable: in a browser with the network off, the page answers what `kg query` answers."""

import json
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyoxigraph as ox
import pytest

import kg
from helpers.browsing import browsed, is_faultless
from helpers.company import Company, questions
from helpers.exporting import SCRIPTS, VAULT
from helpers.vaults import NOTES, ROOT, ingest, write_vault
from kg.config import Config, load
from kg.core.errors import KgError
from kg.export.selection import Choice, export
from kg.export.web_page import html
from kg.fulltext.searcher import search
from kg.rdf.vocabulary import LABELS
from kg.sparql.competency_cases import find_cases, header
from kg.sparql.parameters import Binder, Parameter, Term
from kg.store.project import Project

pytestmark = pytest.mark.system


class Asked(NamedTuple):
    """A text, and its parameters as terms."""

    text: str
    params: Mapping[str, str | Term]


def page_of(config: Config, file: Path) -> Path:
    """The page of a store."""
    made = export(Project.open(config), Choice(), "notes", config.vault)
    with file.open("wb") as out:
        html(replace(made, queryable=True), out)
    return file


def told(page: Path, **cases: Any) -> dict[str, Any]:
    """What a page answers in a browser; pictures go into the folder KG_PICTURES."""
    file = page.with_suffix(".json")
    file.write_text(json.dumps(cases))
    said = browsed("ask", page, str(file), *filter(None, [os.environ.get("KG_PICTURES")]))
    is_faultless(said)
    return said


def term_of(binding: dict[str, str] | None) -> Term | None:
    """A term of SPARQL's results in JSON."""
    if binding is None:
        return None
    if binding["type"] == "uri":
        return ox.NamedNode(binding["value"])
    if language := binding.get("xml:lang"):
        return ox.Literal(binding["value"], language=language)
    kind = binding.get("datatype", "http://www.w3.org/2001/XMLSchema#string")
    return ox.Literal(binding["value"], datatype=ox.NamedNode(kind))


def same(store: kg.Store, asked: Asked, said: dict[str, Any]) -> None:
    """The page's answer is that of the store: the same variables, the same terms, in the same order."""
    assert "answer" in said, said
    here, there = kg.query(store, asked.text, asked.params), said["answer"]
    if here.kind == "ask":
        assert there["boolean"] == here.boolean
    elif here.kind == "graph":
        assert {tuple(map(term_of, row)) for row in there["triples"]} == {tuple(row) for row in here.triples()}
    else:
        assert there["variables"] == list(here.variables)
        assert [tuple(map(term_of, row)) for row in there["rows"]] == [tuple(row) for row in here.terms()]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The settings of a store of notes/."""
    store = ingest(NOTES, tmp_path_factory.mktemp("notes") / "store").store
    return replace(load(NOTES, cwd=NOTES, store=store.path), queries=ROOT / "queries")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The settings of a store of a company's notes."""
    base = tmp_path_factory.mktemp("company")
    store = ingest(Company(350).write(base / "vault"), base / "store").store
    return replace(load(base / "vault", store=store.path), queries=ROOT / "queries")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The settings of a store of notes whose names and texts have all that some format chokes on."""
    base = tmp_path_factory.mktemp("hostile")
    odd = {f"{name}.md": f"# {name} ##\n- {name}\n" for name in ODD}
    crlf = "---\r\naliases: [Ünïcödé, C++, C#]\r\n---\r\nOne customer\r\n\r\n# Two\r\na C# and C++ team, not c\r\n"
    vault = write_vault(
        base / "vault", {**VAULT, **SCRIPTS, **odd, "folder/crlf.md": crlf, "folder/B.md": "[[B#One]]\n"}
    )
    store = ingest(vault, base / "store").store
    return replace(load(vault, store=store.path), queries=ROOT / "queries")


ODD = (
    "ﬁne",
    "ＷＩＤＥ",
    "Straße",
    "ΣΊΣΥΦΟΣ",
    "Łódź",
    "ｶﾞｷﾞ",
    "हिन्दी",
    "a%20b",
    "100%",
    "(x) 'y' & z",
    "ǅ",
    "İstanbul",
    "नि",
    "か゚",
    "🧠🧠",
)


def of_notes(config: Config) -> Iterator[tuple[str, Mapping[str, str], Asked]]:
    """The library with the values of its competency questions."""
    for case in find_cases(config, [ROOT / "queries" / "tests"]):
        yield case.source, case.params, Asked(case.text, Binder(config).bind(header(case).params, case.params))


def of_company(config: Config) -> Iterator[tuple[str, Mapping[str, str], Asked]]:
    """The library with values that a company's notes have."""
    for query, given, params in questions(config):
        yield query.name, given, Asked(query.text, params)


TEXTS = (
    "SELECT * { ?thing kg:linksTo ?other ; skos:prefLabel ?label } ORDER BY ?thing ?other ?label",
    "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o",
    "ASK { ?s a kg:Concept }",
    "ASK { ?s a kg:Nothing }",
    "CONSTRUCT { ?b kg:linksTo ?a } WHERE { ?a kg:linksTo ?b }",
    "DESCRIBE ?note { ?note a kg:Outcome }",
    'SELECT ?note ?score { ?note a kg:Concept BIND(kg:textScore(?note, "customer value") AS ?score) '
    "FILTER(BOUND(?score)) } ORDER BY DESC(?score) ?note",
    'SELECT ?thing (<https://w3id.org/concept-notes#textContext>(?thing, "test OR small") AS ?line) '
    '{ ?thing ?p ?o FILTER(kg:textScore(?thing, "test OR small") > 1 + 1 - 1.5) } GROUP BY ?thing ORDER BY ?thing',
)
"""What people may ask: the order of columns, named graphs, all of the default graph, graphs as answers, full text."""


@pytest.mark.parametrize("vault", ["notes", "company"])
def test_the_whole_library_is_answered_as_here(vault: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    config: Config = request.getfixturevalue(vault)
    cases = [*(of_notes if vault == "notes" else of_company)(config)]
    asked = [{"name": name, "values": dict(given)} for name, given, _ in cases]
    said = told(page_of(config, tmp_path / "page.html"), questions=asked, texts=[{"text": text} for text in TEXTS])
    assert len({name for name, _, _ in cases}) >= 47
    store = kg.Store(config.store)
    for (name, given, here), there in zip(cases, said["questions"], strict=True):
        try:
            same(store, here, there)
        except AssertionError as error:
            raise AssertionError(f"{name} {dict(given)}") from error
    for text, there in zip(TEXTS, said["texts"], strict=True):
        same(store, Asked(text, {}), there)


NOTES_NAMES = (
    "Discovery & Delivery", "discovery & delivery", "[[Discovery & Delivery|so]]", "Concepts/Build trap", "build trap.md", "Build trap#Signs",
    "build trap#signs", "#product/discovery", "n:Concepts/Build%20trap", "<https://notes.example/Concepts/Build%20trap>", "Teresa Torres", "BUILD-TRAP",
    "Concept", "confidence", "no such thing", "",
)  # fmt: skip
VALUES = {
    "text": ('a "quoted"\ttext\nwith \\ and é', ""),
    "iri": ("kg:Concept", "https://a.example/b", "<https://a.example/b>", "nothing", "<a b>"),
    "class": ("Outcome", "outcomes", "Tag", "kg:Task", "skos:Concept", "no such class"),
    "property": ("confidence", "author", "Reading status", "kg:linksTo", "a", "no such property", "Has Outcome"),
    "integer": ("7", "-7", "+7", "9223372036854775808", "x", "1.0"),
    "number": ("7", "1.5", "1e3", ".5", "5.", "x"),
    "decimal": ("1.50",),
    "boolean": ("yes", "No", "1", "maybe"),
    "date": ("2026-01-31", "2026-02-30", "0001-01-01", "9999-12-31", "today", "31.1.2026"),
    "dateTime": ("2026-01-31T09:30", "2026-01-31T09:30:00.5Z", "2026-01-31T25:00", "2026-01-31T09:30+02:00", "x"),
}
"""Values of each type of parameter, right and wrong."""


def meant(binder: Binder, kind: str, value: str) -> str | None:
    """What kg takes a value for, as N-Triples writes it; None if it refuses it."""
    try:
        return str(binder.term(Parameter("x", kind), value))
    except KgError:
        return None


@pytest.mark.parametrize("vault", ["notes", "company", "hostile"])
def test_values_mean_what_they_mean_here(vault: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Of things all names that kg prints, too."""
    config: Config = request.getfixturevalue(vault)
    project = Project.open(config)
    subjects = {quad.subject for quad in project.store.triples(None, LABELS[0], None)}
    nodes = sorted((node for node in subjects if isinstance(node, ox.NamedNode)), key=str)
    names = [name for node in nodes[:: len(nodes) // 150 or 1] for name in (project.lookup.things.name(node),)]
    names += [*ODD, *map(str.lower, ODD), *(f"{name}#{name}" for name in ODD)]
    names += [label.upper() for label in names[:20]] + [f"[[{label}]]" for label in names[:20]]
    cases = [("note", value) for value in (*NOTES_NAMES, *names)]
    cases += [(kind, value) for kind, values in VALUES.items() for value in values]
    asked = [{"parameter": {"name": "x", "type": kind, "means": ""}, "value": value} for kind, value in cases]
    said = told(page_of(config, tmp_path / "page.html"), terms=asked)["terms"]
    binder = Binder(config)
    wrong = [
        (kind, value, here, there)
        for (kind, value), there in zip(cases, said, strict=True)
        if not same_term(here := meant(binder, kind, value), there.get("answer"))
    ]
    assert wrong == []


def same_term(here: str | None, there: str | None) -> bool:
    """Whether two texts in N-Triples are one term, however they are escaped."""
    if here is None or there is None:
        return here is there
    read = [next(ox.parse(f"<a:b> <a:b> {text} .", ox.RdfFormat.N_TRIPLES)).object for text in (here, there)]
    return bool(read[0] == read[1])


SEARCHES = (
    "customer", '"customer value"', "custom*", "value OR week", "customer -week", "(team OR queue) learns", "tag:#lean", "tag:lean customer",
    "path:outcomes week", "file:11 value", "CAFÉ", "cafe", "漢字", "naïve draft", "Concept 11", "no such word", "→", "C++", "c#", "c", "wide", "fine", "strasse", "lodz", "σισυφοσ", "ガギ", "istanbul", "हिन्दी", "🧠", "alert", '"small test" OR revenue*',
)  # fmt: skip


@pytest.mark.parametrize("vault", ["notes", "company", "hostile"])
def test_the_search_finds_what_it_finds_here(vault: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The same sections in the same order, with the same scores, and the same lines."""
    config: Config = request.getfixturevalue(vault)
    said = told(
        page_of(config, tmp_path / "page.html"), searches=[{"text": text, "limit": 50, "each": 3} for text in SEARCHES]
    )["searches"]
    store = kg.Store(config.store)
    for text, there in zip(SEARCHES, said, strict=True):
        answer = there["answer"]
        if answer["notes"] is None:
            with pytest.raises(KgError):
                search(store, text, config=config)
            continue
        here = search(store, text, config=config, limit=1_000, each=3)
        assert answer["count"] == here.notes, text
        rows = [(hit["iri"], round(hit["score"], 9), hit["line"]) for note in answer["notes"] for hit in note["hits"]]
        assert rows == [(hit.thing, round(hit.score, 9), hit.line) for hit in here.hits][: len(rows)], text


def test_people_ask_by_keys_and_clicks(company: Config, tmp_path: Path) -> None:
    said = told(page_of(company, tmp_path / "page.html"), ui="Concept 11")
    assert said["said"].endswith("ms") and f"{said['rows']} rows" in said["said"]
    assert said["ascending"] != said["descending"] and said["selected"]
    assert said["picked"] and said["unpicked"]
    assert said["focused"] == "ask-field-note" and "Concept 11" in said["completed"] and said["outline"] >= 3
    assert said["files"] > 0  # a path names the thing that its note describes
    assert said["unknown"] == "note: no note or thing is named “no such thing”"
    assert said["refused"].startswith("Line 2, column 12: the prefix “foo:” is not known")
    graph = list(ox.parse(said["turtle"], ox.RdfFormat.TURTLE))
    assert len(graph) == 30 and {str(quad.predicate) for quad in graph} == {"<https://w3id.org/concept-notes#linksTo>"}
    assert said["stopped"] == "stopped" and said["verdict"] == "Yes"
    assert said["hits"] == 50 and said["closed"]


def test_mistakes_are_told_with_their_places(notes: Config, tmp_path: Path) -> None:
    deep = "SELECT ?x { " + "{" * 5000 + "}" * 5000 + " }"
    cases = {
        "SELECT ?x {\n  ?x a kg:Concept": "this “{” is never closed",
        "SELECT ?x { ?x a kg:Concept }}": "this “}” closes nothing",
        'SELECT ?x { ?x skos:prefLabel "Lean }': "this text in quotes is never closed",
        "SELECT ?x { SERVICE <https://a.example/> { ?x ?y ?z } }": "SERVICE asks another server",
        "INSERT DATA { <a:b> <a:b> <a:b> }": "INSERT would change the graph",
        "": "the query is empty",
        "SELECT ?x ?y { ?x a ?z } GROUP BY ?x": "The SELECT contains a variable",
        'SELECT (kg:textScore(?x, ?x) AS ?y) { ?x a kg:Concept }': "in this page, kg:textScore needs its words in quotes",
        deep: "more than 200 nested brackets",
        "SELECT (1 - 0 - 1 AS ?x) (8 / 4 / 2 AS ?y) {}": "",
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }": "stopped after 1 seconds",
    }  # fmt: skip
    said = told(page_of(notes, tmp_path / "page.html"), texts=[{"text": text, "seconds": 1} for text in cases])["texts"]
    for (text, wanted), there in zip(cases.items(), said, strict=True):
        assert there.get("error", "").startswith(wanted), (text[:60], there)
    assert (said[0]["line"], said[0]["column"]) == (1, 11)
    assert [term["value"] for term in said[-2]["answer"]["rows"][0]] == ["0", "1"]


def expression(chance: random.Random, depth: int = 0) -> str:
    """Arithmetic with chains of operators, brackets, signs and functions, with or without spaces.

    On doubles: Oxigraph for browsers (0.5.11) has no value for products of decimals with very many digits.
    """
    parts = []
    for _ in range(chance.randrange(1, 5)):
        inner = expression(chance, depth + 1) if depth < 2 else "1e0"
        kinds = ["2e0", "5e-1", "?v", "-?v", f"({inner})", f"ABS({inner})", f"IF(?v > 1 - 2 - 3, {inner}, 4e0)", "3e0"]
        parts += [chance.choice(kinds), chance.choice([" + ", " - ", " * ", " / ", "-", "*", "/"])]
    return "".join(parts[:-1])


def test_sums_and_products_go_from_left_to_right(notes: Config, tmp_path: Path) -> None:
    """In texts with paths, sets, aggregates and texts in quotes around them, which must stay."""
    chance = random.Random(5)
    texts = [
        f"SELECT ?v (SUM({expression(chance)}) AS ?sum) {{ ?x kg:linksTo/skos:prefLabel|skos:prefLabel+ ?y . VALUES ?v {{ 1e0 2e0 7.5e0 }} "
        f'BIND({expression(chance)} AS ?w) FILTER(STRLEN(?y) - 1 - 2 > {expression(chance)} || ?y != "1 - 2 - 3" && '
        f"EXISTS {{ ?x kg:linksTo/^kg:linksTo/kg:linksTo ?z }}) }} GROUP BY ?v HAVING (COUNT(*) - 1 - 1 > 0) ORDER BY ?v"
        for _ in range(60)
    ]  # fmt: skip
    said = told(page_of(notes, tmp_path / "page.html"), texts=[{"text": text} for text in texts])["texts"]
    store = kg.Store(notes.store)
    for text, there in zip(texts, said, strict=True):
        here = [tuple(row) for row in kg.query(store, text).terms()]
        rows = [tuple(map(term_of, row)) for row in there["answer"]["rows"]]
        assert [[*map(rounded, row)] for row in rows] == [[*map(rounded, row)] for row in here], text


def rounded(term: Term | None) -> object:
    """A number to ten digits: the order of a sum decides its last digits."""
    return f"{float(term.value):.10g}" if isinstance(term, ox.Literal) else term


def test_five_thousand_things_are_answered(tmp_path: Path) -> None:
    store = ingest(Company(2_600).write(tmp_path / "vault"), tmp_path / "store").store
    page = page_of(load(tmp_path / "vault", store=store.path), tmp_path / "page.html")
    said = told(page, texts=[{"text": TEXTS[2]}])
    assert said["things"] >= 5_000  # benchmarks/page.py takes the time
    same(store, Asked(TEXTS[2], {}), said["texts"][0])
