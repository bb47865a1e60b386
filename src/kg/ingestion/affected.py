"""The notes that a change of other notes and files affects: their questions to the index have other answers now."""

from collections.abc import Collection

from kg.ingestion.keyed_index import index_of
from kg.mapping.link_resolution import PossibleDifferences, differences
from kg.rdf.iris import Names
from kg.store.ingest_state import IngestState
from kg.store.note_entries import ENTITY


def affected_notes(before: IngestState, after: IngestState, differing: Collection[str], names: Names) -> set[str]:
    """The notes of the later state whose questions the two states answer differently.

    `differing` are the notes whose records differ, or that only one state has.
    """
    among = _candidates(before, after, differing, names)
    if not any(among):
        return set()
    difference = differences(index_of(before, names), index_of(after, names), among)
    asking = (path for question in difference.questions for path in after.entries.under(question))
    return {path for path in difference.notes.union(asking) if path in after.entries}


def _candidates(
    before: IngestState, after: IngestState, differing: Collection[str], names: Names
) -> PossibleDifferences:
    """What the indexes of the two states may differ in: the notes that have, or had, a changed entity."""
    states = (before.entries, after.entries)
    cards = [[notes[path].card if path in notes else None for notes in states] for path in differing]
    moved = [card for old, new in cards if old != new for card in (old, new) if card]
    entities = {names.entity(card.path, card.id) for card in moved}
    paths = {path for entity in entities for notes in states for path in notes.under(ENTITY + entity)}
    both = [notes[path].card for path in paths for notes in states if path in notes]
    files = (before.attachments, after.attachments), (before.ignored, after.ignored)
    others = [set(old) ^ set(new) for old, new in files if old != new]
    return PossibleDifferences(paths, {key for card in both for key in card.title_keys}, set().union(*others))
