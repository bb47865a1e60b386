"""The state of the notes from one ingest to the next: enough to determine what a change means for other notes.

It is JSON beside the quads of a generation, and published with them. The digests of the files are stored apart: they
are a hint that saves reading, and content decides.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import CODES, Finding
from kg.core.text import letters_and_digits
from kg.mapping.collector import Label
from kg.mapping.link_resolution import LinkClass
from kg.mapping.structural_terms import ALT_LABEL, PREF_LABEL
from kg.notes.summary import Card, Heading
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
        table = {
            "settings": self.settings,
            "entries": {path: _written(entry) for path, entry in self.entries.items()},
            "bad": {
                path: [bad.digest, [fields_of(finding) for finding in bad.findings]] for path, bad in self.bad.items()
            },
            "attachments": self.attachments,
            "ignored": self.ignored,
            "device": self.device,
        }
        return json.dumps(table, separators=(",", ":"))

    @classmethod
    def read(cls, folder: Path) -> "IngestState | None":
        """Read the state of a generation; None if it is unreadable, so that the ingest reads the whole vault."""
        try:
            table = json.loads(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False))
            entries = {path: _entry(path, row) for path, row in table["entries"].items()}
            bad = {
                path: Bad(str(row[0]), tuple(finding_of(fields) for fields in row[1]))
                for path, row in table["bad"].items()
            }
            _check(str, table["attachments"], table["ignored"])
            paths = tuple(table["attachments"]), tuple(table["ignored"])
            return cls(table["settings"], entries, bad, *paths, int(table.get("device", 0)))
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None


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


def fields_of(finding: Finding) -> list[Any]:
    """The fields of a finding, for JSON."""
    return [
        finding.path, finding.line, finding.column, finding.end_line, finding.end_column,
        finding.code, finding.message, finding.hint,
    ]  # fmt: skip


_FIELDS = [str, int, int, int, int, str, str, str]


def finding_of(row: list[Any]) -> Finding:
    """A finding from its fields. Raises TypeError, KeyError if they are damaged."""
    if [type(field) for field in row] != _FIELDS or (row[5] and row[5] not in CODES):
        raise TypeError(f"not a finding: {row}")
    return Finding(*row)


def _written(entry: NoteEntry) -> list[Any]:
    card = entry.card
    headings = [[heading.key, heading.level, heading.parts] for heading in card.headings]
    labels = [
        [label.term, label.predicate if label.predicate != PREF_LABEL else "", label.text, int(label.is_title)]
        for label in entry.labels
    ]
    return [
        entry.digest,
        [
            card.name, card.id, card.id_place, card.title, card.aliases, headings, card.blocks, card.kind,
            card.is_template,
        ],
        entry.questions,
        labels,
        entry.labelled,
        entry.links,
        [fields_of(finding) for finding in entry.findings],
    ]  # fmt: skip


def _entry(path: str, row: list[Any]) -> NoteEntry:
    digest, card, questions, labels, labelled, links, findings = row
    _check(str, (digest,), questions, links, [label[1] for label in labels], [label[2] for label in labels])
    _check(int, links.values())
    _check_iris([*labelled, *[label[0] for label in labels]])
    return NoteEntry(
        digest,
        _card(path, *card),
        tuple(questions),
        tuple([Label(term, predicate or PREF_LABEL, text, 0, bool(title)) for term, predicate, text, title in labels]),
        tuple(labelled),
        links,
        tuple([finding_of(fields) for fields in findings]),
    )


def _card(
    path: str, name: str, id_: str | None, place: Any, title: str, aliases: Any, headings: Any, blocks: Any, *rest: Any
) -> Card:
    kind, is_template = rest
    parts = chain.from_iterable([heading[2] for heading in headings])
    _check(str, (name, title, kind, id_ or ""), aliases, [row[0] for row in headings], parts, *blocks)
    _check(int, place or (), [heading[1] for heading in headings])
    return Card(
        path,
        name,
        id_,
        tuple(place) if place else None,
        title,
        tuple(aliases),
        tuple([Heading(key, level, tuple(parts)) for key, level, parts in headings]),
        tuple([(low, block) for low, block in blocks]),
        kind,
        is_template is True,
    )


def _check(kind: type, *values: Iterable[Any]) -> None:
    """Raise TypeError unless all values are of one type: their file may be damaged."""
    if not set(map(type, chain.from_iterable(values))) <= {kind}:
        raise TypeError(f"not all are {kind.__name__}")


def _check_iris(values: Iterable[str]) -> None:
    if not _IRIS.fullmatch("".join(values)):  # one match for all, since there are many
        raise ValueError("not all are IRIs")
