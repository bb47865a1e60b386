"""Charts: where bars and lines are drawn, in pixels. Their colours are those of the page."""

from collections.abc import Sequence
from typing import NamedTuple

from kg.views.analyses import Bar, Growth, Line

WIDTH = 860
_NAMES, _VALUES, _ROW = 250, 64, 26
_LONGEST = 34
_HIGH, _ABOVE, _LEFT = 96, 26, 4
_WIDE = 400


class DrawnBar(NamedTuple):
    """A bar with its name on the left and its value on the right."""

    bar: Bar
    name: str
    """The name, cut if it is long."""
    x: float
    y: float
    wide: float
    high: float


class DrawnLine(NamedTuple):
    """A line with the area under it; `x` and `y` are the corner of its panel."""

    line: Line
    x: float
    y: float
    wide: float
    high: float
    path: str
    area: str


def bars(rows: Sequence[Bar]) -> list[DrawnBar]:
    """Horizontal bars below each other; the longest fills the width."""
    most = max((row.value for row in rows), default=0) or 1
    room = WIDTH - _NAMES - _VALUES
    return [
        DrawnBar(row, _short(row.name), _NAMES, at * _ROW + 3, round(max(2.0, room * row.value / most), 1), _ROW - 7)
        for at, row in enumerate(rows)
    ]


def bars_height(rows: Sequence[Bar]) -> int:
    """The height of the chart of bars."""
    return len(rows) * _ROW


def lines(growth: Growth) -> list[DrawnLine]:
    """A panel for each measure, two in a row: their scales differ."""
    return [_line(line, at, len(growth.dates)) for at, line in enumerate(growth.lines)]


def lines_height(growth: Growth) -> int:
    """The height of all panels."""
    return -(-len(growth.lines) // 2) * (_HIGH + _ABOVE + 30)


def _line(line: Line, at: int, count: int) -> DrawnLine:
    left, top = _LEFT + at % 2 * (WIDTH - _WIDE - 2 * _LEFT), at // 2 * (_HIGH + _ABOVE + 30) + _ABOVE
    most = max(line.values, default=0) or 1
    step = _WIDE / max(1, count - 1)
    points = [f"{left + step * n:.1f},{top + _HIGH - _HIGH * value / most:.1f}" for n, value in enumerate(line.values)]
    if len(points) == 1:
        points.append(f"{left + _WIDE},{points[0].partition(',')[2]}")
    path = "M" + "L".join(points)
    return DrawnLine(line, left, top, _WIDE, _HIGH, path, f"{path}V{top + _HIGH}H{left}Z")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
