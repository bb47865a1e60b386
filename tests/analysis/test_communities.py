"""Communities: what belongs together, how well it separates, what stands between, and what each is about."""

import networkx as nx
import pytest

from helpers.made_networks import at_random, network
from kg.analysis.communities import Partition, communities, telling
from kg.analysis.network import Network

RING = [(a + 5 * part, b + 5 * part) for part in range(4) for a in range(5) for b in range(a + 1, 5)]
CLIQUES = network(21, [*RING, *((5 * part, (5 * part + 5) % 20) for part in range(4))])


def whole(found: Network) -> "nx.Graph[int]":
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(found)))
    graph.add_weighted_edges_from((one, other, weight) for (one, other), weight in found.edges.items())
    return graph


def test_cliques_in_a_ring_are_communities_and_what_is_not_linked_is_alone() -> None:
    assert communities(CLIQUES) == [[*range(5)], [*range(5, 10)], [*range(10, 15)], [*range(15, 20)], [20]]
    assert len(communities(CLIQUES, 0.01)) == 2
    assert communities(network(0, ())) == []
    assert communities(network(2, ())) == [[0], [1]]


@pytest.mark.parametrize("seed", range(60))
def test_parts_are_whole_and_as_modular_as_those_of_louvain(seed: int) -> None:
    found = at_random(seed, 60)
    parts = communities(found)
    assert sorted(number for part in parts for number in part) == [*range(len(found))]
    assert parts == communities(found)
    graph = whole(found)
    assert all(nx.is_connected(graph.subgraph(part)) for part in parts)
    if found.edges:
        modularity = nx.community.modularity(graph, map(set, parts))
        assert Partition(found, parts).modularity == pytest.approx(modularity, abs=1e-9)
        louvain = max(
            nx.community.modularity(graph, nx.community.louvain_communities(graph, seed=one)) for one in range(3)
        )
        assert modularity >= louvain - 0.02
    else:
        assert Partition(found, parts).modularity == 0


@pytest.mark.parametrize("seed", range(20))
def test_what_stays_inside_is_one_less_the_conductance(seed: int) -> None:
    found = at_random(seed, 40)
    partition, graph = Partition(found, communities(found)), whole(found)
    for at, part in enumerate(partition.parts):
        volume = nx.volume(graph, part, weight="weight")
        inside = partition.inside(at)
        if volume == 0:
            assert inside is None
        elif 0 < volume <= nx.volume(graph, graph, weight="weight") / 2:
            assert inside == pytest.approx(1 - nx.conductance(graph, part, weight="weight"))


def test_what_ties_communities_stands_between_them() -> None:
    partition = Partition(CLIQUES, communities(CLIQUES))
    assert set(partition.between()) == {0, 5, 10, 15}
    assert partition.participation(1) == partition.participation(20) == 0
    ties = partition.ties[0]
    assert partition.participation(0) == pytest.approx(1 - sum((one / ties.total()) ** 2 for one in ties.values()))


def test_a_community_is_about_what_its_things_say_and_others_do_not() -> None:
    parts = [
        [["the Lean startup", "the waste"], ["lean thinking of the 1990s"], ["Lean"]],
        [["the ships of the line"], ["a ship and the sea"], ["the sea, the ships"]],
        [["Übung und Ähre"], ["die Übung"]],
        [],
    ]
    found = telling(parts)
    assert [words[:1] for words in found] == [["Lean"], ["sea"], ["Übung"], []]
    assert "the" not in found[0][:1] + found[1][:2]
    assert telling([]) == []
