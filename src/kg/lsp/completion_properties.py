"""Completion of properties: keys that fit the class of a note, and values by what the property expects."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.lsp.completion_items import CompletionPlace, Proposal, RankedProposal, fitting
from kg.lsp.completion_links import LinkProposals
from kg.lsp.completion_names import LIMIT, name_table
from kg.lsp.completion_vocabulary import VaultWords
from kg.mapping.ontology import OntologyProperty, name_key
from kg.notes.kinds import CLASS_KEYS, kinds
from kg.rdf.terms import XSD
from kg.rdf.vocabulary import LABELS, Term

_KINDS = lsp.CompletionItemKind
_OBSIDIAN = {
    "tags": "the tags of the note",
    "aliases": "other names of the note",
    "cssclasses": "the classes of CSS with which Obsidian shows the note",
}
_FORMER = {"tag", "alias", "cssclass"}
"""The names under which Obsidian no longer reads its properties."""
_PLAIN = re.compile(r"[^\W\d_][\w ()/.+-]*\Z")
"""The texts that YAML reads as text without quotes."""
_WORDS_OF_YAML = {"true", "false", "null", "yes", "no", "on", "off"}
_DATES = {XSD + "date": "date", XSD + "dateTime": "datetime"}


@dataclass(frozen=True)
class PropertyProposals:
    """What can be offered as the key or the value of a property."""

    place: CompletionPlace
    words: VaultWords

    # ---- keys --------------------------------------------------------------------------------------------------------

    def keys(self) -> list[RankedProposal]:
        """The keys: those of properties of the note's class, those that are used, those of Obsidian, all others."""
        is_field = self.place.context.kind == "field"
        present = set() if is_field else {name_key(prop.key) for prop in self.place.edited.note.properties}
        present |= set() if is_field else set(map(name_key, self._written_keys()))
        rows = [proposal for proposal in self._keys() if name_key(proposal.label) not in present]
        typed = self.place.context.typed
        others = list(self._other_keys()) if typed.strip() else []
        alternatives = [row._replace(rank=1) for row in fitting(typed, others, worst=0)]
        return [*fitting(typed, rows, worst=0 if is_field else 3), *alternatives]

    def _written_keys(self) -> Iterator[str]:
        """The keys of the front matter as its lines have them, which may be no YAML yet."""
        lines, number = self.place.line.lines, self.place.line.number
        for place, text in enumerate(lines[1:], 1):
            if text.startswith("---"):
                return
            if place != number and not text.startswith((" ", "\t", "-")) and ":" in text:
                yield text.partition(":")[0].strip("\"' ")

    def _keys(self) -> Iterator[Proposal]:
        ontology, uses = self.words.vault.ontology, self.words.uses
        above = {name for class_ in self._classes for name in ontology.superclasses(class_)}
        declared = [prop for prop in ontology.properties.values() if not ontology.is_structural(prop.iri)]
        declared.sort(key=lambda prop: (not prop.domains & above, -uses.get(prop.iri, 0), prop.iri))
        own = sorted(self.words.own_keys, key=lambda iri: (-uses.get(iri, 0), iri))
        fitting_ = [prop.iri for prop in declared if prop.domains & above]
        rest = [prop.iri for prop in declared if not prop.domains & above]
        used = sorted([*own, *(iri for iri in rest if uses.get(iri))], key=lambda iri: -uses.get(iri, 0))
        is_field = self.place.context.kind == "field"
        yield from () if is_field else self._type_key()
        yield from filter(None, map(self._key, [*fitting_, *used]))
        for key, text in {} if is_field else _OBSIDIAN.items():
            yield Proposal(key, key, _KINDS.Property, text)
        yield from filter(None, map(self._key, (iri for iri in rest if not uses.get(iri))))

    def _other_keys(self) -> Iterator[Proposal]:
        """The alternative labels of the properties."""
        ontology = self.words.vault.ontology
        for prop in sorted(ontology.properties):
            key = "" if ontology.is_structural(prop) else self.words.key(prop)
            for name in sorted({*self.words.other_keys(prop)} - _FORMER) if key else ():
                yield Proposal(name, name, _KINDS.Property, f"= {key}", documentation=self.words.comment(prop))

    @staticmethod
    def _type_key() -> Iterator[Proposal]:
        yield Proposal("type", "type", _KINDS.Property, "the class of what the note is about")

    def _key(self, prop: str) -> Proposal | None:
        key = self.words.key(prop)
        if not key:
            return None
        ontology, uses = self.words.vault.ontology, self.words.uses.get(prop, 0)
        declared = ontology.properties.get(prop)
        ranges = sorted(filter(None, map(ontology.label, declared.ranges))) if declared else []
        detail = f"→ {' or '.join(ranges)}" if ranges else ""
        used = _used(uses) if uses else ""
        return Proposal(key, key, _KINDS.Property, detail, used, self.words.comment(prop))

    @cached_property
    def _classes(self) -> frozenset[str]:
        """The classes of the note: those that it names, those that the graph has, else the default class."""
        vault, note = self.words.vault, self.place.edited.note
        named = {class_ for word, _ in kinds(note) if (class_ := vault.ontology.class_named(word))}
        if not named:
            outline = self.place.edited.state.index.outlines.get(self.place.edited.path)
            named = {vault.kind(ox.NamedNode(outline.entity))} - {""} if outline else set()
        default = vault.ontology.class_named(vault.config.default_class)
        return frozenset(named or filter(None, [default]))

    # ---- values ------------------------------------------------------------------------------------------------------

    def values(self) -> tuple[list[RankedProposal], bool]:
        """The values of the key of the context, and whether there may be more."""
        key, typed = self.place.context.key, self.place.context.typed
        low = key.lower() if self.place.context.kind == "value" else ""
        if low == "tags":
            return fitting(typed.removeprefix("#"), self._tags()), False
        if low in CLASS_KEYS:
            return fitting(typed, self._class_names()), False
        props = self.words.vault.ontology.properties_named(key)
        things, has_more = self._things(props)
        proposals = [*self._constants(key, props), *self._used(key, props)]
        return [*things, *fitting(typed, proposals)], has_more

    def tags(self) -> list[RankedProposal]:
        """The tags that fit, with their `#`."""
        return fitting(self.place.context.typed, self._tags("#"))

    def _tags(self, mark: str = "") -> list[Proposal]:
        drafts = self.place.edited.state.drafts.values()
        written = (
            tag.name
            for d in drafts
            if d.note and d.path != self.place.edited.path
            for line in d.note.lines()
            for tag in line.tags
        )
        used = {word.text.casefold(): word for word in self.words.tags}
        new = [name for name in dict.fromkeys(written) if name.casefold() not in used]
        rows = [(word.text, f"{word.uses:,}") for word in self.words.tags] + [(name, "") for name in new]
        return [Proposal(f"#{text}", f"{mark}{text}", _KINDS.Keyword, "", uses, match=text) for text, uses in rows]

    def _class_names(self) -> list[Proposal]:
        ontology = self.words.vault.ontology
        rows = []
        for class_ in ontology.classes:
            label = ontology.label(class_)
            if label and not ontology.is_structural(class_) and ontology.class_named(label) == class_:
                rows.append((label.casefold(), label, class_))
        return [self._text(label, _KINDS.Class, self.words.comment(iri)) for _, label, iri in sorted(rows)]

    def _things(self, props: Iterable[OntologyProperty]) -> tuple[list[RankedProposal], bool]:
        """Links to the things of the classes to which a property leads, and whether there may be more."""
        leading = [prop for prop in props if prop.kind in {"object", "any"}]
        if not leading:
            return [], False
        links, state = LinkProposals(self.place, self.words), self.place.edited.state
        typed = self.place.context.typed
        names, has_more = name_table(state).fitting(typed, links.may_expect, links.expected(leading))
        rows = []
        for row in names:
            text = state.index.link_text(row.name.path, self.place.edited.path)
            shown = f"{text}|{row.name.text}" if row.name.is_alias else text
            proposal = self._link(row.name.text, shown, f"{self.words.class_label(row.name.kinds)} · {row.name.path}")
            rank = row.rank + (row.name.is_alias and not typed.strip())
            rows.append(RankedProposal(rank, proposal))
        return [*rows, *fitting(typed, self._members(self.words.ranges(leading)))], has_more

    def _members(self, classes: frozenset[str]) -> Iterator[Proposal]:
        """The things of some classes, as the graph has them: those of notes, and those that their names identify."""
        index = self.place.edited.state.index
        for member in self.words.members(classes):
            if member.path in index.outlines:
                yield self._link(member.label, index.link_text(member.path, self.place.edited.path), member.path)
            elif not member.path and member.is_known_by_name:
                yield self._text(member.label, _KINDS.Value, "")

    def _constants(self, key: str, props: Iterable[OntologyProperty]) -> Iterator[Proposal]:
        """The values that the type of a property has: what shapes allow, true and false, today's date."""
        type_ = self.place.edited.state.settings.types.get(key.lower(), "")
        for prop in props:
            for term in self.words.allowed(prop.iri):
                yield from self._term(term, _KINDS.EnumMember, "allowed by a shape")
            type_ = "checkbox" if XSD + "boolean" in prop.ranges else type_
            type_ = next((kind for name, kind in _DATES.items() if name in prop.ranges), type_)
        if type_ == "checkbox":
            yield from (Proposal(word, word, _KINDS.Constant) for word in ("true", "false"))
        now = datetime.now().astimezone()
        if type_ in {"date", "datetime"}:
            today = f"{now:%Y-%m-%d}" if type_ == "date" else f"{now:%Y-%m-%dT%H:%M:%S}"
            yield Proposal(today, today, _KINDS.Constant, "today" if type_ == "date" else "now")

    def _used(self, key: str, props: Iterable[OntologyProperty]) -> Iterator[Proposal]:
        """The values that other notes give the property."""
        names = [prop.iri for prop in props if prop.kind != "object"] if props else []
        for prop in names or ([] if props else [self.words.vault.names.property(key)]):
            for term, uses in self.words.values(prop)[:LIMIT]:
                yield from self._term(term, _KINDS.Value, _used(uses))

    # ---- forms -------------------------------------------------------------------------------------------------------

    def _term(self, term: Term, kind: lsp.CompletionItemKind, detail: str) -> Iterator[Proposal]:
        if isinstance(term, ox.Literal) and any(map(str.isalnum, term.value)):
            yield self._text(
                term.value, kind, "", detail, is_text=term.datatype.value.endswith(("tring", "langString"))
            )
        elif isinstance(term, ox.NamedNode) and (path := self.words.path(term)):
            text = self.place.edited.state.index.link_text(path, self.place.edited.path)
            yield self._link(next(self.words.vault.store.literals(term, *LABELS), text), text, f"{detail} · {path}")

    def _link(self, label: str, text: str, detail: str) -> Proposal:
        """A link as a value: in the front matter in quotes."""
        quoted = f'"[[{text}]]"' if self.place.context.quote == "missing" else f"[[{text}]]"
        return Proposal(label, quoted, _KINDS.Reference, detail.strip(" ·"))

    def _text(
        self, text: str, kind: lsp.CompletionItemKind, comment: str, detail: str = "", *, is_text: bool = True
    ) -> Proposal:
        """A text as a value: in the front matter in quotes, if it needs them."""
        context, written = self.place.context, text
        is_plain = bool(_PLAIN.match(text)) and text.lower() not in _WORDS_OF_YAML and text == text.strip()
        if context.quote == "missing" and is_text and not is_plain:
            written = json.dumps(text, ensure_ascii=False)
        elif context.quote == '"':
            written = json.dumps(text, ensure_ascii=False)[1:-1]
        elif context.quote == "'":
            written = text.replace("'", "''")
        return Proposal(text, written, kind, detail, documentation=comment)


def _used(uses: int) -> str:
    return f"{uses:,} use{'' if uses == 1 else 's'}"
