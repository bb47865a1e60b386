"""Patterns that end with a number: Oxigraph's look-up on disk returns greater numbers, too (`kg.store.matching`)."""

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.ingestion.doctor import examine
from kg.notes.vault import Vault
from kg.rdf.terms import XSD
from kg.store.matching import matching

NUMBERS = [
    -513,
    -512,
    -257,
    -256,
    -2,
    -1,
    0,
    254,
    255,
    256,
    300,
    510,
    511,
    512,
    766,
    767,
    65_535,
    65_536,
    2**24 - 1,
    2**32,
]
NAME, PROPERTY, GRAPH = (ox.NamedNode(f"urn:{letter}") for letter in "npg")


def literal(value: object, kind: str = "integer") -> ox.Literal:
    return ox.Literal(str(value), datatype=ox.NamedNode(XSD + kind))


def others() -> list[ox.Literal]:
    days = [literal(f"{year}-01-01", "date") for year in range(1999, 2010)]
    return [literal("1.5", "decimal"), literal("1.5", "double"), literal("true", "boolean"), ox.Literal("a"), *days]


@pytest.mark.parametrize("bound", ["s p o", "p o", "o", "s o"])
@pytest.mark.parametrize("graph", [None, GRAPH, ox.DefaultGraph()])
def test_a_literal_finds_only_itself(tmp_path: Path, bound: str, graph: ox.NamedNode | ox.DefaultGraph | None) -> None:
    database = ox.Store(str(tmp_path / "db"))
    values = [*map(literal, NUMBERS), *others()]
    for value in values:
        database.extend([ox.Quad(NAME, PROPERTY, value, GRAPH), ox.Quad(NAME, PROPERTY, value)])
    subject, predicate = NAME if "s" in bound else None, PROPERTY if "p" in bound else None
    for value in values:
        quads = list(matching(database, subject, predicate, value, graph))
        assert {quad.object for quad in quads} == {value}
        assert len(quads) == (1 if graph else 2)


def test_a_literal_of_another_spelling_finds_its_value(tmp_path: Path) -> None:
    database = ox.Store(str(tmp_path / "db"))
    database.add(ox.Quad(NAME, PROPERTY, literal("0255"), GRAPH))
    for spelling in ("255", "0255", "+255"):
        (quad,) = matching(database, NAME, PROPERTY, literal(spelling), None)
        assert quad.object == literal(255)


def test_no_other_module_asks_oxigraph_for_a_pattern() -> None:
    package = Path(kg.__file__).parent
    callers = [
        file.name for file in package.rglob("*.py") if re.search(r"\.quads_for_pattern\(", file.read_text("utf-8"))
    ]
    assert callers == ["matching.py"]


@pytest.mark.parametrize(("before", "after"), [(255, 256), (511, 513), (-1, 1.5), (767, 800)])
def test_a_number_that_changes_leaves_nothing_behind(tmp_path: Path, before: int, after: float) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.md").write_text(f"---\nsize: {before}\n---\n")
    kg.ingest(tmp_path)
    (tmp_path / "a.md").write_text(f"---\nsize: {after}\n---\n")
    assert not kg.ingest(tmp_path).changes.everything
    assert all(check.ok for check in examine(Vault(tmp_path)))
    store = kg.Store(tmp_path / ".kg")
    updated = store.nquads()
    subjects = {triple.subject for triple in store.triples(None, None, literal(before))}
    assert subjects == {ox.NamedNode(f"https://notes.example/{name}") for name in "bcd"}
    kg.ingest(tmp_path, full=True)
    assert kg.Store(tmp_path / ".kg").nquads() == updated


def test_the_graph_of_a_removed_note_goes(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.md").write_text("[[a]]\n")
    kg.ingest(tmp_path)
    (tmp_path / "c.md").unlink()
    kg.ingest(tmp_path)
    graphs = {row[0].value for row in kg.Store(tmp_path / ".kg").select("SELECT ?g { GRAPH ?g {} }")}
    assert "https://notes.example/b.md" in graphs
    assert "https://notes.example/c.md" not in graphs
