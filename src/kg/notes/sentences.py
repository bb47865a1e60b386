"""The sentence at a position of a note, as a reader sees it: plain text without markup."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kg.core.text import Position
from kg.notes.model import Block, Line, Link, Note, Value

LONGEST = 400
"""A longer sentence is cut to this many characters around the position."""
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[^\W_a-z])|[。！？]+[”’」』）]*", re.UNICODE)
_ENDED = re.compile(r"[.!?…][\"'”’»)\]]*\s+\Z")
_SHORTENED = re.compile(
    r"(?:\b(?:[^\W\d_]|e\.g|i\.e|cf|vs|etc|al|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|z\.B|d\.h|p|pp|vgl|bzw))\.\s+\Z", re.I
)
_SHORT = 70
"""The author, not the width of an editor, ended a line of fewer characters."""
_MARK = re.compile(r"\[![^\]\n]{1,100}\][+-]?[ \t]*")


class _Passage(NamedTuple):
    """A text that is read as a whole, and the index of the position in it."""

    text: str
    at: int
    starts: tuple[int, ...] = ()
    """The indexes at which sentences begin, whatever the text looks like."""


def sentence(text: str, at: int, starts: Iterable[int] = ()) -> str:
    """Return the sentence around a character of a text.

    A sentence ends at a final mark that is followed by a space and a capital, a digit or a quote. An initial or a usual
    abbreviation does not end it. These are the rules of Unicode Standard Annex 29, made a little stricter.
    """
    ends = {match.end() for match in _END.finditer(text)}
    ends = {end for end in ends if not _SHORTENED.search(text[:end][-12:])} | {*starts}
    start = max((end for end in ends if end <= at), default=0)
    end = min((end for end in ends if end > at), default=len(text))
    return _shortened(" ".join(text[start:end].split()), at - start)


def _shortened(text: str, at: int) -> str:
    if len(text) <= LONGEST:
        return text
    start = min(max(at - LONGEST // 2, 0), len(text) - LONGEST)
    cut = text[start : start + LONGEST].strip()
    return f"{'…' if start else ''}{cut}{'…' if start + LONGEST < len(text) else ''}"


@dataclass(frozen=True)
class Sentences:
    """The sentences of a note, by the lines and columns of the elements in them."""

    note: Note

    def at(self, line: int, column: int) -> str | None:
        """Return the sentence in which a link, tag, field, heading, list item or front matter value begins."""
        passage = self._passages.get(Position(line, column))
        return sentence(*passage) if passage else None

    @cached_property
    def _passages(self) -> Mapping[Position, _Passage]:
        position = self.note.source.position
        passages: dict[Position, _Passage] = {}
        for start, passage in sorted(self._all_passages(), key=lambda row: row[0]):
            passages.setdefault(position(start), passage)
        return passages

    def _all_passages(self) -> Iterator[tuple[int, _Passage]]:
        for prop in self.note.properties:
            yield prop.span.start, _Passage(f"{prop.key}: {_plain(prop.value)}", 0)
            for value in _values(prop.value):
                passage = _Passage(f"{prop.key}: {_plain(value)}", 0)
                yield from ((span.start, passage) for span in (value.span, *(link.span for link in value.links)))
        for section in self.note.root.walk():
            if section.title:
                yield section.span.start, _Passage(section.title.text, 0)
                yield from _of_lines([section.title])
            for block in section.walk_blocks():
                yield from _of_block(block)
        for edge in self.note.edges:
            yield edge.span.start, _Passage(edge.label, 0)


def _of_block(block: Block) -> Iterator[tuple[int, _Passage]]:
    if not block.lines:
        return
    passages = list(_of_lines(block.lines))
    yield from passages
    yield block.span.start, passages[0][1] if passages else _Passage(block.text, 0)


def _of_lines(lines: Iterable[Line]) -> Iterator[tuple[int, _Passage]]:
    """Yield the passages of the elements in a paragraph's lines, which are read as one text."""
    text = ""
    places: list[tuple[int, int]] = []
    begin: list[int] = []
    breaks: list[int] = []
    for line in lines:
        starts = {line.span.start: len(text)}
        is_field = any(field.form == "line" for field in line.fields)
        begin += [len(text)] if is_field else []
        for piece in line.pieces:
            starts.setdefault(piece.start, len(text))
            if piece.link:
                starts[piece.link.span.start] = len(text)
                begin += [len(text)] if _ends(text) else []
            text += piece.text
        for span in (*(item.span for item in line.links), *(item.span for item in line.tags)):
            starts.setdefault(span.start, _before(span.start, starts))
        for field in line.fields:
            starts.setdefault(field.span.start, _before(field.span.start, starts))
            starts.setdefault(field.text_span.start, _before(field.text_span.start, starts))
        places += starts.items()
        text += " "
        begin += [len(text)] if is_field else []
        breaks += [len(text)] if len(line.text) < _SHORT else []
    mark = _MARK.match(text)
    skipped = mark.end() if mark else 0
    begin += (at for at in breaks if not text[at : at + 1].islower())
    begins = tuple(at - skipped for at in begin if at > skipped)
    return ((start, _Passage(text[skipped:], max(at - skipped, 0), begins)) for start, at in places)


def _ends(text: str) -> bool:
    """Whether a text ends a sentence, whatever follows: a link in lower case may begin the next."""
    return bool(_ENDED.search(text[-12:])) and not _SHORTENED.search(text[-12:])


def _before(start: int, starts: Mapping[int, int]) -> int:
    """Return the index in the text of the piece that contains an offset."""
    return max((row for row in starts.items() if row[0] <= start), default=(0, 0))[1]


def _values(value: Value) -> Iterator[Value]:
    for child in value.children:
        yield child
        yield from _values(child)
    if not value.children:
        yield value


def _plain(value: Value) -> str:
    """Return a front matter value as a reader sees it, with links as their text."""
    if value.children:
        return ", ".join(map(_plain, value.children))
    text = value.raw or value.text
    for link in value.links:
        text = text.replace(_written(link), link.text) if link.kind == "wikilink" else text
    return text


def _written(link: Link) -> str:
    display = f"|{link.display}" if link.display is not None else ""
    return f"{'!' if link.embed else ''}[[{link.target}{display}]]"
