"""What is not there: missing notes, ends without means, single sources, circles, communities that never meet."""

import random
from itertools import combinations
from pathlib import Path

import networkx as nx
import pytest
from click.testing import Result

import kg
from helpers.made_networks import network
from helpers.vaults import Write, analyze, analyzed, ingest
from kg.analysis.gaps import gaps


def run(store: kg.Store, *arguments: str) -> Result:
    return analyze(store, "gaps", *arguments)


def rows(store: kg.Store, kind: str) -> list[dict[str, str]]:
    return analyzed(store, "gaps", "--kind", kind, "--each", "0")


def of(write: Write, tmp_path: Path, notes: dict[str, str]) -> kg.Store:
    return ingest(write(notes), tmp_path / "store").store


@pytest.mark.parametrize(
    "notes",
    [
        {"x.txt": ""},
        {"A.md": "Alone.\n"},
        {"A.md": "[[A]]\n"},
        {"A.md": "", "B.md": ""},
        {"A.md": "[[B]]\n", "B.md": "", "C.md": "[[D]]\n", "D.md": "[[C]]\n"},
    ],
)
def test_where_nothing_is_missing_that_is_said(notes: dict[str, str], write: Write, tmp_path: Path) -> None:
    done = run(of(write, tmp_path, notes))
    assert (done.exit_code, done.stdout) == (0, "entity,label,gap,count,to,to_label,why\n")
    assert "nothing is missing" in done.stderr


def test_missing_notes_by_the_notes_that_want_them(write: Write, tmp_path: Path) -> None:
    store = of(write, tmp_path, {"A.md": "[[Gone]] [[gone]] ![[x.png]]\n", "B.md": "[[Gone#part]] [[Other]]\n"})
    assert [(row["label"], row["count"]) for row in rows(store, "missing-note")] == [("Gone", "2"), ("Other", "1")]
    assert rows(store, "missing-note")[0]["why"] == "2 notes link to it: A, B"
    assert [row["label"] for row in rows(store, "missing-file")] == ["x.png"]


def test_ends_without_means(write: Write, tmp_path: Path) -> None:
    notes = {
        "A.md": "# Outcomes\n- Reached by [[Made]]\n- Wished for\n# Outputs\n- Useless\n",
        "Made.md": "---\ntype: Output\ncontributes to: '[[End]]'\n---\n",
        "End.md": "---\ntype: Outcome\n---\n",
    }
    bare = ingest(write(notes), tmp_path / "bare", inference=False).store
    assert "End" not in [row["label"] for row in rows(bare, "outcome-without-output")]
    store = of(write, tmp_path, notes)
    assert "Wished for" in [row["label"] for row in rows(store, "outcome-without-output")]
    assert "End" not in [row["label"] for row in rows(store, "outcome-without-output")]
    assert [row["label"] for row in rows(store, "output-without-outcome")] == ["Useless"]


def test_concepts_that_rest_on_one_work(write: Write, tmp_path: Path) -> None:
    notes = {
        "One.md": "# Sources\n- Book - Jo March\n- [[Two]] is no work\n",
        "Same.md": "# Sources\n- Book - Jo March\n",
        "Two.md": "See [[Same]].\n# Sources\n- Book\n- Other\n",
    }
    found = rows(of(write, tmp_path, notes), "single-source")
    assert ("Same", "1", "Same#Sources#Book") in [(row["label"], row["count"], row["to_label"]) for row in found]
    assert "Two" not in [row["label"] for row in found]


def test_circles_of_the_broader_and_of_what_the_ontology_declares(write: Write, tmp_path: Path) -> None:
    ontology = (
        "@prefix ex: <https://e.example/#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        'ex:needs a owl:ObjectProperty, owl:AsymmetricProperty ; rdfs:label "needs" .\n'
        'ex:firstNeeds a owl:ObjectProperty ; rdfs:subPropertyOf ex:needs ; rdfs:label "first needs" .\n'
        'ex:neededBy a owl:ObjectProperty ; owl:inverseOf ex:needs ; rdfs:label "needed by" .\n'
        'ex:likes a owl:ObjectProperty, owl:TransitiveProperty, owl:SymmetricProperty ; rdfs:label "likes" .\n'
    )
    notes = {
        "ontology/own.ttl": ontology,
        "A.md": "---\nbroader: '[[B]]'\nlikes: '[[B]]'\n---\n",
        "B.md": "---\nbroader: '[[C]]'\nlikes: '[[A]]'\n---\n",
        "C.md": "---\nnarrower: '[[B]]'\nbroader: '[[A]]'\n---\n",
        "N.md": "---\nneeds: '[[O]]'\n---\n",
        "O.md": "---\nfirst needs: '[[P]]'\n---\n",
        "P.md": "---\nneeded by: '[[O]]'\n---\n",
        "Q.md": "---\nneeds: '[[O]]'\nneeded by: '[[P]]'\n---\n",
        "S.md": "---\nbroader: '[[S]]'\n---\n",
    }
    found = {row["label"]: row for row in rows(of(write, tmp_path, notes), "circle")}
    assert found["A"]["why"] == "“broader” leads in a circle: A → B → C → A"
    assert found["A"]["count"] == "3"
    assert found["O"]["why"] == "“first needs” leads in a circle: O → P → Q → O"
    assert found["S"]["why"] == "“broader” leads in a circle: S → S"
    assert set(found) == {"A", "O", "S"}


def test_circles_are_the_strongly_connected_parts_of_networkx(write: Write, tmp_path: Path) -> None:
    chance = random.Random(3)
    pairs = [(chance.randrange(24), chance.randrange(24)) for _ in range(34)]
    pairs = [(a, b) for a, b in pairs if a != b]
    notes = {f"N{a}.md": "---\nbroader: [" + ", ".join(f"'[[N{b}]]'" for x, b in pairs if x == a) + "]\n---\n" for a in range(24)}  # fmt: skip
    graph = nx.DiGraph(pairs)
    expected = sorted(len(part) for part in nx.strongly_connected_components(graph) if len(part) > 1)
    assert len(expected) > 1
    assert sorted(int(row["count"]) for row in rows(of(write, tmp_path, notes), "circle")) == expected


def test_communities_that_never_meet(write: Write, tmp_path: Path) -> None:
    store = of(write, tmp_path, {"x.txt": ""})
    cliques = [[*range(start, start + 6)] for start in (0, 6, 12)]
    pairs = [pair for clique in cliques for pair in combinations(clique, 2)]
    net = network(18, [*pairs, (0, 6), (7, 12)])
    (row,) = gaps(store, net, ["apart"]).rows
    assert row[2:4] == ("apart", round(31 * 31 / (2 * 47)))
    assert {str(row[1]), str(row[5])} & {"0", "1", "2", "3", "4", "5"}
    assert not gaps(store, network(18, [*pairs, (0, 6), (7, 12), (1, 13)]), ["apart"]).rows


def test_a_query_of_the_project_is_a_kind_of_gap(write: Write, tmp_path: Path) -> None:
    undated = 'SELECT ?entity ?to ("no date" AS ?why) { ?entity a kg:Outcome . OPTIONAL { ?entity kg:linksTo ?to } }'
    never = "SELECT ?entity { ?entity a kg:Nothing }"
    notes = {
        "kg.toml": "",
        "queries/gaps/undated.rq": undated,
        "queries/gaps/single-source.rq": never,
        "End.md": "---\ntype: Outcome\n---\n[[Same]]\n",
        "Same.md": "# Sources\n- Book - Jo March\n",
    }
    store = of(write, tmp_path, notes)
    assert [(row["label"], row["to_label"], row["why"]) for row in rows(store, "undated")] == [
        ("End", "Same", "no date")
    ]
    assert rows(store, "single-source") == []


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("ASK {}", "a query for gaps must select ?entity"),
        ("SELECT ?x { ?x ?p ?o }", "a query for gaps must select ?entity"),
        ("CONSTRUCT WHERE { ?entity ?p ?o }", "a query for gaps must select ?entity"),
        ("SELECT ?entity {\n  ?entity ?p }", ":2:3: not valid SPARQL"),
    ],
)
def test_a_query_that_finds_no_things_is_named(query: str, why: str, write: Write, tmp_path: Path) -> None:
    store = of(write, tmp_path, {"kg.toml": "", "queries/gaps/own.rq": query, "A.md": "[[B]]\n"})
    refused = run(store, "--kind", "own").exception
    assert isinstance(refused, kg.KgError)
    assert "own.rq:" in str(refused) and why in str(refused)
    assert [row["label"] for row in rows(store, "missing-note")] == ["B"]


def test_a_kind_that_does_not_exist(write: Write, tmp_path: Path) -> None:
    done = run(of(write, tmp_path, {"A.md": ""}), "--kind", "single-sorce")
    assert "no kind of gap is named “single-sorce”; did you mean single-source?" in str(done.exception)


def test_gaps_of_notes(notes_store: kg.Store) -> None:
    assert [row["label"] for row in rows(notes_store, "single-source")] == [
        "Psychological safety",
        "Net Promoter Score",
    ]
    assert rows(notes_store, "missing-note")[0]["count"] == "5"
    assert rows(notes_store, "circle") == []
    assert run(notes_store, "-f", "json").stdout == run(notes_store, "-f", "json").stdout
    assert "missing-note 3; outcome-without-output 10" in run(notes_store).stderr
