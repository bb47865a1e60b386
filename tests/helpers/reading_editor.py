"""What an editor is told of a note, in a short form: the cursor is `‸`, and places are `path:line:text`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from lsprotocol import types as lsp

from helpers.editing import HERE, Editing, editing
from kg.lsp.edited_note import EditedNote

ENCODINGS = (lsp.PositionEncodingKind.Utf8, lsp.PositionEncodingKind.Utf16, lsp.PositionEncodingKind.Utf32)
NOWHERE: Mapping[str, str] = MappingProxyType({})


def at(
    text: str,
    others: Mapping[str, str] = NOWHERE,
    *,
    saved: bool = True,
    path: str = HERE,
    encoding: str = lsp.PositionEncodingKind.Utf16,
) -> Editing:
    """A note with the cursor at `‸`; the graph has it, unless it is not `saved`."""
    return editing(text, others, path=path, mark="‸", saved=saved, encoding=encoding)


def place(edited: EditedNote, location: lsp.Location) -> str:
    """A location: the path of a note, the line from 1, and the text, if it covers any; else the end of the URI."""
    paths = [path for path in {**edited.state.files.notes, **edited.state.drafts} if edited.uri(path) == location.uri]
    positions = edited.positions_in(paths[0]) if paths else None
    if positions is None:
        return f"{location.uri.rpartition('/')[2]}:{location.range.start.line + 1}"
    start, end = positions.offset(location.range.start), positions.offset(location.range.end)
    text = positions.source.slice(start, end)
    return f"{paths[0]}:{location.range.start.line + 1}" + (f":{text}" if text else "")


def places(edited: EditedNote, locations: Iterable[lsp.Location]) -> list[str]:
    """Locations in the short form, in their order."""
    return [place(edited, location) for location in locations]


def without_state(edited: EditedNote) -> EditedNote:
    """The note beside a store without private notes, which has no state of the notes."""
    state = edited.state
    return replace(edited, state=replace(state, vault=replace(state.vault, is_redacted=True)))
