"""What every picture has around its drawing: the ground, a title, a line of description, and a legend."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree as ET

from kg.core.text import one_line
from kg.export.picture_style import PictureStyle
from kg.export.property_graph import clean
from kg.export.svg_elements import filled, group, mark, straight, text
from kg.export.text_width import FONTS, shortened, width

MARGIN = 30.0
HEAD = 76.0
"""The height of the title and the description."""
_ROW, _ABOVE = 24.0, 30.0
_SIZE = 13
_WIDEST = 300.0
"""The width of the longest meaning, in pixels."""


@dataclass(frozen=True)
class LegendEntry:
    """A mark or line of the legend, with its meaning."""

    kind: Literal["mark", "line"]
    colour: str
    meaning: str
    shape: str = "circle"
    hollow: bool = False
    dashes: str = ""
    """The lengths of the dashes and spaces of a line, as in SVG."""

    @property
    def label(self) -> str:
        """The meaning, shortened."""
        return shortened(one_line(clean(self.meaning)), _WIDEST, _SIZE)

    @property
    def _before(self) -> float:
        """The width of the mark or line."""
        return 16 if self.kind == "mark" else 36

    @property
    def wide(self) -> float:
        """The width of the entry with the space after it, in pixels."""
        return self._before + 6 + width(self.label, _SIZE) + 14

    def draw(self, parent: ET.Element, x: float, y: float, paper: str) -> None:
        """Draw the entry with its left end at `x` and its middle at `y`."""
        if self.kind == "mark":
            mark(parent, self.shape, (x + 8, y), 6.5, filled(self.colour, paper, hollow=self.hollow))
        else:
            dashes = {"stroke_dasharray": self.dashes} if self.dashes else {}
            straight(parent, (x, y), (x + 30, y), stroke=self.colour, stroke_width="2", **dashes)
        text(parent, self.label, x + self._before + 6, y + 4.6, _SIZE)


@dataclass(frozen=True)
class Legend:
    """Groups of entries; each group begins a row."""

    groups: Sequence[Sequence[LegendEntry]] = field(default_factory=tuple)

    def rows(self, wide: float) -> list[list[LegendEntry]]:
        """The entries in rows of a width in pixels."""
        rows: list[list[LegendEntry]] = []
        for entries in self.groups:
            used = wide
            for entry in entries:
                if used + entry.wide > wide:
                    rows.append([])
                    used = 0.0
                rows[-1].append(entry)
                used += entry.wide
        return rows

    def high(self, wide: float) -> float:
        """The height of the legend in a picture of a width; both in pixels."""
        return _ROW * len(self.rows(wide - 2 * MARGIN)) + _ABOVE


@dataclass(frozen=True)
class Frame:
    """A picture's size in its own pixels, its texts and its legend."""

    wide: float
    high: float
    title: str
    description: str
    legend: Legend

    @property
    def bottom(self) -> float:
        """Where the legend begins."""
        return self.high - self.legend.high(self.wide)

    def root(self, style: PictureStyle) -> ET.Element:
        """The picture without its drawing."""
        wide, high = style.size or (round(self.wide), round(self.high))
        palette = style.palette
        root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {self.wide:.0f} {self.high:.0f}",
                "width": str(wide),
                "height": str(high),
                "role": "img",
                "font-family": FONTS,
                "fill": palette.ink,
            },
        )
        ET.SubElement(root, "title").text = self.title
        ET.SubElement(root, "desc").text = self.description
        if not style.is_transparent:
            ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": palette.paper})
        room = self.wide - 2 * MARGIN
        text(root, shortened(self.title, room, 22, bold=True), MARGIN, 36, 22, bold=True)
        text(root, shortened(self.description, room, 13), MARGIN, 58, 13, fill=palette.soft)
        return root

    def draw_legend(self, root: ET.Element, style: PictureStyle) -> None:
        """Draw the legend below everything else."""
        parent = group(root)
        for number, row in enumerate(self.legend.rows(self.wide - 2 * MARGIN)):
            x = MARGIN
            for entry in row:
                entry.draw(parent, x, self.bottom + 22 + number * _ROW, style.palette.paper)
                x += entry.wide
