"""`search`: things by name, and places in the text."""

from collections.abc import Iterator
from typing import NamedTuple

import pyoxigraph as ox

from kg.fulltext.searcher import EACH, Hit, SearchResults, search
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.visible_text import visible_line
from kg.views.found import names_like

_MOST = 20
"""The places that are read at once; `offset` asks for more."""


class _Places(NamedTuple):
    rows: list[AnswerRow]
    total: int
    hints: tuple[str, ...] = ()


def find(vault: AgentVault, query: str, offset: int = 0) -> ToolAnswer:
    """What a search finds. Raises KgError if the search cannot be read."""
    names = [*_names(vault, query)]
    places = _Places([], 0) if vault.is_redacted else _places(vault, query, offset)
    rows = [*names, *places.rows][offset:]
    total = len(names) + places.total
    remark = "only names are searched: the text is not, since some notes are private" if vault.is_redacted else ""
    says = "" if total else f"nothing is found for “{visible_line(query)}”"
    return ToolAnswer(says, rows, total, min(offset, total), places.hints, (remark,))


def _names(vault: AgentVault, query: str) -> Iterator[AnswerRow]:
    for row in names_like(vault.open, query):
        path = vault.open.path_of(ox.NamedNode(row.thing.iri))
        name, kind = visible_line(row.thing.text), visible_line(row.thing.kind)
        also = f" (also “{visible_line(row.name)}”)" if row.name != row.thing.text else ""
        text, values = f"{name}{also}{f', {kind}' if kind else ''}", {"name": name, "kind": kind}
        yield AnswerRow.at(path, 1, text, values) if path else AnswerRow(text, values)


def _places(vault: AgentVault, query: str, offset: int) -> _Places:
    limit = offset + _MOST
    results = search(vault.open.store, query, config=vault.open.config, limit=limit, each=EACH, looser=True)
    rows = [_row(vault, hit) for hit in results.hits]
    return _Places(rows, results.places if len(rows) == limit else len(rows), tuple(_hints(results)))


def _row(vault: AgentVault, hit: Hit) -> AnswerRow:
    text = vault.line((hit.path, hit.line, hit.column))
    heading = visible_line(" > ".join(hit.heading))
    values = {"name": visible_line(hit.title), "path": hit.path, "line": hit.line, "text": text}
    return AnswerRow(f"{hit.path}:{hit.line}: {text}", values | ({"heading": heading} if heading else {}))


def _hints(results: SearchResults) -> Iterator[str]:
    if results.looser:
        yield f"nothing matches as written; these have {results.looser}"
    for word, near in results.near:
        yield f"no note has “{word}”" + (f"; did you mean “{near}”?" if near else "")
