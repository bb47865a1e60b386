"""The parts of a note that an editor can fold: front matter, sections, lists, code, quotes, tables and comments."""

from collections.abc import Iterator

from lsprotocol import types as lsp

from kg.core.text import Span
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_outline import section_ends, trimmed
from kg.notes import frontmatter
from kg.notes.markdown import parse_with_markup
from kg.notes.model import BlockKind

_FOLDED: frozenset[BlockKind] = frozenset(
    ("item", "quote", "callout", "table", "code", "footnote", "html", "comment", "list")
)
_COMMENTS = (b"%%", b"<!--")


def folding_ranges(edited: EditedNote) -> list[lsp.FoldingRange]:
    """The parts of a note that can be folded, each once, in the order of the text."""
    if edited.note.kind == "canvas":
        return []
    found: dict[tuple[int, int], lsp.FoldingRange] = {}
    for span, kind in _parts(edited):
        start, end = edited.positions.position(span.start).line, edited.positions.position(span.end).line
        if end > start:
            found.setdefault((start, end), lsp.FoldingRange(start, end, kind=kind))
    return [found[lines] for lines in sorted(found, key=lambda lines: (lines[0], -lines[1]))]


def _parts(edited: EditedNote) -> Iterator[tuple[Span, lsp.FoldingRangeKind | None]]:
    note, data = edited.note, edited.note.source.data
    if body := frontmatter.read(edited.path, note.source).body:
        yield trimmed(note, Span(0, body)), lsp.FoldingRangeKind.Region
    ends = section_ends(note)
    for section in note.root.walk():
        if section.level:
            yield trimmed(note, Span(section.span.start, ends[section.span.start])), None
        for block in section.walk_blocks():
            if block.kind in _FOLDED:
                is_comment = block.kind == "comment" or data.startswith(_COMMENTS, block.span.start)
                kind = lsp.FoldingRangeKind.Comment if is_comment else None
                yield trimmed(note, block.span), kind
    if any(mark in data for mark in _COMMENTS):
        _, markup = parse_with_markup(edited.path, data)
        for hidden in markup.hidden:
            if data.startswith(_COMMENTS, hidden.start):
                yield trimmed(note, hidden), lsp.FoldingRangeKind.Comment
