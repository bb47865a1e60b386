"""The text of a thing as its note writes it, with the targets of its links.

The note is read again: the store has only its plain text. A note that is gone or has changed since the ingest has no
text here, and nor has any note of a copy of the store without private notes, since a note may tell what the copy hides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.mapping.link_resolution import Target
from kg.notes.model import Link
from kg.notes.text_tree import TextNode, TextTree, text_tree
from kg.rdf.iris import is_harmless
from kg.store.unchanged_note import unchanged_note
from kg.views.open_vault import OpenVault

_DEEPEST = 3
"""The most notes that embed each other and are shown inside each other."""
_MOST_EMBEDDED = 20
"""The most embedded notes of a text that are shown."""


class NoteText(NamedTuple):
    """A text as nodes (see `kg.notes.text_tree`), and the texts that it embeds, by the IRIs of their things."""

    nodes: list[TextNode]
    embedded: Mapping[str, list[TextNode]]


def note_text(vault: OpenVault, thing: ox.NamedNode) -> NoteText | None:
    """The text of a thing that a note or a section of it describes; None if it has none that can be shown.

    The nodes of links have these attributes: `iri` of the thing, `file` of an attachment, `href` of a web page or mail,
    `kind` (see `LinkClass`).
    """
    reader = _Texts(vault, {}, {})
    nodes = reader.of(thing.value)
    if nodes is None:
        return None
    reader.embed(nodes, _DEEPEST)
    return NoteText(nodes, reader.embedded)


@dataclass(frozen=True)
class _Texts:
    vault: OpenVault
    trees: dict[str, TextTree | None]
    embedded: dict[str, list[TextNode]]

    def of(self, iri: str) -> list[TextNode] | None:
        """The nodes of a thing, or of a section."""
        own = self.vault.explainer.sources.origins.own
        path = own(ox.NamedNode(iri)) or own(ox.NamedNode(iri.partition("#")[0]))
        if path not in self.trees:
            self.trees[path] = self._tree(path) if path else None
        tree = self.trees[path]
        if tree is None or self.vault.explainer.sources.index is None:
            return None
        entity = self.vault.explainer.sources.index.entity(path)
        if iri in {entity, self.vault.names.path(path)}:
            return tree.nodes
        for section, first, end in tree.sections:
            if self.vault.names.section(entity, section.parts) == iri:
                return tree.below(first, end)
        return None

    def embed(self, nodes: list[TextNode], depth: int) -> None:
        """Find the texts of the notes that nodes embed."""
        for iri in _embeds(nodes) if depth else ():
            if iri in self.embedded or len(self.embedded) >= _MOST_EMBEDDED:
                continue
            inner = self.of(iri)
            if inner is not None:
                self.embedded[iri] = inner
                self.embed(inner, depth - 1)

    def _tree(self, path: str) -> TextTree | None:
        state, config = self.vault.state, self.vault.config
        found = unchanged_note(config, state, path, config.place(path)) if state else None
        return text_tree(*found, lambda link: self._attributes(link, path)) if found else None

    def _attributes(self, link: Link, path: str) -> dict[str, str | int]:
        index = self.vault.explainer.sources.index
        assert index is not None
        target = index.resolve(link, path)
        return {"kind": target.kind, **self._lead(link, target)}

    def _lead(self, link: Link, target: Target) -> dict[str, str | int]:
        if target.kind in {"external", "malformed", "no address"}:
            return {"href": link.target} if is_harmless(link.target) else {}
        if target.kind == "attachment":
            return {"file": target.path, "iri": target.entity}
        exact = ox.NamedNode(target.exact)
        return {"iri": target.exact if self.vault.naming.meant.is_there(exact) else target.entity}


def _embeds(nodes: list[TextNode]) -> Iterator[str]:
    """The IRIs of the notes that nodes embed, in the order of the text."""
    for node in nodes:
        if isinstance(node, str):
            continue
        if node[0] == "embed" and isinstance(node[1], dict) and "file" not in node[1] and "iri" in node[1]:
            yield node[1]["iri"]
        yield from _embeds(node[2:])
