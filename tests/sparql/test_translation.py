"""Queries of Dataview and Bases: the simple ones are translated; of others the reason and a way out are named."""

import datetime
import time
from pathlib import Path

import pytest

from kg.config import Config
from kg.sparql.dataview import Translation
from kg.sparql.expressions import Untranslated
from kg.sparql.listing import Comparison, Condition, InPlace, Negated, Several
from kg.sparql.question import find_question
from kg.sparql.translation import translated

TODAY = datetime.datetime.now().astimezone().date()
BASE = """filters:
  and:
    - file.inFolder("Projects")
    - or:
        - status == "active"
        - note["due date"] < today()
properties:
  note.budget:
    displayName: Money
views:
  - type: table
    name: All
    order: [file.name, owner, note.budget, formula.cost]
    sort:
      - property: budget
        direction: DESC
    limit: 10
    filters: '!owner.isEmpty() && file.hasTag("project", "x")'
  - type: cards
    name: Cards
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The library alone."""
    root = tmp_path_factory.mktemp("translation")
    return Config(root, root, root / ".kg")


def listing(config: Config, text: str) -> Translation:
    """The translation of a text that is a plugin's query."""
    translation = translated(config, text)
    assert translation is not None
    return translation


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("TABLE owner, due", ["owner", "due"]),
        ('table owner as Who, due AS "Due date" from "x"', ["Who", "Due date"]),
        ("TABLE WITHOUT ID file.link, file.folder", ["file.link", "file.folder"]),
        ("LIST due FROM #x", ["due"]),
        ("LIST from #x", []),
        ("TASK", ["completed", "due", "note"]),
        ("task from #x group by owner", ["owner", "completed", "due", "note"]),
        ("TABLE review-date, Größe", ["review-date", "Größe"]),
        ("```dataview\nTABLE owner\nFROM #x\n```\n", ["owner"]),
    ],
)
def test_columns(config: Config, text: str, columns: list[str]) -> None:
    assert [title for title, _ in listing(config, text).listing.columns] == columns


@pytest.mark.parametrize(
    ("source", "condition"),
    [
        ("#project/big", InPlace("tag", "project/big")),
        ('"Projects/Old"', InPlace("in", "Projects/Old")),
        ("[[Dana]]", InPlace("links to", "Dana")),
        ("[[Dana|D]]", InPlace("links to", "Dana")),
        ("outgoing([[Dana]])", InPlace("linked from", "Dana")),
        ('-"Old"', Negated(InPlace("in", "Old"))),
        ('#a and !"Old"', Several(True, (InPlace("tag", "a"), Negated(InPlace("in", "Old"))))),
        (
            '#a OR (#b AND "x")',
            Several(False, (InPlace("tag", "a"), Several(True, (InPlace("tag", "b"), InPlace("in", "x"))))),
        ),
    ],
)
def test_sources(config: Config, source: str, condition: Condition) -> None:
    parts = condition.parts if isinstance(condition, Several) and condition.every else (condition,)
    assert listing(config, f"LIST FROM {source} SORT due").listing.where == parts


@pytest.mark.parametrize(
    ("where", "conditions"),
    [
        ("due", [Comparison("due", "present")]),
        ("!completed", [Comparison("completed", "absent")]),
        ("due = null", [Comparison("due", "absent")]),
        ("due != null", [Comparison("due", "present")]),
        ('status = "done"', [Comparison("status", "=", "done")]),
        ('"done" = status', [Comparison("status", "=", "done")]),
        ("5 < rating", [Comparison("rating", ">", "5")]),
        ("rating >= -1.5", [Comparison("rating", ">=", "-1.5")]),
        ("completed = true", [Comparison("completed", "=", "true")]),
        ("owner = [[Dana]]", [Comparison("owner", "=", "[[Dana]]")]),
        ("due > date(2026-01-31)", [Comparison("due", ">", "2026-01-31")]),
        ("due < date(today)", [Comparison("due", "<", "today")]),
        ("due <= date(today) + dur(2 weeks)", [Comparison("due", "<=", str(TODAY + datetime.timedelta(14)))]),
        ("due >= date(2026-03-01) - dur(1 day)", [Comparison("due", ">=", "2026-02-28")]),
        ('a = 1 and b = "x" SORT a', [Comparison("a", "=", "1"), Comparison("b", "=", "x")]),
        ("a = 1 or b", [Several(False, (Comparison("a", "=", "1"), Comparison("b", "present")))]),
        ('contains(file.tags, "#x/y")', [InPlace("tag", "x/y")]),
        ("contains(owner, [[Dana]])", [Comparison("owner", "=", "[[Dana]]")]),
        ('icontains(file.name, "plan")', [Comparison("file.name", "~", "plan")]),
        ("contains(file.outlinks, [[Dana]])", [InPlace("links to", "Dana")]),
        ('!contains(status, "x")', [Negated(Comparison("status", "~", "x"))]),
    ],
)
def test_conditions(config: Config, where: str, conditions: list[Condition]) -> None:
    assert [*listing(config, f"TABLE due FROM #x WHERE {where}").listing.where] == [InPlace("tag", "x"), *conditions]


def test_order_and_limit(config: Config) -> None:
    made = listing(config, "table due\nsort due desc, owner ascending, name\nlimit 7").listing
    assert (made.order, made.limit) == ((("due", True), ("owner", False), ("name", False)), 7)


def test_a_base(config: Config) -> None:
    made, notices = listing(config, BASE).listing, listing(config, BASE).notices
    assert made.columns == (("owner", "owner"), ("Money", "budget"))
    assert (made.order, made.limit) == ((("budget", True),), 10)
    either = Several(False, (Comparison("status", "=", "active"), Comparison("note.due date", "<", "today")))
    tagged = Several(False, (InPlace("tag", "project"), InPlace("tag", "x")))
    assert made.where == (InPlace("in", "Projects"), either, Negated(Comparison("owner", "absent")), tagged)
    assert notices == ("formula.cost is computed: left out", "the first of 2 views: All")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TABLE x FLATTEN y", "FLATTEN is not translated"),
        ("CALENDAR due", "CALENDAR is not translated"),
        ("TABLE x WHERE file = this.file", "not translated"),
        ("TABLE x WHERE length(rows) > 3", "not translated"),
        ("TABLE x WHERE due < date(today) + dur(1 month)", "the duration “1 month”"),
        ("TABLE x FROM 5", "the source 5"),
        ("TABLE x WHERE a = ", "not translated from here on (line 1, column 17)"),
        ("TABLE x SORT length(y)", "SORT length(y)"),
        ("LIST FROM [[]]", "the source"),
        ("TABLE x WHERE " + "(" * 5000 + "a", "brackets"),
        ("TABLE x WHERE " + "(a" * 40, "brackets"),
        ("TABLE x WHERE a = '" + "b" * 30_000 + "'", "more than 20,000 characters"),
        ("views:\n  - filters: 'formula.x > 3'\n", "formula.x is not translated"),
        ("views:\n  - filters:\n      xor: [a]\n", "the filter “xor”"),
        ("views:\n  - &a [*a]\n", "line 2: YAML anchors"),
        ("views: [\n", "not valid YAML"),
        ("```dataviewjs\ndv.pages()\n```\n", "dataviewjs is a program"),
        ("TASK FROM #x WHERE overdue FLATTEN due", "near library queries: overdue-tasks"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_not_translated_is_said_with_a_way_out(config: Config, text: str, said: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Untranslated) as caught:
        translated(config, text)
    assert said in str(caught.value)
    assert "`kg list` has --columns" in str(caught.value)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("text", ["SELECT ?table { ?s ?p ?o }", "ASK {}", "# list\nASK {}", "list of outcomes", ""])
def test_other_texts_are_no_queries_of_plugins(config: Config, text: str) -> None:
    assert translated(config, text) is None


def test_words_and_files_are_recognised(config: Config, tmp_path: Path) -> None:
    assert find_question(config, ["TABLE", "owner", "FROM", '"x"']).text == 'TABLE owner FROM "x"'
    assert find_question(config, ["task", "progress"]).name == "task-progress.rq"
    (tmp_path / "all.base").write_text(BASE, encoding="utf-8")
    assert translated(config, find_question(config, [str(tmp_path / "all.base")]).text) is not None
