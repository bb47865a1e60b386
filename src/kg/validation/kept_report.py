"""The report of the last validation that `kg serve` made, kept in the store's folder, where every reader finds it.

If the file cannot be read, there is no report.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import CODES, Code, Finding, Severity, by_path
from kg.store.note_table import DAMAGE, compact
from kg.store.ownership import owned
from kg.validation.stored_findings import findings_in, stored
from kg.validation.validator import Validation

FILE = "report.json"


class _StoredReport(NamedTuple):
    """The contents of the file, an array in this order."""

    stamp: str
    findings: Any
    rules: dict[str, tuple[Severity, str, str]]
    """The severity, title and remedy of each code of a shape that a finding has."""


class KeptReport:
    """The findings of a vault, and the generation of the store that they are about."""

    def __init__(self, stamp: str, findings: tuple[Finding, ...], rules: Mapping[str, Code]) -> None:
        self.stamp = stamp
        self.findings = findings
        self.rules = rules

    @cached_property
    def by_path(self) -> Mapping[str, tuple[Finding, ...]]:
        """The findings of each file."""
        return by_path(self.findings)


def keep(folder: Path, stamp: str, validation: Validation) -> None:
    """Keep what a validation found about a generation. Raises OSError, StoreError."""
    codes = {row.code: validation.rules[row.code] for row in validation.findings if row.code in validation.rules}
    rules = {name: [code.severity, code.title, code.remedy] for name, code in codes.items() if name not in CODES}
    with owned(folder) as place:
        place.write(FILE, compact([stamp, stored(validation.findings), rules]).encode())


def kept(folder: Path) -> KeptReport | None:
    """The report in a store's folder; None if there is none. One that was read before is not read again."""
    with suppress(OSError):
        status = (folder / FILE).lstat()
        return _read(folder, (status.st_ino, status.st_mtime_ns, status.st_size))
    return None


@lru_cache(4)
def _read(folder: Path, identity: tuple[int, ...]) -> KeptReport | None:
    try:
        report = msgspec.convert(json.loads(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False)), _StoredReport)
        findings = findings_in(report.findings)
    except DAMAGE:
        return None
    rules = {name: Code(name, *row) for name, row in report.rules.items()}
    return KeptReport(report.stamp, findings, {**rules, **CODES})
