"""The JSON API: each address that OpenAPI describes answers, as its schema says."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from helpers.clients import ingested, serving
from kg.server.api import ENDPOINTS, openapi

NOTES = {
    "Lean.md": "---\ntype: Concept\naliases: [Lean thinking]\nowner: Ann\n---\n# Lean\n\nSee [[Agile]] and [[Nowhere]]. #method\n",
    "Agile.md": "---\ntype: Concept\nowner: Ann\n---\n# Agile\n\nShort cycles with [[Lean]].\n",
}
ADDRESSES = [
    "/api/overview",
    "/api/thing?name=Lean",
    "/api/list?class=Concept",
    "/api/list?has=owner%3DAnn&page=1",
    "/api/search?q=cycles",
    "/api/names?q=le",
    "/api/table?class=Concept&columns=owner&where=owner%3DAnn&sort=-name",
    "/api/vocabulary",
    "/api/findings",
    "/api/queries",
    "/api/analyses",
    "/api/analyses/gaps",
    "/api/analyses/communities",
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(ingested(tmp_path_factory.mktemp("api"), NOTES)) as client:
        yield client


def test_the_description_is_valid(client: TestClient) -> None:
    found = client.get("/api/openapi.json").json()
    validate(found)
    assert found == openapi()
    assert set(found["paths"]) == {address.path for address in ENDPOINTS}


def test_each_described_address_is_asked_below() -> None:
    asked = {address.partition("?")[0] for address in ADDRESSES}
    for endpoint in ENDPOINTS:
        assert any(one.startswith(endpoint.path.partition("{")[0]) for one in asked), endpoint.path


def schema_of(path: str) -> dict[str, Any]:
    """The schema of an answer; references lead into the whole description."""
    found = openapi()
    template = next(
        one for one in found["paths"] if path == one or ("{" in one and path.startswith(one[: one.index("{")]))
    )
    content = found["paths"][template]["get"]["responses"]["200"]["content"]
    return {**content["application/json"]["schema"], "components": found["components"]}


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_answers_as_described(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    Draft202012Validator(schema_of(address.partition("?")[0])).validate(answer.json())
    again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_values_are_those_of_the_pages(client: TestClient) -> None:
    told = client.get("/api/thing", params={"name": "Lean thinking"}).json()
    assert told["thing"]["text"] == "Lean" and told["thing"]["page"] == "/thing/Lean"
    assert [link["source"]["text"] for link in told["backlinks"]] == ["Agile"]
    assert client.get("/api/thing", params={"iri": told["thing"]["iri"]}).json() == told
    entries = client.get("/api/list?class=Concept").json()["entries"]
    assert [entry["thing"]["text"] for entry in entries] == ["Agile", "Lean"]
    assert client.get("/api/names?q=think").json()["names"][0]["also"] == "Lean thinking"
    gaps = client.get("/api/analyses/gaps").json()
    assert any(cell["text"] == "Nowhere" for row in gaps["rows"] for cell in row if isinstance(cell, dict))


def test_nothing_tells_where_the_vault_is(client: TestClient) -> None:
    vault = str(client.app.state.served.serving.config.vault)  # type: ignore[attr-defined]
    assert all(vault not in client.get(address).text for address in ADDRESSES)


@pytest.mark.parametrize(
    ("address", "status", "part"),
    [
        ("/api/thing?name=Nobody", 404, "Nobody"),
        ("/api/thing", 400, "name=NAME"),
        ("/api/list?class=Nothing", 404, "no class is named"),
        ("/api/list?has=owner", 400, "PROPERTY=VALUE"),
        ("/api/list?page=-1", 400, "no number of a page"),
        ("/api/list?clas=Concept", 400, "has no parameter “clas”"),
        ("/api/search", 400, "give q=…"),
        ("/api/findings?severity=bad", 400, "severity is error, warning, info"),
        ("/api/analyses/nothing", 404, "there are gaps"),
        ("/api/elsewhere", 404, "openapi.json"),
    ],
)
def test_a_refusal_is_a_sentence_in_json(client: TestClient, address: str, status: int, part: str) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"] and part in answer.json()["error"]
