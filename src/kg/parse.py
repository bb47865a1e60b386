r"""Markdown to a `Note`: the parser's events walked once. The only place that knows the Markdown library.

What pulldown-cmark does not know of Obsidian is added here: `%%` comments, `\\|` in wikilinks, block ids, tasks
with any status character, callouts that fold, front matter after a byte order mark.
"""

import hashlib
import re
from bisect import bisect_right
from typing import Any, NamedTuple

import pyromark

from kg import frontmatter, inline
from kg.lines import EMPTY, Leaf
from kg.note import Block, BlockKind, Line, Note, Section
from kg.source import Source, Span

_MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_WIKILINKS
)
# Task lists and GitHub's alerts are left to us: Obsidian takes any character as a status and any word as a callout.

_CALLOUT = re.compile(r"\s*\[!([^\]\n]{1,100})\]([+-]?)")
_LINE_END = re.compile(r"\r\n|\n|\r")
_ATX_START = re.compile(r"#{1,6}(?:[ \t]+|\Z)")
_ATX_END = re.compile(r"(?:^|[ \t]+)#+\Z")
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
_LINKS = {"Link", "Image"}
_SHOWN = {"Code", "InlineMath", "DisplayMath"}
_Events = list[tuple[Any, Any]]
"""Events as the library gives them: a name or a dict of one key, and a range of bytes."""


def parse(path: str, raw: bytes) -> Note:
    """The note that a file's bytes hold. Raises UndecodableError; else every text is a note."""
    source = Source.decode(raw)
    front = frontmatter.read(path, source)
    body = source.data[front.body :]
    events = _events(body)
    hidden = _block_comments(events, body) if b"%%" in body else []
    if hidden:
        body = _blanked(body, hidden)
        events = _outside(_events(body), hidden)
    walker = _Walker(source, front.body)
    walker.run(events)
    root = _outline(walker.top, source)
    words = len(_WORD.findall(body.decode("utf-8")))
    digest = hashlib.sha256(raw).hexdigest()
    return Note(path, digest, source, front.properties, root, words, front.findings)


def _events(body: bytes) -> _Events:
    return list(_MARKDOWN.events_with_range(body.decode("utf-8")))


def _name(value: Any) -> str:
    """The name of what a Start or End event is about."""
    if isinstance(value, str):
        return value
    for name in value:
        return str(name)
    return ""


def _block_comments(events: _Events, body: bytes) -> list[Span]:
    """The `%%` comments that go over more than one line; what stands in them is no Markdown."""
    spans: list[Span] = []
    opened = -1
    code = 0
    for event, where in events:
        if not isinstance(event, dict):
            continue
        tag = event.get("Start") or event.get("End")
        if tag is not None and _name(tag) == "CodeBlock":
            code += 1 if "Start" in event else -1
        if "Text" not in event or (code and opened < 0):
            continue
        for match in re.finditer(rb"%%", body[where["start"] : where["end"]]):
            at = where["start"] + match.start()
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


def _outside(events: _Events, hidden: list[Span]) -> _Events:
    """The events, none of which begins or ends inside what was blanked: a character there may have several bytes."""
    starts = [span.start for span in hidden]

    def clear(offset: int) -> int:
        span = hidden[bisect_right(starts, offset) - 1]
        return span.end if span.start < offset < span.end else offset

    return [(event, {"start": clear(where["start"]), "end": clear(where["end"])}) for event, where in events]


class _Heading(NamedTuple):
    level: int
    line: Line
    span: Span


class _Frame:
    """A container that is open: its blocks so far."""

    __slots__ = ("blocks", "kind", "lines", "opaque", "start", "task")

    def __init__(self, kind: BlockKind, start: int) -> None:
        self.kind = kind
        self.opaque = kind in {"code", "html"}
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
        self.leaf: Leaf | None = None

    def run(self, events: _Events) -> None:
        """Walk all events, once. What is hot here stays in one loop: a note has a hundred events."""
        base = self.base
        for event, where in events:
            start, end = where["start"] + base, where["end"] + base
            kind, value = next(iter(event.items())) if event.__class__ is dict else (event, "")
            if kind == "Text":
                if not (self.frames and self.frames[-1].opaque):
                    self._open_leaf(start).text(start, end, value)
            elif kind == "Start":
                self._start(value, start, end)
            elif kind == "End":
                self._end(value, start, end)
            elif not (self.frames and self.frames[-1].opaque):
                self._inline(kind, value, start, end)

    def _start(self, value: Any, start: int, end: int) -> None:
        name = value if value.__class__ is str else _name(value)
        if name in _CONTAINERS:
            self._close_leaf()
            self.frames.append(_Frame(_CONTAINERS[name], start))
        elif name in _LEAVES:
            self._close_leaf()
            self.leaf = Leaf(self.source, start)
        elif name in _LINKS:
            self._open_leaf(start).open_link(start, name == "Image", value[name])

    def _end(self, value: Any, start: int, end: int) -> None:
        name = value if value.__class__ is str else _name(value)
        if name in _CONTAINERS:
            self._close_leaf()
            self._close_frame(end)
        elif name == "Heading" and not self.frames:
            leaf, self.leaf = self.leaf, None
            line = leaf.heading() if leaf else EMPTY._replace(span=Span(start, start))
            self.top.append(_Heading(int(value["Heading"][1]), line, Span(start, end)))
        elif name in _LEAVES:
            self._close_leaf(end)
        elif name in _LINKS and self.leaf:
            self.leaf.close_link(end)

    def _inline(self, kind: str, value: Any, start: int, end: int) -> None:
        if kind == "Rule":
            self._close_leaf()
        elif kind in {"SoftBreak", "HardBreak"}:
            self._open_leaf(start).line_break(end)
        elif kind != "Html":
            self._open_leaf(start).opaque(start, end, value if kind in _SHOWN else "")

    def _open_leaf(self, start: int) -> Leaf:
        """The open paragraph; the text of a tight list item has none of its own."""
        if self.leaf is None:
            self.leaf = Leaf(self.source, start)
        return self.leaf

    def _close_leaf(self, end: int = 0) -> None:
        leaf, self.leaf = self.leaf, None
        if leaf is None:
            return
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
        span = Span(leaf.start, max(end, leaf.end))
        self._add(Block("paragraph", span, lines, id=leaf.block_id))

    def _close_frame(self, end: int) -> None:
        frame = self.frames.pop()
        span = Span(frame.start, end)
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


def _outline(top: list[_Heading | Block], source: Source) -> Section:
    """Headings and blocks as a tree of sections."""
    root = Section(0, (), "", None, Span(0, 0), 0, (), ())
    open_: list[tuple[Section, list[Block], list[Section]]] = [(root, [], [])]
    seen: dict[tuple[str, ...], int] = {}
    order = 0
    for node in top:
        if isinstance(node, Block):
            open_[-1][1].append(node)
            continue
        while open_[-1][0].level >= node.level:
            _close(open_)
        heading = heading_text(node, source)
        order += 1
        above = open_[-1][0].parts
        parts = first = (*above, heading)
        while parts in seen:
            seen[first] += 1
            parts = (*above, f"{heading}~{seen[first]}")
        seen[parts] = 1
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
    """The heading as written, less its marks, a block id and comments, as Obsidian's own cache keeps it."""
    raw = source.slice(*node.span).strip()
    if _ATX_START.match(raw):
        raw = _ATX_END.sub("", _ATX_START.sub("", raw))
    else:
        raw = " ".join(line.strip() for line in _LINE_END.split(raw)[:-1])
    cut = inline.block_id(raw)
    raw = raw[: cut.start] if cut else raw
    return re.sub(r"%%[^%]*%%", "", raw).strip()
