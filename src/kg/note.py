"""A note as it was read: frozen values, each with the place it stands at.

A note has properties (its front matter) and an outline of sections; a section has blocks, a block has lines and
blocks inside it, a line has links, tags and inline fields. Spans are byte offsets into the note's `Source`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kg.findings import Finding
from kg.source import Source, Span

_CALLOUT_MARK = re.compile(r"\[![^\]\n]{1,100}\][+-]?[ \t]*")

LinkKind = Literal["wikilink", "markdown", "url", "node"]
"""`node` is a canvas's node that shows a file."""
FieldForm = Literal["line", "bracket", "date", "task"]
BlockKind = Literal["paragraph", "list", "item", "quote", "callout", "table", "code", "footnote", "html", "node"]
"""`node` is a node of a canvas."""
NoteKind = Literal["note", "canvas", "drawing"]
"""A Markdown file, an Obsidian canvas, a drawing of the Excalidraw plugin."""


class Link(NamedTuple):
    """One place that points elsewhere. `target` is path and subpath as written, less escapes."""

    span: Span
    kind: LinkKind
    target: str
    display: str | None = None
    embed: bool = False
    key: str = ""
    """The key path in the front matter (`related.0`), empty in the body."""

    @property
    def path(self) -> str:
        """What stands before the first `#`."""
        return self.target.partition("#")[0].strip()

    @property
    def subpath(self) -> str:
        """What stands after the first `#`."""
        return self.target.partition("#")[2].strip()

    @property
    def text(self) -> str:
        """What a reader sees."""
        return self.display if self.display is not None else self.target.lstrip("#")


class Tag(NamedTuple):
    """A tag, without its `#`."""

    span: Span
    name: str


# The Tasks plugin's emoji of a priority.
PRIORITIES = {
    "\N{UP-POINTING RED TRIANGLE}": "highest",
    "\N{BLACK UP-POINTING DOUBLE TRIANGLE}": "high",
    "\N{UP-POINTING SMALL RED TRIANGLE}": "medium",
    "\N{DOWN-POINTING SMALL RED TRIANGLE}": "low",
    "\N{BLACK DOWN-POINTING DOUBLE TRIANGLE}": "lowest",
}


class Field(NamedTuple):
    """A Dataview inline field; `text` is its value as written, `links` are those in it."""

    span: Span
    key: str
    text: str
    text_span: Span
    links: tuple[Link, ...]
    form: FieldForm
    """`Key:: value` as a whole line, a pair in brackets, an emoji with a date, or another emoji of a task."""


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
    """The pieces less inline fields in brackets and task dates: the line's own words."""
    only_links: bool
    """A link or a row of links and nothing else."""
    opaque: tuple[Span, ...] = ()
    """Where code, math and HTML stand in it."""

    @property
    def text(self) -> str:
        """The line as plain text."""
        return "".join([piece.text for piece in self.pieces]).strip()

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
    """The status character of a task, empty for what is none."""

    def walk(self) -> Iterator["Block"]:
        """This block and all inside it, in order."""
        stack = [self]
        while stack:
            block = stack.pop()
            yield block
            stack.extend(reversed(block.children))

    @property
    def text(self) -> str:
        """The block's prose as plain text; code and raw HTML are none."""
        blocks = (block.lines for block in self.walk() if block.kind not in {"code", "html"})
        text = "\n".join(line.text for lines in blocks for line in lines).strip()
        return _CALLOUT_MARK.sub("", text) if self.kind == "callout" else text


class Section(NamedTuple):
    """A heading with what stands under it; the root, of level 0, has none. `parts` is its heading path."""

    level: int
    parts: tuple[str, ...]
    heading: str
    """As written, without the marks of the heading itself; links keep their brackets, as Obsidian keeps them."""
    title: Line | None
    span: Span
    order: int
    blocks: tuple[Block, ...]
    sections: tuple["Section", ...]

    def walk(self) -> Iterator["Section"]:
        """This section and all below it, in order."""
        stack = [self]
        while stack:
            section = stack.pop()
            yield section
            stack.extend(reversed(section.sections))

    @property
    def text(self) -> str:
        """The section's own prose, without that of the sections below it."""
        return "\n\n".join(filter(None, (block.text for block in self.blocks)))


ValueKind = Literal[
    "text", "integer", "decimal", "double", "boolean", "date", "dateTime", "duration", "null", "list", "map"
]


class Value(NamedTuple):
    """A value of the front matter or of an inline field.

    A list or map has `children`, any other its `text` in canonical form and its `raw` text as written. `link` is the
    link that the whole value is, `links` are all that stand in it.
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


class Edge(NamedTuple):
    """An edge of a canvas, between two of its nodes by their ids."""

    span: Span
    start: str
    end: str
    label: str


@dataclass(frozen=True)
class Note:
    """One Markdown file of a vault, read. `path` is relative to the vault, `/`-separated and NFC."""

    path: str
    digest: str
    source: Source = field(repr=False)
    properties: tuple[Property, ...]
    root: Section
    words: int
    findings: tuple[Finding, ...] = ()
    hidden: tuple[Link, ...] = ()
    """Links in comments of several lines and in HTML comments, which Obsidian does not count."""
    kind: NoteKind = "note"
    edges: tuple[Edge, ...] = ()

    def links(self) -> Iterator[Link]:
        """Every link that counts, front matter first, each once and in order."""
        for value in self.values():
            yield from value.links
        for section in self.root.walk():
            if section.title:
                yield from section.title.links
            for top in section.blocks:
                for block in top.walk() if top.children else (top,):
                    for line in block.lines:
                        yield from line.links

    def values(self) -> Iterator[Value]:
        """Every value of the front matter with those inside it, in order."""
        values = [prop.value for prop in reversed(self.properties)]
        while values:
            value = values.pop()
            yield value
            values += reversed(value.children)

    @property
    def is_template(self) -> bool:
        """Whether its properties are those of a template."""
        return any(finding.code == "P04" for finding in self.findings)

    @property
    def name(self) -> str:
        """The file's name less `.md` or `.canvas`."""
        name = self.path.rpartition("/")[2]
        stem, _, extension = name.rpartition(".")
        return stem if extension.lower() in {"md", "canvas"} else name

    def value_of(self, key: str) -> Value | None:
        """The value of a key, whatever the case it is written in."""
        return next((prop.value for prop in self.properties if prop.key.lower() == key), None)

    @property
    def id(self) -> str | None:
        """The front matter's `id`, which names the entity."""
        value = self.value_of("id")
        return value.raw if value and value.kind not in {"null", "list", "map"} and value.raw else None

    @property
    def title(self) -> str:
        """The front matter's `title`, else the file's name."""
        value = self.value_of("title")
        return value.raw if value and value.kind not in {"null", "list", "map"} and value.raw else self.name
