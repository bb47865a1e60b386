"""The shape of each class on maps and in pictures: a class has the same shape in every vault.

The classes of kg have their own shapes. Any other class has one of `_OWN`, which only the name of the class determines:
new notes or classes never change it.
"""

from collections.abc import Mapping
from math import cos, pi, sin
from zlib import crc32

SHAPES = (
    *("circle", "square", "diamond", "triangle", "hexagon", "point-down", "bar"),
    *("pentagon", "star", "cross", "saltire", "parallelogram", "trapezium"),
)
"""The names of the shapes; `web/src/shapes.js` draws the same."""
_OWN = SHAPES[SHAPES.index("pentagon") :]
_OF_KG = {
    "concept": "circle",
    "outcome": "diamond",
    "output": "square",
    "resource": "triangle",
    "author": "hexagon",
    "tag": "point-down",
    **dict.fromkeys(("note", "section", "block", "canvas", "attachment", "web page"), "bar"),
    # No note says what a missing thing is, nor what a thing without a class is.
    **dict.fromkeys(("missing", "other"), "circle"),
}


def shape_of(name: str) -> str:
    """The shape of a class with a name in words, like `web page`; one of `SHAPES`."""
    key = name.casefold()
    return _OF_KG.get(key) or _OWN[crc32(key.encode("utf-8", "surrogatepass")) % len(_OWN)]


def _turned(count: int, radii: tuple[float, ...], start: float = 0.0) -> tuple[tuple[float, float], ...]:
    """Corners at equal angles around the middle, clockwise from the top, at these distances in turn."""
    angles = [start + 2 * pi * number / count for number in range(count)]
    return tuple(
        (round(radii[number % len(radii)] * sin(angle), 3), round(-radii[number % len(radii)] * cos(angle), 3))
        for number, angle in enumerate(angles)
    )


_ARM, _REACH = 0.36, 1.05
_CROSS = (
    *((-_ARM, -_REACH), (_ARM, -_REACH), (_ARM, -_ARM), (_REACH, -_ARM), (_REACH, _ARM), (_ARM, _ARM)),
    *((_ARM, _REACH), (-_ARM, _REACH), (-_ARM, _ARM), (-_REACH, _ARM), (-_REACH, -_ARM), (-_ARM, -_ARM)),
)

CORNERS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "square": ((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)),
    "diamond": ((0, -1.22), (1.22, 0), (0, 1.22), (-1.22, 0)),
    "triangle": ((0, -1.2), (1.15, 0.78), (-1.15, 0.78)),
    "hexagon": ((-0.52, -0.9), (0.52, -0.9), (1.04, 0), (0.52, 0.9), (-0.52, 0.9), (-1.04, 0)),
    "point-down": ((0, 1.2), (-1.15, -0.78), (1.15, -0.78)),
    "bar": ((-1.15, -0.62), (1.15, -0.62), (1.15, 0.62), (-1.15, 0.62)),
    "pentagon": _turned(5, (1.08,)),
    "star": _turned(10, (1.3, 0.58)),
    "cross": _CROSS,
    "saltire": tuple((round((x - y) * 0.7071, 3), round((x + y) * 0.7071, 3)) for x, y in _CROSS),
    "parallelogram": ((-0.5, -0.72), (1.2, -0.72), (0.5, 0.72), (-1.2, 0.72)),
    "trapezium": ((-0.5, -0.8), (0.5, -0.8), (1.2, 0.8), (-1.2, 0.8)),
}
"""The corners of each shape except the circle, for a radius of 1: x to the right, y down."""
EXTENT = 1.3
"""No shape extends farther from its middle, across or down, for a radius of 1."""
