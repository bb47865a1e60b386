"""Read untrusted files within limits, and write files whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MAX_STORE_FILE = 4_000_000_000
"""The maximum size of a file of the store, in bytes."""
MAX_TEXT_FILE = 100_000_000
"""The maximum size of a query, an expected answer or an ontology, in bytes."""


_PIECE = 1_000_000


class TooLargeError(OSError):
    """A file is larger than its limit."""


class NotRegularError(OSError):
    """A path names a folder, pipe or device instead of a file."""


def read_bytes(place: Path | str, limit: int, *, follow: bool = True, dir_fd: int | None = None) -> bytes:
    """Read a regular file of at most `limit` bytes, without waiting for a pipe or device.

    `follow=False` refuses a link; `dir_fd` is an open folder that `place` is relative to. Raises TooLargeError,
    NotRegularError, OSError.
    """
    with open(_open_regular(place, follow=follow, dir_fd=dir_fd), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1) if size <= limit else b""  # Python allocates as much as is asked for
        if len(data) > size:  # the file has grown since fstat
            data += file.read(limit + 1 - len(data))
        if max(size, len(data)) > limit:
            raise TooLargeError(f"{max(size, len(data)):,} bytes; the limit is {limit:,}")
        return data


def checksum(place: Path, limit: int) -> int:
    """The CRC-32 of a regular file of at most `limit` bytes, which is read in pieces. Refuses a link.

    Raises TooLargeError, NotRegularError, OSError.
    """
    import zlib

    check = 0
    with open(_open_regular(place, follow=False), "rb", buffering=0) as file:
        if (size := os.fstat(file.fileno()).st_size) > limit:
            raise TooLargeError(f"{size:,} bytes; the limit is {limit:,}")
        while piece := file.read(_PIECE):
            check = zlib.crc32(piece, check)
    return check


def _open_regular(place: Path | str, *, follow: bool, dir_fd: int | None = None) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(place, flags, dir_fd=dir_fd)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRegularError(None, "not a regular file")
    return handle


def read_text(file: Path, limit: int = MAX_TEXT_FILE) -> str:
    """Return the text of a regular file, with LF line ends, in UTF-8 with or without a byte order mark.

    Raises OSError, UnicodeDecodeError.
    """
    return read_bytes(file, limit).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def status(place: str) -> os.stat_result | None:
    """The status of a file, of a link's target; None if it cannot be examined."""
    try:
        return os.stat(place)  # noqa: PTH116 # a Path takes longer to make than its file to examine
    except (OSError, ValueError):
        return None


def exists(place: Path) -> bool:
    """Whether a path exists; False where access is denied, where Path.exists raises."""
    return os.path.exists(place)  # noqa: PTH110 # see above


def is_folder(place: Path) -> bool:
    """Whether a path is a folder; False where access is denied, where Path.is_dir raises."""
    return os.path.isdir(place)  # noqa: PTH112 # see above


def is_file(place: Path) -> bool:
    """Whether a path is a file; False where access is denied or the name is too long, where Path.is_file raises."""
    return os.path.isfile(place)  # noqa: PTH113 # see above


def is_link(place: Path) -> bool:
    """Whether a path is a link; False where access is denied, where Path.is_symlink raises."""
    return os.path.islink(place)  # noqa: PTH114 # see above


def is_regular(place: Path) -> bool:
    """Whether a path is a regular file and not a link; False where access is denied."""
    try:
        return stat.S_ISREG(place.lstat().st_mode)
    except OSError:
        return False


def short(place: Path) -> str:
    """A path relative to the working directory, if that is shorter."""
    relative = os.path.relpath(place)
    return relative if len(relative) < len(str(place)) else str(place)


MAX_DEPTH = 200
"""The maximum nesting of folders that are searched."""


def files_below(folder: Path, *suffixes: str) -> list[Path]:
    """The files in a folder and its subfolders, sorted by path; links to folders are not followed.

    Returns regular files, and links to regular files, whose names end with one of the suffixes. Raises OSError, which
    names the folder, if a folder cannot be listed or the nesting exceeds `MAX_DEPTH`.
    """
    files: list[Path] = []
    folders = [(folder, 0)]
    while folders:
        current, depth = folders.pop()
        if depth > MAX_DEPTH:
            raise OSError(errno.ELOOP, f"more than {MAX_DEPTH} nested folders", str(current))
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((Path(entry.path), depth + 1))
                elif entry.name.endswith(suffixes) and entry.is_file():
                    files.append(Path(entry.path))
    return sorted(files)


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
    """Yield a temporary file to write, which replaces `file` at the end or is removed on failure. Raises OSError.

    It gets the permissions of the file that it replaces. A link is replaced, not followed. A pipe or a device is
    written directly.
    """
    if _is_stream(file):
        yield file
        return
    fresh = file.with_name(f".kg-{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(fresh, flags, 0o666))
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
    """Whether a path cannot be replaced: a pipe, a device, or an open file descriptor."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    is_open = file.is_symlink() and file.parts[:2] in {("/", "dev"), ("/", "proc")}  # e.g. /dev/stdout
    return is_open or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def digest(place: Path | str, limit: int) -> str:
    """The SHA-256 of a file, as notes record it; empty if it is unreadable or exceeds `limit` bytes."""
    import hashlib

    try:
        return hashlib.sha256(read_bytes(place, limit, follow=False)).hexdigest()
    except OSError:
        return ""
