"""What is remembered of one validation for the next: of each note the checks of its links and the places of what shapes
found in it, and what the shapes saw. A file in the store's folder; where it cannot be read, all is checked anew.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from kg.conformance import State
from kg.errors import StoreError
from kg.ledger import fields_of, finding_of
from kg.links import Checked, Typed
from kg.ownership import owned
from kg.places import Origin, Place
from kg.shacl import Violation
from kg.source import MOST, read_bytes

FILE = "validation.json"


class Seen(NamedTuple):
    """What was checked and found in one note, while its file had this digest."""

    digest: str
    checked: Checked
    places: Mapping[Origin, Place]


@dataclass(frozen=True)
class Memory:
    """What is remembered of a vault."""

    names: str = ""
    """A digest of what links are resolved by, less headings and blocks, and of the settings."""
    notes: Mapping[str, Seen] = field(default_factory=dict)
    shapes: str = ""
    """A digest of the shapes and the ontology that the state is of."""
    state: State | None = None

    @classmethod
    def read(cls, folder: Path) -> "Memory":
        """That of a store; empty where there is none that can be read."""
        try:
            table = json.loads(read_bytes(folder / FILE, MOST, follow=False))
            notes = {path: _seen(path, *row) for path, row in table["notes"].items()}
            return cls(table["names"], notes, table["shapes"], _state(table["state"]))
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return cls()

    def keep(self, folder: Path) -> None:
        """Write it down; where that cannot be, the next validation checks all."""
        table = {
            "names": self.names,
            "notes": {path: _row(seen) for path, seen in self.notes.items()},
            "shapes": self.shapes,
            "state": self.state and ["\n".join(sorted(self.state.seen)), self.state.results, self.state.whole],
        }
        with suppress(OSError, StoreError), owned(folder) as place:
            place.write(FILE, json.dumps(table, separators=(",", ":")).encode())


def _row(seen: Seen) -> list[Any]:
    it = seen.checked
    return [
        seen.digest,
        [
            [fields_of(one) for one in it.findings],
            it.classes,
            sorted(it.leads),
            {path: fields_of(one) for path, one in it.embeds.items()},
            [[iri, name, fields_of(one)] for iri, name, one in it.wants],
            [[one.key, one.type, fields_of(one.span)] for one in it.types],
        ],
        [[*origin[1:], *place] for origin, place in seen.places.items()],
    ]


def _seen(path: str, digest: str, checked: list[Any], places: list[list[Any]]) -> Seen:
    findings, classes, leads, embeds, wants, types = checked
    return Seen(
        digest,
        Checked(
            path,
            tuple([finding_of(one) for one in findings]),
            {_text(name): _number(number) for name, number in classes.items()},  # type: ignore[misc]
            frozenset(_texts(leads)),
            {other: finding_of(one) for other, one in embeds.items()},
            tuple([(_text(iri), _text(name), finding_of(one)) for iri, name, one in wants]),
            tuple([Typed(_text(key), _text(type_), finding_of(one)) for key, type_, one in types]),
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
    results, whole = (tuple([_violation(*one) for one in rows]) for rows in row[1:])
    return State(frozenset(_text(row[0]).split("\n")) - {""}, results, whole)


def _violation(*row: Any) -> Violation:
    *terms, messages = row
    return Violation._make((*_texts(terms), tuple(_texts(messages))))
