"""Graphs as readable text: GML, DOT for Graphviz, and Mermaid for Markdown."""

import re
from collections.abc import Iterator, Mapping
from typing import IO

from kg.export.formats import TITLE, Export, ExportFormat, TooLarge
from kg.export.property_graph import Cell, PropertyGraph, clean, lexical

_MERMAID_LINKS = 500
_MERMAID_CHARACTERS = 50_000
_LARGE = 300
"""Above this number of nodes, Graphviz draws with sfdp, since dot would take minutes."""
_GML_SPECIAL = re.compile(r'["&\t\r\n]|[^\x20-\x7e]')
_LINE_END = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_MERMAID_SPECIAL = re.compile(r"[\"#&<>`\\\[\]{}();:*_~|$@]|\A[-+]|\A\d+\.")
"""Special characters of a label, which is Markdown with icons and formulas; the last of each match is escaped."""
_MERMAID_STYLES = (
    *("fill:lightyellow", "fill:lightblue", "fill:lightgreen", "fill:lavender"),
    *("fill:mistyrose", "fill:lightcyan", "fill:wheat", "fill:whitesmoke"),
)


# ---- GML -----------------------------------------------------------------------------------------------------------
# Himsolt, GML: a portable graph file format, 1997: GML is ASCII, other characters are entities. It has no booleans,
# which become 1 and 0. A list repeats its key for each value.


def _write_gml(export: Export, stream: IO[bytes]) -> None:
    stream.writelines(part.encode("ascii") for part in _gml(export.graph))


def _gml(graph: PropertyGraph) -> Iterator[str]:
    yield 'Creator "kg"\ngraph [\n  directed 1\n  multigraph 1\n'
    for number, node in enumerate(graph.nodes):
        yield f"  node [\n    id {number}\n{_pair('label', node.label)}{_pair('iri', node.iri)}"
        if node.types:
            yield _pair("type", node.type) + _pair("types", lexical([*node.types]))
        yield "".join(_pair(name, cell) for name, cell in node.values.items())
        yield "  ]\n"
    for edge in graph.edges:
        yield (
            f"  edge [\n    source {edge.source}\n    target {edge.target}\n"
            f"{_pair('key', edge.id)}{_pair('label', edge.kind)}{_pair('kind', edge.kind)}"
            f"{_pair('property', edge.property)}{_pair('weight', edge.weight)}  ]\n"
        )
    yield "]\n"


def _pair(key: str, cell: Cell) -> str:
    cells = cell if isinstance(cell, list) else [cell]
    return "".join(f"    {key} {_gml_value(item)}\n" for item in cells)


def _gml_value(cell: Cell) -> str:
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        mantissa, exponent, power = repr(cell).partition("e")
        return (mantissa if "." in mantissa else f"{mantissa}.0") + exponent.upper() + power
    return str(cell) if isinstance(cell, int) else f'"{_GML_SPECIAL.sub(_gml_entity, lexical(cell))}"'


def _gml_entity(match: re.Match[str]) -> str:
    return {'"': "&quot;", "&": "&amp;"}.get(match[0]) or f"&#{ord(match[0])};"


# ---- DOT -----------------------------------------------------------------------------------------------------------
# https://graphviz.org/doc/info/lang.html. Column names start with kg_, since Graphviz reserves many names. A
# string escapes only quotation marks and backslashes. Graphviz decodes entities in the text that it draws.


def _write_dot(export: Export, stream: IO[bytes]) -> None:
    stream.writelines(part.encode() for part in _dot(export.graph, export.title))


def _dot(graph: PropertyGraph, title: str) -> Iterator[str]:
    yield f"digraph {_quoted(clean(title))} {{\n"
    if len(graph.nodes) > _LARGE:
        yield "// So much is drawn by sfdp: sfdp -Goverlap=prism -Tsvg FILE\ngraph [layout=sfdp];\n"
    yield 'graph [charset="UTF-8"];\nnode [shape=box];\n'
    for node in graph.nodes:
        attributes: dict[str, Cell] = {"iri": node.iri, "type": node.type, "types": [*node.types], **node.values}
        drawing = f"label={_drawn(node.label)}, URL={_drawn(node.iri)}, tooltip={_drawn(node.type or node.iri)}"
        yield f"{node.id} [{drawing}{_attributes(attributes)}];\n"
    for edge in graph.edges:
        ends = f"{graph.nodes[edge.source].id} -> {graph.nodes[edge.target].id}"
        drawing = f'id="{edge.id}", label={_drawn(edge.kind)}, weight={edge.weight}'
        yield f"{ends} [{drawing}{_attributes({'property': edge.property})}];\n"
    yield "}\n"


def _attributes(cells: Mapping[str, Cell]) -> str:
    return "".join(f", kg_{name}={_quoted(lexical(cell))}" for name, cell in cells.items() if cell not in ("", []))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _drawn(text: str) -> str:
    """Quote a text so that Graphviz draws it literally."""
    return _LINE_END.sub(r"\\n", _quoted(_ENTITY.sub("&amp;", text)))


# ---- Mermaid -------------------------------------------------------------------------------------------------------
# https://mermaid.js.org/syntax/flowchart.html. Mermaid draws at most 500 links and 50,000 characters.


def _write_mermaid(export: Export, stream: IO[bytes]) -> None:
    graph = export.graph
    text = "" if len(graph.edges) > _MERMAID_LINKS else "".join(_mermaid(graph))
    if len(graph.edges) > _MERMAID_LINKS or len(text) > _MERMAID_CHARACTERS:
        size = f"{len(graph.nodes):,} things and {len(graph.edges):,} links"
        raise TooLarge(
            f"Mermaid draws {_MERMAID_LINKS} links and {_MERMAID_CHARACTERS:,} characters at most, not {size}: "
            "choose some with `--around NAME --depth 1` or `--only CLASS`"
        )
    stream.write(text.encode())


def _mermaid(graph: PropertyGraph) -> Iterator[str]:
    yield "flowchart LR\n"
    for node in graph.nodes:
        yield f'  {node.id}["{_mermaid_text(node.label)}"]\n'
    for edge in graph.edges:
        ends = graph.nodes[edge.source].id, graph.nodes[edge.target].id
        yield f'  {ends[0]} -->|"{_mermaid_text(edge.kind)}"| {ends[1]}\n'
    for node in graph.nodes:
        yield f'  click {node.id} href "{_mermaid_link(node.iri)}"\n'
    for number, name in enumerate(sorted({node.type for node in graph.nodes if node.type})):
        members = ",".join(node.id for node in graph.nodes if node.type == name)
        style = _MERMAID_STYLES[number % len(_MERMAID_STYLES)]
        yield f"  %% {_mermaid_text(name)}\n  classDef type{number} {style},color:black\n"
        yield f"  class {members} type{number}\n"


def _mermaid_text(text: str) -> str:
    """Escape a text for a quoted label: on one line, with Mermaid's special characters as numbers."""
    line = " ".join(text.split())
    return _MERMAID_SPECIAL.sub(lambda match: f"{match[0][:-1]}#{ord(match[0][-1])};", line) or "#160;"


def _mermaid_link(iri: str) -> str:
    """Escape an IRI so that no part of it looks like a Mermaid entity."""
    return re.sub(r"(#\w*);", r"\1%3B", iri)


FORMATS = (
    ExportFormat(
        "gml", "text/plain", "gml", "all things and links, booleans as 1 and 0; for igraph, Gephi, yEd", _write_gml
    ),
    ExportFormat(
        "dot", "text/vnd.graphviz", "dot", "all things and links as text; for Graphviz", _write_dot, options=TITLE
    ),
    ExportFormat(
        "mermaid",
        "text/vnd.mermaid",
        "mmd",
        "names, kinds and web addresses, up to 500 links; for Markdown",
        _write_mermaid,
    ),
)
