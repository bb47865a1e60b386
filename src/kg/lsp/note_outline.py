"""Where the parts of a note end: a section before the next heading of its level or a higher one."""

from collections.abc import Mapping

from kg.core.text import Span
from kg.notes.model import Note


def section_ends(note: Note) -> Mapping[int, int]:
    """The offset at which each section ends, subsections included, by the offset at which its heading begins."""
    ends: dict[int, int] = {}
    open_: list[tuple[int, int]] = []
    for section in note.root.walk():
        if not section.level:
            continue
        start = section.span.start
        while open_ and open_[-1][0] >= section.level:
            ends[open_.pop()[1]] = start
        open_.append((section.level, start))
    return ends | {start: len(note.source.data) for _, start in open_}


def trimmed(note: Note, span: Span) -> Span:
    """A span without the blank lines at its end."""
    return Span(span.start, span.start + len(note.source.data[span.start : span.end].rstrip()))
