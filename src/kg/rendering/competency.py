"""The output formats for verdicts of `kg test`: one row per format."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from kg.core.escaping import printable
from kg.core.json_text import json_text
from kg.core.output_format import OutputFormat
from kg.rendering.junit import JUnitCase, write_junit
from kg.sparql.competency import Verdict

Short = Callable[[Path], str]
"""Returns the path to show."""


VerdictFormat = OutputFormat[Callable[[Sequence[Verdict], IO[str], Short], None]]


def _text(verdicts: Sequence[Verdict], out: IO[str], short: Short) -> None:
    for verdict in verdicts:
        if not verdict.passed:
            out.write(f"{line_of(verdict, short)}\n")
            out.writelines(f"  {printable(line)}\n" for line in verdict.difference)


def line_of(verdict: Verdict, short: Short) -> str:
    """A verdict on one line, with a position that editors can jump to."""
    place = f"{short(verdict.case.place)}:{verdict.line}:{verdict.column}"
    result = f"error: {verdict.case.name}: {verdict.message}" if verdict.message else f"ok: {verdict.case.name}"
    return printable(f"{place}: {result}")


def _json(verdicts: Sequence[Verdict], out: IO[str], short: Short) -> None:
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
        for verdict in verdicts
    ]
    out.write(json_text(rows, indent=1).encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def _junit(verdicts: Sequence[Verdict], out: IO[str], short: Short) -> None:
    """Write JUnit XML: a suite per file, a test case per question."""
    suites: dict[str, list[JUnitCase]] = {}
    for verdict in verdicts:
        text = "" if verdict.passed else "\n".join([line_of(verdict, short), *verdict.difference])
        failure = None if verdict.passed else (verdict.message, "difference")
        name = f"{verdict.case.line}:{verdict.case.column} {verdict.case.name}"
        suites.setdefault(short(verdict.case.place), []).append(JUnitCase(name, text, failure, verdict.seconds))
    write_junit("kg test", suites, out)


FORMS: Mapping[str, VerdictFormat] = {
    row.name: row
    for row in (
        VerdictFormat(
            "text", "text/plain", "txt", "`file:line:column: error: question: what differs`, with the rows below", _text
        ),
        VerdictFormat(
            "json",
            "application/json",
            "json",
            "a list of questions, each with whether it passed and what differs",
            _json,
        ),
        VerdictFormat("junit", "application/xml", "xml", "JUnit's XML, for the test pages of CI servers", _junit),
    )
}
