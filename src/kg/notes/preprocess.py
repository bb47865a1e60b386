"""Hide comments, drawings and dollars inside links from the Markdown parser."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from kg.core.text import Span
from kg.notes.values import wikilinks

# Tabs may follow a closing fence, too; the parser accepts only spaces.
TAB_AFTER_FENCE = re.compile(rb"(?:`{3,}|~{3,}) *\t[ \t]*\r?$", re.M)
DOLLAR_IN_LINK = re.compile(rb"\[\[[^\[\r\n]*?\$")
# The beginning of a drawing's data, which the Excalidraw plugin keeps in a note, in a comment or not.
_DRAWING = re.compile(rb"^(?:%%[ \t]*\r?\n)?(?:#{1,6}[ \t]+Drawing[ \t]*\r?$|```(?:compressed-)?json\b)", re.M)
OPAQUE_INLINE = {"Code", "InlineMath", "DisplayMath", "InlineHtml", "Html"}
Events = list[tuple[Any, Any]]
"""The library's events: a name or a dict of one key, and a range of bytes."""


def without_drawing(body: bytes) -> bytes:
    """Return a drawing's text before the drawing itself. An unclosed `%%` does not hide the text after it."""
    drawing = _DRAWING.search(body)
    body = body[: drawing.start()] if drawing else body
    marks = [match.start() for match in re.finditer(rb"%%", body)]
    if len(marks) % 2:
        body = b"".join([body[: marks[-1]], b"  ", body[marks[-1] + 2 :]])
    return body


def event_name(value: Any) -> str:
    """Return the name of the element that a Start or End event is about."""
    if isinstance(value, str):
        return value
    for name in value:
        return str(name)
    return ""


def block_comments(events: Events, body: bytes) -> list[Span]:
    """Return the `%%` comments that span several lines; their content is not Markdown."""
    spans: list[Span] = []
    opened = -1
    code = 0
    for event, where in events:
        if not isinstance(event, dict):
            continue
        tag = event.get("Start") or event.get("End")
        if tag is not None and event_name(tag) == "CodeBlock":
            code += 1 if "Start" in event else -1
        if "Text" not in event or (code and opened < 0):
            continue
        for match in re.finditer(rb"%%", body[where["start"] : where["end"]]):
            at = where["start"] + match.start()
            if opened < 0:
                opened = at
            else:
                if re.search(rb"[\r\n]", body[opened:at]):
                    spans.append(Span(opened, at + 2))
                opened = -1
    if opened >= 0 and re.search(rb"[\r\n]", body[opened:].rstrip()):
        spans.append(Span(opened, len(body)))
    return spans


def html_comments(events: Events, body: bytes) -> Iterator[Span]:
    """Yield the HTML comments; the parser says only that they are HTML."""
    for event, where in events:
        if event.__class__ is str:
            continue
        if "InlineHtml" in event or ("Start" in event and event["Start"] == "HtmlBlock"):
            position, end = where["start"], where["end"]
            while (start := body.find(b"<!--", position, end)) >= 0:
                close = body.find(b"-->", start, end)
                position = close + 3 if close >= 0 else end
                yield Span(start, position)


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


def is_opaque(event: Any) -> bool:
    """Whether an event is code, math or HTML."""
    if event.__class__ is str:
        return False
    ((kind, tag),) = event.items()
    return kind in OPAQUE_INLINE or (kind == "Start" and event_name(tag) == "CodeBlock")


def blanked(body: bytes, spans: list[Span]) -> bytes:
    """Return the body with the spans replaced by white space, so that every offset stays."""
    parts, position = [], 0
    for start, end in spans:
        parts += [body[position:start], re.sub(rb"[^\r\n]", b" ", body[start:end])]
        position = end
    return b"".join([*parts, body[position:]])


def moved_out_of(events: Events, hidden: list[Span]) -> Events:
    """Move the ends of events out of blanked spans, where they might split a character of several bytes."""
    starts = [span.start for span in hidden]

    def clear(offset: int) -> int:
        span = hidden[bisect_right(starts, offset) - 1]
        return span.end if span.start < offset < span.end else offset

    return [(event, {"start": clear(where["start"]), "end": clear(where["end"])}) for event, where in events]
