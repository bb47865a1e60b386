"""Names that are likely one name, written once with a slip."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from rapidfuzz.distance import OSA

from kg.terms import letters_and_digits

_ONE, _TWO = 6, 9
"""So many letters a name has to have for one or two of them to be a slip: `Li Wei` and `Li Mei` are two people."""


def alike(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that differ by a letter or two, or by two letters in each other's place; sorted.

    Names with other digits in them are other names. Found by leaving out letters (Garbe, SymSpell, 2012), at a cost
    that grows with the names and not with their pairs; counted by optimal string alignment.
    """
    keys = {name: letters_and_digits(name) for name in names}
    near: dict[str, set[str]] = defaultdict(set)
    for name, key in keys.items():
        for less in _shortened(key, _slips(key)):
            near[less].add(name)
    pairs = {pair for group in near.values() for pair in combinations(sorted(group), 2)}
    for first, second in sorted(pairs):
        one, other = keys[first], keys[second]
        limit = min(_slips(one), _slips(other))
        if one != other and _digits(one) == _digits(other) and OSA.distance(one, other, score_cutoff=limit) <= limit:
            yield first, second


def _slips(key: str) -> int:
    return 2 if len(key) >= _TWO else 1 if len(key) >= _ONE else 0


def _digits(key: str) -> str:
    return "".join(ch for ch in key if ch.isdecimal())


def _shortened(key: str, letters: int) -> set[str]:
    """A text, and what is left of it without some of its letters."""
    found = {key}
    for _ in range(letters):
        found |= {one[:at] + one[at + 1 :] for one in found for at in range(len(one))}
    return found
