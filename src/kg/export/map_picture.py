"""The picture of a network: linked things near each other, size by PageRank, shape by class, hollow if missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kg.core.text import one_line
from kg.export.colouring import CLASS, COMMUNITY, Colouring, colouring
from kg.export.formats import Export
from kg.export.label_placement import PlacedLabel, Space
from kg.export.link_lines import End, LinkLine, link_line, places
from kg.export.link_relations import DrawnLink, drawn_links, relations
from kg.export.picture_frame import HEAD, MARGIN, Frame, Legend, LegendEntry
from kg.export.picture_style import Palette, PictureStyle, mixed
from kg.export.property_graph import clean
from kg.export.shapes import extent
from kg.export.styling import Appearance, words
from kg.export.svg_elements import Box, filled, group, mark, polygon, straight, text
from kg.export.text_width import wrapped

if TYPE_CHECKING:
    import numpy as np

    Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]

_ALL_NAMED = 300
"""Every thing of a picture of up to so many has a label if there is space."""
_LED = 40
"""So many labels may be away from their things, with a line to them, in a picture of more things."""
_FEW_LINKS = 60
"""A picture of up to so many links shows their names."""
_FAR, _NEAR = 460.0, 92.0
"""The length of the line to a label, in pixels: of the most central things, and of others."""
_MANY = 1_000
"""A picture of more things is larger, and so are its labels."""
_CENTRAL = 12
"""So many of the most central things are named wherever there is space."""
_LETTERS, _LINES = 30, 2
_EVENED = 150
"""A picture of more things than this is stretched where they crowd."""
_MANY_LINKS = 1_000
_SHORTEST, _NARROWEST = 420.0, 480.0
_ASIDE = 30.0


@dataclass
class MapPicture:
    """A picture of a network; `labels` are those that have a place, by the numbers of things."""

    export: Export
    look: Appearance
    style: PictureStyle
    labels: dict[int, PlacedLabel] = field(default_factory=dict)
    link_labels: list[PlacedLabel] = field(default_factory=list)

    def root(self) -> ET.Element:
        """The picture as an SVG element."""
        root = self.frame.root(self.style)
        self._draw_links(root)
        things = group(root, stroke=self.palette.paper, stroke_width="1.2")
        for number in reversed(self.look.by_weight):
            self._draw_thing(things, number)
        self._place_labels()
        self._write_labels(root)
        self.frame.draw_legend(root, self.style)
        return root

    @property
    def palette(self) -> Palette:
        """The colours of the picture."""
        return self.style.palette

    # ---- positions and sizes ---------------------------------------------------------------------------------------

    @cached_property
    def frame(self) -> Frame:
        """The size of the picture: more nodes need more space. Its own pixels are scaled to a requested size."""
        size = len(self.look.network)
        wide = 900.0 if size <= 15 else 1_200.0 if size <= 100 else 1_700.0 if size <= _MANY else 2_400.0
        if self.style.size is None:
            return self._framed(wide, round(wide * 0.68) + self._legend.high(wide))
        ratio = self.style.size[1] / self.style.size[0]
        wide = max((wide * wide * 0.68 / ratio) ** 0.5, _NARROWEST)
        # A wide and low picture has space for its drawing above the legend.
        while wide * ratio < HEAD + _SHORTEST + self._legend.high(wide):
            wide *= 1.1
        return self._framed(wide, wide * ratio)

    def _framed(self, wide: float, high: float) -> Frame:
        things, links = len(self.export.network), len(self.export.network.edges)
        description = f"{things:,} thing{'s' * (things != 1)}, {links:,} pair{'s' * (links != 1)} of them linked"
        return Frame(wide, high, clean(self.export.title), description, self._legend)

    @cached_property
    def places(self) -> "Points":
        """The positions of nodes in the picture, stretched slightly to fill it."""
        import numpy as np

        points = np.array(self.look.places, np.float64).reshape(-1, 2)
        if not len(points):
            return points
        frame = self.frame
        room = np.array([frame.wide - 2 * (MARGIN + _ASIDE), frame.bottom - HEAD - 2 * _ASIDE])
        points = _evened(points)
        low, high = points.min(axis=0), points.max(axis=0)
        scale = room / np.maximum(high - low, 1.0)
        scale = np.minimum(scale, min(1.5 * float(scale.min()), 160.0))
        middle = np.array([frame.wide / 2, (HEAD + frame.bottom) / 2])
        positions: Points = (points - (low + high) / 2) * scale + middle
        return np.round(positions, 1)

    @cached_property
    def radii(self) -> list[float]:
        """The radius of each node."""
        most = max(self.look.weights, default=1) or 1
        base = min(6.0, max(1.5, 90 / max(len(self.look.network), 1) ** 0.5))
        return [round(base * (0.7 + 1.7 * (weight / most) ** 0.5), 1) for weight in self.look.weights]

    @cached_property
    def boxes(self) -> list[Box]:
        """The box that each node covers, with its rim."""
        boxes = []
        for number, ((x, y), radius) in enumerate(zip(self.places.tolist(), self.radii, strict=True)):
            left, top, right, bottom = (side * radius for side in extent(self._shape(number)))
            boxes.append((x + left - 1, y + top - 1, x + right + 1, y + bottom + 1))
        return boxes

    def _shape(self, number: int) -> str:
        return self.look.shapes[self.look.types.places[number]]

    # ---- nodes and links -------------------------------------------------------------------------------------------

    @cached_property
    def _colours(self) -> Colouring:
        return colouring(self.look, self.style.color_by or COMMUNITY)

    def _draw_thing(self, parent: ET.Element, number: int) -> None:
        hollow = number in self.export.network.missing
        style = filled(self._colours.of(number, self.palette), self.palette.paper, hollow=hollow)
        x, y = self.places[number].tolist()
        element = mark(parent, self._shape(number), (x, y), self.radii[number], style)
        ET.SubElement(element, "title").text = one_line(self.look.graph.nodes[number].label)

    @cached_property
    def lines(self) -> list[tuple[DrawnLink, LinkLine]]:
        """The drawn links with their lines; the lines of a pair do not coincide."""
        pairs: dict[tuple[int, int], list[DrawnLink]] = {}
        for link in drawn_links(self.export.network, relations(self.export.store)):
            pairs.setdefault((min(link[:2]), max(link[:2])), []).append(link)
        ends = [
            End((x, y), radius, self._shape(number))
            for number, ((x, y), radius) in enumerate(zip(self.places.tolist(), self.radii, strict=True))
        ]
        lines = []
        for links in pairs.values():
            for link, place in zip(links, places(len(links)), strict=True):
                source, target = ends[link.source], ends[link.target]
                longest = min(9.0, 3.5 + target.radius * 0.6)
                aside = place if link.source < link.target else -place
                lines.append((link, link_line(source, target, aside, both=link.both, longest=longest)))
        return lines

    def _draw_links(self, root: ET.Element) -> None:
        parent = group(root, fill="none", stroke_width="1.1")
        heads = group(root)
        groups = self._colours.group_of
        many = len(self.lines) > _MANY_LINKS
        plain = mixed(self.palette.line, self.palette.paper, 0.45) if many else self.palette.line
        for link, line in self.lines:
            mine = groups[link.source]
            same = mine >= 0 and mine == groups[link.target]
            colour = self._colours.colour(mine, self.palette) if same else plain
            faded = {"stroke-opacity": "0.55"} if same else {}
            path = ET.SubElement(parent, "path", {"d": line.path, "stroke": colour, **faded})
            if not many:
                ET.SubElement(path, "title").text = self._name(link)
            for corners in line.heads:
                polygon(heads, corners, fill=colour, **({"fill-opacity": "0.8"} if same else {}))

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {edge.property: words(edge.kind) for edge in self.look.graph.edges}

    def _name(self, link: DrawnLink) -> str:
        return self._kinds.get(link.property, "")

    # ---- labels ----------------------------------------------------------------------------------------------------

    def _place_labels(self) -> None:
        """Place labels, the most central nodes first, then those of links."""
        frame = self.frame
        space = Space((6, HEAD - 10, frame.wide - 6, frame.bottom), self.boxes, self._avoided())
        size = len(self.look.network)
        for rank, number in enumerate(self._labelled()):
            must = rank < _CENTRAL
            far = _FAR if must else _NEAR if size <= _ALL_NAMED else _FAR / 2 if rank < _LED else 0.0
            labels = (self._label(number), self._label(number, small=True))
            for label in labels if must else labels[:1]:
                if space.place(label, self.boxes[number], far=far, must=must):
                    self.labels[number] = label
                    break
        shown = self.style.link_labels
        if shown or (shown is None and len(self.lines) <= _FEW_LINKS):
            self._place_link_labels(space)

    def _avoided(self) -> Iterator[Box]:
        """Small boxes on lines, and those of arrow heads, if there are few enough to avoid them."""
        for _, line in self.lines if len(self.lines) <= _MANY_LINKS else ():
            yield from line.dots(10.0)
            for corners in line.heads:
                across, down = zip(*corners, strict=True)
                yield from [(min(across), min(down), max(across), max(down))] * 2

    def _labelled(self) -> Sequence[int]:
        """The nodes to label, the most important first."""
        size, parts = len(self.look.network), self.look.partition
        centres = [parts.centre(rank) for rank, part in enumerate(parts.parts[:10]) if len(part) > 1]
        order = list(dict.fromkeys((*self.look.by_weight[:_CENTRAL], *centres, *self.look.by_weight)))
        return order[: size if size <= _ALL_NAMED else 120 if size <= 700 else 60]

    def _label(self, number: int, *, small: bool = False) -> PlacedLabel:
        lines = wrapped(one_line(self.look.graph.nodes[number].label), _LETTERS, _LINES)
        least = 15 if len(self.look.network) > _MANY else 11
        size = least if small else round(min(15.0, max(least, 8 + self.radii[number] * 0.55)))
        return PlacedLabel(lines, size, bold=size > max(13, least))

    def _place_link_labels(self, space: Space) -> None:
        for link, line in self.lines:
            label = PlacedLabel([self._name(link)], 10)
            for share in (0.5, 0.42, 0.58, 0.34, 0.66):
                x, y = line.point(share)
                box = (x - label.wide / 2, y - label.high / 2, x + label.wide / 2, y + label.high / 2)
                if space.is_free(box):
                    label.move(box)
                    space.take(box)
                    self.link_labels.append(label)
                    break

    def _write_labels(self, root: ET.Element) -> None:
        palette = self.palette
        leaders = group(root, stroke=palette.soft, stroke_width="0.7")
        for label in self.labels.values():
            if label.leader:
                straight(leaders, *label.leader)
        halo = {"stroke": palette.paper, "stroke_width": "5", "stroke_linejoin": "round", "stroke_opacity": "0.85"}
        behind, front = group(root, aria_hidden="true", **halo), group(root)
        for number, label in self.labels.items():
            _write((behind, front), label, float(self.places[number][0]), "")
        for label in self.link_labels:
            _write((behind, front), label, label.left + label.wide / 2, palette.soft)

    # ---- the legend ------------------------------------------------------------------------------------------------

    @cached_property
    def _legend(self) -> Legend:
        return Legend([list(self._shapes()), list(self._groups())])

    def _shapes(self) -> Iterator[LegendEntry]:
        missing = "missing" if self.export.network.missing else ""
        by_class = (self.style.color_by or "").casefold() == CLASS
        for place, name in enumerate(self.look.types.names):
            colour = self._colours.colour(place, self.palette) if by_class else self.palette.soft
            yield LegendEntry("mark", colour, name, self.look.shapes[place], name == missing)

    def _groups(self) -> Iterator[LegendEntry]:
        if (self.style.color_by or "").casefold() != CLASS:
            for colour, meaning in self._colours.legend(self.palette):
                yield LegendEntry("mark", colour, meaning)


def _evened(points: "Points") -> "Points":
    """Positions of many nodes nearer to an even density: a crowd in the middle has space for labels.

    Each coordinate moves halfway to its rank, which keeps the order of nodes from left to right and from top to bottom.
    """
    import numpy as np

    if len(points) <= _EVENED:
        return points
    evened = points.copy()
    for axis in (0, 1):
        column = points[:, axis]
        low, high = column.min(), column.max()
        _, rows, counts = np.unique(np.round(column, 1), return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - counts / 2) / len(column)
        evened[:, axis] = (column + low + (high - low) * ranks[rows]) / 2
    return evened


def _write(groups: Sequence[ET.Element], label: PlacedLabel, x: float, fill: str) -> None:
    """Write the lines of a label of a thing at `x`: toward the thing."""
    anchor, at = ("start", label.left) if label.left > x else ("end", label.left + label.wide)
    if label.left <= x <= label.left + label.wide:
        anchor, at = "middle", label.left + label.wide / 2
    for row, line in enumerate(label.lines):
        y = label.top + label.size * (0.95 + 1.15 * row)
        for parent in groups:
            text(
                parent,
                line,
                at,
                y,
                label.size,
                bold=label.bold,
                anchor=anchor,
                fill="" if parent is groups[0] else fill,
            )
