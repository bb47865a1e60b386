"""The parts of a vault that a validation reports on: files and folders that the user names."""

import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from kg.config import Config
from kg.core.errors import KgError
from kg.core.files import is_folder, short
from kg.core.findings import Finding
from kg.core.text import nfc
from kg.notes.vault import Files, is_note

_IGNORED = "is ignored (.gitignore, Obsidian's excluded files, or `ignore` in kg.toml), so kg does not read it"


@dataclass(frozen=True)
class Parts:
    """Files and folders of a vault or its ontology; all of the vault if there are none."""

    config: Config
    paths: tuple[Path, ...] = ()

    def hold(self, finding: Finding, of_project: Container[str]) -> bool:
        """Whether a finding is in one of the parts; paths `of_project` are relative to the project."""
        place = Path(nfc(os.path.normpath(self.config.file_of(finding, of_project))))
        return not self.paths or any(place.is_relative_to(part) for part in self._normal)

    @property
    def _normal(self) -> list[Path]:
        return [Path(nfc(str(path))) for path in self.paths]

    def unread(self, files: Files) -> tuple[str, ...]:
        """A sentence for each part in which kg reads no note. Raises KgError if there is nothing to check at all."""
        sentences = {path: self._unread(path, files) for path in self.paths}
        idle = [text for text in sentences.values() if text]
        if idle and len(idle) == len(sentences) and not any(text.endswith(_IGNORED) for text in idle):
            raise KgError(f"there is nothing to check: {'; '.join(idle)}")
        return tuple(idle)

    def _unread(self, path: Path, files: Files) -> str:
        if not path.is_relative_to(self.config.vault):
            return ""
        inside = nfc(path.relative_to(self.config.vault).as_posix())
        if any(_is_in(note, inside) for note in files.notes) or files.hides(inside) or self._is_of_ontology(path):
            return ""
        if any(_is_in(file, inside) for file in files.ignored if is_note(file)):
            return f"{short(path)} {_IGNORED}"
        return f"{short(path)} {'has no notes' if is_folder(path) else 'is not a note'}"

    def _is_of_ontology(self, path: Path) -> bool:
        return any(path.is_relative_to(place) for place in self.config.ontology)


def _is_in(path: str, part: str) -> bool:
    return path == part or path.startswith(f"{part}/")
