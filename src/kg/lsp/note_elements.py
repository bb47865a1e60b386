"""The elements of a note that mean something to the graph, each with its span.

What is under a cursor, what leads to a thing, and what is coloured are all found among them.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from kg.core.text import LINE_END, Span
from kg.notes.kinds import KIND_KEYS
from kg.notes.model import NAME_KINDS, Block, Field, Link, Note, Section, Value

ElementKind = Literal["link", "tag", "key", "value", "field key", "class", "heading", "block id"]
LinkPart = Literal["path", "heading", "block", "text"]
_ID = re.compile(rb"\^([A-Za-z0-9-]+)(?=[ \t]*(?:[\r\n]|\Z))")
_BRACKETS = re.compile(rb"!?\[\[")


class NoteElement(NamedTuple):
    """An element of a note.

    A `class` is a value of `type` or `class`, which names a class; a `value` is any other text of a property.
    """

    kind: ElementKind
    span: Span
    name: str
    """The name of a tag without `#`, a key, the text of a value or a heading, the id of a block, a link's target."""
    link: Link | None = None
    key: str = ""
    """The key of a value."""
    section: Section | None = None
    """The section of a heading."""


class LinkPartSpan(NamedTuple):
    """A part of a link as it is written."""

    part: LinkPart
    span: Span


def elements(note: Note) -> Iterator[NoteElement]:
    """Yield the elements of a note, front matter first; a canvas has none, since its text is in no order."""
    if note.kind == "canvas":
        return
    for prop in note.properties:
        yield NoteElement("key", prop.span, prop.key)
        yield from _of_value(prop.value, prop.key)
    for section in note.root.walk():
        if section.level:
            yield NoteElement("heading", heading_span(section), section.heading, section=section)
        for block in section.walk_blocks():
            if block.id and (span := id_span(note, block)):
                yield NoteElement("block id", span, block.id)
    for line in note.lines():
        yield from (NoteElement("link", link.span, link.target, link) for link in line.links)
        yield from (NoteElement("tag", tag.span, tag.name) for tag in line.tags)
        for field in line.fields:
            yield from _of_field(note, field)


def _of_value(value: Value, key: str) -> Iterator[NoteElement]:
    if value.kind == "map":
        for name, named, child in zip(value.keys, value.children[::2], value.children[1::2], strict=True):
            yield NoteElement("key", named.span, f"{key} {name}")
            yield from _of_value(child, f"{key} {name}")
    elif value.kind == "list":
        for child in value.children:
            yield from _of_value(child, key)
    elif value.links:
        yield from (NoteElement("link", link.span, link.target, link, key) for link in value.links)
    elif value.kind != "null" and value.text:
        name = value.text.removeprefix("#").strip("/")
        if key.lower() == "tags":
            kind: ElementKind = "tag"
            if value.kind not in NAME_KINDS or not name:
                return
        else:
            kind, name = ("class" if key.lower() in KIND_KEYS else "value"), value.text
        yield NoteElement(kind, value.span, name, key=key)


def _of_field(note: Note, field: Field) -> Iterator[NoteElement]:
    if field.form not in {"line", "bracket"}:
        return
    start = note.source.data.find(field.key.encode(), field.span.start, field.text_span.start)
    if start >= 0:
        yield NoteElement("field key", Span(start, start + len(field.key.encode())), field.key)
    if field.text and not field.links:
        yield NoteElement("value", field.text_span, field.text, key=field.key)


def heading_span(section: Section) -> Span:
    """The span of a heading, from its first mark to the end of its text."""
    return Span(section.span.start, section.title.span.end if section.title else section.span.end)


def first_line(note: Note, block: Block) -> Span:
    """The span of the first line of a block, from its marker."""
    end = LINE_END.search(note.source.data, *block.span)
    return Span(block.span.start, end.start() if end else block.span.end)


def id_span(note: Note, block: Block) -> Span | None:
    """The span of a block's id with its `^`; None where it cannot be found."""
    last = max([block.span.end, *(child.span.end for child in block.children)])
    end = min(len(note.source.data), last + len(block.id) + 10)  # the id of a table stands below it
    for match in _ID.finditer(note.source.data, block.span.start, end):
        if match[1].decode() == block.id:
            return Span(*match.span())
    return None


def link_at(note: Note, offset: int) -> Link | None:
    """The link that begins at an offset."""
    return next((link for link in note.links() if link.span.start == offset), None)


def is_in_table(note: Note, offset: int) -> bool:
    """Whether what begins at an offset is in a table."""
    blocks = (block for section in note.root.walk() for block in section.walk_blocks())
    return any(block.kind == "table" and block.span.start <= offset < block.span.end for block in blocks)


def link_parts(note: Note, link: Link) -> list[LinkPartSpan]:
    """The parts of a link as it is written: the path, the heading or block, the text that is shown."""
    data = note.source.data
    opened = _BRACKETS.match(data, link.span.start, link.span.end)
    if link.kind == "wikilink" and opened:
        bounds = Span(opened.end(), link.span.end - 2)
        bar = data.find(b"|", *bounds)
        end = bounds.end if bar < 0 else bar - (data[bar - 1 : bar] == b"\\")
        parts = _of_target(data, Span(bounds.start, end))
        return parts if bar < 0 else [*parts, LinkPartSpan("text", Span(bar + 1, bounds.end))]
    middle = data.rfind(b"](", *link.span) if link.kind == "markdown" else -1
    if middle < 0:
        return [LinkPartSpan("path", link.span)]
    return [LinkPartSpan("text", Span(link.span.start, middle + 1)), *_of_target(data, _address(data, middle, link))]


def _address(data: bytes, middle: int, link: Link) -> Span:
    """The span of a Markdown link's address, without its title."""
    start = middle + 2
    if data[start : start + 1] == b"<":
        end = data.find(b">", start, link.span.end)
        return Span(start + 1, end if end >= 0 else link.span.end - 1)
    words = data[start : link.span.end - 1].split(maxsplit=1)
    return Span(start, start + len(words[0]) if words else link.span.end - 1)


def _of_target(data: bytes, span: Span) -> list[LinkPartSpan]:
    """The path, and the heading or block, in a target."""
    mark = data.find(b"#", *span)
    if mark < 0:
        return [LinkPartSpan("path", span)]
    is_block = data[mark + 1 : span.end].rpartition(b"#")[2].lstrip().startswith((b"^", b"%5E"))
    path = [LinkPartSpan("path", Span(span.start, mark))] if mark > span.start else []
    return [*path, LinkPartSpan("block" if is_block else "heading", Span(mark, span.end))]
