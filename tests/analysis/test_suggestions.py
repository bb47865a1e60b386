"""Links worth making: NetworkX's values, pairs that may be linked, and that hidden links come back."""

import itertools
import math
import random
from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import kg
from helpers.made_networks import at_random, network
from helpers.vaults import FEW_LINKS, Write, analyze, analyzed, ingest
from kg.analysis import link_prediction as suggestions
from kg.analysis.link_prediction import METHODS, Candidates, Matrices, RankedPairs, fused, measure, suggest
from kg.analysis.network import Network
from kg.analysis.network_reader import read
from kg.analysis.similarity import Texts, texts
from kg.config import load


def matrix(found: Network, method: str) -> np.ndarray:
    scores: np.ndarray = METHODS[method](Matrices(found), slice(0, len(found)))
    return scores


def undirected(found: Network) -> "nx.Graph[int]":
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(found)))
    graph.add_edges_from(found.edges)
    return graph


def blank(found: Network) -> Texts:
    """All of them are notes without a word."""
    return Texts([Counter() for _ in found.nodes], frozenset(range(len(found))))


@pytest.mark.parametrize("seed", range(20))
def test_values_are_those_of_networkx(seed: int) -> None:
    found = at_random(seed, 60)
    graph, pairs = undirected(found), [*itertools.combinations(range(len(found)), 2)]
    common = {(a, b): len([*nx.common_neighbors(graph, a, b)]) for a, b in pairs}
    expected = {
        "common_neighbours": common,
        "adamic_adar": {(a, b): value for a, b, value in nx.adamic_adar_index(graph, pairs)},
        "resource_allocation": {(a, b): value for a, b, value in nx.resource_allocation_index(graph, pairs)},
    }
    for method, values in expected.items():
        ours = matrix(found, method)
        assert all(abs(ours[pair] - value) < 1e-9 for pair, value in values.items()), method
        assert np.abs(ours - ours.T).max() < 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_what_networkx_lacks_is_by_definition(seed: int) -> None:
    found = at_random(seed, 30)
    graph, directed = undirected(found), found.simple
    cited, coupled, paths = (matrix(found, name) for name in ("cocitation", "coupling", "paths_of_three"))
    for a, b in itertools.permutations(range(len(found)), 2):
        assert cited[a, b] == len({*directed.predecessors(a)} & {*directed.predecessors(b)})
        assert coupled[a, b] == len({*directed.successors(a)} & {*directed.successors(b)})
        three = ((u, v) for u in graph[a] for v in graph[b] if graph.has_edge(u, v))
        assert abs(paths[a, b] - sum(1 / math.sqrt(graph.degree(u) * graph.degree(v)) for u, v in three)) < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_what_is_computed_in_blocks_is_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = at_random(seed, 60)
    whole = Candidates(Matrices(found, blank(found)), blank(found).written).best([*METHODS])
    monkeypatch.setattr(suggestions, "_BLOCK", 7)
    in_blocks = Candidates(Matrices(found, blank(found)), blank(found).written).best([*METHODS])
    for name, ranked in whole.items():
        assert all(np.array_equal(one, other) for one, other in zip(ranked, in_blocks[name], strict=True))


def test_only_the_best_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    found = network(60, ((chance.randrange(60), chance.randrange(60)) for _ in range(200)))
    candidates = Candidates(Matrices(found, blank(found)), blank(found).written)
    every = candidates.best(["resource_allocation"])["resource_allocation"]
    monkeypatch.setattr(suggestions, "KEPT", 40)
    monkeypatch.setattr(suggestions, "_BLOCK", 5)
    best = candidates.best(["resource_allocation"])["resource_allocation"]
    assert len(every.scores) > 40 and best.scores.tolist() == every.scores[:40].tolist()


def test_ranks_are_fused() -> None:
    one = RankedPairs(np.array([0, 1, 2]), np.array([5, 5, 5]), np.array([3.0, 1.0, 1.0]))
    other = RankedPairs(np.array([0, 9]), np.array([5, 10]), np.array([0.5, 0.2]))
    assert one.ranks.tolist() == [1, 2.5, 2.5]
    found = fused({"one": one, "other": other})
    assert next(iter(found)) == (0, 5) and found[0, 5] == 1
    assert found[9, 10] == pytest.approx(61 / 62 / 2) and found[1, 5] == found[2, 5] == pytest.approx(61 / 62.5 / 2)


def test_what_is_linked_is_not_suggested() -> None:
    found = network(4, [(0, 2), (1, 2), (0, 3), (1, 3), (0, 1)])
    assert [{row.thing, row.target} for row in suggest(found, blank(found))] == [{2, 3}]
    assert suggest(found, blank(found), 0) == []
    (row,) = suggest(found, blank(found), 3)
    assert (row.thing, row.target, row.neighbours) == (3, 2, (0, 1))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_where_there_is_nothing_nothing_is_suggested(size: int) -> None:
    found = network(size, [(0, 1)] if size > 1 else [])
    assert suggest(found, blank(found)) == []
    measured, _ = measure(found, blank(found), 2)
    assert {one.precision for one in measured} == {0}


def test_a_link_can_only_be_written_in_a_note(write: Write, tmp_path: Path) -> None:
    """Two that are missing are never suggested; one is, from a note; what lies in one note is not."""
    notes = {f"{name}.md": "[[Hub one]] [[Hub two]]\n[[Gone]] [[Lost]]\n" for name in "AB"}
    notes |= {"C.md": "[[Hub one]] [[Hub two]]\n[[Gone]]\n", "Hub one.md": "", "Hub two.md": ""}
    store = ingest(write(notes), tmp_path / "store").store
    found = analyzed(store, "suggest", "--limit", "0")
    pairs = {(row["label"], row["to_label"]) for row in found}
    assert ("C", "Lost") in pairs
    assert not pairs & {("Gone", "Lost"), ("Lost", "Gone"), ("Lost", "C")}
    why = {(row["label"], row["to_label"]): row["neighbours"] for row in found}
    assert why["C", "Lost"] in {f"{one} – {two}" for one in ("Gone", "Hub one", "Hub two") for two in "AB"}
    assert why["A", "C"] == "Hub one, Hub two, Gone"


def test_hidden_links_come_back() -> None:
    """Two groups, each linked with nearly all of its own: what is hidden is what is missing in them."""
    pairs = [pair for start in (0, 15) for pair in itertools.combinations(range(start, start + 15), 2)]
    found = network(30, pairs)
    measured, hidden = measure(found, blank(found), 5)
    precision = {one.method: one.precision for one in measured}
    assert hidden == 21 and precision["suggest"] == precision["common_neighbours"] == 1
    assert precision["text"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("vault", ["foam-docs", "logseq-docs"])
@pytest.mark.sample(1)
def test_suggestions_beat_common_neighbours(vault: str, samples: Path, tmp_path: Path) -> None:
    config = load(samples / vault, cwd=tmp_path, store=tmp_path / "store")
    store = kg.ingest(kg.Vault(config=config), inference=False).store
    found = read(store)
    measured = {one.method: one for one in measure(found, texts(config, store, found), 10)[0]}
    assert measured["suggest"].precision > measured["common_neighbours"].precision + 0.03


@pytest.mark.parametrize("vault", FEW_LINKS)
@pytest.mark.sample(2)
def test_whatever_the_vault_it_can_be_measured(vault: str, write: Write, tmp_path: Path) -> None:
    store = ingest(write(FEW_LINKS[vault]), tmp_path / "store").store
    assert [row["method"] for row in analyzed(store, "suggest", "--measure")] == [*METHODS, "suggest"]


@pytest.mark.slow
def test_a_name_is_looked_up_as_everywhere(notes_store: kg.Store) -> None:
    found = analyzed(notes_store, "suggest", "revenue")
    assert {row["label"] for row in found} == {"Revenue"}
    for command in ("suggest", "similar", "unlinked"):
        unknown = analyze(notes_store, command, "Revnue").exception
        assert isinstance(unknown, kg.KgError) and unknown.exit_code == 1
        assert "did you mean “Revenue”?" in str(unknown)
        tag = analyze(notes_store, command, "#product").exception
        assert isinstance(tag, kg.KgError) and "is not in this network" in str(tag)
