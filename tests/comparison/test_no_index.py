"""`git difftool` compares what notes say: file by file, or all files that differ at once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.commanding import run
from helpers.repositories import commit, git, isolate
from helpers.vaults import write_vault

ODD = 'Odd "$(touch ran)" é name.md'
BEFORE = {
    "A.md": "---\nr: 1\n---\nOne two\nthree. [[B]]\n",
    "B.md": "One.\n",
    "C.md": "Some longer text here that stays.\nrating:: 3\n",
    "Gone.md": "Text.\n",
    "p.png": "x",
}
AFTER = {
    "A.md": "---\nr: 2\n---\nOne two three. [[B]] [[D]]\n",
    "New.md": "---\ntype: Outcome\n---\n[[A]]\n",
    ODD: BEFORE["C.md"],
    "p.png": "y",
}
has_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with changes in the index, and the driver as the documentation sets it."""
    isolate(monkeypatch)
    folder = tmp_path / "vault"
    commit(folder, dict(BEFORE), 1)
    write_vault(folder, AFTER)
    for name in ("C.md", "Gone.md"):
        (folder / name).unlink()
    git(folder, "add", "-A")
    git(folder, "config", "difftool.kg.cmd", 'kg diff --no-index -- "$LOCAL" "$REMOTE"')
    return folder


def difftool(vault: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["git", "difftool", "-y", "-t", "kg", *words]
    return subprocess.run(
        command, cwd=vault, capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}
    )


@has_git
@pytest.mark.slow
def test_file_by_file(vault: Path) -> None:
    os.symlink("/etc/passwd", vault / "-link.md")
    git(vault, "add", "-A")
    done = difftool(vault, "--trust-exit-code", "HEAD")
    reports = done.stdout.split("\n\n")
    assert "A.md\n  ~ “A” p:r: 1 → 2  A.md:2:4\n  + “A” links to “D”  A.md:4:22" in reports
    assert "Things\n  + New (Outcome)  New.md" in reports
    assert "Things\n  - Gone (Concept)  Gone.md" in reports
    assert f"C.md → {ODD}" in done.stdout
    assert "root" not in done.stdout
    assert "p.png is no note, so it states no facts" in done.stderr
    assert not list(vault.rglob("ran"))
    assert not (vault / ".kg").exists()


@has_git
@pytest.mark.slow
def test_all_files_at_once(vault: Path) -> None:
    """The files of the working tree are links in the folder that git makes."""
    shown = difftool(vault, "-d", "HEAD").stdout
    assert f"  ~ C → {ODD[:-3]}  C.md → {ODD}\n" in shown
    assert "  ~ “A” p:r: 1 → 2  A.md:2:4\n" in shown
    assert "2 edited, 1 moved" in shown or "1 edited, 1 moved" in shown
    assert not list(vault.rglob("ran"))


def test_the_ontology_is_that_of_the_project(tmp_path: Path) -> None:
    """Also of a file that is only in one of the states."""
    text = """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://e.example/Risk> a owl:Class ; rdfs:label "Risk" .
"""
    project = write_vault(
        tmp_path / "project", {"kg.toml": "", "ontology/o.ttl": text, "x/R.md": "---\ntype: Risk\n---\n"}
    )
    shown = run("diff", "--no-index", os.devnull, "x/R.md", cwd=project).stdout
    assert shown.startswith("nothing → R.md\n\nThings\n  + R (Risk)  R.md\n")
    write_vault(tmp_path / "alone", {"R.md": "---\ntype: Risk\n---\n"})
    assert "+ R (Concept)" in run("diff", "--no-index", os.devnull, "R.md", cwd=tmp_path / "alone").stdout


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_vault(tmp_path, {"A.md": "x\n", "secret.md": "canary:: 1\n", "one/A.md": "x\n", "other/B.md": "x\n"})
    (tmp_path / "link.md").symlink_to("secret.md")
    done = run("diff", "--no-index", "A.md", "link.md", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "link.md is a symbolic link, which kg does not follow\n"
    (tmp_path / "other" / "A.md").symlink_to("../link.md")  # git links to files, never to links
    done = run("diff", "--no-index", "one", "other", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_any_name_of_a_file(tmp_path: Path) -> None:
    for side, text in (("one", b"r:: 1\n"), ("other", b"r:: 2\n")):
        folder = os.fsencode(tmp_path / side / "--help")
        os.makedirs(folder)
        for name in (b"\xff.md", b"\x1b[31m\n.md", b"-f.md", b"$(x) `y`.md"):
            Path(os.fsdecode(folder + b"/" + name)).write_bytes(text)
    done = run("diff", "--no-index", "one", "other", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("p:r: 1 → 2") >= 3
    assert "\x1b" not in done.stdout


def test_two_folders(tmp_path: Path) -> None:
    write_vault(
        tmp_path, {"one/A.md": "r:: 1\n", "other/A.md": "r:: 2\n", "other/.git/B.md": "x", "other/kg.toml": "?"}
    )
    done = run("diff", "--no-index", "--exit-code", "one", "other", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "one → other\n\nA.md\n  ~ “A” p:r: 1 → 2  A.md:1:5\n\nnotes: 1 edited; facts: 1 changed\n"
    assert run("diff", "--no-index", "--exit-code", "one", "one", cwd=tmp_path).returncode == 0
    assert run("diff", "--no-index", "-f", "json", "one", "other", cwd=tmp_path).stdout.startswith("{")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["A.md"], "name two files or two folders"),
        (["A.md", "B.md", "C.md"], "name two files or two folders"),
        (["A.md", "nothing.md"], "nothing.md cannot be read: No such file or directory"),
        (["A.md", "folder"], "A.md and folder cannot be compared: name two files or two folders"),
        (["A.md", "large.md"], "large.md cannot be read: 12,000,000 bytes; the limit is 10,000,000"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(tmp_path: Path, words: list[str], says: str) -> None:
    write_vault(tmp_path, {"A.md": "x\n", "B.md": "x\n", "folder/A.md": "x\n", "large.md": "x" * 12_000_000})
    done = run("diff", "--no-index", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
