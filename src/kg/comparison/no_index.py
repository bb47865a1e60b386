"""Compare two files, or two folders of files, each by itself: as `git difftool` gives them, out of their vault.

The notes are copied into two vaults of their own, so that nothing else of the folders counts. What the notes link to is
in neither: whether it exists is not known, and not reported.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kg.comparison.difference import ComparedParts, Difference, compare
from kg.comparison.facts import MARK, ChangedValue, Fact, NoteChange
from kg.comparison.state import ComparedState
from kg.config import Config, settings_in
from kg.core.errors import KgError
from kg.core.files import files_below, is_folder, is_link, read_bytes
from kg.ingestion.pipeline import ingest
from kg.notes.vault import Vault, is_note

_ABSENT = "nothing"
_FACTS = ComparedParts(inference=False, findings=False, answers=False)


@contextmanager
def compared(before: Path, after: Path, project: Config | None = None) -> Iterator[Difference]:
    """The difference between two files or two folders, for the time of a `with`; the null device is an empty one.

    The ontology and the settings are those of a `project`, if there is one. Raises KgError if a file cannot be read.
    """
    sides = [before, after]
    if len({is_folder(side) for side in sides if not _is_null(side)}) > 1:
        raise KgError(f"{before} and {after} cannot be compared: name two files or two folders")
    is_whole = any(map(is_folder, sides))
    # Git gives the two sides of a file names of their own.
    name = before.name if _is_null(after) else after.name
    with tempfile.TemporaryDirectory() as folder:
        first, second = (
            _state(Path(folder, str(number)), side, _folder_files(side) if is_whole else {name: side}, project)
            for number, side in enumerate(sides)
        )
        difference = compare(first, second, _FACTS)
        yield replace(difference, notes=tuple(map(_without_marks, difference.notes)))


def reason_not_to_compare(*sides: Path) -> str:
    """Why files state no facts; empty for notes and folders. Git hands over every file that differs."""
    sides = tuple(side for side in sides if not _is_null(side))
    if link := next((side for side in sides if is_link(side) and not is_folder(side)), None):
        return f"{link} is a symbolic link, which kg does not follow"
    if sides and not any(is_folder(side) or is_note(side.name) for side in sides):
        return f"{sides[-1]} is no note, so it states no facts"
    return ""


def _is_null(place: Path) -> bool:
    return str(place) == os.devnull


def _folder_files(folder: Path) -> Mapping[str, Path]:
    """The notes in a folder by path. Raises KgError."""
    if _is_null(folder):
        return {}
    try:
        files = [file for file in files_below(folder, "") if is_note(file.name)]
        # For a file of the working tree, git makes a link to it.
        places = [file.parent / os.readlink(file) if is_link(file) else file for file in files]  # noqa: PTH115 - bytes
    except OSError as error:
        raise KgError(f"{error.filename} cannot be read: {error.strerror}") from error
    return {file.relative_to(folder).as_posix(): place for file, place in zip(files, places, strict=True)}


def _state(folder: Path, side: Path, files: Mapping[str, Path], project: Config | None) -> ComparedState:
    """The state of a vault with the files, which is written into a folder."""
    vault, store = folder / "vault", folder / "store"
    vault.mkdir(parents=True)
    base = project or settings_in(vault, store)
    config = replace(base, vault=vault, store=store, ignore=(), gitignore=False, refresh="off")
    for path, place in files.items() if not _is_null(side) else ():
        try:
            content = read_bytes(place, config.max_bytes, follow=False)
            (vault / path).parent.mkdir(parents=True, exist_ok=True)
            (vault / path).write_bytes(content)
        except OSError as error:
            raise KgError(f"{place} cannot be read: {error.strerror or error}") from error
    ingest(Vault(config=config), inference=False)
    return ComparedState.of(_ABSENT if _is_null(side) else side.name or str(side), config)


def _without_marks(change: NoteChange) -> NoteChange:
    """The change without the remark that a thing is missing: what the notes link to is in no vault here."""
    changed = tuple(ChangedValue(*map(_without_mark, pair)) for pair in change.changed)
    added, removed = (tuple(map(_without_mark, facts)) for facts in (change.added, change.removed))
    return replace(change, changed=changed, added=added, removed=removed)


def _without_mark(fact: Fact) -> Fact:
    subject, predicate, obj = fact.words
    return fact._replace(words=(subject, predicate, obj.removesuffix(MARK)))
