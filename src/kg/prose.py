"""What a note says in its own words: its text without code, links, fields and comments, as the parser has it.

The notes of a store are read once more for it, by several processes where there are many.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pyoxigraph as ox

from kg.config import Config
from kg.errors import KgError
from kg.fulltext import ALONE
from kg.note import Line, Note, Section
from kg.source import is_folder
from kg.store import Store
from kg.terms import KG, Names, nfc
from kg.vault import Progress, Vault
from kg.workers import Workers

if TYPE_CHECKING:
    import regex

T = TypeVar("T")

CODE = {"code", "html"}
_ASCII = re.compile(r"[a-z0-9_]{2,}")
_DESCRIBES = ox.NamedNode(KG + "describes")


# ---- the notes of a store --------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """The notes that a store knows, with what they are about."""

    config: Config
    names: Names
    entities: Mapping[str, tuple[ox.NamedNode, ...]]
    """By the IRI of the note."""

    @classmethod
    def of(cls, config: Config, store: Store) -> "Known":
        """Those of a store."""
        found: dict[str, list[ox.NamedNode]] = {}
        for quad in store.find(None, _DESCRIBES, None, ox.DefaultGraph()):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                found.setdefault(quad.subject.value, []).append(quad.object)
        entities = {note: tuple(sorted(some, key=lambda node: node.value)) for note, some in found.items()}
        return cls(config, Names(store.prefixes.get("n", "")), entities)

    def about(self, path: str) -> tuple[ox.NamedNode, ...]:
        """What the note at a path is about."""
        return self.entities.get(self.names.path(path), ())

    def each(self, work: Callable[[Note], T], progress: Progress | None = None) -> list[T]:
        """What a function that can be sent to processes gives of each note whose file is there, in no order.

        Raises KgError where none is.
        """
        files = Vault(config=self.config).files().notes if is_folder(self.config.vault) else {}
        known = {path: place for path, place in files.items() if self.about(path)}
        if self.entities and not known:
            raise KgError(f"the notes of this store are not in {self.config.vault}: their texts are needed")
        with Workers.for_files(len(known)) as workers:
            workers.read(known, self.config.max_bytes, progress)
            return workers.each(work)


# ---- words -----------------------------------------------------------------------------------------------------------


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
            if block.kind not in CODE:
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
def _of_all_scripts() -> "regex.Pattern[str]":
    """Runs of characters that are words of their own, or words. Marks, as Hindi's vowels, are parts of words."""
    import regex

    alone = ALONE.pattern
    return regex.compile(rf"(?V1)({alone}+)|([[\p{{L}}\p{{N}}\p{{M}}_]--{alone}]+)")
