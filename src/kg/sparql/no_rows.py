"""Why a list of things is empty, or a column of it: in the words of its conditions, with counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from kg.core.spelling import did_you_mean, nearest
from kg.core.text import letters_and_digits
from kg.rdf.vocabulary import ONTOLOGY_GRAPH
from kg.sparql.cells import Wanted
from kg.sparql.listing import Comparison, Condition, ListedThings, Lister, Listing

_SHOWN = 5
_COUNTED = 10_000


@dataclass(frozen=True)
class Reasons:
    """Explains what a listing lacks."""

    lister: Lister
    listing: Listing
    found: ListedThings

    @property
    def _of(self) -> str:
        return self.listing.of or "note"

    def sentences(self) -> list[str]:
        """Why there is no row, or which columns nothing in the list has."""
        things, kept = self.found
        if not things:
            return [f"the notes have no {self._of}: the class is known, but nothing is of it"]
        if not kept:
            head = f"{self._of}: {len(things):,} in the notes, none of which meets all conditions"
            return [head, *map(self._count, self.listing.where)]
        values = self.lister.columns.values
        shown = [name for _, name in self.listing.columns] + [name for name, _ in self.listing.order]
        shown += [self.listing.group] if self.listing.group else []
        empty = [name for name in dict.fromkeys(shown) if not any(values(thing, name) for thing in kept)]
        return [self._unused(name, kept) for name in empty]

    def _count(self, condition: Condition) -> str:
        number = sum(self.lister.holds(thing, condition) for thing in self.found.things)
        return f"  {condition} holds for {number:,}{'' if number else self._mismatch(condition)}"

    def _mismatch(self, condition: Condition) -> str:
        """Why a comparison holds for nothing: nothing has a value, or the values are others."""
        if not isinstance(condition, Comparison) or condition.sign == "absent":
            return ""
        columns = self.lister.columns
        names = {columns.name(v) for thing in self.found.things for v in columns.values(thing, condition.column)}
        if not names:
            return f": {self._unused(condition.column, self.found.things)}"
        near = nearest(Wanted(condition.value).plain, names, letters_and_digits) if condition.sign == "=" else None
        shown = ", ".join(sorted(names)[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        return f": the values are {shown}{did_you_mean(near)}"

    def _unused(self, name: str, things: Sequence[ox.NamedNode]) -> str:
        """The sentence on a column that nothing in a list has, with the classes that have it."""
        of = (
            f"no {self._of}"
            if len(things) == len(self.found.things)
            else f"none of {len(things):,} of {len(self.found.things):,}"
        )
        return f"{of} has “{name}”{self._holders(self.lister.columns.properties(name))}"

    def _holders(self, properties: Iterable[ox.NamedNode]) -> str:
        columns, classes = self.lister.columns, Counter[str]()
        subjects = {quad.subject for prop in properties for quad in columns.store.triples(None, prop, None)}
        for subject in islice(subjects, _COUNTED):
            if isinstance(subject, ox.NamedNode) and not columns.store.has(subject, None, None, ONTOLOGY_GRAPH):
                classes.update(map(columns.name, columns.classes(subject)))
        return f"; it is on {', '.join(f'{name} ({n:,})' for name, n in classes.most_common(3))}" if classes else ""
