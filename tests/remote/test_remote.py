"""A server elsewhere gives the answers that the store gives, or says in a sentence why it does not."""

import io
import json
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from helpers.serving import Request, free_port, oxigraph, serving
from kg.remote import endpoint as remote
from kg.remote import http_exchange as exchange
from kg.rendering.query_results import FORMATS
from kg.sparql import query as sparql
from kg.sparql.library import library


@pytest.fixture(scope="module")
def endpoint(notes_store: kg.Store) -> Iterator[str]:
    """An Oxigraph that was given the whole dataset by its own means."""
    with oxigraph() as url:
        data = ox.serialize(notes_store.quads(), format=ox.RdfFormat.N_QUADS)
        request = exchange.Exchange.of(url.replace("/query", "/store"))
        request.send(_post(request.url, data or b"", "application/n-quads"))
        yield url


def _post(url: str, data: bytes, media_type: str) -> urllib.request.Request:
    return urllib.request.Request(url, data, {"Content-Type": media_type}, method="POST")


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"KG_ENDPOINT_{name}", raising=False)


def ask(url: str, timeout: float | None = 20) -> bool:
    return remote.query(url, "ASK {}", {}, timeout=timeout).boolean


def refusal(url: str, timeout: float | None = 20) -> str:
    with pytest.raises(kg.KgError) as caught:
        ask(url, timeout)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- the same answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(library(kg.Config(Path(), Path(), Path()))))
def test_the_library_is_answered_as_here(notes_store: kg.Store, endpoint: str, name: str) -> None:
    text = library(kg.Config(Path(), Path(), Path()))[name].path.read_text(encoding="utf-8")
    here, there = sparql.query(notes_store, text), remote.query(endpoint, text, notes_store.prefixes)
    assert here.variables == there.variables
    # The order of rows that the query holds for equal is nobody's.
    assert Counter(here.terms()) == Counter(there.terms())


FORMS = {
    "SELECT ?t ?c { ?c a kg:Concept ; skos:prefLabel ?t } ORDER BY ?t": "select",
    "ASK { ?o kg:achievedThrough ?p }": "ask",
    "ASK { ?o a n:Nothing }": "ask",
    "CONSTRUCT { ?o kg:contributesTo ?c } WHERE { ?o kg:contributesTo ?c }": "graph",
    "DESCRIBE <https://notes.example/Books/Lean%20UX>": "graph",
}


@pytest.mark.parametrize("text", FORMS)
def test_every_form_is_answered_as_here(notes_store: kg.Store, endpoint: str, text: str) -> None:
    here, there = kg.query(notes_store, text), remote.query(endpoint, text, notes_store.prefixes)
    assert here.kind == there.kind == FORMS[text]
    if here.kind == "select":
        assert here.rows == there.rows
    elif here.kind == "ask":
        assert here.boolean == there.boolean
    else:
        assert set(here.triples()) == set(there.triples())


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"table", "md"}])
def test_every_format_is_written_as_here(notes_store: kg.Store, endpoint: str, name: str) -> None:
    kinds = FORMATS[name].kinds
    for text in [text for text, kind in FORMS.items() if kind in kinds]:
        answers = kg.query(notes_store, text), remote.query(endpoint, text, notes_store.prefixes)
        written = []
        for answer in answers:
            out = io.BytesIO()
            FORMATS[name].write(answer, out, None)  # type: ignore[arg-type] # only tables are for people
            written.append(out.getvalue())
        if "graph" in kinds:
            form = ox.RdfFormat.from_media_type(FORMATS[name].media_type)
            assert set(ox.parse(written[0], form)) == set(ox.parse(written[1], form)) != set()
        else:
            assert written[0] == written[1]


def test_the_command_asks_elsewhere(endpoint: str, tmp_path: Path) -> None:
    done = run(
        "query", "--endpoint", endpoint, "-f", "csv", "SELECT (COUNT(*) AS ?n) { ?s a kg:Concept }", cwd=tmp_path
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "n")
    assert run("query", "--endpoint", endpoint, "ASK { ?s a n:Nothing }", cwd=tmp_path).returncode == 1


def test_parameters_are_bound(notes_store: kg.Store, endpoint: str) -> None:
    text, params = "SELECT ?c { ?c skos:prefLabel ?title }", {"title": "Lean UX"}
    here, there = kg.query(notes_store, text, params), remote.query(endpoint, text, notes_store.prefixes, params)
    assert here.rows == there.rows
    assert here.rows


def test_one_graph_can_be_asked(endpoint: str, tmp_path: Path) -> None:
    graph = "https://w3id.org/concept-notes#ontology"
    text = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    for option in ("--default-graph", "--graph"):
        done = run("query", "--endpoint", endpoint, option, graph, "-f", "csv", text, cwd=tmp_path)
        found = remote.query(endpoint, f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}", {})
        assert done.stdout.split()[1] == str(found.rows[0]["n"])


def test_only_the_prefixes_that_are_used_are_declared() -> None:
    with serving(Request.yes) as (url, asked):
        remote.query(url, "ASK { ?s a kg:Concept }", {"kg": "https://kg.example/", "n": "https://n.example/"})
    (text,) = parse_qs(asked[0].body)["query"]
    assert "PREFIX kg: <https://kg.example/>" in text
    assert "n.example" not in text


def test_many_prefixes_cost_nothing() -> None:
    """SPARQLWrapper looks for the form of a query with an expression that must not go back and forth over them."""
    prefixes = {f"p{n}": f"https://p{n}.example/" for n in range(40)}
    with serving(Request.yes) as (url, _):
        began = time.monotonic()
        remote.query(
            url, "BASE <http://x.example/> ASK { " + " . ".join(f"?s p{n}:x ?o" for n in range(40)) + " }", prefixes
        )
    assert time.monotonic() - began < 2


def test_the_server_is_told_which_graphs_are_asked() -> None:
    with serving(Request.yes) as (url, asked):
        remote.query(url, "ASK {}", {}, dataset=remote.Dataset(["https://one.example/", "https://two.example/"]))
    assert parse_qs(asked[0].body)["default-graph-uri"] == ["https://one.example/", "https://two.example/"]


def test_another_server_is_called_only_where_it_is_allowed() -> None:
    text = "ASK { SERVICE <https://x.example/> { ?s ?p ?o } }"
    with serving(Request.yes) as (url, asked):
        with pytest.raises(kg.KgError, match="SERVICE"):
            remote.query(url, text, {})
        assert remote.query(url, text, {}, services=True).boolean
    assert len(asked) == 1


@pytest.mark.parametrize(("value", "yes"), [("1", True), ("0", False)])
def test_virtuoso_answers_ask_with_a_row(value: str, yes: bool) -> None:
    said = {
        "head": {"vars": ["__ASK_RETVAL"]},
        "results": {"bindings": [{"__ASK_RETVAL": {"type": "literal", "value": value}}]},
    }
    with serving(lambda one: one.answer(200, json.dumps(said), "application/sparql-results+json")) as (url, _):
        assert ask(url) is yes


def test_virtuoso_writes_booleans_as_numbers() -> None:
    said = (
        '{ "head": { "vars": ["b"] }, "results": { "bindings": [ { "b": { "type": "typed-literal", '
        '"datatype": "http://www.w3.org/2001/XMLSchema#boolean", "value": "1" } } ] } }'
    )

    def answer(one: Request) -> None:
        one.server_version, one.sys_version = "Virtuoso/07.20.3229", ""
        one.answer(200, said, "application/sparql-results+json")

    with serving(answer) as (url, _):
        (row,) = remote.query(url, "SELECT ?b { ?s ?p ?b }", {}).terms()
    assert str(row[0]) == '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'


def test_an_answer_that_the_server_cut_short_is_told_of() -> None:
    said = '{"head":{"vars":["s"]},"results":{"bindings":[]}}'
    told: list[str] = []
    with serving(lambda one: one.answer(200, said, "application/sparql-results+json", X_SPARQL_MaxRows="1000")) as (
        url,
        _,
    ):
        remote.query(url, "SELECT ?s { ?s ?p ?o }", {}, notice=told.append)
    assert told == [f"{url} returns at most 1000 rows; there may be more"]


# ---- busy servers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_server_is_asked_again(status: int) -> None:
    def answer(one: Request) -> None:
        if len(one.asked) < 3:
            one.answer(status, Retry_After="0")
        else:
            one.yes()

    with serving(answer) as (url, asked):
        assert ask(url)
    assert [one.body for one in asked] == [asked[0].body] * 3


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """So long would have been waited, each time."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def test_a_busy_server_is_asked_less_and_less_often(waited: list[float]) -> None:
    with serving(lambda one: one.answer(503)) as (url, _):
        assert refusal(url) == f"{url} is too busy; try again later"
    assert waited == sorted(waited)
    assert len(set(waited)) == len(waited) > 3
    assert sum(waited) < 60


@pytest.mark.parametrize("when", ["120", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_nobody_waits_longer_than_there_is_time(when: str) -> None:
    began = time.monotonic()
    with serving(lambda one: one.answer(503, Retry_After=when)) as (url, asked):
        assert refusal(url, 5) == f"{url} is too busy; try again later"
    assert len(asked) == 1
    assert time.monotonic() - began < 2


def _hangs_up(one: Request) -> None:
    one.close_connection = True


def _resets(one: Request) -> None:
    import socket
    import struct

    one.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.connection.close()


@pytest.mark.parametrize("hang_up", [_hangs_up, _resets])
def test_a_server_that_hangs_up_is_asked_again(hang_up: Callable[[Request], None], waited: list[float]) -> None:
    with serving(lambda one: hang_up(one) if len(one.asked) < 3 else one.yes()) as (url, asked):
        assert ask(url)
    assert [one.body for one in asked] == [asked[0].body] * 3
    assert waited == [0.5, 1.0]


def test_a_server_that_always_hangs_up_is_given_up(waited: list[float]) -> None:
    with serving(_hangs_up) as (url, asked):
        assert refusal(url, None) == f"{url} did not send a complete answer"
    assert len(asked) == len(waited) + 1 == exchange.RETRIES + 1


def test_a_server_that_is_started_anew_is_waited_for(waited: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """After it hung up nobody is there for a while."""
    real, attempts = socket.create_connection, iter([True, False, False])

    def connect(*arguments: Any, **options: Any) -> object:
        if not next(attempts, True):
            raise ConnectionRefusedError(111, "Connection refused")
        return real(*arguments, **options)

    monkeypatch.setattr(socket, "create_connection", connect)
    with serving(lambda one: _hangs_up(one) if len(one.asked) < 2 else one.yes()) as (url, asked):
        assert ask(url)
    assert (len(asked), len(waited)) == (2, 3)


# ---- who is asking -----------------------------------------------------------------------------------------------


def _basic(one: Request) -> None:
    import base64

    right = "Basic " + base64.b64encode(b"me:s3cret").decode()
    if one.headers["Authorization"] == right:
        one.yes()
    else:
        one.answer(401, WWW_Authenticate='Basic realm="x"')


def _digest(one: Request) -> None:
    import hashlib
    import re

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    given = dict(re.findall(r'(\w+)="?([^",]*)"?', one.headers["Authorization"] or ""))
    ha1, ha2 = md5("me:x:s3cret"), md5(f"POST:{given.get('uri')}")
    right = md5(f"{ha1}:abc:{given.get('nc')}:{given.get('cnonce')}:auth:{ha2}")
    if given.get("response") == right:
        one.yes()
    else:
        one.answer(401, WWW_Authenticate='Digest realm="x", nonce="abc", qop="auth", algorithm="MD5"')


@pytest.mark.parametrize("answer", [_basic, _digest])
def test_a_password_comes_from_the_environment(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_ENDPOINT_USER", "me")
    monkeypatch.setenv("KG_ENDPOINT_PASSWORD", "s3cret")
    with serving(answer) as (url, asked):  # type: ignore[arg-type]
        assert ask(url)
    assert asked[0].headers["Authorization"] is None, "the password must not be sent unasked"
    assert asked[-1].body == asked[0].body
    if answer is _digest:
        assert not any("Basic" in (one.headers["Authorization"] or "") for one in asked)


@pytest.mark.parametrize("answer", [_basic, _digest])
def test_a_wrong_password_is_said_and_never_shown(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_ENDPOINT_USER", "me")
    monkeypatch.setenv("KG_ENDPOINT_PASSWORD", "wr0ng")
    with serving(answer) as (url, _):  # type: ignore[arg-type]
        said = refusal(url)
    assert said == f"{url} does not accept the user or token of KG_ENDPOINT_…"


def test_nobody_is_told_how_to_be_somebody() -> None:
    with serving(_basic) as (url, _):
        assert refusal(url).endswith(
            "does not accept requests without credentials (set KG_ENDPOINT_USER and KG_ENDPOINT_PASSWORD, or KG_ENDPOINT_TOKEN)"
        )


def test_a_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_ENDPOINT_TOKEN", "t0ken")
    with serving(Request.yes) as (url, asked):
        assert ask(url)
    assert asked[0].headers["Authorization"] == "Bearer t0ken"


def test_a_password_in_the_address_is_used_and_not_shown() -> None:
    with serving(_basic) as (url, asked):
        assert ask(url.replace("//", "//me:s3cret@"))
        said = refusal(url.replace("//", "//me:wr0ng@"))
    assert "wr0ng" not in said
    assert asked[0].headers["Host"] == url.split("/")[2]
    assert "s3cret" not in refusal("ftp://me:s3cret@x.example/")
    assert "k3y" not in refusal(f"http://127.0.0.1:{free_port()}/query?key=k3y")
    assert "s3cret" not in repr(exchange.Exchange.of("http://me:s3cret@x.example/"))


# ---- where a question goes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_question_follows_to_the_same_host_whole(status: int) -> None:
    def answer(one: Request) -> None:
        if one.path == "/query":
            one.answer(status, Location="/there")
        else:
            one.yes()

    with serving(answer) as (url, asked):
        assert ask(url)
    assert [one.command for one in asked] == ["POST", "POST"]
    assert asked[0].body == asked[1].body


@pytest.mark.parametrize(
    "there", ["http://localhost:1/query", "file:///etc/passwd", "ftp://127.0.0.1/", "https://other.example/q?key=1"]
)
def test_it_follows_nowhere_else(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_ENDPOINT_TOKEN", "t0ken")
    with serving(lambda one: one.answer(307, Location=there)) as (url, _):
        said = refusal(url)
    assert said == f"{url} redirects to {there.partition('?')[0]}: use that address if it is the right one"


@pytest.mark.parametrize("credentials", [{"TOKEN": "t0ken"}, {"USER": "me", "PASSWORD": "s3cret"}])
def test_credentials_stay_with_the_port(credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in credentials.items():
        monkeypatch.setenv(f"KG_ENDPOINT_{name}", value)
    with serving(_basic) as (other, asked), serving(lambda one: one.answer(307, Location=other)) as (url, _):
        assert "does not accept the user or token of KG_ENDPOINT_…" in refusal(url)
    assert [one.headers["Authorization"] for one in asked] == [None]


def test_a_token_follows_on_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_ENDPOINT_TOKEN", "t0ken")
    with serving(lambda one: one.yes() if one.path == "/there" else one.answer(307, Location="/there")) as (url, asked):
        assert ask(url)
    assert [one.headers["Authorization"] for one in asked] == ["Bearer t0ken"] * 2


def test_it_does_not_go_round_for_ever() -> None:
    with serving(lambda one: one.answer(307, Location=one.path)) as (url, asked):
        assert f"{url} redirects to /query" in refusal(url)
    assert len(asked) < 20


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "sparql", "ftp://x.example/", "http://[::1", "http://:80/", "http://x:y/"]
)
def test_an_address_must_be_of_the_web(address: str) -> None:
    assert "must be an http or https address" in refusal(address)


# ---- answers that are none ---------------------------------------------------------------------------------------


REFUSALS = {
    400: "cannot read the request: Line 1: no such thing",
    403: "does not allow this for requests without credentials (set KG_ENDPOINT_USER and KG_ENDPOINT_PASSWORD, or KG_ENDPOINT_TOKEN)",
    404: "there is nothing at",
    405: "does not accept this kind of request: is it the right address?",
    413: "the request is too large for",
    500: "failed with 500: Line 1: no such thing",
    502: "failed with 502: Line 1: no such thing",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_is_said(status: int) -> None:
    with serving(lambda one: one.answer(status, "\nLine 1: no such thing\nat x.java:7")) as (url, _):
        said = refusal(url)
    assert REFUSALS[status] in said
    assert url in said


def test_of_a_web_page_about_a_failure_its_title_is_said() -> None:
    page = "<!doctype html><html><head><title>Bad &amp; worse</title></head><body>x\x1b[31m</body></html>"
    with serving(lambda one: one.answer(500, page, "text/html")) as (url, _):
        assert refusal(url) == f"{url} failed with 500: Bad & worse"


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    with serving(lambda one: one.answer(500, "\x1b[31mred\u202e")) as (url, _):
        assert refusal(url) == f"{url} failed with 500: \\x1b[31mred\\u202e"


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/x-unheard-of"])
def test_what_is_no_answer_is_said(media_type: str) -> None:
    with serving(lambda one: one.answer(200, "hello", media_type)) as (url, _):
        assert f"{url} answered with invalid {media_type}" in refusal(url)


def test_a_web_page_is_no_answer() -> None:
    with serving(lambda one: one.answer(200, "<html>hello</html>", "text/html; charset=utf-8")) as (url, _):
        assert refusal(url) == f"{url} answered with a web page: is it the address of a SPARQL endpoint?"


def test_nobody_there_is_said() -> None:
    url = f"http://127.0.0.1:{free_port()}/query"
    assert refusal(url) == f"{url} cannot be reached: Connection refused"


def test_a_server_that_cannot_be_trusted_is_said() -> None:
    with serving(Request.yes) as (url, _):
        said = refusal(url.replace("http:", "https:"))
    assert "cannot be trusted" in said


def test_half_an_answer_is_none() -> None:
    def answer(one: Request) -> None:
        one.answer(200, '{"head":{},"boolean":true}', "application/sparql-results+json", Content_Length="1000")

    with serving(answer) as (url, _):
        assert refusal(url) == f"{url} did not send a complete answer"


def test_an_answer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange.Exchange, "max_bytes", 1_000_000, raising=False)
    monkeypatch.setattr(exchange.Exchange.__init__, "__defaults__", (None, exchange.Credentials(), 1_000_000))
    with serving(lambda one: one.answer(200, " " * 2_000_000, "application/json")) as (url, _):
        assert refusal(url) == f"{url} answered with more than 1 MB; ask for fewer rows"


# ---- time --------------------------------------------------------------------------------------------------------


def _silent(one: Request) -> None:
    """Answer nothing, and wait until the client hangs up."""
    one.connection.settimeout(10)
    with suppress(OSError):
        one.connection.recv(1)


def _trickling(one: Request) -> None:
    one.send_response(200)
    one.send_header("Content-Type", "application/sparql-results+json")
    one.end_headers()
    for _ in range(100):
        one.wfile.write(b" ")
        one.wfile.flush()
        time.sleep(0.03)


def _trickling_headers(one: Request) -> None:
    one.wfile.write(b"HTTP/1.0 200 OK\r\n")
    for number in range(90):
        one.wfile.write(b"X-%d: 1\r\n" % number)
        one.wfile.flush()
        time.sleep(0.03)


@pytest.mark.parametrize("answer", [_silent, _trickling, _trickling_headers])
def test_the_whole_exchange_has_a_limit_of_time(answer: object) -> None:
    began = time.monotonic()
    with serving(answer) as (url, _), pytest.raises(kg.TimedOut):  # type: ignore[arg-type]
        ask(url, 0.4)
    assert time.monotonic() - began < 2


def test_a_refusal_that_trickles_has_a_limit_of_time_too() -> None:
    def answer(one: Request) -> None:
        one.send_response(500)
        one.end_headers()
        for _ in range(100):
            one.wfile.write(b"no ")
            one.wfile.flush()
            time.sleep(0.03)

    began = time.monotonic()
    with serving(answer) as (url, _):
        assert refusal(url, 0.4).startswith(f"{url} failed with 500: no no")
    assert time.monotonic() - began < 2


def test_the_command_ends_with_4_where_time_is_up(tmp_path: Path) -> None:
    with serving(_silent) as (url, _):
        done = run("query", "--endpoint", url, "--timeout", "0.5", "ASK {}", cwd=tmp_path)
    assert done.returncode == 4


def test_the_command_says_a_refusal_in_a_line(tmp_path: Path) -> None:
    with serving(lambda one: one.answer(404)) as (url, _):
        done = run("query", "--endpoint", url, "ASK {}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"kg: there is nothing at {url}\n")


# ---- pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "requests"), [(100, 6), (150, 5), (250, 2)])
def test_all_rows_come_where_a_server_gives_only_some(most: int, requests: int) -> None:
    """As Virtuoso does: an answer without LIMIT is in another order than pages, and ends where it ends."""
    import re

    numbers = list(range(250))

    def answer(one: Request) -> None:
        (text,) = parse_qs(one.body)["query"]
        found = re.search(r"LIMIT (\d+) OFFSET (\d+)", text)
        limit, offset = map(int, found.groups()) if found else (most, 0)
        some = (numbers if found else numbers[::-1])[offset : offset + min(limit, most)]
        rows = [{"n": {"type": "literal", "value": str(number)}} for number in some]
        said = json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": rows}})
        one.answer(200, said, "application/sparql-results+json")

    with serving(answer) as (url, asked):
        rows = list(remote.Endpoint.at(url).rows("SELECT ?n { ?s ?p ?n }"))
    assert sorted(int(row[0].value) for row in rows) == numbers
    assert len(asked) == requests


def test_a_server_that_ignores_offset_is_refused() -> None:
    def answer(one: Request) -> None:
        rows = [{"n": {"type": "literal", "value": str(number)}} for number in range(3)]
        whole = json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": rows}})
        one.answer(200, whole, "application/sparql-results+json")

    with serving(answer) as (url, asked), pytest.raises(kg.KgError, match="ignores OFFSET"):
        list(remote.Endpoint.at(url).rows("SELECT ?n { ?s ?p ?n }"))
    assert len(asked) == 4


ADDRESSES = {
    "http://x.example:7878/query": "http://x.example:7878/update",
    "http://x.example/query?key=1": "http://x.example/update?key=1",
    "http://x.example/repositories/notes": "http://x.example/repositories/notes/statements",
    "http://x.example/sparql": "http://x.example/sparql",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_where_updates_go(address: str) -> None:
    assert remote.update_address(address) == ADDRESSES[address]
