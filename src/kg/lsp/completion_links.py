"""Completion of links: the names of notes, their aliases and attachments; headings, blocks, and texts to show."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from lsprotocol import types as lsp

from kg.core.text import Span, nfc
from kg.lsp.completion_items import CompletionPlace, Proposal, RankedProposal, fitting
from kg.lsp.completion_names import LIMIT, FitsKinds, FittingName, Name, name_table
from kg.lsp.completion_vocabulary import VaultWords
from kg.mapping.link_resolution import Index
from kg.mapping.ontology import OntologyProperty
from kg.notes.model import Link

_UNWRITABLE = re.compile(r"[#|^\[\]\n]|%%")
"""The signs that a wikilink cannot have in its path."""
_NOT_IN_HEADING = re.compile(r"[#|^:]|%%|\[\[|\]\]")
"""The signs that Obsidian leaves out where it writes a link to a heading."""
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20()<>%\"\\^`{|}\[\]?]")
_SHOWN = 80
_KINDS = lsp.CompletionItemKind


def wikilink_heading(heading: str) -> str:
    """A heading as Obsidian writes it in a link."""
    return " ".join(_NOT_IN_HEADING.sub(" ", heading).split())


@dataclass(frozen=True)
class LinkProposals:
    """What can be offered in a link."""

    place: CompletionPlace
    words: VaultWords

    @property
    def _index(self) -> Index:
        return self.place.edited.state.index

    @property
    def _source(self) -> str:
        return self.place.edited.path

    # ---- files -------------------------------------------------------------------------------------------------------

    def files(self) -> tuple[list[RankedProposal], bool]:
        """The files whose names fit; those that the property of the link expects first."""
        names, has_more = self.names()
        make = self._address if self.place.context.kind == "address" else self._wikilink
        is_empty = not self.place.context.typed.strip()
        made = ((row.rank + (row.name.is_alias and is_empty), make(row.name)) for row in names)
        rows = [RankedProposal(rank, proposal) for rank, proposal in made if proposal]
        return rows, has_more

    def names(self) -> tuple[list[FittingName], bool]:
        """The names that fit; those of the classes that the property expects first, if the link is in a value."""
        table, context = name_table(self.place.edited.state), self.place.context
        names, has_more = table.fitting(context.typed, self.may_offer)
        fits = self.expected(self.words.vault.ontology.properties_named(context.key)) if context.key else None
        if fits is None:
            return names, has_more
        expected, more = table.fitting(context.typed, self.may_expect, fits)
        first = [row._replace(rank=0) for row in expected]
        known = {row.name for row in first}
        rest = [row._replace(rank=row.rank + 1) for row in names if row.name not in known]
        return [*first, *rest][:LIMIT], has_more or more

    def expected(self, props: Iterable[OntologyProperty]) -> FitsKinds | None:
        """Whether properties lead to a note with words that may name its class; None if they lead to anything."""
        classes = self.words.ranges(props)
        return (lambda kinds: self.words.fits(kinds, classes)) if classes else None

    def may_offer(self, name: Name) -> bool:
        """Whether a file is offered: not a template, and nothing that a link cannot write."""
        folder, low = self.place.edited.state.settings.templates.lower(), name.path.lower()
        if (folder and low.startswith(folder)) or (name.is_template and "template" in low):
            return False
        if self.place.context.kind == "address":
            return not name.is_alias
        unwritable = _UNWRITABLE.search(name.path) or _UNWRITABLE.search(name.text)
        is_closed_early = self.place.context.quote and re.search(r"[\"'\\]", f"{name.path}{name.text}")
        is_size = name.is_alias and (self.place.context.is_embed or self.place.context.has_more)
        return not (unwritable or is_closed_early or is_size)

    def may_expect(self, name: Name) -> bool:
        """Whether a file is offered as the value of a property: a note, whose words may name its class."""
        return name.path.lower().endswith(".md") and self.may_offer(name)

    def _wikilink(self, name: Name) -> Proposal | None:
        path = self._index.link_text(name.path, self._source)
        if self._index.find(path, self._source)[:1] != [name.path]:
            return None
        text = path
        if name.is_alias:
            pipe = r"\|" if self.place.context.is_escaped else "|"
            text += pipe + name.text
        return self._proposal(name, text)

    def _address(self, name: Name) -> Proposal | None:
        text = self._index.link_text(name.path, self._source)
        is_note = name.path.lower().endswith(".md")
        text = f"{text}.md" if is_note else text
        if self.place.context.quote == "missing":  # without angle brackets
            text = markdown_address(text)
        target = self._index.resolve(Link(Span(0, 0), "markdown", text), self._source)
        return self._proposal(name, text) if target.path == name.path and not target.rivals else None

    def _proposal(self, name: Name, text: str) -> Proposal:
        is_note = name.path in self._index.outlines
        class_ = self.words.class_label(name.kinds) if is_note else ""
        kind = _KINDS.Reference if name.is_alias else _KINDS.File
        detail = f"{class_} · {name.path}" if class_ else name.path
        match = name.path if "/" in self.place.context.typed else ""
        folder = name.path.rpartition("/")[0]
        return Proposal(name.text, text, kind, detail, folder if not name.is_alias else f"→ {name.path}", match=match)

    # ---- parts of notes ----------------------------------------------------------------------------------------------

    @cached_property
    def _target(self) -> str:
        """The note to which the link before its heading or block leads; empty if there is none."""
        path = self.place.context.target
        if not path:
            return self._source
        kind = "markdown" if self.place.context.kind == "address heading" else "wikilink"
        target = self._index.resolve(Link(Span(0, 0), kind, path), self._source)  # type: ignore[arg-type]
        return target.path if target.path in self._index.outlines else ""

    def headings(self) -> list[RankedProposal]:
        """The headings of the note to which the link leads, in their order; each so that the link leads to it."""
        if not self._target:
            return []
        outline, names = self._index.outlines[self._target], self._index.names
        proposals = []
        for heading in outline.headings:
            text = self._heading_text(heading.parts, names.section(outline.entity, heading.parts))
            if text:
                level = "#" * heading.level
                proposals.append(
                    Proposal(f"{level} {heading.parts[-1]}", text, _KINDS.Module, self._target, match=text)
                )
        return fitting(self.place.context.typed, proposals)

    def _heading_text(self, parts: tuple[str, ...], section: str) -> str:
        """The shortest path of headings by which a link leads to a section; empty if there is none."""
        is_address = self.place.context.kind == "address heading"
        for count in range(1, len(parts) + 1):
            text = "#".join(map(wikilink_heading, parts[-count:]))
            written = markdown_address(text) if is_address else text
            link = Link(Span(0, 0), "markdown" if is_address else "wikilink", f"{self.place.context.target}#{written}")
            target = self._index.resolve(link, self._source)
            if target.exact == section and (not target.repeated or count == len(parts)):
                return written
        return ""

    def blocks(self) -> list[RankedProposal]:
        """The blocks with an id of the note to which the link leads."""
        if not self._target:
            return []
        note = self.place.edited.state.note(self._target)
        texts = self._block_texts() if note else {}
        ids = self._index.outlines[self._target].blocks.values()
        proposals = [
            Proposal(f"^{id_}", id_, _KINDS.Reference, self._target, texts.get(id_, ""), match=id_) for id_ in ids
        ]
        return fitting(self.place.context.typed, proposals)

    def _block_texts(self) -> dict[str, str]:
        note = self.place.edited.state.note(self._target)
        blocks = (block for section in (note.root.walk() if note else ()) for block in section.walk_blocks())
        return {block.id: " ".join(block.text.split())[:_SHOWN] for block in blocks if block.id}

    def shown_texts(self) -> list[RankedProposal]:
        """The aliases of the note to which the link leads."""
        path = self.place.context.target.partition("#")[0]
        found = self._index.find(nfc(path), self._source) if path else [self._source]
        note = self.place.edited.state.note(found[0]) if found else None
        proposals = (
            [Proposal(text, text, _KINDS.Reference, found[0]) for text in self._aliases(found[0])] if note else []
        )
        return [] if self.place.context.is_embed else fitting(self.place.context.typed, proposals)

    def _aliases(self, path: str) -> Iterator[str]:
        ledger = self.place.edited.state.ledger
        card = ledger.entries[path].card if ledger and path in ledger.entries else None
        yield from dict.fromkeys((*card.aliases, card.title) if card else ())


def markdown_address(text: str) -> str:
    """A text in the address of a Markdown link: only the signs that would end it, or mean another, are encoded."""
    return _NOT_IN_ADDRESS.sub(lambda match: quote(match[0], safe=""), text)
