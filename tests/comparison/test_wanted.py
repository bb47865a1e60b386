"""What `kg whatif --want` and `--mend` suggest does what it says once it is done, and no part of it does.

A case is a fence ` ```want S | P | O ` or ` ```mend CODE | PLACE ` in a file of `wanted/`, whose vault the other fences
are. It lists the suggestions: the lines of each, joined by ` + `, and what they break. Run with KG_WRITE=1 and -m '',
the lists are written anew. The lines are then written as a person would, and everything is ingested from nothing.
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
from kg.comparison.mending import mended
from kg.comparison.state import ComparedState
from kg.comparison.suggested import SuggestedLines, Suggestions
from kg.comparison.wanted import suggestions, wanted
from kg.comparison.written_lines import FRONT_MATTER, WrittenLine
from kg.config import load
from kg.core.findings import Finding
from kg.notes.vault import Vault

FOLDER = Path(__file__).parent / "wanted"
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)$", re.M | re.S)


class Case(NamedTuple):
    """What is wanted, and the suggestions as the file lists them."""

    file: Path
    words: tuple[str, ...]
    """A triple; or the code of a finding, and its place."""
    listed: str


def fences(file: Path) -> Iterator[re.Match[str]]:
    return FENCE.finditer(file.read_text(encoding="utf-8"))


def notes(file: Path) -> dict[str, str]:
    rows = ((*fence["info"].strip().partition(" "), fence["body"]) for fence in fences(file))
    return {name.removeprefix("vault/"): body for _, _, name, body in rows if name.startswith("vault/")}


def cases() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.md")):
        for fence in fences(file):
            kind, _, words = fence["info"].strip().partition(" ")
            if kind in {"want", "mend"}:
                yield Case(file, tuple(word.strip() for word in words.split("|")), fence["body"])


CASES = list(cases())
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.stem}: {' '.join(case.words)}")


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
    if len(case.words) == 2:
        return mended(now, *case.words)
    subject, predicate, obj = case.words
    return suggestions(now, wanted(now, subject, predicate, obj))


def in_words(found: Suggestions) -> str:
    """The suggestions, a line each, as a case lists them."""
    if found.holds:
        return "holds already\n"
    rows = [
        " + ".join(f"{line.path}: {'- ' * (line.place == 'taken out')}{line.text}" for line in row.lines)
        + "".join(f" BREAKS {text}" for text in row.breaks)
        for row in found.rows
    ]
    rows += [f"nothing: {found.why_none}"] if found.why_none else []
    rows += [f"and {found.more} more"] if found.more else []
    return "".join(f"{row}\n" for row in rows)


@pytest.mark.sample(20)
@EVERY
def test_the_suggestions_are_those_of_the_case(case: Case, folder: Path) -> None:
    listed = in_words(found(case, folder))
    if os.environ.get("KG_WRITE"):
        text = case.file.read_text(encoding="utf-8")
        head = f" {' | '.join(case.words)}\n"
        case.file.write_text(text.replace(f"{head}{case.listed}```", f"{head}{listed}```"), encoding="utf-8")
        return
    assert listed == case.listed


# ---- written into the notes ------------------------------------------------------------------------------------------


def by_hand(files: dict[str, str], lines: Iterable[WrittenLine]) -> dict[str, str]:
    """The files of a vault after somebody has done what lines say."""
    written = dict(files)
    for path, text, place in lines:
        before = written.get(path, "")
        head = match[0] if (match := FRONT_MATTER.match(before)) else ""
        match place:
            case "text":
                written[path] = f"{head}{text}\n\n{before[len(head) :]}"
            case "end":
                written[path] = f"{before}\n{text}\n"
            case "new note":
                written[path] = f"{text}\n"
            case "taken out":
                old, _, new = text.partition(" → ")
                written[path] = "".join(
                    row if row.strip() != old else f"{new}\n" if new else "" for row in before.splitlines(keepends=True)
                )
            case "front matter":
                written[path] = with_property(head, text) + before[len(head) :]
    return written


def with_property(head: str, line: str) -> str:
    """The front matter with a line for its key."""
    inside = list(head.splitlines()[1:-1])
    key = line.partition(":")[0]
    at = next((n for n, row in enumerate(inside) if row.startswith(f"{key}:")), len(inside))
    end = at + 1
    while end < len(inside) and re.match(r"\s*- ", inside[end]):
        end += 1
    inside[at:end] = [line]
    return "\n".join(["---", *inside, "---", ""])


def is_reached(files: dict[str, str], suggested: Suggestions, place: Path) -> bool:
    """Whether the triple holds, or the finding is gone, in a vault that is ingested from nothing."""
    vault = write_vault(place / "vault", files)
    if suggested.finding:
        validation = kg.validate(Vault(config=load(vault, cwd=vault, store=place / "store")), severity="info")
        return identity(suggested.finding) not in map(identity, validation.findings)
    report = ingest(vault, place / "store", full=True)
    triple = suggested.triple
    assert triple is not None
    return kg.Store(report.path).has(triple.subject, triple.predicate, triple.object)


def identity(finding: Finding) -> object:
    """What a finding is about, wherever it is."""
    result = finding.result
    return finding.code, (result.focus, result.shape, result.value) if result else finding.message.partition("; see")[0]


def parts(row: SuggestedLines) -> Iterator[tuple[WrittenLine, ...]]:
    for size in range(1, len(row.lines)):
        yield from combinations(row.lines, size)


def check(case: Case, folder: Path, place: Path) -> None:
    suggested = found(case, folder)
    files = notes(case.file)
    assert is_reached(files, suggested, place / "before") == suggested.holds
    for number, row in enumerate(suggested.rows):
        assert is_reached(by_hand(files, row.lines), suggested, place / str(number)), row
        for other, part in enumerate(parts(row)):
            assert not is_reached(by_hand(files, part), suggested, place / f"{number}-{other}"), (row, part)


@pytest.mark.sample(3)
@EVERY
def test_done_by_hand_each_does_what_it_says_and_no_part_of_it_does(case: Case, folder: Path, tmp_path: Path) -> None:
    check(case, folder, tmp_path)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
