"""Bylines: the authors that a title, list item or sentence names for a work (contract, section 4, rules 4 and 7)."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from kg.core.text import Source
from kg.notes.model import Line, Link, Piece, Tag

# The expressions try a run of spaces or commas once, from its beginning: a note may have a hundred thousand of them.
# The last match separates a title from its author.
_SEPARATOR = re.compile(r"(?<!\s)\s+(?:[-\u2013\u2014]|\(?by)\s+", re.I)
_BETWEEN_NAMES = re.compile(r"(?:(?<!\s)\s*|(?<=\s))(?:;|&|\band\b|\bund\b|\bet\b(?! al))\s*", re.I)
# Text after a name that is not part of it: brackets, a year, “et al.”, all text after a sentence, marks at the end.
_NO_NAME = re.compile(
    r"(?:(?<!\s)\s*|(?<=\s))(?:\([^()]*\)|\bet al\b\.?)"
    r"|(?:,|(?<!\s))\s*\b\d{4}\b.*"
    r"|(?<=\w\w)[:.!?](?:\s.*|$)",
    re.S,
)
_TAG_AFTER = re.compile(r"(?<=[^\s,])\s+#.*", re.S)
_JOINING = re.compile(r"[\s,;&]*+(?:\b(?:and|und|et)\b)?+[\s,;&]*+\Z", re.I)
_BY = re.compile(rb"(?:^|\W)(?:by|from)\s+(?:#[^\s#,]+(?:\s*,|\s+and|\s*&)+\s*)*\Z", re.I)
_LOOKED_BACK = 400
_SENTENCE_END = re.compile(rb"[.!?]\s")


class BylineName(NamedTuple):
    """A name, or a link in a name's place, with its offset."""

    name: str
    link: Link | None
    at: int


def split_byline(pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Split a title from the author after its last ` - `, ` by ` or ` — `; without these, the author is empty."""
    text = "".join(piece.text for piece in pieces)
    separator = next(reversed(list(_SEPARATOR.finditer(text))), None)
    if separator is None or not text[separator.end() :].strip() or not text[: separator.start()].strip():
        return pieces, ()
    title = text[: separator.start()].rstrip(" \t,;:(")
    return tuple(_cut(pieces, 0, len(title))), tuple(_cut(pieces, separator.end(), len(text)))


def _cut(pieces: tuple[Piece, ...], start: int, end: int) -> Iterator[Piece]:
    """Yield the pieces between two indexes of their joined text; a piece cut at its start loses its link."""
    position = 0
    for piece in pieces:
        low, high = max(start - position, 0), min(end - position, len(piece.text))
        if low < high:
            yield Piece(piece.text[low:high], piece.link if low == 0 else None, piece.start)
        position += len(piece.text)


def authors_in(pieces: tuple[Piece, ...]) -> Iterator[BylineName]:
    """Yield the authors that a byline names: links to notes, CamelCase tags, and names separated by commas or “and”.

    A link counts where a name would: in “by [[Ann]] and [[Bob]]”, but not in “by Ann, see [[Bob]]”.
    """
    before = ""
    for piece in pieces:
        if piece.link is None:
            for name in names_in(piece.text):
                yield BylineName(name, None, piece.start)
        elif piece.link.kind == "wikilink" and _JOINING.match(before):
            yield BylineName(piece.text, piece.link, piece.start)
        before = piece.text if piece.link is None else ""


def names_in(text: str) -> Iterator[str]:
    """Yield the names in a text. A comma separates them only if each has two words: `Seiden, Josh` is one name."""
    for part in (_TAG_AFTER.sub("", part) for part in _BETWEEN_NAMES.split(_without_additions(text))):
        by_commas = [name.strip() for name in part.split(",") if name.strip()]
        whole = all(" " in name or name.startswith("#") for name in by_commas)
        for name in by_commas if whole else [part]:
            clean = camel_case_name(name.strip()[1:]) if name.strip().startswith("#") else name.strip(' ,.;:"“”')
            if any(ch.isalpha() for ch in clean):
                yield clean


def _without_additions(text: str) -> str:
    """Return a byline without the text after names that is not part of them."""
    parts, position = [], 0
    for match in _NO_NAME.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
    end = len(text)
    while end > position and (text[end - 1] in ",;)" or text[end - 1].isspace()):
        end -= 1
    return "".join([*parts, text[position:end]])


def camel_case_name(tag: str) -> str:
    """Return `JoshSeiden` as written in a sentence: Josh Seiden."""
    parts = []
    start = 0
    for index in range(1, len(tag)):
        before, char, after = tag[index - 1], tag[index], tag[index + 1 : index + 2]
        if char.isupper() and (before.islower() or (before.isupper() and after.islower())):
            parts.append(tag[start:index])
            start = index
    return " ".join([*parts, tag[start:]])


def is_camel_case(tag: str) -> bool:
    """Whether a tag is a name in one word: two or more capitals, each followed by a small letter somewhere."""
    return tag.isalpha() and tag[0].isupper() and " " in camel_case_name(tag)


def credited_tags(lines: tuple[Line, ...], source: Source) -> Iterator[tuple[Tag, Link | None]]:
    """Yield CamelCase tags after the word “by” or “from”, each with the link before it in the same sentence."""
    start, end = lines[0].span.start, lines[-1].span.end
    ends = [start, *(match.end() for match in _SENTENCE_END.finditer(source.data, start, end))]
    links = sorted([link for line in lines for link in line.links], key=lambda link: link.span.start)
    starts = [link.span.start for link in links]
    for tag in (tag for line in lines for tag in line.tags if is_camel_case(tag.name)):
        at = tag.span.start
        if not _BY.search(source.data[max(start, at - _LOOKED_BACK) : at]):
            continue
        sentence = ends[bisect_right(ends, at) - 1]
        before = bisect_left(starts, at)
        yield tag, links[before - 1] if before and starts[before - 1] >= sentence else None
