"""JSON text that every reader accepts (RFC 8259), whatever numbers the value has."""

import json
import math
from decimal import Decimal

_DIGITS = 4_300
"""The digits of an integer that Python writes, and reads back."""


def json_text(value: object, *, indent: int | str | None = None, separators: tuple[str, str] | None = None) -> str:
    """A value as JSON. A number that JSON or Python cannot write becomes a text, in its XSD lexical form.

    A decimal becomes an integer or the nearest float.
    """
    try:
        return _dumped(value, indent, separators)
    except ValueError:
        return _dumped(_writable(value), indent, separators)


def _dumped(value: object, indent: int | str | None, separators: tuple[str, str] | None) -> str:
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators, default=_plain_decimal
    )


def _plain_decimal(value: object) -> object:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return _decimal(value)


def _decimal(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return _writable_float(float("nan") if value.is_nan() else float(value))
    if value.adjusted() >= _DIGITS:
        return f"{value:f}" if value.adjusted() < 1_000_000 else str(value)
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else f"{value:f}"


def _writable(value: object) -> object:
    """The value with each number that JSON cannot write as a text."""
    if isinstance(value, dict):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if isinstance(value, float):
        return _writable_float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**_DIGITS else f"{Decimal(value):f}"
    return _decimal(value) if isinstance(value, Decimal) else value


def _writable_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"
