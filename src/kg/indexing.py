"""The full-text index brought up to date with a store: what changed is read again, and nothing else.

The texts are those of the files as they were ingested: a file that holds another text by now keeps its old row, and is
remembered as stale. One transaction of SQLite does it all, so that who reads meanwhile finds the old state, a process
that is killed leaves it, and of two that begin at once the second waits and finds it done. Where the folder cannot be
written, the index is made in memory for this time.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from kg.canvas import CanvasSource
from kg.config import Config
from kg.errors import StoreError, StoreRefused
from kg.fulltext import (
    DAMAGE,
    FILE,
    LAYOUT,
    SECTIONS,
    Damaged,
    FullText,
    connected,
    indexable,
    is_nfc,
    is_safe,
    is_unusable,
    is_up_to_date,
    key,
    remove,
    told,
)
from kg.ledger import Ledger
from kg.note import Note, Value
from kg.ownership import owned
from kg.resolve import Card
from kg.source import Position, is_folder, is_regular
from kg.store import Store
from kg.terms import nfc
from kg.vault import Progress, Vault, without_collection
from kg.workers import Workers

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


# ---- what is indexed of a note ---------------------------------------------------------------------------------------


class Section(NamedTuple):
    """A row of the index: where it begins in its note, its heading as written and the text under it."""

    line: int
    start: int
    """In bytes of the note's source."""
    parts: str
    """The heading path, as JSON."""
    heading: str
    text: str
    raw: str | None
    """Both as they are in the file, where that is not in Unicode's form C."""


class Words(NamedTuple):
    """What is indexed of a note; texts are as `indexable` makes them."""

    path: str
    digest: str
    front_id: str | None
    title: str
    aliases: str
    tags: tuple[str, ...]
    sections: tuple[Section, ...]


def words(note: Note) -> Words:
    """What is indexed of a note: a function of a module, since it is sent to other processes."""
    sections = _nodes(note) if isinstance(note.source, CanvasSource) else _sections(note)
    aliases = indexable(nfc("\n".join(Card.of(note).aliases)))
    tags = tuple(nfc(tag) for tag in _tags(note))
    return Words(note.path, note.digest, note.id, indexable(nfc(note.title)), aliases, tags, tuple(sections))


def _section(note: Note, start: int, parts: tuple[str, ...], heading: str, text: str) -> Section:
    raw = None if is_nfc(heading + text) else heading + text
    line = note.source.position(start).line
    path = json.dumps(parts, ensure_ascii=False)
    return Section(line, start, path, indexable(nfc(heading)), indexable(nfc(text)), raw)


def _sections(note: Note) -> Iterator[Section]:
    """What stands before any heading, and each heading with what stands under it."""
    source = note.source
    rows = list(note.root.walk())
    starts = [source.offset(Position(source.position(row.span.start).line, 1)) for row in rows]
    for row, start, end in zip(rows, starts, [*starts[1:], len(source.data)], strict=True):
        text = source.slice(row.span.end, end)
        if note.kind == "drawing":  # what is drawn lies in its code blocks, megabytes of it
            text = text.partition("```")[0]
        yield _section(note, start, row.parts, source.slice(start, row.span.end), text)


def _nodes(note: Note) -> Iterator[Section]:
    """The texts of a canvas: its nodes, and what is written at its edges."""
    assert isinstance(note.source, CanvasSource)
    unnamed = {edge.span.start for edge in note.edges if not edge.label}
    starts = [one.start for one in note.source.stretches]
    ends = [*starts[1:], len(note.source.data)]
    named = [(start, end) for start, end in zip(starts, ends, strict=False) if start not in unnamed]
    for start, end in named or [(0, 0)]:
        yield _section(note, start, (), "", note.source.slice(start, end))


def _tags(note: Note) -> Iterator[str]:
    """The tags of a note, each once, as it is first written."""
    front = (leaf for prop in note.properties if prop.key.lower() == "tags" for leaf in _leaves(prop.value))
    names = [value.text.removeprefix("#").strip("/") for value in front if value.kind == "text"]
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
    """The index of a store, brought up to date; made anew where it is damaged, or has to be. Raises StoreError."""
    file = store.path / FILE
    for attempt in (anew, True):
        try:
            return FullText(_Update(store, config, _begun(file, anew=attempt), progress).done())
        except DAMAGE as error:
            reason = told(error)
            if not isinstance(reason, Damaged):
                raise reason from error
            if attempt:
                raise StoreError(f"the search index {file} is damaged, and so is one made anew: {reason}") from error
    raise AssertionError("the second attempt ends")


def _begun(file: Path, *, anew: bool) -> sqlite3.Connection:
    """The file; another in its place where it cannot be opened; what stands in for it where that cannot be either."""
    try:
        with owned(file.parent):  # `.kg/` may come with a vault from elsewhere: nothing else is written
            if anew or not is_safe(file):
                remove(file)
    except (StoreRefused, OSError):
        return connected(None)
    for _ in range(2):
        if not is_safe(file):
            break
        try:
            return connected(file)
        except sqlite3.OperationalError as error:
            if not is_unusable(error):
                raise
            remove(file)
    return connected(None)


class _Update:
    """Brings an index up to date with a store."""

    def __init__(self, store: Store, config: Config, database: sqlite3.Connection, progress: Progress | None) -> None:
        self.store, self.config, self.database = store, config, database
        self.progress: Progress = progress or (lambda what, done, total: None)

    def done(self) -> sqlite3.Connection:
        """The index, up to date; in memory where the file cannot be written."""
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
        """Go on in memory, from what is there and can be read."""
        if self.database.in_transaction:
            self.database.execute("ROLLBACK")
        copy = connected(None)
        try:
            self.database.backup(copy)
        except sqlite3.OperationalError:
            copy = connected(None)
        self.database.close()
        self.database = copy

    def _run(self) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            if not is_up_to_date(self.database, self.store, self.config):  # another process may have done it meanwhile
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
        """Read what differs, and remember what cannot be had."""
        ledger = Ledger.read(self.store.folder)
        if ledger is None:
            raise StoreError(f"the store {self.store.path} does not say which notes it holds: run `kg ingest --full`")
        wanted = {path: entry.digest for path, entry in ledger.entries.items()}
        have = dict(self.database.execute("SELECT path, digest FROM note"))
        for path in have.keys() - wanted.keys():
            self._forget(path)
        missing = {path for path, known in wanted.items() if have.get(path) != known}
        missing -= self._put(missing, wanted)
        late = [(path.encode("utf-8", "surrogatepass"), wanted[path]) for path in sorted(missing - set(ledger.bad))]
        self.database.execute("DELETE FROM stale")
        self.database.executemany("INSERT INTO stale VALUES (CAST(? AS TEXT), ?)", late)
        self.database.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (key(self.store),))

    def _put(self, paths: Iterable[str], wanted: Mapping[str, str]) -> set[str]:
        """Put notes into the index whose files hold what was ingested; which those are."""
        places = iter(self._places(paths).items())
        done: set[str] = set()
        while some := dict(islice(places, _SOME_FILES)):
            with Workers.for_files(len(some)) as workers:
                workers.read(some, self.config.max_bytes, self.progress)
                found = [one for one in workers.each(words) if one.digest == wanted[one.path]]
            for number, one in enumerate(sorted(found)):
                if number % 256 == 0:
                    self.progress("indexing", number, len(found))
                self._forget(one.path)
                self._insert(one)
            done |= {one.path for one in found}
        return done

    def _places(self, paths: Iterable[str]) -> dict[str, Path]:
        """Where files lie; the disk may have their names in another Unicode form, or as links to others."""
        places = {path: self.config.vault / path for path in sorted(paths)}
        if all(is_regular(place) for place in places.values()):
            return places
        files = Vault(config=self.config).files().notes if is_folder(self.config.vault) else {}
        return {path: files[path] for path in places if path in files}

    def _forget(self, path: str) -> None:
        given = (path.encode("utf-8", "surrogatepass"),)
        row = self.database.execute("SELECT id FROM note WHERE path = CAST(? AS TEXT)", given).fetchone()
        if row:
            (note,) = row
            rows = (note << SECTIONS, (note + 1) << SECTIONS)
            self.database.execute(
                "DELETE FROM words WHERE rowid IN (SELECT id FROM section WHERE id >= ? AND id < ?)", rows
            )
            self.database.execute("DELETE FROM section WHERE id >= ? AND id < ?", rows)
            self.database.execute("DELETE FROM tag WHERE note = ?", row)
            self.database.execute("DELETE FROM note WHERE id = ?", row)

    def _insert(self, one: Words) -> None:
        add = self.database.execute
        path = one.path.encode("utf-8", "surrogatepass")
        note = add(
            "INSERT INTO note (path, digest, front_id, title) VALUES (CAST(? AS TEXT), ?, ?, ?)",
            (path, one.digest, one.front_id, one.title),
        ).lastrowid
        self.database.executemany("INSERT INTO tag VALUES (?, ?)", [(note, tag.lower()) for tag in one.tags])
        assert note is not None
        rows = list(enumerate(one.sections[: 1 << SECTIONS], note << SECTIONS))
        names = [(one.title, one.aliases, indexable("\n".join(one.tags)))] + [("", "", "")] * (len(rows) - 1)
        self.database.executemany(
            "INSERT INTO section VALUES (?, ?, ?, ?, ?)",
            [(number, row.line, row.start, row.parts, row.raw) for number, row in rows],
        )
        self.database.executemany(
            "INSERT INTO words (rowid, title, aliases, tags, heading, text) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, *given, row.heading, row.text) for given, (number, row) in zip(names, rows, strict=True)],
        )
