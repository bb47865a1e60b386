"""The line and column of a hit, and the text around it."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from itertools import islice

from kg.core.text import nfc
from kg.fulltext.database import BEGIN, END

LINE_END = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r"^---[ 	]*$", re.M)
_MARK = re.compile(f"[{BEGIN}{END}]")


def unmarked(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a text without its marks, and the spans that they marked."""
    pieces, spans = [], []
    at = length = begun = 0
    for mark in _MARK.finditer(text):
        pieces.append(text[at : mark.start()])
        length += mark.start() - at
        at = mark.end()
        if mark.group() == BEGIN:
            begun = length
        else:
            spans.append((begun, length))
    return "".join([*pieces, text[at:]]), tuple(spans)


def excerpt(text: str, marks: tuple[tuple[int, int], ...], size: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return at most `size` characters of a line around its first mark, and the marks in them."""
    first = marks[0][0] if marks else 0
    start = 0 if first < size * 2 // 3 or len(text) <= size else first - size // 3
    start += len(text[start:]) - len(text[start:].lstrip())
    end = len(text.rstrip()) if len(text.rstrip()) - start <= size else start + size - 1
    before, after = "…" if text[:start].strip() else "", "…" if text[end:].strip() else ""
    shift = len(before) - start
    kept = tuple((max(a, start) + shift, min(b, end) + shift) for a, b in marks if a < end and b > start)
    return f"{before}{text[start:end]}{after}", kept


def front_matter_length(text: str) -> int:
    """Return the length of the front matter at the start of a note's text; 0 if there is none."""
    fences = list(islice(_FENCE.finditer(text.replace("\r", "\n")), 2)) if text.startswith("---") else []
    return fences[1].end() if len(fences) == 2 and fences[0].start() == 0 else 0


def best_line(text: str, spans: tuple[tuple[int, int], ...], body: int) -> tuple[int, int]:
    """Return the span of the line with the most words. Ties prefer a line of the body, then the first line."""
    ends = list(LINE_END.finditer(text))
    starts = [0, *(end.end() for end in ends)]
    words: dict[int, set[str]] = {}
    for begin, end in spans:
        words.setdefault(bisect_right(starts, begin) - 1, set()).add(text[begin:end].casefold())
    number = max(words, key=lambda line: (len(words[line]), starts[line] >= body, -line), default=0)
    return starts[number], ends[number].start() if number < len(ends) else len(text)


def column_of(raw: str, characters: int) -> int:
    """Return the column, from 1, in a line as it is in the file, after a number of characters of its form C."""
    lengths: Mapping[int, int] = {len(nfc(raw[:length])): length for length in range(min(len(raw), 2_000) + 1)}
    return lengths.get(characters, characters) + 1
