"""Asking at the prompt: what is completed, when Enter asks, and what is typed gets its answer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import kg
from helpers.commanding import run
from kg.cli.prompt import Completing, CompletionWords, is_complete, piped_queries, typed_queries, words

KNOWN = CompletionWords({}, (), {"missing-notes": "Notes still to be written."}, {".help": "what you can type here"})


@pytest.fixture(scope="module")
def complete(notes_store: kg.Store) -> Callable[[str], list[str]]:
    known = words(notes_store, notes_store.prefixes, KNOWN.queries, KNOWN.commands)

    def completed(text: str) -> list[str]:
        return [one.text for one in Completing(known).get_completions(Document(text), CompleteEvent())]

    return completed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("SELECT * { ?s kg:hasOutc", "kg:hasOutcome"),
        ("SELECT * { ?s outcome", "kg:hasOutcome"),
        ("SELECT * { ?s a kg:Conc", "kg:Concept"),
        ("SELECT * { ?s sko", "skos:"),
        ("SELECT * { ?s skos:pref", "skos:prefLabel"),
        ('SELECT * { ?s skos:prefLabel "Rev', "Revenue"),
        ("SELECT ?concept { ?con", "?concept"),
        ("SELECT * { ?s ?p ?o } orde", "ORDER BY"),
        ("miss", "missing-notes"),
        (".h", ".help"),
    ],
)
def test_what_is_completed(complete: Callable[[str], list[str]], typed: str, expected: str) -> None:
    assert expected in complete(typed)


def test_what_is_not_completed(complete: Callable[[str], list[str]]) -> None:
    assert "missing-notes" not in complete("SELECT * { miss")
    assert not [one for one in complete('SELECT * { ?s ?p "kg:has') if one.startswith("kg:")]
    assert complete('SELECT * { ?s ?p "Revenue" . ') == []


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT * { ?s ?p ?o }", True),
        ("SELECT * {", False),
        ("SELECT *", False),
        ("SELECT * { ?s ?p '}' ", False),
        ("SELECT * { ?s ?p '''a }", False),
        ("missing-notes", True),
        (".format csv", True),
        ("PREFIX a: <urn:a>", False),
    ],
)
def test_when_enter_asks(text: str, whole: bool) -> None:
    assert is_complete(text) is whole


def typed(keys: str, history: Path | None = None) -> list[str]:
    """The questions that come of keys."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        return list(typed_queries(KNOWN, history, color=True))


def test_keys_become_questions(tmp_path: Path) -> None:
    keys = "SELECT * {\r?s ?p ?o }\r.help\rhalf\x03ASK {\x1b\r\x04"
    assert typed(keys, tmp_path / "history") == ["SELECT * {\n?s ?p ?o }", ".help", "ASK {"]
    assert typed("\x1b[A\x1b\r\x04", tmp_path / "history") == ["ASK {"]


def test_what_is_piped_ends_at_empty_lines() -> None:
    lines = "missing-notes\nSELECT *\n{ }\nLIMIT 1\n\n\n.format csv\nASK {}".splitlines(keepends=True)
    assert list(piped_queries(lines)) == ["missing-notes\n", "SELECT *\n{ }\nLIMIT 1\n", ".format csv\n", "ASK {}"]


def test_answers_mistakes_and_what_comes_after(notes_store: kg.Store) -> None:
    asked = (
        ".format csv\nSELECT (COUNT(*) AS ?n)\n{ ?s a kg:Author }\n\nSELECT * { foo }\n\n.timeout x\n.timeout 0.5\n"
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }\n\n.timeout\n.nothing\n.format pdf\n.explain\n"
        "ASK { ?s a kg:Author }\n\nASK { ?s a kg:Author }\n\n.quit\nASK {}\n"
    )
    done = run("shell", "--store", notes_store.path, stdin=asked)
    count = kg.query(notes_store, "SELECT (COUNT(*) AS ?n) { ?s a kg:Author }").rows[0]["n"]
    assert done.returncode == 0
    assert done.stdout.startswith(f"n\n{count}\n")
    assert "AskQuery" in done.stdout
    assert done.stdout.count("true\n") == 1
    said = [
        "foo is no term of SPARQL",
        "not a number of seconds",
        "stopped after 0.5 s",
        ".nothing is not a command",
        "is not one of",
    ]
    assert all(one in done.stderr for one in said), done.stderr
    assert "Traceback" not in done.stderr
