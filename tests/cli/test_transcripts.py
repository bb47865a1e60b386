"""Transcripts: what a user types and what the terminal shows, one file a story.

A transcript is Markdown. A fence ` ````markdown NAME ` (or turtle, toml, sparql) writes a file; a fence ` ```console `
holds commands after `$ ` and what they print, stdout and stderr together. `…` stands for any text on a line, `[2]`
alone on a line for the exit code, where that is not 0. Run with KG_WRITE=1, the transcripts are written anew.
"""

import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.commanding import as_text
from helpers.forking import forked
from helpers.vaults import ROOT

FILES = [
    *sorted((Path(__file__).parent / "transcripts").glob("*.md")),
    ROOT / "README.md",
    ROOT / "docs" / "analyzing.md",
    ROOT / "docs" / "exploring.md",
    ROOT / "docs" / "exporting.md",
    ROOT / "docs" / "inference.md",
    ROOT / "docs" / "start.md",
    ROOT / "docs" / "suggestions.md",
]
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)$", re.M | re.S)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.sample(2)
def test_transcript(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    written = text
    for fence in FENCE.finditer(text):
        kind, _, name = fence["info"].strip().partition(" ")
        if kind == "console" and name != "no-test":
            body = "".join(_run(command, tmp_path, expected) for command, expected in _commands(fence["body"]))
            written = written.replace(fence["body"], body, 1) if body != fence["body"] else written
        elif name and kind in {"markdown", "turtle", "toml", "sparql", "python"}:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(fence["body"], encoding="utf-8")
    if os.environ.get("KG_WRITE"):
        file.write_text(written, encoding="utf-8")
    assert written == text


def _commands(body: str) -> list[tuple[str, str]]:
    parts = re.split(r"^\$ ", body, flags=re.M)[1:]
    commands = []
    for part in parts:
        lines = part.splitlines(keepends=True)
        last = next(n for n, line in enumerate(lines) if not line.endswith("\\\n"))
        commands.append(("".join(lines[: last + 1]), "".join(lines[last + 1 :])))
    return commands


def _steps(command: str, folder: Path) -> list[tuple[Path, list[str]]]:
    """The commands of `kg` in a line, one after the other, each with its folder; none, where a shell is needed."""
    words = shlex.shlex(command.replace("\\\n", "").replace("$KG_ROOT", str(ROOT)), posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = ""
    steps = []
    for is_sign, group in itertools.groupby(words, key=lambda word: set(word) <= set("();<>|&")):
        match list(group):
            case [";" | "&&"] if is_sign:
                pass
            case ["cd", name]:
                folder = folder / name
            case ["kg", *rest] if not set("$`~*") & set(command.replace("$KG_ROOT", "")) and " #" not in command:
                steps.append((folder, rest))
            case _:
                return []
    return steps


def _in_a_shell(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    shell = ["bash", "-c", command]
    return subprocess.run(
        shell, cwd=folder, env=env, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def _in_forks(steps: list[tuple[Path, list[str]]], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What all of them write, with the exit code of the last."""
    done = [as_text(forked(words, folder, mixed=True, environment=env)) for folder, words in steps]
    return subprocess.CompletedProcess([], done[-1].returncode, "".join(one.stdout for one in done))


def _run(command: str, folder: Path, expected: str) -> str:
    """The command with what it prints; where that matches what is expected, with its `…`, as it stood."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "COLUMNS": "90", "LC_ALL": "C.UTF-8", "KG_ROOT": str(ROOT)}
    done = _in_forks(steps, env) if (steps := _steps(command, folder)) else _in_a_shell(command, folder, env)
    shown = done.stdout if done.stdout.endswith("\n") or not done.stdout else f"{done.stdout}\n"
    shown = "".join(f"{line.rstrip()}\n" for line in shown.splitlines())
    shown += f"[{done.returncode}]\n" if done.returncode else ""
    pattern = ".*".join(re.escape(part) for part in expected.rstrip("\n").split("…"))
    gap = "\n" if expected.endswith("\n\n") else ""
    same = re.fullmatch(pattern, shown.rstrip("\n"))
    return f"$ {command}{expected if same else shown + gap}"
