"""Neo4j export: typed CSV files and an import script in Cypher."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kg.export.formats import Export
from kg.export.property_graph import Cell, Column, Edge, Node, PropertyGraph, Type, lexical
from kg.export.tabular import CellRow, temporal_columns, write_table

# https://neo4j.com/docs/operations-manual/current/import/: headers declare the types. A script with LOAD CSV
# serves where neo4j-admin cannot import the files. By default, neither reads a line break inside a cell, so line breaks
# become spaces. LOAD CSV may read a backslash before a quotation mark as an escape, so a space separates the two.

_NEO4J_TYPES: dict[Type, str] = {
    "string": "string", "integer": "long", "double": "double", "boolean": "boolean",
    "date": "date", "dateTime": "datetime",
}  # fmt: skip
_CYPHER = {"integer": "toInteger({})", "double": "toFloat({})", "boolean": "toBoolean({})", "date": "date({})",
           "dateTime": "datetime({})"}  # fmt: skip
_BREAK = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_BACKSLASH = re.compile(r'\\(?="|$)')


def write_neo4j(export: Export, folder: Path) -> None:
    """Write typed CSV files and import.cypher."""
    graph = export.graph
    kinds = temporal_columns(graph)
    mark = _mark(graph)
    columns = [(column, _neo4j_head(column, kinds)) for column in graph.columns]

    def thing(node: Node) -> list[Cell | None]:
        values = [node.values.get(column.name) for column, _ in columns]
        return [node.iri, node.id, node.label, *values, [*dict.fromkeys(("Thing", *node.types))]]

    def link(edge: Edge) -> list[Cell | None]:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        return [source.iri, target.iri, edge.kind, edge.id, edge.property, edge.weight]

    head = ["iri:ID", "id:string", "label:string", *(header for _, header in columns), ":LABEL"]
    write_table(folder / "nodes.csv", head, _one_line(map(thing, graph.nodes), mark))
    head = [":START_ID", ":END_ID", ":TYPE", "id:string", "property:string", "weight:long"]
    write_table(folder / "relationships.csv", head, _one_line(map(link, graph.edges), mark))
    with (folder / "import.cypher").open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(_script(graph, columns, kinds, mark))


def _neo4j_head(column: Column, kinds: dict[str, Type]) -> str:
    return f"{column.name}:{_NEO4J_TYPES[kinds[column.name]]}{'[]' if column.is_list else ''}"


def _mark(graph: PropertyGraph) -> str:
    """The separator of list values: a semicolon, unless a value contains it."""
    texts = [
        str(item) for node in graph.nodes for cell in node.values.values() if isinstance(cell, list) for item in cell
    ]
    texts += [item for types in {node.types for node in graph.nodes} for item in types]
    return next((mark for mark in ";|¦" if not any(mark in text for text in texts)), "\x1f")


def _one_line(rows: Iterable[CellRow], mark: str) -> Iterator[list[Cell | None]]:
    """Rows without line breaks in cells, and with lists in Neo4j's form."""
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
        condition = f"WITH row WHERE {_cypher_text(name)} IN split(row.`:LABEL`, {_cypher_text(mark)})"
        yield _load("nodes.csv", condition, f"MATCH (n:Thing {{iri: row.`iri:ID`}}) SET n:{_cypher_name(name)}")
    for kind in sorted({edge.kind for edge in graph.edges}):
        ends = "MATCH (a:Thing {iri: row.`:START_ID`}) MATCH (b:Thing {iri: row.`:END_ID`})"
        merge = f"MERGE (a)-[r:{_cypher_name(kind)} {{property: row.`property:string`}}]->(b)"
        values = "SET r.id = row.`id:string`, r.weight = toInteger(row.`weight:long`)"
        condition = f"WITH row WHERE row.`:TYPE` = {_cypher_text(kind)}"
        yield _load("relationships.csv", condition, f"{ends}\n  {merge} {values}")


def _load(file: str, chosen: str, action: str) -> str:
    return (
        "\n".join(part for part in (f"LOAD CSV WITH HEADERS FROM 'file:///{file}' AS row", chosen, action) if part)
        + ";\n"
    )


def _cypher(row: str, column: Column, kinds: dict[str, Type], mark: str) -> str:
    """The Cypher expression for a cell; an empty cell gives null, hence no property."""
    template = _CYPHER.get(kinds[column.name], "{}")
    if not column.is_list:
        return template.format(row)
    parts = f"split({row}, {_cypher_text(mark)})"
    return parts if template == "{}" else f"[one IN {parts} | {template.format('one')}]"


def _cypher_text(text: str) -> str:
    return json.dumps(_BREAK.sub(" ", text), ensure_ascii=False).replace("\x1f", "\\u001f")


def _cypher_name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
