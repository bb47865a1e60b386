"""Clients of others get over HTTP what `kg query` gives: SPARQLWrapper, rdflib's store and curl, for the whole library."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import JSON, POST, XML, SPARQLWrapper

import kg
from helpers.clients import Running, running
from helpers.company import Company, questions
from helpers.vaults import ROOT, copied_notes
from kg.config import load
from kg.server.described_dataset import standing_alone
from kg.sparql.binding import bind
from kg.sparql.library import library


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vault = copied_notes(tmp_path_factory.mktemp("clients") / "notes")
    kg.ingest(vault)
    return vault


@pytest.fixture(scope="module")
def server(vault: Path) -> Iterator[Running]:
    with running(vault, "--no-token") as server:
        yield server


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault of which every query of the library has something to tell."""
    vault = Company(350).write(tmp_path_factory.mktemp("clients") / "company")
    kg.ingest(vault)
    return vault


@pytest.fixture(scope="module")
def company_server(company: Path) -> Iterator[Running]:
    with running(company, "--no-token") as server:
        yield server


def _library(vault: Path) -> dict[str, str]:
    """All queries of the library, as other clients must send them: with their prefixes, and with values in them.

    Without comments, since SPARQLWrapper takes a word of them for the form of the query.
    """
    config = load(vault)
    prefixes = kg.Store(config.store).prefixes
    asked = {}
    for query, given, params in questions(config):
        text = re.sub("^#.*\n", "", bind(query.text, params, prefixes), flags=re.M)
        asked[f"{query.name} {dict(given)}"] = standing_alone(text, prefixes)
    assert {name.partition(" ")[0] for name in asked} == library(config).keys()
    return asked


def _rows(answer: dict[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    rows = answer["results"]["bindings"]
    return sorted(tuple(sorted((name, term["value"]) for name, term in row.items())) for row in rows)


def _expected(vault: Path, text: str) -> list[tuple[tuple[str, str], ...]]:
    answer = kg.query(kg.Store(load(vault).store), text)
    return _rows(json.loads(answer.result.serialize(format=ox.QueryResultsFormat.JSON)))


@pytest.mark.slow
def test_sparqlwrapper_asks_the_library(company: Path, company_server: Running) -> None:
    vault, server = company, company_server
    queries = _library(vault)
    assert len(queries) > 45
    for number, (name, text) in enumerate(queries.items()):
        client = SPARQLWrapper(f"{server.url}/sparql")
        client.setQuery(text)
        client.setReturnFormat(JSON)
        if number % 2:
            client.setMethod(POST)
        assert _rows(client.queryAndConvert()) == _expected(vault, text), name  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_sparqlwrapper_reads_xml_and_graphs(vault: Path, server: Running) -> None:
    client = SPARQLWrapper(f"{server.url}/sparql")
    client.setQuery("SELECT * { ?s a kg:Concept }")
    client.setReturnFormat(XML)
    assert client.queryAndConvert().toxml().count("<result>") == 20  # type: ignore[union-attr]
    client.setQuery("CONSTRUCT WHERE { ?s a kg:Concept }")
    graph = client.queryAndConvert()
    assert isinstance(graph, rdflib.Graph)
    assert len(graph) == 20


@pytest.mark.slow
def test_rdflib_asks_the_library(company: Path, company_server: Running) -> None:
    vault, server = company, company_server
    graph = rdflib.Graph(SPARQLStore(f"{server.url}/sparql", returnFormat="json"))
    for name, text in _library(vault).items():
        rows: list[Any] = [*graph.query(text)]
        got = sorted(tuple(sorted((str(name), str(value)) for name, value in row.asdict().items())) for row in rows)
        assert got == _expected(vault, text), name


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_asks_the_library(company: Path, company_server: Running) -> None:
    for name, text in _library(company).items():
        command = ["curl", "-sf", "-G", "--data-urlencode", f"query={text}", f"{company_server.url}/sparql"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert _rows(json.loads(done.stdout)) == _expected(company, text), name


@pytest.mark.system
def test_comunica_asks_the_library(company: Path, company_server: Running) -> None:
    """It finds out by itself that the address is a SPARQL endpoint."""
    folder = ROOT / "tests" / "system" / "comunica"
    if not (folder / "node_modules").is_dir():
        pytest.skip("needs what tests/system/comunica/package.json names; `make test-all` installs it")
    vault, queries = company, _library(company)
    command = ["node", str(folder / "ask.mjs"), f"{company_server.url}/sparql"]
    done = subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    for name, rows in json.loads(done.stdout).items():
        assert sorted(tuple(map(tuple, row)) for row in rows) == _expected(vault, queries[name]), name
