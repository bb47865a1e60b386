"""The tree of sections: headings, and the blocks below them."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from kg.core.text import Source, Span
from kg.notes.model import Block, Line, Section

_LINE_END = re.compile(r"\r\n|\n|\r")
_ATX_START = re.compile(r"#{1,6}(?:[ \t]+|\Z)")
_ATX_END = re.compile(r"(?:^|[ \t]+)#+\Z")
_COMMENT = re.compile(r"%%[^%]*%%|<!--.{0,500}?-->", re.S)


class OutlineHeading(NamedTuple):
    """A parsed heading: its level, line and span."""

    level: int
    line: Line
    span: Span


class _Open:
    """An open section with its content so far."""

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
        """Return the finished section."""
        blocks, sections = tuple(self.blocks), tuple(self.sections)
        return Section(self.level, self.parts, self.heading, self.title, self.span, self.order, blocks, sections)


def outline(tops: Iterable[list[OutlineHeading | Block]], source: Source) -> Section:
    """Build the tree of sections from headings and blocks. Each text starts again directly under the file."""
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
    """Finish the innermost section and add it to the section around it."""
    section = open_.pop().section()
    open_[-1].sections.append(section)


def heading_text(node: OutlineHeading, source: Source) -> str:
    """Return the heading as written, without marks and comments, as Obsidian's own cache keeps it."""
    raw = source.slice(*node.span).strip()
    mark = _ATX_START.match(raw)
    if mark:
        raw, *more = _LINE_END.split(raw[mark.end() :], maxsplit=1)
        raw = raw[: raw.rfind("%%")] if more else raw  # a comment begins here and ends on a later line
        raw = _ATX_END.sub("", raw) if raw.endswith("#") else raw
    else:
        raw = " ".join(line.strip() for line in _LINE_END.split(raw)[:-1])
    if "%%" in raw or "<!--" in raw:
        raw = _COMMENT.sub("", raw)
    return raw.strip()
