"""Quick fixes of links and properties: what the hint of a finding proposes, checked by reading the note with it.

A fix is offered only if the link then leads to the place that is meant, and to no other, while all other links stay.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kg.core.findings import Finding
from kg.core.text import Position, Span, nfc
from kg.lsp.code_action_edits import SpanText, changed_note, is_whole
from kg.lsp.completion_links import markdown_address, wikilink_heading
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import is_in_table, link_at, link_parts
from kg.mapping.link_resolution import link_path
from kg.notes.model import Link

_HINTED = re.compile(r"\[\[(.+?)\]\](?= or \[\[|\?|\Z)")
_MEANT = re.compile(r"did you mean (.*)\?\Z", re.S)
_ACTUAL = re.compile(r"the file's name is “(.*)”\Z", re.S)
_WRITE = re.compile(r"write (.*)\Z", re.S)
_RENAMED = re.compile(r"is called “(.*)” now")
_START_OF_PATH = re.compile(r"(?:\.{1,2}/|/)*")
_QUOTED = '"{}"', "'{}'"


class LinkFix(NamedTuple):
    """A way to mend a finding about a link or a property."""

    title: str
    edits: tuple[SpanText, ...]


class _Candidate(NamedTuple):
    """What a link could be instead."""

    path: str
    """The path as a wikilink writes it; empty if it stays."""
    subpath: str
    """With its `#`."""
    meant: str
    """The file to which the link must lead."""
    text: str = ""
    """The text to show, if the link shows none."""


def link_fixes(edited: EditedNote, finding: Finding) -> list[LinkFix]:
    """The ways to mend a finding about a link, as its hint proposes them; each is known to mend it."""
    return list(_Fixes(edited, finding).checked())


def offset_of(edited: EditedNote, finding: Finding) -> int | None:
    """The offset at which a finding begins; None if the note has no such line."""
    source = edited.note.source
    if finding.path != edited.path or finding.line > source.data.count(b"\n") + source.data.count(b"\r") + 1:
        return None
    try:
        return source.offset(Position(finding.line, finding.column))
    except IndexError:
        return None


@dataclass(frozen=True)
class _Fixes:
    edited: EditedNote
    finding: Finding

    @cached_property
    def _link(self) -> Link | None:
        """The link that the finding is about."""
        offset = offset_of(self.edited, self.finding)
        return None if offset is None else link_at(self.edited.note, offset)

    def checked(self) -> Iterator[LinkFix]:
        """The fixes after which the link leads where it should."""
        if self.finding.code == "L05":
            yield from self._quoted()
        elif self.finding.code == "L14":
            yield from self._renamed()
        elif self.finding.code == "L07":
            yield from self._web_address()
        elif self._link:
            for candidate in dict.fromkeys(self._candidates(self._link)):
                if fix := self._fix(self._link, candidate):
                    yield fix

    # ---- what the hint proposes --------------------------------------------------------------------------------------

    def _candidates(self, link: Link) -> Iterator[_Candidate]:
        index, source = self.edited.state.index, self.edited.path
        hinted = _HINTED.findall(self.finding.hint)
        subpath = link.target[len(link.target.partition("#")[0]) :]
        match self.finding.code:
            case "L01" | "L04" | "L08":
                meant = _MEANT.match(self.finding.hint)
                plain = meant[1].split(" or ") if meant and not hinted else []
                for path in (*hinted, *(index.link_text(path, source) for path in plain)):
                    yield from self._of_path(path, subpath)
            case "L02" | "L03":
                target = index.resolve(link, source)
                for text in hinted:
                    part = text.partition("#")[2]
                    part = part if part.startswith("^") else wikilink_heading(part)
                    yield _Candidate("", f"#{part}", target.path)
            case "L09":
                for text in hinted:
                    path, _, alias = text.partition("|")
                    yield from (row._replace(text=alias) for row in self._of_path(path, subpath))
            case "L11":
                actual = _ACTUAL.search(self.finding.message)
                start = _START_OF_PATH.match(link_path(link)[0])
                target = index.resolve(link, source)
                yield from [_Candidate(start[0] + actual[1], subpath, target.path)] if actual and start else []
            case "L17":
                for text in hinted:
                    path, mark, part = text.partition("#")
                    yield from self._of_path(path, mark + part)

    def _of_path(self, path: str, subpath: str) -> Iterator[_Candidate]:
        """The candidate of a path, if that means one file."""
        found = self.edited.state.index.find(nfc(path), self.edited.path)
        if len(found) == 1:
            yield _Candidate(path, subpath, found[0])

    # ---- the fix, and whether it mends -------------------------------------------------------------------------------

    def _fix(self, link: Link, candidate: _Candidate) -> LinkFix | None:
        edits, written = self._edits(link, candidate)
        return LinkFix(f"Write {written}", edits) if edits and self._mends(link, candidate, edits) else None

    def _edits(self, link: Link, candidate: _Candidate) -> tuple[tuple[SpanText, ...], str]:
        """The edits of a link, and how it is written then."""
        parts = {row.part: row.span for row in link_parts(self.edited.note, link)}
        wanted = ("path", "heading", "block") if candidate.path else ("heading", "block")
        spans = [parts[part] for part in wanted if part in parts]
        data = self.edited.note.source.data
        if not spans or (link.kind == "markdown" and b"](" not in data[link.span.start : spans[0].start]):
            return (), ""
        span = Span(spans[0].start, spans[-1].end)
        if link.kind != "wikilink":
            is_angled = data[span.start - 1 : span.start] == b"<"
            path = f"{candidate.path}.md" if candidate.path and self._is_note(candidate) else candidate.path
            text = markdown_address(path) + markdown_address(candidate.subpath)
            text = f"{path}{candidate.subpath}" if is_angled else text
            return (SpanText(span, text),), f"“{text}”"
        target = f"{candidate.path}{candidate.subpath}"
        whole = target if candidate.path else f"{link.target.partition('#')[0]}{target}"
        shown = "|" + candidate.text if candidate.text and link.display is None and not link.embed else ""
        pipe = "\\" if shown and is_in_table(self.edited.note, link.span.start) else ""
        return (SpanText(span, f"{target}{pipe}{shown}"),), f"{'!' if link.embed else ''}[[{whole}{shown}]]"

    @staticmethod
    def _is_note(candidate: _Candidate) -> bool:
        return candidate.meant.lower().endswith(".md") and not candidate.path.lower().endswith(".md")

    def _mends(self, link: Link, candidate: _Candidate, edits: tuple[SpanText, ...]) -> bool:
        """Whether the link then leads to what is meant, and all other links are as they were."""
        index, path = self.edited.state.index, self.edited.path
        after = changed_note(self.edited, path, edits)
        mended = link_at(after, link.span.start) if after else None
        if after is None or mended is None or mended.embed != link.embed:
            return False
        others = [row.target for row in self.edited.note.links() if row != link]
        if [row.target for row in after.links() if row != mended] != others:
            return False
        target = index.resolve(mended, path)
        is_exact = self.finding.code not in {"L02", "L03"} or target.exact != target.entity
        return is_whole(target) and target.path == candidate.meant and is_exact

    # ---- other forms -------------------------------------------------------------------------------------------------

    def _quoted(self) -> Iterator[LinkFix]:
        """Quotes around a link in the front matter."""
        start = offset_of(self.edited, self.finding)
        if start is None:
            return
        source = self.edited.note.source
        end = source.offset(Position(self.finding.end_line, self.finding.end_column))
        written = source.slice(start, end)
        for form in _QUOTED:
            quoted = form.format(written)
            edits = (SpanText(Span(start, end), quoted),)
            after = changed_note(self.edited, self.edited.path, edits)
            link = link_at(after, start + 1) if after else None
            if link and link.key and source.slice(start, end).startswith("[["):
                yield LinkFix(f"Write {quoted}", edits)
                return

    def _renamed(self) -> Iterator[LinkFix]:
        """The present name of a property of Obsidian, with a list."""
        start, note = offset_of(self.edited, self.finding), self.edited.note
        prop = next((prop for prop in note.properties if prop.span.start == start), None)
        if prop is None:
            return
        renamed = _RENAMED.search(self.finding.message)
        key, value = renamed[1] if renamed else prop.key, note.source.slice(*prop.value.span)
        edits = [SpanText(prop.span, key)] if renamed else []
        if prop.value.kind not in {"list", "null"}:
            edits.append(SpanText(prop.value.span, f"[{value}]"))
        after = changed_note(self.edited, self.edited.path, edits)
        if after and len(after.findings) < len(note.findings) and len(after.properties) == len(note.properties):
            written = value if prop.value.kind == "list" else f"[{value}]"
            yield LinkFix(f"Write {key}: {written}", tuple(edits))

    def _web_address(self) -> Iterator[LinkFix]:
        """A web address as a Markdown link, not as the name of a note."""
        proposed = _WRITE.match(self.finding.hint)
        if not proposed or not self._link or self._link.key:
            return
        edits = (SpanText(self._link.span, proposed[1]),)
        after = changed_note(self.edited, self.edited.path, edits)
        links = [row for row in after.links() if row.span.start == self._link.span.start] if after else []
        if any(self.edited.state.index.resolve(row, self.edited.path).kind == "external" for row in links):
            yield LinkFix(f"Write {proposed[1]}", edits)
