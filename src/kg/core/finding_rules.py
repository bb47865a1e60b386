"""The findings that a user wants: codes and prefixes of codes as in ruff, severities, and exceptions for files.

Selectors are codes (`L01`), prefixes of numbered codes (`L`, `L0`) and `ALL`. The most specific selector counts, as in
ruff: https://docs.astral.sh/ruff/linter/#rule-selection.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from kg.core.findings import CODES, SEVERITIES, Finding, Severity
from kg.core.ignore_patterns import NothingMatchesError, Patterns, glob

ALL = "ALL"
_NUMBERED = re.compile(r"[A-Z]+\d+")
_KEYS = {"select", "ignore", "severity", "per-file-ignores"}
_MOST = 1000
"""The maximum items of a list or table, and of characters in a selector or a pattern."""


def covers(selector: str, code: str) -> bool:
    """Whether a selector is a code, a prefix of a numbered code, or `ALL`."""
    return selector in {ALL, code} or bool(selector and code.startswith(selector) and _NUMBERED.fullmatch(code))


def _rank(selectors: Iterable[str], code: str) -> int:
    """How specific the most specific selector of a code is; 0 if none covers it."""
    return max((1 if item == ALL else len(item) + 1 for item in selectors if covers(item, code)), default=0)


class CodeChoice(NamedTuple):
    """Codes to report, and codes to leave out."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, code: str) -> bool | None:
        """Whether a code is reported; None if this choice does not say."""
        selected, ignored = _rank(self.select, code), _rank(self.ignore, code)
        return selected > ignored if selected or ignored or self.select else None


@dataclass(frozen=True)
class FindingRules:
    """Which findings are reported, and how severe they are."""

    choices: tuple[CodeChoice, ...] = ()
    """The last one that says something about a code counts: the command line comes after kg.toml."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The codes that are left out in some files, by pattern as in `.gitignore`."""
    _taken: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, table: Mapping[str, Any], defaults: Mapping[str, Severity]) -> "FindingRules":
        """The rules of a valid table `[validate]` of kg.toml."""
        choice = CodeChoice(tuple(table.get("select", ())), tuple(table.get("ignore", ())))
        files = {pattern: tuple(codes) for pattern, codes in table.get("per-file-ignores", {}).items()}
        return cls((choice,), {**defaults, **table.get("severity", {})}, files)

    def chosen(self, select: Iterable[str], ignore: Iterable[str]) -> "FindingRules":
        """The rules with the choice of the command line."""
        return replace(self, choices=(*self.choices, CodeChoice(tuple(select), tuple(ignore))))

    @property
    def without_selection(self) -> "FindingRules":
        """The rules that leave out only what is ignored: an ingest names each file that it cannot read."""
        return replace(self, choices=tuple([choice._replace(select=()) for choice in self.choices]))

    @property
    def are_none(self) -> bool:
        """Whether all findings are taken as they are."""
        return not (self.severities or self.files or any(choice.select or choice.ignore for choice in self.choices))

    def takes_code(self, code: str) -> bool:
        """Whether findings of a code are reported."""
        if code not in self._taken:
            said = (choice.takes(code) for choice in reversed(self.choices))
            self._taken[code] = next((answer for answer in said if answer is not None), True)
        return self._taken[code]

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is reported."""
        return self.takes_code(finding.code) and not any(
            _rank(codes, finding.code) and _excludes(patterns, _bytes(finding.path))
            for patterns, codes in self._patterns
        )

    @cached_property
    def _patterns(self) -> list[tuple[Patterns, tuple[str, ...]]]:
        return [(Patterns([_bytes(pattern)]), codes) for pattern, codes in self.files.items()]

    def severity_of(self, code: str, default: Severity) -> Severity:
        """The severity of a code by the most specific selector, else the default."""
        selector = max(self.severities, key=lambda item: _rank([item], code), default="")
        return self.severities[selector] if covers(selector, code) else default

    def graded(self, finding: Finding) -> Finding:
        """The finding with its severity by these rules."""
        severity = self.severity_of(finding.code, finding.severity)
        return finding if severity == finding.severity else replace(finding, graded=severity)

    def apply(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings that are reported, each with its severity."""
        return tuple([self.graded(finding) for finding in findings if self.takes(finding)])

    @property
    def needs_all(self) -> bool:
        """Whether results of shapes can be more severe than the shapes say, or be left out by file."""
        return bool(self.files) or any(s == ALL or not any(covers(s, code) for code in CODES) for s in self.severities)

    def unknown(self, codes: Iterable[str]) -> Iterator[str]:
        """The selectors that cover none of the codes."""
        known = tuple(codes)
        chosen = [item for choice in self.choices for part in choice for item in part]
        selectors = [*chosen, *self.severities, *(item for part in self.files.values() for item in part)]
        return (item for item in dict.fromkeys(selectors) if not any(covers(item, code) for code in known))


def _excludes(patterns: Patterns, path: bytes) -> bool:
    """Whether the patterns exclude a file, or a folder around it."""
    parts = path.split(b"/")
    folders = (b"/".join(parts[:n]) for n in range(1, len(parts)))
    return bool(patterns.says(path, False)) or any(patterns.says(folder, True) for folder in folders)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


# ---- the table of kg.toml --------------------------------------------------------------------------------------------


def wrong_table(table: Any) -> str:
    """What is wrong with the value of `[validate]` in kg.toml, as the end of a sentence; empty if it is valid."""
    if not isinstance(table, dict):
        return "must be a table"
    if other := sorted(table.keys() - _KEYS):
        return f": unknown setting “{other[0][:100]}”; known are {', '.join(sorted(_KEYS))}"
    wrong = (_wrong(key, table[key]) for key in table)
    return next((f": “{key}” {text}" for key, text in zip(table, wrong, strict=True) if text), "")


def _wrong(key: str, value: Any) -> str:
    if key in {"select", "ignore"}:
        return "" if _are_selectors(value) else "must be a list of codes in quotes"
    if not isinstance(value, dict) or len(value) > _MOST:
        return f"must be a table of at most {_MOST:,} rows"
    if key == "severity":
        fits = _are_selectors(list(value)) and all(item in SEVERITIES for item in value.values())
        return "" if fits else f"must give each code one of {', '.join(SEVERITIES)}"
    if not all(map(_are_selectors, value.values())):
        return "must give each pattern a list of codes in quotes"
    return next((wrong for pattern in value if (wrong := _wrong_pattern(pattern))), "")


def _are_selectors(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST
        and all(isinstance(item, str) and 0 < len(item) <= _MOST and item.isprintable() for item in value)
    )


def _wrong_pattern(pattern: str) -> str:
    if len(pattern) > _MOST or not pattern.isprintable() or Patterns([_bytes(pattern)]).too_many:
        return f"has a pattern of more than {_MOST:,} characters, or of more than one line"
    try:
        glob(_bytes(pattern))
    except NothingMatchesError as error:
        return f"has the pattern “{pattern[:100]}”, which matches nothing: {error}"
    return ""
