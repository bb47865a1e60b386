"""A folder held open: its files are read, written and removed by name within it, and no link is followed.

A vault from elsewhere may contain a store, and that store may contain links. So nothing in this module opens a file by
a path that a link could redirect, waits for a pipe, or writes into an existing file: a new file replaces the old one.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from kg.core.files import MAX_STORE_FILE, read_bytes

Kind = Literal["file", "folder", "link", "other", ""]
"""The kind of a folder's entry; empty if the entry does not exist."""

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""The flags that open a file which must not exist yet."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_HAS_HANDLES = os.open in os.supports_dir_fd
_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


class Folder:
    """A folder that is open until `close`, or to the end of a `with`. `Folder(path)` raises OSError."""

    def __init__(self, path: Path, inside: "Folder | None" = None) -> None:
        self.path = path
        self._handle: int | None = None
        if _HAS_HANDLES:
            where = inside._handle if inside else None
            self._handle = os.open(path.name if inside else path, _FOLDER, dir_fd=where)
        elif path.is_symlink() or not path.is_dir():  # Windows addresses files by their full paths
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the folder's handle."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _at(self, name: str) -> tuple[Any, dict[str, Any]]:
        """The arguments with which functions of `os` address a file of this folder."""
        if self._handle is None:
            return self.path / name, {}
        return name, {"dir_fd": self._handle}

    # ---- reading -----------------------------------------------------------------------------------------------

    def stat(self, name: str) -> os.stat_result:
        """The status of an entry; of a link, not of its target. Raises OSError."""
        place, where = self._at(name)
        return os.stat(place, follow_symlinks=False, **where)

    def kind(self, name: str) -> Kind:
        """The kind of an entry."""
        try:
            return _KINDS.get(stat.S_IFMT(self.stat(name).st_mode), "other")
        except (OSError, ValueError):
            return ""

    def names(self) -> dict[str, Kind]:
        """The names of the entries, with their kinds. Raises OSError."""
        with os.scandir(self.path if self._handle is None else self._handle) as entries:
            return {entry.name: _kind(entry) for entry in entries}

    def read(self, name: str, limit: int = MAX_STORE_FILE) -> bytes:
        """The contents of a file. Raises OSError, also for a link or an entry that is not a regular file."""
        place, where = self._at(name)
        return read_bytes(place, limit, follow=False, **where)

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Open a file and return its handle; `flags` may create it.

        Raises OSError, also for a link or an entry that is not a regular file.
        """
        place, where = self._at(name)
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(place, flags, 0o666, **where)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(None, f"{self.path / name} is not a regular file")
        return handle

    def folder(self, name: str) -> "Folder":
        """Open a subfolder. Raises OSError, also for a link."""
        return Folder(self.path / name, self)

    # ---- writing -----------------------------------------------------------------------------------------------

    def make(self, name: str) -> None:
        """Create a subfolder. Raises OSError, also if the name exists."""
        place, where = self._at(name)
        os.mkdir(place, **where)

    @contextlib.contextmanager
    def new(self, name: str) -> Iterator[BinaryIO]:
        """Yield a new file to write to. Raises OSError, also if the name exists."""
        place, where = self._at(name)
        with open(os.open(place, NEW, 0o666, **where), "wb") as file:
            yield file

    def link(self, name: str, file: Path) -> None:
        """Link a regular file under a new name, or copy it where the file system has no links. Raises OSError."""
        place, where = self._at(name)
        if stat.S_ISREG(os.lstat(file).st_mode):
            with contextlib.suppress(NotImplementedError, OSError):
                os.link(file, place, follow_symlinks=False, **({"dst_dir_fd": where["dir_fd"]} if where else {}))
                return
        with self.new(name) as copy:
            copy.write(read_bytes(file, MAX_STORE_FILE, follow=False))
            copy.flush()
            os.fsync(copy.fileno())

    def write(self, name: str, data: bytes, *, beside: str = "", synced: bool = False) -> None:
        """Write a whole file, replacing any file of that name; `beside` is its temporary name. Raises OSError."""
        beside = beside or temporary(name)
        self.remove(beside)
        try:
            with self.new(beside) as file:
                file.write(data)
                if synced:
                    file.flush()
                    os.fsync(file.fileno())
            self.rename(beside, name)
        except BaseException:
            with contextlib.suppress(OSError):
                self.remove(beside)
            raise

    def rename(self, name: str, to: str) -> None:
        """Rename a file, replacing any file of the new name. Raises OSError."""
        (place, where), (target, _) = self._at(name), self._at(to)
        handles = {"src_dir_fd": where["dir_fd"], "dst_dir_fd": where["dir_fd"]} if where else {}
        os.replace(place, target, **handles)

    def remove(self, name: str) -> None:
        """Remove a file or a link, if it exists. Raises OSError."""
        place, where = self._at(name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place, **where)

    def remove_folder(self, name: str) -> None:
        """Remove a subfolder if it is empty."""
        place, where = self._at(name)
        with contextlib.suppress(OSError):
            os.rmdir(place, **where)

    def sync(self) -> None:
        """Sync the names in the folder, so that they survive a power cut. Raises OSError."""
        if self._handle is not None:
            os.fsync(self._handle)

    def sync_file(self, name: str) -> None:
        """Sync a file's contents, so that they survive a power cut. Raises OSError."""
        with open(self.open(name), "rb") as file:
            os.fsync(file.fileno())


def write_new(file: Path, data: bytes) -> None:
    """Write a file whole or not at all, where no file or link exists. Raises OSError."""
    handle = os.open(file, NEW, 0o666)
    try:
        with open(handle, "wb") as new:
            new.write(data)
    except BaseException:
        with contextlib.suppress(OSError):
            file.unlink()
        raise


def _kind(entry: "os.DirEntry[str]") -> Kind:
    if entry.is_symlink():
        return "link"
    if entry.is_file(follow_symlinks=False):
        return "file"
    return "folder" if entry.is_dir(follow_symlinks=False) else "other"


def temporary(name: str) -> str:
    """The temporary name of a file that this process writes."""
    return f"{name}.{os.getpid()}.tmp"
