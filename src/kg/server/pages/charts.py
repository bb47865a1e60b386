"""Charts: where bars and lines are drawn. Their colours are those of the page."""

from collections.abc import Sequence
from typing import NamedTuple

from kg.views.analyses import Bar, Growth, GrowthLine

WIDTH = 860
_ROW = 38
_WIDEST = 88
"""The width of the longest bar in percent: its value stands beside it."""
_HIGH, _ABOVE, _LEFT = 96, 26, 4
_WIDE = 400


class DrawnBar(NamedTuple):
    """A bar below its name; a page of any width shows it, so its width is in percent."""

    bar: Bar
    y: int
    share: float


class DrawnLine(NamedTuple):
    """A line with the area under it; `x` and `y` are the corner of its panel."""

    line: GrowthLine
    x: float
    y: float
    wide: float
    high: float
    path: str
    area: str


def bars(rows: Sequence[Bar]) -> list[DrawnBar]:
    """Horizontal bars below each other; the longest fills the width."""
    most = max((row.value for row in rows), default=0) or 1
    return [DrawnBar(row, at * _ROW, round(max(0.4, _WIDEST * row.value / most), 1)) for at, row in enumerate(rows)]


def bars_height(rows: Sequence[Bar]) -> int:
    """The height of the chart of bars."""
    return len(rows) * _ROW


def lines(growth: Growth) -> list[DrawnLine]:
    """A panel for each measure, two in a row: their scales differ."""
    return [_line(line, at, len(growth.dates)) for at, line in enumerate(growth.lines)]


def lines_height(growth: Growth) -> int:
    """The height of all panels."""
    return -(-len(growth.lines) // 2) * (_HIGH + _ABOVE + 30)


def _line(line: GrowthLine, at: int, count: int) -> DrawnLine:
    left, top = _LEFT + at % 2 * (WIDTH - _WIDE - 2 * _LEFT), at // 2 * (_HIGH + _ABOVE + 30) + _ABOVE
    most = max(line.values, default=0) or 1
    step = _WIDE / max(1, count - 1)
    points = [f"{left + step * n:.1f},{top + _HIGH - _HIGH * value / most:.1f}" for n, value in enumerate(line.values)]
    if len(points) == 1:
        points.append(f"{left + _WIDE},{points[0].partition(',')[2]}")
    path = "M" + "L".join(points)
    return DrawnLine(line, left, top, _WIDE, _HIGH, path, f"{path}V{top + _HIGH}H{left}Z")
