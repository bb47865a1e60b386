"""The map of kg serve: the page of an export, whose data come from the server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import kg
from helpers.clients import ingested, serving
from helpers.vaults import write_vault

NOTES = {
    "Lean.md": "---\ntype: Concept\ntags: [method/flow]\nweight: 3\n---\n# Lean\n\nLess waste, as [[Agile]] and ![[map.png]].\n",
    "old/Agile.md": "---\ntype: Concept\n---\n# Agile\n\nShort cycles with [[Nobody]].\n",
    "map.png": "not a picture",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(ingested(tmp_path_factory.mktemp("map"), NOTES)) as client:
        yield client


def test_the_page_is_that_of_an_export_without_anything_inline(client: TestClient) -> None:
    page = client.get("/map")
    assert page.status_code == 200
    assert '<meta name="kg-map" content="/map">' in page.text
    assert 'role="application"' in page.text and 'id="typed"' in page.text
    assert not re.search(r"<script(?! src=)|<style|style=|onclick", page.text)
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert client.get(address).status_code == 200, address
    assert {"/", "/findings", "/more"} <= set(re.findall(r'href="([^"]+)"', page.text))


def test_without_a_script_there_is_a_picture(client: TestClient) -> None:
    assert '<noscript><div id="still">' in client.get("/map").text
    for theme, paper in (("light", "#ffffff"), ("dark", "#15181e")):
        answer = client.get(f"/map/picture.svg?theme={theme}")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert ">Lean<" in answer.text and paper in answer.text


def test_its_data_have_the_things_their_iris_and_what_filters_need(client: TestClient) -> None:
    data = client.get("/map/data.json").json()
    number = data["labels"].index("Lean")
    assert data["iris"][number].endswith("/Lean")
    assert {"#method", "#method/flow", "old/", "map.png"} <= set(data["labels"][data["things"] :])
    assert {"tagged", "broader", "in folder"} <= set(data["kinds"])
    assert data["vault"] is None  # its place on this machine is nobody's business
    assert len(data["iris"]) == len(data["labels"]) == len(data["x"])


def test_its_data_are_sent_once(client: TestClient) -> None:
    first = client.get("/map/data.json", headers={"Accept-Encoding": "deflate"})
    assert first.headers["content-encoding"] == "deflate" and "Lean" in first.json()["labels"]
    assert client.get("/map/data.json", headers={"Accept-Encoding": "identity"}).json() == first.json()
    again = client.get("/map/data.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_the_panel_asks_for_a_thing(client: TestClient) -> None:
    data = client.get("/map/data.json").json()
    iri = data["iris"][data["labels"].index("Lean")]
    told = client.get("/map/thing.json", params={"iri": iri}).json()
    assert told["page"] == "/thing/Lean" and client.get(told["page"]).status_code == 200
    assert "Less waste" in json.dumps(told["text"]) and data["iris"][data["labels"].index("Agile")] in json.dumps(told)
    assert ["weight", "3"] in told["properties"]
    assert client.get("/map/thing.json", params={"iri": "no iri"}).status_code == 400


def test_private_notes_are_on_no_map(tmp_path: Path) -> None:
    notes = {**NOTES, "Hidden.md": "---\ntags: [private]\n---\n# Canary\n\nAs [[Lean]].\n"}
    vault = write_vault(tmp_path / "vault", notes)
    kg.ingest(vault)
    with serving(vault, private_tags=("private",)) as client:
        for address in ("/map", "/map/data.json", "/map/picture.svg"):
            answer = client.get(address)
            assert answer.status_code == 200 and "Canary" not in answer.text and "Hidden" not in answer.text


def test_a_server_that_starts_again_has_the_map(tmp_path: Path) -> None:
    from kg.server.kept_answer import kept_answer

    vault = ingested(tmp_path, NOTES)
    store, calls = vault / ".kg", list[int]()

    def computed() -> bytes:
        calls.append(1)
        return b"answer"

    assert [kept_answer(store, "map", (facts,), computed) for facts in ("a", "a", "b")] == [b"answer"] * 3
    assert len(calls) == 2
    with serving(vault) as client:
        assert "Lean" in client.get("/map/data.json").json()["labels"]
    assert (store / "map").stat().st_size > 100
    kg.ingest(vault, full=True)  # the file is one of kg's
