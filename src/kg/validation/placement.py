"""The place of each shape result: the note that states its triple, and the position in it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from kg.mapping.provenance import Finder, Origin, Place
from kg.mapping.statements import Reader
from kg.rdf.vocabulary import Term
from kg.validation.ingested_vault import IngestedVault
from kg.validation.pyshacl_runner import Violation
from kg.validation.shapes import Shapes


class Placed(NamedTuple):
    """A result with the triple that it is about, if a note states it, and the triple's place, if the note has it."""

    result: Violation
    origin: Origin | None
    place: Place | None


@dataclass(frozen=True)
class Placement:
    """Finds the places of the results of shapes."""

    ingested: IngestedVault
    shapes: Shapes
    known: Callable[[Origin], Place | None]
    """The place in an unchanged note, from the cache."""

    def of(self, results: Iterable[Violation]) -> list[Placed]:
        """The places of results."""
        rows = [(result, self._origin(result)) for result in results]
        places = self._places({origin for _, origin in rows if origin})
        return [Placed(result, origin, places.get(origin) if origin else None) for result, origin in rows]

    def _origin(self, result: Violation) -> Origin | None:
        since = self.ingested.since
        if since and (known := since.placed(result)):
            return known.origin
        classes = self._classes_around(result.shape)
        value = result.value if result.property or result.value != result.focus else None
        return self.ingested.origins.of(result.focus, result.property, value, classes)

    @cached_property
    def _classes_around(self) -> Callable[[Term], list[str]]:
        return cache(self.shapes.classes_around)

    def _places(self, wanted: set[Origin]) -> dict[Origin, Place]:
        places = {origin: place for origin in wanted if (place := self.known(origin))}
        missing: dict[str, set[Origin]] = defaultdict(set)
        for origin in wanted - places.keys():
            missing[origin.path].add(origin)
        index, ontology = self.ingested.index_for(len(missing)), self.ingested.report.ontology
        reader = Reader(index, ontology, self.ingested.vault.config.default_class)
        finder = Finder(reader, {path: frozenset(rows) for path, rows in missing.items()})
        notes = self.ingested.files.notes
        files = {path: notes[path] for path in missing if path in notes}
        for batch in self.ingested.of_notes(files, finder.find, "placing"):
            places |= batch
        return places
