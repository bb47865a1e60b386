"""Places for labels in a picture: no label covers a thing or another label.

A label stands beside its thing, else farther away with a thin line to it (Christensen, Marks and Shieber, An empirical
study of algorithms for point-feature label placement, 1995, call the order greedy: the most important labels choose
first). A label without a place is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, hypot, pi, sin

from kg.export.svg_elements import Box, Point
from kg.export.text_width import width

_CELL = 48
_FAR = (14.0, 26.0, 42.0, 64.0, 92.0, 128.0, 172.0, 226.0, 290.0, 370.0, 460.0)
"""The distances of labels with a line, in pixels."""
_ANGLES = 20
_STEP = 3.0


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@dataclass
class PlacedLabel:
    """The lines of a label, with the position of its box."""

    lines: Sequence[str]
    size: int
    bold: bool = False
    left: float = 0.0
    top: float = 0.0
    leader: tuple[Point, Point] | None = None
    """The line from the thing to a label that is not beside it."""

    @cached_property
    def wide(self) -> float:
        """The width of the box."""
        return max(width(line, self.size, bold=self.bold) for line in self.lines)

    @property
    def high(self) -> float:
        """The height of the box."""
        return len(self.lines) * self.size * 1.15 + 2

    @property
    def box(self) -> Box:
        """The box that the label covers."""
        return self.left, self.top, self.left + self.wide, self.top + self.high

    def move(self, box: Box) -> None:
        """Put the label at a box of its size."""
        self.left, self.top = box[:2]


class Space:
    """The space of a picture: bounds, the boxes that things and labels occupy, and those to avoid if possible."""

    def __init__(self, bounds: Box, boxes: Iterable[Box] = (), avoided: Iterable[Box] = ()) -> None:
        self.bounds = bounds
        self._cells: dict[tuple[int, int], list[Box]] = {}
        self._avoided: dict[tuple[int, int], list[Box]] = {}
        self._labels: list[Box] = []
        for box in boxes:
            self.take(box)
        for box in avoided:
            for cell in _cells(box):
                self._avoided.setdefault(cell, []).append(box)

    def take(self, box: Box) -> None:
        """Occupy a box."""
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append(box)

    def is_free(self, box: Box) -> bool:
        """Whether a box is within the bounds and overlaps no occupied box."""
        left, top, right, bottom = self.bounds
        if box[0] < left or box[1] < top or box[2] > right or box[3] > bottom:
            return False
        return not any(meet(box, other) for cell in _cells(box) for other in self._cells.get(cell, ()))

    def place(self, label: PlacedLabel, own: Box, *, far: float = 0.0, must: bool = False) -> bool:
        """Place a label for a thing that occupies the box `own`, beside it or up to `far` pixels away.

        If the picture `must` name the thing, its line may also pass below other labels.
        """
        free = [box for box in _beside(label, own) if self.is_free(box)]
        if free:
            # An earlier place is better, but not one over lines.
            costs = [self._covered(box) + 0.4 * rank for rank, box in enumerate(free)]
            self._put(label, free[costs.index(min(costs))])
            return True
        return far > 0 and self._place_far(label, own, far, must=must)

    def _covered(self, box: Box) -> int:
        """How many boxes to avoid a box overlaps."""
        return sum(meet(box, other) for cell in _cells(box) for other in self._avoided.get(cell, ()))

    def _put(self, label: PlacedLabel, box: Box) -> None:
        label.move(box)
        self.take(box)
        self._labels.append(box)

    def _place_far(self, label: PlacedLabel, own: Box, far: float, *, must: bool) -> bool:
        """Place a label with a line to it. A line that crosses nothing is best, one that crosses things is second."""
        second: tuple[Box, tuple[Point, Point]] | None = None
        last: tuple[Box, tuple[Point, Point]] | None = None
        for box in filter(self.is_free, _around(label, own, far)):
            leader = _leader(own, box)
            dots = [dot for dot in _dots(leader) if not meet(dot, own)]
            if all(map(self.is_free, dots)):
                self._lead(label, box, leader)
                return True
            if second is None and not any(meet(dot, other) for dot in dots for other in self._labels):
                second = box, leader
            last = last or (box, leader)
        chosen = second or (last if must else None)
        if chosen:
            self._lead(label, *chosen)
        return chosen is not None

    def _lead(self, label: PlacedLabel, box: Box, leader: tuple[Point, Point]) -> None:
        self._put(label, box)
        label.leader = leader
        for dot in _dots(leader):
            self.take(dot)


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for x in range(int(box[0] // _CELL), int(box[2] // _CELL) + 1):
        for y in range(int(box[1] // _CELL), int(box[3] // _CELL) + 1):
            yield x, y


def _beside(label: PlacedLabel, own: Box) -> Iterator[Box]:
    """The boxes beside a thing, the best first."""
    left, top, right, bottom = own
    x, y = (left + right) / 2, (top + bottom) / 2
    wide, high, gap = label.wide, label.high, 3.0
    for at, down in (
        *((right + gap, y - high / 2), (left - gap - wide, y - high / 2)),
        *((x - wide / 2, top - gap - high), (x - wide / 2, bottom + gap)),
        *((right, top - high), (right, bottom), (left - wide, top - high), (left - wide, bottom)),
        *((right + gap, y - high * 0.85), (right + gap, y - high * 0.15)),
        *((left - gap - wide, y - high * 0.85), (left - gap - wide, y - high * 0.15)),
        *((x - wide * 0.25, top - gap - high), (x - wide * 0.75, top - gap - high)),
        *((x - wide * 0.25, bottom + gap), (x - wide * 0.75, bottom + gap)),
    ):
        yield at, down, at + wide, down + high


def _around(label: PlacedLabel, own: Box, far: float) -> Iterator[Box]:
    """The boxes up to `far` pixels from a thing, the nearest first."""
    left, top, right, bottom = own
    x, y = (left + right) / 2, (top + bottom) / 2
    reach = max(right - left, bottom - top) / 2
    for distance in (distance for distance in _FAR if distance <= far):
        for turn in range(_ANGLES):
            # To the right first, then alternating up and down to the left.
            angle = pi * ((turn + 1) // 2) * (1 if turn % 2 else -1) * 2 / _ANGLES
            across, down = cos(angle), sin(angle)
            middle = x + across * (reach + distance + label.wide / 2), y + down * (reach + distance + label.high / 2)
            at, upper = middle[0] - label.wide / 2, middle[1] - label.high / 2
            yield at, upper, at + label.wide, upper + label.high


def _leader(own: Box, box: Box) -> tuple[Point, Point]:
    """The line from the rim of a thing to the nearest point of its label."""
    x, y = (own[0] + own[2]) / 2, (own[1] + own[3]) / 2
    end = min(max(x, box[0]), box[2]), min(max(y, box[1] + 2), box[3] - 2)
    length = hypot(end[0] - x, end[1] - y) or 1.0
    reach = max(own[2] - own[0], own[3] - own[1]) / 2
    share = min(1.0, reach / length)
    return (x + (end[0] - x) * share, y + (end[1] - y) * share), end


def _dots(leader: tuple[Point, Point]) -> Iterator[Box]:
    """Small boxes along a line, without its ends."""
    (x, y), (u, v) = leader
    length = hypot(u - x, v - y)
    for number in range(1, int((length - 2) // _STEP)):
        share = (1 + number * _STEP) / length
        across, down = x + (u - x) * share, y + (v - y) * share
        yield across - 1, down - 1, across + 1, down + 1
