"""Servers that people push to: after a push each has what the store has, and answers the whole library as the store."""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pytest

import kg
from helpers.company import Company, questions
from helpers.serving import Request, oxigraph, serving, virtuoso
from helpers.vaults import NOTES, ROOT, ingest
from kg.config import Config, load
from kg.remote import dialects
from kg.remote import endpoint as remote
from kg.remote import http_exchange as exchange
from kg.remote import push as pushing
from kg.remote.default_graph import graphs_by_variables, within
from kg.remote.endpoint import Endpoint
from kg.remote.push import Pushed, push
from kg.sparql.answer import Answer
from kg.sparql.competency_cases import Case, find_cases, header
from kg.sparql.library import library
from kg.sparql.parameters import Binder, Term

CONFIG = replace(load(NOTES, cwd=NOTES), queries=ROOT / "queries")
CASES = find_cases(CONFIG, [ROOT / "queries" / "tests"])
BASE = "https://notes.example/"


SERVERS = ["oxigraph", "union", pytest.param("virtuoso", marks=pytest.mark.system)]
"""Oxigraph, Oxigraph whose default graph is all its graphs, and Virtuoso."""


class Server(NamedTuple):
    """A server to which notes/ were pushed."""

    url: str
    pushed: Pushed

    def query(self, text: str, prefixes: Mapping[str, str], params: Mapping[str, str | Term] | None = None) -> Answer:
        """What it answers, meaning the default graph as the store does."""
        default = self.pushed.default_graph
        return remote.query(self.url, text, prefixes, params, 60, dataset=remote.Dataset(standing_for_default=default))


def bring(store: kg.Store, url: str, *, full: bool = False) -> Pushed:
    return push(store, Endpoint.at(url, seconds=300), full=full)


@contextmanager
def started(name: str, folder: Path, *, rows: int = 10_000) -> Iterator[str]:
    """A server with nothing in it, and the environment that lets one write to it; of Virtuoso the `rows` it gives."""
    kinds: dict[str, Callable[[], AbstractContextManager[str]]] = {
        "oxigraph": oxigraph,
        "union": lambda: oxigraph("--union-default-graph"),
        "virtuoso": lambda: virtuoso(folder, rows=rows),
    }
    with kinds[name]() as url, pytest.MonkeyPatch.context() as patch:
        for what in ("USER", "PASSWORD", "TOKEN"):
            patch.delenv(f"KG_ENDPOINT_{what}", raising=False)
        if name == "virtuoso":
            patch.setenv("KG_ENDPOINT_USER", "dba")
            patch.setenv("KG_ENDPOINT_PASSWORD", "dba")
        yield url


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, notes_store: kg.Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Each server, with notes/."""
    with started(request.param, tmp_path_factory.mktemp(request.param)) as url:
        yield Server(url, bring(notes_store, url))


def test_every_query_of_the_library_is_asked() -> None:
    assert {case.source for case in CASES} == set(library(CONFIG))
    assert len(library(CONFIG)) == 47


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.line}")
def test_the_library_is_answered_as_here(notes_store: kg.Store, server: Server, case: Case) -> None:
    """With the parameters of its competency questions, and in the same order."""
    params = Binder(replace(CONFIG, store=notes_store.path)).bind(header(case).params, case.params)
    here = kg.query(notes_store, case.text, params)
    there = server.query(case.text, notes_store.prefixes, params)
    assert here.variables == there.variables
    assert list(here.terms()) == list(there.terms())


class Large(NamedTuple):
    """A server to which the notes of a company were pushed, and the store that they come from."""

    store: kg.Store
    config: Config
    server: Server


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("oxigraph", marks=pytest.mark.slow),
        pytest.param("union", marks=pytest.mark.slow),
        pytest.param("virtuoso", marks=pytest.mark.system),
    ],
)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    """Each server, with two thousand notes: Virtuoso's plans, and so its mistakes, are others than for a few."""
    base = tmp_path_factory.mktemp(f"company-{request.param}")
    store = ingest(Company(2000).write(base / "vault"), base / "store").store
    config = replace(load(base / "vault", store=store.path), queries=ROOT / "queries")
    with started(request.param, base, rows=100_000) as url:
        yield Large(store, config, Server(url, bring(store, url)))


@pytest.mark.parametrize("name", sorted(library(CONFIG)))
def test_the_library_is_answered_as_here_over_many_notes(large: Large, name: str) -> None:
    asked = [one for one in questions(large.config) if one.query.name == name]
    for query, given, params in asked:
        here = kg.query(large.store, query.text, params)
        there = large.server.query(query.text, large.store.prefixes, params)
        assert list(here.terms()) == list(there.terms()), given


@pytest.mark.slow
def test_all_of_the_library_has_something_to_answer_there(tmp_path: Path) -> None:
    """So that an equal answer says something."""
    store = ingest(Company(400).write(tmp_path / "vault"), tmp_path / "store").store
    config = replace(load(tmp_path / "vault", store=store.path), queries=ROOT / "queries")
    answered = {
        one.query.name for one in questions(config) if list(kg.query(store, one.query.text, one.params).terms())
    }
    assert answered == set(library(config))


FORMS = [
    "ASK { ?o kg:achievedThrough ?p }",
    "ASK { ?o a n:Nothing }",
    "ASK { GRAPH kg:ontology { kg:Concept a owl:Class } }",
    "CONSTRUCT { ?o kg:contributesTo ?c } WHERE { ?o kg:contributesTo ?c }",
    "CONSTRUCT WHERE { ?a kg:linksTo ?b }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT (COUNT(*) AS ?n) { GRAPH kg:ontology { ?s ?p ?o } }",
    "SELECT ?date { ?s ?p ?date FILTER(DATATYPE(?date) = xsd:date && ?date < '2026-01-01'^^xsd:date) } ORDER BY ?date",
]


@pytest.mark.parametrize("text", FORMS)
def test_every_form_is_answered_as_here(notes_store: kg.Store, server: Server, text: str) -> None:
    here = kg.query(notes_store, text)
    there = server.query(text, notes_store.prefixes)
    assert here.kind == there.kind
    if here.kind == "ask":
        assert here.boolean == there.boolean
    elif here.kind == "graph":
        assert set(here.triples()) == set(there.triples()) != set()
    else:
        assert list(here.terms()) == list(there.terms()) != []


BOUND = [
    "SELECT ?c { { ?c kg:linksTo ?x FILTER(?x = ?it) } UNION { ?c kg:describes ?x FILTER(?x = ?it) } } ORDER BY ?c",
    "SELECT ?c { ?c a kg:Concept MINUS { ?c kg:linksTo ?x FILTER(?x = ?it) } } ORDER BY ?c",
    "SELECT ?c { { SELECT DISTINCT ?c { ?c kg:linksTo ?it } } } ORDER BY ?c",
    "SELECT ?c { { ?c a kg:Concept FILTER NOT EXISTS { ?c kg:linksTo ?it } } } ORDER BY ?c",
    "SELECT ?c ?n { ?c a kg:Concept OPTIONAL { { ?n kg:describes ?c FILTER(?c = ?it) } } } ORDER BY ?c",
    "CONSTRUCT WHERE { ?c kg:linksTo ?it }",
]


@pytest.mark.parametrize("text", BOUND)
def test_a_parameter_reaches_every_group_as_here(notes_store: kg.Store, server: Server, text: str) -> None:
    params = {"it": ox.NamedNode("https://notes.example/Concepts/Revenue")}
    here, there = kg.query(notes_store, text, params), server.query(text, notes_store.prefixes, params)
    if here.kind == "graph":
        assert set(here.triples()) == set(there.triples()) != set()
    else:
        assert list(here.terms()) == list(there.terms()) != []


def test_all_arrived(notes_store: kg.Store, server: Server) -> None:
    done = server.pushed
    assert len(done.changed) == done.graphs == 41
    assert (done.inserted, done.deleted, done.mended, done.unequal) == (done.triples, 0, 0, ())
    again = bring(notes_store, server.url)
    assert (again.changed, again.gone, again.requests) == ((), (), 1)
    assert not bring(notes_store, server.url, full=True).inserted


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.sample(1)
def test_only_what_was_edited_travels(name: str, write: Callable[[dict[str, str]], Path], tmp_path: Path) -> None:
    texts = {f"{n}.md": f"# Outcomes\nNumber {n} “é漢😀”\n# Outputs\n- [[{n + 1}]]\n" for n in range(30)}
    store = ingest(write(texts), tmp_path / "store").store
    folder = tmp_path / "server"
    folder.mkdir()
    with started(name, folder) as url:
        done = bring(store, url)
        assert len(done.changed) == 32
        assert quads(url, done) == wanted(store, done)

        store = ingest(write({"7.md": texts["7.md"] + "\nMore.\n"}), tmp_path / "store").store
        done = bring(store, url)
        assert done.changed == (f"{BASE}7.md",)
        assert 0 < done.inserted < 10
        assert quads(url, done) == wanted(store, done)

        (tmp_path / "vault" / "8.md").unlink()
        store = ingest(tmp_path / "vault", tmp_path / "store").store
        done = bring(store, url)
        assert (done.gone, done.mended, done.unequal) == ((f"{BASE}8.md",), 0, ())
        assert quads(url, done) == wanted(store, done)
        assert not bring(store, url).changed


@pytest.mark.system
def test_virtuoso_takes_nothing_from_anybody_unnamed(
    notes_store: kg.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started("virtuoso", tmp_path) as url:
        monkeypatch.setenv("KG_ENDPOINT_PASSWORD", "wrong")
        with pytest.raises(kg.KgError, match="does not accept the user or token of KG_ENDPOINT_…"):
            bring(notes_store, url)
        monkeypatch.delenv("KG_ENDPOINT_USER")
        with pytest.raises(kg.KgError, match="does not accept requests without credentials"):
            bring(notes_store, url)
        with pytest.raises(kg.KgError, match=r"failed with 500: .*No permission"):
            bring(notes_store, url.removesuffix("-auth"))


@pytest.mark.system
def test_a_push_to_virtuoso_that_fails_anywhere_goes_on_where_it_was(
    notes_store: kg.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With requests so small that there are many, and graphs of many triples are brought in pieces."""
    monkeypatch.setattr(pushing, "VIRTUOSO", dialects.VIRTUOSO._replace(statements=200))
    real, at = Endpoint.update, 0

    def failing(self: Endpoint, text: str) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise kg.KgError("cut off")
        return real(self, text)

    monkeypatch.setattr(Endpoint, "update", failing)
    with started("virtuoso", tmp_path) as url:
        for at in range(1, 200, 7):
            left = [at]
            try:
                done = bring(notes_store, url)
                break
            except kg.KgError as error:
                assert str(error) == "cut off"
        assert at > 8
        assert (done.mended, done.unequal) == (0, ())
        assert quads(url, done) == wanted(notes_store, done)


@pytest.mark.system
@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.7])
def test_a_push_to_virtuoso_that_is_killed_meanwhile_goes_on_where_it_was(
    notes_store: kg.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(pushing, "VIRTUOSO", dialects.VIRTUOSO._replace(statements=100))
    monkeypatch.setattr(exchange, "PATIENCE", 1.0)
    with started("virtuoso", tmp_path) as url:
        (process,) = re.findall(r"VIRT_PID=(\d+)", (tmp_path / "virtuoso.lck").read_text())
        timer = threading.Timer(seconds, os.kill, (int(process), signal.SIGKILL))
        timer.start()
        with pytest.raises(kg.KgError, match=r"cannot be reached|did not answer"):
            while True:
                push(notes_store, Endpoint.at(url))
        timer.join()
    (tmp_path / "virtuoso.lck").unlink()
    with started("virtuoso", tmp_path) as url:
        done = bring(notes_store, url)
        assert (done.mended, done.unequal) == (0, ())
        assert quads(url, done) == wanted(notes_store, done)


def quads(url: str, done: Pushed) -> set[str]:
    """All that a server has of the vault, by its graph; less what a push notes there."""
    there = Endpoint.at(url, seconds=60)
    graphs = {str(row[0]) for row in there.rows("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")}
    ours = {one for one in graphs if one.startswith((f"<{BASE}", "<https://w3id.org/"))} - {f"<{BASE}#push>"}
    default = set() if done.default_graph else {f"{triple}" for triple in there.triples(None)}
    return {f"{triple} {graph}" for graph in ours for triple in there.triples(graph)} | default


def wanted(store: kg.Store, done: Pushed) -> set[str]:
    """All that the store has, with the graph that stands for the default graph."""
    standing = f" <{done.default_graph}>" if done.default_graph else ""
    is_default = ox.DefaultGraph()
    return {str(quad) + (standing if quad.graph_name == is_default else "") for quad in store.quads()}


def test_a_graph_is_pulled(notes_store: kg.Store, server: Server) -> None:
    there = Endpoint.at(server.url, seconds=60)
    graph = "<https://w3id.org/concept-notes#ontology>"
    assert len(list(there.triples(graph))) == len(notes_store.graph(graph))


# ---- how a query is put where another graph stands for the default graph ------------------------------------------

PUT = {
    "SELECT ?s { ?s ?p ?o }": "SELECT ?s { GRAPH <urn:d> { ?s ?p ?o \n} }",
    "ASK WHERE { { ?s ?p ?o } }": "ASK WHERE { GRAPH <urn:d> { { ?s ?p ?o } \n} }",
    "SELECT ?s { ?s ?p '}' # }\n } ORDER BY ?s": "SELECT ?s { GRAPH <urn:d> { ?s ?p '}' # }\n \n} } ORDER BY ?s",
    "CONSTRUCT { ?s ?p 1 } WHERE { ?s ?p ?o }": "CONSTRUCT { ?s ?p 1 } WHERE { GRAPH <urn:d> { ?s ?p ?o \n} }",
    "CONSTRUCT WHERE { ?s ?p ?o }": None,
    "DESCRIBE <urn:a>": None,
    "DESCRIBE ?s { ?s ?p ?o }": None,
    "SELECT ?s FROM <urn:a> { ?s ?p ?o }": None,
}


@pytest.mark.parametrize("text", PUT)
def test_the_whole_pattern_is_asked_of_the_graph(text: str) -> None:
    put = within(text, "<urn:d>")
    assert (put.split() if put else None) == (PUT[text].split() if PUT[text] else None)  # type: ignore[union-attr]


NAMED = {
    "SELECT ?s { GRAPH kg:a { ?s ?p ?o } }": "SELECT ?s { BIND(kg:a AS ?graph0) GRAPH ?graph0 { ?s ?p ?o } }",
    "ASK { graph <a:b> {} GRAPH ?graph0 { GRAPH n: {} } }": "ASK { BIND(<a:b> AS ?graph1) GRAPH ?graph1 {} GRAPH ?graph0 { BIND(n: AS ?graph2) GRAPH ?graph2 {} } }",
    "SELECT * { GRAPH kg:a { ?s ?p ?o } }": "SELECT * { GRAPH kg:a { ?s ?p ?o } }",
    "SELECT (COUNT(*) AS ?n) { GRAPH kg:a { } }": "SELECT (COUNT(*) AS ?n) { BIND(kg:a AS ?graph0) GRAPH ?graph0 { } }",
    "ASK { ?s ?p 'GRAPH kg:a {' }": "ASK { ?s ?p 'GRAPH kg:a {' }",
}


@pytest.mark.parametrize("text", NAMED)
def test_virtuoso_is_asked_for_graphs_by_variables(text: str) -> None:
    assert graphs_by_variables(text) == NAMED[text]


def test_what_stands_for_the_default_graph_is_an_iri() -> None:
    with serving(Request.yes) as (url, asked), pytest.raises(kg.KgError, match="no iri is not an IRI"):
        remote.query(url, "ASK {}", {}, dataset=remote.Dataset(standing_for_default="no iri"))
    assert asked == []
