"""The width of text in a picture.

The fonts of the viewer are unknown, so widths are estimates, rather too wide than too narrow.
"""

import re
import textwrap
import unicodedata
from collections.abc import Sequence

_SEAM = re.compile(r"[#/_-](?=\w)|(?<=[a-z])(?=[A-Z])")
_OVER = 1.25
"""A word that is longer than a line by less than this stays whole."""
FONTS = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, Liberation Sans, Noto Sans, sans-serif"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The approximate maximum width of a text in common sans-serif fonts, for a font size; both in pixels."""
    return sum(map(_advance, text)) * size * (1.1 if bold else 1.0)


def _advance(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.1
    if letter in "iIjl.,:;'’|!()[]":
        return 0.4
    if letter in "mwMW@%…—":
        return 1.0
    if letter in "#^+=<>~&":
        return 0.85
    return 0.74 if letter.isupper() or ord(letter) > 0x2FF else 0.63


def wrapped(text: str, letters: int, lines: int) -> Sequence[str]:
    """A text in at most so many lines of so many letters; `…` where it is cut."""
    longest = max(map(len, text.split()), default=0)
    letters = longest if letters < longest <= letters * _OVER else letters
    parts = textwrap.wrap(text, letters) or [""]
    if len(parts) > lines:
        parts = [*parts[: lines - 1], parts[lines - 1][: letters - 1].rstrip() + "…"]
    return parts


def fitted(text: str, room: float, size: float, lines: int) -> list[str]:
    """A text in at most so many lines that are each at most `room` pixels wide; `…` where it is cut."""
    broken: list[str] = []
    for word in text.split() or [""]:
        joined = f"{broken[-1]} {word}" if broken else word
        if broken and width(joined, size) <= room:
            broken[-1] = joined
        else:
            broken += _cut(word, room, size)
    if len(broken) <= lines:
        return broken
    return [*broken[: lines - 1], shortened(" ".join(broken[lines - 1 :]), room, size)]


def _cut(word: str, room: float, size: float) -> list[str]:
    """A word in pieces that fit, as scripts without spaces need it; after a sign or before a capital if possible."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and width(pieces[-1] + letter, size) > room:
            seams = [seam.end() for seam in _SEAM.finditer(pieces[-1] + letter)]
            at = next((seam for seam in reversed(seams) if len(pieces[-1]) // 3 <= seam <= len(pieces[-1])), None)
            pieces[-1:] = [pieces[-1][:at], pieces[-1][at:] if at else ""]
        pieces[-1] += letter
    return pieces


def shortened(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """A text that is at most `room` pixels wide; `…` where it is cut."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(text + "…", size, bold=bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"
