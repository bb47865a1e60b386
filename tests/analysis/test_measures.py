"""The measures of a network: the values are NetworkX's own."""

from collections.abc import Iterator
from typing import cast

import networkx as nx
import pytest

from helpers.made_networks import at_random, network
from kg.analysis import measures
from kg.analysis.network import Network

SEEDS = range(120)
SMALL = {
    "empty": network(0, ()),
    "one": network(1, ()),
    "no links": network(3, ()),
    "two parts": network(5, [(0, 1), (1, 0), (2, 3)]),
    "a ring": network(4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
}


def same(ours: list[float], theirs: dict[int, float]) -> bool:
    return len(ours) == len(theirs) and all(abs(value - theirs[n]) < 1e-9 for n, value in enumerate(ours))


@pytest.mark.parametrize("seed", SEEDS)
def test_values_are_those_of_networkx(seed: int) -> None:
    found = at_random(seed)
    graph, both = found.simple, nx.Graph(found.simple)
    assert same(measures.pagerank(found), nx.pagerank(graph, tol=1e-14, max_iter=10_000))
    assert same(measures.betweenness(found), nx.betweenness_centrality(graph))
    assert dict(enumerate(measures.cores(found))) == nx.core_number(both)
    assert dict(enumerate(measures.degrees(found).into)) == dict(graph.in_degree())
    assert dict(enumerate(measures.degrees(found).out)) == dict(graph.out_degree())
    assert sorted(map(sorted, nx.connected_components(both))) == sorted(measures.components(found))


@pytest.mark.parametrize("seed", range(40))
def test_hubs_and_authorities_are_those_of_networkx_where_there_is_only_one_pair(seed: int) -> None:
    found = network(30, at_random(seed, 30).pairs)
    # a thing that links to all others and is linked to by all makes the greatest singular value a single one
    found = network(30, [*found.pairs, *((0, n) for n in range(1, 30)), *((n, 0) for n in range(1, 30))])
    hubs, authorities = nx.hits(found.simple, tol=1e-14, max_iter=10_000)
    assert same([value or 0 for value in measures.hits(found).hubs], hubs)
    assert same([value or 0 for value in measures.hits(found).authorities], authorities)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_cut_costs_is_what_is_left_without_it(seed: int) -> None:
    found = at_random(seed)
    graph = nx.Graph(found.simple)
    wanted: dict[tuple[int, ...], tuple[int, int]] = {}
    for point in nx.articulation_points(graph):
        part = nx.node_connected_component(graph, point) - {point}
        pieces = [len(piece) for piece in nx.connected_components(graph.subgraph(part))]
        wanted[(point,)] = len(pieces), sum(pieces) - max(pieces)
    for one, other in cast("Iterator[tuple[int, int]]", nx.bridges(graph)):
        rest = nx.Graph(graph.subgraph(nx.node_connected_component(graph, one)))
        rest.remove_edge(one, other)
        wanted[tuple(sorted((one, other)))] = 2, min(len(piece) for piece in nx.connected_components(rest))
    assert {cut.ends: (cut.pieces, cut.cut_off) for cut in measures.cuts(found)} == wanted


@pytest.mark.parametrize("name", SMALL)
def test_every_measure_of_a_small_network_is_sensible(name: str) -> None:
    found = SMALL[name]
    assert sum(measures.pagerank(found)) == pytest.approx(1 if len(found) else 0)
    assert measures.betweenness(found) == ([0.0] * len(found) if name != "a ring" else [0.5] * 4)
    assert len(measures.hits(found).hubs) == len(measures.cores(found)) == len(found)
    assert measures.hits(network(3, ())) == ([None] * 3, [None] * 3)
    assert sum(map(len, measures.components(found))) == len(found)
    assert measures.cuts(found) == ([] if name != "two parts" else [((0, 1), 2, 1), ((2, 3), 2, 1)])


def test_betweenness_of_many_things_is_estimated_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Network = at_random(3, 200)
    exact = measures.betweenness(found)
    monkeypatch.setattr(measures, "EXACT", 1)
    monkeypatch.setattr(measures, "PIVOTS", len(found))
    assert same(exact, dict(enumerate(measures.betweenness(found))))
    monkeypatch.setattr(measures, "PIVOTS", len(found) // 2)
    assert measures.betweenness(found) == measures.betweenness(found)
