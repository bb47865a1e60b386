"""A vault that goes through its commits, one after the other, in a folder and a store of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.config import Config
from kg.core.files import is_folder
from kg.ingestion.pipeline import ingest
from kg.notes.vault import Progress, Vault, is_note
from kg.revisions.checkout import Checkout
from kg.revisions.git_repository import Commit, Repository, TreeFile
from kg.revisions.revision import repository_of


@contextmanager
def replayed(config: Config, progress: Progress | None = None) -> Iterator[Iterator[tuple[Commit, Config | None]]]:
    """The commits of the current branch that change the files kg reads, oldest first, each with the settings of then.

    The store is up to date with a commit until the next is taken. Settings are None while the vault has no note. Raises
    NotFound without a repository or a commit, KgError.
    """
    with tempfile.TemporaryDirectory() as name, repository_of(config) as repository:
        yield _commits(config, repository, Path(name), progress)


def _commits(
    config: Config, repository: Repository, folder: Path, progress: Progress | None
) -> Iterator[tuple[Commit, Config | None]]:
    files: dict[str, TreeFile] | None = None
    commits = repository.commits()
    for number, commit in enumerate(commits):
        if progress:
            progress("reading commits", number, len(commits))
        checkout = Checkout(repository, commit, config, folder / "tree")
        before, files = files, checkout.write(files)
        if files == before:
            continue
        settings = checkout.settings(folder / "store")
        if not is_folder(settings.vault) or not any(map(is_note, files)):
            shutil.rmtree(settings.store, ignore_errors=True)  # an ingest would take it for a drive that is not mounted
            yield commit, None
            continue
        ingest(Vault(config=settings))
        yield commit, settings
