r"""Markdown to a `Note`: the parser's events walked once. The only place that knows the Markdown library.

What pulldown-cmark does not know of Obsidian is added here: `%%` comments, `\\|` in wikilinks, block ids, tasks
with any status character, callouts that fold, front matter after a byte order mark.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyromark

from kg import frontmatter, inline
from kg.findings import Finding
from kg.lines import Leaf, Prose, Row
from kg.note import Block, BlockKind, Line, Link, LinkKind, Note, NoteKind, Section
from kg.source import Source, Span
from kg.values import shown, wikilink, wikilinks

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
_COMMENT = re.compile(r"%%[^%]*%%|<!--.{0,500}?-->", re.S)
# Tabs may follow a closing fence, too; the parser knows only of spaces.
_TAB_AFTER_FENCE = re.compile(rb"(?:`{3,}|~{3,}) *\t[ \t]*\r?$", re.M)
_DOLLAR_IN_LINK = re.compile(rb"\[\[[^\[\r\n]*?\$")
# Where the data of a drawing begin, which the Excalidraw plugin keeps in a note, in a comment or not.
_DRAWING_KEY = "excalidraw-plugin"
_DRAWING = re.compile(rb"^(?:%%[ \t]*\r?\n)?(?:#{1,6}[ \t]+Drawing[ \t]*\r?$|```(?:compressed-)?json\b)", re.M)
_WORD = re.compile(r"\w+")
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
_LEAVES = {"Paragraph", "Heading", "TableCell"}
_OPAQUE = {"CodeBlock", "HtmlBlock"}
_INLINE = {"Emphasis", "Strong", "Strikethrough", "Link", "Image"}
_LINKS = {"Link", "Image"}
_OPAQUE_INLINE = {"Code", "InlineMath", "DisplayMath", "InlineHtml", "Html"}
_SHOWN = {"Code", "InlineMath", "DisplayMath"}
_Events = list[tuple[Any, Any]]
"""Events as the library gives them: a name or a dict of one key, and a range of bytes."""


def parse(path: str, raw: bytes) -> Note:
    """The note that a file's bytes hold. Raises UndecodableError; else every text is a note."""
    source = Source.decode(raw)
    front = frontmatter.read(path, source)
    # Empty lines stand for the properties, so that the parser's offsets are the file's.
    body = b"\n" * front.body + source.data[front.body :]
    is_drawing = path.lower().endswith(".excalidraw.md") or any(p.key == _DRAWING_KEY for p in front.properties)
    text = _text(source, _without_drawing(body) if is_drawing else body)
    findings = [*front.findings, *(() if is_drawing else _wrong_ids(path, source, text.wrong_ids))]
    root = _outline([text.top], source)
    digest = hashlib.sha256(raw).hexdigest()
    kind: NoteKind = "drawing" if is_drawing else "note"
    return Note(path, digest, source, front.properties, root, _words(text.body), tuple(findings), text.hidden, kind)


def _wrong_ids(path: str, source: Source, spans: Iterable[Span]) -> Iterator[Finding]:
    for span in spans:
        start, end = source.position(span.start), source.position(span.end)
        message = f"`{source.slice(*span)}` is no block id: only Latin letters, digits and hyphens"
        yield Finding(path, *start, *end, "L12", message)


def _without_drawing(body: bytes) -> bytes:
    """A drawing's text: all before the drawing itself. A `%%` that opens in it does not hide the text after it."""
    drawing = _DRAWING.search(body)
    body = body[: drawing.start()] if drawing else body
    marks = [match.start() for match in re.finditer(rb"%%", body)]
    if len(marks) % 2:
        body = b"".join([body[: marks[-1]], b"  ", body[marks[-1] + 2 :]])
    return body


class Part(NamedTuple):
    """One of several texts that make up a file: Markdown at a place of its source, or a block that is made already."""

    id: str
    span: Span
    block: Block | None = None


def compose(source: Source, parts: Iterable[Part]) -> Section:
    """The outline of a file that is made of several texts, each a document of its own.

    What stands before a text's first heading is a block with the part's id; its headings stand under the file.
    """
    tops: list[list[_Heading | Block]] = []
    for part in parts:
        if part.block:
            tops.append([part.block])
            continue
        top = _text(source, source.data[part.span.start : part.span.end], part.span.start).top
        first = next((n for n, node in enumerate(top) if isinstance(node, _Heading)), len(top))
        children = tuple([node for node in top[:first] if isinstance(node, Block)])
        tops += [[Block("node", part.span, (), children, part.id)], top[first:]]
    return _outline(tops, source)


class _Text(NamedTuple):
    """Markdown as it was read: headings and blocks, the text less block comments, links in comments, wrong ids."""

    top: "list[_Heading | Block]"
    body: bytes
    hidden: tuple[Link, ...]
    wrong_ids: list[Span]


def _text(source: Source, body: bytes, base: int = 0) -> _Text:
    """Read Markdown that stands at an offset of a source."""
    if b"\t" in body:
        body = _TAB_AFTER_FENCE.sub(lambda match: match.group().replace(b"\t", b" "), body)
    events = _events(body)
    if b"$" in body and _DOLLAR_IN_LINK.search(body):
        body = _without_dollars_in_links(events, body)
        events = _events(body)
    comments = _block_comments(events, body) if b"%%" in body else []
    if comments:
        body = _blanked(body, comments)
        events = _outside(_events(body), comments)
    if b"<!--" in body:
        comments = sorted([*comments, *_html_comments(events, body)])
    hidden = [link for start, end in comments for link in wikilinks(source.data, start + base, end + base)]
    if base:
        events = [(event, {"start": at["start"] + base, "end": at["end"] + base}) for event, at in events]
    walker = _Walker(source, events)
    walker.run()
    return _Text(walker.top, body, tuple(hidden), walker.prose.wrong_ids)


def _words(body: bytes) -> int:
    """How many words a text has. In lines of ASCII, they are counted by where they begin."""
    words = (b"\n" + body).translate(_WORDS_AS_A).count(b" a")
    if body.isascii():
        return words
    others = b"\n".join([b"", *(line for line in body.split(b"\n") if not line.isascii())])
    return words - others.translate(_WORDS_AS_A).count(b" a") + len(_WORD.findall(others.decode("utf-8")))


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


def _html_comments(events: _Events, body: bytes) -> Iterator[Span]:
    """The comments of HTML, of which the parser tells only that they are HTML."""
    for event, where in events:
        if event.__class__ is str:
            continue
        if "InlineHtml" in event or ("Start" in event and event["Start"] == "HtmlBlock"):
            position, end = where["start"], where["end"]
            while (start := body.find(b"<!--", position, end)) >= 0:
                close = body.find(b"-->", start, end)
                position = close + 3 if close >= 0 else end
                yield Span(start, position)


def _without_dollars_in_links(events: _Events, body: bytes) -> bytes:
    """The body with another character for each `$` in a wikilink that is not itself in code or math.

    The parser would begin math there; nothing else is read from the target but its place.
    """
    opaque = [(where["start"], where["end"]) for event, where in events if _is_opaque(event)]
    changed = bytearray(body)
    step = covered = 0
    for link in wikilinks(body, 0, len(body)):
        start, end = link.span
        while step < len(opaque) and opaque[step][0] < start:
            covered, step = max(covered, opaque[step][1]), step + 1
        if covered <= start:
            changed[start:end] = body[start:end].replace(b"$", b",")
            while step < len(opaque) and opaque[step][0] < end:
                step += 1  # math that the parser let begin in the link
    return bytes(changed)


def _is_opaque(event: Any) -> bool:
    """Whether an event is of code, math or HTML."""
    if event.__class__ is str:
        return False
    ((kind, tag),) = event.items()
    return kind in _OPAQUE_INLINE or (kind == "Start" and _name(tag) == "CodeBlock")


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

    __slots__ = ("blocks", "kind", "lines", "start", "task")

    def __init__(self, kind: BlockKind, start: int) -> None:
        self.kind = kind
        self.start = start
        self.blocks: list[Block] = []
        self.lines: list[Line] = []
        self.task = ""


class _Walker:
    """Turns events into blocks. `top` is the note's headings and blocks in order."""

    def __init__(self, source: Source, events: _Events) -> None:
        self.source = source
        self.prose = Prose(source)
        self.events = events
        self.top: list[_Heading | Block] = []
        self.frames: list[_Frame] = []
        self.quotes = 0

    def run(self) -> None:
        """Walk all events, once."""
        step, steps = 0, len(self.events)
        while step < steps:
            event, where = self.events[step]
            tag = event.get("Start") if event.__class__ is dict else None
            if tag is not None:
                step = self._start(tag if tag.__class__ is str else _name(tag), where, step)
            elif event.__class__ is dict and "End" in event:
                if _name(event["End"]) in _CONTAINERS:
                    self._close_frame(where["end"])
                step += 1
            elif event == "Rule":
                step += 1
            else:
                step = self._item_text(step)

    def _start(self, name: str, where: dict[str, int], step: int) -> int:
        """What begins at a step; the step after it, or after its beginning."""
        start, end = where["start"], where["end"]
        if name in _LEAVES:
            rows, step = self._rows(step + 1)
            if name == "Heading" and not self.frames:
                level = int(self.events[step][0]["End"]["Heading"][1])
                line = Leaf(self.prose, rows, start, end).heading()
                self.top.append(_Heading(level, line, Span(start, end)))
            elif rows:
                self._close_leaf(Leaf(self.prose, rows, start, end))
            return step + 1
        if name in _INLINE:
            return self._item_text(step)
        if name in _OPAQUE:
            while not (self.events[step][0].__class__ is dict and "End" in self.events[step][0]):
                step += 1
            self._add(Block(_CONTAINERS[name], Span(start, self.events[step][1]["end"])))
        elif name in _CONTAINERS:
            self.quotes += name == "BlockQuote"
            self.frames.append(_Frame(_CONTAINERS[name], self._behind_blanks(start)))
        return step + 1

    def _behind_blanks(self, start: int) -> int:
        """Where what is indented begins."""
        data = self.prose.source.data
        while data[start : start + 1] in {b" ", b"\t"}:
            start += 1
        return start

    def _item_text(self, step: int) -> int:
        """The text of a tight list item, which has no paragraph of its own."""
        start = self.events[step][1]["start"]
        rows, step = self._rows(step)
        if rows:
            start = rows[0][0][0]
            self._close_leaf(Leaf(self.prose, rows, start, rows[-1][-1][1]))
        return step

    def _rows(self, step: int) -> tuple[list[Row], int]:
        """The lines of inline content that begins at a step, and the step after it.

        What is hot stays in one loop: most of a note's events are here.
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
                elif tag.__class__ is not str or tag not in _INLINE:
                    break
            else:
                ((kind, value),) = event.items()
                row.append((where["start"], where["end"], value if kind in _SHOWN else "", True, None))
            step += 1
        if row:
            rows.append(row)
        return rows, step

    def _link(self, step: int, row: Row) -> int:
        """The link that begins at a step, put into a row with those in its text; the step that it ends at.

        A link in a link's text is that text's; the outer one is not lost.
        """
        events = self.events
        event, where = events[step]
        if "Text" in events[step + 1][0] and "End" in events[step + 2][0]:
            ((name, data),) = event["Start"].items()
            start, end = where["start"], where["end"]
            link, text = self._link_and_text(Span(start, end), events[step + 1][0]["Text"], name == "Image", data)
            row += [(start, end, text, True, link)] if link else self._unlinked(start, end, text)
            return step + 2
        inside: list[Link] = []
        opened: list[tuple[int, list[str], str, Any]] = []
        while True:
            event, where = events[step]
            if event.__class__ is str:
                opened[-1][1].append(" ")
            elif "Text" in event:
                opened[-1][1].append(event["Text"])
            elif "Start" in event:
                name = _name(event["Start"])
                if name in _LINKS:
                    opened.append((where["start"], [], name, event["Start"][name]))
            elif "End" not in event:
                ((kind, value),) = event.items()
                opened[-1][1].append(value if kind in _SHOWN else "")
            elif event["End"] in _LINKS:
                start, shown, name, data = opened.pop()
                end = where["end"]
                link, text = self._link_and_text(Span(start, end), "".join(shown), name == "Image", data)
                if not opened and link is None and not inside:
                    row += self._unlinked(start, end, text)
                    return step
                if not opened:
                    row.append((start, end, text, True, link))
                    row.extend([(end, end, "", True, link) for link in reversed(inside)])
                    return step
                opened[-1][1].append(text)
                if link:
                    inside.append(link)
            step += 1

    def _unlinked(self, start: int, end: int, text: str) -> Row:
        """What the parser takes for a link and is none: `![[a ![[b]] c]]` is the link `b` with text around it."""
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
        """The link at a range and what a reader sees; no link where there is no target."""
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
        id_ = leaf.block_id if lines and self._may_be_named(frame, lines) else ""
        if frame and frame.kind == "table":
            frame.lines.extend(lines)
            if id_:
                frame.blocks.append(_id_mark(lines, id_))
        elif lines:
            self._add(Block("paragraph", Span(leaf.start, leaf.end), lines, id=id_))

    def _may_be_named(self, frame: _Frame | None, lines: tuple[Line, ...]) -> bool:
        """Whether an id counts: parts of quotes and tables have none, only an id that stands alone is theirs."""
        if frame and frame.kind == "table":
            return not self.quotes and not any(line.text for line in lines)
        return not self.quotes or bool(frame and frame.kind == "quote" and not lines[-1].text)

    def _close_frame(self, end: int) -> None:
        frame = self.frames.pop()
        span = Span(frame.start, end)
        kind, blocks, lines, id_ = frame.kind, frame.blocks, tuple(frame.lines), ""
        if kind == "item":
            if blocks and blocks[0].kind == "paragraph":
                first = blocks.pop(0)
                lines, id_ = first.lines, first.id
            id_ = id_ or _only_id(blocks)
        elif kind == "quote":
            if blocks and blocks[0].lines and _CALLOUT.match(blocks[0].lines[0].text):
                kind = "callout"
            self.quotes -= 1
            id_ = _only_id(blocks)
            blocks = [block._replace(id="") if block.id else block for block in blocks]
        elif kind == "table":
            id_ = blocks.pop().id if blocks else ""
        self._add(Block(kind, span, lines, tuple(blocks), id_, frame.task))

    def _add(self, block: Block) -> None:
        siblings: list[Any] = self.frames[-1].blocks if self.frames else self.top
        in_quote = self.frames and self.frames[-1].kind == "quote"
        if (
            block.id
            and not in_quote
            and _is_id_mark(block)
            and siblings
            and isinstance(siblings[-1], Block)
            and not siblings[-1].id
        ):
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


class _Open:
    """A section that is open: what it has so far."""

    __slots__ = ("blocks", "heading", "level", "order", "parts", "sections", "span", "title")

    def __init__(
        self, level: int, parts: tuple[str, ...], heading: str, title: Line | None, span: Span, order: int
    ) -> None:
        self.level = level
        self.parts = parts
        self.heading = heading
        self.title = title
        self.span = span
        self.order = order
        self.blocks: list[Block] = []
        self.sections: list[Section] = []

    def section(self) -> Section:
        """The section, finished."""
        blocks, sections = tuple(self.blocks), tuple(self.sections)
        return Section(self.level, self.parts, self.heading, self.title, self.span, self.order, blocks, sections)


def _outline(tops: Iterable[list[_Heading | Block]], source: Source) -> Section:
    """Headings and blocks as a tree of sections. Each text's begins anew under the file."""
    open_ = [_Open(0, (), "", None, Span(0, 0), 0)]
    seen: dict[tuple[str, ...], int] = {}
    order = 0
    for top in tops:
        while len(open_) > 1:
            _close(open_)
        for node in top:
            if isinstance(node, Block):
                open_[-1].blocks.append(node)
                continue
            while open_[-1].level >= node.level:
                _close(open_)
            heading = heading_text(node, source)
            order += 1
            above = open_[-1].parts
            parts = first = (*above, heading)
            while parts in seen:
                seen[first] += 1
                parts = (*above, f"{heading}~{seen[first]}")
            seen[parts] = 1
            open_.append(_Open(node.level, parts, heading, node.line, node.span, order))
    while len(open_) > 1:
        _close(open_)
    return open_[0].section()


def _close(open_: list[_Open]) -> None:
    """Finish the innermost section: it goes into the one around it."""
    section = open_.pop().section()
    open_[-1].sections.append(section)


def heading_text(node: _Heading, source: Source) -> str:
    """The heading as written, less its marks, a block id and comments, as Obsidian's own cache keeps it."""
    raw = source.slice(*node.span).strip()
    mark = _ATX_START.match(raw)
    if mark:
        raw, *more = _LINE_END.split(raw[mark.end() :], maxsplit=1)
        raw = raw[: raw.rfind("%%")] if more else raw  # a comment begins here and ends on a later line
        raw = _ATX_END.sub("", raw) if raw.endswith("#") else raw
    else:
        raw = " ".join(line.strip() for line in _LINE_END.split(raw)[:-1])
    cut = inline.block_id(raw) if "^" in raw else None
    raw = raw[: cut.start] if cut and not cut.key else raw
    if "%%" in raw or "<!--" in raw:
        raw = _COMMENT.sub("", raw)
    return raw.strip()
