"""What the tests rest on: a command in a fork is as in a process of its own, and a sample has each kind."""

import itertools
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.forking import forked
from helpers.sampling import covering, spread

ASKED = ["query", "-", "-f", "csv"]
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.mark.parametrize("words", [["stats"], ["query", "nothing"], ["show", "Good"], ["--version"]])
def test_a_fork_does_what_a_new_python_does(project: Path, words: list[str]) -> None:
    new = subprocess.run([sys.executable, "-m", "kg", *words], cwd=project, capture_output=True, check=False)
    fork = forked(words, project)
    assert (fork.returncode, fork.stdout, fork.stderr) == (new.returncode, new.stdout, new.stderr)


@pytest.mark.slow
def test_a_fork_has_its_own_input_folder_environment_and_limits(project: Path) -> None:
    done = forked(ASKED, project, stdin="SELECT ('é' AS ?x) {}".encode(), environment={"NO_COLOR": "1"})
    assert (done.returncode, done.stdout.decode()) == (0, "x\r\né\r\n")
    assert forked(["stats"], Path("/")).returncode == 3
    limited = forked(ASKED, project, stdin=ENDLESS.encode(), limits={resource.RLIMIT_CPU: 4})
    assert limited.returncode == 4
    assert b"CPU" in limited.stderr


def test_a_fork_that_takes_too_long_is_ended(project: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        forked(ASKED, project, stdin=ENDLESS.encode(), seconds=0.5)


GRID = list(itertools.product(range(3), "abcd"))


def test_a_sample_has_each_value_once() -> None:
    chosen = list(covering({case: enumerate(case) for case in GRID}))
    assert len(chosen) == 4
    assert [set(values) for values in zip(*chosen, strict=True)] == [{0, 1, 2}, set("abcd")]


def test_a_sample_has_each_kind_and_no_case_without_one() -> None:
    kinds = {(number, letter): {"ab"} & {f"{letter}b"} | {2} & {number} for number, letter in GRID}
    assert list(covering(kinds)) == [(2, "a")]
    assert list(covering(dict.fromkeys(GRID, ()))) == []


@pytest.mark.parametrize("number", [1, 3, 12])
def test_a_sample_of_a_number_is_spread(number: int) -> None:
    chosen = list(spread(GRID, number))
    assert len(set(chosen)) == number
    assert chosen[0] == GRID[0]
    assert {right - left for left, right in itertools.pairwise(map(GRID.index, chosen))} <= {len(GRID) // number}


@pytest.mark.parametrize("case", range(4))
@pytest.mark.sample(2)
def test_what_is_in_no_sample_is_slow(request: pytest.FixtureRequest, case: int) -> None:
    assert bool(request.node.get_closest_marker("slow")) is (case in {1, 3})
