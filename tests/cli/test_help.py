"""A list of commands reads at a glance: on a terminal of 80 columns no summary is cut off. Wrong usage exits with 2."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from helpers.commanding import run
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
