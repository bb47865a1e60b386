"""A question as typed: words name a query, values follow in the order of its parameters, and near queries are listed."""

from pathlib import Path

import pytest

from kg.config import Config
from kg.core.errors import KgError, NotFound
from kg.sparql.question import Question, find_question

BELOW = "# title: What is below a thing\n# param thing: text\n# param depth: integer = 2\n# param kind?: class\n"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The library, and a query of the project's own."""
    root = tmp_path_factory.mktemp("project")
    (root / "queries").mkdir()
    (root / "queries" / "below.rq").write_text(BELOW + "SELECT ?thing ?depth ?kind {}\n", encoding="utf-8")
    return Config(root, root, root / ".kg", queries=root / "queries")


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        (["outline", "lean"], "outline", ["lean"]),
        (["outline lean"], "outline", ["lean"]),
        (["outline", "Concepts/lean.md"], "outline", ["Concepts/lean.md"]),
        (["below.rq", "Lean", "3"], "below", ["Lean", "3"]),
        (["missing", "notes"], "missing-notes", []),
        (["Missing Note"], "missing-notes", []),
        (["missing-notes"], "missing-notes", []),
        (["likely", "links", "Revenue"], "likely-links", ["Revenue"]),
        (["likely links 'Net Promoter Score' 3"], "likely-links", ["Net Promoter Score", "3"]),
        (["orphan"], "orphans", []),
        (["overdue"], "overdue-tasks", []),
        (["which", "outcomes", "have", "no", "outputs?"], "outcomes-without-outputs", []),
        (["what is missing?"], "missing-notes", []),
        (["show", "me", "the", "open", "tasks"], "open-tasks", []),
        (["SELECT * { ?s ?p ?o }"], "query", []),
        (["select ?x where {}"], "query", []),
        (["DESCRIBE kg:Note"], "query", []),
        (["SELEC * WHERE"], "query", []),
        ([""], "query", []),
    ],
    ids=str,
)
def test_words_name_a_query_and_its_values(config: Config, typed: list[str], name: str, values: list[str]) -> None:
    question = find_question(config, typed)
    assert (question.name.removesuffix(".rq"), [*question.values]) == (name, values)


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        (["links"], ["most-linked", "mutual-links"]),
        (["task", "due"], ["open-tasks", "overdue-tasks"]),
        (["glossary"], ["definitions"]),
        (["works", "of", "authors"], ["resources-by-author", "single-work-authors"]),
        (["outlin"], ["outline"]),
        (["missing-note"], ["missing-notes"]),
        (["ancesotrs"], ["ancestors"]),
        (["xyzzy"], ["`kg query` alone lists them"]),
    ],
    ids=str,
)
def test_near_queries_are_listed(config: Config, typed: list[str], near: list[str]) -> None:
    with pytest.raises(NotFound) as caught:
        find_question(config, typed)
    assert all(name in str(caught.value) for name in near)


@pytest.mark.parametrize(
    ("typed", "named", "values"),
    [
        (["below", "Lean"], {}, {"thing": "Lean"}),
        (["below", "Lean", "3", "Outcome"], {}, {"thing": "Lean", "depth": "3", "kind": "Outcome"}),
        (["below", "Lean"], {"kind": "Outcome"}, {"thing": "Lean", "kind": "Outcome"}),
        (["below"], {"thing": "Lean"}, {"thing": "Lean"}),
        (["ASK {}"], {"x": "1"}, {"x": "1"}),
    ],
)
def test_values_by_position(config: Config, typed: list[str], named: dict[str, str], values: dict[str, str]) -> None:
    assert find_question(config, typed).arguments(named) == values


@pytest.mark.parametrize(
    ("typed", "named", "said"),
    [
        (["below"], {}, "the query needs THING, a text: kg query below THING [DEPTH] [KIND]"),
        (["below", "a", "1", "b", "c"], {}, "takes at most 3 values, not 4: kg query below THING [DEPTH] [KIND]"),
        (["outline", "a", "b"], {}, "the query takes at most one value, not 2: kg query outline NOTE"),
        (["orphans", "Lean"], {}, "the query takes no values, not 1: kg query orphans"),
        (["below", "a"], {"thing": "b"}, "the parameter thing has two values, “a” and “b”"),
        (["ASK {}", "a"], {}, "the query takes no values, not 1"),
    ],
)
def test_a_wrong_number_of_values(config: Config, typed: list[str], named: dict[str, str], said: str) -> None:
    with pytest.raises(KgError) as caught:
        find_question(config, typed).arguments(named)
    assert said in str(caught.value)


def test_a_query_in_several_arguments(config: Config) -> None:
    with pytest.raises(KgError, match="put it in quotes"):
        find_question(config, ["SELECT", "*", "{}"])


def test_a_file_takes_values(config: Config, tmp_path: Path) -> None:
    (tmp_path / "own.rq").write_text(BELOW + "SELECT ?thing ?depth ?kind {}\n", encoding="utf-8")
    question = find_question(config, [str(tmp_path / "own.rq"), "Lean"])
    assert question.arguments({}) == {"thing": "Lean"}
    assert Question("# param x: text\nSELECT ?x {}", "standard input").usage == "kg query QUERY X"
