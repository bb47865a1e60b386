"""Write answers: as tables to a terminal, in the requested or default format to pipes and files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.options import Options, complain, raw_out
from kg.core.errors import KgError, QuerySyntaxError
from kg.core.escaping import printable

if TYPE_CHECKING:
    from kg.rendering.tables import TermNames
    from kg.sparql.answer import Answer


_ENDS = {"srj": "json", "srx": "xml", "ttl": "turtle", "nt": "ntriples", "txt": "table", "": "table", "ndjson": "jsonl"}


def check_format(name: str | None) -> str | None:
    """Return the name of a format if it exists. Raises BadParameter."""
    from kg.rendering.query_results import FORMATS

    if name is not None and name not in FORMATS:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}.", param_hint="'-f' / '--format'")
    return name


def format_of(file: Path | None) -> str | None:
    """The format for a file's extension; `.txt` and no extension mean a table. Raises BadParameter."""
    if file is None:
        return None
    end = file.suffix[1:].lower()
    return check_format(_ENDS.get(end, end))


@contextmanager
def written(output: Path | None) -> Iterator[Path | None]:
    """A temporary file to write to, renamed to `output` once it is complete. Raises KgError."""
    from kg.core.files import atomic_write

    if output is None:
        yield None
        return
    try:
        with atomic_write(output) as fresh:
            yield fresh
    except OSError as error:
        raise KgError(f"{output} cannot be written: {error.strerror or error}") from error


def write(options: Options, answer: "Answer", called: "TermNames", file: Path | None, format_: str | None) -> None:
    """Write an answer to a file or to stdout, as a table if that is a terminal. Raises KgError."""
    from kg.rendering import query_results as results
    from kg.rendering.tables import Screen, screen

    shown = format_ in {None, "table"} and sys.stdout.isatty()
    with file.open("wb") if file else raw_out(styled=shown) as out:
        target = Screen() if file else screen(sys.stdout, color=options.color is not False)
        terminal = file is None and sys.stdout.isatty()
        results.write(answer, out, format_, terminal=terminal, people=results.People(called, target))
        out.flush()


_AROUND = 100
"""How many characters of a line are shown on each side of an error."""


def say_place(error: QuerySyntaxError, text: str, name: str) -> None:
    """Print a syntax error and the line of the query, with a caret under the error."""
    lines = text.split("\n")
    complain(f"{name}:{error.line}:{error.column}: {error}")
    if error.line <= len(lines):
        line = lines[error.line - 1].replace("\t", " ")
        start = max(0, error.column - _AROUND)
        before, after = printable(line[start : error.column - 1]), printable(line[error.column - 1 :][:_AROUND])
        click.echo(f"  {before}{after}\n  {' ' * len(before)}^", err=True)
