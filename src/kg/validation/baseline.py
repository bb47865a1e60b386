"""A baseline: the findings at the time it was written, so that later only new findings count."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from kg.core.errors import KgError
from kg.core.files import MAX_STORE_FILE, read_bytes
from kg.core.findings import CODES, Finding, fingerprints
from kg.core.folder import write_new

Only = Literal["links", "shapes"]
_VERSION = 1
_OF_NOTES = "FLPK"
"""The letters of the codes that are about notes, links and properties, and not about shapes."""


class Compared(NamedTuple):
    """The comparison of findings with a baseline."""

    new: tuple[Finding, ...]
    known: int
    gone: tuple[str, ...]
    """Findings of the baseline that no longer occur, each as a line of text."""


def write(file: Path, findings: Sequence[Finding]) -> None:
    """Write the findings to a new file, a line each, so that a diff of a baseline in a repository shows what changed.

    The file must not exist yet. Raises KgError.
    """
    rows = [
        json.dumps(
            {"fingerprint": key, "code": finding.code, "path": finding.path, "message": finding.message},
            ensure_ascii=False,
        )
        for key, finding in zip(fingerprints(findings), findings, strict=True)
    ]
    text = f'{{"version": {_VERSION}, "findings": [\n' + ",\n".join(rows) + "\n]}\n"
    try:
        write_new(file, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise KgError(f"the baseline {file} cannot be written: {error.strerror or error}") from error


class Elsewhere(NamedTuple):
    """What occurs in the vault and is not reported, so that it has not gone."""

    findings: tuple[Finding, ...] = ()
    codes: frozenset[str] = frozenset()
    """The codes of results without a finding."""
    only: Only | None = None
    """What has been checked, if not all."""

    def may_have(self, code: str) -> bool:
        """Whether findings of a code may exist besides these."""
        is_of_notes = code in CODES and code[0] in _OF_NOTES
        return code in self.codes or (
            self.only is not None and (code[0] == "K" or is_of_notes != (self.only == "links"))
        )


def compare(file: Path, findings: Sequence[Finding], elsewhere: Elsewhere) -> Compared:
    """Compare findings with a baseline. Raises KgError."""
    try:
        table = json.loads(read_bytes(file, MAX_STORE_FILE))
        rows = {row["fingerprint"]: (row["code"], f"{row['path']}: {row['message']}") for row in table["findings"]}
        is_current = table["version"] == _VERSION
    except OSError as error:
        raise KgError(f"the baseline {file} cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KgError(f"{file} is not a baseline: remove it, and the next run writes a new one") from error
    if not is_current:
        raise KgError(
            f"the baseline {file} was written by another version of kg: remove it, and the next run writes a new one"
        )
    keys = fingerprints(findings)
    new = tuple(finding for key, finding in zip(keys, findings, strict=True) if key not in rows)
    now = {*keys, *fingerprints(elsewhere.findings)}
    left = ((code, text) for key, (code, text) in rows.items() if key not in now)
    gone = tuple(f"{text} [{code}]" for code, text in left if not elsewhere.may_have(code))
    return Compared(new, len(findings) - len(new), gone)
