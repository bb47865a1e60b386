"""CSV export: node and edge files for spreadsheets and Gephi."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kg.export.formats import Export
from kg.export.property_graph import Cell, Edge
from kg.export.tabular import CellRow, edge_row, node_rows, write_table

# Lists are written as JSON. Text that a spreadsheet would read as a formula gets a leading apostrophe. So does text
# that already looks escaped: removing an apostrophe from a cell that matches the pattern restores the text.

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def write_csv(export: Export, folder: Path) -> None:
    """Write nodes.csv and edges.csv, with lists as JSON."""
    graph = export.graph
    names = [column.name for column in graph.columns]
    write_table(
        folder / "nodes.csv", ["id", "iri", "label", "type", "types", *names], _inert(node_rows(graph)), bom=True
    )
    head = ["id", "source", "target", "kind", "property", "weight"]
    write_table(folder / "edges.csv", head, _inert(map(edge_row(graph), graph.edges)), bom=True)


def _inert(rows: Iterable[CellRow]) -> Iterator[list[Cell | None]]:
    for row in rows:
        yield [f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell for cell in row]


# https://docs.gephi.org/desktop/User_Manual/Import/CSV_Format: the column names that Gephi expects.


def write_gephi(export: Export, folder: Path) -> None:
    """Write nodes.csv and edges.csv in Gephi's import format."""
    graph = export.graph
    names = [column.name for column in graph.columns]
    nodes = ([row[0], row[2], row[1], *row[3:]] for row in node_rows(graph))
    write_table(folder / "nodes.csv", ["Id", "Label", "iri", "type", "types", *names], nodes)

    def link(edge: Edge) -> list[Cell | None]:
        ends = graph.nodes[edge.source].id, graph.nodes[edge.target].id
        return [*ends, "Directed", edge.id, edge.kind, edge.kind, edge.weight, edge.property]

    write_table(
        folder / "edges.csv",
        ["Source", "Target", "Type", "Id", "Label", "Kind", "Weight", "property"],
        map(link, graph.edges),
    )
