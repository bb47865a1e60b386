"""Folders, to narrow down what is in the notes of a vault."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class FolderCount(NamedTuple):
    """A folder, and the number of notes, things or findings in it and below it."""

    path: str
    number: int


def is_in(path: str, folder: str) -> bool:
    """Whether a path is in a folder or below it; every path is in the vault itself, which is empty."""
    return not folder or path.startswith(f"{folder.strip('/')}/")


def folders_below(paths: Iterable[str], folder: str = "") -> list[FolderCount]:
    """The folders one level below another that paths lead through, those of most paths first."""
    inside = f"{folder.strip('/')}/" if folder else ""
    numbers: Counter[str] = Counter()
    for path in paths:
        below, slash, _ = path.removeprefix(inside).partition("/")
        if slash and path.startswith(inside):
            numbers[inside + below] += 1
    return [FolderCount(*row) for row in sorted(numbers.items(), key=lambda row: (-row[1], row[0]))]
