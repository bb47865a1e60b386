"""The text of a note as it is written: a small tree of nodes, which a page or a server turns into elements.

A node is a text, or a list: its name, its attributes (0 if it has none) and its children. So a tree is data, without
any HTML, and JSON can hold it. These are the names of nodes:

    p, em, strong, del, mark, code, hr, quote   as in HTML; a line break is a line feed
    h           a heading, with its `level`
    ul, ol, li  lists; `start` is the first number of a list, `task` the status character of a task
    pre         a block of code in a `lang`
    table, tr   a table with the `align` of its columns, and its rows; that of the `head` is marked
    td          a cell
    callout     with its `kind`, its `title` (nodes), and its `fold`: `-` if it is closed, `+` if it is open
    a           a link; its attributes are those that the caller gives it
    image, embed  what a note shows of an image, or of another file or note; its text is its name
    tag         a tag, with its `name`
    ref, footnote  a mark of a footnote, and the footnote with its `name`
    math, html  formulas and HTML, as they are written; `display` marks a formula that stands alone

Containers that are nested more than forty times are left out; their content is not.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from kg.notes.events import LINKS, event_name
from kg.notes.markdown import Markup, list_marker
from kg.notes.model import Link, Note, Section

TextNode = str | list[Any]
"""A text, or a name with attributes and children."""
LinkAttributes = Callable[[Link], Mapping[str, str | int]]
"""Gives the attributes of the node of a link."""

DEEPEST = 40
_NAMES = {
    "Paragraph": "p",
    "Emphasis": "em",
    "Strong": "strong",
    "Strikethrough": "del",
    "Item": "li",
    "TableRow": "tr",
    "TableCell": "td",
    "BlockQuote": "quote",
    "HtmlBlock": "html",
}
_CALLOUT = re.compile(r"\s*\[!([^\]\n]{1,100})\]([+-]?)[ \t]*")
_TASK = re.compile(r"\s*\[([^\]\n])\](?:\s+|$)")
_MARKED = re.compile(r"==(?![=\s])([^=\n]{1,500})(?<!\s)==")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.I)
_IMAGE = re.compile(r"\.(?:avif|bmp|gif|jpe?g|png|svg|webp)\Z", re.I)


class TextTree(NamedTuple):
    """The text of a note as nodes, and the part of it below each heading."""

    nodes: list[TextNode]
    sections: list[tuple[Section, int, int]]
    """Each section with the places of its first node and after its last, without its heading."""
    items: Mapping[int, TextNode]
    """The list items by the offsets of their markers."""

    def below(self, first: int, end: int) -> list[TextNode]:
        """The nodes of a section."""
        return self.nodes[first:end]


def text_tree(note: Note, markup: Markup, lead: LinkAttributes) -> TextTree:
    """Return the text of a note as nodes."""
    grower = _Grower(note, markup, lead)
    nodes = grower.nodes()
    sections = [section for section in note.root.walk() if section.level]
    starts: list[int] = []
    ends: dict[int, int] = {}
    open_: list[int] = []
    for at, node in enumerate(nodes):
        if isinstance(node, list) and node[0] == "h":
            while open_ and nodes[open_[-1]][1]["level"] >= node[1]["level"]:  # type: ignore[index]
                ends[open_.pop()] = at
            open_.append(at)
            starts.append(at)
    ends.update(dict.fromkeys(open_, len(nodes)))
    parts = [(section, at + 1, ends[at]) for section, at in zip(sections, starts, strict=False)]
    return TextTree(nodes, parts, grower.items)


class _Cut(NamedTuple):
    """A range of a text that is not shown as text: its node, or None if it is hidden."""

    start: int
    end: int
    node: TextNode | None


class _Grower:
    """Turns the events of a note into nodes."""

    def __init__(self, note: Note, markup: Markup, lead: LinkAttributes) -> None:
        self.source = note.source
        self.events = markup.events
        self.lead = lead
        self.links = {link.span.start: link for line in note.lines() for link in line.links}
        self.cuts = self._cuts(note, markup)
        self.starts = [cut.start for cut in self.cuts]
        self.open: list[list[Any]] = [["", 0]]
        self.skipped = 0
        self.items: dict[int, TextNode] = {}

    def _cuts(self, note: Note, markup: Markup) -> list[_Cut]:
        tags = [_Cut(*tag.span, ["tag", {"name": tag.name}]) for line in note.lines() for tag in line.tags]
        urls = [
            _Cut(*link.span, ["a", dict(self.lead(link)), link.text])
            for link in self.links.values()
            if link.kind == "url"
        ]
        return sorted([*tags, *urls, *(_Cut(*span, None) for span in markup.hidden)], key=lambda cut: cut[:2])

    def nodes(self) -> list[TextNode]:
        """Return the nodes of the whole text."""
        step = 0
        while step < len(self.events):
            step = self._step(step)
        while len(self.open) > 1:
            self._close()
        return [node for node in _joined(self.open[0][2:]) if not isinstance(node, str) or node.strip()]

    def _step(self, step: int) -> int:
        """Take one event, or all of an image; return the step after it."""
        event, where = self.events[step]
        if isinstance(event, str):
            self._add(["hr", 0] if event == "Rule" else "\n")
            return step + 1
        ((kind, value),) = event.items()
        if kind == "Start":
            name = event_name(value)
            if name in LINKS:
                return self._link(step, name, value[name])
            self._start(name, value, where["start"])
        elif kind == "End":
            self._end(event_name(value))
        else:
            self._inline(kind, value, where["start"], where["end"])
        return step + 1

    # ---- containers ------------------------------------------------------------------------------------------------

    def _start(self, name: str, value: Any, start: int) -> None:
        if len(self.open) > DEEPEST:
            self.skipped += 1
            return
        data: Any = value[name] if isinstance(value, dict) else None
        if name == "Heading":
            node: list[Any] = ["h", {"level": int(data["level"][1])}]
        elif name == "List":
            node = ["ul", 0] if data is None else ["ol", {"start": data}]
        elif name == "Table":
            node = ["table", {"align": [align.lower() for align in data]}]
        elif name == "TableHead":
            node = ["tr", {"head": 1}]
        elif name == "CodeBlock":
            words = data["Fenced"].split() if isinstance(data, dict) else []
            node = ["pre", {"lang": words[0]} if words else 0]
        elif name == "FootnoteDefinition":
            node = ["footnote", {"name": data}]
        else:
            node = [_NAMES.get(name, "p"), 0]
            if name == "Item":
                self.items[list_marker(self.source.data, start)] = node
        self.open.append(node)

    def _end(self, name: str) -> None:
        if name in LINKS:
            return
        if self.skipped:
            self.skipped -= 1
            self._add("\n")
        elif len(self.open) > 1:
            self._close()

    def _close(self) -> None:
        """Finish the innermost container."""
        node = self.open.pop()
        node[2:] = _joined(node[2:])
        if node[0] == "quote":
            node = _callout(node)
        elif node[0] == "li":
            node = _task(node)
        elif node[0] in {"pre", "html"}:
            node[2:] = ["".join(child for child in node[2:] if isinstance(child, str)).rstrip("\n")]
        is_empty = len(node) == 2 or node[2:] == [""]
        if not is_empty or node[0] not in {"p", "html"}:
            self._add(node)

    def _add(self, node: TextNode) -> None:
        """Add a node to the innermost container."""
        if node != "":
            self.open[-1].append(node)

    # ---- inline content --------------------------------------------------------------------------------------------

    def _inline(self, kind: str, value: str, start: int, end: int) -> None:
        if kind == "Text":
            self._text(value, start, end)
        elif kind == "Code":
            self._add(["code", 0, value])
        elif kind in {"InlineMath", "DisplayMath"}:
            self._add(["math", {"display": 1} if kind == "DisplayMath" else 0, value])
        elif kind == "FootnoteReference":
            self._add(["ref", 0, value])
        elif start in self.links and not value:
            self._add(self._shown(self.links[start]))
        elif self._is_hidden(start, end):
            return
        elif kind == "Html" or self.open[-1][0] == "html":
            self._add(value)
        else:
            self._add("\n" if _LINE_BREAK.fullmatch(value) else ["html", 0, value])

    def _is_hidden(self, start: int, end: int) -> bool:
        """Whether a range of HTML lies within a comment."""
        at = bisect_left(self.starts, start + 1) - 1
        return at >= 0 and self.cuts[at].node is None and end <= self.cuts[at].end + 1

    def _text(self, value: str, start: int, end: int) -> None:
        """Add a text without what is hidden, with its tags and web addresses as nodes."""
        if self.open[-1][0] == "pre" or self.source.slice(start, end) != value:
            self._add(value)
            return
        at = bisect_left(self.starts, start)
        while at and self.cuts[at - 1].end > start:
            at -= 1
        while at < len(self.cuts) and self.cuts[at].start < end:
            cut = self.cuts[at]
            at += 1
            self._plain(self.source.slice(start, max(start, cut.start)))
            if cut.node is not None and cut.start >= start:
                self._add(cut.node)
            start = max(start, min(cut.end, end))
        self._plain(self.source.slice(start, end))

    def _plain(self, text: str) -> None:
        """Add a text, with what it highlights as nodes."""
        position = 0
        for match in _MARKED.finditer(text) if "==" in text else ():
            self._add(text[position : match.start()])
            self._add(["mark", 0, match[1]])
            position = match.end()
        self._add(text[position:])

    # ---- links -----------------------------------------------------------------------------------------------------

    def _link(self, step: int, name: str, data: Any) -> int:
        """Add the link or image that begins at a step; return the step after it."""
        where = self.events[step][1]
        end, depth = step, 0
        while True:
            event = self.events[end][0]
            if isinstance(event, dict) and ("Start" in event or "End" in event):
                depth += 1 if "Start" in event else -1
            end += 1
            if not depth:
                break
        link = self.links.get(where["start"])
        if link and link.embed:
            self._add(self._shown(link))
        elif link and link.kind == "url":
            self._add(["a", dict(self.lead(link)), link.text])
        elif link and len(self.open) <= DEEPEST:
            self.open.append(["a", dict(self.lead(link))])
            inner = step + 1
            while inner < end - 1:
                inner = self._step(inner)
            self._close()
        elif isinstance(data["link_type"], dict):
            self._add(self.source.slice(where["start"], where["end"]))
        else:
            self._add("".join(self._texts(step, end)))
        return end

    def _texts(self, step: int, end: int) -> Iterator[str]:
        for event, _ in self.events[step:end]:
            if isinstance(event, dict):
                yield from (str(event[kind]) for kind in ("Text", "Code") if kind in event)

    def _shown(self, link: Link) -> TextNode:
        """The node of an embed: the name of an image, or of another file or note."""
        name = (
            link.target.partition("#")[0].rpartition("/")[2]
            if link.kind == "wikilink"
            else link.target.rpartition("/")[2]
        )
        if _IMAGE.search(link.path):
            return ["image", dict(self.lead(link)), link.display or name]
        return ["embed", dict(self.lead(link)), link.text]


def _joined(nodes: list[TextNode]) -> list[TextNode]:
    """Nodes in which texts beside each other are one."""
    joined: list[TextNode] = []
    for is_text, run in groupby(nodes, lambda node: isinstance(node, str)):
        together = list(run)
        joined += ["".join(map(str, together))] if is_text else together
    return joined


def _callout(quote: list[Any]) -> list[Any]:
    """A quote that begins with `[!kind]` as a callout; its title is the rest of its first line."""
    first = quote[2] if len(quote) > 2 else None
    if not isinstance(first, list) or first[0] != "p" or len(first) < 3 or not isinstance(first[2], str):
        return quote
    mark = _CALLOUT.match(first[2])
    if not mark:
        return quote
    line = [first[2][mark.end() :], *first[3:]]
    end = next((at for at, node in enumerate(line) if isinstance(node, str) and "\n" in node), None)
    title, rest = [node for node in line[:end] if node], []
    if end is not None:
        before, _, after = line[end].partition("\n")
        title += [before] if before else []
        rest = [*([after] if after else []), *line[end + 1 :]]
    attributes = {"kind": mark[1].strip().lower(), "title": title, "fold": mark[2]}
    return ["callout", attributes, *([["p", 0, *rest]] if rest else []), *quote[3:]]


def _task(item: list[Any]) -> list[Any]:
    """A list item that begins with a status in brackets as a task."""
    inner = item[2] if len(item) > 2 else None
    holder, at = (inner, 2) if isinstance(inner, list) and inner[0] == "p" and len(inner) > 2 else (item, 2)
    text = holder[at] if len(holder) > at else None
    if isinstance(text, str) and (mark := _TASK.match(text)):
        holder[at] = text[mark.end() :]
        item[1] = {"task": mark[1]}
    return item
