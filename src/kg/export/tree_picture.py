"""The picture of a tree: columns of cards, and links as curves from left to right.

Things of a class are in one column: outputs, outcomes, concepts. A link that leads back, as one of a cycle does, is
dashed. Things without a link of the tree are left out, and counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from xml.etree import ElementTree as ET

from kg.core.errors import KgError
from kg.core.text import one_line
from kg.export.colouring import CLASS, COMMUNITY, Colouring, colouring
from kg.export.formats import Export, TooLarge
from kg.export.label_placement import PlacedLabel, Space
from kg.export.link_relations import DrawnLink, relations
from kg.export.picture_frame import HEAD, MARGIN, Frame, Legend, LegendEntry
from kg.export.picture_style import Palette, PictureStyle, mixed
from kg.export.property_graph import clean
from kg.export.styling import Appearance, words
from kg.export.svg_elements import Point, filled, group, head, mark, polygon, straight, text, written
from kg.export.text_width import shortened, width
from kg.export.tree_layout import TreeLayout
from kg.export.tree_links import tree_links
from kg.mapping.ontology import local_name

_MOST = 300
_MOST_LINKS = 1_500
_FEW_LINKS = 24
"""A tree of up to so many links, of more than one kind, has the names of links on their lines."""
_MANY_LINKS = 120
_HEADING = 36.0
_BACK = "6 4"
_DASHES = ("", "1.5 3", "12 3 2 3")
"""The lines of kinds of links beyond the number of colours; never those of a link that leads back."""


def tree_picture(export: Export) -> "TreePicture":
    """The tree of an export. Raises TooLarge, and KgError if no link can be drawn."""
    links = tree_links(export.network, relations(export.store), is_chosen=export.is_chosen)
    kept = sorted({end for link in links for end in link[:2]})
    if not kept:
        raise KgError("no link connects two things here: choose others with --links or --only, or use --layout force")
    if len(kept) > _MOST or len(links) > _MOST_LINKS:
        raise TooLarge(
            f"a tree of {len(kept):,} things and {len(links):,} links is unreadable: choose fewer with --only, --links "
            f"or --around (up to {_MOST:,} things), or use --layout force"
        )
    numbers = {number: place for place, number in enumerate(kept)}
    moved = [link._replace(source=numbers[link.source], target=numbers[link.target]) for link in links]
    network = export.network.within(kept)
    graph = replace(export.graph, nodes=[export.graph.nodes[number] for number in kept], edges=[])
    look = Appearance(network, graph)
    pictures = [TreePicture(export, kept, TreeLayout(look, moved, flat), export.style) for flat in (False, True)]
    # Of a requested size, the picture that needs fewer pixels of its own has larger letters.
    return min(pictures, key=lambda picture: picture.frame.wide) if export.style.size else pictures[0]


def tree_counts(export: Export) -> tuple[int, int]:
    """The numbers of things and links in the tree of an export."""
    links = tree_links(export.network, relations(export.store), is_chosen=export.is_chosen)
    return len({end for link in links for end in link[:2]}), len(links)


@dataclass
class TreePicture:
    """A tree; links lead to the right where no cycle prevents it."""

    export: Export
    kept: Sequence[int]
    """The things of the tree, by their numbers in the export."""
    layout: TreeLayout
    style: PictureStyle
    labels: list[PlacedLabel] = field(default_factory=list)

    def root(self) -> ET.Element:
        """The picture as an SVG element."""
        root = self.frame.root(self.style)
        self._draw_headings(root)
        self._draw_links(root)
        for number in range(len(self.look.network)):
            self._draw_card(root, number)
        self._write_labels(root)
        self.frame.draw_legend(root, self.style)
        return root

    @property
    def palette(self) -> Palette:
        """The colours of the picture."""
        return self.style.palette

    @property
    def look(self) -> Appearance:
        """The appearance of the things of the tree."""
        return self.layout.look

    @property
    def links(self) -> Sequence[DrawnLink]:
        """The links of the tree."""
        return self.layout.links

    # ---- places ----------------------------------------------------------------------------------------------------

    @cached_property
    def frame(self) -> Frame:
        """The size of the picture, also for a requested one."""
        count = max(self.layout.column) + 1
        wide = count * self.layout.card + (count - 1) * self._least_gap + 2 * MARGIN
        wide = max(wide, 560.0, width(self.description, 13) + 2 * MARGIN)
        high = HEAD + _HEADING + self.layout.high + 24 + self.legend.high(wide)
        if self.style.size:
            ratio = self.style.size[1] / self.style.size[0]
            wide, high = (high / ratio, high) if high / wide > ratio else (wide, wide * ratio)
        return Frame(wide, high, clean(self.export.title), self.description, self.legend)

    @property
    def _least_gap(self) -> float:
        """The space between columns: more for many links, and for their names."""
        longest = max(width(self.kind(link), 11) for link in self.links) + 60 if self._are_named else 0
        return max(longest, 96 + min(110.0, 0.9 * len(self.links) / max(*self.layout.column, 1)))

    @cached_property
    def _lefts(self) -> list[float]:
        """The left end of each column: in a wide picture, the columns are farther apart."""
        count = max(self.layout.column) + 1
        room = self.frame.wide - 2 * MARGIN - count * self.layout.card
        gap = min(room / (count - 1), 4 * self._least_gap)
        left = (self.frame.wide - count * self.layout.card - (count - 1) * gap) / 2
        return [left + number * (self.layout.card + gap) for number in range(count)]

    @cached_property
    def _stretch(self) -> float:
        """How much farther apart the cards of a column are in a high picture."""
        room = self.frame.bottom - HEAD - _HEADING - 24
        return min(max(room / self.layout.high, 1.0), 2.6)

    @cached_property
    def _top(self) -> float:
        """Where the cards begin: in a high picture, in the middle."""
        spare = self.frame.bottom - HEAD - _HEADING - self.layout.high * self._stretch - 24
        return HEAD + _HEADING + max(spare, 0) / 2

    def place(self, node: int) -> tuple[float, float]:
        """The left end and the middle of a node of the layout."""
        return self._lefts[self.layout.column_of[node]], self._top + self.layout.layered.middles[node] * self._stretch

    # ---- words -----------------------------------------------------------------------------------------------------

    @cached_property
    def description(self) -> str:
        """What the tree has, and how much it leaves out."""
        things, links = len(self.look.network), len(self.links)
        left = len(self.export.network) - things
        says = f"{things:,} things, {links:,} link{'s' * (links != 1)}"
        return says + (f"; {left:,} thing{'s' * (left != 1)} without such a link left out" if left else "")

    def kind(self, link: DrawnLink) -> str:
        """The name of a link's property in words."""
        return words(clean(local_name(link.property)))

    @cached_property
    def kinds(self) -> dict[str, tuple[str, str]]:
        """The colour and the dashes of each kind of link, the most frequent first."""
        counts = Counter(self.kind(link) for link in self.links)
        palette = self.palette
        colours = (mixed(palette.soft, palette.paper, 0.25), *palette.groups[5:])
        names = sorted(counts, key=lambda name: (-counts[name], name))
        rows = ((rank % len(colours), rank // len(colours)) for rank in range(len(names)))
        return {
            name: (colours[place], _DASHES[turn % len(_DASHES)])
            for name, (place, turn) in zip(names, rows, strict=True)
        }

    @property
    def _are_named(self) -> bool:
        shown = self.style.link_labels
        return len(self.kinds) > 1 and len(self.links) <= _FEW_LINKS if shown is None else shown

    @cached_property
    def colours(self) -> Colouring:
        """The colours of cards."""
        by = self.style.color_by or CLASS
        if by.casefold() in {CLASS, COMMUNITY}:
            return colouring(self.look, by)
        # The value of a property may be a thing that is not part of the tree.
        whole = colouring(Appearance(self.export.network, self.export.graph), by)
        return replace(whole, group_of=[whole.group_of[number] for number in self.kept])

    @cached_property
    def legend(self) -> Legend:
        """The kinds of links, and the colours if they do not show classes."""
        entries = [LegendEntry("line", colour, name, dashes=dashes) for name, (colour, dashes) in self.kinds.items()]
        if any(self._leads_back(link) for link in self.links):
            entries.append(LegendEntry("line", self.palette.soft, "leads back", dashes=_BACK))
        cards = [] if (self.style.color_by or CLASS).casefold() == CLASS else self.colours.legend(self.palette)
        return Legend([entries, [LegendEntry("mark", colour, meaning) for colour, meaning in cards]])

    def _leads_back(self, link: DrawnLink) -> bool:
        return self.layout.column[link.source] > self.layout.column[link.target] and not link.both

    # ---- drawing ---------------------------------------------------------------------------------------------------

    def _draw_headings(self, root: ET.Element) -> None:
        palette = self.palette
        for number, left in enumerate(self._lefts):
            counts = Counter(
                name for name, column in zip(self.layout.classes, self.layout.column, strict=True) if column == number
            )
            names = [name for name, _ in sorted(counts.items(), key=lambda row: (-row[1], row[0]))]
            shown = ", ".join(names[:2]) + (" …" if len(names) > 2 else "")
            y = self._top - 18
            heading = shortened(shown[:1].upper() + shown[1:], self.layout.card - 34, 14, bold=True)
            text(root, heading, left, y, 14, bold=True)
            text(root, f"{counts.total():,}", left + self.layout.card, y, 12, anchor="end", fill=palette.soft)
            straight(root, (left, y + 7), (left + self.layout.card, y + 7), stroke=palette.line, stroke_width="1")

    def _draw_card(self, root: ET.Element, number: int) -> None:
        palette, sizes = self.palette, self.layout.sizes
        (left, middle), high, lines = self.place(number), self.layout.heights[number], self.layout.texts[number]
        colour = self.colours.of(number, palette)
        hollow = number in self.look.network.missing
        card = group(root)
        ET.SubElement(card, "title").text = one_line(self.look.graph.nodes[number].label)
        fill = palette.paper if hollow else mixed(palette.paper, colour, 0.13)
        box = {
            "x": f"{left:.1f}",
            "y": f"{middle - high / 2:.1f}",
            "width": f"{self.layout.card:.1f}",
            "height": f"{high:.1f}",
        }
        edge = {"rx": "6", "fill": fill, "stroke": colour, **({"stroke-dasharray": "3 3"} if hollow else {})}
        ET.SubElement(card, "rect", {**box, **edge})
        shape = self.look.shapes[self.look.types.places[number]]
        radius = sizes.font * 0.36
        mark(card, shape, (left + sizes.pad + radius + 2, middle), radius, filled(colour, palette.paper, hollow=hollow))
        for row, part in enumerate(lines):
            y = middle + (row - (len(lines) - 1) / 2) * sizes.font * 1.25 + sizes.font * 0.35
            text(card, part, left + self.layout.before, y, sizes.font)

    @cached_property
    def ports(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Where the line of a link meets a card, by the link's number and end: 0 its source, 1 its target."""
        sides: dict[tuple[int, bool], list[tuple[float, int, int]]] = {}
        for number, route in enumerate(self.layout.layered.routes):
            for end, (node, near) in enumerate(((route[0], route[1]), (route[-1], route[-2]))):
                is_right = self.layout.column_of[near] > self.layout.column_of[node]
                sides.setdefault((node, is_right), []).append((self.layout.layered.middles[near], number, end))
        ports = {}
        for (node, is_right), ends in sides.items():
            left, middle = self.place(node)
            step = min(9.0, (self.layout.heights[node] - 8) / max(len(ends) - 1, 1))
            for place, (_, number, end) in enumerate(sorted(ends)):
                y = middle + (place - (len(ends) - 1) / 2) * step
                ports[number, end] = (left + self.layout.card if is_right else left, y)
        return ports

    def points_of(self, number: int) -> list[Point]:
        """The points of a link's line: the rim of its source, both sides of each column that it passes, the rim."""
        points: list[Point] = [self.ports[number, 0]]
        for node in self.layout.layered.routes[number][1:-1]:
            left, middle = self.place(node)
            sides = [(left, middle), (left + self.layout.card, middle)]
            points += sides if points[0][0] < left else sides[::-1]
        return [*points, self.ports[number, 1]]

    def _draw_links(self, root: ET.Element) -> None:
        opacity = "0.8" if len(self.links) <= _MANY_LINKS else "0.6"
        lines, heads = group(root, fill="none", stroke_width="1.5", stroke_opacity=opacity), group(root)
        for number, link in enumerate(self.links):
            points = self.points_of(number)
            colour, dashes = self.kinds[self.kind(link)]
            into = 1.0 if points[-1][0] > points[-2][0] else -1.0
            corners = [head(points[-1], (into, 0.0), 8.0)]
            points[-1] = (points[-1][0] - into * 6, points[-1][1])
            if link.both:
                corners.append(head(points[0], (-into, 0.0), 8.0))
                points[0] = (points[0][0] + into * 6, points[0][1])
            dashes = _BACK if self._leads_back(link) else dashes
            dashed = {"stroke-dasharray": dashes} if dashes else {}
            path = ET.SubElement(lines, "path", {"d": _curve(points), "stroke": colour, **dashed})
            nodes = self.look.graph.nodes
            name = f"{nodes[link.source].label} {self.kind(link)} {nodes[link.target].label}"
            ET.SubElement(path, "title").text = one_line(name)
            for triangle in corners:
                polygon(heads, triangle, fill=colour)

    # ---- names of links --------------------------------------------------------------------------------------------

    def _write_labels(self, root: ET.Element) -> None:
        """Write the names of links on their lines, where they cover no card and no other name."""
        if not self._are_named:
            return
        frame, palette = self.frame, self.palette
        cards = [(self.place(number), high / 2) for number, high in enumerate(self.layout.heights)]
        boxes = [
            (left - 8, middle - half, left + self.layout.card + 8, middle + half) for (left, middle), half in cards
        ]
        space = Space((MARGIN, HEAD, frame.wide - MARGIN, frame.bottom), boxes)
        halo = {"stroke": palette.paper, "stroke_width": "6", "stroke_linejoin": "round"}
        behind, front = group(root, aria_hidden="true", **halo), group(root)
        for number, link in enumerate(self.links):
            label = PlacedLabel([self.kind(link)], 11)
            for x, y in _along(self.points_of(number)):
                box = (x - label.wide / 2, y - label.high / 2, x + label.wide / 2, y + label.high / 2)
                if space.is_free(box):
                    label.move(box)
                    space.take(box)
                    self.labels.append(label)
                    for parent, fill in ((behind, ""), (front, self.kinds[self.kind(link)][0])):
                        text(parent, label.lines[0], x, y + 3.8, 11, anchor="middle", fill=fill)
                    break


def _curve(points: Sequence[Point]) -> str:
    """A smooth line through points: level at each of them, straight past columns."""
    parts: list[str | Point] = ["M", points[0]]
    for number, ((x, y), (u, v)) in enumerate(pairwise(points)):
        if number % 2:
            parts += ["L", (u, v)]
        else:
            middle = (x + u) / 2
            parts += ["C", (middle, y), (middle, v), (u, v)]
    return written(*parts)


def _along(points: Sequence[Point]) -> list[Point]:
    """Points of a line between columns, the best for a label first."""
    found = []
    for share in (0.5, 0.4, 0.6, 0.32, 0.68):
        for (x, y), (u, v) in list(pairwise(points))[::2]:
            # On the curve, the height follows 3 t^2 - 2 t^3, and the width nearly t.
            across = 1.5 * share * (1 - share) ** 2 + 1.5 * share**2 * (1 - share) + share**3
            found.append((x + (u - x) * across, y + (v - y) * (3 * share**2 - 2 * share**3)))
    return found
