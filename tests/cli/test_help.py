"""A list of commands reads at a glance: on a terminal of 80 columns no summary is cut off. Wrong usage exits with 2.

The help of each command, completion and the man page are here, too.
"""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from helpers.commanding import run
from helpers.vaults import NOTES
from kg.cli.commands import kg
from kg.cli.explore import analyze

COMMANDS = [("", name) for name in kg.list_commands(click.Context(kg))]
ANALYSES = [("analyze", name) for name in analyze.list_commands(click.Context(analyze))]


def summaries(group: str, width: int) -> dict[str, str]:
    """The summaries in the help of a group, by command."""
    result = CliRunner().invoke(kg, [*group.split(), "--help"], prog_name="kg", terminal_width=width)
    assert result.exit_code == 0
    table = result.output.partition("\nCommands:\n")[2].partition("\n\n")[0]
    rows = (line.split(maxsplit=1) for line in table.splitlines())
    return {row[0]: " ".join(row[1:]) for row in rows}


# `terminal_width` is the width of the text: on a terminal of 80 columns click leaves a margin of two.
@pytest.mark.parametrize("width", [80, 78])
@pytest.mark.parametrize(("group", "name"), [*COMMANDS, *ANALYSES])
def test_a_summary_is_not_cut_off(group: str, name: str, width: int) -> None:
    summary = summaries(group, width)[name]
    assert summary
    assert not summary.endswith("...")


@pytest.mark.parametrize(("group", "name"), [("", ""), *COMMANDS, *ANALYSES])
def test_help_fits_80_columns(group: str, name: str) -> None:
    result = CliRunner().invoke(
        kg, [*group.split(), *filter(None, [name]), "--help"], prog_name="kg", terminal_width=78
    )
    assert [line for line in result.output.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("words", [[], ["query"], ["analyze", "gaps"], ["help"]], ids=" ".join)
def test_help_of_a_command(words: list[str]) -> None:
    shown = CliRunner().invoke(kg, ["help", *words], prog_name="kg")
    same = CliRunner().invoke(kg, [*words, "--help"], prog_name="kg")
    assert (shown.exit_code, shown.output) == (0, same.output)


@pytest.mark.parametrize("words", [["nonsense"], ["query", "x"], ["analyze", "x"]], ids=" ".join)
def test_help_of_no_command(words: list[str]) -> None:
    shown = CliRunner().invoke(kg, ["help", *words], prog_name="kg")
    assert shown.exit_code == 2
    assert f"No such command {' '.join(words)!r}." in shown.output


@pytest.mark.parametrize(
    ("shell", "files"),
    [
        ("bash", [".bashrc", ".local/share/kg/completion.bash"]),
        ("zsh", [".local/share/kg/completion.zsh", ".zshrc"]),
        ("fish", [".config/fish/completions/kg.fish"]),
    ],
)
def test_completion_is_installed_once(shell: str, files: list[str], tmp_path: Path) -> None:
    unset = {"XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "ZDOTDIR": ""}
    (tmp_path / f".{shell}rc").write_text("# mine\n", encoding="utf-8")
    for _ in range(2):
        done = CliRunner().invoke(
            kg, ["completion", "--install"], env={"HOME": str(tmp_path), "SHELL": f"/bin/{shell}", **unset}
        )
        assert done.exit_code == 0, done.output
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert [name for name in written if name != ".fishrc"] == files
    start = (tmp_path / f".{shell}rc").read_text(encoding="utf-8")
    assert start.startswith("# mine\n")
    assert start.count("completion of kg") == (shell != "fish")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("kg que", "query"), ("kg query orph", "orphans"), ("kg list --col", "--columns"), ("kg analyze ga", "gaps")],
)
def test_completion_offers(typed: str, offered: str, tmp_path: Path) -> None:
    done = run(cwd=tmp_path, COMP_WORDS=typed, COMP_CWORD=str(len(typed.split()) - 1), _KG_COMPLETE="bash_complete")
    assert f"plain,{offered}" in done.stdout.splitlines()


def test_the_shell_of_completion_must_be_known(tmp_path: Path) -> None:
    done = run("completion", cwd=tmp_path, SHELL="/bin/dash")
    assert (done.returncode, done.stderr) == (2, "kg: name the shell: kg completion bash | zsh | fish\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "-f", "nope", "ASK {}"],
        ["query", "ASK {}", "--param", "x"],
        ["query", "ASK {}", "--param", "x=1"],
        ["query", "ASK {}", "--timeout", "0"],
        ["query", "ASK {}", "--endpoint", "file:///etc/passwd"],
        ["query", "ASK {}", "-f", "turtle"],
        ["ingest", "nowhere"],
        ["ingest", "Good.md"],
        ["nonsense"],
    ],
    ids=" ".join,
)
@pytest.mark.sample(5)
def test_wrong_usage_exits_with_2(project: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=project)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["ingets", "notes"], "kg ingest notes"),
        (["things", "Outcome"], "kg query things Outcome"),
        (["centrality", "--limit", "3"], "kg analyze centrality --limit 3"),
        (["path", "A note", "B"], "kg analyze path 'A note' B"),
    ],
)
def test_a_query_or_an_analysis_as_a_command_is_corrected(words: list[str], meant: str) -> None:
    done = run(*words, cwd=NOTES)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: No such command '{words[0]}'. Did you mean: {meant}"


def test_another_word_as_a_command_is_not_corrected() -> None:
    assert run("frobnicate", cwd=NOTES).stderr.splitlines()[-1] == "Error: No such command 'frobnicate'."
