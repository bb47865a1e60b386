"""The dataset of a store as a push compares and sends it: N-Triples lines by graph."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

import pyoxigraph as ox

from kg.rdf.vocabulary import DEFAULT_GRAPH
from kg.remote.dialects import Dialect, Line, canonical
from kg.remote.manifest import GraphState
from kg.store.store import Store

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LocalDataset:
    """A store, in the form that a server accepts."""

    store: Store
    dialect: Dialect

    def rows(self, graph: str) -> set[Line]:
        """The triples of a graph."""
        return set(map(self.dialect.keeps, _lines(self.store, graph)))

    def has(self, line: Line) -> bool:
        """Whether any graph has a triple, in whatever form the server writes its number or language."""
        (triple,) = [quad.triple for quad in ox.parse(line, ox.RdfFormat.N_TRIPLES)]
        find, default = self.store.find, DEFAULT_GRAPH
        if any(find(triple.subject, triple.predicate, triple.object, default)):
            return True
        if not isinstance(triple.object, ox.Literal):
            return False
        form, keeps = canonical(line), self.dialect.keeps
        candidates = find(triple.subject, triple.predicate, None, default)
        return any(canonical(keeps(f"{quad.triple} .")) == form for quad in candidates)


def states(store: Store, progress: Progress) -> dict[str, GraphState]:
    """The named graphs of a store with their states."""
    # Oxigraph also lists graphs that lost all their triples.
    graphs = sorted(str(row[0]) for row in store.solutions("SELECT DISTINCT ?g { GRAPH ?g { } }"))
    result = {}
    for number, graph in enumerate(graphs):
        progress("comparing", number, len(graphs))
        result[graph] = _state(_lines(store, graph))
    return {graph: state for graph, state in result.items() if state.triples}


def written(statements: Iterable[ox.Triple] | Iterable[ox.Quad], format_: ox.RdfFormat) -> list[Line]:
    """Statements as the lines of a format."""
    return (ox.serialize(statements, format=format_) or b"").decode().split("\n")[:-1]


def _lines(store: Store, graph: str) -> list[Line]:
    """The triples of a graph of the store."""
    name = ox.NamedNode(graph[1:-1]) if graph else DEFAULT_GRAPH
    # Oxigraph serializes quads directly; triples would have to be created from them first.
    suffix = len(f" {graph} .") if graph else len(" .")
    return [f"{line[:-suffix]} ." for line in written(store.find(None, None, None, name), ox.RdfFormat.N_QUADS)]


def _state(lines: Iterable[Line]) -> GraphState:
    """The number of triples and a digest that does not depend on their order."""
    ordered = sorted(lines)
    return GraphState(len(ordered), blake2b("\n".join(ordered).encode(), digest_size=16).hexdigest())
