"""Differences between SPARQL servers."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from kg.rdf.terms import XSD

Line = str
"""A triple as an N-Triples line: cheap to compare and sort, and sent unchanged."""
_DIGITS = 18
_NUMBERS = frozenset(("integer", "decimal", "double", "float", "boolean"))
_LITERAL = re.compile(r'(?P<before>\S+ \S+) "(?P<text>.*)"(?:\^\^<(?P<type>[^>]*)>|@(?P<language>[\w-]+))? \.\Z', re.S)
_DURATIONS = frozenset(("duration", "dayTimeDuration", "yearMonthDuration"))


class Dialect(NamedTuple):
    """The limits of a server."""

    statements: int
    """The maximum number of triples per request."""
    keeps: Callable[[Line], Line]
    """Converts a triple to the form that the server accepts."""


def _as_it_is(line: Line) -> Line:
    return line


def _for_virtuoso(line: Line) -> Line:
    """Replace durations and integers of more than 64 bits by strings, since Virtuoso 7 fails on them."""
    match = _LITERAL.match(line) if '"^^<' in line else None
    if match and (match["type"] or "").startswith(XSD):
        kind = match["type"].removeprefix(XSD)
        if kind in _DURATIONS or (kind == "integer" and len(match["text"]) > _DIGITS):
            return f'{match["before"]} "{match["text"]}" .'
    return line


STANDARD = Dialect(10_000, _as_it_is)
# Virtuoso's compiler runs out of memory at 4,990 triples, however short.
VIRTUOSO = Dialect(2_000, _for_virtuoso)


def canonical(line: Line) -> Line:
    """A triple in canonical form, the same for triples that a server may treat as equal.

    It writes a number by its value and a language tag in lower case.
    """
    match = _LITERAL.match(line)
    if not match:
        return line
    subject, text, kind = match["before"], match["text"], (match["type"] or "").removeprefix(XSD)
    if match["language"]:
        return f'{subject} "{text}"@{match["language"].lower()} .'
    if kind == "boolean":
        text = {"true": "1", "false": "0"}.get(text, text)
    try:
        value = f"{Decimal(text).normalize():f}" if kind in _NUMBERS else text
    except InvalidOperation:
        value = text
    return f'{subject} "{value}"^^{kind or "string"} .'
