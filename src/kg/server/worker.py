"""A worker: a process that answers one question after another about a published generation.

A question is a function of a module and its arguments. The function gets the open generation first. A question that is
late, or whose client has gone, ends with its worker.
"""

import gc
import pickle
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, cast

from kg.config import Config
from kg.core.limits import limit_address_space
from kg.core.sandbox import close_network, end_with_parent
from kg.server.frames import ASK, DATA, END, FAILED, HEAD, packed, pickled_error, read
from kg.server.refusals import AnswerTooLarge, NestedTooDeeply, TooMuchMemory
from kg.store.store import Published, Store

_CHUNK = 1 << 16


@dataclass(frozen=True)
class GenerationPlace:
    """The place of a generation that the server holds."""

    store: Path
    name: str
    config: Config
    is_redacted: bool = False
    """Whether private notes are left out: then there is no full text, and no file of the vault may be read."""


@dataclass(frozen=True)
class Opened:
    """A generation that is open in a worker. What is read for one question is kept for the next."""

    place: GenerationPlace
    kept: dict[str, Any] = field(default_factory=dict)
    """What functions keep for later questions about this generation."""

    @cached_property
    def published(self) -> Published:
        """The generation, held. Raises StoreError."""
        return Published(self.place.store, self.place.name)

    @property
    def config(self) -> Config:
        """The settings of the vault."""
        return self.place.config

    @property
    def store(self) -> Store:
        """The store. Raises StoreError."""
        return self.published.store


class Outlet:
    """A stream of bytes to the client; `begin` comes first."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._left = limit
        self._limit = limit
        self._held = bytearray()

    def begin(self, head: Any) -> None:
        """Send what the server must know before the first byte."""
        self._file.write(packed(HEAD, pickle.dumps(head)))
        self._file.flush()

    def write(self, data: bytes) -> int:
        """Write data. Raises AnswerTooLarge."""
        self._left -= len(data)
        if self._left < 0:
            raise AnswerTooLarge(self._limit)
        self._held += data
        if len(self._held) >= _CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Send what is held back."""
        if self._held:
            self._file.write(packed(DATA, bytes(self._held)))
            self._file.flush()
            self._held.clear()


@dataclass(frozen=True)
class WorkerQuestion:
    """A function to call in a worker, with its arguments after the open generation."""

    place: GenerationPlace
    work: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    streams: bool = False
    """Whether the function writes to an Outlet, its second argument."""


def answer_questions(connection: socket.socket, *, memory: int, answer_bytes: int) -> None:
    """Answer questions until the connection ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    close_network()
    limit_address_space(memory)
    file = cast("IO[bytes]", connection.makefile("rwb"))
    opened: Opened | None = None
    while (frame := read(file)) and frame.kind == ASK:
        question: WorkerQuestion = frame.value()
        if opened is None or opened.place != question.place:
            opened = None  # first: the generation before may then be removed
            gc.collect()
            opened = Opened(question.place)
        outlet = Outlet(file, answer_bytes)
        file.write(_answered(question, opened, outlet))
        file.flush()


def _answered(question: WorkerQuestion, opened: Opened, outlet: Outlet) -> bytes:
    """Call the function; return the message with its result or its exception."""
    work = partial(question.work, opened, outlet) if question.streams else partial(question.work, opened)
    try:
        result = pickle.dumps(work(*question.arguments))
        outlet.flush()
        return packed(END, result)
    except MemoryError:
        return packed(FAILED, pickled_error(TooMuchMemory()))
    except RecursionError:
        return packed(FAILED, pickled_error(NestedTooDeeply()))
    except Exception as error:  # noqa: BLE001 - raised in the server
        return packed(FAILED, pickled_error(error))
