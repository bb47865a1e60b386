"""`query`: SPARQL, or a query of the library with typed parameters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyoxigraph as ox

from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.arguments import BadArguments
from kg.mcp.visible_text import visible, visible_line
from kg.sparql.library import library
from kg.views.open_vault import Shown
from kg.views.questions import AnswerView, PosedQuestion, answer_view, library_question


def ask(
    vault: AgentVault, sparql: str = "", name: str = "", parameters: Mapping[str, Any] | None = None, offset: int = 0
) -> ToolAnswer:
    """The answer to a query. Raises QuerySyntaxError, NotFound, KgError."""
    view = answer_view(vault.open, _posed(vault, sparql, name, parameters or {}))
    hints = tuple(map(visible_line, view.hints))
    if view.kind == "ask":
        return ToolAnswer("yes" if view.is_yes else "no", hints=hints)
    rows = [_row(vault, view.columns, row) for row in view.rows[offset:]]
    total = max(view.total, offset + len(rows))
    many = (
        ""
        if len(view.rows) == view.total
        else f"only the first {len(view.rows):,} rows can be read: use LIMIT and OFFSET"
    )
    return ToolAnswer(_says(view), rows, total, min(offset, total), hints, (many,))


def _says(view: AnswerView) -> str:
    number = f"{view.total:,}{'' if view.is_counted else ' or more'}"
    return f"{number} rows of {', '.join(view.columns)}" if view.total else "no rows"


def _posed(vault: AgentVault, sparql: str, name: str, parameters: Mapping[str, Any]) -> PosedQuestion:
    """The question that a call asks. Raises BadArguments, NotFound, KgError."""
    if bool(sparql.strip()) == bool(name.strip()):
        names = ", ".join(library(vault.open.config))
        raise BadArguments(f"query needs sparql, a SPARQL query, or name, one of the library: {names}")
    if not name:
        if sparql.strip() in library(vault.open.config):
            raise BadArguments(f"“{sparql.strip()}” is a query of the library: give it as name, not as sparql")
        if parameters:
            raise BadArguments("query takes parameters with name only: write the values into the SPARQL")
        return PosedQuestion(sparql)
    posed = library_question(vault.open, name.strip(), {key: _text(key, value) for key, value in parameters.items()})
    known = {field.name: field for field in posed.header.params}
    if unknown := next((key for key in parameters if key not in known), None):
        takes = "; ".join(map(str, known.values())) or "none"
        raise BadArguments(f"the query {name} has no parameter “{unknown}”; it takes {takes}")
    return posed


def _text(name: str, value: Any) -> str:
    """The value of a parameter as text. Raises BadArguments."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise BadArguments(f"the parameter “{name}” is a text, a number, true or false")


def _row(vault: AgentVault, columns: Sequence[str], row: Sequence[Shown | None]) -> AnswerRow:
    cells = {column: "" if cell is None else _cell(cell) for column, cell in zip(columns, row, strict=True)}
    values: dict[str, Any] = {"cells": cells}
    line = " | ".join(visible_line(cell) for cell in cells.values())
    place = next(_places(vault, row), None)
    if place is None:
        return AnswerRow(line, values)
    path, is_note = place
    return AnswerRow(
        f"{path}{':1' if is_note else ''}: {line}", values | {"path": path} | ({"line": 1} if is_note else {})
    )


def _cell(cell: Shown) -> str:
    return visible_line(cell.text) if cell.iri else visible(cell.text)


def _places(vault: AgentVault, row: Sequence[Shown | None]) -> Iterator[tuple[str, bool]]:
    """The notes of the things in a row, and whether each is the whole note."""
    for cell in row:
        if cell and cell.iri:
            node = ox.NamedNode(cell.iri)
            if path := vault.open.path_of(node):
                yield path, node in vault.open.paths
