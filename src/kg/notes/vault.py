"""A vault, the folder of notes: find its files and read them. kg never writes to it."""

import errno
import gc
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kg.config import Config, load
from kg.core.errors import KgError
from kg.core.files import MAX_DEPTH, TooLargeError, read_bytes
from kg.core.findings import Finding, of_file
from kg.core.text import UndecodableError, nfc
from kg.notes.ignore_rules import GITIGNORE, IgnoreRules, repository
from kg.notes.obsidian_settings import Settings

if TYPE_CHECKING:
    from kg.notes.model import Note


@contextmanager
def without_collection() -> Iterator[None]:
    """Disable garbage collection: notes are millions of small values without cycles, and scanning them again and again
    takes longer than making them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def is_note(path: str) -> bool:
    """Whether a file is a Markdown note or a canvas, and so is read."""
    return path.lower().endswith((".md", ".canvas"))


Progress = Callable[[str, int, int], None]
"""Receives the activity, how much of it is done, and the total."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


class UnreadablePath(NamedTuple):
    """A folder of a vault that could not be listed, or a file whose type could not be read."""

    path: str
    """A folder's path has a trailing `/`; the vault's own is empty."""
    ignored: bool

    def hides(self, path: str) -> bool:
        """Whether a path is this one or lies below it."""
        return path.startswith(self.path) if self.path.endswith("/") or not self.path else path == self.path


class Root(NamedTuple):
    """The folder of a vault, apart from its files: enough to recognise a drive that is not mounted."""

    empty: bool = False
    device: int = 0
    """The number of its file system."""


class Files(NamedTuple):
    """The files of a vault: their paths in it (`/`-separated, NFC), mapped to their paths on the disk."""

    notes: dict[str, str]
    attachments: dict[str, str]
    ignored: dict[str, str]
    """Files that are not read, though links can lead to them."""
    findings: tuple[Finding, ...]
    unseen: tuple[UnreadablePath, ...] = ()
    unsure: tuple[str, ...] = ()
    """The folders whose .gitignore could not be read, each with a trailing `/`."""
    root: Root = Root()

    def hides(self, path: str) -> bool:
        """Whether a path lies where the disk could not be read, so that its existence is unknown."""
        return any(unseen.hides(path) for unseen in self.unseen)

    def without(self, ignored: Iterable[str]) -> "Files":
        """Return the files; paths in `ignored` stay ignored below an unreadable .gitignore."""
        still_ignored = {path for path in ignored if path.startswith(self.unsure)} if self.unsure else set()
        if not still_ignored:
            return self
        notes, attachments = (
            {p: files[p] for p in files if p not in still_ignored} for files in (self.notes, self.attachments)
        )
        places = {**self.notes, **self.attachments, **self.ignored}
        left_out = {path: places[path] for path in sorted(places) if path in self.ignored or path in still_ignored}
        return self._replace(notes=notes, attachments=attachments, ignored=left_out)

    def leaves_out(self, path: str) -> bool:
        """Whether a path lies where the disk could not be read, and is ignored."""
        return any(unseen.hides(path) for unseen in self.unseen if unseen.ignored)

    @property
    def on_disk(self) -> dict[str, str]:
        """The paths that have another Unicode form than NFC on the disk, mapped to that form."""
        rows = ((path, place) for files in self[:2] for path, place in files.items() if not path.isascii())
        tails = {path: _tail(place, path) for path, place in rows}
        return {path: tail for path, tail in tails.items() if tail != path and nfc(tail) == path}


def _tail(place: str, path: str) -> str:
    return "/".join(Path(place).parts[-path.count("/") - 1 :])


class Reading(NamedTuple):
    """A vault as read; `notes` are in the order of their paths."""

    notes: "tuple[Note, ...]"
    attachments: tuple[str, ...]
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()
    on_disk: Mapping[str, str] = MappingProxyType({})
    settings: Settings = Settings()
    """Obsidian's own settings of the vault."""


class _Entry(NamedTuple):
    path: str
    place: str
    ignored: bool


class _Folder(NamedTuple):
    """A folder that the walk has yet to visit."""

    place: Path
    prefix: str
    """Its path in the vault, with a trailing `/`."""
    depth: int
    rules: IgnoreRules


class Vault:
    """A folder of Markdown notes with its settings.

    `Vault("notes")` uses the settings of the `kg.toml` that governs the folder; `Vault(config=…)` uses `config`.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, config: Config | None = None) -> None:
        self.config = config or load(Path(path) if path is not None else None)
        self.path = self.config.vault
        try:
            is_folder = stat.S_ISDIR(self.path.stat().st_mode)
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            reason = "does not exist" if gone else f"cannot be examined: {error.strerror}"
            raise KgError(f"the vault {self.path} {reason}") from error
        if not is_folder:
            raise KgError(f"the vault {self.path} is not a folder")
        if self.path == Path("/"):  # a Windows drive may be a vault
            raise KgError("/ is the whole file system, not a vault: name the folder of notes")

    @cached_property
    def settings(self) -> Settings:
        """Obsidian's own settings of the vault."""
        return Settings.of(self.path)

    def files(self) -> Files:
        """Return all files, in the order of their paths; hidden folders are skipped, as in Obsidian."""
        walk = _Walk(self.path, self.config.gitignore)
        entries = walk.run(self._ignoring())
        findings = walk.findings
        notes: dict[str, str] = {}
        attachments: dict[str, str] = {}
        ignored: dict[str, str] = {}
        for path, _, entry in sorted((nfc(entry.path), entry.path, entry) for entry in entries):
            group = ignored if entry.ignored else notes if is_note(path) else attachments
            if path in group:
                findings.append(of_file(entry.path, "F05", f"{entry.path} and {Path(group[path]).name} are one name"))
            else:
                group[path] = entry.place
        files = Files(notes, attachments, ignored, tuple(findings), tuple(walk.unseen), tuple(walk.unsure), walk.root)
        return self.with_drafts(files)

    def with_drafts(self, files: Files) -> Files:
        """Return the files with those of the drafts in `config`, which may be ignored as any other."""
        if not (drafts := self.config.drafts):
            return files
        groups, is_sorted = [dict(group) for group in files[:3]], True
        for path, place in drafts.items():
            number = 2 if self._ignores(path) else 0 if is_note(path) else 1
            for group in (group for group in groups if group is not groups[number] or place is None):
                group.pop(path, None)
            if place is not None:
                is_sorted = is_sorted and path in groups[number]
                groups[number][path] = str(place)
        notes, attachments, ignored = groups if is_sorted else (dict(sorted(group.items())) for group in groups)
        return files._replace(notes=notes, attachments=attachments, ignored=ignored)

    def _ignores(self, path: str) -> bool:
        """Whether a path is ignored, by the rules of the folders around it."""
        rules, folders = self._ignoring(), ["", *(path[: at + 1] for at, ch in enumerate(path) if ch == "/")]
        for prefix in folders:
            rules = rules.inside(prefix[:-1]) if prefix else rules
            with suppress(OSError):
                rules = rules.below(self.path / prefix, prefix, []) if self.config.gitignore else rules
        return rules.ignores(path)

    def _ignoring(self) -> IgnoreRules:
        """Return the initial rules: of kg.toml, of Obsidian's settings, of the repository around the vault."""
        rules = IgnoreRules.of(self.settings, self.config.ignore)
        for folder, inside in repository(self.path) if self.config.gitignore else ():
            rules = rules.above(folder, inside)
        return rules

    def read(self, progress: Progress | None = None) -> Reading:
        """Read and parse every note; a file that cannot be read is only a finding."""
        files = self.files()
        notes: list[Note] = []
        findings = list(files.findings)
        with without_collection():
            for number, (path, place) in enumerate(files.notes.items()):
                if progress and number % 64 == 0:
                    progress("reading", number, len(files.notes))
                note, wrong = read_note(path, place, self.config)
                findings += wrong
                notes += [note] if note else []
        return Reading(
            tuple(notes), tuple(files.attachments), tuple(findings), tuple(files.ignored), files.on_disk, self.settings
        )


class _Walk:
    """A walk over all folders of a vault. It keeps a stack of folders to visit, since their nesting has no limit."""

    def __init__(self, vault: Path, gitignore: bool) -> None:
        self.vault = vault
        self.gitignore = gitignore
        self.findings: list[Finding] = []
        self.unseen: list[UnreadablePath] = []
        self.unsure: list[str] = []
        self.root = Root()

    def run(self, rules: IgnoreRules) -> list[_Entry]:
        """Return the files in all folders."""
        files: list[_Entry] = []
        folders = [_Folder(self.vault, "", 0, rules)]
        while folders:
            folder = folders.pop()
            if folder.depth > MAX_DEPTH:
                self._miss(folder.prefix, folder.rules.everything, f"more than {MAX_DEPTH} nested folders")
                continue
            try:
                entries = list(os.scandir(folder.place))
            except OSError as error:
                self._miss(folder.prefix, folder.rules.everything, f"cannot be opened: {error.strerror}")
                continue
            if not folder.depth:
                self.root = Root(not entries, folder.place.stat().st_dev)
            if self.gitignore and any(entry.name == GITIGNORE for entry in entries):
                folder = folder._replace(rules=self._lines(folder))
            for entry in entries:
                if not entry.name.startswith("."):
                    self._look(entry, folder, files, folders)
        return files

    def _lines(self, here: _Folder) -> IgnoreRules:
        """Return the rules of a folder with those of its .gitignore."""
        try:
            return here.rules.below(here.place, here.prefix, self.findings)
        except OSError as error:
            self.findings.append(of_file(here.prefix + GITIGNORE, "F01", f"cannot be read: {error.strerror}"))
            self.unsure.append(nfc(here.prefix))
            return here.rules

    def _look(self, entry: "os.DirEntry[str]", here: _Folder, entries: list[_Entry], folders: list[_Folder]) -> None:
        """Add an entry to the files, or to the folders yet to visit."""
        path = here.prefix + entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                folders.append(_Folder(Path(entry.path), f"{path}/", here.depth + 1, here.rules.inside(path)))
            elif entry.is_file(follow_symlinks=False):
                entries.append(_Entry(path, entry.path, here.rules.ignores(path)))
            elif target := self._inside(entry):
                entries.append(_Entry(path, str(target), here.rules.ignores(path)))
            elif entry.name.lower().endswith(".md"):
                self.findings.append(of_file(path, "F04", "not a regular file inside the vault: not read"))
        except OSError as error:
            self._miss(path, here.rules.ignores(path), f"cannot be examined: {error.strerror}")

    def _inside(self, entry: "os.DirEntry[str]") -> Path | None:
        """Return the regular file of the vault that a symbolic link leads to.

        kg reads that path and follows no link that replaces it. Raises OSError if the disk does not give its type.
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
        """Record a path that could not be read. An ignored path causes no finding."""
        self.unseen.append(UnreadablePath(nfc(path), ignored))
        if not ignored:
            self.findings.append(of_file(path or ".", "F01", why))


def note_of(path: str, raw: bytes, config: Config) -> "Note":
    """Return the note in the bytes of a file. Raises CanvasError, UndecodableError."""
    from kg.notes import canvas  # an ingest that reads no note does not wait for the parsers
    from kg.notes.markdown import parse

    note = canvas.parse(path, raw) if path.lower().endswith(".canvas") else parse(path, raw)
    return replace(note, id_property=config.id_property.lower()) if config.id_property else note


def read_note(path: str, place: Path | str, config: Config) -> "tuple[Note | None, tuple[Finding, ...]]":
    """Return the note in a file, with its findings; None if the file cannot be read."""
    from kg.notes import canvas

    try:
        raw = read_bytes(place, config.max_bytes, follow=False)
        note = note_of(path, raw, config)
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
