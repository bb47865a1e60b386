"""The current work of a forked process, in a page of memory that its parent reads."""

import mmap
import struct
from typing import NamedTuple


class Doing(NamedTuple):
    """The current work of a process and its limits, in seconds and bytes; 0 for no limit."""

    what: str = ""
    deadline: float = 0.0
    """When the parent must end it, by the monotonic clock."""
    seconds: float = 0.0
    memory: int = 0


class Page:
    """A page of memory that a process shares with its fork: the current work, and its limits."""

    _HEAD = struct.Struct("ddQH")
    _MOST = 1_000

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def write(self, doing: Doing) -> None:
        """Record the current work."""
        text = doing.what.encode("utf-8", "backslashreplace")[: self._MOST]
        self._memory[self._HEAD.size : self._HEAD.size + len(text)] = text
        self._HEAD.pack_into(self._memory, 0, doing.deadline, doing.seconds, doing.memory, len(text))

    def read(self) -> Doing:
        """Return the current work."""
        deadline, seconds, memory, size = self._HEAD.unpack_from(self._memory)
        text = self._memory[self._HEAD.size : self._HEAD.size + size]
        return Doing(text.decode("utf-8", "replace"), deadline, seconds, memory)
