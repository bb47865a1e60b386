"""The keyed state of the notes beside the one that is made from all notes."""

from collections.abc import Iterable
from pathlib import Path

from kg.ingestion.keyed_index import index_of
from kg.mapping.link_resolution import Index
from kg.notes.model import Note
from kg.store.ingest_state import IngestState, Tally
from kg.store.note_entries import Notes, written


def questions(index: Index) -> list[dict[str, object]]:
    """All answers of an index."""
    tables = (index.outlines, index.by_title, index.by_alias, index.paths.exact)
    names = {name: tuple(files) for name, files in index.paths.by_name.items()}
    return [{key: table[key] for key in sorted(table)} for table in (*tables, names)]


def answers_as_whole(state: IngestState, notes: Iterable[Note] = ()) -> None:
    """The state answers every question as one that has all its notes in memory; `notes` have links to resolve."""
    names = state.entries.names
    whole = Index.of([entry.card for entry in state.entries.values()], state.attachments, names, ignored=state.ignored)
    keyed, apart = index_of(state, names), Notes(names, dict(state.entries))
    assert questions(keyed) == questions(whole)
    for note in notes:
        for link in note.links() if note.path in whole.outlines else ():
            assert keyed.resolve(link, note.path) == whole.resolve(link, note.path)
    every = {question for entry in apart.values() for question in entry.keys(names)}
    assert {question: state.entries.under(question) for question in every} == {q: apart.under(q) for q in every}
    terms = frozenset(label.term for entry in apart.values() for label in entry.labels)
    assert label_rows(state, terms) == label_rows(state, None)
    assert state.tally._replace(shared=()) == Tally.of(apart)._replace(shared=())
    assert set(state.tally.shared) == set(Tally.of(apart).shared)
    assert len(state.entries) == len(apart) == len({*state.entries})


def label_rows(state: IngestState, terms: frozenset[str] | None) -> dict[str, set[tuple[str, str, str]]]:
    return {path: set(rows) for path, rows in state.label_rows(terms).items()}


def stored_state(store: Path) -> IngestState:
    """The state that the next process reads."""
    state = IngestState.read(store / (store / "current").read_text().strip())
    assert state is not None
    return state


def equals(stored: IngestState, state: IngestState) -> None:
    """What is stored is the state."""
    assert (stored.digests, stored.bad, set(stored.findings)) == (state.digests, state.bad, set(state.findings))
    assert (stored.attachments, stored.ignored) == (state.attachments, state.ignored)
    assert state.missing in (stored.missing, None)
    entries = ({path: written(entry) for path, entry in each.entries.items()} for each in (stored, state))
    assert next(entries) == next(entries)
