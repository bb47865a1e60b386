"""The settings in a vault's folder `.obsidian/`: hidden files, types of properties, the folder of templates.

Only settings that change the meaning of notes are read, and where new notes are made. A file in any other form than
Obsidian's is ignored.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.core.files import read_bytes

FOLDER = ".obsidian"
FILES = ("app.json", "types.json", "templates.json")
"""The files that are read."""
_MOST_BYTES = 1_000_000
_LONGEST_MATCH = 0.1
"""The most seconds for a match of an expression, and for the sum of its matches' time beyond `_USUAL_MATCH`."""
_USUAL_MATCH = 20e-6
"""An expression whose matches each take at most this many seconds is never given up."""
_ALL_MATCHES = 1.0
"""The most seconds beyond `_USUAL_MATCH` for all expressions; after that, no expression is tried."""
_LONGEST_FILTER = 1000
_MOST_FILTERS = 1000


_COUNT = re.compile(r"\{([0-9]+),?([0-9]*)\}")
_NOT_JAVASCRIPT = re.compile(r"\(\?(?![:=!<])")
_MOST_REPEATED = 10_000


def _is_modest(expression: str) -> bool:
    """Whether an expression is JavaScript's and the product of its counts is small: `regex` expands each count."""
    product = 1
    for match in _COUNT.finditer(expression):
        product *= max(int(number or 1) for number in match.groups())
    return product <= _MOST_REPEATED and not _NOT_JAVASCRIPT.search(expression)


class _Watch:
    """Limits the time of expressions, which come with the vault and may never end."""

    def __init__(self) -> None:
        self.left: dict[str, float] = {}
        """The seconds that each expression may still take; 0 if it was given up."""
        self.all_left = _ALL_MATCHES

    def matches(self, expression: str, path: str) -> bool:
        """Whether an expression matches in a path. An invalid or slow expression matches nothing from then on."""
        left = self.left.get(expression, _LONGEST_MATCH if _is_modest(expression) else 0)
        if left <= 0 or self.all_left <= 0:
            return False
        import regex  # noqa: F401 # its import must not count as the expression's time

        started = time.process_time()
        matches = _search(expression, path, left)
        excess = time.process_time() - started - _USUAL_MATCH
        self.left[expression] = 0 if matches is None else min(left - excess, _LONGEST_MATCH)
        self.all_left -= max(excess, 0)
        return bool(matches)


def _search(expression: str, path: str, seconds: float) -> bool | None:
    """Whether an expression matches in a path; None if it is invalid or takes longer than `seconds`."""
    import regex  # unlike re, it has a timeout

    try:
        return regex.search(expression, path, regex.IGNORECASE, timeout=seconds) is not None
    except (regex.error, TimeoutError, ValueError, LookupError, TypeError, RuntimeError, ArithmeticError):
        return None


@dataclass(frozen=True)
class Settings:
    """Obsidian's settings of a vault."""

    filters: tuple[str, ...] = ()
    """`userIgnoreFilters` of app.json: the beginning of a path, or /a regular expression/."""
    types: Mapping[str, str] = field(default_factory=dict)
    """The types of properties by their names in lower case (types.json): text, multitext, number, checkbox, date …"""
    templates: str = ""
    """The folder of templates, with a trailing `/`."""
    new_notes: str | None = field(default=None, repr=False, compare=False)
    """The folder of new notes (app.json), empty for the vault's own; None if a new note is beside the open one."""
    _watch: _Watch = field(default_factory=_Watch, repr=False, compare=False)

    @classmethod
    def of(cls, vault: Path) -> "Settings":
        """Return the settings of a vault; empty if Obsidian never opened it."""
        folder = vault / FOLDER
        app = _table(folder / FILES[0])
        filters, types = app.get("userIgnoreFilters"), _table(folder / FILES[1]).get("types")
        templates = _table(folder / FILES[2]).get("folder")
        return cls(
            _filters(filters) if isinstance(filters, list) else (),
            _lower(types) if isinstance(types, dict) else {},
            f"{templates.strip('/')}/" if isinstance(templates, str) and templates.strip("/") else "",
            _folder_of_new_notes(app),
        )

    def hides(self, path: str) -> bool:
        """Whether Obsidian's search and graph hide a path."""
        return any(self._matches(filter_, path) for filter_ in self.filters)

    def _matches(self, filter_: str, path: str) -> bool:
        if len(filter_) > 2 and filter_[0] == filter_[-1] == "/":
            return self._watch.matches(filter_[1:-1], path)
        return path.lower().startswith(filter_.lower())


def _folder_of_new_notes(app: Mapping[str, Any]) -> str | None:
    match app.get("newFileLocation"):
        case "root":
            return ""
        case "folder":
            return str(app.get("newFileFolderPath") or "").strip("/")
    return None


def _filters(filters: list[Any]) -> tuple[str, ...]:
    """Return the valid filters: the texts among the first thousand that are no longer than a path can be."""
    texts = (text for text in filters[:_MOST_FILTERS] if isinstance(text, str))
    return tuple(text for text in texts if 0 < len(text) <= _LONGEST_FILTER)


def _lower(types: Mapping[Any, Any]) -> dict[str, str]:
    return {name.lower(): type_ for name, type_ in types.items() if isinstance(name, str) and isinstance(type_, str)}


def _table(file: Path) -> dict[str, Any]:
    try:
        table = json.loads(read_bytes(file, _MOST_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}
