"""The prose of notes: the text that the parser reads, without code, links, fields and comments.

This module reads the notes of a store again, in several processes if there are many.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pyoxigraph as ox

from kg.config import Config
from kg.core.errors import KgError
from kg.core.files import is_folder
from kg.core.text import nfc
from kg.fulltext.folding import ALONE
from kg.notes.model import NOT_PROSE, Line, Note, Section
from kg.notes.pool import Workers
from kg.notes.vault import Progress, Vault
from kg.rdf.iris import Names
from kg.rdf.vocabulary import DESCRIBES
from kg.store.store import Store

if TYPE_CHECKING:
    import regex


T = TypeVar("T")

_ASCII = re.compile(r"[a-z0-9_]{2,}")


# ---- the notes of a store --------------------------------------------------------------------------------------------


class KnownNotes(NamedTuple):
    """The notes of a store and the things that they describe."""

    config: Config
    names: Names
    entities: Mapping[str, tuple[ox.NamedNode, ...]]
    """By the IRI of the note."""

    @classmethod
    def of(cls, config: Config, store: Store) -> "KnownNotes":
        """Return the notes of a store."""
        described: dict[str, list[ox.NamedNode]] = {}
        for quad in store.triples(None, DESCRIBES, None):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                described.setdefault(quad.subject.value, []).append(quad.object)
        entities = {note: tuple(sorted(nodes, key=lambda node: node.value)) for note, nodes in described.items()}
        return cls(config, Names(store.prefixes.get("n", "")), entities)

    def about(self, path: str) -> tuple[ox.NamedNode, ...]:
        """Return the things that the note at a path describes."""
        return self.entities.get(self.names.path(path), ())

    def each(self, work: Callable[[Note], T], progress: Progress | None = None) -> list[T]:
        """Return the results of a function for each note whose file exists, in no order.

        Other processes must be able to run the function. Raises KgError if the store has notes, but none has a file.
        """
        files = Vault(config=self.config).files().notes if is_folder(self.config.vault) else {}
        described = {path: place for path, place in files.items() if self.about(path)}
        if self.entities and not described:
            raise KgError(f"the notes of this store are not in {self.config.vault}, and their texts are needed")
        with Workers.for_files(len(described)) as workers:
            workers.read(described, self.config, progress)
            return workers.each(work)


# ---- words -----------------------------------------------------------------------------------------------------------


class NoteWords(NamedTuple):
    """The words of a note by section, each with its number of occurrences."""

    path: str
    sections: tuple[tuple[tuple[str, ...], Mapping[str, int]], ...]
    """By heading path."""


def prose(note: Note) -> NoteWords:
    """Return the words of a note. This is a module-level function so that other processes can run it."""
    return NoteWords(note.path, tuple((section.parts, Counter(_words(section))) for section in note.root.walk()))


def _words(section: Section) -> Iterator[str]:
    for line in (*([section.title] if section.title else []), *lines(section)):
        for piece in line.words:
            if piece.link is None:
                yield from words(piece.text)


def lines(section: Section) -> Iterator[Line]:
    """The lines of a section, without its code, its comments and its subsections."""
    for top in section.blocks:
        for block in top.walk() if top.children else (top,):
            if block.kind not in NOT_PROSE:
                yield from block.lines


def words(text: str) -> Iterator[str]:
    """The words of a text: two letters or more, no numbers; in scripts without spaces, each pair of characters."""
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
    """The pattern of a word, or of a run of characters that each count as one. Marks (Hindi vowels) belong to words."""
    import regex

    alone = ALONE.pattern
    return regex.compile(rf"(?V1)({alone}+)|([[\p{{L}}\p{{N}}\p{{M}}_]--{alone}]+)")
