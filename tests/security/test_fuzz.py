"""Inputs that once found a bug, or are good ones to begin with, are tried again; at length, new ones are made."""

from pathlib import Path

import pytest

from fuzz import archive
from fuzz.running import CORPUS, Worker, corpus, fuzz
from fuzz.targets import TARGETS
from helpers.drawing import SEED

pytest.importorskip("resource", reason="the limits on the process that reads are those of POSIX")


def test_the_corpus_is_of_targets_that_there_are() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= TARGETS.keys()


@pytest.mark.parametrize("target", [name for name in TARGETS if corpus(name)])
@pytest.mark.sample(2)
def test_every_input_of_the_corpus_gives_an_answer_or_a_sentence(target: str) -> None:
    with Worker(target) as worker:
        outcomes = {name: worker.try_(data) for name, data in corpus(target).items()}
    assert {name: f"{one.problem}\n{one.trace}" for name, one in outcomes.items() if one.problem} == {}


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_new_inputs_give_an_answer_or_a_sentence(target: str, tmp_path: Path) -> None:
    seed = SEED + list(TARGETS).index(target)
    done = fuzz(target, 15, seed, patience=60)
    assert done.tried > len(corpus(target))
    shown = [f"{problem}: {data!r}\n{done.traces[problem]}" for problem, data in done.found.items()]
    assert not shown, f"python -m fuzz {target} --seed {seed}\n" + "\n".join(shown)


# ---- it would notice --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_goes_wrong_is_noticed_and_the_next_input_is_read() -> None:
    with Worker("trial", patience=5) as worker:
        said = {text: worker.try_(text.encode()) for text in ("a", "refuse", "wrong", "crash", "loop", "hang", "b")}
    problems = {text: one.problem for text, one in said.items()}
    assert (problems["a"], problems["refuse"], problems["b"]) == ("", "", "")
    assert said["a"].like != said["b"].like
    assert problems["wrong"].startswith("AssertionError") and "this is wrong" in problems["wrong"]
    assert problems["crash"].startswith("died of -11") and "_trial" not in problems["crash"]
    assert problems["loop"] == "slow"
    assert problems["hang"].startswith("hangs")


@pytest.mark.slow
def test_what_is_found_is_made_small() -> None:
    done = fuzz("trial", 2, 1, patience=30)
    assert list(done.found.values()) == [b"wrong"]
    again = fuzz("trial", 1, 1, patience=30, known=done.found)
    assert not again.found


def test_several_files_are_one_input(tmp_path: Path) -> None:
    files = archive.unpacked(b"lost\n=== a.md\n# A\n\n=== ../../b/c.md\n=== no head\n")
    assert files == {"a.md": b"# A\n", "../../b/c.md": b"", "no head": b""}
    archive.write(files, tmp_path / "in")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "in/a.md",
        "in/b/c.md",
        "in/no head",
    ]
