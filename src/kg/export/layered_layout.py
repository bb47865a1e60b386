"""The order and the heights of things in the columns of a tree, with few crossings of links.

The steps are those of Sugiyama, Tagawa and Toda (Methods for visual understanding of hierarchical system structures,
1981): a link over several columns passes each of them in a place of its own; sweeps order each column by the medians of
its neighbours, and exchange neighbours where that removes crossings (Gansner, Koutsofios, North and Vo, A technique for
drawing directed graphs, 1993). Then each thing moves as near to the middle of its neighbours as the order permits:
isotonic regression, by pooling adjacent violators (Ayer and others, 1955).
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

Arc = tuple[int, int]
_SWEEPS = 16
_ROUNDS = 12


@dataclass(frozen=True)
class Layered:
    """The result: nodes from the number of things on are places where links pass columns."""

    order: Sequence[Sequence[int]]
    """The nodes of each column, from top to bottom."""
    middles: Sequence[float]
    """The height of the middle of each node, from 0 down."""
    routes: Sequence[Sequence[int]]
    """The nodes of each link, from its source to its target."""


@dataclass
class _Graph:
    """Nodes in columns, and the links between neighbouring columns."""

    order: list[list[int]]
    left: list[list[int]]
    """The neighbours of each node in the column to the left."""
    right: list[list[int]]
    part: list[int]
    """The connected component of each node; components do not mix."""


def layered(column: Sequence[int], arcs: Sequence[Arc], heights: Sequence[float], gap: float, pass_: float) -> Layered:
    """Lay out things in their columns.

    `heights` are those of things, `gap` is the space between two things, `pass_` the height for a link that passes, all
    in pixels. The same input gives the same layout.
    """
    graph, routes = _proper(column, arcs)
    _reduce_crossings(graph)
    high = [heights[node] if node < len(column) else pass_ for node in range(len(graph.part))]
    gaps = [gap if node < len(column) else gap / 3 for node in range(len(graph.part))]
    return Layered(graph.order, _middles(graph, high, gaps), routes)


def _proper(column: Sequence[int], arcs: Sequence[Arc]) -> tuple[_Graph, list[list[int]]]:
    """Divide links over several columns, and order the columns by components, the largest first."""
    size = len(column)
    graph = _Graph([[] for _ in range(max(column, default=-1) + 1)], [[] for _ in column], [[] for _ in column], [])
    graph.part = _parts(size, arcs)
    for node in sorted(range(size), key=lambda node: (graph.part[node], node)):
        graph.order[column[node]].append(node)
    routes = []
    for source, target in arcs:
        first, last = (source, target) if column[source] < column[target] else (target, source)
        route = [first]
        for at in range(column[first] + 1, column[last]):
            route.append(len(graph.part))
            graph.order[at].append(len(graph.part))
            graph.part.append(graph.part[first])
            graph.left.append([])
            graph.right.append([])
        route.append(last)
        for one, other in pairwise(route):
            graph.right[one].append(other)
            graph.left[other].append(one)
        routes.append(route if first == source else route[::-1])
    for nodes in graph.order:
        nodes.sort(key=lambda node: graph.part[node])
    return graph, routes


def _parts(size: int, arcs: Sequence[Arc]) -> list[int]:
    """The rank of each thing's connected component, the largest first."""
    root = list(range(size))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for source, target in arcs:
        one, other = sorted((find(source), find(target)))
        root[other] = one
    members: dict[int, int] = {}
    for node in range(size):
        members[find(node)] = members.get(find(node), 0) + 1
    ranks = {start: rank for rank, start in enumerate(sorted(members, key=lambda start: (-members[start], start)))}
    return [ranks[find(node)] for node in range(size)]


# ---- order -----------------------------------------------------------------------------------------------------------


def _reduce_crossings(graph: _Graph) -> None:
    best, least = [list(nodes) for nodes in graph.order], crossings(graph.order, graph.right)
    for sweep in range(_SWEEPS):
        if least == 0:
            break
        rightward = sweep % 2 == 0
        beside = graph.left if rightward else graph.right
        ways = range(1, len(graph.order)) if rightward else range(len(graph.order) - 2, -1, -1)
        for at in ways:
            _by_medians(graph, at, beside, at - 1 if rightward else at + 1)
        for at in range(len(graph.order)):
            _exchange(graph, at)
        count = crossings(graph.order, graph.right)
        if count < least:
            best, least = [list(nodes) for nodes in graph.order], count
    graph.order = best


def _by_medians(graph: _Graph, at: int, beside: Sequence[Sequence[int]], other: int) -> None:
    """Order a column by the medians of its nodes' neighbours in another; nodes without neighbours stay in place."""
    place = {node: number for number, node in enumerate(graph.order[other])}
    scale = len(place) / max(len(graph.order[at]), 1)
    keys = {
        node: (graph.part[node], median(place[near] for near in beside[node]) if beside[node] else number * scale)
        for number, node in enumerate(graph.order[at])
    }
    graph.order[at].sort(key=keys.__getitem__)


def _exchange(graph: _Graph, at: int) -> None:
    """Exchange neighbours in a column while that removes crossings."""
    nodes = graph.order[at]
    sides = []
    for other, beside in ((at - 1, graph.left), (at + 1, graph.right)):
        if 0 <= other < len(graph.order):
            place = {node: number for number, node in enumerate(graph.order[other])}
            sides.append({node: sorted(place[near] for near in beside[node]) for node in nodes})
    for _ in range(len(nodes)):
        moved = False
        for number in range(len(nodes) - 1):
            upper, lower = nodes[number], nodes[number + 1]
            if graph.part[upper] != graph.part[lower]:
                continue
            now = sum(_above(side[upper], side[lower]) for side in sides)
            then = sum(_above(side[lower], side[upper]) for side in sides)
            if then < now:
                nodes[number], nodes[number + 1] = lower, upper
                moved = True
        if not moved:
            break


def _above(upper: Sequence[int], lower: Sequence[int]) -> int:
    """The crossings of two nodes' links, with the sorted places of their other ends."""
    return sum(len(upper) - bisect_right(upper, place) for place in lower)


def crossings(order: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> int:
    """The number of pairs of links that cross."""
    count = 0
    for nodes, after in pairwise(order):
        place = {node: number for number, node in enumerate(after)}
        seen: list[int] = []
        for node in nodes:
            ends = sorted(place[near] for near in right[node])
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


# ---- heights ---------------------------------------------------------------------------------------------------------


def _middles(graph: _Graph, high: Sequence[float], gaps: Sequence[float]) -> list[float]:
    middles = [0.0] * len(high)
    steps: list[list[float]] = []
    for nodes in graph.order:
        at, column = 0.0, []
        for number, node in enumerate(nodes):
            if number:
                above = nodes[number - 1]
                apart = 2 if graph.part[above] != graph.part[node] else 1
                at += (high[above] + high[node]) / 2 + max(gaps[above], gaps[node]) * apart
            column.append(at)
            middles[node] = at
        steps.append(column)
    for turn in range(_ROUNDS):
        rightward = turn % 2 == 0
        for at in range(len(graph.order)) if rightward else reversed(range(len(graph.order))):
            _align(graph, at, middles, steps[at], both=turn >= _ROUNDS // 2, rightward=rightward)
    _close(graph, high, middles, steps)
    top = min((middles[node] - high[node] / 2 for node in range(len(high))), default=0.0)
    return [middle - top for middle in middles]


def _align(
    graph: _Graph, at: int, middles: list[float], steps: Sequence[float], *, both: bool, rightward: bool
) -> None:
    """Move the nodes of a column toward their neighbours, in their order and with their spaces."""
    nodes = graph.order[at]
    wanted, weights = [], []
    for node, step in zip(nodes, steps, strict=True):
        left, right = graph.left[node], graph.right[node]
        near = (*left, *right) if both else (left or right) if rightward else (right or left)
        wanted.append((sum(middles[other] for other in near) / len(near) if near else middles[node]) - step)
        weights.append(float(len(near)) or 0.1)
    for node, step, level in zip(nodes, steps, increasing(wanted, weights), strict=True):
        middles[node] = level + step


def _close(graph: _Graph, high: Sequence[float], middles: list[float], steps: Sequence[Sequence[float]]) -> None:
    """Move each component up to the one above it."""
    top = min((middles[node] - high[node] / 2 for node in range(len(high))), default=0.0)
    for part in range(1, max(graph.part, default=0) + 1):
        spare = []
        for nodes, column in zip(graph.order, steps, strict=True):
            at = next((place for place, node in enumerate(nodes) if graph.part[node] == part), None)
            if at == 0:
                spare.append(middles[nodes[0]] - high[nodes[0]] / 2 - top)
            elif at is not None:
                spare.append((middles[nodes[at]] - column[at]) - (middles[nodes[at - 1]] - column[at - 1]))
        shift = min(spare)
        for node in range(len(middles)):
            if graph.part[node] == part:
                middles[node] -= shift


def increasing(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The increasing numbers with the least weighted squares of differences from the wanted ones."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, w, n), (other, v, m) = pools[-2:]
            pools[-2:] = [((one * w + other * v) / (w + v), w + v, n + m)]
    return [value for value, _, count in pools for _ in range(count)]
