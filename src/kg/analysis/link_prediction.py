"""Link prediction: pairs of nodes that are not linked but should be, judging by the links around them and their words.

Each method scores every pair, from the network as an undirected simple graph (`Network.edges`):

    common neighbours    nodes that are linked with both
    Adamic-Adar          the same, each weighted by 1 / ln of its links: Friends and neighbors on the Web, 2003
    resource allocation  each weighted by 1 / its links: Zhou, Lü and Zhang, Predicting missing links, 2009
    co-citation          nodes that link to both: Small, 1973
    coupling             nodes that both link to: Kessler, Bibliographic coupling, 1963
    paths of three       over two others, each 1 / root of its links: Kovács et al., Network-based prediction, 2019
    text                 the cosine of their words (`similarity`)

A suggestion combines the methods in BLENDED by reciprocal rank fusion, which has no weights to fit. Scores are computed
for a block of rows at a time, so that a large vault needs no more memory than its best pairs.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from kg.analysis.network import Network, owner_iris
from kg.analysis.similarity import Texts

BLENDED = ("adamic_adar", "paths_of_three", "text")
"""Chosen on two vaults among the combinations of the methods, then evaluated on others: docs/suggestions.md."""
FUSION = 60
"""The constant of reciprocal rank fusion, as published."""
KEPT = 10_000
"""How many pairs each method ranks; lower ranks would add next to nothing."""
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
    """A network as sparse matrices. Each method scores a slice of rows and returns a dense array, a row per node."""

    network: Network
    texts: Texts | None = None

    @cached_property
    def adjacency(self) -> _Array:
        """1 where two nodes are linked."""
        pairs = [*self.network.edges, *((target, source) for source, target in self.network.edges)]
        return _binary_matrix(pairs, len(self.network))

    @cached_property
    def directed(self) -> _Array:
        """1 where the row's node links to the column's."""
        return _binary_matrix([*self.network.pairs], len(self.network))

    @cached_property
    def degrees(self) -> _Array:
        """The number of neighbours of each node."""
        return np.asarray(self.adjacency.sum(axis=1), dtype=float).ravel()

    def common_neighbours(self, rows: slice) -> _Array:
        """How many nodes are linked with both."""
        return (self.adjacency[rows] @ self.adjacency).toarray()

    def adamic_adar(self, rows: slice) -> _Array:
        """The common neighbours, each weighted by 1 / ln of its degree."""
        weights = np.divide(1, np.log(np.maximum(self.degrees, 2)), where=self.degrees > 1, out=np.zeros(self._size))
        return (self.adjacency[rows] @ _scaled(weights, self.adjacency)).toarray()

    def resource_allocation(self, rows: slice) -> _Array:
        """The common neighbours, each weighted by 1 / its degree."""
        return (self.adjacency[rows] @ _scaled(self._inverse, self.adjacency)).toarray()

    def cocitation(self, rows: slice) -> _Array:
        """How many nodes link to both."""
        return (self._backwards[rows] @ self.directed).toarray()

    def coupling(self, rows: slice) -> _Array:
        """How many nodes both link to."""
        return (self.directed[rows] @ self._backwards).toarray()

    @cached_property
    def _backwards(self) -> _Array:
        return self.directed.T.tocsr()

    def paths_of_three(self, rows: slice) -> _Array:
        """The paths between two nodes over two others, each weighted by 1 / root of the product of their degrees.

        They link a node to nodes like its neighbours, whereas common neighbours link it to nodes like itself.
        """
        return (self.adjacency[rows] @ self._middle @ self.adjacency).toarray()

    @cached_property
    def _middle(self) -> _Array:
        """The inner links of the paths, each divided by the root of the product of both degrees."""
        root = np.sqrt(self._inverse)
        return _scaled(root, _scaled(root, self.adjacency).T.tocsr())

    def text(self, rows: slice) -> _Array:
        """The cosine similarity of the words."""
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


def _binary_matrix(pairs: Sequence[tuple[int, int]], size: int) -> _Array:
    from scipy.sparse import csr_array

    at = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(size, size))


def _scaled(weights: _Array, matrix: _Array) -> _Array:
    """Multiply each row of a matrix by its weight."""
    from scipy.sparse import dia_array

    return (dia_array((weights[None, :], [0]), shape=(len(weights), len(weights))) @ matrix).tocsr()


# ---- candidate pairs -------------------------------------------------------------------------------------------------


class RankedPairs(NamedTuple):
    """Pairs as two arrays of node numbers, with the scores of a method, best first."""

    rows: _Array
    columns: _Array
    scores: _Array

    @property
    def ranks(self) -> _Array:
        """The ranks, from 1; tied pairs share the mean of their ranks."""
        _, groups, sizes = np.unique(-self.scores, return_inverse=True, return_counts=True)
        return (np.cumsum(sizes) - sizes + (sizes + 1) / 2)[groups]


@dataclass(frozen=True)
class Candidates:
    """The pairs that may be linked: not linked yet, not in the same note, and at least one node can hold a link.

    A node that no note describes must have a link: without any, it would not be known.
    """

    matrices: Matrices
    written: frozenset[int]

    @cached_property
    def _owners(self) -> _Array:
        return np.unique(np.array(owner_iris(self.matrices.network)), return_inverse=True)[1]

    @cached_property
    def _is_written(self) -> _Array:
        mask = np.zeros(len(self.matrices.network), dtype=bool)
        mask[sorted(self.written)] = True
        return mask

    def _may_be(self, rows: slice, *, ordered: bool) -> _Array:
        """A mask of the candidates in a slice of rows; with `ordered`, each pair once, the smaller number first."""
        written, owners = self._is_written, self._owners
        exists = written | (self.matrices.degrees > 0)
        mask = (written[rows, None] | written[None, :]) & exists[rows, None] & exists[None, :]
        mask &= owners[rows, None] != owners[None, :]
        mask &= self.matrices.adjacency[rows].toarray() == 0
        if ordered:
            mask &= np.arange(rows.start, rows.stop)[:, None] < np.arange(len(owners))[None, :]
        return mask

    def best(self, names: Sequence[str], thing: int | None = None) -> dict[str, RankedPairs]:
        """The best KEPT pairs by each method: all pairs, or those with `thing`."""
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
        self.waiting: list[RankedPairs] = []
        self.number = 0

    def add(self, scores: _Array, allowed: _Array, start: int, first: int = 0) -> None:
        """Add the pairs of a block of rows that starts at `start`, with the columns from `first` on."""
        scores, allowed = scores[:, first:], allowed[:, first:]
        rows, columns = np.nonzero((scores > self.least) & allowed)
        self.waiting.append(RankedPairs(rows + start, columns + first, scores[rows, columns]))
        self.number += len(rows)
        if self.number > 2 * KEPT:
            best = self.ranked()
            self.waiting, self.number = [best], len(best.rows)
            self.least = float(best.scores[-1]) if self.number == KEPT else 0.0

    def ranked(self) -> RankedPairs:
        """The pairs, best first. Scores within rounding error tie; ties are broken by node number."""
        if not self.waiting:
            return RankedPairs(*(np.zeros(0, dtype=kind) for kind in (int, int, float)))
        rows, columns, scores = (np.concatenate(column) for column in zip(*self.waiting, strict=True))
        if len(scores) > KEPT:
            likely = scores >= np.partition(scores, -KEPT)[-KEPT] * (1 - _ERROR)
            rows, columns, scores = rows[likely], columns[likely], scores[likely]
        scores = _rounded(scores)
        order = np.lexsort((columns, rows, -scores))[:KEPT]
        return RankedPairs(rows[order], columns[order], scores[order])


def _rounded(scores: _Array) -> _Array:
    """Round scores to so few digits that every machine gets the same values."""
    _, exponents = np.frexp(scores)
    scale = np.exp2(np.round(exponents) - 3 * _DIGITS)
    return np.round(scores / scale) * scale


# ---- suggestions -----------------------------------------------------------------------------------------------------


class Suggestion(NamedTuple):
    """A suggested link: its score as a share of the highest possible, and its score by each method in BLENDED."""

    thing: int
    target: int
    score: float
    parts: tuple[float, ...]
    neighbours: tuple[int, ...]
    over: tuple[int, ...]
    """If there are no common neighbours, the two inner nodes of the path that weighs most."""
    words: tuple[str, ...]


def fused(rankings: Mapping[str, RankedPairs]) -> dict[tuple[int, int], float]:
    """Fuse rankings by the sum of 1 / (60 + rank), as a share of the sum of a pair that every method ranks first.

    Cormack, Clarke and Büttcher, Reciprocal rank fusion outperforms Condorcet, 2009.
    """
    sums: dict[tuple[int, int], float] = {}
    for ranked in rankings.values():
        for first, second, rank in zip(
            ranked.rows.tolist(), ranked.columns.tolist(), ranked.ranks.tolist(), strict=True
        ):
            sums[first, second] = sums.get((first, second), 0.0) + (FUSION + 1) / (FUSION + rank) / len(rankings)
    rows = sorted(sums.items(), key=lambda row: (-round(row[1], _DIGITS), row[0]))
    return {pair: round(score, _DIGITS) for pair, score in rows}


def suggest(network: Network, texts: Texts, thing: int | None = None, why: int = 3) -> list[Suggestion]:
    """Return the links most worth making, at most MOST, in the whole network or for `thing`.

    A link starts at the node that can hold it; if both can, it leads to the node with more incoming links.
    """
    matrices = Matrices(network, texts)
    rankings = Candidates(matrices, texts.written).best(BLENDED, thing)
    parts = [
        dict(zip(zip(*_pair_lists(source), strict=True), source.scores.tolist(), strict=True))
        for source in rankings.values()
    ]
    into = np.asarray(matrices.directed.sum(axis=0)).ravel()
    rows = []
    for pair, score in [*fused(rankings).items()][:MOST]:
        source, target = pair if thing is not None else _from_to(pair, texts.written, into)
        shared = _shared(matrices, source, target)[:why]
        vectors = texts.vectors
        words = tuple(vectors.names[column] for column in vectors.shared(source, target, why))
        over = () if shared else _over(matrices, source, target)
        rows.append(
            Suggestion(source, target, score, tuple(part.get(pair, 0.0) for part in parts), shared, over, words)
        )
    return rows


def _pair_lists(ranked: RankedPairs) -> tuple[list[int], list[int]]:
    return ranked.rows.tolist(), ranked.columns.tolist()


def _from_to(pair: tuple[int, int], written: frozenset[int], into: _Array) -> tuple[int, int]:
    first, second = pair
    if (first in written) != (second in written):
        return (first, second) if first in written else (second, first)
    return (second, first) if into[first] > into[second] else (first, second)


def _shared(matrices: Matrices, source: int, target: int) -> tuple[int, ...]:
    """The common neighbours, those with the fewest links first, since they are the most specific."""
    neighbours = _linked(matrices, source) & _linked(matrices, target)
    return tuple(sorted(neighbours, key=lambda n: (matrices.degrees[n], n)))


def _over(matrices: Matrices, source: int, target: int) -> tuple[int, ...]:
    """The two inner nodes of the path of three that weighs most."""
    ends, degrees = _linked(matrices, target), matrices.degrees
    paths = ((degrees[a] * degrees[b], a, b) for a in _linked(matrices, source) for b in _linked(matrices, a) & ends)
    best = min(paths, default=None)
    return best[1:] if best else ()


def _linked(matrices: Matrices, thing: int) -> set[int]:
    start, end = matrices.adjacency.indptr[thing : thing + 2]
    return {*matrices.adjacency.indices[start:end].tolist()}


# ---- evaluation ------------------------------------------------------------------------------------------------------


class Measured(NamedTuple):
    """The precision of a method: the share of hidden links in its best AT pairs, with mean and standard error over
    rounds.
    """

    method: str
    precision: float
    error: float


def measure(network: Network, texts: Texts, rounds: int = ROUNDS) -> tuple[list[Measured], int]:
    """Return the precision at AT of each method and of their fusion (`suggest`), and how many links each round hides.

    Each round hides a tenth of the links between notes, drawn with the round number as the seed. Pairs that a method
    ties count as if drawn fairly among them. Liben-Nowell and Kleinberg, The link-prediction problem for social
    networks, 2007; Herlocker et al., 2004, for the precision at a rank.
    """
    links = between_notes(network)
    number = max(round(len(links) * HIDDEN), 1) if links else 0
    precisions: dict[str, list[float]] = {name: [] for name in (*METHODS, "suggest")}
    for seed in range(rounds):
        hidden = frozenset(random.Random(seed).sample(links, number))  # noqa: S311
        for name, ranked in _rankings(without(network, hidden), texts).items():
            precisions[name].append(precision(ranked, hidden))
    return [_measured(name, values) for name, values in precisions.items()], number


def between_notes(network: Network) -> list[tuple[int, int]]:
    """The linked pairs in different notes. Within a note, the reader ties nodes without a link that anybody made."""
    owners = owner_iris(network)
    return [pair for pair in network.edges if owners[pair[0]] != owners[pair[1]]]


def without(network: Network, hidden: frozenset[tuple[int, int]]) -> Network:
    """The network without the links of the hidden pairs."""
    kept = (link for link in network.links if (min(link[:2]), max(link[:2])) not in hidden)
    return replace(network, links=tuple(kept))


def _rankings(network: Network, texts: Texts) -> dict[str, list[tuple[tuple[int, int], float]]]:
    best = Candidates(Matrices(network, texts), texts.written).best([*METHODS])
    rows = {
        name: [*zip(zip(*_pair_lists(ranked), strict=True), ranked.scores.tolist(), strict=True)]
        for name, ranked in best.items()
    }
    return {**rows, "suggest": [*fused({name: best[name] for name in BLENDED}).items()]}


def precision(ranked: Sequence[tuple[tuple[int, int], float]], hidden: frozenset[tuple[int, int]]) -> float:
    """The share of the first AT pairs that was hidden; ties at the end count as a fair draw."""
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
