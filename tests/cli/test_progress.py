"""A long command says what it does: with a bar that moves, or in lines where stderr is no terminal."""

import io
import re
import sys
import time

import pytest

from helpers.commanding import run
from helpers.vaults import NOTES
from kg.cli import options
from kg.cli.ingest import _wanted
from kg.cli.options import Options, progress

LOUD, QUIET = Options(None, False, False, True), Options(None, True, False, True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain(text: str) -> list[str]:
    """The frames of a bar, without control sequences and colours."""
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame).strip() for frame in text.split("\r")]


@pytest.mark.parametrize(
    ("done", "total", "count"), [(0, 1, ""), (3, 40, "3/40"), (1_200, 4_000, "1,200/4,000"), (0, 0, "")]
)
def test_the_bar_counts_or_moves(monkeypatch: pytest.MonkeyPatch, done: int, total: int, count: str) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress(Options(None, False, False, False)) as report:
        assert report
        report("linking", done, total)
        time.sleep(0.4)
    frames = [frame for frame in plain(screen.getvalue()) if frame.startswith("linking")]
    assert frames
    assert all("None" not in frame and "0/1" not in frame for frame in frames)
    assert all(count in frame for frame in frames)
    raw = {frame for frame in re.sub(r"\d:\d\d:\d\d", "", screen.getvalue()).split("\r") if "linking" in frame}
    assert total > 1 or len(raw) > 3


def test_without_a_terminal_a_long_command_says_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(options, "perf_counter", lambda: now[0])
    reports = (
        (1.0, "reading", 100, 4_000),
        (11.0, "reading", 2_000, 4_000),
        (15.0, "linking", 0, 1),
        (22.0, "storing", 0, 1),
    )
    with progress(LOUD) as report:
        assert report
        for seconds, what, done, total in reports:
            now[0] = seconds
            report(what, done, total)
    assert capsys.readouterr().err.splitlines() == ["reading 2,000/4,000 …", "storing …"]
    with progress(QUIET) as report:
        assert report is None


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (1000, "Pricing (3), Churn, Net promoter score, Onboarding …"),
        (30, "Pricing (3), Churn …"),
        (13, "Pricing (3) …"),
        (8, "Pricing…"),
    ],
)
def test_missing_notes_are_named_as_far_as_they_fit(room: int, said: str) -> None:
    wanted = [["Pricing", 3], ["Churn", 1], ["Net promoter score", 1], ["Onboarding", 1], ["Tea", 1]]
    assert _wanted(wanted, room) == f"notes still to be written: {said}"


def test_the_list_of_queries_fits_a_terminal() -> None:
    done = run("query", cwd=NOTES)
    assert max(map(len, done.stdout.splitlines())) <= 80
