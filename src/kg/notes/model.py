"""A parsed note: frozen values, each with its position.

A note has properties (its front matter) and an outline of sections. A section has blocks; a block has lines and
nested blocks; a line has links, tags and inline fields. Spans are byte offsets into the note's `Source`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kg.core.findings import Finding
from kg.core.text import Source, Span
from kg.rdf.iris import absolute_id

CALLOUT_MARK = re.compile(r"\[![^\]\n]{1,100}\][+-]?[ \t]*")

LinkKind = Literal["wikilink", "markdown", "url", "node"]
"""`node` is a canvas node that shows a file."""
FieldForm = Literal["line", "bracket", "date", "task"]
BlockKind = Literal[
    "paragraph", "list", "item", "quote", "callout", "table", "code", "footnote", "html", "node", "comment"
]
"""`node` is a node of a canvas, `comment` a `%%` comment of several lines with tags or fields."""
NOT_PROSE: frozenset[BlockKind] = frozenset(("code", "html", "comment"))
NoteKind = Literal["note", "canvas", "drawing"]
"""A Markdown file, an Obsidian canvas, a drawing of the Excalidraw plugin."""


class Link(NamedTuple):
    """A link or embed. `target` is path and subpath as written, without escapes."""

    span: Span
    kind: LinkKind
    target: str
    display: str | None = None
    embed: bool = False
    key: str = ""
    """The key path in the front matter (`related.0`); empty in the body."""

    @property
    def path(self) -> str:
        """The part of the target before the first `#`."""
        return self.target.partition("#")[0].strip()

    @property
    def subpath(self) -> str:
        """The part of the target after the first `#`."""
        return self.target.partition("#")[2].strip()

    @property
    def text(self) -> str:
        """The text that a reader sees."""
        return self.display if self.display is not None else self.target.lstrip("#")


class Tag(NamedTuple):
    """A tag, without its `#`."""

    span: Span
    name: str


# The Tasks plugin's priority emoji.
PRIORITIES = {
    "\N{UP-POINTING RED TRIANGLE}": "highest",
    "\N{BLACK UP-POINTING DOUBLE TRIANGLE}": "high",
    "\N{UP-POINTING SMALL RED TRIANGLE}": "medium",
    "\N{DOWN-POINTING SMALL RED TRIANGLE}": "low",
    "\N{BLACK DOWN-POINTING DOUBLE TRIANGLE}": "lowest",
}


class Field(NamedTuple):
    """A Dataview inline field; `text` is its value as written, `links` are the links in it."""

    span: Span
    key: str
    text: str
    text_span: Span
    links: tuple[Link, ...]
    form: FieldForm
    """A whole line `Key:: value`, a pair in brackets, an emoji with a date, or another emoji of a task."""


class Piece(NamedTuple):
    """A run of plain text, or the text of a link."""

    text: str
    link: Link | None
    start: int


class Line(NamedTuple):
    """One line of a paragraph, heading or table cell, without markup, comments and block id."""

    span: Span
    pieces: tuple[Piece, ...]
    links: tuple[Link, ...]
    tags: tuple[Tag, ...]
    fields: tuple[Field, ...]
    words: tuple[Piece, ...]
    """The pieces without bracketed inline fields and task dates: the line's own words."""
    only_links: bool
    """Whether the line is a link or a row of links and nothing else."""
    opaque: tuple[Span, ...] = ()
    """The spans of code, math and HTML."""

    @property
    def text(self) -> str:
        """The line as plain text."""
        return "".join([piece.text for piece in self.pieces]).strip()

    @property
    def commented(self) -> tuple[Link, ...]:
        """The links in an inline comment: they count, but a reader does not see them."""
        shown = {piece.link for piece in self.pieces}
        return tuple([link for link in self.links if link not in shown])

    @property
    def label(self) -> str:
        """The line's own words as plain text."""
        return "".join([piece.text for piece in self.words]).strip()


class Block(NamedTuple):
    """A paragraph, list, list item, quote, callout, table …; `children` are the blocks inside it."""

    kind: BlockKind
    span: Span
    lines: tuple[Line, ...] = ()
    children: tuple["Block", ...] = ()
    id: str = ""
    task: str = ""
    """The status character of a task; empty if the block is not a task."""

    def walk(self) -> Iterator["Block"]:
        """Yield this block and all nested blocks, in order."""
        stack = [self]
        while stack:
            block = stack.pop()
            yield block
            stack.extend(reversed(block.children))

    @property
    def text(self) -> str:
        """The block's prose as plain text, without code, raw HTML and comments."""
        blocks = (block.lines for block in self.walk() if block.kind not in NOT_PROSE)
        text = "\n".join(line.text for lines in blocks for line in lines).strip()
        return CALLOUT_MARK.sub("", text) if self.kind == "callout" else text


class Section(NamedTuple):
    """A heading with the content under it; the root (level 0) has no heading. `parts` is its heading path."""

    level: int
    parts: tuple[str, ...]
    heading: str
    """The heading as written, without its own marks; links keep their brackets, as in Obsidian."""
    title: Line | None
    span: Span
    order: int
    blocks: tuple[Block, ...]
    sections: tuple["Section", ...]

    def walk(self) -> Iterator["Section"]:
        """Yield this section and all its subsections, in order."""
        stack = [self]
        while stack:
            section = stack.pop()
            yield section
            stack.extend(reversed(section.sections))

    def walk_blocks(self) -> Iterator[Block]:
        """Yield the blocks of this section and all nested blocks, without those of its subsections."""
        for top in self.blocks:
            yield from top.walk() if top.children else (top,)

    @property
    def text(self) -> str:
        """The section's own prose, without that of its subsections."""
        return "\n\n".join(filter(None, (block.text for block in self.blocks)))


ValueKind = Literal[
    "text", "integer", "decimal", "double", "boolean", "date", "dateTime", "duration", "null", "list", "map"
]
NAME_KINDS = frozenset(("text", "date"))
"""The kinds of a value that can be a tag or the name of a class: to Obsidian a date is text that looks like one."""


class Value(NamedTuple):
    """A value of the front matter or of an inline field.

    A list or map has `children`; any other value has its `text` in canonical form and its `raw` text as written. `link`
    is set if the whole value is a link; `links` are all links in it.
    """

    kind: ValueKind
    span: Span
    text: str = ""
    raw: str = ""
    link: Link | None = None
    links: tuple[Link, ...] = ()
    children: tuple["Value", ...] = ()
    keys: tuple[str, ...] = ()


class Property(NamedTuple):
    """A key of the front matter with its value."""

    key: str
    span: Span
    value: Value


class CanvasEdge(NamedTuple):
    """An edge of a canvas; `start` and `end` are the ids of its nodes."""

    span: Span
    start: str
    end: str
    label: str


@dataclass(frozen=True)
class Note:
    """A parsed note of a vault. `path` is relative to the vault, `/`-separated and NFC."""

    path: str
    digest: str
    source: Source = field(repr=False)
    properties: tuple[Property, ...]
    root: Section
    words: int
    findings: tuple[Finding, ...] = ()
    hidden: tuple[Link, ...] = ()
    """Links in multi-line comments and HTML comments, which do not count."""
    kind: NoteKind = "note"
    edges: tuple[CanvasEdge, ...] = ()
    id_property: str = ""
    """The lower-case key whose value identifies the note's entity, if the vault sets one."""
    remarks: tuple[Span, ...] = ()
    """The comments that may be instructions to kg."""

    def links(self) -> Iterator[Link]:
        """Yield every link that counts, each once and in order, front matter first."""
        for value in self.values():
            yield from value.links
        for line in self.lines():
            yield from line.links

    @property
    def commented(self) -> frozenset[Link]:
        """The links in inline comments, which Obsidian counts."""
        lines = self.lines() if b"%%" in self.source.data else ()
        return frozenset(link for line in lines for link in line.commented)

    def lines(self) -> Iterator[Line]:
        """Yield every line of the text in order: headings, and the lines of blocks."""
        for section in self.root.walk():
            if section.title:
                yield section.title
            for block in section.walk_blocks():
                yield from block.lines

    def values(self) -> Iterator[Value]:
        """Yield every value of the front matter, nested values included, in order."""
        values = [prop.value for prop in reversed(self.properties)]
        while values:
            value = values.pop()
            yield value
            values += reversed(value.children)

    @property
    def is_template(self) -> bool:
        """Whether the note's properties are those of a template."""
        return any(finding.code == "P04" for finding in self.findings)

    @property
    def name(self) -> str:
        """The file's name without `.md` or `.canvas`."""
        name = self.path.rpartition("/")[2]
        stem, _, extension = name.rpartition(".")
        return stem if extension.lower() in {"md", "canvas"} else name

    def value_of(self, key: str) -> Value | None:
        """Return the value of a lower-case key, whatever its case in the note."""
        return next((prop.value for prop in self.properties if prop.key.lower() == key), None)

    @property
    def identity(self) -> Value | None:
        """The value that names the entity: that of the vault's `id_property`, else an `id` that is an absolute IRI."""
        named = self._single(self.id_property) if self.id_property else None
        id_ = named or self._single("id")
        return id_ if named or (id_ and absolute_id(id_.raw)) else None

    @property
    def title(self) -> str:
        """The front matter's `title`, else the file's name."""
        value = self._single("title")
        return value.raw if value else self.name

    def _single(self, key: str) -> Value | None:
        """Return the value of a lower-case key if it is a single one."""
        value = self.value_of(key)
        return value if value and value.raw and value.kind not in {"null", "list", "map"} else None
