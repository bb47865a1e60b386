"""The report formats for findings: one row per format, read by the command line and its documentation."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Literal
from urllib.parse import quote

from kg.core.escaping import printable
from kg.core.findings import Code, Finding, Paint, fingerprints
from kg.core.json_text import json_text
from kg.core.output_format import OutputFormat
from kg.core.version import __version__
from kg.mapping.link_resolution import LINK_CLASSES
from kg.notes.instructions import Instruction
from kg.rendering.junit import JUnitCase, write_junit
from kg.validation.validator import Validation

GroupBy = Literal["file", "code", "target"]
_NAMED = re.compile(r"“([^”]+)”|\[\[([^\]|#]+)")


@dataclass(frozen=True)
class ReportStyle:
    """The options of a report, apart from its format."""

    statistics: Validation | None = None
    """The validation of which the numbers of findings and links by kind are added: it has all findings."""
    paint: Paint = lambda severity, text: text
    shown: Callable[[Finding], str] = lambda finding: finding.path
    """Returns the path of a finding's file for a reader."""
    groups: "Groups | None" = None
    """The groups of a report in text."""
    folder: str = ""
    """The vault's path in its repository, ending with `/`, for programs that start at the repository's root."""
    project: str = ""
    """The project's path in its repository, likewise."""
    fails: Callable[[Finding], bool] = lambda finding: finding.severity == "error"
    """Whether a finding makes the run fail."""
    prefixes: Mapping[str, str] = field(default_factory=dict)


def _path(finding: Finding, validation: Validation, style: ReportStyle) -> str:
    """The path of a finding's file in its repository."""
    return (style.project if finding.path in validation.of_project else style.folder) + finding.path


ReportFormat = OutputFormat[Callable[[Validation, IO[str], ReportStyle], None]]


def _text(validation: Validation, out: IO[str], style: ReportStyle) -> None:
    hints: set[str] = set()
    group: str | None = None
    for finding in validation.findings:
        if style.groups and (key := _group(finding, style.groups.by)) != group:
            out.write(f"{'' if group is None else chr(10)}{printable(style.groups.heading(finding))}\n")
            group = key
        hint = "" if finding.result and finding.hint in hints else _hint(finding)
        hints.add(finding.hint)
        out.write(f"{finding.text(style.shown(finding), style.paint)}{hint}\n")
    if style.statistics:
        out.write("\n" if validation.findings else "")
        out.writelines(f"{printable(line)}\n" for line in _tables(style.statistics))


@dataclass(frozen=True)
class Groups:
    """The findings of a validation by file, by code, or by the thing that they name."""

    by: GroupBy
    rules: Mapping[str, Code]
    sizes: Mapping[str, int]
    """The number of findings of each group."""

    @classmethod
    def of(cls, validation: Validation, by: GroupBy) -> "Groups":
        """The groups of all findings of a validation."""
        return cls(by, validation.rules, Counter(_group(finding, by) for finding in validation.findings))

    def in_order(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, group by group; things with the most findings come first."""
        return tuple(sorted(findings, key=self._rank))

    def _rank(self, finding: Finding) -> tuple[int, str]:
        group = _group(finding, self.by)
        return (-self.sizes[group] if self.by == "target" else 0), group

    def heading(self, finding: Finding) -> str:
        """The heading of a finding's group, with the number of its findings."""
        title = _name(finding, self.by)
        title += f" {self.rules[title].title}" if self.by == "code" and title in self.rules else ""
        return f"{title} ({self.sizes[_group(finding, self.by)]:,})"


def _group(finding: Finding, by: GroupBy) -> str:
    return _name(finding, by).casefold() if by == "target" else _name(finding, by)


def _name(finding: Finding, by: GroupBy) -> str:
    """The file, the code, or the first thing that the message names."""
    if by != "target":
        return finding.path if by == "file" else finding.code
    named = _NAMED.search(finding.message)
    return (named[1] or named[2]).strip() if named else finding.message


def _hint(finding: Finding) -> str:
    """The hint of a finding, if it says more than the remedy of the code."""
    return f"\n  hint: {printable(finding.hint)}" if finding.hint else ""


def _tables(validation: Validation) -> Iterator[str]:
    """The numbers of links by class, which sum to the total, and of findings by code."""
    total = sum(validation.classes.values())
    width = len(f"{max(total, len(validation.findings)):,}")
    for kind, number in validation.classes.items():
        if number:
            yield f"{number:>{width},}  {kind:<18}  {LINK_CLASSES[kind]}"
    yield f"{total:>{width},}  links in all"
    if validation.codes:
        yield ""
        graded = {finding.code: finding.graded for finding in validation.findings if finding.graded}
        for code, number in validation.codes.items():
            rule = validation.rules.get(code) or Code(code, "info", "", "")
            yield f"{number:>{width},}  {code} {graded.get(code, rule.severity):<8}      {rule.title}"
        yield f"{len(validation.findings):>{width},}  findings in all"


def _json(validation: Validation, out: IO[str], style: ReportStyle) -> None:
    """Write a list of findings, as the contract specifies; with statistics, an object that contains the list."""
    findings = [finding.as_json() for finding in validation.findings]
    document: Any = findings
    if style.statistics:
        document = {"findings": findings, "statistics": statistics_of(style.statistics)}
    _dump(document, out)


def _dump(whole: Any, out: IO[str]) -> None:
    text = json_text(whole, indent=1)
    # A file name may contain bytes that are not text; their escapes are valid JSON.
    out.write(f"{text.encode('utf-8', 'backslashreplace').decode('utf-8')}\n")


def statistics_of(validation: Validation) -> Mapping[str, Any]:
    """The numbers of links by class with their total, and of findings by code."""
    total = sum(validation.classes.values())
    return {"links": dict(validation.classes), "total": total, "findings": dict(validation.codes)}


_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def _sarif(validation: Validation, out: IO[str], style: ReportStyle) -> None:
    """Write SARIF 2.1.0, with paths relative to the repository, and fingerprints that do not change when lines move."""
    codes = sorted({*validation.codes, *(row.finding.code for row in validation.suppressed)})
    rules = [validation.rules.get(code) or Code(code, "info", code, "") for code in codes]
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    suppressed = {row.finding: row.by for row in validation.suppressed}
    findings = (*validation.findings, *suppressed)
    results = [
        {
            "ruleId": finding.code,
            "ruleIndex": numbers[finding.code],
            "level": _LEVELS[finding.severity],
            "message": {"text": printable(finding.message) + (f" ({printable(finding.hint)})" if finding.hint else "")},
            "locations": [{"physicalLocation": _location(finding, path := _path(finding, validation, style))}],
            "partialFingerprints": {"kgFinding/v1": key},
            "suppressions": [_suppression(suppressed[finding], path)] if finding in suppressed else [],
        }
        for finding, key in zip(findings, fingerprints(findings), strict=True)
    ]
    driver = {"name": "kg", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    root = {"description": {"text": "The root of the repository, or where kg was run"}}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": root},
        "results": results,
    }
    _dump({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, out)


def _rule(rule: Code) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.remedy or rule.title},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _suppression(by: Instruction, path: str) -> dict[str, Any]:
    return {"kind": "inSource", "location": {"physicalLocation": _location(by, path)}}


def _location(place: Finding | Instruction, path: str) -> dict[str, Any]:
    uri = quote(path.encode("utf-8", "surrogateescape"))
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": max(place.end_column, place.column) if place.end_line == place.line else place.end_column,
    }
    return {"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}, "region": region}


def _github(validation: Validation, out: IO[str], style: ReportStyle) -> None:
    """Write commands that GitHub Actions shows beside the lines of a change."""
    for finding in validation.findings:
        rule = validation.rules.get(finding.code)
        title = f"{finding.code} {rule.title}" if rule else finding.code
        out.write(github_command(finding, _path(finding, validation, style), title))


def github_command(finding: Finding, path: str, title: str) -> str:
    """The command by which GitHub Actions shows a finding at its line."""
    names = {"error": "error", "warning": "warning", "info": "notice"}
    location = {
        "file": path,
        "line": finding.line,
        "endLine": finding.end_line,
        "col": finding.column,
        "endColumn": finding.end_column,
        "title": title,
    }
    text = printable(finding.message) + (f" ({printable(finding.hint)})" if finding.hint else "")
    return workflow_command(names[finding.severity], location, text)


def workflow_command(name: str, properties: Mapping[str, object], text: str) -> str:
    """A command of GitHub Actions, on one line."""
    told = ",".join(f"{key}={_escaped(str(value), also=True)}" for key, value in properties.items())
    return f"::{name} {told}::{_escaped(text)}\n"


def _escaped(text: str, *, also: bool = False) -> str:
    """Escape a value in a command of GitHub Actions; in a property also `:` and `,`."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    text = text.replace(":", "%3A").replace(",", "%2C") if also else text
    return printable(text)


def _junit(validation: Validation, out: IO[str], style: ReportStyle) -> None:
    """Write JUnit XML: a suite per file, a test case per finding; a finding that does not fail the run passes."""
    suites: dict[str, list[JUnitCase]] = {}
    for finding in validation.findings:
        path = _path(finding, validation, style)
        case = JUnitCase(
            f"{finding.line}:{finding.column} {finding.message} [{finding.code}]",
            f"{path.removesuffix(finding.path)}{finding}" + (f"\n{finding.hint}" if finding.hint else ""),
            (finding.message, finding.code) if style.fails(finding) else None,
        )
        suites.setdefault(path, []).append(case)
    name = "kg validate"
    write_junit(name, suites or {style.folder or name: [JUnitCase("nothing is wrong")]}, out)


def _turtle(validation: Validation, out: IO[str], style: ReportStyle) -> None:
    out.write(validation.turtle(style.prefixes))


REPORTS: Mapping[str, ReportFormat] = {
    row.name: row
    for row in (
        ReportFormat(
            "text", "text/plain", "txt", "`file:line:column: severity: message [code]`, with a hint below", _text
        ),
        ReportFormat(
            "json", "application/json", "json", "a list of findings; with `--statistics` an object that holds it", _json
        ),
        ReportFormat(
            "sarif",
            "application/sarif+json",
            "sarif",
            "SARIF 2.1.0 for code scanning; paths from the repository on",
            _sarif,
        ),
        ReportFormat(
            "github", "text/plain", "txt", "commands that GitHub Actions shows at the lines of a change", _github
        ),
        ReportFormat("junit", "application/xml", "xml", "JUnit's XML, for the test pages of CI servers", _junit),
        ReportFormat(
            "turtle", "text/turtle", "ttl", "SHACL's validation report: what the shapes found, of any severity", _turtle
        ),
    )
}
