"""The state of the notes from one ingest to the next: enough to determine what a change means for other notes.

It is a file beside the quads of a generation, and published with them: lines of JSON. The first is an overview, all
that an ingest needs if nothing has changed. The second has the bad files, and each other line a note. They are parsed
on first use, and the line of a note that stays the same is copied. The sizes and times of the files are stored apart:
they are a hint that saves reading, and content decides.
"""

import json
import re
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from kg.core.errors import StoreError
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import CODES, Finding, of_file
from kg.core.text import letters_and_digits
from kg.mapping.collector import Label
from kg.mapping.link_resolution import LinkClass
from kg.mapping.structural_terms import ALT_LABEL
from kg.notes.summary import Card
from kg.rdf.terms import Row, literal
from kg.store.generations import damaged_store

_IRIS = re.compile(r'(?:<[a-zA-Z][^\x00-\x20<>"{}|^`\\]*>)*+')
FILE = "notes.json"

Value = TypeVar("Value")


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


class Bad(NamedTuple):
    """An unreadable file: its digest, if it has readable bytes, and the findings that say why."""

    digest: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class IngestState:
    """The state of a vault. A `bad` file that was a note before also keeps its last good entry."""

    settings: str
    """A digest of everything but the files: the version, the ontology, the settings in kg.toml."""
    entries: Mapping[str, NoteEntry]
    bad: Mapping[str, Bad]
    attachments: tuple[str, ...]
    ignored: tuple[str, ...]
    device: int = 0
    """The number of the vault's file system; 0 if unknown."""

    stored: "StateFile | None" = field(default=None, repr=False, compare=False)
    """The file, if the state has been read from one."""

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The digests of the files as they were read, by path."""
        if self.stored:
            return self.stored.overview.digests
        return {path: entry.digest for path, entry in self.entries.items()} | {p: b.digest for p, b in self.bad.items()}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in all files; in a bad file, only the current findings."""
        if self.stored:
            return self.stored.findings
        paths = self.entries.keys() | self.bad.keys()
        return (*(finding for path in paths for finding in self.findings_of(path)), *self._shared_ids())

    def _shared_ids(self) -> Iterator[Finding]:
        """A finding for each note whose `id` a note with an earlier path has too."""
        first: dict[str, str] = {}
        for path in sorted(self.entries):
            card = self.entries[path].card
            if card.id and card.id_place and first.setdefault(card.id, path) != path:
                yield of_file(path, "P05", f"{first[card.id]} has the id “{card.id}” too", *card.id_place)

    def findings_of(self, path: str) -> tuple[Finding, ...]:
        """The findings in one file; in a bad file, only the current findings."""
        return self.bad[path].findings if path in self.bad else self.entries[path].findings

    def label_rows(self, terms: frozenset[str] | None = None) -> dict[str, list[Row]]:
        """The label triples of each note, by path; if several notes label a thing, the first note by path counts.

        A title that differs from the first is an alternative label. `terms` restricts the things.
        """
        labelled = {term for entry in self.entries.values() for term in entry.labelled}
        first: dict[tuple[str, str], str] = {}
        by_path: dict[str, list[Row]] = {}
        for path in sorted(self.entries):
            rows = dict.fromkeys(_labels(self.entries[path].labels, labelled, first, terms))
            if rows:
                by_path[path] = list(rows)
        return by_path

    def text(self, before: "IngestState | None" = None) -> str:
        """The state as lines of JSON, for the folder of its generation. Lines that stay as in `before` are copied."""
        if self.stored:
            return self.stored.text
        bad = {path: (record.digest, tuple(map(fields_of, record.findings))) for path, record in self.bad.items()}
        known = before.stored.lines if before and before.stored else {}
        lines = [_json(bad)]
        for path, entry in self.entries.items():
            before_entry, line = known.get(path, (None, ""))
            lines.append(line if before_entry is entry else _json((path, _written(entry))))
        notes = "\n".join(lines)
        findings = tuple(map(fields_of, self.findings))
        digest = sha256(notes.encode()).hexdigest()
        overview = Overview(
            digest, self.settings, dict(self.digests), self.attachments, self.ignored, self.device, findings
        )
        return f"{_json(overview)}\n{notes}"

    @classmethod
    def read(cls, folder: Path) -> "IngestState | None":
        """Read the state of a generation; None if it is unreadable, so that the ingest reads the whole vault.

        To use its notes raises StoreError if somebody has put another text in their place.
        """
        try:
            text = read_bytes(folder / FILE, MAX_STORE_FILE, follow=False).decode()
            first, _, notes = text.partition("\n")
            overview = msgspec.convert(json.loads(first), Overview)
            findings = tuple(map(finding_of, overview.findings))
            if overview.notes != sha256(notes.encode()).hexdigest():
                return None
        except (OSError, ValueError, RecursionError, msgspec.ValidationError):
            return None
        stored = StateFile(folder.parent, text, overview, findings)
        rest = (overview.attachments, overview.ignored, overview.device, stored)
        return cls(overview.settings, _Later(lambda: stored.notes[0]), _Later(lambda: stored.notes[1]), *rest)

    @property
    def is_readable(self) -> bool:
        """Whether the notes can be used, see `read`."""
        with suppress(StoreError):
            return self.stored is None or bool(self.stored.notes)
        return False


@dataclass(frozen=True)
class StateFile:
    """The file of a state. Its notes are parsed on first use."""

    store: Path
    text: str
    overview: "Overview"
    findings: tuple[Finding, ...]

    @cached_property
    def notes(self) -> tuple[dict[str, NoteEntry], dict[str, Bad]]:
        """The notes and the bad files. Raises StoreError."""
        _, second, *lines = self.text.split("\n")
        try:
            rows = msgspec.convert(json.loads(f"[{','.join(lines)}]"), list[tuple[str, _StoredEntry]])
            labels = (_terms(row.labels) for _, row in rows)
            _check_iris(chain.from_iterable([*(row.labelled for _, row in rows), *labels]))
            entries = {path: NoteEntry(*row[:-1], tuple(map(finding_of, row.findings))) for path, row in rows}
            if len(entries) != len(lines):
                raise ValueError("a line is not that of a note")
            bad = msgspec.convert(json.loads(second), dict[str, tuple[str, tuple[FindingFields, ...]]])
            records = {path: Bad(digest, tuple(map(finding_of, findings))) for path, (digest, findings) in bad.items()}
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            raise damaged_store(self.store, error) from error
        return entries, records

    @property
    def lines(self) -> dict[str, tuple[NoteEntry, str]]:
        """Each note with its line; empty if the notes have not been parsed."""
        if "notes" not in vars(self):
            return {}
        _, _, *lines = self.text.split("\n")
        return {path: (entry, line) for (path, entry), line in zip(self.notes[0].items(), lines, strict=True)}


class _Later(Mapping[str, Value]):
    """A table that is read on first use."""

    def __init__(self, read: Callable[[], dict[str, Value]]) -> None:
        self._read = read

    @cached_property
    def _table(self) -> dict[str, Value]:
        return self._read()

    def __getitem__(self, key: str) -> Value:
        return self._table[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, key: object) -> bool:
        return key in self._table

    def keys(self) -> KeysView[str]:
        """As that of a dictionary, which is quicker than the one that Mapping makes."""
        return self._table.keys()

    def values(self) -> ValuesView[Value]:
        """As that of a dictionary."""
        return self._table.values()

    def items(self) -> ItemsView[str, Value]:
        """As that of a dictionary."""
        return self._table.items()


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))  # unlike msgspec, json keeps the bytes of names outside UTF-8


FindingFields = tuple[str, int, int, int, int, str, str, str]
"""A finding that reports no SHACL result."""
_FIELDS = attrgetter("path", "line", "column", "end_line", "end_column", "code", "message", "hint")


class _StoredEntry(NamedTuple):
    digest: str
    card: Card
    questions: tuple[str, ...]
    labels: tuple[Label, ...]
    labelled: tuple[str, ...]
    links: dict[LinkClass, int]
    findings: tuple[FindingFields, ...]


class Overview(NamedTuple):
    """The first line of the file."""

    notes: str
    """The digest of the other lines."""
    settings: str
    digests: dict[str, str]
    attachments: tuple[str, ...]
    ignored: tuple[str, ...]
    device: int
    findings: tuple[FindingFields, ...]


def _written(entry: NoteEntry) -> _StoredEntry:
    labels = tuple([label._replace(at=0) for label in entry.labels])
    return _StoredEntry(*entry[:3], labels, entry.labelled, dict(entry.links), tuple(map(fields_of, entry.findings)))


def _terms(labels: Iterable[Label]) -> list[str]:
    return [term for label in labels for term in (label.term, label.predicate)]


def _labels(
    labels: Iterable[Label], labelled: set[str], first: dict[tuple[str, str], str], terms: frozenset[str] | None
) -> Iterator[Row]:
    """The labels of shared things that no earlier note gave; another title than the first is an alternative label."""
    for label in labels:
        if label.term in labelled or (terms is not None and label.term not in terms):
            continue
        key = (label.term, label.predicate)
        if key not in first:
            first[key] = label.text
            yield *key, literal(label.text)
        elif label.is_title and letters_and_digits(first[key]) != letters_and_digits(label.text):
            yield label.term, ALT_LABEL, literal(label.text)


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
    if not _IRIS.fullmatch("".join(values)):  # one match for all, since there are many
        raise ValueError("not all are IRIs")
