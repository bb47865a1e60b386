"""The W3C's tests of SPARQL 1.1 Protocol, Graph Store Protocol and Service Description, as far as they read.

The requests stand here as the manifests describe them (https://www.w3.org/2009/sparql/docs/tests/); with KG_SAMPLES,
those of the manifests themselves are sent, too. Every update must be refused.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

import kg
from helpers.clients import serving
from helpers.vaults import write_vault
from kg.config import load
from kg.store.builder import building
from kg.store.store import Published

SUITE = Path(os.environ.get("KG_SAMPLES", "/nonexistent"), "suites", "sparql11", "protocol", "manifest.ttl")
DATA = "http://kasei.us/2009/09/sparql/data/data{}.rdf"
PERSON = "http://www.example/gsp/person/{}.ttl"
FORM, QUERY, UPDATE = (
    {"Content-Type": f"application/{kind}"} for kind in ("x-www-form-urlencoded", "sparql-query", "sparql-update")
)
RDF = {"text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"}
TABLES = {"application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values"}


class Asked(NamedTuple):
    name: str
    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: str | None = None
    expected: str = "true"
    """true, tabular, boolean or RDF for an answer; refused."""
    encoding: str = "utf-8"


def _type(*numbers: int, graph: bool = False) -> str:
    patterns = [f"<{DATA.format(n)}> a ?type" for n in numbers]
    return (
        "ASK { "
        + (" ".join(f"GRAPH ?g{n} {{ {p} }}" for n, p in enumerate(patterns)) if graph else " . ".join(patterns))
        + " }"
    )


def _graphs(kind: str, *numbers: int) -> str:
    return "&".join(f"{kind}-graph-uri={quote(DATA.format(n), safe='')}" for n in numbers)


DEFAULT0 = "/sparql/?" + _graphs("default", 0)
FULL = f"ASK {{ <{DATA.format(3)}> a ?type GRAPH ?g1 {{ <{DATA.format(1)}> a ?type }} GRAPH ?g2 {{ <{DATA.format(2)}> a ?type }} }}"
QUERIES = [
    Asked("query_post_form", "POST", DEFAULT0, FORM, "query=ASK%20%7B%7D"),
    Asked("query_dataset_default_graphs_get", "GET", f"/sparql/?query={quote(_type(1, 2))}&" + _graphs("default", 1, 2)),
    Asked("query_dataset_default_graphs_post", "POST", "/sparql/?" + _graphs("default", 1, 2), QUERY, _type(1, 2)),
    Asked("query_dataset_named_graphs_post", "POST", "/sparql/?" + _graphs("named", 1, 2), QUERY, _type(1, 2, graph=True)),
    Asked("query_dataset_named_graphs_get", "GET", f"/sparql/?query={quote(_type(1, 2, graph=True))}&" + _graphs("named", 1, 2)),
    Asked("query_dataset_full", "POST", f"/sparql/?{_graphs('default', 3)}&{_graphs('named', 1, 2)}", QUERY, FULL),
    Asked("query_multiple_dataset", "POST", "/sparql/?" + _graphs("named", 1, 2), QUERY,
          _type(1, 2, graph=True).replace("ASK", f"ASK FROM <{DATA.format(3)}>")),
    Asked("query_get", "GET", "/sparql/?query=ASK%20%7B%7D&" + _graphs("default", 0)),
    Asked("query_content_type_select", "POST", DEFAULT0, QUERY, "SELECT (1 AS ?value) {}", "tabular"),
    Asked("query_content_type_ask", "POST", DEFAULT0, QUERY, "ASK {}", "boolean"),
    Asked("query_content_type_describe", "POST", DEFAULT0, QUERY, "DESCRIBE <http://example.org/>", "RDF"),
    Asked("query_content_type_construct", "POST", DEFAULT0, QUERY, "CONSTRUCT { <s> <p> 1 } WHERE {}", "RDF"),
    Asked("query_post_direct", "POST", "/sparql/", QUERY, "ASK {}"),
    Asked("bad_query_method", "PUT", "/sparql/?query=ASK%20%7B%7D", FORM, None, "refused"),
    Asked("bad_multiple_queries", "GET", "/sparql/?query=ASK%20%7B%7D&query=SELECT%20%2A%20%7B%7D", expected="refused"),
    Asked("bad_query_wrong_media_type", "POST", "/sparql/", {"Content-Type": "text/plain"}, "ASK {}", "refused"),
    Asked("bad_query_missing_form_type", "POST", "/sparql/", {}, "query=ASK%20%7B%7D", "refused"),
    Asked("bad_query_missing_direct_type", "POST", "/sparql/", {}, "ASK {}", "refused"),
    Asked("bad_query_non_utf8", "POST", "/sparql/", {"Content-Type": "application/sparql-query; charset=UTF-16"}, "ASK {}", "refused", "utf-16"),
    Asked("bad_query_syntax", "GET", "/sparql/?query=ASK%20%7B", expected="refused"),
]  # fmt: skip
INSERT = f"PREFIX dc: <http://purl.org/dc/terms/> CLEAR ALL ; INSERT DATA {{ GRAPH <{DATA.format(1)}> {{ <s:s> a dc:Agent }} }}"
USING = quote(DATA.format(1), safe="")
UPDATES = [
    Asked("update_dataset_default_graph", "POST", f"/sparql/?using-graph-uri={USING}", UPDATE, INSERT, "refused"),
    Asked("update_dataset_default_graphs", "POST", f"/sparql/?using-graph-uri={USING}&using-graph-uri=x:y", UPDATE, INSERT, "refused"),
    Asked("update_dataset_named_graphs", "POST", f"/sparql/?using-named-graph-uri={USING}", UPDATE, INSERT, "refused"),
    Asked("update_dataset_full", "POST", f"/sparql/?using-graph-uri={USING}&using-named-graph-uri={USING}", UPDATE, INSERT, "refused"),
    Asked("update_post_form", "POST", "/sparql/", FORM, "update=CLEAR+ALL", "refused"),
    Asked("update_post_direct", "POST", "/sparql/", UPDATE, "CLEAR ALL", "refused"),
    Asked("update_base_uri", "POST", "/sparql/", UPDATE, "BASE <http://example.org/> CLEAR SILENT GRAPH <x>", "refused"),
    Asked("bad_update_get", "GET", "/sparql/?update=CLEAR%20ALL", expected="refused"),
    Asked("bad_multiple_updates", "POST", "/sparql/", FORM, "update=CLEAR%20NAMED&update=CLEAR%20DEFAULT", "refused"),
    Asked("bad_update_wrong_media_type", "POST", "/sparql/", {"Content-Type": "text/plain"}, "CLEAR NAMED", "refused"),
    Asked("bad_update_missing_form_type", "POST", "/sparql/", {}, "update=CLEAR%20NAMED", "refused"),
    Asked("bad_update_non_utf8", "POST", "/sparql/", {"Content-Type": "application/sparql-update; charset=UTF-16"}, "CLEAR NAMED", "refused", "utf-16"),
    Asked("bad_update_syntax", "POST", "/sparql/", FORM, "update=CLEAR%20XYZ", "refused"),
    Asked("bad_update_dataset_conflict", "POST", "/sparql/?using-named-graph-uri=http%3A%2F%2Fexample%2Fpeople", UPDATE, INSERT, "refused"),
    Asked("an update as a query, behind a prologue", "POST", "/sparql/", QUERY, "PREFIX x: <x:> #\nINSERT DATA { x:s x:p x:o }", "refused"),
    Asked("an update as a query, spelled with escapes", "POST", "/sparql/", QUERY, "\\u0049NSERT DATA { <s:s> <p:p> <o:o> }", "refused"),
    Asked("an update after a query", "POST", "/sparql/", QUERY, "ASK {} ; INSERT DATA { <s:s> <p:p> <o:o> }", "refused"),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with the graphs of the suite."""
    vault = write_vault(tmp_path_factory.mktemp("w3c") / "vault", {"A.md": "a\n"})
    kg.ingest(vault)
    store = load(vault).store
    before = Published(store)
    graphs = {
        **{f"<{DATA.format(n)}>": {(f"<{DATA.format(n)}>", f"<{ox.NamedNode('http://www.w3.org/1999/02/22-rdf-syntax-ns#type').value}>",
                                    "<http://xmlns.com/foaf/0.1/Document>")} for n in (1, 2, 3)},
        f"<{PERSON.format(1)}>": {("<http://www.example/gsp/person/1>", "<http://xmlns.com/foaf/0.1/name>", '"John Doe"')},
        f"<{PERSON.format('%31')}>": {("<http://www.example/gsp/person/%31>", "<http://xmlns.com/foaf/0.1/name>", '"Jane"')},
    }  # fmt: skip
    with building(store, before.manifest.prefixes, "test", before) as builder:
        builder.replace(graphs, {})
        builder.publish(before.manifest.summary, {})
    with serving(vault) as client:
        yield client


@pytest.mark.parametrize("asked", [*QUERIES, *UPDATES], ids=lambda asked: asked.name)
def test_protocol(client: TestClient, asked: Asked) -> None:
    _check(client, asked)


def _check(client: TestClient, asked: Asked) -> None:
    body = asked.body.encode(asked.encoding) if asked.body is not None else None
    answer = client.request(asked.method, asked.path, content=body, headers=dict(asked.headers))
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    match asked.expected:
        case "refused":
            assert 400 <= answer.status_code < 500, answer.text
            assert kind == "text/plain"
            assert answer.text.count("\n") == 1
        case "true":
            assert (answer.status_code, answer.json()["boolean"]) == (200, True)
        case expected:
            assert answer.status_code == 200, answer.text
            assert kind in (RDF if expected == "RDF" else TABLES), kind


def _of_the_manifest() -> Iterator[Asked]:
    import rdflib
    from rdflib.collection import Collection

    tests, http, content = map(rdflib.Namespace, (
        "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#", "http://www.w3.org/2011/http#", "http://www.w3.org/2011/content#"
    ))  # fmt: skip
    graph = rdflib.Graph().parse(SUITE)
    for test in graph.subjects(rdflib.RDF.type, tests.ProtocolTest):
        for requests in graph.objects(graph.value(test, tests.action), http.requests):
            for request in Collection(graph, requests):
                headers = {
                    str(graph.value(header, http.fieldName)): str(graph.value(header, http.fieldValue))
                    for headers in graph.objects(request, http.headers) for header in Collection(graph, headers)
                }  # fmt: skip
                body, reply = graph.value(request, http.body), graph.value(request, http.resp)
                text = None if body is None else str(graph.value(body, content.chars))
                name, refused = (
                    str(test).rpartition("#")[2],
                    "StatusCode4xx" in str(list(graph.objects(reply, tests.expectedStatus))),
                )
                is_update = "update" in name
                if is_update and not refused and graph.value(reply, tests.expectedFormat) is not None:
                    continue  # it asks for what the update has changed
                truth, form = graph.value(reply, tests.expectedBoolean), str(graph.value(reply, tests.expectedFormat))
                expected = "refused" if refused or is_update else "true" if truth is not None else form
                encoding = "utf-8" if body is None else str(graph.value(body, content.characterEncoding))
                yield Asked(
                    name,
                    str(graph.value(request, http.methodName)),
                    str(graph.value(request, http.absolutePath)),
                    headers,
                    text,
                    expected,
                    encoding,
                )


@pytest.mark.skipif(not SUITE.exists(), reason="KG_SAMPLES names no folder of sample suites")
def test_the_requests_of_the_manifest(client: TestClient) -> None:
    asked = list(_of_the_manifest())
    assert len(asked) == 34
    for request in asked:
        _check(client, request)


# ---- Graph Store Protocol ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [
    f"?graph={quote(PERSON.format(1), safe='')}", f"?graph={PERSON.format(1)}", f"?graph={quote(PERSON.format('%31'), safe='')}",
])  # fmt: skip
def test_get_of_a_graph(client: TestClient, address: str) -> None:
    answer = client.get(f"/store{address}", headers={"Accept": "text/turtle"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/turtle; charset=utf-8")
    (triple,) = [quad.triple for quad in ox.parse(answer.content, ox.RdfFormat.TURTLE)]
    assert triple.object == ox.Literal("Jane" if "%2531" in address else "John Doe")  # decoded once, not twice


def test_head_of_a_graph(client: TestClient) -> None:
    accept = {"Accept": "text/turtle; charset=utf-8"}
    there = client.head(f"/store?graph={PERSON.format(1)}", headers=accept)
    assert (there.status_code, there.headers["Content-Type"], there.content) == (200, "text/turtle; charset=utf-8", b"")
    assert client.head(f"/store?graph={PERSON.format(4)}", headers=accept).status_code == 404
    assert client.get(f"/store?graph={PERSON.format(4)}", headers=accept).status_code == 404


def test_get_of_the_default_graph(client: TestClient) -> None:
    answer = client.get("/store?default", headers={"Accept": "text/turtle"})
    triples = {quad.triple for quad in ox.parse(answer.content, ox.RdfFormat.TURTLE)}
    assert ox.Literal("John Doe") in {triple.object for triple in triples}
    asked = client.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"}).json()
    assert int(asked["results"]["bindings"][0]["n"]["value"]) == len(triples)


def test_direct_graphs(client: TestClient) -> None:
    assert client.get("/store/A.md").status_code == 200
    assert client.get("/store/B.md").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_graphs_are_not_changed(client: TestClient, method: str) -> None:
    answer = client.request(
        method, "/store?default", content=b"<s:s> <p:p> <o:o> .", headers={"Content-Type": "text/turtle"}
    )
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_the_dataset(client: TestClient) -> None:
    answer = client.get("/store", headers={"Accept": "application/n-quads"})
    quads = set(ox.parse(answer.content, ox.RdfFormat.N_QUADS))
    asked = client.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"}).json()
    named = [quad for quad in quads if quad.graph_name != ox.DefaultGraph()]
    assert int(asked["results"]["bindings"][0]["n"]["value"]) == len(named) > 0
    assert client.get("/store?default&graph=x:y").status_code == 400


# ---- Service Description -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accept", [None, "*/*", "text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_the_endpoint_describes_itself(client: TestClient, accept: str | None) -> None:
    answer = client.get("/sparql", headers={"Accept": accept} if accept else {"Accept": ""})
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert (answer.status_code, kind) == (200, accept if accept and accept != "*/*" else "text/turtle")
    triples = {
        quad.triple for quad in ox.parse(answer.content, ox.RdfFormat.from_media_type(kind) or ox.RdfFormat.TURTLE)
    }
    sd, endpoint = "http://www.w3.org/ns/sparql-service-description#", ox.NamedNode("http://127.0.0.1/sparql")
    said = {
        (triple.predicate.value.removeprefix(sd), getattr(triple.object, "value", ""))
        for triple in triples
        if triple.subject == endpoint
    }
    assert ("endpoint", endpoint.value) in said
    assert ("supportedLanguage", f"{sd}SPARQL11Query") in said
    assert ("extensionFunction", "https://w3id.org/concept-notes#textScore") in said
    names = {
        triple.object.value
        for triple in triples
        if triple.predicate.value == f"{sd}name" and isinstance(triple.object, ox.NamedNode)
    }
    assert DATA.format(1) in names


def test_a_browser_is_sent_to_the_page(client: TestClient) -> None:
    answer = client.get("/sparql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/query")


def test_void(client: TestClient) -> None:
    answer = client.get("/.well-known/void", headers={"Accept": "application/n-triples"})
    text = answer.text
    assert "<http://rdfs.org/ns/void#classPartition>" in text
    assert "<http://www.w3.org/ns/shacl#SPARQLSelectExecutable>" in text
    assert (
        client.get(
            "/.well-known/void", headers={"If-None-Match": answer.headers["ETag"], "Accept": "application/n-triples"}
        ).status_code
        == 304
    )
