"""Export as a web page: one file that works offline, with the map, a search, and the text of each node.

The page is built in `web/` and stored in `src/kg/export/web/`. The content of notes reaches it only as data: deflated
JSON in base64, in blocks that browsers do not run. Its policy allows only its own script and style, and no requests.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import IO, Any
from zlib import compress

from kg.core.json_text import json_text
from kg.export.formats import Export, ExportFormat
from kg.export.property_graph import Cell, Column, Node, PropertyGraph, clean
from kg.export.styling import Appearance, words
from kg.rdf.terms import KG

_TEXT, _PATH = KG + "text", KG + "path"
_CHUNK = 500
"""The number of nodes whose texts share a block, which is unpacked when the first of them is viewed."""
_PLACE = re.compile(r"<!--kg:(\w+)-->")


def html(export: Export, out: IO[bytes]) -> None:
    """Write the graph as a web page."""
    out.write(_filled(export).encode())


def _filled(export: Export) -> str:
    """Fill the placeholders of the page; inserted text is never searched for placeholders."""
    script, style = _part("page.js"), _part("page.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    data = _Data(export, export.graph_with_texts)
    holes = {
        "title": escape(clean(export.title)),
        "policy": policy,
        "script": script,
        "style": style,
        "data": "\n".join(data.blocks()),
    }
    return _PLACE.sub(lambda match: holes[match[1]], _part("page.html"))


def _part(name: str) -> str:
    return (files("kg.export") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The digest of a script or style, as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@dataclass(frozen=True)
class _Data:
    export: Export
    graph: PropertyGraph

    def blocks(self) -> Iterator[str]:
        """The blocks of data: the graph, then the texts."""
        yield _block("kg-graph", self._graph())
        nodes = self.graph.nodes
        for start in range(0, len(nodes), _CHUNK):
            yield _block(f"kg-texts-{start // _CHUNK}", [self._detail(node) for node in nodes[start : start + _CHUNK]])

    def _graph(self) -> dict[str, Any]:
        look, nodes, edges = self._look, self.graph.nodes, self.graph.edges
        parts = look.partition
        return {
            "labels": [node.label for node in nodes],
            "aliases": dict(self._aliases()),
            "x": [x for x, _ in look.places],
            "y": [y for _, y in look.places],
            "weights": look.weights,
            "types": look.types.names,
            "type": look.types.places,
            "shapes": look.shapes,
            "missing": sorted(self.export.network.missing),
            "communities": [{"name": look.community(rank), "size": len(part)} for rank, part in enumerate(parts.parts)],
            "community": [parts.part_of[number] for number in range(len(nodes))],
            "sources": [edge.source for edge in edges],
            "targets": [edge.target for edge in edges],
            "weight": [edge.weight for edge in edges],
            "kinds": look.kinds.names,
            "kind": look.kinds.places,
            "paths": [self._path(node) for node in nodes],
            "vault": clean(self.export.vault.resolve().as_posix()) if self.export.vault else None,
            "base": self.export.prefixes.get("n", ""),
            "chunk": _CHUNK,
        }

    @cached_property
    def _look(self) -> Appearance:
        return Appearance(self.export.network, self.graph)

    @cached_property
    def _columns(self) -> Mapping[str, Column]:
        return {column.iri: column for column in self.graph.columns}

    def _aliases(self) -> Iterator[tuple[int, Cell]]:
        """The aliases of nodes, which the search matches, too."""
        column = next((candidate for candidate in self.graph.columns if candidate.title == "aliases"), None)
        if column:
            for number, node in enumerate(self.graph.nodes):
                if column.name in node.values:
                    yield number, node.values[column.name]

    def _path(self, node: Node) -> str | None:
        column = self._columns.get(_PATH)
        return str(node.values[column.name]) if column and column.name in node.values else None

    def _detail(self, node: Node) -> list[Any]:
        """The details of a node: its text, its IRI, and its properties as rows."""
        text, rows = "", []
        for column in self.graph.columns:
            if column.name not in node.values:
                continue
            if column.iri == _TEXT:
                text = str(node.values[column.name])
            else:
                rows.append([words(column.title), _shown(node.values[column.name])])
        return [text, node.iri, rows]


def _shown(cell: Cell) -> str:
    if isinstance(cell, list):
        return ", ".join(map(_shown, cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)


def _block(name: str, value: object) -> str:
    """Data in a block that no browser runs and that its content cannot close."""
    text = json_text(value, separators=(",", ":"))
    return f'<script type="text/plain" id="{name}">{b64encode(compress(text.encode(), 6)).decode()}</script>'


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat("html", "text/html", "html", "a web page in one file, to look around in without a network", html),
)
