"""The findings of a vault: by severity and code, then by note. The server validates it beside answering."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

import pyoxigraph as ox

from kg.core.findings import SEVERITIES, Code, Finding, Severity
from kg.validation.kept_report import KeptReport, kept
from kg.views.folders import FolderCount, folders_below, is_in
from kg.views.open_vault import OpenVault, Shown

PAGE = 100
"""The findings on a page."""

Standing = Literal["checked", "being checked", "private"]
"""Whether the findings are of this generation, or will be soon, or are not shown: they could name what is private."""


class ProblemQuery(NamedTuple):
    """Which findings are shown."""

    severity: str = ""
    code: str = ""
    folder: str = ""
    page: int = 1


class ShownFinding(NamedTuple):
    """A finding as a page shows it."""

    severity: Severity
    code: str
    line: int
    column: int
    message: str
    hint: str


class FindingsOfFile(NamedTuple):
    """The findings of a file."""

    path: str
    note: Shown | None
    """The thing that the note describes; None if it is no note of the vault."""
    findings: tuple[ShownFinding, ...]


class CodeCount(NamedTuple):
    """A code, and the number of findings that have it."""

    code: str
    severity: Severity
    title: str
    remedy: str
    number: int


class SeverityCount(NamedTuple):
    """A severity, and the number of findings that have it."""

    severity: Severity
    number: int


@dataclass(frozen=True)
class Problems:
    """A page of findings, and how it can be narrowed down."""

    query: ProblemQuery
    standing: Standing
    is_known: bool
    """Whether there are findings, at least those of the state before."""
    severities: tuple[SeverityCount, ...] = ()
    codes: tuple[CodeCount, ...] = ()
    folders: tuple[FolderCount, ...] = ()
    files: tuple[FindingsOfFile, ...] = ()
    total: int = 0

    @property
    def pages(self) -> int:
        """The number of pages."""
        return max(1, -(-self.total // PAGE))


def findings_of(vault: OpenVault, path: str) -> tuple[Finding, ...]:
    """The findings of a note; empty if they are not known, or may not be shown."""
    report = _report(vault)
    return report.by_path.get(path, ()) if report else ()


def problems(vault: OpenVault, query: ProblemQuery) -> Problems:
    """The findings of a vault that a query chooses."""
    report, standing = _report(vault), _standing(vault)
    if report is None:
        return Problems(query, standing, is_known=False)
    chosen = [finding for finding in report.findings if _is_chosen(finding, query)]
    first = PAGE * (query.page - 1)
    return Problems(
        query,
        standing,
        True,
        tuple(_severities(finding for finding in report.findings if _is_chosen(finding, query._replace(severity="")))),
        tuple(_codes(report, query._replace(code=""))),
        tuple(folders_below((row.path for row in chosen), query.folder)),
        tuple(_files(vault, chosen[first : first + PAGE])),
        len(chosen),
    )


def _report(vault: OpenVault) -> KeptReport | None:
    return None if vault.is_redacted else kept(vault.config.store)


def _standing(vault: OpenVault) -> Standing:
    if vault.is_redacted:
        return "private"
    report = _report(vault)
    return "checked" if report and report.stamp == vault.published.stamp else "being checked"


def _is_chosen(finding: Finding, query: ProblemQuery) -> bool:
    return (
        query.severity in {"", finding.severity}
        and query.code in {"", finding.code}
        and is_in(finding.path, query.folder)
    )


# ---- counts ----------------------------------------------------------------------------------------------------------


def _severities(findings: Iterable[Finding]) -> Iterable[SeverityCount]:
    counts = Counter(finding.severity for finding in findings)
    return [SeverityCount(severity, counts[severity]) for severity in SEVERITIES]


def _codes(report: KeptReport, query: ProblemQuery) -> list[CodeCount]:
    """The codes of the findings that a query chooses, the most severe and most frequent first."""
    counts = Counter((row.code, row.severity) for row in report.findings if _is_chosen(row, query))
    order = sorted(counts, key=lambda row: (SEVERITIES.index(row[1]), -counts[row], row[0]))
    rules = {code: report.rules.get(code) or Code(code, severity, "", "") for code, severity in order}
    return [
        CodeCount(code, severity, rules[code].title, rules[code].remedy, counts[code, severity])
        for code, severity in order
    ]


# ---- findings --------------------------------------------------------------------------------------------------------


def _files(vault: OpenVault, findings: Iterable[Finding]) -> Iterable[FindingsOfFile]:
    for path, rows in groupby(findings, lambda row: row.path):
        yield FindingsOfFile(path, _note(vault, path), tuple(map(_shown, rows)))


def _shown(row: Finding) -> ShownFinding:
    return ShownFinding(row.severity, row.code, row.line, row.column, row.message, row.remedy)


def _note(vault: OpenVault, path: str) -> Shown | None:
    index, state = vault.explainer.sources.index, vault.state
    if index is None or state is None or path not in state.entries:
        return None
    return vault.show(ox.NamedNode(index.entity(path)))
