"""What is offered at a cursor, as items of the protocol: filtered by what is typed, the best first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from lsprotocol import types as lsp

from kg.core.text import Span
from kg.lsp.completion_context import EditedLine, WritingContext
from kg.lsp.completion_names import LIMIT, has_letters, matching_key, rank_of
from kg.lsp.edited_note import EditedNote
from kg.lsp.positions import TextPositions


class Proposal(NamedTuple):
    """What is offered."""

    label: str
    new_text: str
    """What is written, without the signs around it."""
    kind: lsp.CompletionItemKind
    detail: str = ""
    description: str = ""
    """What is shown beside the label."""
    documentation: str = ""
    match: str = ""
    """The text that is compared with what is typed, if it is not the label."""
    is_whole: bool = False
    """Whether the new text has the signs around it already."""


class RankedProposal(NamedTuple):
    """What is offered, and how well it fits; 0 is best."""

    rank: int
    offer: Proposal


def fitting(typed: str, proposals: Iterable[Proposal], worst: int = 3) -> list[RankedProposal]:
    """The offers that fit what is typed, the best first; those that fit equally stay in their order."""
    key = matching_key(typed.strip())
    ranks = ((rank_of(key, matching_key(offer.match or offer.label)), offer) for offer in proposals)
    rows = [RankedProposal(number, offer) for number, offer in ranks if number is not None and number <= worst]
    return sorted(rows, key=lambda row: row.rank)


@dataclass(frozen=True)
class CompletionPlace:
    """The cursor for which items are offered."""

    edited: EditedNote
    context: WritingContext
    line: EditedLine
    start: int
    """The byte offset of the line."""
    positions: TextPositions

    def completion_list(self, rows: Sequence[RankedProposal], *, has_more: bool = False) -> lsp.CompletionList:
        """The list of what is offered, the first of equal labels and texts only."""
        unique: dict[tuple[str, str], RankedProposal] = {}
        for row in sorted(rows, key=lambda row: row.rank):
            unique.setdefault((row.offer.label, row.offer.new_text), row)
        shown = list(islice(unique.values(), LIMIT))
        items = [self._item(row, number) for number, row in enumerate(shown)]
        is_loose = any(not self._is_plain_match(row.offer) for row in shown)
        return lsp.CompletionList(has_more or is_loose or len(unique) > LIMIT, items)

    def _item(self, row: RankedProposal, number: int) -> lsp.CompletionItem:
        offer, context = row.offer, self.context
        new_text = offer.new_text if offer.is_whole else f"{context.lead}{offer.new_text}{context.closing}"
        details = lsp.CompletionItemLabelDetails(description=offer.description) if offer.description else None
        return lsp.CompletionItem(
            label=offer.label,
            label_details=details,
            kind=offer.kind,
            detail=offer.detail or None,
            documentation=offer.documentation or None,
            sort_text=f"{row.rank}{number:04d}",
            filter_text=self._filter_text(offer),
            text_edit=lsp.TextEdit(self._range, new_text),
        )

    def _filter_text(self, offer: Proposal) -> str:
        """The text by which an editor filters the item: it has what is typed, so that the editor keeps the item."""
        typed, text = self.context.typed, offer.match or offer.label
        written = self.line.text[self.context.start : self.line.at]
        mark = written[: len(written) - len(typed)] if written.endswith(typed) else ""
        for name in (text, matching_key(text)):
            if has_letters(typed.lower(), name.lower()):
                return mark + name
        return written

    def _is_plain_match(self, offer: Proposal) -> bool:
        """Whether an editor can go on filtering the item while more is typed."""
        text, typed = offer.match or offer.label, self.context.typed.lower()
        return has_letters(typed, text.lower()) or has_letters(typed, matching_key(text).lower())

    @cached_property
    def _range(self) -> lsp.Range:
        def offset(index: int) -> int:
            return self.start + len(self.line.text[:index].encode("utf-8", "replace"))

        return self.positions.range(Span(offset(self.context.start), offset(self.context.end)))
