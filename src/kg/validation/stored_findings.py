"""Findings as files have them: all that a validation says of each, as values of JSON."""

from collections.abc import Iterable
from typing import Any

import msgspec

from kg.core.findings import CODES, Finding, Result, Severity
from kg.store.note_entries import FindingFields, fields_of

StoredFinding = tuple[FindingFields, Result | None, Severity | None]
"""The fields of a finding, the result of a shape that it reports, and the severity that the user's rules give it."""


def stored(findings: Iterable[Finding]) -> list[StoredFinding]:
    """Findings, for JSON."""
    return [(fields_of(finding), finding.result or None, finding.graded or None) for finding in findings]


def findings_in(rows: Any) -> tuple[Finding, ...]:
    """The findings in values of JSON. Raises ValidationError, ValueError if one has no code that kg knows."""
    return tuple([_finding(*row) for row in msgspec.convert(rows, list[StoredFinding])])


def _finding(fields: FindingFields, result: Result | None, graded: Severity | None) -> Finding:
    finding = Finding(*fields, result or (), graded or "")
    if not result and finding.code not in CODES:
        raise ValueError(f"not a finding: {fields}")
    return finding
