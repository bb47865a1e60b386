"""A vault: the folder of notes, its files found and read. Nothing is ever written to it."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pathspec

from kg.config import Config, load
from kg.errors import KgError
from kg.findings import Finding, of_file
from kg.note import Note
from kg.parse import parse
from kg.source import UndecodableError
from kg.terms import nfc

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class Files(NamedTuple):
    """The files of a vault by their path in it (`/`-separated, NFC), each with its place on the disk."""

    notes: dict[str, Path]
    attachments: dict[str, Path]
    findings: tuple[Finding, ...]


class Reading(NamedTuple):
    """A vault as it was read; `notes` by path."""

    notes: tuple[Note, ...]
    attachments: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Entry:
    path: str
    place: Path


class Vault:
    """A folder of Markdown notes with its settings.

    `Vault("notes")` takes the settings of the `kg.toml` that governs the folder; `Vault(config=…)` those given.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, config: Config | None = None) -> None:
        self.config = config or load(Path(path) if path is not None else None)
        self.path = self.config.vault
        if not self.path.is_dir():
            reason = "is not a folder" if self.path.exists() else "does not exist"
            raise KgError(f"the vault {self.path} {reason}")

    @cached_property
    def _ignored(self) -> pathspec.PathSpec[pathspec.Pattern]:
        return pathspec.PathSpec.from_lines("gitignore", self.config.ignore)

    def files(self) -> Files:
        """All files, in the order of their paths; hidden folders are not looked into, as in Obsidian."""
        findings: list[Finding] = []
        found: dict[bool, dict[str, Path]] = {True: {}, False: {}}
        for entry in sorted(self._walk(self.path, "", findings), key=lambda entry: (nfc(entry.path), entry.path)):
            path = nfc(entry.path)
            same = found[path.lower().endswith(".md")]
            if path in same:
                findings.append(of_file(entry.path, "F05", f"{entry.path} and {same[path].name} are one name"))
            else:
                same[path] = entry.place
        return Files(found[True], found[False], tuple(findings))

    def _walk(self, folder: Path, prefix: str, findings: list[Finding]) -> Iterator[_Entry]:
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            findings.append(of_file(prefix or ".", "F01", f"cannot be opened: {error.strerror}"))
            return
        for entry in entries:
            path = prefix + entry.name
            if entry.name.startswith(".") or self._ignored.match_file(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not self._ignored.match_file(f"{path}/"):
                    yield from self._walk(Path(entry.path), f"{path}/", findings)
            elif entry.is_file(follow_symlinks=False) or self._points_inside(entry):
                yield _Entry(path, Path(entry.path))
            elif entry.name.lower().endswith(".md"):
                findings.append(of_file(path, "F04", "not a regular file inside the vault: not read"))

    def _points_inside(self, entry: "os.DirEntry[str]") -> bool:
        """A link to a regular file of the vault is read as that file is."""
        if not entry.is_symlink():
            return False
        target = Path(os.path.realpath(entry.path))
        return target.is_file() and target.is_relative_to(self.path.resolve())

    def read(self, progress: Progress | None = None) -> Reading:
        """Every note, parsed; a file that cannot be read is a finding and nothing more."""
        files = self.files()
        findings = list(files.findings)
        notes: list[Note] = []
        for number, (path, place) in enumerate(files.notes.items()):
            if progress and number % 64 == 0:
                progress("reading", number, len(files.notes))
            note = self._note(path, place, findings)
            if note:
                notes.append(note)
                findings.extend(note.findings)
        return Reading(tuple(notes), tuple(files.attachments), tuple(findings))

    def _note(self, path: str, place: Path, findings: list[Finding]) -> Note | None:
        try:
            raw = read_bytes(place, self.config.max_bytes)
            return parse(path, raw)
        except OSError as error:
            findings.append(of_file(path, "F01", f"cannot be read: {error.strerror or error}"))
        except _TooLargeError as error:
            findings.append(of_file(path, "F03", str(error)))
        except UndecodableError as error:
            line = raw.count(b"\n", 0, error.offset) + 1
            column = len(raw[raw.rfind(b"\n", 0, error.offset) + 1 : error.offset].decode("utf-8", "replace")) + 1
            findings.append(of_file(path, "F02", f"{error}: the note is not read", line, column))
        return None


class _TooLargeError(Exception):
    pass


def read_bytes(place: Path, limit: int) -> bytes:
    """A regular file's bytes. A pipe or device, put there since the folder was listed, is not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(place, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "not a regular file")
        if status.st_size > limit:
            raise _TooLargeError(f"{status.st_size:,} bytes; {limit:,} are read")
        return file.read(limit + 1)
