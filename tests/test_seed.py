"""The first note, read as its author meant it."""

from pathlib import Path

import pytest

import kg
from helpers.vaults import NOTES, ingest

N = "https://notes.example/Outcomes%20over%20Outputs"

ASSERTED = [
    "n:Outcomes%20over%20Outputs a kg:Concept",
    f"n:Outcomes%20over%20Outputs kg:hasOutcome <{N}#Outcomes>",
    f"<{N}#Outcomes> a kg:Outcome",
    f"n:Outcomes%20over%20Outputs kg:hasOutput <{N}#Outputs>",
    f"<{N}#Outputs> a kg:Output",
    f"<{N}#Outcomes> kg:mentions <{N}#Outputs>",
    "<https://notes.example/resources#%5EOutcomesOverOutputs> a kg:Resource",
    '<https://notes.example/resources#%5EOutcomesOverOutputs> skos:prefLabel "Outcomes over Outputs"',
    "<https://notes.example/resources#%5EOutcomesOverOutputs> dcterms:creator <https://notes.example/#author/joshseiden>",
    '<https://notes.example/#author/joshseiden> skos:prefLabel "Josh Seiden"',
    "<https://notes.example/resources#%5EOutcomesOverOutputs> dcterms:creator <https://notes.example/#author/joshseidan>",
    '<https://notes.example/#author/joshseidan> skos:prefLabel "Josh Seidan"',
    "<https://hbr.org/2012/11/its-not-just-semantics-managing-outcomes> a kg:Resource",
    '<https://hbr.org/2012/11/its-not-just-semantics-managing-outcomes> skos:prefLabel "Harvard Business Review Article"',
    "<https://hbr.org/2012/11/its-not-just-semantics-managing-outcomes> dcterms:creator"
    " <https://notes.example/#author/deborahmillscofield>",
    "n:Outcomes%20over%20Outputs kg:tagged <https://notes.example/#tag/concept>",
]

INFERRED = [
    f"<{N}#Outcomes> kg:achievedThrough <{N}#Outputs>",
    f"<{N}#Outputs> kg:contributesTo <{N}#Outcomes>",
]


@pytest.mark.parametrize("triple", ASSERTED)
def test_the_seed_says(seed_store: kg.Store, triple: str) -> None:
    document = f"<{N}.md>"
    assert kg.query(seed_store, f"ASK {{ {triple} }}").boolean
    assert kg.query(seed_store, f"ASK {{ GRAPH {document} {{ {triple} }} }}").boolean


@pytest.mark.parametrize("triple", INFERRED)
def test_and_from_it_follows(seed_store: kg.Store, triple: str) -> None:
    assert kg.query(seed_store, f"ASK {{ {triple} . GRAPH kg:inferred {{ {triple} }} }}").boolean
    assert not kg.query(seed_store, f"ASK {{ GRAPH <{N}.md> {{ {triple} }} }}").boolean


def test_ten_targets_are_missing(seed_store: kg.Store) -> None:
    rows = kg.query(seed_store, "SELECT ?label { ?m a kg:Missing ; skos:prefLabel ?label } ORDER BY LCASE(?label)").rows
    assert [row["label"] for row in rows] == [
        "culture",
        "leadership",
        "lean",
        "Learning Test Cycles",
        "Net Promoter Score",
        "operations",
        "product",
        "Resources",
        "Revenue",
        "service",
    ]


def test_examples_are_texts(seed_store: kg.Store) -> None:
    rows = kg.query(seed_store, "SELECT ?x ?text { ?x skos:example ?text } ORDER BY ?x").rows
    assert [(row["x"], row["text"][:21]) for row in rows] == [
        (f"{N}#Outcomes", "In a service led prod"),
        (f"{N}#Outputs", "Revenue, project or t"),
    ]


def test_there_is_one_concept_and_no_blank_node(seed_store: kg.Store) -> None:
    assert [row["c"] for row in kg.query(seed_store, "SELECT ?c { ?c a kg:Concept }")] == [N]
    assert not any("_:" in line.partition('"')[0] for line in seed_store.nquads())


def test_the_default_graph_is_all_graphs_and_counts_nothing_twice(notes_store: kg.Store) -> None:
    quads = list(notes_store.quads())
    default = [quad.triple for quad in quads if str(quad.graph_name) == "DEFAULT"]
    named = {quad.triple for quad in quads if str(quad.graph_name) != "DEFAULT"}
    assert len(default) == len(set(default)) == len(named)
    assert set(default) == named
    (row,) = kg.query(notes_store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").rows
    assert row["n"] == len(default)


def test_inferred_is_only_what_nothing_asserts(notes_store: kg.Store) -> None:
    twice = "ASK { GRAPH kg:inferred { ?s ?p ?o } GRAPH ?g { ?s ?p ?o } FILTER(?g != kg:inferred) }"
    assert not kg.query(notes_store, twice).boolean


def test_the_same_notes_give_the_same_quads_elsewhere(notes_store: kg.Store, tmp_path: Path) -> None:
    copy = tmp_path / "somewhere else"
    for file in NOTES.rglob("*"):
        if file.is_file() and ".kg" not in file.parts:
            target = copy / file.relative_to(NOTES)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    assert ingest(copy, tmp_path / "store").store.nquads() == notes_store.nquads()
