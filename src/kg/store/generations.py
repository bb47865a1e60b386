"""Generations of a store: their names and manifests, which of them is published, and the removal of old ones."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.core.errors import StoreError, StoreMissing
from kg.core.folder import Folder
from kg.store.locks import hold_exclusively, locked
from kg.store.ownership import (
    CURRENT,
    GENERATION,
    generations,
    has_leftovers,
    opened,
    owned,
    reason,
    remove_generation,
    remove_temporary,
)

FORMAT = 3
"""The layout version of a generation; a generation of another layout is rebuilt."""
MANIFEST = "manifest.json"
_SUMMARY: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("notes", "triples", "asserted", "inferred", "ontology", "missing"), int),
    **{"vault": str, "wanted": list, "links": dict, "seconds": (int, float)},
}
"""The fields of every ingest's summary, and their types."""
_UNREADABLE = "?"


@dataclass(frozen=True)
class Manifest:
    """The manifest of a generation: a summary of its contents."""

    generation: int
    prefixes: Mapping[str, str]
    counts: Mapping[str, int]
    """The number of triples in the default graph (under an empty name), the ontology and the inferred graph."""
    summary: Mapping[str, Any]


def stamp(path: Path) -> str:
    """The unique stamp of the published generation; empty if there is none."""
    try:
        name = published_name(path)
        with opened(path) as store, store.folder(name) as folder:
            return stamp_of(name, folder)
    except StoreMissing:
        return ""
    except (StoreError, OSError, ValueError):
        return _UNREADABLE


def stamp_of(name: str, folder: Folder) -> str:
    """A generation's name with its manifest's inode and time, since an earlier store may have used the same name."""
    status = folder.stat(MANIFEST)
    return f"{name} {status.st_ino} {status.st_mtime_ns}"


def published_name(path: Path) -> str:
    """The name of the generation in `current`. Raises StoreMissing, StoreError."""
    try:
        with opened(path) as store:
            return _named(store)
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing(path) from None
    except (OSError, ValueError) as error:
        raise damaged_store(path, error) from error


def _named(store: Folder) -> str:
    return store.read(CURRENT, 1_000).decode().strip()


def parse_manifest(path: Path, table: Any) -> Manifest:
    """Parse the JSON table of a manifest. Raises StoreError, an error of `store._WRONG`."""
    if table.pop("format") != FORMAT:
        raise StoreError(f"the store {path} was written by another version of kg: run `kg ingest` to rebuild it")
    manifest = Manifest(**table)
    texts = [*manifest.prefixes.items(), *((name, "") for name in manifest.counts)]
    if not all(isinstance(text, str) for pair in texts for text in pair):
        raise TypeError("its prefixes are not texts")
    if not all(isinstance(number, int) for number in (manifest.generation, *manifest.counts.values())):
        raise TypeError("its counts are not numbers")
    for key, kind in _SUMMARY.items():
        if not isinstance(manifest.summary[key], kind):
            raise TypeError(f"its “{key}” has the wrong type")
    numbers = (*manifest.summary["links"].values(), *(number for _, number in manifest.summary["wanted"]))
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError("its summary has counts that are not numbers")
    return manifest


def damaged_store(path: Path, error: Exception) -> StoreError:
    """The error for a damaged store, with the remedy."""
    return StoreError(
        f"the store {path} is damaged ({reason(error)}): run `kg ingest --full` to rebuild it from the notes"
    )


def is_damage(error: Exception) -> bool:
    """Whether an error of Oxigraph means a damaged block, which it finds only on reading it."""
    return "Corruption" in str(error)


def tidy(path: Path) -> None:
    """Remove generations that no writer has removed, unless a process writes or reads."""
    with contextlib.suppress(StoreError, OSError):
        with opened(path) as store:
            if not has_leftovers(store):
                return
        with owned(path) as store, locked(store, "kg ingest"):
            remove_old(store)


def current_name(store: Folder) -> str:
    """The name of the published generation; empty if there is none."""
    try:
        return _named(store)
    except (OSError, ValueError):
        return ""


def next_name(store: Folder) -> str:
    """The name of a new generation: its number is unused, and higher than the published generation's."""
    current = GENERATION.fullmatch(current_name(store))
    number = int(current[1]) + 1 if current else 1
    taken = store.names()
    while f"gen-{number}" in taken:
        number += 1
    return f"gen-{number}"


def remove_old(store: Folder) -> None:
    """Remove the leftovers of killed writers, and unpublished generations that nobody reads."""
    current = current_name(store)
    for name in generations(store):
        if name != current:
            _remove_unread(store, name)
    remove_temporary(store)


def _remove_unread(store: Folder, name: str) -> None:
    with contextlib.ExitStack() as held:
        try:
            folder = held.enter_context(store.folder(name))
            if (handle := hold_exclusively(folder)) is not None:
                held.callback(os.close, handle)
        except BlockingIOError:
            return  # in use by a reader
        except OSError:
            pass  # never published, or not a folder
        else:
            folder.remove(MANIFEST)  # first: a reader that has just opened it notices the removal
        with contextlib.suppress(OSError):
            remove_generation(store, name)
