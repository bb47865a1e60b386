"""Exports as a web page: one file that opens without a network, with the map, a search, and the text of each thing.

The page itself is made in `web/` and lies in `src/kg/web/`. What notes say reaches it as data alone: JSON, deflated, in
base64, in blocks that browsers do not run; and its policy allows no script and no style but its own, and no request.
"""

import json
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

from kg.appearance import Appearance, words
from kg.exports import Export, Format
from kg.propertygraph import Cell, Column, Node, PropertyGraph, clean
from kg.terms import KG

_TEXT, _PATH = KG + "text", KG + "path"
_CHUNK = 500
"""So many things have their texts in one block, which is unpacked when the first of them is looked at."""
_PLACE = re.compile(r"<!--kg:(\w+)-->")


def html(export: Export, out: IO[bytes]) -> None:
    """The graph as a page."""
    out.write(_filled(export).encode())


def _filled(export: Export) -> str:
    """The page with its holes filled: what was filled in is never read again for holes."""
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
    return _PLACE.sub(lambda found: holes[found[1]], _part("page.html"))


def _part(name: str) -> str:
    return (files("kg") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A script or style by its digest, as a policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@dataclass(frozen=True)
class _Data:
    export: Export
    graph: PropertyGraph

    def blocks(self) -> Iterator[str]:
        """The blocks of data: the graph, then the texts."""
        yield _block("kg-graph", self._graph())
        nodes = self.graph.nodes
        for at in range(0, len(nodes), _CHUNK):
            yield _block(f"kg-texts-{at // _CHUNK}", [self._detail(node) for node in nodes[at : at + _CHUNK]])

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
            "missing": sorted(self.export.network.missing),
            "communities": [{"name": look.community(at), "size": len(part)} for at, part in enumerate(parts.parts)],
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
        """The other names of things, by which they are found too."""
        column = next((one for one in self.graph.columns if one.title == "aliases"), None)
        if column:
            for number, node in enumerate(self.graph.nodes):
                if column.name in node.values:
                    yield number, node.values[column.name]

    def _path(self, node: Node) -> str | None:
        column = self._columns.get(_PATH)
        return str(node.values[column.name]) if column and column.name in node.values else None

    def _detail(self, node: Node) -> list[Any]:
        """What is shown of one thing: its text, its IRI, and its properties as rows."""
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
    """Data in a block that no browser runs and nothing in it can end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f'<script type="text/plain" id="{name}">{b64encode(compress(text.encode(), 6)).decode()}</script>'


FORMATS: tuple[Format, ...] = (
    Format("html", "text/html", "html", "a web page in one file, to look around in without a network", html),
)
