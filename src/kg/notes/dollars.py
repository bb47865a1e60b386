"""Dollars: which of them begin and end math. The Markdown parser takes more amounts of money for math than Obsidian."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from kg.core.text import Span
from kg.notes.events import Events, is_inline, is_opaque
from kg.notes.values import wikilinks

IN_LINK = re.compile(rb"\[\[[^\[\r\n]*?\$")
_HALF_A_LINK = re.compile(rb"\[\[[^\[\]\r\n]*\Z")
_TOKEN = re.compile(rb"\\[!-/:-@\[-`{-~]|`+|\[\[[^\[\]\r\n]*\]\]|\$+")
_MARKS = b"@;,?/%\x01\x02\x03\x04\x05\x06"
"""Characters that can hide a dollar: they mean nothing in Markdown."""


def mark_for(body: bytes) -> str:
    """Return a character that is not in a text, to hide its dollars; a dollar if the text has all such characters."""
    return next((chr(mark) for mark in _MARKS if mark not in body), "$")


def without_dollars_in_links(events: Events, body: bytes) -> bytes:
    """Return the body with each `$` replaced in wikilinks that are not themselves in code or math.

    The parser would begin math there. Only the target's position is read from this text.
    """
    opaque = [(where["start"], where["end"]) for event, where in events if is_opaque(event)]
    changed = bytearray(body)
    step = covered = 0
    for link in wikilinks(body, 0, len(body)):
        start, end = link.span
        while step < len(opaque) and opaque[step][0] < start:
            covered, step = max(covered, opaque[step][1]), step + 1
        if covered <= start:
            changed[start:end] = body[start:end].replace(b"$", b",")
            while step < len(opaque) and opaque[step][0] < end:
                step += 1  # math that begins inside the link
    return bytes(changed)


def money(events: Events, body: bytes) -> list[int]:
    """Return the offsets of the dollars that neither begin nor end math, where the parser takes one for math.

    A `$` before a digit ends no math (obsidianmd/obsidian-help#1126), nor does a `$` in a wikilink.
    """
    return [offset for text in _misread(events, body) for offset in _dollars(body, text)]


def _misread(events: Events, body: bytes) -> Iterator[Span]:
    """Yield the rest of each text from its first false math on."""
    start = end = -1
    for event, where in [*events, ("Rule", {})]:
        if not is_inline(event):
            if start >= 0:
                yield Span(start, end)
            start = end = -1
            continue
        end = max(end, where["end"])
        if start < 0 and "InlineMath" in event and _is_false(body, where["start"], where["end"]):
            start = where["start"]


def _is_false(body: bytes, start: int, end: int) -> bool:
    return body[end : end + 1].isdigit() or bool(_HALF_A_LINK.search(body, start, end))


def _dollars(body: bytes, text: Span) -> Iterator[int]:
    """Yield the dollars that neither begin nor end math. The next `$` decides whether a `$` begins it."""
    tokens = [(match.start(), match.group()) for match in _TOKEN.finditer(body, *text)]
    steps: dict[bytes, list[int]] = defaultdict(list)
    for step, (_, token) in enumerate(tokens):
        steps[token[:1] if token == b"$" else token].append(step)
    step = 0
    while step < len(tokens):
        at, token = tokens[step]
        same = steps[token]
        later = bisect_right(same, step)
        close = same[later] if later < len(same) else step
        if token == b"$" and (close == step or not _is_math(body, at, tokens[close][0])):
            close = step
            yield at
        elif token.startswith(b"[["):
            yield from (at + n for n, char in enumerate(token) if char == ord("$"))
        step = (close if token.startswith((b"`", b"$")) else step) + 1


def _is_math(body: bytes, opening: int, closing: int) -> bool:
    inner = body[opening + 1 : closing]
    return inner == inner.strip() and not body[closing + 1 : closing + 2].isdigit()
