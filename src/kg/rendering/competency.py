"""The output formats for verdicts of `kg test`: one row per format."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree import ElementTree

from kg.core.escaping import printable
from kg.rendering.findings import in_xml
from kg.sparql.competency import Verdict

Short = Callable[[Path], str]
"""Returns the path to show."""


class VerdictFormat(NamedTuple):
    """An output format for verdicts."""

    name: str
    media_type: str
    write: Callable[[Sequence[Verdict], IO[str], Short], None]
    says: str


def _text(found: Sequence[Verdict], out: IO[str], short: Short) -> None:
    for verdict in found:
        if not verdict.passed:
            out.write(f"{line_of(verdict, short)}\n")
            out.writelines(f"  {printable(line)}\n" for line in verdict.difference)


def line_of(one: Verdict, short: Short) -> str:
    """A verdict on one line, with a position that editors can jump to."""
    place = f"{short(one.case.place)}:{one.line}:{one.column}"
    result = f"error: {one.case.name}: {one.message}" if one.message else f"ok: {one.case.name}"
    return printable(f"{place}: {result}")


def _json(found: Sequence[Verdict], out: IO[str], short: Short) -> None:
    rows = [
        {
            "path": short(verdict.case.place),
            "line": verdict.line,
            "column": verdict.column,
            "name": verdict.case.name,
            "passed": verdict.passed,
            "message": verdict.message,
            "difference": list(verdict.difference),
            "seconds": round(verdict.seconds, 3),
        }
        for verdict in found
    ]
    out.write(json.dumps(rows, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def _junit(found: Sequence[Verdict], out: IO[str], short: Short) -> None:
    """Write JUnit XML: a suite per file, a test case per question."""
    by_path: dict[str, list[Verdict]] = {}
    for verdict in found:
        by_path.setdefault(short(verdict.case.place), []).append(verdict)
    root = ElementTree.Element("testsuites", {"name": "kg test", **_counted(found)})
    for path, rows in by_path.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": in_xml(path), **_counted(rows)})
        for verdict in rows:
            name = in_xml(f"{verdict.case.line}:{verdict.case.column} {verdict.case.name}")
            seconds = f"{verdict.seconds:.3f}"
            case = ElementTree.SubElement(suite, "testcase", classname=in_xml(path), name=name, time=seconds)
            if not verdict.passed:
                failure = ElementTree.SubElement(case, "failure", message=in_xml(verdict.message), type="difference")
                failure.text = in_xml("\n".join([line_of(verdict, short), *verdict.difference]))
    ElementTree.indent(root)
    out.write(f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n')


def _counted(found: Sequence[Verdict]) -> dict[str, str]:
    seconds = f"{sum(verdict.seconds for verdict in found):.3f}"
    failures = str(sum(not verdict.passed for verdict in found))
    return {"tests": str(len(found)), "failures": failures, "errors": "0", "time": seconds}


FORMS: Mapping[str, VerdictFormat] = {
    row.name: row
    for row in (
        VerdictFormat(
            "text", "text/plain", _text, "`file:line:column: error: question: what differs`, with the rows below"
        ),
        VerdictFormat(
            "json", "application/json", _json, "a list of questions, each with whether it passed and what differs"
        ),
        VerdictFormat("junit", "application/xml", _junit, "JUnit's XML, for the test pages of CI servers"),
    )
}
