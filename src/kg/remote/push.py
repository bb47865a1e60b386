"""Push the dataset to a remote SPARQL server: only the differences, each graph completely or not at all.

The server itself stores the state of its copy: a named graph, the *manifest* `<base#push>`, has a row per graph with
the number of its triples and a digest. A push updates a graph if its row differs from the local state, or if the server
counts a different number of triples than the row says, because somebody else changed the graph or an earlier push was
interrupted. The push fetches the server's triples of such a graph and sends the difference as DELETE DATA and INSERT
DATA in one request, together with the same change of the default graph and the new row. So a failed request leaves no
false row, and an interrupted push is resumed by the next one.

A difference that is too large for one request is first sent in pieces to staging graphs; one request then applies it.

The default graph of some servers is the union of all graphs, with a triple for every graph that states it (Virtuoso,
GraphDB). On these, the default graph becomes another named graph, `<base#default>`, which queries must name
(`default-graph-uri`).

A push is done only when the server's own state shows it (`verification`).
"""

import time
from dataclasses import dataclass, replace

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.remote.dialects import STANDARD, VIRTUOSO
from kg.remote.endpoint import Endpoint
from kg.remote.local_dataset import LocalDataset, Progress, states
from kg.remote.manifest import DEFAULT, ServerNames, ServerState
from kg.remote.plan import Plan
from kg.remote.sender import Sender, Sent, data
from kg.remote.verification import settle, verify_first_update
from kg.store.store import Store

_MANY = 20
"""The removal of more graphs than this, if they are most of all graphs, needs `full`."""


@dataclass(frozen=True)
class Pushed:
    """The result of a push; with `dry_run`, the expected result."""

    endpoint: str
    default_graph: str | None
    """The IRI of the graph in the role of the default graph; None if the server has a default graph."""
    graphs: int
    """The number of named graphs of the dataset."""
    triples: int
    """The number of triples in the named graphs."""
    changed: tuple[str, ...]
    """The IRIs of the graphs that were updated."""
    gone: tuple[str, ...]
    """The IRIs of the graphs that were removed."""
    inserted: int
    """The number of triples added to named graphs; with `dry_run`, of all triples in graphs that differ."""
    deleted: int
    """The number of triples removed from named graphs."""
    mended: int
    """The number of surplus or missing triples that were repaired in the default graph."""
    requests: int
    """The number of updates that were sent."""
    unequal: tuple[str, ...]
    """Graphs whose number of triples still differs, since the server treats some triples as equal."""
    seconds: float
    dry_run: bool = False


def push(
    store: Store,
    endpoint: Endpoint,
    *,
    default_graph: str | None = None,
    full: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Pushed:
    """Make the server's copy of this vault equal to the store. Leaves other data alone. Raises KgError, TimedOut.

    `default_graph` is the IRI of the graph in the role of the default graph. Without it, a query finds out whether the
    server has a default graph. With `full`, the push compares every graph triple by triple, whatever the manifest says,
    and may remove most of the server's graphs.
    """
    began, names = time.monotonic(), ServerNames(store.prefixes["n"])
    progress = progress or (lambda phase, done, total: None)
    plan = Plan.of(ServerState.of(endpoint, names), states(store, progress), full=full)
    if not full:
        _refuse_removal(endpoint, plan)
    default = plan.server.default_graph or DEFAULT
    unequal: tuple[str, ...] = ()
    sent = Sent(inserted=sum(plan.here[graph].triples for graph in plan.changed))
    if not dry_run:
        sender = _begin(store, endpoint, names, plan.server, default_graph)
        sender.send(plan, progress)
        unequal = settle(sender, plan, full=full)
        default, sent = sender.default, sender.sent
    return Pushed(
        endpoint.name,
        default[1:-1] or None,
        len(plan.here),
        sum(state.triples for state in plan.here.values()),
        tuple(graph[1:-1] for graph in plan.changed),
        tuple(graph[1:-1] for graph in plan.gone),
        sent.inserted,
        sent.deleted,
        sent.mended,
        sent.requests,
        unequal,
        time.monotonic() - began,
        dry_run,
    )


def _refuse_removal(endpoint: Endpoint, plan: Plan) -> None:
    gone, rows = len(plan.gone), len(plan.server.rows)
    if gone > max(_MANY, rows / 2):
        raise KgError(
            f"{gone:,} of the {rows:,} graphs that {endpoint.name} was given would go: is it another vault's? If it is"
            " not, push with --full"
        )


def _begin(store: Store, endpoint: Endpoint, names: ServerNames, server: ServerState, requested: str | None) -> Sender:
    """Write the manifest's first row, and determine the dialect and the default graph. Raises KgError."""
    response = endpoint.update(data("INSERT", {names.manifest: [f"{names.header} ."]}))
    dialect = VIRTUOSO if "virtuoso" in response.server.lower() else STANDARD
    sent = Sent(requests=1, pages=int(response.is_page))
    sender = Sender(endpoint, names, LocalDataset(store, dialect), DEFAULT, sent)
    verify_first_update(sender)
    default = _default_graph(endpoint, names, server, requested)
    sender = replace(sender, default=default)
    if not server.is_known:
        _refuse_strangers(sender, server.counts.get(default, 0))
    if default and server.default_graph is None:
        sender.update(data("INSERT", {names.manifest: [f"{names.manifest} {names.default} {default} ."]}))
    return sender


def _default_graph(endpoint: Endpoint, names: ServerNames, server: ServerState, requested: str | None) -> str:
    """The graph in the role of the default graph; empty for the default graph of the server. Raises KgError."""
    is_union = _is_union(endpoint, names)
    wanted = str(ox.NamedNode(requested)) if requested else None
    if server.is_known and wanted and server.default_graph != wanted:
        before = f"the graph {server.default_graph[1:-1]}" if server.default_graph else "the server's own"
        raise KgError(f"{endpoint.name} was given its default graph as {before}: it cannot be another now")
    return server.default_graph or wanted or (names.standing_for_default if is_union else DEFAULT)


def _is_union(endpoint: Endpoint, names: ServerNames) -> bool:
    """Whether a query without GRAPH matches all graphs: it then matches the manifest."""
    return endpoint.answer(f"ASK {{ {names.header} }}", {})[0].boolean


def _refuse_strangers(sender: Sender, count: int) -> None:
    """Withdraw if the default graph has triples that are not of this vault. Raises KgError."""
    strange = len(sender.fetched(DEFAULT, count) - sender.local.rows(DEFAULT)) if count else 0
    if strange:
        sender.update(f"CLEAR SILENT GRAPH {sender.names.manifest}")
        raise KgError(
            f"the default graph of {sender.endpoint.name} has {strange:,} triples that are not from this vault and "
            "would be lost: push to a separate dataset, or name another graph with --default-graph IRI"
        )
