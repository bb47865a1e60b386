"""Graphs in JSON: for Cytoscape.js, Cytoscape (CX2), graphology and sigma, D3 and force-graph, Kumu, and JSON Canvas.

No format reserves the name of a column, so columns share an object with the format's own keys. JavaScript has no
integers beyond 2^53: for it, a column that contains such an integer is written as strings.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from kg.core.json_text import json_text
from kg.export.formats import TITLE, Export, ExportFormat, TooLarge
from kg.export.property_graph import Cell, Column, Edge, Node, PropertyGraph, Type, clean
from kg.rdf.terms import KG

_EXACT = 1 << 53
_CANVAS_THINGS = 300
_CANVAS_LINKS = 1_500
_CARD = (260, 60)
_STEP = (400, 240)
"""Canvas pixels per unit of the layout, across and down: enough that no cards overlap."""
_CX2_TYPES: Mapping[Type, str] = {"integer": "long", "double": "double", "boolean": "boolean"}

_Object = dict[str, Any]


def _json(value: object) -> str:
    """JSON that is safe inside a script of a web page."""
    return json_text(value, separators=(",", ":")).replace("<", "\\u003c")


def _listed(values: Iterable[object]) -> Iterator[str]:
    """The elements of a JSON array, one per line."""
    before = "\n"
    for value in values:
        yield before + _json(value)
        before = ",\n"


def _send(stream: IO[bytes], parts: Iterable[str]) -> None:
    stream.writelines(part.encode() for part in parts)


# ---- JavaScript libraries ------------------------------------------------------------------------------------------


def _inexact(graph: PropertyGraph) -> set[str]:
    """The names of columns with integers that JavaScript cannot represent."""
    integers = [column.name for column in graph.columns if column.type == "integer"]
    inexact: set[str] = set()
    for node in graph.nodes:
        for name in integers:
            cell = node.values.get(name, 0)
            if any(abs(n) >= _EXACT for n in (cell if isinstance(cell, list) else [cell])):  # type: ignore[arg-type]
                inexact.add(name)
    return inexact


def _as_text(cell: Cell) -> Cell:
    return [str(item) for item in cell] if isinstance(cell, list) else str(cell)


def _things(graph: PropertyGraph) -> Iterator[tuple[Node, _Object]]:
    """Each node with all its attributes except the id."""
    texts = _inexact(graph)
    for node in graph.nodes:
        values = {name: _as_text(cell) if name in texts else cell for name, cell in node.values.items()}
        yield node, {"label": node.label, "iri": node.iri, "type": node.type, "types": node.types, **values}


def _data(edge: Edge) -> _Object:
    return {"kind": edge.kind, "label": edge.kind, "property": edge.property, "weight": edge.weight}


def _ends(graph: PropertyGraph, edge: Edge) -> tuple[str, str]:
    return graph.nodes[edge.source].id, graph.nodes[edge.target].id


def _write_cytoscape(export: Export, stream: IO[bytes]) -> None:
    """https://js.cytoscape.org/#notation/elements-json, with `value` and the other keys that NetworkX requires."""

    def parts() -> Iterator[str]:
        graph = export.graph
        yield f'{{"directed":true,"multigraph":true,"data":{_json({"name": clean(export.title)})},'
        yield '"elements":{"nodes":['
        rows = ((node.id, node.label, data) for node, data in _things(graph))
        yield from _listed({"data": {"id": key, "value": key, "name": name, **data}} for key, name, data in rows)
        yield '\n],"edges":['
        more = ({"key": edge.id, "interaction": edge.kind} for edge in graph.edges)
        yield from _listed(
            {"data": _edge_of(graph, edge) | extra} for edge, extra in zip(graph.edges, more, strict=True)
        )
        yield "\n]}}\n"

    _send(stream, parts())


def _edge_of(graph: PropertyGraph, edge: Edge) -> _Object:
    source, target = _ends(graph, edge)
    return {"id": edge.id, "source": source, "target": target, **_data(edge)}


def _write_graphology(export: Export, stream: IO[bytes]) -> None:
    """https://graphology.github.io/serialization.html."""

    def parts() -> Iterator[str]:
        graph = export.graph
        options = {"type": "directed", "multi": True, "allowSelfLoops": True}
        yield f'{{"attributes":{_json({"name": clean(export.title)})},"options":{_json(options)},"nodes":['
        yield from _listed({"key": node.id, "attributes": data} for node, data in _things(graph))
        yield '\n],"edges":['
        yield from _listed(
            {"key": edge.id, "source": source, "target": target, "attributes": _data(edge)}
            for edge in graph.edges
            for source, target in (_ends(graph, edge),)
        )
        yield "\n]}\n"

    _send(stream, parts())


def _write_d3(export: Export, stream: IO[bytes]) -> None:
    """https://d3js.org/d3-force, https://github.com/vasturiano/force-graph: `nodes` and `links` by `id`."""

    def parts() -> Iterator[str]:
        graph = export.graph
        yield '{"nodes":['
        yield from _listed({"id": node.id, "name": node.label, **data} for node, data in _things(graph))
        yield '\n],"links":['
        yield from _listed(_edge_of(graph, edge) for edge in graph.edges)
        yield "\n]}\n"

    _send(stream, parts())


def _write_kumu(export: Export, stream: IO[bytes]) -> None:
    """https://docs.kumu.io/guides/import/blueprints: with ids, since labels would have to be unique."""

    def parts() -> Iterator[str]:
        graph = export.graph
        yield '{"elements":['
        yield from _listed({"id": node.id, **data} for node, data in _things(graph))
        yield '\n],"connections":['
        yield from _listed(_connection(graph, edge) for edge in graph.edges)
        yield "\n]}\n"

    _send(stream, parts())


def _connection(graph: PropertyGraph, edge: Edge) -> _Object:
    source, target = _ends(graph, edge)
    return {"id": edge.id, "from": source, "to": target, "direction": "directed", "type": edge.kind, **_data(edge)}


# ---- CX2 -----------------------------------------------------------------------------------------------------------


def _write_cx2(export: Export, stream: IO[bytes]) -> None:
    """https://cytoscape.org/cx/cx2/specification/cytoscape-exchange-format-specification-(version-2)."""

    def parts() -> Iterator[str]:
        graph = export.graph
        counts = {
            "attributeDeclarations": 1,
            "networkAttributes": 1,
            "nodes": len(graph.nodes),
            "edges": len(graph.edges),
        }
        meta = [{"name": name, "elementCount": count} for name, count in counts.items()]
        yield '[{"CXVersion":"2.0","hasFragments":false},\n'
        yield f"{_json({'metaData': meta})},\n{_json({'attributeDeclarations': [_declared(graph.columns)]})},\n"
        yield f'{_json({"networkAttributes": [{"name": clean(export.title)}]})},\n{{"nodes":['
        yield from _listed({"id": number, "v": _cx2_node(node)} for number, node in enumerate(graph.nodes))
        yield '\n]},\n{"edges":['
        yield from _listed(
            {"id": number, "s": edge.source, "t": edge.target, "v": _cx2_edge(edge)}
            for number, edge in enumerate(graph.edges)
        )
        yield '\n]},\n{"status":[{"error":"","success":true}]}]\n'

    _send(stream, parts())


def _declared(columns: Iterable[Column]) -> _Object:
    text, texts = {"d": "string"}, {"d": "list_of_string"}
    declared = {column.name: {"d": _cx2_type(column)} for column in columns}
    nodes = {"name": text, "represents": text, "type": text, "types": texts, **declared}
    edges = {"interaction": text, "property": text, "weight": {"d": "long"}}
    return {"networkAttributes": {"name": text}, "nodes": nodes, "edges": edges}


def _cx2_type(column: Column) -> str:
    scalar = _CX2_TYPES.get(column.type, "string")
    return f"list_of_{scalar}" if column.is_list else scalar


def _cx2_node(node: Node) -> _Object:
    types = {"type": node.type, "types": node.types} if node.types else {}
    return {"name": node.label, "represents": node.iri, **types, **node.values}


def _cx2_edge(edge: Edge) -> _Object:
    return {"interaction": edge.kind, "property": edge.property, "weight": edge.weight}


# ---- JSON Canvas ---------------------------------------------------------------------------------------------------


def _write_canvas(export: Export, stream: IO[bytes]) -> None:
    """https://jsoncanvas.org/spec/1.0: notes as files, web pages as links, all else as text."""
    from kg.export.layout import layout

    graph = export.graph
    if len(graph.nodes) > _CANVAS_THINGS or len(graph.edges) > _CANVAS_LINKS:
        size = f"{len(graph.nodes):,} things and {len(graph.edges):,} links"
        raise TooLarge(
            f"a canvas is readable with at most {_CANVAS_THINGS} things and {_CANVAS_LINKS:,} links, not {size}: "
            "choose some with `--around NAME --depth 1` or `--only CLASS`"
        )
    colours = {name: str(1 + n % 6) for n, name in enumerate(sorted({node.type for node in graph.nodes}))}
    base = graph.prefixes.get("n", "")
    path = next((column.name for column in graph.columns if column.iri == KG + "path"), "")
    cards = [
        {"id": node.id, **_card(node, path, base), **_box(position), "color": colours[node.type]}
        for node, position in zip(graph.nodes, layout(export.network), strict=True)
    ]
    arrows = [
        {"id": edge.id, "fromNode": source, "toNode": target, "toEnd": "arrow", "label": edge.kind}
        for edge in graph.edges
        for source, target in (_ends(graph, edge),)
    ]
    text = json_text({"nodes": cards, "edges": arrows}, indent="\t")
    stream.write(text.encode() + b"\n")


def _card(node: Node, path: str, base: str) -> _Object:
    """The content of a card: the note that describes a node, else its web page, else its label."""
    file = node.values.get(path)
    if isinstance(file, str):
        return {"type": "file", "file": file}
    if node.iri.startswith(("http://", "https://")) and not (base and node.iri.startswith(base)):
        return {"type": "link", "url": node.iri}
    return {"type": "text", "text": node.label}


def _box(place: tuple[float, float]) -> dict[str, int]:
    x, y = (round(coordinate * step) - size // 2 for coordinate, step, size in zip(place, _STEP, _CARD, strict=True))
    return {"x": x, "y": y, "width": _CARD[0], "height": _CARD[1]}


FORMATS = (
    ExportFormat(
        "cytoscape",
        "application/json",
        "cyjs",
        "all things and links; for Cytoscape.js",
        _write_cytoscape,
        options=TITLE,
    ),
    ExportFormat(
        "cx2",
        "application/json",
        "cx2",
        "all things and links with their types; for Cytoscape, NDEx",
        _write_cx2,
        options=TITLE,
    ),
    ExportFormat(
        "graphology",
        "application/json",
        "json",
        "all things and links; for graphology, sigma.js",
        _write_graphology,
        options=TITLE,
    ),
    ExportFormat("d3", "application/json", "json", "all things and links; for D3, force-graph", _write_d3),
    ExportFormat("kumu", "application/json", "json", "all things and links; for Kumu", _write_kumu),
    ExportFormat("canvas", "application/json", "canvas", "up to 300 things, laid out; for Obsidian", _write_canvas),
)
