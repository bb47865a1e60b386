"""Ways through the network: from one thing to another, and what lies around one; each step with its sentence."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import Any, NamedTuple

import pyoxigraph as ox
import rustworkx as rx

from kg.analysis import Table, Value, columns_of
from kg.errors import NotFound
from kg.explanation import Explainer, Line
from kg.findings import printable
from kg.networks import LINKS, MENTIONS, Network
from kg.sentences import Sentences
from kg.terms import KG
from kg.vault import read_note

_INSIDE = tuple(ox.NamedNode(KG + name) for name in ("hasSection", "hasBlock"))
_COLUMNS = ("path", "line", "column", "sentence")


class Step(NamedTuple):
    """A link between two things, and whether it leads from the first to the second, the other way, or both."""

    source: int
    target: int
    property: str
    direction: str
    """`out`, `in` or `both`, as seen from the source."""


# ---- which thing is meant ------------------------------------------------------------------------------------------


def number(network: Network, explainer: Explainer, name: str) -> int:
    """The thing of the network that a name means; of a section or block, what it lies in. Raises NotFound, KgError."""
    place: ox.NamedNode | None = explainer.naming.thing(name)
    seen: set[ox.NamedNode] = set()
    while place and place not in seen:
        if place in network.numbers:
            return network.numbers[place]
        seen.add(place)
        place = _outer(explainer, place)
    raise NotFound(f"“{name}” is no thing of this network: --only and --links say which things and links are taken")


def _outer(explainer: Explainer, place: ox.NamedNode) -> ox.NamedNode | None:
    """What a section or block stands in."""
    quads = (q for name in _INSIDE for q in explainer.store.find(None, name, place, ox.DefaultGraph()))
    return next((quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)), None)


# ---- ways ----------------------------------------------------------------------------------------------------------


class Routes(NamedTuple):
    """Ways from one thing to another, each with its things in order."""

    found: list[list[int]]
    more: bool
    """Whether there are others that were left out."""
    undirected: bool
    """Whether links were taken against their direction."""


def shortest(network: Network, source: int, target: int, *, undirected: bool = False) -> Routes:
    """A way of the fewest links, by the heaviest links where several are as short; none where there is none.

    Links are followed in their direction; where that leads nowhere, in either. Dijkstra, 1959, every link as long as
    any other, from the end backwards.
    """
    for against in (False, True)[undirected:]:
        ahead = _distances(network, target, None if against else "in")
        if source in ahead:
            route = [source]
            while route[-1] != target:
                here = route[-1]
                nearer = (n for n in _around(network, here, against) if ahead.get(n, -1) == ahead[here] - 1)
                route.append(min(nearer, key=lambda n: (-_weight(network, here, n, against), n)))
            return Routes([route], _several(network, source, target, against, ahead), against)
    return Routes([], more=False, undirected=True)


def _several(network: Network, source: int, target: int, against: bool, ahead: Mapping[int, int]) -> bool:
    """Whether more than one way is as short."""
    layer = {source}
    while layer and target not in layer:
        following = [n for one in layer for n in _around(network, one, against) if ahead.get(n, -1) == ahead[one] - 1]
        if len(following) > 1:
            return True
        layer = set(following)
    return False


def simple(network: Network, source: int, target: int, longest: int, most: int, *, undirected: bool = False) -> Routes:
    """The ways of at most so many links that pass no thing twice, the shorter first, and at most so many of them.

    Only things that lie on a walk that short are looked at. Yen, Finding the k shortest loopless paths in a network,
    1971: each further way takes polynomial time, however many there are.
    """
    import networkx as nx

    for against in (False, True)[undirected:]:
        ahead, behind = (
            _distances(network, target, None if against else "in"),
            _distances(network, source, None if against else "out"),
        )
        near = {n for n in ahead.keys() & behind.keys() if ahead[n] + behind[n] <= longest}
        if source not in near or target not in near:
            continue
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(sorted(near))
        graph.add_edges_from((a, b) for a in sorted(near) for b in _around(network, a, against) if b in near)
        ways: Iterator[list[int]] = (
            iter(nx.shortest_simple_paths(graph, source, target)) if source != target else iter([[source]])
        )
        found = []
        for way in islice(ways, most + 1):
            if len(way) > longest + 1:
                break
            found.append(way)
        ordered = sorted(found[:most], key=lambda way: (len(way), [(network.labels[n], n) for n in way]))
        return Routes(ordered, len(found) > most, against)
    return Routes([], more=False, undirected=True)


def _distances(network: Network, start: int, direction: str | None) -> dict[int, int]:
    """How many links away each thing is that can be reached: along links, against them (`in`), or by either (None)."""
    if direction is None:
        lengths = rx.dijkstra_shortest_path_lengths(network.undirected, start, lambda _: 1.0)
    else:
        graph = network.directed
        if direction == "in":
            graph = graph.copy()
            graph.reverse()
        lengths = rx.dijkstra_shortest_path_lengths(graph, start, lambda _: 1.0)
    return {start: 0} | {n: round(length) for n, length in lengths.items()}


def _around(network: Network, at: int, against: bool) -> list[int]:
    """The things that a link leads to from one; with `against` also those that a link leads from."""
    if against:
        return sorted(set(network.undirected.neighbors(at)) - {at})
    return sorted(set(network.directed.successor_indices(at)) - {at})


def _weight(network: Network, source: int, target: int, against: bool) -> float:
    back = network.pairs.get((target, source), 0) if against else 0
    return network.pairs.get((source, target), 0) + back


# ---- what lies around a thing --------------------------------------------------------------------------------------


class Neighbour(NamedTuple):
    """A thing, how many links away it is, and the last step to it."""

    thing: int
    distance: int
    step: Step


def around(network: Network, start: int, depth: int) -> list[Neighbour]:
    """The things at most so many links away, in whichever direction, the nearest first.

    Each is reached from the thing before it that it is tied to the most. Breadth first: Moore, 1959.
    """
    distances = _distances(network, start, None)
    near = sorted(
        (n for n, far in distances.items() if 0 < far <= depth), key=lambda n: (distances[n], network.labels[n], n)
    )
    steps = _Steps(network)
    found = []
    for thing in near:
        before = (n for n in _around(network, thing, True) if distances.get(n) == distances[thing] - 1)
        via = min(before, key=lambda n: (-_weight(network, n, thing, True), n))
        found.append(Neighbour(thing, distances[thing], steps.between(via, thing)))
    return found


@dataclass(frozen=True)
class _Steps:
    network: Network

    @cached_property
    def _properties(self) -> dict[tuple[int, int], list[str]]:
        found: dict[tuple[int, int], list[str]] = {}
        for link in self.network.links:
            found.setdefault((link.source, link.target), []).append(link.property)
        return found

    def between(self, source: int, target: int) -> Step:
        """The link between two: that which says the most of them, in its direction where there is one."""
        there, back = self._properties.get((source, target), []), self._properties.get((target, source), [])
        direction = "both" if there and back else "out" if there else "in"
        chosen = min(
            there or back, key=lambda name: (name in {LINKS.value, MENTIONS.value}, name == MENTIONS.value, name)
        )
        return Step(source, target, chosen, direction)

    def along(self, way: Sequence[int]) -> list[Step]:
        return [self.between(one, other) for one, other in pairwise(way)]


# ---- the sentences behind steps ------------------------------------------------------------------------------------


class Said(NamedTuple):
    """Where a link is made, and the sentence it stands in; nothing where it was inferred."""

    line: Line | None = None
    sentence: str = ""

    @property
    def row(self) -> tuple[Value, ...]:
        """It as values of a row."""
        return (self.line.path, self.line.line, self.line.column, self.sentence) if self.line else (None,) * 4


@dataclass(frozen=True)
class Witness:
    """Finds where notes say what a step rests on. Each note is read once."""

    network: Network
    explainer: Explainer

    def of(self, steps: Iterable[Step]) -> dict[Step, Said]:
        """The first place, by path and line, that makes each link."""
        triples = {step: self._triples(step) for step in dict.fromkeys(steps)}
        lines = self.explainer.placed(triple for some in triples.values() for triple in some)
        found = {}
        for step, some in triples.items():
            places = sorted(line for triple in some for line in lines.get(triple, ()))
            found[step] = Said(places[0], self._sentence(places[0])) if places else Said()
        return found

    def _triples(self, step: Step) -> list[ox.Triple]:
        source, target = self.network.nodes[step.source], self.network.nodes[step.target]
        if step.direction == "in":
            source, target = target, source
        name = ox.NamedNode(step.property)
        return [*self._mentions(source, target)] if name == MENTIONS else [ox.Triple(source, name, target)]

    def _mentions(self, source: ox.NamedNode, target: ox.NamedNode) -> Iterator[ox.Triple]:
        """The places within one thing that mention another, or a place in it."""
        goals = set(self._within(target))
        for place in self._within(source):
            for quad in self.explainer.store.find(place, MENTIONS, None, ox.DefaultGraph()):
                if quad.object in goals or str(getattr(quad.object, "value", "")).startswith(f"{target.value}#"):
                    yield quad.triple

    def _within(self, thing: ox.NamedNode) -> Iterator[ox.NamedNode]:
        waiting, seen = [thing], {thing}
        while waiting:
            place = waiting.pop()
            yield place
            for name in _INSIDE:
                for quad in self.explainer.store.find(place, name, None, ox.DefaultGraph()):
                    if isinstance(quad.object, ox.NamedNode) and quad.object not in seen:
                        seen.add(quad.object)
                        waiting.append(quad.object)

    def _sentence(self, line: Line) -> str:
        sentences = self._notes.get(line.path) or self._read(line.path)
        return (sentences.at(line.line, line.column) if sentences else None) or line.text

    @cached_property
    def _notes(self) -> dict[str, Sentences]:
        return {}

    def _read(self, path: str) -> Sentences | None:
        config = self.explainer.config
        note, _ = read_note(path, config.vault / path, config.max_bytes)
        if note is None:
            return None
        self._notes[path] = Sentences(note)
        return self._notes[path]


# ---- tables --------------------------------------------------------------------------------------------------------


def path_table(network: Network, explainer: Explainer, routes: Routes) -> Table:
    """A row for each step of each way."""
    steps = _Steps(network)
    ways = [steps.along(way) for way in routes.found]
    said = Witness(network, explainer).of(step for way in ways for step in way)
    rows: list[tuple[Value, ...]] = []
    for route, way in enumerate(ways, 1):
        for at, step in enumerate(way, 1):
            link = ox.NamedNode(step.property), step.direction
            ends = columns_of(network, step.source), columns_of(network, step.target)
            rows.append((*ends[0], *link, *ends[1], route, at, *said[step].row))
    return Table(("entity", "label", "property", "direction", "to", "to_label", "route", "step", *_COLUMNS), rows)


def neighbours_table(network: Network, explainer: Explainer, found: Sequence[Neighbour]) -> Table:
    """A row for each thing around one."""
    said = Witness(network, explainer).of(one.step for one in found)
    rows: list[tuple[Value, ...]] = []
    for thing, distance, step in found:
        link = step.direction, ox.NamedNode(step.property)
        rows.append((*columns_of(network, thing), distance, *link, *columns_of(network, step.source), *said[step].row))
    return Table(("entity", "label", "distance", "direction", "property", "via", "via_label", *_COLUMNS), rows)


_ARROWS = {"out": "→", "in": "←", "both": "↔"}


def told_path(table: Table, name: Callable[[Any], str]) -> str:
    """Ways for people to read: each thing under the one before it, with the sentence that leads there."""
    lines: list[str] = []
    for row in table.rows:
        one = dict(zip(table.columns, row, strict=True))
        if one["step"] == 1:
            lines += ["", name(one["entity"])]
        lines += _told(one, one["to"], "", name)
    return "\n".join(map(printable, lines[1:])) + "\n"


def told_neighbours(table: Table, name: Callable[[Any], str]) -> str:
    """What lies around a thing for people to read: by distance, with the sentence that makes the link."""
    lines: list[str] = []
    for row in table.rows:
        one = dict(zip(table.columns, row, strict=True))
        via = f"  {_ARROWS['both']} {name(one['via'])}" if one["distance"] != 1 else ""
        lines += _told(one, one["entity"], via, name)
    return "\n".join(map(printable, lines)) + "\n"


def _told(one: Mapping[str, Value], thing: Value, via: str, name: Callable[[Any], str]) -> list[str]:
    steps = f"{one['distance']} " if via else ""
    link = f"{steps}{_ARROWS[str(one['direction'])]} {name(thing)}  ({name(one['property'])}{via and ', by'}{via[3:]})"
    if one["path"] is None:
        return [link, "    inferred: kg why says from what"]
    return [link, f"    {one['path']}:{one['line']}:{one['column']}  {one['sentence']}"]
