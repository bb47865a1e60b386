"""Lists of things: columns by any name, conditions, order, and the reason why there is nothing."""

from pathlib import Path

import pytest

from helpers.commanding import run
from helpers.vaults import ingest, write_vault
from kg.cli.listing import listing_of
from kg.config import load
from kg.sparql.listing import Lister
from kg.sparql.parameters import Binder

VAULT = {
    "kg.toml": 'base = "https://notes.example/"\n',
    "Projects/Alpha.md": "---\ntype: Outcome\nowner: '[[Dana]]'\ndue: 2026-03-01\nbudget: 900\nstatus: active\n"
    "Review Date: 2026-05-01\n---\nrating:: 4\n# Plan\nrisk:: high\n\n- [ ] write [due:: 2026-02-01]\n- [x] plan\n",
    "Projects/Beta.md": "---\ntags: [outcome, project/big]\nowner: ['[[Dana]]', '[[Eli]]']\ndue: 2026-01-15T09:30:00\n"
    "budget: 10000\nstatus: done\n---\nrating:: 10\n\nSee [[Alpha]].\n",
    "Projects/Gämma.md": "---\ntype: Outcome\ntags: [project]\nbudget: unknown\nstatus: Active\nopen: true\n---\nx\n",
    "People/Dana.md": "---\nrole: lead\naliases: [Dana Scully]\n---\nx\n",
    "People/Eli.md": "x\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ingested vault of outcomes and people."""
    vault = tmp_path_factory.mktemp("listing")
    write_vault(vault, VAULT)
    ingest(vault, vault / ".kg")
    return vault


@pytest.fixture(scope="module")
def lister(project: Path) -> Lister:
    """Finds what the vault has."""
    return Lister(Binder(load(project, cwd=project)))


def rows(lister: Lister, of: str, columns: str = "", where: tuple[str, ...] = (), sort: str = "") -> list[list[str]]:
    """The rows for a pipe, without their IRIs."""
    listing = listing_of(of, columns.split(",") if columns else [], where, sort, None)
    answer = lister.answer(listing, lister.found(listing).kept, people=False, iris=False)
    return [[str(getattr(term, "value", "")) for term in row[1:]] for row in answer.terms()]


def labels(lister: Lister, *where: str, sort: str = "") -> list[str]:
    """The outcomes that meet conditions."""
    return [label for (label,) in rows(lister, "outcomes", "", where, sort)]


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("owner,due,budget", "Alpha,Dana,2026-03-01,900"),
        ("OWNER, Due Date, deadline", "Alpha,Dana,2026-03-01,2026-03-01"),
        ("review date,review-date", "Alpha,2026-05-01,2026-05-01"),
        ("rating,risk", "Alpha,4,high"),
        ("note,word count,class", "Alpha,Projects/Alpha.md,12,Outcome"),
        ("owner.role,owner.aliases", "Alpha,lead,Dana Scully"),
        ("links,backlinks,tags", "Alpha,Dana,Beta,"),
        ("file.name,file.folder,file.ext", "Alpha,Alpha,Projects,md"),
    ],
)
def test_a_column_has_any_name_of_a_property(lister: Lister, columns: str, row: str) -> None:
    assert rows(lister, "Outcome", columns, ("name=Alpha",)) == [row.split(",")]


def test_several_values_are_joined_and_links_have_names(project: Path) -> None:
    done = run("list", "Outcome", "--columns", "owner,tags", "--where", "name=Beta", cwd=project)
    assert done.stdout.splitlines() == [
        "entity,label,owner,tags",
        'https://notes.example/Projects/Beta,Beta,"Dana, Eli","#outcome, #project/big"',
    ]
    done = run("list", "Outcome", "--columns", "owner", "--where", "name=Alpha", "--iris", cwd=project)
    assert done.stdout.splitlines()[1].endswith(",https://notes.example/People/Dana")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["owner=Dana"], ["Alpha", "Beta"]),
        (["owner=[[Dana Scully]]"], ["Alpha", "Beta"]),
        (["owner=dana"], ["Alpha", "Beta"]),
        (["owner!=Eli"], ["Alpha", "Gämma"]),
        (["owner!=Eli", "owner"], ["Alpha"]),
        (["!owner"], ["Gämma"]),
        (["owner~scu"], []),
        (["owner~an"], ["Alpha", "Beta"]),
        (["name~gam"], ["Gämma"]),
        (["budget>900"], ["Beta"]),
        (["budget >= 900"], ["Alpha", "Beta"]),
        (["budget=10000.0"], ["Beta"]),
        (["budget=unknown"], ["Gämma"]),
        (["rating<9"], ["Alpha"]),
        (["due<2026-02-01"], ["Beta"]),
        (["due=2026-01-15"], ["Beta"]),
        (["due>=2026-01-15T09:30", "due<2026-01-15T09:31"], ["Beta"]),
        (["due<today"], ["Alpha", "Beta"]),
        (["status=active"], ["Alpha", "Gämma"]),
        (['status="active"', "due"], ["Alpha"]),
        (["open=yes"], ["Gämma"]),
        (["open"], ["Gämma"]),
        (["tags=project"], ["Gämma"]),
        (["tags=#project/big"], ["Beta"]),
    ],
    ids=str,
)
def test_conditions(lister: Lister, conditions: list[str], expected: list[str]) -> None:
    assert labels(lister, *conditions) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("budget", ["Alpha", "Beta", "Gämma"]),
        ("-budget", ["Gämma", "Beta", "Alpha"]),
        ("rating", ["Alpha", "Beta", "Gämma"]),
        ("due", ["Beta", "Alpha", "Gämma"]),
        ("-due", ["Alpha", "Beta", "Gämma"]),
        ("status,-name", ["Gämma", "Alpha", "Beta"]),
        ("-owner", ["Beta", "Alpha", "Gämma"]),
    ],
)
def test_numbers_and_dates_are_sorted_as_such(lister: Lister, sort: str, expected: list[str]) -> None:
    assert labels(lister, sort=sort) == expected


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["Outcome", "--count"], "count\n3\n"),
        (["Note", "--count"], "count\n5\n"),
        (["notes", "--count"], "count\n5\n"),
        (["Note", "--count", "--where", "role"], "count\n1\n"),
        (["#project", "--count"], "count\n2\n"),
        (["Outcome", "--group-by", "owner"], "owner,things\nDana,2\nEli,1\n,1\n"),
        (["Outcome", "--group-by", "status", "--limit", "1"], "status,things\nActive,1\n"),
    ],
    ids=str,
)
def test_counts(project: Path, arguments: list[str], out: str) -> None:
    assert run("list", *arguments, cwd=project).stdout == out


def test_tasks_have_their_own_dates_and_the_values_of_their_notes(lister: Lister) -> None:
    assert rows(lister, "Task", "completed,due,owner,note") == [
        ["plan", "true", "", "Dana", "Projects/Alpha.md"],
        ["write", "false", "2026-02-01", "Dana", "Projects/Alpha.md"],
    ]


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Outcom"], 1, ["no class is named “Outcom”; did you mean “Outcome”?"]),
        (["Outcome", "--columns", "ownr"], 1, ["nothing has a property “ownr”; did you mean “p:owner”?"]),
        (["Outcome", "--where", "statsu=done"], 1, ["“statsu”; did you mean “status”?"]),
        (["Outcome", "--sort", "-budgt"], 1, ["“budgt”; did you mean “p:budget”?"]),
        (["Outcome", "--columns", "file.mtime"], 1, ["the graph has no “file.mtime”"]),
        (["Outcome", "--where", "=3"], 2, ["“=3” is not a condition: write NAME=VALUE"]),
        (["Outcome", "-f", "turtle"], 2, ["turtle"]),
        (["Output"], 0, ["the notes have no Output: the class is known, but nothing is of it"]),
        (["Outcome", "--columns", "role"], 0, ["no Outcome has “role”; it is on Concept (1)"]),
        (
            ["Outcome", "--where", "owner=Dnaa"],
            0,
            ["owner=Dnaa holds for 0: the values are Dana, Eli; did you mean Dana?"],
        ),
        (
            ["Outcome", "--where", "due<2026-02-01", "--where", "status=active"],
            0,
            ["Outcome: 3 in the notes, none", "due<2026-02-01 holds for 1", "status=active holds for 2"],
        ),
        (
            ["Outcome", "--where", "role=lead"],
            0,
            ["role=lead holds for 0: no Outcome has “role”; it is on Concept (1)"],
        ),
        (["Outcome", "--limit", "2"], 0, ["2 of 3 rows (--limit)", "hint: --columns p:owner"]),
    ],
    ids=str,
)
def test_what_is_missing_is_said(project: Path, arguments: list[str], code: int, said: list[str]) -> None:
    done = run("list", *arguments, cwd=project)
    assert done.returncode == code, done
    assert all(sentence in done.stderr for sentence in said), done.stderr


def test_without_a_class_the_classes_are_listed(project: Path) -> None:
    assert "https://w3id.org/concept-notes#Outcome,Outcome,3,0" in run("list", cwd=project).stdout
