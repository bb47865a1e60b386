"""Paths of notes that are kept in a file beside the store of a commit, whose files never change."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.folder import Folder

FILE = "questions.json"


def kept_paths(folder: Path, facts: str, found: Callable[[], list[str]]) -> list[str]:
    """The paths in the file of a folder, if they rest on the same facts; else those that are found, which are kept."""
    try:
        stored = json.loads(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False))
        paths = stored["paths"]
        if stored["facts"] == facts and isinstance(paths, list) and all(isinstance(path, str) for path in paths):
            return paths
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    paths = found()
    with suppress(OSError), Folder(folder) as place:
        place.write(FILE, json.dumps({"facts": facts, "paths": paths}).encode())
    return paths
