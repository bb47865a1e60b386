"""Facts to look things up in: in memory, and in a store with what has been put to it and taken from it since."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Protocol

import pyoxigraph as ox

from kg.rules import Facts, Ground, Numbering, Numbers

_NONE: frozenset[int] = frozenset()
Find = Callable[[Any, Any, Any], Iterable[ox.Quad]]
"""The quads of a default graph that fit a subject, a predicate and an object, None for any."""


class Changing(Facts, Protocol):
    """Facts that can become more."""

    def add(self, subject: int, predicate: int, obj: int) -> bool:
        """Add a fact; whether it is new."""

    def predicates(self) -> list[int]:
        """The properties of which something is known."""


class Memory:
    """Facts in memory, by predicate in both directions."""

    def __init__(self) -> None:
        self.forward: dict[int, dict[int, set[int]]] = {}
        self.backward: dict[int, dict[int, set[int]]] = {}

    def predicates(self) -> list[int]:
        """The properties of which something is known."""
        return list(self.forward)

    def add(self, subject: int, predicate: int, obj: int) -> bool:
        """Add a fact; whether it is new."""
        forward = self.forward.get(predicate)
        if forward is None:
            forward, self.backward[predicate] = self.forward.setdefault(predicate, {}), {}
        found = forward.get(subject)
        if found is None:
            forward[subject] = {obj}
        elif obj in found:
            return False
        else:
            found.add(obj)
        backward = self.backward[predicate]
        sources = backward.get(obj)
        if sources is None:
            backward[obj] = {subject}
        else:
            sources.add(subject)
        return True

    def objects(self, predicate: int, subject: int) -> Collection[int]:
        """What a property leads to."""
        found = self.forward.get(predicate)
        return found.get(subject, _NONE) if found else _NONE

    def subjects(self, predicate: int, obj: int) -> Collection[int]:
        """What a property leads from."""
        found = self.backward.get(predicate)
        return found.get(obj, _NONE) if found else _NONE

    def pairs(self, predicate: int) -> Iterator[tuple[int, int]]:
        """All subjects and objects of a property."""
        for subject, objects in self.forward.get(predicate, {}).items():
            for obj in objects:
                yield subject, obj

    def has(self, predicate: int, subject: int, obj: int) -> bool:
        """Whether something is a fact."""
        found = self.forward.get(predicate)
        return found is not None and obj in found.get(subject, _NONE)


class Stored:
    """The facts of a store, and those that were added to it and taken from it since, of which it knows nothing."""

    def __init__(self, find: Find, number: Numbering) -> None:
        self._find, self._number = find, number
        self._added = Memory()
        self.removed: set[Numbers] = set()
        self._objects: dict[tuple[int, int], list[int]] = {}
        self._subjects: dict[tuple[int, int], list[int]] = {}

    def objects(self, predicate: int, subject: int) -> Collection[int]:
        """What a property leads to."""
        if subject < 0:
            return _NONE
        known = self._objects.get((predicate, subject))
        if known is None:
            term = self._number.term
            quads = self._find(term(subject), term(predicate), None)
            known = self._objects[predicate, subject] = [self._number(_ground(quad.object)) for quad in quads]
        more = self._added.objects(predicate, subject)
        found = {*known, *more} if more else known
        if not self.removed:
            return found
        return [obj for obj in found if (subject, predicate, obj) not in self.removed]

    def subjects(self, predicate: int, obj: int) -> Collection[int]:
        """What a property leads from."""
        known = self._subjects.get((predicate, obj))
        if known is None:
            term = self._number.term
            quads = self._find(None, term(predicate), term(obj))
            known = self._subjects[predicate, obj] = [self._number(_ground(quad.subject)) for quad in quads]
        more = self._added.subjects(predicate, obj)
        found = {*known, *more} if more else known
        if not self.removed:
            return found
        return [subject for subject in found if (subject, predicate, obj) not in self.removed]

    def pairs(self, predicate: int) -> Iterator[tuple[int, int]]:
        """All subjects and objects of a property."""
        seen = set(self._added.pairs(predicate))
        for quad in self._find(None, self._number.term(predicate), None):
            seen.add((self._number(_ground(quad.subject)), self._number(_ground(quad.object))))
        return ((start, end) for start, end in seen if (start, predicate, end) not in self.removed)

    def has(self, predicate: int, subject: int, obj: int) -> bool:
        """Whether something is a fact."""
        if (subject, predicate, obj) in self.removed or subject < 0:
            return False
        if self._added.has(predicate, subject, obj):
            return True
        known = self._objects.get((predicate, subject))
        if known is not None:
            return obj in known
        term = self._number.term
        return any(True for _ in self._find(term(subject), term(predicate), term(obj)))

    def add(self, subject: int, predicate: int, obj: int) -> bool:
        """Add a fact, or one that was taken away again; whether it is new."""
        if self.has(predicate, subject, obj):
            return False
        if (subject, predicate, obj) in self.removed:
            self.removed.discard((subject, predicate, obj))
            if self.has(predicate, subject, obj):
                return True
        return self._added.add(subject, predicate, obj)

    def predicates(self) -> list[int]:
        """The properties of which something was added."""
        return self._added.predicates()


def _ground(term: object) -> Ground:
    assert isinstance(term, (ox.NamedNode, ox.BlankNode, ox.Literal))
    return term
