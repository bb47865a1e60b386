"""`neighbours`: the things around one, or the path to another."""

from collections.abc import Mapping
from typing import Any

import pyoxigraph as ox

from kg.analysis.paths import around, neighbours_table, node_number, path_table, shortest
from kg.core.errors import NotFound
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.visible_text import visible_line

_WINDOW = 50
"""The things that are read at once; `offset` asks for more."""
DEEPEST = 4


def neighbours(vault: AgentVault, name: str, to: str = "", depth: int = 1, offset: int = 0) -> ToolAnswer:
    """The things around one, the nearest first; with `to`, the shortest path there. Raises NotFound, KgError."""
    start = node_number(vault.network, vault.open.explainer, vault.named(name))
    if to:
        return _path(vault, start, to, offset)
    near = around(vault.network, start, min(depth, DEEPEST))
    table = neighbours_table(vault.network, vault.open.explainer, near[offset : offset + _WINDOW], sentences=False)
    rows = [_neighbour(vault, row) for row in table.mappings()]
    says = f"{len(near):,} things around “{_called(vault, start)}”"
    return ToolAnswer(says, rows, len(near), min(offset, len(near)))


def _path(vault: AgentVault, start: int, to: str, offset: int) -> ToolAnswer:
    """The shortest path."""
    explainer = vault.open.explainer
    end = node_number(vault.network, explainer, vault.named(to))
    routes = shortest(vault.network, start, end)
    ends = f"from “{_called(vault, start)}” to “{_called(vault, end)}”"
    if not routes.paths:
        raise NotFound(f"no path of links leads {ends}")
    steps = path_table(vault.network, explainer, routes, sentences=False).mappings()
    rows = [_step(vault, row) for row in steps]
    says = f"{len(rows):,} links {ends}{', some against their direction' if routes.undirected else ''}"
    return ToolAnswer(says, rows[offset:], len(rows), min(offset, len(rows)))


def _called(vault: AgentVault, number: int) -> str:
    return visible_line(vault.network.labels[number])


def _neighbour(vault: AgentVault, row: Mapping[str, Any]) -> AnswerRow:
    values = {
        "name": visible_line(str(row["label"])),
        "distance": row["distance"],
        "direction": row["direction"],
        "property": _property(vault, row),
        "via": visible_line(str(row["via_label"])),
    }
    via = f" via {values['via']}" if row["distance"] > 1 else ""
    return _placed(vault, row, f"{values['direction']} {values['property']}: {values['name']}{via}", values)


def _step(vault: AgentVault, row: Mapping[str, Any]) -> AnswerRow:
    values = {
        "name": visible_line(str(row["to_label"])),
        "direction": row["direction"],
        "property": _property(vault, row),
        "via": visible_line(str(row["label"])),
    }
    arrow = {"out": "→", "in": "←", "both": "↔"}[str(row["direction"])]
    return _placed(vault, row, f"{values['via']} {arrow} {values['name']} ({values['property']})", values)


def _property(vault: AgentVault, row: Mapping[str, Any]) -> str:
    prop = row["property"]
    return visible_line(vault.open.show(prop).text if isinstance(prop, ox.NamedNode) else str(prop))


def _placed(vault: AgentVault, row: Mapping[str, Any], text: str, values: dict[str, Any]) -> AnswerRow:
    """A row with the line that makes the link."""
    if not row["path"]:
        return AnswerRow(f"{text} (inferred)", values)
    path, line = str(row["path"]), int(row["line"])
    quoted = vault.line((path, line, int(row["column"])))
    return AnswerRow.at(path, line, f"{text}: {quoted}", values | {"text": quoted})
