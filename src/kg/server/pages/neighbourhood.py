"""The small map of a thing: it stands in the middle, and what is linked with it around it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from kg.views.thing import LinkedThing

WIDTH, HEIGHT = 360, 330
_ACROSS, _DOWN = 78, 128
_LONGEST = 15


class Spot(NamedTuple):
    """The place of a neighbour on the small map, in pixels, and the ends of its line."""

    neighbour: LinkedThing
    x: float
    y: float
    from_x: float
    from_y: float
    to_x: float
    to_y: float
    anchor: str
    """Where the label begins: `start`, `middle` or `end`."""
    label_x: float
    label_y: float
    label: str


def spots(neighbours: Sequence[LinkedThing]) -> list[Spot]:
    """The places of the neighbours, evenly around the middle, beginning at the top."""
    return [_spot(row, math.tau * (at + 0.5) / len(neighbours)) for at, row in enumerate(neighbours)]


def _spot(neighbour: LinkedThing, angle: float) -> Spot:
    across, down = math.sin(angle), -math.cos(angle)
    x, y = round(WIDTH / 2 + _ACROSS * across, 1), round(HEIGHT / 2 + _DOWN * down, 1)
    ends = [(WIDTH / 2 + 13 * across, HEIGHT / 2 + 13 * down), (x - 9 * across, y - 9 * down)]
    (from_x, from_y), (to_x, to_y) = ends if neighbour.is_outgoing else reversed(ends)
    anchor = "middle" if abs(across) < 0.25 else "start" if across > 0 else "end"
    label_x = x + (0 if anchor == "middle" else 9 if anchor == "start" else -9)
    label_y = y + (4 if anchor != "middle" else 19 if down > 0 else -10)
    name = neighbour.thing.text
    label = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
    line = round(from_x, 1), round(from_y, 1), round(to_x, 1), round(to_y, 1)
    return Spot(neighbour, x, y, *line, anchor, round(label_x, 1), round(label_y, 1), label)
