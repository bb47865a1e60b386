"""Works that run at once, each in a fork: their results in their order, as far as they come in time."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from kg.core.side_by_side import side_by_side

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
_GB = 4_000_000_000


def numbers(count: int) -> Iterator[int]:
    yield from range(count)


def endless() -> Iterator[int]:
    yield os.getpid()
    time.sleep(60)
    yield 3


def crashing() -> Iterator[int]:
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)
    yield 2


def hungry() -> Iterator[int]:
    yield 1
    yield len(b"x" * (2 * _GB))


def raising() -> Iterator[int]:
    yield 1
    raise ValueError("a defect")


def test_the_results_of_each_work_in_their_order() -> None:
    assert side_by_side([lambda: numbers(10_000), lambda: numbers(3)], seconds=60, memory=_GB) == [
        [*range(10_000)],
        [0, 1, 2],
    ]


@pytest.mark.parametrize("work", [crashing, hungry, raising])
def test_what_came_before_the_end_counts(work: Callable[[], Iterator[int]]) -> None:
    assert side_by_side([work, lambda: numbers(2)], seconds=60, memory=_GB) == [[1], [0, 1]]


def test_the_time_is_a_limit() -> None:
    start = time.monotonic()
    (process,), others = side_by_side([endless, lambda: numbers(2)], seconds=1, memory=_GB)
    assert others == [0, 1]
    assert time.monotonic() - start < 30
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_result_that_is_not_whole_does_not_count() -> None:
    def late() -> Iterator[bytes]:
        yield b"first"
        yield b"x" * 300_000_000

    results = side_by_side([late, late], seconds=60, memory=_GB)
    assert {bytes(item[:5]) for result in results for item in result} <= {b"first", b"xxxxx"}
    assert [result[0] for result in results] == [b"first", b"first"]
