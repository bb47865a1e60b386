"""One thing: its text, its properties and why they hold, its links and backlinks, its neighbours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.analysis.entity import EntitySection, EntityStatement, Portrait, StatementGroup, portrait
from kg.core.findings import Finding
from kg.notes.sentences import Sentences
from kg.notes.vault import read_note
from kg.rdf.canonical import parsed_term
from kg.rdf.vocabulary import LINKS_TO, MENTIONS, PREF_LABEL, TYPE
from kg.reasoning.explanation import Explanation
from kg.reasoning.source_lines import SourceLine
from kg.views.note_text import NoteText, note_text
from kg.views.open_vault import OpenVault, Shown
from kg.views.problems import findings_of

SOME = 100
"""How many statements of each kind are shown."""
_EXPLAINED = 40
"""The most inferred statements that are explained: each needs a derivation."""
_NEIGHBOURS = 24
_LINKS = frozenset((LINKS_TO.value, MENTIONS.value))
_ABOVE = frozenset((TYPE.value, PREF_LABEL.value))
"""The properties that stand above the text."""


class ShownStatement(NamedTuple):
    """A statement about a thing, with the lines that make it, or the reason why it was inferred."""

    property: Shown
    value: Shown
    """The thing or the text at the other end."""
    lines: tuple[SourceLine, ...] = ()
    is_inferred: bool = False
    why: Explanation | None = None


class Backlink(NamedTuple):
    """A thing that leads here, by which properties, and the sentence around its first link."""

    source: Shown
    properties: tuple[Shown, ...] = ()
    """The properties by which it leads here, without mere links."""
    lines: tuple[SourceLine, ...] = ()
    sentence: str = ""


class LinkedThing(NamedTuple):
    """A thing that a property connects with this one."""

    thing: Shown
    property: Shown
    is_outgoing: bool


@dataclass(frozen=True)
class ThingView:
    """What a page shows of a thing."""

    thing: Shown
    path: str
    """The note that describes it; empty if none does."""
    classes: tuple[Shown, ...]
    text: NoteText | None
    plain_text: str
    """The text as the store has it, for a thing whose note cannot be shown as it is written."""
    findings: tuple[Finding, ...]
    """What `kg validate` reports in its note."""
    sections: tuple[EntitySection, ...]
    properties: tuple[ShownStatement, ...]
    properties_total: int
    links: tuple[ShownStatement, ...]
    links_total: int
    backlinks: tuple[Backlink, ...]
    backlinks_total: int
    neighbours: tuple[LinkedThing, ...]


def thing_view(vault: OpenVault, name: str, limit: int = SOME) -> ThingView:
    """The view of a thing by its name or IRI, with up to `limit` statements of each kind. Raises NotFound, KgError."""
    return _Viewer(vault, portrait(vault.explainer, name, limit, twins=False)).view()


@dataclass(frozen=True)
class _Viewer:
    vault: OpenVault
    portrait: Portrait

    @property
    def node(self) -> ox.NamedNode:
        return ox.NamedNode(self.portrait.thing)

    def view(self) -> ThingView:
        shown = self.portrait
        return ThingView(
            self.vault.show(self.node),
            shown.path,
            tuple(self._classes()),
            note_text(self.vault, self.node),
            shown.text,
            findings_of(self.vault, shown.path) if shown.path else (),
            shown.headings,
            tuple(row for row in self._statements(shown.properties) if row.property.iri not in _ABOVE),
            shown.properties.total,
            tuple(self._statements(shown.links)),
            shown.links.total,
            tuple(self._backlinks()),
            shown.backlinks.total,
            tuple(self._neighbours())[:_NEIGHBOURS],
        )

    def _classes(self) -> Iterator[Shown]:
        """The classes that the ontology or a note of the vault means, the most specific first."""
        ontology, kind = self.vault.ontology, self.vault.kind(self.node)
        classes = {str(row.object)[1:-1] for row in self.vault.store.triples(self.node, TYPE, None)}
        known = {class_ for class_ in classes if not ontology.is_structural(class_)}
        known = {class_ for class_ in known if self.vault.is_named(ox.NamedNode(class_))}
        for class_ in sorted(known, key=lambda iri: (iri != kind, ontology.label(iri))):
            yield self.vault.show(ox.NamedNode(class_))

    # ---- statements --------------------------------------------------------------------------------------------------

    def _statements(self, group: StatementGroup) -> Iterator[ShownStatement]:
        reasons = self._reasons(group.shown)
        for statement in group.shown:
            yield ShownStatement(
                self._property(statement),
                self._end(statement),
                statement.lines,
                statement.inferred,
                reasons.get(self._triple(statement)),
            )

    def _reasons(self, statements: Iterable[EntityStatement]) -> dict[ox.Triple, Explanation]:
        """Why inferred statements hold; one without a derivation is left out."""
        triples = [self._triple(statement) for statement in statements if statement.inferred][:_EXPLAINED]
        explainer = self.vault.explainer

        def explained() -> dict[ox.Triple, Explanation]:
            steps = filter(None, map(explainer.derivations.of, triples))
            return {explanation.triple: explanation for explanation in explainer.explained(steps)}

        return explainer.apart(explained) if triples else {}

    def _triple(self, statement: EntityStatement) -> ox.Triple:
        return ox.Triple(self.node, ox.NamedNode(statement.predicate), parsed_term(statement.term))

    def _property(self, statement: EntityStatement) -> Shown:
        return self.vault.show(ox.NamedNode(statement.predicate))

    def _end(self, statement: EntityStatement) -> Shown:
        return self.vault.show(parsed_term(statement.term))

    # ---- what leads here ---------------------------------------------------------------------------------------------

    def _backlinks(self) -> Iterator[Backlink]:
        """Each thing that leads here once; links come first, since their sentences say most."""
        rows: dict[str, list[EntityStatement]] = {}
        is_structural = self.vault.ontology.is_structural
        elsewhere = (row for row in self.portrait.elsewhere.shown if not is_structural(row.predicate))
        for statement in (*self.portrait.backlinks.shown, *elsewhere):
            rows.setdefault(statement.term, []).append(statement)
        for statements in rows.values():
            told = [self._property(row) for row in statements if row.predicate not in _LINKS]
            lines = next((row.lines for row in statements if row.lines), ())
            sentence = self._sentence(lines[0]) if lines else ""
            yield Backlink(self._end(statements[0]), tuple(dict.fromkeys(told)), lines, sentence)

    def _sentence(self, line: SourceLine) -> str:
        if line.path not in self._notes:
            config = self.vault.config
            note, _ = read_note(line.path, config.place(line.path), config)
            self._notes[line.path] = Sentences(note) if note else None
        sentences = self._notes[line.path]
        return (sentences.at(line.line, line.column) if sentences else None) or line.text

    @cached_property
    def _notes(self) -> dict[str, Sentences | None]:
        return {}

    # ---- neighbours --------------------------------------------------------------------------------------------------

    def _neighbours(self) -> Iterator[LinkedThing]:
        """The things around it, each once, by its most telling property: one of the ontology before a mere link."""
        groups = self.portrait
        rows = [(statement, True) for statement in (*groups.properties.shown, *groups.links.shown)]
        rows += [(statement, False) for statement in (*groups.elsewhere.shown, *groups.backlinks.shown)]
        rows.sort(key=lambda row: (row[0].predicate == LINKS_TO.value, row[0].inferred))
        seen = {self.node.value}
        for statement, is_outgoing in rows:
            end = self._end(statement)
            if end.iri and end.iri not in seen and (end.kind or end.is_missing) and statement.predicate != TYPE.value:
                seen.add(end.iri)
                yield LinkedThing(end, self._property(statement), is_outgoing)
