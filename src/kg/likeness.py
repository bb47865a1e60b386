"""What things are about and what they are tied to, as vectors: how alike two things are, and by which words and links.

The words of a thing are those of its note or section, as the store has them: text, headings, names and tags. The words
of the links in it are taken out again, so that likeness by words and likeness by links say different things, and a link
that is hidden to measure something is hidden altogether. No language is known: a word counts the more the fewer things
have it, and one that more than a fifth of them have counts for nothing. Scripts without spaces are taken in pairs of characters.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyoxigraph as ox
import regex

from kg.fulltext import SEPARATOR, indexable
from kg.networks import LINKS, MENTIONS, Network, whole
from kg.store import Store
from kg.terms import KG, SKOS, nfc

if TYPE_CHECKING:
    from scipy.sparse import csr_array

COMMON = 5
"""A word of more than one in so many things says nothing."""
_FEW = 10
"""In a small network a word of so many things still counts."""
ENOUGH = 50
"""A text of fewer words counts the less, the fewer it has."""
_TEXT, _HEADING, _SECTION, _BLOCK, _TAGGED, _DESCRIBES = (
    ox.NamedNode(KG + name) for name in ("text", "heading", "hasSection", "hasBlock", "tagged", "describes")
)
_PREFERRED, _ALSO = ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(SKOS + "altLabel")
_DEFAULT = ox.DefaultGraph()
_WORD = regex.compile(rf"{SEPARATOR}.{SEPARATOR}(?:{SEPARATOR}.{SEPARATOR})*|[\p{{L}}\p{{N}}\p{{M}}\ue0f0\ue0f1_]+")


def words(text: str) -> Iterator[str]:
    """The words of a text: two letters and more, no numbers; of scripts without spaces each two characters."""
    for found in _WORD.findall(indexable(nfc(text)).casefold()):
        if found[0] == SEPARATOR:
            characters = found.replace(SEPARATOR, "")
            yield from (characters[at : at + 2] for at in range(max(len(characters) - 1, 1)))
        elif len(found) > 1 and not found.isdecimal():
            yield found


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


def texts(store: Store, network: Network) -> Texts:
    """The words of a network's things."""
    reader = _Reader(store, network)
    described = {quad.object for quad in store.find(None, _DESCRIBES, None, _DEFAULT)}
    owners = {node.value for node in described if isinstance(node, ox.NamedNode)}
    pairs = enumerate(zip(network.nodes, whole(network), strict=True))
    written = frozenset(number for number, (node, owner) in pairs if owner in owners or node.value in owners)
    return Texts(reader.words(written), written)


class _Reader:
    """Gathers the words of a network's things from a store."""

    def __init__(self, store: Store, network: Network) -> None:
        self.store, self.network = store, network
        self.outer = dict(self._pairs(_SECTION, backwards=True))
        self.blocks = dict(self._pairs(_BLOCK, backwards=True))
        self.found: list[Counter[str]] = [Counter() for _ in network.nodes]

    def _pairs(self, name: ox.NamedNode, *, backwards: bool = False) -> Iterator[tuple[Any, Any]]:
        for quad in self.store.find(None, name, None, _DEFAULT):
            yield (quad.object, quad.subject) if backwards else (quad.subject, quad.object)

    def words(self, written: frozenset[int]) -> list[Counter[str]]:
        for name in (_TEXT, _HEADING):
            for place, text in self._pairs(name):
                self._add(place, words(text.value))
        named = self._names()
        for place, tag in self._pairs(_TAGGED):
            self._add(place, named.get(tag, ()))
        self._take_links(named)
        for number in written:
            self.found[number].update(named.get(self.network.nodes[number], ()))
        return [+one for one in self.found]

    def _names(self) -> dict[Any, list[str]]:
        """The words of each thing's names."""
        found: dict[Any, list[str]] = {}
        for name in (_PREFERRED, _ALSO):
            for node, label in self._pairs(name):
                found.setdefault(node, []).extend(words(label.value))
        return found

    def _take_links(self, named: Mapping[Any, list[str]]) -> None:
        """Take out, once a link, the words that a link shows: those of the name of what it leads to."""
        first: dict[Any, list[str]] = {}
        for node, label in sorted(self._pairs(_PREFERRED), key=lambda pair: (pair[0].value, pair[1].value)):
            first.setdefault(node, [*words(label.value)])
        for place, target in self._pairs(MENTIONS):
            if target in first:
                for number in self._way_out(self.blocks.get(place, place)):
                    self.found[number].subtract(first[target])

    def _add(self, place: Any, some: Iterable[str]) -> None:
        some = [*some]
        for number in self._way_out(place):
            self.found[number].update(some)

    def _way_out(self, place: Any) -> Iterator[int]:
        """The numbers of a place and of all that it stands in; a block is none of its section's, which has its text."""
        seen = set()
        while place is not None and place not in seen:
            seen.add(place)
            if place in self.network.numbers:
                yield self.network.numbers[place]
            place = self.outer.get(place)


# ---- vectors ---------------------------------------------------------------------------------------------------------


class Vectors(NamedTuple):
    """A row for each thing, of length 1 or less; a column for each word, or for each thing that is linked."""

    rows: "csr_array[Any]"
    names: Sequence[str]

    def shared(self, one: int, other: int, most: int) -> list[int]:
        """The columns that make two rows alike, those that do the most first."""
        product = (self.rows[[one]] * self.rows[[other]]).tocoo()
        found = sorted(zip(-product.data, product.coords[1], strict=True))
        return [int(column) for value, column in found[:most] if value]


def vectors(counts: Sequence[Mapping[str, int]], enough: int = 0) -> Vectors:
    """Texts as vectors by TF-IDF, (1 + ln count) ln(things / things with the word), divided by their length.

    Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988. What has fewer words than `enough`
    is given as much less weight: Herlocker et al., An algorithmic framework for performing collaborative filtering,
    1999.
    """
    number = sum(map(bool, counts))
    having = Counter(word for one in counts for word in one)
    most = max(number / COMMON, _FEW)
    names = sorted(word for word, times in having.items() if 1 < times <= most)
    columns = {word: column for column, word in enumerate(names)}
    entries = [
        (row, columns[word], (1 + math.log(times)) * math.log(number / having[word]))
        for row, one in enumerate(counts)
        for word, times in sorted(one.items())
        if word in columns
    ]
    weights = [min(sum(one.values()) / enough, 1.0) if enough else 1.0 for one in counts]
    return Vectors(_of_length(entries, (len(counts), len(names)), weights), names)


def link_vectors(network: Network) -> Vectors:
    """The things that each is linked with, as vectors like those of words: what few are linked with counts more."""
    number = len(network)
    degrees = Counter(end for pair in network.edges for end in pair)
    both = sorted([*network.edges, *((other, one) for one, other in network.edges)])
    entries = [(one, other, math.log(number / degrees[other])) for one, other in both]
    return Vectors(_of_length(entries, (number, number), [1.0] * number), network.labels)


def _of_length(entries: Iterable[tuple[int, int, float]], shape: tuple[int, int], weights: Sequence[float]) -> Any:
    """A sparse matrix whose rows are as long as they weigh."""
    from scipy.sparse import csr_array, dia_array

    rows = [*entries]
    at = np.array([row[:2] for row in rows], dtype=np.int32).reshape(-1, 2)
    values = np.array([row[2] for row in rows], dtype=float)
    matrix = csr_array((values, (at[:, 0], at[:, 1])), shape=shape)
    lengths = np.sqrt((matrix * matrix).sum(axis=1))
    scale = np.divide(weights, lengths, out=np.zeros(shape[0]), where=lengths > 0)
    return dia_array((scale[None, :], [0]), shape=(shape[0], shape[0])) @ matrix


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
