"""A fingerprint of all that an ingest reads, by the sizes and times of the files.

An ingest keeps it. A command that only asks compares it with that of now, which takes a few microseconds a file, and
looks closer only if they differ. The fingerprint decides nothing else: an ingest goes by content.
"""

import os
import stat
from contextlib import suppress
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
        now, look = time_ns(), _Look()
        inputs = Inputs.of(config, config.vault)
        for folder in (config.vault, *inputs.ontology):
            look.at_files(str(folder), str(config.store))
        for file in (*inputs.files, *(config.vault / FOLDER / name for name in FILES)):
            look.at(str(file))
        lines = sorted(look.lines)
        data = "\n".join([__version__, *lines]).encode("utf-8", "surrogatepass")
        return cls(f"{crc32(data):08x}-{len(data)}-{len(lines)}", look.newest < now - _SAFE)

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


class _Look:
    """A look at files: a line for each, with what changes when it does, and the time of the last change of any."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.newest = 0

    def at(self, place: str) -> None:
        """Look at a file or a folder."""
        file = status(place)
        if file is None or stat.S_ISDIR(file.st_mode):
            self.lines.append(f"{place}\0{file and file.st_ino}")
            return
        modified, changed = file.st_mtime_ns, file.st_ctime_ns
        self.lines.append(f"{place}\0{file.st_ino} {file.st_size} {modified} {changed}")
        self.newest = max(self.newest, modified, changed)

    def at_files(self, folder: str, store: str) -> None:
        """Look at all below a folder but the store; what is hidden is left out, but for .gitignore."""
        folders = [(folder, 0)]
        while folders:
            place, depth = folders.pop()
            try:
                entries = list(os.scandir(place))
            except OSError:
                continue
            for entry in entries:
                name, path = entry.name, entry.path
                if (name[0] == "." and name != GITIGNORE) or path == store:
                    continue
                if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                    folders.append((path, depth + 1))
                self.at(path)
