"""The options of a picture, and its themes: colours for text, lines and groups on a light or a dark ground."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

TRANSPARENT = "transparent"
NAMED_COLOURS = {
    **{"black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "white": "#ffffff"},
    **{"maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "green": "#008000"},
    **{"lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00", "navy": "#000080", "blue": "#0000ff"},
    **{"teal": "#008080", "aqua": "#00ffff", "orange": "#ffa500"},
}
"""The basic colour keywords of CSS (CSS Color Module Level 4, section 6.1, with `grey` and `orange`)."""
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


@dataclass(frozen=True)
class PictureStyle:
    """The options of a picture; None where the user named none."""

    title: str | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    background: str | None = None
    """`transparent`, or a colour as `#rrggbb`."""
    theme: Literal["light", "dark"] | None = None
    color_by: str | None = None
    """`community`, `class` or the name of a property."""
    layout: Literal["force", "tree"] | None = None
    link_labels: bool | None = None

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
        ground = None if self.is_transparent else self.background
        dark = self.theme == "dark" or (
            self.theme is None and ground is not None and luminance(ground) < _DARKEST_LIGHT
        )
        palette = DARK if dark else LIGHT
        return palette if ground is None else _on(palette, ground)


def _on(palette: Palette, ground: str) -> Palette:
    return Palette(palette.ink, palette.soft, ground, palette.line, palette.rest, palette.groups)


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
