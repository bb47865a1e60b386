"""The state of the notes from one ingest to the next: enough to determine what a change means for other notes.

It is JSON beside the quads of a generation, and published with them. The digests of the files are stored apart: they
are a hint that saves reading, and content decides.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import msgspec

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import CODES, Finding
from kg.core.text import letters_and_digits
from kg.mapping.collector import Label
from kg.mapping.link_resolution import LinkClass
from kg.mapping.structural_terms import ALT_LABEL
from kg.notes.summary import Card
from kg.rdf.terms import Row, literal

_IRIS = re.compile(r'(?:<[a-zA-Z][^\x00-\x20<>"{}|^`\\]*>)*+')
FILE = "notes.json"


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

    @property
    def digests(self) -> dict[str, str]:
        """The digests of the files as they were read, by path."""
        return {path: entry.digest for path, entry in self.entries.items()} | {p: b.digest for p, b in self.bad.items()}

    def findings(self) -> Iterator[Finding]:
        """The findings in all files; in a bad file, only the current findings."""
        for path in self.entries.keys() | self.bad.keys():
            yield from self.findings_of(path)

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

    def text(self) -> str:
        """The state as JSON, for the folder of its generation."""
        table = _StoredState(
            self.settings,
            {path: _written(entry) for path, entry in self.entries.items()},
            {path: (bad.digest, tuple(map(fields_of, bad.findings))) for path, bad in self.bad.items()},
            self.attachments,
            self.ignored,
            self.device,
        )
        return json.dumps(table, separators=(",", ":"))  # unlike msgspec, json keeps the bytes of names outside UTF-8

    @classmethod
    def read(cls, folder: Path) -> "IngestState | None":
        """Read the state of a generation; None if it is unreadable, so that the ingest reads the whole vault."""
        try:
            table = msgspec.convert(json.loads(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False)), _StoredState)
            rows = table.entries.values()
            _check_iris(chain.from_iterable([*(row.labelled for row in rows), *(_terms(row.labels) for row in rows)]))
            entries = {
                path: NoteEntry(*row[:-1], tuple(map(finding_of, row.findings))) for path, row in table.entries.items()
            }
            bad = {
                path: Bad(digest, tuple(map(finding_of, findings))) for path, (digest, findings) in table.bad.items()
            }
            return cls(table.settings, entries, bad, table.attachments, table.ignored, table.device)
        except (OSError, ValueError, RecursionError, msgspec.ValidationError):
            return None


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
    findings: tuple[Sequence[object], ...]


class _StoredState(NamedTuple):
    """The contents of the file."""

    settings: str
    entries: dict[str, _StoredEntry]
    bad: dict[str, tuple[str, tuple[Sequence[object], ...]]]
    attachments: tuple[str, ...]
    ignored: tuple[str, ...]
    device: int


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


def finding_of(row: Sequence[object]) -> Finding:
    """A finding from its fields. Raises ValueError, msgspec.ValidationError if they are damaged."""
    fields = msgspec.convert(row, FindingFields)
    if fields[5] and fields[5] not in CODES:
        raise ValueError(f"not a finding: {row}")
    return Finding(*fields)


def _findings(rows: Iterable[Sequence[object]]) -> tuple[Finding, ...]:
    return tuple([finding_of(row) for row in rows])


def _check_iris(values: Iterable[str]) -> None:
    if not _IRIS.fullmatch("".join(values)):  # one match for all, since there are many
        raise ValueError("not all are IRIs")
