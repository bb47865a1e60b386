"""What is wrong in a vault: one sorted report of its files, their properties and their links."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kg.findings import SEVERITIES, Finding, Severity
from kg.links import Checker, whole
from kg.resolve import Index, LinkClass
from kg.terms import Names
from kg.vault import Progress, Reading, Vault


@dataclass(frozen=True)
class Validation:
    """The findings in the order of files, lines and columns, and every link in one class."""

    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """How many findings there are of each code."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))

    def at_least(self, severity: Severity) -> "Validation":
        """Without the findings that are less severe."""
        kept = set(SEVERITIES[: SEVERITIES.index(severity) + 1])
        return Validation(tuple(one for one in self.findings if one.severity in kept), self.classes)


def validate(vault: Vault | str | Path, *, progress: Progress | None = None) -> Validation:
    """Check a vault as it lies on the disk; no store is needed. Raises KgError where it cannot be read at all."""
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    reading = vault.read(progress)
    return check(reading, index_of(reading, vault.config.base))


def index_of(reading: Reading, base: str) -> Index:
    """The index of a vault that was read."""
    return Index.of(reading.notes, reading.attachments, Names(base), ignored=reading.ignored, on_disk=reading.on_disk)


def check(reading: Reading, index: Index) -> Validation:
    """The findings of reading, and those of the links."""
    checker = Checker(index, reading.settings)
    links = whole(map(checker.check, reading.notes), index, reading.settings)
    return Validation(_sorted(reading.findings, links.findings), links.classes)


def _sorted(*findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted({finding for some in findings for finding in some}))
