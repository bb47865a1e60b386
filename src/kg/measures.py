"""Measures of a network's things and of what holds it together. Each is a function of a `Network`, and its docstring
names the method and where it is from.

rustworkx computes what it can, ten to fifty times sooner than NetworkX with the same values; the rest is NetworkX's.
"""

import random
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import rustworkx as rx

from kg.networks import Network

TOLERANCE = 1e-12
"""Iterations go on until values change by less than this: they agree with those of any other program to 1e-9."""
_ITERATIONS = 10_000
EXACT = 2_000
"""Up to so many things betweenness is exact; beyond, it is estimated from the shortest paths out of PIVOTS of them."""
PIVOTS = 100
SEED = 1
_BATCH = 20
_SERIAL = 1 << 62  # threads would add up the same numbers in another order each time


def pagerank(network: Network, damping: float = 0.85) -> list[float]:
    """How often someone who follows links at random comes by each thing; all of them add up to 1.

    A link is followed in proportion to its weight; with the probability 1 - `damping`, and where no link leads on, any
    thing comes next. Brin and Page, The anatomy of a large-scale hypertextual Web search engine, 1998.
    """
    if not len(network):
        return []
    found = rx.pagerank(network.directed, alpha=damping, weight_fn=float, tol=TOLERANCE, max_iter=_ITERATIONS)
    return [found[number] for number in range(len(network))]


def betweenness(network: Network) -> list[float]:
    """Which part of all shortest paths between two other things leads over each, links taken in their direction.

    Freeman, A set of measures of centrality based on betweenness, 1977, by the algorithm of Brandes, 2001; of more than
    EXACT things estimated from PIVOTS sources, drawn with a fixed seed: Brandes and Pich, Centrality estimation in
    large networks, 2007.
    """
    if len(network) <= EXACT:
        found = rx.digraph_betweenness_centrality(network.directed, normalized=True, parallel_threshold=_SERIAL)
        return [float(found[number]) for number in range(len(network))]
    drawn = random.Random(SEED).sample(range(len(network)), PIVOTS)  # noqa: S311 - for an estimate, not for a secret
    return _estimated(network, drawn)


def _estimated(network: Network, pivots: Sequence[int]) -> list[float]:
    """Betweenness from the shortest paths out of some things, a batch at a time, as products of a sparse matrix.

    That takes a tenth of the time of one by one: Kepner and Gilbert, Graph Algorithms in the Language of Linear
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
    return [float(one) for one in total * scale]


def _dependencies(out: Any, into: Any, pivots: Sequence[int]) -> Any:
    """How much the shortest paths out of some things depend on each other thing: Brandes, 2001, all things of one
    distance together.
    """
    import numpy as np

    columns = np.arange(len(pivots))
    paths = np.zeros((out.shape[0], len(pivots)))
    paths[pivots, columns] = 1.0
    distance = np.where(paths > 0, 0, -1)
    at = 0
    while (edge := distance == at).any():
        found = into @ np.where(edge, paths, 0.0)
        found[distance >= 0] = 0.0
        distance[found > 0] = at = at + 1
        paths += found
    depends = np.zeros_like(paths)
    for back in range(at - 1, 0, -1):
        part = np.where(distance == back, (1 + depends) / np.where(paths > 0, paths, 1.0), 0.0)
        depends += np.where(distance == back - 1, (out @ part) * paths, 0.0)
    depends[pivots, columns] = 0.0
    return depends.sum(axis=1)


class Degrees(NamedTuple):
    """How many other things link to each, and to how many each links."""

    into: list[int]
    out: list[int]


def degrees(network: Network) -> Degrees:
    """How many other things link to each thing, and to how many each links; links of one pair count once."""
    into, out = [0] * len(network), [0] * len(network)
    for source, target in network.pairs:
        out[source] += 1
        into[target] += 1
    return Degrees(into, out)


class Hits(NamedTuple):
    """How good each thing is as a hub and as an authority; each column adds up to 1. None where there is no value."""

    hubs: list[float | None]
    authorities: list[float | None]


def hits(network: Network) -> Hits:
    """Hubs link to good authorities, authorities are linked to by good hubs: two vectors that give each other again.

    Kleinberg, Authoritative sources in a hyperlinked environment, 1999. Of several such pairs, as where two parts are
    equally strong, it is the one that comes from equal values. Without any link there is none.
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
    """The largest k for which each thing is in the k-core: the part in which each is linked with k others of it.

    Directions do not count. Seidman, Network structure and minimum degree, 1983; Batagelj and Zaveršnik, 2003.
    """
    found: Any = rx.core_number(network.undirected)
    return [int(found[number]) for number in range(len(network))]


def components(network: Network) -> list[list[int]]:
    """The parts within which each thing can be reached from each, directions not counted; the largest first."""
    found = (sorted(part) for part in rx.connected_components(network.undirected))
    return sorted(found, key=lambda part: (-len(part), part[0]))


class Cut(NamedTuple):
    """A thing, or a link between two, without which a part would fall apart."""

    ends: tuple[int, ...]
    """The thing, or the two that the link ties."""
    pieces: int
    """Into how many it would fall, the thing itself not counted."""
    cut_off: int
    """How many things the others would lose: all but the largest piece."""


def cuts(network: Network) -> list[Cut]:
    """The articulation points and bridges, those that hold the most together first; directions do not count.

    A part is a tree of biconnected blocks that share articulation points: Hopcroft and Tarjan, Algorithm 447, 1973.
    What falls off at a point, or at a block of one edge, is counted along that tree.
    """
    points = rx.articulation_points(network.undirected)
    blocks: dict[int, set[int]] = {}
    for edge, block in rx.biconnected_components(network.undirected).items():
        blocks.setdefault(block, set()).update(edge)
    tree = _BlockTree(blocks, points, {number: len(part) for part in components(network) for number in part})
    found = []
    for point in points:
        pieces = [tree.beyond(point, block) for block in tree.blocks_of[point]]
        found.append(Cut((point,), len(pieces), sum(pieces) - max(pieces)))
    for block in (block for block, members in blocks.items() if len(members) == 2):
        one, other = sorted(blocks[block])
        side, whole = tree.side(one, block), tree.sizes[one]
        found.append(Cut((one, other), 2, min(side, whole - side)))
    return sorted(found, key=lambda cut: (-cut.cut_off, len(cut.ends), cut.ends))


class _BlockTree:
    """Blocks and the points that they share, with how many things hang on each."""

    def __init__(self, blocks: Mapping[int, set[int]], points: Set[int], sizes: Mapping[int, int]) -> None:
        self.sizes = sizes
        self.points_of = {block: sorted(members & points) for block, members in blocks.items()}
        self.blocks_of: dict[int, list[int]] = {}
        for block, shared in self.points_of.items():
            for point in shared:
                self.blocks_of.setdefault(point, []).append(block)
        self.above: dict[int, int | None] = {}
        """The point above each block; of the topmost of a part, none."""
        self.below = {block: len(members) for block, members in blocks.items()}
        """How many things each block holds and has below it, the point above it too."""
        self.owner: dict[int, int] = {}
        """The block above each point."""
        for block in self._downwards():
            over = self.above[block]
            if over is not None:
                self.below[self.owner[over]] += self.below[block] - 1

    def _downwards(self) -> list[int]:
        """The blocks, each after all that are below it."""
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
        """How many things a point parts from the rest with a block of its own."""
        if self.above[block] == point:
            return self.below[block] - 1
        others = sum(self.below[child] - 1 for child in self.blocks_of[point] if child != block)
        return self.sizes[point] - 1 - others

    def side(self, end: int, block: int) -> int:
        """How many things are on one end's side of a block of two, the end itself among them."""
        others = (other for other in self.blocks_of.get(end, ()) if other != block)
        return 1 + sum(self.beyond(end, other) for other in others)
