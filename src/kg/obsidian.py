"""What the folder `.obsidian/` of a vault says: files not to be shown, types of properties, where templates are.

Only the settings that change what the notes mean are read; a file that is not as Obsidian writes it counts for nothing.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.source import read_bytes

FOLDER = ".obsidian"
FILES = ("app.json", "types.json", "templates.json")
"""Those of its files that are read."""
_MOST_BYTES = 1_000_000
_LONGEST_MATCH = 0.1
"""The most seconds that one match of an expression may take, and all beyond `_USUAL_MATCH` together."""
_USUAL_MATCH = 20e-6
"""An expression of which each match takes so many seconds at most is never given up."""
_ALL_MATCHES = 1.0
"""Where all expressions together took so many seconds beyond that, none is tried any more."""
_LONGEST_FILTER = 1000
_MOST_FILTERS = 1000


_COUNT = re.compile(r"\{([0-9]+),?([0-9]*)\}")
_NOT_JAVASCRIPT = re.compile(r"\(\?(?![:=!<])")
_MOST_REPEATED = 10_000


def _is_modest(expression: str) -> bool:
    """Whether an expression is one of JavaScript, with counts that do not multiply: `regex` writes each of them out."""
    product = 1
    for match in _COUNT.finditer(expression):
        product *= max(int(number or 1) for number in match.groups())
    return product <= _MOST_REPEATED and not _NOT_JAVASCRIPT.search(expression)


class _Watch:
    """The time that expressions take: they come with the vault, and may never end."""

    def __init__(self) -> None:
        self.left: dict[str, float] = {}
        """The seconds that each expression may still take; 0 for one that was given up."""
        self.all_left = _ALL_MATCHES

    def found(self, expression: str, path: str) -> bool:
        """Whether an expression is found in a path. One that is none, or takes too long, finds nothing from then on."""
        left = self.left.get(expression, _LONGEST_MATCH if _is_modest(expression) else 0)
        if left <= 0 or self.all_left <= 0:
            return False
        import regex  # noqa: F401 # the time that this takes is not the expression's

        started = time.process_time()
        matches = _search(expression, path, left)
        excess = time.process_time() - started - _USUAL_MATCH
        self.left[expression] = 0 if matches is None else min(left - excess, _LONGEST_MATCH)
        self.all_left -= max(excess, 0)
        return bool(matches)


def _search(expression: str, path: str, seconds: float) -> bool | None:
    """Whether an expression is found; None where it is none, or takes longer."""
    import regex  # unlike re it can be told to give up

    try:
        return regex.search(expression, path, regex.IGNORECASE, timeout=seconds) is not None
    except (regex.error, TimeoutError, ValueError, LookupError, TypeError, RuntimeError, ArithmeticError):
        return None


@dataclass(frozen=True)
class Settings:
    """The settings of a vault that Obsidian keeps beside it."""

    filters: tuple[str, ...] = ()
    """`userIgnoreFilters` of app.json: a path that begins so, or /a regular expression/."""
    types: Mapping[str, str] = field(default_factory=dict)
    """The type of a property by its name in lower case (types.json): text, multitext, number, checkbox, date …"""
    templates: str = ""
    """The folder of templates, with a `/` at its end."""
    _watch: _Watch = field(default_factory=_Watch, repr=False, compare=False)

    @classmethod
    def of(cls, vault: Path) -> "Settings":
        """The settings of a vault; none where Obsidian never opened it."""
        folder = vault / FOLDER
        filters, types = (
            _table(folder / FILES[0]).get("userIgnoreFilters"),
            _table(folder / FILES[1]).get("types"),
        )
        templates = _table(folder / FILES[2]).get("folder")
        return cls(
            _filters(filters) if isinstance(filters, list) else (),
            _lower(types) if isinstance(types, dict) else {},
            f"{templates.strip('/')}/" if isinstance(templates, str) and templates.strip("/") else "",
        )

    def hides(self, path: str) -> bool:
        """Whether Obsidian's search and graph leave a path out."""
        return any(self._matches(one, path) for one in self.filters)

    def _matches(self, filter_: str, path: str) -> bool:
        if len(filter_) > 2 and filter_[0] == filter_[-1] == "/":
            return self._watch.found(filter_[1:-1], path)
        return path.lower().startswith(filter_.lower())


def _filters(filters: list[Any]) -> tuple[str, ...]:
    """Those that can be one; what is longer than a path can be, and what comes after a thousand, is none."""
    texts = (one for one in filters[:_MOST_FILTERS] if isinstance(one, str))
    return tuple(one for one in texts if 0 < len(one) <= _LONGEST_FILTER)


def _lower(types: Mapping[Any, Any]) -> dict[str, str]:
    return {name.lower(): type_ for name, type_ in types.items() if isinstance(name, str) and isinstance(type_, str)}


def _table(file: Path) -> dict[str, Any]:
    try:
        table = json.loads(read_bytes(file, _MOST_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}
