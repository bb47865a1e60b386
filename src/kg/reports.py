"""How findings are reported: one row a format, read by the command line and its documentation."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import quote
from xml.etree import ElementTree

from kg import __version__
from kg.findings import Code, Finding, fingerprints, printable
from kg.resolve import LINK_CLASSES
from kg.validation import Validation

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Paint = Callable[[str, str], str]
"""Given a severity and a text, the text in the severity's colour, where there are colours."""


@dataclass(frozen=True)
class Manner:
    """How a report is written, beside its format."""

    statistics: bool = False
    """With how many there are of each kind."""
    paint: Paint = lambda severity, text: text
    folder: str = ""
    """Where the vault lies in its repository, with a `/` at its end; for programs that look on from there."""
    fails: Callable[[Finding], bool] = lambda finding: finding.severity == "error"
    """Whether a finding makes the run fail."""
    prefixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A way to report findings."""

    name: str
    media_type: str
    write: Callable[[Validation, IO[str], Manner], None]
    says: str


def _text(validation: Validation, out: IO[str], manner: Manner) -> None:
    told: set[str] = set()
    for finding in validation.findings:
        hint = "" if finding.result and finding.hint in told else _hint(finding)
        told.add(finding.hint)
        out.write(f"{manner.paint(finding.severity, str(finding))}{hint}\n")
    if manner.statistics:
        out.write("\n" if validation.findings else "")
        out.writelines(f"{printable(line)}\n" for line in _tables(validation))


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
            rule = validation.rules.get(code) or Code(code, "info", "", "")
            yield f"{number:>{width},}  {code} {rule.severity:<8}      {rule.title}"
        yield f"{len(validation.findings):>{width},}  findings in all"


def _json(validation: Validation, out: IO[str], manner: Manner) -> None:
    """A list of findings, as the contract has them; with statistics, an object that holds it."""
    findings = [finding.as_json() for finding in validation.findings]
    whole: Any = findings
    if manner.statistics:
        whole = {"findings": findings, "statistics": statistics_of(validation)}
    _dump(whole, out)


def _dump(whole: Any, out: IO[str]) -> None:
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    # A file's name may hold bytes that are no text: as an escape they are JSON all the same.
    out.write(f"{text.encode('utf-8', 'backslashreplace').decode('utf-8')}\n")


def statistics_of(validation: Validation) -> Mapping[str, Any]:
    """Links by class with their total, findings by code."""
    total = sum(validation.classes.values())
    return {"links": dict(validation.classes), "total": total, "findings": dict(validation.codes)}


_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def _sarif(validation: Validation, out: IO[str], manner: Manner) -> None:
    """SARIF 2.1.0, its paths relative to the repository; what a finding is called lasts when lines move."""
    rules = [validation.rules.get(code) or Code(code, "info", code, "") for code in validation.codes]
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    keys = fingerprints(validation.findings)
    results = [
        {
            "ruleId": one.code,
            "ruleIndex": numbers[one.code],
            "level": _LEVELS[one.severity],
            "message": {"text": printable(one.message) + (f" ({printable(one.hint)})" if one.hint else "")},
            "locations": [{"physicalLocation": _location(one, manner)}],
            "partialFingerprints": {"kgFinding/v1": key},
        }
        for one, key in zip(validation.findings, keys, strict=True)
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


def _location(one: Finding, manner: Manner) -> dict[str, Any]:
    uri = quote((manner.folder + one.path).encode("utf-8", "surrogateescape"))
    region = {
        "startLine": one.line,
        "startColumn": one.column,
        "endLine": one.end_line,
        "endColumn": max(one.end_column, one.column) if one.end_line == one.line else one.end_column,
    }
    return {"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}, "region": region}


def _github(validation: Validation, out: IO[str], manner: Manner) -> None:
    """Commands that GitHub Actions shows beside the lines of a change."""
    names = {"error": "error", "warning": "warning", "info": "notice"}
    for one in validation.findings:
        where = {
            "file": manner.folder + one.path,
            "line": one.line,
            "endLine": one.end_line,
            "col": one.column,
            "endColumn": one.end_column,
            "title": f"{one.code} {validation.rules[one.code].title}" if one.code in validation.rules else one.code,
        }
        said = ",".join(f"{key}={_escaped(str(value), also=True)}" for key, value in where.items())
        text = printable(one.message) + (f" ({printable(one.hint)})" if one.hint else "")
        out.write(f"::{names[one.severity]} {said}::{_escaped(text)}\n")


def _escaped(text: str, *, also: bool = False) -> str:
    """A value in a command of GitHub Actions; of a property `:` and `,` too."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    text = text.replace(":", "%3A").replace(",", "%2C") if also else text
    return printable(text)


def _junit(validation: Validation, out: IO[str], manner: Manner) -> None:
    """JUnit's XML: a suite a file, a case a finding; what does not make the run fail is a case that passed."""
    by_path: dict[str, list[Finding]] = {}
    for one in validation.findings:
        by_path.setdefault(one.path, []).append(one)
    root = ElementTree.Element("testsuites", {"name": "kg validate", **_counted(validation.findings, manner)})
    for path, findings in (by_path or {"": []}).items():
        name = in_xml(manner.folder + path) or "kg validate"
        suite = ElementTree.SubElement(root, "testsuite", {"name": name, **_counted(findings, manner)})
        for one in findings:
            title = in_xml(f"{one.line}:{one.column} {one.message} [{one.code}]")
            case = ElementTree.SubElement(suite, "testcase", classname=name, name=title)
            kind = "failure" if manner.fails(one) else "system-out"
            said = ElementTree.SubElement(case, kind)
            if kind == "failure":
                said.attrib.update(message=in_xml(one.message), type=one.code)
            said.text = in_xml(f"{manner.folder}{one}" + (f"\n{one.hint}" if one.hint else ""))
        if not findings:
            ElementTree.SubElement(suite, "testcase", classname=name, name="nothing is wrong")
    ElementTree.indent(root)
    out.write(f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n')


def _counted(findings: Sequence[Finding], manner: Manner) -> dict[str, str]:
    failed = sum(manner.fails(one) for one in findings)
    return {"tests": str(max(len(findings), 1)), "failures": str(failed), "errors": "0"}


def in_xml(text: str) -> str:
    """A text without what XML 1.0 cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _turtle(validation: Validation, out: IO[str], manner: Manner) -> None:
    out.write(validation.turtle(manner.prefixes))


REPORTS: dict[str, Report] = {
    row.name: row
    for row in (
        Report("text", "text/plain", _text, "`file:line:column: severity: message [code]`, with a hint below"),
        Report("json", "application/json", _json, "a list of findings; with `--statistics` an object that holds it"),
        Report(
            "sarif", "application/sarif+json", _sarif, "SARIF 2.1.0 for code scanning; paths from the repository on"
        ),
        Report("github", "text/plain", _github, "commands that GitHub Actions shows at the lines of a change"),
        Report("junit", "application/xml", _junit, "JUnit's XML, for the test pages of CI servers"),
        Report("turtle", "text/turtle", _turtle, "SHACL's validation report: what the shapes found, of any severity"),
    )
}
