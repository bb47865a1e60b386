"""What is shown is accepted: each thing has one name, and every command that takes a name takes it."""

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import command, run
from helpers.odd_names import VAULT
from helpers.vaults import ingest, write_vault
from kg.core.errors import KgError, NotFound
from kg.store.lookup import Lookup
from kg.store.many_names import ManyNames
from kg.store.project import Project


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names") / "vault"
    write_vault(folder, VAULT)
    ingest(folder, folder / ".kg")
    return folder


@pytest.fixture(scope="module")
def lookup(vault: Path) -> Lookup:
    return Project.of(kg.Store(vault / ".kg")).lookup


def things(lookup: Lookup) -> Iterator[ox.NamedNode]:
    terms = {term for quad in lookup.store.quads() for term in (quad.subject, quad.predicate, quad.object)}
    documents = {
        quad.subject for quad in lookup.store.triples(None, ox.NamedNode(lookup.prefixes["kg"] + "path"), None)
    }
    for term in sorted((t for t in terms if isinstance(t, ox.NamedNode)), key=str):
        if term not in documents or term.value.endswith("png"):
            yield term


def test_every_name_means_the_thing_that_has_it(lookup: Lookup) -> None:
    wrong = {}
    for term in things(lookup):
        name = lookup.called(term)
        try:
            meant = lookup.thing(name).value
        except KgError as error:
            meant = str(error)
        if meant != term.value:
            wrong[term.value] = (name, meant)
    assert not wrong


def test_a_store_names_many_things_as_it_names_each(lookup: Lookup) -> None:
    nodes = [*things(lookup)]
    assert [*ManyNames(lookup.meant).names(nodes)] == [*map(lookup.things.name, nodes)]


@pytest.mark.parametrize(
    ("iri", "name"),
    [
        ("n:lean", "lean"),
        ("n:lean#Outcomes", "lean#Outcomes"),
        ("n:lean#Outcomes/Example", "lean#Outcomes#Example"),
        ("n:lean#Example", "n:lean#Example"),
        ("n:lean#Example~2", "lean#Example~2"),
        ("n:lean#%5Efirst-block", "lean#^first-block"),
        ("n:lean#Outputs/A%20board", "lean#Outputs#A board"),
        ("n:lean#Outputs/build%20it", "lean#Outputs#build it"),
        ("https://things.example/tea", "Warm water"),
        ("n:b/Tea", "b/Tea"),
        ("n:b/Tea#What%3A%20is%20%5B%5Blean%7Cit%5D%5D%20%7C%20for%3F", "b/Tea#What is lean it for?"),
        ("n:deep/er/Rating", "Rating"),
        ("n:Outcomes", "Outcomes"),
        ("kg:Outcome", "Outcome"),
        ("kg:hasOutcome", "kg:hasOutcome"),
        ("n:#tag/outcome", "#Outcome"),
        ("n:#tag/flow/small", "#flow/small"),
        ("n:flow/small", "small"),
        ("n:C%20sharp", "C# basics"),
        ("n:C%20sharp#Types%23here", "C# basics#Types here"),
        ("n:kg", "kg"),
        ("ex:Risk", "ex:Risk"),
        ("ex:hits", "hits"),
        ("n:#property/rating", "p:rating"),
        ("n:#property/reading-pace", "p:reading-pace"),
        ("n:#author/boli", "Bo Li"),
        ("n:img/map.png", "map.png"),
        ("n:pas%20encore", "Pas encore"),
        ("https://e.example/a%20b?c=d", "https://e.example/a%20b?c=d"),
        ("n:Board.canvas", "Board"),
    ],
)
def test_a_name_is_the_shortest_that_means_the_thing_alone(lookup: Lookup, iri: str, name: str) -> None:
    prefix, _, local = iri.partition(":")
    node = ox.NamedNode(lookup.prefixes[prefix] + local if prefix in lookup.prefixes else iri)
    assert lookup.things.name(node) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LEAN#outcomes", "lean#Outcomes"),
        ("lean.md#Outcomes", "lean#Outcomes"),
        ("Lean thinking#Outcomes#Example", "lean#Outcomes#Example"),
        ("[[lean#Outcomes|results]]", "lean#Outcomes"),
        ("![[map.png]]", "map.png"),
        ("er/rating", "Rating"),
        ("./a/tea", "Warm water"),
        ("b/Tea#what is it for", ""),
        ("b/Tea#What: is [[lean|it]] | for?", "b/Tea#What is lean it for?"),
        ("lean#^FIRST-block", "lean#^first-block"),
        ("lean#Outcomes/Example", "lean#Outcomes#Example"),
        ("reading pace", "p:reading-pace"),
        ("is a", "is a"),
        ("pas encore", "Pas encore"),
        ("nope#Part", "Nope#Part"),
        ("#", ""),
        ("lean" + 2000 * "#y", ""),
    ],
)
def test_a_name_is_resolved_as_a_wikilink(lookup: Lookup, text: str, name: str) -> None:
    if name:
        assert lookup.called(lookup.thing(text)) == name
        return
    with pytest.raises(NotFound):
        lookup.thing(text)


def test_a_name_of_several_things_is_answered_with_names_that_mean_one(lookup: Lookup) -> None:
    with pytest.raises(KgError, match="“tea” names 2 things: “b/Tea”, “Warm water”; give one of these names"):
        lookup.thing("tea")


def shown(vault: Path, *arguments: str) -> str:
    done = run(*arguments, cwd=vault, COLUMNS="1000")
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_every_command_prints_names_that_show_and_parameters_take(vault: Path, lookup: Lookup) -> None:
    names = {row["name"] for row in json.loads(command(vault, "show", "lean", "-f", "json").out)["sections"]}
    for name in ("lean", "b/Tea", "Works", "#Outcome", "kg:Outcome"):
        table = json.loads(command(vault, "show", name, "--all", "-f", "json").out)
        groups = (table[group] for group in ("properties", "links", "backlinks", "elsewhere"))
        rows = [row for group in groups for row in group]
        names |= {row["value"] for row in rows if row["term"].startswith("<")} | {row["property"] for row in rows}
    for analysis in (["centrality"], ["components"], ["neighbours", "lean"], ["gaps"], ["duplicates"]):
        for row in csv.DictReader(io.StringIO(shown(vault, "analyze", *analysis, "--limit", "0", "-f", "csv"))):
            labels = {key: key.removesuffix("_label") for key in row if key.endswith("_label")} | {"label": "entity"}
            assert all(lookup.thing(row[label]).value == row[entity] for label, entity in labels.items() if row[label])
    hint = command(vault, "show", "lean").err
    names |= {shlex.split(found)[0] for found in re.findall(r"kg why (.*?) --all", hint)}
    for name in names:
        assert lookup.called(lookup.thing(name)) == name
    asked = run("query", "self", "--param", "thing=lean#Outcomes", "-f", "csv", cwd=vault)
    assert asked.stdout.split() == ["thing", "https://notes.example/lean#Outcomes"]
