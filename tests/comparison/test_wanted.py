"""What `kg whatif --want` suggests does what it says once it is written, and no part of it does.

A case is a fence ` ```want S | P | O ` in a file of `wanted/`, whose vault the other fences are. It lists the
suggestions: the lines of each, joined by ` + `, and what they break. Run with KG_WRITE=1, the lists are written anew.
The lines are then written into the notes as a person would, and everything is ingested from nothing.
"""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

import kg
from helpers.vaults import ingest, write_vault
from kg.comparison.commits import state_now
from kg.comparison.state import ComparedState
from kg.comparison.wanted import Suggestion, Suggestions, suggestions, wanted
from kg.comparison.written_lines import FRONT_MATTER, WrittenLine
from kg.config import load

FOLDER = Path(__file__).parent / "wanted"
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)$", re.M | re.S)


class Case(NamedTuple):
    """A wish, and the suggestions as the file lists them."""

    file: Path
    wish: tuple[str, str, str]
    listed: str
    at: int


def fences(file: Path) -> Iterator[re.Match[str]]:
    return FENCE.finditer(file.read_text(encoding="utf-8"))


def notes(file: Path) -> dict[str, str]:
    rows = ((*fence["info"].strip().partition(" "), fence["body"]) for fence in fences(file))
    return {name.removeprefix("vault/"): body for _, _, name, body in rows if name.startswith("vault/")}


def cases() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.md")):
        for fence in fences(file):
            kind, _, words = fence["info"].strip().partition(" ")
            if kind == "want":
                subject, predicate, obj = (word.strip() for word in words.split("|"))
                yield Case(file, (subject, predicate, obj), fence["body"], fence.start("body"))


CASES = list(cases())
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.stem}: {' '.join(case.wish)}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wanted")


@cache
def state(file: Path, folder: Path) -> ComparedState:
    vault = write_vault(folder / file.stem, notes(file))
    return state_now(load(vault, cwd=vault))


@cache
def found(case: Case, folder: Path) -> Suggestions:
    now = state(case.file, folder)
    return suggestions(now, wanted(now, *case.wish))


def line(line: WrittenLine) -> str:
    return f"{line.path}: {line.text}"


def in_words(found: Suggestions) -> str:
    """The suggestions, a line each, as a case lists them."""
    if found.holds:
        return "holds already\n"
    rows = [" + ".join(map(line, row.lines)) + "".join(f" BREAKS {text}" for text in row.breaks) for row in found.rows]
    rows += [f"nothing: {found.why_none}"] if found.why_none else []
    rows += [f"and {found.more} more"] if found.more else []
    return "".join(f"{row}\n" for row in rows)


@EVERY
def test_the_suggestions_are_those_of_the_case(case: Case, folder: Path) -> None:
    listed = in_words(found(case, folder))
    if os.environ.get("KG_WRITE"):
        text = case.file.read_text(encoding="utf-8")
        head = f"```want {' | '.join(case.wish)}\n"
        case.file.write_text(text.replace(f"{head}{case.listed}```", f"{head}{listed}```"), encoding="utf-8")
        return
    assert listed == case.listed


# ---- written into the notes ------------------------------------------------------------------------------------------


def by_hand(files: dict[str, str], lines: Iterable[WrittenLine]) -> dict[str, str]:
    """The files of a vault after somebody has written lines into them."""
    written = dict(files)
    for path, text, place in lines:
        before = written[path]
        head = match[0] if (match := FRONT_MATTER.match(before)) else ""
        rest = before[len(head) :]
        if place == "text":
            written[path] = f"{head}{text}\n\n{rest}"
        else:
            inside = list(head.splitlines()[1:-1])
            key = text.partition(":")[0]
            at = next((n for n, row in enumerate(inside) if row.startswith(f"{key}:")), len(inside))
            end = at + 1
            while end < len(inside) and re.match(r"\s*- ", inside[end]):
                end += 1
            inside[at:end] = [text]
            written[path] = "\n".join(["---", *inside, "---", rest])
    return written


def holds(files: dict[str, str], case: Case, found: Suggestions, place: Path) -> bool:
    vault = write_vault(place / "vault", files)
    report = ingest(vault, place / "store", full=True)
    triple = found.triple
    assert triple is not None
    return kg.Store(report.path).has(triple.subject, triple.predicate, triple.object)


def parts(row: Suggestion) -> Iterator[tuple[WrittenLine, ...]]:
    for size in range(1, len(row.lines)):
        yield from combinations(row.lines, size)


def check(case: Case, folder: Path, place: Path) -> None:
    suggested = found(case, folder)
    files = notes(case.file)
    assert holds(files, case, suggested, place / "before") == suggested.holds
    for number, row in enumerate(suggested.rows):
        assert holds(by_hand(files, row.lines), case, suggested, place / str(number)), row
        for other, part in enumerate(parts(row)):
            assert not holds(by_hand(files, part), case, suggested, place / f"{number}-{other}"), (row, part)


FIRST = [next(case for case in CASES if case.file == file) for file in dict.fromkeys(case.file for case in CASES)]


@pytest.mark.parametrize("case", FIRST, ids=lambda case: case.file.stem)
def test_written_they_do_what_they_say(case: Case, folder: Path, tmp_path: Path) -> None:
    check(case, folder, tmp_path)


@pytest.mark.slow
@EVERY
def test_written_each_does_what_it_says_and_no_part_of_it_does(case: Case, folder: Path, tmp_path: Path) -> None:
    check(case, folder, tmp_path)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
