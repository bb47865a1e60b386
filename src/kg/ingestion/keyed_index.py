"""The index of a recorded state: equal to the index of all its notes, but it reads only those that a question needs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import pyoxigraph as ox

from kg.mapping.link_resolution import Index, Outline, Paths, Titled, file_name
from kg.rdf.iris import Names
from kg.rdf.vocabulary import PATH as HAS_PATH
from kg.store.ingest_state import IngestState
from kg.store.note_entries import ALIAS, ENTITY, NAME, PATH, TITLE, Notes
from kg.store.store import Store

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Answers(Mapping[str, Answer]):
    """The answers to questions, each looked up once; a question without an answer is no key."""

    look_up: Callable[[str], Answer | None]
    known: Callable[[], Iterable[str]]
    """The questions that have an answer."""
    _asked: dict[str, Answer | None] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, question: str) -> Answer:
        if question not in self._asked:
            self._asked[question] = self.look_up(question)
        answer = self._asked[question]
        if answer is None:
            raise KeyError(question)
        return answer

    def __iter__(self) -> Iterator[str]:
        return iter(self.known())

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class _Notes:
    """The questions of an index to the notes of a state."""

    notes: Notes
    names: Names

    def entity(self, path: str) -> str:
        """The entity of a note; of several notes with an entity, the first has it."""
        entity = self.names.entity(path, self.notes[path].card.id)
        return entity if self.notes.under(ENTITY + entity)[:1] == [path] else self.names.entity(path)

    def outline(self, path: str) -> Outline | None:
        return Outline.of(self.notes[path].card, self.entity(path)) if path in self.notes else None

    def titled(self, key: str) -> tuple[Titled, ...] | None:
        paths = self.notes.under(TITLE + key)
        titles = ((path, title) for path in paths for title in self.notes[path].card.title_keys)
        fitting = (path for path, title in titles if title == key)
        return tuple(Titled(self.entity(path), self.notes[path].card.kinds) for path in fitting) or None

    def with_alias(self, key: str) -> tuple[str, ...] | None:
        return tuple(self.notes.under(ALIAS + key)) or None

    def known(self, kind: str) -> Callable[[], Iterable[str]]:
        return lambda: (key[1:] for key in self.notes.known(kind))


def _paths(files: Paths, notes: Notes) -> Paths:
    """The look-up of notes and other files."""

    def exact(low: str) -> str | None:
        other = files.exact.get(low)
        return min([*notes.under(PATH + low), *([other] if other else [])], default=None)

    def named(name: str) -> tuple[tuple[str, str], ...] | None:
        paths = sorted([*notes.under(NAME + name), *(path for _, path in files.by_name.get(name, ()))])
        return tuple((path.lower(), path) for path in paths) or None

    return Paths(
        _Answers(exact, lambda: dict.fromkeys((*(path.lower() for path in notes), *files.exact))),
        _Answers(named, lambda: dict.fromkeys((*map(file_name, notes), *files.by_name))),
    )


def stored_files(state: IngestState, store: Store) -> Paths:
    """The look-up of the files of a state that its store knows: its notes, and the attachments that notes use."""
    used = (path for path in state.attachments if store.has(None, HAS_PATH, ox.Literal(path)))
    return _paths(Paths.of(used), state.entries)


def index_of(state: IngestState, names: Names) -> Index:
    """The index of the notes and files in a state."""
    notes = _Notes(state.entries, names)
    return Index(
        names,
        _Answers(notes.outline, lambda: state.entries),
        _paths(Paths.of(state.attachments), state.entries),
        Paths.of(state.ignored),
        _Answers(notes.titled, notes.known(TITLE)),
        _Answers(notes.with_alias, notes.known(ALIAS)),
        {},
    )
