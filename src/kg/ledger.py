"""What is remembered of the notes from one ingest to the next: enough to tell what a change means for the others.

It lies beside the quads of a generation, as JSON, and is published with them. The digests of the files lie apart: they
are a hint that saves reading, and content decides.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import StoreError
from kg.findings import CODES, Finding
from kg.ownership import owned
from kg.resolve import Card, Heading, LinkClass
from kg.source import MOST, digest, read_bytes
from kg.statements import ALT_LABEL, PREF_LABEL, Label
from kg.terms import letters_and_digits, literal

Row = tuple[str, str, str]

_IRIS = re.compile(r'(?:<[a-zA-Z][^\x00-\x20<>"{}|^`\\]*>)*+')
FILE = "notes.json"
SEEN = "seen.json"
_SAFE = 2_000_000_000
"""A file changed within so many nanoseconds before it was read may change again with no other time on it."""


class Entry(NamedTuple):
    """What is remembered of one note."""

    digest: str
    card: Card
    questions: tuple[str, ...]
    labels: tuple[Label, ...]
    labelled: tuple[str, ...]
    """The things that the note itself gives a preferred label."""
    links: Mapping[LinkClass, int]
    findings: tuple[Finding, ...]


class Bad(NamedTuple):
    """A file that could not be read: its digest, where there was anything to read, and why."""

    digest: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Ledger:
    """What is remembered of a vault. `bad` files that were notes before have their last good entry too."""

    settings: str
    """A digest of all but the files: the version, the ontology, what kg.toml says."""
    entries: Mapping[str, Entry]
    bad: Mapping[str, Bad]
    attachments: tuple[str, ...]
    ignored: tuple[str, ...]
    device: int = 0
    """The number of the file system that the vault lay on; 0 where that is not known."""

    @property
    def digests(self) -> dict[str, str]:
        """What the files held when they were read."""
        return {path: entry.digest for path, entry in self.entries.items()} | {p: b.digest for p, b in self.bad.items()}

    def findings(self) -> Iterator[Finding]:
        """What is wrong in the files; of a bad one only what is wrong now."""
        for path in self.entries.keys() | self.bad.keys():
            yield from self.findings_of(path)

    def findings_of(self, path: str) -> tuple[Finding, ...]:
        """What is wrong in one file; of a bad one only what is wrong now."""
        return self.bad[path].findings if path in self.bad else self.entries[path].findings

    def label_rows(self, terms: frozenset[str] | None = None) -> dict[str, list[Row]]:
        """The labels that fall to each note, by its path: of things that many notes name, the first by path counts.

        Another title than the first is an alternative label. Of all things, or only of some.
        """
        labelled = {term for entry in self.entries.values() for term in entry.labelled}
        first: dict[tuple[str, str], str] = {}
        found: dict[str, list[Row]] = {}
        for path in sorted(self.entries):
            rows = dict.fromkeys(_labels(self.entries[path].labels, labelled, first, terms))
            if rows:
                found[path] = list(rows)
        return found

    def text(self) -> str:
        """It as JSON, for the folder of its generation."""
        table = {
            "settings": self.settings,
            "entries": {path: _written(entry) for path, entry in self.entries.items()},
            "bad": {path: [bad.digest, [fields_of(one) for one in bad.findings]] for path, bad in self.bad.items()},
            "attachments": self.attachments,
            "ignored": self.ignored,
            "device": self.device,
        }
        return json.dumps(table, separators=(",", ":"))

    @classmethod
    def read(cls, folder: Path) -> "Ledger | None":
        """That of a generation; None where it cannot be read, so that the vault is read as a whole."""
        try:
            table = json.loads(read_bytes(folder / FILE, MOST, follow=False))
            entries = {path: _entry(path, row) for path, row in table["entries"].items()}
            bad = {
                path: Bad(str(row[0]), tuple(finding_of(one) for one in row[1])) for path, row in table["bad"].items()
            }
            _check(str, table["attachments"], table["ignored"])
            others = tuple(table["attachments"]), tuple(table["ignored"])
            return cls(table["settings"], entries, bad, *others, int(table.get("device", 0)))
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None


def _labels(
    labels: Iterable[Label], labelled: set[str], first: dict[tuple[str, str], str], terms: frozenset[str] | None
) -> Iterator[Row]:
    """The labels of shared things that no earlier note gave; another title than the first is an alternative."""
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
    """What a finding is made of, for JSON."""
    return [
        finding.path, finding.line, finding.column, finding.end_line, finding.end_column,
        finding.code, finding.message, finding.hint,
    ]  # fmt: skip


_FIELDS = [str, int, int, int, int, str, str, str]


def finding_of(row: list[Any]) -> Finding:
    """A finding from what it was made of. Raises TypeError, KeyError where that is damaged."""
    if [type(field) for field in row] != _FIELDS or (row[5] and row[5] not in CODES):
        raise TypeError(f"not a finding: {row}")
    return Finding(*row)


def _written(entry: Entry) -> list[Any]:
    it = entry.card
    headings = [[heading.key, heading.level, heading.parts] for heading in it.headings]
    labels = [
        [label.term, label.predicate if label.predicate != PREF_LABEL else "", label.text, int(label.is_title)]
        for label in entry.labels
    ]
    return [
        entry.digest,
        [it.name, it.id, it.id_place, it.title, it.aliases, headings, it.blocks, it.kind, it.is_template],
        entry.questions,
        labels,
        entry.labelled,
        entry.links,
        [fields_of(finding) for finding in entry.findings],
    ]  # fmt: skip


def _entry(path: str, row: list[Any]) -> Entry:
    digest, card, questions, labels, labelled, links, findings = row
    _check(str, (digest,), questions, links, [label[1] for label in labels], [label[2] for label in labels])
    _check(int, links.values())
    _check_iris([*labelled, *[label[0] for label in labels]])
    return Entry(
        digest,
        _card(path, *card),
        tuple(questions),
        tuple([Label(term, predicate or PREF_LABEL, text, 0, bool(title)) for term, predicate, text, title in labels]),
        tuple(labelled),
        links,
        tuple([finding_of(one) for one in findings]),
    )


def _card(
    path: str, name: str, id_: str | None, place: Any, title: str, aliases: Any, headings: Any, blocks: Any, *rest: Any
) -> Card:
    kind, is_template = rest
    parts = chain.from_iterable([heading[2] for heading in headings])
    _check(str, (name, title, kind, id_ or ""), aliases, [one[0] for one in headings], parts, *blocks)
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
    """Raise TypeError where values are not all of one kind: the file that they lie in may be damaged."""
    if not set(map(type, chain.from_iterable(values))) <= {kind}:
        raise TypeError(f"not all are {kind.__name__}")


def _check_iris(values: Iterable[str]) -> None:
    if not _IRIS.fullmatch("".join(values)):  # in one, as there are many
        raise ValueError("not all are IRIs")


# ---- digests of the files --------------------------------------------------------------------------------------------


def digests(files: Mapping[str, Path], store: Path, limit: int, *, keep: bool = False) -> dict[str, str]:
    """What the files hold now, by path; empty for one that cannot be read. What was read is remembered to `keep` it.

    A file whose size, times and place on the disk are those of the last look is not read again, unless it had been
    changed so shortly before that another change could bear the same times.
    """
    seen, now = _seen(store / SEEN), time.time_ns()
    found, kept, read = {}, {}, 0
    for path, place in files.items():
        stamp = _stamp(place)
        before = seen.get(path)
        if before and before[:4] == stamp:
            current = before[4]
        else:
            current, read = digest(place, limit), read + 1
        found[path] = current
        if stamp and current and max(stamp[1], stamp[2]) < now - _SAFE:
            kept[path] = [*stamp, current]
    if keep and (read or len(kept) != len(seen)):
        _keep(store, kept)
    return found


def _stamp(place: Path) -> list[int]:
    try:
        status = place.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _seen(file: Path) -> dict[str, list[Any]]:
    try:
        table = json.loads(read_bytes(file, MOST, follow=False))
    except (OSError, ValueError, RecursionError):
        return {}
    rows = table.items() if isinstance(table, dict) else ()
    return {path: row for path, row in rows if isinstance(row, list) and len(row) == 5 and isinstance(row[4], str)}


def _keep(store: Path, rows: Mapping[str, list[Any]]) -> None:
    """Remember; where that cannot be, the files are read once more next time."""
    with suppress(OSError, StoreError), owned(store) as folder:
        folder.write(SEEN, json.dumps(rows, separators=(",", ":")).encode())
