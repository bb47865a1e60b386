"""Begin a store with a copy of another: what an ingest of similar notes needs, without reading them again."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from kg.store.file_digests import RECENT, SEEN
from kg.store.ownership import CURRENT, owned
from kg.store.store import Published

VALIDATION = "validation.json"


def seed(store: Path, source: Path, *, same_files: bool = False) -> str:
    """Copy the published generation of another store, and what the last validation found.

    With the `same_files`, the sizes and times of the files go along. Returns the stamp of the generation that was
    copied. Raises StoreMissing, StoreError, OSError.
    """
    generation = Published(source)
    try:
        with owned(store) as folder:
            # The files of a database's tables never change, and are shared where the file system can.
            shutil.copytree(generation.folder, store / generation.folder.name, copy_function=_link_or_copy)
            for name in (VALIDATION, *((SEEN, RECENT) if same_files else ())):
                with suppress(OSError):
                    folder.link(name, source / name)  # kg never writes into such a file, but replaces it
            folder.write(CURRENT, generation.folder.name.encode())
        return generation.stamp
    finally:
        generation.release()


def _link_or_copy(source: str, goal: str) -> str:
    if source.endswith((".sst", ".db")):
        with suppress(OSError):
            os.link(source, goal, follow_symlinks=False)
            return goal
    return shutil.copy2(source, goal, follow_symlinks=False)
