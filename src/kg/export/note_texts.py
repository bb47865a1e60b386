"""The texts of the things of an export as their notes write them, with links that lead to things of the export.

The notes are read again: the store has only their plain text. A note that is gone or has changed since the ingest, and
a canvas, have none; nor has any note of a redacted copy of the store, since a note may tell what the copy hides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyoxigraph as ox

from kg.analysis.network import Network
from kg.core.files import is_folder
from kg.core.text import one_line
from kg.ingestion.keyed_index import index_of
from kg.mapping.bylines import split_byline
from kg.mapping.link_resolution import Index
from kg.mapping.listings import entries
from kg.notes.model import Link, Note
from kg.notes.text_tree import TextNode, TextTree, text_tree
from kg.notes.vault import Vault
from kg.rdf.iris import Names, is_harmless
from kg.store.ingest_state import IngestState
from kg.store.project import Project
from kg.store.unchanged_note import unchanged_note


def note_texts(project: Project, network: Network) -> dict[int, list[TextNode]]:
    """Return the text of each thing that a note, a section or a list item is about, by the number of the thing."""
    state = project.state
    if state is None or not is_folder(project.config.vault):
        return {}
    return dict(_NoteTexts(project, network, state).texts())


@dataclass(frozen=True)
class _NoteTexts:
    project: Project
    network: Network
    state: IngestState

    @cached_property
    def names(self) -> Names:
        return self.project.lookup.names

    @cached_property
    def index(self) -> Index:
        return index_of(self.state, self.names)

    def texts(self) -> Iterator[tuple[int, list[TextNode]]]:
        """The texts by the numbers of their things; of several notes about a thing, the first by path counts."""
        told: set[int] = set()
        for path, place in Vault(config=self.project.config).files().notes.items():
            if path not in self.state.entries:
                continue
            entity = self.index.entity(path)
            number = self._number(entity)
            if number is None and not self._has_sections_of(entity):
                continue
            for found, nodes in self._of_note(path, place, entity):
                if nodes and found not in told:
                    told.add(found)
                    yield found, nodes

    @cached_property
    def _wholes(self) -> set[str]:
        """The IRIs of the notes of which a part is a thing."""
        return {node.value.partition("#")[0] for node in self.network.nodes if "#" in node.value}

    def _has_sections_of(self, entity: str) -> bool:
        return entity.partition("#")[0] in self._wholes

    def _of_note(self, path: str, place: str, entity: str) -> Iterator[tuple[int, list[TextNode]]]:
        found = unchanged_note(self.project.config, self.state, path, place)
        if found is None:
            return
        note, markup = found
        tree: TextTree = text_tree(note, markup, lambda link: self._attributes(link, path))
        rows = [(entity, tree.nodes)]
        rows += [(self.names.section(entity, s.parts), tree.below(first, end)) for s, first, end in tree.sections]
        for iri, nodes in (*rows, *self._items(note, tree, entity)):
            if (number := self._number(iri)) is not None:
                yield number, nodes

    def _items(self, note: Note, tree: TextTree, entity: str) -> Iterator[tuple[str, list[TextNode]]]:
        """The list items that may be things, by the IRIs that these would have."""
        for section in note.root.walk():
            place = self.names.section(entity, section.parts) if section.level else entity
            for entry in entries(section.blocks):
                node = tree.items.get(entry.span.start) if entry.is_item and entry.label else None
                if node is None:
                    continue
                title = "".join(piece.text for piece in split_byline(entry.pieces)[0])
                iris = [self.names.block(entity, entry.id)] if entry.id else []
                iris += [
                    self.names.item(place, entity, one_line(name)) for name in (entry.label, title) if name.strip()
                ]
                nodes: list[TextNode] = [["ul", 0, node]]
                yield from ((iri, nodes) for iri in dict.fromkeys(iris))

    def _number(self, iri: str) -> int | None:
        return self.network.numbers.get(ox.NamedNode(iri))

    def _attributes(self, link: Link, path: str) -> dict[str, str | int]:
        """The thing of the export that a link leads to, its part first; else the address of a web page or mail."""
        target = self.index.resolve(link, path)
        for iri in dict.fromkeys((target.exact, target.entity)):
            if (number := self._number(iri)) is not None:
                return {"to": number}
        return {"href": link.target} if is_harmless(link.target) else {}
