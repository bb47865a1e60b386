"""The data of the web page: the things and links of the map, and what the page tells about each thing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kg.export.companions import LAYERS, Companions
from kg.export.formats import Export
from kg.export.grouping import Grouping, folder_groups
from kg.export.note_texts import note_texts
from kg.export.property_graph import Cell, Column, Node, PropertyGraph, clean
from kg.export.shapes import shape_of
from kg.export.styling import Appearance, words
from kg.notes.text_tree import TextNode
from kg.rdf.terms import KG

_TEXT, _PATH = KG + "text", KG + "path"
CHUNK = 500
"""The number of nodes whose texts share a block, which is unpacked when the first of them is viewed."""
_LAYER_NAMES = {"tag": "tags", "attachment": "attachments", "folder": "folders"}


@dataclass(frozen=True)
class PageData:
    """The data of a page. Nodes are the things, then their companions: tags, attachments, folders."""

    export: Export
    graph: PropertyGraph

    def blocks(self) -> Iterator[tuple[str, object]]:
        """The names and values of the blocks of data: the graph, then the texts."""
        yield "kg-graph", self.map()
        details = list(self._details())
        for start in range(0, len(details), CHUNK):
            yield f"kg-texts-{start // CHUNK}", details[start : start + CHUNK]

    def map(self) -> dict[str, Any]:
        """The things and links of the map."""
        return {**self._nodes(), **self._links(), **self._about()}

    def iris(self) -> list[str]:
        """The IRI of each node; empty for a folder."""
        return [*(node.iri for node in self.graph.nodes), *(row.iri for row in self._companions.all)]

    def _nodes(self) -> dict[str, Any]:
        look, others = self._look, self._companions
        places = [*look.places, *others.places(look.places)]
        types = [*look.types.names, *(layer for layer in LAYERS if layer not in look.types.names)]
        return {
            "labels": [*(node.label for node in self.graph.nodes), *(row.label for row in others.all)],
            "aliases": dict(self._aliases()),
            "x": [x for x, _ in places],
            "y": [y for _, y in places],
            "weights": [*look.weights, *others.weights(max(look.weights, default=1_000))],
            "types": types,
            "thingTypes": len(look.types.names),
            "type": [*look.types.places, *(types.index(row.layer) for row in others.all)],
            "shapes": [shape_of(name) for name in types],
            "missing": sorted(self.export.network.missing),
            "paths": [*map(self._path, self.graph.nodes), *(self._file(row.layer, row.label) for row in others.all)],
            "things": len(self.graph.nodes),
            "layers": list(self._layers()),
            "groupings": [
                {"id": row.id, "name": row.name, "groups": row.groups, "of": row.of} for row in self._groupings()
            ],
        }

    def _links(self) -> dict[str, Any]:
        look, edges, more = self._look, self.graph.edges, self._companions.links
        kinds = [*look.kinds.names, *sorted({link.kind for link in more} - set(look.kinds.names))]
        return {
            "sources": [*(edge.source for edge in edges), *(link.source for link in more)],
            "targets": [*(edge.target for edge in edges), *(link.target for link in more)],
            "weight": [*(edge.weight for edge in edges), *(1 for _ in more)],
            "kinds": kinds,
            "kind": [*look.kinds.places, *(kinds.index(link.kind) for link in more)],
            "thingLinks": len(edges),
        }

    def _about(self) -> dict[str, Any]:
        return {
            "title": clean(self.export.title),
            "vault": clean(self.export.vault.resolve().as_posix()) if self.export.vault else None,
            "base": self.export.prefixes.get("n", ""),
            "chunk": CHUNK,
        }

    # ---- parts of the graph ----------------------------------------------------------------------------------------

    @cached_property
    def _look(self) -> Appearance:
        return Appearance(self.export.network, self.graph)

    @cached_property
    def _companions(self) -> Companions:
        return Companions(self.export.store, self.export.network)

    def _layers(self) -> Iterator[dict[str, Any]]:
        """Each layer of companions with the number of its first node and the number after its last."""
        first = len(self.graph.nodes)
        for layer in LAYERS:
            size = sum(row.layer == layer for row in self._companions.all)
            if size:
                yield {"name": _LAYER_NAMES[layer], "first": first, "end": first + size}
            first += size

    def _groupings(self) -> Iterator[Grouping]:
        """The groups that colours can tell; what the caller asked for comes first."""
        look, size = self._look, len(self.graph.nodes)
        parts = look.partition
        if asked := self.export.groups:
            yield Grouping.by_names("query", asked.name, [asked.of.get(node) for node in self.export.network.nodes])
        # A thing alone is no community; these come last.
        named = [f"around {look.community(rank)}" for rank, part in enumerate(parts.parts) if len(part) > 1]
        ranks = [parts.part_of[number] for number in range(size)]
        yield Grouping("community", "communities", named, [rank if rank < len(named) else -1 for rank in ranks])
        yield Grouping("type", "types", look.types.names, look.types.places)
        folders = folder_groups(self._companions.folder_of, size)
        if folders.groups:
            yield folders

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

    @staticmethod
    def _file(layer: str, label: str) -> str | None:
        return label if layer == "attachment" else None

    # ---- details ---------------------------------------------------------------------------------------------------

    def _details(self) -> Iterator[list[Any]]:
        """The details of each node: its text (as nodes, or plain), its IRI, and its properties as rows."""
        texts: Mapping[int, list[TextNode]] = {}
        if self.export.project:
            texts = note_texts(self.export.project, self.export.network)
        for number, node in enumerate(self.graph.nodes):
            text, rows = "", []
            for column in self.graph.columns:
                if column.name not in node.values:
                    continue
                if column.iri == _TEXT:
                    text = str(node.values[column.name])
                else:
                    rows.append([words(column.title), _shown(node.values[column.name])])
            yield [texts.get(number, text), node.iri, rows]
        yield from ([[], row.iri, []] for row in self._companions.all)


def _shown(cell: Cell) -> str:
    if isinstance(cell, list):
        return ", ".join(map(_shown, cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)
