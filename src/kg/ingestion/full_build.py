"""Build a store from all notes of a vault."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from kg.core.errors import StateDamaged
from kg.ingestion.emitter import Emitter
from kg.ingestion.publisher import Publisher
from kg.ingestion.refused_notes import Examiner, Refusals
from kg.ingestion.report import Changes, Report
from kg.ingestion.snapshot import Snapshot
from kg.mapping.link_resolution import Index
from kg.mapping.ontology import ontology_rows
from kg.mapping.statements import Reader
from kg.mapping.structural_terms import PREF_LABEL
from kg.notes.pool import Read, Workers
from kg.rdf.terms import ONTOLOGY, Row
from kg.reasoning.inference import infer
from kg.store.builder import Builder
from kg.store.ingest_state import IngestState
from kg.store.note_entries import Bad, NoteEntry, Notes


@dataclass(frozen=True)
class FullBuild:
    """Reads all notes and loads everything at once, in as many processes as pay off."""

    snapshot: Snapshot
    publisher: Publisher
    refusals: Refusals

    def run(self, why: str) -> Report:
        """Build the store and publish it; the report says why."""
        snapshot, publisher = self.snapshot, self.publisher
        with publisher.building() as store, Workers.for_files(len(snapshot.files.notes)) as workers:
            read = self._read(workers)
            kept = self._last_good(read)
            reader = self._reader(read, kept)
            publisher.progress("linking", 0, 1)
            with self.refusals.narrowing(lambda: workers.each(Examiner(reader).examine)):
                entries = {**kept, **_emitted(store, workers, reader, read)}
                state = snapshot.state(Notes(snapshot.names, entries), self._bad(read))
                publisher.progress("storing", 0, 1)
                store.load(self._shared_rows(state, kept))
            inferred = None
            if snapshot.inference:
                publisher.progress("inferring", 0, 1)
                inferred = infer(store, snapshot.reasoning)
            changes = Changes(changed=tuple(snapshot.files.notes), everything=why)
            return publisher.publish(store, state, changes, len(read), inferred)

    def _read(self, workers: Workers) -> dict[str, Read]:
        """Read all notes; those that the store refused count as unreadable."""
        read = workers.read(self.snapshot.files.notes, self.snapshot.config, self.publisher.progress)
        refused = {path: self.refusals.record(path, result.digest) for path, result in read.items()}
        return read | {path: Read(None, bad.digest, bad.findings) for path, bad in refused.items() if bad}

    def _bad(self, read: Mapping[str, Read]) -> dict[str, Bad]:
        bad = {path: Bad(result.digest, result.findings) for path, result in read.items() if result.card is None}
        return bad | {path: self.snapshot.kept.bad(path) for path in self.snapshot.kept.notes}

    def _last_good(self, read: Mapping[str, Read]) -> dict[str, NoteEntry]:
        """Return the records of files that were notes and now cannot be read or inspected."""
        last, kept = self.snapshot.last, self.snapshot.kept.notes
        entries = last.state.entries if last else {}
        bad = [path for path, result in read.items() if result.card is None and path in entries]
        bad += [path for path in entries if path in kept]
        if last is None or not bad or not last.published.opens():
            return {}
        with suppress(StateDamaged):
            return {path: entries[path] for path in bad if self._own_rows(path, entries[path])}
        return {}

    def _own_rows(self, path: str, entry: NoteEntry) -> list[Row]:
        """Return a note's own triples in the published store, without the labels that the ledger assigned to it."""
        published = self.snapshot.published
        shared = {label.term for label in entry.labels} - set(entry.labelled)
        rows = published.store.graph(self.snapshot.graph(path)) if published else []
        return [row for row in rows if not (row[0] in shared and row[1] == PREF_LABEL)]

    def _reader(self, read: Mapping[str, Read], kept: Mapping[str, NoteEntry]) -> Reader:
        snapshot = self.snapshot
        cards = [result.card for result in read.values() if result.card] + [entry.card for entry in kept.values()]
        return snapshot.reader(
            Index.of(cards, snapshot.kept.attachments, snapshot.names, ignored=snapshot.kept.ignored)
        )

    def _shared_rows(self, state: IngestState, kept: Mapping[str, NoteEntry]) -> list[tuple[str, list[Row]]]:
        """Return the triples that no worker writes: shared labels, kept notes, the ontology; each by named graph."""
        graph = self.snapshot.graph
        return [
            *((graph(path), rows) for path, rows in state.label_rows().items()),
            *((graph(path), self._own_rows(path, entry)) for path, entry in kept.items()),
            (ONTOLOGY, ontology_rows(self.snapshot.ontology)),
        ]


def _emitted(store: Builder, workers: Workers, reader: Reader, read: Mapping[str, Read]) -> dict[str, NoteEntry]:
    """Load the triples of the notes while the workers state them; return the records of the notes."""
    without = frozenset(path for path, result in read.items() if result.card is None)
    emitter = Emitter(reader, str(store.loads), without)
    with store.loading():
        parts = [part for part in workers.each(emitter.emit) if part]
    cards = ((part, read[part.path], read[part.path].card) for part in parts)
    return {part.path: part.entry(result.digest, card, result.findings) for part, result, card in cards if card}
