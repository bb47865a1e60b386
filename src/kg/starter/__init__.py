"""What `kg init` writes: the files beside this one, copied where nothing stands yet."""

import os
from collections.abc import Iterator
from pathlib import Path

from kg.errors import KgError
from kg.folder import write_new
from kg.source import files_below

_HERE = Path(__file__).parent


def write_starter(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Write the starter files into a folder; each path with whether it was written or kept. Raises KgError."""
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
    """Whether a folder of the project is a link to one elsewhere, or to nothing: nothing is written there."""
    links = [one for one in (place, *place.parents) if one != folder and folder in one.parents and one.is_symlink()]
    return any(not one.is_dir() or not one.resolve().is_relative_to(folder.resolve()) for one in links)


def _has_notes(folder: Path) -> bool:
    """Whether a folder holds notes; one that cannot be looked through is taken for one that does."""
    try:
        return bool(files_below(folder, ".md"))
    except OSError:
        return True
