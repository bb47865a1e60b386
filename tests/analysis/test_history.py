"""How the graph grew: as an ingest of every commit would count it, and nothing of the repository is run or written."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import Result

import kg
from helpers.repositories import commit, git, isolate
from helpers.vaults import Write, analyze, analyzed, ingest
from kg.analysis.history import sparkline
from kg.analysis.network_reader import read
from kg.revisions.git_repository import Repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)


def run(store: Path, *arguments: str) -> Result:
    return analyze(store, "history", *arguments)


def rows(store: Path, *arguments: str) -> list[dict[str, str]]:
    return analyzed(store, "history", *arguments)


STEPS: list[dict[str, str | None]] = [
    {"A.md": "One.\n"},
    {"A.md": "Goes to [[B]] and [[C#Part]].\n", "x.txt": "no note"},
    {"B.md": "# Outcomes\n- [[Speed]]\n- People smile\n"},
    {"sub/B.md": "another, ![[pic.png]]\n", "sub/C.md": "[[B]]\n"},
    {"sub/C.md": None, "C.md": "# Part\n[[A]]\n", "pic.png": "x"},
    {"Speed.md": "---\ntype: Output\naliases: [Fast]\nauthor: Jo March\n---\nBy [[A]].\n"},
    {"From.canvas": '{"nodes": [{"id": "a", "type": "file", "file": "A.md"}], "edges": []}', ".hidden/N.md": "[[X]]\n"},
    {"A.md": "One.\n"},
    {"Speed.md": None, "Fast.md": "# New heading\n[[Speed]] #JoMarch\n"},
]


@pytest.mark.slow
def test_every_commit_counts_as_an_ingest_of_it(tmp_path: Path) -> None:
    vault, store = tmp_path / "vault", tmp_path / "store"
    expected = []
    for day, step in enumerate(STEPS, 1):
        commit(vault, step, day)
        if day == 8:
            (vault / "broken.md").write_bytes(b"\xe9 is no UTF-8")
        report = ingest(vault, tmp_path / f"store{day}")
        links, things = sum(report.summary["links"].values()), len(read(report.store))
        expected.append((f"2024-01-{day:02}", report.summary["notes"], links, report.summary["missing"], things))
    ingest(vault, store)
    found = [
        (row["date"], *(int(row[name]) for name in ("notes", "links", "missing", "things"))) for row in rows(store)
    ]
    assert found == expected


def test_rows_begin_with_the_commit(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "[[B]]\n"}, 1)
    commit(vault, {"B.md": "\n"}, 9)
    ingest(vault, tmp_path / "store")
    first, last = rows(tmp_path / "store")
    assert list(first) == ["entity", "label", "date", "notes", "links", "missing", "things"]
    name = git(vault, "rev-parse", "HEAD").strip()
    assert last["entity"] == f"swh:1:rev:{name}" and last["label"] == f"{name[:7]} Day 9"
    assert [(row["notes"], row["missing"]) for row in (first, last)] == [("1", "1"), ("2", "0")]
    assert [row["label"] for row in rows(tmp_path / "store", "--by", "week")] == ["2024-W01", "2024-W02"]
    (month,) = rows(tmp_path / "store", "--by", "month")
    assert (month["label"], month["date"], month["entity"]) == ("2024-01", "2024-01-09", last["entity"])
    shown = run(tmp_path / "store", "-f", "table")
    assert f"{name[:7]} Day 9" in shown.stdout and "██████████" in shown.stdout
    assert "notes    ▅█ 1 → 2" in shown.stderr
    assert run(tmp_path / "store", "-f", "json").stdout == run(tmp_path / "store", "-f", "json").stdout


def test_a_vault_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    commit(whole, {"README.md": "not of the vault\n"}, 1)
    commit(whole, {"my notes/A.md": "[[B]]\n"}, 2)
    commit(whole, {"README.md": "other\n"}, 3)
    commit(whole, {"my notes/A.md": None, "my notes/B.md": "[[B]]\n"}, 4)
    ingest(whole / "my notes", tmp_path / "store")
    assert [(row["label"][8:], row["notes"]) for row in rows(tmp_path / "store")] == [("Day 2", "1"), ("Day 4", "1")]


def test_merged_branches_count_where_they_were_merged(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": ""}, 1)
    git(vault, "checkout", "-q", "-b", "other")
    commit(vault, {"B.md": ""}, 2)
    commit(vault, {"C.md": ""}, 3)
    git(vault, "checkout", "-q", "main")
    commit(vault, {"D.md": ""}, 4)
    git(vault, "merge", "-q", "--no-ff", "-m", "Merge", "other", day=5)
    ingest(vault, tmp_path / "store")
    assert [(row["date"], row["notes"]) for row in rows(tmp_path / "store")] == [
        ("2024-01-01", "1"),
        ("2024-01-04", "2"),
        ("2024-01-05", "4"),
    ]


def test_without_a_repository_a_commit_or_git_that_is_said(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    vault = write({"A.md": ""})
    store = ingest(vault, tmp_path / "store").store.path
    for said, code in (("is in no git repository", 1), ("has no commit yet", 1)):
        error = run(store).exception
        assert isinstance(error, kg.KgError) and error.exit_code == code and said in str(error)
        git(vault, "init", "-q")
    monkeypatch.setenv("PATH", str(tmp_path))
    error = run(store).exception
    assert isinstance(error, kg.KgError) and error.exit_code == 2 and "git is not installed" in str(error)


def test_nothing_of_a_hostile_repository_is_run_and_nothing_is_written(tmp_path: Path) -> None:
    vault, mark = tmp_path / "vault", tmp_path / "was-run"
    commit(vault, {"A.md": "[[B]]\n", ".gitattributes": "* filter=evil diff=evil\n"}, 1)
    commit(vault, {"B.md": "text\n"}, 2)
    ingest(vault, tmp_path / "store")
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\n", encoding="utf-8")
    script.chmod(0o755)
    for name in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.askPass", "diff.external",
        "diff.evil.textconv", "diff.evil.command", "filter.evil.smudge", "filter.evil.clean", "filter.evil.process",
        "gpg.program", "gpg.ssh.program", "credential.helper", "pager.rev-list", "pager.cat-file", "alias.cat-file",
        "core.alternateRefsCommand", "uploadpack.packObjectsHook", "remote.origin.uploadpack",
    ):  # fmt: skip
        git(vault, "config", name, str(script))
    git(vault, "config", "log.showSignature", "true")
    git(vault, "config", "protocol.ext.allow", "always")
    git(vault, "config", "remote.origin.url", f"ext::{script}")
    git(vault, "config", "remote.origin.promisor", "true")
    git(vault, "config", "extensions.partialClone", "origin")
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        (vault / ".git" / "hooks").mkdir(exist_ok=True)
        shutil.copy(script, vault / ".git" / "hooks" / name)
    blob = (
        subprocess.run(["git", "hash-object", vault / "B.md"], capture_output=True, text=True, check=True).stdout
    ).strip()
    lost = vault / ".git" / "objects" / blob[:2] / blob[2:]
    lost.rename(tmp_path / "lost")  # a promised object that would have to be fetched
    before = _files(vault)
    found = rows(tmp_path / "store")
    assert [row["notes"] for row in found][:1] == ["1"]
    assert not mark.exists()
    assert _files(vault) == before
    (tmp_path / "lost").rename(lost)
    subprocess.run(["git", "-C", vault, "log", "-p", "--ext-diff"], capture_output=True, check=False)
    assert mark.exists(), "what git would have run without care"


def _files(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() + str(file.stat().st_mtime_ns) for file in files}


def test_the_variables_of_another_repository_do_not_lead_astray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path / "vault", {"A.md": ""}, 1)
    commit(tmp_path / "other", {"X.md": "", "Y.md": ""}, 2)
    ingest(tmp_path / "vault", tmp_path / "store")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert [row["notes"] for row in rows(tmp_path / "store")] == ["1"]


def test_odd_names_links_and_what_is_no_file(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"Café ü\u0308ber.md": "[[A b]]\n", "A b.md": ""}, 1)
    (vault / "link.md").symlink_to("A b.md")
    commit(vault, {}, 2)
    ingest(vault, tmp_path / "store")
    assert [(row["notes"], row["missing"]) for row in rows(tmp_path / "store")] == [("2", "0")]


@pytest.mark.slow
def test_what_no_calendar_has_and_folders_without_end(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": ""}, 1)
    tree = git(vault, "rev-parse", "HEAD^{tree}").strip()
    for _ in range(1_200):  # deeper than Python's stack
        tree = subprocess.run(
            ["git", "-C", vault, "mktree"], input=f"040000 tree {tree}\td\n", capture_output=True, text=True, check=True
        ).stdout.strip()
    raw = f"tree {tree}\nauthor A <a@e> 99999999999999 +0000\ncommitter A <a@e> 99999999999999 +0000\n\nodd\n"
    made = subprocess.run(
        ["git", "-C", vault, "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        input=raw, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    git(vault, "update-ref", "HEAD", made)
    ingest(vault, tmp_path / "store")
    (row,) = rows(tmp_path / "store")
    assert row["notes"] == "1" and row["label"].endswith("odd")


def test_trees_within_trees_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tree ten times in a tree, and so on: few objects make many files."""
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "One.\n"}, 1)
    tree = git(vault, "rev-parse", "HEAD^{tree}").strip()
    for _ in range(5):
        entries = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
        made = subprocess.run(["git", "-C", vault, "mktree"], input=entries, capture_output=True, text=True, check=True)
        tree = made.stdout.strip()
    git(vault, "update-ref", "HEAD", git(vault, "commit-tree", "-m", "Many", tree).strip())
    monkeypatch.setattr("kg.revisions.git_repository._MOST", 1_000)
    with Repository.of(vault) as repository:
        (last,) = repository.commits()
        with pytest.raises(kg.KgError, match="has more than 1,000 files"):
            list(repository.changes("", repository.tree(last.hash)))


def test_a_sparkline_of_many_values() -> None:
    assert sparkline([]) == "" and sparkline([0, 0]) == "▁▁" and sparkline([1, 4, 8]) == "▂▅█"
    assert len(sparkline([*range(1_000)])) == 60
