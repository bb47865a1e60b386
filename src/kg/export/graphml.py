"""GraphML for igraph, NetworkX, JGraphT, Cytoscape, Gephi and others; and GraphML with yEd's graphics.

http://graphml.graphdrawing.org/specification.html. There are two formats because yEd's extensions are not in the
GraphML schema, and some readers accept only the schema. GraphML has no lists: they are written as JSON.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from kg.export.formats import Export, ExportFormat
from kg.export.property_graph import Cell, Column, Edge, Node, PropertyGraph, lexical

_TYPES = {"integer": "long", "double": "double", "boolean": "boolean"}
_NODE = (("label", "string"), ("iri", "string"), ("type", "string"), ("types", "string"))
_EDGE = (("kind", "string"), ("property", "string"), ("weight", "long"))
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"{more}
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns {schema}">
"""
_SCHEMA = "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"
_YED_SCHEMA = "http://www.yworks.com/xml/schema/graphml/1.1/ygraphml.xsd"
_YED = """
    xmlns:y="http://www.yworks.com/xml/graphml"
    xmlns:yed="http://www.yworks.com/xml/yed/3\""""
_GRAPHICS = """<key id="ng" for="node" yfiles.type="nodegraphics"/>
<key id="eg" for="edge" yfiles.type="edgegraphics"/>
"""
_COLOURS = ("#FFCC99", "#99CCFF", "#CCFFCC", "#FFFF99", "#FFCCCC", "#CCCCFF", "#99FFFF", "#E0E0E0")
_UNIT = 120
"""yEd pixels per unit of the layout."""
_LINE_ENDS = {"\r": "&#13;", "\x85": "&#133;", "\u2028": "&#8232;"}
"""Characters that a parser would read as line ends."""

_More = Callable[[int], str]


def _write(export: Export, stream: IO[bytes]) -> None:
    head = _HEAD.format(more="", schema=_SCHEMA)
    parts = _document(export.graph, head, lambda number: "", lambda number: "")
    stream.writelines(part.encode() for part in parts)


def _write_yed(export: Export, stream: IO[bytes]) -> None:
    from kg.export.layout import layout

    graph = export.graph
    positions = layout(export.network)
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(sorted({node.type for node in graph.nodes}))}

    def node_graphics(number: int) -> str:
        node = graph.nodes[number]
        return _shape(node, positions[number], colours[node.type])

    head = _HEAD.format(more=_YED, schema=_YED_SCHEMA) + _GRAPHICS
    parts = _document(graph, head, node_graphics, lambda number: _line(graph.edges[number]))
    stream.writelines(part.encode() for part in parts)


def _document(graph: PropertyGraph, head: str, node_more: _More, edge_more: _More) -> Iterator[str]:
    yield head
    yield from _keys(graph.columns)
    yield '<graph id="G" edgedefault="directed">\n'
    ids = {column.name: f"c{number}" for number, column in enumerate(graph.columns)}
    for number, node in enumerate(graph.nodes):
        node_cells: tuple[Cell, ...] = (node.label, node.iri, node.type, [*node.types])
        data = _data((f"n_{name}", cell) for (name, _), cell in zip(_NODE, node_cells, strict=True) if cell)
        values = _data((ids[name], cell) for name, cell in node.values.items())
        yield f'<node id="{node.id}">{data}{values}{node_more(number)}</node>\n'
    for number, edge in enumerate(graph.edges):
        edge_cells: tuple[Cell, ...] = (edge.kind, edge.property, edge.weight)
        data = _data((f"e_{name}", cell) for (name, _), cell in zip(_EDGE, edge_cells, strict=True))
        ends = f'source="{graph.nodes[edge.source].id}" target="{graph.nodes[edge.target].id}"'
        yield f'<edge id="{edge.id}" {ends}>{data}{edge_more(number)}</edge>\n'
    yield "</graph>\n</graphml>\n"


def _keys(columns: Iterable[Column]) -> Iterator[str]:
    for name, kind in _NODE:
        yield f'<key id="n_{name}" for="node" attr.name="{name}" attr.type="{kind}"/>\n'
    for name, kind in _EDGE:
        yield f'<key id="e_{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>\n'
    for number, column in enumerate(columns):
        kind = "string" if column.is_list else _TYPES.get(column.type, "string")
        description = escape(f"{column.title}: {column.iri}")
        yield f'<key id="c{number}" for="node" attr.name="{column.name}" attr.type="{kind}">'
        yield f"<desc>{description}</desc></key>\n"


def _data(cells: Iterable[tuple[str, Cell]]) -> str:
    return "".join(f'<data key="{key}">{escape(lexical(cell), _LINE_ENDS)}</data>' for key, cell in cells)


def _shape(node: Node, place: tuple[float, float], colour: str) -> str:
    """A node as a box sized to its label."""
    width = min(max(40, 20 + 7 * len(node.label)), 320)
    x, y = (round(coordinate * _UNIT) for coordinate in place)
    return (
        f'<data key="ng"><y:ShapeNode><y:Geometry height="30" width="{width}" x="{x - width // 2}" y="{y - 15}"/>'
        f'<y:Fill color={quoteattr(colour)} transparent="false"/>'
        f"<y:NodeLabel>{escape(node.label, _LINE_ENDS)}</y:NodeLabel>"
        '<y:Shape type="roundrectangle"/></y:ShapeNode></data>'
    )


def _line(edge: Edge) -> str:
    """An edge as an arrow labelled with its kind."""
    return (
        '<data key="eg"><y:PolyLineEdge><y:Arrows source="none" target="standard"/>'
        f"<y:EdgeLabel>{escape(edge.kind)}</y:EdgeLabel></y:PolyLineEdge></data>"
    )


FORMATS = (
    ExportFormat(
        "graphml",
        "application/graphml+xml",
        "graphml",
        "all things and links with their types; for igraph, NetworkX, JGraphT, Cytoscape, Gephi",
        _write,
    ),
    ExportFormat(
        "graphml-yed",
        "application/graphml+xml",
        "graphml",
        "as graphml, with labels, colours and places as yEd shows them",
        _write_yed,
    ),
)
