"""Nothing leaves the machine: whatever text of others becomes a query or a document, a listener on the loopback is not asked.

The texts come from a grammar that spells SERVICE in all ways and hides it wherever SPARQL has a place for it. They need
not be refused, nor even be SPARQL: what counts is that nobody is asked, and that what is said is an answer or a sentence.
"""

import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import kg
from fuzz.grammars import Grammar
from fuzz.loopback import Answering, answering
from helpers.commanding import as_text
from helpers.drawing import at_length
from helpers.forking import forked
from helpers.vaults import Write, ingest
from kg.core.errors import KgError

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ROWS = b'{"head":{"vars":["a"]},"results":{"bindings":[]}}'
NOTES = {
    "A.md": "---\ntype: Concept\n---\n# A\nSECRET TEXT, see [[B]].\n\n# Outcomes\n- [[B]]\n",
    "B.md": "# B\n[[A]]\n",
}
GIVEN = "PREFIX x: <URL/>\n"


# ---- texts ---------------------------------------------------------------------------------------------------------------


def _spellings(number: int) -> tuple[str, ...]:
    """SERVICE in small and large letters, and with escapes of both lengths."""
    dice = random.Random(1)
    ways = (str.upper, str.upper, str.lower, lambda ch: f"\\u{ord(ch):04x}", lambda ch: f"\\U{ord(ch):08X}")
    return ("SERVICE", *("".join(dice.choice(ways)(ch) for ch in "SERVICE") for _ in range(number)))


# A production to a row, however long.
# fmt: off
GRAMMAR = Grammar(
    {
        "service": _spellings(30),
        "silent": ("", "", " SILENT", " silent", "SILENT", " S\\u0049LENT", "#\nSILENT"),
        "gap": (" ", " ", " ", "", "\n", "\t", "# a comment\n", "#\r", "\u000b", "\u00a0", "\ufeff", " # }\n"),
        "address": ("<URL/a>", "x:a", "<URL/\\u0061>", "<a>", "?u", "<URL/?a=%20b#c>", "<http://localhost:PORT/>", "<HTTP://127.0.0.1:PORT/>", "$u"),
        "call": ("‹service›‹silent› ‹address› { ?a ?b ?c }", "‹service›‹silent›‹gap›‹address›‹gap›{‹inside›}"),
        "inside": ("?a ?b ?c", "?a ?b ?c", "", " ?s ?p ?o . FILTER(?o > 1) ", " { ?a ?b ?c } UNION { ?c ?b ?a } ", " SELECT * { ?a ?b ?c } ", " ‹call› "),
        "before": ("1", "1.", ".5", "1e5", "1.5E-3", "+7", '"x"', "'x'", '"x"@en', '"x"@en--ltr', '"x"^^x:y', "true", "<URL>", "?o", "$o", "_:o", "kg:A", "x:", "x:a.b",
                   "[]", "( 1 )", "[ ?p 1 ]", '"""x"""', "<<( ?s ?p 1 )>>", "1 .", "1 ;", "1 , 2", "?o {| ?p 1 |}", "kg:order/kg:order 1", "x:a\\-", "x:%41"),
        "pattern": ("‹call›", "?s ?p ‹before›‹call›", "?s ?p ‹before›‹gap›‹call›", "‹bind› ‹call›", "OPTIONAL { ‹pattern› }", "{ ‹pattern› } UNION { ?s ?p 1 }", "{} MINUS { ‹pattern› }",
                    "GRAPH ?g { ‹pattern› }", "GRAPH x:g{‹pattern›}", "FILTER EXISTS { ‹pattern› }", "FILTER NOT EXISTS { ‹pattern› }", "{ SELECT * { ‹pattern› } LIMIT 1 }", "LATERAL { ‹pattern› }",
                    "?s kg:linksTo ?o . ‹pattern›", "VALUES ?s { 1 } ‹pattern›", "VALUES(?s ?v){(1 2)}‹call›", "BIND(EXISTS { ‹pattern› } AS ?e)", "?s ?p ?o FILTER(?o = 1)‹call›", "BIND(1 AS ?k)‹call›",
                    "FILTER(IF(EXISTS{‹pattern›}, true, false))", "{{{ ‹pattern› }}}", "?s ?p ?o . BIND(STR(?o) AS ?t) ‹bind› LATERAL { ‹call› }"),
        "bind": ('BIND(<URL/b> AS ?u)', "VALUES ?u { <URL/v> }", 'BIND(IRI(CONCAT("URL/", "c")) AS ?u)', '?n kg:text ?t BIND(IRI(CONCAT("URL/?", ENCODE_FOR_URI(?t))) AS ?u)',
                 '?s skos:prefLabel ?t BIND(URI(CONCAT("URL/", STR(?t))) AS ?u)', "VALUES (?u) { (x:v) }"),
        "prologue": (GIVEN, GIVEN + "BASE <URL/base/>\n", GIVEN + "PREFIX service: <URL/>\n", GIVEN + "# SERVICE\n", GIVEN + 'PREFIX e: <http://e.example/a#b>\n'),
        "query": ("‹prologue›SELECT * { ‹pattern› }", "‹prologue›ASK { ‹pattern› }", "‹prologue›SELECT (COUNT(*) AS ?n) WHERE{‹pattern›}GROUP BY ?s", "‹prologue›DESCRIBE ?s { ‹pattern› }", "‹construct›",
                  "‹prologue›SELECT * { ?s ?p ?o } ORDER BY (EXISTS { ‹pattern› })", "‹prologue›SELECT (EXISTS { ‹pattern› } AS ?e) {}", "‹prologue›SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING(EXISTS{‹pattern›})"),
        "construct": ("‹prologue›CONSTRUCT { ?s kg:linksTo ?s } WHERE { ‹pattern› }", "‹prologue›CONSTRUCT { ?s kg:linksTo ?s } { ?s ?p ?o . ‹pattern› }"),
        "select": ("‹prologue›SELECT $this { $this ?p ?o . ‹pattern› }", "‹prologue›SELECT $this ?value { $this ?p ?value . ‹pattern› }"),
        "ask": ("‹prologue›ASK { $this ?p $value . ‹pattern› }",),
        "own": ("PREFIX x: <URL/> CONSTRUCT { $this kg:linksTo $this } WHERE { $this ?p ?o . ‹pattern› }",),
    }
)
# fmt: on


@cache
def texts(name: str, number: int, seed: int = 18) -> tuple[str, ...]:
    """Texts of a kind, the plainest first; with URL and PORT where a listener's come."""
    dice = random.Random(f"{name} {seed}")
    return tuple(dict.fromkeys(GRAMMAR.grow(dice, name, 0 if not one else dice.randint(3, 9)) for one in range(number)))


# ---- a listener ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _listener() -> Answering:
    server = answering()
    server.answer = b"200\nContent-Type: application/sparql-results+json", ROWS
    return server


@pytest.fixture
def listener(_listener: Answering) -> Iterator[Answering]:
    """It must not have been asked by the end of a test."""
    _listener.asked.clear()
    yield _listener
    assert not _listener.asked, f"it was asked: {_listener.asked[0][:300]!r}"


@pytest.fixture
def at(listener: Answering) -> Callable[[str], str]:
    """Put the listener's address into a text."""
    return lambda text: _put(listener, text)


def _put(server: Answering, text: str) -> str:
    address = server.address.removesuffix("/query")
    return text.replace("URL", address).replace("PORT", address.rpartition(":")[2])


@pytest.fixture
def vault(write: Write) -> Path:
    folder = write({**NOTES, "kg.toml": 'base = "https://notes.example/"\n'})
    (folder / "queries" / "tests").mkdir(parents=True)
    (folder / "ontology" / "rules").mkdir(parents=True)
    return folder


@pytest.fixture
def store(write: Write, tmp_path: Path) -> kg.Store:
    return ingest(write(NOTES), tmp_path / "store").store


@pytest.fixture
def run(vault: Path, listener: Answering) -> Run:
    """`kg` in the vault; whatever Python's libraries would fetch from anywhere they fetch from the listener, as a proxy."""
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")

    def kg_(*words: str, stdin: str = "", proxy: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment |= dict.fromkeys(names, listener.address) if proxy else {}
        done = as_text(forked(words, vault, stdin=stdin.encode(), seconds=300, environment=environment))
        assert done.returncode in {0, 1, 2, 4}, done.stderr
        assert "internal error" not in done.stderr and "Traceback" not in done.stderr, done.stderr
        return done

    return kg_


# ---- the controls: it can be asked ---------------------------------------------------------------------------------------


def test_a_service_is_asked_where_that_is_allowed(run: Run, at: Callable[[str], str], listener: Answering) -> None:
    run("ingest", "-q")
    done = run("query", "-f", "csv", "--allow-service", at("SELECT * { SERVICE <URL/a> { ?a ?b ?c } }"))
    assert done.returncode == 0 and listener.asked, done.stderr
    listener.asked.clear()


@pytest.mark.slow
def test_many_of_the_texts_would_ask(store: kg.Store, listener: Answering) -> None:
    """Asked with leave, so that the tests below try what can happen. Not all: some are no SPARQL, some have no address."""
    asking = 0
    for text in texts("query", 80):
        listener.asked.clear()
        try:
            answer = kg.query(store, _put(listener, text), services=True)
            list(answer.triples() if answer.kind == "graph" else answer.terms() if answer.kind == "select" else ())
        except KgError:
            pass
        asking += bool(listener.asked)
    listener.asked.clear()
    assert asking > 15, asking


def test_rdflib_would_ask(listener: Answering) -> None:
    """It is what runs the SPARQL of shapes."""
    import rdflib

    list(rdflib.Graph().query(_put(listener, "SELECT * { S\\u0045RVICE <URL/a> { ?a ?b ?c } }")))
    assert listener.asked
    listener.asked.clear()


# ---- queries ---------------------------------------------------------------------------------------------------------------


def _asked_in_python(store: kg.Store, listener: Answering, number: int) -> None:
    for text in texts("query", number):
        try:
            answer = kg.query(store, _put(listener, text))
            list(answer.triples() if answer.kind == "graph" else answer.terms() if answer.kind == "select" else ())
        except KgError:
            pass
        assert not listener.asked, text


def test_a_query_from_python(store: kg.Store, listener: Answering) -> None:
    _asked_in_python(store, listener, 80)


@pytest.mark.slow
def test_a_query_of_the_shell(run: Run, at: Callable[[str], str]) -> None:
    run("ingest", "-q")
    run("shell", stdin=at("\n\n".join(re.sub(r"\n\s*\n", "\n", text) for text in texts("query", 30))) + "\n\n")


@pytest.mark.slow
def test_questions_in_notes_and_files(run: Run, vault: Path, at: Callable[[str], str]) -> None:
    run("ingest", "-q")
    _write_questions(vault, at, 30)
    run("test")
    run("ingest", "-q")


def _write_questions(vault: Path, at: Callable[[str], str], number: int) -> None:
    rows = [at(text) for text in texts("query", number)]
    fences = [f"```sparql\n{text}\n```\n\nyes\n" for text in rows]
    (vault / "Ask.md").write_text("\n".join(["# Ask", *fences[: number // 2]]), encoding="utf-8", newline="\n")
    (vault / "queries" / "tests" / "ask.md").write_text(
        "\n".join(fences[number // 2 :]), encoding="utf-8", newline="\n"
    )
    (vault / "queries" / "tests" / "one.rq").write_text(f"# expect: empty\n{rows[0]}", encoding="utf-8")


def _by_name(run: Run, vault: Path, text: str) -> None:
    (vault / "queries" / "mine.rq").write_text(text, encoding="utf-8", newline="\n")
    run("query", "mine")


def _by_file(run: Run, vault: Path, text: str) -> None:
    (vault / "q.rq").write_text(text, encoding="utf-8", newline="\n")
    run("query", "q.rq", "--explain")
    run("query", "-f", "json", "q.rq")


def _exported(run: Run, vault: Path, text: str) -> None:
    (vault / "q.rq").write_text(text, encoding="utf-8", newline="\n")
    run("export", "-f", "ntriples", "-o", "out.nt", "--query", "q.rq")


def _typed(run: Run, vault: Path, text: str) -> None:
    run("query", text)


def _read_from_stdin(run: Run, vault: Path, text: str) -> None:
    run("query", "-", stdin=text)


PLACES = {
    "typed": _typed,
    "by its name": _by_name,
    "in a file": _by_file,
    "of an export": _exported,
    "from stdin": _read_from_stdin,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.sample(3)
def test_a_query(run: Run, vault: Path, at: Callable[[str], str], place: str) -> None:
    run("ingest", "-q")
    for text in (at(one) for one in _spread(texts("query", 60), 2, place)):
        PLACES[place](run, vault, text)


def _spread(rows: tuple[str, ...], number: int, seed: str) -> list[str]:
    return random.Random(seed).sample(rows, min(number, len(rows)))


def test_a_parameter_is_no_way_out(run: Run, at: Callable[[str], str]) -> None:
    run("ingest", "-q")
    for text in ("SELECT * { ?s ?p 1SERVICE SILENT ?u { ?a ?b ?c } }", "ASK { SERVICE ?u { ?a ?b ?c } }"):
        run("query", text, "--param", at("u=<URL/p>"))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM <URL/a.ttl> { ?s ?p ?o }",
        "SELECT * FROM NAMED <URL/a.ttl> { GRAPH ?g { ?s ?p ?o } }",
        "PREFIX x: <URL/> CONSTRUCT { ?s ?p ?o } FROM x:a.ttl FROM NAMED x:b.ttl WHERE { GRAPH <URL/b.ttl> { ?s ?p ?o } }",
        "LOAD <URL/a.ttl>",
        "LOAD SILENT <URL/a.ttl> INTO GRAPH <URL/g>",
        "DESCRIBE <URL/a>",
        "BASE <URL/> SELECT * { <a> ?p ?o }",
        "INSERT { ?s ?p ?o } WHERE { SERVICE <URL/a> { ?s ?p ?o } }",
    ],
)
def test_a_query_that_names_a_document(store: kg.Store, at: Callable[[str], str], text: str) -> None:
    try:
        answer = kg.query(store, at(text))
        list(answer.triples() if answer.kind == "graph" else answer.terms())
    except KgError:
        pass


# ---- rules and shapes --------------------------------------------------------------------------------------------------------


def _ruled(run: Run, vault: Path, text: str) -> None:
    (vault / "ontology" / "rules" / "r.rq").write_text(text, encoding="utf-8", newline="\n")
    run("ingest", "-q", "--full")


def test_a_rule(run: Run, vault: Path, at: Callable[[str], str]) -> None:
    for text in _spread(texts("construct", 60), 5, "rule"):
        _ruled(run, vault, at(text))


def _turtle(text: str) -> str:
    """A text of SPARQL as a literal of Turtle. What SPARQL is to see as an escape is one of Turtle's too, so it is doubled."""
    return json.dumps(text, ensure_ascii=False).replace("\x0b", "\\u000b")


HEAD = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> .
@prefix e: <http://e.example/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
SHAPES = {
    "sparql": ("select", "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:sparql [ a sh:SPARQLConstraint ; sh:select TEXT ] ."),
    "target": ("select", "e:S a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:select TEXT ] ; sh:nodeKind sh:Literal ."),
    "rule": ("own", "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:rule [ a sh:SPARQLRule ; sh:construct TEXT ] ; sh:closed true ."),
    "component": ("ask", "e:C a sh:ConstraintComponent ; sh:parameter [ sh:path e:par ] ; sh:validator [ a sh:SPARQLAskValidator ; sh:ask TEXT ] .\n"
                         "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; e:par 1 ."),
    "select validator": ("select", "e:C a sh:ConstraintComponent ; sh:parameter [ sh:path e:par ] ; sh:nodeValidator [ a sh:SPARQLSelectValidator ; sh:select TEXT ] .\n"
                                   "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; e:par 1 ."),
    "function": ("select", "e:f a sh:SPARQLFunction ; sh:parameter [ sh:path e:arg ; sh:datatype xsd:string ] ; sh:returnType xsd:string ; sh:select TEXT .\n"
                           "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:expression [ e:f ( \"a\" ) ] ."),
    "javascript": ("select", "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:js [ a sh:JSConstraint ; sh:message TEXT ; sh:jsLibrary [ sh:jsLibraryURL \"URL/a.js\"^^xsd:anyURI ] ; sh:jsFunctionName \"f\" ] ."),
}  # fmt: skip


def _shaped(run: Run, vault: Path, at: Callable[[str], str], name: str, text: str) -> None:
    shape = SHAPES[name][1].replace("TEXT", _turtle(f"PREFIX kg: <https://w3id.org/concept-notes#> {text}"))
    (vault / "ontology" / "shapes.ttl").write_text(at(HEAD + shape), encoding="utf-8", newline="\n")
    run("validate", "-q")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.sample(1)
def test_a_shape(run: Run, vault: Path, at: Callable[[str], str], name: str) -> None:
    plain = "SELECT $this { $this ?p ?o . S\\u0045RVICE SILENT <URL/a> { ?a ?b ?c } }"
    kind = SHAPES[name][0]
    _shaped(run, vault, at, name, plain if kind == "select" else texts(kind, 30)[1])


# ---- documents -----------------------------------------------------------------------------------------------------------------

IN_NOTES = """---
image: URL/cover.png
source: "[x](URL/x)"
id: URL/id
---
# URL/title

<URL/a> URL/b [c](URL/c) ![d](URL/d.png) ![[URL/e]] [[URL/f]] <img src="URL/g"> <script src="URL/h"></script>
<iframe src="URL/i"></iframe> [j]: URL/j

# Sources
- [k](URL/k) - URL/l
"""
ENTITIES = """<?xml version="1.0"?><?xml-stylesheet href="URL/a.xsl"?>
<!DOCTYPE rdf:RDF SYSTEM "URL/a.dtd" [<!ENTITY e SYSTEM "URL/e"><!ENTITY % p SYSTEM "URL/p"> %p;]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:xi="http://www.w3.org/2001/XInclude"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="URL/s URL/s.xsd" xml:base="URL/">
<xi:include href="URL/i"/><rdf:Description rdf:about="a"><b xmlns="URL/">&e;</b></rdf:Description></rdf:RDF>"""
DOCUMENTS = {
    "Pages.md": IN_NOTES,
    "a.canvas": '{"nodes":[{"id":"a","type":"link","url":"URL/a"},{"id":"b","type":"text","text":"![x](URL/b)"}],"edges":[]}',
    "ontology/imports.ttl": "@base <URL/base/> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n@prefix x: <URL/p#> .\n"
    "<URL/o> a owl:Ontology ; owl:imports <URL/imported.ttl>, x:other, <http://e.example/far.owl> .\nx:R a owl:Class .\n",
    "ontology/shapes.ttl": HEAD
    + "<URL/shapes> a owl:Ontology ; owl:imports <URL/more.ttl> ; sh:shapesGraph <URL/graph.ttl> ; sh:suggestedShapesGraph <URL/x> .\n"
    "e:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:nodeKind sh:IRI ; sh:entailment <URL/entailment> .\n",
    "ontology/a.rdf": ENTITIES,
    "ontology/a.owl": ENTITIES,
    "ontology/a.xml": ENTITIES,
    "ontology/a.jsonld": '{"@context": ["URL/context.jsonld", {"@import": "URL/import.jsonld"}], "@id": "URL/a"}',
    "ontology/a.ttl.html": '<link rel="alternate" href="URL/a.ttl">',
}


@pytest.mark.slow
def test_a_document(run: Run, vault: Path, at: Callable[[str], str]) -> None:
    for name, text in DOCUMENTS.items():
        (vault / name).write_text(at(text), encoding="utf-8")
    for words in (
        ["ingest", "-q"],
        ["validate", "-q"],
        ["export", "-f", "html", "-o", "a.html"],
        ["export", "-f", "jsonld", "-o", "a.jsonld"],
    ):
        run(*words)


def test_an_answer_of_a_server_leads_nowhere_else(run: Run, at: Callable[[str], str]) -> None:
    """A server that was named may answer with a document that names others, or send elsewhere."""
    other = answering()
    leads = [
        ("200\nContent-Type: application/rdf+xml", ENTITIES),
        ("200\nContent-Type: application/ld+json", DOCUMENTS["ontology/a.jsonld"]),
        ("200\nContent-Type: application/sparql-results+xml", ENTITIES),
        ("200\nContent-Type: text/turtle", "@base <URL/> . <a> <http://www.w3.org/2002/07/owl#imports> <URL/b> ."),
        ("302\nLocation: http://localhost:PORT/there", ""),  # another host than 127.0.0.1
        ("308\nLocation: file:///etc/passwd", ""),
        ("401\nWWW-Authenticate: Bearer authorization_uri=URL/login", ""),
    ]
    for head, body in leads:
        other.answer = at(head).encode(), at(body).encode()
        asks = ["query", "--endpoint", other.address, "SELECT * { ?s ?p ?o }"]
        run(*(["pull", other.address] if "rdf" in head or "ld+json" in head else asks), "--timeout", "5", proxy=False)
    assert other.asked


# ---- at length -----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_queries_at_length(
    run: Run, vault: Path, at: Callable[[str], str], store: kg.Store, listener: Answering
) -> None:
    _asked_in_python(store, listener, at_length(600))
    run("ingest", "-q")
    run(
        "shell",
        stdin=at("\n\n".join(re.sub(r"\n\s*\n", "\n", text) for text in texts("query", at_length(400)))) + "\n\n",
    )
    for number, text in enumerate(texts("query", at_length(100), seed=2)):
        PLACES[list(PLACES)[number % len(PLACES)]](run, vault, at(text))
    _write_questions(vault, at, at_length(300))
    run("test")


@pytest.mark.slow
def test_rules_at_length(run: Run, vault: Path, at: Callable[[str], str]) -> None:
    for text in texts("construct", at_length(100), seed=2):
        _ruled(run, vault, at(text))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_shapes_at_length(run: Run, vault: Path, at: Callable[[str], str], name: str) -> None:
    for text in texts(SHAPES[name][0], at_length(25), seed=2):
        _shaped(run, vault, at, name, text)
