"""Values as notes write them: YAML 1.2 scalars, ISO 8601 dates, links in text, Dataview's inline values.

Every regular expression has bounded repeats, since anybody may have written the file.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from kg.core.text import Span
from kg.notes.model import PRIORITIES, Field, Link, Value, ValueKind

# Only `]]` on the same line closes a link; of nested links, the inner counts.
WIKILINK = re.compile(r"(!?)\[\[(?!\[)((?:[^\[\]\r\n]|\[(?!\[)|\](?!\])){1,1000})\]\]")
WIKILINK_BYTES = re.compile(rb"!?\[\[(?!\[)(?:[^\[\]\r\n]|\[(?!\[)|\](?!\])){1,1000}\]\]")
_SIZE = re.compile(r"(?:^|\|)[ \t]*\d{1,9}(?:x\d{1,9})?[ \t]*\Z", re.A)
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}\Z")
_BASED = re.compile(r"0o[0-7]{1,100}\Z|0x[0-9a-fA-F]{1,100}\Z")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,200}\.[0-9]{0,200}|\.[0-9]{1,200})\Z")
_DOUBLE = re.compile(r"[-+]?(?:\.[0-9]{1,200}|[0-9]{1,200}(?:\.[0-9]{0,200})?)[eE][-+]?[0-9]{1,4}\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.A)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[-+]\d\d:\d\d)?\Z", re.A)
_MONTH = re.compile(r"\d{4}-\d\d\Z", re.A)
_LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)[ \t]*([A-Za-z]{1,7})(?:[ \t]*,[ \t]*|[ \t]+|(?=\d)|\Z)", re.A)
_UNITS = {
    name: (sort, factor)
    for sort, factor, names in (
        ("months", 12, "year years yr yrs"),
        ("months", 1, "month months mo mos"),
        ("seconds", 604_800, "week weeks wk wks w"),
        ("seconds", 86_400, "day days d"),
        ("seconds", 3600, "hour hours hr hrs h"),
        ("seconds", 60, "minute minutes min mins m"),
        ("seconds", 1, "second seconds sec secs s"),
    )
    for name in names.split()
}
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}
_PART = re.compile(r"""\s*("(?:[^"\\]|\\.){0,1000}"|!?\[\[[^\[\]\n]{1,1000}\]\]|[^,"\[\]]{0,1000})\s*(,|\Z)""")


def wikilink(raw: str, span: Span, *, embed: bool) -> Link | None:
    """Return the link with this text between its brackets; an escaped pipe, which a table needs, is a pipe.

    With nothing before the pipe, Obsidian takes the whole text as the target.
    """
    if "|" not in raw:
        target = raw.strip()
        return Link(span, "wikilink", target, None, embed) if target else None
    text = raw.replace("\\|", "|")
    target, _, display = text.partition("|")
    if not target.strip():
        return Link(span, "wikilink", text.strip(), None, embed)
    return Link(span, "wikilink", target.strip(), shown(display.strip()) or None if embed else display.strip(), embed)


def wikilinks(data: bytes, start: int, end: int) -> Iterator[Link]:
    """Yield the wikilinks between two offsets, whatever surrounds them."""
    for match in WIKILINK_BYTES.finditer(data, start, end):
        embed = match.group().startswith(b"!")
        raw = match.group()[2 + embed : -2].decode("utf-8", "replace")
        link = wikilink(raw, Span(*match.span()), embed=embed)
        if link:
            yield link


def shown(display: str) -> str:
    """Return an embed's display text without the size at its end."""
    return _SIZE.sub("", display)


def scalar(text: str) -> tuple[ValueKind, str]:
    """Return the kind and canonical text of an unquoted scalar: YAML 1.2 core schema, and ISO 8601 dates."""
    if text in _NULLS:
        return "null", ""
    if text in _BOOLEANS:
        return "boolean", _BOOLEANS[text]
    if not (text[0].isascii() and (text[0].isdigit() or text[0] in "-+.")):
        return "text", text
    if _INTEGER.match(text):
        return "integer", str(int(text))
    if _BASED.match(text):
        return "integer", str(int(text, 0))
    if _DECIMAL.match(text):
        return "decimal", decimal(text)
    if _DOUBLE.match(text):
        return "double", repr(float(text)).upper()
    return date_or_text(text)


def decimal(text: str) -> str:
    """Return the canonical form of a decimal, as in XSD: no superfluous zeros, but a digit after the point."""
    plain = format(Decimal(text), "f").rstrip("0").rstrip(".") if "." in text else text
    return "0.0" if plain in {"", "-", "-0"} else plain if "." in plain else f"{plain}.0"


def date_or_text(text: str) -> tuple[ValueKind, str]:
    """Return a date or date-time if the text is a valid one, else plain text."""
    try:
        if _DATE.match(text):
            return "date", date.fromisoformat(text).isoformat()
        if _DATETIME.match(text):
            datetime.fromisoformat(text)
            stamp = text.replace(" ", "T")
            # XSD requires the seconds that Obsidian omits.
            return "dateTime", stamp if stamp[16:17] == ":" else f"{stamp[:16]}:00{stamp[16:]}"
    except ValueError:
        pass
    return "text", text


def duration(text: str) -> str:
    """Return the canonical `xsd:duration` of a text like `6hr 4min`; empty if the text is no duration."""
    if not (text[:1].isdigit() and text[-1:].isalpha()):
        return ""
    totals = {"months": Decimal(0), "seconds": Decimal(0)}
    position = 0
    while position < len(text):
        part = _LENGTH.match(text, position)
        unit = _UNITS.get(part.group(2).lower()) if part else None
        if part is None or unit is None:
            return ""
        totals[unit[0]] += Decimal(part.group(1)) * unit[1]
        position = part.end()
    if totals["months"] % 1:
        return ""
    years, months = divmod(int(totals["months"]), 12)
    hours, minutes = divmod(int(totals["seconds"] // 60), 60)
    days, hours = divmod(hours, 24)
    date_part = "".join([f"{n}{mark}" for n, mark in ((years, "Y"), (months, "M"), (days, "D")) if n])
    clock = ((hours, "H"), (minutes, "M"), (_plain_seconds(totals["seconds"] % 60), "S"))
    time_part = "".join([f"{n}{mark}" for n, mark in clock if n])
    return f"P{date_part}T{time_part}" if time_part else f"P{date_part}" if date_part else "PT0S"


def _plain_seconds(seconds: Decimal) -> str:
    text = format(seconds, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "" if text == "0" else text


def inline_value(field: Field) -> Value:
    """Return the value of an inline field, typed as Dataview types it.

    Numbers, booleans, dates, durations, links, quoted texts and comma-separated lists of these have types; anything
    else is a single text. A task's emoji gives text: a priority by its name, an id as written.
    """
    if field.form == "task":
        return Value("text", field.text_span, PRIORITIES.get(field.text[:1], field.text), field.text)
    whole = next((link for link in field.links if link.span == field.text_span), None)
    parts = _parts(field.text)
    if whole or len(parts) == 1 or duration(field.text):
        return _single_value(field, field.text, field.text_span)
    values = tuple(_single_value(field, text, span) for text, span in _placed(field, parts))
    if any(value.kind == "text" and not value.link and not value.raw.startswith('"') for value in values):
        return Value("text", field.text_span, field.text, field.text, links=field.links)
    return Value("list", field.text_span, children=values)


def _parts(text: str) -> list[tuple[int, int]]:
    """Return the ranges between the commas outside links and quotes; the whole text if it cannot be split."""
    parts, position = [], 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match.end() == position:
            return [(0, len(text))]
        if match.group(1).strip():
            start = match.start(1)
            parts.append((start, start + len(match.group(1).rstrip())))
        position = match.end()
    if len(parts) == 1 and text.endswith(","):
        return [*parts, (len(text), len(text))]
    return parts or [(0, len(text))]


def _placed(field: Field, parts: list[tuple[int, int]]) -> Iterator[tuple[str, Span]]:
    for start, end in parts:
        if end > start:
            at = field.text_span.start + len(field.text[:start].encode("utf-8"))
            yield field.text[start:end], Span(at, at + len(field.text[start:end].encode("utf-8")))


def _single_value(field: Field, text: str, span: Span) -> Value:
    inside = tuple(link for link in field.links if span.start <= link.span.start < span.end)
    whole = inside[0] if inside and inside[0].span == span else None
    if whole or inside:
        return Value("text", span, text, text, whole, inside)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return Value("text", span, re.sub(r"\\(.)", r"\1", text[1:-1]), text)
    if text.lower() in {"true", "false"}:
        return Value("boolean", span, text.lower(), text)
    length = duration(text)
    if length:
        return Value("duration", span, length, text)
    if _MONTH.match(text) and date_or_text(f"{text}-01")[0] == "date":
        return Value("date", span, f"{text}-01", text)  # Dataview reads a month as its first day
    kind, value = scalar(text)
    return Value(kind, span, value, text)
