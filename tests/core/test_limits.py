"""What is others' ends within limits, and a sentence says what went over them; the last good state stays."""

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from helpers.commanding import as_text
from helpers.forking import forked
from kg.core import sandbox, supervision
from kg.core.errors import KgError, TimedOut
from kg.core.guard import guarded
from kg.core.limits import Limits, OutOfMemory, limited

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there are no limits")
KG = str(Path(sys.executable).with_name("kg"))

ENDLESS = {
    "cartesian": "CONSTRUCT { ?a kg:linksTo ?d } WHERE { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f }",
    "apart": "CONSTRUCT { ?a kg:linksTo ?d } WHERE { "
    + " . ".join(f"?x{n} kg:linksTo ?y{n}" for n in range(6))
    + " . ?a kg:linksTo ?y . ?z kg:linksTo ?d }",
    "doubling": "CONSTRUCT { ?n a kg:Concept . ?m a kg:Concept } WHERE { ?s a kg:Concept "
    'BIND(IRI(CONCAT(STR(?s), "/x")) AS ?n) BIND(IRI(CONCAT(STR(?s), "/y")) AS ?m) }',
    "sorting": "CONSTRUCT { ?a kg:linksTo ?d } WHERE { { SELECT * { ?a ?p ?b . ?c ?q ?d . ?e ?r ?f } ORDER BY ?b ?d ?f } }",
    "planning": f"CONSTRUCT {{ ?a kg:linksTo ?b }} WHERE {{ ?a {'/'.join(['kg:linksTo'] * 900)} ?b OPTIONAL {{ ?b a ?t }} }}",
}
NESTED = f"<u:a> <u:b> {'<<( <u:a> <u:b> ' * 50_000}<u:c>{' )>>' * 50_000} .\n"


def run(vault: Path, *arguments: str, seconds: int = resource.RLIM_INFINITY) -> "subprocess.CompletedProcess[str]":
    """`kg` in a vault, with so many seconds of the processor."""
    return as_text(forked(arguments, vault, seconds=120, limits={resource.RLIMIT_CPU: seconds}))


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Thirty notes in a circle, ingested."""
    for number in range(30):
        tmp_path.joinpath(f"N{number}.md").write_text(f"# N{number}\n[[N{(number + 1) % 30}]]\n")
    assert run(tmp_path, "ingest", "-q").returncode == 0
    return tmp_path


def write(vault: Path, name: str, text: str) -> None:
    file = vault / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def triples(vault: Path) -> int:
    return int(json.loads(run(vault, "stats", "--json").stdout)["triples"])


# ---- rules -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.sample(2)
def test_a_rule_that_never_ends_is_named(vault: Path, name: str) -> None:
    before = triples(vault)
    write(vault, f"ontology/rules/{name}.rq", ENDLESS[name])
    write(vault, "kg.toml", "max_seconds = 3\n")
    done = run(vault, "ingest", "-q")
    assert done.stderr == f"kg: the rule {name} (rules/{name}.rq) takes more than 3 s (`max_seconds` in kg.toml)\n"
    assert done.returncode == 4
    Path(vault, f"ontology/rules/{name}.rq").unlink()
    assert triples(vault) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sorting", "apart"])
@pytest.mark.sample(1)
def test_a_rule_that_takes_all_memory_is_named(vault: Path, name: str) -> None:
    write(vault, f"ontology/rules/{name}.rq", ENDLESS[name])
    write(vault, "kg.toml", "max_memory = 200_000_000\nmax_seconds = 60\n")
    done = run(vault, "ingest", "-q")
    told = f"kg: the rule {name} (rules/{name}.rq) needs more than 0.2 GB of memory (`max_memory` in kg.toml)\n"
    assert (done.returncode, done.stderr) == (2, told)


@pytest.mark.slow
def test_the_limit_of_the_system_on_cpu_time_is_named_too(vault: Path) -> None:
    write(vault, "ontology/rules/cartesian.rq", ENDLESS["cartesian"])
    limit = 6
    done = run(vault, "ingest", "-q", seconds=limit)
    told = "the rule cartesian (rules/cartesian.rq) takes more CPU time than the system allows (ulimit -t)"
    assert (done.returncode, done.stderr) == (4, f"kg: {told}\n")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("CONSTRUCT { ?s kg:linksTo ?o } WHERE { ?s ?p ?o", "is not SPARQL"),
        ("DESCRIBE <u:x>", "must be a CONSTRUCT query"),
        ("CONSTRUCT { ?s ?p ?x } WHERE { ?s ?p ?o BIND(<u:f>(?o) AS ?x) }", "cannot be run"),
    ],
)
def test_what_is_no_rule_is_told(vault: Path, rule: str, told: str) -> None:
    write(vault, "ontology/rules/wrong.rq", rule)
    done = run(vault, "ingest", "-q")
    assert done.returncode == 2
    assert told in done.stderr
    assert "wrong" in done.stderr
    assert done.stderr.count("\n") == 1


# ---- what takes the process down -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["ingest", "stats", "validate", "why", "infer"])
@pytest.mark.sample(3)
def test_an_ontology_that_is_nested_too_deeply_is_told_with_its_place(vault: Path, command: str) -> None:
    write(vault, "ontology/nested.ttl", NESTED)
    words = ("why", "N1", "kg:linksTo", "N2") if command == "why" else (command,)
    done = run(vault, *words)
    place = f"{vault}/ontology/nested.ttl:1:{NESTED.index('<<(') + 1 + 500 * 16}"
    assert done.stderr.startswith(f"kg: {place[:-4]}"), done.stderr
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_brackets_hidden_in_what_looks_like_an_iri_are_counted(vault: Path) -> None:
    deep = "".join("?a<" + "(" * 4_000 + "?b>0&&" for _ in range(2)) + "1" + ")" * 8_000
    write(vault, "ontology/rules/deep.rq", f"CONSTRUCT {{ ?s kg:linksTo ?a }} WHERE {{ ?s ?p ?a FILTER({deep}) }}\n")
    done = run(vault, "ingest", "-q")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "more than 200 nested brackets" in done.stderr


@pytest.mark.slow
def test_an_answer_that_is_nested_too_deeply_is_one_question_that_fails(vault: Path) -> None:
    question = "```sparql\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }\n```\n\n"
    fine = "```sparql\nASK { ?s ?p ?o }\n```\n\nyes\n\n"
    write(vault, "Ask.md", f"# Ask\n\n{fine}{question}```turtle\n{NESTED}```\n")
    assert run(vault, "ingest", "-q").returncode == 0
    done = run(vault, "test")
    assert done.returncode == 1
    assert "Ask.md:9:1: error: Ask: the answer cannot be read: it is nested too deeply" in done.stdout + done.stderr
    assert "1 of 2 questions not answered as expected" in done.stdout + done.stderr


@contextmanager
def server(body: bytes, media_type: str) -> Iterator[str]:
    """A server that counts five triples and answers every CONSTRUCT with a body."""
    number = {"n": {"type": "literal", "value": "5", "datatype": "http://www.w3.org/2001/XMLSchema#integer"}}
    count = json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": [number]}}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            said = (body, media_type) if b"CONSTRUCT" in asked else (count, "application/sparql-results+json")
            self.send_response(200)
            self.send_header("Content-Type", said[1])
            self.send_header("Content-Length", str(len(said[0])))
            self.end_headers()
            self.wfile.write(said[0])

        def log_message(self, *arguments: object) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{served.server_port}/query"
    finally:
        served.shutdown()
        served.server_close()


@pytest.mark.slow
def test_a_server_cannot_take_kg_down(vault: Path) -> None:
    with server(NESTED.encode(), "application/n-triples") as address:
        for words in (("pull", address), ("query", "--endpoint", address, "CONSTRUCT WHERE { ?s ?p ?o }")):
            done = run(vault, *words)
            assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
            assert f"the answer of {address} cannot be read: it is nested too deeply" in done.stderr
    assert not list((vault / ".kg").glob("pulled/*"))


def test_a_pulled_graph_that_came_with_a_vault_cannot_take_kg_down(vault: Path) -> None:
    write(vault, ".kg/pulled/people.nt", NESTED)
    done = run(vault, "validate")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "the pulled graph" in done.stderr
    assert "people.nt cannot be read: it is nested too deeply" in done.stderr


# ---- the pieces ------------------------------------------------------------------------------------------------


def supervised_here(work: Callable[[], object]) -> object:
    """What some work gives in a process that another one waits for."""
    return guarded(work, seconds=30, memory=4_000_000_000)


def late() -> None:
    with limited("this loop", Limits(0.2, 1_000_000_000)):
        while True:
            pass


def asleep() -> None:
    with limited("this sleep", Limits(0.2, 1_000_000_000)):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as native code that hears of no signal
        time.sleep(60)


def greedy() -> None:
    with limited("this list", Limits(20, 300_000_000)):
        bytearray(2_000_000_000)


@pytest.mark.parametrize(
    ("work", "kind", "told"),
    [
        (late, TimedOut, "this loop takes more than 0.2 s"),
        (asleep, TimedOut, "this sleep takes more than 0.2 s"),
        (greedy, OutOfMemory, "this list needs more than 0.3 GB of memory"),
    ],
)
def test_a_part_of_the_work_has_limits_of_its_own(work: Callable[[], None], kind: type[KgError], told: str) -> None:
    with pytest.raises(kind, match=told):
        supervised_here(work)


def test_a_limit_inside_a_limit_leaves_the_outer_one() -> None:
    def work() -> None:
        with limited("the outer", Limits(0.4, 1_000_000_000)):
            with limited("the inner", Limits(10, 1_000_000_000)):
                pass
            while True:
                pass

    with pytest.raises(TimedOut, match=r"the outer takes more than 0\.4 s"):
        supervised_here(work)


def test_work_within_its_limits_gives_what_it_gives() -> None:
    def work() -> int:
        with limited("nothing", Limits(10, 1_000_000_000)):
            return 7

    assert supervised_here(work) == 7
    assert limited("nothing").__enter__() is None  # where nobody waits it does nothing


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists the open files of a process")
@pytest.mark.parametrize("start", [supervised_here, supervision.supervised])
def test_no_pipe_stays_open_without_a_fork(start: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(supervision, "_is_ours", False)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(KgError, match="could not be started: Resource temporarily unavailable"):
        start(lambda: 0)
    assert os.listdir("/proc/self/fd") == before


def test_the_network_is_closed_to_some_work_alone() -> None:
    code = """
    import socket, threading
    from kg.core import sandbox, supervision

    def opens():
        try:
            socket.socket().close()
            return True
        except OSError:
            return False

    assert not sandbox.without_network(opens)
    assert opens()
    def fails():
        raise ValueError("as it came")
    try:
        sandbox.without_network(fails)
    except ValueError as error:
        assert str(error) == "as it came"
    assert sandbox.close_network()
    assert sandbox.is_closed() and sandbox.close_network()
    assert not opens()
    found = []
    thread = threading.Thread(target=lambda: found.append(opens()))
    thread.start(); thread.join()
    assert found == [False]
    import subprocess, sys
    done = subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], capture_output=True)
    assert done.returncode and b"PermissionError" in done.stderr
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux closes the network to a process")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_python_asks_no_server_unasked(vault: Path) -> None:
    import kg

    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hits.append(self.path)
            self.send_response(500)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=served.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{served.server_port}/"
    # The look at the text is left out: what the engine cannot do is what is tested.
    text = f"SELECT * {{ ?s kg:linksTo ?o SERVICE <{address}> {{ ?s ?p ?x }} }}"
    store = kg.Store(vault / ".kg")
    with pytest.raises(KgError, match="SERVICE asks another server"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("kg.sparql.query.check", lambda *given, **options: None)
        kg.query(store, text)
    assert not hits
    with pytest.raises(KgError, match="cannot be answered"):
        list(kg.query(store, text, services=True))
    assert hits
    served.shutdown()
    assert not sandbox.is_closed()
