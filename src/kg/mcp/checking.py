"""How findings are come by: by validation in the process that answers, or from what another process has kept.

A draft is validated as it would be once it is saved: in an overlay of the vault, which goes when that is done.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from kg.core.findings import Finding, in_order
from kg.ingestion.overlay import overlay_folder
from kg.mcp.agent_vault import CheckedNotes, Checks, DraftFindings
from kg.session.session import Session
from kg.store.seeding import seed
from kg.validation.kept_report import kept
from kg.validation.validator import Validation
from kg.views.open_vault import OpenVault

_Known = Mapping[int, Finding]
"""Findings by the numbers of the objects."""
BEHIND = "the notes are being checked: these findings are those of the state before"
NOT_YET = "the notes are being checked for the first time: ask again in a moment"


@dataclass
class OwnChecks:
    """Validates a vault whose store this process brings up to date: in a session, which remembers."""

    _session: Session | None = None
    _known: "tuple[Validation, _Known] | None" = None

    @property
    def checks(self) -> Checks:
        """The functions that validate."""
        return Checks(self.notes, self.draft)

    def close(self) -> None:
        """End the session, if there is one."""
        if self._session:
            self._session.close()

    def notes(self, vault: OpenVault) -> CheckedNotes:
        """The findings of the vault as it is. Raises KgError."""
        session = self._latest(vault)
        session.validate()
        return CheckedNotes(session.validated.findings)

    def draft(self, vault: OpenVault, path: str, text: str) -> DraftFindings:
        """The findings of a draft. Raises KgError."""
        session = self._latest(vault)
        session.remember()
        session.validate()  # with the same findings as those that are remembered
        session.settle()
        before = session.validated.validation
        if self._known is None or self._known[0] is not before:
            self._known = before, {id(finding): finding for finding in before.findings}
        return _compared(path, self._known[1], session.validated.findings, session.tried({path: text}).findings)

    def _latest(self, vault: OpenVault) -> Session:
        """The session with the generation that is open. Raises KgError."""
        if self._session is None:
            self._session = Session(vault.config, severity="info")
            self._session.open()
        elif self._session.generation != vault.published.stamp or self._session.config != vault.config:
            self._session.refresh(vault.config)
        return self._session


def kept_findings(vault: OpenVault) -> CheckedNotes:
    """The findings that another process has kept."""
    report = kept(vault.config.store)
    if report is None:
        return CheckedNotes({}, NOT_YET)
    return CheckedNotes(report.by_path, "" if report.stamp == vault.published.stamp else BEHIND)


def draft_in_a_copy(vault: OpenVault, path: str, text: str) -> DraftFindings:
    """The findings of a draft, by a copy of the store, so that the store itself is not written. Raises KgError."""
    with overlay_folder(vault.config.store) as folder:
        config = replace(vault.config, store=folder / "store")
        seed(config.store, vault.config.store, same_files=True)
        checks = OwnChecks()
        try:
            return checks.draft(replace(vault, config=config), path, text)
        finally:
            checks.close()


KEPT_CHECKS = Checks(kept_findings, draft_in_a_copy)
"""For a process beside one that validates."""


def _compared(
    path: str, known: "_Known", before: Mapping[str, tuple[Finding, ...]], after: Sequence[Finding]
) -> DraftFindings:
    """What a draft has, and what it changes elsewhere; `before` are the known findings by path.

    Nearly all findings are the very same objects as before, and need no closer look.
    """
    now = dict(zip(map(id, after), after, strict=True))
    others = [now[number] for number in now.keys() - known.keys() if now[number].path != path]
    new = in_order(row for row in others if row not in before.get(row.path, ()))
    gone = sum(known[number].path != path for number in known.keys() - now.keys())
    start, end = (side(after, path, key=attrgetter("path")) for side in (bisect_left, bisect_right))
    return DraftFindings(tuple(after[start:end]), new, gone - (len(others) - len(new)))
