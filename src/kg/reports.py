"""How findings are reported: one row a format, read by the command line and its documentation."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from kg.findings import CODES, Finding, printable
from kg.resolve import LINK_CLASSES
from kg.validation import Validation

Paint = Callable[[str, str], str]
"""Given a severity and a text, the text in the severity's colour, where there are colours."""


@dataclass(frozen=True)
class Report:
    """A way to report findings."""

    name: str
    media_type: str
    write: Callable[[Validation, IO[str], bool, Paint], None]
    says: str


def _text(validation: Validation, out: IO[str], statistics: bool, paint: Paint) -> None:
    for finding in validation.findings:
        out.write(f"{paint(finding.severity, str(finding))}{_hint(finding)}\n")
    if statistics:
        out.write("\n" if validation.findings else "")
        out.writelines(f"{line}\n" for line in _tables(validation))


def _hint(finding: Finding) -> str:
    """What to do about it, where that is more than the code's own remedy says."""
    return f"\n  hint: {printable(finding.hint)}" if finding.hint else ""


def _tables(validation: Validation) -> Iterator[str]:
    """Links by class, which sum to the total, and findings by code."""
    total = sum(validation.classes.values())
    width = len(f"{max(total, len(validation.findings)):,}")
    for kind, number in validation.classes.items():
        if number:
            yield f"{number:>{width},}  {kind:<18}  {LINK_CLASSES[kind]}"
    yield f"{total:>{width},}  links in all"
    if validation.codes:
        yield ""
        for code, number in validation.codes.items():
            yield f"{number:>{width},}  {code} {CODES[code].severity:<8}      {CODES[code].title}"
        yield f"{len(validation.findings):>{width},}  findings in all"


def _json(validation: Validation, out: IO[str], statistics: bool, paint: Paint) -> None:
    """A list of findings, as the contract has them; with statistics, an object that holds it."""
    findings = [finding.as_json() for finding in validation.findings]
    whole: Any = findings
    if statistics:
        whole = {"findings": findings, "statistics": statistics_of(validation)}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    # A file's name may hold bytes that are no text: as an escape they are JSON all the same.
    out.write(f"{text.encode('utf-8', 'backslashreplace').decode('utf-8')}\n")


def statistics_of(validation: Validation) -> Mapping[str, Any]:
    """Links by class with their total, findings by code."""
    total = sum(validation.classes.values())
    return {"links": dict(validation.classes), "total": total, "findings": dict(validation.codes)}


REPORTS: dict[str, Report] = {
    row.name: row
    for row in (
        Report("text", "text/plain", _text, "`file:line:column: severity: message [code]`, with a hint below"),
        Report("json", "application/json", _json, "a list of findings; with `--statistics` an object that holds it"),
    )
}
