"""The state of the notes from one ingest to the next: enough to determine what a change means for other notes.

It is two files beside the quads of a generation, and published with them: a table of the notes (see `note_table`),
which later generations share, and what has changed since the table was written. So an ingest writes what it touches;
when many notes have changed, it writes a new table. The sizes and times of the files are stored apart: they are a hint
that saves reading, and content decides.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from kg.core.errors import StateDamaged
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import Finding, of_file
from kg.core.text import letters_and_digits
from kg.mapping.link_resolution import LinkClass
from kg.mapping.structural_terms import ALT_LABEL, Label
from kg.rdf.iris import Names
from kg.rdf.terms import Row, literal
from kg.store.listed_headings import with_headings_once
from kg.store.note_entries import (
    ID,
    LABELLED,
    Bad,
    FindingFields,
    Notes,
    StoredEntry,
    fields_of,
    finding_of,
    read_entries,
    written,
)
from kg.store.note_table import DAMAGE, NoteTable, compact
from kg.store.note_table import FILE as TABLE

FILE = "notes.json"
_MOST_CHANGED = 200
"""The number of changed notes for which a new table is written; in a large vault, 2 % of its notes."""

Missing = Mapping[str, tuple[str, int]]
"""The missing things by IRI: their names, and the number of links to them."""


class Tally(NamedTuple):
    """What is counted over all notes."""

    links: Mapping[LinkClass, int]
    canvases: int
    shared: tuple[Finding, ...]
    """A finding for each note whose `id` a note with an earlier path has too."""

    @classmethod
    def of(cls, notes: Notes) -> "Tally":
        """Count all notes."""
        return cls({}, 0, ()).after(Notes(notes.names), notes, notes)

    def after(self, before: Notes, notes: Notes, differing: Iterable[str]) -> "Tally":
        """The tally of notes that differ from those that were counted."""
        links, canvases = Counter(self.links), self.canvases
        ids: set[str] = set()
        for state, sign in ((before, -1), (notes, 1)):
            for entry in (state[path] for path in differing if path in state):
                links.update({kind: sign * number for kind, number in entry.links.items()})
                canvases += sign * (entry.card.kind == "canvas")
                ids.update([entry.card.id] if entry.card.id else ())
        shared = [f for f in self.shared if f.path in before and before[f.path].card.id not in ids]
        shared += [finding for id_ in sorted(ids) for finding in _shared(notes, id_)]
        return Tally({kind: number for kind, number in links.items() if number}, canvases, tuple(shared))


def _shared(notes: Notes, id_: str) -> Iterator[Finding]:
    first, *others = notes.under(ID + id_) or [""]
    for path in others:
        if place := notes[path].card.id_place:
            yield of_file(path, "P05", f"{first} has the id “{id_}” too", *place)


@dataclass(frozen=True)
class IngestState:
    """The state of a vault. A `bad` file that was a note before also keeps its last good entry."""

    settings: str
    """A digest of everything but the files: the version, the ontology, the settings in kg.toml."""
    entries: Notes
    bad: Mapping[str, Bad]
    attachments: tuple[str, ...]
    ignored: tuple[str, ...]
    device: int = 0
    """The number of the vault's file system; 0 if unknown."""
    missing: Missing | None = None
    """The missing things in the store; None if they are not counted yet."""
    before: "IngestState | None" = field(default=None, repr=False, compare=False)
    """The state that this one was made from, if they have a table in common."""
    counted: Tally | None = field(default=None, repr=False, compare=False)

    @cached_property
    def tally(self) -> Tally:
        """What is counted over all notes."""
        if self.counted:
            return self.counted
        if self.before is None:
            return Tally.of(self.entries)
        before = self.before.entries
        return self.before.tally.after(before, self.entries, self.entries.differing(before))

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The digests of the files as they were read, by path."""
        return self.entries.digests | {path: record.digest for path, record in self.bad.items()}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in all files; in a bad file, only the current findings."""
        good = (found for path, found in self.entries.findings().items() if path not in self.bad)
        bad = (record.findings for record in self.bad.values())
        return (*with_headings_once([*chain.from_iterable((*good, *bad))]), *self.tally.shared)

    def findings_of(self, path: str) -> tuple[Finding, ...]:
        """The findings in one file; in a bad file, only the current findings."""
        return self.bad[path].findings if path in self.bad else self.entries[path].findings

    def label_rows(self, terms: frozenset[str] | None = None) -> dict[str, list[Row]]:
        """The label triples of each note, by path; if several notes label a thing, the first note by path counts.

        A title that differs from the first is an alternative label. `terms` restricts the things.
        """
        first: dict[tuple[str, str], str] = {}
        by_path: dict[str, list[Row]] = {}
        for path, labels in sorted(self._labels(terms), key=itemgetter(0)):
            by_path.setdefault(path, []).extend(_label_rows(labels, first))
        return {path: list(dict.fromkeys(rows)) for path, rows in by_path.items() if rows}

    def _labels(self, terms: frozenset[str] | None) -> Iterator[tuple[str, Sequence[Label]]]:
        """The labels of things to which no note gives a preferred label itself, by note."""
        if terms is None:
            labelled = {term for entry in self.entries.values() for term in entry.labelled}
            for path, entry in self.entries.items():
                yield path, tuple(label for label in entry.labels if label.term not in labelled)
            return
        for term in terms:
            if not self.entries.under(LABELLED + term):
                yield from self.entries.labels(term).items()

    def files(self, published: Path | None = None) -> dict[str, str | bytes | Path]:
        """The files of the state; a path is that of a file of the `published` generation, to link."""
        if self.entries.table and published and self._changes <= max(_MOST_CHANGED, len(self.entries) // 50):
            return {TABLE: published / TABLE, FILE: _text(self._stored(self.entries.table))}
        data = self.entries.content(self._files.items(), self.missing or {}).table()
        return {TABLE: data, FILE: _text(self._stored_whole(crc32(data)))}

    @property
    def _changes(self) -> int:
        return len(self.entries.changed) + len(self.entries.gone)

    @property
    def _files(self) -> dict[str, bool]:
        """The other files than notes, and whether they are ignored."""
        return {**dict.fromkeys(self.attachments, False), **dict.fromkeys(self.ignored, True)}

    def _stored_whole(self, table: int) -> "_StateFile":
        """What is stored beside a table of this state."""
        bad = {path: (record.digest, _fields(record.findings)) for path, record in self.bad.items()}
        missing: dict[str, tuple[str, int]] | None = None if self.missing is None else {}
        tally = dict(self.tally.links), self.tally.canvases, _fields(self.tally.shared)
        base = self.entries.names.base
        return _StateFile(table, self.settings, base, self.device, bad, (), (), (), (), missing, tally)

    def _stored(self, table: NoteTable) -> "_StateFile":
        """What is stored beside the table of an earlier state."""
        files, stored = self._files, table.missing()
        missing = self.missing
        if missing is not None:
            gone = dict.fromkeys(stored.keys() - missing.keys(), ("", 0))
            missing = {iri: row for iri, row in missing.items() if stored.get(iri) != row} | gone
        return self._stored_whole(table.check)._replace(
            changed=tuple((path, written(entry)) for path, entry in self.entries.changed.items()),
            gone=tuple(sorted(self.entries.gone)),
            files=tuple((path, ignored) for path, ignored in files.items() if table.files.get(path) != ignored),
            files_gone=tuple(sorted(table.files.keys() - files.keys())),
            missing=missing,
        )

    @classmethod
    def read(cls, folder: Path) -> "IngestState | None":
        """Read the state of a generation; None if it is unreadable, so that the ingest reads the whole vault.

        To use its notes raises StateDamaged if somebody has put others in their place.
        """
        try:
            check, _, text = read_bytes(folder / FILE, MAX_STORE_FILE, follow=False).decode().partition("\n")
            if int(check) != crc32(text.encode()):
                return None
            stored = msgspec.convert(json.loads(text), _StateFile)
            state = stored.state(NoteTable(folder / TABLE, stored.table))
            state.findings  # noqa: B018 - raises StateDamaged if one is not readable
        except (*DAMAGE, StateDamaged):
            return None
        return state


class _StateFile(NamedTuple):
    """The contents of the file beside the table: what differs from the table."""

    table: int
    """The checksum of the table."""
    settings: str
    base: str
    device: int
    bad: dict[str, tuple[str, tuple[FindingFields, ...]]]
    changed: tuple[tuple[str, StoredEntry], ...]
    gone: tuple[str, ...]
    files: tuple[tuple[str, bool], ...]
    """Other files than notes, and whether they are ignored."""
    files_gone: tuple[str, ...]
    missing: dict[str, tuple[str, int]] | None
    """The missing things; one without links is none any more."""
    tally: tuple[dict[LinkClass, int], int, tuple[FindingFields, ...]]

    def state(self, table: NoteTable) -> IngestState:
        """The state. Raises an error of DAMAGE."""
        entries = read_entries(dict(self.changed))
        notes = Notes(Names(self.base), table=table).replaced(entries, self.gone)
        bad = {path: Bad(digest, tuple(map(finding_of, found))) for path, (digest, found) in self.bad.items()}
        files = {path: ignored for path, ignored in table.files.items() if path not in self.files_gone}
        others = sorted((files | dict(self.files)).items())
        attachments = tuple(path for path, ignored in others if not ignored)
        ignored = tuple(path for path, ignored in others if ignored)
        missing = self.missing
        if missing is not None:
            missing = {iri: row for iri, row in (table.missing() | missing).items() if row[1]}
        links, canvases, shared = self.tally
        tally = Tally(links, canvases, tuple(map(finding_of, shared)))
        return IngestState(self.settings, notes, bad, attachments, ignored, self.device, missing, None, tally)


def _fields(findings: Iterable[Finding]) -> tuple[FindingFields, ...]:
    return tuple(map(fields_of, findings))


def _text(stored: _StateFile) -> str:
    """The text of a file, after its checksum."""
    text = compact(stored)
    return f"{crc32(text.encode())}\n{text}"


def _label_rows(labels: Iterable[Label], first: dict[tuple[str, str], str]) -> Iterator[Row]:
    """The labels that no earlier note gave; another title than the first is an alternative label."""
    for label in labels:
        key = (label.term, label.predicate)
        if key not in first:
            first[key] = label.text
            yield *key, literal(label.text)
        elif label.is_title and letters_and_digits(first[key]) != letters_and_digits(label.text):
            yield label.term, ALT_LABEL, literal(label.text)
