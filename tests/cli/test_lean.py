"""A lean installation: notes are read, validated and queried without the libraries of analyses; the rest names its extra."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kg.cli import main

ABSENT = ("numpy", "scipy", "rustworkx", "graspologic_native", "pyarrow", "pandas", "resvg_py")
BLOCK = f"""import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("numpy", "analysis"),
        ("scipy.sparse", "analysis"),
        ("rustworkx", "analysis"),
        ("graspologic_native", "analysis"),
        ("pyarrow.parquet", "parquet"),
        ("resvg_py", "png"),
        ("starlette.applications", "serve"),
        ("uvicorn", "serve"),
    ],
)
def test_what_is_not_installed_is_named_with_its_extra(
    module: str, extra: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main._failed(ModuleNotFoundError(f"No module named {module!r}", name=module)) == 2
    assert (
        capsys.readouterr().err == f"kg: this needs {module}, which is not installed: pip install 'kg-notes[{extra}]'\n"
    )


def test_another_missing_module_is_an_internal_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main._failed(ModuleNotFoundError("No module named 'kg.gone'", name="kg.gone")) == 2
    assert "internal error: ModuleNotFoundError" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["validate"], 1),
        (["query", "orphans"], 0),
        (["list", "Concept"], 0),
        (["show", "Good"], 0),
        (["search", "good"], 0),
        (["stats"], 0),
        (["export", "-f", "turtle"], 0),
        (["export", "--formats"], 0),
        (["analyze", "centrality"], 2),
        (["analyze", "gaps"], 2),
        (["export", "-f", "svg"], 2),
    ],
    ids=str,
)
def test_a_lean_installation(project: Path, tmp_path: Path, arguments: list[str], code: int) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCK, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "kg", *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment, text=True, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert ("pip install 'kg-notes[analysis]'" in done.stderr) is (code == 2)
    assert "Traceback" not in done.stderr
