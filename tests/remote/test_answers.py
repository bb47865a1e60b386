"""Terms that RDF does not allow, in the answers of servers: read by another label, or one sentence with the value."""

import json
from pathlib import Path

import pytest

import kg
from helpers.commanding import run
from helpers.serving import Request, serving
from kg.remote import endpoint as remote
from kg.sparql.answer import Answer

JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"
TSV = "text/tab-separated-values"
NT, TURTLE, RDF_XML = "application/n-triples", "text/turtle", "application/rdf+xml"
FINE = {"a": {"type": "literal", "value": "fine"}}


def _json(*rows: dict[str, dict[str, str]]) -> str:
    return json.dumps({"head": {"vars": ["a"]}, "results": {"bindings": [FINE, *rows]}})


def _term(kind: str, value: str, **more: str) -> dict[str, dict[str, str]]:
    return {
        "a": {"type": kind, "value": value, **{name.replace("lang", "xml:lang"): text for name, text in more.items()}}
    }


def _xml(*terms: str, name: str = "a") -> str:
    results = "".join(f'<result><binding name="{name}">{term}</binding></result>' for term in terms)
    head = '<head><variable name="a"/></head>'
    return f'<sparql xmlns="http://www.w3.org/2005/sparql-results#">{head}<results>{results}</results></sparql>'


def _answer(text: str, media_type: str, question: str = "SELECT ?a { ?a ?b ?c }") -> tuple[str, Answer]:
    with serving(lambda one: one.answer(200, text, media_type)) as (url, _):
        return url, remote.query(url, question, {}, timeout=20)


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (_json(_term("bnode", "nodeID://b10001"), _term("bnode", "nodeID://b10001"), _term("bnode", "b1")), JSON),
        (_json(_term("bnode", "a b"), _term("bnode", "a b"), _term("bnode", "a_b")), JSON),
        (_json(_term("bnode", "é:."), _term("bnode", "é:."), _term("bnode", "")), JSON),
        (
            _xml(
                "<literal>fine</literal>",
                *2 * ["<bnode>nodeID://b1</bnode>"],
                "<bnode>b1</bnode>",
            ),
            XML,
        ),
        ('?a\n"fine"\n_:nodeID://b1\n_:nodeID://b1\n_:b1\n', TSV),
    ],
)
def test_a_blank_node_gets_a_label_that_is_allowed(text: str, media_type: str) -> None:
    _, answer = _answer(text, media_type)
    fine, one, same, other = (row["a"] for row in answer.rows)
    assert fine == "fine"
    assert one == same != other


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (_json(_term("literal", "x", lang="")), JSON),
        (_xml("<literal>fine</literal>", '<literal xml:lang="">x</literal>'), XML),
        (_xml("<literal>fine</literal>", "<literal xml:lang = ''>x</literal>"), XML),
    ],
)
def test_a_text_of_no_language_has_none(text: str, media_type: str) -> None:
    assert [str(term) for (term,) in _answer(text, media_type)[1].terms()] == ['"fine"', '"x"']


INVALID = [
    *(
        pytest.param(text, media_type, value, id=f"{media_type} {value}")
        for value in ("http://e.org/a b", "http://e.org/a|b", "http://e.org/{b", 'http://e.org/"b', "rel/ative")
        for text, media_type in (
            (_json(_term("uri", value)), JSON),
            (_json(_term("literal", "1", datatype=value)), JSON),
            (_xml(f"<uri>{value}</uri>"), XML),
            (f"?a\n<{value}>\n", TSV),
        )
    ),
    (_json(_term("literal", "x", lang="en_US")), JSON, "en_US"),
    (_xml('<literal xml:lang="en_US">x</literal>'), XML, "en_US"),
    ('?a\n"x"@en_US\n', TSV, "en_US"),
    (_json({"zz": {"type": "literal", "value": "x"}}), JSON, "zz"),
    (_xml("<literal>x</literal>", name="zz"), XML, "zz"),
    ('?a\n"x"\t"zz"\n', TSV, "zz"),
    (_json(_term("uri", "http://e.org/\x1b[31m")), JSON, "http://e.org/\\x1b[31m"),
    ("a\r\nhttp://e.org/\r\n", "text/csv", "CSV, which does not tell an IRI from a text"),
]


@pytest.mark.parametrize(("text", "media_type", "value"), INVALID)
def test_another_term_is_an_error_with_its_value(text: str, media_type: str, value: str) -> None:
    with serving(lambda one: one.answer(200, text, media_type)) as (url, _):
        with pytest.raises(kg.KgError) as caught:
            remote.query(url, "SELECT ?a { ?a ?b ?c }", {}, timeout=20)
        assert str(caught.value).startswith(f"{url} answered ")
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


GRAPHS = [
    ("<http://s> <http://p> <http://e.org/a b> .\n", NT, "<http://e.org/a b>"),
    ("<http://s> <http://p> <http://e.org/a|b> .\n", NT, "<http://e.org/a|b>"),
    ("<http://s> <http://p> <http://e.org/a{b> .\n", TURTLE, "<http://e.org/a{b>"),
    ('<http://s> <http://p> "é" ;\n  <http://q> <rel> .\n', TURTLE, "<rel>"),
    ('<http://s> <http://p> "x"@en_US .\n', NT, '"x"@en_US'),
    ('<http://s> <http://p> "x"@ .\n', TURTLE, '"x"@'),
    ("<http://s> <http://p> _:nodeID://b1 .\n", TURTLE, "_:nodeID://b1"),
    (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e.org/">'
        '<rdf:Description rdf:about="http://s"><e:p rdf:resource="http://e.org/a b"/></rdf:Description></rdf:RDF>',
        RDF_XML,
        "http://e.org/a b",
    ),
]


@pytest.mark.parametrize(("text", "media_type", "value"), GRAPHS)
def test_a_graph_with_another_term_is_an_error_with_its_value(text: str, media_type: str, value: str) -> None:
    text = ("<http://s> <http://p> <http://o> .\n" if media_type != RDF_XML else "") + text
    with serving(lambda one: one.answer(200, text, media_type)) as (url, _):
        with pytest.raises(kg.KgError) as caught:
            remote.query(url, "CONSTRUCT WHERE { ?a ?b ?c }", {}, timeout=20)
        assert str(caught.value).startswith(f"{url} answered with invalid {media_type}: ")
    assert value in str(caught.value)


def test_the_blank_nodes_of_a_graph_get_labels_that_are_allowed() -> None:
    text = (
        "_:nodeID://b1 <http://p> _:nodeID://b1 .\n"
        ' _:nodeID://b1 <http://p> "_:nodeID://b1 <http://p> _:x/y ." .\r\n'
        "_:b1 <http://p> _:nodeID://b2.\n"
    )
    _, answer = _answer(text, NT, "CONSTRUCT WHERE { ?a ?b ?c }")
    one, two, three = answer.triples()
    assert one.subject == one.object == two.subject != three.subject
    assert str(two.object) == '"_:nodeID://b1 <http://p> _:x/y ."'


def test_the_command_writes_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "kg.toml").write_text('base = "https://v.example/"\n')
    question = ["query", "SELECT ?a { ?a ?b ?c }", "-f", "csv", "--endpoint"]
    with serving(lambda one: one.answer(200, _json(_term("bnode", "nodeID://b10001")), JSON)) as (url, _):
        done = run(*question, url, cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[:2]) == (0, ["a", "fine"])
    assert len(done.stdout.splitlines()) == 3
    with serving(lambda one: one.answer(200, _json(_term("uri", "http://e.org/a b")), JSON)) as (url, _):
        done = run(*question, url, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"kg: {url} answered with invalid {JSON}: the IRI “http://e.org/a b”: Invalid IRI code point ' '\n"
    )


def test_a_pull_of_another_term_writes_no_file(tmp_path: Path) -> None:
    (tmp_path / "kg.toml").write_text('base = "https://v.example/"\n')

    def answer(one: Request) -> None:
        is_count = "COUNT" in one.body
        count = json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": [{"n": _term("literal", "1")["a"]}]}})
        one.answer(200, *((count, JSON) if is_count else ("<urn:s> <urn:p> <a b> .\n", NT)))

    with serving(answer) as (url, _):
        done = run("pull", url, "-o", "x.nt", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "x.nt").exists()) == (2, False)
    assert done.stderr.startswith(f"kg: {url} answered with invalid {NT}: ") and "<a b>" in done.stderr
