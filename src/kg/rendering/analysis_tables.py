"""Analysis results as readable tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyoxigraph as ox

from kg.analysis.tables import Table, Value
from kg.core.escaping import printable

_DIGITS_SHOWN = 3
_BAR = 10


def display_table(table: Table) -> Table:
    """The table for display: an entity has a single name, a position is one word, numbers have three digits, and a bar
    shows the main number.
    """
    table = _with_places(table)
    names = table.columns
    kept = [n for n, name in enumerate(names) if not _is_name(name, names)]
    rows = [tuple(_short(row[n]) for n in kept) for row in table.rows]
    columns = tuple(names[n] for n in kept)
    if table.bar is None or not rows:
        return Table(columns, rows, says=table.says, main=table.main)
    values: list[float] = [_number(row[names.index(table.bar)]) for row in table.rows]
    most = max(values)
    bars = [_bar(value / most * _BAR if most > 0 else 0.0) for value in values]
    position = columns.index(table.bar) + 1
    shown = [(*row[:position], bar, *row[position:]) for row, bar in zip(rows, bars, strict=True)]
    return Table((*columns[:position], "bar", *columns[position:]), shown, says=table.says, main=table.main)


_PLACE = ("path", "line", "column")


def _with_places(table: Table) -> Table:
    """Merge path, line and column into a position, as compilers write it."""
    if not set(_PLACE) <= set(table.columns):
        return table
    numbers = [table.columns.index(name) for name in _PLACE]
    columns = ("place" if name == "path" else name for name in table.columns if name not in _PLACE[1:])
    rows = []
    for row in table.rows:
        place = None if row[numbers[0]] is None else ":".join(str(row[n]) for n in numbers)
        rows.append(tuple(place if n == numbers[0] else value for n, value in enumerate(row) if n not in numbers[1:]))
    return Table(tuple(columns), rows, table.bar, table.says)


def _is_name(name: str, names: Sequence[str]) -> bool:
    """Whether a column is the label of the entity in another column."""
    return name == "label" or (name.endswith("_label") and name.removesuffix("_label") in names)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _short(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    return ox.Literal(f"{value:.{_DIGITS_SHOWN}g}")


def _bar(length: float) -> str:
    whole, eighths = divmod(round(max(length, 0.0) * 8), 8)
    return "█" * whole + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths]


_ARROWS = {"out": "→", "in": "←", "both": "↔"}


def path_text(table: Table, name: Callable[[Any], str]) -> str:
    """Paths as text: each entity below its predecessor, with the sentence that links them."""
    lines: list[str] = []
    for fields in table.mappings():
        if fields["step"] == 1:
            lines += ["", name(fields["entity"])]
        lines += _step_lines(fields, fields["to"], "", name)
    return "\n".join(map(printable, lines[1:])) + "\n"


def neighbours_text(table: Table, name: Callable[[Any], str]) -> str:
    """The neighbours of an entity as text, by distance, with the sentence that makes the link."""
    lines: list[str] = []
    for fields in table.mappings():
        via = f"  {_ARROWS['both']} {name(fields['via'])}" if fields["distance"] != 1 else ""
        lines += _step_lines(fields, fields["entity"], via, name)
    return "\n".join(map(printable, lines)) + "\n"


def _step_lines(row: Mapping[str, Value], thing: Value, via: str, name: Callable[[Any], str]) -> list[str]:
    steps = f"{row['distance']} " if via else ""
    link = f"{steps}{_ARROWS[str(row['direction'])]} {name(thing)}  ({name(row['property'])}{via and ', by'}{via[3:]})"
    if row["path"] is None:
        return [link, "    inferred: kg why explains it"]
    return [link, f"    {row['path']}:{row['line']}:{row['column']}  {row['sentence']}"]
