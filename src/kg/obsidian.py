"""What the folder `.obsidian/` of a vault says: files not to be shown, types of properties, where templates are.

Only the settings that change what the notes mean are read; a file that is not as Obsidian writes it counts for nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = ".obsidian"
_LONGEST_MATCH = 0.1
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Settings:
    """The settings of a vault that Obsidian keeps beside it."""

    filters: tuple[str, ...] = ()
    """`userIgnoreFilters` of app.json: a path that begins so, or /a regular expression/."""
    types: Mapping[str, str] = field(default_factory=dict)
    """The type of a property by its name in lower case (types.json): text, multitext, number, checkbox, date …"""
    templates: str = ""
    """The folder of templates, with a `/` at its end."""
    _slow: set[str] = field(default_factory=set, repr=False, compare=False)

    @classmethod
    def of(cls, vault: Path) -> "Settings":
        """The settings of a vault; none where Obsidian never opened it."""
        folder = vault / FOLDER
        if not folder.is_dir():
            return cls()
        filters, types = (
            _table(folder / "app.json").get("userIgnoreFilters"),
            _table(folder / "types.json").get("types"),
        )
        templates = _table(folder / "templates.json").get("folder")
        return cls(
            tuple(one for one in filters if isinstance(one, str) and one) if isinstance(filters, list) else (),
            _lower(types) if isinstance(types, dict) else {},
            f"{templates.strip('/')}/" if isinstance(templates, str) and templates.strip("/") else "",
        )

    def hides(self, path: str) -> bool:
        """Whether Obsidian's search and graph leave a path out."""
        return any(self._matches(one, path) for one in self.filters)

    def _matches(self, filter_: str, path: str) -> bool:
        if len(filter_) > 2 and filter_[0] == filter_[-1] == "/":
            return filter_ not in self._slow and self._found(filter_, path)
        return path.lower().startswith(filter_.lower())

    def _found(self, filter_: str, path: str) -> bool:
        """Whether an expression is found in a path. One that is none, or takes too long, finds nothing from then on."""
        import regex  # unlike re it can be told to give up: the expression comes with the vault

        try:
            return regex.search(filter_[1:-1], path, regex.IGNORECASE, timeout=_LONGEST_MATCH) is not None
        except (regex.error, TimeoutError):
            self._slow.add(filter_)
            return False


def _lower(types: Mapping[Any, Any]) -> dict[str, str]:
    return {name.lower(): type_ for name, type_ in types.items() if isinstance(name, str) and isinstance(type_, str)}


def _table(file: Path) -> dict[str, Any]:
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return {}
        table = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}
