"""What of a store is exported: all of it, or the things and links that somebody chose."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg import sparql
from kg.errors import KgError
from kg.exports import Export
from kg.naming import Naming
from kg.networks import LINKS, Link, Network, read
from kg.store import Store
from kg.terms import INFERRED, METRICS, RDF, SKOS

_TYPE, _LABEL = ox.NamedNode(RDF + "type"), ox.NamedNode(SKOS + "prefLabel")
_DEFAULT = ox.DefaultGraph()


@dataclass(frozen=True)
class Choice:
    """What is wanted of a store."""

    classes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    """Names of things; what can be reached from one of them is wanted too, in either direction."""
    depth: int = 1
    """In so many steps."""
    query: str | None = None
    """A CONSTRUCT gives the triples, a SELECT names the things."""
    inferred: bool = True
    metrics: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out but by its graph."""
        return not (self.classes or self.links or self.around or self.query)


def export(store: Store, naming: Callable[[], Naming], choice: Choice, title: str, vault: Path | None) -> Export:
    """What is wanted of a store; `naming` is asked for only where names are given.

    Raises KgError, NotFound, QuerySyntaxError.
    """
    return _Chooser(store, naming, choice).export(title, vault)


@dataclass(frozen=True)
class _Chooser:
    store: Store
    naming: Callable[[], Naming]
    choice: Choice

    def export(self, title: str, vault: Path | None) -> Export:
        answer = sparql.query(self.store, self.choice.query) if self.choice.query else None
        if answer and answer.kind == "ask":
            raise KgError("the query asks whether something is so: a CONSTRUCT or a SELECT can say what to export")
        more = self.choice.metrics, vault, title
        if answer and answer.kind == "graph":
            triples = list(dict.fromkeys(answer.triples()))
            made = self._near(_network_of(self.store, triples))
            return Export(self.store, lambda: made, lambda: _lines(triples), None, *more)
        if self.choice.is_everything:
            return Export(self.store, self._read, self._everything, self._quads, *more)
        network = self._read()
        if answer:
            named = {term for row in answer.terms() for term in row if isinstance(term, ox.NamedNode)}
            network = network.within(n for n, node in enumerate(network.nodes) if node in named)
        network = self._near(network)
        kept = frozenset(network.nodes)
        properties = frozenset(link.property for link in network.links)
        return Export(self.store, lambda: network, lambda: _lines(self._about(kept, properties)), None, *more)

    def _read(self) -> Network:
        return read(self.store, links=self.choice.links, classes=self.choice.classes, inferred=self.choice.inferred)

    def _near(self, network: Network) -> Network:
        """What is within so many steps of the things that are named."""
        if not self.choice.around:
            return network
        starts, naming = set(), self.naming()
        for name in self.choice.around:
            number = network.numbers.get(naming.thing(name))
            if number is None:
                raise KgError(f"“{name}” is not among what is exported")
            starts.add(number)
        beside: dict[int, set[int]] = {}
        for one, other in network.pairs:
            beside.setdefault(one, set()).add(other)
            beside.setdefault(other, set()).add(one)
        reached, edge = set(starts), set(starts)
        for _ in range(self.choice.depth):
            edge = {other for one in edge for other in beside.get(one, ())} - reached
            reached |= edge
        return network.within(reached)

    # ---- triples -------------------------------------------------------------------------------------------------

    @property
    def _apart(self) -> tuple[ox.NamedNode, ...]:
        """The graphs that are left out."""
        names = (() if self.choice.inferred else (INFERRED,)) + (() if self.choice.metrics else (METRICS,))
        return tuple(ox.NamedNode(name[1:-1]) for name in names)

    def _everything(self) -> list[bytes]:
        apart = {line for graph in self._apart for line in self.store.lines(graph)}
        lines = self.store.lines()
        return [line for line in lines if line not in apart] if apart else lines

    def _quads(self) -> list[bytes]:
        return self.store.quad_lines(self._apart)

    def _about(self, kept: frozenset[ox.NamedNode], properties: frozenset[str]) -> Iterator[ox.Triple]:
        """What is said of chosen things: texts and classes, and the chosen links between them."""
        apart = {quad.triple for graph in self._apart for quad in self.store.find(None, None, None, graph)}
        for node in sorted(kept, key=lambda one: one.value):
            for quad in self.store.find(node, None, None, _DEFAULT):
                triple = quad.triple
                is_link = triple.object in kept and triple.predicate.value in properties
                if (
                    is_link or triple.predicate == _TYPE or isinstance(triple.object, ox.Literal)
                ) and triple not in apart:
                    yield triple


def _lines(triples: Iterable[ox.Triple]) -> list[bytes]:
    return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True)


def _network_of(store: Store, triples: Iterable[ox.Triple]) -> Network:
    """The network that triples make: each IRI is a thing, but for classes; labels and classes are also the store's."""
    classes: dict[ox.NamedNode, set[str]] = {}
    labels: dict[ox.NamedNode, str] = {}
    links: set[tuple[ox.NamedNode, ox.NamedNode, str]] = set()
    for subject, predicate, obj in triples:
        if not isinstance(subject, ox.NamedNode):
            continue
        classes.setdefault(subject, set())
        if predicate == _TYPE and isinstance(obj, ox.NamedNode):
            classes[subject].add(obj.value)
        elif predicate == _LABEL and isinstance(obj, ox.Literal):
            labels[subject] = min(obj.value, labels.get(subject, obj.value))
        elif isinstance(obj, ox.NamedNode):
            classes.setdefault(obj, set())
            if subject != obj:
                links.add((subject, obj, predicate.value))
    known = read(store, links=(LINKS.value,))
    for node in classes:
        number = known.numbers.get(node)
        if number is not None:
            classes[node] |= set(known.classes[number])
            labels.setdefault(node, known.labels[number])
    nodes = tuple(sorted(classes, key=lambda node: node.value))
    at = {node: number for number, node in enumerate(nodes)}
    made = sorted(Link(at[one], at[other], name, 1) for one, other, name in links)
    called = tuple(labels.get(node) or node.value for node in nodes)
    return Network(nodes, called, tuple(tuple(sorted(classes[node])) for node in nodes), tuple(made), store.prefixes)
