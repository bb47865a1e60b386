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
_BOOLEANS = {"true": "1", "false": "0"}
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
        text = _BOOLEANS.get(text, text)
    try:
        value = f"{Decimal(text).normalize():f}" if kind in _NUMBERS else text
    except InvalidOperation:
        value = text
    return f'{subject} "{value}"^^{kind or "string"} .'


def by_value(line: Line) -> Line:
    """A triple with its literal by value, the same for triples that a server may write in one form.

    Other than `canonical`, it ignores the types of numbers, the digits after the twelfth, and the texts of dates: a
    server may round or rewrite them.
    """
    match = _LITERAL.match(line)
    if not match or not (match["type"] or "").startswith(XSD):
        return canonical(line)
    kind = match["type"].removeprefix(XSD)
    if kind == "string":
        return canonical(line)
    try:
        number = float(_BOOLEANS.get(match["text"], match["text"])) if kind in _NUMBERS else None
    except ValueError:
        number = None
    return f"{match['before']} {kind} ." if number is None else f"{match['before']} {number:.12g} ."
