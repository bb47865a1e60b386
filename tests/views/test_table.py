"""Tables of the things of a class: columns, order, conditions, pages."""

from pathlib import Path

import pytest

import kg
from helpers.outcomes import OUTCOMES
from helpers.vaults import write_vault
from kg.config import load
from kg.core.errors import NotFound
from kg.sparql.listing import Comparison
from kg.store.store import Published
from kg.views.open_vault import OpenVault
from kg.views.table import PAGE, TableQuery, ThingTable, ThingTables


def opened(folder: Path, notes: dict[str, str]) -> ThingTables:
    vault = write_vault(folder / "vault", notes)
    kg.ingest(vault)
    config = load(vault)
    return ThingTables(OpenVault(config, Published(config.store)))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ThingTables:
    return opened(tmp_path_factory.mktemp("tables"), OUTCOMES)


def things(table: ThingTable) -> list[str]:
    return [row.thing.text for row in table.rows]


def test_the_most_used_properties_are_the_columns(tables: ThingTables) -> None:
    table = tables.table(TableQuery("outcome"))
    assert things(table) == ["Calm nights", "Fast start", "Few calls"]
    assert table.query.columns == ("effort", "owner", "achieved through")
    assert [[[value.text for value in cell.values] for cell in row.cells] for row in table.rows] == [
        [["8"], [], []],
        [["13"], ["Ada"], ["Guided setup"]],
        [["5"], ["Bea"], ["Guided setup", "Help pages"]],
    ]
    assert table.of and table.of.text == "Outcome" and table.total == table.things == 3
    assert ("Outcome", 3) in [(shown.text, number) for shown, number in table.classes]


def test_numbers_sort_as_numbers_and_nothing_is_last(tables: ThingTables) -> None:
    assert things(tables.table(TableQuery("Outcome", order=("effort", False)))) == [
        "Few calls",
        "Calm nights",
        "Fast start",
    ]
    assert things(tables.table(TableQuery("Outcome", order=("owner", True))))[-1] == "Calm nights"


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("effort>=8", {"Calm nights", "Fast start"}),
        ("owner=ada", {"Fast start"}),
        ("!owner", {"Calm nights"}),
        ("achieved through=Help pages", {"Few calls"}),
        ("name~start", {"Fast start"}),
    ],
)
def test_conditions(tables: ThingTables, condition: str, kept: set[str]) -> None:
    table = tables.table(TableQuery("Outcome", where=(Comparison.of(condition),)))
    assert {*things(table)} == kept and table.total == len(kept) and table.things == 3


def test_an_empty_table_says_why(tables: ThingTables) -> None:
    table = tables.table(TableQuery("Outcome", where=(Comparison.of("owner=Adda"),)))
    assert table.rows == () and table.notes[-1].endswith("did you mean Ada?")
    assert tables.table(TableQuery("Outcome", ("due",))).rows[0].cells[0].values == ()


def test_without_a_class_it_has_what_notes_describe(tables: ThingTables) -> None:
    table = tables.table(TableQuery())
    assert table.of is None and table.total == len(OUTCOMES)


@pytest.mark.parametrize(
    "query", [TableQuery("Nope"), TableQuery("Outcome", ("nope",)), TableQuery(order=("x y", True))]
)
def test_unknown_names(tables: ThingTables, query: TableQuery) -> None:
    with pytest.raises(NotFound):
        tables.table(query)


def test_pages(tmp_path: Path) -> None:
    many = opened(tmp_path, {f"Note {number:03}.md": f"---\nrank: {number}\n---\n" for number in range(PAGE + 3)})
    assert things(many.table(TableQuery(page=2))) == [f"Note {PAGE + at:03}" for at in range(3)]
    table = many.table(TableQuery(order=("rank", True), page=99))
    assert table.query.page == table.pages == 2 and things(table)[-1] == "Note 000"


def test_a_file_has_all_rows(tables: ThingTables) -> None:
    rows = tables.answer(TableQuery("Outcome", ("effort", "owner"), ("effort", True))).rows
    assert [(row["label"], row["effort"], row["owner"]) for row in rows] == [
        ("Fast start", 13, "Ada"),
        ("Calm nights", 8, None),
        ("Few calls", 5, "Bea"),
    ]
