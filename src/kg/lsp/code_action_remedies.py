"""The remedy of a finding that no hint spells out: the lines to write or to take out, which an overlay has checked."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from kg.comparison.commits import state_now
from kg.comparison.mending import mended
from kg.comparison.written_lines import FRONT_MATTER, WrittenLine
from kg.core.errors import NotFound
from kg.core.findings import Finding
from kg.core.text import LINE_END, Span
from kg.lsp.code_action_edits import NoteChanges, SpanText, in_front_matter, new_line
from kg.lsp.edited_note import EditedNote
from kg.notes.kinds import CLASS_KEYS
from kg.notes.model import Note

_ARROW = " → "


def may_have_remedy(finding: Finding) -> bool:
    """Whether lines may mend a finding: it is that of a shape, a contradiction, or a heading that is missing."""
    return bool(finding.result) or finding.code.startswith("C") or finding.code == "L02"


class Remedy(NamedTuple):
    """What mends a finding."""

    changes: NoteChanges
    text: str
    """The change in words, for a person who must judge it."""
    is_elsewhere: bool
    """Whether it changes another note than that in the editor."""


def remedy(edited: EditedNote, data: dict[str, Any]) -> Remedy:
    """The smallest change after which a finding is gone, if possible in the note in the editor. Raises KgError.

    It takes a look at the whole vault, and an ingest of each trial.
    """
    state = state_now(edited.state.vault.config)
    try:
        found = mended(state, str(data["code"]), f"{data['path']}:{data['line']}")
    finally:
        state.published.release()
    rows = [row for row in found.rows if not row.breaks]
    if not rows:
        raise NotFound(found.why_none or "each remedy would contradict something else")
    best = min(rows, key=lambda row: (len(row.lines), any(line.path != edited.path for line in row.lines)))
    words = "; ".join(f"{line.path}: {line.text}" for line in best.lines)
    others = len(rows) - 1 + found.more
    text = f"{words} (one of {others + 1} possible remedies)" if others else words
    return Remedy(_changes(edited, best.lines), text, any(line.path != edited.path for line in best.lines))


def _changes(edited: EditedNote, lines: Iterable[WrittenLine]) -> NoteChanges:
    """The changes that write some lines, or take them out. Raises NotFound."""
    edits: dict[str, list[SpanText]] = {}
    created: dict[str, str] = {}
    for line in lines:
        note = edited.note_at(line.path)
        if line.place == "new note":
            created[line.path] = f"{line.text}{new_line(edited.note)}" if line.text else ""
        elif note is None:
            raise NotFound(f"{line.path} cannot be read")
        else:
            edits.setdefault(line.path, []).append(_edit(note, line))
    return NoteChanges({path: tuple(rows) for path, rows in edits.items()}, created)


def _edit(note: Note, line: WrittenLine) -> SpanText:
    """The edit that writes a line, or takes it out. Raises NotFound."""
    head, end = FRONT_MATTER.match(note.source.text), new_line(note)
    size = len(note.source.data)
    if line.place == "taken out":
        return _taken_out(note, line.text)
    if line.place == "end":
        return SpanText(Span(size, size), ("" if note.source.text.endswith("\n") else end) + f"{end}{line.text}{end}")
    after = len(head[0].encode()) if head else 0
    if line.place == "text":
        return SpanText(Span(after, after), f"{line.text}{end}{end}")
    return _of_classes(note, line.text)


def _of_classes(note: Note, text: str) -> SpanText:
    """The edit that writes a line of classes into the front matter, in the place of the one that is there."""
    for prop in note.properties:
        if prop.key.lower() in CLASS_KEYS:
            data, stop = note.source.data, max(prop.span.end, prop.value.span.end)
            line_end = LINE_END.search(data, stop - (data[stop - 1 : stop] == b"\n"))
            return SpanText(Span(prop.span.start, line_end.start() if line_end else len(data)), text)
    return in_front_matter(note, text)


def _taken_out(note: Note, shown: str) -> SpanText:
    """The edit that takes out a line, or that puts the rest of it there. Raises NotFound if it is not one line."""
    data, rows, start = note.source.data, [], 0
    old, _, new = shown.partition(_ARROW)
    for match in [*LINE_END.finditer(data), None]:
        stop, after = (match.start(), match.end()) if match else (len(data), len(data))
        text = data[start:stop].decode()
        if text.strip() == shown.strip():
            rows.append(SpanText(Span(start, after), ""))
        elif new and text.strip() == old.strip():
            indent = len(text) - len(text.lstrip())
            rows.append(SpanText(Span(start + indent, start + len(text.rstrip().encode())), new))
        start = after
    if len(rows) != 1:
        raise NotFound(f"{note.path} has {len(rows) or 'no'} lines “{shown}”: take out the right one yourself")
    return rows[0]
