"""The network of a store: its nodes, its links and what they weigh."""

from pathlib import Path

import networkx as nx
import pytest

import kg
from helpers.vaults import Write, ingest
from kg.analysis.network_reader import read

NOTES = {
    "Lean.md": "---\naliases: [Lean thinking]\nrelated: '[[Flow]]'\n---\nSee [[Flow]], [[Flow|again]] and [[Gone#part]].\n"
    "\n# More\n[[Flow#Why]] and [[Lean]] and [[#More]] #tag\n\n# Outcomes\n- [[Speed]]\n- People smile\n",
    "Flow.md": "Alone. [page](https://e.example/) ![[x.png]]\n\n# Why\n- [ ] do [[Speed]]\n",
    "Speed.md": "---\ntype: Outcome\n---\nFast.\n",
    "x.png": "",
    "Team.md": "# Outcome\nA good one, by [[Speed]].\n",
}


@pytest.fixture
def store(write: Write, tmp_path: Path) -> kg.Store:
    return ingest(write(NOTES), tmp_path / "store").store


def links(graph: "nx.MultiDiGraph[str]") -> dict[tuple[str, str, str], int]:
    labels = nx.get_node_attributes(graph, "label")
    return {(labels[a], key, labels[b]): data["weight"] for a, b, key, data in graph.edges(keys=True, data=True)}


def test_nodes_are_the_things_and_links_weigh_their_mentions(store: kg.Store) -> None:
    graph = kg.network(store)
    assert isinstance(graph, nx.MultiDiGraph)
    assert sorted(nx.get_node_attributes(graph, "label").values()) == [
        "Flow", "Gone", "Lean", "People smile", "Speed", "Team", "Team#Outcome",
    ]  # fmt: skip
    assert links(graph) == {
        ("Lean", "kg:linksTo", "Flow"): 2,
        ("Lean", "kg:linksTo", "Gone"): 1,
        ("Lean", "kg:linksTo", "Speed"): 1,
        ("Lean", "skos:related", "Flow"): 1,
        ("Lean", "kg:hasOutcome", "Speed"): 1,
        ("Lean", "kg:hasOutcome", "People smile"): 1,
        ("Flow", "kg:linksTo", "Speed"): 1,
        ("Team", "kg:linksTo", "Speed"): 1,
        ("Team", "kg:hasOutcome", "Team#Outcome"): 1,
        ("Team#Outcome", "kg:mentions", "Speed"): 1,
    }
    assert graph.nodes["https://notes.example/Speed"]["types"] == ["cids:Outcome", "kg:Outcome"]


def test_some_links_and_classes_can_be_chosen_by_their_names(store: kg.Store) -> None:
    chosen = kg.network(store, links=["has outcome"])
    assert {key for _, _, key in chosen.edges(keys=True)} == {"kg:hasOutcome"}
    assert len(kg.network(store, classes=["Outcome"])) == 3
    assert len(kg.network(store, classes=["kg:Tag", "kg:Outcome"])) == 4
    assert len(kg.network(store, links=["kg:linksTo"]).edges) == 5
    with pytest.raises(kg.KgError, match=r"no property is named “has outcme”; did you mean kg:hasOutcome\?"):
        kg.network(store, links=["has outcme"])


def test_what_was_inferred_is_taken_when_asked_for(store: kg.Store) -> None:
    stated, all_of_it = kg.network(store), kg.network(store, inferred=True)
    assert set(links(stated)) < set(links(all_of_it))
    assert ("Speed", "kg:outcomeOf", "Lean") in links(all_of_it)


def test_the_same_notes_give_the_same_network_whatever_was_ingested_first(write: Write, tmp_path: Path) -> None:
    vault = write({"Speed.md": NOTES["Speed.md"]})
    ingest(vault, tmp_path / "store")
    again = read(ingest(write(NOTES), tmp_path / "store").store)
    fresh = read(ingest(vault, tmp_path / "other").store)
    assert (again.nodes, again.labels, again.links) == (fresh.nodes, fresh.labels, fresh.links)


def test_no_notes_make_an_empty_network(write: Write, tmp_path: Path) -> None:
    assert len(kg.network(ingest(write({"x.txt": ""}), tmp_path / "store").store)) == 0
