"""Fold letters: a text in which neither case nor width nor diacritics count, in any script.

This is Unicode's compatibility decomposition (NFKD) without diacritics, then full case folding. It maps each character
by itself (a voicing mark of half width joins its letter), so a place in a folded text leads back to its place in the
text. A letter with a stroke, which Unicode does not decompose, becomes the plain letter (ł and l), as in CLDR's
transform Latin-ASCII.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate

from kg.core.text import nfc

ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2190-\u2bff\U0001f000-\U0001faff"  # signs and emoji
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\uff66-\uff9d\U00020000-\U0003ffff]"  # Chinese, Japanese, Korean
)
"""Characters that each count as a word: scripts without spaces between words, so that any part of a text matches."""
_FEW = 30
"""Up to this number of different characters, one replacement after the other is faster."""
_VOICED = re.compile("[\uff66-\uff9d][\uff9e\uff9f]")
"""Katakana of half width, with a voicing mark of half width."""
_HEBREW_TO_SYRIAC, _ABOVE_AND_BELOW = range(10, 37), 200
"""Combining classes of diacritics; those of other classes are part of a letter: Indic vowels, kana's voicing marks."""
_IGNORABLE = re.compile("[\u034f\u0640\ufe00-\ufe0f]")
"""Characters that join or lengthen letters or select their variants."""
_ASCII = 0x7F
_SIGNS = "\uff03\uff0b"
"""The signs `#` and `+` of full width: signs of `C#` and `C++`. Other punctuation separates words, and stays."""
_WITH = re.compile("((?:LATIN|CYRILLIC) SMALL LETTER .+?) WITH ")
_LETTERS = {"æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ŋ": "n"}


def folded(text: str) -> str:
    """Return the folded form of a text. ASCII text stays, since SQLite folds its case."""
    if text.isascii():
        return text
    text = nfc(text)
    if _VOICED.search(text):
        text = _VOICED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    changes = [(ch, fold) for ch in set(text) if (fold := _FOLDS[ord(ch)]) != ch]
    if len(changes) > _FEW:
        return text.translate(_FOLDS)
    for ch, fold in changes:  # no fold has a character that folds to another
        text = text.replace(ch, fold)
    return text


def unfolded(spans: tuple[tuple[int, int], ...], text: str) -> tuple[tuple[int, int], ...]:
    """Return the spans in a text that became these spans in its folded form, with the diacritics after them."""
    if text.isascii():
        return spans
    ends = list(accumulate(_lengths(text)))
    return tuple(
        (bisect_right(ends, begin), max(bisect_left(ends, end) + 1, bisect_right(ends, end))) for begin, end in spans
    )


def _lengths(text: str) -> list[int]:
    """Return the length of each character's folded form; a voicing mark that joins the letter before it has none."""
    lengths = [len(_FOLDS[ord(ch)]) for ch in text]
    for match in _VOICED.finditer(text):
        lengths[match.start() + 1] = len(folded(match.group())) - 1
    return lengths


class _Folds(dict[int, str]):
    """The folded form of each character, computed when it first occurs."""

    def __missing__(self, code: int) -> str:
        self[code] = fold = _folded(chr(code)) if code > _ASCII else chr(code)
        return fold


_FOLDS = _Folds()


def _folded(ch: str) -> str:
    kind = unicodedata.category(ch)
    if kind[0] not in "LMN" and kind != "So" and ch not in _SIGNS:
        return ch
    if ALONE.match(ch):
        other = unicodedata.normalize("NFKC", ch)
        return other if len(other) == 1 and ALONE.match(other) else ch
    parts = "".join(part for part in unicodedata.normalize("NFKD", ch) if not _is_diacritic(part)).casefold()
    return nfc("".join(map(_plain, unicodedata.normalize("NFKD", parts))))


def _is_diacritic(ch: str) -> bool:
    kind = unicodedata.combining(ch)
    return kind in _HEBREW_TO_SYRIAC or kind >= _ABOVE_AND_BELOW or _IGNORABLE.match(ch) is not None


def _plain(letter: str) -> str:
    """Return the letter without a stroke, hook or similar part, which is in the letter's name."""
    if letter in _LETTERS:
        return _LETTERS[letter]
    named = _WITH.match(unicodedata.name(letter, ""))
    try:
        return folded(unicodedata.lookup(named[1])) if named else letter
    except KeyError:
        return letter
