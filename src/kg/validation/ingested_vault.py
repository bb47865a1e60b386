"""A vault whose store is up to date: what the checks of its links and shapes share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from kg.ingestion.report import Report
from kg.mapping.link_resolution import Index
from kg.mapping.provenance import Origins
from kg.notes.model import Note
from kg.notes.pool import WORTH_IT, Workers
from kg.notes.vault import Files, Progress, Vault, read_note
from kg.rdf.iris import Names
from kg.store.store import Published
from kg.validation.cache import ValidationCache

T = TypeVar("T")


@dataclass(frozen=True)
class IngestedVault:
    """A vault, its files, and the generation of its store that holds them."""

    vault: Vault
    files: Files
    report: Report
    generation: Published
    before: ValidationCache
    """The cache of the last validation."""
    progress: Progress

    @cached_property
    def names(self) -> Names:
        """The names of things."""
        return Names(self.vault.config.base)

    @cached_property
    def index(self) -> Index:
        """The index by which links are resolved."""
        cards = [entry.card for entry in self.report.ledger.entries.values()]
        attachments, ignored = self.report.ledger.attachments, self.report.ledger.ignored
        return Index.of(cards, attachments, self.names, ignored=ignored, on_disk=self.files.on_disk)

    @cached_property
    def origins(self) -> Origins:
        """The notes that state each triple."""
        return Origins(self.generation.store.find, {self.names.path(path): path for path in self.report.ledger.entries})

    def of_notes(self, files: Mapping[str, Path], work: Callable[[Note], T], what: str) -> Sequence[T]:
        """Read notes and apply a function to each; `what` names the work for the progress."""
        self.progress(what, 0, 1)
        if len(files) < WORTH_IT:
            notes = (read_note(path, place, self.vault.config.max_bytes)[0] for path, place in files.items())
            return [work(note) for note in notes if note]
        with Workers.for_files(len(files)) as workers:
            workers.read(files, self.vault.config.max_bytes, self.progress)
            return workers.each(work)
