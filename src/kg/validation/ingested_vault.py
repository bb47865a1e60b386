"""A vault whose store is up to date: what the checks of its links and shapes share."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar

from kg.config import Config
from kg.ingestion.keyed_index import index_of
from kg.ingestion.report import Report
from kg.mapping.link_resolution import Index
from kg.mapping.provenance import Origins
from kg.notes.model import Note
from kg.notes.pool import WORTH_IT, Workers
from kg.notes.vault import Files, Progress, Vault, read_note
from kg.rdf.iris import Names
from kg.store.note_entries import NoteEntry
from kg.store.store import Published
from kg.validation.cache import ValidationCache
from kg.validation.memory import SinceThen, ValidationMemory

T = TypeVar("T")
_FEW = 50
"""Up to one in this many of the notes are few."""


class NoteReader:
    """Reads notes, many of them in several processes; what a process has read serves later work, too."""

    def __init__(self) -> None:
        self._workers = Workers()
        self._read: frozenset[str] = frozenset()
        self._processes = ExitStack()
        self._notes: dict[str, Note] = {}

    def __enter__(self) -> "NoteReader":
        return self

    def __exit__(self, *error: object) -> None:
        self._processes.close()

    def each(
        self, files: Mapping[str, str], work: Callable[[Note], T], config: Config, progress: Progress
    ) -> Sequence[T]:
        """Return the results of a function for notes, in arbitrary order."""
        if len(files) < WORTH_IT:
            return [work(note) for path, place in files.items() if (note := self._note(path, place, config))]
        if not files.keys() <= self._read:
            self._processes.close()
            self._workers, self._read = self._processes.enter_context(Workers.for_files(len(files))), frozenset(files)
            self._workers.read(files, config, progress)
        results = self._workers.each(_OfSome(work, frozenset(files)) if len(files) < len(self._read) else work)
        return [result for result in results if result is not None]

    def _note(self, path: str, place: str, config: Config) -> Note | None:
        """A note, which is read once for several works."""
        if path not in self._notes:
            note, _ = read_note(path, place, config)
            if note is None or len(self._notes) >= WORTH_IT:
                return note
            self._notes[path] = note
        return self._notes[path]


@dataclass(frozen=True)
class _OfSome(Generic[T]):
    """A function of notes that leaves the others out."""

    work: Callable[[Note], T]
    paths: frozenset[str]

    def __call__(self, note: Note) -> T | None:
        return self.work(note) if note.path in self.paths else None


@dataclass(frozen=True)
class IngestedVault:
    """A vault, its files, and the generation of its store that holds them."""

    vault: Vault
    files: Files
    report: Report
    generation: Published
    before: ValidationCache
    """The cache of the last validation."""
    progress: Progress
    reader: "NoteReader"
    memory: ValidationMemory | None = None
    """What the process remembers, if it keeps running."""
    since: SinceThen | None = None
    """What has changed since the validation that the process remembers; None if that is unknown."""

    @cached_property
    def names(self) -> Names:
        """The names of things."""
        return Names(self.vault.config.base)

    @cached_property
    def on_disk(self) -> Mapping[str, str]:
        """The paths of files that have another Unicode form on the disk, mapped to that form."""
        return self.files.on_disk

    @cached_property
    def index(self) -> Index:
        """The index by which links are resolved, for much of the vault."""
        cards = [entry.card for entry in self.report.ledger.entries.values()]
        attachments, ignored = self.report.ledger.attachments, self.report.ledger.ignored
        return Index.of(cards, attachments, self.names, ignored=ignored, on_disk=self.on_disk)

    @cached_property
    def _keyed_index(self) -> Index:
        return replace(index_of(self.report.ledger, self.names), on_disk=self.on_disk)

    def index_for(self, number: int) -> Index:
        """The index, for the links of a number of notes: one that reads only what they ask for, if they are few."""
        return self._keyed_index if self._are_few(number) else self.index

    def entries_of(self, paths: Collection[str]) -> Mapping[str, NoteEntry]:
        """The entries of notes; all are read at once unless they are few."""
        entries = self.report.ledger.entries
        known: Mapping[str, NoteEntry] = entries if self._are_few(len(paths)) else dict(entries.items())
        return {path: known[path] for path in paths}

    def _are_few(self, number: int) -> bool:
        return number * _FEW < len(self.report.ledger.entries)

    @cached_property
    def origins(self) -> Origins:
        """The notes that state each triple."""
        paths, names = self.report.ledger.entries.paths, self.names
        known = self.memory.graphs_of(paths, names) if self.memory else {names.path(path): path for path in paths}
        return Origins(self.generation.store.find, known)

    def of_notes(self, files: Mapping[str, str], work: Callable[[Note], T], what: str) -> Sequence[T]:
        """Apply a function to notes, which are read again; `what` names the work for the progress."""
        self.progress(what, 0, 1)
        return self.reader.each(files, work, self.vault.config, self.progress)
