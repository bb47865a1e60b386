"""A vault with other contents of some files, in a store of its own: what an ingest of it would give, unpublished.

The store begins as a copy of the published one, whose tables it shares, and goes when the overlay ends. Only the notes
that differ are read, and those that they affect; all of them, if the ontology or a rule differs.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from kg.config import FILE as CONFIG
from kg.config import Config
from kg.core.errors import KgError
from kg.core.files import is_folder
from kg.core.text import nfc
from kg.ingestion.changing import change
from kg.ingestion.pipeline import ingest
from kg.ingestion.publisher import Publisher
from kg.ingestion.report import Report
from kg.ingestion.snapshot import Held, Scan, Snapshot
from kg.mapping.ontology_files import is_part_of
from kg.notes.vault import Vault, silent, without_collection
from kg.store.generations import stamp
from kg.store.seeding import seed

Contents = Mapping[str, str | bytes | None]
"""The contents of files by path; None for a file that is not there.

A path is that of a file in the vault. A file of the ontology, a shape or a rule may have its path in the project, too.
"""
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
    is_step: bool = False
    """Whether the overlay's report is about a change of the generation of `base`, not of everything."""


@contextmanager
def overlay(vault: Vault, contents: Contents, *, held: Held | None = None) -> Iterator[Overlay]:
    """The vault with other contents of some files, for the time of a `with`; its own store is brought up to date first.

    A rename is the removal of one path and the contents of another. `held` is the last ingest of this process. Raises
    KgError, also for a path that is not one of a vault.
    """
    base = _base(vault, held)
    with overlay_folder(vault.config.store) as folder:
        places = {
            _checked(path): _written(folder, number, data) for number, (path, data) in enumerate(contents.items())
        }
        config = replace(_with_drafts(vault.config, places), store=folder / "store", refresh="off")
        is_base = seed(config.store, vault.config.store, same_files=True) == base.generation
        with without_collection():
            report = _ingested(config, base, is_base=is_base)
        yield Overlay(config, report, base, is_base)


def _base(vault: Vault, held: Held | None) -> Report:
    """The last ingest of this process, if nothing has changed since; else an ingest."""
    if held and held.scan and held.report.serves(stamp(vault.config.store)):
        return held.report
    return ingest(vault, held=held)


def _with_drafts(config: Config, places: Mapping[str, Path | None]) -> Config:
    """The settings with files that stand for others, by path in the vault or, of the ontology, in the project."""
    drafts, ontology = dict[str, Path | None](), dict[Path, Path | None]()
    for path, place in places.items():
        if _is_setting(config, path):
            raise KgError(f"{path} cannot be imagined: only notes, files of the ontology, shapes and rules can")
        real = _of_ontology(config, path)
        if real:
            ontology[real] = place
        if not real or real.is_relative_to(config.vault):  # it is an attachment of the vault, too
            drafts[real.relative_to(config.vault).as_posix() if real else path] = place
    folders = [
        folder
        for folder in config.ontology_places
        if is_folder(folder) or any(place and file.is_relative_to(folder) for file, place in ontology.items())
    ]
    return replace(config, drafts=drafts, ontology_drafts=ontology, ontology=tuple(folders[:1]))


def _is_setting(config: Config, path: str) -> bool:
    """Whether a path is that of the settings or a query, which an overlay takes as they are."""
    queries = config.queries or config.root / "queries"
    return path == CONFIG or (path.endswith(".rq") and (config.root / path).is_relative_to(queries))


def _of_ontology(config: Config, path: str) -> Path | None:
    """The place of a file of the ontology, by its path in the project or the vault; None for another file.

    Of several folders, the one that has the ontology counts, else the first that could have it.
    """
    for folders in (config.ontology, config.ontology_places):
        for place in (config.root / path, config.vault / path):
            if any(is_part_of(place, folder) for folder in folders):
                return place
    return None


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
def overlay_folder(store: Path) -> Iterator[Path]:
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
