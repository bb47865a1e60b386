"""A vault: the folder of notes, its files found and read. Nothing is ever written to it."""

import errno
import gc
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
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
from kg.source import DEEPEST, TooLargeError, UndecodableError, read_bytes
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


class Unseen(NamedTuple):
    """A folder of a vault that could not be listed, or a file of which the disk does not say what it is."""

    path: str
    """With a `/` at the end of a folder's; empty for the vault itself."""
    ignored: bool

    def hides(self, path: str) -> bool:
        """Whether a path is this one or lies below it."""
        return path.startswith(self.path) if self.path.endswith("/") or not self.path else path == self.path


class Root(NamedTuple):
    """What the folder of a vault is, apart from its files: enough to tell a drive that is not mounted."""

    empty: bool = False
    device: int = 0
    """The number of the file system that it lies on."""


class Files(NamedTuple):
    """The files of a vault by their path in it (`/`-separated, NFC), each with its place on the disk."""

    notes: dict[str, Path]
    attachments: dict[str, Path]
    ignored: dict[str, Path]
    """Files that are not read, though links can lead to them."""
    findings: tuple[Finding, ...]
    unseen: tuple[Unseen, ...] = ()
    unsure: tuple[str, ...] = ()
    """The folders whose .gitignore could not be read, each with a `/` at its end."""
    root: Root = Root()

    def hides(self, path: str) -> bool:
        """Whether a path lies where nothing could be looked at, so that nobody knows whether it is still there."""
        return any(one.hides(path) for one in self.unseen)

    def without(self, ignored: Iterable[str]) -> "Files":
        """The same, where some files are ignored as before because nobody can read the .gitignore that says so."""
        again = {path for path in ignored if path.startswith(self.unsure)} if self.unsure else set()
        if not again:
            return self
        notes, attachments = ({p: one[p] for p in one if p not in again} for one in (self.notes, self.attachments))
        found = {**self.notes, **self.attachments, **self.ignored}
        left_out = {path: found[path] for path in sorted(found) if path in self.ignored or path in again}
        return self._replace(notes=notes, attachments=attachments, ignored=left_out)

    def leaves_out(self, path: str) -> bool:
        """Whether a path lies in such a place, and that is ignored."""
        return any(one.hides(path) for one in self.unseen if one.ignored)

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


class _Entry(NamedTuple):
    path: str
    place: Path
    ignored: bool


class _Folder(NamedTuple):
    """A folder that is still to be looked into."""

    place: Path
    prefix: str
    """Its path in the vault, with a `/` at the end."""
    depth: int
    rules: Ignoring


class Vault:
    """A folder of Markdown notes with its settings.

    `Vault("notes")` takes the settings of the `kg.toml` that governs the folder; `Vault(config=…)` those given.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, config: Config | None = None) -> None:
        self.config = config or load(Path(path) if path is not None else None)
        self.path = self.config.vault
        try:
            is_folder = stat.S_ISDIR(self.path.stat().st_mode)
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            reason = "does not exist" if gone else f"cannot be looked at: {error.strerror}"
            raise KgError(f"the vault {self.path} {reason}") from error
        if not is_folder:
            raise KgError(f"the vault {self.path} is not a folder")

    @cached_property
    def settings(self) -> Settings:
        """What Obsidian's own settings say of the vault."""
        return Settings.of(self.path)

    def files(self) -> Files:
        """All files, in the order of their paths; hidden folders are not looked into, as in Obsidian."""
        walk = _Walk(self.path, self.config.gitignore)
        found = walk.run(self._ignoring())
        findings = walk.findings
        notes: dict[str, Path] = {}
        attachments: dict[str, Path] = {}
        ignored: dict[str, Path] = {}
        for entry in sorted(found, key=lambda entry: (nfc(entry.path), entry.path)):
            path = nfc(entry.path)
            same = ignored if entry.ignored else notes if is_note(path) else attachments
            if path in same:
                findings.append(of_file(entry.path, "F05", f"{entry.path} and {same[path].name} are one name"))
            else:
                same[path] = entry.place
        return Files(notes, attachments, ignored, tuple(findings), tuple(walk.unseen), tuple(walk.unsure), walk.root)

    def _ignoring(self) -> Ignoring:
        """What is ignored from the start: by kg.toml, by Obsidian's settings, by the repository around the vault."""
        rules = Ignoring.of(self.settings, self.config.ignore)
        for folder, inside in repository(self.path) if self.config.gitignore else ():
            rules = rules.above(folder, inside)
        return rules

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


class _Walk:
    """One look at all folders of a vault: a stack of those still to come, since a vault can nest them without end."""

    def __init__(self, vault: Path, gitignore: bool) -> None:
        self.vault = vault
        self.gitignore = gitignore
        self.findings: list[Finding] = []
        self.unseen: list[Unseen] = []
        self.unsure: list[str] = []
        self.root = Root()

    def run(self, rules: Ignoring) -> list[_Entry]:
        """The files that are in all folders."""
        found: list[_Entry] = []
        folders = [_Folder(self.vault, "", 0, rules)]
        while folders:
            here = folders.pop()
            if here.depth > DEEPEST:
                self._miss(here.prefix, here.rules.everything, f"more than {DEEPEST} folders inside each other")
                continue
            try:
                entries = list(os.scandir(here.place))
            except OSError as error:
                self._miss(here.prefix, here.rules.everything, f"cannot be opened: {error.strerror}")
                continue
            if not here.depth:
                self.root = Root(not entries, here.place.stat().st_dev)
            rules = here.rules
            if self.gitignore and any(entry.name == GITIGNORE for entry in entries):
                rules = self._lines(here)
            for entry in entries:
                if not entry.name.startswith("."):
                    self._look(entry, here._replace(rules=rules), found, folders)
        return found

    def _lines(self, here: _Folder) -> Ignoring:
        """The rules of a folder with those of its .gitignore."""
        try:
            return here.rules.below(here.place, here.prefix, self.findings)
        except OSError as error:
            self.findings.append(of_file(here.prefix + GITIGNORE, "F01", f"cannot be read: {error.strerror}"))
            self.unsure.append(nfc(here.prefix))
            return here.rules

    def _look(self, entry: "os.DirEntry[str]", here: _Folder, found: list[_Entry], folders: list[_Folder]) -> None:
        """Put an entry where it belongs: to the files, or to the folders still to come."""
        path, place = here.prefix + entry.name, Path(entry.path)
        try:
            if entry.is_dir(follow_symlinks=False):
                folders.append(_Folder(place, f"{path}/", here.depth + 1, here.rules.inside(path)))
            elif entry.is_file(follow_symlinks=False):
                found.append(_Entry(path, place, here.rules.ignores(path)))
            elif target := self._inside(entry):
                found.append(_Entry(path, target, here.rules.ignores(path)))
            elif entry.name.lower().endswith(".md"):
                self.findings.append(of_file(path, "F04", "not a regular file inside the vault: not read"))
        except OSError as error:
            self._miss(path, here.rules.ignores(path), f"cannot be looked at: {error.strerror}")

    def _inside(self, entry: "os.DirEntry[str]") -> Path | None:
        """The regular file of the vault that a link leads to: it is read as that, and nothing put in its place is.

        Raises OSError where the disk does not say what is there.
        """
        if not entry.is_symlink():
            return None
        target = Path(os.path.realpath(entry.path))
        if not target.is_relative_to(self.vault.resolve()):
            return None
        try:
            return target if stat.S_ISREG(target.stat().st_mode) else None
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return None
            raise

    def _miss(self, path: str, ignored: bool, why: str) -> None:
        """Remember a place that could not be looked at. For one that is ignored nobody waits."""
        self.unseen.append(Unseen(nfc(path), ignored))
        if not ignored:
            self.findings.append(of_file(path or ".", "F01", why))


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
