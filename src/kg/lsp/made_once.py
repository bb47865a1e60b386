"""What is made from an object once, and kept with it."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

Owner = TypeVar("Owner")
Made = TypeVar("Made")


class MadeOnce(Generic[Owner, Made]):
    """A function of an object, which is called once for each object. It does not keep the object."""

    def __init__(self, make: Callable[[Owner], Made]) -> None:
        self._make = make
        self._kept: dict[int, tuple[weakref.ref[Owner], Made]] = {}

    def __call__(self, owner: Owner) -> Made:
        """What is made from an object."""
        kept = self._kept.get(id(owner))
        if kept is None or kept[0]() is not owner:
            for place in [place for place, (held, _) in self._kept.items() if held() is None]:
                self._kept.pop(place, None)
            kept = self._kept[id(owner)] = (weakref.ref(owner), self._make(owner))
        return kept[1]
