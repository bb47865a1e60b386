"""Git repositories of the tests: commits with times of their own, apart from the settings of who runs the tests."""

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
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

TURTLE = """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://e.example/{name}> a owl:Class ; rdfs:label "{name}" .
"""
"""An ontology with a class."""


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


def histories(seed: int, length: int) -> Iterator[dict[str, str | None]]:
    """Random commits of a vault: notes come, change, move and go, and so do its settings, ontology and ignored files."""
    chance, notes = random.Random(seed), dict[str, str]()
    for number in range(length):
        changes: dict[str, str | None] = {}
        for _ in range(chance.randint(1, 4)):
            name = f"{chance.choice(['', 'a/', 'b/c/'])}N{chance.randrange(8)}.md"
            links = " ".join(f"[[N{chance.randrange(10)}]]" for _ in range(chance.randrange(3)))
            text = chance.choice(["", "---\ntype: Outcome\n---\n", "---\nid: x\n---\n", "---\ntype: Place\n---\n"])
            text += chance.choice(["# Outcomes\n- One\n", "Text.\n", f"# Head {number}\n"]) + links + "\n"
            gone = name in notes and chance.random() < 0.4
            changes[name] = None if gone else text
            notes.pop(name, None) if gone else notes.__setitem__(name, text)
        what = chance.randrange(12)
        changes |= {
            0: {"kg.toml": f'base = "https://e.example/{number % 3}/"\n'},
            1: {"ontology/own.ttl": TURTLE.format(name="Place")},
            2: {".gitignore": "a/*.md\n" if number % 2 else ""},
            3: {"ontology/rules/r.rq": "CONSTRUCT { ?s kg:related ?o } WHERE { ?s kg:linksTo ?o }\n"},
            4: {"pictures/p.png": "x" * 70_000},
            5: {".obsidian/types.json": '{"types": {"due": "date"}}'},
        }.get(what, {})
        yield changes


def write_history(folder: Path, seed: int, length: int) -> None:
    for day, changes in enumerate(histories(seed, length), 1):
        for name in [name for name, text in changes.items() if text is None and not (folder / name).exists()]:
            del changes[name]
        commit(folder, changes, day)
