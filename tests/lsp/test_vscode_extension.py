"""The extension of VS Code is built, tested and packaged from what is committed; it has the version of kg."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from helpers.vaults import ROOT
from kg.core.version import __version__

EXTENSION = ROOT / "editors" / "vscode"
BUILT = ("node_modules", "out", "*.vsix")


def test_it_has_the_version_and_the_licence_of_kg() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    assert {manifest["version"], locked["version"]} == {__version__}
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert not [name for name, package in locked["packages"].items() if "resolved" in package]


@pytest.mark.system
def test_it_is_built_tested_and_packaged(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs node and npm; `make test-all` as root installs them")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"needs Node.js 20; this is {version.strip()}")
    copy = tmp_path / "vscode"
    shutil.copytree(EXTENSION, copy, ignore=shutil.ignore_patterns(*BUILT))
    environment = {**os.environ, "KG": str(Path(sys.executable).with_name("kg"))}
    for words in (["ci", "--no-audit", "--no-fund"], ["test"], ["run", "package"]):
        done = subprocess.run([npm, *words], cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if words[0] == "ci" and done.returncode and "network" in done.stderr:
            pytest.skip("npm reaches no registry")
        assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(copy / f"kg-notes-{__version__}.vsix") as package:
        names = {name for name in package.namelist() if name.startswith("extension/")}
    kept = {"package.json", "readme.md", "LICENSE.txt", "out/extension.js", "out/LICENSES.txt"}
    assert names == {f"extension/{name}" for name in kept}
