"""What is left out of a vault, by whom, and that links can still lead there."""

import json
import subprocess
import time
from pathlib import Path

import pytest

import kg
from kg.config import load
from kg.notes.vault import Vault
from kg.validation.validator import validate


def write(folder: Path, files: dict[str, str]) -> Vault:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return Vault(config=load(folder))


def read(vault: Vault) -> list[str]:
    return [note.path for note in vault.read().notes]


def test_gitignore_is_read_in_every_folder_and_the_nearest_wins(tmp_path: Path) -> None:
    files = {
        ".gitignore": "/drafts/\n*.tmp.md\n# a comment\n",
        "a.md": "",
        "drafts/b.md": "",
        "sub/drafts/c.md": "",
        "sub/d.tmp.md": "",
        "sub/.gitignore": "!d.tmp.md\nprivate.md\n",
        "sub/private.md": "",
        "private.md": "",
    }
    assert read(write(tmp_path, files)) == ["a.md", "private.md", "sub/d.tmp.md", "sub/drafts/c.md"]


def test_it_agrees_with_git(tmp_path: Path) -> None:
    files = {
        ".gitignore": "*.log.md\nbuild/\n!build/keep.md\n/top.md\ndeep/**/x.md\n\\#a.md\n[bc].md\n",
        **dict.fromkeys(
            ["x.log.md", "build/keep.md", "top.md", "in/top.md", "deep/1/2/x.md", "deep/x.md", "#a.md", "b.md", "d.md"],
            "",
        ),
    }
    vault = write(tmp_path, files)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "-co", "--exclude-standard", "*.md"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(read(vault)) == sorted(listed.stdout.splitlines())


def test_the_repository_around_a_vault_counts_unless_it_leaves_the_vault_out(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("notes/private/\n")
    vault = write(tmp_path / "notes", {"a.md": "", "private/b.md": ""})
    assert read(vault) == ["a.md"]
    (tmp_path / ".gitignore").write_text("/notes/\n*.x.md\n")
    assert read(vault) == ["a.md", "private/b.md"]


def test_gitignore_can_be_turned_off(tmp_path: Path) -> None:
    vault = write(tmp_path, {".gitignore": "b.md\n", "b.md": "", "kg.toml": "gitignore = false\n"})
    assert read(vault) == ["b.md"]


def test_the_setting_comes_last(tmp_path: Path) -> None:
    toml = 'ignore = ["c.md", "!b.md"]\n'
    vault = write(tmp_path, {".gitignore": "b.md\n", "b.md": "", "c.md": "", "kg.toml": toml})
    assert read(vault) == ["b.md"]


def test_obsidians_excluded_files(tmp_path: Path) -> None:
    filters = ["Templates/", "/\\.draft\\./", "/(/", ""]
    settings = json.dumps({"userIgnoreFilters": filters})
    files = {
        ".obsidian/app.json": settings,
        "templates/T.md": "",
        "a.draft.md": "",
        "sub/Templates/U.md": "",
        "b.md": "",
    }
    assert read(write(tmp_path, files)) == ["b.md", "sub/Templates/U.md"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"userIgnoreFilters": 1}', '{"userIgnoreFilters": [1, null]}', "\xff", "[" * 9999]
)
def test_settings_that_obsidian_did_not_write_count_for_nothing(tmp_path: Path, text: str) -> None:
    files = {f".obsidian/{name}.json": text for name in ("app", "types", "templates")}
    assert read(write(tmp_path, {**files, "a.md": ""})) == ["a.md"]


def test_an_expression_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    names = [f"{'a' * 60}{n}.md" for n in range(50)]
    settings = json.dumps({"userIgnoreFilters": ["/(a+)+$/", "/(a|a)*b/"]})
    started = time.process_time()
    assert len(read(write(tmp_path, {".obsidian/app.json": settings, **dict.fromkeys(names, "")}))) == 50
    assert time.process_time() - started < 5


def test_what_is_ignored_can_be_linked_to(tmp_path: Path) -> None:
    files = {
        "kg.toml": 'ignore = ["private/"]\n',
        "a.md": "[[Secret]], [[Secret#Part]], ![[plan.png]] and [[Other]]",
        "private/Secret.md": "# Part\n[[a]]",
        "private/plan.png": "",
        "private/Other.md": "",
        "Other.md": "[[a]]",
    }
    vault = write(tmp_path, files)
    found = validate(vault, only="links")
    assert [(f.code, f.column) for f in found.findings if f.code != "L22"] == [("L18", 1), ("L18", 13), ("L18", 30)]
    assert {kind: number for kind, number in found.classes.items() if number} == {"resolved": 4, "attachment": 1}
    store = kg.ingest(vault).store
    rows = kg.query(store, "SELECT ?o { n:a kg:linksTo ?o } ORDER BY ?o").rows
    assert [row["o"].removeprefix("https://notes.example/") for row in rows] == [
        "Other",
        "private/Secret",
        "private/plan.png",
    ]
    assert not kg.query(store, "ASK { ?m a kg:Missing }").boolean
    assert kg.query(store, "SELECT (COUNT(*) AS ?c) { ?n a kg:Note }").rows == [{"c": 2}]
