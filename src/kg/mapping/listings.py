"""List items that name things, for example the outcomes of a concept."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kg.core.text import Span
from kg.notes.model import Block, Line, Link, Piece, Section


class ListingEntry(NamedTuple):
    """A list item, or a line of links and nothing else, by its own words."""

    span: Span
    pieces: tuple[Piece, ...]
    label: str
    only_links: bool
    is_item: bool
    id: str

    @property
    def links(self) -> Iterator[Link]:
        """The links among its words."""
        return (piece.link for piece in self.pieces if piece.link is not None)


def entries(blocks: Iterable[Block]) -> Iterator[ListingEntry]:
    """Yield the entries of a section: the items of its top-level lists, and the lines of nothing but links."""
    for block in blocks:
        if block.kind == "list":
            for item in block.children:
                if item.lines and not all(_is_field(line) for line in item.lines):
                    yield _item(item)
        elif block.kind == "paragraph":
            for line in block.lines:
                if line.only_links:
                    yield ListingEntry(line.span, line.words, line.label, True, False, "")


def _is_field(line: Line) -> bool:
    """Whether a line is `Key:: value` and nothing else."""
    return any(field.form == "line" for field in line.fields)


def _item(item: Block) -> ListingEntry:
    lines = item.lines
    pieces = tuple(piece for line in lines for piece in (*line.words, Piece(" ", None, line.span.end)))
    label = " ".join(filter(None, (line.label for line in lines)))
    return ListingEntry(item.span, pieces, label, all(line.only_links for line in lines), True, item.id)


def has_listing(section: Section) -> bool:
    """Whether a section lists items."""
    return next(entries(section.blocks), None) is not None


def has_words(pieces: Iterable[Piece]) -> bool:
    """Whether any words are outside the links."""
    return any(ch.isalnum() for piece in pieces if piece.link is None for ch in piece.text)
