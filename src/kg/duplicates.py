"""Authors, tags and notes that are likely one thing under two names, or in two files, each pair with why.

What is found by names is blocked by keys that likely names share, so that the cost grows with the names and not with
their pairs (Christen, Data Matching, 2012). What is a series is none: names that differ in a number, a month, a letter.
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

from kg.alike import alike
from kg.analysis import Table, Value
from kg.findings import printable
from kg.networks import LINKS
from kg.store import Store
from kg.terms import KG, ONTOLOGY, RDF, RDFS, SKOS

LIKELY = 0.7
"""The least score of what is shown."""
_MANY = 3
"""So many things of one name are a custom, as README is, and no slip."""
_LONG = 10
"""A word of fewer letters that differs in two of them is another word: product, project."""
_SHORT_NAME = 6
_SAMPLED, _COMMON, _LEAST = 4, 20, 20
_SAME_TEXT = 0.8
_DEFAULT = ox.DefaultGraph()
_TYPE, _LABEL, _ALIAS = ox.NamedNode(RDF + "type"), ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(SKOS + "altLabel")
_TAG, _NOTE, _CANVAS, _TAGGED, _DESCRIBES, _TEXT, _KNOWN_BY_NAME, _STRUCTURAL = (
    ox.NamedNode(KG + name)
    for name in ("Tag", "Note", "Canvas", "tagged", "describes", "text", "knownByName", "structural")
)
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
    """A thing with what it is called."""

    node: ox.NamedNode
    kind: str
    is_person: bool
    """Whether its name is all that is known of it, as of an author: then initials stand for names."""
    names: tuple[str, ...]
    """The label first, then the aliases."""
    classes: frozenset[str]


class Pair(NamedTuple):
    """Two things that are likely one: that which is used less first."""

    one: Item
    other: Item
    why: str
    score: float


def duplicates(store: Store, at_least: float = LIKELY) -> Table:
    """Pairs that are likely one thing, the likeliest first."""
    found = sorted(_pairs(store), key=lambda pair: (-pair.score, pair.one.names, pair.one.node.value, str(pair.other)))
    rows: list[tuple[Value, ...]] = []
    for one, other, why, score in found:
        if score >= at_least:
            rows.append((one.node, one.names[0], other.node, other.names[0], one.kind, why, score))
    return Table(("entity", "label", "to", "to_label", "kind", "why", "score"), rows)


def told(table: Table, name: Callable[[Any], str]) -> str:
    """Pairs for people to read, how sure each is first."""
    rows = ((score, name(one), name(other), kind, why) for one, _, other, _, kind, why, score in table.rows)
    lines = (f"{score:.2f}  {one} = {other}  ({kind}: {why})" for score, one, other, kind, why in rows)
    return "\n".join(map(printable, lines)) + "\n"


def _pairs(store: Store) -> Iterator[Pair]:
    """Every pair once, by the surest reason, and how sure that is."""
    reader = _Reader(store)
    best: dict[tuple[int, int], tuple[float, str]] = {}
    items = reader.items
    for one, other, why, score in (*_by_name(items), *_by_text(items, reader.texts)):
        pair = min(one, other), max(one, other)
        if not _is_series(items[one].names[0], items[other].names[0]):
            best[pair] = max(best.get(pair, (0.0, "")), (score, why))
    for (a, b), (score, why) in best.items():
        first, second = items[a], items[b]
        if (reader.uses(first), first.node.value) > (reader.uses(second), second.node.value):
            first, second = second, first
        yield reader.weighed(first, second, why, score)


@dataclass(frozen=True)
class _Reader:
    store: Store

    @cached_property
    def items(self) -> list[Item]:
        """Authors and what else is known by its name, tags, notes; each once, in the order of their IRIs."""
        kinds: dict[ox.NamedNode, tuple[str, bool]] = dict.fromkeys(self._notes.values(), ("note", False))
        kinds |= dict.fromkeys(self._subjects(_TYPE, _TAG), ("tag", False))
        for class_ in self._subjects(_KNOWN_BY_NAME, None):
            kinds |= dict.fromkeys(self._subjects(_TYPE, class_), (self._called(class_), True))
        found = []
        for node in sorted(kinds, key=lambda node: node.value):
            labels = [*sorted(self._texts_of(node, _LABEL))[:1], *sorted(self._texts_of(node, _ALIAS))]
            if labels:
                found.append(Item(node, *kinds[node], tuple(labels), self._classes(node)))
        return found

    @cached_property
    def _notes(self) -> dict[ox.NamedNode, ox.NamedNode]:
        """The things that Markdown notes are about, by their documents."""
        documents = set(self._subjects(_TYPE, _NOTE)) - set(self._subjects(_TYPE, _CANVAS))
        quads = self.store.find(None, _DESCRIBES, None, _DEFAULT)
        return {q.subject: q.object for q in quads if q.subject in documents and isinstance(q.object, ox.NamedNode)
                and isinstance(q.subject, ox.NamedNode)}  # fmt: skip

    def _subjects(self, name: ox.NamedNode, obj: ox.NamedNode | None) -> list[ox.NamedNode]:
        quads = self.store.find(None, name, obj, _DEFAULT)
        return sorted({q.subject for q in quads if isinstance(q.subject, ox.NamedNode)}, key=lambda node: node.value)

    def _texts_of(self, node: ox.NamedNode, name: ox.NamedNode) -> set[str]:
        return {str(getattr(quad.object, "value", "")) for quad in self.store.find(node, name, None, _DEFAULT)}

    def _classes(self, node: ox.NamedNode) -> frozenset[str]:
        found = {quad.object for quad in self.store.find(node, _TYPE, None, _DEFAULT)}
        return frozenset(one.value for one in found if isinstance(one, ox.NamedNode))

    def _called(self, class_: ox.NamedNode) -> str:
        graph = ox.NamedNode(ONTOLOGY[1:-1])
        labels = (quad.object for quad in self.store.find(class_, ox.NamedNode(RDFS + "label"), None, graph))
        found = sorted((one.language not in {None, "en"}, one.value) for one in labels if isinstance(one, ox.Literal))
        return found[0][1].lower() if found else class_.value

    @cached_property
    def texts(self) -> dict[ox.NamedNode, list[str]]:
        """The prose of each note, by the thing that it is about."""
        found: dict[ox.NamedNode, list[str]] = defaultdict(list)
        for document, node in self._notes.items():
            rows = sorted(str(getattr(q.object, "value", "")) for q in self.store.find(None, _TEXT, None, document))
            found[node] += rows
        return found

    def uses(self, item: Item) -> int:
        """How many things lead to it."""
        return len({quad.subject for quad in self.store.find(None, None, item.node, _DEFAULT)})

    def weighed(self, one: Item, other: Item, why: str, score: float) -> Pair:
        """A pair with what speaks against it: that one links to the other, or that they are of other classes."""
        ways = ((one.node, other.node), (other.node, one.node))
        if one.kind == "note" and any(True for way in ways for _ in self.store.find(way[0], LINKS, way[1], _DEFAULT)):
            why, score = f"{why}; but one links to the other", score * 0.8
        if one.classes != other.classes and not (one.classes < other.classes or other.classes < one.classes):
            why, score = f"{why}; but they are of different classes", score * 0.8
        return Pair(one, other, why, round(score, 3))


# ---- by their names ------------------------------------------------------------------------------------------------

_Found = tuple[int, int, str, float]
_Key = Callable[[str], Hashable]


class _Name(NamedTuple):
    item: int
    text: str
    is_alias: bool


def _by_name(items: list[Item]) -> Iterator[_Found]:
    kinds: dict[str, list[_Name]] = defaultdict(list)
    for n, item in enumerate(items):
        kinds[item.kind] += (_Name(n, text, at > 0) for at, text in enumerate(item.names))
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


def _groups(names: Iterable[_Name], key: _Key) -> Iterator[tuple[_Name, _Name]]:
    groups: dict[Hashable, list[_Name]] = defaultdict(list)
    for name in names:
        value = key(name.text)
        if value:
            groups[value].append(name)
    for group in groups.values():
        if len({name.item for name in group}) <= _MANY:
            yield from (pair for pair in combinations(group, 2) if pair[0].item != pair[1].item)


def _same(names: Iterable[_Name]) -> Iterator[_Found]:
    for one, other in _groups(names, _letters):
        if one.is_alias and other.is_alias:
            yield one.item, other.item, f"both have the alias “{one.text}”", 0.85
        elif one.is_alias or other.is_alias:
            alias = one.text if one.is_alias else other.text
            yield one.item, other.item, f"“{alias}” is an alias of one, and the other's name", 0.95
        elif one.text == other.text:
            yield one.item, other.item, "they have one name", 0.75
        else:
            yield one.item, other.item, "the same letters and digits", 0.98


def _grouped(names: Iterable[_Name], key: _Key, why: str, score: float) -> Iterator[_Found]:
    pairs = ((one, other) for one, other in _groups(names, key) if _letters(one.text) != _letters(other.text))
    return ((one.item, other.item, why, score) for one, other in pairs)


def _by_initials(names: Iterable[_Name]) -> Iterator[_Found]:
    """Names of people of whom one has only initials for what the other spells out, or leaves a middle name out."""
    families: dict[str, list[tuple[_Name, tuple[str, ...]]]] = defaultdict(list)
    for name in names:
        words = _words(name.text)
        if len(words) > 1:
            families[words[-1]].append((name, words[:-1]))
    for group in families.values():
        fits = [(a, b) for a, b in combinations(group, 2) if _is_short_for(a[1], b[1]) or _is_short_for(b[1], a[1])]
        count = Counter(min(pair, key=lambda row: sum(map(len, row[1])))[0].item for pair in fits)
        for (one, given), (other, _) in fits:
            short = min(((one, given), (other, _)), key=lambda row: sum(map(len, row[1])))[0]
            sole = count[short.item] == 1
            why = f"“{short.text}” can be short for the other" + ("" if sole else ", and for more")
            yield one.item, other.item, why, 0.85 if sole else 0.6


def _is_short_for(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """Whether given names are short for others: the first by its initial, the rest so or left out."""
    if len(short) > len(full) or short == full or not full[0].startswith(short[0]):
        return False
    if len(short[0]) > 1 and short[0] != full[0]:
        return False
    rest = iter(full[1:])
    return all(any(one == name or one == name[0] for name in rest) for one in short[1:])


def _letters_apart(names: Iterable[_Name], are_people: bool) -> Iterator[_Found]:
    """Names that differ by a letter or two. Of notes and tags, where words are meant and may be alike, only by what a
    slip would do: in the middle of one word, whose first letter slips seldom take (Yannakoudakis and Fawthrop, 1983).
    """
    of_text: dict[str, list[int]] = defaultdict(list)
    for name in names:
        of_text[_folded_text(name.text)].append(name.item)
    for one, other in alike(of_text):
        if _is_slip(_words(one), _words(other), _is_slip_of_name if are_people else _is_slip_of_word):
            near = OSA.normalized_similarity(_letters(one), _letters(other))
            apart = OSA.distance(_letters(one), _letters(other))
            why = "a letter apart" if apart == 1 else "two letters apart"
            score = near if are_people else near * 0.9
            yield from ((a, b, why, score) for a in of_text[one] for b in of_text[other])


def _is_slip(one: tuple[str, ...], other: tuple[str, ...], of_word: Callable[[str, str], bool]) -> bool:
    """Whether two names differ in slips only, word by word; of names of as many words."""
    return len(one) == len(other) and all(of_word(a, b) for a, b in zip(one, other, strict=True) if a != b)


def _is_slip_of_name(one: str, other: str) -> bool:
    """Whether two first or family names can be one: of a short one a letter."""
    return OSA.distance(one, other) <= (1 if min(len(one), len(other)) < _SHORT_NAME else 2)


def _is_slip_of_word(one: str, other: str) -> bool:
    """Whether two words differ neither at the beginning, as opposites do, nor at the end, as forms of one do."""
    shorter = min(len(one), len(other))
    if one[0] != other[0] or shorter < 5 or OSA.distance(one, other) > (1 if shorter < _LONG else 2):
        return False
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same < max(len(one), len(other)) - 2


def _is_series(one: str, other: str) -> bool:
    """Whether two names are two of a series: they have other numbers or symbols, or differ in a letter that stands
    alone, a month, a day of the week.
    """
    if _numbers(one) != _numbers(other) or _SYMBOLS.findall(one) != _SYMBOLS.findall(other):
        return True
    first, second = Counter(_words(one)), Counter(_words(other))
    apart = [*(first - second), *(second - first)]
    return len(apart) > 1 and all(word in _SERIES or len(word) == 1 for word in apart)


# ---- what is compared of a name -------------------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def _folded_text(text: str) -> str:
    """A name without accents, and with spaces where a capital begins a word."""
    apart = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text))
    return "".join(ch for ch in apart if not unicodedata.combining(ch)).casefold().replace("&", " and ")


@lru_cache(maxsize=100_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_folded_text(text).replace("'", "").replace("’", "")))


@lru_cache(maxsize=100_000)
def _numbers(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", text))


def _letters(text: str) -> str:
    """Letters and digits, with their accents."""
    return "".join(ch for ch in unicodedata.normalize("NFC", text).casefold().replace("&", "and") if ch.isalnum())


def _folded(text: str) -> str:
    return "".join(_words(text))


def _singular(text: str) -> str:
    return "".join(map(_singular_word, _words(text)))


def _reordered(text: str) -> tuple[str, ...]:
    words = _words(text)
    return tuple(sorted(words)) if len(words) > 1 else ()


def _singular_word(word: str) -> str:
    """An English noun in the singular, by its ending: the S-stemmer of Harman, How effective is suffixing?, 1991."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("oes", "sses", "xes", "ches", "shes")) else word[:-1]


# ---- by their texts --------------------------------------------------------------------------------------------------


def _by_text(items: list[Item], texts: Mapping[ox.NamedNode, list[str]]) -> Iterator[_Found]:
    """Notes whose texts are nearly the same: by how many runs of four words they share of all that they have.

    Broder, On the resemblance and containment of documents, 1997; blocked by a sample of the runs, which is the same
    in every text (Manber, Finding similar files in a large file system, 1994).
    """
    shingles: dict[int, frozenset[int]] = {}
    blocks: dict[int, list[int]] = defaultdict(list)
    for n, item in enumerate(items):
        found = _shingles(texts.get(item.node, ()))
        if len(found) >= _LEAST:
            shingles[n] = found
            for one in found:
                if one % _SAMPLED == 0:
                    blocks[one].append(n)
    shared = Counter(pair for block in blocks.values() if len(block) <= _COMMON for pair in combinations(block, 2))
    for one, other in sorted(shared):
        if items[one].kind == items[other].kind:
            both = len(shingles[one] & shingles[other])
            near = both / (len(shingles[one]) + len(shingles[other]) - both)
            if near >= _SAME_TEXT:
                why = "their texts are the same" if near == 1 else f"their texts are the same to {near:.0%}"
                yield one, other, why, near


def _shingles(texts: Iterable[str]) -> frozenset[int]:
    """The runs of four words, as numbers that are the same on every machine."""
    found: set[int] = set()
    for text in texts:
        words = [_number(word) for word in text.casefold().split()]
        runs = zip(words, words[1:], words[2:], words[3:], strict=False)
        found.update((a * 31 + b * 961 + c * 29791 + d * 923521) & 0xFFFFFFFF for a, b, c, d in runs)
    return frozenset(found)


@lru_cache(maxsize=1_000_000)
def _number(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))
