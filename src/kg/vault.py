"""A vault: the folder of notes, its files found and read. Nothing is ever written to it."""

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from kg import canvas
from kg.config import Config, load
from kg.errors import KgError
from kg.findings import Finding, of_file
from kg.ignoring import GITIGNORE, Ignoring, repository
from kg.note import Note
from kg.obsidian import Settings
from kg.parse import parse
from kg.source import TooLargeError, UndecodableError, read_bytes
from kg.terms import nfc


@contextmanager
def without_collection() -> Iterator[None]:
    """Without garbage collection: notes are millions of small values without circles, and going through them again and
    again takes more time than making them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def is_note(path: str) -> bool:
    """Whether a file is read: a Markdown note or a canvas."""
    return path.lower().endswith((".md", ".canvas"))


Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class Files(NamedTuple):
    """The files of a vault by their path in it (`/`-separated, NFC), each with its place on the disk."""

    notes: dict[str, Path]
    attachments: dict[str, Path]
    ignored: dict[str, Path]
    """Files that are not read, though links can lead to them."""
    findings: tuple[Finding, ...]

    @property
    def on_disk(self) -> dict[str, str]:
        """The paths that the disk has in another Unicode form than NFC, as it has them."""
        rows = ((path, place) for files in self[:2] for path, place in files.items() if not path.isascii())
        tails = {path: _tail(place, path) for path, place in rows}
        return {path: tail for path, tail in tails.items() if tail != path and nfc(tail) == path}


def _tail(place: Path, path: str) -> str:
    return "/".join(place.parts[-path.count("/") - 1 :])


class Reading(NamedTuple):
    """A vault as it was read; `notes` by path."""

    notes: tuple[Note, ...]
    attachments: tuple[str, ...]
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()
    on_disk: Mapping[str, str] = MappingProxyType({})
    settings: Settings = Settings()
    """What Obsidian's own settings say of the vault."""


@dataclass(frozen=True)
class _Entry:
    path: str
    place: Path
    ignored: bool


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
    def settings(self) -> Settings:
        """What Obsidian's own settings say of the vault."""
        return Settings.of(self.path)

    def files(self) -> Files:
        """All files, in the order of their paths; hidden folders are not looked into, as in Obsidian."""
        findings: list[Finding] = []
        notes: dict[str, Path] = {}
        attachments: dict[str, Path] = {}
        ignored: dict[str, Path] = {}
        entries = self._walk(self.path, "", self._ignoring(), findings)
        for entry in sorted(entries, key=lambda entry: (nfc(entry.path), entry.path)):
            path = nfc(entry.path)
            same = ignored if entry.ignored else notes if is_note(path) else attachments
            if path in same:
                findings.append(of_file(entry.path, "F05", f"{entry.path} and {same[path].name} are one name"))
            else:
                same[path] = entry.place
        return Files(notes, attachments, ignored, tuple(findings))

    def _ignoring(self) -> Ignoring:
        """What is ignored from the start: by kg.toml, by Obsidian's settings, by the repository around the vault."""
        rules = Ignoring.of(self.settings, self.config.ignore)
        for folder, inside in repository(self.path) if self.config.gitignore else ():
            outer = rules.above(folder, inside)
            if not outer.ignores(""):  # a vault in an ignored folder is meant to be read all the same
                rules = outer
        return rules

    def _walk(self, folder: Path, prefix: str, rules: Ignoring, findings: list[Finding]) -> Iterator[_Entry]:
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            findings.append(of_file(prefix or ".", "F01", f"cannot be opened: {error.strerror}"))
            return
        if self.config.gitignore and any(entry.name == GITIGNORE for entry in entries):
            rules = rules.below(folder, prefix)
        for entry in entries:
            path = prefix + entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{path}/", rules.inside(path), findings)
            elif entry.is_file(follow_symlinks=False):
                yield _Entry(path, Path(entry.path), rules.ignores(path))
            elif target := self._inside(entry):
                yield _Entry(path, target, rules.ignores(path))
            elif entry.name.lower().endswith(".md"):
                findings.append(of_file(path, "F04", "not a regular file inside the vault: not read"))

    def _inside(self, entry: "os.DirEntry[str]") -> Path | None:
        """The regular file of the vault that a link leads to: it is read as that, and nothing put in its place is."""
        if not entry.is_symlink():
            return None
        target = Path(os.path.realpath(entry.path))
        return target if target.is_file() and target.is_relative_to(self.path.resolve()) else None

    def read(self, progress: Progress | None = None) -> Reading:
        """Every note, parsed; a file that cannot be read is a finding and nothing more."""
        files = self.files()
        notes: list[Note] = []
        findings = list(files.findings)
        with without_collection():
            for number, (path, place) in enumerate(files.notes.items()):
                if progress and number % 64 == 0:
                    progress("reading", number, len(files.notes))
                note, wrong = read_note(path, place, self.config.max_bytes)
                findings += wrong
                notes += [note] if note else []
        return Reading(
            tuple(notes), tuple(files.attachments), tuple(findings), tuple(files.ignored), files.on_disk, self.settings
        )


def read_note(path: str, place: Path, limit: int) -> tuple[Note | None, tuple[Finding, ...]]:
    """The note in a file of at most so many bytes, with what is wrong in it; a file that is no text is only that."""
    try:
        raw = read_bytes(place, limit, follow=False)
        note = canvas.parse(path, raw) if path.lower().endswith(".canvas") else parse(path, raw)
    except canvas.CanvasError as error:
        return None, (error.finding,)
    except TooLargeError as error:
        return None, (of_file(path, "F03", str(error)),)
    except OSError as error:
        return None, (of_file(path, "F01", f"cannot be read: {error.strerror or error}"),)
    except UndecodableError as error:
        line = raw.count(b"\n", 0, error.offset) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.offset) + 1 : error.offset].decode("utf-8", "replace")) + 1
        return None, (of_file(path, "F02", f"{error}: the note is not read", line, column),)
    return note, note.findings
