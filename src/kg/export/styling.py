"""The appearance of nodes on maps and in pictures: positions, sizes, and ranked types and communities."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kg.analysis.communities import Partition, communities
from kg.analysis.network import Network
from kg.export.property_graph import PropertyGraph
from kg.export.shapes import shape_of

_HUMP = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])")


def words(name: str) -> str:
    """The name of a class or property in words: `hasOutcome` as `has outcome`."""
    return _HUMP.sub(" ", name).replace("_", " ").lower()


class RankedNames:
    """Distinct names, the heaviest first, and the rank of each input name among them."""

    def __init__(self, names: Sequence[str], weights: Sequence[float], last: str = "") -> None:
        sums: Counter[str] = Counter()
        for name, weight in zip(names, weights, strict=True):
            sums[name] += weight  # type: ignore[assignment] # weights may be fractions
        self.names = sorted(sums, key=lambda name: (name == last, -sums[name], name))
        ranks = {name: rank for rank, name in enumerate(self.names)}
        self.places = [ranks[name] for name in names]


@dataclass(frozen=True)
class Appearance:
    """The appearance of the nodes of a graph."""

    network: Network
    graph: PropertyGraph

    @cached_property
    def places(self) -> list[tuple[float, float]]:
        """The position of each node: x to the right, y down."""
        from kg.export.layout import layout  # needs the extra `analysis`

        return layout(self.network)

    @cached_property
    def weights(self) -> list[int]:
        """The centrality of each node: its PageRank, scaled so that the average is 1000."""
        from kg.analysis.measures import pagerank  # needs the extra `analysis`

        return [round(rank * len(self.network) * 1_000) for rank in pagerank(self.network)]

    @cached_property
    def by_weight(self) -> list[int]:
        """The node numbers, the most central first."""
        return sorted(range(len(self.network)), key=lambda number: (-self.weights[number], number))

    @cached_property
    def types(self) -> RankedNames:
        """The types in words, those of the most central nodes first, `missing` last."""
        return RankedNames([words(node.type) or "other" for node in self.graph.nodes], self.weights, last="missing")

    @cached_property
    def shapes(self) -> list[str]:
        """The shape of each of the `types`."""
        return [shape_of(name) for name in self.types.names]

    @cached_property
    def kinds(self) -> RankedNames:
        """The kinds of links in words, the most frequent first."""
        return RankedNames([words(edge.kind) for edge in self.graph.edges], [1] * len(self.graph.edges))

    @cached_property
    def partition(self) -> Partition:
        """The communities, the largest first."""
        return Partition(self.network, communities(self.network))

    def community(self, at: int) -> str:
        """The name of a community: the label of its most central node."""
        return self.graph.nodes[self.partition.centre(at)].label
