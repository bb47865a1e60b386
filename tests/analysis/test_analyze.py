"""kg analyze: rows that begin with the thing, in every format, the same each time."""

import json
from pathlib import Path

import pytest

import kg
from helpers.vaults import FEW_LINKS, Write, analyze, analyzed, ingest
from kg.analysis.tables import Table, lexical
from kg.core.errors import KgError
from kg.rendering.analysis_tables import display_table

EVERY = ("centrality", "bridges", "components", "orphans", "dead-ends", "communities", "suggest", "unlinked")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("vault", FEW_LINKS)
@pytest.mark.sample()
def test_whatever_the_vault_there_is_an_answer(vault: str, name: str, write: Write, tmp_path: Path) -> None:
    done = analyze(ingest(write(FEW_LINKS[vault]), tmp_path / "store").store, name)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].startswith("entity,label")
    assert "nan" not in done.stdout.lower()
    assert len(done.stdout.splitlines()) > 1 or done.stderr


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.sample(3)
def test_two_runs_are_the_same(name: str, notes_store: kg.Store) -> None:
    assert analyze(notes_store, name, "--limit", "0").stdout == analyze(notes_store, name, "--limit", "0").stdout


@pytest.mark.slow
def test_rows_come_in_every_format(notes_store: kg.Store, tmp_path: Path) -> None:
    found = {
        format_: analyze(notes_store, "centrality", "-f", format_, "--limit", "2").stdout
        for format_ in ("table", "csv", "tsv", "json", "jsonl", "xml", "md")
    }
    (first, _) = (json.loads(line) for line in found["jsonl"].splitlines())
    (row,) = analyzed(notes_store, "centrality", "--limit", "1")
    assert (first["label"], first["in"], first["pagerank"]) == (row["label"], int(row["in"]), float(row["pagerank"]))
    assert json.loads(found["json"])["head"]["vars"][:2] == ["entity", "label"]
    assert "██████████" in found["table"] and "label" not in found["table"]
    file = tmp_path / "found.md"
    assert analyze(notes_store, "centrality", "-o", str(file), "--limit", "2").exit_code == 0
    assert file.read_text(encoding="utf-8") == found["md"]
    assert analyze(notes_store, "centrality", "-f", "nonsense").exit_code == 2


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (Table(("entity", "label", "one", "two", "three"), [("a", "A", 2, 1, 1)], bar="one"), ["entity", "one", "bar", "two"]),
        (Table(("entity", "label", "one", "two", "three"), [("a", "A", 2, 1, 1)], bar="three"), ["entity", "one", "two"]),
        (
            Table(("entity", "label", "to", "to_label", "x", "why"), [("a", "A", "b", "B", 1, "z")], main=("entity", "to", "why")),
            ["entity", "to", "why"],
        ),
        (Table(("entity", "label"), [("a", "A")]), ["entity"]),
    ],
)  # fmt: skip
def test_a_narrow_table_has_three_columns(table: Table, columns: list[str]) -> None:
    assert [*display_table(table).narrow().columns] == columns


def test_columns_can_be_chosen(notes_store: kg.Store) -> None:
    done = analyze(notes_store, "centrality", "--columns", "out, in", "--limit", "1")
    assert done.stdout.splitlines()[0] == "entity,label,out,in"
    done = analyze(notes_store, "centrality", "--columns", "pagerank,entity", "--limit", "1")
    assert done.stdout.startswith("entity,label,pagerank\n")
    done = analyze(notes_store, "centrality", "--columns", "outt")
    assert isinstance(done.exception, KgError)
    assert "the table has no column “outt”; did you mean out?" in str(done.exception)


def test_a_misspelled_class_is_likened_to_one_of_kg_first(notes_store: kg.Store) -> None:
    done = analyze(notes_store, "centrality", "--only", "Outcom")
    assert "no class is named “Outcom”; did you mean kg:Outcome?" in str(done.exception)


def test_how_many_rows_are_left_out_is_said(notes_store: kg.Store) -> None:
    every = len(analyzed(notes_store, "centrality", "--limit", "0"))
    done = analyze(notes_store, "centrality", "--limit", "3")
    assert len(done.stdout.splitlines()) == 4
    assert f"3 of {every} rows (--limit 0 shows all)" in done.stderr


def test_parts_and_what_stands_alone(write: Write, tmp_path: Path) -> None:
    store = ingest(write(FEW_LINKS["apart"]), tmp_path / "store").store
    assert [(row["label"], row["size"]) for row in analyzed(store, "components")] == [
        ("B", "2"),
        ("C", "2"),
        ("E", "1"),
    ]
    assert len(analyzed(store, "components", "--members")) == 5
    assert [row["label"] for row in analyzed(store, "orphans")] == ["E"]
    assert [(row["label"], row["in"]) for row in analyzed(store, "dead-ends")] == [("B", "1")]
    assert analyzed(store, "bridges")[0]["to_label"] == "B"


def test_what_is_asked_for_can_be_narrowed(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "---\nauthor: [Ann, Bob]\n---\n[[B]]\n", "B.md": "---\nauthor: Ann\n---\n[[A]]\n"})
    store = ingest(vault, tmp_path / "store").store
    assert {row["label"] for row in analyzed(store, "centrality", "--only", "Author")} == {"Ann", "Bob"}
    made = analyzed(store, "centrality", "--links", "dcterms:creator", "--by", "in")
    assert [(row["label"], row["in"]) for row in made][:2] == [("Ann", "2"), ("Bob", "1")]
    wrong = analyze(store, "centrality", "--only", "Auhtor")
    assert isinstance(wrong.exception, kg.KgError)
    assert "did you mean kg:Author?" in str(wrong.exception)


def ask(store: kg.Store, query: str) -> list[dict[str, object]]:
    return kg.query(kg.Store(store.path), query).rows


@pytest.mark.slow
def test_what_is_saved_is_asked_for_and_goes_when_notes_change(write: Write, tmp_path: Path) -> None:
    vault = write({"A.md": "[[B]] [[C]]\n", "B.md": "[[C]]\n", "C.md": "", "D.md": "[[E]]\n", "E.md": ""})
    store = ingest(vault, tmp_path / "store").store
    before = store.nquads()
    ranks = {row["label"]: float(row["pagerank"]) for row in analyzed(store, "centrality", "--save")}
    for name in ("communities", "components", "communities"):
        assert analyze(store, name, "--save").exit_code == 0
    found = ask(store, "SELECT ?l ?r ?in ?c ?k { ?x skos:prefLabel ?l ; kg:pageRank ?r ; kg:inDegree ?in ; kg:component ?c"
                       " ; kg:inCommunity/skos:prefLabel ?k } ORDER BY ?l")  # fmt: skip
    assert [(row["l"], row["in"], row["c"]) for row in found] == [
        ("A", 0, 1), ("B", 1, 1), ("C", 2, 1), ("D", 0, 2), ("E", 1, 2)
    ]  # fmt: skip
    assert {row["l"]: row["r"] for row in found} == pytest.approx(ranks)
    assert len({row["k"] for row in found}) == 2
    terms = ask(
        store, "SELECT DISTINCT ?p { GRAPH kg:metrics { ?s ?p ?o } FILTER NOT EXISTS { GRAPH kg:ontology { ?p a ?t }}}"
    )
    assert [row["p"] for row in terms] == ["http://www.w3.org/1999/02/22-rdf-syntax-ns#type"]
    saved = kg.Store(store.path)
    assert saved.manifest.summary["triples"] == len(saved) - sum(quad.graph_name.value != "" for quad in saved.quads()
                                                                if hasattr(quad.graph_name, "value"))  # fmt: skip
    assert ingest(vault, store.path).store.manifest.generation == saved.manifest.generation  # nothing changed
    (vault / "F.md").write_text("[[A]]\n")
    ingest(vault, store.path)
    assert not kg.query(store.path, "ASK { GRAPH kg:metrics { ?s ?p ?o } }").boolean
    (vault / "F.md").unlink()
    assert ingest(vault, store.path).store.nquads() == before


def test_what_was_saved_is_no_link_and_no_thing(write: Write, tmp_path: Path) -> None:
    store = ingest(write(FEW_LINKS["apart"]), tmp_path / "store").store
    first = analyze(store, "communities", "--members", "--inferred", "--save").stdout
    assert analyze(store, "communities", "--members", "--inferred").stdout == first


def test_communities_of_the_notes(notes_store: kg.Store) -> None:
    found = analyzed(notes_store, "communities")
    assert {"leadership", "lean", "operations"} <= {row["label"] for row in found}
    assert all(0 < float(row["inside"]) <= 1 and row["about"] for row in found)
    between = analyzed(notes_store, "communities", "--between")
    assert between[0]["label"] == "Resources"


@pytest.mark.parametrize(
    ("number", "text"),
    [(float("nan"), "NaN"), (float("inf"), "INF"), (float("-inf"), "-INF"), (0.5, "0.5"), (True, "true"), (3, "3")],
)
def test_a_number_of_a_table_has_its_xsd_form(number: float, text: str) -> None:
    assert lexical(number) == text
