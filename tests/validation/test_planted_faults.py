"""Faults of every practical kind in a vault that has none else: each is told once, where it stands, and no other is.

The vault and the faults are in `helpers.planted_faults`; what is expected is read from its marks.
"""

from pathlib import Path

import pytest

import kg
from helpers.planted_faults import ALL, CLEAN, LINKED, MARK, SETTINGS
from kg.config import load
from kg.validation.validator import validate

Place = tuple[str, int, int, str]
"""Path, line, column and code."""


def planted(files: dict[str, str]) -> list[Place]:
    """Where the findings have to be, sorted."""
    found = []
    for path, text in files.items():
        for mark in MARK.finditer(text):
            before = MARK.sub("", text[: mark.start()])
            found.append((path, before.count("\n") + 1, len(before) - before.rfind("\n"), mark.group(1)))
    return sorted(found)


def reported(folder: Path, files: dict[str, str], *, end: str = "\n", bom: bytes = b"") -> list[Place]:
    """Where kg says that something is wrong, sorted."""
    vault = folder / "vault"
    for path, text in files.items():
        (vault / path).parent.mkdir(parents=True, exist_ok=True)
        (vault / path).write_bytes(bom + MARK.sub("", text).replace("\n", end).encode("utf-8", "surrogateescape"))
        if path in LINKED:
            (vault / path).rename(folder / path)
            (vault / path).symlink_to(folder / path)
    (vault / "kg.toml").write_text(SETTINGS, encoding="utf-8")
    found = validate(kg.Vault(config=load(vault, cwd=vault, store=folder / "store")), severity="info")
    return sorted((one.path, one.line, one.column, one.code) for one in found.findings)


def test_at_least_forty_faults_of_most_kinds_are_planted() -> None:
    assert len(ALL) >= 25
    assert len(planted(ALL)) >= 40
    assert len({code for *_, code in planted(ALL)}) >= 35


def test_the_vault_without_the_faults_has_no_findings(tmp_path: Path) -> None:
    assert planted(CLEAN) == []
    assert reported(tmp_path, CLEAN) == []


@pytest.mark.parametrize(("end", "bom"), [("\n", b""), ("\r\n", b"\xef\xbb\xbf")], ids=["LF", "CRLF and BOM"])
@pytest.mark.sample(1)
def test_every_fault_is_told_once_where_it_stands_and_no_other(tmp_path: Path, end: str, bom: bytes) -> None:
    assert reported(tmp_path, ALL, end=end, bom=bom) == planted(ALL)
