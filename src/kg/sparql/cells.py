"""The values of a column: their kinds, their order, and how they compare with what a user writes."""

import datetime
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.fulltext.folding import folded
from kg.rdf.terms import XSD
from kg.sparql.answer import Term, value

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\Z", re.A)
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:\d\d)?)?\Z", re.A)
_TRUTH = {"yes": "true", "1": "true", "no": "false", "0": "false"}
_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1}

SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""The comparisons of values of the same kind."""


class Key(NamedTuple):
    """The place of a value in the order: numbers, then dates, then texts, which ignore case and accents."""

    kind: int
    amount: Decimal = Decimal(0)
    text: str = ""


NUMBER, DATE, TEXT = range(3)
_KINDS = {NUMBER: "a number", DATE: "a date", TEXT: "a text"}


def key_of(term: Term, name: str) -> Key:
    """The place of a term in the order; `name` is its text."""
    if isinstance(term, ox.Literal):
        python = value(term)
        if isinstance(python, int | float | Decimal) and not isinstance(python, bool):
            amount = Decimal(str(python))
            return Key(TEXT, text="nan") if amount.is_nan() else Key(NUMBER, amount)
        if isinstance(python, datetime.date):
            return Key(DATE, text=_moment(python))
    return key_of_text(name)


def key_of_text(text: str) -> Key:
    """The place of a text in the order: a number or a date if it is written as one."""
    text = text.strip()
    if _NUMBER.match(text):
        return Key(NUMBER, Decimal(text))
    if _DATE.match(text):
        try:
            return Key(DATE, text=_moment(datetime.datetime.fromisoformat(text)))
        except ValueError:
            pass
    return Key(TEXT, text=folded(text).casefold())


def _moment(day: datetime.date) -> str:
    """A date or time as text that sorts; a date begins at midnight, and a time with a zone is in UTC."""
    if not isinstance(day, datetime.datetime):
        return f"{day.isoformat()}T00:00:00"
    if day.tzinfo:
        day = day.astimezone(datetime.UTC).replace(tzinfo=None)
    return day.isoformat()


class Wanted(NamedTuple):
    """A value that a user compares with."""

    text: str

    @property
    def key(self) -> Key:
        """Its place in the order; `today`, `tomorrow` and `yesterday` are dates."""
        days = _DAYS.get(self.text.strip().casefold())
        if days is None:
            return key_of_text(self.plain)
        return Key(DATE, text=_moment(datetime.datetime.now().astimezone().date() + datetime.timedelta(days)))

    @property
    def plain(self) -> str:
        """The text without the brackets of a link and the sign of a tag."""
        text = self.text.strip()
        if text.startswith("[[") and text.endswith("]]"):
            return text[2:-2].partition("|")[0]
        return text.removeprefix("#") if len(text) > 1 else text

    @property
    def kind(self) -> str:
        """What the value is: a number, a date or a text."""
        return _KINDS[self.key.kind]


def compares(term: Term, names: tuple[str, ...], sign: str, wanted: Wanted) -> bool:
    """Whether a term with these names, of which the first is its text, compares so with a value."""
    if sign == "=":
        return _equals(term, names, wanted)
    if sign == "~":
        return any(folded(wanted.plain).casefold() in folded(name).casefold() for name in names[:1])
    key, other = key_of(term, names[0]), wanted.key
    return key.kind == other.kind and SIGNS[sign](key, other)


def _equals(term: Term, names: tuple[str, ...], wanted: Wanted) -> bool:
    text = wanted.plain
    if isinstance(term, ox.Literal) and term.datatype.value == XSD + "boolean":
        return term.value == _TRUTH.get(text.casefold(), text.casefold())
    other = wanted.key
    if isinstance(term, ox.Literal) and other.kind != TEXT:
        key = key_of(term, names[0])
        day = len("2026-01-31") if other.kind == DATE and "T" not in text and ":" not in text else None
        return (key.kind, key.amount, key.text[:day]) == (other.kind, other.amount, other.text[:day])
    return any(key_of_text(name) == key_of_text(text) for name in names)
