"""Inline content to lines: text and links from the parser, plus the tags, fields and ids that scanning adds.

Most lines are plain prose: a search for a few marks rules out a scan. Only the other lines are scanned.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from kg.core.text import Source, Span
from kg.notes import inline
from kg.notes.model import Field, FieldForm, Line, Link, Piece, Tag

EMPTY = Line(Span(0, 0), (), (), (), (), (), only_links=False)

# The marks of a line worth scanning: of a tag, block id, comment, field, address or nameless link. A task's emoji is
# another. The search looks for a single byte first, which takes a tenth of the time.
_MARKS = ((b"#", (b"#",)), (b"^", (b"^",)), (b"%", (b"%%",)), (b":", (b"::", b"://")), (b"|", (b"[[|",)))
# Between links in a row, and after the last: punctuation, and tags, which describe the item but name nothing.
_SEPARATORS = re.compile(r"(?:[\s,;|·•/&+–—.-]|#\S++)*+\Z")
# The marks before a line's first character after which it cannot be a tag.
_NO_TAG_AFTER = {b"\\", b"*", b"~"}
_SHORT = 500
"""In lines of fewer characters, each offset is counted from the line's start."""

Part = tuple[int, int, str, bool, Link | None]
"""A range, its visible text, whether it is opaque to scanners, and its link, if any.

A plain tuple, since a note has a hundred of them. Links, code, math and HTML are opaque.
"""
Row = list[Part]
"""The parts of a line, in order and without overlap."""


class InlineText:
    """The text that lines are read from. Most notes have only one or two of the marks worth a scan.

    `wrong_ids` are the spans of invalid block ids, `hidden` those of comments and of valid block ids. `link_texts` are
    the texts with a `#` in Markdown links, by the offset of the link: they can have tags.
    """

    __slots__ = ("_ascii", "_marks", "hidden", "link_texts", "source", "wrong_ids")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.wrong_ids: list[Span] = []
        self.hidden: list[Span] = []
        self.link_texts: dict[int, list[Span]] = {}
        self._ascii = source.data.isascii()
        self._marks = [mark for mark in _MARKS if mark[0] in source.data]

    def is_plain(self, start: int, end: int) -> bool:
        """Whether a range holds nothing that a scan could find."""
        data = self.source.data
        for byte, marks in self._marks:
            if data.find(byte, start, end) >= 0 and any(data.find(mark, start, end) >= 0 for mark in marks):
                return False
        if self._ascii:
            return True
        raw = data[start:end]
        return raw.isascii() or not inline.TASK_EMOJI.search(raw.decode("utf-8", "replace"))


class Leaf:
    """The inline content of a paragraph, heading, cell or list item. Offsets are those of the source."""

    __slots__ = ("_is_task", "_rows", "block_id", "end", "prose", "start")

    def __init__(self, prose: InlineText, rows: list[Row], start: int, end: int) -> None:
        self.prose = prose
        self.start = start
        self.end = end
        self.block_id = ""
        self._is_task = False
        self._rows = rows

    def take_status(self) -> str:
        """Remove the task status from the start of the first line, and return it."""
        row = self._rows[0] if self._rows else []
        if len(row) < 3 or row[0][2] != "[" or row[0][3]:
            return ""
        raw = self.prose.source.slice(row[0][0], row[-1][1])
        status = inline.status(raw)
        if status is None:
            return ""
        cut = row[0][0] + len(raw[: status.end].encode("utf-8"))
        parts = list(self._after(row, cut))
        self._rows = [parts, *self._rows[1:]] if parts else self._rows[1:]
        self._is_task = True
        return status.text

    def _after(self, row: Row, cut: int) -> Iterator[Part]:
        """Yield the parts of a row after an offset."""
        for part in row:
            start, end, _, opaque, link = part
            if start >= cut:
                yield part
            elif end > cut:
                yield cut, end, self.prose.source.slice(cut, end), opaque, link

    def lines(self) -> tuple[Line, ...]:
        """Return the finished lines; set `block_id` to the id that ends the last line."""
        if not self._rows:
            return ()
        lines = [self._line(row) for row in self._rows[:-1]]
        return (*lines, self._line(self._rows[-1], last=True))

    def heading(self) -> Line:
        """Return all content as one line: a setext heading can span several. A heading has no block id."""
        rows = self._rows
        if not rows:
            return EMPTY._replace(span=Span(self.start, self.start))
        if len(rows) > 1:
            space: Part = (rows[0][-1][1], rows[1][0][0], " ", False, None)
            return self._line([*rows[0], space, *(part for row in rows[1:] for part in row)])
        return self._line(rows[0])

    def _line(self, row: Row, *, last: bool = False) -> Line:
        start, end = row[0][0], row[-1][1]
        if not self.prose.is_plain(start, end):
            return self._scanned(row, last=last)
        span = Span(start, end)
        if len(row) == 1 and row[0][4] is None:
            piece = (Piece(row[0][2], None, start),)
            return Line(span, piece, (), (), (), piece, False, _opaque(row) if row[0][3] else ())
        pieces = _merged(row)
        links = tuple([part[4] for part in row if part[4]])
        return Line(span, pieces, links, (), (), pieces, bool(links) and _only_links(row, pieces), _opaque(row))

    def _scanned(self, row: Row, *, last: bool) -> Line:
        """Return a line that may hold more than text and links."""
        span = Span(row[0][0], row[-1][1])
        raw = self.prose.source.slice(*span)
        masked = self._masked(row, {}) if any(part[3] for part in row) else raw
        links = tuple([part[4] for part in row if part[4]])
        scan = _Scan(raw, masked, span.start)
        scanned = scan.parts(links, last=last, is_task=self._is_task)
        tags = scan.tags(self._masked(row, self.prose.link_texts), self._breaks(row)) if "#" in raw else ()
        self.block_id = scanned.block_id or self.block_id
        self.prose.wrong_ids.extend(scanned.wrong_id)
        self.prose.hidden.extend(scanned.hidden)
        pieces = words = self._pieces(row, scanned.bare, scanned.hidden)
        cuts = tuple([field.span for field in scanned.fields if field.form != "line"])
        if cuts:
            words = self._pieces(row, scanned.bare, scanned.hidden + cuts)
        if scanned.bare:
            links = tuple(sorted([*links, *scanned.bare]))
        only_links = bool(links) and _only_links(row, words)
        return Line(span, pieces, links, tags, scanned.fields, words, only_links, _opaque(row))

    def _breaks(self, row: Row) -> inline.Breaks:
        """Return the marks of Markdown in a line, as offsets from its start. They are in none of its parts."""
        data, start = self.prose.source.data, row[0][0]
        gaps = [(before[1] - start, after[0] - start) for before, after in pairwise(row) if before[1] < after[0]]
        escaped = {end for _, end in (*gaps, (0, 0)) if data[start + end - 1 : start + end] == b"\\"}
        return inline.Breaks([gap[0] for gap in gaps], escaped, data[start - 1 : start] in _NO_TAG_AFTER)

    def _masked(self, row: Row, shown: Mapping[int, Sequence[Span]]) -> str:
        """Return the line with links, code, math and HTML replaced by as many masking characters.

        The texts in `shown`, by the offset of their link, stay.
        """
        pieces, position = [], row[0][0]
        text = self.prose.source.slice
        for start, end, _, opaque, _ in row:
            pieces.append(text(position, start))
            hidden = start
            for span in shown.get(start, ()) if start < end else ():
                pieces += [inline.MASK * len(text(hidden, span.start)), text(*span)]
                hidden = span.end
            pieces.append(inline.MASK * len(text(hidden, end)) if opaque else text(start, end))
            position = end
        return "".join(pieces)

    def _pieces(self, row: Row, bare: tuple[Link, ...], cuts: tuple[Span, ...]) -> tuple[Piece, ...]:
        """Return the line's text and links without `cuts`, and with the links that the parser left as text."""
        if not bare and not cuts:
            return _merged(row)
        return tuple(self._cut_pieces(row, _apart([*((cut, None) for cut in cuts), *((li.span, li) for li in bare)])))

    def _cut_pieces(self, row: Row, marks: list[tuple[Span, Link | None]]) -> Iterator[Piece]:
        first = 0
        for part in row:
            start, end, text, opaque, link = part
            while first < len(marks) and marks[first][0].end <= start:
                first += 1
            after = first
            while after < len(marks) and marks[after][0].start < end:
                after += 1
            if first == after:
                yield Piece(text, link, start)
            elif not opaque:
                yield from self._text_pieces(start, end, marks[first:after])
            elif marks[first][0].start > start:
                yield Piece(text, link, start)

    def _text_pieces(self, start: int, end: int, marks: list[tuple[Span, Link | None]]) -> Iterator[Piece]:
        """Yield a run of text, with each marked range cut out or made a link."""
        text = self.prose.source.slice
        position = start
        for span, link in marks:
            if span.start > position:
                yield Piece(text(position, span.start), None, position)
            if link is not None and span.start >= start:
                yield Piece(link.text, link, span.start)
            position = max(position, span.end)
        if position < end:
            yield Piece(text(position, end), None, position)


def _apart(marks: list[tuple[Span, Link | None]]) -> list[tuple[Span, Link | None]]:
    """Return the marks in order, without those that begin inside an earlier one."""
    apart: list[tuple[Span, Link | None]] = []
    for span, link in sorted(marks, key=lambda mark: mark[0]):
        if not apart or span.start >= apart[-1][0].end:
            apart.append((span, link))
    return apart


def _merged(row: Row) -> tuple[Piece, ...]:
    """Return the parts as pieces, with neighbouring texts merged."""
    pieces: list[Piece] = []
    texts: list[str] = []
    at = 0
    for start, _, text, _, link in row:
        if link is None:
            at = at if texts else start
            texts.append(text)
            continue
        if texts:
            pieces.append(Piece("".join(texts), None, at))
            texts = []
        pieces.append(Piece(text, link, start))
    if texts:
        pieces.append(Piece("".join(texts), None, at))
    return tuple(pieces)


def _opaque(row: Row) -> tuple[Span, ...]:
    """Return the spans of code, math and HTML in a row."""
    return tuple([Span(part[0], part[1]) for part in row if part[3] and part[4] is None])


def _only_links(row: Row, words: tuple[Piece, ...]) -> bool:
    """Whether a line with links has nothing but separators beside them."""
    if words and words[0].link is None and words[0].text[:1].isalnum():
        return False  # most lines begin with a word
    if not any(piece.link for piece in words) or any(part[3] and part[4] is None for part in row):
        return False
    return bool(_SEPARATORS.match("".join([piece.text for piece in words if piece.link is None])))


class _Scanned(NamedTuple):
    """The result of scanning a line. `hidden` are the spans that a reader does not see."""

    bare: tuple[Link, ...]
    hidden: tuple[Span, ...]
    fields: tuple[Field, ...]
    block_id: str
    wrong_id: tuple[Span, ...]


class _Scan:
    """Scans one line. `masked` is as long as `raw`; the results have offsets in the source."""

    def __init__(self, raw: str, masked: str, start: int) -> None:
        self.raw = raw
        self.masked = masked
        self.start = start
        self._ascii = raw.isascii()
        self._offsets: list[int] = []
        self._starts: list[int] = []

    def parts(self, links: tuple[Link, ...], *, last: bool, is_task: bool) -> _Scanned:
        """Return everything that scanning finds, except tags."""
        self._starts = [link.span.start for link in links]
        hidden = [self._span(*pair) for pair in inline.comments(self.masked)] if "%%" in self.masked else []
        block = inline.block_id(self.masked) if last else None
        wrong = (self._span(block.start, block.end),) if block and block.key else ()
        if block and not wrong:
            hidden.append(self._span(block.start, block.end))
        id_ = block.text if block and not wrong else ""
        return _Scanned(self._bare(), tuple(hidden), self._fields(links, is_task=is_task), id_, wrong)

    def _span(self, start: int, end: int) -> Span:
        return Span(self._offset(start), self._offset(end))

    def _offset(self, index: int) -> int:
        if self._ascii:
            return self.start + index
        if len(self.raw) < _SHORT:
            return self.start + len(self.raw[:index].encode("utf-8"))
        if not self._offsets:
            self._offsets = list(accumulate((len(ch.encode("utf-8")) for ch in self.raw), initial=self.start))
        return self._offsets[index]

    def _bare(self) -> tuple[Link, ...]:
        """Return links that the parser leaves as text: web addresses, and wikilinks with nothing before the pipe."""
        links: list[Link] = []
        if "://" in self.masked:
            urls = inline.urls(self.masked)
            links += [Link(self._span(f.start, f.end), "url", f.text, f.text) for f in urls]
        if "[[|" in self.masked:
            nameless = inline.nameless(self.masked)
            links += [Link(self._span(f.start, f.end), "wikilink", f.text, None, bool(f.key)) for f in nameless]
        return tuple(links)

    def tags(self, masked: str, breaks: inline.Breaks) -> tuple[Tag, ...]:
        """Return the tags of the line."""
        found = inline.tags(masked, breaks, lambda index: self._offset(index) - self.start)
        return tuple([Tag(self._span(tag.start, tag.end), tag.text) for tag in found])

    def _fields(self, links: tuple[Link, ...], *, is_task: bool) -> tuple[Field, ...]:
        """Return the fields in brackets, else the field that is the whole line; emoji dates; a task's other emoji."""
        rows: list[Field] = []
        if "::" in self.raw:
            rows = [self._field(match, links, "bracket") for match in inline.bracket_fields(self.masked, self.raw)]
            rows += self._linked_fields(links)
            whole = None if rows or is_task else inline.line_field(self.masked, self.raw)
            rows = [self._field(whole, links, "line")] if whole else rows
        if not self._ascii:
            rows += [self._field(emoji, links, "date") for emoji in inline.task_dates(self.masked)]
        if not self._ascii and is_task:
            rows += [self._field(emoji, links, "task") for emoji in inline.task_fields(self.masked)]
        return tuple(rows)

    def _linked_fields(self, links: tuple[Link, ...]) -> Iterator[Field]:
        """Yield `[[key:: value]]`, a link to Obsidian and a field to Dataview; `[[a::b]]` is only a link."""
        raw = self.raw.encode("utf-8") if links else b""
        for link in links:
            key, mark, value = link.target.partition(":: ")
            if mark and key.strip() and link.kind == "wikilink" and link.display is None:
                text, start = value.strip(), link.span.start
                at = self.start + raw.index(text.encode("utf-8"), start - self.start + 2)
                span = Span(at, at + len(text.encode("utf-8")))
                yield Field(Span(start + 1, link.span.end - 1), key.strip(), text, span, (), "bracket")

    def _field(self, match: inline.InlineMatch, links: tuple[Link, ...], form: FieldForm) -> Field:
        span = self._span(match.start, match.end)
        inside = links[bisect_left(self._starts, span.start) : bisect_left(self._starts, span.end)]
        text = self._span(match.text_start, match.text_start + len(match.text))
        return Field(span, match.key, match.text, text, inside, form)
