"""A folder held open: its files are read, written and removed by their names in it, and no link is followed.

A vault may come from elsewhere with a store in it, and with links in that store. So nothing here opens a file by a path
that a link could bend, nothing waits for a pipe, and nothing is written into a file that is there already: a new file
takes the place of the old one.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

from kg.source import MOST, read_bytes

Kind = Literal["file", "folder", "link", "other", ""]
"""What a name stands for; empty where there is nothing."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
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
        elif path.is_symlink() or not path.is_dir():  # Windows: there files are named by their whole paths
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def __enter__(self) -> "Folder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hold it no longer."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _at(self, name: str) -> tuple[Any, dict[str, Any]]:
        """How the functions of `os` name a file of this folder."""
        if self._handle is None:
            return self.path / name, {}
        return name, {"dir_fd": self._handle}

    # ---- looking -----------------------------------------------------------------------------------------------

    def stat(self, name: str) -> os.stat_result:
        """What the disk says of a name, or of the link that it is. Raises OSError."""
        place, where = self._at(name)
        return os.stat(place, follow_symlinks=False, **where)

    def kind(self, name: str) -> Kind:
        """What a name stands for."""
        try:
            return _KINDS.get(stat.S_IFMT(self.stat(name).st_mode), "other")
        except (OSError, ValueError):
            return ""

    def names(self) -> dict[str, Kind]:
        """What is in the folder. Raises OSError."""
        with os.scandir(self.path if self._handle is None else self._handle) as entries:
            return {entry.name: _kind(entry) for entry in entries}

    def read(self, name: str, limit: int = MOST) -> bytes:
        """What a file holds. Raises OSError, also for a link or what is no file."""
        place, where = self._at(name)
        return read_bytes(place, limit, follow=False, **where)

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A handle of a file; it is made where `flags` say so. Raises OSError, also for a link or what is no file."""
        place, where = self._at(name)
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(place, flags, 0o666, **where)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(None, f"{self.path / name} is not a regular file")
        return handle

    def folder(self, name: str) -> "Folder":
        """A folder in it. Raises OSError, also for a link."""
        return Folder(self.path / name, self)

    # ---- changing ----------------------------------------------------------------------------------------------

    def make(self, name: str) -> None:
        """Make a folder that is not there yet. Raises OSError."""
        place, where = self._at(name)
        os.mkdir(place, **where)

    @contextlib.contextmanager
    def new(self, name: str) -> Iterator[BinaryIO]:
        """A file that is not there yet, to write to. Raises OSError."""
        place, where = self._at(name)
        with open(os.open(place, _NEW, 0o666, **where), "wb") as file:
            yield file

    def write(self, name: str, data: bytes, *, beside: str = "", synced: bool = False) -> None:
        """Put a whole file in the place of what has its name; `beside` names it meanwhile. Raises OSError."""
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
        """Give a file another name, and what had that name goes. Raises OSError."""
        (place, where), (target, _) = self._at(name), self._at(to)
        more = {"src_dir_fd": where["dir_fd"], "dst_dir_fd": where["dir_fd"]} if where else {}
        os.replace(place, target, **more)

    def remove(self, name: str) -> None:
        """Remove a file or a link, where there is one. Raises OSError."""
        place, where = self._at(name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place, **where)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder; one that holds something stays."""
        place, where = self._at(name)
        with contextlib.suppress(OSError):
            os.rmdir(place, **where)

    def sync(self) -> None:
        """Let the names in it survive a power cut. Raises OSError."""
        if self._handle is not None:
            os.fsync(self._handle)

    def sync_file(self, name: str) -> None:
        """Let what a file holds survive a power cut. Raises OSError."""
        handle = self.open(name)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_new(file: Path, data: bytes) -> None:
    """Write a file where there is nothing, nor a link, and the whole file or none. Raises OSError."""
    handle = os.open(file, _NEW, 0o666)
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
    """What a file of this process is called until it takes a name."""
    return f"{name}.{os.getpid()}.tmp"
