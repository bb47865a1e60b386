"""A vault as it was at a commit: a store of its own, made once and kept beside the store of today.

    .kg/at/KEY/tree/   the files of the commit that kg reads
    .kg/at/KEY/store/  what an ingest of them gives
    .kg/at/KEY/notes   what the store has, by which another revision finds the nearest (see `nearest`)
    .kg/at/KEY/done    the version of kg that made it

The ingest begins with a copy of the nearest store, today's or another revision's, so that it reads only the notes that
differ from it.
"""

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import time

from kg.config import Config
from kg.core.errors import KgError, NotFound, StoreError, StoreRefused
from kg.core.files import digest, is_folder, read_bytes
from kg.core.folder import Folder
from kg.core.version import __version__
from kg.ingestion.pipeline import ingest
from kg.ingestion.snapshot import settings_digest
from kg.mapping.ontology import load_ontology
from kg.notes.vault import Progress, Vault
from kg.revisions.checkout import Checkout
from kg.revisions.git_repository import Commit, Repository
from kg.revisions.nearest import FILE as NOTES
from kg.revisions.nearest import StateContents, nearest_first
from kg.store.ownership import owned
from kg.store.seeding import seed
from kg.store.store import manifest, published

FOLDER = "at"
_NAME = re.compile(r"[0-9a-f]{16}(?:\.[0-9]+)?")
_KEPT = 8
"""How many revisions are kept."""
_UNUSED = 3_600
"""The seconds after which a revision that is not among the last ones is removed."""


@dataclass(frozen=True)
class Revision:
    """A commit, and the settings of its own files and store."""

    commit: Commit
    config: Config


def revision(config: Config, name: str, progress: Progress | None = None) -> Revision:
    """The vault as of a commit or a date; what is not there yet is made. Raises NotFound, KgError."""
    with repository_of(config) as repository:
        commit = repository.commit(name)
        place = config.store / FOLDER / _key(repository, commit, config)
        _check_is_own(config.store, place)
        checkout = Checkout(repository, commit, config, place / "tree")
        digests: dict[str, str] = {}
        if not is_folder(place / "tree"):
            digests = _check_out(checkout, place, config)
        settings = checkout.settings(place / "store")
        if not is_folder(settings.vault):
            raise NotFound(f"the commit {commit.hash[:12]} has no folder {settings.vault.relative_to(checkout.top)}")
        if not _is_done(place, settings):
            _seed(settings, digests, config.store, place)
            state = ingest(Vault(config=settings), progress=progress).ledger
            with Folder(place) as folder:
                folder.write(NOTES, StateContents.of(state.settings, state.digests).data)
                folder.write("done", __version__.encode())
        with suppress(OSError):
            os.utime(place)
        _tidy(place)
        return Revision(commit, settings)


def repository_of(config: Config) -> Repository:
    """The repository of the project, else of the vault. Raises NotFound, KgError."""
    try:
        return Repository.of(config.root)
    except NotFound:
        return Repository.of(config.vault)


def _check_is_own(store: Path, place: Path) -> None:
    """Raise StoreRefused if something in the way is a link: a store may come with somebody else's vault."""
    for part in (store, place.parent, place, place / "tree", place / "store"):
        if part.is_symlink():
            raise StoreRefused(f"{part} is a symbolic link, which kg does not follow: remove it")


def _key(repository: Repository, commit: Commit, config: Config) -> str:
    """The name of a revision's folder: equal trees of one project have one."""
    facts = (repository.root_tree(commit.hash), str(config.root), str(config.vault))
    return sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _check_out(checkout: Checkout, place: Path, config: Config) -> dict[str, str]:
    """Write the files of the commit, beside the place first, so that they appear there all at once.

    Returns the digests of the notes by path.
    """
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    writing = replace(checkout, folder=draft / "tree")
    try:
        with owned(config.store):
            (draft / "tree").mkdir(parents=True)
        writing.write()
        digests = writing.digests()
        place.mkdir(exist_ok=True)
        with suppress(OSError):  # another process has written it meanwhile
            (draft / "tree").rename(place / "tree")
        return digests
    except OSError as error:
        raise StoreError(f"the store {config.store} cannot keep an earlier state: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_done(place: Path, settings: Config) -> bool:
    with suppress(OSError):
        return read_bytes(place / "done", 100, follow=False) == __version__.encode() and bool(manifest(settings.store))
    return False


def _others(place: Path) -> list[Path]:
    """The folders of the other revisions."""
    with suppress(OSError):
        return [Path(entry.path) for entry in os.scandir(place.parent) if _is_made(entry) and entry.name != place.name]
    return []


def _seed(settings: Config, digests: Mapping[str, str], today: Path, place: Path) -> None:
    """Begin with the generation of the nearest store, so that the ingest reads only the notes that differ from it.

    An empty vault begins with nothing: an ingest would take it for a drive that is not mounted.
    """
    if published(settings.store) or not any(settings.vault.rglob("*.md")):
        return
    if not digests:  # the files were written by a process that did not live to ingest them
        files = Vault(config=settings).files().notes
        digests = {path: digest(file, settings.max_bytes) for path, file in files.items()}
    wanted = StateContents.of(settings_digest(settings, load_ontology(settings), inference=True), digests)
    for store in nearest_first(wanted, today, _others(place)):
        with suppress(KgError, OSError):
            if store != today:
                os.utime(store.parent)  # so that no other process removes it now
            seed(settings.store, store)
            return


def _is_made(entry: "os.DirEntry[str]") -> bool:
    """Whether a folder has a name that kg gives a revision, or the draft of one."""
    return entry.is_dir(follow_symlinks=False) and bool(_NAME.fullmatch(entry.name))


def _tidy(place: Path) -> None:
    """Remove revisions that have not been used for long."""
    with suppress(OSError):
        rows = sorted((entry.stat().st_mtime, entry.path) for entry in os.scandir(place.parent) if _is_made(entry))
        for used, path in rows[:-_KEPT]:
            if used < time() - _UNUSED:
                shutil.rmtree(path, ignore_errors=True)
