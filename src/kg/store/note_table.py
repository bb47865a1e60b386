"""The notes of a state in SQLite, by path and by key: written once, never changed, and linked into later generations.

A key leads to the notes that have it: a name, a title, an entity, a label, a question. The file is read within limits:
its checksum is that of the state, its schema is this one, and every row has the expected types. SQLite opens it as
immutable, so that it uses no journal beside it.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import ValidationError

from kg.core.errors import StateDamaged
from kg.core.files import MAX_STORE_FILE, checksum
from kg.store.generations import damaged_store

FILE = "notes.db"
_SCHEMA = (
    "CREATE TABLE note(number INTEGER PRIMARY KEY, path BLOB, digest TEXT, findings TEXT)",
    "CREATE TABLE entry(number INTEGER PRIMARY KEY, fields TEXT)",
    "CREATE TABLE key(key BLOB PRIMARY KEY, notes TEXT) WITHOUT ROWID",
    "CREATE TABLE label(term BLOB, is_title INTEGER, predicate TEXT, number INTEGER, place INTEGER, text BLOB, "
    "PRIMARY KEY(term, is_title, predicate, number, place)) WITHOUT ROWID",
    "CREATE TABLE file(path BLOB, is_ignored INTEGER)",
    "CREATE TABLE missing(iri TEXT PRIMARY KEY, name TEXT, links INTEGER) WITHOUT ROWID",
)
DAMAGE = (OSError, ValueError, TypeError, LookupError, RecursionError, OverflowError, sqlite3.Error, ValidationError)
"""The exceptions of reading a damaged table."""


class Content(NamedTuple):
    """All that a table has. The notes are sorted by their paths, and numbered in this order."""

    notes: Iterable[tuple[str, str, str, str]]
    """The path of each note, its digest, its findings and its entry, the last two as JSON."""
    keys: Mapping[str, list[int]]
    """The numbers of the notes that have a key."""
    labels: Iterable[tuple[str, bool, str, int, int, str]]
    """The labels that notes give things: the thing, whether it is a title, the property, the note's number, the
    label's number in the note, and its text."""
    files: Iterable[tuple[str, bool]]
    """The other files, and whether they are ignored."""
    missing: Iterable[tuple[str, str, int]]
    """The missing things: their IRIs and names, and the number of links to them."""

    def table(self) -> bytes:
        """The file of the table."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
            for statement in ("BEGIN", *_SCHEMA):
                database.execute(statement)
            rows = [(number, _raw(path), *rest) for number, (path, *rest) in enumerate(self.notes)]
            keys = sorted((_raw(key), compact(notes)) for key, notes in self.keys.items())
            add = database.executemany
            add("INSERT INTO note VALUES(?, ?, ?, ?)", (row[:4] for row in rows))
            add("INSERT INTO entry VALUES(?, ?)", ((row[0], row[4]) for row in rows))
            add("INSERT INTO key VALUES(?, ?)", keys)
            labels = sorted((_raw(term), *rest, _raw(text)) for term, *rest, text in self.labels)
            add("INSERT INTO label VALUES(?, ?, ?, ?, ?, ?)", labels)
            add("INSERT INTO file VALUES(?, ?)", ((_raw(path), ignored) for path, ignored in self.files))
            add("INSERT INTO missing VALUES(?, ?, ?)", sorted(self.missing))
            database.execute("COMMIT")
            return database.serialize()


class NoteTable:
    """A table of notes, open for reading. `NoteTable(file, check)` raises an error of DAMAGE if the file is damaged."""

    def __init__(self, file: Path, check: int) -> None:
        if checksum(file, MAX_STORE_FILE) != check:
            raise ValueError("the table of the notes has another checksum")
        self.place, self.check = file, check
        place = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA trusted_schema = OFF")
        self._database.execute("PRAGMA cell_size_check = ON")
        if self._rows("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid", str) != [
            (statement,) for statement in _SCHEMA
        ]:
            raise ValueError("the table of the notes has another schema")
        rows = self._rows("SELECT path, number, digest, findings FROM note ORDER BY number", bytes, int, str, str)
        self.rows = {path.decode("utf-8", "surrogatepass"): row for path, *row in rows}
        """The number and the digest of each note by path, and its findings as JSON, if it has any."""
        self._paths = {number: path for path, (number, _, _) in self.rows.items()}
        files = self._rows("SELECT path, is_ignored FROM file", bytes, int)
        self.files = {_text(path): bool(is_ignored) for path, is_ignored in files}

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The digests of the notes by path."""
        return {path: digest for path, (_, digest, _) in self.rows.items()}

    def entry(self, path: str) -> object:
        """The entry of a note as JSON values. Raises an error of DAMAGE."""
        ((text,),) = self._rows("SELECT fields FROM entry WHERE number = ?", str, of=(self.rows[path][0],))
        fields: object = json.loads(text)
        return fields

    def entries(self) -> dict[str, object]:
        """The entries of all notes as JSON values. Raises an error of DAMAGE."""
        rows = self._rows("SELECT fields FROM entry ORDER BY number", str)
        return dict(zip(self.rows, json.loads(f"[{','.join(chain.from_iterable(rows))}]"), strict=True))

    def under(self, key: str) -> list[str]:
        """The notes that have a key. Raises StateDamaged."""
        with self.reading():
            rows = self._rows("SELECT notes FROM key WHERE key = ?", str, of=(_raw(key),))
            return [self._paths[number] for (text,) in rows for number in json.loads(text)]

    def labels(self, term: str, counts: Callable[[str], bool]) -> list[tuple[str, int, str, str, bool]]:
        """The labels that decide what a thing is called: all titles, and the first other label of each property.

        Each has its note, its place in the note, its property and its text, and whether it is a title. Notes that do
        not count are left out. Raises StateDamaged.
        """
        query, raw = "SELECT number, place, predicate, text FROM label WHERE term = ? AND is_title = ", _raw(term)
        kinds = int, int, str, bytes
        with self.reading():
            titles = self._rows(f"{query} 1", *kinds, of=(raw,))
            rows = [(row, True) for row in titles if counts(self._paths[row[0]])]
            properties = self._rows(
                "SELECT DISTINCT predicate FROM label WHERE term = ? AND is_title = 0", str, of=(raw,)
            )
            for property_ in properties:
                others = self._database.execute(
                    f"{query} 0 AND predicate = ? ORDER BY number, place", (raw, *property_)
                )
                rows += [(row, False) for row in islice((row for row in others if counts(self._paths[row[0]])), 1)]
            _check([row for row, _ in rows], kinds)
            return [(self._paths[row[0]], row[1], row[2], _text(row[3]), is_title) for row, is_title in rows]

    def keys(self, kind: str) -> Iterator[str]:
        """The keys that begin with a character. Raises StateDamaged."""
        with self.reading():
            begin, end = _raw(kind), _raw(chr(ord(kind) + 1))
            rows = self._rows("SELECT key FROM key WHERE key >= ? AND key < ?", bytes, of=(begin, end))
            yield from (_text(key) for (key,) in rows)

    def missing(self) -> dict[str, tuple[str, int]]:
        """The missing things by IRI: their names, and the number of links to them. Raises StateDamaged."""
        with self.reading():
            rows = self._rows("SELECT iri, name, links FROM missing", str, str, int)
            return {iri: (name, links) for iri, name, links in rows}

    def _rows(self, query: str, *kinds: type, of: tuple[object, ...] = ()) -> list[Any]:
        """The rows of a query. Raises an error of DAMAGE, also if a value is not of its kind."""
        rows = self._database.execute(query, of).fetchall()
        _check(rows, kinds)
        return rows

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise StateDamaged for an error of DAMAGE."""
        try:
            yield
        except DAMAGE as error:
            raise StateDamaged(str(damaged_store(self.place.parent.parent, error))) from error


def _check(rows: Collection[tuple[Any, ...]], kinds: tuple[type, ...]) -> None:
    """Raise TypeError if a column has values of another type."""
    columns = zip(*rows, strict=True)
    if rows and not all({*map(type, column)} == {kind} for column, kind in zip(columns, kinds, strict=True)):
        raise TypeError("the table of the notes has values of other types")


def compact(value: object) -> str:
    """A value as JSON without spaces; unlike msgspec, json keeps the bytes of names outside UTF-8."""
    return json.dumps(value, separators=(",", ":"))


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a file name may be invalid Unicode


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
