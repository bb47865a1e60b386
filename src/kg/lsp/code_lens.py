"""What the graph says of a note and of its sections, above their lines: backlinks, and what is related to them."""

from collections.abc import Iterator, Sequence

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.text import Span
from kg.lsp.destinations import entity_of, location_of_thing
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import heading_span
from kg.lsp.sought import thing_sought
from kg.lsp.thing_facts import Relation, counted, linking, relations
from kg.rdf.vocabulary import MENTIONS

SHOW_REFERENCES = "kg.showReferences"
"""The command of a lens; its arguments are a URI, a position, and the locations to show."""
_MOST_SHOWN = 50
"""The most locations of a lens: each may read a note."""
_MOST_SEARCHED = 20
"""The most backlinks of which the lens shows each link; of more, it shows the notes and headings with the links."""


def code_lenses(edited: EditedNote) -> list[lsp.CodeLens]:
    """The lenses of a note, on its first line and on its headings."""
    if edited.note.kind == "canvas":
        return []
    entity = entity_of(edited.state, edited.path)
    lenses = list(_of_thing(edited, entity, Span(0, 0), is_note=True))
    for section in edited.note.root.walk():
        if section.level:
            iri = edited.state.index.names.section(entity, section.parts)
            lenses += _of_thing(edited, iri, heading_span(section), is_note=False)
    return lenses


def _of_thing(edited: EditedNote, iri: str, span: Span, *, is_note: bool) -> Iterator[lsp.CodeLens]:
    vault, node = edited.state.vault, ox.NamedNode(iri)
    if sources := linking(vault, node) if is_note else linking(vault, node, MENTIONS):
        word = "backlink" if is_note else "link"
        locations = list(_of_things(edited, sources))
        if len(sources) <= _MOST_SEARCHED:
            locations = list(thing_sought(edited, iri, whole=is_note).found()) or locations
        yield _lens(edited, span, f"{len(sources):,} {word}{'s' if len(sources) > 1 else ''}", locations)
    for relation in relations(vault, node):
        yield _lens(edited, span, _title(edited, relation), list(_of_things(edited, relation.things)))


def _title(edited: EditedNote, relation: Relation) -> str:
    vault = edited.state.vault
    label, things = vault.show(relation.property).text, counted(vault, relation.things)
    return f"“{label}” of {things}" if relation.is_inbound else f"{label} {things}"


def _of_things(edited: EditedNote, things: Sequence[ox.NamedNode]) -> Iterator[lsp.Location]:
    """The locations of things that a note describes, or in which they are."""
    return filter(None, (location_of_thing(edited, thing.value) for thing in things[:_MOST_SHOWN]))


def _lens(edited: EditedNote, span: Span, title: str, locations: list[lsp.Location]) -> lsp.CodeLens:
    range_ = edited.positions.range(span)
    arguments = [edited.uri(edited.path), range_.start, locations]
    return lsp.CodeLens(range_, lsp.Command(title, SHOW_REFERENCES, arguments=arguments))
