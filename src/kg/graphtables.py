"""Graphs as tables, one of things and one of links, in a folder: CSV for spreadsheets, Gephi and Neo4j, and Parquet."""

import csv
import datetime
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.errors import KgError
from kg.exports import Export, Format
from kg.propertygraph import Cell, Column, Edge, Node, PropertyGraph, Type, lexical

if TYPE_CHECKING:
    import pyarrow as pa

_Row = Iterable[Cell | None]

# ---- CSV for spreadsheets, data frames -------------------------------------------------------------------------------
# A list is written as JSON. A text that a spreadsheet would take for a formula gets an apostrophe before it, as one
# does that looks like such a text already: so taking one away from what matches gives the text.

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def _write_csv(export: Export, folder: Path) -> None:
    graph = export.graph
    names = [column.name for column in graph.columns]
    _file(folder / "nodes.csv", ["id", "iri", "label", "type", "types", *names], _inert(_thing_rows(graph)), bom=True)
    head = ["id", "source", "target", "kind", "property", "weight"]
    _file(folder / "edges.csv", head, _inert(map(_link(graph), graph.edges)), bom=True)


def _file(path: Path, head: Sequence[str], rows: Iterable[_Row], *, bom: bool = False) -> None:
    """A table as CSV; what has no value is an empty cell."""
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as stream:
        writer = csv.writer(_Rows(stream), lineterminator=_Rows.END)
        writer.writerow(head)
        writer.writerows(["" if cell is None else lexical(cell) for cell in row] for row in rows)


class _Rows:
    """A stream that ends the rows of a CSV writer with a line feed.

    The writer puts quotes around the characters of its own line end only: a lone carriage return must be one of them.
    """

    END = "\r\n"

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, row: str) -> int:
        """Write a whole row."""
        return self.stream.write(f"{row.removesuffix(self.END)}\n")


def _thing_rows(graph: PropertyGraph) -> Iterator[list[Cell | None]]:
    names = [column.name for column in graph.columns]
    for node in graph.nodes:
        own = [node.id, node.iri, node.label, node.type or None, [*node.types] or None]
        yield [*own, *map(node.values.get, names)]


def _link(graph: PropertyGraph) -> Callable[[Edge], list[Cell | None]]:
    nodes = graph.nodes
    return lambda edge: [
        edge.id, nodes[edge.source].id, nodes[edge.target].id, edge.kind, edge.property, edge.weight,
    ]  # fmt: skip


def _inert(rows: Iterable[_Row]) -> Iterator[list[Cell | None]]:
    for row in rows:
        yield [f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell for cell in row]


# ---- Gephi's CSV -----------------------------------------------------------------------------------------------------
# https://docs.gephi.org/desktop/User_Manual/Import/CSV_Format: names of columns as Gephi knows them.


def _write_gephi(export: Export, folder: Path) -> None:
    graph = export.graph
    names = [column.name for column in graph.columns]
    things = ([row[0], row[2], row[1], *row[3:]] for row in _thing_rows(graph))
    _file(folder / "nodes.csv", ["Id", "Label", "iri", "type", "types", *names], things)

    def link(edge: Edge) -> list[Cell | None]:
        ends = graph.nodes[edge.source].id, graph.nodes[edge.target].id
        return [*ends, "Directed", edge.id, edge.kind, edge.kind, edge.weight, edge.property]

    _file(
        folder / "edges.csv",
        ["Source", "Target", "Type", "Id", "Label", "Kind", "Weight", "property"],
        map(link, graph.edges),
    )


# ---- Neo4j -----------------------------------------------------------------------------------------------------------
# https://neo4j.com/docs/operations-manual/current/import/: headers say the types; and a script for LOAD CSV, where the
# files cannot be given to neo4j-admin. Unless told so neither reads a line break inside a cell, so they are spaces; and
# LOAD CSV may take a backslash before a quotation mark for an escape, so a space parts them.

_NEO4J_TYPES: dict[Type, str] = {
    "string": "string", "integer": "long", "double": "double", "boolean": "boolean",
    "date": "date", "dateTime": "datetime",
}  # fmt: skip
_CYPHER = {"integer": "toInteger({})", "double": "toFloat({})", "boolean": "toBoolean({})", "date": "date({})",
           "dateTime": "datetime({})"}  # fmt: skip
_BREAK = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_BACKSLASH = re.compile(r'\\(?="|$)')


def _write_neo4j(export: Export, folder: Path) -> None:
    graph = export.graph
    kinds = _temporal(graph)
    mark = _mark(graph)
    columns = [(column, _neo4j_head(column, kinds)) for column in graph.columns]

    def thing(node: Node) -> list[Cell | None]:
        values = [node.values.get(column.name) for column, _ in columns]
        return [node.iri, node.id, node.label, *values, [*dict.fromkeys(("Thing", *node.types))]]

    def link(edge: Edge) -> list[Cell | None]:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        return [source.iri, target.iri, edge.kind, edge.id, edge.property, edge.weight]

    head = ["iri:ID", "id:string", "label:string", *(written for _, written in columns), ":LABEL"]
    _file(folder / "nodes.csv", head, _one_line(map(thing, graph.nodes), mark))
    head = [":START_ID", ":END_ID", ":TYPE", "id:string", "property:string", "weight:long"]
    _file(folder / "relationships.csv", head, _one_line(map(link, graph.edges), mark))
    with (folder / "import.cypher").open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(_script(graph, columns, kinds, mark))


def _neo4j_head(column: Column, kinds: dict[str, Type]) -> str:
    return f"{column.name}:{_NEO4J_TYPES[kinds[column.name]]}{'[]' if column.is_list else ''}"


def _mark(graph: PropertyGraph) -> str:
    """What stands between the values of a list: a semicolon, unless some value has one."""
    texts = [
        str(one) for node in graph.nodes for cell in node.values.values() if isinstance(cell, list) for one in cell
    ]
    texts += [one for types in {node.types for node in graph.nodes} for one in types]
    return next((mark for mark in ";|¦" if not any(mark in text for text in texts)), "\x1f")


def _one_line(rows: Iterable[_Row], mark: str) -> Iterator[list[Cell | None]]:
    """Rows with no line break in a cell, and with lists as Neo4j has them."""
    for row in rows:
        cells = (mark.join(map(lexical, cell)) if isinstance(cell, list) else cell for cell in row)
        yield [_BACKSLASH.sub(r"\\ ", _BREAK.sub(" ", cell)) if isinstance(cell, str) else cell for cell in cells]


def _script(
    graph: PropertyGraph, columns: Sequence[tuple[Column, str]], kinds: dict[str, Type], mark: str
) -> Iterator[str]:
    array = "" if mark == ";" else f" --array-delimiter={'U+001F' if mark == chr(31) else repr(mark)}"
    yield "// Put nodes.csv and relationships.csv into Neo4j's import folder, then: cypher-shell -f import.cypher\n"
    yield "// Or, for a database that is new, without this script:\n"
    yield f"// neo4j-admin database import full --nodes=nodes.csv --relationships=relationships.csv{array} neo4j\n"
    yield "CREATE CONSTRAINT thing_iri IF NOT EXISTS FOR (n:Thing) REQUIRE n.iri IS UNIQUE;\n"
    sets = ["n.id = row.`id:string`", "n.label = row.`label:string`"]
    sets += [f"n.`{column.name}` = {_cypher(f'row.`{head}`', column, kinds, mark)}" for column, head in columns]
    yield _load("nodes.csv", "", "MERGE (n:Thing {iri: row.`iri:ID`}) SET " + ",\n  ".join(sets))
    for name in sorted({name for node in graph.nodes for name in node.types}):
        chosen = f"WITH row WHERE {_cypher_text(name)} IN split(row.`:LABEL`, {_cypher_text(mark)})"
        yield _load("nodes.csv", chosen, f"MATCH (n:Thing {{iri: row.`iri:ID`}}) SET n:{_cypher_name(name)}")
    for kind in sorted({edge.kind for edge in graph.edges}):
        ends = "MATCH (a:Thing {iri: row.`:START_ID`}) MATCH (b:Thing {iri: row.`:END_ID`})"
        merged = f"MERGE (a)-[r:{_cypher_name(kind)} {{property: row.`property:string`}}]->(b)"
        values = "SET r.id = row.`id:string`, r.weight = toInteger(row.`weight:long`)"
        chosen = f"WITH row WHERE row.`:TYPE` = {_cypher_text(kind)}"
        yield _load("relationships.csv", chosen, f"{ends}\n  {merged} {values}")


def _load(file: str, chosen: str, action: str) -> str:
    return (
        "\n".join(part for part in (f"LOAD CSV WITH HEADERS FROM 'file:///{file}' AS row", chosen, action) if part)
        + ";\n"
    )


def _cypher(row: str, column: Column, kinds: dict[str, Type], mark: str) -> str:
    """What a cell gives in Cypher; a cell that is empty gives null, and no property."""
    made = _CYPHER.get(kinds[column.name], "{}")
    if not column.is_list:
        return made.format(row)
    parts = f"split({row}, {_cypher_text(mark)})"
    return parts if made == "{}" else f"[one IN {parts} | {made.format('one')}]"


def _cypher_text(text: str) -> str:
    return json.dumps(_BREAK.sub(" ", text), ensure_ascii=False).replace("\x1f", "\\u001f")


def _cypher_name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _temporal(graph: PropertyGraph) -> dict[str, Type]:
    """The type of each column, where dates that are not of our calendar's years 1 to 9999 make texts."""
    found: dict[str, Type] = {column.name: column.type for column in graph.columns}
    parsers = {"date": datetime.date.fromisoformat, "dateTime": datetime.datetime.fromisoformat}
    for column in graph.columns:
        parse = parsers.get(column.type)
        if parse and not all(_parses(parse, str(one)) for one in _all(graph, column.name)):
            found[column.name] = "string"
    return found


def _all(graph: PropertyGraph, name: str) -> Iterator[Any]:
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


# ---- Parquet ---------------------------------------------------------------------------------------------------------

_ROWS = 50_000


def _write_parquet(export: Export, folder: Path) -> None:
    try:
        import pyarrow as pa
    except ImportError:
        raise KgError("Parquet needs pyarrow, which is not installed: pip install 'kg-notes[parquet]'") from None
    graph = export.graph
    kinds = _temporal(graph)
    texts = [("id", pa.string()), ("iri", pa.string()), ("label", pa.string()), ("type", pa.string())]
    own = [(column.name, _arrow_type(graph, column, kinds)) for column in graph.columns]
    made = [(_maker(kinds[column.name]), column.is_list) for column in graph.columns]

    def thing(row: Sequence[Any]) -> list[Any]:
        cells = zip(row[5:], made, strict=True)
        return [*row[:4], row[4] or [], *(_arrow_cell(cell, make, many) for cell, (make, many) in cells)]

    schema = pa.schema([*texts, ("types", pa.list_(pa.string())), *own])
    _table(folder / "nodes.parquet", schema, map(thing, _thing_rows(graph)))
    names = ("id", "source", "target", "kind", "property")
    schema = pa.schema([*((name, pa.string()) for name in names), ("weight", pa.int64())])
    _table(folder / "edges.parquet", schema, map(_link(graph), graph.edges))


def _table(path: Path, schema: "pa.Schema", rows: Iterator[list[Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema) as writer:
        while part := [*islice(rows, _ROWS)]:
            columns = [pa.array(cells, kind) for cells, kind in zip(zip(*part, strict=True), schema.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _arrow_type(graph: PropertyGraph, column: Column, kinds: dict[str, Type]) -> "pa.DataType":
    """Times have a zone where any has one; those without are then of UTC."""
    import pyarrow as pa

    kind = kinds[column.name]
    zoned = kind == "dateTime" and any(_maker(kind)(one).tzinfo for one in _all(graph, column.name))
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
    return makers.get(kind, lambda one: one)


def _arrow_cell(cell: Any, make: Callable[[Any], Any], many: bool) -> Any:
    if cell is None:
        return None
    return [make(one) for one in cell] if many else make(cell)


FORMATS = (
    Format(
        "csv",
        "text/csv",
        "",
        "nodes.csv and edges.csv, lists as JSON; for spreadsheets, pandas",
        write_folder=_write_csv,
    ),
    Format("gephi-csv", "text/csv", "", "nodes.csv and edges.csv; for Gephi", write_folder=_write_gephi),
    Format(
        "neo4j",
        "text/csv",
        "",
        "nodes.csv, relationships.csv with types, import.cypher; for Neo4j, on one line each",
        write_folder=_write_neo4j,
    ),
    Format(
        "parquet",
        "application/vnd.apache.parquet",
        "",
        "nodes.parquet and edges.parquet with types; for pandas, DuckDB, Spark",
        write_folder=_write_parquet,
    ),
)
