"""The parts of a note, in its order."""

from collections.abc import Iterator

from kg.notes.model import Block, Line, Note


def blocks_of(note: Note) -> Iterator[Block]:
    """Every block."""
    return (block for section in note.root.walk() for top in section.blocks for block in top.walk())


def lines_of(note: Note) -> Iterator[Line]:
    """Every line, headings too."""
    for section in note.root.walk():
        yield from (section.title,) if section.title else ()
        yield from (line for top in section.blocks for block in top.walk() for line in block.lines)
