"""`suggest`: links worth making."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import pyoxigraph as ox

from kg.analysis.paths import node_number
from kg.analysis.tables import Table
from kg.analysis.tables import suggest as suggested_links
from kg.core.errors import KgError
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.visible_text import visible_line

_WINDOW = 20
"""The links that are read at once; `offset` asks for more."""


class ReadsHiddenNotes(KgError):
    """Suggestions are asked for of a vault that hides notes: they are made from the words of all of them."""

    def __init__(self) -> None:
        super().__init__("suggestions are not made here: they read the notes, some of which are private")


def suggest(vault: AgentVault, name: str = "", offset: int = 0) -> ToolAnswer:
    """Links worth making, from one thing or in the whole vault. Raises NotFound, KgError."""
    if vault.is_redacted:
        raise ReadsHiddenNotes
    table = _of_thing(vault, name) if name else vault.suggestions
    rows = [_row(vault, row) for row in islice(table.mappings(), offset, offset + _WINDOW)]
    says = "" if table.rows else "there is nothing to suggest"
    return ToolAnswer(says, rows, len(table.rows), min(offset, len(table.rows)))


def _of_thing(vault: AgentVault, name: str) -> Table:
    number = node_number(vault.network, vault.open.explainer, vault.named(name))
    return suggested_links(vault.network, vault.texts, number)


def _row(vault: AgentVault, row: Mapping[str, Any]) -> AnswerRow:
    source, target = visible_line(str(row["label"])), visible_line(str(row["to_label"]))
    reasons = {"neighbours": visible_line(str(row["neighbours"])), "words": visible_line(str(row["words"]))}
    shared = {name: text for name, text in reasons.items() if text}
    told = {"neighbours": "both are linked with", "words": "both say"}
    why = "; ".join(f"{told[name]} {text}" for name, text in shared.items())
    node = row["entity"]
    path = vault.open.path_of(node) if isinstance(node, ox.NamedNode) else ""
    values = {"from": source, "to": target, "score": round(float(row["score"]), 4), **shared}
    text = f"{source} → {target}{f': {why}' if why else ''}"
    return AnswerRow.at(path, 1, text, values) if path else AnswerRow(text, values)
