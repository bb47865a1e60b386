"""Likely duplicates among authors, tags and notes: a thing under two names or in two files. Each pair has a reason.

Names are blocked by keys that likely duplicates share, so the cost grows with the number of names, not of pairs
(Christen, Data Matching, 2012). Names that differ in a number, a month or a letter form a series and are not paired.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any, NamedTuple
from zlib import crc32

import pyoxigraph as ox
from rapidfuzz.distance import OSA

from kg.analysis.tables import Table, Value
from kg.core.escaping import printable
from kg.core.spelling import alike
from kg.rdf.terms import KG
from kg.rdf.vocabulary import (
    ALT_LABEL,
    DESCRIBES,
    LABEL,
    LINKS_TO,
    ONTOLOGY_GRAPH,
    PREF_LABEL,
    TEXT,
    TYPE,
)
from kg.store.name_meanings import NameMeanings
from kg.store.store import Store
from kg.store.thing_names import ThingNames

LIKELY = 0.7
"""The lowest score of a pair that is shown."""
_MANY = 3
"""If more things than this share a name, the name is a convention, like README, and not a slip."""
_LONG = 10
"""Words with fewer letters that differ in two of them are different words: product, project."""
_SHORT_NAME = 6
_SAMPLED, _COMMON, _LEAST = 4, 20, 20
_SAME_TEXT = 0.8
_TAG, _NOTE, _CANVAS, _KNOWN_BY_NAME = (ox.NamedNode(KG + name) for name in ("Tag", "Note", "Canvas", "knownByName"))
_WORD = re.compile(r"[^\W_]+")
_SYMBOLS = re.compile(r"[+#%$€@*=<>!?]")
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")
_SERIES_OF_WORDS = """
i ii iii iv v vi vii viii ix x xi xii one two three four five six seven eight nine ten eleven twelve
first second third fourth fifth sixth monday tuesday wednesday thursday friday saturday sunday mon tue
wed thu fri sat sun january february march april may june july august september october november
december jan feb mar apr jun jul aug sep oct nov dec spring summer autumn winter montag dienstag
mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober dezember north
south east west left right
"""
_SERIES = frozenset(_SERIES_OF_WORDS.split())


class Item(NamedTuple):
    """A thing and its names."""

    node: ox.NamedNode
    kind: str
    is_person: bool
    """Whether only its name is known, as for an author; initials then match full names."""
    names: tuple[str, ...]
    """The label first, then the aliases."""
    classes: frozenset[str]


class Pair(NamedTuple):
    """Two likely duplicates, the less used first."""

    left: Item
    right: Item
    why: str
    score: float


def duplicates(store: Store, at_least: float = LIKELY) -> Table:
    """Return the pairs of likely duplicates, the likeliest first."""
    pairs = sorted(_pairs(store), key=lambda row: (-row.score, row.left.names, row.left.node.value, str(row.right)))
    rows: list[tuple[Value, ...]] = []
    names = ThingNames(NameMeanings.of(store))
    for first, second, why, score in pairs:
        if score >= at_least:
            ends = (first.node, names.name(first.node), second.node, names.name(second.node))
            rows.append((*ends, first.kind, why, score))
    return Table(("entity", "label", "to", "to_label", "kind", "why", "score"), rows)


def as_text(table: Table, name: Callable[[Any], str]) -> str:
    """Format the pairs as lines of text, each with its score first."""
    rows = ((score, name(first), name(second), kind, why) for first, _, second, _, kind, why, score in table.rows)
    lines = (f"{score:.2f}  {first} = {second}  ({kind}: {why})" for score, first, second, kind, why in rows)
    return "\n".join(map(printable, lines)) + "\n"


def _pairs(store: Store) -> Iterator[Pair]:
    """Yield every pair once, with its surest reason and score."""
    reader = _EntityReader(store)
    best: dict[tuple[int, int], tuple[float, str]] = {}
    items = reader.items
    for left, right, why, score in (*_by_name(items), *_by_text(items, reader.texts)):
        pair = min(left, right), max(left, right)
        if not _is_series(items[left].names[0], items[right].names[0]):
            best[pair] = max(best.get(pair, (0.0, "")), (score, why))
    for (a, b), (score, why) in best.items():
        first, second = items[a], items[b]
        if (reader.uses(first), first.node.value) > (reader.uses(second), second.node.value):
            first, second = second, first
        yield reader.weighed(first, second, why, score)


@dataclass(frozen=True)
class _EntityReader:
    store: Store

    @cached_property
    def items(self) -> list[Item]:
        """Authors and other things known by name, tags, and notes; each once, sorted by IRI."""
        kinds: dict[ox.NamedNode, tuple[str, bool]] = dict.fromkeys(self._notes.values(), ("note", False))
        kinds |= dict.fromkeys(self._subjects(TYPE, _TAG), ("tag", False))
        for class_ in self._subjects(_KNOWN_BY_NAME, None):
            kinds |= dict.fromkeys(self._subjects(TYPE, class_), (self._called(class_), True))
        items = []
        for node in sorted(kinds, key=lambda node: node.value):
            labels = [*sorted(self._texts_of(node, PREF_LABEL))[:1], *sorted(self._texts_of(node, ALT_LABEL))]
            if labels:
                items.append(Item(node, *kinds[node], tuple(labels), self._classes(node)))
        return items

    @cached_property
    def _notes(self) -> dict[ox.NamedNode, ox.NamedNode]:
        """The thing that each Markdown note is about, by its document."""
        documents = set(self._subjects(TYPE, _NOTE)) - set(self._subjects(TYPE, _CANVAS))
        quads = self.store.triples(None, DESCRIBES, None)
        return {q.subject: q.object for q in quads if q.subject in documents and isinstance(q.object, ox.NamedNode)
                and isinstance(q.subject, ox.NamedNode)}  # fmt: skip

    def _subjects(self, name: ox.NamedNode, obj: ox.NamedNode | None) -> list[ox.NamedNode]:
        quads = self.store.triples(None, name, obj)
        return sorted({q.subject for q in quads if isinstance(q.subject, ox.NamedNode)}, key=lambda node: node.value)

    def _texts_of(self, node: ox.NamedNode, name: ox.NamedNode) -> set[str]:
        return {str(getattr(quad.object, "value", "")) for quad in self.store.triples(node, name, None)}

    def _classes(self, node: ox.NamedNode) -> frozenset[str]:
        classes = {quad.object for quad in self.store.triples(node, TYPE, None)}
        return frozenset(class_.value for class_ in classes if isinstance(class_, ox.NamedNode))

    def _called(self, class_: ox.NamedNode) -> str:
        graph = ONTOLOGY_GRAPH
        labels = (quad.object for quad in self.store.find(class_, LABEL, None, graph))
        ranked = sorted(
            (label.language not in {None, "en"}, label.value) for label in labels if isinstance(label, ox.Literal)
        )
        return ranked[0][1].lower() if ranked else class_.value

    @cached_property
    def texts(self) -> dict[ox.NamedNode, list[str]]:
        """The prose of each note, by the thing that it is about."""
        texts: dict[ox.NamedNode, list[str]] = defaultdict(list)
        for document, node in self._notes.items():
            rows = sorted(str(getattr(q.object, "value", "")) for q in self.store.find(None, TEXT, None, document))
            texts[node] += rows
        return texts

    def uses(self, item: Item) -> int:
        """The number of subjects that refer to an item."""
        return len({quad.subject for quad in self.store.triples(None, None, item.node)})

    def weighed(self, left: Item, right: Item, why: str, score: float) -> Pair:
        """Build a pair; note in its reason, and lower its score, if the notes are linked or the classes differ."""
        directions = ((left.node, right.node), (right.node, left.node))
        if left.kind == "note" and any(
            True for direction in directions for _ in self.store.triples(direction[0], LINKS_TO, direction[1])
        ):
            why, score = f"{why}; but one links to the other", score * 0.8
        if left.classes != right.classes and not (left.classes < right.classes or right.classes < left.classes):
            why, score = f"{why}; but they are of different classes", score * 0.8
        return Pair(left, right, why, round(score, 3))


# ---- comparison by name --------------------------------------------------------------------------------------------

_ScoredPair = tuple[int, int, str, float]
_Key = Callable[[str], Hashable]


class _ComparedName(NamedTuple):
    item: int
    text: str
    is_alias: bool


def _by_name(items: list[Item]) -> Iterator[_ScoredPair]:
    kinds: dict[str, list[_ComparedName]] = defaultdict(list)
    for n, item in enumerate(items):
        kinds[item.kind] += (_ComparedName(n, text, at > 0) for at, text in enumerate(item.names))
    for kind in sorted(kinds):
        names = kinds[kind]
        labels = [name for name in names if not name.is_alias]
        yield from _same(names)
        yield from _grouped(labels, _folded, "they differ in accents only", 0.95)
        yield from _grouped(labels, _singular, "singular and plural", 0.9)
        yield from _grouped(labels, _reordered, "the same words in another order", 0.9)
        if items[names[0].item].is_person:
            yield from _by_initials(labels)
        yield from _letters_apart(labels, items[names[0].item].is_person)


def _groups(names: Iterable[_ComparedName], key: _Key) -> Iterator[tuple[_ComparedName, _ComparedName]]:
    groups: dict[Hashable, list[_ComparedName]] = defaultdict(list)
    for name in names:
        value = key(name.text)
        if value:
            groups[value].append(name)
    for group in groups.values():
        if len({name.item for name in group}) <= _MANY:
            yield from (pair for pair in combinations(group, 2) if pair[0].item != pair[1].item)


def _same(names: Iterable[_ComparedName]) -> Iterator[_ScoredPair]:
    for first, second in _groups(names, _letters):
        if first.is_alias and second.is_alias:
            yield first.item, second.item, f"both have the alias “{first.text}”", 0.85
        elif first.is_alias or second.is_alias:
            alias = first.text if first.is_alias else second.text
            yield first.item, second.item, f"“{alias}” is an alias of one and the other's name", 0.95
        elif first.text == second.text:
            yield first.item, second.item, "they have the same name", 0.75
        else:
            yield first.item, second.item, "the same letters and digits", 0.98


def _grouped(names: Iterable[_ComparedName], key: _Key, why: str, score: float) -> Iterator[_ScoredPair]:
    pairs = ((first, second) for first, second in _groups(names, key) if _letters(first.text) != _letters(second.text))
    return ((first.item, second.item, why, score) for first, second in pairs)


def _by_initials(names: Iterable[_ComparedName]) -> Iterator[_ScoredPair]:
    """Yield pairs of people where a name abbreviates the other's names to initials, or omits a middle name."""
    families: dict[str, list[tuple[_ComparedName, tuple[str, ...]]]] = defaultdict(list)
    for name in names:
        words = _words(name.text)
        if len(words) > 1:
            families[words[-1]].append((name, words[:-1]))
    for group in families.values():
        fits = [(a, b) for a, b in combinations(group, 2) if _is_short_for(a[1], b[1]) or _is_short_for(b[1], a[1])]
        count = Counter(min(pair, key=lambda row: sum(map(len, row[1])))[0].item for pair in fits)
        for (first, forenames), (second, _) in fits:
            short = min(((first, forenames), (second, _)), key=lambda row: sum(map(len, row[1])))[0]
            sole = count[short.item] == 1
            why = f"“{short.text}” can be short for the other" + ("" if sole else ", and for more")
            yield first.item, second.item, why, 0.85 if sole else 0.6


def _is_short_for(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """Whether forenames abbreviate others: the first as an initial; the others as initials, or omitted."""
    if len(short) > len(full) or short == full or not full[0].startswith(short[0]):
        return False
    if len(short[0]) > 1 and short[0] != full[0]:
        return False
    full_names = iter(full[1:])
    return all(any(short_name == name or short_name == name[0] for name in full_names) for short_name in short[1:])


def _letters_apart(names: Iterable[_ComparedName], are_people: bool) -> Iterator[_ScoredPair]:
    """Yield names that differ by a letter or two.

    In notes and tags, where similar words may be intended, only slips count: inside a word, as slips seldom affect its
    first letter (Yannakoudakis and Fawthrop, 1983).
    """
    of_text: dict[str, list[int]] = defaultdict(list)
    for name in names:
        of_text[_folded_text(name.text)].append(name.item)
    for first, second in alike(of_text):
        if _is_slip(_words(first), _words(second), _is_slip_of_name if are_people else _is_slip_of_word):
            similarity = OSA.normalized_similarity(_letters(first), _letters(second))
            distance = OSA.distance(_letters(first), _letters(second))
            why = "a letter apart" if distance == 1 else "two letters apart"
            score = similarity if are_people else similarity * 0.9
            yield from ((a, b, why, score) for a in of_text[first] for b in of_text[second])


def _is_slip(left: tuple[str, ...], right: tuple[str, ...], of_word: Callable[[str, str], bool]) -> bool:
    """Whether two names of equally many words differ only by slips, word by word."""
    return len(left) == len(right) and all(of_word(a, b) for a, b in zip(left, right, strict=True) if a != b)


def _is_slip_of_name(left: str, right: str) -> bool:
    """Whether two first or family names can be the same: at most a letter apart if short, else two."""
    return OSA.distance(left, right) <= (1 if min(len(left), len(right)) < _SHORT_NAME else 2)


def _is_slip_of_word(left: str, right: str) -> bool:
    """Whether two words differ neither at the start, as opposites do, nor at the end, as inflections do."""
    shorter = min(len(left), len(right))
    if left[0] != right[0] or shorter < 5 or OSA.distance(left, right) > (1 if shorter < _LONG else 2):
        return False
    same = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return same < max(len(left), len(right)) - 2


def _is_series(left: str, right: str) -> bool:
    """Whether two names form a series: other numbers or symbols, or another standalone letter, month or weekday."""
    if _numbers(left) != _numbers(right) or _SYMBOLS.findall(left) != _SYMBOLS.findall(right):
        return True
    first, second = Counter(_words(left)), Counter(_words(right))
    differing = [*(first - second), *(second - first)]
    return len(differing) > 1 and all(word in _SERIES or len(word) == 1 for word in differing)


# ---- keys of a name -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def _folded_text(text: str) -> str:
    """A name without accents, with a space where a capital starts a word."""
    decomposed = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text))
    return "".join(ch for ch in decomposed if not unicodedata.combining(ch)).casefold().replace("&", " and ")


@lru_cache(maxsize=100_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_folded_text(text).replace("'", "").replace("’", "")))


@lru_cache(maxsize=100_000)
def _numbers(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", text))


def _letters(text: str) -> str:
    """The letters and digits of a name, accents included."""
    return "".join(ch for ch in unicodedata.normalize("NFC", text).casefold().replace("&", "and") if ch.isalnum())


def _folded(text: str) -> str:
    return "".join(_words(text))


def _singular(text: str) -> str:
    return "".join(map(_singular_word, _words(text)))


def _reordered(text: str) -> tuple[str, ...]:
    words = _words(text)
    return tuple(sorted(words)) if len(words) > 1 else ()


def _singular_word(word: str) -> str:
    """The singular of an English noun, by its ending: the S-stemmer of Harman, How effective is suffixing?, 1991."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("oes", "sses", "xes", "ches", "shes")) else word[:-1]


# ---- comparison by text ----------------------------------------------------------------------------------------------


def _by_text(items: list[Item], texts: Mapping[ox.NamedNode, list[str]]) -> Iterator[_ScoredPair]:
    """Yield pairs of notes with nearly the same text, by the share of four-word runs that they have in common.

    Broder, On the resemblance and containment of documents, 1997; blocked by a sample of the runs that is the same in
    every text (Manber, Finding similar files in a large file system, 1994).
    """
    shingles: dict[int, frozenset[int]] = {}
    blocks: dict[int, list[int]] = defaultdict(list)
    for n, item in enumerate(items):
        runs = _shingles(texts.get(item.node, ()))
        if len(runs) >= _LEAST:
            shingles[n] = runs
            for number in runs:
                if number % _SAMPLED == 0:
                    blocks[number].append(n)
    shared = Counter(pair for block in blocks.values() if len(block) <= _COMMON for pair in combinations(block, 2))
    for number, candidate in sorted(shared):
        if items[number].kind == items[candidate].kind:
            common = len(shingles[number] & shingles[candidate])
            resemblance = common / (len(shingles[number]) + len(shingles[candidate]) - common)
            if resemblance >= _SAME_TEXT:
                why = (
                    "their texts are the same" if resemblance == 1 else f"their texts are the same to {resemblance:.0%}"
                )
                yield number, candidate, why, resemblance


def _shingles(texts: Iterable[str]) -> frozenset[int]:
    """The runs of four words, as hashes that are the same on every machine."""
    hashes: set[int] = set()
    for text in texts:
        words = [_number(word) for word in text.casefold().split()]
        runs = zip(words, words[1:], words[2:], words[3:], strict=False)
        hashes.update((a * 31 + b * 961 + c * 29791 + d * 923521) & 0xFFFFFFFF for a, b, c, d in runs)
    return frozenset(hashes)


@lru_cache(maxsize=1_000_000)
def _number(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))
