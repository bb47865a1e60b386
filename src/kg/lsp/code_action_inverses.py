"""Add the inverse of a property: what a link says from here, said by the note to which it leads, too."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.comparison.written_lines import FRONT_MATTER
from kg.core.text import Span
from kg.lsp.code_action_edits import SpanText, changed_note, in_front_matter, is_whole, new_line
from kg.lsp.code_action_new_notes import keys_of
from kg.lsp.completion_vocabulary import vault_words
from kg.lsp.edited_note import EditedNote
from kg.lsp.thing_facts import inverses
from kg.mapping.ontology import name_key
from kg.notes.model import Link, Note, Property


class InverseStatement(NamedTuple):
    """A line that a note lacks."""

    path: str
    """The note."""
    key: str
    link: str
    edit: SpanText


def missing_inverses(edited: EditedNote, selected: Span) -> list[InverseStatement]:
    """The inverses that the targets of the properties at a selection do not state."""
    return list(dict.fromkeys(_Inverses(edited).of(selected)))


@dataclass(frozen=True)
class _Inverses:
    edited: EditedNote

    def of(self, selected: Span) -> Iterator[InverseStatement]:
        """The inverses of the links at a selection."""
        index, ontology = self.edited.state.index, self.edited.state.vault.ontology
        for link in self._links(selected):
            target = index.resolve(link, self.edited.path)
            is_note = target.path.lower().endswith(".md") and target.path in index.outlines
            if not is_note or target.path == self.edited.path or not is_whole(target) or target.exact != target.entity:
                continue
            for key in keys_of(self.edited, link):
                meant = (prop for prop in ontology.properties_named(key) if prop.kind in {"object", "any"})
                prop = next(meant, None)
                for inverse in inverses(self.edited.state.vault, ox.NamedNode(prop.iri)) if prop else ():
                    if statement := self._statement(inverse.value, target.path, target.entity):
                        yield statement

    def _links(self, selected: Span) -> Iterator[Link]:
        """The links of the properties and fields at a selection."""
        note = self.edited.note
        for prop in note.properties:
            if prop.span.start <= selected.end and selected.start <= prop.value.span.end:
                links = [
                    link for link in note.links() if prop.value.span.start <= link.span.start < prop.value.span.end
                ]
                at = [link for link in links if link.span.start <= selected.end and selected.start <= link.span.end]
                yield from at or links
        for line in note.lines():
            for field in line.fields:
                if field.span.start <= selected.end and selected.start <= field.span.end:
                    yield from field.links

    def _statement(self, inverse: str, path: str, entity: str) -> InverseStatement | None:
        """The line by which a note would state the inverse; None if it does so, or cannot."""
        key, note = vault_words(self.edited.state.vault).key(inverse), self.edited.state.note(path)
        if not key or note is None or self._is_stated(note, inverse, entity):
            return None
        index = self.edited.state.index
        link = f"[[{index.link_text(self.edited.path, path)}]]"
        edit = _edit(note, key, f'"{link}"')
        if edit is None:
            return None
        after = changed_note(self.edited, path, [edit])
        if after is None or len(after.findings) > len(note.findings) or not self._states(after, inverse):
            return None
        before, targets = (Counter(row.target for row in each.links()) for each in (note, after))
        is_kept = before <= targets and (targets - before).total() == 1
        return InverseStatement(path, key, link, edit) if is_kept else None

    def _is_stated(self, note: Note, inverse: str, entity: str) -> bool:
        """Whether a note states the inverse: as its text has it, or as the graph has it of its text."""
        own = self.edited.state.index.entity(self.edited.path)
        names, store = self.edited.state.vault.names, self.edited.state.vault.store
        terms = (ox.NamedNode(term) for term in (entity, inverse, own, names.path(note.path)))
        return self._states(note, inverse) or store.has(*terms)

    def _states(self, note: Note, inverse: str) -> bool:
        """Whether a property or a field of a note leads to the note in the editor."""
        ontology, index = self.edited.state.vault.ontology, self.edited.state.index
        rows = [(prop.key, link) for prop in note.properties for link in _links_in(note, prop)]
        rows += [(field.key, link) for line in note.lines() for field in line.fields for link in field.links]
        return any(
            index.resolve(link, note.path).path == self.edited.path
            and any(prop.iri == inverse for prop in ontology.properties_named(key))
            for key, link in rows
        )


def _links_in(note: Note, prop: Property) -> list[Link]:
    return [link for value in note.values() for link in value.links if _is_in(link.span, prop.value.span)]


def _is_in(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _edit(note: Note, key: str, value: str) -> SpanText | None:
    """Write a value into the front matter of a note: into the list of the key, or as a new key."""
    data, end = note.source.data, new_line(note)
    present = next((prop for prop in note.properties if name_key(prop.key) == name_key(key)), None)
    if present is None:
        head = FRONT_MATTER.match(note.source.text)
        is_read = bool(note.properties) or not (head and head[0][3 : head[0].rindex("---")].strip())
        return in_front_matter(note, f"{key}: {value}") if is_read else None
    return _added(data, present, value, end)


def _added(data: bytes, prop: Property, value: str, end: str) -> SpanText | None:
    """Add a value to those of a key."""
    span, children = prop.value.span, prop.value.children
    if prop.value.kind == "null":
        colon = data.find(b":", prop.span.end)
        return SpanText(Span(colon + 1, colon + 1), f" {value}")
    if prop.value.kind == "map":
        return None
    if prop.value.kind != "list":
        written = data[span.start : span.end].decode()
        return SpanText(span, f"[{written}, {value}]") if "\n" not in written and written[0] not in "|>" else None
    if data[span.start : span.start + 1] == b"[":
        close = span.end - 1
        return SpanText(Span(close, close), f", {value}" if children else value)
    if not children:
        return None
    last = children[-1].span
    start = data.rfind(b"\n", 0, last.start) + 1
    mark = data[start : last.start]
    if mark.strip() != b"-" or b"\n" in data[last.start : last.end].strip():
        return None
    stop = data.find(b"\n", last.end)
    stop = len(data) if stop < 0 else stop - (data[stop - 1 : stop] == b"\r")
    return SpanText(Span(stop, stop), f"{end}{mark.decode()}{value}")
