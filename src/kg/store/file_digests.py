"""Digests of files, cached by size and times, so that an unchanged file is not read again."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kg.core.errors import StoreError
from kg.core.files import MAX_STORE_FILE, digest, read_bytes
from kg.store.ownership import owned

SEEN = "seen.json"
_SAFE = 2_000_000_000
"""In nanoseconds: a file changed so shortly before it was read may change again without a new timestamp."""


def digests(files: Mapping[str, Path], store: Path, limit: int, *, keep: bool = False) -> dict[str, str]:
    """The current digest of each file, by path; empty for a file that cannot be read. `keep` saves the cache.

    A file whose size, times and inode are those of the last call is not read again, unless it had changed so shortly
    before that another change could have the same times.
    """
    seen, now = _seen(store / SEEN), time.time_ns()
    results, kept, read = {}, {}, 0
    for path, place in files.items():
        stamp = _stamp(place)
        before = seen.get(path)
        if before and before[:4] == stamp:
            current = before[4]
        else:
            current, read = digest(place, limit), read + 1
        results[path] = current
        if stamp and current and max(stamp[1], stamp[2]) < now - _SAFE:
            kept[path] = [*stamp, current]
    if keep and (read or len(kept) != len(seen)):
        _keep(store, kept)
    return results


def _stamp(place: Path) -> list[int]:
    try:
        status = place.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _seen(file: Path) -> dict[str, list[Any]]:
    try:
        table = json.loads(read_bytes(file, MAX_STORE_FILE, follow=False))
    except (OSError, ValueError, RecursionError):
        return {}
    rows = table.items() if isinstance(table, dict) else ()
    return {path: row for path, row in rows if isinstance(row, list) and len(row) == 5 and isinstance(row[4], str)}


def _keep(store: Path, rows: Mapping[str, list[Any]]) -> None:
    """Save the cache; if that fails, the next call reads the files again."""
    with suppress(OSError, StoreError), owned(store) as folder:
        folder.write(SEEN, json.dumps(rows, separators=(",", ":")).encode())
