"""The layout of a tree: columns of cards, with the lines of their names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kg.core.text import one_line
from kg.export.layered_layout import Layered, layered
from kg.export.link_relations import DrawnLink
from kg.export.styling import Appearance, words
from kg.export.text_width import fitted, width
from kg.export.tree_columns import columns

_NONE = {"missing"}
_SNUG = 0.9
"""The width of most lines of text, as a share of their greatest possible width."""


@dataclass(frozen=True)
class CardSizes:
    """The measures of cards, in pixels."""

    font: int
    lines: int
    pad: float
    gap: float
    widest: float

    @staticmethod
    def of(things: int, *, flat: bool) -> "CardSizes":
        """The measures for so many cards in the longest column; cards that are `flat` have one line."""
        if flat:
            return CardSizes(13, 1, 5, 8, 420)
        if things <= 9:
            return CardSizes(14, 3, 9, 16, 230)
        if things <= 24:
            return CardSizes(13, 2, 7, 11, 250)
        return CardSizes(12, 1, 5, 7, 300)


@dataclass(frozen=True)
class TreeLayout:
    """The cards of a tree and the routes of its links, in pixels; columns have no place yet."""

    look: Appearance
    links: Sequence[DrawnLink]
    flat: bool = False
    """Whether cards have one line."""

    @cached_property
    def classes(self) -> list[str]:
        """The class of each thing in words: also that of a missing thing, if links tell it."""
        own = [[words(name) for name in node.types] for node in self.look.graph.nodes]
        return [next((name for name in names if name not in _NONE), (*names, "other")[0]) for names in own]

    @cached_property
    def column(self) -> list[int]:
        """The column of each thing."""
        return columns(self.classes, [link[:2] for link in self.links])

    @cached_property
    def sizes(self) -> CardSizes:
        """The measures of cards."""
        return CardSizes.of(max(Counter(self.column).values()), flat=self.flat)

    @cached_property
    def texts(self) -> list[list[str]]:
        """The lines of each card."""
        room = self.card - self.before - self.sizes.pad
        names = [one_line(node.label) for node in self.look.graph.nodes]
        return [fitted(name, room / _SNUG, self.sizes.font, self.sizes.lines) for name in names]

    @property
    def before(self) -> float:
        """The space of the mark before the text of a card."""
        return 2 * self.sizes.font * 0.4 + 2 * self.sizes.pad

    @cached_property
    def card(self) -> float:
        """The width of a card: the least in which all names fit."""
        sizes, wide = self.sizes, 130.0
        names = [one_line(node.label) for node in self.look.graph.nodes]
        while wide < sizes.widest:
            room = wide - self.before - sizes.pad
            longest = max(width(word, sizes.font) for name in names for word in (name.split() or [""]))
            lines = (fitted(name, room / _SNUG, sizes.font, sizes.lines + 1) for name in names)
            if longest <= room and all(len(parts) <= sizes.lines for parts in lines):
                break
            wide += 10
        return wide

    @cached_property
    def heights(self) -> list[float]:
        """The height of each card."""
        return [len(lines) * self.sizes.font * 1.25 + 2 * self.sizes.pad for lines in self.texts]

    @cached_property
    def layered(self) -> Layered:
        """The order and heights of things, and the routes of links."""
        return layered(self.column, [link[:2] for link in self.links], self.heights, self.sizes.gap, 4.0)

    @cached_property
    def high(self) -> float:
        """The height of the longest column."""
        return max(middle + high / 2 for middle, high in zip(self.layered.middles, self.heights, strict=False))

    @cached_property
    def column_of(self) -> dict[int, int]:
        """The column of each thing, and of each place where a link passes."""
        return {node: number for number, nodes in enumerate(self.layered.order) for node in nodes}
