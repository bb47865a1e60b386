"""Lines of .gitignore mean what they mean to git, and no line stops an ingest or holds it up."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli.commands import kg as command
from kg.config import load
from kg.core.errors import ConfigError
from kg.core.ignore_patterns import MOST_WILD, Patterns
from kg.notes.vault import Vault

NAMES = [
    "a",
    "b",
    "ab",
    "aab",
    "a.b",
    "ä",
    "a b",
    "-",
    "]",
    "[",
    "\\",
    "a^",
    "!",
    "B",
    "#a",
    "aaaa",
    "abab",
    " a",
    "a ",
    "*",
]
BITS = [
    *(
        "a",
        "b",
        "*",
        "**",
        "?",
        "/",
        "**/",
        "/**",
        "[a-b]",
        "[!a]",
        "[^b]",
        "[]]",
        "[",
        "]",
        "\\",
        "!",
        "#",
        "[[:alpha:]]",
    ),
    *(
        "[[:x:]]",
        "[b-a]",
        "-",
        "[a",
        "[a-",
        "[\\]]",
        ".",
        "ä",
        " ",
        "[ä]",
        "\\ ",
        "[]-a]",
        "***",
        "[--b]",
        "[a\\-b]",
        "^",
    ),
    *("[[:]", "[:alpha:]", "\\/", "\\*"),
]
LINES = [
    "!",
    "\\",
    "a\\",
    "[z-a]",
    "[",
    "[]",
    "[!]",
    "[[:nope:]]",
    "/",
    "//",
    "!/",
    "**//",
    "***",
    "(?",
    "{",
    "\\d",
    "a//",
    "[a",
    " ",
]
LINES += [
    "*a*a*a*a*a*a*a*a*b",
    "?" * 300,
    "*" * 300 + "x",
    "**/a" * 50,
    "a*" * 5000,
    "**/" * 9000 + "x",
    "[" * 9000,
    "\\" * 9000,
]


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def kg(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def tree(folder: Path, rnd: random.Random) -> dict[str, bool]:
    """Files and folders with odd names, and which are folders."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for _ in range(150):
        place = folder.joinpath(*(rnd.choice(NAMES) for _ in range(rnd.randint(1, 4))))
        if any(parent.is_file() for parent in place.parents) or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    places = [place for place in sorted(folder.rglob("*")) if ".git" not in place.relative_to(folder).parts]
    return {place.relative_to(folder).as_posix(): place.is_dir() for place in places}


def ignored_by_git(folder: Path, paths: list[str]) -> set[str]:
    asked = "\0".join(paths).encode()
    answer = subprocess.run(
        ["git", "-C", str(folder), "check-ignore", "-z", "--no-index", "--stdin"],
        input=asked,
        capture_output=True,
        check=False,
    )
    return {path.decode() for path in answer.stdout.split(b"\0") if path}


def ignored_by_kg(lines: list[str], paths: dict[str, bool]) -> set[str]:
    patterns = Patterns(line.encode() for line in lines)
    left_out: set[str] = set()
    for path, is_folder in paths.items():  # sorted, so that a folder comes before what is in it
        if path.rpartition("/")[0] in left_out or patterns.says(path.encode(), is_folder):
            left_out.add(path)
    return left_out


def has_a_tree_behind_text(line: str) -> bool:
    """Whether git before 2.52 takes `a**/b` for `a/**/b`, against its own manual."""
    return "**" in line.lstrip("!/").lstrip("*")


@pytest.mark.parametrize("seed", range(4))
def test_drawn_lines_mean_what_they_mean_to_git(tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)
    paths = tree(tmp_path, rnd)
    for _ in range(150):
        lines = ["".join(rnd.choice(BITS) for _ in range(rnd.randint(1, 6))) for _ in range(rnd.randint(1, 3))]
        if any(has_a_tree_behind_text(line) and not line.lstrip("!").startswith("**") for line in lines):
            continue
        (tmp_path / ".gitignore").write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert ignored_by_kg(lines, paths) == ignored_by_git(tmp_path, list(paths)), lines


@pytest.mark.parametrize(
    "line", ["x/**/y", "**/y", "x/**", "a**b/c", "/x", "x/", "!x", "\\!x", "\\#x", "x\\ ", "x ", "*.md", "x/*/y"]
)
def test_lines_of_the_manual_mean_what_they_mean_to_git(tmp_path: Path, line: str) -> None:
    files = ["x", "!x", "#x", "x ", "y", "a.md", "a1b/c", "d/x/y", "d/x/z/y", "d/x/z/z/y", "d/y", "e/x", "f/a.md"]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, dict.fromkeys(files, "") | {".gitignore": f"{line}\n"})
    places = [place for place in sorted(tmp_path.rglob("*")) if ".git" not in place.relative_to(tmp_path).parts]
    paths = {place.relative_to(tmp_path).as_posix(): place.is_dir() for place in places}
    assert ignored_by_kg([line], paths) == ignored_by_git(tmp_path, list(paths))


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[:12]}-{len(line)}")
@pytest.mark.sample(7)
def test_no_line_stops_an_ingest(tmp_path: Path, line: str) -> None:
    write(
        tmp_path, {"One.md": "# One\n", f"{'a' * 200}.md": "", ".gitignore": f"{line}\nprivate.md\n", "private.md": ""}
    )
    done = kg("ingest", tmp_path)
    assert done.exit_code == 0, done.output
    assert "private.md" not in Vault(tmp_path).files().notes
    assert "One.md" in Vault(tmp_path).files().notes or line in {"***"}


def test_a_line_that_matches_nothing_is_a_remark_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, {"One.md": "", "sub/.gitignore": "# fine\nx\n[a\n!\n", "sub/Two.md": ""})
    found = [(f.path, f.line, f.code, f.severity) for f in Vault(tmp_path).files().findings]
    assert found == [("sub/.gitignore", 3, "F12", "info"), ("sub/.gitignore", 4, "F12", "info")]


@pytest.mark.parametrize("line", ["!", "\\", "a\\", "[a", "[[:nope:]]"])
def test_such_a_line_in_the_setting_is_a_sentence(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"One.md": "", "kg.toml": f"ignore = ['ok', '{line}']\n"})
    with pytest.raises(ConfigError, match=r"kg\.toml: “ignore”: the pattern .* matches nothing: "):
        load(tmp_path)


def test_lines_with_wildcards_are_limited_and_others_are_not(tmp_path: Path) -> None:
    wild = [f"a*{number}*b" for number in range(MOST_WILD // 5)]
    write(tmp_path, {"One.md": "", "last.md": "", "a0b.md": "", ".gitignore": "\n".join([*wild, "last.md"])})
    files = Vault(tmp_path).files()
    assert list(files.notes) == ["One.md", "a0b.md"]
    (finding,) = files.findings
    assert (finding.code, finding.severity, finding.path) == ("F11", "warning", ".gitignore")
    assert 1 < finding.line < len(wild)


def test_a_gitignore_that_is_no_file_counts_for_nothing(tmp_path: Path) -> None:
    write(
        tmp_path, {"One.md": "", "a/Two.md": "", "b/Three.md": "", "c/Four.md": "", "d/Five.md": "", "lines": "*.md\n"}
    )
    os.mkfifo(tmp_path / "a" / ".gitignore")
    (tmp_path / "b" / ".gitignore").mkdir()
    (tmp_path / "c" / ".gitignore").symlink_to(tmp_path / "lines")
    (tmp_path / "d" / ".gitignore").write_bytes(b"*.md\n" * 250_000)
    files = Vault(tmp_path).files()
    assert [path.rpartition("/")[2] for path in files.notes] == ["One.md", "Two.md", "Three.md", "Four.md", "Five.md"]
    assert [(f.path, f.code) for f in sorted(files.findings)] == [
        ("a/.gitignore", "F04"),
        ("b/.gitignore", "F04"),
        ("c/.gitignore", "F04"),
        ("d/.gitignore", "F03"),
    ]


def test_lines_end_and_begin_as_in_git(tmp_path: Path) -> None:
    separators = "\x0b\x0c\x1c\x85\u2028"
    write(tmp_path, {"One.md": "", "Two.md": "", "Three.md": "", f"x{separators}One.md": ""})
    (tmp_path / ".gitignore").write_bytes(f"\ufeffTwo.md\r\nx{separators}One.md\nThree.md".encode())
    assert list(Vault(tmp_path).files().notes) == ["One.md"]


@pytest.mark.slow
def test_filters_of_obsidian_are_given_up_together(tmp_path: Path) -> None:
    filters = [f"/(a+)+{number}$/" for number in range(300)]
    names = [f"{'a' * 60}{number}b.md" for number in range(10)]
    write(tmp_path, {".obsidian/app.json": json.dumps({"userIgnoreFilters": filters}), **dict.fromkeys(names, "")})
    vault = Vault(tmp_path)
    assert len(vault.files().notes) == 10
    assert vault.settings._watch.all_left <= 0
    assert vault.settings._watch.all_left > -0.2


@pytest.mark.parametrize(
    "expression",
    ["(((a{1000}){1000}){1000}){1000}", "(" * 900, "(?R)", "(?x)a{1 000}", "a{99999999999999999999}", "\\p{Foo}"],
)
def test_an_expression_that_is_none_or_too_large_hides_nothing(tmp_path: Path, expression: str) -> None:
    write(tmp_path, {".obsidian/app.json": json.dumps({"userIgnoreFilters": [f"/{expression}/"]}), "aaa.md": ""})
    assert list(Vault(tmp_path).files().notes) == ["aaa.md"]


def test_settings_of_obsidian_that_are_no_file_are_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, {".obsidian/types.json/x": "", "One.md": ""})
    os.mkfifo(tmp_path / ".obsidian" / "app.json")
    assert list(Vault(tmp_path).files().notes) == ["One.md"]
