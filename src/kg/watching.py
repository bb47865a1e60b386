"""What `kg ingest --watch` looks at: every place that an ingest reads, and nothing else."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kg.config import FILE, Config
from kg.ignoring import GITIGNORE, repository
from kg.obsidian import FILES, FOLDER

Stamp = tuple[int, ...]
"""What tells whether a file is as it was; empty where none is."""


class Inputs(NamedTuple):
    """The places that an ingest reads."""

    vault: Path
    store: Path
    ontology: tuple[Path, ...]
    """Where the user's ontology is or may come to be."""
    files: tuple[Path, ...]
    """Single files outside of these: each `kg.toml` that may govern the vault, each .gitignore above it."""

    @classmethod
    def of(cls, config: Config, cwd: Path) -> "Inputs":
        """Those of a vault."""
        folders = dict.fromkeys([cwd, *cwd.parents, config.vault, *config.vault.parents])
        ignoring = [folder / GITIGNORE for folder, _ in repository(config.vault)] if config.gitignore else []
        return cls(
            config.vault, config.store, config.ontology_places, (*(folder / FILE for folder in folders), *ignoring)
        )

    def matters(self, path: Path) -> bool:
        """Whether an ingest could read what lies at a path."""
        if path.is_relative_to(self.store):
            return False
        if path in self.files or any(path.is_relative_to(place) for place in self.ontology):
            return True
        return path.is_relative_to(self.vault) and _is_read(path.relative_to(self.vault).parts)

    def folders(self) -> list[Path]:
        """The folders to watch, with all that is in them."""
        there = [place for place in (self.vault, *self.ontology) if _stamp(place)]
        return [one for one in there if not any(one != other and one.is_relative_to(other) for other in there)]

    def stamps(self) -> dict[Path, Stamp]:
        """The state of what no watch of a folder tells: single files, and whether the folders are still the same."""
        files = {file: _stamp(file) for file in self.files}
        return files | {place: _stamp(place)[:2] for place in (self.vault, *self.ontology)}


def _is_read(parts: tuple[str, ...]) -> bool:
    """Whether an ingest reads a path inside a vault: hidden ones are settings or nothing."""
    if parts[:1] == (FOLDER,):
        return len(parts) == 1 or (len(parts) == 2 and parts[1] in FILES)
    *folders, name = parts or ("",)
    return not any(folder.startswith(".") for folder in folders) and (name == GITIGNORE or not name.startswith("."))


def _stamp(place: Path) -> Stamp:
    try:
        status = place.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def rounds(inputs: Inputs, seconds: float = 1.0) -> Iterator[bool]:
    """Wait for changes of the inputs: True after each burst of them, False where so many seconds brought none.

    Ends where a folder came, went, or is another one now: then a new watch is needed.
    """
    before, folders = inputs.stamps(), inputs.folders()
    for changes in _bursts(inputs, folders, seconds):
        now = inputs.stamps()
        yield changes or now != before
        if inputs.folders() != folders or any(now[place] != before[place] for place in folders):
            return
        before = now


def _bursts(inputs: Inputs, folders: list[Path], seconds: float) -> Iterator[bool]:
    from watchfiles import watch

    if not folders:
        time.sleep(seconds)
        yield False
        return
    try:
        bursts = watch(
            *folders,
            watch_filter=lambda _, path: inputs.matters(Path(path)),
            debounce=400,
            rust_timeout=int(seconds * 1000),
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        yield from map(bool, bursts)
    except OSError:  # a folder went before it could be watched
        time.sleep(seconds)
        yield False
