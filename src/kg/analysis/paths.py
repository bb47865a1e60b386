"""Paths between things of the network, and the neighbourhood of a thing; each step with its sentence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import NamedTuple

import pyoxigraph as ox
import rustworkx as rx

from kg.analysis.network import Network
from kg.analysis.tables import Table, Value, columns_of
from kg.core.errors import NotFound
from kg.notes.sentences import Sentences
from kg.notes.vault import read_note
from kg.rdf.vocabulary import LINKS_TO, MENTIONS, PARTS
from kg.reasoning.explanation import Explainer
from kg.reasoning.source_lines import SourceLine

_COLUMNS = ("path", "line", "column", "sentence")


class LinkStep(NamedTuple):
    """A link between two things, and its direction."""

    source: int
    target: int
    property: str
    direction: str
    """`out`, `in` or `both`, as seen from the source."""


# ---- node look-up --------------------------------------------------------------------------------------------------


def node_number(network: Network, explainer: Explainer, name: str) -> int:
    """The number of the node a name means; for a section or block, of its container. Raises NotFound, KgError."""
    place: ox.NamedNode | None = explainer.naming.thing(name)
    seen: set[ox.NamedNode] = set()
    while place and place not in seen:
        if place in network.numbers:
            return network.numbers[place]
        seen.add(place)
        place = _outer(explainer, place)
    raise NotFound(f"“{name}” is not in this network: --only and --links choose its things and links")


def _outer(explainer: Explainer, place: ox.NamedNode) -> ox.NamedNode | None:
    """The section or thing that contains a section or block."""
    quads = (q for name in PARTS for q in explainer.store.triples(None, name, place))
    return next((quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)), None)


# ---- paths ---------------------------------------------------------------------------------------------------------


class Routes(NamedTuple):
    """Paths between two things, each as its nodes in order."""

    paths: list[list[int]]
    more: bool
    """Whether further paths were left out."""
    undirected: bool
    """Whether links were also followed against their direction."""


def shortest(network: Network, source: int, target: int, *, undirected: bool = False) -> Routes:
    """Find a path with the fewest links, by the heaviest links if several are as short; empty if there is none.

    Links are followed in their direction; if that leads nowhere, in either. Dijkstra, 1959, with all links equally
    long, backwards from the target.
    """
    for against in (False, True)[undirected:]:
        distances = _distances(network, target, None if against else "in")
        if source in distances:
            route = [source]
            while route[-1] != target:
                node = route[-1]
                nearer = (n for n in _around(network, node, against) if distances.get(n, -1) == distances[node] - 1)
                route.append(min(nearer, key=lambda n: (-_weight(network, node, n, against), n)))
            return Routes([route], _several(network, source, target, against, distances), against)
    return Routes([], more=False, undirected=True)


def _several(network: Network, source: int, target: int, against: bool, ahead: Mapping[int, int]) -> bool:
    """Whether there is more than one shortest path."""
    layer = {source}
    while layer and target not in layer:
        following = [
            n for node in layer for n in _around(network, node, against) if ahead.get(n, -1) == ahead[node] - 1
        ]
        if len(following) > 1:
            return True
        layer = set(following)
    return False


def simple_paths(
    network: Network, source: int, target: int, longest: int, most: int, *, undirected: bool = False
) -> Routes:
    """Find paths of at most `longest` links that pass no node twice, the shorter first, and at most `most` of them.

    Only nodes on a walk of that length are searched. Yen, Finding the k shortest loopless paths in a network, 1971:
    each further path takes polynomial time, however many there are.
    """
    import networkx as nx

    for against in (False, True)[undirected:]:
        to_target, from_source = (
            _distances(network, target, None if against else "in"),
            _distances(network, source, None if against else "out"),
        )
        near = {n for n in to_target.keys() & from_source.keys() if to_target[n] + from_source[n] <= longest}
        if source not in near or target not in near:
            continue
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(sorted(near))
        graph.add_edges_from((a, b) for a in sorted(near) for b in _around(network, a, against) if b in near)
        paths: Iterator[list[int]] = (
            iter(nx.shortest_simple_paths(graph, source, target)) if source != target else iter([[source]])
        )
        candidates = []
        for path in islice(paths, most + 1):
            if len(path) > longest + 1:
                break
            candidates.append(path)
        ordered = sorted(candidates[:most], key=lambda path: (len(path), [(network.labels[n], n) for n in path]))
        return Routes(ordered, len(candidates) > most, against)
    return Routes([], more=False, undirected=True)


def _distances(network: Network, start: int, direction: str | None) -> dict[int, int]:
    """The distance of each reachable node in links: along links, against them (`in`), or in either direction (None)."""
    if direction is None:
        lengths = rx.dijkstra_shortest_path_lengths(network.undirected, start, lambda _: 1.0)
    else:
        graph = network.reversed if direction == "in" else network.directed
        lengths = rx.dijkstra_shortest_path_lengths(graph, start, lambda _: 1.0)
    return {start: 0} | {n: round(length) for n, length in lengths.items()}


def _around(network: Network, at: int, against: bool) -> list[int]:
    """The nodes that a node links to; with `against`, also those that link to it."""
    if against:
        return sorted(set(network.undirected.neighbors(at)) - {at})
    return sorted(set(network.directed.successor_indices(at)) - {at})


def _weight(network: Network, source: int, target: int, against: bool) -> float:
    back = network.pairs.get((target, source), 0) if against else 0
    return network.pairs.get((source, target), 0) + back


# ---- neighbourhood -------------------------------------------------------------------------------------------------


class Neighbour(NamedTuple):
    """A thing, its distance in links, and the last step to it."""

    thing: int
    distance: int
    step: LinkStep


def around(network: Network, start: int, depth: int) -> list[Neighbour]:
    """Return the things at most `depth` links away in either direction, the nearest first.

    Each is reached from the predecessor with the heaviest tie to it. Breadth first: Moore, 1959.
    """
    distances = _distances(network, start, None)
    near = sorted(
        (n for n, distance in distances.items() if 0 < distance <= depth),
        key=lambda n: (distances[n], network.labels[n], n),
    )
    steps = _Steps(network)
    neighbours = []
    for thing in near:
        predecessors = (n for n in _around(network, thing, True) if distances.get(n) == distances[thing] - 1)
        via = min(predecessors, key=lambda n: (-_weight(network, n, thing, True), n))
        neighbours.append(Neighbour(thing, distances[thing], steps.between(via, thing)))
    return neighbours


@dataclass(frozen=True)
class _Steps:
    network: Network

    def between(self, source: int, target: int) -> LinkStep:
        """The most specific link between two things, in its direction if there is a link that way."""
        known = self.network.properties
        forwards, backwards = known.get((source, target), []), known.get((target, source), [])
        direction = "both" if forwards and backwards else "out" if forwards else "in"
        chosen = min(
            forwards or backwards,
            key=lambda name: (name in {LINKS_TO.value, MENTIONS.value}, name == MENTIONS.value, name),
        )
        return LinkStep(source, target, chosen, direction)

    def along(self, way: Sequence[int]) -> list[LinkStep]:
        return [self.between(source, target) for source, target in pairwise(way)]


# ---- sentences of steps --------------------------------------------------------------------------------------------


class Evidence(NamedTuple):
    """The place of a link and its sentence; empty if the link was inferred."""

    line: SourceLine | None = None
    sentence: str = ""

    @property
    def row(self) -> tuple[Value, ...]:
        """The evidence as values of a row."""
        return (self.line.path, self.line.line, self.line.column, self.sentence) if self.line else (None,) * 4


@dataclass(frozen=True)
class Witness:
    """Finds the sentences that state the links of steps. Each note is read once."""

    network: Network
    explainer: Explainer
    sentences: bool = True
    """Whether the sentences are wanted; each note of one has to be read."""

    def of(self, steps: Iterable[LinkStep]) -> dict[LinkStep, Evidence]:
        """The first place, by path and line, that makes each link."""
        triples = {step: self._triples(step) for step in dict.fromkeys(steps)}
        lines = self.explainer.sources.placed(triple for stated in triples.values() for triple in stated)
        evidence = {}
        for step, stated in triples.items():
            places = sorted(line for triple in stated for line in lines.get(triple, ()))
            evidence[step] = Evidence(places[0], self._sentence(places[0])) if places else Evidence()
        return evidence

    def _triples(self, step: LinkStep) -> list[ox.Triple]:
        source, target = self.network.nodes[step.source], self.network.nodes[step.target]
        if step.direction == "in":
            source, target = target, source
        name = ox.NamedNode(step.property)
        return [*self._mentions(source, target)] if name == MENTIONS else [ox.Triple(source, name, target)]

    def _mentions(self, source: ox.NamedNode, target: ox.NamedNode) -> Iterator[ox.Triple]:
        """The places within a thing that mention another thing or a place in it."""
        goals = set(self._within(target))
        for place in self._within(source):
            for triple in self.explainer.store.triples(place, MENTIONS, None):
                if triple.object in goals or str(getattr(triple.object, "value", "")).startswith(f"{target.value}#"):
                    yield triple

    def _within(self, thing: ox.NamedNode) -> Iterator[ox.NamedNode]:
        waiting, seen = [thing], {thing}
        while waiting:
            place = waiting.pop()
            yield place
            for name in PARTS:
                for quad in self.explainer.store.triples(place, name, None):
                    if isinstance(quad.object, ox.NamedNode) and quad.object not in seen:
                        seen.add(quad.object)
                        waiting.append(quad.object)

    def _sentence(self, line: SourceLine) -> str:
        if not self.sentences:
            return ""
        sentences = self._notes.get(line.path) or self._read(line.path)
        return (sentences.at(line.line, line.column) if sentences else None) or line.text

    @cached_property
    def _notes(self) -> dict[str, Sentences]:
        return {}

    def _read(self, path: str) -> Sentences | None:
        config = self.explainer.config
        note, _ = read_note(path, config.place(path), config)
        if note is None:
            return None
        self._notes[path] = Sentences(note)
        return self._notes[path]


# ---- tables --------------------------------------------------------------------------------------------------------


def path_table(network: Network, explainer: Explainer, routes: Routes, *, sentences: bool = True) -> Table:
    """A row for each step of each path; without `sentences`, the texts are not read for them."""
    steps = _Steps(network)
    paths = [steps.along(path) for path in routes.paths]
    evidence = Witness(network, explainer, sentences).of(step for path in paths for step in path)
    rows: list[tuple[Value, ...]] = []
    for route, path in enumerate(paths, 1):
        for at, step in enumerate(path, 1):
            link = ox.NamedNode(step.property), step.direction
            ends = columns_of(network, step.source), columns_of(network, step.target)
            rows.append((*ends[0], *link, *ends[1], route, at, *evidence[step].row))
    return Table(("entity", "label", "property", "direction", "to", "to_label", "route", "step", *_COLUMNS), rows)


def neighbours_table(
    network: Network, explainer: Explainer, neighbours: Sequence[Neighbour], *, sentences: bool = True
) -> Table:
    """A row for each neighbour of a thing; without `sentences`, the texts are not read for them."""
    evidence = Witness(network, explainer, sentences).of(neighbour.step for neighbour in neighbours)
    rows: list[tuple[Value, ...]] = []
    for thing, distance, step in neighbours:
        link = step.direction, ox.NamedNode(step.property)
        rows.append(
            (*columns_of(network, thing), distance, *link, *columns_of(network, step.source), *evidence[step].row)
        )
    return Table(("entity", "label", "distance", "direction", "property", "via", "via_label", *_COLUMNS), rows)
