"""Similarity of things: vectors of their words and of their links, and the words and links that two things share.

The words of a thing are those of its note or section, including headings, names and tags. The texts of links are left
out, so that similarity by words and similarity by links are independent, and a link that an evaluation hides is hidden
completely. No language is assumed: the fewer things have a word, the more it counts, and a word that more than a fifth
of them have does not count.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyoxigraph as ox

from kg.analysis.network import Network, owner_iris
from kg.config import Config
from kg.fulltext.words import KnownNotes, prose, words
from kg.notes.vault import Progress
from kg.rdf.iris import Names
from kg.rdf.vocabulary import LABELS, TAGGED
from kg.store.store import Store

if TYPE_CHECKING:
    from scipy.sparse import csr_array


COMMON = 5
"""A word of more than 1 / COMMON of all things does not count."""
TELLING = 10
"""A word of at most 1 / TELLING of all things can be shown as a reason for similarity."""
_FEW, _MANY = 10, 200
"""In a small network, a word of up to _FEW things still counts; in any network, a word of more than _MANY does not."""
ENOUGH = 50
"""A text with fewer words than this weighs less, in proportion."""


# ---- the words of things ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Texts:
    """The words of each node of a network, and which nodes can hold a link."""

    words: Sequence[Mapping[str, int]]
    written: frozenset[int]
    """The nodes that a note describes or contains."""

    @cached_property
    def vectors(self) -> "Vectors":
        """The words as vectors."""
        return vectors(self.words, ENOUGH)


def texts(config: Config, store: Store, network: Network, progress: Progress | None = None) -> Texts:
    """Return the words of a network's nodes. Their notes are read again, by several processes if there are many."""
    notes = KnownNotes.of(config, store)
    owners = {node.value for nodes in notes.entities.values() for node in nodes}
    pairs = enumerate(zip(network.nodes, owner_iris(network), strict=True))
    written = frozenset(number for number, (node, owner) in pairs if owner in owners or node.value in owners)
    counts: list[Counter[str]] = [Counter() for _ in network.nodes]
    _add_names(store, network, written, counts)
    for note in notes.each(prose, progress):
        for node in notes.about(note.path):
            for parts, word_counts in note.sections:
                for number in _places(network, notes.names, node, parts):
                    counts[number].update(word_counts)
    return Texts(counts, written)


def _places(network: Network, names: Names, node: ox.NamedNode, parts: tuple[str, ...]) -> Iterator[int]:
    """The nodes that a section belongs to: its note's, its own, and those of the sections around it."""
    for depth in range(len(parts) + 1):
        place = ox.NamedNode(names.section(node.value, parts[:depth])) if depth else node
        if place in network.numbers:
            yield network.numbers[place]


def _add_names(store: Store, network: Network, written: frozenset[int], counts: list[Counter[str]]) -> None:
    """Add the words of names and tags to nodes that have a text; a node that is only named has no words."""
    words_of: dict[object, list[str]] = {}
    for name in LABELS:
        for quad in store.triples(None, name, None):
            words_of.setdefault(quad.subject, []).extend(words(getattr(quad.object, "value", "")))
    for number in written:
        counts[number].update(words_of.get(network.nodes[number], ()))
    for quad in store.triples(None, TAGGED, None):
        if isinstance(quad.subject, ox.NamedNode) and quad.subject in network.numbers:
            counts[network.numbers[quad.subject]].update(words_of.get(quad.object, ()))


# ---- vectors ---------------------------------------------------------------------------------------------------------


class Vectors(NamedTuple):
    """A row for each node, of length 1 or less; a column for each word or linked node."""

    rows: "csr_array[Any]"
    names: Sequence[str]
    rarity: Any
    """ln(things / things with it) of each column."""
    telling: float = 0.0
    """The least rarity of a reason: columns below it count but are not shown."""

    def shared(self, a: int, b: int, most: int) -> list[int]:
        """The columns that make two rows similar, those that contribute most first."""
        (first, values), (second, factors) = self._row(a), self._row(b)
        columns, left, right = np.intersect1d(first, second, assume_unique=True, return_indices=True)
        ranked = sorted(zip((-values[left] * factors[right]).tolist(), columns.tolist(), strict=True))
        return [column for value, column in ranked if value and self.rarity[column] >= self.telling][:most]

    def _row(self, number: int) -> tuple[Any, Any]:
        start, end = self.rows.indptr[number : number + 2]
        return self.rows.indices[start:end], self.rows.data[start:end]


def vectors(counts: Sequence[Mapping[str, int]], enough: int = 0) -> Vectors:
    """Return texts as TF-IDF vectors, (1 + ln count) ln(things / things with the word), divided by their length.

    Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988. A text with fewer words than
    `enough` weighs proportionally less: Herlocker et al., An algorithmic framework for performing collaborative
    filtering, 1999.
    """
    number = sum(map(bool, counts))
    frequencies = Counter(word for count in counts for word in count)
    limit = min(max(number / COMMON, _FEW), _MANY)
    names = sorted(word for word, times in frequencies.items() if 1 < times <= limit)
    columns = {word: column for column, word in enumerate(names)}
    telling = math.log(number / max(number / TELLING, 2)) if number else 0.0
    rarity = np.array([math.log(number / frequencies[word]) for word in names])
    rows = [sorted((columns[word], times) for word, times in count.items() if word in columns) for count in counts]
    at = np.array([column for row in rows for column, _ in row], dtype=np.int32)
    times = np.array([times for row in rows for _, times in row], dtype=float)
    weights = [min(sum(count.values()) / enough, 1.0) if enough else 1.0 for count in counts]
    lengths = [len(row) for row in rows]
    return Vectors(
        _of_length((1 + np.log(times)) * rarity[at], at, lengths, len(names), weights), names, rarity, telling
    )


def link_vectors(network: Network) -> Vectors:
    """Return the neighbours of each node as vectors, like those of words: neighbours with few links count more."""
    number = len(network)
    rows: list[list[int]] = [[] for _ in range(number)]
    for node, neighbour in network.edges:
        rows[node].append(neighbour)
        rows[neighbour].append(node)
    lengths = [len(row) for row in rows]
    at = np.array([neighbour for row in rows for neighbour in sorted(row)], dtype=np.int32)
    rarity = np.log(number / np.maximum(lengths, 1))
    return Vectors(_of_length(rarity[at], at, lengths, number, [1.0] * number), network.labels, rarity)


def _of_length(values: Any, columns: Any, lengths: Sequence[int], width: int, weights: Sequence[float]) -> Any:
    """A sparse matrix with `lengths` entries in its rows, each row scaled to the length in `weights`."""
    from scipy.sparse import csr_array, dia_array

    height = len(lengths)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int32)]).astype(np.int32)
    matrix = csr_array((values, columns, starts), shape=(height, width))
    norms = np.sqrt((matrix * matrix).sum(axis=1))
    scale = np.divide(weights, norms, out=np.zeros(height), where=norms > 0)
    return dia_array((scale[None, :], [0]), shape=(height, height)) @ matrix


# ---- similar things --------------------------------------------------------------------------------------------------


class Alike(NamedTuple):
    """A similar thing, how similar it is, and why."""

    thing: int
    score: float
    text: float
    links: float
    linked: bool
    words: tuple[str, ...]
    shared: tuple[int, ...]


def similar(network: Network, texts: Texts, thing: int, why: int = 3) -> list[Alike]:
    """Return the things most similar to `thing`, by the mean of the cosines of their words and of their links.

    As for documents by words and citations together: Janssens, Glänzel and De Moor, A hybrid mapping of information
    science, 2008. Things in the same note are left out.
    """
    by_words, by_links = texts.vectors, link_vectors(network)
    text, links = _cosines(by_words, thing), _cosines(by_links, thing)
    owners = owner_iris(network)
    rows = []
    for candidate in range(len(network)):
        score = round((text[candidate] + links[candidate]) / 2, 12)
        if score > 0 and owners[candidate] != owners[thing]:
            rows.append((-score, network.labels[candidate], candidate))
    return [
        Alike(
            candidate,
            -score,
            float(text[candidate]),
            float(links[candidate]),
            (min(thing, candidate), max(thing, candidate)) in network.edges,
            tuple(by_words.names[column] for column in by_words.shared(thing, candidate, why)),
            tuple(by_links.shared(thing, candidate, why)),
        )
        for score, _, candidate in sorted(rows)
    ]


def _cosines(vectors: Vectors, thing: int) -> Any:
    """The similarity of a row to each row."""
    return (vectors.rows @ vectors.rows[[thing]].T).toarray().ravel()
