"""Bring the full-text index up to date with a store, by reading only the notes that changed.

The index holds the texts as they were ingested: a note whose file has another text by now keeps its old rows and is
recorded as stale. The update is one SQLite transaction. Readers see the old state until it commits, a killed process
leaves the old state, and of two concurrent updates the second waits and has nothing left to do. If the folder cannot
be written, the index is built in memory for the current process.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from kg.config import Config
from kg.core.errors import StoreError, StoreRefused
from kg.core.files import is_folder, is_regular
from kg.core.text import Position, nfc
from kg.fulltext.database import (
    DAMAGE,
    FILE,
    LAYOUT,
    SECTIONS,
    Damaged,
    FullText,
    as_error,
    connect,
    indexable,
    indexed,
    is_safe,
    is_unusable,
    is_up_to_date,
    key,
    remove,
)
from kg.fulltext.folding import folded
from kg.notes.canvas import CanvasSource
from kg.notes.model import NAME_KINDS, Note, Value
from kg.notes.pool import Workers
from kg.notes.summary import aliases
from kg.notes.vault import Progress, Vault, silent, without_collection
from kg.store.ingest_state import IngestState
from kg.store.ownership import owned
from kg.store.store import Store

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE note (id INTEGER PRIMARY KEY, path TEXT UNIQUE, digest TEXT, front_id TEXT, title TEXT);
CREATE TABLE tag (note INTEGER, name TEXT);
CREATE INDEX tag_note ON tag (note);
CREATE TABLE section (id INTEGER PRIMARY KEY, line INTEGER, start INTEGER, parts TEXT, raw TEXT);
CREATE TABLE stale (path TEXT PRIMARY KEY, digest TEXT);
CREATE VIRTUAL TABLE words USING fts5 (title, aliases, tags, heading, text,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So Mn Mc'");
"""
_SOME_FILES = 20_000


# ---- the indexed words of a note -------------------------------------------------------------------------------------


class IndexedSection(NamedTuple):
    """A row of the index: the start of a section in its note, its heading as written, and the text below it."""

    line: int
    start: int
    """The byte offset in the note's source."""
    parts: str
    """The heading path, as JSON."""
    heading: str
    text: str
    raw: str | None
    """Heading and text as they are in the file, if the index has another form of them."""


class IndexedWords(NamedTuple):
    """The indexed words of a note; aliases and sections are in the form of the index."""

    path: str
    digest: str
    title: str
    aliases: str
    tags: tuple[str, ...]
    sections: tuple[IndexedSection, ...]


def words(note: Note) -> IndexedWords:
    """Return the indexed words of a note. This is a module-level function so that other processes can run it."""
    sections = _nodes(note) if isinstance(note.source, CanvasSource) else _sections(note)
    names = indexed("\n".join(aliases(note)))
    tags = tuple(nfc(tag) for tag in _tags(note))
    return IndexedWords(note.path, note.digest, nfc(note.title), names, tags, tuple(sections))


def _section(note: Note, start: int, parts: tuple[str, ...], heading: str, text: str) -> IndexedSection:
    head, body = folded(heading), folded(text)
    raw = None if head + body == heading + text else heading + text
    line = note.source.position(start).line
    path = json.dumps(parts, ensure_ascii=False)
    return IndexedSection(line, start, path, indexable(head), indexable(body), raw)


def _sections(note: Note) -> Iterator[IndexedSection]:
    """The text before any heading, then each heading with the text below it."""
    source = note.source
    rows = list(note.root.walk())
    starts = [source.offset(Position(source.position(row.span.start).line, 1)) for row in rows]
    for row, start, end in zip(rows, starts, [*starts[1:], len(source.data)], strict=True):
        text = source.slice(row.span.end, end)
        if note.kind == "drawing":  # the drawing itself is in code blocks, megabytes of them
            text = text.partition("```")[0]
        yield _section(note, start, row.parts, source.slice(start, row.span.end), text)


def _nodes(note: Note) -> Iterator[IndexedSection]:
    """The texts of a canvas: its nodes and the labels of its edges."""
    assert isinstance(note.source, CanvasSource)
    unnamed = {edge.span.start for edge in note.edges if not edge.label}
    starts = [stretch.start for stretch in note.source.stretches]
    ends = [*starts[1:], len(note.source.data)]
    named = [(start, end) for start, end in zip(starts, ends, strict=False) if start not in unnamed]
    for start, end in named or [(0, 0)]:
        yield _section(note, start, (), "", note.source.slice(start, end))


def _tags(note: Note) -> Iterator[str]:
    """The tags of a note, each once, spelled as first written."""
    front = (leaf for prop in note.properties if prop.key.lower() == "tags" for leaf in _leaves(prop.value))
    names = [value.text.removeprefix("#").strip("/") for value in front if value.kind in NAME_KINDS]
    for section in note.root.walk():
        lines = [section.title] if section.title else []
        lines += [line for top in section.blocks for block in top.walk() for line in block.lines]
        names += [tag.name for line in lines for tag in line.tags]
    yield from {name.lower(): name for name in reversed(names) if name}.values()


def _leaves(value: Value) -> Iterator[Value]:
    if value.kind == "list":
        for child in value.children:
            yield from _leaves(child)
    elif value.kind != "map":
        yield value


# ---- the file --------------------------------------------------------------------------------------------------------


def updated(store: Store, config: Config, progress: Progress | None = None, *, anew: bool = False) -> FullText:
    """Return the up-to-date index of a store, rebuilt if it is damaged or if `anew` is set. Raises StoreError."""
    file = store.path / FILE
    for attempt in (anew, True):
        try:
            return FullText(_Update(store, config, _begun(file, anew=attempt), progress).done())
        except DAMAGE as error:
            reason = as_error(error)
            if not isinstance(reason, Damaged):
                raise reason from error
            if attempt:
                raise StoreError(f"the search index {file} is damaged, and so is a new one: {reason}") from error
    raise AssertionError("the second attempt ends")


def _begun(file: Path, *, anew: bool) -> sqlite3.Connection:
    """Open the index file; replace it if it cannot be opened; open an in-memory index if that fails too."""
    try:
        with owned(file.parent):  # `.kg/` may have come with a vault: write only into an owned folder
            if anew or not is_safe(file):
                remove(file)
    except (StoreRefused, OSError):
        return connect(None)
    for _ in range(2):
        if not is_safe(file):
            break
        try:
            return connect(file)
        except sqlite3.OperationalError as error:
            if not is_unusable(error):
                raise
            remove(file)
    return connect(None)


class _Update:
    """Brings an index up to date with a store."""

    def __init__(self, store: Store, config: Config, database: sqlite3.Connection, progress: Progress | None) -> None:
        self.store, self.config, self.database = store, config, database
        self.progress: Progress = progress or silent

    def done(self) -> sqlite3.Connection:
        """Return the up-to-date index; in memory if the file cannot be written."""
        try:
            if not is_up_to_date(self.database, self.store, self.config):
                self._run()
        except sqlite3.OperationalError as error:
            if not is_unusable(error):
                raise
            self._in_memory()
            self._run()
        return self.database

    def _in_memory(self) -> None:
        """Continue in memory, with a copy of the index if it is readable."""
        if self.database.in_transaction:
            self.database.execute("ROLLBACK")
        copy = connect(None)
        try:
            self.database.backup(copy)
        except sqlite3.OperationalError:
            copy = connect(None)
        self.database.close()
        self.database = copy

    def _run(self) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            if not is_up_to_date(self.database, self.store, self.config):  # another process may have finished meanwhile
                self._make()
                with without_collection():
                    self._read()
            self.database.execute("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise

    def _make(self) -> None:
        if not self.database.execute("PRAGMA user_version").fetchone()[0]:
            for statement in _SCHEMA.split(";\n"):
                self.database.execute(statement)
            self.database.execute(f"PRAGMA user_version = {LAYOUT}")

    def _read(self) -> None:
        """Index the notes that differ, and record as stale those whose ingested text is gone."""
        ledger = IngestState.read(self.store.folder)
        if ledger is None:
            raise StoreError(f"the store {self.store.path} does not record its notes: run `kg ingest --full`")
        ingested = {path: (entry.digest, entry.card.id) for path, entry in ledger.entries.items()}
        rows = self.database.execute("SELECT path, digest, front_id FROM note")
        indexed = {path: (digest, id_) for path, digest, id_ in rows}
        for path in indexed.keys() - ingested.keys():
            self._forget(path)
        missing = {path for path, version in ingested.items() if indexed.get(path) != version}
        missing -= self._put(missing, ingested)
        late = [
            (path.encode("utf-8", "surrogatepass"), ingested[path][0]) for path in sorted(missing - set(ledger.bad))
        ]
        self.database.execute("DELETE FROM stale")
        self.database.executemany("INSERT INTO stale VALUES (CAST(? AS TEXT), ?)", late)
        self.database.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (key(self.store),))

    def _put(self, paths: Iterable[str], wanted: Mapping[str, tuple[str, str | None]]) -> set[str]:
        """Index the notes whose files still hold the ingested text; return their paths.

        `wanted` has the digest of each note, and the identity that its front matter gives its thing.
        """
        files = iter(self._places(paths).items())
        done: set[str] = set()
        while batch := dict(islice(files, _SOME_FILES)):
            with Workers.for_files(len(batch)) as workers:
                workers.read(batch, self.config, self.progress)
                notes = [note for note in workers.each(words) if note.digest == wanted[note.path][0]]
            for number, note in enumerate(sorted(notes)):
                if number % 256 == 0:
                    self.progress("indexing", number, len(notes))
                self._forget(note.path)
                self._insert(note, wanted[note.path][1])
            done |= {note.path for note in notes}
        return done

    def _places(self, paths: Iterable[str]) -> dict[str, str]:
        """Map notes to their files. On disk, names may be in another Unicode form, or be links to other files."""
        places = {path: self.config.place(path) for path in sorted(paths)}
        if all(is_regular(place) for place in places.values()):
            return {path: str(place) for path, place in places.items()}
        files = Vault(config=self.config).files().notes if is_folder(self.config.vault) else {}
        return {path: files[path] for path in places if path in files}

    def _forget(self, path: str) -> None:
        parameters = (path.encode("utf-8", "surrogatepass"),)
        row = self.database.execute("SELECT id FROM note WHERE path = CAST(? AS TEXT)", parameters).fetchone()
        if row:
            (note,) = row
            rows = (note << SECTIONS, (note + 1) << SECTIONS)
            self.database.execute(
                "DELETE FROM words WHERE rowid IN (SELECT id FROM section WHERE id >= ? AND id < ?)", rows
            )
            self.database.execute("DELETE FROM section WHERE id >= ? AND id < ?", rows)
            self.database.execute("DELETE FROM tag WHERE note = ?", row)
            self.database.execute("DELETE FROM note WHERE id = ?", row)

    def _insert(self, entry: IndexedWords, identity: str | None) -> None:
        add = self.database.execute
        path = entry.path.encode("utf-8", "surrogatepass")
        note = add(
            "INSERT INTO note (path, digest, front_id, title) VALUES (CAST(? AS TEXT), ?, ?, ?)",
            (path, entry.digest, identity, indexable(entry.title)),
        ).lastrowid
        self.database.executemany("INSERT INTO tag VALUES (?, ?)", [(note, tag.lower()) for tag in entry.tags])
        assert note is not None
        rows = list(enumerate(entry.sections[: 1 << SECTIONS], note << SECTIONS))
        names = [(indexed(entry.title), entry.aliases, indexed("\n".join(entry.tags)))] + [("", "", "")] * (
            len(rows) - 1
        )
        self.database.executemany(
            "INSERT INTO section VALUES (?, ?, ?, ?, ?)",
            [(number, row.line, row.start, row.parts, row.raw) for number, row in rows],
        )
        self.database.executemany(
            "INSERT INTO words (rowid, title, aliases, tags, heading, text) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, *columns, row.heading, row.text) for columns, (number, row) in zip(names, rows, strict=True)],
        )
