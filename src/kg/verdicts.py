"""How the verdicts of `kg test` are written: one row a format."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree import ElementTree

from kg.competency import Verdict
from kg.findings import printable
from kg.reports import in_xml

Short = Callable[[Path], str]
"""A path as it is shown."""


class Form(NamedTuple):
    """A way to write verdicts."""

    name: str
    media_type: str
    write: Callable[[Sequence[Verdict], IO[str], Short], None]
    says: str


def _text(found: Sequence[Verdict], out: IO[str], short: Short) -> None:
    for one in found:
        if not one.passed:
            out.write(f"{line_of(one, short)}\n")
            out.writelines(f"  {printable(line)}\n" for line in one.difference)


def line_of(one: Verdict, short: Short) -> str:
    """A verdict on one line, for editors to jump from."""
    place = f"{short(one.case.place)}:{one.line}:{one.column}"
    said = f"error: {one.case.name}: {one.message}" if one.message else f"ok: {one.case.name}"
    return printable(f"{place}: {said}")


def _json(found: Sequence[Verdict], out: IO[str], short: Short) -> None:
    rows = [
        {
            "path": short(one.case.place),
            "line": one.line,
            "column": one.column,
            "name": one.case.name,
            "passed": one.passed,
            "message": one.message,
            "difference": list(one.difference),
            "seconds": round(one.seconds, 3),
        }
        for one in found
    ]
    out.write(json.dumps(rows, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def _junit(found: Sequence[Verdict], out: IO[str], short: Short) -> None:
    """JUnit's XML: a suite a file, a case a question."""
    by_path: dict[str, list[Verdict]] = {}
    for one in found:
        by_path.setdefault(short(one.case.place), []).append(one)
    root = ElementTree.Element("testsuites", {"name": "kg test", **_counted(found)})
    for path, rows in by_path.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": in_xml(path), **_counted(rows)})
        for one in rows:
            name = in_xml(f"{one.case.line}:{one.case.column} {one.case.name}")
            seconds = f"{one.seconds:.3f}"
            case = ElementTree.SubElement(suite, "testcase", classname=in_xml(path), name=name, time=seconds)
            if not one.passed:
                failure = ElementTree.SubElement(case, "failure", message=in_xml(one.message), type="difference")
                failure.text = in_xml("\n".join([line_of(one, short), *one.difference]))
    ElementTree.indent(root)
    out.write(f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n')


def _counted(found: Sequence[Verdict]) -> dict[str, str]:
    seconds = f"{sum(one.seconds for one in found):.3f}"
    failures = str(sum(not one.passed for one in found))
    return {"tests": str(len(found)), "failures": failures, "errors": "0", "time": seconds}


FORMS: Mapping[str, Form] = {
    row.name: row
    for row in (
        Form("text", "text/plain", _text, "`file:line:column: error: question: what differs`, with the rows below"),
        Form("json", "application/json", _json, "a list of questions, each with whether it passed and what differs"),
        Form("junit", "application/xml", _junit, "JUnit's XML, for the test pages of CI servers"),
    )
}
