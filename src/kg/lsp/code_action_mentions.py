"""Link a mention: the name of a thing at the cursor that is no link yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from kg.analysis.unlinked_mentions import Matcher
from kg.core.text import Position, Span, letters_and_digits, nfc
from kg.fulltext.folding import ALONE
from kg.lsp.code_action_edits import SpanText, changed_note, is_whole
from kg.lsp.completion_names import WORD
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import is_in_table, link_at
from kg.notes.model import Line
from kg.store.note_entries import ALIAS, TITLE

_LONGEST = 10
"""The words of the longest name."""
_LEAST = 3
_MOST = 3
"""The most notes of one name that are offered."""


class MentionLink(NamedTuple):
    """A name in the text, and the link that could be there."""

    path: str
    written: str
    edit: SpanText


def mention_links(edited: EditedNote, selected: Span) -> list[MentionLink]:
    """The links that a name at the cursor, or around a selection, could be; none if it is one already."""
    return list(islice(_Mentions(edited, selected).links(), _MOST))


@dataclass(frozen=True)
class _Mentions:
    edited: EditedNote
    selected: Span

    @cached_property
    def _line(self) -> Line | None:
        """The line of the text in which the selection is."""
        start, end = self.selected
        return next((row for row in self.edited.note.lines() if row.span.start <= start <= end <= row.span.end), None)

    def links(self) -> Iterator[MentionLink]:
        """The links to the notes of the longest name."""
        line, note = self._line, self.edited.note
        if line is None or note.kind != "note":
            return
        spans = {note.source.position(span.start): (text, span) for span, text in self._names(line)}
        matcher = Matcher(tuple(dict.fromkeys(text for text, _ in spans.values())))
        for match in matcher.find(note) if spans else ():
            text, span = spans.get(Position(match.line, match.column), ("", None))
            if span and matcher.names[match.name] == text:
                yield from self._to_notes(text, span, line)
                return

    def _names(self, line: Line) -> Iterator[tuple[Span, str]]:
        """The names of notes around the selection; of those that begin at one place, the longest last."""
        raw = self.edited.note.source.slice(*line.span)
        words = list(islice(WORD.finditer(raw), 2_000))
        ends = [line.span.start + len(raw[: word.end()].encode()) for word in words]
        starts = [end - len(word.group().encode()) for word, end in zip(words, ends, strict=True)]
        for first in range(len(words)):
            if starts[first] > self.selected.start:
                return
            for last in range(first, min(first + _LONGEST, len(words))):
                text = raw[words[first].start() : words[last].end()]
                if ends[last] >= self.selected.end and self._paths(text):
                    yield Span(starts[first], ends[last]), text

    def _paths(self, text: str) -> list[str]:
        """The other notes with a name."""
        ledger, key = self.edited.state.ledger, letters_and_digits(text)
        alone = sum(bool(ALONE.match(sign)) for sign in key)
        if ledger is None or key.isdecimal() or (len(key) < _LEAST and alone < _LEAST - 1):
            return []
        found = [*ledger.entries.under(TITLE + key), *ledger.entries.under(ALIAS + nfc(text).lower().strip())]
        return [path for path in dict.fromkeys(found) if path != self.edited.path]

    def _to_notes(self, text: str, span: Span, line: Line) -> Iterator[MentionLink]:
        index, path = self.edited.state.index, self.edited.path
        pipe = r"\|" if is_in_table(self.edited.note, line.span.start) else "|"
        for target in self._paths(text):
            name = index.link_text(target, path)
            written = f"[[{name}]]" if name == text else f"[[{name}{pipe}{text}]]"
            edit = SpanText(span, written)
            after = changed_note(self.edited, path, [edit])
            link = link_at(after, span.start) if after else None
            if link and is_whole(found := index.resolve(link, path)) and found.path == target:
                yield MentionLink(target, f"[[{name}]]" if name == text else f"[[{name}|{text}]]", edit)
