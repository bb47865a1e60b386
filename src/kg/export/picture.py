"""Export as a picture for a document: nodes, links, labels that do not overlap, and a legend.

Colour shows the community, shape the type, size PageRank; missing notes are hollow. Label widths are estimates, rather
too wide than too narrow, since the viewer's fonts are unknown.
"""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree as ET

from kg.core.errors import KgError
from kg.core.text import one_line
from kg.export.formats import Export, ExportFormat, TooLarge
from kg.export.property_graph import clean
from kg.export.shapes import CORNERS, shape_of
from kg.export.styling import Appearance

if TYPE_CHECKING:
    import numpy as np

    Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]

COLOURS = (
    *("#3f6fb5", "#dd7a24", "#3f9155", "#9c5fb5", "#c94f5a"),
    *("#1f97a3", "#a87c1c", "#d0679d", "#6b7f2a", "#7d5f4f"),
)  # fmt: skip
"""Colours of the largest communities; most colour-blind viewers can distinguish them, too."""
_REST, _INK, _SOFT, _PAPER, _LINE = "#8a929e", "#1c222b", "#59616e", "#ffffff", "#c6ccd6"
_FONTS = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, Liberation Sans, Noto Sans, sans-serif"
_MOST = 5_000
_ALL_NAMED, _NAMED, _ANYWAY = 300, 40, 12
"""A picture of up to `_ALL_NAMED` nodes labels all that have space. A larger one labels `_NAMED`, and these labels may
cover nodes. The first `_ANYWAY` labels always may.
"""
_MARGIN, _HEAD = 60.0, 76.0
_LETTERS, _LINES = 30, 2
_ROW = 24.0
_Box = tuple[float, float, float, float]


def svg(export: Export, out: IO[bytes]) -> None:
    """Write the graph as SVG. Raises TooLarge."""
    out.write(_drawn(export).encode())


def png(export: Export, out: IO[bytes]) -> None:
    """Write the graph as PNG, at twice the size of the SVG. Raises TooLarge, and KgError without resvg or a font."""
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise KgError("PNG needs resvg-py: pip install 'kg-notes[png]', or use svg") from error
    empty, letter = (
        resvg_py.svg_to_bytes(svg_string=ET.tostring(_probe(text), encoding="unicode")) for text in ("", "x")
    )
    if empty == letter:
        raise KgError("PNG needs a font for names, and there is none: install DejaVu Sans, for example, or use svg")
    out.write(resvg_py.svg_to_bytes(svg_string=_drawn(export), zoom=2))


def _probe(text: str) -> ET.Element:
    """An SVG that contains only a text."""
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "width": "20", "height": "20"})
    ET.SubElement(root, "text", {"x": "2", "y": "16", "font-family": _FONTS}).text = text
    return root


def _drawn(export: Export) -> str:
    size = len(export.network)
    if size > _MOST:
        raise TooLarge(
            f"a picture of {size:,} things is unreadable: choose fewer with --only, --links or --around (up to "
            f"{_MOST:,}), or use html"
        )
    root = _Picture(export, Appearance(export.network, export.graph)).root()
    ET.indent(root, "")
    return ET.tostring(root, encoding="unicode") + "\n"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The approximate maximum width of a text in common sans-serif fonts."""
    return sum(map(_advance, text)) * size * (1.1 if bold else 1.0)


def _advance(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in "iIjl.,:;'’|!()[]":
        return 0.4
    if letter in "mwMW@%…—":
        return 1.0
    return 0.74 if letter.isupper() or ord(letter) > 0x2FF else 0.63


@dataclass
class _PlacedName:
    """The lines of a label, with the position of its box."""

    lines: Sequence[str]
    size: int
    bold: bool
    left: float = 0.0
    top: float = 0.0

    @cached_property
    def wide(self) -> float:
        return max(width(line, self.size, bold=self.bold) for line in self.lines)

    @property
    def high(self) -> float:
        return len(self.lines) * self.size * 1.15 + 2

    @property
    def box(self) -> _Box:
        return self.left, self.top, self.left + self.wide, self.top + self.high


@dataclass
class _Picture:
    export: Export
    look: Appearance
    names: list[tuple[int, _PlacedName]] = field(default_factory=list)

    def root(self) -> ET.Element:
        """The whole picture as an SVG element."""
        export = self.export
        things, links = len(export.network), len(export.network.edges)
        root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {self.wide:.0f} {self.high:.0f}",
                "width": f"{self.wide:.0f}",
                "height": f"{self.high:.0f}",
                "role": "img",
                "font-family": _FONTS,
                "fill": _INK,
            },
        )
        description = f"{things:,} thing{'s' * (things != 1)}, {links:,} pair{'s' * (links != 1)} of them linked"
        ET.SubElement(root, "title").text = clean(export.title)
        ET.SubElement(root, "desc").text = description
        ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": _PAPER})
        self._lines(ET.SubElement(root, "g", {"stroke-width": "1.1"}))
        self._things(ET.SubElement(root, "g", {"stroke": _PAPER, "stroke-width": "1.2"}))
        self._place_names()
        self._write_names(root)
        _text(root, clean(export.title), _MARGIN / 2, 36, 22, bold=True)
        _text(root, description, _MARGIN / 2, 58, 13, fill=_SOFT)
        self._legend(ET.SubElement(root, "g"))
        return root

    # ---- positions and sizes ---------------------------------------------------------------------------------------

    @property
    def wide(self) -> float:
        """The picture's width; more nodes need more space."""
        return 1_200.0 if len(self.look.network) <= 100 else 1_700.0 if len(self.look.network) <= 1_000 else 2_400.0

    @property
    def high(self) -> float:
        return round(self.wide * 0.68) + self.legend_high

    @cached_property
    def legend_high(self) -> float:
        return _ROW * len(list(self._rows())) + 30

    @cached_property
    def places(self) -> "Points":
        """The positions of nodes in the picture, stretched slightly to fill it."""
        import numpy as np

        points = np.array(self.look.places, np.float64).reshape(-1, 2)
        if not len(points):
            return points
        space = np.array([self.wide - 2.4 * _MARGIN, self.high - self.legend_high - _HEAD - _MARGIN])
        low, high = points.min(axis=0), points.max(axis=0)
        scale = space / np.maximum(high - low, 1.0)
        scale = np.minimum(scale, min(1.5 * float(scale.min()), 160.0))
        middle = np.array([self.wide / 2, _HEAD + space[1] / 2])
        positions: Points = (points - (low + high) / 2) * scale + middle
        return np.round(positions, 1)

    @cached_property
    def radii(self) -> list[float]:
        """The radius of each node."""
        most = max(self.look.weights, default=1) or 1
        base = min(6.0, max(1.5, 90 / max(len(self.look.network), 1) ** 0.5))
        return [round(base * (0.7 + 1.7 * (weight / most) ** 0.5), 1) for weight in self.look.weights]

    # ---- nodes and links -------------------------------------------------------------------------------------------

    def _colour(self, number: int) -> str:
        return _colour(self.look.partition.part_of[number])

    def _lines(self, group: ET.Element) -> None:
        part_of = self.look.partition.part_of
        for source, target in self.export.network.edges:
            (x, y), (u, v) = self.places[source], self.places[target]
            same = part_of[source] == part_of[target] and part_of[source] < len(COLOURS)
            style = {"stroke": self._colour(source), "stroke-opacity": "0.5"} if same else {"stroke": _LINE}
            ET.SubElement(group, "line", {"x1": f"{x}", "y1": f"{y}", "x2": f"{u}", "y2": f"{v}", **style})

    def _things(self, group: ET.Element) -> None:
        missing = self.export.network.missing
        for number in reversed(self.look.by_weight):
            x, y = self.places[number]
            shape = self.look.shapes[self.look.types.places[number]]
            mark = _mark(group, shape, x, y, self.radii[number], self._colour(number), hollow=number in missing)
            ET.SubElement(mark, "title").text = one_line(self.look.graph.nodes[number].label)

    # ---- labels ----------------------------------------------------------------------------------------------------

    def _place_names(self) -> None:
        """Place labels, the most central nodes first; drop a label that would cover another label or a node."""
        import numpy as np

        size = len(self.look.network)
        parts = self.look.partition
        centres = [parts.centre(rank) for rank, part in enumerate(parts.parts[: len(COLOURS)]) if len(part) > 1]
        order = list(dict.fromkeys((*self.look.by_weight[:_ANYWAY], *centres, *self.look.by_weight)))
        labelled = order if size <= _ALL_NAMED else order[:_NAMED]
        things = np.array([(x - r, y - r, x + r, y + r) for (x, y), r in zip(self.places, self.radii, strict=True)])
        for rank, number in enumerate(labelled):
            name = self._name(number)
            candidates = list(self._tries(number, name))
            free_box = next((box for box in candidates if self._free(box, things)), None)
            if free_box is None and (rank < _ANYWAY or size > _ALL_NAMED):
                free_box = next((box for box in candidates if self._free(box, None)), None)
            if free_box is not None:
                name.left, name.top = free_box[:2]
                self.names.append((number, name))

    def _name(self, number: int) -> _PlacedName:
        lines = textwrap.wrap(one_line(self.look.graph.nodes[number].label), _LETTERS) or [""]
        if len(lines) > _LINES:
            lines = [*lines[: _LINES - 1], lines[_LINES - 1][: _LETTERS - 1] + "…"]
        size = round(min(15.0, max(11.0, 8 + self.radii[number] * 0.55)))
        return _PlacedName(lines, size, bold=size > 13)

    def _tries(self, number: int, name: _PlacedName) -> Iterator[_Box]:
        """The candidate boxes for a node's label beside it, the best first."""
        x, y = self.places[number]
        gap = self.radii[number] * 1.15 + 3
        wide, high = name.wide, name.high
        for left, top in (
            *((x + gap, y - high / 2), (x - gap - wide, y - high / 2)),
            *((x - wide / 2, y - gap - high), (x - wide / 2, y + gap)),
            *((x + gap * 0.7, y - gap * 0.7 - high), (x + gap * 0.7, y + gap * 0.7)),
            *((x - gap * 0.7 - wide, y - gap * 0.7 - high), (x - gap * 0.7 - wide, y + gap * 0.7)),
        ):
            yield float(left), float(top), float(left + wide), float(top + high)

    def _free(self, box: _Box, things: "Points | None") -> bool:
        left, top, right, bottom = box
        if left < 6 or right > self.wide - 6 or top < _HEAD - 10 or bottom > self.high - self.legend_high:
            return False
        if any(_meet(box, name.box) for _, name in self.names):
            return False
        if things is None:
            return True
        over = (things[:, 0] < right) & (things[:, 2] > left) & (things[:, 1] < bottom) & (things[:, 3] > top)
        return not bool(over.any())

    def _write_names(self, root: ET.Element) -> None:
        halo = {"stroke": _PAPER, "stroke-width": "3.5", "stroke-linejoin": "round", "stroke-opacity": "0.85"}
        behind = ET.SubElement(root, "g", {"aria-hidden": "true", **halo})
        front = ET.SubElement(root, "g")
        for number, name in self.names:
            x = float(self.places[number][0])
            anchor, at = ("start", name.left) if name.left > x else ("end", name.left + name.wide)
            if name.left <= x <= name.left + name.wide:
                anchor, at = "middle", name.left + name.wide / 2
            for row, line in enumerate(name.lines):
                y = name.top + name.size * (0.95 + 1.15 * row)
                for group in (behind, front):
                    _text(group, line, at, y, name.size, bold=name.bold, anchor=anchor)

    # ---- the legend ------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[list[tuple[str, str, str, bool]]]:
        """The rows of the legend; an entry is a shape, a colour, its meaning, and whether the shape is hollow."""
        missing = "missing" if self.export.network.missing else ""
        types = [(shape_of(name), _SOFT, name, name == missing) for name in self.look.types.names]
        parts = self.look.partition.parts[: len(COLOURS)]
        groups = [
            ("circle", _colour(index), f"around {_short(self.look.community(index))}", False)
            for index, part in enumerate(parts)
            if len(part) > 1
        ]
        for entries in (types, groups):
            row: list[tuple[str, str, str, bool]] = []
            used = 0.0
            for entry in entries:
                step = _step(entry[2])
                if row and used + step > self.wide - _MARGIN:
                    yield row
                    row, used = [], 0.0
                row.append(entry)
                used += step
            if row:
                yield row

    def _legend(self, group: ET.Element) -> None:
        for index, row in enumerate(self._rows()):
            x, y = _MARGIN / 2 + 8, self.high - self.legend_high + 22 + index * _ROW
            for shape, colour, text, hollow in row:
                _mark(group, shape, x, y, 6.5, colour, hollow=hollow)
                _text(group, text, x + 14, y + 4.6, 13)
                x += _step(text)


def _step(text: str) -> float:
    return 40 + 0.9 * width(text, 13)


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _meet(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _colour(community: int) -> str:
    return COLOURS[community] if community < len(COLOURS) else _REST


def _text(
    group: ET.Element, text: str, x: float, y: float, size: int, *, bold: bool = False, anchor: str = "", fill: str = ""
) -> None:
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": str(size)}
    attributes |= {"font-weight": "600"} if bold else {}
    attributes |= {"text-anchor": anchor} if anchor not in {"", "start"} else {}
    attributes |= {"fill": fill} if fill else {}
    ET.SubElement(group, "text", attributes).text = text


def _mark(group: ET.Element, shape: str, x: float, y: float, radius: float, colour: str, *, hollow: bool) -> ET.Element:
    """Draw a node: the shape of its type in a colour."""
    style = {"fill": _PAPER, "stroke": colour, "stroke-width": "2"} if hollow else {"fill": colour}
    if shape == "circle":
        return ET.SubElement(group, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius}", **style})
    points = " ".join(f"{x + radius * across:.1f},{y + radius * down:.1f}" for across, down in CORNERS[shape])
    return ET.SubElement(group, "polygon", {"points": points, **style})


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat("svg", "image/svg+xml", "svg", "a picture for a document, that can be scaled", svg),
    ExportFormat("png", "image/png", "png", "a picture for a document, in pixels (pip install 'kg-notes[png]')", png),
)
