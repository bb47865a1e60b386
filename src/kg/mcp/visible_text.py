"""The text of notes as a model may see it: what a reader of the note sees, and no more.

A note can hide words from its reader: in comments, or in characters that have no width or turn the writing round. They
are taken out. Nor can a text end the boundary that marks it as data.
"""

import re
import unicodedata
from typing import Any

OPENING, CLOSING = "<vault-data>", "</vault-data>"
"""The boundary around what comes from notes."""
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|%%.*?%%", re.S)
_BOUNDARY = re.compile(r"<(?=\s*/?\s*vault-data)", re.I)
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that no font shows, though Unicode has them as letters, marks or symbols."""
_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_ENDS = re.compile("\r\n?|[\u2028\u2029\x85\v\f]")


def visible(text: str) -> str:
    """A text without what its reader does not see. A comment leaves its line ends: lines keep their numbers."""
    if text.isascii() and text.isprintable():
        shown = text
    else:
        shown = _ENDS.sub("\n", text)
        shown = "".join(character for character in shown if not _is_hidden(character))
    while (without := _COMMENT.sub(_line_ends, shown)) != shown:
        shown = without
    return _BOUNDARY.sub("‹", shown)


def _line_ends(comment: re.Match[str]) -> str:
    return "\n" * comment.group().count("\n")


def _is_hidden(character: str) -> bool:
    if character.isascii():
        return not character.isprintable() and character not in "\n\t"
    is_variation = "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff"
    return is_variation or character in _BLANK or unicodedata.category(character) in _CATEGORIES


def visible_line(text: str) -> str:
    """A visible text on one line."""
    return " ".join(visible(text).split())


def visible_value(value: Any) -> Any:
    """A value of JSON, all of whose texts are visible."""
    match value:
        case str():
            return visible(value)
        case dict():
            return {visible(key): visible_value(item) for key, item in value.items()}
        case list() | tuple():
            return [visible_value(item) for item in value]
    return value


def excerpt(text: str, column: int = 1, size: int = 300) -> str:
    """A part of a long line around a column, which counts from 1."""
    if len(text) <= size:
        return text
    start = max(0, min(column - 1 - size // 3, len(text) - size))
    end = start + size
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"
