"""The library of queries, on notes/, and asking from Python."""

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

import kg
from conftest import NOTES, ROOT, ingest
from kg.questions import library
from kg.sparql import bind, check, tokens

LIBRARY = sorted(file.stem for file in (ROOT / "queries").glob("*.rq"))


def _ask(store: kg.Store, name: str, **params: str) -> list[dict[str, object]]:
    text = (ROOT / "queries" / f"{name}.rq").read_text(encoding="utf-8")
    return kg.query(store, text, params).rows


@pytest.mark.parametrize("name", LIBRARY)
def test_each_says_what_it_answers_and_answers(notes_store: kg.Store, name: str) -> None:
    found = library(kg.Vault(NOTES).config)[name]
    assert found.description.endswith((".", "?"))
    assert _ask(notes_store, name)


def test_missing_notes(notes_store: kg.Store) -> None:
    rows = _ask(notes_store, "missing-notes")
    assert [(row["missing"], row["wanted_by"]) for row in rows] == [
        ("north star metric", 5),
        ("Double-loop learning", 2),
        ("Continuous delivery", 1),
    ]
    assert rows[1]["notes"] == "Learning Test Cycles, Psychological safety"


def test_outcomes_without_outputs(notes_store: kg.Store) -> None:
    rows = {(row["outcome"], row["concept"]) for row in _ask(notes_store, "outcomes-without-outputs")}
    assert ("Bad news travels fast", "leadership") in rows
    assert not {outcome for outcome, _ in rows} & {"Teams decide without waiting", "Renewals that need no chasing"}


def test_outputs_without_outcomes(notes_store: kg.Store) -> None:
    outputs = {row["output"] for row in _ask(notes_store, "outputs-without-outcomes")}
    assert "Annual satisfaction survey" in outputs
    assert not outputs & {"Guided setup", "Decision log", "Weekly learning demo"}


def test_the_note_and_the_name_of_an_author_are_one(notes_store: kg.Store) -> None:
    works = {row["work"] for row in _ask(notes_store, "resources-by-author") if row["author"] == "Josh Seiden"}
    assert works == {"Lean UX", "Outcomes Over Output"}


def test_open_tasks(notes_store: kg.Store) -> None:
    tasks = _ask(notes_store, "open-tasks")
    dated = [row["due"] for row in tasks if row["due"]]
    assert dated == sorted(dated)
    assert dated[0] == datetime.date(2026, 1, 15)
    assert all(row["due"] is None for row in tasks[len(dated) :])


def test_who_says_so(notes_store: kg.Store) -> None:
    notes = {row["note"] for row in _ask(notes_store, "who-says-so", title="Net Promoter Score")}
    assert "Concepts/Net Promoter Score.md" in notes


def test_rows_are_python_values(notes_store: kg.Store) -> None:
    (row,) = kg.query(
        notes_store, 'SELECT ("x" AS ?s) (1 AS ?i) (1.5 AS ?d) (true AS ?b) ("2024-02-03"^^xsd:date AS ?t) {}'
    )
    assert row == {"s": "x", "i": 1, "d": Decimal("1.5"), "b": True, "t": datetime.date(2024, 2, 3)}


def test_graphs_and_frames(notes_store: kg.Store) -> None:
    answer = kg.query(notes_store, "CONSTRUCT { ?o kg:contributesTo ?c } WHERE { ?o kg:contributesTo ?c }")
    assert len(answer.to_rdflib()) == 8
    frame = kg.query(
        notes_store, "SELECT ?title { ?c a kg:Concept ; skos:prefLabel ?title } ORDER BY ?title"
    ).to_dataframe()
    assert list(frame.columns) == ["title"]
    assert "Revenue" in set(frame["title"])
    assert len(notes_store.to_rdflib("https://notes.example/Concepts/Revenue.md")) > 10


def test_a_reader_keeps_its_answers_while_another_ingest_is_published(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "A.md").write_text("one")
    before = ingest(vault, tmp_path / "store").store
    (vault / "B.md").write_text("two")
    after = ingest(vault, tmp_path / "store").store
    count = "SELECT (COUNT(?n) AS ?notes) { ?n a kg:Note }"
    assert [kg.query(store, count).rows[0]["notes"] for store in (before, after)] == [1, 2]
    assert len(list((tmp_path / "store").glob("gen-*"))) == 2


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    from kg.store import building

    (tmp_path / "vault").mkdir()
    with (
        building(tmp_path / "store", {}, "kg ingest vault"),
        pytest.raises(kg.StoreError, match=r"`kg ingest vault` \(process"),
    ):
        ingest(tmp_path / "vault", tmp_path / "store")


def test_what_a_killed_writer_left_is_removed_and_nothing_of_it_seen(tmp_path: Path) -> None:
    from kg.store import building

    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "A.md").write_text("one")
    store = ingest(vault, tmp_path / "store").path
    (store / "gen-7" / "db").mkdir(parents=True)
    with pytest.raises(RuntimeError), building(store, {}, "test") as builder:
        builder.load([("<urn:g>", [("<urn:s>", "<urn:p>", "<urn:o>")])])
        raise RuntimeError
    assert [folder.name for folder in store.glob("gen-*")] == ["gen-1"]
    assert not kg.query(kg.Store(store), "ASK { <urn:s> ?p ?o }").boolean


@pytest.mark.parametrize("damage", ["current", "gen-1/manifest.json", "gen-1/db/CURRENT"])
def test_a_damaged_store_says_so_and_is_built_anew(tmp_path: Path, damage: str) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "A.md").write_text("one")
    store = ingest(vault, tmp_path / "store").path
    (store / damage).write_text("gen-9" if damage == "current" else "{")
    with pytest.raises(kg.StoreError, match=r"damaged.*kg ingest --full"):
        kg.Store(store)
    assert kg.query(ingest(vault, store, full=True).store, "ASK { n:A ?p ?o }").boolean


def test_parameters_are_terms() -> None:
    prefixes = {"ex": "https://example.org/"}
    text = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
    assert bind(text, {"s": "ex:a"}, prefixes) == (
        "CONSTRUCT { ?s ?p ?o } WHERE { VALUES ?s { <https://example.org/a> } ?s ?p ?o }"
    )
    values = {
        "7": '"7"^^',
        "1.5": '"1.5"^^',
        "true": '"true"^^',
        "<urn:x>": "<urn:x>",
        '"7"': '"7" ',
        'a" }': r'"a\" }"',
    }
    for given, term in values.items():
        assert f"VALUES ?s {{ {term}" in bind("SELECT * { ?s ?p ?o }", {"s": given}, prefixes)


def test_tokens_know_strings_from_names() -> None:
    text = "SELECT * { ?s ?p \"SERVICE {\" # SERVICE\n FILTER(?a < 3) <http://x#SERVICE> '''a'b}''' ex:SERVICE }"
    assert [token.text for token in tokens(text) if token.kind == "word"] == ["SELECT", "FILTER", "3"]
    check(text)


def test_a_deep_query_is_refused() -> None:
    with pytest.raises(kg.QuerySyntaxError, match="200 brackets"):
        check(f"ASK {{ FILTER({'(' * 5000}1{')' * 5000}) }}")
