"""Communities of a network: what is linked more among itself than with the rest, what each is about, and what stands
between. Directions of links do not count; their weights do.
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

from kg.networks import Network
from kg.store import Store
from kg.terms import KG

_TEXT, _TAGGED = ox.NamedNode(KG + "text"), ox.NamedNode(KG + "tagged")
SEED = 1
RESOLUTION = 1.0
_TRIALS = 5
_RANDOMNESS = 0.001
_PRIOR = 0.5
_SPELLINGS = 50
_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}\p{N}'’-]{2,}")


def communities(network: Network, resolution: float = RESOLUTION) -> list[list[int]]:
    """The communities, the largest first: what has no link is one of its own.

    Leiden: Traag, Waltman and van Eck, From Louvain to Leiden, 2019, which makes no community that falls into parts;
    for the modularity of Newman and Girvan, 2004, with a `resolution` (Reichardt and Bornholdt, 2006): greater than 1
    makes more communities, and smaller ones. The best of five runs with a fixed seed.
    """
    from graspologic_native import leiden

    parts: dict[int, list[int]] = {}
    if network.edges:
        edges = [(str(one), str(other), weight) for (one, other), weight in network.edges.items()]
        _, found = leiden(edges, None, resolution, _RANDOMNESS, 1, True, SEED, _TRIALS)
        for name, part in found.items():
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
        """The part of each thing, by its place among the parts."""
        return {number: at for at, part in enumerate(self.parts) for number in part}

    @cached_property
    def ties(self) -> list[Counter[int]]:
        """How strongly each thing is tied to each part."""
        found: list[Counter[int]] = [Counter() for _ in range(len(self.network))]
        for (one, other), weight in self.network.edges.items():
            found[one][self.part_of[other]] += int(weight)
            found[other][self.part_of[one]] += int(weight)
        return found

    @cached_property
    def strengths(self) -> list[int]:
        """The weight of all links of each thing."""
        return [ties.total() for ties in self.ties]

    def inside(self, at: int) -> float | None:
        """Which part of the links of a community's things stay in it; 1 less its conductance, where it is no more than
        half of all (Kannan, Vempala and Vetta, 2004). None without links.
        """
        volume = sum(self.strengths[number] for number in self.parts[at])
        return sum(self.ties[number][at] for number in self.parts[at]) / volume if volume else None

    @cached_property
    def modularity(self) -> float:
        """By how much more links stay inside than they would by chance: Newman and Girvan, 2004. 0 without links."""
        total = sum(self.strengths)
        if not total:
            return 0.0
        found = 0.0
        for at, part in enumerate(self.parts):
            volume = sum(self.strengths[number] for number in part)
            found += sum(self.ties[number][at] for number in part) / total - (volume / total) ** 2
        return found

    def participation(self, number: int) -> float:
        """How evenly a thing's links are spread over communities: 0 where all go to one, near 1 where they go to many.

        Guimerà and Amaral, Functional cartography of complex metabolic networks, 2005.
        """
        strength = self.strengths[number]
        return 1 - sum((tie / strength) ** 2 for tie in self.ties[number].values()) if strength else 0.0

    def centre(self, at: int) -> int:
        """The thing most strongly tied to the others of its community."""
        return max(self.parts[at], key=lambda number: (self.ties[number][at], -number))

    def between(self) -> list[int]:
        """The things that tie more than one community, those that tie most and most evenly first."""
        found = [number for number in range(len(self.network)) if len(self.ties[number]) > 1]
        return sorted(found, key=lambda n: (-round(self.participation(n) * self.strengths[n], 9), n))


def telling(parts: Sequence[Sequence[Iterable[str]]], some: int = 3) -> list[list[str]]:
    """The words that tell each part from the others, given the texts of each of its things; a thing has a word once.

    Words that more than one thing has go first, by the log-odds ratio with an informative Dirichlet prior, weighed by
    its deviation: Monroe, Colaresi and Quinn, Fightin' Words, 2008. So a word that all parts use, as “the”, tells
    nothing, without a list of such words.
    """
    known: dict[str, list[str]] = {}
    counts = [_words(things, known) for things in parts]
    everywhere: Counter[str] = Counter()
    for count in counts:
        everywhere.update(count)
    ranked = (_most_telling(count, everywhere, some) for count in counts)
    return [[_spelt(word, things) for word in words] for words, things in zip(ranked, parts, strict=True)]


def _words(things: Iterable[Iterable[str]], known: dict[str, list[str]]) -> Counter[str]:
    """How many things have each word, whatever its case; `known` has the words of what stands between spaces."""
    found: Counter[str] = Counter()
    for written in things:
        pieces = {piece for text in written for piece in text.casefold().split()}
        for piece in pieces:
            if piece not in known:
                known[piece] = _LETTERS.findall(piece)
        found.update({word for piece in pieces for word in known[piece]})
    return found


def _spelt(word: str, things: Iterable[Iterable[str]]) -> str:
    """How a word is mostly written where it is met first."""
    pattern = regex.compile(rf"(?<!\w){regex.escape(word)}(?!\w)", regex.I | regex.F)
    found = Counter(
        islice((one for written in things for text in written for one in pattern.findall(text)), _SPELLINGS)
    )
    return min(found.items(), key=lambda one: (-one[1], one[0]))[0] if found else word


def _most_telling(count: Mapping[str, int], everywhere: Mapping[str, int], some: int) -> list[str]:
    inside, total = sum(count.values()), sum(everywhere.values())
    prior = _PRIOR * total

    def deviation(word: str) -> float:
        here, there, weight = count[word], everywhere[word] - count[word], _PRIOR * everywhere[word]
        odds = _log_odds(here + weight, inside + prior) - _log_odds(there + weight, total - inside + prior)
        return odds / math.sqrt(1 / (here + weight) + 1 / (there + weight))

    shared = [word for word, number in count.items() if number > 1]
    return sorted(shared or count, key=lambda word: (-round(deviation(word), 9), word))[:some]


def _log_odds(part: float, whole: float) -> float:
    return math.log(part / (whole - part)) if whole > part else 0.0


def texts(store: Store, network: Network) -> list[list[str]]:
    """What is written of each thing: its label, its tags and the text of its sections."""
    found = [[label] for label in network.labels]
    for name in (_TEXT, _TAGGED):
        for quad in store.find(None, name, None, ox.DefaultGraph()):
            subject = quad.subject
            if not isinstance(subject, ox.NamedNode):
                continue
            number = network.numbers.get(subject, -1)
            if number < 0:
                number = network.numbers.get(ox.NamedNode(subject.value.rpartition("#")[0] or subject.value), -1)
            if number >= 0:
                found[number].append(_written(quad.object))
    return found


def _written(term: object) -> str:
    """A text, or the name of a tag."""
    return (
        term.value if isinstance(term, ox.Literal) else unquote(str(getattr(term, "value", "")).partition("#tag/")[2])
    )
