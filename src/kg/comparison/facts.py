"""Compare what two states assert and infer, note by note.

A fact is a triple about a thing. What only records how a file is laid out is none: its path and digest, the order of
its sections, the words of its text. Whitespace in a text is no difference either, so lines may be wrapped anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.comparison.renames import Renaming
from kg.comparison.state import ComparedState
from kg.ingestion.affected import affected_notes
from kg.rdf.terms import KG
from kg.rdf.vocabulary import (
    DEFAULT_GRAPH,
    INFERRED_GRAPH,
    LABEL,
    LABELS,
    MISSING,
    ONTOLOGY_GRAPH,
    PREF_LABEL,
    TYPE,
    iri_of,
)
from kg.reasoning.other_vocabularies import follows_across

LAYOUT = frozenset(
    {
        LABEL.value,
        *(KG + name for name in ("path", "contentHash", "wordCount", "describes", "hasSection", "hasBlock")),
        *(KG + name for name in ("heading", "level", "order", "lists", "mentions", "text", "nearlyNamed")),
    }
)
"""The properties that record how a file is laid out, or repeat a link of the whole note; and `rdfs:label`, which only
properties have.
"""


MARK = " (missing)"
"""Follows the name of a thing that no note describes."""


class Fact(NamedTuple):
    """A triple with the names of its terms."""

    triple: ox.Triple
    words: tuple[str, str, str]

    def as_json(self) -> dict[str, Any]:
        """The fact as a JSON object: the names of its terms, and the terms."""
        terms = (self.triple.subject, self.triple.predicate, self.triple.object)
        names = zip(("subject", "predicate", "object"), self.words, strict=True)
        return {**dict(names), "triple": [str(term) for term in terms]}


class ChangedValue(NamedTuple):
    """A property of a thing whose value is another one."""

    before: Fact
    after: Fact


@dataclass(frozen=True)
class NoteChange:
    """What a note asserts now and did not, and what no longer."""

    before: str
    """The earlier path; empty for a new note."""
    after: str
    """The later path; empty for a note that is gone."""
    changed: tuple[ChangedValue, ...]
    added: tuple[Fact, ...]
    removed: tuple[Fact, ...]
    is_edited: bool
    """Whether the file has changed; a fact of an unchanged note changes with the notes that it links to."""

    @property
    def path(self) -> str:
        """The later path, or the earlier one of a note that is gone."""
        return self.after or self.before

    @property
    def has_facts(self) -> bool:
        """Whether any fact differs."""
        return bool(self.changed or self.added or self.removed)


@dataclass(frozen=True)
class FactComparison:
    """Compares the facts of two states."""

    before: ComparedState
    after: ComparedState
    renaming: Renaming

    def notes(self) -> list[NoteChange]:
        """The notes that were edited, moved, made or removed, and those with other facts, by path."""
        changes = [self._change(old, new) for old, new in self._pairs()]
        return sorted((change for change in changes if change.is_edited or change.has_facts), key=_path)

    def _pairs(self) -> Iterable[tuple[str, str]]:
        """The earlier and the later path of each note that may have changed."""
        before, after, moved = self.before.ledger.entries, self.after.ledger.entries, self.renaming.paths
        yield from moved.items()
        yield from ((path, "") for path in before.keys() - after.keys() - moved.keys())
        yield from (("", path) for path in after.keys() - before.keys() - set(moved.values()))
        yield from ((path, path) for path in before.keys() & after.keys() & self._possible)

    def quads(self) -> tuple[list[ox.Quad], list[ox.Quad]]:
        """The quads that only the earlier state has, and those that only the later one has, sorted."""
        removed, added = set[ox.Quad](), set[ox.Quad]()
        before, after = self.before.ledger.entries, self.after.ledger.entries
        for path in (before.keys() ^ after.keys()) | (before.keys() & self._possible):
            was, now = set(self.before.triples(path)), set(self.after.triples(path))
            removed |= _quads(was - now, ox.NamedNode(self.before.names.path(path)))
            added |= _quads(now - was, ox.NamedNode(self.after.names.path(path)))
        lines = self._inferred
        conclusions = set(_parsed(lines[0] - lines[1])), set(_parsed(lines[1] - lines[0]))
        axioms = self.before.graph(ONTOLOGY_GRAPH), self.after.graph(ONTOLOGY_GRAPH)
        for graph, (was, now) in ((INFERRED_GRAPH, conclusions), (ONTOLOGY_GRAPH, axioms)):
            removed |= _quads(was - now, graph)
            added |= _quads(now - was, graph)
        touched = {quad.triple for quad in removed | added}
        was, now = ({triple for triple in touched if _holds(state, triple)} for state in (self.before, self.after))
        removed |= _quads(was - now, DEFAULT_GRAPH)
        added |= _quads(now - was, DEFAULT_GRAPH)
        return sorted(removed, key=str), sorted(added, key=str)

    @cached_property
    def _possible(self) -> set[str]:
        """The notes of the later state that may assert something else."""
        before, after = self.before, self.after
        if before.ledger.settings != after.ledger.settings:
            return set(after.ledger.entries)
        old, new = before.ledger.digests, after.ledger.digests
        differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
        differing |= before.ledger.entries.keys() ^ after.ledger.entries.keys()
        return (
            differing | affected_notes(before.ledger, after.ledger, differing, after.names) | self._labelling(differing)
        )

    def _labelling(self, differing: Iterable[str]) -> set[str]:
        """The notes that name a thing which a differing note names, too: the first of them gives its label."""
        terms = {
            label.term
            for state in (self.before, self.after)
            for path in differing
            if path in state.ledger.entries
            for label in state.ledger.entries[path].labels
        }
        labels = (state.ledger.entries.labels(term) for state in (self.before, self.after) for term in terms)
        return {path for row in labels for path in row}

    def _change(self, old: str, new: str) -> NoteChange:
        renaming = self.renaming
        was = {_key(found := renaming.triple(triple)): (triple, found) for triple in self.before.triples(old)}
        now = {_key(triple): triple for triple in self.after.triples(new)}
        gone = [self._fact(self.before, triple) for key, (triple, _) in was.items() if key not in now]
        come = [self._fact(self.after, triple) for key, triple in now.items() if key not in was]
        removed = [fact for fact in gone if fact and not self._names(fact, self.after, renaming)]
        added = [fact for fact in come if fact and not self._names(fact, self.before, renaming.back)]
        changed, added, removed = _paired(added, removed, renaming)
        is_edited = old != new or self.before.digest(old) != self.after.digest(new)
        return NoteChange(
            old,
            new,
            tuple(sorted(changed, key=lambda pair: _words(pair.after))),
            tuple(sorted(added, key=_words)),
            tuple(sorted(removed, key=_words)),
            is_edited,
        )

    def _names(self, fact: Fact, other: ComparedState, renaming: Renaming) -> bool:
        """Whether a fact only names a thing that has come, gone or moved, or gives its class, which is said once."""
        subject, predicate = fact.triple.subject, fact.triple.predicate
        if predicate in LABELS and subject in renaming.things:
            return True
        return predicate in {TYPE, PREF_LABEL} and not other.store.has(renaming.term(subject), PREF_LABEL, None)

    def _fact(self, state: ComparedState, triple: ox.Triple) -> Fact | None:
        """A triple of a state as a fact; None if it only records the layout of a file."""
        if triple.predicate.value in LAYOUT or not state.is_thing(triple.subject):
            return None
        if triple.predicate == TYPE and state.ontology.is_structural(iri_of(triple.object)):
            return None
        subject, predicate, obj = state.explainer.words(triple)
        if state.store.has(triple.object, TYPE, MISSING):
            obj += MARK
        return Fact(triple, (subject, predicate, obj))

    # ---- what follows ----------------------------------------------------------------------------------------------

    def follows(self) -> tuple[list[ox.Triple], list[ox.Triple]]:
        """The triples that hold newly by inference, and those that no longer hold, each with the names of its state."""
        before, after, renaming = self.before, self.after, self.renaming
        lines = self._inferred
        was = {renaming.triple(triple): triple for triple in _parsed(lines[0] - lines[1])}
        now = set(_parsed(lines[1] - lines[0]))
        come = [triple for triple in now - was.keys() if not _holds(before, renaming.back.triple(triple))]
        gone = [was[triple] for triple in was.keys() - now if not _holds(after, triple)]
        return self._told(after, come), self._told(before, gone)

    @cached_property
    def _inferred(self) -> list[set[bytes]]:
        """All inferred triples of both states, as lines of N-Triples: of most, nothing else is needed."""
        with ThreadPoolExecutor(2) as threads:
            dumps = threads.map(lambda state: state.store.dump(INFERRED_GRAPH), (self.before, self.after))
            return [set(text.splitlines(keepends=True)) for text in dumps]

    def _told(self, state: ComparedState, triples: Iterable[ox.Triple]) -> list[ox.Triple]:
        """The triples about things, without those that repeat another in the terms of another vocabulary."""
        told = (
            triple
            for triple in triples
            if triple.predicate.value not in LAYOUT
            and state.is_thing(triple.subject)
            and not follows_across(state.store, triple)
        )
        return sorted(told, key=lambda triple: (*state.explainer.words(triple), str(triple)))


def _quads(triples: Iterable[ox.Triple], graph: ox.NamedNode | ox.DefaultGraph) -> set[ox.Quad]:
    return {ox.Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples}


def _parsed(lines: Iterable[bytes]) -> Iterator[ox.Triple]:
    return (quad.triple for quad in ox.parse(b"".join(lines), ox.RdfFormat.N_TRIPLES))


def _holds(state: ComparedState, triple: ox.Triple) -> bool:
    return state.store.has(triple.subject, triple.predicate, triple.object)


def _key(triple: ox.Triple) -> object:
    """A triple, or what stays the same of it if the whitespace of its text changes."""
    obj = triple.object
    if isinstance(obj, ox.Literal) and any(sign in obj.value for sign in " \n\t"):
        return triple.subject, triple.predicate, " ".join(obj.value.split()), obj.datatype, obj.language
    return triple


def _paired(
    added: list[Fact], removed: list[Fact], renaming: Renaming
) -> tuple[list[ChangedValue], list[Fact], list[Fact]]:
    """Put together what a property of a thing was and is, where it has one value in both states."""
    rows: dict[tuple[object, object], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
    for fact in removed:
        rows[renaming.term(fact.triple.subject), fact.triple.predicate][0].append(fact)
    for fact in added:
        rows[fact.triple.subject, fact.triple.predicate][1].append(fact)
    changed = [ChangedValue(old[0], new[0]) for old, new in rows.values() if len(old) == len(new) == 1]
    paired = {id(fact) for pair in changed for fact in pair}
    added, removed = ([fact for fact in facts if id(fact) not in paired] for facts in (added, removed))
    return changed, added, removed


def _words(fact: Fact) -> tuple[str, ...]:
    return (*fact.words, str(fact.triple))


def _path(change: NoteChange) -> str:
    return change.path
