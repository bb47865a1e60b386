"""`show`: all that is known of one thing."""

from collections.abc import Iterator

import pyoxigraph as ox

from kg.analysis.entity import EntitySection, EntityStatement, Portrait, StatementGroup, portrait
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.visible_text import visible, visible_line
from kg.rdf.canonical import parsed_term
from kg.reasoning.source_lines import SourceLine

_WINDOW = 100
"""The rows that are read at once."""
_CHUNK = 1_000
"""The characters of a long line of text in a row."""


def show(vault: AgentVault, name: str, offset: int = 0) -> ToolAnswer:
    """A thing: its properties, sections, links, backlinks and text. Raises NotFound, KgError."""
    node = vault.thing(name)
    drawn = portrait(vault.open.explainer, f"<{node.value}>", offset + _WINDOW, twins=False)
    shown = vault.open.show(node)
    kind = f", {visible_line(shown.kind)}" if shown.kind else ""
    missing = ", which only links name" if drawn.missing else ""
    place = f" ({drawn.path}:1)" if drawn.path else ""
    rows, total = _window(vault, drawn, offset)
    return ToolAnswer(f"“{visible_line(drawn.name)}”{kind}{missing}{place}", rows, total, min(offset, total))


def _window(vault: AgentVault, drawn: Portrait, offset: int) -> tuple[list[AnswerRow], int]:
    """The rows from an offset on, and the number of all: each group has its full number, whatever is read of it."""
    groups = [
        _statements(vault, "property", drawn.properties, offset),
        ([_section(vault, row) for row in drawn.headings], drawn.headings_total),
        _statements(vault, "link to", drawn.links, offset),
        _statements(vault, "link from", drawn.backlinks, offset),
        _statements(vault, "is", drawn.elsewhere, offset),
    ]
    text = [*_text(vault, drawn)]
    groups.append((text, len(text)))
    rows: list[AnswerRow] = []
    start = 0
    for part, number in groups:
        if start + number > offset and start < offset + _WINDOW:
            rows += part[max(0, offset - start) :]
            if len(part) < number:
                break  # the next group does not follow what is read
        start += number
    return rows, sum(number for _, number in groups)


def _statements(vault: AgentVault, part: str, group: StatementGroup, offset: int) -> tuple[list[AnswerRow], int]:
    is_all = len(group.shown) < offset + _WINDOW
    number = len(group.shown) if is_all else group.total
    return [_statement(vault, part, row) for row in group.shown], number


def _statement(vault: AgentVault, part: str, row: EntityStatement) -> AnswerRow:
    term = parsed_term(row.term)
    value = visible(term.value) if isinstance(term, ox.Literal) else visible_line(vault.open.show(term).text)
    values: dict[str, object] = {"part": part, "property": visible_line(row.property), "value": value}
    match part:
        case "property":
            text = f"{values['property']}: {value}"
        case "is":
            text = f"{value} has it as {values['property']}"
        case _:
            text = f"{part} {value}"
            del values["property"]
    if row.inferred:
        values["inferred"] = True
        text += " (inferred)"
    return placed(text, values, row.lines)


def placed(text: str, values: dict[str, object], lines: tuple[SourceLine, ...]) -> AnswerRow:
    """A row with the place of its first line."""
    return AnswerRow.at(lines[0].path, lines[0].line, text, values) if lines else AnswerRow(text, values)


def _section(vault: AgentVault, row: EntitySection) -> AnswerRow:
    name = visible_line(row.heading or row.name)
    return placed(f"section {'  ' * row.depth}{name}", {"part": "section", "value": name}, row.lines)


def _text(vault: AgentVault, drawn: Portrait) -> Iterator[AnswerRow]:
    """The text, line by line; that of the store, if no file may be read."""
    if not drawn.path or "#" in drawn.thing.removeprefix(vault.open.names.base):
        if drawn.text and not drawn.path:
            yield AnswerRow(visible(drawn.text), {"part": "text", "value": visible(drawn.text)})
        return
    lines = vault.lines(drawn.path) or visible(drawn.text).split("\n")
    for number, line in enumerate(lines, 1):
        for start in range(0, len(line.rstrip()), _CHUNK):
            chunk = line[start : start + _CHUNK].rstrip()
            yield AnswerRow.at(drawn.path, number, chunk, {"part": "text", "value": chunk})
