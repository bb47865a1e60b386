"""A baseline: the findings that were there when it was written, so that later only what is new counts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kg.errors import KgError
from kg.findings import Finding, fingerprints
from kg.folder import write_new
from kg.source import MOST, read_bytes

_VERSION = 1


class Compared(NamedTuple):
    """Findings beside a baseline."""

    new: tuple[Finding, ...]
    known: int
    gone: tuple[str, ...]
    """What it has that is not there any more, each as a line of text."""


def write(file: Path, findings: Sequence[Finding]) -> None:
    """Write down what is there, one finding a line, so that a baseline in a repository shows what changed.

    The file is a new one. Raises KgError.
    """
    rows = [
        json.dumps({"fingerprint": key, "code": one.code, "path": one.path, "message": one.message}, ensure_ascii=False)
        for key, one in zip(fingerprints(findings), findings, strict=True)
    ]
    text = f'{{"version": {_VERSION}, "findings": [\n' + ",\n".join(rows) + "\n]}\n"
    try:
        write_new(file, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise KgError(f"the baseline {file} cannot be written: {error.strerror or error}") from error


def compare(file: Path, findings: Sequence[Finding]) -> Compared:
    """What of some findings is new since a baseline was written. Raises KgError."""
    try:
        table = json.loads(read_bytes(file, MOST))
        rows = {row["fingerprint"]: f"{row['path']}: {row['message']} [{row['code']}]" for row in table["findings"]}
        known = table["version"] == _VERSION
    except OSError as error:
        raise KgError(f"the baseline {file} cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KgError(f"{file} is no baseline: remove it, and the next run writes one") from error
    if not known:
        raise KgError(f"the baseline {file} is of another version of kg: remove it, and the next run writes one")
    keys = fingerprints(findings)
    new = tuple(one for key, one in zip(keys, findings, strict=True) if key not in rows)
    gone = tuple(text for key, text in rows.items() if key not in set(keys))
    return Compared(new, len(findings) - len(new), gone)
