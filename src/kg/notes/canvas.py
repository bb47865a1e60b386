"""An Obsidian canvas as a note (JSON Canvas 1.0): text nodes are Markdown, file nodes are embeds, edges are links.

The texts of the nodes, joined, are the note's source. Each text comes from the JSON, where several characters may
encode one. `CanvasSource` maps offsets back to the JSON, so that a finding has its line and column in the file.
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined] # not in the stubs; the same since Python 2.7
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from kg.core.findings import Finding, of_file
from kg.core.text import Position, Source, Span
from kg.notes.markdown import TextPart, compose
from kg.notes.model import Block, CanvasEdge, Line, Link, Note, Piece

_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]+")
_LINE_END = re.compile(r"\r\n|\n|\r")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9-]{1,200}\Z")


class CanvasError(ValueError):
    """A canvas that cannot be read; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _JsonString(str):
    """A JSON string; `at` is the index after its opening quote, `end` the index of its closing quote."""

    at: int
    end: int


_NOWHERE = _JsonString()
_NOWHERE.at = _NOWHERE.end = 0


class _Decoder(json.JSONDecoder):
    """Python's JSON decoder, in its pure Python form, whose strings know their indexes."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_string = self._placed
        self.scan_once = py_make_scanner(self)

    @staticmethod
    def _placed(text: str, start: int, strict: bool = True) -> tuple[_JsonString, int]:
        value, end = scanstring(text, start, strict)
        placed = _JsonString(value)
        placed.at, placed.end = start, end - 1
        return placed, end


class _Stretch(NamedTuple):
    """A text: its offset in the source, and the range of the JSON's characters that encodes it."""

    start: int
    at: int
    end: int


@dataclass(frozen=True)
class CanvasSource(Source):
    """The texts of a canvas; positions are those in the canvas file."""

    file: Source = field(repr=False)
    stretches: tuple[_Stretch, ...] = field(repr=False)

    def position(self, offset: int) -> Position:
        """Return the line and column in the file of an offset in the texts."""
        if not self.stretches:
            return Position(1, 1)
        number = max(bisect_right(self.stretches, offset, key=lambda entry: entry.start) - 1, 0)
        stretch = self.stretches[number]
        index = stretch.at + self._written[number].length(self._ruler.characters(stretch.start, offset))
        line = bisect_right(self._starts, index)
        return Position(line, index - self._starts[line - 1] + 1)

    @cached_property
    def _starts(self) -> list[int]:
        """The indexes, in characters, at which the lines of the file begin."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.file.text))]

    @cached_property
    def _written(self) -> list["_Written"]:
        return [_Written(self.file.text[stretch.at : stretch.end]) for stretch in self.stretches]


class _Written:
    """A JSON string as written: converts a number of decoded characters to written ones."""

    def __init__(self, raw: str) -> None:
        self.runs: list[tuple[int, int]] = []
        """The numbers of decoded and written characters before each escape and each run without escapes."""
        decoded = 0
        for match in _ESCAPE.finditer(raw) if "\\" in raw else ():
            self.runs.append((decoded, match.start()))
            decoded += 1 if match.group().startswith("\\") else len(match.group())
        self.whole = len(raw)

    def length(self, characters: int) -> int:
        """Return how many written characters encode the first `characters` decoded ones."""
        if not self.runs:
            return min(characters, self.whole)
        decoded, written = self.runs[bisect_right(self.runs, (characters, self.whole)) - 1]
        return min(written + characters - decoded, self.whole)


def parse(path: str, raw: bytes) -> Note:
    """Return the note of a canvas. Raises UndecodableError, and CanvasError if the file is not a canvas."""
    file = Source.decode(raw)
    table = _decoded(path, file)
    nodes = [node for node in _objects(table.get("nodes")) if _node_id(node.get("id")) is not None]
    canvas = _Canvas(file, _block_ids(str(node["id"]) for node in nodes))
    parts = [part for node in nodes for part in canvas.parts(node)]
    edges = tuple([edge for item in _objects(table.get("edges")) for edge in canvas.edges(item)])
    source = canvas.source()
    root = compose(source, parts)
    words = len(re.findall(r"\w+", "\n".join(source.slice(*part.span) for part in parts if part.block is None)))
    return Note(path, hashlib.sha256(raw).hexdigest(), source, (), root, words, kind="canvas", edges=edges)


def _decoded(path: str, file: Source) -> dict[str, Any]:
    if not file.text.strip():
        return {}  # Obsidian creates a new canvas as an empty file
    try:
        table = _Decoder().decode(file.text)
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise CanvasError(of_file(path, "F06", message, error.lineno, error.colno)) from error
    except (RecursionError, ValueError) as error:  # in this order: nested too deep, a number too long
        raise CanvasError(of_file(path, "F06", "not valid JSON: nested too deeply, or a number is too long")) from error
    if not isinstance(table, dict):
        raise CanvasError(of_file(path, "F06", "a canvas must be an object with nodes and edges"))
    return table


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


class _Canvas:
    """Collects the texts of a canvas into one source."""

    def __init__(self, file: Source, ids: Mapping[str, str]) -> None:
        self.file = file
        self.ids = ids
        """The block id of each node, by the node's id."""
        self.texts: list[bytes] = []
        self.stretches: list[_Stretch] = []
        self.length = 0

    def source(self) -> CanvasSource:
        """Return the source that holds all texts."""
        return CanvasSource(b"".join(self.texts), self.file, tuple(self.stretches))

    def _put(self, text: _JsonString) -> Span:
        data = _SURROGATE.sub("\ufffd", text).encode("utf-8")
        span = Span(self.length, self.length + len(data))
        self.texts += [data, b"\n\n"]
        self.stretches.append(_Stretch(span.start, text.at, text.end))
        self.length = span.end + 2
        return span

    def parts(self, node: dict[str, Any]) -> Iterator[TextPart]:
        """Yield the parts of a node."""
        id_ = self.ids[str(node["id"])]
        match node.get("type"):
            case "text" if isinstance(node.get("text"), str):
                yield TextPart(id_, self._put(node["text"]))
            case "file" if isinstance(node.get("file"), str):
                yield self._file(id_, node)
            case "link" if isinstance(node.get("url"), str):
                span = self._put(node["url"])
                yield self._shown(id_, span, Link(span, "url", node["url"].strip(), node["url"].strip()))
            case "group" if isinstance(node.get("label"), str):
                span = self._put(node["label"])
                yield self._shown(id_, span, None, str(node["label"]))

    def _file(self, id_: str, node: dict[str, Any]) -> TextPart:
        span = self._put(node["file"])
        subpath = node.get("subpath") if isinstance(node.get("subpath"), str) else ""
        return self._shown(id_, span, Link(span, "node", f"{node['file']}{subpath}", None, embed=True))

    @staticmethod
    def _shown(id_: str, span: Span, link: Link | None, text: str = "") -> TextPart:
        pieces = (Piece(link.text if link else text, link, span.start),)
        line = Line(span, pieces, (link,) if link else (), (), (), pieces, only_links=link is not None)
        return TextPart(id_, span, Block("node", span, (line,), id=id_))

    def edges(self, edge: dict[str, Any]) -> Iterator[CanvasEdge]:
        """Yield an edge in the direction of its arrow; an edge with two arrows yields two."""
        start, end = (_node_id(edge.get(key)) for key in ("fromNode", "toNode"))
        if start is None or end is None or not {start, end} <= self.ids.keys():
            return
        label = edge.get("label")
        places = (value for value in (label, edge["toNode"], *edge.values()) if isinstance(value, _JsonString))
        span = self._put(next(places, _NOWHERE))
        text = label.strip() if isinstance(label, _JsonString) else ""
        arrows = edge.get("toEnd", "arrow") != "none", edge.get("fromEnd", "none") == "arrow"
        if arrows[0] or not arrows[1]:
            yield CanvasEdge(span, self.ids[start], self.ids[end], text)
        if arrows[1]:
            yield CanvasEdge(span, self.ids[end], self.ids[start], text)


def _node_id(value: object) -> str | None:
    """Return a node's id as text: JSON Canvas asks for a text, and some programs write a number. None is no id."""
    return str(value) if isinstance(value, str) or type(value) is int else None


def _block_ids(node_ids: Iterable[str]) -> dict[str, str]:
    """Return the block id of each node: Obsidian writes hexadecimal digits, other programs anything.

    An id that is valid stays. Of ids that become equal, the second gets a number.
    """
    by_node = dict.fromkeys(node_ids, "")
    taken = Counter(id_ for id_ in by_node if _ID.match(id_))
    for id_ in by_node:
        block_id = id_ if _ID.match(id_) else re.sub(r"[^A-Za-z0-9-]+", "-", id_)[:200] or "-"
        plain = block_id
        while block_id != id_ and block_id in taken:
            taken[plain] += 1
            block_id = f"{plain}-{taken[plain]}"
        taken[block_id] += block_id not in taken
        by_node[id_] = block_id
    return by_node
