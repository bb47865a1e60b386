"""How things look on maps and in pictures: places, sizes, and types and communities in their order."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kg.communities import Partition, communities
from kg.layout import layout
from kg.measures import pagerank
from kg.networks import Network
from kg.propertygraph import PropertyGraph

_HUMP = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])")


def words(name: str) -> str:
    """A class or property as people write it: `hasOutcome` as `has outcome`."""
    return _HUMP.sub(" ", name).replace("_", " ").lower()


class Ranked:
    """Names, those that weigh most first, and the place of each thing's name among them."""

    def __init__(self, names: Sequence[str], weights: Sequence[float], last: str = "") -> None:
        sums: Counter[str] = Counter()
        for name, weight in zip(names, weights, strict=True):
            sums[name] += weight  # type: ignore[assignment] # weights may be fractions
        self.names = sorted(sums, key=lambda name: (name == last, -sums[name], name))
        at = {name: place for place, name in enumerate(self.names)}
        self.places = [at[name] for name in names]


@dataclass(frozen=True)
class Appearance:
    """What the things of a graph look like."""

    network: Network
    graph: PropertyGraph

    @cached_property
    def places(self) -> list[tuple[float, float]]:
        """Where each thing stands: x to the right, y down."""
        return layout(self.network)

    @cached_property
    def weights(self) -> list[int]:
        """How central each thing is: its PageRank, 1000 for one that is as all others."""
        return [round(rank * len(self.network) * 1_000) for rank in pagerank(self.network)]

    @cached_property
    def by_weight(self) -> list[int]:
        """The things, the most central first."""
        return sorted(range(len(self.network)), key=lambda number: (-self.weights[number], number))

    @cached_property
    def types(self) -> Ranked:
        """The types in words, those of the most central things first, what is missing last."""
        return Ranked([words(node.type) or "other" for node in self.graph.nodes], self.weights, last="missing")

    @cached_property
    def kinds(self) -> Ranked:
        """The kinds of links in words, the most frequent first."""
        return Ranked([words(edge.kind) for edge in self.graph.edges], [1] * len(self.graph.edges))

    @cached_property
    def partition(self) -> Partition:
        """The communities, the largest first."""
        return Partition(self.network, communities(self.network))

    def community(self, at: int) -> str:
        """What a community is called: its most central thing."""
        return self.graph.nodes[self.partition.centre(at)].label
