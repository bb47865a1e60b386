"""Completion: links, tags, keys and values, by what is being written at the cursor.

`prepare` makes what takes long before somebody waits for it: the names of the vault, and the uses of its words.
"""

from dataclasses import replace

from lsprotocol import types as lsp

from kg.core.text import Source
from kg.lsp.completion_context import EditedLine, writing_context
from kg.lsp.completion_items import CompletionPlace, RankedProposal
from kg.lsp.completion_links import LinkProposals
from kg.lsp.completion_names import prepare_names
from kg.lsp.completion_properties import PropertyProposals
from kg.lsp.completion_vocabulary import vault_words
from kg.lsp.edited_note import EditedNote
from kg.lsp.positions import TextPositions
from kg.notes.model import Block, Note
from kg.notes.vault import note_of
from kg.session.vault_state import VaultState

TRIGGERS: tuple[str, ...] = ("[", "#", "^", "|", "(", ":", "/", " ")
"""The signs after which an editor asks for completions without being told to."""
_NOTHING = lsp.CompletionList(is_incomplete=False, items=[])


def prepare(state: VaultState) -> None:
    """Make what the first completion in a graph would make, in a second or two at 50,000 notes."""
    prepare_names(state)
    vault_words(state.steady).prepare()


def completions(edited: EditedNote, text: str, position: lsp.Position) -> lsp.CompletionList:
    """What can be written at a position of a text, the best first."""
    if edited.path.lower().endswith(".canvas"):
        return _NOTHING
    source = Source(text.encode("utf-8", "replace"))
    if edited.note.source.data != source.data:
        edited = replace(edited, note=note_of(edited.path, source.data, edited.state.vault.config))
    positions = TextPositions(source, edited.encoding)
    offset = positions.offset(position)
    if _is_opaque(edited.note, offset):
        return _NOTHING
    line, start = _line(source, positions, position, offset, in_table=_is_in_table(edited.note, offset))
    context = writing_context(line)
    if context is None:
        return _NOTHING
    place = CompletionPlace(edited, context, line, start, positions)
    rows, has_more = _proposals(place)
    return place.completion_list(rows, has_more=has_more)


def _proposals(place: CompletionPlace) -> tuple[list[RankedProposal], bool]:
    """What can be offered, and whether there is more."""
    words = vault_words(place.edited.state.steady)
    links, properties = LinkProposals(place, words), PropertyProposals(place, words)
    match place.context.kind:
        case "link" | "address":
            return links.files()
        case "heading" | "address heading":
            return links.headings(), False
        case "block":
            return links.blocks(), False
        case "alias":
            return links.shown_texts(), False
        case "tag":
            return properties.tags(), False
        case "key" | "field":
            return properties.keys(), False
        case _:
            return properties.values()


def _line(
    source: Source, positions: TextPositions, position: lsp.Position, offset: int, *, in_table: bool
) -> tuple[EditedLine, int]:
    """The line of a position, and the byte offset at which it starts."""
    lines = source.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    number = min(position.line, len(lines) - 1)
    start = positions.offset(lsp.Position(number, 0))
    return EditedLine(lines, number, len(source.slice(start, offset)), in_table), start


def _is_opaque(note: Note, offset: int) -> bool:
    """Whether a place is in code, math, HTML or a comment of several lines."""
    if any(span.start < offset < span.end for line in note.lines() for span in line.opaque):
        return True
    return any(block.kind in {"code", "html"} for block in _blocks_at(note, offset))


def _is_in_table(note: Note, offset: int) -> bool:
    return any(block.kind == "table" for block in _blocks_at(note, offset))


def _blocks_at(note: Note, offset: int) -> list[Block]:
    """The blocks in which a place is."""
    blocks = (block for section in note.root.walk() for block in section.walk_blocks())
    return [block for block in blocks if block.span.start < offset <= block.span.end]
