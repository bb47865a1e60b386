"""Verify after a push that the server's own state shows it: a status of 200 alone does not.

Login pages, proxies and read-only servers accept an update and do nothing. So the manifest must have the row of each
graph, and the server must count its triples. It may count fewer only where it treats some of them as equal, as Virtuoso
does with 1 and 01: then its triples must be the local ones, by the values of their literals.
"""

from collections.abc import Iterable

from kg.core.errors import KgError
from kg.remote.dialects import Line, by_value
from kg.remote.manifest import DEFAULT, counts, manifest_rows
from kg.remote.plan import Plan
from kg.remote.sender import Sender


def verify_first_update(sender: Sender) -> None:
    """Verify that the server has the manifest's first row, before all else is sent. Raises KgError."""
    names = sender.names
    if not sender.endpoint.answer(f"ASK {{ GRAPH {names.manifest} {{ {names.header} }} }}", {})[0].boolean:
        raise _not_done(sender, "does not have the triple of the first")


def settle(sender: Sender, plan: Plan, *, full: bool) -> tuple[str, ...]:
    """Verify each graph, and repair the default graph if it differs. Raises KgError.

    Returns the graphs of which the server counts fewer triples, since it treats some as equal.
    """
    numbers = counts(sender.endpoint, sender.default)
    if plan.changed or plan.gone:
        _verify_manifest(sender, plan, numbers)
    unequal = [graph for graph, state in plan.here.items() if numbers.get(graph, 0) != state.triples]
    wrong = [graph for graph in unequal if not _has_equal(sender, graph, numbers.get(graph, 0))]
    if wrong:
        raise _not_done(sender, f"has other triples than it was sent in {_graphs(wrong)}")
    expected = sender.local.store.manifest.counts[""]
    if full or numbers[DEFAULT] != expected:
        sender.mend_default_graph(numbers[DEFAULT])
        if plan.changed or plan.gone or sender.sent.mended:
            numbers = counts(sender.endpoint, sender.default)
    if numbers[DEFAULT] != expected:
        if not _has_equal(sender, DEFAULT, numbers[DEFAULT]):
            raise _not_done(sender, "has other triples than it was sent in its default graph")
        unequal.append(sender.default)
    return tuple(graph[1:-1] or "the default graph" for graph in unequal)


def _verify_manifest(sender: Sender, plan: Plan, numbers: dict[str, int]) -> None:
    rows = manifest_rows(sender.endpoint, sender.names)
    lost = [graph for graph in plan.changed if rows.get(graph) != frozenset([str(plan.here[graph])])]
    if lost:
        raise _not_done(sender, f"does not have {_graphs(lost)} that it was sent")
    kept = [graph for graph in plan.gone if graph in rows or numbers.get(graph)]
    if kept:
        raise _not_done(sender, f"still has {_graphs(kept)} that it was to remove")


def _has_equal(sender: Sender, graph: str, count: int) -> bool:
    """Whether the server has the triples of a graph, by the values of their literals."""
    there, here = sender.fetched(graph, count) if count else (), sender.local.rows(graph)
    return _values(there) == _values(here)


def _values(lines: Iterable[Line]) -> set[Line]:
    return set(map(by_value, lines))


def _graphs(graphs: list[str]) -> str:
    return (
        f"the graph {graphs[0][1:-1]}" if len(graphs) == 1 else f"{len(graphs):,} graphs (the first: {graphs[0][1:-1]})"
    )


def _not_done(sender: Sender, what: str) -> KgError:
    what_it_does = "answers updates with a web page" if sender.sent.pages else "accepts updates"
    updates = sender.endpoint.updates.name
    return KgError(f"{sender.endpoint.name} {what_it_does}, but {what}: is {updates} its address for updates?")
