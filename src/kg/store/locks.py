"""The exclusive lock of the writer, and the locks of readers on a generation.

The locks are flock's, without portalocker: on Windows it locks the text that names the holder, too, and elsewhere it
calls flock with exceptions of its own in place of OSError.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from kg.core.errors import StoreBusy, StoreError
from kg.core.folder import Folder
from kg.store.ownership import LOCK

READING = "reading"


class _Held:
    """A file that is open and locked, until this value is deleted."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.handle)


def hold_shared(folder: Folder) -> _Held | None:
    """Lock a generation so that it stays; None if locks do not work. Raises BlockingIOError during its removal."""
    try:
        import fcntl

        held = _Held(folder.open(READING))
        fcntl.flock(held.handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        return None
    return held


def hold_exclusively(folder: Folder) -> int | None:
    """Lock a generation that nobody reads; None on Windows. Raises BlockingIOError if a process reads it, OSError."""
    try:
        import fcntl
    except ImportError:  # Windows: an open database cannot be removed, and stays
        return None
    handle = folder.open(READING)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # or the file system has no locks, so readers are unknown
        os.close(handle)
        raise BlockingIOError from error
    return handle


_held_locks: set[int] = set()
"""The handles of locks that a process forked meanwhile must not keep: it may outlive the writer."""
_PROCESS = os.getpid()
"""The process that a user started: a writer may be forked from it, and ends with it."""


def release_in_child() -> None:
    """Close the locks in a forked process, which must not keep them."""
    for handle in _held_locks:
        with contextlib.suppress(OSError):
            os.close(handle)
    _held_locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=release_in_child)


@contextlib.contextmanager
def locked(store: Folder, command: str) -> Iterator[None]:
    """Hold the writer's lock. Raises StoreError, which names the current holder, OSError."""
    handle = store.open(LOCK, os.O_RDWR | os.O_CREAT)
    _held_locks.add(handle)
    try:
        if os.fstat(handle).st_nlink > 1:
            raise StoreError(
                f"the store {store.path} cannot be written: its “{LOCK}” is a hard link to another file; remove it"
            )
        if not _try_lock(handle) or os.fstat(handle).st_ino != store.stat(LOCK).st_ino:
            holder = os.pread(handle, 10_000, 0).decode("utf-8", "replace").strip()
            raise StoreBusy(f"the store {store.path} is being written by {holder or 'another process'}")
        since = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        os.ftruncate(handle, 0)
        text = f"`{command}` (process {_PROCESS}, since {since})"
        os.write(handle, text.encode("utf-8", "surrogateescape"))
        yield
    finally:
        if handle in _held_locks:
            _held_locks.discard(handle)
            os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; only Oxigraph's own lock on the new database remains
        return True
    for _ in range(3):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False
