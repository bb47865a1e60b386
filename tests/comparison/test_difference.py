"""What `kg diff` says of a change: a case is a file with notes before and after, and the report.

A fence ` ```markdown before/NAME ` is a file of the commit, ` ```markdown after/NAME ` one as it is now; a fence
` ```removed ` has the names of files that are gone, a line each, and ` ```text ` the report. Run with KG_WRITE=1, the
reports are written anew.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from helpers.commanding import run
from helpers.repositories import commit, isolate
from helpers.vaults import write_vault

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
CASES = sorted((Path(__file__).parent / "cases").glob("*.md"))
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)$", re.M | re.S)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
@pytest.mark.sample(6)
def test_report(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)
    text = file.read_text(encoding="utf-8")
    before, after, report, at, removed, words = dict[str, str](), dict[str, str](), "", 0, list[str](), list[str]()
    for fence in FENCE.finditer(text):
        kind, _, name = fence["info"].strip().partition(" ")
        side, _, path = name.partition("/")
        match kind, side:
            case "text", _:
                report, at, words = fence["body"], fence.start("body"), name.split()
            case "removed", _:
                removed = fence["body"].splitlines()
            case _, "before":
                before[path] = fence["body"]
            case _, "after":
                after[path] = fence["body"]
    vault = tmp_path / "vault"
    commit(vault, before, 1)
    write_vault(vault, after)
    for name in removed:
        (vault / name).unlink()
    done = run("diff", *words, cwd=vault)
    if os.environ.get("KG_WRITE"):
        file.write_text(text[:at] + done.stdout + text[at + len(report) :], encoding="utf-8")
    assert done.stderr == ""
    assert done.stdout == report
    is_same = report.endswith(("No fact has changed\n", "No fact has changed; notes: 1 edited\n"))
    assert run("diff", "--exit-code", "-q", *words, cwd=vault).returncode == int(not is_same)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 25
