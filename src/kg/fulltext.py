"""The full-text index of a store: the words of its notes, section by section, in SQLite's FTS5.

    .kg/search.db     derived: made when it is first asked, brought up to date after an ingest, made anew where damaged

A row is a section: its heading and the Markdown under it, down to the next heading. The first row of a note is what
stands before any heading, front matter and all; it has the title, the aliases and the tags beside it. A row's number
is its note's and its own in that, so that nothing has to be looked up to tell which note it is of.

Here the index is opened and asked, which a search does and must not wait for; `indexing` makes it.
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
from kg.errors import StoreError
from kg.ownership import CURRENT, is_owned
from kg.ownership import opened as folder_of
from kg.source import digest, read_bytes

if TYPE_CHECKING:
    from kg.folder import Folder
    from kg.store import Store

FILE = "search.db"
_JOURNAL = f"{FILE}-journal"
_FILES = (FILE, _JOURNAL, f"{FILE}-wal", f"{FILE}-shm")
_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""What a journal ends with that names a file above it, by SQLite's file format."""
LAYOUT = 1
"""What the file is made of and how a text is put into it; a file of another layout is made anew."""
SECTIONS = 20
"""So many bits of a row's number are its own in its note."""
_BUSY_SECONDS = 60
_MEMORY_KIB = 200_000

# ---- how a text is put into the index --------------------------------------------------------------------------------

SEPARATOR, BEGIN, END = "\x01", "\x02", "\x03"
_CONTROL = re.compile("[\x00-\x03\ud800-\udfff\ue0f0\ue0f1]")
ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2190-\u2bff\U0001f000-\U0001faff"  # signs and emoji
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\uff66-\uff9d\U00020000-\U0003ffff]"  # Chinese, Japanese, Korean
)
"""Characters that are words of their own: of scripts that put no spaces between words, so that any part is found."""
_SIGNS = re.compile(r"(?<=\w)(?:\+\+|#)(?!\w)")
_AS_LETTERS = str.maketrans({"+": "\ue0f0", "#": "\ue0f1"})
_AS_SIGNS = str.maketrans({"\ue0f0": "+", "\ue0f1": "#", SEPARATOR: None})


def is_nfc(text: str) -> bool:
    """Whether a text is in Unicode's form C."""
    return text.isascii() or is_normalized("NFC", text)


def indexable(text: str) -> str:
    """A text as it is indexed and asked for; `readable` gives it back, character for character.

    The signs of `C++` and `C#` count as letters there, which other signs do not.
    """
    text = _SIGNS.sub(lambda found: found.group().translate(_AS_LETTERS), _CONTROL.sub("\ufffd", text))
    return text if text.isascii() else ALONE.sub(f"{SEPARATOR}\\g<0>{SEPARATOR}", text)


def readable(text: str) -> str:
    """A text of the index as it stands in the note."""
    return text.translate(_AS_SIGNS)


# ---- the file --------------------------------------------------------------------------------------------------------


class Damaged(Exception):
    """The index cannot be read as it stands."""


DAMAGE = (sqlite3.DatabaseError, ValueError, LookupError, TypeError, AttributeError)
"""What reading a damaged index may raise: where SQLite notices nothing, a text or a row is not what it should be."""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNUSABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL}
_OUTSIDE = _BUSY | _UNUSABLE | {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT}


@dataclass(frozen=True)
class FullText:
    """An index that is up to date with a store, to be asked in the thread that opened it."""

    database: sqlite3.Connection

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """One state of the index, whoever writes it meanwhile; its number tells it from what others write later.

        Raises Damaged, StoreError.
        """
        try:
            self.database.execute("BEGIN")
            ((number,),) = self.rows("PRAGMA data_version")
            yield int(str(number))
        except DAMAGE as error:
            raise told(error) from error
        finally:
            with suppress(sqlite3.DatabaseError):
                self.database.execute("ROLLBACK")

    @property
    def stale(self) -> list[str]:
        """The notes whose files hold another text than was ingested, and had when last looked at. Raises Damaged."""
        return [str(path) for (path,) in self.rows("SELECT path FROM stale ORDER BY path")]

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """The answer to a query. Raises Damaged, StoreError."""
        try:
            return self.database.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise told(error) from error


def told(error: Exception) -> Exception:
    """What went wrong with an index: damage, which a new one mends, or something else, which is told as it is."""
    code = _code(error)
    if code in _BUSY:
        return StoreError("the search index is being made by another process: ask again in a moment")
    if "no such module: fts5" in str(error):
        return StoreError("this Python's SQLite has no FTS5, without which there is no search")
    return StoreError(f"the search index cannot be read: {error}") if code in _OUTSIDE else Damaged(str(error))


def is_unusable(error: sqlite3.DatabaseError) -> bool:
    """Whether a file cannot be opened or written as it lies there, so that another has to stand in for it."""
    return _code(error) in _UNUSABLE


def _code(error: Exception) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def opened(store: "Store", config: Config) -> FullText | None:
    """The index of a store, where it is up to date. Raises StoreError."""
    file = store.path / FILE
    try:
        database = connected(file) if is_owned(store.path) and is_safe(file) and file.is_file() else None
        return FullText(database) if database and is_up_to_date(database, store, config) else None
    except DAMAGE as error:
        if isinstance(error, sqlite3.DatabaseError) and is_unusable(error):
            return None
        if not isinstance(told(error), Damaged):
            raise told(error) from error
        return None


def is_up_to_date(database: sqlite3.Connection, store: "Store", config: Config) -> bool:
    """Whether an index is that of a store.

    For a store that is not the published one any more, that of the published one does: others need it.
    """
    if not database.execute("PRAGMA user_version").fetchone()[0]:
        return False
    row = database.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    if not _is_published(store):
        return bool(row)
    return row == (key(store),) and not _has_come_back(database, config)


def key(store: "Store") -> str:
    """Of which generation an index is: that of this number, and not of one before the store was removed."""
    return store.stamp


def _is_published(store: "Store") -> bool:
    try:
        return read_bytes(store.path / CURRENT, 1_000, follow=False).decode().strip() == store.folder.name
    except (OSError, ValueError):
        return False


def _has_come_back(database: sqlite3.Connection, config: Config) -> bool:
    """Whether a file that held another text than was ingested holds that again."""
    rows = database.execute("SELECT path, digest FROM stale").fetchall()
    return any(digest(config.vault / path, config.max_bytes) == wanted for path, wanted in rows)


def connected(file: Path | None) -> sqlite3.Connection:
    """A file, made where it is not there, and an empty one where it has another layout; None for one in memory.

    Raises sqlite3.DatabaseError.
    """
    database = sqlite3.connect(file or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None)
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogatepass")  # a file's name may be no text
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute(f"PRAGMA cache_size = -{_MEMORY_KIB}")  # nothing is written before the end, which readers notice
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if file is None or version in {0, LAYOUT}:
        return database
    database.close()
    remove(file)
    return connected(None if os.path.lexists(file) else file)


def is_safe(file: Path) -> bool:
    """Whether SQLite may open an index, or make it: it follows links, and writes into the files that it finds.

    It also removes a file that a journal names as the one above it. No journal of kg names one; one that came with a
    vault could name any file of the disk.
    """
    try:
        with folder_of(file.parent) as folder:
            kinds = {name: folder.kind(name) for name in _FILES}
            there = [name for name, kind in kinds.items() if kind]
            if any(kinds[name] != "file" or folder.stat(name).st_nlink > 1 for name in there):
                return False
            return _JOURNAL not in there or not _names_another(folder)
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
    """Remove an index."""
    for name in _FILES:
        with suppress(OSError):
            file.with_name(name).unlink(missing_ok=True)
