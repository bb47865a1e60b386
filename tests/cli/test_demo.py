"""`make demo` has three screens, and ends with the command to try next."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.vaults import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_demo_has_three_screens(columns: int, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "notes", tmp_path / "notes", ignore=shutil.ignore_patterns(".kg"))
    shutil.copytree(ROOT / "queries", tmp_path / "queries")
    tput = tmp_path / "bin" / "tput"
    tput.parent.mkdir()
    tput.write_text(f"#!/bin/sh\necho {columns}\n", encoding="utf-8")
    tput.chmod(0o755)
    path = os.pathsep.join([str(tput.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    demo = ["sh", str(ROOT / "docs" / "demo.sh")]
    done = subprocess.run(
        demo, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    lines = (done.stderr + done.stdout).splitlines()
    assert len(lines) <= 72
    assert [line for line in lines if len(line) > 100] == []
    assert lines[-1] == "Now your own notes:  .venv/bin/kg ingest FOLDER"
