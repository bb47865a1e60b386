"""The colours of things in a picture: by community, by class, or by the values of a property."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kg.core.errors import KgError
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import letters_and_digits
from kg.export.picture_style import Palette, mixed
from kg.export.property_graph import Cell, Column, PropertyGraph
from kg.export.styling import Appearance, words

COMMUNITY, CLASS = "community", "class"
_CLASSES = ("concept", "outcome", "output", "resource", "author")
"""Classes that always have the same colour."""
_RANGES = 5
"""Numbers with more values than this are coloured by ranges."""


@dataclass(frozen=True)
class Colouring:
    """The group of each thing; the colours are those of the palette, or shades for ranges of numbers."""

    names: Sequence[str]
    """The meaning of each group, for the legend."""
    group_of: Sequence[int]
    """The group of each thing; -1 for none."""
    none: str
    """The meaning of no group; empty if the legend need not say it."""
    is_range: bool = False
    colours: Mapping[int, int] = field(default_factory=dict)
    """The place in the palette of a group, where it is not its rank."""

    def colour(self, group: int, palette: Palette) -> str:
        """The colour of a group."""
        if self.is_range and group >= 0:
            share = (group + 1) / len(self.names)
            return mixed(palette.paper, mixed(palette.groups[0], palette.ink, 0.25), 0.15 + 0.85 * share)
        return palette.group(self.colours.get(group, group))

    def of(self, number: int, palette: Palette) -> str:
        """The colour of a thing."""
        return self.colour(self.group_of[number], palette)

    def legend(self, palette: Palette) -> list[tuple[str, str]]:
        """Each colour with its meaning."""
        shown = [group for group in range(len(self.names)) if group in set(self.group_of)]
        own = [group for group in shown if self.is_range or self.colours.get(group, group) < len(palette.groups)]
        rows = [(self.colour(group, palette), self.names[group]) for group in own]
        if len(own) < len(shown):
            rows.append((palette.rest, f"{len(shown) - len(own)} others"))
        elif self.none and -1 in self.group_of:
            rows.append((palette.rest, self.none))
        return rows


def colouring(look: Appearance, by: str) -> Colouring:
    """The colours by `community`, by `class`, or by a property. Raises KgError for an unknown property."""
    if by.casefold() == COMMUNITY:
        return _by_community(look)
    if by.casefold() == CLASS:
        return _by_class(look)
    return _by_property(look.graph, by)


def _by_community(look: Appearance) -> Colouring:
    parts = look.partition
    linked = [rank for rank, part in enumerate(parts.parts) if len(part) > 1]
    group_of = [part if part < len(linked) else -1 for part in map(parts.part_of.__getitem__, range(len(look.network)))]
    return Colouring([f"around {look.community(rank)}" for rank in linked], group_of, "")


def _by_class(look: Appearance) -> Colouring:
    names, places = look.types.names, look.types.places
    fixed = {name: place for place, name in enumerate(_CLASSES)}
    own = sorted(name for name in names if name not in fixed and name not in {"missing", "other"})
    fixed |= {name: len(_CLASSES) + place for place, name in enumerate(own)}
    group_of = [-1 if names[place] in {"missing", "other"} else place for place in places]
    return Colouring(names, group_of, "", colours={place: fixed.get(name, -1) for place, name in enumerate(names)})


def _by_property(graph: PropertyGraph, by: str) -> Colouring:
    by, values = _values(graph, by)
    numbers = {number: value for number, value in values.items() if isinstance(value, int | float)}
    if len(numbers) == len(values) and len(set(numbers.values())) > _RANGES:
        return _by_range(len(graph.nodes), numbers, by)
    texts = {number: str(value).lower() if isinstance(value, bool) else str(value) for number, value in values.items()}
    counts = Counter(texts.values())
    names = sorted(counts, key=lambda name: (-counts[name], name))
    if len(numbers) == len(values):
        names.sort(key=float)
    ranks = {name: rank for rank, name in enumerate(names)}
    group_of = [ranks[texts[number]] if number in texts else -1 for number in range(len(graph.nodes))]
    return Colouring([f"{by}: {name}" for name in names], group_of, f"no {by}")


def _by_range(size: int, numbers: Mapping[int, float], by: str) -> Colouring:
    """Groups of about the same number of things, of numbers between bounds."""
    ordered = sorted(set(numbers.values()))
    starts = [ordered[len(ordered) * part // _RANGES] for part in range(_RANGES)]
    group_of = [
        sum(numbers[number] >= start for start in starts) - 1 if number in numbers else -1 for number in range(size)
    ]
    ends = [ordered[len(ordered) * (part + 1) // _RANGES - 1] for part in range(_RANGES)]
    names = [
        f"{by}: {start:g} to {end:g}" if start != end else f"{by}: {start:g}"
        for start, end in zip(starts, ends, strict=True)
    ]
    return Colouring(names, group_of, f"no {by}", is_range=True)


def _values(graph: PropertyGraph, by: str) -> tuple[str, dict[int, Cell]]:
    """The name of a property, and its first value of each thing: a literal, or the name of the thing it links to."""
    key = letters_and_digits(by.rpartition(":")[2])
    column = next((column for column in graph.columns if key in _keys(column.title, column.iri, column.name)), None)
    if column:
        cells = {n: node.values[column.name] for n, node in enumerate(graph.nodes) if column.name in node.values}
        return words(column.title), {number: _shown(column, cell) for number, cell in cells.items()}
    links: dict[int, Cell] = {}
    name = ""
    for edge in graph.edges:
        if key in _keys(edge.kind):
            name = words(edge.kind)
            links[edge.source] = min(str(links.get(edge.source, "\uffff")), graph.nodes[edge.target].label)
    if links:
        return name, links
    known = [COMMUNITY, CLASS, *(column.title for column in graph.columns), *{edge.kind for edge in graph.edges}]
    raise KgError(
        f"no thing in the picture has a property “{by}”{did_you_mean(nearest(by, known))}: --color-by takes community, "
        "class, or a property of the notes"
    )


def _shown(column: Column, cell: Cell) -> Cell:
    value = cell[0] if isinstance(cell, list) else cell
    return str(value)[:4] if column.type in {"date", "dateTime"} else value


def _keys(*names: str) -> set[str]:
    return {letters_and_digits(name) for name in names}
