"""The SPARQL endpoint: queries by GET and POST, formats, caching and errors."""

import pytest
from starlette.testclient import TestClient

COUNT = "SELECT (COUNT(*) AS ?number) { ?thing a kg:Concept }"


def test_a_query_is_answered_by_get_and_by_both_posts(client: TestClient) -> None:
    form = {"query": COUNT}
    direct = {"content": COUNT, "headers": {"Content-Type": "application/sparql-query"}}
    answers = [
        client.get("/sparql", params=form),
        client.post("/sparql", data=form),
        client.post("/sparql", **direct),  # type: ignore[arg-type]
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.json()["results"]["bindings"][0]["number"]["value"] == "3"
        assert answer.headers["Content-Type"] == "application/sparql-results+json"


def test_a_syntax_error_has_its_place(client: TestClient) -> None:
    answer = client.get("/sparql", params={"query": "SELECT *\n{ ?s ?p }"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert answer.text.startswith("line 2, column ")


def test_an_answer_is_not_sent_twice(client: TestClient) -> None:
    first = client.get("/sparql", params={"query": COUNT})
    again = client.get("/sparql", params={"query": COUNT}, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    other = client.get("/sparql", params={"query": COUNT}, headers={"Accept": "text/csv"})
    assert other.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(("accept", "media_type"), [
    ("*/*", "application/sparql-results+json"),
    ("text/csv", "text/csv; charset=utf-8"),
    ("text/csv;q=0.5, application/sparql-results+xml", "application/sparql-results+xml"),
    ("application/*;q=0.2, text/tab-separated-values;q=0.3", "text/tab-separated-values; charset=utf-8"),
    ("application/sparql-results+json;q=0, */*;q=0.1", "application/sparql-results+xml"),
])  # fmt: skip
def test_the_client_chooses_the_format(client: TestClient, accept: str, media_type: str) -> None:
    answer = client.get("/sparql", params={"query": COUNT}, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert "Accept" in answer.headers["Vary"]
