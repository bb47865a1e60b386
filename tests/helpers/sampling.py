"""What of a grid of cases `make test` runs: a sample that has each kind once; `make test-all` runs the others.

@pytest.mark.sample(6)           # six of the cases, spread evenly
@pytest.mark.sample()            # as many as have each value of each parameter once
@pytest.mark.sample(by=kinds)    # as many as have each kind once; `kinds(**parameters)` gives those of a case
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

import pytest

Case = TypeVar("Case", bound=Hashable)
Kinds = Callable[..., Iterable[Hashable]]


def leave_for_later(items: Iterable[pytest.Item]) -> None:
    """Mark as slow what no sample has. What is marked as slow where it is written is in none."""
    functions = [item for item in items if isinstance(item, pytest.Function) and item.get_closest_marker("sample")]
    for _, cases in groupby(functions, key=lambda item: item.nodeid.partition("[")[0]):
        sooner = [case for case in cases if not case.get_closest_marker("slow")]
        chosen = set(_sample(sooner) if sooner else ())
        for case in sooner:
            if case not in chosen:
                case.add_marker(pytest.mark.slow)


def _sample(cases: Sequence[pytest.Function]) -> Iterable[pytest.Function]:
    mark = cases[0].get_closest_marker("sample")
    assert mark
    if mark.args:
        return spread(cases, *mark.args)
    by: Kinds | None = mark.kwargs.get("by")
    return covering({case: by(**case.callspec.params) if by else _values(case) for case in cases})


def _values(case: pytest.Function) -> Iterator[Hashable]:
    """The values of the parameters; a value of a grid is the same object in all its cases."""
    return ((name, id(value)) for name, value in case.callspec.params.items())


def spread(cases: Sequence[Case], number: int) -> Iterator[Case]:
    """So many of the cases, spread evenly."""
    return (cases[n * len(cases) // number] for n in range(number))


def covering(kinds_of: Mapping[Case, Iterable[Hashable]]) -> Iterator[Case]:
    """Cases that have every kind: each next one is the first of those that have most kinds which none before it has."""
    kinds = {case: set(some) for case, some in kinds_of.items()}
    while any(kinds.values()):
        best = max(kinds, key=lambda case: len(kinds[case]))
        seen = set(kinds[best])
        yield best
        for one in kinds.values():
            one.difference_update(seen)
