"""A note that is read again, with its markup, which the store does not have."""

from pathlib import Path

from kg.config import Config
from kg.core.files import read_bytes
from kg.core.text import UndecodableError
from kg.notes.markdown import Markup, parse_with_markup
from kg.notes.model import Note
from kg.store.ingest_state import IngestState


def unchanged_note(config: Config, state: IngestState, path: str, place: Path | str) -> tuple[Note, Markup] | None:
    """A note as it was ingested; None if its file has another content now, and for a canvas, which is no Markdown."""
    if path not in state.entries or path.lower().endswith(".canvas"):
        return None
    try:
        note, markup = parse_with_markup(path, read_bytes(place, config.max_bytes, follow=False))
    except (OSError, UndecodableError):
        return None
    return (note, markup) if note.digest == state.entries[path].digest else None
