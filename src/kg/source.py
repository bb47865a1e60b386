"""The text of a file, and where in it an offset lies.

Offsets are positions in the UTF-8 bytes of the decoded text (without a byte order mark), as the Markdown
parser reports them. Lines and columns count from 1, columns in characters. A line ends at LF, CRLF or CR.
"""

import errno
import hashlib
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

MOST = 4_000_000_000
"""So many bytes may a file of the store have."""
MOST_OF_A_TEXT = 100_000_000
"""So many bytes may a query, an expected answer or an ontology have."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Span(NamedTuple):
    """A half-open range of byte offsets."""

    start: int
    end: int


class Position(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


class UndecodableError(ValueError):
    """Bytes that are no text; `offset` is that of the first wrong byte."""

    def __init__(self, encoding: str, offset: int) -> None:
        super().__init__(f"not valid {encoding}")
        self.offset = offset


class TooLargeError(OSError):
    """A file with more bytes than are read."""


class NotRegularError(OSError):
    """A folder, pipe or device where a file is expected."""


def read_bytes(place: Path | str, limit: int, *, follow: bool = True, dir_fd: int | None = None) -> bytes:
    """A regular file's bytes. A pipe or device is not waited for, nor, where that is said, a link followed.

    The place is seen from a folder that is open, where one is given. Raises TooLargeError, NotRegularError, OSError.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    number = os.open(place, flags, dir_fd=dir_fd)
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode):
        os.close(number)
        raise NotRegularError(None, "not a regular file")
    with open(number, "rb") as file:
        data = file.read(limit + 1) if status.st_size <= limit else b""
        if max(status.st_size, len(data)) > limit:  # the one, or it grew meanwhile
            raise TooLargeError(f"{max(status.st_size, len(data)):,} bytes; {limit:,} are read")
        return data


def read_text(file: Path, limit: int = MOST_OF_A_TEXT) -> str:
    """A regular file's text, in UTF-8 with or without a byte order mark, its lines ended by LF as `open` gives them.

    Raises OSError, UnicodeDecodeError.
    """
    return read_bytes(file, limit).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def is_there(place: Path) -> bool:
    """Whether something is there; not where nobody can look, where Path.exists raises."""
    return os.path.exists(place)  # noqa: PTH110 # see above


def is_folder(place: Path) -> bool:
    """Whether a folder is there; not where nobody can look, where Path.is_dir raises."""
    return os.path.isdir(place)  # noqa: PTH112 # see above


def is_regular(place: Path) -> bool:
    """Whether a regular file is there, and not a link to one; not either where nobody can look."""
    try:
        return stat.S_ISREG(place.lstat().st_mode)
    except OSError:
        return False


DEEPEST = 200
"""So many folders inside each other are looked into."""


def files_below(folder: Path, *suffixes: str) -> list[Path]:
    """The files in a folder and the folders in it, in the order of their paths; links to folders are not followed.

    Only regular files whose names end with one of the suffixes, or links to such. Raises OSError, which names the
    folder, where one cannot be listed or more than `DEEPEST` lie inside each other.
    """
    found: list[Path] = []
    folders = [(folder, 0)]
    while folders:
        here, depth = folders.pop()
        if depth > DEEPEST:
            raise OSError(errno.ELOOP, f"more than {DEEPEST} folders inside each other", str(here))
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((Path(entry.path), depth + 1))
                elif entry.name.endswith(suffixes) and entry.is_file():
                    found.append(Path(entry.path))
    return sorted(found)


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A file to write to, which takes its name at the end; else nothing is left of it. Raises OSError.

    It has the rights of the file that it replaces; a link is replaced, not followed. A pipe or a device is written to.
    """
    if _is_stream(file):
        yield file
        return
    fresh = file.with_name(f".kg-{os.urandom(8).hex()}.tmp")
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(fresh, new, 0o666))
    try:
        yield fresh
        with suppress(FileNotFoundError):
            status = file.lstat()
            if stat.S_ISREG(status.st_mode):
                fresh.chmod(status.st_mode & 0o777)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _is_stream(file: Path) -> bool:
    """Whether a name stands for something that cannot be replaced: a pipe, a device, what is open already."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    is_open = file.is_symlink() and file.parts[:2] in {("/", "dev"), ("/", "proc")}  # as /dev/stdout
    return is_open or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def digest(place: Path, limit: int) -> str:
    """The SHA-256 of a file of at most so many bytes, as a note has it; empty where it cannot be read."""
    try:
        return hashlib.sha256(read_bytes(place, limit, follow=False)).hexdigest()
    except OSError:
        return ""


class Ruler:
    """Counts the characters between two byte offsets, going on from where it was last asked.

    A line of a megabyte may hold a hundred thousand links, and each has a column.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._is_ascii = data.isascii()
        self._start = self._offset = self._count = 0

    def characters(self, start: int, offset: int) -> int:
        """How many characters begin at `start` or behind it, and before `offset`."""
        if self._is_ascii:
            return offset - start
        if start != self._start or offset < self._offset:
            self._start, self._offset, self._count = start, start, 0
        self._count += len(self._data[self._offset : offset].decode("utf-8", "replace"))
        self._offset = offset
        return self._count


@dataclass(frozen=True)
class Source:
    """The decoded text of one file as UTF-8 bytes, without a byte order mark."""

    data: bytes

    @classmethod
    def decode(cls, raw: bytes) -> "Source":
        """Decode a file's bytes: UTF-8, or UTF-16 with a byte order mark. Raises UndecodableError."""
        encoding = _BOMS.get(raw[:2], "utf-8")
        body = raw[2:] if encoding != "utf-8" else raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as error:
            raise UndecodableError(encoding.upper(), error.start + len(raw) - len(body)) from error
        return cls(text.encode("utf-8") if encoding != "utf-8" else body)

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return self.data.decode("utf-8")

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.data[start:end].decode("utf-8", "replace")

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.data))]

    @cached_property
    def _ruler(self) -> "Ruler":
        return Ruler(self.data)

    def position(self, offset: int) -> Position:
        """Line and column of a byte offset."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, self._ruler.characters(self._line_starts[line - 1], offset) + 1)

    def offset(self, position: Position) -> int:
        """The byte offset of a line and column."""
        start = self._line_starts[position.line - 1]
        end = self._line_starts[position.line] if position.line < len(self._line_starts) else len(self.data)
        return start + len(self.slice(start, end)[: position.column - 1].encode("utf-8"))
