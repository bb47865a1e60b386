"""Hostile and expensive questions: each ends within its limits, with a sentence, and the server answers the next."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from helpers.clients import serving
from kg.server.settings import ServingLimits

SECONDS = 0.5
CARTESIAN = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def small(served_vault: Path) -> Iterator[TestClient]:
    """A server with small limits."""
    limits = ServingLimits(
        seconds=SECONDS,
        memory=300_000_000,
        answer_bytes=3_000_000,
        rows=100,
        request_bytes=10_000,
        at_once=2,
        waiting=2,
        patience=0.3,
    )
    with serving(served_vault, limits=limits) as client:
        yield client


def _asked(client: TestClient, query: str, status: int, accept: str = "*/*") -> str:
    began = time.monotonic()
    answer = client.get("/sparql", params={"query": query}, headers={"Accept": accept})
    assert answer.status_code == status, answer.text[:300]
    assert time.monotonic() - began < SECONDS + 1
    assert client.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True
    return answer.text


def test_time_is_limited(small: TestClient) -> None:
    assert "stopped after 0.5 s" in _asked(small, ENDLESS, 503)


@pytest.mark.parametrize("query", [
    "SELECT * { ?s " + "/".join(["kg:linksTo"] * 1_000) + " ?o }",  # planning alone takes more than a minute
    "SELECT * { " + " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(400)) + " }",
])  # fmt: skip
def test_planning_is_limited(small: TestClient, query: str) -> None:
    _asked(small, query, 503)


@pytest.mark.parametrize("query", [
    "SELECT * { FILTER" + "(" * 5_000 + "1" + ")" * 5_000 + " }", "{" * 5_000, "SELECT * { FILTER(" + "!" * 9_000 + "1) }",
    "SELECT (1" + "+1" * 4_000 + " AS ?n) {}", "SELECT * { ?s " + "(" * 300 + "a" + ")*" * 300 + " ?o }", "<< " * 3_000, "[" * 5_000,
])  # fmt: skip
def test_deep_nesting_is_refused(small: TestClient, query: str) -> None:
    answer = small.post("/sparql", content=query, headers={"Content-Type": "application/sparql-query"})
    assert answer.status_code in {400, 413}
    assert small.get("/sparql", params={"query": "ASK {}"}).status_code == 200


def test_memory_is_limited(served_vault: Path) -> None:
    with serving(served_vault, limits=ServingLimits(seconds=20, memory=250_000_000)) as client:
        answer = client.get("/sparql", params={"query": CARTESIAN.replace("*", "DISTINCT *") + " ORDER BY ?l"})
        assert (answer.status_code, "memory" in answer.text) == (503, True), answer.text
        after = client.get("/sparql", params={"query": "ASK {}"})
        assert after.status_code == 200, after.text


def test_the_size_of_an_answer_is_limited(served_vault: Path) -> None:
    with serving(served_vault, limits=ServingLimits(seconds=5, answer_bytes=10_000)) as client:
        assert client.get("/sparql", params={"query": CARTESIAN}).status_code == 403
        assert client.get("/store?default").status_code == 403


def test_the_triples_of_an_answer_are_limited(small: TestClient) -> None:
    assert "more than 100 triples" in _asked(small, "CONSTRUCT WHERE { ?s ?p ?o }", 403)
    _asked(small, "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 100", 200)


def test_the_rows_of_an_answer_are_limited(small: TestClient) -> None:
    for accept in (
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    ):
        assert "more than 100 rows" in _asked(small, "SELECT * { ?s ?p ?o } LIMIT 101", 403, accept)
        _asked(small, "SELECT * { ?s ?p ?o } LIMIT 100", 200, accept)
        _asked(small, "SELECT ?nothing { ?s ?p ?o } LIMIT 100", 200, accept)


def test_requests_are_limited(small: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert small.post("/sparql", content=b"query=" + b"x" * 20_000, headers=form).status_code == 413
    assert small.post("/sparql", content=b"a=1&" * 2_000, headers=form).status_code == 400
    assert small.post("/sparql", content=b"query=%ff", headers=form).status_code == 400


def test_questions_at_once_are_limited(small: TestClient) -> None:
    statuses: list[int] = []
    retry: list[str | None] = []

    def ask() -> None:
        answer = small.get("/sparql", params={"query": ENDLESS})
        statuses.append(answer.status_code)
        retry.append(answer.headers.get("Retry-After"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [503] * 8
    assert 4 <= retry.count("5") <= 6  # two were answered, and stopped; others may have taken their places in time
    assert small.get("/sparql", params={"query": "ASK {}"}).status_code == 200


@pytest.mark.parametrize("query", [
    "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", "SELECT * { SERVICE SILENT <http://127.0.0.1:1/> { ?s ?p ?o } }",
    "SELECT * { \\u0053ERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", "LOAD <http://127.0.0.1:1/>", "LOAD <file:///etc/passwd>",
    "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }", "SELECT * FROM NAMED <FILE:///etc/passwd> { GRAPH ?g { ?s ?p ?o } }",
])  # fmt: skip
def test_nothing_is_fetched(small: TestClient, query: str) -> None:
    assert "root:" not in _asked(small, query, 400)


def test_a_service_is_refused_at_its_place(small: TestClient) -> None:
    said = _asked(small, "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 400)
    assert said == "line 1, column 12: SERVICE asks another server, which this one does not do\n"


def test_no_file_is_a_graph(small: TestClient) -> None:
    for kind in ("default", "named"):
        asked = {"query": "ASK {}", f"{kind}-graph-uri": "file:///etc/passwd"}
        assert small.get("/sparql", params=asked).status_code == 400
    assert small.get("/store", params={"graph": "file:///etc/passwd"}).status_code == 400
