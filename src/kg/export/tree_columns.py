"""The columns of a tree: links lead from left to right.

The classes of kg have a fixed order: authors, resources, outputs, outcomes, concepts. Other classes go where their
links lead: classes that reach each other share columns, and the groups of classes that remain have an order. In a
group, a thing is one column to the right of the farthest thing that leads to it (longest-path layering: Healy and
Nikolov, Hierarchical drawing algorithms, 2013, section 13.3). In a cycle, the links that lead back are found by the
heuristic of Eades, Lin and Smyth (A fast and effective heuristic for the feedback arc set problem, 1993).
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rustworkx as rx

Arc = tuple[int, int]
ORDER = ("author", "resource", "output", "outcome", "concept")
"""The classes of kg, from left to right."""


def columns(classes: Sequence[str], arcs: Sequence[Arc]) -> list[int]:
    """The column of each thing, for its class in words and the links from left to right.

    Ends of a link are never in the same column. Without a cycle, every link leads to the right if it does not
    contradict the order of kg's classes.
    """
    names = sorted(set(classes))
    numbers = {name: number for number, name in enumerate(names)}
    of = [numbers[name] for name in classes]
    found = _by_group(of, _groups(names, {(of[source], of[target]) for source, target in arcs}), arcs)
    if any(found[source] == found[target] for source, target in arcs):
        return _packed(layers(len(classes), arcs))
    return _packed(found)


def _packed(found: Sequence[int]) -> list[int]:
    """The columns without empty ones, from 0."""
    used = {column: number for number, column in enumerate(sorted(set(found)))}
    return [used[column] for column in found]


# ---- classes ---------------------------------------------------------------------------------------------------------


def _groups(names: Sequence[str], pairs: Iterable[Arc]) -> tuple[list[int], list[Arc]]:
    """The group of each class, and links between groups that have no cycle."""
    ranks = {number: ORDER.index(name) for number, name in enumerate(names) if name in ORDER}
    arcs = {
        (one, other)
        for one, other in pairs
        if one != other and not (one in ranks and other in ranks and ranks[one] > ranks[other])
    }
    arcs |= {(one, other) for one in ranks for other in ranks if ranks[one] < ranks[other]}
    group_of = _components(len(names), sorted(arcs))
    for group in set(group_of):
        ordered = {number for number in ranks if group_of[number] == group}
        if len(ordered) > 1:
            # Classes that lead both ways between kg's classes are to the left of them.
            arcs -= {arc for arc in arcs if arc[0] in ordered and arc[1] not in ranks and group_of[arc[1]] == group}
    group_of = _components(len(names), sorted(arcs))
    between = {(group_of[one], group_of[other]) for one, other in arcs}
    return group_of, sorted((one, other) for one, other in between if one != other)


def _by_group(of: Sequence[int], grouped: tuple[list[int], list[Arc]], arcs: Sequence[Arc]) -> list[int]:
    """The column of each thing: its group's first column, and its layer in the group."""
    group_of, between = grouped
    groups = [group_of[number] for number in of]
    inner = [arc for arc in arcs if groups[arc[0]] == groups[arc[1]]]
    layer = layers(len(of), inner)
    wide = dict.fromkeys(group_of, 1)
    for number, group in enumerate(groups):
        wide[group] = max(wide[group], layer[number] + 1)
    first = dict.fromkeys(wide, 0)
    order = _sorted(max(wide, default=-1) + 1, between)
    for group in order:
        for before, after in between:
            if before == group:
                first[after] = max(first[after], first[group] + wide[group])
    _pull_right(first, wide, between, order)
    return [first[group] + layer[number] for number, group in enumerate(groups)]


def _pull_right(first: dict[int, int], wide: dict[int, int], between: Sequence[Arc], order: Sequence[int]) -> None:
    """Move groups that nothing leads to next to the groups that they lead to."""
    led_to = {after for _, after in between}
    for group in reversed(order):
        after = [first[other] for start, other in between if start == group]
        if group in first and group not in led_to and after:
            first[group] = min(after) - wide[group]


# ---- layers ----------------------------------------------------------------------------------------------------------


def layers(size: int, arcs: Sequence[Arc]) -> list[int]:
    """The layer of each node: one more than that of the farthest node that leads to it."""
    back = leading_back(size, arcs)
    forward = sorted({(v, u) if (u, v) in back else (u, v) for u, v in arcs})
    found = [0] * size
    after: list[list[int]] = [[] for _ in range(size)]
    for source, target in forward:
        after[source].append(target)
    for node in _sorted(size, forward):
        for target in after[node]:
            found[target] = max(found[target], found[node] + 1)
    return found


def leading_back(size: int, arcs: Sequence[Arc]) -> set[Arc]:
    """Links without which there is no cycle; a link outside every cycle is never one of them."""
    component = _components(size, arcs)
    inner: dict[int, list[Arc]] = {}
    for source, target in arcs:
        if component[source] == component[target]:
            inner.setdefault(component[source], []).append((source, target))
    back: set[Arc] = set()
    for part in inner.values():
        place = {node: number for number, node in enumerate(_eades(sorted(set(part))))}
        back |= {(source, target) for source, target in part if place[source] > place[target]}
    return back


def _eades(arcs: Sequence[Arc]) -> list[int]:
    """An order of nodes against which few links lead."""
    out: dict[int, set[int]] = {}
    into: dict[int, set[int]] = {}
    for source, target in arcs:
        out.setdefault(source, set()).add(target)
        into.setdefault(target, set()).add(source)
        out.setdefault(target, set())
        into.setdefault(source, set())
    left: list[int] = []
    right: list[int] = []
    while out:
        sink = min((node for node in out if not out[node]), default=None)
        start = min((node for node in out if not into[node]), default=None)
        if sink is not None:
            right.append(sink)
        elif start is not None:
            left.append(start)
        else:
            left.append(max(out, key=lambda node: (len(out[node]) - len(into[node]), -node)))
        gone = right[-1] if sink is not None else left[-1]
        for target in out.pop(gone):
            into[target].discard(gone)
        for source in into.pop(gone):
            out[source].discard(gone)
    return left + right[::-1]


def _components(size: int, arcs: Sequence[Arc]) -> list[int]:
    """The strongly connected component of each node, numbered by its least node."""
    import rustworkx as rx  # needs the extra `analysis`

    found = [0] * size
    for part in rx.strongly_connected_components(_graph(size, arcs)):
        for node in part:
            found[node] = min(part)
    return found


def _sorted(size: int, arcs: Sequence[Arc]) -> list[int]:
    """A topological order; of several nodes, the least first."""
    import rustworkx as rx  # needs the extra `analysis`

    return list(rx.lexicographical_topological_sort(_graph(size, arcs), key=lambda node: f"{node:09}"))


def _graph(size: int, arcs: Sequence[Arc]) -> "rx.PyDiGraph[int, None]":
    import rustworkx as rx  # needs the extra `analysis`

    graph: rx.PyDiGraph[int, None] = rx.PyDiGraph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from([(*arc, None) for arc in arcs])
    return graph
