"""The inline syntax of Obsidian and Dataview: tags, inline fields, block ids, task dates, bare URLs.

The functions scan a masked copy of a line: U+FFFC replaces each character of links, code, math and HTML. So nothing
in them is taken for a tag or a bracket, and an index into the copy is an index into the line.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Sequence
from typing import NamedTuple

from kg.notes.model import PRIORITIES

MASK = "\ufffc"

# Obsidian's documented rule (letters, digits, `_`, `-`, `/`, emoji) by the characters that end a tag, as in Dataview.
NOT_IN_TAG = r"\u2000-\u206f\u2e00-\u2e7f'!\"#$%&()*+,.:;<=>?@^`{|}~\[\]\\\s"
"""The characters that end a tag, as in a class of a regular expression."""
_TAG = re.compile(rf"#([^{NOT_IN_TAG}\ufffc]+)")
_BEFORE_TAG = re.compile(r"[\s_]")
_BLOCK_ID = re.compile(r"\^([A-Za-z0-9-]+)\s*\Z")
_NO_BLOCK_ID = re.compile(r"\^(\w[\w.:/+-]{0,98}(?<![.:/+-]))\s*\Z")
_EMOJI = r"\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_LINE_FIELD = re.compile(
    rf"(?:(?![\ufffc\[\](){_EMOJI}])[\W_])*((?:[^\W_]|[{_EMOJI}])[\w /{_EMOJI}\ufe0f\u200d-]{{0,99}}?)[*_~`]*"
    r"\s*::(?!:)\s*(.*)$"
)
_CODE_FIELD = re.compile(r"(`[\w /-]{1,100}`)\s*::(?!:)\s*(.*)$")
_KEY = re.compile(r"\s*[*_~`]*([^\[\]()\ufffc:*~`]{1,100}?)[*_~`]*\s*\Z")
_URL = re.compile(r"(?<![\w/])https?://[^\s<>\[\]{}\"`|\\^\ufffc]+", re.I)
_WIKI_PIPE = re.compile(r"(!?)\[\[(\|[^\[\]\n]{0,1000})\]\]")
_DATES = {
    "\N{CALENDAR}": "due",
    "\N{TEAR-OFF CALENDAR}": "due",
    "\N{SPIRAL CALENDAR PAD}": "due",
    "\N{WHITE HEAVY CHECK MARK}": "completion",
    "\N{CROSS MARK}": "cancelled",
    "\N{HEAVY PLUS SIGN}": "created",
    "\N{AIRPLANE DEPARTURE}": "start",
    "\N{HOURGLASS WITH FLOWING SAND}": "scheduled",
    "\N{HOURGLASS}": "scheduled",
}
_TASK_DATE = re.compile(f"([{''.join(_DATES)}])\ufe0f?\\s*(\\d{{4}}-\\d\\d-\\d\\d)", re.A)
_TASK_KEYS = {
    "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}": "repeat",
    "\N{SQUARED ID}": "id",
    "\N{NO ENTRY}": "dependsOn",
    "\N{CHEQUERED FLAG}": "onCompletion",
}
_TASK_FIELD = re.compile(
    f"([{''.join(PRIORITIES)}])\ufe0f?|"
    "(\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS})\ufe0f?\\s*([A-Za-z0-9][A-Za-z0-9, !]{0,199})|"
    "(\N{SQUARED ID}|\N{CHEQUERED FLAG})\ufe0f?\\s*([A-Za-z0-9_-]{1,100})|"
    "(\N{NO ENTRY})\ufe0f?\\s*([A-Za-z0-9_-]{1,100}(?:\\s*,\\s*[A-Za-z0-9_-]{1,100})*)",
    re.A,
)
_TASK_ID = re.compile(r"[A-Za-z0-9_-]+")
TASK_EMOJI = re.compile(f"[{''.join([*_DATES, *PRIORITIES, *_TASK_KEYS])}]")
_STATUS = re.compile(r"\s*\[([^\]\n])\](?=\s|$)")
_BRACKET = re.compile(r"\\.|[\[\]()]", re.S)
_CLOSERS = {"[": "]", "(": ")"}


class InlineMatch(NamedTuple):
    """A key and value, or a name, with its range of characters in the line; `text` begins at `text_start`."""

    start: int
    end: int
    key: str
    text: str
    text_start: int = 0


class Breaks(NamedTuple):
    """The marks of Markdown in a line, by their offsets from its start: where gaps begin, and where escapes end."""

    gaps: Sequence[int]
    escaped: Container[int]
    """The offsets of characters after a backslash."""
    no_first: bool
    """Whether the mark before the line excludes a tag at its start."""


def tags(masked: str, breaks: Breaks, offset: Callable[[int], int]) -> Iterator[InlineMatch]:
    """Yield the tags of a line: names with at least one character that is not a digit.

    A tag is at the line's start, or after white space, `_`, another tag or a backslash escape. It ends before a mark of
    Markdown. Source: Obsidian 1.13.7, cyanheads/obsidian-mcp-server#138 and #140, and a dump of Obsidian's cache.
    `offset` turns an index into an offset.
    """
    last = -1
    for match in _TAG.finditer(_without_urls(masked), int(breaks.no_first)):
        start, end = match.span()
        at = offset(start)
        if start and start != last and not _BEFORE_TAG.match(masked, start - 1) and at - 1 not in breaks.escaped:
            continue
        gap = bisect_right(breaks.gaps, at)
        if gap < len(breaks.gaps) and breaks.gaps[gap] < offset(end):
            end = start + len(match.group().encode()[: breaks.gaps[gap] - at].decode())
        name = masked[start + 1 : end].strip("/")
        if name and not name.isdecimal():
            last = end
            yield InlineMatch(start, end, "", name)


def _without_urls(masked: str) -> str:
    if "://" not in masked:
        return masked
    return _URL.sub(lambda match: MASK * len(match.group()), masked)


def block_id(masked: str) -> InlineMatch | None:
    """Return the `^id` that ends a line, after white space. An id that is invalid in Obsidian has the key `?`."""
    caret = masked.rfind("^")
    if caret < 0 or (caret and not masked[caret - 1].isspace()):
        return None
    match = _BLOCK_ID.match(masked, caret)
    if match:
        return InlineMatch(max(caret - 1, 0), match.end(), "", match.group(1))
    match = _NO_BLOCK_ID.match(masked, caret)
    return InlineMatch(caret, match.end(1), "?", match.group(1)) if match else None


def status(masked: str) -> InlineMatch | None:
    """Return the status of a task: a list item that begins with any character in brackets."""
    match = _STATUS.match(masked)
    return InlineMatch(match.start(), match.end(), "", match.group(1)) if match else None


def line_field(masked: str, raw: str) -> InlineMatch | None:
    """Return the field of a line that is `Key:: value`; the key may be in code."""
    match = _LINE_FIELD.match(masked)
    if match:
        return InlineMatch(
            match.start(1), len(raw), match.group(1).strip(), raw[match.start(2) :].strip(), match.start(2)
        )
    code = _CODE_FIELD.match(raw)
    if not code or masked[: code.end(1)] != MASK * code.end(1):
        return None
    return InlineMatch(0, len(raw), code.group(1).strip("` "), raw[code.start(2) :].strip(), code.start(2))


def bracket_fields(masked: str, raw: str) -> Iterator[InlineMatch]:
    r"""Yield `[key:: value]` and `(key:: value)`; brackets in the value balance, `\\` escapes the next character."""
    pairs = _pairs(masked)
    position = 0
    while (middle := masked.find("::", position)) >= 0:
        window = max(position, middle - 110)
        start = max(masked.rfind("[", window, middle), masked.rfind("(", window, middle))
        key = _KEY.match(masked[start + 1 : middle]) if start in pairs else None
        position = middle + 2
        if key is None or not key.group(1).strip():
            continue
        end = pairs[start]
        text = raw[middle + 2 : end]
        lead = len(text) - len(text.lstrip())
        yield InlineMatch(start, end + 1, key.group(1).strip(), text.strip(), middle + 2 + lead)
        position = end + 1


def _pairs(masked: str) -> dict[int, int]:
    """Map the index of each opening bracket to that of its closing bracket."""
    pairs: dict[int, int] = {}
    opened: dict[str, list[int]] = {"]": [], ")": []}
    for match in _BRACKET.finditer(masked):
        ch = match.group()
        if ch in _CLOSERS:
            opened[_CLOSERS[ch]].append(match.start())
        elif opened.get(ch):
            pairs[opened[ch].pop()] = match.start()
    return pairs


def task_dates(masked: str) -> Iterator[InlineMatch]:
    """Yield the dates of the Tasks plugin; the key is the field name that Dataview gives each emoji."""
    for match in _TASK_DATE.finditer(masked):
        yield InlineMatch(match.start(), match.end(), _DATES[match.group(1)], match.group(2), match.start(2))


def task_fields(masked: str) -> Iterator[InlineMatch]:
    """Yield the other emoji fields of the Tasks plugin: priority, recurrence, id, dependencies."""
    for match in _TASK_FIELD.finditer(masked):
        if match.group(1):
            yield InlineMatch(match.start(), match.end(), "priority", match.group(1), match.start())
            continue
        emoji = next(n for n in (2, 4, 6) if match.group(n))
        key, text, at = _TASK_KEYS[match.group(emoji)], match.group(emoji + 1).rstrip(), match.start(emoji + 1)
        if key != "dependsOn":
            yield InlineMatch(match.start(), at + len(text), key, text, at)
            continue
        start = match.start()
        for task_id in _TASK_ID.finditer(masked, at, match.end()):
            yield InlineMatch(start, task_id.end(), key, task_id.group(), task_id.start())
            start = task_id.end()


def comments(masked: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of `%%comments%%` that begin and end on the line."""
    marks = [match.start() for match in re.finditer("%%", masked)]
    return ((start, end + 2) for start, end in zip(marks[::2], marks[1::2], strict=False))


def urls(masked: str) -> Iterator[InlineMatch]:
    """Yield the bare web addresses, without the punctuation that ends a sentence."""
    for match in _URL.finditer(masked):
        url = match.group().rstrip(".,;:!?'*_~")
        unopened = url.count(")") - url.count("(")
        while unopened > 0 and url.endswith(")"):
            url, unopened = url[:-1].rstrip(".,;:!?'*_~"), unopened - 1
        yield InlineMatch(match.start(), match.start() + len(url), "", url)


def nameless(masked: str) -> Iterator[InlineMatch]:
    """Yield `[[|alias]]` links: with nothing before the pipe, Obsidian takes the whole text as the target."""
    for match in _WIKI_PIPE.finditer(masked):
        yield InlineMatch(match.start(), match.end(), match.group(1), match.group(2))
