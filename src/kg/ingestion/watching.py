"""The paths that `kg ingest --watch` watches: every path that an ingest reads, and no other."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kg.config import FILE, Config
from kg.notes.ignore_rules import GITIGNORE, repository
from kg.notes.obsidian_settings import FILES, FOLDER

Stamp = tuple[int, ...]
"""The state of a file, to compare with a later state; empty if there is no file."""


class Inputs(NamedTuple):
    """The paths that an ingest reads."""

    vault: Path
    store: Path
    ontology: tuple[Path, ...]
    """The paths where the user's ontology is or may appear."""
    files: tuple[Path, ...]
    """Single files outside these: each `kg.toml` that may govern the vault, each .gitignore above the vault."""

    @classmethod
    def of(cls, config: Config, cwd: Path) -> "Inputs":
        """Return the paths for a vault."""
        folders = dict.fromkeys([cwd, *cwd.parents, config.vault, *config.vault.parents])
        ignoring = [folder / GITIGNORE for folder, _ in repository(config.vault)] if config.gitignore else []
        return cls(
            config.vault, config.store, config.ontology_places, (*(folder / FILE for folder in folders), *ignoring)
        )

    def matters(self, path: Path) -> bool:
        """Whether an ingest could read a path."""
        if path.is_relative_to(self.store):
            return False
        if path in self.files or any(path.is_relative_to(place) for place in self.ontology):
            return True
        return path.is_relative_to(self.vault) and _is_read(path.relative_to(self.vault).parts)

    def folders(self) -> list[Path]:
        """Return the folders to watch, each with everything below it."""
        existing = [place for place in (self.vault, *self.ontology) if _stamp(place)]
        return [
            folder
            for folder in existing
            if not any(folder != parent and folder.is_relative_to(parent) for parent in existing)
        ]

    def stamps(self) -> dict[Path, Stamp]:
        """Return the state that watching folders does not report: single files, and the identity of the folders."""
        files = {file: _stamp(file) for file in self.files}
        return files | {place: _stamp(place)[:2] for place in (self.vault, *self.ontology)}


def _is_read(parts: tuple[str, ...]) -> bool:
    """Whether an ingest reads a path inside a vault. Of hidden paths it reads only settings."""
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


Changed = frozenset[Path] | None
"""The paths of a burst of changes; None if others may have changed, too."""


def rounds(inputs: Inputs, seconds: float = 1.0) -> Iterator[Changed]:
    """Wait for changes of the inputs: yield the paths after each burst, and no path after `seconds` without changes.

    Ends when a folder has appeared, disappeared or been replaced: then a new watch is needed.
    """
    before, folders = inputs.stamps(), inputs.folders()
    for changes in _bursts(inputs, folders, seconds):
        now = inputs.stamps()
        yield changes if now == before else None
        if inputs.folders() != folders or any(now[place] != before[place] for place in folders):
            return
        before = now


def _bursts(inputs: Inputs, folders: list[Path], seconds: float) -> Iterator[frozenset[Path]]:
    from watchfiles import watch

    if not folders:
        time.sleep(seconds)
        yield frozenset()
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
        yield from (frozenset(Path(path) for _, path in changes) for changes in bursts)
    except OSError:  # a folder disappeared before it could be watched
        time.sleep(seconds)
        yield frozenset()
