"""The findings of a state that never changes, kept in a file."""

import json
from pathlib import Path

import pytest

from kg.core.findings import Finding, Result
from kg.validation.kept_findings import FILE, kept_findings

FINDINGS = (
    Finding("a.md", 1, 2, 3, 4, "L01", "there is no note “b”", "write [[c]]"),
    Finding(".", 1, 1, 1, 1, "S03", "no output", "", Result("warning", "urn:s", "urn:f", "", "", "urn:c"), "info"),
    Finding("\udcff.md", 1, 1, 1, 1, "L22", "a name outside UTF-8"),
)


def kept(folder: Path, facts: str = "facts") -> tuple[Finding, ...]:
    """The findings of a folder, where nothing can be validated."""
    return kept_findings(folder, facts, lambda: ())


def test_the_second_time_nothing_is_validated(tmp_path: Path) -> None:
    assert kept_findings(tmp_path, "facts", lambda: FINDINGS) == FINDINGS
    assert kept(tmp_path) == FINDINGS
    assert [finding.severity for finding in kept(tmp_path)] == ["error", "info", "info"]


def test_findings_that_rest_on_something_else_are_not_taken(tmp_path: Path) -> None:
    kept_findings(tmp_path, "facts", lambda: FINDINGS)
    assert kept(tmp_path, "others") == ()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff", b'["facts", 3]'])
def test_a_damaged_file_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    assert kept_findings(tmp_path, "facts", lambda: FINDINGS) == FINDINGS
    assert kept(tmp_path) == FINDINGS


def test_a_finding_that_kg_does_not_know_is_not_taken(tmp_path: Path) -> None:
    kept_findings(tmp_path, "facts", lambda: FINDINGS)
    table = json.loads((tmp_path / FILE).read_text())
    table[1][0][0][5] = "L99"
    (tmp_path / FILE).write_text(json.dumps(table))
    assert kept(tmp_path) == ()


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / FILE).symlink_to(tmp_path / "other")
    assert kept_findings(tmp_path, "facts", lambda: FINDINGS) == FINDINGS
    assert (tmp_path / "other").read_text() == "mine"
