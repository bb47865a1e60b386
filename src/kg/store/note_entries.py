"""The notes of a state: a table on disk, and over it the notes that have changed since the table was written.

A note is looked up by its path, and by keys. So a change costs what it touches, however many notes there are.
"""

import json
import re
from collections import defaultdict
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from kg.core.findings import CODES, Finding
from kg.mapping.link_resolution import LinkClass, file_name
from kg.mapping.structural_terms import Label
from kg.notes.summary import Card
from kg.rdf.iris import Names
from kg.store.note_table import Content, NoteTable, compact

_IRIS = re.compile(r'(?:<[a-zA-Z][^\x00-\x20<>"{}|^`\\]*>)*+')
PATH, NAME, TITLE, ALIAS, ENTITY, ID, LABELLED = "f", "n", "t", "a", "e", "i", "l"
"""The first characters of the keys of notes; the keys of questions begin with `/` and `=`."""


class NoteEntry(NamedTuple):
    """The state of one note."""

    digest: str
    card: Card
    questions: tuple[str, ...]
    labels: tuple[Label, ...]
    labelled: tuple[str, ...]
    """The things to which the note itself gives a preferred label."""
    links: Mapping[LinkClass, int]
    findings: tuple[Finding, ...]

    def keys(self, names: Names) -> dict[str, None]:
        """The keys that lead to the note, each once."""
        card = self.card
        keys = [PATH + card.path.lower(), NAME + file_name(card.path), ENTITY + names.entity(card.path, card.id)]
        keys += [*self.questions] + [TITLE + key for key in card.title_keys] + [ALIAS + key for key in card.alias_keys]
        keys += [LABELLED + term for term in self.labelled]
        keys += [ID + card.id] if card.id and card.id_place else []
        return dict.fromkeys((*keys, *self.questions))


class Bad(NamedTuple):
    """An unreadable file: its digest, if it has readable bytes, and the findings that say why."""

    digest: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Notes(Mapping[str, NoteEntry]):
    """Notes by path. To use those of the table raises StateDamaged if somebody has put others in their place."""

    names: Names
    changed: Mapping[str, NoteEntry] = field(default_factory=lambda: MappingProxyType({}))
    """The notes that the table does not have, or has otherwise."""
    gone: frozenset[str] = frozenset()
    """The notes that only the table has."""
    table: NoteTable | None = None
    _read: dict[str, NoteEntry] = field(default_factory=dict, repr=False, compare=False)

    def replaced(self, changed: Mapping[str, NoteEntry], gone: Iterable[str] = ()) -> "Notes":
        """These notes with changed, added and removed ones."""
        gone = frozenset(gone)
        rest = {path: entry for path, entry in {**self.changed, **changed}.items() if path not in gone}
        stored = self.table.rows if self.table else {}
        return Notes(self.names, rest, self.gone.union(gone & stored.keys()) - rest.keys(), self.table, self._read)

    def __getitem__(self, path: str) -> NoteEntry:
        if path in self.changed:
            return self.changed[path]
        if self.table is None or not self._is_stored(path):
            raise KeyError(path)
        if path not in self._read:
            with self.table.reading():
                self._read.update(read_entries({path: self.table.entry(path)}))
        return self._read[path]

    def __contains__(self, path: object) -> bool:
        return path in self.changed or self._is_stored(path)

    def __iter__(self) -> Iterator[str]:
        yield from filter(self._is_stored, self.table.rows if self.table else ())
        yield from self.changed

    def __len__(self) -> int:
        stored = self.table.rows if self.table else {}
        return len(stored) + len(self.changed.keys() - stored.keys()) - len(self.gone)

    def _is_stored(self, path: object) -> bool:
        return self.table is not None and path in self.table.rows and path not in self.gone and path not in self.changed

    def items(self) -> ItemsView[str, NoteEntry]:
        """All notes, which are read at once."""
        return self._all.items()

    def values(self) -> ValuesView[NoteEntry]:
        """All notes, which are read at once."""
        return self._all.values()

    @cached_property
    def _all(self) -> dict[str, NoteEntry]:
        if self.table is None:
            return dict(self.changed)
        with self.table.reading():
            entries = read_entries(self.table.entries())
            return {path: entry for path, entry in entries.items() if self._is_stored(path)} | dict(self.changed)

    # ---- keys ------------------------------------------------------------------------------------------------------

    def under(self, key: str) -> list[str]:
        """The notes that have a key, sorted."""
        stored = self.table.under(key) if self.table else ()
        return sorted((*filter(self._is_stored, stored), *self._changed_keys.get(key, ())))

    def labels(self, term: str) -> Mapping[str, Sequence[Label]]:
        """The labels that decide what a thing is called, by note: all titles, and the first other labels."""
        labels: defaultdict[str, list[Label]] = defaultdict(list)
        for path, label in self._changed_labels.get(term, ()):
            labels[path].append(label)
        if self.table is None:
            return labels
        for path, place, property_, text, is_title in sorted(self.table.labels(term, self._is_stored)):
            labels[path].append(Label(term, property_, text, place, is_title))
        with self.table.reading():
            _check_iris(label.predicate for given in labels.values() for label in given)
        return labels

    def known(self, kind: str) -> Iterator[str]:
        """The keys of a kind that a note has."""
        stored = self.table.keys(kind) if self.table else ()
        changed = (key for key in self._changed_keys if key.startswith(kind))
        return filter(self.under, dict.fromkeys((*stored, *changed)))

    @cached_property
    def _changed_keys(self) -> Mapping[str, list[str]]:
        keys: defaultdict[str, list[str]] = defaultdict(list)
        for path, entry in self.changed.items():
            for key in entry.keys(self.names):
                keys[key].append(path)
        return dict(keys)

    @cached_property
    def _changed_labels(self) -> Mapping[str, list[tuple[str, Label]]]:
        labels: defaultdict[str, list[tuple[str, Label]]] = defaultdict(list)
        for path, entry in self.changed.items():
            for label in entry.labels:
                labels[label.term].append((path, label))
        return dict(labels)

    # ---- the whole -------------------------------------------------------------------------------------------------

    @property
    def digests(self) -> dict[str, str]:
        """The digests of the notes by path."""
        digests = {**self.table.digests} if self.table else {}
        for path in self.gone:
            del digests[path]
        return digests | {path: entry.digest for path, entry in self.changed.items()}

    @property
    def paths(self) -> set[str]:
        """The paths of the notes."""
        return ((self.table.rows.keys() if self.table else set()) | self.changed.keys()) - self.gone

    def findings(self) -> dict[str, tuple[Finding, ...]]:
        """The findings of the notes that have any. Raises StateDamaged."""
        changed = {path: entry.findings for path, entry in self.changed.items() if entry.findings}
        if self.table is None:
            return changed
        with self.table.reading():
            stored = {path: found for path, (_, _, found) in self.table.rows.items() if found and self._is_stored(path)}
            rows = msgspec.convert(json.loads(f"[{','.join(stored.values())}]"), list[tuple[FindingFields, ...]])
            return {path: tuple(map(finding_of, found)) for path, found in zip(stored, rows, strict=True)} | changed

    def differing(self, before: "Notes") -> set[str]:
        """The notes that differ from those of a state that was made from the same table."""
        paths = self.changed.keys() | before.changed.keys() | self.gone | before.gone
        return {path for path in paths if self.get(path) is not before.get(path)}

    def content(self, files: Iterable[tuple[str, bool]], missing: Mapping[str, tuple[str, int]]) -> Content:
        """What a table of these notes has, with the other files and the missing things."""
        keys: defaultdict[str, list[int]] = defaultdict(list)
        rows, labels = [], []
        for number, (path, entry) in enumerate(sorted(self.items())):
            findings = compact(list(map(fields_of, entry.findings))) if entry.findings else ""
            rows.append((path, entry.digest, findings, compact(written(entry))))
            for key in entry.keys(self.names):
                keys[key].append(number)
            for place, label in enumerate(entry.labels):
                labels.append((label.term, label.is_title, label.predicate, number, place, label.text))
        return Content(rows, keys, labels, files, [(iri, *row) for iri, row in missing.items()])


# ---- in JSON ---------------------------------------------------------------------------------------------------------

FindingFields = tuple[str, int, int, int, int, str, str, str]
"""A finding that reports no SHACL result."""
_FIELDS = attrgetter("path", "line", "column", "end_line", "end_column", "code", "message", "hint")


class StoredEntry(NamedTuple):
    """An entry as JSON has it."""

    digest: str
    card: Card
    questions: tuple[str, ...]
    labels: tuple[Label, ...]
    labelled: tuple[str, ...]
    links: dict[LinkClass, int]
    findings: tuple[FindingFields, ...]

    def iris(self) -> Iterator[str]:
        """What should be IRIs."""
        yield from self.labelled
        for label in self.labels:
            yield from (label.term, label.predicate)


def written(entry: NoteEntry) -> StoredEntry:
    """An entry for JSON."""
    labels = tuple([label._replace(at=0) for label in entry.labels])
    return StoredEntry(*entry[:3], labels, entry.labelled, dict(entry.links), tuple(map(fields_of, entry.findings)))


def read_entries(rows: Mapping[str, object]) -> dict[str, NoteEntry]:
    """Entries as JSON values to entries, by path. Raises an error of DAMAGE."""
    stored = msgspec.convert(list(rows.values()), list[StoredEntry])
    if any(row.card.path != path for path, row in zip(rows, stored, strict=True)):
        raise ValueError("an entry is that of another note")
    _check_iris(chain.from_iterable(row.iris() for row in stored))
    return {row.card.path: NoteEntry(*row[:-1], tuple(map(finding_of, row.findings))) for row in stored}


def fields_of(finding: Finding) -> FindingFields:
    """The fields of a finding, for JSON."""
    fields: FindingFields = _FIELDS(finding)
    return fields


def finding_of(fields: FindingFields) -> Finding:
    """A finding from its fields. Raises ValueError if there is no such code."""
    finding = Finding(*fields)
    if finding.code and finding.code not in CODES:
        raise ValueError(f"not a finding: {fields}")
    return finding


def _check_iris(values: Iterable[str]) -> None:
    if not _IRIS.fullmatch("".join(values)):  # one match for all, since there may be many
        raise ValueError("not all are IRIs")
