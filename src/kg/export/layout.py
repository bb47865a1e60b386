"""Layout of a network in the plane: linked nodes near each other, communities together, components apart.

The layout works from the inside out. Links attract and nodes repel each other in a component of up to a thousand nodes
(Fruchterman and Reingold, Graph drawing by force-directed placement, 1991). In a larger component, each community is
laid out alone, then the communities as discs. The largest component is in the middle, the others form rings around it,
larger ones further in; so nodes without links are in the outermost rings. So 50,000 nodes take seconds, and the same
network always gets the same positions.

Nodes are about one unit apart, or more.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.analysis.communities import SEED, communities
from kg.analysis.measures import components
from kg.analysis.network import Network

if TYPE_CHECKING:
    import rustworkx as rx


_Points = NDArray[np.float64]
_TOGETHER = 1_000
"""The size of the largest network that is laid out as a whole."""
_ROUNDS = 60
_GAP = 1.0
_FEW = 40
"""So few components lie close to the largest one; more form rings."""
_TURN = np.pi * (3 - 5**0.5)


def layout(network: Network) -> list[tuple[float, float]]:
    """The position of each node, around the origin: x to the right, y down."""
    if not len(network):
        return []
    parts = components(network)
    placed = [_placed(inner) for inner in network.split(parts)]
    points = np.zeros((len(network), 2))
    for part, positions in zip(parts, _rings(placed), strict=True):
        points[part] = positions
    points -= (points.max(axis=0) + points.min(axis=0)) / 2
    rounded = np.round(points, 3) + 0.0
    return [(x, y) for x, y in rounded.tolist()]


def _placed(network: Network) -> _Points:
    """The positions of connected nodes, around the origin."""
    size = len(network)
    if size <= _TOGETHER:
        return _apart(_sprung(network.undirected, size**0.5), np.full(size, 0.5))
    parts = communities(network)
    if len(parts) == 1:
        return _sunflower(network)
    inner = [_placed(part) for part in network.split(parts)]
    centres = _discs(network, parts, np.array([_radius(points) for points in inner]))
    positions = np.zeros((size, 2))
    for part, points, centre in zip(parts, inner, centres, strict=True):
        positions[part] = points + centre
    return _centred(positions)


def _discs(network: Network, parts: Sequence[Sequence[int]], radii: _Points) -> _Points:
    """The centres of communities: their discs do not overlap, and communities with many links are near each other."""
    import rustworkx as rx

    part_of = {number: index for index, part in enumerate(parts) for number in part}
    ties: dict[tuple[int, int], float] = {}
    for (source, target), weight in network.edges.items():
        ends = sorted((part_of[source], part_of[target]))
        if ends[0] != ends[1]:
            ties[ends[0], ends[1]] = ties.get((ends[0], ends[1]), 0.0) + weight
    most = max(ties.values(), default=1.0)
    graph: rx.PyGraph[int, float] = rx.PyGraph()
    graph.add_nodes_from(range(len(parts)))
    graph.add_edges_from([(*ends, weight / most) for ends, weight in sorted(ties.items())])
    if len(parts) > 2 * _TOGETHER:
        return _apart(_spiral(len(parts)) * float(radii.mean()) * 2, radii)
    return _apart(_sprung(graph, float(np.sqrt((radii**2).sum()))), radii)


def _sprung(graph: "rx.PyGraph[int, float]", radius: float) -> _Points:
    """Force-directed positions, most of them within a radius."""
    import rustworkx as rx

    if len(graph) == 1:
        return np.zeros((1, 2))
    positions = rx.spring_layout(graph, weight_fn=lambda weight: weight**0.5, num_iter=_ROUNDS, seed=SEED)
    points = np.array([positions[number] for number in range(len(graph))])
    points = _centred(points)
    spread = float(np.sqrt((points**2).sum(axis=1).mean()))
    if spread:
        points *= radius * 0.8 / spread
    return points


def _sunflower(network: Network) -> _Points:
    """Positions for a network without communities: the nodes with most links are in the middle."""
    degrees = np.zeros(len(network), np.int64)
    for pair in network.edges:
        degrees[list(pair)] += 1
    points = np.zeros((len(network), 2))
    points[np.argsort(-degrees, kind="stable")] = _spiral(len(network))
    return points


def _spiral(size: int) -> _Points:
    """Positions spread evenly around the origin: Vogel, A better way to construct the sunflower head, 1979."""
    steps = np.arange(size)
    radii, angles = 0.65 * np.sqrt(steps), steps * _TURN
    return np.column_stack((radii * np.cos(angles), radii * np.sin(angles)))


def _apart(points: _Points, radii: _Points) -> _Points:
    """Push discs apart until none overlap, or nearly so."""
    from scipy.spatial import cKDTree

    reach, size = 2 * float(radii.max()), len(points)
    for _ in range(_ROUNDS):
        first, second = cKDTree(points).query_pairs(reach, output_type="ndarray").T
        between = points[second] - points[first]
        lengths = np.hypot(*between.T)
        over = radii[first] + radii[second] - lengths
        close = over > 0.01
        if not close.any():
            break
        first, second, between, lengths, over = (array[close] for array in (first, second, between, lengths, over))
        same = lengths < 1e-9
        between[same] = np.column_stack((np.cos(first[same] + second[same]), np.sin(first[same] + second[same])))
        lengths[same] = 1.0
        push = between * (over / lengths / 2)[:, None]
        for axis in (0, 1):
            points[:, axis] += np.bincount(second, push[:, axis], size) - np.bincount(first, push[:, axis], size)
    return _centred(points)


def _centred(points: _Points) -> _Points:
    moved: _Points = points - points.mean(axis=0)
    return moved


def _radius(points: _Points) -> float:
    """The radius of a community's disc, with a margin that leaves a gap between two discs."""
    return float(np.hypot(*points.T).max()) + _GAP


def _rings(placed: Sequence[_Points]) -> list[_Points]:
    """Arrange components as discs: the first in the middle, the others in rings around it, the largest first."""
    middles = [(points.max(axis=0) + points.min(axis=0)) / 2 for points in placed]
    reaches = [float(np.hypot(*(points - middle).T).max()) for points, middle in zip(placed, middles, strict=True)]
    order = sorted(range(len(placed)), key=lambda at: (-len(placed[at]), at))
    centres: dict[int, _Points] = {order[0]: np.zeros(2)}
    edge, waiting = reaches[order[0]] + _GAP, order[1:]
    while waiting:
        ring = waiting[: _ring_size(edge, reaches, waiting)]
        radius = max(reaches[at] for at in ring) + 0.5
        angles = _angles(edge + radius, [reaches[at] + 0.5 for at in ring])
        rays = [np.array((np.cos(angle), np.sin(angle))) for angle in angles]
        if len(ring) == len(order) - 1 and len(ring) <= _FEW:
            return _near(placed, middles, reaches, dict(zip(ring, rays, strict=True)))
        for at, ray in zip(ring, rays, strict=True):
            centres[at] = (edge + radius) * ray
        edge, waiting = edge + 2 * radius, waiting[len(ring) :]
    return [points - middle + centres[at] for at, (points, middle) in enumerate(zip(placed, middles, strict=True))]


def _near(
    placed: Sequence[_Points], middles: Sequence[_Points], reaches: Sequence[float], rays: Mapping[int, _Points]
) -> list[_Points]:
    """Put a few components each as near to the largest one, in the direction of its ray, as it has room."""
    inner = next(points - middles[at] for at, points in enumerate(placed) if at not in rays)
    moved = {at: inner for at in range(len(placed)) if at not in rays}
    breadth = float(np.hypot(*inner.T).max()) / 4  # so that none lies in a gap between two arms of the largest
    for at, ray in rays.items():
        room = reaches[at] + _GAP
        along, across = inner @ ray, np.abs(inner @ np.array((-ray[1], ray[0])))
        beyond = along + np.sqrt(np.maximum(room**2 - across**2, 0))
        distance = float(beyond[across < max(room, breadth)].max(initial=breadth))
        moved[at] = placed[at] - middles[at] + distance * ray
        inner = np.vstack((inner, moved[at]))
    return [moved[at] for at in range(len(placed))]


def _ring_size(edge: float, reaches: Sequence[float], waiting: Sequence[int]) -> int:
    """The number of discs that fit side by side in a ring outside an edge, at least one."""
    distance = edge + reaches[waiting[0]] + 0.5
    full = count = 0.0
    for at in waiting:
        full += 2 * np.arcsin(min(1.0, (reaches[at] + 0.5) / distance))
        if full > 2 * np.pi:
            break
        count += 1
    return max(1, int(count))


def _angles(distance: float, radii: Sequence[float]) -> list[float]:
    """The angles of discs around the origin, from the right, where a screen has room; with equal gaps between them."""
    widths = [2 * float(np.arcsin(min(1.0, radius / distance))) for radius in radii]
    gap = max(0.0, 2 * np.pi - sum(widths)) / len(widths)
    ends = np.cumsum([width + gap for width in widths])
    return [float(end - gap - (width + widths[0]) / 2) for end, width in zip(ends, widths, strict=True)]
