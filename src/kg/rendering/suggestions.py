"""The output formats for suggestions of what to write: one row per format."""

import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from kg.comparison.suggested import SuggestedLines, Suggestions
from kg.comparison.written_lines import WrittenLine
from kg.core.escaping import in_markdown, printable
from kg.core.json_text import json_text
from kg.core.output_format import OutputFormat

SuggestionWriter = Callable[[Suggestions, IO[str]], None]
SuggestionFormat = OutputFormat[SuggestionWriter]
_PLACES = {
    "front matter": " (in the front matter)",
    "new note": " (a new note)",
    "text": "",
    "end": " (at the end)",
    "taken out": " (take it out)",
}


def _title(found: Suggestions) -> str:
    """The first line of a report."""
    if found.holds:
        return f"{found.goal} holds already: kg why proves it"
    number = "do this" if len(found.rows) == 1 else f"do one of these {len(found.rows)}"
    if found.finding:
        nothing = f"No line to write or to take out resolves {found.goal}: {found.why_none}"
        return f"To resolve {found.goal}, {number}:" if found.rows else nothing
    if not found.rows:
        return f"No line makes {found.goal} hold: {found.why_none}"
    return f"For {found.goal} to hold, {number.replace('do', 'write')}:"


def _rest(found: Suggestions) -> Iterator[str]:
    """What the report leaves out."""
    if found.more:
        yield f"{found.more} more may do that are not checked: other things in the same places"
    if found.remark:
        yield found.remark
    if found.is_cut:
        yield "the search is cut: there may be others"


def _line(line: WrittenLine) -> str:
    return f"{line.path}{': ' if line.text else ''}{line.text}{_PLACES[line.place]}"


def _remarks(row: SuggestedLines) -> Iterator[str]:
    for number, rule in enumerate(row.rules):
        yield f"{'and' if number else 'Then it follows'} by {rule.name}{': ' if rule.meaning else ''}{rule.meaning}"
    if row.because:
        yield f"since {' and '.join(row.because)}"
    for text in row.breaks:
        yield f"But it breaks something: {text}"


def _text(found: Suggestions, out: IO[str]) -> None:
    out.write(f"{printable(_title(found))}\n")
    for number, row in enumerate(found.rows, 1):
        first, *others = [*map(_line, row.lines), *_remarks(row)]
        out.write(f"\n{number:>2}. {printable(first)}\n")
        for text in others:
            out.write(f"    {printable(text)}\n")
    if rest := list(_rest(found)):
        out.write("".join(f"\n{text}" for text in rest) + "\n")


def _markdown(found: Suggestions, out: IO[str]) -> None:
    out.write(f"{in_markdown(_title(found))}\n\n")
    for row in found.rows:
        lines = "; ".join(map(_item, row.lines))
        remarks = "".join(f"  \n   {in_markdown(text)}" for text in _remarks(row))
        out.write(f"1. {lines}{remarks}\n")
    for text in _rest(found):
        out.write(f"\n{text}\n")


def _item(line: WrittenLine) -> str:
    text = f": {_code(line.text)}" if line.text else ""
    return f"{in_markdown(line.path)}{text}{_PLACES[line.place]}"


def _code(text: str) -> str:
    """A line as code in Markdown, whatever backticks it has."""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks} {printable(text)} {ticks}" if "`" in text else f"`{printable(text)}`"


def _json(found: Suggestions, out: IO[str]) -> None:
    triple = found.triple
    row: dict[str, Any] = {"goal": found.goal, "holds": found.holds}
    if triple is not None:
        row |= {"subject": str(triple.subject), "predicate": str(triple.predicate), "object": str(triple.object)}
    if found.finding is not None:
        row["finding"] = found.finding.as_json()
    row["suggestions"] = [
        {
            "lines": [{"path": line.path, "text": line.text, "place": line.place} for line in suggestion.lines],
            "rules": [rule._asdict() for rule in suggestion.rules],
            "because": list(suggestion.because),
            "breaks": list(suggestion.breaks),
        }
        for suggestion in found.rows
    ]
    row |= {"more": found.more, "cut": found.is_cut, "remark": found.remark, "why_none": found.why_none}
    out.write(json_text(row, indent=1) + "\n")


SUGGESTIONS: dict[str, SuggestionFormat] = {
    row.name: row
    for row in (
        SuggestionFormat("text", "text/plain", "txt", "a list for people", _text),
        SuggestionFormat("md", "text/markdown", "md", "a list in Markdown", _markdown),
        SuggestionFormat("json", "application/json", "json", "everything, for programs", _json),
    )
}
