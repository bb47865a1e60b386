"""The findings of the shapes' results: those that a change concerns are placed and worded, the others stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kg.core.findings import Finding
from kg.mapping.provenance import Origin, Place
from kg.validation.cache import Seen
from kg.validation.ingested_vault import IngestedVault
from kg.validation.placement import Placed, Placement
from kg.validation.shape_report import ShapeReport


@dataclass(frozen=True)
class PlacedFindings:
    """The findings of the results of a vault's shapes."""

    ingested: IngestedVault
    unchanged: Mapping[str, Seen]
    """The notes whose checks are those of the last validation."""
    shapes: ShapeReport

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings, in no particular order."""
        known, placed = self._divided
        return (*known, *[self.shapes.finding(row) for row in placed])

    @cached_property
    def places(self) -> dict[Origin, Place]:
        """The places that the next validation can take: of all unchanged notes, and of results."""
        places = {origin: place for seen in self.unchanged.values() for origin, place in seen.places.items()}
        if not self.shapes.known:
            places |= {origin: place for _, origin, place in self._divided[1] if origin and place}
        return places

    @cached_property
    def _divided(self) -> tuple[list[Finding], list[Placed]]:
        """The findings that stay, and the other results with their places."""
        since, memory, reported = self.ingested.since, self.ingested.memory, self.shapes.reported
        known, rest = since.known(reported, self.unchanged) if since else ([], reported)
        if memory and memory.keeps:
            self.shapes.found.update((found.result, found) for found in known)
        placed = Placement(self.ingested, self.shapes.shapes, self._place).of(rest)
        return [found.finding for found in known], placed

    def _place(self, origin: Origin) -> Place | None:
        seen = self.unchanged.get(origin.path)
        return seen.places.get(origin) if seen else None
