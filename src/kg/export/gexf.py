"""GEXF 1.3, for Gephi and graphology's reader: https://gexf.net.

Every list is a `liststring`, since some readers know no other list type; its value is JSON, which they accept.
Positions and colours are omitted: the schema and the documentation disagree on where they belong.
"""

from collections.abc import Iterable, Iterator
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from kg.export.formats import TITLE, Export, ExportFormat
from kg.export.property_graph import Cell, Column, PropertyGraph, clean, lexical

_TYPES = {"integer": "long", "double": "double", "boolean": "boolean"}
_NODE = (("iri", "string"), ("type", "string"), ("types", "liststring"))
_LINE_ENDS = {"\x85": "&#133;", "\u2028": "&#8232;"}
"""Characters that some parsers read as line ends; `quoteattr` escapes the other line ends."""
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" version="1.3">
<meta><creator>kg</creator><description>{title}</description></meta>
<graph defaultedgetype="directed">
"""


def _write(export: Export, stream: IO[bytes]) -> None:
    stream.writelines(part.encode() for part in _document(export.graph, export.title))


def _document(graph: PropertyGraph, title: str) -> Iterator[str]:
    yield _HEAD.format(title=escape(clean(title)))
    yield from _attributes(graph.columns)
    numbers = {column.name: number for number, column in enumerate(graph.columns, len(_NODE))}
    yield f'<nodes count="{len(graph.nodes)}">\n'
    for node in graph.nodes:
        node_cells: list[tuple[int, Cell]] = [(0, node.iri)]
        if node.types:
            node_cells += [(1, node.type), (2, [*node.types])]
        cells = _cells([*node_cells, *((numbers[name], cell) for name, cell in node.values.items())])
        yield f'<node id="{node.id}" label={quoteattr(node.label, _LINE_ENDS)}>{cells}</node>\n'
    yield f'</nodes>\n<edges count="{len(graph.edges)}">\n'
    for edge in graph.edges:
        ends = f'source="{graph.nodes[edge.source].id}" target="{graph.nodes[edge.target].id}"'
        kind = quoteattr(edge.kind)
        attributes = f'label={kind} kind={kind} weight="{edge.weight}"'
        yield f'<edge id="{edge.id}" {ends} {attributes}>{_cells([(0, edge.property)])}</edge>\n'
    yield "</edges>\n</graph>\n</gexf>\n"


def _attributes(columns: Iterable[Column]) -> Iterator[str]:
    """Declare the attributes of nodes and edges. Ids are numbers: some readers show other ids instead of the title."""
    yield '<attributes class="node">\n'
    declared = [(column.name, _type(column)) for column in columns]
    for number, (name, kind) in enumerate((*_NODE, *declared)):
        yield f'<attribute id="{number}" title="{name}" type="{kind}"/>\n'
    yield '</attributes>\n<attributes class="edge">\n<attribute id="0" title="property" type="string"/>\n'
    yield "</attributes>\n"


def _type(column: Column) -> str:
    return "liststring" if column.is_list else _TYPES.get(column.type, "string")


def _cells(cells: Iterable[tuple[int, Cell]]) -> str:
    values = (f'<attvalue for="{number}" value={quoteattr(lexical(cell), _LINE_ENDS)}/>' for number, cell in cells)
    return f"<attvalues>{''.join(values)}</attvalues>"


FORMATS = (
    ExportFormat(
        "gexf",
        "application/gexf+xml",
        "gexf",
        "all things and links with their types; for Gephi",
        _write,
        options=TITLE,
    ),
)
