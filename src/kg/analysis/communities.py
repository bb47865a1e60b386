"""Communities of a network: groups of nodes linked more to each other than to the rest; their topics and connecting
nodes.

Link directions do not count; link weights do.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from urllib.parse import unquote

import pyoxigraph as ox
import regex

from kg.analysis.network import Network
from kg.rdf.vocabulary import TAGGED, TEXT
from kg.store.store import Store

SEED = 1
RESOLUTION = 1.0
_TRIALS = 5
_RANDOMNESS = 0.001
_PRIOR = 0.5
_SPELLINGS = 50
_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}\p{N}'’-]{2,}")


def communities(network: Network, resolution: float = RESOLUTION) -> list[list[int]]:
    """Return the communities, largest first. A node without links is a community by itself.

    Leiden algorithm: Traag, Waltman and van Eck, From Louvain to Leiden, 2019. It never yields a disconnected
    community. It maximises the modularity of Newman and Girvan, 2004, with a `resolution` (Reichardt and Bornholdt,
    2006): values above 1 give more and smaller communities. The best of five runs with a fixed seed.
    """
    from graspologic_native import leiden

    parts: dict[int, list[int]] = {}
    if network.edges:
        edges = [(str(source), str(target), weight) for (source, target), weight in network.edges.items()]
        _, clusters = leiden(edges, None, resolution, _RANDOMNESS, 1, True, SEED, _TRIALS)
        for name, part in clusters.items():
            parts.setdefault(part, []).append(int(name))
    linked = {number for part in parts.values() for number in part}
    alone = [[number] for number in range(len(network)) if number not in linked]
    return sorted((sorted(part) for part in (*parts.values(), *alone)), key=lambda part: (-len(part), part[0]))


@dataclass(frozen=True)
class Partition:
    """A network in parts, and how well they separate."""

    network: Network
    parts: Sequence[Sequence[int]]

    @cached_property
    def part_of(self) -> dict[int, int]:
        """The index of the part that contains each node."""
        return {number: at for at, part in enumerate(self.parts) for number in part}

    @cached_property
    def ties(self) -> list[Counter[int]]:
        """The link weight between each node and each part."""
        ties: list[Counter[int]] = [Counter() for _ in range(len(self.network))]
        for (source, target), weight in self.network.edges.items():
            ties[source][self.part_of[target]] += int(weight)
            ties[target][self.part_of[source]] += int(weight)
        return ties

    @cached_property
    def strengths(self) -> list[int]:
        """The total link weight of each node."""
        return [ties.total() for ties in self.ties]

    def inside(self, at: int) -> float | None:
        """The share of the link weight of a community's nodes that stays inside it. None without links.

        It is 1 less the conductance if the community has at most half of all weight (Kannan, Vempala and Vetta, 2004).
        """
        volume = sum(self.strengths[number] for number in self.parts[at])
        return sum(self.ties[number][at] for number in self.parts[at]) / volume if volume else None

    @cached_property
    def modularity(self) -> float:
        """The excess of link weight inside the parts over chance: Newman and Girvan, 2004. 0 without links."""
        total = sum(self.strengths)
        if not total:
            return 0.0
        modularity = 0.0
        for at, part in enumerate(self.parts):
            volume = sum(self.strengths[number] for number in part)
            modularity += sum(self.ties[number][at] for number in part) / total - (volume / total) ** 2
        return modularity

    def participation(self, number: int) -> float:
        """How evenly a node's links spread over communities: 0 if all go to the same, near 1 if they go to many.

        Guimerà and Amaral, Functional cartography of complex metabolic networks, 2005.
        """
        strength = self.strengths[number]
        return 1 - sum((tie / strength) ** 2 for tie in self.ties[number].values()) if strength else 0.0

    def centre(self, at: int) -> int:
        """The node with the strongest ties to the other members of its community."""
        return max(self.parts[at], key=lambda number: (self.ties[number][at], -number))

    def between(self) -> list[int]:
        """The nodes tied to more than one community, the strongest and most even ties first."""
        connectors = [number for number in range(len(self.network)) if len(self.ties[number]) > 1]
        return sorted(connectors, key=lambda n: (-round(self.participation(n) * self.strengths[n], 9), n))


def telling(parts: Sequence[Sequence[Iterable[str]]], most: int = 3) -> list[list[str]]:
    """Return the words that distinguish each part from the others, from the texts of its things.

    A thing counts each word once, and words that several things share take precedence. The rank is the log-odds ratio
    with an informative Dirichlet prior, divided by its standard deviation: Monroe, Colaresi and Quinn, Fightin' Words,
    2008. A word that all parts use, like “the”, therefore ranks low without a list of stop words.
    """
    words_of: dict[str, list[str]] = {}
    counts = [_words(things, words_of) for things in parts]
    everywhere: Counter[str] = Counter()
    for count in counts:
        everywhere.update(count)
    ranked = (_most_telling(count, everywhere, most) for count in counts)
    return [[_spelt(word, things) for word in words] for words, things in zip(ranked, parts, strict=True)]


def _words(things: Iterable[Iterable[str]], known: dict[str, list[str]]) -> Counter[str]:
    """The number of things that have each word, ignoring case; `known` caches the words of space-separated pieces."""
    counts: Counter[str] = Counter()
    for thing in things:
        pieces = {piece for text in thing for piece in text.casefold().split()}
        for piece in pieces:
            if piece not in known:
                known[piece] = _LETTERS.findall(piece)
        counts.update({word for piece in pieces for word in known[piece]})
    return counts


def _spelt(word: str, things: Iterable[Iterable[str]]) -> str:
    """The most frequent spelling of a word among its first occurrences."""
    pattern = regex.compile(rf"(?<!\w){regex.escape(word)}(?!\w)", regex.I | regex.F)
    spellings = Counter(
        islice((spelling for thing in things for text in thing for spelling in pattern.findall(text)), _SPELLINGS)
    )
    return min(spellings.items(), key=lambda spelling: (-spelling[1], spelling[0]))[0] if spellings else word


def _most_telling(count: Mapping[str, int], everywhere: Mapping[str, int], most: int) -> list[str]:
    inside, total = sum(count.values()), sum(everywhere.values())
    prior = _PRIOR * total

    def deviation(word: str) -> float:
        own, elsewhere, weight = count[word], everywhere[word] - count[word], _PRIOR * everywhere[word]
        odds = _log_odds(own + weight, inside + prior) - _log_odds(elsewhere + weight, total - inside + prior)
        return odds / math.sqrt(1 / (own + weight) + 1 / (elsewhere + weight))

    shared = [word for word, number in count.items() if number > 1]
    return sorted(shared or count, key=lambda word: (-round(deviation(word), 9), word))[:most]


def _log_odds(part: float, whole: float) -> float:
    return math.log(part / (whole - part)) if whole > part else 0.0


def texts(store: Store, network: Network) -> list[list[str]]:
    """The texts of each node: its label, its tags and the text of its sections."""
    node_texts = [[label] for label in network.labels]
    for name in (TEXT, TAGGED):
        for quad in store.triples(None, name, None):
            subject = quad.subject
            if not isinstance(subject, ox.NamedNode):
                continue
            number = network.numbers.get(subject, -1)
            if number < 0:
                number = network.numbers.get(ox.NamedNode(subject.value.rpartition("#")[0] or subject.value), -1)
            if number >= 0:
                node_texts[number].append(_written(quad.object))
    return node_texts


def _written(term: object) -> str:
    """The value of a literal, or the name of a tag."""
    return (
        term.value if isinstance(term, ox.Literal) else unquote(str(getattr(term, "value", "")).partition("#tag/")[2])
    )


def described(store: Store, network: Network, resolution: float = RESOLUTION) -> tuple[Partition, list[list[str]]]:
    """Return the communities of a network, and the words that tell each from the others; of one node, none."""
    partition, texts_of = Partition(network, communities(network, resolution)), texts(store, network)
    return partition, telling([[texts_of[n] for n in part] if len(part) > 1 else [] for part in partition.parts])
