"""Graphs of any size to be exported, made without notes."""

import random
from types import SimpleNamespace
from typing import cast

import pyoxigraph as ox

from kg.analysis.network import Network, NetworkLink
from kg.export.formats import Export
from kg.export.property_graph import Column, Edge, Node, PropertyGraph
from kg.store.store import Store

KG = "https://w3id.org/concept-notes#"
TYPES = ("Concept", "Outcome", "Output", "Resource", "Author")
NAMES = ("Outcomes over outputs", "Learning test cycles", "The principles of product development flow", "Pricing")
VILLAGE = 200


def synthetic(things: int, links: int, seed: int = 1) -> Export:
    """So many things in villages, with so many links, most of them within a village and to its first things."""
    chance = random.Random(seed)
    found: set[tuple[int, int]] = set()
    while len(found) < links:
        one = chance.randrange(things)
        near = one // VILLAGE * VILLAGE + int(VILLAGE * chance.random() ** 2)
        other = near if chance.random() < 0.9 else chance.randrange(things)
        if one != other < things:
            found.add((one, other))
    labels = tuple(f"{NAMES[number % len(NAMES)]} {number}" for number in range(things))
    iris = tuple(ox.NamedNode(f"https://notes.example/{number:06}") for number in range(things))
    types = tuple(TYPES[number % len(TYPES)] for number in range(things))
    network = Network(
        iris,
        labels,
        tuple((KG + one,) for one in types),
        tuple(NetworkLink(*pair, KG + "linksTo", 1) for pair in sorted(found)),
        {"n": "https://notes.example/"},
    )
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
    nodes = [
        Node(f"n{n}", iris[n].value, labels[n], types[n], (types[n],), {"text": " ".join(chance.choices(words, k=60))})
        for n in range(things)
    ]
    edges = [
        Edge(f"e{at}", link.source, link.target, link.property, "linksTo", 1) for at, link in enumerate(network.links)
    ]
    graph = PropertyGraph(nodes, edges, [Column("text", "text", KG + "text", "string", False)], network.prefixes)
    store = cast(
        Store,
        SimpleNamespace(prefixes=network.prefixes, find=lambda *_: [], triples=lambda *_: [], literals=lambda *_: []),
    )
    export = Export(store, lambda: network, list, None)
    vars(export).update(graph=graph, graph_with_texts=graph)
    return export
