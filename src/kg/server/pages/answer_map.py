"""The map of an answer: its things where a layout puts them, and the links between them as lines."""

import math
from typing import NamedTuple

from kg.analysis.network import Network, NetworkLink
from kg.views.answer_links import AnswerLink, AnswerNetwork
from kg.views.open_vault import Shown

WIDTH, HEIGHT = 960, 560
_MARGIN_X, _MARGIN_Y = 110, 30
_LONGEST = 24
_RIM = 9


class MapSpot(NamedTuple):
    """The place of a thing, in pixels, with its label."""

    thing: Shown
    x: float
    y: float
    label: str
    anchor: str
    """Where the label begins: `start` to the right of the thing, `end` to the left of it."""
    label_x: float


class MapLine(NamedTuple):
    """A link, from rim to rim."""

    x1: float
    y1: float
    x2: float
    y2: float
    title: str


class AnswerMap(NamedTuple):
    """The map of an answer."""

    spots: tuple[MapSpot, ...]
    lines: tuple[MapLine, ...]
    more: int
    """How many further things the answer has."""
    width: int = WIDTH
    height: int = HEIGHT


def answer_map(network: AnswerNetwork) -> AnswerMap:
    """The map of a network; things without a link are left out."""
    ends = sorted({end for link in network.links for end in (link.source, link.target)})
    places = dict(zip(ends, _places(network, ends), strict=True))
    spots = tuple(_spot(network.things[end], *places[end]) for end in ends)
    lines = tuple(_line(network, link, places[link.source], places[link.target]) for link in network.links)
    return AnswerMap(spots, lines, network.more)


def _places(network: AnswerNetwork, ends: list[int]) -> list[tuple[float, float]]:
    """The places of things, spread over the whole picture."""
    import pyoxigraph as ox

    from kg.export.layout import layout

    numbers = {end: number for number, end in enumerate(ends)}
    links = (NetworkLink(numbers[link.source], numbers[link.target], "", 1) for link in network.links)
    nodes = tuple(ox.NamedNode(network.things[end].iri) for end in ends)
    labels = tuple(network.things[end].text for end in ends)
    points = layout(Network(nodes, labels, tuple(() for _ in ends), tuple(links), {}))
    across, down = _spread([x for x, _ in points]), _spread([y for _, y in points])
    return [
        (round(_MARGIN_X + x * (WIDTH - 2 * _MARGIN_X), 1), round(_MARGIN_Y + y * (HEIGHT - 2 * _MARGIN_Y), 1))
        for x, y in zip(across, down, strict=True)
    ]


def _spread(numbers: list[float]) -> list[float]:
    """Numbers between 0 and 1 in the same proportions."""
    least, greatest = min(numbers), max(numbers)
    return [(number - least) / (greatest - least) if greatest > least else 0.5 for number in numbers]


def _spot(thing: Shown, x: float, y: float) -> MapSpot:
    label = thing.text if len(thing.text) <= _LONGEST else f"{thing.text[: _LONGEST - 1].rstrip()}…"
    is_left = x > WIDTH - 1.6 * _MARGIN_X
    return MapSpot(thing, x, y, label, "end" if is_left else "start", x - 10 if is_left else x + 10)


def _line(
    network: AnswerNetwork, link: AnswerLink, source: tuple[float, float], target: tuple[float, float]
) -> MapLine:
    length = math.dist(source, target) or 1.0
    across, down = (target[0] - source[0]) / length * _RIM, (target[1] - source[1]) / length * _RIM
    names = network.things[link.source].text, ", ".join(link.properties), network.things[link.target].text
    x1, y1, x2, y2 = source[0] + across, source[1] + down, target[0] - across, target[1] - down
    return MapLine(round(x1, 1), round(y1, 1), round(x2, 1), round(y2, 1), " · ".join(names))
