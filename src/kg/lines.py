"""Inline content to lines: text and links as they come from the parser, and what is found by scanning them.

Most lines are plain prose; one look tells (`_SPECIAL`), and only the others are scanned.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from kg import inline
from kg.note import Field, FieldForm, Line, Link, LinkKind, Piece, Tag
from kg.source import Source, Span

EMPTY = Line(Span(0, 0), (), (), (), (), (), only_links=False)

# What makes a line worth scanning: a tag, field, block id, comment, address, nameless link; or an emoji of a task.
_SPECIAL = re.compile(r"[#^]|%%|::|://|\[\[\||[^\x00-\u2300]")
_SEPARATORS = re.compile(r"(?:[\s,;|·•/&+–—.-]|#\S+)*\Z")
# Between links in a row, and after the last: punctuation, and tags, which say something of the item but name nothing.


class _Part(NamedTuple):
    """Text at a range; `opaque` is what scanners must not look into."""

    start: int
    end: int
    text: str
    opaque: bool
    link: Link | None


class Leaf:
    """Inline content being collected, a line at a time. Offsets are those of the source."""

    __slots__ = ("_links", "_rows", "block_id", "end", "source", "start")

    def __init__(self, source: Source, start: int) -> None:
        self.source = source
        self.start = self.end = start
        self.block_id = ""
        self._rows: list[list[_Part]] = [[]]
        self._links: list[tuple[int, list[str], bool, dict[str, Any]]] = []

    def text(self, start: int, end: int, text: str) -> None:
        """A run of text."""
        self.end = end
        if self._links:
            self._links[-1][1].append(text)
        else:
            self._rows[-1].append(_Part(start, end, text, False, None))

    def opaque(self, start: int, end: int, text: str) -> None:
        """Code, math or HTML, with what a reader sees of it."""
        self.end = end
        if self._links:
            self._links[-1][1].append(text)
        else:
            self._rows[-1].append(_Part(start, end, text, True, None))

    def line_break(self, end: int) -> None:
        """A line ends; inside a link's text that is a space."""
        self.end = end
        if self._links:
            self._links[-1][1].append(" ")
        else:
            self._rows.append([])

    def open_link(self, start: int, image: bool, data: dict[str, Any]) -> None:
        """A link or image begins."""
        self._links.append((start, [], image, data))

    def close_link(self, end: int) -> None:
        """The innermost link ends. A link in a link's text is that text's; the outer one is not lost."""
        start, shown, image, data = self._links.pop()
        self.end = max(self.end, end)
        text = "".join(shown)
        link = self._link(Span(start, end), text, image, data)
        if link is None:
            text = self.source.slice(start, end) if isinstance(data["link_type"], dict) else text
        else:
            text = "" if image else link.text
        if self._links:
            self._links[-1][1].append(text)
        self._rows[-1].append(_Part(start, end, "" if self._links else text, True, link))

    def _link(self, span: Span, shown: str, image: bool, data: dict[str, Any]) -> Link | None:
        if isinstance(data["link_type"], dict):
            raw = self.source.slice(span.start + (3 if image else 2), span.end - 2)
            return None if "\n" in raw or "\r" in raw else wikilink(raw, span, embed=image)
        target = data["dest_url"]
        if data["link_type"] == "Email":
            target = f"mailto:{target}"
        kind: LinkKind = "url" if data["link_type"] == "Autolink" else "markdown"
        return Link(span, kind, target, shown, image) if target else None

    def take_status(self) -> str:
        """The task status that the first line begins with, taken out of it."""
        row = self._rows[0]
        if len(row) < 3 or row[0].opaque or row[0].text != "[":
            return ""
        raw = self.source.slice(row[0].start, row[-1].end)
        found = inline.status(raw)
        if found is None:
            return ""
        cut = row[0].start + len(raw[: found.end].encode("utf-8"))
        self._rows[0] = list(self._after(row, cut))
        return found.text

    def _after(self, row: list[_Part], cut: int) -> Iterator[_Part]:
        """What of a row stands after an offset."""
        for part in row:
            if part.start >= cut:
                yield part
            elif part.end > cut:
                yield part._replace(start=cut, text=self.source.slice(cut, part.end))

    def lines(self) -> tuple[Line, ...]:
        """The finished lines; the block id that ends the last of them goes to `block_id`."""
        rows = [row for row in self._rows if row]
        last = len(rows) - 1
        return tuple([self._line(row, last=n == last) for n, row in enumerate(rows)])

    def heading(self) -> Line:
        """All of it as one line: a setext heading can stand on several."""
        rows = [row for row in self._rows if row]
        if len(rows) > 1:
            space = _Part(rows[0][-1].end, rows[1][0].start, " ", False, None)
            self._rows = [[*rows[0], space, *(part for row in rows[1:] for part in row)]]
        return next(iter(self.lines()), EMPTY._replace(span=Span(self.start, self.start)))

    def _line(self, row: list[_Part], *, last: bool) -> Line:
        start, end = row[0].start, row[-1].end
        span = Span(start, end)
        raw = self.source.slice(start, end)
        plain = not any(part.opaque for part in row)
        if not _SPECIAL.search(raw):
            if plain:
                pieces = (Piece("".join([part.text for part in row]), None, start),)
                return Line(span, pieces, (), (), (), pieces, False)
            return _finished(span, tuple(_merged(row)), row, _Scanned())
        scan = _Scan(raw, raw if plain else self._masked(row), start)
        found = scan.found(tuple([part.link for part in row if part.link]), last=last)
        if found.block_id:
            self.block_id = found.block_id
        return _finished(span, tuple(self._pieces(row, found.bare, found.hidden)), row, found, self)

    def _masked(self, row: list[_Part]) -> str:
        """The line with links, code, math and HTML replaced by as many masking characters."""
        pieces, position = [], row[0].start
        for part in row:
            pieces.append(self.source.slice(position, part.start))
            text = self.source.slice(part.start, part.end)
            pieces.append(inline.MASK * len(text) if part.opaque else text)
            position = max(position, part.end)
        return "".join(pieces)

    def _pieces(self, row: list[_Part], bare: tuple[Link, ...], cuts: tuple[Span, ...]) -> Iterator[Piece]:
        """The line's text and links less what is cut out of it, its web addresses as links."""
        marks = _apart([*((cut, None) for cut in cuts), *((link.span, link) for link in bare)])
        first = 0
        for part in row:
            while first < len(marks) and marks[first][0].end <= part.start:
                first += 1
            end = first
            while end < len(marks) and marks[end][0].start < part.end:
                end += 1
            if first == end:
                yield Piece(part.text, part.link, part.start)
            elif not part.opaque:
                yield from self._text_pieces(part, marks[first:end])
            elif marks[first][0].start > part.start:
                yield Piece(part.text, part.link, part.start)

    def _text_pieces(self, part: _Part, marks: list[tuple[Span, Link | None]]) -> Iterator[Piece]:
        """A run of text with what is marked in it cut out, or made a link."""
        position = part.start
        for span, link in marks:
            if span.start > position:
                yield Piece(self.source.slice(position, span.start), None, position)
            if link is not None and span.start >= part.start:
                yield Piece(link.text, link, span.start)
            position = max(position, span.end)
        if position < part.end:
            yield Piece(self.source.slice(position, part.end), None, position)


def _apart(marks: list[tuple[Span, Link | None]]) -> list[tuple[Span, Link | None]]:
    """The marks in order, without those that begin inside one before."""
    found: list[tuple[Span, Link | None]] = []
    for span, link in sorted(marks, key=lambda mark: mark[0]):
        if not found or span.start >= found[-1][0].end:
            found.append((span, link))
    return found


class _Scanned(NamedTuple):
    """What scanning a line finds. `hidden` is what a reader does not see."""

    bare: tuple[Link, ...] = ()
    hidden: tuple[Span, ...] = ()
    tags: tuple[Tag, ...] = ()
    fields: tuple[Field, ...] = ()
    block_id: str = ""


def _merged(row: list[_Part]) -> Iterator[Piece]:
    """Parts as pieces, neighbouring text in one."""
    texts: list[str] = []
    at = 0
    for part in row:
        if part.link is None:
            at = at if texts else part.start
            texts.append(part.text)
            continue
        if texts:
            yield Piece("".join(texts), None, at)
            texts = []
        yield Piece(part.text, part.link, part.start)
    if texts:
        yield Piece("".join(texts), None, at)


def _finished(
    span: Span, pieces: tuple[Piece, ...], row: list[_Part], found: _Scanned, leaf: Leaf | None = None
) -> Line:
    links = tuple([part.link for part in row if part.link])
    if found.bare:
        links = tuple(sorted([*links, *found.bare]))
    words = pieces
    cuts = tuple([field.span for field in found.fields if field.form != "line"])
    if cuts and leaf:
        words = tuple(leaf._pieces(row, found.bare, found.hidden + cuts))
    only = False
    if any(piece.link for piece in words) and not any(part.opaque and part.link is None for part in row):
        only = bool(_SEPARATORS.match("".join([piece.text for piece in words if piece.link is None])))
    return Line(span, pieces, links, found.tags, found.fields, words, only)


def wikilink(raw: str, span: Span, *, embed: bool) -> Link | None:
    """The link that stands between its brackets; an escaped pipe, which a table needs, is a pipe."""
    target, pipe, display = raw.replace("\\|", "|").partition("|")
    if not target.strip():
        return None
    return Link(span, "wikilink", target.strip(), display.strip() if pipe else None, embed)


class _Scan:
    """Scanning one line. `masked` is as long as `raw`; what is found is told by offsets in the source."""

    def __init__(self, raw: str, masked: str, start: int) -> None:
        self.raw = raw
        self.masked = masked
        self.start = start
        self._ascii = raw.isascii()
        self._offsets: list[int] = []
        self._starts: list[int] = []

    def found(self, links: tuple[Link, ...], *, last: bool) -> _Scanned:
        """All that a line can hold."""
        self._starts = [link.span.start for link in links]
        hidden = [self._span(*pair) for pair in inline.comments(self.masked)] if "%%" in self.masked else []
        block = inline.block_id(self.masked) if last else None
        if block:
            hidden.append(self._span(block.start, block.end))
        return _Scanned(self._bare(), tuple(hidden), self._tags(), self._fields(links), block.text if block else "")

    def _span(self, start: int, end: int) -> Span:
        return Span(self._offset(start), self._offset(end))

    def _offset(self, index: int) -> int:
        if self._ascii:
            return self.start + index
        if not self._offsets:
            self._offsets = list(accumulate((len(ch.encode("utf-8")) for ch in self.raw), initial=self.start))
        return self._offsets[index]

    def _bare(self) -> tuple[Link, ...]:
        """Links that the parser leaves as text: web addresses, and wikilinks with nothing before the pipe."""
        links: list[Link] = []
        if "://" in self.masked:
            found = inline.urls(self.masked)
            links += [Link(self._span(f.start, f.end), "url", f.text, f.text) for f in found]
        if "[[|" in self.masked:
            nameless = inline.nameless(self.masked)
            links += [Link(self._span(f.start, f.end), "wikilink", f.text, None, bool(f.key)) for f in nameless]
        return tuple(links)

    def _tags(self) -> tuple[Tag, ...]:
        if "#" not in self.masked:
            return ()
        return tuple([Tag(self._span(f.start, f.end), f.text) for f in inline.tags(self.masked)])

    def _fields(self, links: tuple[Link, ...]) -> tuple[Field, ...]:
        """The field that the line is, else those in brackets; and the dates of a task."""
        rows: list[Field] = []
        if "::" in self.masked:
            whole = inline.line_field(self.masked, self.raw)
            found = inline.bracket_fields(self.masked, self.raw)
            rows = (
                [self._field(whole, links, "line")] if whole else [self._field(row, links, "bracket") for row in found]
            )
        if not self._ascii:
            rows += [self._field(row, links, "date") for row in inline.task_dates(self.masked)]
        return tuple(rows)

    def _field(self, found: inline.Found, links: tuple[Link, ...], form: FieldForm) -> Field:
        span = self._span(found.start, found.end)
        inside = links[bisect_left(self._starts, span.start) : bisect_left(self._starts, span.end)]
        text = self._span(found.text_start, found.text_start + len(found.text))
        return Field(span, found.key, found.text, text, inside, form)
