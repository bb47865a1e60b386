"""How what a search finds is written: one row a format."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kg.findings import in_markdown, printable
from kg.retrieval import Found, Hit, excerpt
from kg.terms import in_lines

_LINE, _NARROWEST = 160, 40
Marker = Callable[[str], str]


@dataclass(frozen=True)
class Manner:
    """How hits are written for people: how wide, and what is done to the words that were found."""

    width: int | None = None
    """Of a terminal; None where the lines go elsewhere."""
    place: Marker = str
    word: Marker = str


def _marked(text: str, marks: tuple[tuple[int, int], ...], mark: Marker, plain: Marker) -> str:
    """A text with its marks."""
    parts, at = [], 0
    for begin, end in marks:
        parts += [plain(text[at:begin]), mark(plain(text[begin:end]))]
        at = end
    return "".join([*parts, plain(text[at:])])


def _text(found: Found, manner: Manner) -> str:
    """A line a hit, as compilers write places, so that an editor can jump there."""
    return "".join(f"{_line(hit, manner)}\n" for hit in found.hits)


def _line(hit: Hit, manner: Manner) -> str:
    place = printable(f"{hit.path}:{hit.line}:{hit.column}:")
    size = max(manner.width - len(place) - 1, _NARROWEST) if manner.width else _LINE
    text, marks = excerpt(hit.text, hit.marks, size)
    return f"{manner.place(place)} {_marked(text, marks, manner.word, printable)}".rstrip()


def row(hit: Hit) -> dict[str, Any]:
    """A hit for a program."""
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


def _json(found: Found, manner: Manner) -> str:
    rows = [row(hit) for hit in found.hits]
    near = {word: like or None for word, like in found.near}
    table = {"notes": found.notes, "places": found.places, "hits": rows, "near": near, "stale": list(found.stale)}
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"


def _json_lines(found: Found, manner: Manner) -> str:
    lines = "".join(f"{json.dumps(row(hit), ensure_ascii=False)}\n" for hit in found.hits)
    return in_lines(lines.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _csv(found: Found, manner: Manner) -> str:
    out = io.StringIO()
    names = ["path", "line", "column", "title", "heading", "entity", "score", "context"]
    table = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    table.writerows(row(hit) for hit in found.hits)
    return out.getvalue()


def _markdown(found: Found, manner: Manner) -> str:
    """A list of links into the notes, with the words in bold."""
    return "".join(_items(found))


def _items(found: Found) -> Iterator[str]:
    from urllib.parse import quote

    for hit in found.hits:
        text, marks = excerpt(hit.text, hit.marks, _LINE)
        said = _marked(text, marks, lambda word: f"**{word}**", in_markdown)
        place, file = in_markdown(f"{hit.path}:{hit.line}:{hit.column}"), quote(hit.path, errors="surrogateescape")
        yield f"- [{place}]({file}#L{hit.line}) {said}\n"


FORMATS: Mapping[str, Callable[[Found, Manner], str]] = {
    "text": _text,
    "json": _json,
    "jsonl": _json_lines,
    "csv": _csv,
    "md": _markdown,
}
"""The formats of `kg search`."""


def written(found: Found, format_: str, manner: Manner) -> str:
    """Hits in a format. What is no text in a file's name is escaped, which in JSON is what it was."""
    return FORMATS[format_](found, manner).encode("utf-8", "backslashreplace").decode()
