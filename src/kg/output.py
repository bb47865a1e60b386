"""Where answers go: to the terminal as tables, into pipes and files in the format that is asked for or fits."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.errors import KgError, QuerySyntaxError
from kg.findings import printable
from kg.terminal import Options, complain, raw_out

if TYPE_CHECKING:
    from kg.sparql import Answer
    from kg.tables import Called

_ENDS = {"srj": "json", "srx": "xml", "ttl": "turtle", "nt": "ntriples", "txt": "table", "": "table", "ndjson": "jsonl"}


def check_format(name: str | None) -> str | None:
    """The name of a format, if it is one. Raises BadParameter."""
    from kg.results import FORMATS

    if name is not None and name not in FORMATS:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}.", param_hint="'-f' / '--format'")
    return name


def format_of(file: Path | None) -> str | None:
    """What the end of a file's name says of its format; a text or no end at all is a table. Raises BadParameter."""
    if file is None:
        return None
    end = file.suffix[1:].lower()
    return check_format(_ENDS.get(end, end))


@contextmanager
def written(output: Path | None) -> Iterator[Path | None]:
    """A file to write to, which takes its name only when it is whole. Raises KgError."""
    from kg.source import whole

    if output is None:
        yield None
        return
    try:
        with whole(output) as fresh:
            yield fresh
    except OSError as error:
        raise KgError(f"{output} cannot be written: {error.strerror or error}") from error


def write(options: Options, answer: "Answer", called: "Called", file: Path | None, format_: str | None) -> None:
    """Write an answer to a file, or to stdout, where people get a table. Raises KgError."""
    from kg import results
    from kg.tables import Screen, screen

    shown = format_ in {None, "table"} and sys.stdout.isatty()
    with file.open("wb") if file else raw_out(styled=shown) as out:
        where = Screen() if file else screen(sys.stdout, color=options.color is not False)
        terminal = file is None and sys.stdout.isatty()
        results.write(answer, out, format_, terminal=terminal, people=results.People(called, where))
        out.flush()


_AROUND = 100
"""So many characters of a line are shown on each side of a mistake."""


def say_place(error: QuerySyntaxError, text: str, name: str) -> None:
    """Show the line of a query that cannot be read, with a caret under the place."""
    lines = text.split("\n")
    complain(f"{name}:{error.line}:{error.column}: {error}")
    if error.line <= len(lines):
        line = lines[error.line - 1].replace("\t", " ")
        start = max(0, error.column - _AROUND)
        before, after = printable(line[start : error.column - 1]), printable(line[error.column - 1 :][:_AROUND])
        click.echo(f"  {before}{after}\n  {' ' * len(before)}^", err=True)
