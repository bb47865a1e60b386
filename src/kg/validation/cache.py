"""The cache of the last validation, a file in the store's folder.

It holds the link checks of each note, the places of shape results in it, and the triples that the shapes saw. If it
cannot be read, everything is checked again.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kg.core.errors import StoreError
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.mapping.provenance import Origin, Place
from kg.store.ingest_state import fields_of, finding_of
from kg.store.ownership import owned
from kg.validation.conformance import State
from kg.validation.link_checks import Checked, Typed
from kg.validation.pyshacl_runner import Violation

FILE = "validation.json"


class Seen(NamedTuple):
    """The checks of a note and the places of shape results in it, valid while its file has this digest."""

    digest: str
    checked: Checked
    places: Mapping[Origin, Place]


@dataclass(frozen=True)
class ValidationCache:
    """The cached validation of a vault."""

    names: str = ""
    """A digest of the settings and of all that links are resolved by, except headings and blocks."""
    notes: Mapping[str, Seen] = field(default_factory=dict)
    shapes: str = ""
    """A digest of the shapes and the ontology that produced `state`."""
    state: State | None = None

    @classmethod
    def read(cls, folder: Path) -> "ValidationCache":
        """Read the cache in a store's folder; empty if there is no readable file."""
        try:
            table = json.loads(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False))
            notes = {path: _seen(path, *row) for path, row in table["notes"].items()}
            return cls(table["names"], notes, table["shapes"], _state(table["state"]))
        except (
            *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError, RecursionError),
            msgspec.ValidationError,
        ):
            return cls()

    def keep(self, folder: Path) -> None:
        """Write the cache. If that fails, the next validation checks everything."""
        table = {
            "names": self.names,
            "notes": {path: _row(seen) for path, seen in self.notes.items()},
            "shapes": self.shapes,
            "state": self.state and _state_row(self.state),
        }
        with suppress(OSError, StoreError), owned(folder) as place:
            place.write(FILE, json.dumps(table, separators=(",", ":")).encode())


def _state_row(state: State) -> list[Any]:
    return ["\n".join(sorted(state.seen)), *([result.row for result in rows] for rows in state[1:])]


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
        ],
        [[*origin[1:], *place] for origin, place in seen.places.items()],
    ]


def _seen(path: str, digest: str, checked: list[Any], places: list[list[Any]]) -> Seen:
    findings, classes, leads, embeds, wants, types = checked
    return Seen(
        digest,
        Checked(
            path,
            tuple([finding_of(fields) for fields in findings]),
            {_text(name): _number(number) for name, number in classes.items()},  # type: ignore[misc]
            frozenset(_texts(leads)),
            {target: finding_of(fields) for target, fields in embeds.items()},
            tuple([(_text(iri), _text(name), finding_of(fields)) for iri, name, fields in wants]),
            tuple([Typed(_text(key), _text(type_), finding_of(fields)) for key, type_, fields in types]),
        ),
        {_origin(path, *row[:4]): Place(*map(_number, row[4:])) for row in places},
    )


def _origin(path: str, subject: Any, predicate: Any, obj: Any, of_value: Any) -> Origin:
    return Origin(path, _text(subject), _text(predicate), _text(obj), of_value is True)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value}")
    return value


def _texts(values: list[Any]) -> list[str]:
    return [_text(value) for value in values]


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(f"not a number: {value}")
    return value


def _state(row: list[Any] | None) -> State | None:
    if row is None:
        return None
    results, whole = (tuple([_violation(*fields) for fields in rows]) for rows in row[1:])
    return State(frozenset(_text(row[0]).split("\n")) - {""}, results, whole)


def _violation(*row: Any) -> Violation:
    *terms, messages = row
    return Violation.parsed((*_texts(terms), tuple(_texts(messages))))
