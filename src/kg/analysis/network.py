"""The network of a store: things and the links between them, for NetworkX and similar libraries.

A node is a thing: the subject of a note, an instance of a domain class (an outcome in a section, an author that is only
named), or a missing link target. Note files, sections, blocks, tags, tasks and attachments are not nodes unless their
class is requested. A link is

    kg:linksTo      from thing to thing; weight: how many places within the source mention places within the target
    kg:mentions     from a thing inside a note, like an outcome's section, for which there is no kg:linksTo
    any property    of the ontology or a note, between two nodes; weight: 1

A link of a thing to itself, or to a place inside it, is left out. Inferred triples are left out unless requested: most
repeat what notes state, in the other direction or by a broader property.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.rdf.iris import prefixed
from kg.rdf.vocabulary import MISSING

if TYPE_CHECKING:
    import networkx as nx
    import rustworkx as rx


class NetworkLink(NamedTuple):
    """A link, by the numbers of its ends."""

    source: int
    target: int
    property: str
    weight: int


@dataclass(frozen=True)
class Network:
    """Nodes and links, in an order that is the same for the same notes."""

    nodes: tuple[ox.NamedNode, ...]
    labels: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    """The class IRIs of each node, without structural classes."""
    links: tuple[NetworkLink, ...]
    prefixes: Mapping[str, str]

    def __len__(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    @cached_property
    def numbers(self) -> dict[ox.NamedNode, int]:
        """The number of each node."""
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def missing(self) -> frozenset[int]:
        """The nodes that links name but no note describes."""
        return frozenset(n for n, classes in enumerate(self.classes) if MISSING.value in classes)

    @cached_property
    def pairs(self) -> dict[tuple[int, int], int]:
        """The weight of each ordered pair that is linked, summed over its links."""
        weights: dict[tuple[int, int], int] = {}
        for source, target, _, weight in self.links:
            weights[source, target] = weights.get((source, target), 0) + weight
        return weights

    @cached_property
    def properties(self) -> dict[tuple[int, int], list[str]]:
        """The properties of each ordered pair that is linked."""
        properties: dict[tuple[int, int], list[str]] = {}
        for link in self.links:
            properties.setdefault((link.source, link.target), []).append(link.property)
        return properties

    @cached_property
    def reversed(self) -> "rx.PyDiGraph[int, float]":
        """The graph `directed` with each edge turned round."""
        graph = self.directed.copy()
        graph.reverse()
        return graph

    @cached_property
    def directed(self) -> "rx.PyDiGraph[int, float]":
        """A directed graph with an edge per linked pair, and its weight."""
        import rustworkx as rx

        graph: rx.PyDiGraph[int, float] = rx.PyDiGraph()  # a multigraph: checking for duplicate pairs is slow
        graph.add_nodes_from(range(len(self.nodes)))
        graph.add_edges_from([(source, target, float(weight)) for (source, target), weight in self.pairs.items()])
        return graph

    @cached_property
    def undirected(self) -> "rx.PyGraph[int, float]":
        """An undirected graph with an edge per linked pair, and the weight of both directions."""
        import rustworkx as rx

        graph: rx.PyGraph[int, float] = rx.PyGraph()
        graph.add_nodes_from(range(len(self.nodes)))
        graph.add_edges_from([(source, target, weight) for (source, target), weight in self.edges.items()])
        return graph

    @cached_property
    def edges(self) -> dict[tuple[int, int], float]:
        """The weight of each unordered pair that is linked, the smaller number first; sorted."""
        import numpy as np

        size = len(self.nodes)
        codes = np.fromiter((min(pair) * size + max(pair) for pair in self.pairs), np.int64, len(self.pairs))
        weights = np.fromiter(self.pairs.values(), np.float64, len(self.pairs))
        unique, positions = np.unique(codes, return_inverse=True)
        smaller, larger = np.divmod(unique, max(size, 1))
        summed = np.bincount(positions, weights, len(unique))
        return dict(zip(zip(smaller.tolist(), larger.tolist(), strict=True), summed.tolist(), strict=True))

    @cached_property
    def simple(self) -> "nx.DiGraph[int]":
        """The graph `directed` in NetworkX, for what only NetworkX computes."""
        import networkx as nx

        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(len(self.nodes)))
        graph.add_weighted_edges_from((source, target, weight) for (source, target), weight in self.pairs.items())
        return graph

    def split(self, parts: Sequence[Sequence[int]]) -> "list[Network]":
        """Split the network into disjoint parts, each a network with the links inside it."""
        place = {number: (at, inner) for at, part in enumerate(parts) for inner, number in enumerate(part)}
        inside: list[list[NetworkLink]] = [[] for _ in parts]
        for link in self.links:
            source, target = place.get(link.source), place.get(link.target)
            if source and target and source[0] == target[0]:
                inside[source[0]].append(link._replace(source=source[1], target=target[1]))
        return [
            Network(
                tuple(self.nodes[number] for number in part),
                tuple(self.labels[number] for number in part),
                tuple(self.classes[number] for number in part),
                tuple(links),
                self.prefixes,
            )
            for part, links in zip(parts, inside, strict=True)
        ]

    def within(self, kept: Iterable[int]) -> "Network":
        """The part of the network with the kept nodes and the links between them."""
        return self.split([sorted(kept)])[0]

    def multigraph(self) -> "nx.MultiDiGraph[str]":
        """The whole network in NetworkX: nodes are IRIs with `label` and `types`; a link has a `weight`, and the name
        of its property as its key.
        """
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for node, label, classes in zip(self.nodes, self.labels, self.classes, strict=True):
            graph.add_node(node.value, label=label, types=[self._curie(class_) for class_ in classes])
        for source, target, name, weight in self.links:
            key = self._curie(name)
            ends = self.nodes[source].value, self.nodes[target].value
            graph.add_edge(*ends, key=key, property=name, label=key, weight=weight)
        return graph

    def _curie(self, iri: str) -> str:
        prefix, local = prefixed(iri, self.prefixes)
        return local if prefix is None else f"{prefix}:{local}"


def owner_iris(network: Network) -> list[str]:
    """The IRI of the note's thing that each node is or lies in: its IRI up to the fragment, if it has a fragment."""
    base = network.prefixes.get("n", "")
    ids = f"{base}#id/"
    owners = []
    for node in network.nodes:
        head, mark, _ = node.value.partition("#")
        if node.value.startswith(ids):  # an IRI has a single `#`: a place inside appends `/` and its name
            owners.append(ids + node.value[len(ids) :].partition("/")[0])
        else:
            owners.append(head if mark and head != base else node.value)
    return owners
