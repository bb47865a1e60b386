"""The summary of a note that link resolution needs: titles, headings and block ids."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kg.core.text import letters_and_digits, nfc
from kg.notes.drawing import element_ids
from kg.notes.kinds import kinds
from kg.notes.model import Note, NoteKind, Section, Value

_IGNORED_IN_HEADING = re.compile(r"[!\"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\\s]+")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]+")


class Heading(NamedTuple):
    """A heading as links look it up: its normalised text, and the heading path that names its section."""

    key: str
    level: int
    parts: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The fragment that GitHub and similar sites give the heading."""
        return _slug(self.parts[-1])


class Card(NamedTuple):
    """The summary of a note that the index keeps."""

    path: str
    name: str
    id: str | None
    id_place: tuple[int, int] | None
    """Line and column of the `id`."""
    title: str
    aliases: tuple[str, ...]
    headings: tuple[Heading, ...]
    blocks: tuple[tuple[str, str], ...]
    """Each block's id in lower case, and as written."""
    kind: NoteKind
    is_template: bool
    elements: tuple[str, ...] = ()
    """The ids in a drawing's data, in lower case."""
    kinds: tuple[str, ...] = ()
    """The words that may name the classes of the note's entity."""

    @classmethod
    def of(cls, note: Note) -> "Card":
        """Return the card of a note."""
        sections = list(note.root.walk())
        headings = tuple([Heading(heading_key(s.heading), s.level, s.parts) for s in sections[1:]])
        blocks = tuple(_blocks(sections).items())
        id_ = note.identity
        id_place = note.source.position(id_.span.start) if id_ else None
        drawn = element_ids(note.source.data) if note.kind == "drawing" else ()
        elements = tuple(sorted({id_.lower() for id_ in drawn}))
        names = (note.path, note.name, id_.raw if id_ else None, id_place, note.title, aliases(note))
        words = tuple(dict.fromkeys(word for word, _ in kinds(note) if word))
        return cls(*names, headings, blocks, note.kind, note.is_template, elements, words)

    @property
    def title_keys(self) -> list[str]:
        """The letters and digits of the name and the title of a note, where it has any; a canvas has neither."""
        titles = dict.fromkeys((self.name, self.title)) if self.kind != "canvas" else ()
        return list(filter(None, map(letters_and_digits, titles)))

    @property
    def alias_keys(self) -> list[str]:
        """The aliases of a note as links look them up."""
        return list(filter(None, dict.fromkeys(nfc(alias).lower().strip() for alias in self.aliases)))


def aliases(note: Note) -> tuple[str, ...]:
    """Return the aliases of a note. Case does not count in `aliases`; `ALIAS` is another property."""
    named = (prop.value for prop in note.properties if prop.key.lower() == "aliases" or prop.key == "alias")
    return tuple([alias for value in named for alias in _texts(value)])


def _blocks(sections: Iterable[Section]) -> dict[str, str]:
    blocks: dict[str, str] = {}
    for section in sections:
        for block in section.walk_blocks():
            if block.id:
                blocks.setdefault(block.id.lower(), block.id)
    return blocks


def _texts(value: Value) -> Iterator[str]:
    for item in value.children if value.kind == "list" else (value,):
        if item.raw and item.kind not in {"list", "map", "null"}:
            yield item.raw


def heading_key(text: str) -> str:
    """Normalise a heading for comparison: special characters become spaces, spaces collapse, case does not count."""
    return " ".join(_IGNORED_IN_HEADING.sub(" ", nfc(text)).split()).casefold()


def _slug(text: str) -> str:
    return _NOT_IN_SLUG.sub("", nfc(text).strip().lower()).replace(" ", "-")
