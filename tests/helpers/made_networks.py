"""Networks for tests: by their links, and at random."""

import random
from collections.abc import Iterable

import pyoxigraph as ox

from kg.analysis.network import Network, NetworkLink


def network(size: int, pairs: Iterable[tuple[int, int]], labels: Iterable[str] | None = None) -> Network:
    """So many things, `https://e.example/0000` and on, with links of weights 1 to 4."""
    nodes = tuple(ox.NamedNode(f"https://e.example/{number:05}") for number in range(size))
    links = tuple(
        NetworkLink(a, b, "https://e.example/#p", 1 + (a * 7 + b) % 4) for a, b in sorted(set(pairs)) if a != b
    )
    return Network(nodes, tuple(labels or map(str, range(size))), tuple(() for _ in nodes), links, {})


def at_random(seed: int, most: int = 25) -> Network:
    """A network of up to so many things, often in several parts."""
    chance = random.Random(seed)
    size = chance.randrange(1, most)
    links = chance.randrange(2 * size)
    return network(size, ((chance.randrange(size), chance.randrange(size)) for _ in range(links)))
