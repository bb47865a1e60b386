"""Find names that are probably misspellings of each other."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

from kg.core.text import letters_and_digits

_ONE_SLIP, _TWO_SLIPS = 6, 9
"""The minimum letters of a name for one, or two, to be slips: `Li Wei` and `Li Mei` are two people."""
_MOST = 2
_NEAR = 70
"""The least similarity of a suggestion, in per cent."""


def alike(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that differ by one or two letters, or by two transposed letters; sorted.

    Names with different digits are different names. The distance is optimal string alignment. Two names are compared
    only if they share a segment at nearly the same position (Li, Deng, Wang and Feng, Pass-Join, 2011) or have the same
    letters, so the cost grows with the number of names, not of pairs.
    """
    keys: dict[str, list[str]] = defaultdict(list)
    for name in names:
        keys[letters_and_digits(name)].append(name)
    pairs = [pair for key, longer in _near(keys) for pair in _pairs(keys[key], keys[longer])]
    yield from sorted(set(pairs))


def _pairs(shorter: list[str], longer: list[str]) -> Iterator[tuple[str, str]]:
    return ((min(first, second), max(first, second)) for first in shorter for second in longer)


def _near(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of keys within the allowed number of slips, the shorter first."""
    parts: dict[tuple[str, int, int, str], list[str]] = defaultdict(list)
    letters: dict[str, list[str]] = defaultdict(list)
    for key in sorted(keys, key=lambda key: (len(key), key)):
        size = len(key)
        if slips(key):
            candidates = {known for block in _blocks(key) for known in parts.get(block, ())} | {*letters[_sorted(key)]}
            yield from ((known, key) for known in sorted(candidates) if _is_near(known, key))
            letters[_sorted(key)].append(key)
            for number, (start, end) in enumerate(_segments(size)):
                parts[_digits(key), size, number, key[start:end]].append(key)


def _is_near(shorter: str, longer: str) -> bool:
    from rapidfuzz.distance import OSA

    limit = slips(shorter)
    return _digits(shorter) == _digits(longer) and OSA.distance(shorter, longer, score_cutoff=limit) <= limit


def _blocks(key: str) -> Iterator[tuple[str, int, int, str]]:
    """The segments of keys, as long or shorter, that this key may share: digits, length, number and text."""
    digits = _digits(key)
    for size in range(max(len(key) - _MOST, 0), len(key) + 1):
        for number, (start, end) in enumerate(_segments(size)):
            for begin in range(max(start - _MOST, 0), start + _MOST + 1):
                yield digits, size, number, key[begin : begin + end - start]


def _segments(size: int) -> list[tuple[int, int]]:
    """The bounds of enough segments of a key that at least one survives all slips (pigeonhole).

    An edit breaks one segment; a transposition can break two. Pure transpositions can break all segments; such keys are
    matched by their letters.
    """
    count = (0, 2, 4)[_slips(size)]
    return [(size * n // count, size * (n + 1) // count) for n in range(count)]


def slips(key: str) -> int:
    """The maximum number of slips in a name."""
    return _slips(len(key))


def _slips(size: int) -> int:
    return 2 if size >= _TWO_SLIPS else 1 if size >= _ONE_SLIP else 0


def _sorted(key: str) -> str:
    return "".join(sorted(key))


def _digits(key: str) -> str:
    return "".join(ch for ch in key if ch.isdecimal())


def nearest(text: str, known: Iterable[str], key: Callable[[str], str] = str.casefold) -> str | None:
    """The known name that a text probably misspells; None if there is none. Names are compared by their `key`."""
    from rapidfuzz import fuzz, process

    match = process.extractOne(text, sorted(known), scorer=fuzz.ratio, score_cutoff=_NEAR, processor=key)
    return str(match[0]) if match else None


def near(text: str, known: Collection[str]) -> str | None:
    """The known names that a text probably misspells, at most three; of short names, those that are one edit away."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if best := nearest(text, known):
        return best
    matches = process.extract(text, sorted(known), scorer=OSA.distance, score_cutoff=1, limit=3)
    return " or ".join(name for name, _, _ in matches) or None


def did_you_mean(suggestion: str | None) -> str:
    """The end of a message about an unknown name; empty without a suggestion."""
    return f"; did you mean {suggestion}?" if suggestion else ""
