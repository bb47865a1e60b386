"""Select the data of an export: the whole store, or chosen nodes and links."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.analysis.network import Network, NetworkLink
from kg.analysis.network_reader import read
from kg.core.errors import KgError
from kg.export.formats import Export
from kg.export.grouping import query_groups
from kg.rdf.terms import INFERRED, METRICS
from kg.rdf.vocabulary import LINKS_TO, PREF_LABEL, TYPE
from kg.sparql import query as sparql
from kg.store.project import Project
from kg.store.store import Store


@dataclass(frozen=True)
class Choice:
    """The options of a selection."""

    classes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    """Names of nodes; nodes that are reachable from them in either direction are selected, too."""
    depth: int = 1
    """The maximum distance from the nodes of `around`, in links."""
    query: str | None = None
    """A CONSTRUCT query returns the triples; a SELECT query returns the nodes."""
    inferred: bool = True
    metrics: bool = False
    group_by: tuple[str, str] | None = None
    """The name and the text of a query that returns things and their groups."""

    @property
    def is_everything(self) -> bool:
        """Whether the selection excludes at most whole graphs."""
        return not (self.classes or self.links or self.around or self.query)


def export(project: Project, choice: Choice, title: str, vault: Path | None) -> Export:
    """The export of a selection. Raises KgError, NotFound, QuerySyntaxError."""
    return _Chooser(project, choice).export(title, vault)


@dataclass(frozen=True)
class _Chooser:
    project: Project
    choice: Choice

    @property
    def store(self) -> Store:
        return self.project.store

    def export(self, title: str, vault: Path | None) -> Export:
        answer = sparql.query(self.store, self.choice.query) if self.choice.query else None
        if answer and answer.kind == "ask":
            raise KgError("the query asks whether something is so: a CONSTRUCT or a SELECT can say what to export")
        groups = query_groups(self.project, *self.choice.group_by) if self.choice.group_by else None
        chosen = bool(self.choice.classes or self.choice.links or self.choice.query)
        settings: dict[str, Any] = {
            "metrics": self.choice.metrics,
            "vault": vault,
            "title": title,
            "is_chosen": chosen,
            "project": self.project,
            "groups": groups,
        }
        if answer and answer.kind == "graph":
            triples = list(dict.fromkeys(answer.triples()))
            neighbourhood = self._near(_network_of(self.store, triples))
            return Export(self.store, lambda: neighbourhood, lambda: _lines(triples), None, **settings)
        if self.choice.is_everything:
            return Export(self.store, self._read, self._everything, self._quads, **settings)
        network = self._read()
        if answer:
            named = {term for row in answer.terms() for term in row if isinstance(term, ox.NamedNode)}
            network = network.within(n for n, node in enumerate(network.nodes) if node in named)
        network = self._near(network)
        kept = frozenset(network.nodes)
        properties = frozenset(link.property for link in network.links)
        return Export(self.store, lambda: network, lambda: _lines(self._about(kept, properties)), None, **settings)

    def _read(self) -> Network:
        return read(self.store, links=self.choice.links, classes=self.choice.classes, inferred=self.choice.inferred)

    def _near(self, network: Network) -> Network:
        """The nodes within `depth` links of the nodes of `around`."""
        if not self.choice.around:
            return network
        starts, names = set(), self.project.lookup
        for name in self.choice.around:
            number = network.numbers.get(names.thing(name))
            if number is None:
                raise KgError(f"“{name}” is not part of the export")
            starts.add(number)
        neighbours: dict[int, set[int]] = {}
        for node, neighbour in network.pairs:
            neighbours.setdefault(node, set()).add(neighbour)
            neighbours.setdefault(neighbour, set()).add(node)
        reached, frontier = set(starts), set(starts)
        for _ in range(self.choice.depth):
            frontier = {neighbour for node in frontier for neighbour in neighbours.get(node, ())} - reached
            reached |= frontier
        return network.within(reached)

    # ---- triples -------------------------------------------------------------------------------------------------

    @property
    def _apart(self) -> tuple[ox.NamedNode, ...]:
        """The excluded graphs."""
        names = (() if self.choice.inferred else (INFERRED,)) + (() if self.choice.metrics else (METRICS,))
        return tuple(ox.NamedNode(name[1:-1]) for name in names)

    def _everything(self) -> list[bytes]:
        excluded = {line for graph in self._apart for line in self.store.lines(graph)}
        lines = self.store.lines()
        return [line for line in lines if line not in excluded] if excluded else lines

    def _quads(self) -> list[bytes]:
        return self.store.quad_lines(self._apart)

    def _about(self, kept: frozenset[ox.NamedNode], properties: frozenset[str]) -> Iterator[ox.Triple]:
        """The triples of the selected nodes: literals and classes, and the selected links between the nodes."""
        excluded = {quad.triple for graph in self._apart for quad in self.store.find(None, None, None, graph)}
        for node in sorted(kept, key=lambda term: term.value):
            for triple in self.store.triples(node, None, None):
                is_link = triple.object in kept and triple.predicate.value in properties
                if (
                    is_link or triple.predicate == TYPE or isinstance(triple.object, ox.Literal)
                ) and triple not in excluded:
                    yield triple


def _lines(triples: Iterable[ox.Triple]) -> list[bytes]:
    return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True)


def _network_of(store: Store, triples: Iterable[ox.Triple]) -> Network:
    """The network of triples: each IRI except a class is a node; the store adds labels and classes."""
    classes: dict[ox.NamedNode, set[str]] = {}
    labels: dict[ox.NamedNode, str] = {}
    links: set[tuple[ox.NamedNode, ox.NamedNode, str]] = set()
    for subject, predicate, obj in triples:
        if not isinstance(subject, ox.NamedNode):
            continue
        classes.setdefault(subject, set())
        if predicate == TYPE and isinstance(obj, ox.NamedNode):
            classes[subject].add(obj.value)
        elif predicate == PREF_LABEL and isinstance(obj, ox.Literal):
            labels[subject] = min(obj.value, labels.get(subject, obj.value))
        elif isinstance(obj, ox.NamedNode):
            classes.setdefault(obj, set())
            if subject != obj:
                links.add((subject, obj, predicate.value))
    stored = read(store, links=(LINKS_TO.value,))
    for node in classes:
        number = stored.numbers.get(node)
        if number is not None:
            classes[node] |= set(stored.classes[number])
            labels.setdefault(node, stored.labels[number])
    nodes = tuple(sorted(classes, key=lambda node: node.value))
    numbers = {node: number for number, node in enumerate(nodes)}
    numbered = sorted(NetworkLink(numbers[source], numbers[target], name, 1) for source, target, name in links)
    names = tuple(labels.get(node) or node.value for node in nodes)
    return Network(nodes, names, tuple(tuple(sorted(classes[node])) for node in nodes), tuple(numbered), store.prefixes)
