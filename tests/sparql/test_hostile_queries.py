"""Queries that are wrong, endless, nested thousands deep, or that call a server or read a file."""

import contextlib
import json
import socket
import time
from pathlib import Path

import pytest

from helpers.commanding import run
from helpers.hostile import code_without_a_call, opened
from kg.core.errors import KgError, QuerySyntaxError
from kg.ingestion.pipeline import ingest
from kg.rdf.sparql_syntax import check


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("SELECT ?c { ?c a kg:Concept }", 0, ""),
        ("ASK { ?c a kg:Concept }", 0, ""),
        ("ASK { ?c a kg:Output }", 1, ""),
        ("SELECT * {\n  ?s ?p\n}", 2, "query:2:3: "),
        ("SELECT * { ?s ?p ?o", 2, "query:1:"),
        ("SELEKT * { ?s ?p ?o }", 2, "query:1:1: "),
        ("SELECT * {\n  ?s nope:p ?o }", 2, "“nope:”"),
        ("SELECT * {\n  ?s nope:p ?o }", 2, "query:2:"),
        ("", 2, "empty"),
        ("   \n# nothing\n", 2, "empty"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 2, "SERVICE"),
        ("select * { service silent <http://127.0.0.1:1/> { ?s ?p ?o } }", 2, "SERVICE"),
        ("SELECT * { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }", 2, "query:1:"),
        ("SELECT * " + "{" * 5000 + "}" * 5000, 2, "query:1:"),
        ("SELECT * { ?s ?p " + "[" * 5000, 2, "query:1:"),
        ('SELECT * { ?s ?p "\x1b[2J }', 2, "query:1:"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", 2, "query:1:1: "),
        ("DROP ALL", 2, "query:1:1: "),
        ("LOAD <http://127.0.0.1:1/>", 2, "query:1:1: "),
        ("no-such-query", 1, "no-such-query"),
        ("nothing/here.rq", 2, "nothing/here.rq"),
    ],
    ids=lambda given: repr(given[:40]) if isinstance(given, str) else None,
)
@pytest.mark.sample(7)
def test_a_question_gets_its_exit_code(project: Path, question: str, code: int, said: str) -> None:
    done = run("query", question, cwd=project)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert done.stdout == ""


@pytest.mark.parametrize(
    "question",
    [
        *(
            pytest.param(question)
            for question in (
                "ASK { FILTER(" + "!" * 20_000 + "true) }",
                "ASK { FILTER(1" + "+1" * 20_000 + ") }",
                "ASK { FILTER(1" + "&&1" * 20_000 + ") }",
                "ASK { {?s ?p ?o}" + " UNION {?s ?p ?o}" * 20_000 + " }",
            )
        ),
        pytest.param("ASK { OPTIONAL { ?s n:a\\#b ?o } FILTER(" + "(" * 20_000 + "1" + ")" * 20_000 + ") }"),
    ],
    ids=["!", "+", "&&", "UNION", "hidden brackets"],
)
def test_no_question_takes_the_process_with_it(project: Path, question: str) -> None:
    done = run("query", "-", cwd=project, stdin=question)
    assert done.returncode in {0, 1, 2}, f"ended by signal {-done.returncode}"


@pytest.mark.parametrize(
    "question",
    [
        "SELECT ?a { SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { SERVICE/**/<%s> { ?a ?b ?c } }",
        "SELECT ?a { FILTER(1<2)SERVICE<%s>{ ?a ?b ?c } FILTER(2>1) }",
        "SELECT ?a { OPTIONAL { ?s n:a\\'b ?o } SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { OPTIONAL { ?s n:a\\#b ?o }\n SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { BIND(1 AS ?x) # it's\n SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { \\u0053ERVICE <%s> { ?a ?b ?c } }",
        pytest.param("SELECT ?a { OPTIONAL { ?s n:a\\#b ?o } SERVICE <%s> { ?a ?b ?c } }"),
        pytest.param("SELECT ?a { OPTIONAL { ?s n:a\\'b ?o } SERVICE <%s> { ?a ?b ?c } FILTER(?a != 'x') }"),
    ],
)
@pytest.mark.sample(4)
def test_no_question_calls_another_server(project: Path, question: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/sparql"
        assert code_without_a_call(server, "query", question.replace("%s", url), cwd=project) == 2


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text) for text in ("-", ".", "a.", "a-", '"\\')),
        "<",
        "'",
        '"',
        '"""',
        "'''a",
        "\\",
        "?",
        ":",
        "a:",
        "a:%",
        "#",
        "<a",
        '"""a\n',
        "'a\\'\n",
        "_:",
        "{",
        "(",
    ],
)
@pytest.mark.sample(7)
def test_looking_over_a_question_does_not_hang(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(KgError):
        check(text * (200_000 // len(text)))
    assert time.process_time() - started < 20


def test_a_question_that_is_too_long_is_refused() -> None:
    with pytest.raises(KgError, match="characters"):
        check("SELECT * { ?s ?p ?o }" + " " * 1_000_000)


def test_the_place_of_a_bracket_too_many_is_right() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        check("ASK {\n" + "{" * 5000)
    assert (caught.value.line, caught.value.column) == (2, 200)


@pytest.mark.parametrize(
    ("question", "line", "column"),
    [
        ("SELECT *\n{ ?s ?p ?o .\n  ?x ?y }", 3, 3),
        ("SELECT * { ?s ?p ?é ; ; . }}", 1, 28),
        ("SELECT ?x\n\n\n{ ?x a }", 4, 3),
    ],
)
def test_a_mistake_has_its_line_and_column(project: Path, question: str, line: int, column: int) -> None:
    done = run("query", question, cwd=project)
    assert f"query:{line}:{column}: " in done.stderr
    assert done.returncode == 2


def test_params_cannot_change_the_question(project: Path) -> None:
    for evil in (
        'x" } #',
        "<a> } { ?s ?p ?o",
        'kg:Concept> } UNION { ?s ?p "',
        "\\",
        '"\\"',
        "<http://a b>",
        "\x00a"[1:],
    ):
        done = run("query", "SELECT ?s ?t { ?s skos:prefLabel ?t }", "--param", f"t={evil}", "-f", "csv", cwd=project)
        assert done.returncode in {0, 2}
        assert done.stdout.splitlines()[1:] == []


def test_a_question_that_takes_too_long_is_stopped(project: Path) -> None:
    everything = " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(6))
    started = time.monotonic()
    done = run("query", f"SELECT (COUNT(*) AS ?n) {{ {everything} }}", "--timeout", "0.5", cwd=project)
    assert done.returncode == 4
    assert time.monotonic() - started < 20


def test_output_for_machines_survives_an_independent_reader(vault: Path) -> None:
    import csv
    from xml.etree import ElementTree

    (vault / "Odd.md").write_text("# a\x01\x0b\x1f\ufffe,\"b\n\n- [ ] =cmd|' /C calc'!A0 </script>\n", encoding="utf-8")
    ingest(opened(vault))
    question = "SELECT ?s ?t { ?s kg:heading|kg:text ?t }"
    rows = list(csv.reader(run("query", question, "-f", "csv", cwd=vault).stdout.splitlines()))
    assert all(len(row) == 2 for row in rows)
    assert json.loads(run("query", question, "-f", "json", cwd=vault).stdout)["results"]["bindings"]
    assert all(json.loads(line) for line in run("query", question, "-f", "jsonl", cwd=vault).stdout.split("\n") if line)
    ElementTree.fromstring(run("query", question, "-f", "xml", cwd=vault).stdout)


def test_a_name_may_have_an_escaped_character_in_a_query(project: Path) -> None:
    done = run("query", "SELECT * { OPTIONAL { ?s n:a\\#b ?o } OPTIONAL { ?s n:a\\'b ?q } }", "-f", "csv", cwd=project)
    assert (done.returncode, done.stdout.splitlines()[:1]) == (0, ["s,o,q"]), done.stderr


def test_a_question_reads_no_file_of_the_machine(project: Path) -> None:
    for where in ("FROM <file:///etc/hostname>", "FROM NAMED <file:///etc/passwd>"):
        done = run("query", f"SELECT ?s {where} {{ ?s ?p ?o }}", "-f", "csv", cwd=project)
        assert done.stdout.splitlines()[1:] == []
