r"""Markdown to a `Note`: the parser's events walked once. The only place that knows the Markdown library.

What pulldown-cmark does not know of Obsidian is added here: `%%` comments, `\\|` in wikilinks, block ids, tasks
with any status character, callouts that fold, front matter after a byte order mark.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyromark

from kg import frontmatter, inline
from kg.note import Block, BlockKind, Field, Line, Link, Note, Piece, Section, Tag
from kg.source import Source, Span

_MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_WIKILINKS
)
# Task lists and GitHub's alerts are left to us: Obsidian takes any character as a status and any word as a callout.

_SEPARATORS = re.compile(r"[\s,;|·•/&+–—-]*\Z")
_CALLOUT = re.compile(r"\s*\[!([^\]\n]{1,100})\]([+-]?)")
_WORD = re.compile(r"\w+")
_CONTAINERS: dict[str, BlockKind] = {
    "List": "list",
    "Item": "item",
    "BlockQuote": "quote",
    "FootnoteDefinition": "footnote",
    "Table": "table",
    "CodeBlock": "code",
    "HtmlBlock": "html",
}
_LEAVES = {"Paragraph", "Heading", "TableCell"}
_PASSED = {"TableHead", "TableRow", "Emphasis", "Strong", "Strikethrough"}


def parse(path: str, raw: bytes) -> Note:
    """The note that a file's bytes hold. Raises UndecodableError; else every text is a note."""
    source = Source.decode(raw)
    front = frontmatter.read(path, source)
    body = source.data[front.body :]
    events = list(_events(body))
    hidden = _block_comments(events, body)
    if hidden:
        body = _blanked(body, hidden)
        events = list(_events(body))
    walker = _Walker(source, front.body)
    walker.run(events)
    root = _outline(walker.top, source)
    words = len(_WORD.findall(body.decode("utf-8")))
    digest = hashlib.sha256(raw).hexdigest()
    return Note(path, digest, source, front.properties, root, words, front.findings)


class _Event(NamedTuple):
    """An event with its range; `kind` is Start, End, Text, Code …, `value` what the library says of it."""

    kind: str
    value: Any
    start: int
    end: int


def _events(body: bytes) -> Iterator[_Event]:
    for event, where in _MARKDOWN.events_with_range(body.decode("utf-8")):
        if isinstance(event, str):
            yield _Event(event, None, where["start"], where["end"])
        else:
            ((kind, value),) = event.items()
            yield _Event(kind, value, where["start"], where["end"])


def _tag(value: Any) -> tuple[str, Any]:
    """The name and data of what a Start or End event is about."""
    if isinstance(value, str):
        return value, None
    ((name, data),) = value.items()
    return name, data


def _block_comments(events: Iterable[_Event], body: bytes) -> list[Span]:
    """The `%%` comments that go over more than one line; what stands in them is no Markdown."""
    if b"%%" not in body:
        return []
    spans: list[Span] = []
    opened = -1
    code = 0
    for event in events:
        if event.kind in {"Start", "End"} and _tag(event.value)[0] == "CodeBlock":
            code += 1 if event.kind == "Start" else -1
        if event.kind != "Text" or (code and opened < 0):
            continue
        for match in re.finditer(rb"%%", body[event.start : event.end]):
            at = event.start + match.start()
            if opened < 0:
                opened = at
            else:
                if re.search(rb"[\r\n]", body[opened:at]):
                    spans.append(Span(opened, at + 2))
                opened = -1
    if opened >= 0 and re.search(rb"[\r\n]", body[opened:].rstrip()):
        spans.append(Span(opened, len(body)))
    return spans


def _blanked(body: bytes, spans: list[Span]) -> bytes:
    """The body with the spans made white space, so that every offset stays."""
    parts, position = [], 0
    for start, end in spans:
        parts += [body[position:start], re.sub(rb"[^\r\n]", b" ", body[start:end])]
        position = end
    return b"".join([*parts, body[position:]])


class _Heading(NamedTuple):
    level: int
    line: Line
    span: Span


class _Frame:
    """A container that is open: its blocks so far."""

    __slots__ = ("blocks", "kind", "lines", "start", "task")

    def __init__(self, kind: BlockKind, start: int) -> None:
        self.kind = kind
        self.start = start
        self.blocks: list[Block] = []
        self.lines: list[Line] = []
        self.task = ""


class _Walker:
    """Turns events into blocks. `top` is the note's headings and blocks in order."""

    def __init__(self, source: Source, base: int) -> None:
        self.source = source
        self.base = base
        self.top: list[_Heading | Block] = []
        self.frames: list[_Frame] = []
        self.leaf: _Leaf | None = None

    def run(self, events: Iterable[_Event]) -> None:
        """Walk all events."""
        for event in events:
            if event.kind == "Start":
                self._start(event)
            elif event.kind == "End":
                self._end(event)
            elif not (self.frames and self.frames[-1].kind in {"code", "html"}):
                self._inline(event)

    def _start(self, event: _Event) -> None:
        name, data = _tag(event.value)
        if name in _CONTAINERS:
            self._close_leaf()
            self.frames.append(_Frame(_CONTAINERS[name], event.start))
        elif name in _LEAVES:
            self._close_leaf()
            self.leaf = _Leaf(self.source, self.base, event.start)
        elif name in {"Link", "Image"}:
            self._open_leaf(event.start).open_link(event, name == "Image", data)

    def _end(self, event: _Event) -> None:
        name, data = _tag(event.value)
        if name in _CONTAINERS:
            self._close_leaf()
            self._close_frame(event.end)
        elif name == "Heading" and not self.frames:
            lines = self._take_leaf().lines()
            line = lines[0] if lines else _empty_line(event.start + self.base)
            self.top.append(_Heading(int(data[1]), line, self._span(event.start, event.end)))
        elif name in _LEAVES:
            self._close_leaf(event.end)
        elif name in {"Link", "Image"} and self.leaf:
            self.leaf.close_link(event)

    def _inline(self, event: _Event) -> None:
        if event.kind == "Rule":
            self._close_leaf()
            return
        if event.kind == "Html":
            return
        self._open_leaf(event.start).add(event)

    def _span(self, start: int, end: int) -> Span:
        return Span(start + self.base, end + self.base)

    def _open_leaf(self, start: int) -> "_Leaf":
        """The open paragraph; the text of a tight list item has none of its own."""
        if self.leaf is None:
            self.leaf = _Leaf(self.source, self.base, start)
        return self.leaf

    def _take_leaf(self) -> "_Leaf":
        leaf, self.leaf = self.leaf, None
        return leaf or _Leaf(self.source, self.base, 0)

    def _close_leaf(self, end: int = 0) -> None:
        if self.leaf is None:
            return
        leaf = self._take_leaf()
        frame = self.frames[-1] if self.frames else None
        if frame and frame.kind == "item" and not frame.blocks and not frame.lines:
            frame.task = leaf.take_status()
        lines = leaf.lines()
        if frame and frame.kind == "table":
            frame.lines.extend(lines)
            if leaf.block_id:
                frame.blocks.append(_id_mark(lines, leaf.block_id))
            return
        if not lines:
            return
        span = self._span(leaf.start, max(end, leaf.end))
        self._add(Block("paragraph", span, lines, id=leaf.block_id))

    def _close_frame(self, end: int) -> None:
        frame = self.frames.pop()
        span = self._span(frame.start, end)
        kind, blocks, lines, id_ = frame.kind, frame.blocks, tuple(frame.lines), ""
        if kind == "item" and blocks and blocks[0].kind == "paragraph":
            first = blocks.pop(0)
            lines, id_ = first.lines, first.id
        elif kind == "quote":
            if blocks and blocks[0].lines and _CALLOUT.match(blocks[0].lines[0].text):
                kind = "callout"
            id_ = _only_id(blocks)
        elif kind == "table":
            id_ = blocks.pop().id if blocks else ""
        if kind == "item" and not id_:
            id_ = _only_id(blocks)
        self._add(Block(kind, span, lines, tuple(blocks), id_, frame.task))

    def _add(self, block: Block) -> None:
        siblings: list[Any] = self.frames[-1].blocks if self.frames else self.top
        if _is_id_mark(block) and siblings and isinstance(siblings[-1], Block) and not siblings[-1].id:
            siblings[-1] = siblings[-1]._replace(id=block.id)
            return
        siblings.append(block)


def _is_id_mark(block: Block) -> bool:
    """A paragraph that is nothing but a `^id`: it names the structure before it."""
    return block.kind == "paragraph" and bool(block.id) and not block.text


def _id_mark(lines: tuple[Line, ...], block_id: str) -> Block:
    return Block("paragraph", lines[0].span if lines else Span(0, 0), lines, id=block_id)


def _only_id(blocks: list[Block]) -> str:
    """The id that stands alone on the last line inside a quote, and so names the quote; it is taken from there."""
    if not blocks or blocks[-1].kind != "paragraph" or not blocks[-1].id:
        return ""
    last = blocks[-1]
    if last.lines and last.lines[-1].text:
        return ""
    blocks[-1] = last._replace(id="")
    return last.id


def _empty_line(at: int) -> Line:
    return Line(Span(at, at), (), (), (), (), "", only_links=False)


class _Part(NamedTuple):
    """Text at a range; `mask` is what scanners must not look into."""

    start: int
    end: int
    text: str
    mask: bool
    link: int | None


class _Leaf:
    """Inline content being collected, a line at a time."""

    def __init__(self, source: Source, base: int, start: int) -> None:
        self.source = source
        self.base = base
        self.start = self.end = start
        self.block_id = ""
        self._rows: list[list[_Part]] = [[]]
        self._links: list[Link] = []
        self._open: list[tuple[int, _Event, list[str], bool, dict[str, Any]]] = []

    def add(self, event: _Event) -> None:
        """An event that is neither the start nor the end of anything."""
        self.end = max(self.end, event.end)
        if event.kind in {"SoftBreak", "HardBreak"}:
            if self._open:
                self._open[-1][2].append(" ")
            else:
                self._rows.append([])
            return
        text = {"Text": event.value, "Code": event.value, "InlineMath": event.value, "DisplayMath": event.value}
        shown = text.get(event.kind, "")
        if self._open:
            self._open[-1][2].append(shown)
        else:
            self._rows[-1].append(_Part(event.start, event.end, shown, event.kind != "Text", None))

    def open_link(self, event: _Event, image: bool, data: dict[str, Any]) -> None:
        """A link or image begins."""
        self._open.append((len(self._links), event, [], image, data))

    def close_link(self, event: _Event) -> None:
        """The innermost link ends."""
        _, start, shown, image, data = self._open.pop()
        self.end = max(self.end, event.end)
        link = self._link(start, event.end, "".join(shown), image, data)
        text = "".join(shown) if link is None or not image else ""
        if link is not None:
            self._links.append(link)
        if self._open:
            self._open[-1][2].append(text)
        elif link is None and isinstance(data["link_type"], dict):
            self._rows[-1].append(_Part(start.start, event.end, self._raw(start.start, event.end), True, None))
        else:
            number = len(self._links) - 1 if link is not None else None
            shown_text = link.text if link is not None and not image else text
            self._rows[-1].append(_Part(start.start, event.end, shown_text, True, number))

    def _raw(self, start: int, end: int) -> str:
        return self.source.slice(self.base + start, self.base + end)

    def _link(self, start: _Event, end: int, shown: str, image: bool, data: dict[str, Any]) -> Link | None:
        span = Span(start.start + self.base, end + self.base)
        if isinstance(data["link_type"], dict):
            raw = self._raw(start.start + (3 if image else 2), end - 2)
            return None if "\n" in raw or "\r" in raw else _wikilink(raw, span, image)
        target = data["dest_url"]
        if data["link_type"] == "Email":
            target = f"mailto:{target}"
        if not target:
            return None
        kind = "url" if data["link_type"] == "Autolink" else "markdown"
        return Link(span, kind, target, shown, image)  # type: ignore[arg-type]

    def take_status(self) -> str:
        """The task status that the first line begins with, taken out of it."""
        row = self._rows[0]
        if not row or row[0].mask or row[0].text != "[" or len(row) < 3:
            return ""
        found = inline.status(self._raw(row[0].start, row[-1].end))
        if found is None:
            return ""
        cut = row[0].start + len(self._raw(row[0].start, row[-1].end)[: found.end].encode("utf-8"))
        self._rows[0] = [part for part in (_after(part, cut, self._raw) for part in row) if part]
        return found.text

    def lines(self) -> tuple[Line, ...]:
        """The finished lines; the block id that ends the last of them goes to `block_id`."""
        rows = [row for row in self._rows if row]
        return tuple(self._line(row, last=n == len(rows) - 1) for n, row in enumerate(rows))

    def _line(self, row: list[_Part], *, last: bool) -> Line:
        start, end = row[0].start, row[-1].end
        raw = self._raw(start, end)
        scan = _Scan(raw, _masked(row, self._raw) if any(part.mask for part in row) else raw, self.base + start)
        links = [self._links[part.link] for part in row if part.link is not None]
        bare, hidden = scan.bare_links(), scan.hidden(last=last)
        if scan.block_id:
            self.block_id = scan.block_id
        tags, fields = scan.tags(), scan.fields(tuple(links))
        pieces = tuple(self._pieces(row, bare, hidden))
        cuts = hidden + [field.span for field in fields if not field.whole_line]
        label = "".join(p.text for p in self._pieces(row, bare, cuts)).strip() if len(cuts) > len(hidden) else None
        text = "".join(piece.text for piece in pieces).strip()
        rest = "".join(piece.text for piece in pieces if piece.link is None)
        links = sorted([*links, *bare])
        only = bool(links) and bool(_SEPARATORS.match(rest)) and not any(p.mask and p.link is None for p in row)
        span = Span(self.base + start, self.base + end)
        return Line(span, pieces, tuple(links), tags, fields, text if label is None else label, only)

    def _pieces(self, row: list[_Part], bare: list[Link], cuts: list[Span]) -> Iterator[Piece]:
        for part in row:
            if part.link is not None:
                if not any(start <= part.start + self.base < end for start, end in cuts):
                    yield Piece(part.text, self._links[part.link], part.start + self.base)
            else:
                yield from self._text_pieces(part, bare, cuts)

    def _text_pieces(self, part: _Part, bare: list[Link], cuts: list[Span]) -> Iterator[Piece]:
        """A run of text less what is cut out of it, its web addresses as links."""
        start, end = part.start + self.base, part.end + self.base
        inside: list[tuple[Span, Link | None]] = [(cut, None) for cut in cuts]
        inside += [(link.span, link if start <= link.span.start else None) for link in bare]
        inside = [(span, link) for span, link in inside if span.start < end and span.end > start]
        if not inside:
            yield Piece(part.text, None, start)
            return
        position = start
        for span, link in sorted(inside, key=lambda row: row[0]):
            if span.start > position:
                yield Piece(self.source.slice(position, span.start), None, position)
            if link is not None and span.start >= position:
                yield Piece(link.text, link, span.start)
            position = max(position, span.end)
        if position < end:
            yield Piece(self.source.slice(position, end), None, position)


def _after(part: _Part, cut: int, raw: Any) -> _Part | None:
    """What of a part stands after an offset."""
    if part.start >= cut:
        return part
    return None if part.end <= cut else part._replace(start=cut, text=raw(cut, part.end))


def _masked(row: list[_Part], raw: Any) -> str:
    """The line with links, code, math and HTML replaced by as many masking characters."""
    pieces, position = [], row[0].start
    for part in row:
        pieces.append(raw(position, part.start))
        text = raw(part.start, part.end)
        pieces.append(inline.MASK * len(text) if part.mask else text)
        position = part.end
    return "".join(pieces)


def _wikilink(raw: str, span: Span, embed: bool) -> Link | None:
    r"""The link that stands between `[[` and `]]`; `\\|`, which a table needs, is a pipe."""
    target, pipe, display = raw.replace("\\|", "|").partition("|")
    if not target.strip():
        return None
    return Link(span, "wikilink", target.strip(), display.strip() if pipe else None, embed)


class _Scan:
    """What scanning a line finds, with offsets in the source. `masked` is as long as `raw`."""

    def __init__(self, raw: str, masked: str, start: int) -> None:
        self.raw = raw
        self.masked = masked
        self.start = start
        self.block_id = ""
        self._ascii = raw.isascii()

    def _span(self, start: int, end: int) -> Span:
        return Span(self._offset(start), self._offset(end))

    def _offset(self, index: int) -> int:
        return self.start + (index if self._ascii else len(self.raw[:index].encode("utf-8")))

    def bare_links(self) -> list[Link]:
        """Links that the parser leaves as text: web addresses, and wikilinks with nothing before the pipe."""
        links = []
        if "://" in self.masked:
            found = inline.urls(self.masked)
            links += [Link(self._span(f.start, f.end), "url", f.text, f.text) for f in found]
        if "[[|" in self.masked:
            nameless = inline.nameless(self.masked)
            links += [Link(self._span(f.start, f.end), "wikilink", f.text, None, bool(f.key)) for f in nameless]
        return links

    def hidden(self, *, last: bool) -> list[Span]:
        """What a reader does not see: comments, and the block id at the end of the last line."""
        spans = [self._span(*pair) for pair in inline.comments(self.masked)] if "%%" in self.masked else []
        found = inline.block_id(self.masked) if last else None
        if found:
            self.block_id = found.text
            spans.append(self._span(found.start, found.end))
        return spans

    def tags(self) -> tuple[Tag, ...]:
        """The tags of the line."""
        if "#" not in self.masked:
            return ()
        return tuple(Tag(self._span(f.start, f.end), f.text) for f in inline.tags(self.masked))

    def fields(self, links: tuple[Link, ...]) -> tuple[Field, ...]:
        """The inline fields of the line: the one that it is, else those in brackets; and the dates of a task."""
        rows: list[Field] = []
        if "::" in self.masked:
            whole = inline.line_field(self.masked, self.raw)
            found = inline.bracket_fields(self.masked, self.raw)
            rows = [self._field(whole, links, True)] if whole else [self._field(row, links, False) for row in found]
        if not self._ascii:
            rows += [self._field(row, links, False) for row in inline.task_dates(self.masked)]
        return tuple(rows)

    def _field(self, found: inline.Found, links: tuple[Link, ...], whole_line: bool) -> Field:
        span = self._span(found.start, found.end)
        inside = tuple(link for link in links if span.start <= link.span.start < span.end)
        return Field(span, found.key, found.text, inside, whole_line)


def _outline(top: list[_Heading | Block], source: Source) -> Section:
    """Headings and blocks as a tree of sections."""
    root = Section(0, (), "", None, Span(0, 0), 0, (), ())
    open_: list[tuple[Section, list[Block], list[Section]]] = [(root, [], [])]
    seen: Counter[tuple[str, ...]] = Counter()
    for node in top:
        if isinstance(node, Block):
            open_[-1][1].append(node)
            continue
        while open_[-1][0].level >= node.level:
            _close(open_)
        heading = heading_text(node, source)
        parts = (*open_[-1][0].parts, heading)
        seen[parts] += 1
        if seen[parts] > 1:
            parts = (*parts[:-1], f"{heading}~{seen[parts]}")
        order = seen.total()
        open_.append((Section(node.level, parts, heading, node.line, node.span, order, (), ()), [], []))
    while len(open_) > 1:
        _close(open_)
    root, blocks, sections = open_[0]
    return root._replace(blocks=tuple(blocks), sections=tuple(sections))


def _close(open_: list[tuple[Section, list[Block], list[Section]]]) -> None:
    """Finish the innermost section: it goes into the one around it."""
    section, blocks, sections = open_.pop()
    open_[-1][2].append(section._replace(blocks=tuple(blocks), sections=tuple(sections)))


def heading_text(node: _Heading, source: Source) -> str:
    """The heading as written, less a block id and comments, as Obsidian's own cache keeps it."""
    if not node.line.pieces:
        return ""
    raw = source.slice(*node.line.span)
    cut = inline.block_id(raw)
    raw = raw[: cut.start] if cut else raw
    return re.sub(r"%%[^%]*%%", "", raw).strip()
