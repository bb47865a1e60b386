"""The lines of links in a picture: from rim to rim, with an arrow head, and bent where a pair has several."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from kg.export.shapes import rim
from kg.export.svg_elements import Box, Point, head, written

_BEND = 13.0
"""The distance between the lines of a pair at their middles, in pixels."""
_SMALLEST = 2.5


@dataclass(frozen=True)
class End:
    """A thing at the end of a line."""

    at: Point
    radius: float
    shape: str


@dataclass(frozen=True)
class LinkLine:
    """A line between two things, and its arrow heads."""

    start: Point
    control: Point
    end: Point
    heads: Sequence[Sequence[Point]]

    @property
    def path(self) -> str:
        """The line as the data of a path."""
        straight = abs(_off(self.start, self.end, self.control)) < 0.5
        return written("M", self.start, *(("L",) if straight else ("Q", self.control)), self.end)

    def point(self, share: float) -> Point:
        """The point at a share, 0 to 1, of the line."""
        (x, y), (u, v), (p, q) = self.start, self.control, self.end
        a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
        return a * x + b * u + c * p, a * y + b * v + c * q

    def dots(self, step: float) -> Iterator[Box]:
        """Small boxes along the line, a distance in pixels apart."""
        count = max(1, int(hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]) / step))
        for number in range(count + 1):
            x, y = self.point(number / count)
            yield x - 1, y - 1, x + 1, y + 1


def link_line(source: End, target: End, place: float, *, both: bool, longest: float) -> LinkLine:
    """The line of a link.

    `place` is its distance from the straight line, as a number of lines; `both` draws two heads, each at most `longest`
    pixels long.
    """
    (x, y), (u, v) = source.at, target.at
    far = hypot(u - x, v - y) or 1.0
    bend = min(_BEND, far * 0.22) * place * 2
    control = (x + u) / 2 - (v - y) / far * bend, (y + v) / 2 + (u - x) / far * bend
    start, out = _rim(source, control)
    end, into = _rim(target, control)
    room = hypot(end[0] - start[0], end[1] - start[1])
    length = min(longest, room * (0.4 if both else 0.7))
    heads: list[list[Point]] = []
    if length >= _SMALLEST and (end[0] - start[0]) * (u - x) + (end[1] - start[1]) * (v - y) > 0:
        heads.append(head(end, into, length))
        end = end[0] - into[0] * length * 0.8, end[1] - into[1] * length * 0.8
        if both:
            heads.append(head(start, out, length))
            start = start[0] - out[0] * length * 0.8, start[1] - out[1] * length * 0.8
    return LinkLine(start, control, end, heads)


def places(count: int) -> list[float]:
    """The places of the lines of a pair, around the straight line."""
    return [number - (count - 1) / 2 for number in range(count)]


def _rim(end: End, control: Point) -> tuple[Point, Point]:
    """Where a line from `control` meets the rim of a thing, and its direction there: into the thing."""
    (x, y), (u, v) = end.at, control
    far = hypot(u - x, v - y) or 1.0
    across, down = (u - x) / far, (v - y) / far
    reach = end.radius * rim(end.shape, across, down) + 1
    return (x + across * reach, y + down * reach), (-across, -down)


def _off(start: Point, end: Point, point: Point) -> float:
    """The distance of a point from the line through two points."""
    (x, y), (u, v), (p, q) = start, end, point
    far = hypot(u - x, v - y) or 1.0
    return ((u - x) * (q - y) - (v - y) * (p - x)) / far
