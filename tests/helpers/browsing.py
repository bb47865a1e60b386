"""Pages in a browser: what a script of `tests/system/browser` says of a page."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.vaults import ROOT

BROWSER = ROOT / "tests" / "system" / "browser"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""


def browsed(script: str, page: Path | str, *words: str) -> dict[str, Any]:
    """What a browser says of a page: a file, or an address."""
    node = shutil.which("node")
    if not CHROMIUM or node is None or not (BROWSER / "node_modules").is_dir():
        pytest.skip("needs chromium, node and npm; `make test-all` as root installs them")
    done = subprocess.run(
        [node, BROWSER / f"{script}.mjs", page, *words],
        capture_output=True, check=False, text=True, timeout=400, env={**os.environ, "CHROMIUM": CHROMIUM},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def is_faultless(said: dict[str, Any]) -> None:
    """Nothing failed, nothing left the page, and everybody can use it."""
    assert said["errors"] == [] and said["requests"] == [] and said["dialogs"] == 0
    assert [one for one in said["axe"] if one["impact"] in {"serious", "critical"}] == []
