"""JUnit's XML, which the test pages of CI servers show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO
from xml.etree import ElementTree

from kg.core.escaping import in_xml


@dataclass(frozen=True)
class JUnitCase:
    """A test case: it fails if it has a `failure`, the message with its type."""

    name: str
    text: str = ""
    failure: tuple[str, str] | None = None
    seconds: float | None = None


def write_junit(name: str, suites: Mapping[str, Sequence[JUnitCase]], out: IO[str]) -> None:
    """Write a suite of test cases for each file."""
    root = ElementTree.Element("testsuites", {"name": name, **_counts([case for s in suites.values() for case in s])})
    for path, cases in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": in_xml(path), **_counts(cases)})
        for case in cases:
            _write_case(suite, in_xml(path), case)
    ElementTree.indent(root)
    out.write(f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n')


def _write_case(suite: ElementTree.Element, path: str, case: JUnitCase) -> None:
    time = {} if case.seconds is None else {"time": f"{case.seconds:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", {"classname": path, "name": in_xml(case.name), **time})
    if case.failure:
        message, kind = case.failure
        ElementTree.SubElement(element, "failure", message=in_xml(message), type=kind).text = in_xml(case.text)
    elif case.text:
        ElementTree.SubElement(element, "system-out").text = in_xml(case.text)


def _counts(cases: Sequence[JUnitCase]) -> dict[str, str]:
    seconds = [case.seconds for case in cases if case.seconds is not None]
    time = {"time": f"{sum(seconds):.3f}"} if seconds else {}
    failures = sum(case.failure is not None for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", **time}
