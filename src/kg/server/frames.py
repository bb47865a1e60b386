"""The messages between the server and its workers: a kind, a length, and data."""

import asyncio
import pickle
import struct
from typing import IO, Any, Final, NamedTuple

from kg.core.errors import KgError

ASK: Final = b"?"
"""A question: a function with its arguments, pickled."""
HEAD: Final = b"H"
"""What precedes the data of an answer, pickled."""
DATA: Final = b"D"
END: Final = b"E"
"""The end of an answer, with the result of the function, pickled."""
FAILED: Final = b"X"
"""The exception that ended an answer, pickled."""

_FORM = struct.Struct("=cI")


class MessageFrame(NamedTuple):
    """A message."""

    kind: bytes
    data: bytes

    def value(self) -> Any:
        """The pickled value; only for a message from a process of kg's own."""
        return pickle.loads(self.data)


def packed(kind: bytes, data: bytes) -> bytes:
    """A message as bytes."""
    return _FORM.pack(kind, len(data)) + data


async def receive(reader: asyncio.StreamReader) -> MessageFrame:
    """The next message of a process. Raises IncompleteReadError, ConnectionError."""
    kind, size = _FORM.unpack(await reader.readexactly(_FORM.size))
    return MessageFrame(kind, await reader.readexactly(size))


def read(file: IO[bytes]) -> MessageFrame | None:
    """The next message, in a process without a loop; None at the end."""
    head = file.read(_FORM.size)
    if len(head) < _FORM.size:
        return None
    kind, size = _FORM.unpack(head)
    return MessageFrame(kind, file.read(size))


def pickled_error(error: BaseException) -> bytes:
    """An exception, pickled; one that cannot be pickled becomes a KgError with its text."""
    try:
        pickle.loads(data := pickle.dumps(error))
    except Exception:  # noqa: BLE001 - any exception can fail to be pickled
        return pickle.dumps(KgError(f"{type(error).__name__}: {error}"))
    return data
