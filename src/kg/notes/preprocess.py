"""Hide what the Markdown parser would misread: comments, drawings, embeds in links, amounts of money."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kg.core.text import Span
from kg.notes import dollars
from kg.notes.events import Events, event_name, moved_out_of, with_html, with_text
from kg.notes.values import WIKILINK_BYTES

# Tabs may follow a closing fence and the row below a table's head, too; the parser accepts only spaces.
TAB_AFTER_MARK = re.compile(rb"(?:`{3,}|~{3,}|[-:|]) *\t[ \t]*\r?$", re.M)
_LINK_END = re.compile(rb"\][(\[]")
# The beginning of a drawing's data, which the Excalidraw plugin keeps in a note, in a comment or not.
_DRAWING = re.compile(rb"^(?:%%[ \t]*\r?\n)?(?:#{1,6}[ \t]+Drawing[ \t]*\r?$|```(?:compressed-)?json\b)", re.M)


class Readable(NamedTuple):
    """The events of a text as Obsidian reads it, and its comments of several lines. `embeds` are HTML in the events."""

    events: Events
    comments: list[Span]
    embeds: list[Span]


def readable(text: bytes, parse: Callable[[bytes], Events]) -> Readable:
    """Parse a text, and parse it again without what the parser misreads."""
    body, events = text, parse(text)
    embeds = _misread_embeds(events, body)
    if embeds:
        body = _filled(body, embeds, b",")
        events = parse(body)
    if b"$" in body and dollars.IN_LINK.search(body):
        body = dollars.without_dollars_in_links(events, body)
        events = parse(body)
    money, mark = (dollars.money(events, body), dollars.mark_for(body)) if b"$" in body else ([], "$")
    if money:
        body = _filled(body, [Span(at, at + 1) for at in money], mark.encode())
        events = parse(body)
    comments = block_comments(events, body) if b"%%" in body else []
    if comments:
        events = moved_out_of(parse(blanked(body, comments)), comments)
    if money:
        events = list(with_text(events, mark, "$"))
    return Readable(list(with_html(events, embeds, text)) if embeds else events, comments, embeds)


def _misread_embeds(events: Events, body: bytes) -> list[Span]:
    """Return the embeds of a text if the parser misreads any: it takes `![[x]]](target)` for an image of the target."""
    spans, misread = [], False
    for event, where in events if b"![[" in body and _LINK_END.search(body) else ():
        tag: Any = event.get("Start", "") if event.__class__ is dict else ""
        embed = WIKILINK_BYTES.match(body, where["start"], where["end"]) if event_name(tag) == "Image" else None
        if embed:
            spans.append(Span(*embed.span()))
            misread |= tag["Image"]["link_type"].__class__ is str
    return spans if misread else []


def _filled(body: bytes, spans: list[Span], mark: bytes) -> bytes:
    """Return the body with each span filled with a character."""
    changed = bytearray(body)
    for start, end in spans:
        changed[start:end] = mark * (end - start)
    return bytes(changed)


def without_drawing(body: bytes) -> bytes:
    """Return a drawing's text before the drawing itself. An unclosed `%%` does not hide the text after it."""
    drawing = _DRAWING.search(body)
    body = body[: drawing.start()] if drawing else body
    marks = [match.start() for match in re.finditer(rb"%%", body)]
    if len(marks) % 2:
        body = b"".join([body[: marks[-1]], b"  ", body[marks[-1] + 2 :]])
    return body


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


def blanked(body: bytes, spans: list[Span]) -> bytes:
    """Return the body with the spans replaced by white space, so that every offset stays."""
    parts, position = [], 0
    for start, end in spans:
        parts += [body[position:start], re.sub(rb"[^\r\n]", b" ", body[start:end])]
        position = end
    return b"".join([*parts, body[position:]])
