"""Update a store: state the changed and the affected notes again, and apply the difference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.files import digest
from kg.ingestion.affected import affected_notes
from kg.ingestion.emitter import EmittedNote
from kg.ingestion.publisher import Publisher
from kg.ingestion.refused_notes import CODE as REFUSED
from kg.ingestion.refused_notes import Examiner, Refusals
from kg.ingestion.report import Changes, Report
from kg.ingestion.snapshot import LastIngest, Snapshot
from kg.mapping.statements import Statements
from kg.notes.model import Note
from kg.notes.summary import Card
from kg.notes.vault import read_note
from kg.rdf.terms import METRICS, Row
from kg.reasoning import inference
from kg.store.builder import Builder
from kg.store.ingest_state import IngestState
from kg.store.note_entries import Bad, NoteEntry


class UpdatePlan(NamedTuple):
    """What an update does: the new state before the affected notes are stated, the notes read, and the changes."""

    state: IngestState
    notes: dict[str, Note]
    changes: Changes


@dataclass(frozen=True)
class Update:
    """The difference between a vault and its last ingest."""

    snapshot: Snapshot
    last: LastIngest
    refusals: Refusals

    def refused_before(self) -> list[str]:
        """Return the notes that the store refused last time: their triples may depend on the changes."""
        bad = self.last.state.bad.items()
        return [path for path, record in bad if any(finding.code == REFUSED for finding in record.findings)]

    def plan(self, again: Iterable[str]) -> UpdatePlan:
        """Read the changed files, and find the notes that they affect."""
        kept = self.snapshot.kept
        state, notes = self._read(again)
        affected = self._affected(state, notes)
        stale = kept.notes.intersection(affected)  # they are stated again once they are readable
        state = replace(state, bad={**state.bad, **{path: kept.bad(path) for path in sorted(stale)}})
        before, read = self.last.state.entries, [path for path in again if path not in state.bad]
        changes = Changes(
            tuple(path for path in read if path not in before),
            tuple(path for path in read if path in before),
            tuple(sorted(path for path in state.entries.differing(before) if path not in state.entries)),
            tuple(path for path in affected if path not in stale),
        )
        return UpdatePlan(state, notes, changes)

    def run(self, again: list[str], publisher: Publisher) -> Report:
        """State the changed and the affected notes again, apply the difference and publish it."""
        snapshot = self.snapshot
        state, notes, changes = self.plan(again)
        reader = snapshot.reader(snapshot.index(state))
        publisher.progress("linking", 0, 1)
        affected, refused = self._read_affected(changes.affected)
        notes |= affected
        stated = {path: reader.statements(note) for path, note in notes.items()}
        entries = {path: _entry(notes[path], statements) for path, statements in stated.items()}
        state = replace(state, entries=state.entries.replaced(entries), bad={**state.bad, **refused})
        if not changes and state.bad == self.last.state.bad:
            return publisher.unchanged(self.last, state, changes)
        with publisher.building(self.last.published) as store:
            publisher.progress("storing", 0, 1)
            with self.refusals.narrowing(lambda: map(Examiner(reader).examine, notes.values())):
                removed, added = self._apply(store, stated, state)
            inferred = None
            if snapshot.inference:
                publisher.progress("inferring", 0, 1)
                inferred = inference.update(store, snapshot.reasoning, removed, added)
            number = len(changes.added + changes.changed + changes.removed + changes.affected)
            return publisher.publish(store, state, changes, number, inferred)

    def _read(self, again: Iterable[str]) -> tuple[IngestState, dict[str, Note]]:
        """Read changed files; return the new state, and the notes read."""
        files, config, before = self.snapshot.files.notes, self.snapshot.config, self.last.state
        existing = files.keys() | self.snapshot.kept.notes
        entries: dict[str, NoteEntry] = {}
        bad = {path: record for path, record in before.bad.items() if path in existing}
        notes: dict[str, Note] = {}
        for path in again:
            note, findings = read_note(path, files[path], config)
            if note is None:
                bad[path] = Bad(digest(files[path], config.max_bytes), findings)
            elif refused := self.refusals.record(path, note.digest):
                bad[path] = refused
            else:
                bad.pop(path, None)
                notes[path] = note
                entries[path] = NoteEntry(note.digest, Card.of(note), (), (), (), {}, note.findings)
        gone = before.entries.paths - existing
        return self.snapshot.state(before.entries.replaced(entries, gone), bad), notes

    def _read_affected(self, paths: Iterable[str]) -> tuple[dict[str, Note], dict[str, Bad]]:
        """Read unchanged notes again; return the notes, and the records of those that the store refused."""
        notes: dict[str, Note] = {}
        bad: dict[str, Bad] = {}
        for path in paths:
            note, _ = read_note(path, self.snapshot.files.notes[path], self.snapshot.config)
            if note and (refused := self.refusals.record(path, note.digest)):
                bad[path] = refused
            elif note:
                notes[path] = note
        return notes, bad

    def _affected(self, state: IngestState, notes: Mapping[str, Note]) -> list[str]:
        """Return the unchanged notes with questions that the index now answers differently."""
        before = self.last.state
        affected = affected_notes(before, state, state.entries.differing(before.entries), self.snapshot.names)
        return sorted(path for path in affected if path not in notes and path not in state.bad)

    def _apply(
        self, store: Builder, stated: Mapping[str, Statements], state: IngestState
    ) -> tuple[set[ox.Triple], set[ox.Triple]]:
        """Update the graphs of the notes; return the triples that no note states any more, and the new triples."""
        before, graph = self.last.state, self.snapshot.graph
        removed = {path for path in state.entries.differing(before.entries) if path not in state.entries}
        entries = [before.entries[path] for path in removed | stated.keys() if path in before.entries]
        entries += [state.entries[path] for path in stated]
        terms = frozenset(
            term for entry in entries for term in (*(label.term for label in entry.labels), *entry.labelled)
        )
        old, new = before.label_rows(terms), state.label_rows(terms)
        graphs: dict[str, set[Row]] = {graph(path): set() for path in removed}
        for path, statements in stated.items():
            graphs[f"<{statements.graph}>"] = {row[:3] for row in statements.rows} | set(new.get(path, ()))
        relabelled = {}
        for path in (old.keys() | new.keys()) - stated.keys() - removed:
            rows, new_rows = set(old.get(path, ())), set(new.get(path, ()))
            relabelled[graph(path)] = (rows - new_rows, new_rows - rows)
        store.replace({METRICS: set()}, {})  # nothing is inferred from metrics
        return store.replace(graphs, relabelled)


def _entry(note: Note, stated: Statements) -> NoteEntry:
    return EmittedNote.of(note.path, stated).entry(note.digest, Card.of(note), note.findings)
