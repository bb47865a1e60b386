"""What a note says in its own words: its text without code, links, fields and comments, as the parser has it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from kg.fulltext import ALONE
from kg.note import Line, Note, Section
from kg.terms import nfc

_CODE = {"code", "html"}
_ASCII = re.compile(r"[a-z0-9_]{2,}")


class Prose(NamedTuple):
    """The words of a note, section by section, each with how often it stands there."""

    path: str
    sections: tuple[tuple[tuple[str, ...], Mapping[str, int]], ...]
    """By heading path."""


def prose(note: Note) -> Prose:
    """The words of a note: a function of a module, since it is sent to other processes."""
    return Prose(note.path, tuple((section.parts, Counter(_words(section))) for section in note.root.walk()))


def _words(section: Section) -> Iterator[str]:
    for line in (*([section.title] if section.title else []), *lines(section)):
        for piece in line.words:
            if piece.link is None:
                yield from words(piece.text)


def lines(section: Section) -> Iterator[Line]:
    """The lines of a section's own text."""
    for top in section.blocks:
        for block in top.walk() if top.children else (top,):
            if block.kind not in _CODE:
                yield from block.lines


def words(text: str) -> Iterator[str]:
    """The words of a text: two letters and more, no numbers; of scripts without spaces each two characters."""
    if text.isascii():
        yield from (word for word in _ASCII.findall(text.lower()) if not word.isdecimal())
        return
    for alone, word in _of_all_scripts().findall(nfc(text).casefold()):
        if alone:
            yield from (alone[at : at + 2] for at in range(max(len(alone) - 1, 1)))
        elif len(word) > 1 and not word.isdecimal():
            yield word


@cache
def _of_all_scripts() -> "re.Pattern[str]":
    """Runs of characters that are words of their own, or words. Marks, as Hindi's vowels, are parts of words."""
    import regex

    alone = ALONE.pattern
    found: re.Pattern[str] = regex.compile(rf"(?V1)({alone}+)|([[\p{{L}}\p{{N}}\p{{M}}_]--{alone}]+)")
    return found
