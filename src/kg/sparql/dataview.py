"""Dataview's queries as listings: TABLE, LIST and TASK, with FROM, WHERE, SORT and LIMIT.

See https://blacksmithgu.github.io/obsidian-dataview/queries/structure/. What a listing cannot say is left out with a
notice if it is a column, and refused otherwise.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pyparsing as pp

from kg.sparql.expressions import EXPRESSION, SyntaxNode, Untranslated, condition, parsed, parts_of, plain
from kg.sparql.listing import Condition, InPlace, Listing, Negated, Several

_TASK_COLUMNS = ("completed", "due", "note")


@dataclass(frozen=True)
class Translation:
    """A listing, and sentences on what it leaves out."""

    listing: Listing
    notices: tuple[str, ...] = ()


@dataclass
class _Clauses:
    """The clauses of a query while they are read."""

    where: list[Condition] = field(default_factory=list)
    columns: list[tuple[str, str]] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    notices: list[str] = field(default_factory=list)


def _keyword(text: str) -> pp.ParserElement:
    return pp.Suppress(pp.Regex(text.replace(" ", r"\s+") + r"\b", re.I))


def _clause(kind: str, content: pp.ParserElement) -> pp.ParserElement:
    return content.set_parse_action(lambda tokens: [(kind, [*tokens])])


def _grammar() -> pp.ParserElement:
    title = _keyword("as") + (pp.QuotedString('"') | pp.Regex(r"[^\W\d][\w-]*"))
    column = (EXPRESSION + pp.Optional(title)).set_parse_action(lambda tokens: [(tokens[0], [*tokens[1:]])])
    direction = pp.Regex(r"(asc|desc)(ending)?\b", re.I)
    key = (EXPRESSION + pp.Optional(direction)).set_parse_action(lambda tokens: [(tokens[0], [*tokens[1:]])])
    kind = pp.Regex(r"table|list|task|calendar", re.I).set_parse_action(lambda tokens: tokens[0].lower())
    clauses = (
        _clause("from", _keyword("from") + EXPRESSION)
        | _clause("where", _keyword("where") + EXPRESSION)
        | _clause("sort", _keyword("sort") + pp.DelimitedList(key))
        | _clause("limit", _keyword("limit") + pp.Regex(r"\d{1,9}"))
        | _clause("group", _keyword("group by") + column)
        | _clause("flatten", _keyword("flatten") + column)
    )
    columns = _clause("columns", pp.Optional(_keyword("without id")) + pp.Optional(pp.DelimitedList(column)))
    return kind + columns + pp.ZeroOrMore(clauses)


_GRAMMAR = _grammar()


def translation(text: str) -> Translation:
    """The listing of a Dataview query. Raises Untranslated."""
    kind, *clauses = parsed(_GRAMMAR, text.strip(), "the Dataview query")
    if kind == "calendar":
        raise Untranslated("CALENDAR is not translated")
    made = _Clauses()
    for name, content in clauses:
        _CLAUSES[name](made, content)
    if kind == "task":
        made.columns += [(name, name) for name in _TASK_COLUMNS]
    of = "Task" if kind == "task" else ""
    listing = Listing(of, tuple(made.columns), tuple(made.where), tuple(made.order), made.limit)
    return Translation(listing, tuple(made.notices))


def _columns(made: _Clauses, columns: list[Any]) -> None:
    for node, title in columns:
        if node.kind == "name" and node.text != "this" and not node.text.startswith(("this.", "rows")):
            made.columns.append((title[0] if title else node.text, node.text))
        else:
            made.notices.append(f"the column {node} is computed: left out")


def _from(made: _Clauses, content: list[Any]) -> None:
    made.where += parts_of(_source(content[0]))


def _source(node: SyntaxNode) -> Condition:
    """The notes that a source names. Raises Untranslated."""
    match node:
        case SyntaxNode("and" | "or", _, parts):
            return Several(node.kind == "and", tuple(map(_source, parts)))
        case SyntaxNode("not", _, (part,)):
            return Negated(_source(part))
        case SyntaxNode("tag", text):
            return InPlace("tag", plain(text))
        case SyntaxNode("text", text):
            return InPlace("in", text)
        case SyntaxNode("link", text) if plain(text):
            return InPlace("links to", plain(text))
        case SyntaxNode("call", "outgoing", (SyntaxNode("link", text),)) if plain(text):
            return InPlace("linked from", plain(text))
    raise Untranslated(f'the source {node} is not translated: use #tag, "folder" or [[link]]')


def _where(made: _Clauses, content: list[Any]) -> None:
    made.where += parts_of(condition(content[0]))


def _sort(made: _Clauses, content: list[Any]) -> None:
    for node, direction in content:
        if node.kind != "name":
            raise Untranslated(f"SORT {node} is not translated")
        made.order.append((node.text, bool(direction) and direction[0].lower().startswith("desc")))


def _limit(made: _Clauses, content: list[Any]) -> None:
    made.limit = int(content[0])


def _group(made: _Clauses, content: list[Any]) -> None:
    """Rows are sorted by the group, which is their first column."""
    ((node, _),) = content
    if node.kind != "name":
        raise Untranslated(f"GROUP BY {node} is not translated")
    made.columns.insert(0, (node.text, node.text))
    made.order.insert(0, (node.text, False))
    made.notices.append(f"GROUP BY {node}: the rows are sorted by it")


def _flatten(made: _Clauses, content: list[Any]) -> None:
    raise Untranslated("FLATTEN is not translated")


_CLAUSES = {
    "columns": _columns,
    "from": _from,
    "where": _where,
    "sort": _sort,
    "limit": _limit,
    "group": _group,
    "flatten": _flatten,
}
