r"""Markdown to a `Note`: one walk over the parser's events. The only module that knows the Markdown library.

It adds the parts of Obsidian's syntax that pulldown-cmark lacks: `%%` comments, `\\|` in wikilinks, block ids, tasks
with any status character, callouts that fold, front matter after a byte order mark.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyromark

from kg.core.findings import Finding
from kg.core.text import Source, Span
from kg.notes import frontmatter
from kg.notes.events import INLINE, LINKS, Events, event_name, without_links
from kg.notes.lines import InlineText, Leaf, Row
from kg.notes.model import Block, BlockKind, Line, Link, LinkKind, Note, NoteKind, Section
from kg.notes.outline import OutlineHeading, outline
from kg.notes.preprocess import TAB_AFTER_MARK, blanked, html_comments, readable, without_drawing
from kg.notes.values import shown, wikilink, wikilinks

_MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_WIKILINKS
)
# This module reads task lists and alerts itself: Obsidian takes any character as a status and any word as a callout.

_CALLOUT = re.compile(r"\s*\[!([^\]\n]{1,100})\]([+-]?)")
# The property that marks a note as a drawing of the Excalidraw plugin.
_DRAWING_KEY = "excalidraw-plugin"
_INDENT = re.compile(rb"^[ \t]+", re.M)
_WORD = re.compile(r"\w+")
# Each character of a word becomes `a` and any other a space, so that ` a` counts the words of ASCII text.
_WORDS_AS_A = bytes(97 if chr(code).isalnum() or code == 95 else 32 for code in range(128)).ljust(256, b"a")
_CONTAINERS: dict[str, BlockKind] = {
    "List": "list",
    "Item": "item",
    "BlockQuote": "quote",
    "FootnoteDefinition": "footnote",
    "Table": "table",
    "CodeBlock": "code",
    "HtmlBlock": "html",
}
_LISTS = {"List", "Item"}
_BEFORE_MARKER = re.compile(rb"[ \t\r\n>]*")
_LEAVES = {"Paragraph", "Heading", "TableCell"}
_OPAQUE = {"CodeBlock", "HtmlBlock"}
_SHOWN = {"Text", "Code", "InlineMath", "DisplayMath"}

_Node = OutlineHeading | Block


def parse(path: str, raw: bytes) -> Note:
    """Return the note in a file's bytes. Raises UndecodableError; any decodable text is a note."""
    return parse_with_markup(path, raw)[0]


class Markup(NamedTuple):
    """How a note is written, beside what it says: the events of its text, and the ranges that a reader does not see."""

    events: Events
    hidden: list[Span]
    """The comments, and the block ids."""


def parse_with_markup(path: str, raw: bytes) -> tuple[Note, Markup]:
    """Return the note in a file's bytes, and how it is written. Raises UndecodableError."""
    source = Source.decode(raw)
    front = frontmatter.read(path, source)
    # Empty lines replace the properties, so that the parser's offsets are the file's.
    body = b"\n" * front.body + source.data[front.body :]
    is_drawing = path.lower().endswith(".excalidraw.md") or any(p.key == _DRAWING_KEY for p in front.properties)
    text = _text(source, without_drawing(body) if is_drawing else body)
    findings = [*front.findings, *(() if is_drawing else _wrong_ids(path, source, text.wrong_ids))]
    root = outline([text.top], source)
    digest = hashlib.sha256(raw).hexdigest()
    kind: NoteKind = "drawing" if is_drawing else "note"
    remarks = tuple([span for span in text.remarks if b"kg:" in source.data[span.start : span.end]])
    more = (root, _words(text.body), tuple(findings), text.hidden, kind)
    return Note(path, digest, source, front.properties, *more, remarks=remarks), Markup(text.events, text.remarks)


def _wrong_ids(path: str, source: Source, spans: Iterable[Span]) -> Iterator[Finding]:
    for span in spans:
        start, end = source.position(span.start), source.position(span.end)
        message = f"`{source.slice(*span)}` is not a block id: use only Latin letters, digits and hyphens"
        yield Finding(path, *start, *end, "L12", message)


class TextPart(NamedTuple):
    """One of several texts that make up a file: Markdown at a span of the source, or a finished block."""

    id: str
    span: Span
    block: Block | None = None


def compose(source: Source, parts: Iterable[TextPart]) -> Section:
    """Return the outline of a file that consists of several texts, each a separate document.

    The content before a text's first heading becomes a block with the part's id; its headings go under the file.
    """
    tops: list[list[_Node]] = []
    for part in parts:
        if part.block:
            tops.append([part.block])
            continue
        top = _text(source, source.data[part.span.start : part.span.end], part.span.start).top
        first = next((n for n, node in enumerate(top) if isinstance(node, OutlineHeading)), len(top))
        children = tuple([node for node in top[:first] if isinstance(node, Block)])
        tops += [[Block("node", part.span, (), children, part.id)], top[first:]]
    return outline(tops, source)


class _MarkdownText(NamedTuple):
    """Parsed Markdown: headings and blocks, the text without block comments, links in comments, invalid block ids."""

    top: list[_Node]
    body: bytes
    hidden: tuple[Link, ...]
    wrong_ids: list[Span]
    remarks: list[Span]
    """The comments, and the block ids."""
    events: Events


def _text(source: Source, body: bytes, base: int = 0, prose: InlineText | None = None) -> _MarkdownText:
    """Parse Markdown that begins at an offset of a source. `prose` is for many short texts of one source."""
    if b"\t" in body:
        body = TAB_AFTER_MARK.sub(lambda match: match.group().replace(b"\t", b" "), body)
    events, comments, embeds = readable(body, _events)
    html = list(html_comments(events, body)) if b"<!--" in body else []
    hidden = _links(source, sorted([*comments, *html]), base)
    if base:
        events = [(event, {"start": at["start"] + base, "end": at["end"] + base}) for event, at in events]
    walker = _Walker(prose or InlineText(source), events, _links(source, embeds, base))
    walker.run()
    moved, of_html = ([Span(start + base, end + base) for start, end in spans] for spans in (comments, html))
    top = _with_comments(walker.top, source, moved) if moved else walker.top
    remarks = [*moved, *of_html, *walker.prose.hidden]
    return _MarkdownText(top, blanked(body, comments), hidden, walker.prose.wrong_ids, remarks, events)


def _links(source: Source, spans: Iterable[Span], base: int) -> tuple[Link, ...]:
    """Return the wikilinks in spans of a text that begins at an offset of a source."""
    return tuple([link for start, end in spans for link in wikilinks(source.data, start + base, end + base)])


def _with_comments(top: list[_Node], source: Source, comments: Iterable[Span]) -> list[_Node]:
    """Return headings and blocks with a block for each comment that has tags or fields."""
    starts, blocks, prose = [node.span.start for node in top], [], InlineText(source)
    for span in comments:
        above = top[bisect_right(starts, span.start) - 1] if starts and starts[0] <= span.start else None
        is_indented = source.data[span.start - 1 : span.start] not in {b"", b"\n", b"\r"}
        in_list = is_indented and isinstance(above, Block) and above.kind == "list" and span.start < above.span.end
        text = source.data[span.start + 2 : span.end].removesuffix(b"%%")
        text = _INDENT.sub(lambda match: b"\n" * len(match.group()), text) if in_list else text
        if b"#" in text or b"::" in text:
            lines = tuple(_comment_lines(_text(source, text, span.start + 2, prose).top, has_fields=not in_list))
            blocks += [Block("comment", span, lines)] if lines else []
    return sorted([*top, *blocks], key=lambda node: node.span.start)


def _comment_lines(top: list[_Node], *, has_fields: bool) -> Iterator[Line]:
    """Yield the lines of a comment that have tags or fields.

    Obsidian reads the tags (a dump of its cache), Dataview the fields outside list items and headings
    (blacksmithgu/obsidian-dataview#2561). Whether a link in it counts, no dump shows.
    """
    nodes = [(node, has_fields) for node in reversed(top)]
    while nodes:
        node, is_plain = nodes.pop()
        is_plain = is_plain and isinstance(node, Block) and node.kind != "list"
        for line in node.lines if isinstance(node, Block) else (node.line,):
            fields = line.fields if is_plain else ()
            if line.tags or fields:
                pieces = tuple([piece._replace(link=None) for piece in line.pieces])
                yield line._replace(pieces=pieces, links=(), words=(), fields=fields, only_links=False)
        nodes += [(child, is_plain) for child in reversed(node.children)] if isinstance(node, Block) else []


def _words(body: bytes) -> int:
    """Return the number of words in a text. In ASCII lines, count the beginnings of words."""
    words = (b"\n" + body).translate(_WORDS_AS_A).count(b" a")
    if body.isascii():
        return words
    non_ascii = b"\n".join([b"", *(line for line in body.split(b"\n") if not line.isascii())])
    return words - non_ascii.translate(_WORDS_AS_A).count(b" a") + len(_WORD.findall(non_ascii.decode("utf-8")))


def _events(body: bytes) -> Events:
    return list(_MARKDOWN.events_with_range(body.decode("utf-8")))


def list_marker(data: bytes, start: int) -> int:
    """Return the offset of a list marker: the parser's range can begin in a tab before it, or in the line above."""
    match = _BEFORE_MARKER.match(data, start)
    return match.end() if match else start


class _Frame:
    """An open container with its blocks so far."""

    __slots__ = ("blocks", "id", "kind", "lines", "start", "task")

    def __init__(self, kind: BlockKind, start: int) -> None:
        self.kind = kind
        self.start = start
        self.blocks: list[Block] = []
        self.lines: list[Line] = []
        self.task = ""
        self.id = ""


class _Walker:
    """Turns events into blocks. `top` holds the note's headings and blocks in order."""

    def __init__(self, prose: InlineText, events: Events, embeds: Iterable[Link]) -> None:
        self.source = prose.source
        self.embeds = {link.span.start: link for link in embeds}
        self.prose = prose
        self.events = events
        self.top: list[_Node] = []
        self.frames: list[_Frame] = []
        self.quotes: list[_Frame] = []

    def run(self) -> None:
        """Walk all events once."""
        step, steps = 0, len(self.events)
        while step < steps:
            event, where = self.events[step]
            tag = event.get("Start") if event.__class__ is dict else None
            if tag is not None:
                step = self._start(tag if tag.__class__ is str else event_name(tag), where, step)
            elif event.__class__ is dict and "End" in event:
                if event_name(event["End"]) in _CONTAINERS:
                    self._close_frame(where["end"])
                step += 1
            elif event == "Rule":
                self._end_line("")
                step += 1
            else:
                step = self._item_text(step)

    def _start(self, name: str, where: dict[str, int], step: int) -> int:
        """Process the element that begins at a step; return the step after it, or after its start event."""
        start, end = where["start"], where["end"]
        if name in _LEAVES:
            rows, step = self._rows(step + 1)
            if name == "Heading" and not self.frames:
                level = int(self.events[step][0]["End"]["Heading"][1])
                line = Leaf(self.prose, rows, start, end).heading()
                self.top.append(OutlineHeading(level, line, Span(start, end)))
            elif rows:
                self._close_leaf(Leaf(self.prose, rows, start, end))
            return step + 1
        if name in INLINE:
            return self._item_text(step)
        if name in _OPAQUE:
            while not (self.events[step][0].__class__ is dict and "End" in self.events[step][0]):
                step += 1
            self._end_line("")
            self._add(Block(_CONTAINERS[name], Span(start, self.events[step][1]["end"])))
        elif name in _CONTAINERS:
            self.frames.append(_Frame(_CONTAINERS[name], self._marker(start) if name in _LISTS else start))
            if name == "BlockQuote":
                self.quotes.append(self.frames[-1])
        return step + 1

    def _marker(self, start: int) -> int:
        return list_marker(self.source.data, start)

    def _item_text(self, step: int) -> int:
        """Read the text of a tight list item, which has no paragraph; return the step after it."""
        start = self.events[step][1]["start"]
        rows, step = self._rows(step)
        if rows:
            start = rows[0][0][0]
            self._close_leaf(Leaf(self.prose, rows, start, rows[-1][-1][1]))
        return step

    def _rows(self, step: int) -> tuple[list[Row], int]:
        """Return the lines of the inline content that begins at a step, and the step after it.

        A single loop, for speed: most of a note's events are inline.
        """
        events, steps = self.events, len(self.events)
        event, where = events[step]
        if "Text" in event and "End" in events[step + 1][0]:
            return [[(where["start"], where["end"], event["Text"], False, None)]], step + 1
        rows: list[Row] = []
        row: Row = []
        while step < steps:
            event, where = events[step]
            if event.__class__ is str:
                if event == "Rule":
                    break
                if row:
                    rows.append(row)
                    row = []
            elif "Text" in event:
                row.append((where["start"], where["end"], event["Text"], False, None))
            elif "Start" in event or "End" in event:
                tag = event.get("Start") or event["End"]
                if "Link" in tag or "Image" in tag:
                    step = self._link(step, row)
                elif tag.__class__ is not str or tag not in INLINE:
                    break
            else:
                ((kind, value),) = event.items()
                embed = self.embeds.get(where["start"])
                row.append((where["start"], where["end"], value if kind in _SHOWN else "", True, embed))
            step += 1
        if row:
            rows.append(row)
        return rows, step

    def _link(self, step: int, row: Row) -> int:
        """Add the link that begins at a step, and the links in its text, to a row; return the step at which it ends.

        The text of an inner link becomes part of the outer link's text; both links count.
        """
        events = self.events
        event, where = events[step]
        if "Text" in events[step + 1][0] and "End" in events[step + 2][0]:
            ((name, data),) = event["Start"].items()
            start, end = where["start"], where["end"]
            link, text = self._link_and_text(Span(start, end), events[step + 1][0]["Text"], name == "Image", data)
            self._keep_texts(link, events[step + 1 : step + 2])
            row += [(start, end, text, True, link)] if link else self._unlinked(start, end, text)
            return step + 2
        first = step + 1
        inside: list[Link] = []
        opened: list[tuple[int, list[str], str, Any]] = []
        while True:
            event, where = events[step]
            if event.__class__ is str:
                opened[-1][1].append(" ")
            elif "Start" in event:
                name = event_name(event["Start"])
                if name in LINKS:
                    opened.append((where["start"], [], name, event["Start"][name]))
            elif "End" not in event:
                ((kind, value),) = event.items()
                opened[-1][1].append(value if kind in _SHOWN else "")
                inside += [self.embeds[where["start"]]] if where["start"] in self.embeds else []
            elif event["End"] in LINKS:
                start, shown, name, data = opened.pop()
                end = where["end"]
                link, text = self._link_and_text(Span(start, end), "".join(shown), name == "Image", data)
                if not opened and link is None and not inside:
                    row += self._unlinked(start, end, text)
                    return step
                if not opened:
                    self._keep_texts(link, events[first:step])
                    row.append((start, end, text, True, link))
                    row.extend([(end, end, "", True, link) for link in sorted(inside)])
                    return step
                opened[-1][1].append(text)
                if link:
                    inside.append(link)
            step += 1

    def _keep_texts(self, link: Link | None, inner: Events) -> None:
        """Keep the texts in a Markdown link outside its inner links, from its inner events: they can have tags."""
        if link and link.kind == "markdown" and not link.embed and "#" in link.text:
            texts = [where for event, where in without_links(inner) if "Text" in event]
            self.prose.link_texts[link.span.start] = [Span(where["start"], where["end"]) for where in texts]

    def _unlinked(self, start: int, end: int, text: str) -> Row:
        """Return the row of a false link of the parser: `![[a ![[b]] c]]` is the link `b` with text around it."""
        row: Row = []
        position = start
        for link in wikilinks(self.source.data, start, end):
            row.append((position, link.span.start, self.source.slice(position, link.span.start), False, None))
            row.append((*link.span, "" if link.embed else link.text, True, link))
            position = link.span.end
        if not row:
            return [(start, end, text, True, None)]
        return [*row, (position, end, self.source.slice(position, end), False, None)]

    def _link_and_text(self, span: Span, text: str, image: bool, data: Any) -> tuple[Link | None, str]:
        """Return the link at a span and its visible text; the link is None if it has no target."""
        if data["link_type"].__class__ is dict:
            raw = self.source.slice(span.start + 2 + image, span.end - 2)
            broken = "\n" in raw or "\r" in raw or "[[" in raw or "]]" in raw
            link = None if broken else wikilink(raw, span, embed=image)
            if link is None:
                return None, self.source.slice(*span)
        else:
            target = data["dest_url"]
            if data["link_type"] == "Email":
                target = f"mailto:{target}"
            if not target:
                return None, text
            kind: LinkKind = "url" if data["link_type"] == "Autolink" else "markdown"
            link = Link(span, kind, target, shown(text) if image else text, image)
        return link, "" if image else link.text

    def _close_leaf(self, leaf: Leaf) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame and frame.kind == "item" and not frame.blocks and not frame.lines:
            frame.task = leaf.take_status()
        lines = leaf.lines()
        id_ = leaf.block_id if lines else ""
        if frame and frame.kind == "table":
            frame.lines.extend(lines)
            id_ = id_ if self._is_only_id(self._line_start(leaf.start), leaf.end, id_) else ""
            frame.id = frame.id or ("" if self.quotes else id_)
        elif lines:
            self._add(Block("paragraph", Span(leaf.start, leaf.end), lines, id="" if self.quotes else id_))
        self._end_line(id_)

    def _end_line(self, id_: str) -> None:
        """Keep the id that ends a line as that of the innermost quote: the last line's id names the quote."""
        if self.quotes:
            self.quotes[-1].id = id_

    def _line_start(self, offset: int) -> int:
        """Return the offset at which the text of a line begins, after any quote marks."""
        return self._marker(self.source.data.rfind(b"\n", 0, offset) + 1)

    def _is_only_id(self, start: int, end: int, id_: str) -> bool:
        """Whether a range contains a block id and nothing else: a link without text is not nothing."""
        return bool(id_) and self.source.data[start:end].strip() == b"^" + id_.encode()

    def _close_frame(self, end: int) -> None:
        frame = self.frames.pop()
        span = Span(frame.start, end)
        kind, blocks, lines, id_ = frame.kind, frame.blocks, tuple(frame.lines), frame.id
        if kind == "item":
            if blocks and blocks[0].kind == "paragraph":
                first = blocks.pop(0)
                lines, id_ = first.lines, first.id
            id_ = id_ or self._last_id(blocks)
        elif kind == "quote":
            if blocks and blocks[0].lines and _CALLOUT.match(blocks[0].lines[0].text):
                kind = "callout"
            self.quotes.pop()
            self._end_line("")
        self._add(Block(kind, span, lines, tuple(blocks), id_, frame.task))

    def _last_id(self, blocks: list[Block]) -> str:
        """Remove and return the id that is alone on the last line of an item, and so names it."""
        last = blocks[-1] if blocks else None
        if last is None or last.kind != "paragraph" or not self._is_only_id(*last.lines[-1].span, last.id):
            return ""
        blocks[-1] = last._replace(id="")
        return last.id

    def _add(self, block: Block) -> None:
        """Add a block to those before it. A paragraph with only a `^id` names the block before it."""
        siblings: list[Any] = self.frames[-1].blocks if self.frames else self.top
        before = siblings[-1] if siblings else None
        is_mark = block.kind == "paragraph" and self._is_only_id(*block.span, block.id)
        if is_mark and isinstance(before, Block) and not before.id:
            siblings[-1] = before._replace(id=block.id)
            return
        siblings.append(block)
