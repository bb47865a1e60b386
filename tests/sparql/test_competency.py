"""Questions with an answer: those of the library on notes/, and how each form is read, compared and reported."""

import json
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

import pytest

import kg
from helpers.commanding import run
from helpers.vaults import NOTES, ROOT, ingest
from kg.config import Config, load
from kg.rendering.competency import FORMS
from kg.sparql.competency import Verdict, verdicts
from kg.sparql.competency_cases import find_cases
from kg.sparql.library import library


class Ask(Protocol):
    def __call__(self, text: str, *, seconds: float = 30) -> list[Verdict]: ...


NOTE = """---
rating: 4.5
---
# Outcomes
- Fewer | better calls
- Less waiting
# Outputs
- A page, with commas
"""
ITEMS = "SELECT ?x ?name { ?x a kg:Outcome ; skos:prefLabel ?name }"
TABLE = "\n| name | x |\n| --- | --- |\n"


def test_the_library_answers_on_notes_as_is_expected(notes_store: kg.Store) -> None:
    config = replace(load(NOTES), store=notes_store.path)
    cases = find_cases(config, [ROOT / "queries" / "tests"])
    assert {case.source for case in cases if case.expected} == set(library(config))
    assert [(one.case.name, one.message, one.difference) for one in verdicts(config, cases, 60) if not one.passed] == []


def test_a_plain_kg_test_in_notes_finds_them() -> None:
    cases = find_cases(load(NOTES), [])
    assert len({case.place.name for case in cases}) == len(list((ROOT / "queries" / "tests").glob("*.md")))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A project with one note, ingested."""
    root = tmp_path_factory.mktemp("project")
    (root / "vault").mkdir()
    (root / "vault" / "A.md").write_text(NOTE)
    store = ingest(root / "vault", root / "store").store
    (root / "queries" / "tests").mkdir(parents=True)
    (root / "queries" / "named.rq").write_text(
        "# param least: number\nSELECT ?r { ?s <https://notes.example/#property/rating> ?r FILTER(?r >= ?least) }"
    )
    return replace(load(root / "vault"), store=store.path, queries=root / "queries")


@pytest.fixture
def ask(project: Config) -> Ask:
    """Test what stands in a Markdown file."""

    def asked(text: str, *, seconds: float = 30) -> list[Verdict]:
        file = project.root.parent / "asked.md"
        file.write_text(text)
        return list(verdicts(project, find_cases(project, [file]), seconds))

    return asked


def _fence(query: str, answer: str = "") -> str:
    return f"# Heading\n\n```sparql\n{query}\n```\n{answer}"


@pytest.mark.parametrize(
    "answer",
    [
        f"{TABLE}| Less waiting | `n:A#Outcomes/Less%20waiting` |\n| Fewer \\| better calls | [[Fewer \\| better calls]] |",
        f"{TABLE}| Less waiting | Less  waiting |\n| Fewer \\| better calls | <https://notes.example/A#Outcomes/Fewer%20%7C%20better%20calls> |",
        "```csv\nname,x\nFewer | better calls,Fewer | better calls\nLess waiting,https://notes.example/A#Outcomes/Less%20waiting\n```",
        '```tsv\n?name\t?x\n"Less waiting"\t<https://notes.example/A#Outcomes/Less%20waiting>\n'
        '"Fewer | better calls"\t<https://notes.example/A#Outcomes/Fewer%20%7C%20better%20calls>\n```',
    ],
)
def test_rows_are_told_as_people_or_as_sparql_write_them(ask: Ask, answer: str) -> None:
    (one,) = ask(_fence(ITEMS, answer.replace("[[Fewer \\| better calls]]", "Fewer \\| better calls")))
    assert (one.message, one.difference) == ("", ())


def test_what_differs_is_shown(ask: Ask) -> None:
    (one,) = ask(
        _fence(
            "SELECT ?name { ?x a kg:Outcome ; skos:prefLabel ?name }", "\n| name |\n| --- |\n| Less waiting |\n| More |"
        )
    )
    assert (one.line, one.column, one.case.name) == (3, 1, "Heading")
    assert one.message == "the answer differs: 1 missing and 1 not expected"
    assert one.difference == ("- More", "+ Fewer | better calls")


ANSWERS = [
    ("ASK { ?x a kg:Outcome }", "yes", ""),
    ("ASK { ?x a kg:Outcome }", "**No.**", "the answer is yes, not no"),
    ("ASK { ?x a kg:Task }", "No", ""),
    ("ASK { ?x a kg:Task }", "empty", "nothing is expected, and the query gives yes or no"),
    ("SELECT ?x { ?x a kg:Task }", "empty", ""),
    ("SELECT ?x { ?x a kg:Output }", "empty", "the answer differs: 1 not expected"),
    ("SELECT ?x { ?x a kg:Output }", "yes", "yes or no is expected, and the query gives a table"),
    ("SELECT ?x { ?x a kg:Output }", "\n| y |\n| --- |\n| a |", "the columns are x, not y"),
    ("SELECT ?x ?y { ?x a kg:Missing }", "\n| y | x |\n| --- | --- |", ""),
    ("SELECT ?x { VALUES ?x { 1 1 } }", "\n| x |\n| --- |\n| 1 |", "the answer differs: 1 not expected"),
    ("SELECT ?x { VALUES ?x { 2 1 } }", "\n| x |\n| --- |\n| 1 |\n| 2 |", ""),
    ("SELECT ?x { VALUES ?x { 2 1 } } ORDER BY ?x", "\n| x |\n|---|\n| 1 |\n| 2 |", ""),
    ("SELECT ?x { VALUES ?x { 2 1 } } ORDER BY ?x", "\n| x |\n|---|\n| 2 |\n| 1 |", "the rows are right, but their order differs from row 1 on"),
    ("SELECT ?x { { SELECT ?x { VALUES ?x { 2 1 } } ORDER BY ?x } }", "\n| x |\n|---|\n| 2 |\n| 1 |", ""),
    ("SELECT ?x { VALUES ?x { 5 } }", '```tsv\n?x\n"5"\n```', "the answer differs: 1 missing and 1 not expected"),
    ("SELECT ?x { VALUES ?x { 5 } }", "```tsv\n?x\n5\n```", ""),
    ("SELECT ?x { VALUES ?x { UNDEF } }", "```csv\nx\n\"\"\n```", ""),
    ("SELECT ?x { VALUES ?x { 5 } }", '```json\n{"head":{"vars":["x"]},"results":{"bindings":[]}}\n```', "the answer differs: 1 not expected"),
    ("ASK {}", '```json\n{"head":{},"boolean":true}\n```', ""),
    ("CONSTRUCT { <urn:a> <urn:b> [] } {}", "```turtle\n<urn:a> <urn:b> [] .\n```", ""),
    ("CONSTRUCT { <urn:a> <urn:b> 1 } {}", "```turtle\n<urn:a> <urn:b> 2 .\n```", "the answer differs: 1 missing and 1 not expected"),
    ("# query: named\n# param least = 4", "\n| r |\n| --- |\n| 4.5 |", ""),
    ("# query: named\n# param least = 5\n# expect: empty", "", ""),
    ("# query: named\n# param least = five", "empty", "the parameter least must be a number, not “five”"),
    ("# query: named", "empty", "the query needs the parameter least, a number: --param least=…"),
    ("# query: nmed", "empty", "no query named nmed; did you mean named?"),
    ("# query: named\nASK {}", "yes", "the case names the query named and also contains a query; keep one of them"),
    ("# expect: yes\nASK {}", "yes", "the case has two answers, `# expect:` and the one below it; keep one of them"),
    ("ASK {}", "Yes, of course.", ""),
    ("ASK {}", "", ""),
    ("ASK { SERVICE <http://127.0.0.1:9/> {} }", "", "line 1, column 7: SERVICE asks another server, which needs --allow-service"),
]  # fmt: skip


def test_answers(ask: Ask) -> None:
    found = ask("\n".join(_fence(query, f"\n{answer}\n") for query, answer, _ in ANSWERS))
    rows = [(query, answer, one.message) for (query, answer, _), one in zip(ANSWERS, found, strict=True)]
    assert rows == ANSWERS


def test_a_syntax_error_is_placed_in_the_file(ask: Ask) -> None:
    (one,) = ask("Text.\n\n> [!note]\n> ```sparql\n> ASK {\n>   ?x ?y\n> }\n> ```\n")
    assert (one.line, one.column, one.message) == (6, 5, "not valid SPARQL from here on: ?x ?y")


def test_fences_in_lists_and_quotes_are_questions_too_and_some_are_not(ask: Ask) -> None:
    found = ask(
        "- one\n  ```sparql\n  ASK {}\n  ```\n\n  no\n\n> ```sparql\n> ASK {}\n> ```\n>\n> | x |\n> | --- |\n\n"
        "```sparql no-test\nnonsense\n```\n\n```sql\nSELECT\n```\n"
    )
    assert sorted((one.line, one.message) for one in found) == [
        (2, "the answer is yes, not no"),
        (8, "a table is expected, and the query gives yes or no"),
    ]


@pytest.mark.slow
def test_what_never_ends_or_breaks_the_process_fails_alone(ask: Ask) -> None:
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    deep = f"ASK {{ FILTER({'(' * 5000}1{')' * 5000}) }}"
    start = time.monotonic()
    found = ask("".join(_fence(query) for query in (endless, deep, "ASK {}")), seconds=5)
    assert [one.passed for one in found] == [False, False, True]
    assert found[0].message == "stopped after 5 s (--timeout)"
    assert time.monotonic() - start < 30


def test_a_query_has_its_answer_beside_it(project: Config) -> None:
    folder = project.queries / "tests" if project.queries else Path()
    for name, text in {
        "asked.rq": "SELECT ?x { ?x a kg:Output }",
        "asked.csv": 'x\n"A page, with commas"\n',
        "broken.rq": "ASK {}",
        "broken.csv": "x,y\n1\n",
        "torn.rq": "ASK {}",
        "torn.json": "{",
        "yes.rq": "# expect: yes\nASK {}",
        "none.rq": "ASK {}",
    }.items():
        (folder / name).write_text(text)
    try:
        found = {one.case.name: one.message for one in verdicts(project, find_cases(project, []), 30)}
        assert found["asked"] == found["yes"] == ""
        assert found["broken"] == "a row of the answer has 1 cells, not 2: 1"
        assert "parse" in found["torn"].lower() or "json" in found["torn"].lower()
        assert "the answer is missing" in found["none"]
        assert [case.name for case in find_cases(project, [folder.parent / "named.rq"])] == ["named"]
        assert "named" not in {case.name for case in find_cases(project, [folder.parent])}
    finally:
        for file in folder.iterdir():
            file.unlink()


def test_several_reports_of_verdicts_and_no_failure(project: Config, tmp_path: Path) -> None:
    file, junit = tmp_path / "asked.md", tmp_path / "kg.xml"
    file.write_text(_fence("ASK {}", "\nno\n"), encoding="utf-8")
    words = ("test", file, "--store", project.store)
    done = run(*words, "-f", "text", "-f", f"junit={junit}", "--exit-zero", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0][:12]) == (0, "asked.md:3:1")
    assert ElementTree.parse(junit).getroot().get("failures") == "1"
    done = run(*words, "-o", tmp_path / "kg.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(json.loads((tmp_path / "kg.json").read_text())) == 1
    assert run(*words, "-f", "sarif", cwd=tmp_path).returncode == 2


def test_verdicts_as_junit_and_json(ask: Ask) -> None:
    found = ask(_fence("ASK {}", "\nyes\n") + "\n" + _fence("ASK {}", "\nno\n"))
    out = StringIO()
    FORMS["junit"].write(found, out, lambda path: path.name)
    root = ElementTree.fromstring(out.getvalue())
    assert {key: root.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
    }
    failures = root.findall("./testsuite[@name='asked.md']/testcase/failure")
    assert [one.text for one in failures] == ["asked.md:11:1: error: Heading: the answer is yes, not no"]
    out = StringIO()
    FORMS["json"].write(found, out, lambda path: path.name)
    assert [(row["line"], row["passed"]) for row in json.loads(out.getvalue())] == [(3, True), (11, False)]


def test_where_there_is_no_store_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(_fence("ASK {}"))
    config = load(tmp_path, cwd=tmp_path)
    with pytest.raises(kg.StoreError):
        list(verdicts(config, find_cases(config, [tmp_path / "a.md"]), 5))
