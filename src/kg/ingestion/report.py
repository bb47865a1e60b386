"""The report of an ingest: changes, findings and counts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyoxigraph as ox

from kg.core.findings import Finding
from kg.mapping.ontology import Ontology
from kg.notes.vault import Files
from kg.store.ingest_state import IngestState
from kg.store.store import Store

if TYPE_CHECKING:
    from kg.reasoning.inference import Inference

_NOT_SHOWN = {"wanted", "left_out"}


@dataclass(frozen=True)
class Report:
    """The result of an ingest."""

    summary: Mapping[str, Any]
    """The numbers of contract section 5: notes, changed, triples, inferred, links by class, seconds."""
    findings: tuple[Finding, ...]
    path: Path
    """The path of the store."""
    changed: bool
    changes: "Changes"
    """The changes, note by note."""
    ledger: IngestState = field(repr=False, compare=False)
    """The recorded state of the notes."""
    ontology: Ontology = field(repr=False, compare=False)
    """The ontology by which the notes were ingested."""
    inference: "Inference | None" = None
    """How everything was inferred; None if nothing was, or only the consequences of a change."""
    generation: str = ""
    """The stamp of the reported generation."""
    before: str = ""
    """The stamp of the generation that was published when the ingest began."""
    quads: frozenset[ox.Quad] | None = field(default=None, repr=False, compare=False)
    """The quads that the ingest removed or added, in all graphs; None if it made everything anew."""
    looked_again: Files | None = field(default=None, repr=False, compare=False)
    """The ingested files, if the files that the caller passed were out of date."""
    files: Files | None = field(default=None, repr=False, compare=False)
    """The files of the vault."""

    def serves(self, generation: str) -> bool:
        """Whether what this report has of the notes is what a generation has, so that nothing need be read again."""
        return generation == self.generation and self.ledger.before is None and self.ledger.entries.table is not None

    @cached_property
    def store(self) -> Store:
        """The store as this ingest, or a later one, left it."""
        return Store(self.path)

    def as_json(self) -> dict[str, object]:
        """Return the object that `kg ingest --json` prints."""
        codes = Counter(finding.code for finding in self.findings)
        figures = {key: value for key, value in self.summary.items() if key not in _NOT_SHOWN}
        return {**figures, "findings": dict(sorted(codes.items()))}


class Changes(NamedTuple):
    """The differences between the notes and the published store, by path."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    """Unchanged notes whose links or names mean something else now."""
    everything: str = ""
    """Why all notes are read again; empty if they are not."""

    def __bool__(self) -> bool:
        return any(self)
