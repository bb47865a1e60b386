"""Links worth making: pairs that are not linked and look as if they should be, by the links around them and by words.

Each method gives every pair a number, from the network as an undirected simple graph (`Network.edges`):

    common neighbours    how many things are linked with both
    Adamic-Adar          the same, each of them for 1 / ln of its links: Friends and neighbors on the Web, 2003
    resource allocation  each for 1 / its links: Zhou, Lü and Zhang, Predicting missing links, 2009
    co-citation          how many things link to both: Small, 1973
    coupling             how many things both link to: Kessler, Bibliographic coupling, 1963
    paths of three       over two others, each for 1 / root of its links: Kovács et al., Network-based prediction, 2019
    text                 the cosine of their words (`likeness`)

A suggestion is what several of them agree on: reciprocal rank fusion of BLENDED, which has no weights to be fitted.
All is computed some rows at a time, so that a large vault needs no more memory than its best pairs.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from kg.likeness import Texts
from kg.networks import Network, whole

BLENDED = ("adamic_adar", "paths_of_three", "text")
"""Chosen on two vaults among the combinations of the methods, and then measured on others: docs/suggestions.md."""
FUSION = 60
"""The constant of reciprocal rank fusion, as published."""
KEPT = 10_000
"""So many of the best pairs of each method have a rank; what comes after would add next to nothing."""
MOST = 1_000
AT = 20
HIDDEN = 0.1
ROUNDS = 20
_BLOCK = 256
_DIGITS, _ERROR = 10, 1e-8
_Array = Any


# ---- the methods -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matrices:
    """A network as sparse matrices, and what each method says of some of its rows: a dense array, a row a thing."""

    network: Network
    texts: Texts | None = None

    @cached_property
    def adjacency(self) -> _Array:
        """1 where two are linked."""
        both = [*self.network.edges, *((other, one) for one, other in self.network.edges)]
        return _ones(both, len(self.network))

    @cached_property
    def directed(self) -> _Array:
        """1 where a row links to a column."""
        return _ones([*self.network.pairs], len(self.network))

    @cached_property
    def degrees(self) -> _Array:
        """With how many others each is linked."""
        return np.asarray(self.adjacency.sum(axis=1), dtype=float).ravel()

    def common_neighbours(self, rows: slice) -> _Array:
        """How many things are linked with both."""
        return (self.adjacency[rows] @ self.adjacency).toarray()

    def adamic_adar(self, rows: slice) -> _Array:
        """The common neighbours, each for one divided by the logarithm of its degree."""
        weights = np.divide(1, np.log(np.maximum(self.degrees, 2)), where=self.degrees > 1, out=np.zeros(self._size))
        return (self.adjacency[rows] @ _scaled(weights, self.adjacency)).toarray()

    def resource_allocation(self, rows: slice) -> _Array:
        """The common neighbours, each for one divided by its degree."""
        return (self.adjacency[rows] @ _scaled(self._inverse, self.adjacency)).toarray()

    def cocitation(self, rows: slice) -> _Array:
        """How many things link to both."""
        return (self._backwards[rows] @ self.directed).toarray()

    def coupling(self, rows: slice) -> _Array:
        """How many things both link to."""
        return (self.directed[rows] @ self._backwards).toarray()

    @cached_property
    def _backwards(self) -> _Array:
        return self.directed.T.tocsr()

    def paths_of_three(self, rows: slice) -> _Array:
        """The paths from one over two others to the other, each for one divided by the root of both their degrees.

        A thing links to what is like what it links to already, where common neighbours are for what is like itself.
        """
        return (self.adjacency[rows] @ self._middle @ self.adjacency).toarray()

    @cached_property
    def _middle(self) -> _Array:
        """The links between others, each for one divided by the root of both degrees."""
        root = np.sqrt(self._inverse)
        return _scaled(root, _scaled(root, self.adjacency).T.tocsr())

    def text(self, rows: slice) -> _Array:
        """How alike the words are."""
        if self.texts is None:
            return np.zeros((rows.stop - rows.start, self._size))
        return (self.texts.vectors.rows[rows] @ self._by_word).toarray()

    @cached_property
    def _by_word(self) -> _Array:
        assert self.texts is not None
        return self.texts.vectors.rows.T.tocsr()

    @cached_property
    def _inverse(self) -> _Array:
        return np.divide(1, self.degrees, where=self.degrees > 0, out=np.zeros(self._size))

    @property
    def _size(self) -> int:
        return len(self.network)


METHODS: Mapping[str, Callable[[Matrices, slice], _Array]] = {
    "common_neighbours": Matrices.common_neighbours,
    "adamic_adar": Matrices.adamic_adar,
    "resource_allocation": Matrices.resource_allocation,
    "cocitation": Matrices.cocitation,
    "coupling": Matrices.coupling,
    "paths_of_three": Matrices.paths_of_three,
    "text": Matrices.text,
}


def _ones(pairs: Sequence[tuple[int, int]], size: int) -> _Array:
    from scipy.sparse import csr_array

    at = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(size, size))


def _scaled(weights: _Array, matrix: _Array) -> _Array:
    """A matrix with its rows multiplied."""
    from scipy.sparse import dia_array

    return (dia_array((weights[None, :], [0]), shape=(len(weights), len(weights))) @ matrix).tocsr()


# ---- pairs that may be linked ----------------------------------------------------------------------------------------


class Ranked(NamedTuple):
    """Pairs, by two arrays of numbers, and what a method gives them, the best first."""

    ones: _Array
    others: _Array
    scores: _Array

    @property
    def ranks(self) -> _Array:
        """Their ranks from 1; equals share the mean of theirs."""
        _, at, times = np.unique(-self.scores, return_inverse=True, return_counts=True)
        return (np.cumsum(times) - times + (times + 1) / 2)[at]


@dataclass(frozen=True)
class Candidates:
    """The pairs that might be linked: not yet, not in one note, one of them where a link can be written.

    What no note describes must be named by some link: without any it would not be known.
    """

    matrices: Matrices
    written: frozenset[int]

    @cached_property
    def _owners(self) -> _Array:
        return np.unique(np.array(whole(self.matrices.network)), return_inverse=True)[1]

    @cached_property
    def _is_written(self) -> _Array:
        found = np.zeros(len(self.matrices.network), dtype=bool)
        found[sorted(self.written)] = True
        return found

    def _may_be(self, rows: slice, *, ordered: bool) -> _Array:
        """Which of the pairs of some rows; with `ordered`, each once, the smaller number first."""
        written, owners = self._is_written, self._owners
        there = written | (self.matrices.degrees > 0)
        found = (written[rows, None] | written[None, :]) & there[rows, None] & there[None, :]
        found &= owners[rows, None] != owners[None, :]
        found &= self.matrices.adjacency[rows].toarray() == 0
        if ordered:
            found &= np.arange(rows.start, rows.stop)[:, None] < np.arange(len(owners))[None, :]
        return found

    def best(self, names: Sequence[str], thing: int | None = None) -> dict[str, Ranked]:
        """The best KEPT pairs by each method, of all or of those with one thing."""
        heaps = {name: _Best() for name in names}
        for rows in self._blocks(thing):
            allowed = self._may_be(rows, ordered=thing is None)
            for name, heap in heaps.items():
                heap.add(METHODS[name](self.matrices, rows), allowed, rows.start, rows.start if thing is None else 0)
        return {name: heap.ranked() for name, heap in heaps.items()}

    def _blocks(self, thing: int | None) -> Iterator[slice]:
        if thing is not None:
            yield slice(thing, thing + 1)
            return
        size = len(self.matrices.network)
        yield from (slice(start, min(start + _BLOCK, size)) for start in range(0, size, _BLOCK))


class _Best:
    """The best pairs so far."""

    def __init__(self) -> None:
        self.least = 0.0
        self.waiting: list[Ranked] = []
        self.number = 0

    def add(self, scores: _Array, allowed: _Array, start: int, first: int = 0) -> None:
        """Take the pairs of some rows, from `start` on, with the columns from `first` on."""
        scores, allowed = scores[:, first:], allowed[:, first:]
        ones, others = np.nonzero((scores > self.least) & allowed)
        self.waiting.append(Ranked(ones + start, others + first, scores[ones, others]))
        self.number += len(ones)
        if self.number > 2 * KEPT:
            best = self.ranked()
            self.waiting, self.number = [best], len(best.ones)
            self.least = float(best.scores[-1]) if self.number == KEPT else 0.0

    def ranked(self) -> Ranked:
        """They in order; what differs by an error of rounding is equal, and equals are ordered by their numbers."""
        if not self.waiting:
            return Ranked(*(np.zeros(0, dtype=kind) for kind in (int, int, float)))
        ones, others, scores = (np.concatenate(column) for column in zip(*self.waiting, strict=True))
        if len(scores) > KEPT:
            likely = scores >= np.partition(scores, -KEPT)[-KEPT] * (1 - _ERROR)
            ones, others, scores = ones[likely], others[likely], scores[likely]
        scores = _rounded(scores)
        order = np.lexsort((others, ones, -scores))[:KEPT]
        return Ranked(ones[order], others[order], scores[order])


def _rounded(scores: _Array) -> _Array:
    """Numbers to so many digits that those of another machine are the same."""
    _, exponents = np.frexp(scores)
    scale = np.exp2(np.round(exponents) - 3 * _DIGITS)
    return np.round(scores / scale) * scale


# ---- suggestions -----------------------------------------------------------------------------------------------------


class Suggestion(NamedTuple):
    """A link worth making, by how much of the highest score there is, with what each method of BLENDED gives it."""

    thing: int
    other: int
    score: float
    parts: tuple[float, ...]
    neighbours: tuple[int, ...]
    over: tuple[int, ...]
    """Where there is none, two over which the way leads that counts the most."""
    words: tuple[str, ...]


def fused(found: Mapping[str, Ranked]) -> dict[tuple[int, int], float]:
    """Rankings as one: the sum of 1 / (60 + rank), as a part of what the first of all would have.

    Cormack, Clarke and Büttcher, Reciprocal rank fusion outperforms Condorcet, 2009.
    """
    sums: dict[tuple[int, int], float] = {}
    for ranked in found.values():
        for one, other, rank in zip(ranked.ones.tolist(), ranked.others.tolist(), ranked.ranks.tolist(), strict=True):
            sums[one, other] = sums.get((one, other), 0.0) + (FUSION + 1) / (FUSION + rank) / len(found)
    rows = sorted(sums.items(), key=lambda row: (-round(row[1], _DIGITS), row[0]))
    return {pair: round(score, _DIGITS) for pair, score in rows}


def suggest(network: Network, texts: Texts, thing: int | None = None, why: int = 3) -> list[Suggestion]:
    """The links most worth making, of the whole network or of one thing, at most MOST of them.

    A link leads from the one where it can be written; where both can, to the one that more links lead to already.
    """
    matrices = Matrices(network, texts)
    found = Candidates(matrices, texts.written).best(BLENDED, thing)
    parts = [dict(zip(zip(*_pair_lists(one), strict=True), one.scores.tolist(), strict=True)) for one in found.values()]
    into = np.asarray(matrices.directed.sum(axis=0)).ravel()
    rows = []
    for pair, score in [*fused(found).items()][:MOST]:
        one, other = pair if thing is not None else _from_to(pair, texts.written, into)
        shared = _shared(matrices, one, other)[:why]
        vectors = texts.vectors
        common = tuple(vectors.names[column] for column in vectors.shared(one, other, why))
        over = () if shared else _over(matrices, one, other)
        rows.append(Suggestion(one, other, score, tuple(part.get(pair, 0.0) for part in parts), shared, over, common))
    return rows


def _pair_lists(ranked: Ranked) -> tuple[list[int], list[int]]:
    return ranked.ones.tolist(), ranked.others.tolist()


def _from_to(pair: tuple[int, int], written: frozenset[int], into: _Array) -> tuple[int, int]:
    one, other = pair
    if (one in written) != (other in written):
        return (one, other) if one in written else (other, one)
    return (other, one) if into[one] > into[other] else (one, other)


def _shared(matrices: Matrices, one: int, other: int) -> tuple[int, ...]:
    """What is linked with both, the least linked first: it says the most."""
    found = _linked(matrices, one) & _linked(matrices, other)
    return tuple(sorted(found, key=lambda n: (matrices.degrees[n], n)))


def _over(matrices: Matrices, one: int, other: int) -> tuple[int, ...]:
    """The path of three that counts the most, less its ends."""
    ends, degrees = _linked(matrices, other), matrices.degrees
    ways = ((degrees[a] * degrees[b], a, b) for a in _linked(matrices, one) for b in _linked(matrices, a) & ends)
    best = min(ways, default=None)
    return best[1:] if best else ()


def _linked(matrices: Matrices, thing: int) -> set[int]:
    start, end = matrices.adjacency.indptr[thing : thing + 2]
    return {*matrices.adjacency.indices[start:end].tolist()}


# ---- how good they are -----------------------------------------------------------------------------------------------


class Measured(NamedTuple):
    """How many of the best AT pairs of a method were hidden links, as a mean over rounds, and its standard error."""

    method: str
    precision: float
    error: float


def measure(network: Network, texts: Texts, rounds: int = ROUNDS) -> tuple[list[Measured], int]:
    """The precision at AT of each method and of their fusion, as `suggest`, and how many links were hidden a round.

    A tenth of the links between notes is hidden, drawn anew each round with its number as the seed; of pairs that a
    method finds equal, it is what a fair draw among them would find. Liben-Nowell and Kleinberg, The link-prediction
    problem for social networks, 2007; Herlocker et al., 2004, for the precision at a rank.
    """
    links = between_notes(network)
    number = max(round(len(links) * HIDDEN), 1) if links else 0
    found: dict[str, list[float]] = {name: [] for name in (*METHODS, "suggest")}
    for seed in range(rounds):
        hidden = frozenset(random.Random(seed).sample(links, number))  # noqa: S311
        for name, ranked in _rankings(without(network, hidden), texts).items():
            found[name].append(precision(ranked, hidden))
    return [_measured(name, values) for name, values in found.items()], number


def between_notes(network: Network) -> list[tuple[int, int]]:
    """The linked pairs that do not lie in one note, where reading ties them and nobody made a link."""
    owners = whole(network)
    return [pair for pair in network.edges if owners[pair[0]] != owners[pair[1]]]


def without(network: Network, hidden: frozenset[tuple[int, int]]) -> Network:
    """The network without the links of some pairs."""
    kept = (one for one in network.links if (min(one[:2]), max(one[:2])) not in hidden)
    return replace(network, links=tuple(kept))


def _rankings(network: Network, texts: Texts) -> dict[str, list[tuple[tuple[int, int], float]]]:
    best = Candidates(Matrices(network, texts), texts.written).best([*METHODS])
    rows = {
        name: [*zip(zip(*_pair_lists(one), strict=True), one.scores.tolist(), strict=True)]
        for name, one in best.items()
    }
    return {**rows, "suggest": [*fused({name: best[name] for name in BLENDED}).items()]}


def precision(ranked: Sequence[tuple[tuple[int, int], float]], hidden: frozenset[tuple[int, int]]) -> float:
    """The part of the first AT that was hidden, where equals at the end are drawn from fairly."""
    if len(ranked) <= AT:
        return sum(pair in hidden for pair, _ in ranked) / AT
    last = ranked[AT - 1][1]
    sure = [pair in hidden for pair, score in ranked if score > last]
    drawn = [pair in hidden for pair, score in ranked if score == last]
    return (sum(sure) + (AT - len(sure)) * sum(drawn) / len(drawn)) / AT


def _measured(name: str, values: Sequence[float]) -> Measured:
    mean = sum(values) / len(values)
    spread = sum((value - mean) ** 2 for value in values)
    return Measured(name, mean, math.sqrt(spread / (len(values) - 1) / len(values)) if len(values) > 1 else 0.0)
