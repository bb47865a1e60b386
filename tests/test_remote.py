"""A server elsewhere gives the answers that the store gives. The server is Oxigraph's own, or a few lines here."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest

import kg
from kg import remote


class _Endpoint(BaseHTTPRequestHandler):
    """The SPARQL 1.1 protocol over a store in memory: query by POST."""

    data = ox.Store()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        text = parse_qs(body)["query"][0]
        try:
            answer = self.data.query(text)
        except SyntaxError as error:
            self._send(400, "text/plain", str(error).encode())
            return
        if isinstance(answer, ox.QueryTriples):
            self._send(200, "text/turtle", ox.serialize(answer, format=ox.RdfFormat.TURTLE))
        else:
            self._send(200, "application/sparql-results+json", answer.serialize(format=ox.QueryResultsFormat.JSON))

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def endpoint(notes_store: kg.Store) -> Iterator[str]:
    _Endpoint.data = ox.Store()
    _Endpoint.data.extend(notes_store.quads())
    server = HTTPServer(("127.0.0.1", 0), _Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/query"
    server.shutdown()


QUERIES = [
    "SELECT ?t { ?c a kg:Concept ; skos:prefLabel ?t } ORDER BY ?t",
    "ASK { ?o kg:achievedThrough ?p }",
    "ASK { ?o a n:Nothing }",
]


@pytest.mark.parametrize("text", QUERIES)
def test_the_answers_are_the_same(notes_store: kg.Store, endpoint: str, text: str) -> None:
    here, there = kg.query(notes_store, text), remote.query(endpoint, text, notes_store.prefixes)
    assert here.kind == there.kind
    if here.kind == "select":
        assert here.rows == there.rows
    else:
        assert here.boolean == there.boolean


def test_graphs_come_back_as_triples(notes_store: kg.Store, endpoint: str) -> None:
    text = "CONSTRUCT { ?o kg:contributesTo ?c } WHERE { ?o kg:contributesTo ?c }"
    here, there = kg.query(notes_store, text), remote.query(endpoint, text, notes_store.prefixes)
    assert set(here.triples()) == set(there.triples())


def test_what_the_server_refuses_is_said(endpoint: str) -> None:
    with pytest.raises(kg.KgError, match="cannot read what was asked"):
        remote.query(endpoint, "SELECT ?s { ?s nonsense }", {})
