"""The edits of a code action: spans of notes with other texts, and new notes; as an editor can apply them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lsprotocol import types as lsp

from kg.comparison.written_lines import FRONT_MATTER
from kg.core.errors import KgError
from kg.core.text import Span
from kg.lsp.edited_note import EditedNote
from kg.lsp.positions import START
from kg.mapping.link_resolution import Target
from kg.notes.model import Note
from kg.notes.vault import note_of

_ASKING = "remedy"
"""The id of the annotation by which an editor asks."""


class SpanText(NamedTuple):
    """A text in the place of a span."""

    span: Span
    text: str


@dataclass(frozen=True)
class NoteChanges:
    """What a code action changes: spans of notes, by path; and notes that it makes, with their texts."""

    edits: Mapping[str, tuple[SpanText, ...]] = field(default_factory=dict)
    created: Mapping[str, str] = field(default_factory=dict)


def written_into(data: bytes, edits: Iterable[SpanText]) -> bytes:
    """A text with other texts in the places of spans."""
    for span, text in sorted(edits, reverse=True):
        data = data[: span.start] + text.encode() + data[span.end :]
    return data


def changed_note(edited: EditedNote, path: str, edits: Iterable[SpanText]) -> Note | None:
    """A note after edits; None if there is none that can be read."""
    note = edited.note_at(path)
    if note is None:
        return None
    try:
        return note_of(path, written_into(note.source.data, edits), edited.state.vault.config)
    except (KgError, ValueError):
        return None


def new_line(note: Note) -> str:
    """The end of a line as a note has it."""
    return "\r\n" if b"\r\n" in note.source.data else "\n"


def in_front_matter(note: Note, line: str) -> SpanText:
    """The edit that writes a line at the end of a note's front matter, which it makes if there is none."""
    head, end = FRONT_MATTER.match(note.source.text), new_line(note)
    if head is None:
        return SpanText(Span(0, 0), f"---{end}{line}{end}---{end}")
    at = len(head[0][: head[0].rindex("---")].encode())
    return SpanText(Span(at, at), f"{line}{end}")


def is_whole(target: Target) -> bool:
    """Whether a link leads to one place that exists."""
    return target.kind in {"resolved", "self", "attachment"} and not target.rivals and not target.repeated


def workspace_edit(
    edited: EditedNote,
    changes: NoteChanges,
    capabilities: lsp.ClientCapabilities | None,
    asking: lsp.ChangeAnnotation | None = None,
) -> lsp.WorkspaceEdit | None:
    """The edit of the protocol; None if the editor cannot make it, or if it would lead out of the vault.

    `asking` is what the editor shows to somebody who must confirm the edit, if it can.
    """
    if any(_leads_out(path) for path in (*changes.edits, *changes.created)):
        return None
    edits = {path: _text_edits(edited, path, rows) for path, rows in changes.edits.items()}
    if any(rows is None for rows in edits.values()):
        return None
    shown = _shown(capabilities)
    if not shown or not shown.document_changes:
        return None if changes.created else lsp.WorkspaceEdit({edited.uri(p): rows or [] for p, rows in edits.items()})
    if changes.created and lsp.ResourceOperationKind.Create not in (shown.resource_operations or ()):
        return None
    asking = asking if asks_first(capabilities) else None
    files: list[lsp.TextDocumentEdit | lsp.CreateFile] = []
    for path, text in changes.created.items():
        options = lsp.CreateFileOptions(overwrite=False, ignore_if_exists=False)
        files.append(lsp.CreateFile(uri=edited.uri(path), options=options, annotation_id=_ASKING if asking else None))
        files += [_document_edit(edited.uri(path), [lsp.TextEdit(START, text)], asking)] if text else []
    files += [_document_edit(edited.uri(path), rows or [], asking) for path, rows in edits.items()]
    return lsp.WorkspaceEdit(document_changes=[*files], change_annotations={_ASKING: asking} if asking else None)


def asks_first(capabilities: lsp.ClientCapabilities | None) -> bool:
    """Whether an editor can ask before it makes an edit."""
    shown = _shown(capabilities)
    return bool(shown and shown.document_changes and shown.change_annotation_support)


def _shown(capabilities: lsp.ClientCapabilities | None) -> lsp.WorkspaceEditClientCapabilities | None:
    """What an editor can do with edits; all, if it is not known."""
    if capabilities is None:
        asking = lsp.ChangeAnnotationsSupportOptions()
        kinds = [*lsp.ResourceOperationKind]
        return lsp.WorkspaceEditClientCapabilities(True, kinds, change_annotation_support=asking)
    return capabilities.workspace.workspace_edit if capabilities.workspace else None


def _leads_out(path: str) -> bool:
    """Whether a path is not one of a visible file of the vault."""
    return any(not part or part.startswith(".") for part in path.split("/")) or "\\" in path


def _text_edits(edited: EditedNote, path: str, edits: Iterable[SpanText]) -> list[lsp.TextEdit] | None:
    positions = edited.positions_in(path)
    if positions is None:
        return None
    return [lsp.TextEdit(positions.range(span), text) for span, text in sorted(edits)]


def _document_edit(uri: str, edits: list[lsp.TextEdit], asking: lsp.ChangeAnnotation | None) -> lsp.TextDocumentEdit:
    place = lsp.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
    asked = [lsp.AnnotatedTextEdit(_ASKING, edit.range, edit.new_text) for edit in edits]
    return lsp.TextDocumentEdit(place, [*asked] if asking else [*edits])
