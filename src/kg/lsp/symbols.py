"""The symbols of a note, which are its headings and its blocks with ids; those of the vault: things and headings."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice
from typing import NamedTuple

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.text import Span, letters_and_digits, one_line
from kg.lsp.destinations import entity_of, part_span, path_of
from kg.lsp.edited_note import EditedNote
from kg.lsp.made_once import MadeOnce
from kg.lsp.note_elements import first_line, heading_span
from kg.lsp.note_outline import section_ends, trimmed
from kg.lsp.positions import START, TextPositions
from kg.notes.model import Section
from kg.notes.summary import Card
from kg.rdf.vocabulary import HEADING
from kg.session.vault_state import VaultState
from kg.views.open_vault import OpenVault

MOST = 200
"""The most symbols of a vault that are given."""
_MOST_READ = 50
"""The most headings whose lines are looked up, each of which reads a note; of others, the note is the place."""
_MOST_TRIED = 1_000
_NAMELESS = "(no heading)"

# ---- of a note -------------------------------------------------------------------------------------------------------


def document_symbols(edited: EditedNote) -> list[lsp.DocumentSymbol]:
    """The headings of a note as a tree, with the blocks that have ids."""
    if edited.note.kind == "canvas":
        return []
    root, ends = edited.note.root, section_ends(edited.note)
    return [*_blocks(edited, root), *(_heading(edited, section, ends) for section in root.sections)]


def _heading(edited: EditedNote, section: Section, ends: Mapping[int, int]) -> lsp.DocumentSymbol:
    names, vault = edited.state.index.names, edited.state.vault
    node = ox.NamedNode(names.section(entity_of(edited.state, edited.path), section.parts))
    start = section.span.start
    return lsp.DocumentSymbol(
        one_line(section.heading) or _NAMELESS,
        lsp.SymbolKind.String,
        edited.positions.range(Span(start, ends[start])),
        edited.positions.range(heading_span(section)),
        detail=vault.ontology.label(vault.kind(node)) or None,
        children=[*_blocks(edited, section), *(_heading(edited, child, ends) for child in section.sections)],
    )


def _blocks(edited: EditedNote, section: Section) -> list[lsp.DocumentSymbol]:
    symbols = []
    for block in section.walk_blocks():
        if block.id:
            text = one_line(block.text)[:80] or None
            whole = trimmed(edited.note, block.span)
            ranges = (edited.positions.range(whole), edited.positions.range(first_line(edited.note, block)))
            symbols.append(lsp.DocumentSymbol(f"^{block.id}", lsp.SymbolKind.Key, *ranges, detail=text))
    return symbols


# ---- of the vault ----------------------------------------------------------------------------------------------------


class SymbolName(NamedTuple):
    """A name of a thing or the text of a heading."""

    key: str
    """Its letters and digits."""
    text: str
    iri: str
    is_heading: bool


class _NameTable(NamedTuple):
    """The names of a generation; those of things first, and short ones before long ones."""

    rows: list[SymbolName]
    keys: str
    """The keys of the names, each after a line feed: one text is searched faster than very many."""
    starts: list[int]

    @classmethod
    def of(cls, rows: list[SymbolName]) -> "_NameTable":
        """The table of names."""
        starts = accumulate((len(row.key) + 1 for row in rows), initial=0)
        return cls(rows, "".join(f"\n{row.key}" for row in rows), list(starts)[:-1])

    def fitting(self, wanted: str) -> Iterator[SymbolName]:
        """The names that contain letters and digits; those that begin with them come first."""
        yield from self._with(f"\n{wanted}")
        yield from self._with(wanted) if wanted else ()

    def _with(self, text: str) -> Iterator[SymbolName]:
        at = self.keys.find(text)
        while at >= 0:
            place = bisect_right(self.starts, at) - 1
            yield self.rows[place]
            end = self.starts[place + 1] if place + 1 < len(self.starts) else len(self.keys)
            at = self.keys.find(text, end)


@MadeOnce
def _table(vault: OpenVault) -> _NameTable:
    """The names of a generation."""
    rows = [SymbolName(key, text, iri, False) for key, text, iri in vault.keyed_names]
    rows += _headings(vault)
    rows.sort(key=lambda row: (row.is_heading, len(row.text), row.text, row.iri))
    return _NameTable.of(rows)


def _headings(vault: OpenVault) -> Iterator[SymbolName]:
    for row in vault.store.triples(None, HEADING, None):
        if isinstance(row.subject, ox.NamedNode) and isinstance(row.object, ox.Literal):
            text = row.object.value
            yield SymbolName(letters_and_digits(text), text, row.subject.value, True)


def _of_drafts(state: VaultState) -> Iterator[SymbolName]:
    """The names in the notes of editors, which the graph may not have yet."""
    for path, draft in state.drafts.items():
        if draft.note is None or draft.note.kind == "canvas":
            continue
        card, entity = Card.of(draft.note), entity_of(state, path)
        for text in dict.fromkeys((card.title, *card.aliases)):
            yield SymbolName(letters_and_digits(text), text, entity, False)
        for heading in card.headings:
            text, iri = heading.parts[-1], state.index.names.section(entity, heading.parts)
            yield SymbolName(letters_and_digits(text), text, iri, True)


def prepare_symbols(vault: OpenVault) -> None:
    """Read the names of a generation, so that the first search for symbols need not."""
    _table(vault)


def workspace_symbols(
    state: VaultState, query: str, encoding: str = lsp.PositionEncodingKind.Utf16
) -> list[lsp.WorkspaceSymbol]:
    """The things of a vault by their names and aliases, and the headings: those that begin with a text come first.

    A thing that no note describes has no place, and is no symbol.
    """
    places = _SymbolPlaces(state, encoding)
    symbols: dict[tuple[str, str], lsp.WorkspaceSymbol] = {}
    wanted = letters_and_digits(query)
    drafted = (row for row in _of_drafts(state) if wanted in row.key)
    for row in islice(chain(drafted, _table(state.steady).fitting(wanted)), _MOST_TRIED):
        if (row.text, row.iri) not in symbols and (symbol := places.symbol(row)):
            symbols[row.text, row.iri] = symbol
        if len(symbols) == MOST:
            break
    return list(symbols.values())


@dataclass(frozen=True)
class _SymbolPlaces:
    """Finds the places of names."""

    state: VaultState
    encoding: str
    _read: set[str] = field(default_factory=set)
    """The notes that were read for the lines of headings."""

    def symbol(self, row: SymbolName) -> lsp.WorkspaceSymbol | None:
        """The symbol of a name; None if no note has it, as one that was removed since."""
        state, path = self.state, path_of(self.state, row.iri)
        if path not in state.files.notes and path not in state.drafts:
            return None
        range_ = self._line(path, row.iri) if row.is_heading else START
        if range_ is None:
            return None
        node = ox.NamedNode(row.iri)
        label = state.vault.ontology.label(state.vault.kind(node))
        container = path.removesuffix(".md") if row.is_heading else label
        kind = lsp.SymbolKind.String if row.is_heading else lsp.SymbolKind.Class
        location = lsp.Location(state.place(path).absolute().as_uri(), range_)
        return lsp.WorkspaceSymbol(location, one_line(row.text) or _NAMELESS, kind, container_name=container or None)

    def _line(self, path: str, iri: str) -> lsp.Range | None:
        """The place of a heading in its note; None if it is not there any more."""
        if path not in self._read and len(self._read) >= _MOST_READ:
            return START
        self._read.add(path)
        note, span = self.state.note(path), part_span(self.state, path, iri)
        return TextPositions(note.source, self.encoding).range(span) if note and span else None
