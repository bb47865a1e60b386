"""An Obsidian canvas as a note (JSON Canvas 1.0): its text nodes are Markdown, its file nodes embeds, its edges links.

The texts of the nodes, one after the other, are the note's source. Each lies somewhere in the JSON, where a character
may be written as several: `CanvasSource` knows where, so that a finding has its line and column in the file.
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined] # not in the stubs; the same since Python 2.7
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from kg.findings import Finding, of_file
from kg.note import Block, Edge, Line, Link, Note, Piece
from kg.parse import Part, compose
from kg.source import Position, Source, Span

_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]+")
_LINE_END = re.compile(r"\r\n|\n|\r")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9-]{1,200}\Z")


class CanvasError(ValueError):
    """A canvas that cannot be read; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Text(str):
    """A string of the JSON; `at` is where it begins in it, behind the quote, and `end` where it ends."""

    at: int
    end: int


class _Decoder(json.JSONDecoder):
    """Python's own decoder, in its Python form, whose strings know where they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_string = self._placed
        self.scan_once = py_make_scanner(self)

    @staticmethod
    def _placed(text: str, start: int, strict: bool = True) -> tuple[_Text, int]:
        value, end = scanstring(text, start, strict)
        placed = _Text(value)
        placed.at, placed.end = start, end - 1
        return placed, end


class _Stretch(NamedTuple):
    """A text of the source, and where in the JSON's characters it is written."""

    start: int
    at: int
    end: int


@dataclass(frozen=True)
class CanvasSource(Source):
    """The texts of a canvas; positions are those in its file."""

    file: Source = field(repr=False)
    stretches: tuple[_Stretch, ...] = field(repr=False)

    def position(self, offset: int) -> Position:
        """Line and column in the file of an offset in the texts."""
        if not self.stretches:
            return Position(1, 1)
        number = max(bisect_right(self.stretches, offset, key=lambda one: one.start) - 1, 0)
        stretch = self.stretches[number]
        index = stretch.at + self._written[number].length(self._ruler.characters(stretch.start, offset))
        line = bisect_right(self._starts, index)
        return Position(line, index - self._starts[line - 1] + 1)

    @cached_property
    def _starts(self) -> list[int]:
        """Where the lines of the file begin, in characters."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.file.text))]

    @cached_property
    def _written(self) -> list["_Written"]:
        return [_Written(self.file.text[one.at : one.end]) for one in self.stretches]


class _Written:
    """A JSON string as it is written: how many characters of it so many decoded ones take."""

    def __init__(self, raw: str) -> None:
        self.runs: list[tuple[int, int]] = []
        """Decoded and written characters before each run of characters that stand for themselves, and each escape."""
        decoded = 0
        for match in _ESCAPE.finditer(raw) if "\\" in raw else ():
            self.runs.append((decoded, match.start()))
            decoded += 1 if match.group().startswith("\\") else len(match.group())
        self.whole = len(raw)

    def length(self, characters: int) -> int:
        """How many characters of the string so many decoded ones take."""
        if not self.runs:
            return min(characters, self.whole)
        decoded, written = self.runs[bisect_right(self.runs, (characters, self.whole)) - 1]
        return min(written + characters - decoded, self.whole)


def parse(path: str, raw: bytes) -> Note:
    """The note that a canvas is. Raises UndecodableError, and CanvasError where the file is no canvas."""
    file = Source.decode(raw)
    canvas = _Canvas(file)
    table = _decoded(path, file)
    nodes = [node for node in _objects(table.get("nodes")) if isinstance(node.get("id"), str)]
    parts = [part for node in nodes for part in canvas.parts(node)]
    edges = tuple([edge for one in _objects(table.get("edges")) for edge in canvas.edges(one)])
    source = canvas.source()
    root = compose(source, parts)
    words = len(re.findall(r"\w+", "\n".join(source.slice(*part.span) for part in parts if part.block is None)))
    return Note(path, hashlib.sha256(raw).hexdigest(), source, (), root, words, kind="canvas", edges=edges)


def _decoded(path: str, file: Source) -> dict[str, Any]:
    if not file.text.strip():
        return {}  # as Obsidian makes a new canvas
    try:
        table = _Decoder().decode(file.text)
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise CanvasError(of_file(path, "F06", message, error.lineno, error.colno)) from error
    except (RecursionError, ValueError) as error:  # too deep, or a number too long
        raise CanvasError(of_file(path, "F06", "not valid JSON: nested too deep, or a number too long")) from error
    if not isinstance(table, dict):
        raise CanvasError(of_file(path, "F06", "a canvas must be an object with nodes and edges"))
    return table


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


class _Canvas:
    """The texts of a canvas as they are put one after the other."""

    def __init__(self, file: Source) -> None:
        self.file = file
        self.texts: list[bytes] = []
        self.stretches: list[_Stretch] = []
        self.length = 0

    def source(self) -> CanvasSource:
        """All texts, finished."""
        return CanvasSource(b"".join(self.texts), self.file, tuple(self.stretches))

    def _put(self, text: _Text) -> Span:
        data = _SURROGATE.sub("\ufffd", text).encode("utf-8")
        span = Span(self.length, self.length + len(data))
        self.texts += [data, b"\n\n"]
        self.stretches.append(_Stretch(span.start, text.at, text.end))
        self.length = span.end + 2
        return span

    def parts(self, node: dict[str, Any]) -> Iterator[Part]:
        """What a node shows."""
        match node.get("type"):
            case "text" if isinstance(node.get("text"), str):
                yield Part(_id(node["id"]), self._put(node["text"]))
            case "file" if isinstance(node.get("file"), str):
                yield self._file(node)
            case "link" if isinstance(node.get("url"), str):
                span = self._put(node["url"])
                yield self._shown(node["id"], span, Link(span, "url", node["url"].strip(), node["url"].strip()))
            case "group" if isinstance(node.get("label"), str):
                span = self._put(node["label"])
                yield self._shown(node["id"], span, None, str(node["label"]))

    def _file(self, node: dict[str, Any]) -> Part:
        span = self._put(node["file"])
        subpath = node.get("subpath") if isinstance(node.get("subpath"), str) else ""
        return self._shown(node["id"], span, Link(span, "node", f"{node['file']}{subpath}", None, embed=True))

    @staticmethod
    def _shown(node_id: str, span: Span, link: Link | None, text: str = "") -> Part:
        pieces = (Piece(link.text if link else text, link, span.start),)
        line = Line(span, pieces, (link,) if link else (), (), (), pieces, only_links=link is not None)
        return Part(_id(node_id), span, Block("node", span, (line,), id=_id(node_id)))

    def edges(self, edge: dict[str, Any]) -> Iterator[Edge]:
        """An edge in the direction of its arrow; one with two arrows is two."""
        start, end, label = edge.get("fromNode"), edge.get("toNode"), edge.get("label")
        if not isinstance(start, _Text) or not isinstance(end, _Text):
            return
        span = self._put(label if isinstance(label, _Text) else end)
        text = label.strip() if isinstance(label, _Text) else ""
        arrows = edge.get("toEnd", "arrow") != "none", edge.get("fromEnd", "none") == "arrow"
        if arrows[0] or not arrows[1]:
            yield Edge(span, _id(start), _id(end), text)
        if arrows[1]:
            yield Edge(span, _id(end), _id(start), text)


def _id(node_id: str) -> str:
    """A node's id as a block's: Obsidian writes hexadecimal digits, others anything."""
    return node_id if _ID.match(node_id) else re.sub(r"[^A-Za-z0-9-]+", "-", node_id)[:200] or "-"
