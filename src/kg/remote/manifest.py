"""The state of a vault's copy on a server: its manifest, and the number of triples of each graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kg.core.errors import KgError
from kg.remote.endpoint import Endpoint

FORMAT = "kg push 1"
"""The format that a manifest states; it identifies the manifest of any vault."""
DEFAULT = ""
"""The name of the default graph among the names of graphs."""


class ServerNames:
    """The graphs and properties that a push uses on the server, under the vault's base IRI."""

    def __init__(self, base: str) -> None:
        self.manifest = f"<{base}#push>"
        self.format = f"<{base}#push/format>"
        self.default = f"<{base}#push/default>"
        self.state = f"<{base}#push/state>"
        self.standing_for_default = f"<{base}#default>"
        self.come, self.gone, self.lost = (f"<{base}#push/{name}>" for name in ("come", "gone", "lost"))
        self.staging = self.come, self.gone, self.lost
        self.header = f'{self.manifest} {self.format} "{FORMAT}"'


class GraphState(NamedTuple):
    """The state of a graph, as in a row of the manifest."""

    triples: int
    digest: str

    def __str__(self) -> str:
        return f"{self.triples} {self.digest}"


@dataclass(frozen=True)
class ServerState:
    """The state of a server."""

    default_graph: str | None
    """The graph in the role of the default graph, according to the manifest."""
    rows: Mapping[str, frozenset[str]]
    """The states in the manifest by graph; each should be a single state."""
    counts: Mapping[str, int]
    """The number of triples by graph; the name of the default graph is empty."""

    @classmethod
    def of(cls, endpoint: Endpoint, names: ServerNames) -> "ServerState":
        """Query the server's state of this vault. Raises KgError if the server has another vault."""
        query = f'SELECT ?g WHERE {{ GRAPH ?g {{ ?g ?p "{FORMAT}" }} }}'
        if owners := {str(graph) for (graph,) in endpoint.rows(query, 1)} - {names.manifest}:
            owner = min(owners).strip("<>").removesuffix("#push")
            raise KgError(f"{endpoint.name} has the vault of the base {owner}: push to a dataset of its own")
        query = f"SELECT ?d WHERE {{ GRAPH {names.manifest} {{ {names.manifest} {names.default} ?d }} }}"
        defaults = [str(graph) for (graph,) in endpoint.rows(query, 1)]
        return cls(next(iter(defaults), None), manifest_rows(endpoint, names), counts(endpoint))

    @property
    def is_known(self) -> bool:
        """Whether this vault was pushed to the server before; only then its default graph belongs to the vault, too."""
        return bool(self.rows)

    def holds(self, graph: str, state: GraphState) -> bool:
        """Whether the server has the current state of a graph, by its manifest and by its count."""
        return self.rows.get(graph) == frozenset([str(state)]) and self.counts.get(graph, 0) == state.triples


def manifest_rows(endpoint: Endpoint, names: ServerNames) -> dict[str, frozenset[str]]:
    """The states in the manifest by graph. Raises KgError, TimedOut."""
    rows: dict[str, set[str]] = {}
    query = f"SELECT ?g ?state WHERE {{ GRAPH {names.manifest} {{ ?g {names.state} ?state }} }}"
    for graph, state in endpoint.rows(query, 2):
        rows.setdefault(str(graph), set()).add(getattr(state, "value", str(state)))
    return {graph: frozenset(states) for graph, states in rows.items()}


def counts(endpoint: Endpoint, default: str | None = None) -> dict[str, int]:
    """The number of triples on a server by graph; `default` has the role of the default graph. Raises KgError."""
    query = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
    numbers = {str(graph): endpoint.as_number(number) for graph, number in endpoint.rows(query, 2)}
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    numbers[DEFAULT] = numbers.get(default, 0) if default else endpoint.number(count)
    return numbers
