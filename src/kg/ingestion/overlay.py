"""A vault with other contents of some files, in a store of its own: what an ingest of it would give, unpublished.

The store begins as a copy of the published one, whose tables it shares, and goes when the overlay ends. Only the notes
that differ are read, and those that they affect.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from kg.config import Config
from kg.core.errors import KgError
from kg.core.text import nfc
from kg.ingestion.changing import change
from kg.ingestion.pipeline import ingest
from kg.ingestion.publisher import Publisher
from kg.ingestion.report import Report
from kg.ingestion.snapshot import Held, Scan, Snapshot
from kg.notes.vault import Vault, silent, without_collection
from kg.store.generations import stamp
from kg.store.seeding import seed

Contents = Mapping[str, str | bytes | None]
"""The contents of files by path in the vault; None for a file that is not there."""
_PREFIX = ".overlay-"
_OLD = 3_600
"""The seconds after which the overlay of a killed process is removed."""


@dataclass(frozen=True)
class Overlay:
    """A vault with other contents of some files."""

    config: Config
    """The settings of the vault, with the overlay's own store and files."""
    report: Report
    """The report of the ingest: the changes note by note, and the findings."""
    base: Report
    """The report on the vault as it is."""


@contextmanager
def overlay(vault: Vault, contents: Contents, *, held: Held | None = None) -> Iterator[Overlay]:
    """The vault with other contents of some files, for the time of a `with`; its own store is brought up to date first.

    A rename is the removal of one path and the contents of another. `held` is the last ingest of this process. Raises
    KgError, also for a path that is not one of a vault.
    """
    base = ingest(vault, held=held)
    with _folder(vault.config.store) as folder:
        drafts = {
            _checked(path): _written(folder, number, data) for number, (path, data) in enumerate(contents.items())
        }
        config = replace(vault.config, store=folder / "store", drafts=drafts, refresh="off")
        is_base = seed(config.store, vault.config.store, same_files=True) == base.generation
        with without_collection():
            yield Overlay(config, _ingested(config, base, is_base=is_base), base)


def _ingested(config: Config, base: Report, *, is_base: bool) -> Report:
    """Bring the overlay's store up to date, looking only at the files of the overlay."""
    vault, since = Vault(config=config), stamp(config.store)
    files = vault.with_drafts(base.files) if base.files else vault.files()
    known = Held(replace(base, generation=since)) if is_base else None
    snapshot = Snapshot.of(vault, Scan(since, files), inference=True, held=known)
    snapshot = replace(snapshot, edited=frozenset(path for path in config.drafts if path in files.notes))
    publisher = Publisher(snapshot, time.perf_counter(), silent, durable=False)
    return change(publisher, snapshot.reason_to_rebuild(), snapshot.digests())


@contextmanager
def _folder(store: Path) -> Iterator[Path]:
    """A folder beside the generations of a store, so that tables can be shared; elsewhere if that is impossible."""
    with suppress(OSError):
        for place in store.glob(f"{_PREFIX}*"):
            if place.stat().st_mtime < time.time() - _OLD:
                shutil.rmtree(place, ignore_errors=True)
    try:
        name = tempfile.mkdtemp(prefix=_PREFIX, dir=store)
    except OSError:
        name = tempfile.mkdtemp(prefix="kg-overlay-")
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)


def _checked(path: str) -> str:
    """A path of the vault in its normal form. Raises KgError."""
    parts = PurePosixPath(path.replace(os.sep, "/")).parts
    if not parts or path.startswith("/") or any(part.startswith(".") or "\0" in part for part in parts):
        raise KgError(f"“{path}” is no path of a file in the vault")
    return nfc("/".join(parts))


def _written(folder: Path, number: int, data: str | bytes | None) -> Path | None:
    """The file with the contents, whose name has the ending of a note."""
    if data is None:
        return None
    place = folder / f"{number}.md"
    place.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
    return place
