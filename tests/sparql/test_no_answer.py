"""Why a query has no answer: the pattern that excludes the last rows, or what comes after the patterns."""

import io

import pyoxigraph as ox
import pytest

import kg
from kg.sparql.answer import Answer
from kg.sparql.no_answer import NoAnswer

LEAN = "<https://notes.example/Concepts/Lean/lean>"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT ?x { ?x a kg:Concept ; kg:due ?d }", "rows match ?x a kg:Concept, but none of them ?x kg:due ?d"),
        ("SELECT ?x { ?x kg:due 'never' ; a kg:Task }", 'rows match ?x a kg:Task, but none of them ?x kg:due "never"'),
        ("SELECT ?x { kg:Outcome kg:due ?x }", "nothing matches kg:Outcome kg:due ?x"),
        ("SELECT ?x { ?x a kg:Task FILTER(?x = 3) }", "rows match the patterns of the query, and FILTER excludes all"),
        (
            "SELECT ?x { ?x a kg:Task MINUS { ?x a kg:Task } }",
            "match the patterns of the query, and MINUS excludes all",
        ),
        ("SELECT ?t (COUNT(?x) AS ?n) { ?x kg:tagged ?t } GROUP BY ?t HAVING(?n > 900)", "HAVING excludes all"),
        ("ASK { ?x a kg:Task, kg:Note }", "but none of them ?x a kg:"),
        ("CONSTRUCT { ?x a ?y } WHERE { ?x a kg:Task ; kg:path ?y }", "but none of them ?x kg:path ?y"),
        ("SELECT ?x { ?x a kg:Task OPTIONAL { ?x kg:due ?d } ?x kg:path ?p }", "but none of them ?x kg:path ?p"),
        ("SELECT ?x { ?x a kg:Task } LIMIT 0", ""),
        ("SELECT ?x { VALUES ?x { 1 } } OFFSET 1", ""),
        ("not SPARQL", ""),
    ],
)
def test_the_pattern_that_excludes_the_rows(notes_store: kg.Store, text: str, reason: str) -> None:
    said = NoAnswer(notes_store, text, {}).reason()
    assert reason in said if reason else said == ""


def test_a_parameter_comes_first(notes_store: kg.Store) -> None:
    text = "SELECT ?d { ?d a kg:Task . ?thing kg:due ?d }"
    assert NoAnswer(notes_store, text, {"thing": LEAN}).reason().startswith("nothing matches <https://notes.example/")


def answer(store: kg.Store, text: str) -> Answer:
    """A fresh answer."""
    return kg.query(store, text)


@pytest.mark.parametrize("format_", ["CSV", "TSV", "JSON", "XML"])
@pytest.mark.parametrize("name", ["x", "x" * 300])
def test_an_answer_knows_whether_it_had_rows(notes_store: kg.Store, format_: str, name: str) -> None:
    for text, has_rows in (
        (f"SELECT ?{name} {{ ?{name} a kg:Note }} LIMIT 1", True),
        (f"SELECT ?{name} {{ ?{name} a kg:Note }}", True),
        (f"SELECT ?{name} {{ OPTIONAL {{ ?{name} a kg:Nothing }} }}", True),
        (f"SELECT ?{name} {{ ?{name} a kg:Nothing }}", False),
    ):
        made = answer(notes_store, text)
        made.serialize(io.BytesIO(), getattr(ox.QueryResultsFormat, format_))
        assert made.has_rows is has_rows, (text, format_)
    rows = answer(notes_store, "SELECT ?x { ?x a kg:Note } LIMIT 1")
    assert (len(rows.rows), rows.has_rows) == (1, True)
