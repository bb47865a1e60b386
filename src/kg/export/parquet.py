"""Parquet export: typed node and edge files."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.core.errors import KgError
from kg.export.formats import Export
from kg.export.property_graph import Column, PropertyGraph, Type
from kg.export.tabular import edge_row, node_rows, property_values, temporal_columns

if TYPE_CHECKING:
    import pyarrow as pa


_ROWS = 50_000


def write_parquet(export: Export, folder: Path) -> None:
    """Write nodes.parquet and edges.parquet with types."""
    try:
        import pyarrow as pa
    except ImportError:
        raise KgError("Parquet needs pyarrow, which is not installed: pip install 'kg-notes[parquet]'") from None
    graph = export.graph
    kinds = temporal_columns(graph)
    texts = [("id", pa.string()), ("iri", pa.string()), ("label", pa.string()), ("type", pa.string())]
    fields = [(column.name, _arrow_type(graph, column, kinds)) for column in graph.columns]
    makers = [(_maker(kinds[column.name]), column.is_list) for column in graph.columns]

    def thing(row: Sequence[Any]) -> list[Any]:
        cells = zip(row[5:], makers, strict=True)
        return [*row[:4], row[4] or [], *(_arrow_cell(cell, make, many) for cell, (make, many) in cells)]

    schema = pa.schema([*texts, ("types", pa.list_(pa.string())), *fields])
    _table(folder / "nodes.parquet", schema, map(thing, node_rows(graph)))
    names = ("id", "source", "target", "kind", "property")
    schema = pa.schema([*((name, pa.string()) for name in names), ("weight", pa.int64())])
    _table(folder / "edges.parquet", schema, map(edge_row(graph), graph.edges))


def _table(path: Path, schema: "pa.Schema", rows: Iterator[list[Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema) as writer:
        while part := [*islice(rows, _ROWS)]:
            columns = [pa.array(cells, kind) for cells, kind in zip(zip(*part, strict=True), schema.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _arrow_type(graph: PropertyGraph, column: Column, kinds: dict[str, Type]) -> "pa.DataType":
    """The Arrow type of a column. If any time has a time zone, times without one are UTC."""
    import pyarrow as pa

    kind = kinds[column.name]
    zoned = kind == "dateTime" and any(_maker(kind)(time).tzinfo for time in property_values(graph, column.name))
    scalar = {
        "string": pa.string(), "integer": pa.int64(), "double": pa.float64(), "boolean": pa.bool_(),
        "date": pa.date32(), "dateTime": pa.timestamp("us", "UTC" if zoned else None),
    }[kind]  # fmt: skip
    return pa.list_(scalar) if column.is_list else scalar


def _maker(kind: Type) -> Callable[[Any], Any]:
    makers: dict[Type, Callable[[Any], Any]] = {
        "date": datetime.date.fromisoformat,
        "dateTime": datetime.datetime.fromisoformat,
    }
    return makers.get(kind, lambda cell: cell)


def _arrow_cell(cell: Any, make: Callable[[Any], Any], many: bool) -> Any:
    if cell is None:
        return None
    return [make(item) for item in cell] if many else make(cell)
