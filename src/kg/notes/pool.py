"""Read and process notes in several processes; each keeps the notes that it has read.

    with Workers.for_files(len(files.notes)) as workers:
        read = workers.read(files.notes, config)         # cards and findings; the notes stay where they were parsed
        checked = workers.each(checker.check)            # a function of a note, run in the note's process

A parsed note is a thousand small objects, which would cost more to send than to make. The processes send the card of
each note and the results of the work; they receive the index of all cards. A small vault is read in this process.
"""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from kg.config import Config
from kg.core.child_process import Child, cores
from kg.core.files import digest
from kg.core.findings import Finding
from kg.notes.model import Note
from kg.notes.summary import Card
from kg.notes.vault import Progress, read_note

T = TypeVar("T")

WORTH_IT = 400
"""The number of notes that makes a process worth starting, which takes as long as reading a hundred or two."""
_MOST = 8
_AT_ONCE = 100
_KEPT_BYTES = 32_000_000
"""A worker keeps the parsed notes of this much text (some fifteen times as large) and parses the others again."""


class Read(NamedTuple):
    """The result of reading a file: the note's card (None if it is no note), the file's digest, and the findings."""

    card: Card | None
    digest: str
    findings: tuple[Finding, ...]


class _Shelf:
    """The notes that a process has read, and the functions that it runs on them."""

    def __init__(self) -> None:
        self.notes: dict[str, Note | str] = {}
        self.config: Config
        self.kept = 0

    def read(self, files: Sequence[tuple[str, str]], config: Config) -> list[Read]:
        self.config = config
        return [self._read(path, place) for path, place in files]

    def _read(self, path: str, place: str) -> Read:
        note, findings = read_note(path, place, self.config)
        if note is None:
            return Read(None, digest(place, self.config.max_bytes), findings)
        self.kept += len(note.source.data)
        self.notes[path] = note if self.kept <= _KEPT_BYTES else place
        return Read(Card.of(note), note.digest, findings)

    def each(self, work: Callable[[Note], T]) -> list[T]:
        return [work(note) for note in self._all()]

    def _all(self) -> Iterator[Note]:
        for path, kept in self.notes.items():
            note = read_note(path, kept, self.config)[0] if isinstance(kept, str) else kept
            if note is not None:
                yield note


def shelf() -> Callable[..., Any]:
    """Return the function of a child process, which calls a method of the child's shelf."""
    gc.disable()  # as in an ingest: millions of small values without cycles
    notes = _Shelf()
    return lambda method, *arguments: getattr(notes, method)(*arguments)


class Workers:
    """A pool of processes; an empty pool works in this process."""

    def __init__(self, number: int = 0) -> None:
        self._here = _Shelf()
        self._processes = [Child(shelf) for _ in range(number)]
        self._threads = ThreadPoolExecutor(number) if number else None

    @classmethod
    def for_files(cls, number: int) -> "Workers":
        """Return a pool of as many processes as pay off for `number` files on this machine."""
        wanted = min(number // WORTH_IT, cores(), _MOST)
        return cls(wanted if wanted > 1 and sys.executable else 0)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.close()
        if self._threads:
            self._threads.shutdown()

    def read(self, files: Mapping[str, str], config: Config, progress: Progress | None = None) -> dict[str, Read]:
        """Read files of a vault. Return the results by path, in the order of `files`."""
        rows = iter(files.items())
        batches: SimpleQueue[list[tuple[str, str]]] = SimpleQueue()
        for batch in iter(lambda: list(islice(rows, _AT_ONCE)), []):
            batches.put(batch)
        done = count()
        results: dict[str, Read] = {}

        def work_through(read: Callable[..., list[Read]]) -> None:
            for batch in _until_empty(batches):
                if progress:
                    progress("reading", next(done) * _AT_ONCE, len(files))
                results.update(zip((path for path, _ in batch), read(batch, config), strict=True))

        if self._threads:
            readers = [lambda *arguments, child=process: child.ask("read", *arguments) for process in self._processes]
            list(self._threads.map(work_through, readers))
        else:
            work_through(self._here.read)
        return {path: results[path] for path in files}

    def each(self, work: Callable[[Note], T]) -> list[T]:
        """Return the results of a function for all notes that were read, in arbitrary order.

        The function and its data are sent to the processes: use a function or method of a module, not a lambda.
        """
        if not self._threads:
            return self._here.each(work)
        answers: Iterable[list[T]] = self._threads.map(lambda process: process.ask("each", work), self._processes)
        return [result for results in answers for result in results]


def _until_empty(queue: "SimpleQueue[T]") -> Iterator[T]:
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return
