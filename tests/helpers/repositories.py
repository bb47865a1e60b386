"""Git repositories of the tests: commits with times of their own, apart from the settings of who runs the tests."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@e.example",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@e.example",
}


def isolate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only these variables to git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def git(folder: Path, *arguments: str, day: int = 1) -> str:
    """What git prints, run in a folder at noon of a day of January or, from the 32nd on, later in 2024."""
    when = f"{1_704_024_000 + day * 86_400} +0000"
    dates = {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    command = ["git", "-c", "commit.gpgsign=false", "-C", str(folder), *arguments]
    return subprocess.run(command, env={**os.environ, **dates}, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, changes: Mapping[str, str | None], day: int) -> None:
    """Write files, or take them away, and commit that."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "-q", "-b", "main")
    for name, text in changes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).unlink() if text is None else (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", f"Day {day}", day=day)
