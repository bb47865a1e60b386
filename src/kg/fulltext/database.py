"""The full-text index of a store: the words of its notes, by section, in SQLite's FTS5.

    .kg/search.db     derived: created by the first search, updated after an ingest, rebuilt if damaged

A row is a section: its heading and the Markdown below it, up to the next heading. The first row of a note holds the
text before any heading, front matter included, and the title, the aliases and the tags. A row's number combines the
number of its note with the section's number in that note, so that the note is known without a look-up.

This module only opens and queries the index, so that a search starts fast; `indexer` builds the index.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import is_normalized

from kg.config import Config
from kg.core.errors import StoreError
from kg.core.files import digest, read_bytes
from kg.fulltext.folding import ALONE, folded
from kg.store.ownership import CURRENT, is_owned
from kg.store.ownership import opened as folder_of

if TYPE_CHECKING:
    from kg.core.folder import Folder
    from kg.store.store import Store


FILE = "search.db"
_JOURNAL = f"{FILE}-journal"
_FILES = (FILE, _JOURNAL, f"{FILE}-wal", f"{FILE}-shm")
_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""The last bytes of a journal that names a super-journal, by SQLite's file format."""
LAYOUT = 2
"""The version of the schema and of the indexed form of texts; a file with another version is rebuilt."""
SECTIONS = 20
"""The number of low bits of a row's number that number the section in its note."""
_BUSY_SECONDS = 60
_MEMORY_KIB = 200_000

# ---- the indexed form of a text --------------------------------------------------------------------------------------

SEPARATOR, BEGIN, END = "\x01", "\x02", "\x03"
_CONTROL = re.compile("[\x00-\x03\ud800-\udfff\ue0f0\ue0f1]")
_SIGNS = re.compile(r"(?<=\w)(?:\+\+|#)(?!\w)")
_AS_LETTERS = str.maketrans({"+": "\ue0f0", "#": "\ue0f1"})
_AS_SIGNS = str.maketrans({"\ue0f0": "+", "\ue0f1": "#", SEPARATOR: None})


def is_nfc(text: str) -> bool:
    """Whether a text is in Unicode's form C."""
    return text.isascii() or is_normalized("NFC", text)


def indexed(text: str) -> str:
    """Return the form of a text in the index and in its queries: folded and `indexable`."""
    return indexable(folded(text))


def indexable(text: str) -> str:
    """Return a text with its words as SQLite should see them; `readable` restores it, character for character.

    The signs in `C++` and `C#` count as letters; other signs do not.
    """
    text = _SIGNS.sub(lambda match: match.group().translate(_AS_LETTERS), _CONTROL.sub("\ufffd", text))
    return text if text.isascii() else ALONE.sub(f"{SEPARATOR}\\g<0>{SEPARATOR}", text)


def readable(text: str) -> str:
    """Return an indexed text as it is in the note."""
    return text.translate(_AS_SIGNS)


# ---- the file --------------------------------------------------------------------------------------------------------


class Damaged(Exception):
    """The index is damaged and cannot be read."""


DAMAGE = (sqlite3.DatabaseError, ValueError, LookupError, TypeError, AttributeError)
"""The exceptions of reading a damaged index: if SQLite does not notice the damage, a text or a row is malformed."""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL}
_OUTSIDE = _BUSY | _UNUSABLE | {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT}


@dataclass(frozen=True)
class FullText:
    """An index that is up to date with a store. Only the thread that opened it may query it."""

    database: sqlite3.Connection

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """Hold one state of the index while other processes write; its number changes when they have written.

        Raises Damaged, StoreError.
        """
        try:
            self.database.execute("BEGIN")
            ((number,),) = self.rows("PRAGMA data_version")
            yield int(str(number))
        except DAMAGE as error:
            raise as_error(error) from error
        finally:
            with suppress(sqlite3.DatabaseError):
                self.database.execute("ROLLBACK")

    @property
    def stale(self) -> list[str]:
        """The notes whose files differed from the ingested text when last read. Raises Damaged."""
        return [str(path) for (path,) in self.rows("SELECT path FROM stale ORDER BY path")]

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Return the rows of a query. Raises Damaged, StoreError."""
        try:
            return self.database.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise as_error(error) from error


def as_error(error: Exception) -> Exception:
    """The exception for a failure of the index: Damaged if a rebuild repairs it, else a StoreError with the reason."""
    code = _code(error)
    if code in _BUSY:
        return StoreError("another process is building the search index: try again in a moment")
    if "no such module: fts5" in str(error):
        return StoreError("this Python's SQLite has no FTS5, which the search needs")
    return StoreError(f"the search index cannot be read: {error}") if code in _OUTSIDE else Damaged(str(error))


def is_unusable(error: sqlite3.DatabaseError) -> bool:
    """Whether a file cannot be opened or written, so that another index must replace it."""
    return _code(error) in _UNUSABLE


def _code(error: Exception) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def open_if_current(store: "Store", config: Config) -> FullText | None:
    """Return the index of a store, or None if it is not up to date. Raises StoreError."""
    file = store.path / FILE
    try:
        database = connect(file) if is_owned(store.path) and is_safe(file) and file.is_file() else None
        return FullText(database) if database and is_up_to_date(database, store, config) else None
    except DAMAGE as error:
        if isinstance(error, sqlite3.DatabaseError) and is_unusable(error):
            return None
        if not isinstance(as_error(error), Damaged):
            raise as_error(error) from error
        return None


def is_up_to_date(database: sqlite3.Connection, store: "Store", config: Config) -> bool:
    """Whether an index is up to date with a store.

    For a store that is no longer published, the index of the published one will do: other processes need that index.
    """
    if not database.execute("PRAGMA user_version").fetchone()[0]:
        return False
    row = database.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    if not _is_published(store):
        return bool(row)
    return row == (key(store),) and not _has_come_back(database, config)


def key(store: "Store") -> str:
    """The stamp of the indexed generation; a store that was removed and created again has other stamps."""
    return store.stamp


def _is_published(store: "Store") -> bool:
    try:
        return read_bytes(store.path / CURRENT, 1_000, follow=False).decode().strip() == store.folder.name
    except (OSError, ValueError):
        return False


def _has_come_back(database: sqlite3.Connection, config: Config) -> bool:
    """Whether the file of a stale note holds the ingested text again."""
    rows = database.execute("SELECT path, digest FROM stale").fetchall()
    return any(digest(config.place(path), config.max_bytes) == ingested for path, ingested in rows)


def connect(file: Path | None) -> sqlite3.Connection:
    """Open the index file, creating it if needed; replace it if its layout is old. `None` opens an in-memory index.

    Raises sqlite3.DatabaseError.
    """
    database = sqlite3.connect(file or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None)
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogatepass")  # a file name may be invalid Unicode
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute(f"PRAGMA cache_size = -{_MEMORY_KIB}")  # a write before the commit would block readers
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if file is None or version in {0, LAYOUT}:
        return database
    database.close()
    remove(file)
    return connect(None if os.path.lexists(file) else file)


def is_safe(file: Path) -> bool:
    """Whether SQLite may open or create an index: it follows links, and writes into the files that it finds.

    SQLite also removes the file that a journal names as its super-journal. The journals of kg name none; a journal
    that came with a vault could name any file on the disk.
    """
    try:
        with folder_of(file.parent) as folder:
            kinds = {name: folder.kind(name) for name in _FILES}
            present = [name for name, kind in kinds.items() if kind]
            if any(kinds[name] != "file" or folder.stat(name).st_nlink > 1 for name in present):
                return False
            return _JOURNAL not in present or not _names_another(folder)
    except (StoreError, OSError):
        return False


def _names_another(folder: "Folder") -> bool:
    handle = folder.open(_JOURNAL)
    try:
        size = os.fstat(handle).st_size
        os.lseek(handle, max(size - len(_MAGIC), 0), os.SEEK_SET)
        return os.read(handle, len(_MAGIC)) == _MAGIC
    finally:
        os.close(handle)


def remove(file: Path) -> None:
    """Remove the files of an index."""
    for name in _FILES:
        with suppress(OSError):
            file.with_name(name).unlink(missing_ok=True)
