"""Graphs as tables, one of nodes and one of edges, in a folder: CSV for spreadsheets, Gephi and Neo4j, and Parquet."""

import csv
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from kg.export.property_graph import Cell, Edge, PropertyGraph, Type, lexical

CellRow = Iterable[Cell | None]


def write_table(path: Path, head: Sequence[str], rows: Iterable[CellRow], *, bom: bool = False) -> None:
    """Write a table as CSV; a missing value is an empty cell."""
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as stream:
        writer = csv.writer(_Rows(stream), lineterminator=_Rows.END)
        writer.writerow(head)
        writer.writerows(["" if cell is None else lexical(cell) for cell in row] for row in rows)


class _Rows:
    """A stream that ends the rows of a CSV writer with a line feed.

    The writer quotes only the characters of its own line end, which must therefore contain the carriage return.
    """

    END = "\r\n"

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, row: str) -> int:
        """Write a whole row with a line feed as its end."""
        return self.stream.write(f"{row.removesuffix(self.END)}\n")


def node_rows(graph: PropertyGraph) -> Iterator[list[Cell | None]]:
    """One row of cells per node."""
    names = [column.name for column in graph.columns]
    for node in graph.nodes:
        cells = [node.id, node.iri, node.label, node.type or None, [*node.types] or None]
        yield [*cells, *map(node.values.get, names)]


def edge_row(graph: PropertyGraph) -> Callable[[Edge], list[Cell | None]]:
    """Return a function that returns the cells of an edge."""
    nodes = graph.nodes
    return lambda edge: [
        edge.id, nodes[edge.source].id, nodes[edge.target].id, edge.kind, edge.property, edge.weight,
    ]  # fmt: skip


def temporal_columns(graph: PropertyGraph) -> dict[str, Type]:
    """The type of each column; a date outside the years 1 to 9999 of our calendar makes its column a string."""
    types: dict[str, Type] = {column.name: column.type for column in graph.columns}
    parsers = {"date": datetime.date.fromisoformat, "dateTime": datetime.datetime.fromisoformat}
    for column in graph.columns:
        parse = parsers.get(column.type)
        if parse and not all(_parses(parse, str(cell)) for cell in property_values(graph, column.name)):
            types[column.name] = "string"
    return types


def property_values(graph: PropertyGraph, name: str) -> Iterator[Any]:
    """The values of a property over all nodes."""
    for node in graph.nodes:
        cell = node.values.get(name)
        if cell is not None:
            yield from cell if isinstance(cell, list) else [cell]


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
