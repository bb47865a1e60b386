"""Brackets, lists, quotes and headings thousands deep: every command gets to its end, on every kind of them."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers.commanding import command

DEEP = 3_000
NOTES = {
    "quotes": "> " * DEEP + "deep [[plain]]\n",
    "items": "".join(f"{' ' * n}- item {n}\n" for n in range(600)) + "\n[[plain]]\n",
    "brackets": "[" * DEEP + "[[plain]]" + "]" * DEEP + "\n",
    "emphasis": "*a **b " * DEEP + "[[plain]]" + "** *" * DEEP + "\n",
    "images": "![" * DEEP + "x" + "](y)" * DEEP + "\n[[plain]]\n",
    "elements": "<div>" * DEEP + "[[plain]]" + "</div>" * DEEP + "\n",
    "parentheses": "[a](" + "(" * DEEP + ")" * DEEP + ")\n[[plain]]\n",
    "callouts": "".join(f"{'> ' * n}> [!note] Note {n}\n" for n in range(1, 300)) + "\n[[plain]]\n",
    "fences": "".join(f"{'`' * n}\n" for n in range(DEEP // 4, 3, -1)) + "[[plain]]\n",
    "comments": "%%" * DEEP + "[[plain]]\n",
    "highlights": "==a " * DEEP + "[[plain]]\n",
    "mathematics": "$$" * DEEP + "\\frac{" * DEEP + "}" * DEEP + "\n[[plain]]\n",
    "footnotes": "^[" * DEEP + "[[plain]]" + "]" * DEEP + "\n",
    "flow": "---\nkey: " + "[" * DEEP + "]" * DEEP + "\n---\n[[plain]]\n",
    "tables": "---\nkey: " + "{a: " * DEEP + "1" + "}" * DEEP + "\n---\n[[plain]]\n",
    "keys": "---\n" + "".join(f"{' ' * n}k{n}:\n" for n in range(200)) + "---\n[[plain]]\n",
    "sequences": "---\nkey:\n" + "- " * DEEP + "a\n---\n[[plain]]\n",
}
CANVASES = {
    "lists": '{"nodes": ' + "[" * DEEP * 10 + "]" * DEEP * 10 + "}",
    "objects": '{"nodes": ' + '{"a": ' * DEEP * 10 + "1" + "}" * DEEP * 10 + "}",
}
KINDS = [*NOTES, *CANVASES]
COMMANDS = (
    ["ingest", "--full"],
    ["validate"],
    ["query", "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"],
    ["search", "deep"],
    ["show", "plain"],
    ["stats"],
    ["analyze", "unlinked"],
    ["analyze", "similar", "plain"],
    ["export", "-f", "jsonld"],
    ["export", "-f", "graphml"],
    ["doctor"],
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_all_commands_get_through_a_note_that_is_nested_deeply(tmp_path: Path, kind: str) -> None:
    gets_through(tmp_path, kind, COMMANDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sample(4)
def test_an_ingest_and_another_command_get_through_a_note_that_is_nested_deeply(tmp_path: Path, kind: str) -> None:
    """Each next kind with the next command."""
    ingest, *others = COMMANDS
    gets_through(tmp_path, kind, (ingest, others[KINDS.index(kind) % len(others)]))


def gets_through(tmp_path: Path, kind: str, commands: Sequence[list[str]]) -> None:
    name, text = (f"{kind}.md", NOTES[kind]) if kind in NOTES else (f"{kind}.canvas", CANVASES[kind])
    (tmp_path / name).write_text(text)
    (tmp_path / "plain.md").write_text("# Plain\n\nA deep note.\n")
    for words in commands:
        done = command(tmp_path, *words, seconds=120)
        assert done.code in {0, 1}, (words, done)
    assert command(tmp_path, "show", "plain").code == 0


DOCUMENTS = {
    "ontology/deep.ttl": "@prefix : <http://x.example/> .\n:a :b " + "[ :c " * DEEP + "1" + " ]" * DEEP + " .\n",
    "ontology/list.ttl": "@prefix : <http://x.example/> .\n:a :b " + "( " * DEEP + ")" * DEEP + " .\n",
    "ontology/shapes/deep.ttl": "@prefix sh: <http://www.w3.org/ns/shacl#> .\n<x:a> sh:property "
    + "[ sh:property " * DEEP + "[]" + " ]" * DEEP + " .\n",
    "ontology/rules/deep.rq": "CONSTRUCT { ?s ?p ?o } WHERE " + "{" * DEEP + "?s ?p ?o" + "}" * DEEP + "\n",
    "queries/deep.rq": "SELECT * WHERE " + "{" * DEEP + "?s ?p ?o" + "}" * DEEP + "\n",
    "queries/tests/deep.rq": "SELECT (" + "(" * DEEP + "1" + ")" * DEEP + " AS ?a) WHERE {}\n",
    "queries/tests/path.rq": "ASK { ?s " + "(" * DEEP + "<x:p>" + ")*" * DEEP + " ?o }\n# expect: empty\n",
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.sample(4)
def test_a_document_that_is_nested_deeply_is_a_sentence_or_works(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain.md").write_text("# Plain\n\nA deep note.\n")
    assert command(tmp_path, "ingest").code == 0
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(DOCUMENTS[name])
    for words in (["ingest"], ["ingest", "--full"], ["validate"], ["test"], ["query"], ["query", "deep"]):
        done = command(tmp_path, *words, seconds=120)
        assert done.code in {0, 1, 2}, (words, done)
        assert len(done.err) < 2_000, (words, done.err)
    assert command(tmp_path, "query", "ASK { ?s a ?c }").code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs the files of POSIX")
@pytest.mark.parametrize("name", ["queries/pipe.rq", "queries/tests/pipe.rq", "queries/tests/case.csv"])
def test_a_pipe_among_queries_is_not_waited_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain.md").write_text("# Plain\n")
    (tmp_path / "queries" / "tests").mkdir(parents=True)
    (tmp_path / "queries" / "tests" / "case.rq").write_text("SELECT (1 AS ?a) WHERE {}\n")
    os.mkfifo(tmp_path / name)
    for words in (["ingest"], ["validate"], ["test"], ["query"], ["query", "pipe"], ["query", "queries/pipe.rq"]):
        done = command(tmp_path, *words, seconds=30)
        assert done.code in {0, 1, 2}, (words, done)


@pytest.mark.parametrize(
    "answer", ["a\r1\r", 'a\n"' + "x" * 200_000 + '"\n', 'a\n"1', "a\0b\n1\n"], ids=["CR", "long", "open", "NUL"]
)
def test_an_expected_answer_that_is_no_csv_is_a_sentence(tmp_path: Path, answer: str) -> None:
    (tmp_path / "plain.md").write_text("# Plain\n")
    (tmp_path / "queries" / "tests").mkdir(parents=True)
    (tmp_path / "queries" / "tests" / "case.rq").write_text("SELECT (1 AS ?a) WHERE {}\n")
    (tmp_path / "queries" / "tests" / "case.csv").write_bytes(answer.encode())
    assert command(tmp_path, "ingest").code == 0
    assert command(tmp_path, "test").code in {0, 1}
