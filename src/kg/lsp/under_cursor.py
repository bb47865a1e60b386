"""What is under the cursor of an editor, or at any position: the innermost element of a note."""

from typing import NamedTuple

from lsprotocol import types as lsp

from kg.core.text import Span
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import LinkPart, NoteElement, elements, link_parts


class UnderCursor(NamedTuple):
    """An element of a note, and the part of it that is meant."""

    element: NoteElement
    part: LinkPart = "text"
    """The part of a link. Its text, and a bracket, stand for what it leads to as a whole."""


def under_cursor(edited: EditedNote, position: lsp.Position) -> UnderCursor | None:
    """The innermost element at a position, or that ends there; None if there is none."""
    return at_offset(edited, edited.positions.offset(position))


def at_offset(edited: EditedNote, offset: int) -> UnderCursor | None:
    """The innermost element at an offset, or that ends there; None if there is none."""
    around = (element for element in elements(edited.note) if element.span.start <= offset <= element.span.end)
    element = min(around, key=lambda element: _distance(element.span, offset), default=None)
    if element is None:
        return None
    if element.link is None:
        return UnderCursor(element)
    parts = [row for row in link_parts(edited.note, element.link) if row.span.start <= offset <= row.span.end]
    nearest = min(parts, key=lambda row: _distance(row.span, offset), default=None)
    return UnderCursor(element, nearest.part if nearest else "text")


def _distance(span: Span, offset: int) -> tuple[bool, int]:
    """A short span before a long one, and one that goes on before one that ends here."""
    return offset == span.end, span.end - span.start
