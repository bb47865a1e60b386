"""Digests of files, cached by size and times, so that an unchanged file is not read again.

The cache is two files: `seen.json`, and beside it a small file with the rows that have changed since. A row is valid by
itself: it says which digest a file had when it had this size, these times and this inode.
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kg.core.errors import StoreError
from kg.core.files import MAX_STORE_FILE, digest, read_bytes, status
from kg.store.ownership import owned

SEEN, RECENT = "seen.json", "seen-new.json"
_MOST_RECENT = 100
"""The smallest number of rows for which `seen.json` is written again; in a large vault, 5 % of its rows."""
_SAFE = 2_000_000_000
"""In nanoseconds: a file changed so shortly before it was read may change again without a new timestamp."""
_Rows = dict[str, list[Any]]


def digests(files: Mapping[str, str], store: Path, limit: int, *, keep: bool = False) -> dict[str, str]:
    """The current digest of each file, by path; empty for a file that cannot be read. `keep` saves the cache.

    A file whose size, times and inode are those of the last call is not read again, unless it had changed so shortly
    before that another change could have the same times.
    """
    seen, recent, now = _seen(store / SEEN), _seen(store / RECENT), time.time_ns()
    known = {**seen, **recent}
    results, fresh = {}, {}
    for path, place in files.items():
        stamp = _stamp(place)
        before = known.get(path)
        if before and before[:4] == stamp:
            results[path] = before[4]
            continue
        results[path] = current = digest(place, limit)
        if stamp and current and max(stamp[1], stamp[2]) < now - _SAFE:
            fresh[path] = [*stamp, current]
    if keep and fresh:
        _keep(store, seen, {path: row for path, row in {**recent, **fresh}.items() if path in files}, files)
    return results


def _stamp(place: str) -> list[int]:
    file = status(place)
    return [file.st_size, file.st_mtime_ns, file.st_ctime_ns, file.st_ino] if file else []


def _seen(file: Path) -> _Rows:
    try:
        table = json.loads(read_bytes(file, MAX_STORE_FILE, follow=False))
    except (OSError, ValueError, RecursionError):
        return {}
    rows = table.items() if isinstance(table, dict) else ()
    return {path: row for path, row in rows if isinstance(row, list) and len(row) == 5 and isinstance(row[4], str)}


def _keep(store: Path, seen: _Rows, recent: _Rows, files: Mapping[str, str]) -> None:
    """Save the changed rows, or all if many have changed; if that fails, the next call reads the files again."""
    most = max(_MOST_RECENT, len(seen) // 20)
    with suppress(OSError, StoreError), owned(store) as folder:
        if len(recent) <= most and len(seen.keys() - files.keys()) <= most:
            folder.write(RECENT, _json(recent))
        else:
            folder.write(SEEN, _json({path: row for path, row in {**seen, **recent}.items() if path in files}))
            folder.remove(RECENT)


def _json(rows: _Rows) -> bytes:
    return json.dumps(rows, separators=(",", ":")).encode()
