"""A query that is no SPARQL gets its true reason, at the place of the mistake in the text as written."""

import pytest

import kg
from helpers.serving import oxigraph
from helpers.vaults import NOTES, ROOT
from kg.config import Config, load
from kg.remote import endpoint as remote
from kg.sparql.library import library
from kg.sparql.mistakes import first_mistake

CASES = [
    # a word that is no term
    ("SELECT ?r { ?r a ^Risk }", "Risk is no term of SPARQL: write it with its prefix, as in kg:Risk"),
    ("SELECT ?r { ?r ^linksTo ?x . FILTER(?r != ?x) }", "linksTo is no term of SPARQL"),
    # a variable that has a value
    ("SELECT ?x { ?s ?p ?o . BIND(1 AS ?x) ^BIND(2 AS ?x) }", r"\?x is bound already"),
    ("SELECT ?x { ?s ?p ?x . ^BIND(1 AS ?x) }", r"\?x is bound already"),
    ("SELECT ?x {\n  { ?s ?p ?x } UNION { }\n  ^BIND(1 AS ?x) }", r"\?x is bound already"),
    ("SELECT ?x { OPTIONAL { ?s ?p ?x } ^BIND(1 AS ?x) }", r"\?x is bound already"),
    ("SELECT ?x { VALUES ?x { 2 } ^BIND(1 AS ?x) }", r"\?x is bound already"),
    ("SELECT ?x { { SELECT (2 AS ?x) {} } ^BIND(1 AS ?x) }", r"\?x is bound already"),
    ("SELECT ?x { { SELECT * { ?x ?p ?o } } ^BIND(1 AS ?x) }", r"\?x is bound already"),
    ("SELECT (1 AS ^?x) { ?x ?p ?o }", r"\?x is bound already"),
    ("SELECT (1 AS ^?x) { ?s ?p ?o } GROUP BY ?x", r"\?x is bound already"),
    ("SELECT (1 AS ^?x) { SELECT (2 AS ?x) {} }", r"\?x is bound already"),
    ("SELECT (1 AS ^?x) { SELECT * { ?x ?p ?o } }", r"\?x is bound already"),
    # a list of variables
    ("SELECT (1 AS ?x) (2 AS ^?x) {}", r"SELECT has \?x twice"),
    ("SELECT ?x (2 AS ^?x) {}", r"SELECT has \?x twice"),
    ("SELECT ?a { { SELECT ?x ?a ^?x { ?x ?p ?a } } }", r"SELECT has \?x twice"),
    ("SELECT ?a^, ?b { ?a ?p ?b }", "without commas"),
    ("^SELECT { ?a ?p ?b }", "names no variable"),
    ("SELECT ^COUNT(?o) { ?s ?p ?o }", r"brackets and a name: \(COUNT\(…\) AS \?name\)"),
    ("SELECT ^(COUNT(?o)) { ?s ?p ?o }", r"needs a name: \(… AS \?name\)"),
    # groups of rows
    ("SELECT ^* { ?s ?p ?o } GROUP BY ?s", r"SELECT \* is not possible with GROUP BY"),
    ("SELECT ?s { { SELECT ^* { ?s ?p ?o } GROUP BY ?s } }", r"SELECT \* is not possible with GROUP BY"),
    ("SELECT ?s { ?s ?p ?o FILTER(^COUNT(?o) > 1) }", "COUNT is only possible in SELECT, HAVING and ORDER BY"),
    ("SELECT ?s { ?s ?p ?o BIND(^sum(?o) AS ?n) }", "SUM is only possible in SELECT"),
    ("SELECT ?s { ?s ?p ?o FILTER EXISTS { ?s ?p ?o FILTER(^MAX(?o) > 1) } }", "MAX is only possible in SELECT"),
    ("SELECT ?s { ?s ?p ?o } GROUP BY ^COUNT(?o)", "COUNT is only possible in SELECT"),
    ("SELECT ^?s { ?s ?p ?o } ORDER BY COUNT(?o)", r"\?s is neither in GROUP BY nor in an aggregate, but COUNT"),
    ("SELECT ?s ^?p (COUNT(?o) AS ?n) { ?s ?p ?o } GROUP BY ?s", r"\?p is neither in GROUP BY"),
    ("SELECT (STR(^?p) AS ?q) (COUNT(?o) AS ?n) { ?s ?p ?o } GROUP BY ?s", r"\?p is neither in GROUP BY"),
    ("SELECT ^?s { ?s ?p ?o } HAVING (COUNT(?o) > 1)", r"\?s is neither in GROUP BY"),
    # rows of VALUES
    ("SELECT ?x { VALUES (?x ?y) {^(1)} }", "1 value for 2 variables"),
    ("SELECT ?x { } VALUES (?x ?y) {(1 2)\n^(1 2 'a'@en-GB)}", "3 values for 2 variables"),
    ("SELECT ?x { VALUES (?x) {('1'^^xsd:integer) ^()} }", "0 values for 1 variable "),
    ("SELECT ?x { VALUES ?x {^(1)} }", r"VALUES \(\?x\)"),
    # blank nodes
    ("SELECT ?s { { ?s ?p _:a } { ?t ?p ^_:a} }", "_:a is used in two groups"),
    ("SELECT ?s { ?s ?p _:a OPTIONAL { ?t ?p ^_:a} }", "_:a is used in two groups"),
    ("SELECT ?s { ?s ?p _:a OPTIONAL { } ?t ?p ^_:a }", "_:a is used in two groups"),
    # brackets and quotes
    ("SELECT ?s ^{ ?s ?p ?o", "“{” is never closed"),
    ("SELECT ?s { ?s ?p ?o FILTER(?o > 1 ^}", r"“\)” is missing before this: “\(” at 1:28"),
    ("SELECT ?s { ?s ?p [ ?q ?o ^}", "“]” is missing"),
    ("SELECT ?s { ?s ?p ?o } ^}", "no bracket is open"),
    ('SELECT ?s { ?s ?p ^"abc }', 'no closing "'),
    ("SELECT ?s { ?s ?p ?o FILTER(?o = ^“x”) }", "no sign of SPARQL"),
    # words
    ("SELECT ?s { ?s ^nope:p ?o }", "the prefix “nope:” is not known"),
    ("SELECT ?s { ?s ^nope: ?o }", "the prefix “nope:” is not known"),
    ("SELECT ?s { ?s ?p ?o FILTER ^?o > 1 }", "condition of FILTER needs brackets"),
    ("SELECT ?s { ?s ?p ?o FILTER(^STRLENGTH(?o) > 1) }", "no function STRLENGTH; did you mean STRLEN"),
    ("SELECT ?s { ?s ?p ?o FILTER(?o ^== 1) }", "compare with “=”"),
    ("SELECT ?s { ?s ?p ?o FILTER(?o > 1 ^AND ?o < 3) }", "write &&"),
    ("SELECT ?s { ?s ?p ?o ^BIND(1 ?x) }", "BIND needs a name"),
    ("SELECT ?s { ?s ?p ?o OPTIONAL ^?s ?p ?x }", "OPTIONAL needs a group in braces"),
    ("SELECT ?s { ?s ?p ?o } LIMIT 10 ^ORDER BY ?s", "ORDER BY must come before LIMIT"),
    ("SELECT ?s { ?s ?p ?o } LIMIT ^?n", "LIMIT needs a whole number"),
    ("CONSTRUCT WHERE { ?s ?p ?o ^FILTER(?o > 1) }", "only triples, no FILTER; write the template"),
    ("SELECT ?s { ?s ^?p+ ?o }", r"path cannot contain a variable: \?p"),
]


def _place(marked: str) -> tuple[str, int, int]:
    """A text without the mark before its mistake, and the mark's line and column."""
    mark = marked.index("^", marked.index("^^") + 2) if "^^" in marked else marked.index("^")
    before = marked[:mark]
    return before + marked[mark + 1 :], before.count("\n") + 1, mark - before.rfind("\n")


@pytest.mark.parametrize(("marked", "reason"), CASES)
def test_a_mistake_has_its_reason_and_place(notes_store: kg.Store, marked: str, reason: str) -> None:
    text, line, column = _place(marked)
    with pytest.raises(kg.QuerySyntaxError, match=reason) as caught:
        kg.query(notes_store, text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "something is missing" not in str(caught.value)


@pytest.mark.parametrize(
    "marked",
    [
        "SELECT ?s { ?s kg:linksTo ?x FILTER(?x = ?it) ^BIND(1 AS ?s) }",
        "SELECT ?s (COUNT(?x) AS ?n) ^?x { ?s kg:linksTo ?x FILTER(?x != ?it) } GROUP BY ?s",
        "SELECT ?s ^{ ?s kg:linksTo ?x FILTER(?x = ?it)",
        "SELECT ?s {\n  ?s ?p ?it . { ?s ^nope:p ?it } }",
        "SELECT ?s { ?s ?p ?it }\nLIMIT ^ten",
    ],
)
def test_a_place_is_that_of_the_text_as_written(notes_store: kg.Store, marked: str) -> None:
    """With parameters, and on a server, where the text that runs is longer."""
    text, line, column = _place(marked)
    with pytest.raises(kg.QuerySyntaxError) as here:
        kg.query(notes_store, text, {"it": "<urn:it>"})
    with oxigraph() as url, pytest.raises(kg.QuerySyntaxError) as there:
        remote.query(url, text, notes_store.prefixes, {"it": "<urn:it>"}, 20)
    assert (here.value.line, here.value.column) == (there.value.line, there.value.column) == (line, column)
    assert str(here.value) == str(there.value)


CONFIG = load(NOTES)
VALID = [
    *(query.text for query in library(Config(CONFIG.vault, CONFIG.store, ROOT / "queries")).values()),
    "SELECT ?s { ?s ?p ?o FILTER(?z > 1) BIND(1 AS ?z) }",
    "SELECT ?s { MINUS { ?s ?p ?z } FILTER EXISTS { ?s ?p ?z } { SELECT ?s { ?s ?p ?z } } BIND(1 AS ?z) }",
    "SELECT ?s { BIND(1 AS ?z) { BIND(1 AS ?z) } }",
    "SELECT (1 AS ?z) { SELECT ?s { ?s ?p ?z } }",
    "SELECT (1 AS ?z) { ?s ?p ?o MINUS { ?s ?p ?z } }",
    "CONSTRUCT { _:a ?p ?o } { ?s ?p _:a, [ ?q _:a ] FILTER(?o<?p&&?p>1) ?t ?p _:a }",
    "SELECT ?k (MAX(?n + 1) AS ?m) { ?s ?p ?n } GROUP BY (STR(?s) AS ?k) HAVING (COUNT(*) > 1) ORDER BY ?k LIMIT 3",
    "SELECT ?x { VALUES (?x ?y) { (<a:b> \"it's\"@en-GB) (UNDEF '1'^^<a:i>) (-1.5 true) } } VALUES ?z { 1 2 }",
]


@pytest.mark.parametrize("text", VALID[-8:])
def test_what_is_valid_has_no_mistake(text: str) -> None:
    assert first_mistake(text) is None


def test_the_library_has_no_mistake() -> None:
    assert [text for text in VALID if first_mistake(text)] == []


def test_a_long_text_gets_its_reason_in_time(notes_store: kg.Store) -> None:
    text = "SELECT ?s { " + "VALUES (?x ?y) { (1) } _:a ?p { BIND(1 AS ?x) }" * 300 + " }"
    with pytest.raises(kg.QuerySyntaxError):
        kg.query(notes_store, text)
