"""The findings of a vault whose files never change, kept in a file: they are the same each time.

If the file cannot be read, or its findings rest on something else, the vault is validated.
"""

from collections.abc import Callable
from pathlib import Path

from kg.core.findings import Finding
from kg.store.kept_json import JsonForm, kept_json
from kg.validation.stored_findings import findings_in, stored

FILE = "findings.json"
_FORM = JsonForm(stored, findings_in)


def kept_findings(folder: Path, facts: str, validated: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """The findings in the file of a folder, if they rest on the same facts; else those of a validation, which are kept.

    `facts` name all that the findings depend on. Raises what the validation raises.
    """
    return kept_json(folder / FILE, facts, _FORM, validated)
