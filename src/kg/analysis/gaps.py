"""Gaps in the network: missing notes and files, cycles, parts that no link connects, and what queries find.

In the table, the column `gap` has the kind of each gap, and a sentence explains it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pyoxigraph as ox
import rustworkx as rx

from kg.analysis.communities import communities
from kg.analysis.measures import degrees
from kg.analysis.network import Network
from kg.analysis.tables import Table, Value
from kg.core.errors import KgError, NotFound, QuerySyntaxError
from kg.core.escaping import printable
from kg.core.limits import Limits, limited
from kg.core.spelling import did_you_mean, nearest
from kg.mapping.link_resolution import ATTACHMENTS
from kg.rdf.terms import OWL
from kg.rdf.vocabulary import (
    BROADER,
    INVERSE_OF,
    LABEL,
    LINKS_TO,
    MISSING,
    ONTOLOGY_GRAPH,
    OWN_GRAPHS,
    SUB_PROPERTY_OF,
    TYPE,
)
from kg.sparql import query as sparql
from kg.sparql.library import NamedQuery, library
from kg.store.name_meanings import NameMeanings
from kg.store.project import Project
from kg.store.store import Store
from kg.store.thing_names import ThingNames

SMALLEST = 3
"""A community with fewer nodes is too small to expect a link to another."""
EXPECTED = 3.0
"""A gap between two parts: chance would give them this many links or more, so the odds of none are 1 in 20 at most."""
_ORDERS = tuple(ox.NamedNode(OWL + f"{name}Property") for name in ("Transitive", "Asymmetric", "Irreflexive"))
_SYMMETRIC = ox.NamedNode(OWL + "SymmetricProperty")
_ALWAYS = (BROADER, ox.NamedNode("http://purl.org/dc/terms/requires"))
_NAMED = 5


@dataclass(frozen=True)
class Gap:
    """A gap: the thing that has it, its weight, the other thing involved, and a sentence."""

    node: ox.NamedNode
    kind: str
    count: int
    """The notes or things that link to it; for a cycle its nodes; for two parts the expected links."""
    target: ox.NamedNode | None
    says: str


def gaps(store: Store, network: Network, kinds: Collection[str] = (), each: int | None = None) -> Table:
    """Return the gaps of `kinds`, or of all: by kind, heaviest first, and at most `each` per kind.

    Each query in the library's folder `gaps` is a kind. Raises NotFound, KgError.
    """
    finder = _Finder(store, network)
    finders = _finders(finder)
    unknown = next((kind for kind in kinds if kind not in finders), None)
    if unknown is not None:
        hint = did_you_mean(nearest(unknown, finders)) or f"; the kinds are {', '.join(finders)}"
        raise NotFound(f"no kind of gap is named “{unknown}”{hint}")
    rows: list[tuple[Value, ...]] = []
    counts = []
    for kind in [*kinds] or finders:
        ranked = sorted(finders[kind](), key=lambda gap: (-gap.count, finder.label(gap.node), gap.node.value, gap.says))
        counts += [f"{kind} {len(ranked):,}"] if ranked else []
        for gap in ranked[: each or None]:
            target = (gap.target, finder.label(gap.target)) if gap.target else (None, None)
            rows.append((gap.node, finder.label(gap.node), kind, gap.count, *target, gap.says))
    return Table(("entity", "label", "gap", "count", "to", "to_label", "why"), rows, says="; ".join(counts))


@dataclass(frozen=True)
class _Finder:
    store: Store
    network: Network

    def _of_class(self, class_: ox.NamedNode) -> list[ox.NamedNode]:
        subjects = {quad.subject for quad in self.store.triples(None, TYPE, class_)}
        return sorted((node for node in subjects if isinstance(node, ox.NamedNode)), key=lambda node: node.value)

    def label(self, node: ox.NamedNode) -> str:
        """The name of a thing."""
        number = self.network.numbers.get(node)
        return self.things.name(node) if number is None else self.network.labels[number]

    @cached_property
    def things(self) -> ThingNames:
        """The names of the things in the store."""
        return ThingNames(NameMeanings.of(self.store))

    @cached_property
    def _into(self) -> Sequence[int]:
        return degrees(self.network).into

    def _links_to(self, node: ox.NamedNode) -> int:
        number = self.network.numbers.get(node)
        return 0 if number is None else self._into[number]

    # ---- missing notes and files ---------------------------------------------------------------------------------

    def missing(self) -> Iterator[Gap]:
        """Notes that are linked to but not written, with the number of notes that link to each."""
        return self._unanswered("missing-note", are_files=False)

    def files(self) -> Iterator[Gap]:
        """Files that are linked to or embedded but do not exist."""
        return self._unanswered("missing-file", are_files=True)

    def _unanswered(self, kind: str, *, are_files: bool) -> Iterator[Gap]:
        for node, sources in self._wanted():
            if _is_file(self.label(node)) == are_files:
                says = f"{_things(len(sources), 'note')} to it: {self._names(sources)}"
                yield Gap(node, kind, len(sources), None, says)

    def _wanted(self) -> Iterator[tuple[ox.NamedNode, list[ox.NamedNode]]]:
        for node in self._of_class(MISSING):
            subjects = {quad.subject for quad in self.store.triples(None, LINKS_TO, node)}
            yield node, [subject for subject in subjects if isinstance(subject, ox.NamedNode)]

    def _names(self, nodes: Iterable[ox.NamedNode]) -> str:
        names = sorted(map(self.label, nodes))
        return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")

    def of_query(self, query: NamedQuery, limits: Limits) -> Iterator[Gap]:
        """The gaps that a query finds: `?entity`, why it is a gap, and `?to`, the other thing, if there is one."""
        with limited(f"the query gaps/{query.name}.rq", limits):
            try:
                answer = sparql.query(self.store, query.text)
            except QuerySyntaxError as error:
                raise KgError(f"{query.path}:{error.line}:{error.column}: {error}") from error
            if answer.kind != "select" or "entity" not in answer.variables:
                raise KgError(f"{query.path}: a query for gaps must select ?entity")
            rows = [dict(zip(answer.variables, terms, strict=True)) for terms in answer.terms()]
        for row in rows:
            node, target, why = row.get("entity"), row.get("to"), row.get("why")
            if isinstance(node, ox.NamedNode):
                target = target if isinstance(target, ox.NamedNode) else None
                yield Gap(
                    node, query.name, self._links_to(node), target, why.value if isinstance(why, ox.Literal) else ""
                )

    # ---- cycles --------------------------------------------------------------------------------------------------

    def circles(self) -> Iterator[Gap]:
        """Cycles in order relations: skos:broader, dcterms:requires, and properties that the ontology declares
        transitive, asymmetric or irreflexive. Each strongly connected component is reported once, by its shortest
        cycle.

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
                    says = f"{self._called(stated)} leads in a circle: {names}"
                    yield Gap(circle[0], "circle", len(members), circle[1] if len(circle) > 1 else None, says)

    def _orders(self) -> list[ox.NamedNode]:
        def declared(class_: ox.NamedNode) -> set[object]:
            return {quad.subject for quad in self.store.find(None, TYPE, class_, ONTOLOGY_GRAPH)}

        subjects = {name for class_ in _ORDERS for name in declared(class_)} - declared(_SYMMETRIC)
        orders = {name for name in subjects if isinstance(name, ox.NamedNode)}
        return [*_ALWAYS, *sorted(orders - {*_ALWAYS}, key=lambda name: name.value)]

    def _edges(self, order: ox.NamedNode) -> dict[tuple[ox.NamedNode, ox.NamedNode], ox.NamedNode]:
        """The asserted edges of a property, its subproperties and their inverses, all in the property's direction."""
        edges: dict[tuple[ox.NamedNode, ox.NamedNode], ox.NamedNode] = {}
        for name, turned in self._ways_to_say(order):
            inferred = {(q.subject, q.object) for graph in OWN_GRAPHS for q in self.store.find(None, name, None, graph)}
            for quad in self.store.triples(None, name, None):
                ends = quad.subject, quad.object
                if ends not in inferred and isinstance(ends[0], ox.NamedNode) and isinstance(ends[1], ox.NamedNode):
                    edges.setdefault((ends[1], ends[0]) if turned else (ends[0], ends[1]), name)
        return edges

    def _ways_to_say(self, order: ox.NamedNode) -> list[tuple[ox.NamedNode, bool]]:
        """The properties that express an order, and whether each expresses it in reverse."""
        directions, waiting = {(order, False): None}, [(order, False)]
        while waiting:
            name, turned = waiting.pop(0)
            related = (
                (turned, (q.subject for q in self.store.find(None, SUB_PROPERTY_OF, name, ONTOLOGY_GRAPH))),
                (not turned, (q.subject for q in self.store.find(None, INVERSE_OF, name, ONTOLOGY_GRAPH))),
                (not turned, (q.object for q in self.store.find(name, INVERSE_OF, None, ONTOLOGY_GRAPH))),
            )
            rows = [(term, reverse) for reverse, terms in related for term in terms if isinstance(term, ox.NamedNode)]
            for term, reverse in sorted(rows, key=str):
                if (term, reverse) not in directions:
                    directions[term, reverse] = None
                    waiting.append((term, reverse))
        return list(directions)

    def _called(self, name: ox.NamedNode) -> str:
        labels = (quad.object for quad in self.store.triples(name, LABEL, None))
        ranked = sorted(
            (label.language not in {None, "en"}, label.value) for label in labels if isinstance(label, ox.Literal)
        )
        return f"“{ranked[0][1]}”" if ranked else f"<{name.value}>"

    # ---- unconnected parts ---------------------------------------------------------------------------------------

    def parts(self) -> Iterator[Gap]:
        """Pairs of communities without a link between them, although random links would connect them.

        The expected number of links is the product of the communities' degrees over twice the number of links, as in
        modularity (Newman and Girvan, Finding and evaluating community structure in networks, 2004).
        """
        parts = [part for part in communities(self.network) if len(part) >= SMALLEST]
        part_of = {n: at for at, part in enumerate(parts) for n in part}
        degree: Counter[int] = Counter()
        linked: set[tuple[int, int]] = set()
        for source, target in self.network.edges:
            degree.update(part_of[n] for n in (source, target) if n in part_of)
            if source in part_of and target in part_of:
                linked.add((min(part_of[source], part_of[target]), max(part_of[source], part_of[target])))
        total = 2 * len(self.network.edges)
        for a in range(len(parts)):
            for b in range(a + 1, len(parts)):
                expected = degree[a] * degree[b] / total if total else 0.0
                if (a, b) not in linked and expected >= EXPECTED:
                    yield self._parted(parts[a], parts[b], expected)

    def _parted(self, left: Sequence[int], right: Sequence[int], expected: float) -> Gap:
        first, second = self._chief(left), self._chief(right)
        descriptions = [
            f"“{self.network.labels[chief]}” and {len(part) - 1} more"
            for chief, part in ((first, left), (second, right))
        ]
        says = f"no link between {descriptions[0]}, and {descriptions[1]}; by chance there would be {expected:.1f}"
        return Gap(self.network.nodes[first], "apart", round(expected), self.network.nodes[second], says)

    def _chief(self, part: Sequence[int]) -> int:
        """The node that a part is named after: the node with the most neighbours in it."""
        members = set(part)
        return max(part, key=lambda n: (sum(m in members for m in self.network.undirected.neighbors(n)), -n))


def as_text(table: Table, name: Callable[[Any], str]) -> str:
    """Format the gaps as text: each kind with its gaps below it, and the weight of each first."""
    lines: list[str] = []
    kind: Value = ""
    for node, _, row_kind, count, _, _, why in table.rows:
        if row_kind != kind:
            lines.append(str(row_kind))
            kind = row_kind
        lines.append(f"{count:>5}  {name(node)}: {why}")
    return "\n".join(map(printable, lines)) + "\n"


def _circles(
    edges: Mapping[tuple[ox.NamedNode, ox.NamedNode], object],
) -> Iterator[tuple[list[ox.NamedNode], frozenset[ox.NamedNode]]]:
    """For each strongly connected component, the shortest cycle through its first node, and all its nodes."""
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
    """The shortest cycle through a node; the lowest node numbers break ties."""
    if graph.has_edge(first, first):
        return [first]
    backwards = graph.copy()
    backwards.reverse()
    distances = {first: 0.0} | dict(rx.dijkstra_shortest_path_lengths(backwards, first, lambda _: 1.0).items())
    path = [first]
    while True:
        following = min(
            (n for n in graph.successor_indices(path[-1]) if n in distances), key=lambda n: (distances[n], n)
        )
        if following == first:
            return path
        path.append(following)


def _is_file(label: str) -> bool:
    """Whether a label is the name of an attachment, not of a note."""
    return label.rpartition(".")[2].lower() in ATTACHMENTS if "." in label else False


def _things(number: int, noun: str) -> str:
    return f"{number:,} {noun} links" if number == 1 else f"{number:,} {noun}s link"


def _finders(finder: _Finder) -> dict[str, Callable[[], Iterator[Gap]]]:
    """The function that finds the gaps of each kind, in the order of the table."""
    config = Project.of(finder.store).config
    return {
        "missing-note": finder.missing,
        "missing-file": finder.files,
        **{name: partial(finder.of_query, query, config.limits) for name, query in library(config, "gaps").items()},
        "circle": finder.circles,
        "apart": finder.parts,
    }
