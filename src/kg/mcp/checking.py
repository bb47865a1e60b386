"""How findings are come by: by validation in the process that answers, or from what another process has kept.

A draft is validated as it would be once it is saved: in an overlay of the vault, which goes when that is done.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kg.config import Config
from kg.core.findings import Finding
from kg.ingestion.overlay import overlay
from kg.ingestion.pipeline import ingest
from kg.ingestion.snapshot import Held
from kg.mcp.agent_vault import CheckedNotes, Checks, DraftFindings
from kg.notes.vault import Vault
from kg.store.seeding import seed
from kg.validation.kept_report import kept
from kg.validation.memory import ValidationMemory
from kg.validation.validator import validate
from kg.views.open_vault import OpenVault

BEHIND = "the notes are being checked: these findings are those of the state before"
NOT_YET = "the notes are being checked for the first time: ask again in a moment"
_PREFIX = ".overlay-"
"""The beginning of the names of overlays, which are removed if their process was killed."""


def _by_path(findings: Iterable[Finding]) -> Mapping[str, tuple[Finding, ...]]:
    rows: dict[str, list[Finding]] = {}
    for finding in findings:
        rows.setdefault(finding.path, []).append(finding)
    return {path: tuple(group) for path, group in rows.items()}


@dataclass
class OwnChecks:
    """Validates a vault whose store this process brings up to date."""

    _stamp: str = ""
    _held: Held | None = None
    _before: Mapping[str, tuple[Finding, ...]] | None = None
    _memory: ValidationMemory | None = None

    @property
    def checks(self) -> Checks:
        """The functions that validate."""
        return Checks(self.notes, self.draft)

    def close(self) -> None:
        """End the process that runs pySHACL, if there is one."""
        if self._memory:
            self._memory.close()

    def notes(self, vault: OpenVault) -> CheckedNotes:
        """The findings of the vault as it is. Raises KgError."""
        return CheckedNotes(self._whole(vault))

    def draft(self, vault: OpenVault, path: str, text: str) -> DraftFindings:
        """The findings of a draft. Raises KgError."""
        before = (
            self._before if self._before is not None and self._stamp == vault.published.stamp else self._whole(vault)
        )
        return _of_draft(vault.config, path, text, (before, self._latest(vault), self._memory))

    def _whole(self, vault: OpenVault) -> Mapping[str, tuple[Finding, ...]]:
        self._memory = self._memory or ValidationMemory(vault.config.limits)
        validation = validate(Vault(config=vault.config), held=self._latest(vault), memory=self._memory)
        self._before = _by_path(validation.findings)
        return self._before

    def _latest(self, vault: OpenVault) -> Held:
        """The last ingest of this process, which is that of the generation that is open."""
        if self._held is None or self._stamp != vault.published.stamp:
            self._held = Held(ingest(Vault(config=vault.config)), ())
            self._stamp = vault.published.stamp
        return self._held


def kept_findings(vault: OpenVault) -> CheckedNotes:
    """The findings that another process has kept."""
    report = kept(vault.config.store)
    if report is None:
        return CheckedNotes({}, NOT_YET)
    return CheckedNotes(report.by_path, "" if report.stamp == vault.published.stamp else BEHIND)


def draft_in_a_copy(vault: OpenVault, path: str, text: str) -> DraftFindings:
    """The findings of a draft, by a copy of the store, so that the store itself is not written. Raises KgError."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=vault.config.store) as folder:
        config = replace(vault.config, store=Path(folder) / "store")
        seed(config.store, vault.config.store, same_files=True)
        held = Held(ingest(Vault(config=config)), ())
        before = _by_path(validate(Vault(config=config), held=held).findings)
        return _of_draft(config, path, text, (before, held, None))


KEPT_CHECKS = Checks(kept_findings, draft_in_a_copy)
"""For a process beside one that validates."""


_Known = tuple[Mapping[str, tuple[Finding, ...]], Held, ValidationMemory | None]
"""The findings without a draft, the last ingest, and the memory of the last validation."""


def _of_draft(config: Config, path: str, text: str, known: _Known) -> DraftFindings:
    """What a draft has, and what it changes elsewhere. Raises KgError."""
    before, held, memory = known
    with overlay(Vault(config=config), {path: text}, held=held) as imagined:
        beside = memory.beside(imagined) if memory else None
        after = validate(Vault(config=imagined.config), held=Held(imagined.report, ()), memory=beside)
    findings = _by_path(after.findings)
    others = [other for other in {**before, **findings} if other != path and before.get(other) != findings.get(other)]
    new, gone = list[Finding](), 0
    for other in sorted(others):
        had, has = before.get(other, ()), findings.get(other, ())
        new += [row for row in has if row not in had]
        gone += sum(row not in has for row in had)
    return DraftFindings(findings.get(path, ()), tuple(new), gone)
