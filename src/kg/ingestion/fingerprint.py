"""A fingerprint of all that an ingest reads, by the sizes and times of the files.

An ingest keeps it. A command that only asks compares it with that of now, which takes a few microseconds a file, and
looks closer only if they differ. The fingerprint decides nothing else: an ingest goes by content.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import time_ns
from typing import NamedTuple
from zlib import crc32

from kg.config import Config
from kg.core.errors import StoreError
from kg.core.files import MAX_DEPTH, read_bytes, status
from kg.core.version import __version__
from kg.ingestion.watching import Inputs
from kg.notes.ignore_rules import GITIGNORE
from kg.notes.obsidian_settings import FILES, FOLDER
from kg.store.ownership import FINGERPRINT, owned

_SAFE = 50_000_000
"""In nanoseconds: a file changed so shortly before may change again without a new time."""
_LONGEST = 100


class Fingerprint(NamedTuple):
    """What an ingest reads, as far as sizes and times tell."""

    text: str
    is_safe: bool
    """Whether any later change shows: no file changed just before."""

    @classmethod
    def of(cls, config: Config) -> "Fingerprint":
        """Take the fingerprint of now."""
        now = time_ns()
        inputs = Inputs.of(config, config.vault)
        rows = [row for folder in (config.vault, *inputs.ontology) for row in _files(folder, config.store)]
        rows += [_row(str(file)) for file in inputs.files]
        rows += [_row(str(config.vault / FOLDER / name)) for name in FILES]
        lines = sorted(line for line, _ in rows)
        data = "\n".join([__version__, *lines]).encode("utf-8", "surrogatepass")
        newest = max((time for _, time in rows), default=0)
        return cls(f"{crc32(data):08x}-{len(data)}-{len(lines)}", newest < now - _SAFE)

    def keep(self, config: Config) -> None:
        """Record that the store has all of this; if that fails, the next command looks closer."""
        with suppress(OSError, StoreError):
            if self.is_safe and not self.is_kept(config):
                with owned(config.store) as folder:
                    folder.write(FINGERPRINT, self.text.encode())

    def is_kept(self, config: Config) -> bool:
        """Whether it is that of the last ingest."""
        try:
            return read_bytes(config.store / FINGERPRINT, _LONGEST, follow=False) == self.text.encode()
        except (OSError, ValueError):
            return False


def _files(folder: Path, store: Path) -> Iterator[tuple[str, int]]:
    """The files below a folder, and its folders, without the store; hidden ones are left out, but for .gitignore."""
    folders = [(str(folder), 0)]
    while folders:
        place, depth = folders.pop()
        try:
            entries = list(os.scandir(place))
        except OSError:
            continue
        for entry in entries:
            if (entry.name.startswith(".") and entry.name != GITIGNORE) or entry.path == str(store):
                continue
            if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                folders.append((entry.path, depth + 1))
            yield _row(entry.path)


def _row(place: str) -> tuple[str, int]:
    """A line for a file, with what changes when it does, and the time of its last change."""
    file = status(place)
    if file is None or stat.S_ISDIR(file.st_mode):
        return f"{place}\0{file and file.st_ino}", 0
    times = file.st_mtime_ns, file.st_ctime_ns
    return f"{place}\0{file.st_ino} {file.st_size} {times}", max(times)
