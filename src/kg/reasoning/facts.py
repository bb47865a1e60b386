"""Indexed facts: in memory, and of a store together with the facts added and removed since."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol, cast

import pyoxigraph as ox

from kg.rdf.vocabulary import Find
from kg.reasoning.rules import Facts, Ground, Numbering, Numbers

_NONE: frozenset[int] = frozenset()


class Changing(Facts, Protocol):
    """Facts that can grow."""

    def add(self, subject: int, predicate: int, obj: int) -> bool:
        """Add a fact; return whether it is new."""

    def predicates(self) -> list[int]:
        """Return the properties of the facts."""


class MemoryFacts:
    """Facts in memory, by predicate in both directions."""

    def __init__(self) -> None:
        self.forward: dict[int, dict[int, set[int]]] = {}
        self.backward: dict[int, dict[int, set[int]]] = {}

    def predicates(self) -> list[int]:
        """Return the properties of the facts."""
        return list(self.forward)

    def add(self, subject: int, predicate: int, obj: int) -> bool:
        """Add a fact; return whether it is new."""
        forward = self.forward.get(predicate)
        if forward is None:
            forward, self.backward[predicate] = self.forward.setdefault(predicate, {}), {}
        objects = forward.get(subject)
        if objects is None:
            forward[subject] = {obj}
        elif obj in objects:
            return False
        else:
            objects.add(obj)
        backward = self.backward[predicate]
        sources = backward.get(obj)
        if sources is None:
            backward[obj] = {subject}
        else:
            sources.add(subject)
        return True

    def objects(self, predicate: int, subject: int) -> Collection[int]:
        """Return the objects of a property for a subject."""
        by_subject = self.forward.get(predicate)
        return by_subject.get(subject, _NONE) if by_subject else _NONE

    def subjects(self, predicate: int, obj: int) -> Collection[int]:
        """Return the subjects of a property for an object."""
        by_object = self.backward.get(predicate)
        return by_object.get(obj, _NONE) if by_object else _NONE

    def pairs(self, predicate: int) -> Iterator[tuple[int, int]]:
        """The pairs of subject and object of a property."""
        for subject, objects in self.forward.get(predicate, {}).items():
            for obj in objects:
                yield subject, obj

    def has(self, predicate: int, subject: int, obj: int) -> bool:
        """Whether a fact is present."""
        by_subject = self.forward.get(predicate)
        return by_subject is not None and obj in by_subject.get(subject, _NONE)


class Stored:
    """The facts of a store, plus those added and minus those removed since; the store itself does not change."""

    def __init__(self, find: Find, number: Numbering) -> None:
        self._find, self._number = find, number
        self._added = MemoryFacts()
        self.removed: set[Numbers] = set()
        self._objects: dict[tuple[int, int], list[int]] = {}
        self._subjects: dict[tuple[int, int], list[int]] = {}

    def _triples(self, subject: int | None, predicate: int, obj: int | None) -> Iterable[ox.Triple]:
        term = self._number.term
        node = None if subject is None else term(subject)
        return self._find(node, cast("ox.NamedNode", term(predicate)), None if obj is None else term(obj))

    def objects(self, predicate: int, subject: int) -> Collection[int]:
        """Return the objects of a property for a subject."""
        if subject < 0:
            return _NONE
        stored = self._objects.get((predicate, subject))
        if stored is None:
            triples = self._triples(subject, predicate, None)
            stored = self._objects[predicate, subject] = [self._number(_ground(triple.object)) for triple in triples]
        added = self._added.objects(predicate, subject)
        objects = {*stored, *added} if added else stored
        if not self.removed:
            return objects
        return [obj for obj in objects if (subject, predicate, obj) not in self.removed]

    def subjects(self, predicate: int, obj: int) -> Collection[int]:
        """Return the subjects of a property for an object."""
        stored = self._subjects.get((predicate, obj))
        if stored is None:
            triples = self._triples(None, predicate, obj)
            stored = self._subjects[predicate, obj] = [self._number(_ground(triple.subject)) for triple in triples]
        added = self._added.subjects(predicate, obj)
        subjects = {*stored, *added} if added else stored
        if not self.removed:
            return subjects
        return [subject for subject in subjects if (subject, predicate, obj) not in self.removed]

    def pairs(self, predicate: int) -> Iterator[tuple[int, int]]:
        """The pairs of subject and object of a property."""
        seen = set(self._added.pairs(predicate))
        for triple in self._triples(None, predicate, None):
            seen.add((self._number(_ground(triple.subject)), self._number(_ground(triple.object))))
        return ((start, end) for start, end in seen if (start, predicate, end) not in self.removed)

    def has(self, predicate: int, subject: int, obj: int) -> bool:
        """Whether a fact is present."""
        if (subject, predicate, obj) in self.removed or subject < 0:
            return False
        if self._added.has(predicate, subject, obj):
            return True
        stored = self._objects.get((predicate, subject))
        if stored is not None:
            return obj in stored
        return any(True for _ in self._triples(subject, predicate, obj))

    def add(self, subject: int, predicate: int, obj: int) -> bool:
        """Add a new fact or restore a removed fact; return whether it is new."""
        if self.has(predicate, subject, obj):
            return False
        if (subject, predicate, obj) in self.removed:
            self.removed.discard((subject, predicate, obj))
            if self.has(predicate, subject, obj):
                return True
        return self._added.add(subject, predicate, obj)

    def predicates(self) -> list[int]:
        """Return the properties of the added facts."""
        return self._added.predicates()


def _ground(term: object) -> Ground:
    assert isinstance(term, (ox.NamedNode, ox.BlankNode, ox.Literal))
    return term
