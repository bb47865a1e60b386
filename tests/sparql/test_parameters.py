"""A parameter is bound wherever a query names its variable, in the store as on a server."""

from collections.abc import Iterator

import pyoxigraph as ox
import pytest

import kg
from helpers.serving import oxigraph
from helpers.vaults import ingest
from kg.remote import endpoint as remote
from kg.remote.endpoint import Endpoint
from kg.remote.push import push
from kg.sparql.answer import Answer

PREFIX = "PREFIX p: <https://notes.example/#property/>"
NOTES = {"A": "size: 5", "B": "size: 9", "C": "colour: red"}
CASES = [
    ("?s { ?s p:size ?x FILTER(?x > ?min) }", "B"),
    ("?s { GRAPH ?note { ?s p:size ?x FILTER(?x > ?min) } }", "B"),
    ("?s { { ?s p:size ?x FILTER(?x > ?min) } UNION { ?s p:size ?x FILTER(?x < 0) } }", "B"),
    ("?s { ?s p:size ?y MINUS { ?s p:size ?x FILTER(?x > ?min) } }", "A"),
    ("?s { ?s p:size ?y MINUS { ?t p:colour ?x FILTER(?min > 0) } }", "A B"),  # shares no variable, so removes nothing
    ("?s { ?s p:size ?y OPTIONAL { { ?s p:size ?x FILTER(?x > ?min) } } FILTER(BOUND(?x)) }", "B"),
    ("?s { { { ?s p:size ?x FILTER(?x > $min) } } }", "B"),
    ("?s { { ?s p:size ?x FILTER(?x<?min&&?x>0) } }", "A"),
    ("?s { { ?s p:size ?x BIND(?x > ?min AS ?more) } FILTER(?more) }", "B"),
    ("?s { { ?s p:size ?x FILTER(!BOUND(?min) || ?x < ?min) } }", "A"),
    ("?s { { ?s p:size ?x FILTER(IF(bound(?min), ?x < ?min, false)) } }", "A"),
    ("?s { { SELECT ?s { ?s p:size ?x FILTER(?x > ?min) } } }", "B"),
    ("?s { { SELECT ?s { ?s p:size ?x } GROUP BY ?s HAVING (MAX(?x) > ?min) } }", "B"),
    ("?s { SELECT ?s { ?s p:size ?x FILTER(?x > ?min) } LIMIT 9 }", "B"),
    ("?s { SELECT ?s { SELECT * { ?s p:size ?x FILTER(?x > ?min) } } }", "B"),
    ("?s { { SELECT * { ?s p:size ?x FILTER(?x > ?min) } } }", "B"),
    (
        "?s { ?s p:size ?x { SELECT (COUNT(?y) + ?min AS ?n) { ?o p:size ?y FILTER(?y > ?min) } } FILTER(?n = 7) }",
        "A B",
    ),
    ("?s { ?s p:size ?x { SELECT (?min AS ?m) {} } FILTER(?x > ?m) }", "B"),
    ("?s { ?s p:size ?x FILTER NOT EXISTS { { ?s p:size ?y FILTER(?y > ?min) } } }", "A"),
    ("?s { { ?s p:size ?x FILTER(EXISTS { ?s p:size ?y FILTER(?y > ?min) }) } }", "B"),
    ("?s { ?s p:size ?x } GROUP BY ?s HAVING (MAX(?x) > ?min) ORDER BY (?min)", "B"),
    ("?s { ?s p:size ?x . ?s p:size ?y FILTER(?y IN (?min + 3, ?min - 1)) }", "A B"),
]
EQUAL = [
    ("?s { { SELECT ?s { ?s p:size ?max } } }", "B"),
    ("?s { GRAPH ?note { ?s p:size ?max } }", "B"),
    ("?s { { OPTIONAL { ?s p:size ?max } } }", "B"),
    ("?s { ?s p:size ?x MINUS { ?s p:size ?max } }", "A"),
    ("?s { { ?s p:size ?x FILTER EXISTS { ?s p:size ?max } } }", "B"),
    ("?s { { ?s p:size ?x FILTER(NOT EXISTS { ?s p:size ?max }) } }", "A"),
    ("?s { { SELECT (COUNT(?o) AS ?n) { ?o p:size ?max } } ?s p:size ?n . }", ""),
    ("?s { { BIND(?x AS ?max) ?s p:size ?max } }", "B"),
    ("?s { { BIND(5 AS ?max) ?s p:size ?max } }", ""),
    ("?s { ?s p:size ?x FILTER EXISTS { BIND(5 AS ?five) ?s p:size ?max } }", "B"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> kg.Store:
    folder = tmp_path_factory.mktemp("parameters")
    (folder / "vault").mkdir()
    for name, field in NOTES.items():
        (folder / "vault" / f"{name}.md").write_text(f"---\n{field}\n---\n")
    return ingest(folder / "vault", folder / "store").store


@pytest.fixture(scope="module")
def endpoint(store: kg.Store) -> Iterator[str]:
    with oxigraph() as url:
        push(store, Endpoint.at(url, seconds=20))
        yield url


def _names(answer: Answer) -> str:
    return " ".join(sorted(str(row["s"]).rpartition("/")[2] for row in answer))


@pytest.mark.parametrize(
    ("text", "params", "names"),
    [*((text, {"min": "6"}, names) for text, names in CASES), *((text, {"max": "9"}, names) for text, names in EQUAL)],
)
def test_a_parameter_reaches_every_group(
    store: kg.Store, endpoint: str, text: str, params: dict[str, str], names: str
) -> None:
    for select in ("SELECT", "SELECT DISTINCT"):
        question = f"{PREFIX} {select} {text}"
        assert _names(kg.query(store, question, params)) == names
        assert _names(remote.query(endpoint, question, store.prefixes, params)) == names


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("CONSTRUCT { ?s p:more ?max } WHERE { { ?s p:size ?x FILTER(?x >= ?max) } }", 1),
        ("CONSTRUCT { ?s p:more ?max } { GRAPH ?g { ?s p:size ?max } }", 1),
        ("CONSTRUCT WHERE { ?s p:size ?max }", 1),
        ("CONSTRUCT FROM n:B.md WHERE { ?s p:size ?max # the largest\n }", 1),
        ("DESCRIBE ?s { { ?s p:size ?x FILTER(?x > ?max) } }", 0),
    ],
)
def test_a_parameter_reaches_the_pattern_of_a_graph(store: kg.Store, endpoint: str, text: str, count: int) -> None:
    text = f"{PREFIX} {text}"
    for answer in (kg.query(store, text, {"max": "9"}), remote.query(endpoint, text, store.prefixes, {"max": "9"})):
        assert len(list(answer.triples())) == count


def test_a_term_is_no_part_of_a_name(store: kg.Store) -> None:
    text = (
        PREFIX
        + 'SELECT ?s { { ?s p:size ?x FILTER(?x>=?max) FILTER("?max" != ?s) FILTER(?x<=?maximum) BIND(9 AS ?z) } }'
    )
    assert _names(kg.query(store, text, {"max": "9", "maximum": "9"})) == "B"
    iri = ox.NamedNode("https://notes.example/B")
    assert _names(kg.query(store, PREFIX + "SELECT ?s { { ?s p:size ?x FILTER(?s=?it) } }", {"it": iri})) == "B"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT (9 AS ?max) { ?s p:size ?x }", (1, 14)),
        ("SELECT ?s {\n  ?s p:size ?x\n  BIND(?x AS ?max) }", (3, 14)),
        ("SELECT ?max {\n  ?s p:size ?x }\nGROUP BY (STR(?x) AS ?max)", (3, 22)),
    ],
)
def test_a_variable_that_the_query_binds_is_no_parameter(store: kg.Store, text: str, place: tuple[int, int]) -> None:
    with pytest.raises(kg.QuerySyntaxError, match=r"the query itself gives \?max a value") as caught:
        kg.query(store, text, {"max": "9"})
    assert (caught.value.line, caught.value.column) == place
