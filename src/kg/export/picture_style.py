"""The options of a picture, and its themes: colours for text, lines and groups on a light or a dark ground."""

import re
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal

from kg.core.errors import KgError

TRANSPARENT = "transparent"
LEAST_SIDE, MOST_SIDE = 100, 10_000
"""The bounds of a requested width or height, in pixels."""
NAMED_COLOURS = {
    **{"black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "white": "#ffffff"},
    **{"maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "green": "#008000"},
    **{"lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00", "navy": "#000080", "blue": "#0000ff"},
    **{"teal": "#008080", "aqua": "#00ffff", "orange": "#ffa500"},
}
"""The basic colour keywords of CSS (CSS Color Module Level 4, section 6.1, with `grey` and `orange`)."""
_HEX, _HEX_SHORT = re.compile(r"#[0-9a-f]{6}"), re.compile(r"#[0-9a-f]{3}")
_DARKEST_LIGHT = 0.19
"""Text on a ground that is darker than this luminance is light: there, both themes have the same contrast."""


@dataclass(frozen=True)
class Palette:
    """The colours of a theme, as `#rrggbb`."""

    ink: str
    soft: str
    """For text that explains."""
    paper: str
    """The ground, or what is probably below a transparent one."""
    line: str
    rest: str
    """For things without a group of their own."""
    groups: tuple[str, ...]
    """For the largest groups; most colour-blind viewers can distinguish them, too."""

    def group(self, number: int) -> str:
        """The colour of a group by its rank; groups beyond the palette, and -1, share one colour."""
        return self.groups[number] if 0 <= number < len(self.groups) else self.rest


LIGHT = Palette(
    *("#1c222b", "#59616e", "#ffffff", "#b3bbc7", "#8a929e"),
    (
        *("#3f6fb5", "#dd7a24", "#3f9155", "#9c5fb5", "#c94f5a"),
        *("#1f97a3", "#a87c1c", "#d0679d", "#6b7f2a", "#7d5f4f"),
    ),
)
DARK = Palette(
    *("#e8ecf2", "#a6b0be", "#15181e", "#5b6576", "#8d97a6"),
    (
        *("#7fa9ea", "#f2a25c", "#74c58c", "#c796dd", "#f0828b"),
        *("#56c5cf", "#d9b350", "#ee9cc4", "#a9be62", "#c19d8a"),
    ),
)


_VALUES = {"theme": ("light", "dark"), "layout": ("force", "tree")}


@dataclass(frozen=True)
class PictureStyle:
    """The options of a picture; None where the user named none."""

    title: str | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    background: str | None = None
    """`transparent`, or a colour: `#rrggbb`, `#rgb` or a basic name; kept as `#rrggbb`."""
    theme: Literal["light", "dark"] | None = None
    color_by: str | None = None
    """`community`, `class` or the name of a property."""
    layout: Literal["force", "tree"] | None = None
    link_labels: bool | None = None

    def __post_init__(self) -> None:
        """Raise KgError for a value that an option does not have."""
        for name, values in _VALUES.items():
            value = getattr(self, name)
            if value is not None and value not in values:
                raise KgError(f"{name} is {' or '.join(values)}, not “{value}”")
        if self.size:
            checked_size(*self.size)
        if self.background is not None:
            object.__setattr__(self, "background", ground(self.background))

    @property
    def given(self) -> list[str]:
        """The names of the options that the user gave."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]

    @property
    def is_transparent(self) -> bool:
        """Whether the picture has no ground of its own."""
        return self.background == TRANSPARENT

    @cached_property
    def palette(self) -> Palette:
        """The colours: of the theme, else of the one that suits the background."""
        own = None if self.is_transparent else self.background
        dark = self.theme == "dark" or (self.theme is None and own is not None and luminance(own) < _DARKEST_LIGHT)
        palette = DARK if dark else LIGHT
        return palette if own is None else replace(palette, paper=own)


def checked_size(wide: int, high: int) -> tuple[int, int]:
    """A width and a height in pixels. Raises KgError if one is out of range."""
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in (wide, high)):
        raise KgError(f"{wide}x{high} is out of range: each side is {LEAST_SIDE} to {MOST_SIDE:,} pixels")
    return wide, high


def ground(text: str) -> str:
    """A colour as `#rrggbb`, or `transparent`. Raises KgError."""
    colour = text.strip().lower()
    colour = NAMED_COLOURS.get(colour, colour)
    if colour == TRANSPARENT or _HEX.fullmatch(colour):
        return colour
    if _HEX_SHORT.fullmatch(colour):
        return "#" + "".join(2 * digit for digit in colour[1:])
    raise KgError(f"“{text}” is not a colour: give one like #1c222b, a basic name like white or navy, or {TRANSPARENT}")


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def luminance(colour: str) -> float:
    """The relative luminance of a colour, 0 to 1: WCAG 2.2, definition of relative luminance."""
    shares = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share, 0 to 1, of another."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(first + (second - first) * share):02x}" for first, second in pairs)
