"""What things are about and what they are tied to, as vectors: how alike two things are, and by which words and links.

The words of a thing are those of its note or section, headings, names and tags among them. The texts of links are left
out, so that likeness by words and likeness by links say different things, and a link that is hidden to measure
something is hidden altogether. No language is known: a word counts the more the fewer things have it, and one that more
than a fifth of them have counts for nothing.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyoxigraph as ox

from kg.config import Config
from kg.networks import Network, whole
from kg.prose import Known, prose, words
from kg.store import Store
from kg.terms import KG, SKOS, Names
from kg.vault import Progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

COMMON = 5
"""A word of more than one in so many things says nothing."""
TELLING = 10
"""A word of one in so many things and fewer says why two are alike."""
_FEW, _MANY = 10, 200
"""In a small network a word of so many things still counts, and in no network one of more than so many."""
ENOUGH = 50
"""A text of fewer words counts the less, the fewer it has."""
_TAGGED = ox.NamedNode(KG + "tagged")
_PREFERRED, _ALSO = ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(SKOS + "altLabel")
_DEFAULT = ox.DefaultGraph()


# ---- the words of things ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Texts:
    """The words of each thing of a network, and in which of them a link can be written."""

    words: Sequence[Mapping[str, int]]
    written: frozenset[int]
    """The things that a note describes, or that lie in one."""

    @cached_property
    def vectors(self) -> "Vectors":
        """The words as vectors."""
        return vectors(self.words, ENOUGH)


def texts(config: Config, store: Store, network: Network, progress: Progress | None = None) -> Texts:
    """The words of a network's things: their notes are read once more, by several processes where there are many."""
    known = Known.of(config, store)
    owners = {node.value for some in known.entities.values() for node in some}
    pairs = enumerate(zip(network.nodes, whole(network), strict=True))
    written = frozenset(number for number, (node, owner) in pairs if owner in owners or node.value in owners)
    found: list[Counter[str]] = [Counter() for _ in network.nodes]
    _add_names(store, network, written, found)
    for own in known.each(prose, progress):
        for node in known.about(own.path):
            for parts, counted in own.sections:
                for number in _places(network, known.names, node, parts):
                    found[number].update(counted)
    return Texts(found, written)


def _places(network: Network, names: Names, node: ox.NamedNode, parts: tuple[str, ...]) -> Iterator[int]:
    """The things that a section is of: its note's, its own, and those of the sections around it."""
    for at in range(len(parts) + 1):
        place = ox.NamedNode(names.section(node.value, parts[:at])) if at else node
        if place in network.numbers:
            yield network.numbers[place]


def _add_names(store: Store, network: Network, written: frozenset[int], found: list[Counter[str]]) -> None:
    """Add the words of names and tags, of things that have a text; what is only named has no words."""
    named: dict[object, list[str]] = {}
    for name in (_PREFERRED, _ALSO):
        for quad in store.find(None, name, None, _DEFAULT):
            named.setdefault(quad.subject, []).extend(words(getattr(quad.object, "value", "")))
    for number in written:
        found[number].update(named.get(network.nodes[number], ()))
    for quad in store.find(None, _TAGGED, None, _DEFAULT):
        if isinstance(quad.subject, ox.NamedNode) and quad.subject in network.numbers:
            found[network.numbers[quad.subject]].update(named.get(quad.object, ()))


# ---- vectors ---------------------------------------------------------------------------------------------------------


class Vectors(NamedTuple):
    """A row for each thing, of length 1 or less; a column for each word, or for each thing that is linked."""

    rows: "csr_array[Any]"
    names: Sequence[str]
    rarity: Any
    """ln(things / things with it) of each column."""
    telling: float = 0.0
    """What is less rare counts, and is not told as a reason."""

    def shared(self, one: int, other: int, most: int) -> list[int]:
        """The columns that make two rows alike, those that do the most first."""
        (first, values), (second, others) = self._row(one), self._row(other)
        columns, at, there = np.intersect1d(first, second, assume_unique=True, return_indices=True)
        found = sorted(zip((-values[at] * others[there]).tolist(), columns.tolist(), strict=True))
        return [column for value, column in found if value and self.rarity[column] >= self.telling][:most]

    def _row(self, number: int) -> tuple[Any, Any]:
        start, end = self.rows.indptr[number : number + 2]
        return self.rows.indices[start:end], self.rows.data[start:end]


def vectors(counts: Sequence[Mapping[str, int]], enough: int = 0) -> Vectors:
    """Texts as vectors by TF-IDF, (1 + ln count) ln(things / things with the word), divided by their length.

    Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988. What has fewer words than `enough`
    is given as much less weight: Herlocker et al., An algorithmic framework for performing collaborative filtering,
    1999.
    """
    number = sum(map(bool, counts))
    having = Counter(word for one in counts for word in one)
    most = min(max(number / COMMON, _FEW), _MANY)
    names = sorted(word for word, times in having.items() if 1 < times <= most)
    columns = {word: column for column, word in enumerate(names)}
    telling = math.log(number / max(number / TELLING, 2)) if number else 0.0
    rarity = np.array([math.log(number / having[word]) for word in names])
    rows = [sorted((columns[word], times) for word, times in one.items() if word in columns) for one in counts]
    at = np.array([column for row in rows for column, _ in row], dtype=np.int32)
    times = np.array([times for row in rows for _, times in row], dtype=float)
    weights = [min(sum(one.values()) / enough, 1.0) if enough else 1.0 for one in counts]
    lengths = [len(row) for row in rows]
    return Vectors(
        _of_length((1 + np.log(times)) * rarity[at], at, lengths, len(names), weights), names, rarity, telling
    )


def link_vectors(network: Network) -> Vectors:
    """The things that each is linked with, as vectors like those of words: what few are linked with counts more."""
    number = len(network)
    rows: list[list[int]] = [[] for _ in range(number)]
    for one, other in network.edges:
        rows[one].append(other)
        rows[other].append(one)
    lengths = [len(row) for row in rows]
    at = np.array([other for row in rows for other in sorted(row)], dtype=np.int32)
    rarity = np.log(number / np.maximum(lengths, 1))
    return Vectors(_of_length(rarity[at], at, lengths, number, [1.0] * number), network.labels, rarity)


def _of_length(values: Any, columns: Any, lengths: Sequence[int], width: int, weights: Sequence[float]) -> Any:
    """A sparse matrix of so many entries a row, whose rows are as long as they weigh."""
    from scipy.sparse import csr_array, dia_array

    height = len(lengths)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int32)]).astype(np.int32)
    matrix = csr_array((values, columns, starts), shape=(height, width))
    norms = np.sqrt((matrix * matrix).sum(axis=1))
    scale = np.divide(weights, norms, out=np.zeros(height), where=norms > 0)
    return dia_array((scale[None, :], [0]), shape=(height, height)) @ matrix


# ---- what is like one thing ------------------------------------------------------------------------------------------


class Alike(NamedTuple):
    """A thing that is like another, how much so, and why."""

    thing: int
    score: float
    text: float
    links: float
    linked: bool
    words: tuple[str, ...]
    shared: tuple[int, ...]


def similar(network: Network, found: Texts, thing: int, why: int = 3) -> list[Alike]:
    """The things most like one: the mean of the cosines of their words and of their links.

    As for documents by words and citations together: Janssens, Glänzel and De Moor, A hybrid mapping of information
    science, 2008. What lies in the same note is left out.
    """
    by_words, by_links = found.vectors, link_vectors(network)
    text, links = _cosines(by_words, thing), _cosines(by_links, thing)
    owners = whole(network)
    rows = []
    for other in range(len(network)):
        score = round((text[other] + links[other]) / 2, 12)
        if score > 0 and owners[other] != owners[thing]:
            rows.append((-score, network.labels[other], other))
    return [
        Alike(
            other,
            -score,
            float(text[other]),
            float(links[other]),
            (min(thing, other), max(thing, other)) in network.edges,
            tuple(by_words.names[column] for column in by_words.shared(thing, other, why)),
            tuple(by_links.shared(thing, other, why)),
        )
        for score, _, other in sorted(rows)
    ]


def _cosines(found: Vectors, thing: int) -> Any:
    """How alike a row is to each."""
    return (found.rows @ found.rows[[thing]].T).toarray().ravel()
