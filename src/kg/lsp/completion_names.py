"""The names that a link can have in a vault: those of notes, their aliases and titles, and those of attachments.

A vault may have a hundred thousand names, and a person waits for the list at each key. So the names are sorted once, as
a whole and from each of their words: what begins with a text is a run in the sorted list. The names of the notes' table
on disk are sorted once for that table, those that have changed since once for each graph, and those of the notes in
editors each time.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import NamedTuple

from kg.core.text import nfc
from kg.fulltext.folding import ALONE, folded
from kg.lsp.made_once import MadeOnce
from kg.notes.model import Note
from kg.notes.summary import Card
from kg.session.vault_state import VaultState
from kg.store.ingest_state import IngestState
from kg.store.note_entries import Notes

LIMIT = 200
"""The most items of a list of completions."""
_FEW = 20
"""With fewer names that begin with what is typed, those that have its letters in this order are offered, too."""
_RARE = 2_000
"""So many names are compared one by one."""
_WORDS = 12
"""From so many of its words a name can be found."""
WORD = re.compile(rf"{ALONE.pattern}|(?:(?!{ALONE.pattern})\w)+")
"""A word; in scripts without spaces, a character."""


def matching_key(text: str) -> str:
    """A text as names are compared: neither case nor accents count."""
    return folded(nfc(text)).casefold()


class Name(NamedTuple):
    """A name of a file."""

    text: str
    path: str
    id: str | None = None
    """The `id` of the note."""
    kinds: tuple[str, ...] = ()
    """The words that may name the classes of the note's thing."""
    is_alias: bool = False
    """Whether a link needs the name of the note before it: `[[Note|alias]]`."""
    is_template: bool = False
    """Whether the note has the properties of a template."""


class FittingName(NamedTuple):
    """A name, and how well it fits what is typed; 0 is best."""

    rank: int
    name: Name


MayOffer = Callable[[Name], bool]
"""Whether a name may be offered."""
FitsKinds = Callable[[tuple[str, ...]], bool]
"""Whether a note is wanted, by the words that may name its classes."""


def rank_of(key: str, name: str) -> int | None:
    """How well a name fits what is typed, both as they are compared: 0 if it begins with it, None if not at all."""
    if name.startswith(key):
        return 0
    if key in name:
        return 2 if name[name.index(key) - 1].isalnum() else 1
    return 3 if len(key) > 1 and has_letters(key, name) else None


def has_letters(letters: str, text: str) -> bool:
    """Whether a text has letters in their order."""
    rest = iter(text)
    return all(sign in rest for sign in letters if not sign.isspace())


def names_of_card(card: Card) -> Iterator[Name]:
    """The names of a note: that of its file, and each alias and title that differs from it."""
    rest = (card.id, tuple(card.kinds))
    file = card.name if card.kind != "canvas" else card.path.rpartition("/")[2]
    yield Name(file, card.path, *rest, False, card.is_template)
    others = (*card.aliases, card.title) if card.kind != "canvas" else card.aliases
    for alias in dict.fromkeys(others):
        if alias.strip() and alias != card.name:
            yield Name(alias.strip(), card.path, *rest, True, card.is_template)


@dataclass(frozen=True)
class SortedNames:
    """Names that can be looked up by how they begin."""

    names: Sequence[Name]
    keys: Sequence[str]
    """The names as they are compared, sorted; the names are in the same order."""

    @classmethod
    def of(cls, names: Iterable[Name]) -> "SortedNames":
        """Sort names."""
        rows = sorted((matching_key(name.text), number, name) for number, name in enumerate(names))
        return cls([row[2] for row in rows], [row[0] for row in rows])

    @cached_property
    def _inner(self) -> tuple[list[str], list[int]]:
        """The names from their second word, their third and so on, sorted; and the numbers of the names."""
        rows = sorted(
            (key[match.start() :], number)
            for number, key in enumerate(self.keys)
            for match in islice(WORD.finditer(key), _WORDS)
            if match.start()
        )
        return [row[0] for row in rows], [row[1] for row in rows]

    @cached_property
    def _by_kinds(self) -> Mapping[tuple[str, ...], Sequence[int]]:
        groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, name in enumerate(self.names):
            groups[name.kinds].append(number)
        return dict(groups)

    @cached_property
    def _paths(self) -> Sequence[str]:
        return [matching_key(name.path) for name in self.names]

    def prepare(self) -> None:
        """Make what the first look-up would make."""
        self._inner  # noqa: B018 - it is kept
        self._by_kinds  # noqa: B018 - it is kept

    def fitting(self, typed: str, may: MayOffer, fits: FitsKinds | None = None) -> Iterator[FittingName]:
        """The names that fit a text, best first: those that begin with it, then those with a word that does.

        `fits` restricts them to notes with words that may name a class.
        """
        key = matching_key(typed.strip())
        if fits:
            kinds = frozenset(filter(fits, self._by_kinds))
            if sum(len(self._by_kinds[row]) for row in kinds) <= _RARE:
                yield from self._among(key, kinds, may)
                return
            yield from self._fitting(key, lambda name: name.kinds in kinds and may(name))
            return
        yield from self._fitting(key, may)

    def _among(self, key: str, kinds: frozenset[tuple[str, ...]], may: MayOffer) -> list[FittingName]:
        """The names of the notes with some words, which are few, that fit a text."""
        numbers = sorted(number for row in kinds for number in self._by_kinds[row] if may(self.names[number]))
        ranks = ((rank_of(key, self.keys[number]), number) for number in numbers)
        rows = [FittingName(rank, self.names[number]) for rank, number in ranks if rank is not None]
        return sorted(rows, key=lambda row: row.rank)

    def _fitting(self, key: str, may: MayOffer) -> Iterator[FittingName]:
        if "/" in key:
            rows = (self.names[number] for number, path in enumerate(self._paths) if key in path)
            yield from (FittingName(0, name) for name in rows if may(name))
            return
        seen = set[int]()
        for rank, number in chain(self._beginning(key), self._with_word(key)):
            if number not in seen and may(self.names[number]):
                seen.add(number)
                yield FittingName(rank, self.names[number])
        if len(seen) < _FEW and len(key) > 1:
            for rank, number in self._with_letters(key):
                if number not in seen and may(self.names[number]):
                    yield FittingName(rank, self.names[number])

    def _beginning(self, key: str) -> Iterator[tuple[int, int]]:
        for number in range(bisect_left(self.keys, key), len(self.keys)):
            if not self.keys[number].startswith(key):
                return
            yield 0, number

    def _with_word(self, key: str) -> Iterator[tuple[int, int]]:
        if not key:
            return
        keys, numbers = self._inner
        for place in range(bisect_left(keys, key), len(keys)):
            if not keys[place].startswith(key):
                return
            yield 1, numbers[place]

    def _with_letters(self, key: str) -> list[tuple[int, int]]:
        """The names that have the letters of a text in its order: as one piece first, then short names first."""
        from rapidfuzz import process
        from rapidfuzz.distance import LCSseq

        letters = key.replace(" ", "")
        rows = process.extract(letters, self.keys, scorer=LCSseq.similarity, score_cutoff=len(letters), limit=LIMIT)
        ranked = sorted((2 if key in name else 3, len(name), number) for name, _, number in rows)
        return [(rank, number) for rank, _, number in ranked]


class NameTable(NamedTuple):
    """All names of a vault, in layers: a note that a later layer has counts only there."""

    notes: tuple[tuple[SortedNames, frozenset[str]], ...]
    """The names of each layer, and the paths that later layers have otherwise."""
    attachments: SortedNames = SortedNames((), ())

    def fitting(self, typed: str, may: MayOffer, fits: FitsKinds | None = None) -> tuple[list[FittingName], bool]:
        """The names that fit a text, the best first, and whether there may be more.

        `fits` restricts them to notes with words that may name a class.
        """
        layers = [names.fitting(typed, _but(may, hidden), fits) for names, hidden in self.notes]
        layers += [] if fits else [self.attachments.fitting(typed, may)]
        rows = [row for layer in layers for row in islice(layer, LIMIT + 1)]
        rows.sort(key=lambda row: (row.rank, "" if row.rank else matching_key(row.name.text)))
        is_partial = bool(typed.strip()) and (len(typed.strip()) == 1 or len(rows) >= _FEW)
        return rows[:LIMIT], is_partial or len(rows) >= LIMIT


def name_table(state: VaultState) -> NameTable:
    """The names of a vault, with those of the notes in editors."""
    recorded = state.recorded or state.vault.state
    drafts = SortedNames.of(_draft_names(note for draft in state.drafts.values() if (note := draft.note)))
    if recorded is None:
        return NameTable(((drafts, frozenset()),))
    in_editors = frozenset(state.drafts)
    changed = frozenset(recorded.entries.changed) | recorded.entries.gone
    stored, later = _stored(recorded), _changed(recorded.entries)
    notes = (stored, changed | in_editors), (later, in_editors), (drafts, frozenset[str]())
    return NameTable(notes, _attachments(recorded.attachments))


def _but(may: MayOffer, hidden: frozenset[str]) -> MayOffer:
    """Whether a name may be offered, and is not one of some paths."""
    return lambda name: name.path not in hidden and may(name)


def prepare_names(state: VaultState) -> None:
    """Sort the names of a vault before somebody waits for them."""
    table = name_table(state)
    for names in (table.attachments, *(names for names, _ in table.notes)):
        names.prepare()


def _draft_names(notes: Iterable[Note]) -> Iterator[Name]:
    return (name for note in notes for name in names_of_card(Card.of(note)))


_TABLES: dict[int, SortedNames] = {}
"""The names of the last table of notes, by its checksum."""


def _stored(state: IngestState) -> SortedNames:
    """The names of the notes in the table on disk. Later generations share a table, until many notes have changed."""
    table = state.entries.table
    if table is None:
        return SortedNames((), ())
    known = _TABLES.get(table.check)
    if known is None:
        with table.reading():
            rows = [Card(*fields[1]) for fields in table.entries().values()]  # type: ignore[index]
            known = SortedNames.of(name for card in rows for name in names_of_card(card))
        _TABLES.clear()
        _TABLES[table.check] = known
    return known


@MadeOnce
def _changed(entries: Notes) -> SortedNames:
    """The names of the notes that have changed since the table was written."""
    return SortedNames.of(name for entry in entries.changed.values() for name in names_of_card(entry.card))


@lru_cache(maxsize=1)
def _attachments(paths: tuple[str, ...]) -> SortedNames:
    return SortedNames.of(Name(path.rpartition("/")[2], path) for path in paths)
