"""Measures of a network's nodes and cohesion. Each is a function of a `Network`; its docstring cites the method.

rustworkx computes what it can, ten to fifty times faster than NetworkX with the same values. NetworkX does the rest.
"""

import random
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import rustworkx as rx

from kg.analysis.network import Network

TOLERANCE = 1e-12
"""Iterations stop when values change by less than this; they agree with those of any other program to 1e-9."""
_ITERATIONS = 10_000
EXACT = 2_000
"""Up to this many nodes, betweenness is exact; beyond, it is estimated from the shortest paths out of PIVOTS nodes."""
PIVOTS = 100
SEED = 1
_BATCH = 20
_SERIAL = 1 << 62  # threads would sum in a different order each time


def pagerank(network: Network, damping: float = 0.85) -> list[float]:
    """How often somebody who follows links at random visits each node; all values add up to 1.

    A link is followed in proportion to its weight. With probability 1 - `damping`, and from a node without outgoing
    links, the next node is random. Brin and Page, The anatomy of a large-scale hypertextual Web search engine, 1998.
    """
    if not len(network):
        return []
    ranks = rx.pagerank(network.directed, alpha=damping, weight_fn=float, tol=TOLERANCE, max_iter=_ITERATIONS)
    return [ranks[number] for number in range(len(network))]


def betweenness(network: Network) -> list[float]:
    """The share of the shortest paths between two other nodes that pass through each node, following link directions.

    Freeman, A set of measures of centrality based on betweenness, 1977, by the algorithm of Brandes, 2001. Beyond EXACT
    nodes it is estimated from PIVOTS sources, drawn with a fixed seed: Brandes and Pich, Centrality estimation in large
    networks, 2007.
    """
    if len(network) <= EXACT:
        shares = rx.digraph_betweenness_centrality(network.directed, normalized=True, parallel_threshold=_SERIAL)
        return [float(shares[number]) for number in range(len(network))]
    pivots = random.Random(SEED).sample(range(len(network)), PIVOTS)  # noqa: S311 - for an estimate, not for a secret
    return _estimated(network, pivots)


def _estimated(network: Network, pivots: Sequence[int]) -> list[float]:
    """Estimate betweenness from the shortest paths out of `pivots`, batch by batch, as products of a sparse matrix.

    This takes a tenth of the time of a pivot at a time: Kepner and Gilbert, Graph Algorithms in the Language of Linear
    Algebra, 2011.
    """
    import numpy as np
    from scipy.sparse import csr_array

    size = len(network)
    ends = np.array(list(network.pairs), dtype=np.int64).reshape(-1, 2)
    out = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    into = csr_array(out.T)
    total = np.zeros(size)
    for start in range(0, len(pivots), _BATCH):
        total += _dependencies(out, into, pivots[start : start + _BATCH])
    scale = size / len(pivots) / ((size - 1) * (size - 2)) if size > 2 else 0.0
    return [float(value) for value in total * scale]


def _dependencies(out: Any, into: Any, pivots: Sequence[int]) -> Any:
    """How much the shortest paths out of `pivots` depend on each other node: Brandes, 2001, but with all nodes at the
    same distance together.
    """
    import numpy as np

    columns = np.arange(len(pivots))
    paths = np.zeros((out.shape[0], len(pivots)))
    paths[pivots, columns] = 1.0
    distance = np.where(paths > 0, 0, -1)
    level = 0
    while (frontier := distance == level).any():
        reached = into @ np.where(frontier, paths, 0.0)
        reached[distance >= 0] = 0.0
        distance[reached > 0] = level = level + 1
        paths += reached
    depends = np.zeros_like(paths)
    for back in range(level - 1, 0, -1):
        part = np.where(distance == back, (1 + depends) / np.where(paths > 0, paths, 1.0), 0.0)
        depends += np.where(distance == back - 1, (out @ part) * paths, 0.0)
    depends[pivots, columns] = 0.0
    return depends.sum(axis=1)


class Degrees(NamedTuple):
    """How many other nodes link to each node, and how many each links to."""

    into: list[int]
    out: list[int]


def degrees(network: Network) -> Degrees:
    """Return the in-degree and out-degree of each node; several links of a pair count once."""
    into, out = [0] * len(network), [0] * len(network)
    for source, target in network.pairs:
        out[source] += 1
        into[target] += 1
    return Degrees(into, out)


class Hits(NamedTuple):
    """The scores of each node as a hub and as an authority; each column adds up to 1. None where there is no value."""

    hubs: list[float | None]
    authorities: list[float | None]


def hits(network: Network) -> Hits:
    """Return two vectors that yield each other: hubs link to good authorities, and good hubs link to authorities.

    Kleinberg, Authoritative sources in a hyperlinked environment, 1999. If there are several such pairs, as when two
    parts are equally strong, the result is the pair that equal start values lead to. A network without links has no
    scores.
    """
    if not network.pairs:
        return Hits([None] * len(network), [None] * len(network))
    try:
        hubs, authorities = rx.hits(network.directed, weight_fn=float, tol=TOLERANCE, max_iter=_ITERATIONS)
    except rx.FailedToConverge:
        return Hits([None] * len(network), [None] * len(network))
    numbers = range(len(network))
    return Hits([hubs[number] for number in numbers], [authorities[number] for number in numbers])


def cores(network: Network) -> list[int]:
    """The largest k for which each node is in the k-core: the part whose nodes each have k neighbours in it.

    Directions do not count. Seidman, Network structure and minimum degree, 1983; Batagelj and Zaveršnik, 2003.
    """
    numbers: Any = rx.core_number(network.undirected)
    return [int(numbers[number]) for number in range(len(network))]


def components(network: Network) -> list[list[int]]:
    """The connected components, the largest first; directions do not count."""
    parts = (sorted(part) for part in rx.connected_components(network.undirected))
    return sorted(parts, key=lambda part: (-len(part), part[0]))


class Cut(NamedTuple):
    """A node or link whose removal splits a component."""

    ends: tuple[int, ...]
    """The node, or the two ends of the link."""
    pieces: int
    """The number of pieces after removal; a removed node is not counted."""
    cut_off: int
    """The number of nodes cut off: all outside the largest piece."""


def cuts(network: Network) -> list[Cut]:
    """The articulation points and bridges, those that cut off the most nodes first; directions do not count.

    A component is a tree of biconnected blocks that share articulation points: Hopcroft and Tarjan, Algorithm 447,
    1973. The nodes that a point, or a block of a single edge, cuts off are counted along that tree.
    """
    points = rx.articulation_points(network.undirected)
    blocks: dict[int, set[int]] = {}
    for edge, block in rx.biconnected_components(network.undirected).items():
        blocks.setdefault(block, set()).update(edge)
    tree = _BlockTree(blocks, points, {number: len(part) for part in components(network) for number in part})
    removals = []
    for point in points:
        pieces = [tree.beyond(point, block) for block in tree.blocks_of[point]]
        removals.append(Cut((point,), len(pieces), sum(pieces) - max(pieces)))
    for block in (block for block, members in blocks.items() if len(members) == 2):
        first, second = sorted(blocks[block])
        side, size = tree.side(first, block), tree.sizes[first]
        removals.append(Cut((first, second), 2, min(side, size - side)))
    return sorted(removals, key=lambda cut: (-cut.cut_off, len(cut.ends), cut.ends))


class _BlockTree:
    """Blocks and the articulation points they share, with the number of nodes that hang on each."""

    def __init__(self, blocks: Mapping[int, set[int]], points: Set[int], sizes: Mapping[int, int]) -> None:
        self.sizes = sizes
        self.points_of = {block: sorted(members & points) for block, members in blocks.items()}
        self.blocks_of: dict[int, list[int]] = {}
        for block, shared in self.points_of.items():
            for point in shared:
                self.blocks_of.setdefault(point, []).append(block)
        self.above: dict[int, int | None] = {}
        """The point above each block; None for the topmost block of a component."""
        self.below = {block: len(members) for block, members in blocks.items()}
        """The number of nodes in and below each block, including the point above it."""
        self.owner: dict[int, int] = {}
        """The block above each point."""
        for block in self._downwards():
            over = self.above[block]
            if over is not None:
                self.below[self.owner[over]] += self.below[block] - 1

    def _downwards(self) -> list[int]:
        """The blocks, each after all blocks below it."""
        order: list[int] = []
        for top in self.points_of:
            waiting: list[tuple[int, int | None]] = [] if top in self.above else [(top, None)]
            while waiting:
                block, over = waiting.pop()
                self.above[block] = over
                order.append(block)
                for point in self.points_of[block]:
                    if point != over:
                        self.owner[point] = block
                        waiting += [(child, point) for child in self.blocks_of[point] if child != block]
        return order[::-1]

    def beyond(self, point: int, block: int) -> int:
        """The number of nodes on the side of `block` when `point` is removed."""
        if self.above[block] == point:
            return self.below[block] - 1
        elsewhere = sum(self.below[child] - 1 for child in self.blocks_of[point] if child != block)
        return self.sizes[point] - 1 - elsewhere

    def side(self, end: int, block: int) -> int:
        """The number of nodes on the side of `end` in a block of two nodes, including `end`."""
        siblings = (sibling for sibling in self.blocks_of.get(end, ()) if sibling != block)
        return 1 + sum(self.beyond(end, sibling) for sibling in siblings)
