"""The events of the Markdown library: what each is about, and events of a text in which parts were hidden."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from kg.core.text import Span

OPAQUE_INLINE = {"Code", "InlineMath", "DisplayMath", "InlineHtml", "Html"}
INLINE = {"Emphasis", "Strong", "Strikethrough", "Link", "Image"}
LINKS = {"Link", "Image"}
_SHOWING = {"Text", "Code", "InlineMath", "DisplayMath"}
Event = Any
Events = list[tuple[Event, Any]]
"""The library's events: a name or a dict of one key, and a range of bytes."""


def event_name(value: Any) -> str:
    """Return the name of the element that a Start or End event is about."""
    if isinstance(value, str):
        return value
    for name in value:
        return str(name)
    return ""


def is_opaque(event: Event) -> bool:
    """Whether an event is code, math or HTML."""
    kind, tag = _kind_and_value(event)
    return kind in OPAQUE_INLINE or (kind == "Start" and event_name(tag) == "CodeBlock")


def is_inline(event: Event) -> bool:
    """Whether an event is part of a line of text."""
    kind, tag = _kind_and_value(event)
    return kind not in {"Start", "End", "Rule"} or event_name(tag) in INLINE


def without_links(events: Events) -> Iterator[tuple[Event, Any]]:
    """Yield the events outside the links and images among them."""
    depth = 0
    for event, where in events:
        kind, value = _kind_and_value(event)
        is_link = event_name(value) in LINKS
        depth += is_link and kind == "Start"
        if depth == 0:
            yield event, where
        depth -= is_link and kind == "End"


def _kind_and_value(event: Event) -> tuple[str, Any]:
    if isinstance(event, str):
        return event, ""
    ((kind, value),) = event.items()
    return str(kind), value


def moved_out_of(events: Events, hidden: Sequence[Span]) -> Events:
    """Move the ends of events out of blanked spans, where they might split a character of several bytes."""
    starts = [span.start for span in hidden]

    def clear(offset: int) -> int:
        span = hidden[bisect_right(starts, offset) - 1]
        return span.end if span.start < offset < span.end else offset

    return [(event, {"start": clear(where["start"]), "end": clear(where["end"])}) for event, where in events]


def with_html(events: Events, spans: Sequence[Span], body: bytes) -> Iterator[tuple[Event, Any]]:
    """Yield the events with each span of the body, which was hidden in a text, as a separate event of HTML."""
    starts = [span.start for span in spans]
    for event, where in events:
        start, end = where["start"], where["end"]
        inside = spans[bisect_left(starts, start) : bisect_left(starts, end)]
        kind, _ = _kind_and_value(event)
        if not inside or kind not in _SHOWING:
            yield event, where
            continue
        if kind != "Text":
            yield {kind: body[start:end].decode().strip("`$")}, where
            continue
        for span in inside:
            if start < span.start:
                yield {"Text": body[start : span.start].decode()}, {"start": start, "end": span.start}
            yield {"InlineHtml": ""}, span._asdict()
            start = span.end
        if start < end:
            yield {"Text": body[start:end].decode()}, {"start": start, "end": end}


def with_text(events: Events, mark: str, text: str) -> Iterator[tuple[Event, Any]]:
    """Yield the events with a text in place of a mark that hid it."""
    for event, where in events:
        kind, value = _kind_and_value(event)
        if kind in _SHOWING and mark in value:
            yield {kind: value.replace(mark, text)}, where
        elif kind == "Start" and event_name(value) in LINKS:
            ((name, data),) = value.items()
            yield {kind: {name: {**data, "dest_url": data["dest_url"].replace(mark, text)}}}, where
        else:
            yield event, where
