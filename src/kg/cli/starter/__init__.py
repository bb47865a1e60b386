"""The template of `kg init`: copy the files in this folder to a project, without overwriting any."""

import os
from collections.abc import Iterator
from pathlib import Path

from kg.core.errors import KgError
from kg.core.files import files_below
from kg.core.folder import write_new

_HERE = Path(__file__).parent


def write_starter(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Write the starter files into a folder; yield each path and whether it was written. Raises KgError."""
    has_notes = folder.is_dir() and _has_notes(folder)
    sources = [file for file in sorted(_HERE.rglob("*")) if file.suffix in {".toml", ".ttl", ".rq", ".md"}]
    for source in sources:
        relative = source.relative_to(_HERE)
        if has_notes and relative.parts[0] == "notes":
            continue
        target = folder / relative
        if os.path.lexists(target) or _leads_out(folder, target.parent):
            yield target, False
            continue
        text = source.read_text(encoding="utf-8").replace('"{vault}"', '"."' if has_notes else '"notes"')
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_new(target, text.encode())
        except OSError as error:
            raise KgError(f"{target} cannot be written: {error.strerror}") from error
        yield target, True


def _leads_out(folder: Path, place: Path) -> bool:
    """Whether a folder of the project is, or is below, a link that is broken or leads out of the project."""
    links = [
        path for path in (place, *place.parents) if path != folder and folder in path.parents and path.is_symlink()
    ]
    return any(not path.is_dir() or not path.resolve().is_relative_to(folder.resolve()) for path in links)


def _has_notes(folder: Path) -> bool:
    """Whether a folder holds notes; True if it cannot be read."""
    try:
        return bool(files_below(folder, ".md"))
    except OSError:
        return True
