"""The output formats for search hits: one row per format."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kg.core.escaping import in_markdown, printable
from kg.core.json_text import json_text
from kg.core.text import escape_line_ends
from kg.fulltext.excerpt import excerpt
from kg.fulltext.searcher import Hit, SearchResults

_LINE, _NARROWEST = 160, 40
Marker = Callable[[str], str]


@dataclass(frozen=True)
class HitStyle:
    """The style of hits as text: the width, and the markup of positions and matched words."""

    width: int | None = None
    """The width of the terminal; None if there is no terminal."""
    place: Marker = str
    word: Marker = str


def _marked(text: str, marks: tuple[tuple[int, int], ...], mark: Marker, plain: Marker) -> str:
    """A text with markup at its marks."""
    parts, at = [], 0
    for begin, end in marks:
        parts += [plain(text[at:begin]), mark(plain(text[begin:end]))]
        at = end
    return "".join([*parts, plain(text[at:])])


def _text(results: SearchResults, manner: HitStyle) -> str:
    """Write a line per hit, with its position as compilers write it, so that editors can jump to it."""
    return "".join(f"{_line(hit, manner)}\n" for hit in results.hits)


def _line(hit: Hit, manner: HitStyle) -> str:
    place = printable(f"{hit.path}:{hit.line}:{hit.column}:")
    size = max(manner.width - len(place) - 1, _NARROWEST) if manner.width else _LINE
    text, marks = excerpt(hit.text, hit.marks, size)
    return f"{manner.place(place)} {_marked(text, marks, manner.word, printable)}".rstrip()


def row(hit: Hit) -> dict[str, Any]:
    """A hit as a row of JSON or CSV."""
    text, marks = excerpt(hit.text, hit.marks, _LINE)
    return {
        "path": hit.path,
        "line": hit.line,
        "column": hit.column,
        "title": hit.title,
        "heading": " > ".join(hit.heading),
        "entity": hit.thing,
        "score": round(hit.score, 6),
        "context": text,
        "matches": [list(mark) for mark in marks],
    }


def _json(results: SearchResults, manner: HitStyle) -> str:
    rows = [row(hit) for hit in results.hits]
    near = {word: words or None for word, words in results.near}
    table = {"notes": results.notes, "places": results.places, "hits": rows, "near": near, "stale": list(results.stale)}
    return json_text(table, indent=1) + "\n"


def _json_lines(results: SearchResults, manner: HitStyle) -> str:
    lines = "".join(f"{json_text(row(hit))}\n" for hit in results.hits)
    return escape_line_ends(lines.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _csv(results: SearchResults, manner: HitStyle) -> str:
    out = io.StringIO()
    names = ["path", "line", "column", "title", "heading", "entity", "score", "context"]
    table = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    table.writerows(row(hit) for hit in results.hits)
    return out.getvalue()


def _markdown(results: SearchResults, manner: HitStyle) -> str:
    """Write a list of links into the notes, with the matched words in bold."""
    return "".join(_items(results))


def _items(results: SearchResults) -> Iterator[str]:
    from urllib.parse import quote

    for hit in results.hits:
        text, marks = excerpt(hit.text, hit.marks, _LINE)
        context = _marked(text, marks, lambda word: f"**{word}**", in_markdown)
        place, file = in_markdown(f"{hit.path}:{hit.line}:{hit.column}"), quote(hit.path, errors="surrogateescape")
        yield f"- [{place}]({file}#L{hit.line}) {context}\n"


FORMATS: Mapping[str, Callable[[SearchResults, HitStyle], str]] = {
    "text": _text,
    "json": _json,
    "jsonl": _json_lines,
    "csv": _csv,
    "md": _markdown,
}
"""The formats of `kg search`."""


def render(results: SearchResults, format_: str, manner: HitStyle) -> str:
    """Write hits in a format. Bytes of a file name that are not text are escaped, which JSON decodes again."""
    return FORMATS[format_](results, manner).encode("utf-8", "backslashreplace").decode()
