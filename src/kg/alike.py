"""Names that are likely one name, written once with a slip."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

from kg.terms import letters_and_digits

_ONE, _TWO = 6, 9
"""So many letters a name has to have for one or two of them to be a slip: `Li Wei` and `Li Mei` are two people."""
_MOST = 2


def alike(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that differ by a letter or two, or by two letters in each other's place; sorted.

    Names with other digits in them are other names. Counted by optimal string alignment. What is compared has a
    segment of one name in the other, nearly where it was (Li, Deng, Wang and Feng, Pass-Join, 2011), or the same
    letters, so that the cost grows with the names and not with their pairs.
    """
    keys: dict[str, list[str]] = defaultdict(list)
    for name in names:
        keys[letters_and_digits(name)].append(name)
    found = [pair for one, other in _near(keys) for pair in _pairs(keys[one], keys[other])]
    yield from sorted(set(found))


def _pairs(some: list[str], others: list[str]) -> Iterator[tuple[str, str]]:
    return ((min(one, other), max(one, other)) for one in some for other in others)


def _near(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of texts that are no further apart than slips take them, the shorter first."""
    parts: dict[tuple[str, int, int, str], list[str]] = defaultdict(list)
    letters: dict[str, list[str]] = defaultdict(list)
    for key in sorted(keys, key=lambda key: (len(key), key)):
        size = len(key)
        if slips(key):
            near = {one for block in _blocks(key) for one in parts.get(block, ())} | {*letters[_sorted(key)]}
            yield from ((one, key) for one in sorted(near) if _is_near(one, key))
            letters[_sorted(key)].append(key)
            for number, (start, end) in enumerate(_segments(size)):
                parts[_digits(key), size, number, key[start:end]].append(key)


def _is_near(one: str, other: str) -> bool:
    limit = slips(one)
    return _digits(one) == _digits(other) and OSA.distance(one, other, score_cutoff=limit) <= limit


def _blocks(key: str) -> Iterator[tuple[str, int, int, str]]:
    """Where shorter texts, or those as long, can have a segment that this one has too."""
    digits = _digits(key)
    for size in range(max(len(key) - _MOST, 0), len(key) + 1):
        for number, (start, end) in enumerate(_segments(size)):
            for begin in range(max(start - _MOST, 0), start + _MOST + 1):
                yield digits, size, number, key[begin : begin + end - start]


def _segments(size: int) -> list[tuple[int, int]]:
    """A text of some length in as many parts as leave one whole whatever the slips, but for letters in each other's
    place and nothing else: an edit spoils one part, letters that change places can spoil two.
    """
    count = (0, 2, 4)[_slips(size)]
    return [(size * n // count, size * (n + 1) // count) for n in range(count)]


def slips(key: str) -> int:
    """How many letters of a name can be slips."""
    return _slips(len(key))


def _slips(size: int) -> int:
    return 2 if size >= _TWO else 1 if size >= _ONE else 0


def _sorted(key: str) -> str:
    return "".join(sorted(key))


def _digits(key: str) -> str:
    return "".join(ch for ch in key if ch.isdecimal())
