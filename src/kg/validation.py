"""What is wrong in a vault: one sorted report of its files, their properties and their links."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kg.findings import SEVERITIES, Finding, Severity
from kg.links import Checked, Checker, whole
from kg.obsidian import Settings
from kg.resolve import Index, LinkClass
from kg.terms import Names
from kg.vault import Progress, Reading, Vault, without_collection
from kg.workers import Workers


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
    with without_collection():
        return _validate(vault, progress)


def _validate(vault: Vault, progress: Progress | None) -> Validation:
    files = vault.files()
    with Workers.for_files(len(files.notes)) as workers:
        read = workers.read(files.notes, vault.config.max_bytes, progress).values()
        cards = [one.card for one in read if one.card]
        names = Names(vault.config.base)
        index = Index.of(cards, files.attachments, names, ignored=files.ignored, on_disk=files.on_disk)
        checked = workers.each(Checker(index, vault.settings).check)
    found = [finding for one in read for finding in one.findings]
    return _together(checked, index, vault.settings, [*files.findings, *found])


def check(reading: Reading, index: Index) -> Validation:
    """The same of a vault that was read already."""
    checked = map(Checker(index, reading.settings).check, reading.notes)
    return _together(checked, index, reading.settings, reading.findings)


def _together(checked: Iterable[Checked], index: Index, settings: Settings, findings: Iterable[Finding]) -> Validation:
    links = whole(checked, index, settings)
    return Validation(tuple(sorted({*findings, *links.findings})), links.classes)
