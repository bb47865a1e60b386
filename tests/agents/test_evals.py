"""The questions of evals/ have their answers in what the tools say, and the recorded answers are those of today."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from helpers.vaults import ROOT
from kg.mcp.tool_table import TOOLS

EVALS = ROOT / "evals"


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    rows: list[dict[str, Any]] = json.loads((EVALS / name).read_text(encoding="utf-8"))
    return rows


def test_transcripts_replay_byte_for_byte(tmp_path: Path) -> None:
    transcripts = runpy.run_path(str(EVALS / "record.py"))["transcripts"]
    assert transcripts(tmp_path) == read("transcripts.json")


def test_there_are_forty_questions_and_every_tool_but_one_helps() -> None:
    questions = read("questions.json")
    assert len({row["question"] for row in questions}) == 40
    assert {call["tool"] for row in questions for call in row["calls"]} == {*TOOLS} - {"suggest"}


@pytest.mark.parametrize("number", range(40))
def test_the_facts_are_in_the_answers(number: int) -> None:
    question, recorded = read("questions.json")[number], read("transcripts.json")[number]
    answers = "\n".join(recorded["answers"])
    assert recorded["question"] == question["question"]
    assert [fact for fact in question["facts"] if fact not in answers] == []
    assert "closed for ever" not in answers
