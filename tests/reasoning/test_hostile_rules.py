"""The vault's own ontology and rules: bad, endless, or calling a server."""

import socket
from pathlib import Path

import pytest

from helpers.commanding import run
from helpers.hostile import code_without_a_call


def with_rule(vault: Path, rule: str) -> None:
    (vault / "ontology" / "rules").mkdir(parents=True, exist_ok=True)
    (vault / "ontology" / "rules" / "x.rq").write_text(rule, encoding="utf-8")


@pytest.mark.parametrize(
    "rule",
    [
        "no query",
        "SELECT * { ?s ?p ?o }",
        "ASK {}",
        "INSERT DATA { <a:a> <a:b> <a:c> }",
        "",
        "CONSTRUCT { ?a <a:b> ?c } WHERE { ?a nope:p ?c }",
        "CONSTRUCT { ?n <a:p> ?a } WHERE { ?a <a:p>|kg:describes ?b BIND(IRI(CONCAT(STR(?a), 'x')) AS ?n) }",
        *(
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {where} }}"
            for where in (
                "SERVICE <http://127.0.0.1:9/> { ?s ?p ?o }",
                "?s ?p ?o FILTER(" + "(" * 5_000 + "1" + ")" * 5_000 + ")",
                "?s ?p ?o FILTER(" + "!" * 20_000 + "true)",
            )
        ),
    ],
    ids=lambda rule: repr(rule[:40]),
)
@pytest.mark.sample(4)
def test_a_bad_rule_is_refused_in_one_sentence(vault: Path, rule: str) -> None:
    with_rule(vault, rule)
    done = run("ingest", str(vault), "-q", cwd=vault)
    assert done.returncode == 2, f"{done.returncode}: {done.stderr}"
    assert "x.rq" in done.stderr or "rules" in done.stderr
    assert "internal error" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_rule_without_end_is_stopped_in_an_incremental_ingest_too(vault: Path) -> None:
    with_rule(
        vault,
        "CONSTRUCT { ?n kg:grows ?a } WHERE { ?a kg:grows|kg:tagged ?b BIND(IRI(CONCAT(STR(?a), 'x')) AS ?n) }",
    )
    (vault / "Good.md").write_text("nothing", encoding="utf-8")
    assert run("ingest", str(vault), "-q", cwd=vault).returncode == 0
    (vault / "Good.md").write_text("#tag", encoding="utf-8")
    done = run("ingest", str(vault), "-q", cwd=vault, seconds=8)
    assert done.returncode == 2
    assert "the rules do not end" in done.stderr


IMPORTS = "<%s> a <http://www.w3.org/2002/07/owl#Ontology> ; <http://www.w3.org/2002/07/owl#imports> <%s> ."


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("rules/x.rq", "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <%s> { ?s ?p ?o } }"),
        ("rules/x.rq", "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE SILENT <%s> { ?s ?p ?o } }"),
        ("rules/x.rq", "CONSTRUCT { ?s ?p ?o } FROM <%s> WHERE { ?s ?p ?o }"),
        ("x.ttl", IMPORTS),
    ],
)
@pytest.mark.sample(2)
def test_an_ontology_calls_no_server(vault: Path, place: str, text: str) -> None:
    file = vault / "ontology" / place
    file.parent.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        file.write_text(text.replace("%s", f"http://127.0.0.1:{server.getsockname()[1]}/x"))
        assert code_without_a_call(server, "ingest", str(vault), cwd=vault) is not None


@pytest.mark.parametrize(
    "turtle",
    [b"\xff", b"<a> <b> <c>", b"\0", b"<http://a b> a <a:b> .", b"@prefix x: <x y> . x:a x:b x:c .", b"<a:a> <a:b> " + b"<<( " * 20_000, b"<a:a> <a:b> " + b"[ <a:b> " * 2_000],
    ids=lambda raw: repr(raw[:20]),
)  # fmt: skip
@pytest.mark.sample(3)
def test_a_bad_ontology_is_refused_in_one_sentence(vault: Path, turtle: bytes) -> None:
    (vault / "ontology").mkdir()
    (vault / "ontology" / "x.ttl").write_bytes(turtle)
    done = run("ingest", str(vault), "-q", cwd=vault)
    assert done.returncode == 2, f"{done.returncode}: {done.stderr}"
    assert "x.ttl" in done.stderr
    assert len(done.stderr.splitlines()) == 1
