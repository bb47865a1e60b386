"""Find the state that is nearest to the notes of a commit, so that an ingest that begins with it reads the least.

Each state that is kept has a small file that says which notes are in it; today's store has its record of them.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from kg.core.errors import KgError
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.store.ingest_state import IngestState
from kg.store.store import Published

FILE = "notes"
_LONGEST = 1_000
"""The most bytes of the line with the settings."""


class StateContents(NamedTuple):
    """What decides how far two states are apart: their settings, and a number for each note and its content."""

    settings: str
    notes: frozenset[int]

    @classmethod
    def of(cls, settings: str, digests: Mapping[str, str]) -> "StateContents":
        """The contents of notes with these digests, by path."""
        return cls(settings, frozenset(_number(path, digest) for path, digest in digests.items()))

    @classmethod
    def of_store(cls, store: Path) -> "StateContents":
        """The contents of a published generation. Raises StoreMissing, StoreError, ValueError if it has no record."""
        published = Published(store)
        try:
            if state := IngestState.read(published.folder):
                return cls.of(state.settings, state.digests)
        finally:
            published.release()
        raise ValueError(f"the store {store} has no record of its notes")

    @classmethod
    def read(cls, file: Path) -> "StateContents":
        """The contents that a file records. Raises OSError, ValueError."""
        settings, _, data = read_bytes(file, MAX_STORE_FILE, follow=False).partition(b"\n")
        return cls(settings[:_LONGEST].decode(), frozenset(array("Q", data)))

    @property
    def data(self) -> bytes:
        """The contents as a file."""
        return self.settings.encode() + b"\n" + array("Q", sorted(self.notes)).tobytes()

    def distance(self, other: "StateContents") -> int:
        """The number of notes that differ."""
        return max(len(self.notes - other.notes), len(other.notes - self.notes))


def nearest_first(wanted: StateContents, today: Path, kept: Iterable[Path]) -> list[Path]:
    """The stores to begin with, the nearest first: today's, and those in the folders that are kept.

    A store of other settings is left out, since an ingest would build everything again.
    """
    known = [(store, contents) for store, contents in _known(today, kept) if contents.settings == wanted.settings]
    return [store for store, _ in sorted(known, key=lambda row: row[1].distance(wanted))]


def _known(today: Path, kept: Iterable[Path]) -> Iterator[tuple[Path, StateContents]]:
    with suppress(KgError, ValueError):
        yield today, StateContents.of_store(today)
    for place in kept:
        with suppress(OSError, ValueError):
            yield place / "store", StateContents.read(place / FILE)


def _number(path: str, digest: str) -> int:
    return int(digest[:16] or "0", 16) ^ crc32(path.encode("utf-8", "surrogatepass"))
