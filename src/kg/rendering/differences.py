"""The output formats for the difference between two states: one row per format."""

from collections.abc import Callable, Iterable, Iterator
from html import escape
from io import StringIO
from typing import IO, Any

import pyoxigraph as ox

from kg.comparison.difference import Conclusion, Difference
from kg.comparison.facts import Fact, NoteChange
from kg.core.escaping import in_markdown, printable
from kg.core.json_text import json_text
from kg.core.output_format import OutputFormat
from kg.rdf.vocabulary import DEFAULT_GRAPH
from kg.rendering.difference_report import ReportRow, ReportSection, Sign, sections, sentence, summary, title
from kg.rendering.findings import github_command, workflow_command

Paint = Callable[[Sign, str], str]
"""Returns a text in the colour of a sign, if there are colours."""
DifferenceWriter = Callable[[Difference, IO[str], Paint], None]
DifferenceFormat = OutputFormat[DifferenceWriter]
_FOLDED = 30
"""The number of rows from which a section of Markdown is folded."""


def _text(difference: Difference, out: IO[str], paint: Paint) -> None:
    out.write(f"{printable(title(difference))}\n")
    for section in sections(difference):
        out.write(f"\n{printable(section.title)}\n")
        for row in section.rows:
            text = printable(f"{row.sign} {row.text}")
            out.write(f"  {paint(row.sign, text)}{f'  {printable(row.place)}' if row.place else ''}\n")
    out.write(f"\n{summary(difference)}\n")


def _stat(difference: Difference, out: IO[str], paint: Paint) -> None:
    rows = [(change.path, change) for change in difference.notes]
    wide = max((len(path) for path, _ in rows), default=0)
    for path, change in rows:
        counts = (("+", len(change.added)), ("-", len(change.removed)), ("~", len(change.changed)))
        told = " ".join(paint(sign, f"{sign}{number}") for sign, number in counts if number)  # type: ignore[arg-type]
        out.write(f"{printable(path):<{wide}}  {told or 'no fact changed'}\n")
    out.write(f"{summary(difference)}\n")


def _markdown(difference: Difference, out: IO[str], paint: Paint) -> None:
    out.write(f"## {in_markdown(title(difference))}\n\n{in_markdown(summary(difference))}\n")
    for section in sections(difference):
        head, rows = in_markdown(section.title), "".join(_item(row) for row in section.rows)
        if len(section.rows) > _FOLDED:
            label = f"{_in_html(section.title)} ({len(section.rows):,})"
            out.write(f"\n<details><summary>{label}</summary>\n\n{rows}\n</details>\n")
        else:
            out.write(f"\n### {head}\n\n{rows}")


def _item(row: ReportRow) -> str:
    text = in_markdown(row.text) + (f" — {in_markdown(row.place)}" if row.place else "")
    return f"  - {text}\n" if row.sign == " " else f"- **{in_markdown(row.sign)}** {text}\n"


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1c222b; --soft: #59616e; --paper: #fff }}
:root {{ --come: #1a7f37; --gone: #c62f39; --other: #8a5a00 }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6e9ee; --soft: #9aa4b2; --paper: #14181f }}
  :root {{ --come: #4cc46a; --gone: #ff7b83; --other: #e0a83c }}
}}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
body {{ color: var(--ink); background: var(--paper) }}
h1 {{ font-size: 1.3rem }}
h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .4rem }}
ul {{ list-style: none; margin: 0; padding: 0 }}
li {{ padding: .15rem 0 .15rem 1.4rem; text-indent: -1.4rem; overflow-wrap: anywhere }}
b {{ display: inline-block; width: 1.4rem; text-indent: 0 }}
small {{ color: var(--soft) }}
.more {{ padding-left: 2.8rem }}
.come b {{ color: var(--come) }}
.gone b {{ color: var(--gone) }}
.other b {{ color: var(--other) }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
"""
_CLASSES: dict[Sign, str] = {"+": "come", "-": "gone", "~": "other", " ": "more"}


def _html(difference: Difference, out: IO[str], paint: Paint) -> None:
    out.write(_PAGE.format(title=_in_html(title(difference)), summary=_in_html(summary(difference))))
    for section in sections(difference):
        out.write(f"<h2>{_in_html(section.title)}</h2>\n<ul>\n{''.join(_rows(section))}</ul>\n")


def _rows(section: ReportSection) -> Iterator[str]:
    for row in section.rows:
        place = f" <small>{_in_html(row.place)}</small>" if row.place else ""
        yield f'<li class="{_CLASSES[row.sign]}"><b>{row.sign.strip()}</b>{_in_html(row.text)}{place}</li>\n'


def _in_html(text: str) -> str:
    return escape(printable(text))


# ---- for programs ----------------------------------------------------------------------------------------------------


def _json(difference: Difference, out: IO[str], paint: Paint) -> None:
    gone, come = difference.gone, difference.come
    value = {
        "before": gone.state.name,
        "after": come.state.name,
        "totals": difference.totals,
        "things": {
            "added": [thing._asdict() for thing in come.things],
            "removed": [thing._asdict() for thing in gone.things],
            "moved": [thing._asdict() for thing in difference.moved],
        },
        "notes": [_note(change, difference) for change in difference.notes],
        "follows": {"added": list(map(_conclusion, come.follows)), "removed": list(map(_conclusion, gone.follows))},
        "findings": {
            "added": [finding.as_json() for finding in come.findings],
            "removed": [finding.as_json() for finding in gone.findings],
        },
        "answers": [answer._asdict() for answer in difference.answers],
        "library": {
            "changes": [change.answer._asdict() for change in difference.library.changes],
            "listings": [answer._asdict() for answer in difference.library.listings],
            "left_out": difference.library.left_out,
        },
    }
    out.write(json_text(value, indent=1) + "\n")


def _note(change: NoteChange, difference: Difference) -> dict[str, Any]:
    now, was = difference.lines, difference.lines_before

    def fact(row: Fact, lines: Any) -> dict[str, Any]:
        return row.as_json() | {"places": [line.as_json() for line in lines.get(row.triple, ())]}

    return {
        "before": change.before or None,
        "after": change.after or None,
        "edited": change.is_edited,
        "changed": [{"before": fact(pair.before, was), "after": fact(pair.after, now)} for pair in change.changed],
        "added": [fact(row, now) for row in change.added],
        "removed": [fact(row, was) for row in change.removed],
    }


def _conclusion(conclusion: Conclusion) -> dict[str, Any]:
    return conclusion.fact.as_json() | {"reason": conclusion.reason or None}


def _nquads(difference: Difference, out: IO[str], paint: Paint) -> None:
    out.writelines(f"- {_line(quad)}\n" for quad in difference.gone.quads())
    out.writelines(f"+ {_line(quad)}\n" for quad in difference.come.quads())


def _line(quad: ox.Quad) -> str:
    graph = "" if quad.graph_name == DEFAULT_GRAPH else f" {quad.graph_name}"
    return f"{quad.subject} {quad.predicate} {quad.object}{graph} ."


def _sparql(difference: Difference, out: IO[str], paint: Paint) -> None:
    gone, come = difference.gone.quads(), difference.come.quads()
    parts = [f"DELETE DATA {{\n{''.join(_grouped(gone))}}}"] * bool(gone)
    parts += [f"INSERT DATA {{\n{''.join(_grouped(come))}}}"] * bool(come)
    out.write(" ;\n".join(parts) + "\n" * bool(parts))


def _grouped(quads: Iterable[ox.Quad]) -> Iterator[str]:
    for quad in quads:
        triple = f"{quad.subject} {quad.predicate} {quad.object} ."
        is_default = quad.graph_name == DEFAULT_GRAPH
        yield f"  {triple}\n" if is_default else f"  GRAPH {quad.graph_name} {{ {triple} }}\n"


def _github(difference: Difference, out: IO[str], paint: Paint) -> None:
    """Write the new findings at their lines, and what each note asserts newly or no longer as a notice."""
    for finding in difference.come.findings:
        out.write(github_command(finding, finding.path, finding.code))
    for change in difference.notes:
        if change.has_facts and change.after:
            told = [f"~ {sentence(pair.before)} → {pair.after.words[2]}" for pair in change.changed]
            told += [f"+ {sentence(fact)}" for fact in change.added]
            told += [f"- {sentence(fact)}" for fact in change.removed]
            place = {"file": printable(change.after), "line": 1, "title": "What the note says"}
            out.write(workflow_command("notice", place, "\n".join(map(printable, told))))


REPORTS: dict[str, DifferenceFormat] = {
    row.name: row
    for row in (
        DifferenceFormat("text", "text/plain", "txt", "a report for people", _text),
        DifferenceFormat("stat", "text/plain", "", "the totals, note by note", _stat),
        DifferenceFormat("md", "text/markdown", "md", "a report in Markdown, for a comment on a change", _markdown),
        DifferenceFormat("html", "text/html", "html", "a report as a page", _html),
        DifferenceFormat("json", "application/json", "json", "all of the report, for programs", _json),
        DifferenceFormat("nquads", "text/plain", "diff", "the quads that go (-) and come (+)", _nquads),
        DifferenceFormat("sparql", "application/sparql-update", "ru", "an update for any SPARQL server", _sparql),
        DifferenceFormat("github", "text/plain", "", "commands that GitHub Actions shows at the lines", _github),
    )
}


def in_format(difference: Difference, name: str) -> str:
    """The report in a format of REPORTS, without colours."""
    out = StringIO()
    REPORTS[name].write(difference, out, lambda sign, text: text)
    return out.getvalue()
