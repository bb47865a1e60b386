"""Which findings a user wants: selectors as in ruff, severities, and exceptions for files."""

from typing import Any

import pytest

from kg.core.finding_rules import CodeChoice, FindingRules, covers, wrong_table
from kg.core.findings import CODES, Finding, Severity, of_file


@pytest.mark.parametrize(
    ("selector", "code", "is_covered"),
    [
        ("L01", "L01", True),
        ("L0", "L01", True),
        ("L", "L01", True),
        ("ALL", "L01", True),
        ("ALL", "Long", True),
        ("Long", "Long", True),
        ("L", "Long", False),
        ("Lon", "Long", False),
        ("L011", "L01", False),
        ("l01", "L01", False),
        ("", "L01", False),
        ("1", "L01", False),
    ],
)
def test_a_selector_is_a_code_or_a_prefix_of_a_numbered_one(selector: str, code: str, is_covered: bool) -> None:
    assert covers(selector, code) == is_covered


@pytest.mark.parametrize(
    ("choices", "taken", "left_out"),
    [
        ((), ("L01", "S02", "Own"), ()),
        ((CodeChoice(("L",), ()),), ("L01", "L25"), ("S02", "Own", "F01")),
        ((CodeChoice((), ("L",)),), ("S02", "Own"), ("L01",)),
        ((CodeChoice(("L",), ("L0",)),), ("L11",), ("L01", "S02")),
        ((CodeChoice(("L01",), ("L",)),), ("L01",), ("L02", "S02")),
        ((CodeChoice(("L01",), ("L01",)),), (), ("L01", "L02")),
        ((CodeChoice(("ALL",), ("S",)),), ("L01", "Own"), ("S02",)),
        ((CodeChoice((), ("L01",)), CodeChoice(("L01",), ())), ("L01",), ("L02", "S02")),
        ((CodeChoice(("L",), ()), CodeChoice((), ("L01",))), ("L02",), ("L01", "S02")),
        ((CodeChoice(("L",), ("L02",)), CodeChoice()), ("L01",), ("L02", "S02")),
    ],
)
def test_the_most_specific_selector_counts_and_the_command_line_comes_last(
    choices: tuple[CodeChoice, ...], taken: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    rules = FindingRules(choices)
    assert all(map(rules.takes_code, taken))
    assert not any(map(rules.takes_code, left_out))


def test_severities_and_exceptions_for_files() -> None:
    table = {
        "severity": {"L": "info", "L01": "error", "L0": "warning"},
        "per-file-ignores": {"drafts/": ["ALL"], "*.canvas": ["L", "S02"], "/Index.md": ["L22"]},
    }
    severities: dict[str, Severity] = {"L11": "warning"}
    rules = FindingRules.of(table, severities)
    assert [rules.severity_of(code, "error") for code in ("L01", "L02", "L11", "L25", "S02")] == [
        *("error", "warning", "warning", "info", "error")
    ]
    paths = ("drafts/a/A.md", "b.canvas", "a/b.canvas", "Index.md", "a/Index.md", "A.md")
    left_out = {path: [c for c in ("L01", "L22", "F01") if not rules.takes(of_file(path, c, "x"))] for path in paths}
    assert left_out == {
        "drafts/a/A.md": ["L01", "L22", "F01"],
        "b.canvas": ["L01", "L22"],
        "a/b.canvas": ["L01", "L22"],
        "Index.md": ["L22"],
        "a/Index.md": [],
        "A.md": [],
    }
    graded = rules.apply([of_file("A.md", "L02", "x"), of_file("A.md", "L01", "y")])
    assert [(one.code, one.severity) for one in graded] == [("L02", "warning"), ("L01", "error")]
    assert isinstance(graded[0], Finding)
    assert list(rules.unknown(CODES)) == ["S02"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (1, "must be a table"),
        ({"selct": []}, "unknown setting “selct”; known are ignore, per-file-ignores, select, severity"),
        ({"select": "L01"}, "“select” must be a list of codes in quotes"),
        ({"ignore": [1]}, "“ignore” must be a list of codes in quotes"),
        ({"ignore": [""]}, "“ignore” must be a list of codes in quotes"),
        ({"ignore": ["L\n"]}, "“ignore” must be a list of codes in quotes"),
        ({"ignore": ["L01"] * 1001}, "“ignore” must be a list of codes in quotes"),
        ({"severity": []}, "“severity” must be a table"),
        ({"severity": {"L01": "fatal"}}, "“severity” must give each code one of error, warning, info"),
        ({"severity": {"L01": []}}, "“severity” must give each code one of error, warning, info"),
        ({"per-file-ignores": ["x"]}, "“per-file-ignores” must be a table"),
        ({"per-file-ignores": {"x": "L01"}}, "“per-file-ignores” must give each pattern a list of codes"),
        ({"per-file-ignores": {"a\\": ["L01"]}}, "“per-file-ignores” has the pattern “a\\”, which matches nothing"),
        ({"per-file-ignores": {"a\n": ["L01"]}}, "“per-file-ignores” has a pattern of more than 1,000"),
        ({"per-file-ignores": {"a*" * 900: ["L01"]}}, "“per-file-ignores” has a pattern of more than 1,000"),
    ],
)
def test_a_wrong_table_is_a_sentence(table: Any, says: str) -> None:
    assert says in wrong_table(table)


def test_a_right_table_is_none() -> None:
    table = {"select": ["L"], "ignore": [], "severity": {"Own": "info"}, "per-file-ignores": {"a/": ["ALL"]}}
    assert wrong_table(table) == wrong_table({}) == ""
