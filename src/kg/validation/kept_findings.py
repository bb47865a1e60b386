"""The findings of a vault whose files never change, kept in a file: they are the same each time.

If the file cannot be read, or its findings rest on something else, the vault is validated.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import CODES, Finding, Result, Severity
from kg.core.folder import Folder
from kg.store.note_entries import FindingFields, fields_of

FILE = "findings.json"


class _KeptFile(NamedTuple):
    """The contents of the file, an array in this order."""

    facts: str
    findings: tuple[tuple[FindingFields, Result | None, Severity | None], ...]
    """The fields of each, the result of a shape that it reports, and the severity that the user's rules give it."""


def kept_findings(folder: Path, facts: str, validated: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """The findings in the file of a folder, if they rest on the same facts; else those of a validation, which are kept.

    `facts` name all that the findings depend on. Raises what the validation raises.
    """
    try:
        stored = msgspec.convert(json.loads(read_bytes(folder / FILE, MAX_STORE_FILE, follow=False)), _KeptFile)
        if stored.facts == facts:
            return tuple([_finding(*row) for row in stored.findings])
    except (OSError, ValueError, TypeError, RecursionError, msgspec.ValidationError):
        pass
    findings = validated()
    rows = [[fields_of(finding), finding.result or None, finding.graded or None] for finding in findings]
    with suppress(OSError), Folder(folder) as place:
        place.write(FILE, json.dumps([facts, rows], separators=(",", ":")).encode())
    return findings


def _finding(fields: FindingFields, result: Result | None, graded: Severity | None) -> Finding:
    """A finding from what is stored. Raises ValueError if it has no code that kg knows."""
    finding = Finding(*fields, result or (), graded or "")
    if not result and finding.code not in CODES:
        raise ValueError(f"not a finding: {fields}")
    return finding
