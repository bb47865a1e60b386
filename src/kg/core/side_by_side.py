"""Run several works at once, each in a fork, and take the results that they have when the time is over.

    first, second = side_by_side([lambda: answers(one), lambda: answers(other)], seconds=3, memory=4_000_000_000)

A work that crashes or takes too much memory ends alone, and what it has yielded before counts. Without fork, on
Windows, the works run one after the other, and the time is looked at between two results.
"""

import os
import pickle
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from io import BytesIO
from time import monotonic
from typing import IO, TypeVar

from kg.core.forked_process import ended, forked
from kg.core.limits import Page, lower_limit

Item = TypeVar("Item")
_MOST = 500_000_000
"""The most bytes of the results of all works."""


def side_by_side(works: Sequence[Callable[[], Iterator[Item]]], *, seconds: float, memory: int) -> list[list[Item]]:
    """The results of each work, which must be picklable, as far as they come in time. Raises KgError.

    The works can open no socket, and each may take so many bytes of memory.
    """
    end = monotonic() + seconds
    if not hasattr(os, "fork"):
        return [list(_until(work(), end)) for work in works]
    with ExitStack() as stack:
        sending = [_sending(work, memory) for work in works]
        forks = [stack.enter_context(forked(send, Page(), "a query", network=False)) for send in sending]
        pipes = [pipe for _, pipe in forks]
        sent = _read(pipes, end)
        for child, _ in forks:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            ended(child)
        return [list(_items(data)) for data in sent]


def _until(items: Iterator[Item], end: float) -> Iterator[Item]:
    for item in items:
        yield item
        if monotonic() > end:
            return


def _sending(work: Callable[[], Iterator[Item]], memory: int) -> Callable[[IO[bytes]], int]:
    """The work of a fork: each result is sent at once."""

    def send(pipe: IO[bytes]) -> int:
        import resource

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        lower_limit(resource.RLIMIT_AS, memory)
        for item in work():
            pipe.write(pickle.dumps(item))
            pipe.flush()
        return 0

    return send


def _read(pipes: Sequence[IO[bytes]], end: float) -> list[bytearray]:
    """What comes from pipes until all of them are at their end, or the time is over."""
    sent = {pipe.fileno(): bytearray() for pipe in pipes}
    pending = set(sent)
    while pending and (left := end - monotonic()) > 0 and sum(map(len, sent.values())) < _MOST:
        for number in select.select(pending, [], [], left)[0]:
            if chunk := os.read(number, 1 << 16):
                sent[number] += chunk
            else:
                pending.discard(number)
    return list(sent.values())


def _items(data: bytearray) -> Iterator[Item]:
    """The results in what was sent, without one that is not whole."""
    stream = BytesIO(data)
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(stream)
