"""The endpoint of a server is found from its root, on the same host, or the addresses that were tried are named."""

import json
from collections.abc import Callable

import pytest

import kg
from helpers.serving import Request, oxigraph, serving
from kg.core.errors import KgError
from kg.remote.discovery import endpoint_at
from kg.remote.push import push

RESULTS = "application/sparql-results+json"


def answering(*paths: str, lists: dict[str, object] | None = None, refusal: int = 404) -> Callable[[Request], None]:
    """A server with endpoints at some paths, and lists of datasets at others."""

    def answer(one: Request) -> None:
        if one.path in (lists or {}):
            one.answer(200, json.dumps((lists or {})[one.path]), "application/json")
        elif one.path in paths and one.command == "POST":
            one.yes()
        elif one.path == "/":
            one.answer(200, "<html><title>Welcome</title></html>", "text/html")
        else:
            one.answer(refusal)

    return answer


def fuseki(*names: str) -> dict[str, object]:
    return {"/$/datasets": {"datasets": [{"ds.name": name, "ds.state": True} for name in names]}}


def graphdb(*names: str) -> dict[str, object]:
    rows = [{"id": {"type": "literal", "value": name}} for name in names]
    return {"/repositories": {"head": {"vars": ["id"]}, "results": {"bindings": rows}}}


@pytest.mark.parametrize(
    ("server", "queries", "updates"),
    [
        (answering("/query"), "/query", "/update"),
        (answering("/sparql", refusal=405), "/sparql", "/sparql"),
        (answering("/my%20notes/query", lists=fuseki("/my notes")), "/my%20notes/query", "/my%20notes/update"),
        (answering("/ds/query", refusal=400), "/ds/query", "/ds/update"),
        (answering("/repositories/kg", lists=graphdb("SYSTEM", "kg")), "/repositories/kg", "/repositories/kg/statements"),
        (answering("/bigdata/sparql"), "/bigdata/sparql", "/bigdata/sparql"),
        (answering("/query", lists={"/$/datasets": [1], "/repositories": {"results": None}}), "/query", "/update"),
    ],
)  # fmt: skip
def test_usual_addresses_are_tried(server: Callable[[Request], None], queries: str, updates: str) -> None:
    with serving(server) as (url, _):
        root = url.removesuffix("/query")
        found = endpoint_at(root)
        assert (found.queries.url, found.updates.url) == (root + queries, root + updates)


def test_a_user_of_virtuoso_writes_at_an_address_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_ENDPOINT_USER", "dba")
    with serving(answering("/sparql", "/sparql-auth")) as (url, _):
        assert endpoint_at(url.removesuffix("query")).queries.url.endswith("/sparql-auth")


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (answering(), "tried http://HOST, http://HOST/query, http://HOST/sparql, http://HOST/ds/query"),
        (answering(lists=fuseki("/a", "/b")), "has 2 datasets: give the address of one: http://HOST/a/query, "),
        (answering(refusal=401), "does not accept requests without credentials"),
    ],
)  # fmt: skip
def test_what_was_tried_is_named(server: Callable[[Request], None], words: str) -> None:
    with serving(server) as (url, _), pytest.raises(KgError) as error:
        endpoint_at(url.removesuffix("/query"))
    assert words in str(error.value).replace(url.removeprefix("http://").removesuffix("/query"), "HOST")


def test_a_whole_address_is_taken_as_it_is() -> None:
    with serving(answering("/query")) as (url, asked):
        assert endpoint_at(f"{url}/other").queries.url == f"{url}/other"
        assert not asked


def test_a_push_to_the_root_of_a_server(notes_store: kg.Store) -> None:
    with oxigraph() as url:
        done = push(notes_store, endpoint_at(url.removesuffix("/query")))
        assert (done.endpoint, done.unequal) == (url, ())
