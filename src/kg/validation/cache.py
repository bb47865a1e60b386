"""The cache of the last validation, a file in the store's folder.

It holds the link checks of each note, the places of shape results in it, and the triples that the shapes saw. If it
cannot be read, everything is checked again.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kg.core.errors import StoreError
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import Finding, Result, Severity
from kg.mapping.link_resolution import LinkClass
from kg.mapping.provenance import Origin, Place
from kg.notes.instructions import Instruction
from kg.store.note_entries import FindingFields, fields_of, finding_of
from kg.store.ownership import owned
from kg.validation.conformance import State
from kg.validation.link_checks import Checked, Typed
from kg.validation.pyshacl_runner import Violation
from kg.validation.vault_names import Named

FILE = "validation.json"


class Seen(NamedTuple):
    """The checks of a note and the places of shape results in it, valid while its file has this digest."""

    digest: str
    checked: Checked
    places: Mapping[Origin, Place]


class ShapeFindings(NamedTuple):
    """The findings of the shapes, valid for the data that they were made from."""

    data: str = ""
    """A digest of all that the findings depend on."""
    ranges: tuple[Violation, ...] = ()
    """The results of the check of ranges."""
    findings: tuple[Finding, ...] = ()
    least: Severity = "info"
    """Less severe results have no finding here."""


@dataclass(frozen=True)
class ValidationCache:
    """The cached validation of a vault."""

    names: str = ""
    """A digest of the settings by which links are resolved."""
    named: Mapping[str, Named] = field(default_factory=dict)
    """The names by which links are resolved, by path."""
    notes: Mapping[str, Seen] = field(default_factory=dict)
    shapes: str = ""
    """A digest of the shapes and the ontology that produced `state`."""
    state: State | None = None
    shaped: ShapeFindings = field(default_factory=ShapeFindings)

    @classmethod
    def read(cls, folder: Path) -> "ValidationCache":
        """Read the cache in a store's folder; empty if there is no readable file."""
        try:
            stored = _decoded(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False))
            notes = {path: _seen(path, *row) for path, row in stored.notes.items()}
            return cls(stored.names, stored.named, notes, stored.shapes, _state(stored.state), _shaped(*stored.shaped))
        except (
            *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError, RecursionError),
            msgspec.ValidationError,
        ):
            return cls()

    def keep(self, folder: Path) -> None:
        """Write the cache. If that fails, the next validation checks everything."""
        notes = {path: _row(seen) for path, seen in self.notes.items()}
        state = self.state and _state_row(self.state)
        table = [self.names, self.named, notes, self.shapes, state, _shaped_row(self.shaped)]
        with suppress(OSError, StoreError), owned(folder) as place:
            place.write(FILE, json.dumps(table, separators=(",", ":")).encode())


_Results = tuple[tuple[str, str, str, str, str, str, str, tuple[str, ...]], ...]
"""The rows of results: their terms, and the messages."""


class _StoredChecks(NamedTuple):
    """The link checks of a note, with the fields of the findings."""

    findings: tuple[FindingFields, ...]
    classes: dict[LinkClass, int]
    leads: frozenset[str]
    embeds: dict[str, FindingFields]
    wants: tuple[tuple[str, str, FindingFields], ...]
    types: tuple[tuple[str, str, FindingFields], ...]
    questions: frozenset[str]
    instructions: tuple[Instruction, ...]


class _Stored(NamedTuple):
    """The contents of the file, an array in this order."""

    names: str
    named: dict[str, Named]
    notes: dict[str, tuple[str, _StoredChecks, tuple[tuple[str, str, str, bool, int, int, int, int], ...]]]
    shapes: str
    state: tuple[str, _Results, _Results] | None
    shaped: tuple[str, _Results, tuple[tuple[FindingFields, Result | None], ...], Severity]


def _decoded(data: bytes) -> _Stored:
    """Parse the file. msgspec is faster, but reads no names outside UTF-8. Raises ValueError, ValidationError."""
    try:
        return msgspec.json.decode(data, type=_Stored)
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(data), _Stored)


def _state_row(state: State) -> list[Any]:
    return ["\n".join(sorted(state.seen)), *([result.row for result in rows] for rows in state[1:])]


def _shaped_row(shaped: ShapeFindings) -> list[Any]:
    findings = [[fields_of(finding), finding.result or None] for finding in shaped.findings]
    return [shaped.data, [result.row for result in shaped.ranges], findings, shaped.least]


def _shaped(
    data: str, ranges: _Results, findings: tuple[tuple[FindingFields, Result | None], ...], least: Severity
) -> ShapeFindings:
    placed = tuple([Finding(*row, result or ()) for row, result in findings])
    return ShapeFindings(data, _violations(ranges), placed, least)


def _row(seen: Seen) -> list[Any]:
    checked = seen.checked
    return [
        seen.digest,
        [
            [fields_of(item) for item in checked.findings],
            checked.classes,
            sorted(checked.leads),
            {path: fields_of(item) for path, item in checked.embeds.items()},
            [[iri, name, fields_of(item)] for iri, name, item in checked.wants],
            [[item.key, item.type, fields_of(item.span)] for item in checked.types],
            sorted(checked.questions),
            checked.instructions,
        ],
        [[*origin[1:], *place] for origin, place in seen.places.items()],
    ]


def _seen(path: str, digest: str, checks: _StoredChecks, places: Iterable[tuple[Any, ...]]) -> Seen:
    findings, classes, leads, embeds, wants, types, questions, instructions = checks
    return Seen(
        digest,
        Checked(
            path,
            tuple([finding_of(row) for row in findings]),
            classes,
            leads,
            {target: finding_of(row) for target, row in embeds.items()},
            tuple([(iri, name, finding_of(row)) for iri, name, row in wants]),
            tuple([Typed(key, type_, finding_of(row)) for key, type_, row in types]),
            questions,
            instructions,
        ),
        {Origin(path, *row[:4]): Place(*row[4:]) for row in places},
    )


def _state(row: tuple[str, _Results, _Results] | None) -> State | None:
    if row is None:
        return None
    seen, results, whole = row
    return State(frozenset(seen.split("\n")) - {""}, _violations(results), _violations(whole))


def _violations(rows: _Results) -> tuple[Violation, ...]:
    return tuple([Violation.parsed(row) for row in rows])
