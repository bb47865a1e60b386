"""The output formats for portraits of entities: one row per format."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kg.analysis.entity import EntitySection, EntityStatement, Portrait
from kg.analysis.entity import StatementGroup as Statements
from kg.core.escaping import in_markdown, printable
from kg.core.json_text import json_text
from kg.reasoning.source_lines import SourceLine
from kg.rendering.tables import render

_NAMES_WIDTH = 24
_TEXT = 600


@dataclass(frozen=True)
class EntityStyle:
    """The style of a portrait: `color` is None if there is no terminal; `whole` keeps a long text in full."""

    color: bool | None = None
    whole: bool = False


Writer = Callable[[Portrait, EntityStyle], str]


def shortened(text: str, manner: EntityStyle) -> str:
    """A text, or the beginning of a long text, up to a space."""
    if manner.whole or len(text) <= _TEXT:
        return text
    return text[:_TEXT].rpartition(" ")[0].rstrip() + " …"


# ---- text ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Placed:
    """A text with its position in a note: beside the text if it fits, else below."""

    text: Text
    lines: tuple[SourceLine, ...]
    with_words: bool = False
    more: bool = True
    """Whether to show the number of further source lines."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        place = _place(self.lines[0], self.with_words) if self.lines else Text()
        if len(self.lines) > 1 and self.more:
            place.append(f" and {len(self.lines) - 1} more", style="dim")
        if not place.plain:
            yield self.text
        elif "\n" not in self.text.plain and cell_len(self.text.plain) + 2 + cell_len(place.plain) <= options.max_width:
            yield Text.assemble(self.text, "  ", place)
        else:
            yield Group(self.text, Padding(place, (0, 0, 0, 2)))


def _place(line: SourceLine, with_words: bool) -> Text:
    text = Text(printable(str(line)), style="cyan")
    if with_words and line.text:
        text.append(f"  {printable(line.text)}", style="default")
    return text.append(f" ({printable(line.remark)})", style="dim") if line.remark else text


def _text(portrait: Portrait, manner: EntityStyle) -> str:
    return render(_parts(portrait, manner), manner.color)


def _parts(portrait: Portrait, manner: EntityStyle) -> Iterator[Any]:
    yield Text(printable(portrait.name), style="bold")
    yield Text(printable(" · ".join(_about(portrait))), style="dim")
    if portrait.text:
        yield ""
        yield _Placed(Text(_prose(shortened(portrait.text, manner))), portrait.text_lines)
    if portrait.properties.total:
        yield ""
        yield _grid(portrait.properties)
    yield from _section("Sections", portrait.headings_total, [_row_of(row) for row in portrait.headings])
    for title, group in _groups(portrait):
        yield from _section(title, group.total, [_end_of(statement, title) for statement in group.shown])


def _about(portrait: Portrait) -> list[str]:
    kind = ["no file has this name"] if portrait.missing else []
    return [*kind, *([portrait.path] if portrait.path else []), portrait.thing]


def _groups(portrait: Portrait) -> list[tuple[str, Statements]]:
    return [
        ("Links to", portrait.links),
        ("Wanted by" if portrait.missing else "Linked from", portrait.backlinks),
        ("Elsewhere", portrait.elsewhere),
    ]


def _prose(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _grid(group: Statements) -> Table:
    """Properties with their values; a repeated name is left out."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", overflow="fold", max_width=_NAMES_WIDTH)
    table.add_column(overflow="fold")
    previous = ""
    for statement in group.shown:
        value = Text(printable(statement.value))
        if statement.inferred:
            value.append(" (inferred)", style="dim")
        name = printable(statement.property) if statement.property != previous else ""
        table.add_row(name, _Placed(value, statement.lines))
        previous = statement.property
    if hidden := group.total - len(group.shown):
        table.add_row("", Text(f"… and {hidden:,} more (--all)", style="dim"))
    return table


def _section(title: str, total: int, rows: list[_Placed]) -> Iterator[Any]:
    if not total:
        return
    yield ""
    yield Text.assemble((title, "bold"), f" ({total:,})")
    for row in rows:
        yield Padding(row, (0, 0, 0, 2))
    if hidden := total - len(rows):
        yield Padding(Text(f"… and {hidden:,} more (--all)", style="dim"), (0, 0, 0, 2))


def _row_of(row: EntitySection) -> _Placed:
    return _Placed(Text(f"{'  ' * row.depth}{printable(row.name)}"), row.lines, more=False)


def _end_of(statement: EntityStatement, title: str) -> _Placed:
    value = Text(printable(statement.value))
    if title == "Elsewhere":
        value.append(f" {printable(statement.property)}", style="dim")
    if statement.inferred:
        value.append(" (inferred)", style="dim")
    return _Placed(value, statement.lines, with_words=True)


# ---- JSON ----------------------------------------------------------------------------------------------------------


def _json(portrait: Portrait, manner: EntityStyle) -> str:
    table = {
        "entity": portrait.thing,
        "name": portrait.name,
        "path": portrait.path or None,
        "missing": portrait.missing,
        "text": portrait.text,
        "text_stated": _lines(portrait.text_lines),
        "sections": [
            {
                "section": row.section,
                "name": row.name,
                "heading": row.heading,
                "depth": row.depth,
                "stated": _lines(row.lines),
            }
            for row in portrait.headings
        ],
        "properties": _rows(portrait.properties),
        "links": _rows(portrait.links),
        "backlinks": _rows(portrait.backlinks),
        "elsewhere": _rows(portrait.elsewhere),
        "totals": {
            "sections": portrait.headings_total,
            "properties": portrait.properties.total,
            "links": portrait.links.total,
            "backlinks": portrait.backlinks.total,
            "elsewhere": portrait.elsewhere.total,
        },
    }
    return json_text(table, indent=1) + "\n"


def _rows(group: Statements) -> list[dict[str, Any]]:
    return [
        {
            "predicate": statement.predicate,
            "property": statement.property,
            "term": statement.term,
            "value": statement.value,
            "inferred": statement.inferred,
            "stated": _lines(statement.lines),
        }
        for statement in group.shown
    ]


def _lines(lines: tuple[SourceLine, ...]) -> list[dict[str, Any]]:
    return [line.as_json() for line in lines]


# ---- Markdown ------------------------------------------------------------------------------------------------------


def _markdown(portrait: Portrait, manner: EntityStyle) -> str:
    rows = [f"# {in_markdown(portrait.name)}", "", in_markdown(" · ".join(_about(portrait))), ""]
    if portrait.text:
        rows += [*(f"> {in_markdown(line)}" for line in shortened(portrait.text, manner).splitlines()), ""]
    for statement in portrait.properties.shown:
        rows.append(
            f"- {in_markdown(statement.property)}: {in_markdown(statement.value)}"
            f"{_marks(statement)}{_link(statement.lines)}"
        )
    rows += _rest(portrait.properties.total, len(portrait.properties.shown))
    if portrait.headings:
        rows += ["", "## Sections", ""]
        rows += [f"{'  ' * row.depth}- {in_markdown(row.name)}{_link(row.lines)}" for row in portrait.headings]
        rows += _rest(portrait.headings_total, len(portrait.headings))
    for title, group in _groups(portrait):
        if group.total:
            rows += ["", f"## {title}", "", *(_item(statement, title) for statement in group.shown)]
            rows += _rest(group.total, len(group.shown))
    return "".join(f"{row}\n" for row in rows)


def _item(statement: EntityStatement, title: str) -> str:
    by = f" {in_markdown(statement.property)}" if title == "Elsewhere" else ""
    sentence = f" {in_markdown(statement.lines[0].text)}" if statement.lines else ""
    return f"- {in_markdown(statement.value)}{by}{_marks(statement)}{_link(statement.lines)}{sentence}"


def _marks(statement: EntityStatement) -> str:
    return " *(inferred)*" if statement.inferred else ""


def _rest(total: int, shown: int) -> list[str]:
    return [f"- … and {total - shown:,} more"] if total > shown else []


def _link(lines: tuple[SourceLine, ...]) -> str:
    return f" [{in_markdown(str(lines[0]))}]({quote(lines[0].path)}#L{lines[0].line})" if lines else ""


FORMATS: Mapping[str, Writer] = {"text": _text, "json": _json, "md": _markdown}
"""The formats of `kg show`."""
