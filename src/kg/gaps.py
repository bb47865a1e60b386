"""What is not there and might be: notes that are wanted, ends without means, single sources, circles, parts that never
meet. One table, with the kind of each gap in the column `gap` and a sentence that says it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import pyoxigraph as ox
import rustworkx as rx

from kg.analysis import Table, Value
from kg.communities import communities
from kg.findings import printable
from kg.measures import degrees
from kg.networks import LINKS, MISSING, Network
from kg.resolve import ATTACHMENTS
from kg.store import Store
from kg.terms import INFERRED, KG, METRICS, ONTOLOGY, OWL, RDF, RDFS, SKOS, Names

SMALLEST = 3
"""A community of fewer things is none that anybody would expect to be linked with another."""
EXPECTED = 3.0
"""Two parts with no link would be linked by so many if chance alone decided: that it is none has odds of one in 20."""
_DEFAULT = ox.DefaultGraph()
_APART = tuple(ox.NamedNode(graph[1:-1]) for graph in (INFERRED, ONTOLOGY, METRICS))
_ONTOLOGY = _APART[1]
_TYPE, _LABEL = ox.NamedNode(RDF + "type"), ox.NamedNode(SKOS + "prefLabel")
_BELOW, _INVERSE = ox.NamedNode(RDFS + "subPropertyOf"), ox.NamedNode(OWL + "inverseOf")
_CONCEPT, _OUTCOME, _OUTPUT, _ACHIEVED, _CONTRIBUTES, _RESOURCE = (
    ox.NamedNode(KG + name)
    for name in ("Concept", "Outcome", "Output", "achievedThrough", "contributesTo", "hasResource")
)
_ORDERS = tuple(ox.NamedNode(OWL + f"{name}Property") for name in ("Transitive", "Asymmetric", "Irreflexive"))
_SYMMETRIC = ox.NamedNode(OWL + "SymmetricProperty")
_ALWAYS = (ox.NamedNode(SKOS + "broader"), ox.NamedNode("http://purl.org/dc/terms/requires"))
_NAMED = 5


@dataclass(frozen=True)
class Gap:
    """Something that is not there: of which thing, how much it weighs, with which other thing, and in words."""

    node: ox.NamedNode
    kind: str
    count: int
    """How many notes want it, or things link to it; of a circle its things; of two parts the links to be expected."""
    other: ox.NamedNode | None
    says: str


def gaps(store: Store, network: Network, kinds: Iterable[str] = (), each: int | None = None) -> Table:
    """The gaps of some kinds, or of all: by kind, those that weigh the most first, and of each kind so many."""
    finder = _Finder(store, network)
    rows: list[tuple[Value, ...]] = []
    counts = []
    for kind in [*kinds] or KINDS:
        found = sorted(
            _FINDERS[kind](finder), key=lambda gap: (-gap.count, finder.label(gap.node), gap.node.value, gap.says)
        )
        counts += [f"{kind} {len(found):,}"] if found else []
        for gap in found[: each or None]:
            other = (gap.other, finder.label(gap.other)) if gap.other else (None, None)
            rows.append((gap.node, finder.label(gap.node), kind, gap.count, *other, gap.says))
    return Table(("entity", "label", "gap", "count", "to", "to_label", "why"), rows, says="; ".join(counts))


@dataclass(frozen=True)
class _Finder:
    store: Store
    network: Network

    def _find(self, subject: object, predicate: object, obj: object) -> Iterator[ox.Quad]:
        return self.store.find(subject, predicate, obj, _DEFAULT)

    def _of_class(self, class_: ox.NamedNode) -> list[ox.NamedNode]:
        found = {quad.subject for quad in self._find(None, _TYPE, class_)}
        return sorted((node for node in found if isinstance(node, ox.NamedNode)), key=lambda node: node.value)

    def label(self, node: ox.NamedNode) -> str:
        """What a thing is called; a section by its note's name too."""
        number = self.network.numbers.get(node)
        if number is not None:
            return self.network.labels[number]
        known = sorted(str(getattr(quad.object, "value", "")) for quad in self._find(node, _LABEL, None))
        return known[0] if known else Names(self.store.prefixes.get("n", "")).to_path(node.value) or node.value

    @cached_property
    def _into(self) -> Sequence[int]:
        return degrees(self.network).into

    def _links_to(self, node: ox.NamedNode) -> int:
        number = self.network.numbers.get(node)
        return 0 if number is None else self._into[number]

    # ---- what is wanted ------------------------------------------------------------------------------------------

    def missing(self) -> Iterator[Gap]:
        """Notes that are linked to and not written, by how many notes link to each."""
        return self._unanswered("missing-note", are_files=False)

    def files(self) -> Iterator[Gap]:
        """Files that are linked to, or shown, and not there."""
        return self._unanswered("missing-file", are_files=True)

    def _unanswered(self, kind: str, *, are_files: bool) -> Iterator[Gap]:
        for node, wanted in self._wanted():
            if _is_file(self.label(node)) == are_files:
                says = f"{_things(len(wanted), 'note')} to it: {self._names(wanted)}"
                yield Gap(node, kind, len(wanted), None, says)

    def _wanted(self) -> Iterator[tuple[ox.NamedNode, list[ox.NamedNode]]]:
        for node in self._of_class(MISSING):
            found = {quad.subject for quad in self._find(None, LINKS, node)}
            yield node, [one for one in found if isinstance(one, ox.NamedNode)]

    def _names(self, nodes: Iterable[ox.NamedNode]) -> str:
        names = sorted(map(self.label, nodes))
        return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")

    # ---- ends and means ------------------------------------------------------------------------------------------

    def outcomes(self) -> Iterator[Gap]:
        """Outcomes that no output reaches, neither stated, from whichever side, nor inferred."""
        for node in self._without(_OUTCOME, _ACHIEVED, _CONTRIBUTES):
            says = "nothing says through which output it is achieved"
            yield Gap(node, "outcome-without-output", self._links_to(node), None, says)

    def outputs(self) -> Iterator[Gap]:
        """Outputs that contribute to no outcome, neither stated, from whichever side, nor inferred."""
        for node in self._without(_OUTPUT, _CONTRIBUTES, _ACHIEVED):
            says = "nothing says to which outcome it contributes"
            yield Gap(node, "output-without-outcome", self._links_to(node), None, says)

    def _without(self, class_: ox.NamedNode, name: ox.NamedNode, inverse: ox.NamedNode) -> Iterator[ox.NamedNode]:
        """The things of a class without a property, nor its inverse from another."""
        for node in self._of_class(class_):
            ties = chain(self._find(node, name, None), self._find(None, inverse, node))
            if not any(True for _ in ties):
                yield node

    def sources(self) -> Iterator[Gap]:
        """Concepts that rest on one work alone: works of one title are one, wherever they are listed."""
        for node in self._of_class(_CONCEPT):
            works = {quad.object for quad in self._find(node, _RESOURCE, None)}
            named = sorted((self.label(one), one.value, one) for one in works if isinstance(one, ox.NamedNode))
            if len({label.lower() for label, _, _ in named}) == 1:
                links = self._links_to(node)
                yield Gap(
                    node,
                    "single-source",
                    links,
                    named[0][2],
                    f"{_things(links, 'thing')} to it, and it rests on “{self.label(named[0][2])}” alone",
                )

    # ---- circles -------------------------------------------------------------------------------------------------

    def circles(self) -> Iterator[Gap]:
        """Circles in relations that are orders: of skos:broader, dcterms:requires and what the ontology declares
        transitive, asymmetric or irreflexive. Each strongly connected part is told once, by its shortest circle.

        Tarjan, Depth-first search and linear graph algorithms, 1972.
        """
        seen: set[frozenset[ox.NamedNode]] = set()
        for name in self._orders():
            edges = self._edges(name)
            for circle, members in _circles(edges):
                if members not in seen:
                    seen.add(members)
                    names = " → ".join(self.label(node) for node in (*circle, circle[0]))
                    stated = edges[circle[0], circle[1 % len(circle)]]
                    says = f"{self._called(stated)} goes round in a circle: {names}"
                    yield Gap(circle[0], "circle", len(members), circle[1] if len(circle) > 1 else None, says)

    def _orders(self) -> list[ox.NamedNode]:
        def declared(class_: ox.NamedNode) -> set[object]:
            return {quad.subject for quad in self.store.find(None, _TYPE, class_, _ONTOLOGY)}

        found = {name for class_ in _ORDERS for name in declared(class_)} - declared(_SYMMETRIC)
        named = {name for name in found if isinstance(name, ox.NamedNode)}
        return [*_ALWAYS, *sorted(named - {*_ALWAYS}, key=lambda name: name.value)]

    def _edges(self, order: ox.NamedNode) -> dict[tuple[ox.NamedNode, ox.NamedNode], ox.NamedNode]:
        """What notes state by a property, those below it and the inverses of these, each turned its way."""
        found: dict[tuple[ox.NamedNode, ox.NamedNode], ox.NamedNode] = {}
        for name, turned in self._ways_to_say(order):
            inferred = {(q.subject, q.object) for graph in _APART for q in self.store.find(None, name, None, graph)}
            for quad in self._find(None, name, None):
                ends = quad.subject, quad.object
                if ends not in inferred and isinstance(ends[0], ox.NamedNode) and isinstance(ends[1], ox.NamedNode):
                    found.setdefault((ends[1], ends[0]) if turned else (ends[0], ends[1]), name)
        return found

    def _ways_to_say(self, order: ox.NamedNode) -> list[tuple[ox.NamedNode, bool]]:
        """Properties that say an order, and whether they say it the other way round."""
        found, waiting = {(order, False): None}, [(order, False)]
        while waiting:
            name, turned = waiting.pop(0)
            asked = (
                (turned, (q.subject for q in self.store.find(None, _BELOW, name, _ONTOLOGY))),
                (not turned, (q.subject for q in self.store.find(None, _INVERSE, name, _ONTOLOGY))),
                (not turned, (q.object for q in self.store.find(name, _INVERSE, None, _ONTOLOGY))),
            )
            rows = [(one, way) for way, terms in asked for one in terms if isinstance(one, ox.NamedNode)]
            for one, way in sorted(rows, key=str):
                if (one, way) not in found:
                    found[one, way] = None
                    waiting.append((one, way))
        return list(found)

    def _called(self, name: ox.NamedNode) -> str:
        labels = (quad.object for quad in self._find(name, ox.NamedNode(RDFS + "label"), None))
        found = sorted((one.language not in {None, "en"}, one.value) for one in labels if isinstance(one, ox.Literal))
        return f"“{found[0][1]}”" if found else f"<{name.value}>"

    # ---- parts that never meet -----------------------------------------------------------------------------------

    def parts(self) -> Iterator[Gap]:
        """Communities between which there is no link, though there would be if links fell where they may.

        How many would be: the product of the communities' degrees over twice the number of links, as in modularity
        (Newman and Girvan, Finding and evaluating community structure in networks, 2004).
        """
        found = [part for part in communities(self.network) if len(part) >= SMALLEST]
        of = {n: at for at, part in enumerate(found) for n in part}
        degree: Counter[int] = Counter()
        meeting: set[tuple[int, int]] = set()
        for one, other in self.network.edges:
            degree.update(of[n] for n in (one, other) if n in of)
            if one in of and other in of:
                meeting.add((min(of[one], of[other]), max(of[one], of[other])))
        total = 2 * len(self.network.edges)
        for a in range(len(found)):
            for b in range(a + 1, len(found)):
                expected = degree[a] * degree[b] / total if total else 0.0
                if (a, b) not in meeting and expected >= EXPECTED:
                    yield self._parted(found[a], found[b], expected)

    def _parted(self, one: Sequence[int], other: Sequence[int], expected: float) -> Gap:
        first, second = self._chief(one), self._chief(other)
        said = [
            f"“{self.network.labels[chief]}” and {len(part) - 1} more"
            for chief, part in ((first, one), (second, other))
        ]
        says = f"no link between {said[0]}, and {said[1]}; by chance there would be {expected:.1f}"
        return Gap(self.network.nodes[first], "apart", round(expected), self.network.nodes[second], says)

    def _chief(self, part: Sequence[int]) -> int:
        """The thing that a part is named by: what is tied to most in it."""
        members = set(part)
        return max(part, key=lambda n: (sum(m in members for m in self.network.undirected.neighbors(n)), -n))


def told(table: Table, name: Callable[[Any], str]) -> str:
    """Gaps for people to read: each kind with its gaps below it, how much each weighs first."""
    lines: list[str] = []
    kind: Value = ""
    for node, _, found, count, _, _, why in table.rows:
        if found != kind:
            lines.append(str(found))
            kind = found
        lines.append(f"{count:>5}  {name(node)}: {why}")
    return "\n".join(map(printable, lines)) + "\n"


def _circles(
    edges: Mapping[tuple[ox.NamedNode, ox.NamedNode], object],
) -> Iterator[tuple[list[ox.NamedNode], frozenset[ox.NamedNode]]]:
    """Of each strongly connected part its shortest circle through its first thing, and all its things."""
    nodes = sorted({node for edge in edges for node in edge}, key=lambda node: node.value)
    numbers = {node: n for n, node in enumerate(nodes)}
    graph: rx.PyDiGraph[int, None] = rx.PyDiGraph()
    graph.add_nodes_from(range(len(nodes)))
    graph.add_edges_from([(numbers[a], numbers[b], None) for a, b in edges])
    for part in sorted(map(sorted, rx.strongly_connected_components(graph))):
        first = part[0]
        if len(part) == 1 and not graph.has_edge(first, first):
            continue
        yield [nodes[n] for n in _circle(graph, first)], frozenset(nodes[n] for n in part)


def _circle(graph: "rx.PyDiGraph[int, None]", first: int) -> list[int]:
    """The shortest way from a thing back to it, by the first things where several are as short."""
    if graph.has_edge(first, first):
        return [first]
    back = graph.copy()
    back.reverse()
    ahead = {first: 0.0} | dict(rx.dijkstra_shortest_path_lengths(back, first, lambda _: 1.0).items())
    way = [first]
    while True:
        here = min((n for n in graph.successor_indices(way[-1]) if n in ahead), key=lambda n: (ahead[n], n))
        if here == first:
            return way
        way.append(here)


def _is_file(label: str) -> bool:
    """Whether a name is that of a file that is no note."""
    return label.rpartition(".")[2].lower() in ATTACHMENTS if "." in label else False


def _things(number: int, noun: str) -> str:
    return f"{number:,} {noun} links" if number == 1 else f"{number:,} {noun}s link"


_FINDERS: Mapping[str, Callable[[_Finder], Iterator[Gap]]] = {
    "missing-note": _Finder.missing,
    "missing-file": _Finder.files,
    "outcome-without-output": _Finder.outcomes,
    "output-without-outcome": _Finder.outputs,
    "single-source": _Finder.sources,
    "circle": _Finder.circles,
    "apart": _Finder.parts,
}
KINDS = tuple(_FINDERS)
