"""What an editor shows between the words of a note: the class of a link's target, how many links lead here."""

from collections.abc import Iterator

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.text import LINE_END
from kg.lsp.destinations import class_of, entity_of, resolved
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import NoteElement, elements
from kg.lsp.thing_facts import linking
from kg.rdf.vocabulary import MENTIONS


def inlay_hints(edited: EditedNote, range: lsp.Range) -> list[lsp.InlayHint]:  # noqa: A002
    """The hints in a range of a note: after its links, its headings and its first line."""
    if edited.note.kind == "canvas":
        return []
    start, end = edited.positions.offset(range.start), edited.positions.offset(range.end)
    hints = list(_of_note(edited)) if start == 0 else []
    for element in elements(edited.note):
        if start <= element.span.end <= end:
            hints += _of_link(edited, element) if element.link else _of_heading(edited, element)
    return hints


def _of_link(edited: EditedNote, element: NoteElement) -> Iterator[lsp.InlayHint]:
    target = resolved(edited, element.link) if element.link else None
    ontology = edited.state.vault.ontology
    if target and (label := ontology.label(class_of(edited, target))):
        position = edited.positions.position(element.span.end)
        tooltip = f"The class of {target.path.removesuffix('.md') or target.exact}"
        yield lsp.InlayHint(position, f": {label}", lsp.InlayHintKind.Type, tooltip=tooltip)


def _of_heading(edited: EditedNote, element: NoteElement) -> Iterator[lsp.InlayHint]:
    if element.section:
        entity = entity_of(edited.state, edited.path)
        node = ox.NamedNode(edited.state.index.names.section(entity, element.section.parts))
        number = len(linking(edited.state.vault, node, MENTIONS))
        yield from _links(edited, element.span.end, number, "links to this heading")


def _of_note(edited: EditedNote) -> Iterator[lsp.InlayHint]:
    number = len(linking(edited.state.vault, ox.NamedNode(entity_of(edited.state, edited.path))))
    ended = LINE_END.search(edited.note.source.data)
    offset = ended.start() if ended else len(edited.note.source.data)
    yield from _links(edited, offset, number, "notes that link to this note")


def _links(edited: EditedNote, offset: int, number: int, tooltip: str) -> Iterator[lsp.InlayHint]:
    if number:
        label = f"{number:,} {'link' if number == 1 else 'links'}"
        yield lsp.InlayHint(edited.positions.position(offset), label, tooltip=tooltip, padding_left=True)
