"""The plan of a push: the graphs that differ between a store and a server."""

from collections.abc import Mapping
from dataclasses import dataclass

from kg.remote.manifest import GraphState, ServerState


@dataclass(frozen=True)
class Plan:
    """The graphs to send and to remove, with the states that they follow from."""

    here: Mapping[str, GraphState]
    """The local named graphs."""
    server: ServerState
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @classmethod
    def of(cls, server: ServerState, here: Mapping[str, GraphState], *, full: bool) -> "Plan":
        """Compare the states; with `full`, every local graph counts as changed."""
        changed = tuple(graph for graph, state in here.items() if full or not server.holds(graph, state))
        return cls(here, server, changed, tuple(sorted(server.rows.keys() - here.keys())))
