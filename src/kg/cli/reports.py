"""Reports in several formats: where each of them goes, and the options that say so."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Generic, TypeVar

import click

from kg.cli.options import Command, gathered, text_out
from kg.cli.output import written
from kg.core.output_format import OutputFormat

Writer = TypeVar("Writer")


@dataclass(frozen=True)
class OutputOptions:
    """The options that say where reports go, and whether they can make the command fail."""

    formats: tuple[str, ...]
    output: Path | None
    exit_zero: bool

    def targets(self, registry: Mapping[str, OutputFormat[Writer]]) -> "list[ReportTarget[Writer]]":
        """The reports to write; the default is text on standard output. Raises UsageError."""
        named = [_target(text, registry) for text in self.formats]
        main = [target.row for target in named if target.file is None]
        if not named or (self.output and not main):
            main = [_format_of(self.output, registry)]
        if len(main) > 1:
            raise click.UsageError("only one report goes to standard output; write others with -f FORMAT=FILE.")
        targets = [
            *(target for target in named if target.file),
            *(ReportTarget(row, self.output, True) for row in main),
        ]
        places = [os.path.realpath(target.file) for target in targets if target.file]
        if len(set(places)) < len(places):
            raise click.UsageError("two reports cannot go to the same file.")
        return targets


def output_options(formats: str) -> Callable[[Command], Command]:
    """The options of `OutputOptions`; `formats` is a list of their names, for the help text."""
    return gathered(
        "output",
        OutputOptions,
        click.option(
            "-f",
            "--format",
            "formats",
            metavar="FORMAT[=FILE]",
            multiple=True,
            help=f"Write {formats}; with =FILE, to that file besides the other reports.",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write the report to FILE. Its extension gives the format, unless -f does.",
        ),
        click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever the report says."),
    )


@dataclass(frozen=True)
class ReportTarget(Generic[Writer]):
    """A format, and the file that it is written to; None is standard output."""

    row: OutputFormat[Writer]
    file: Path | None
    is_main: bool
    """Whether it is the report of the command, and no report besides."""

    @contextmanager
    def out(self) -> Iterator[IO[str]]:
        """A file that replaces another once it is complete, else standard output. Raises KgError."""
        with written(self.file) as fresh:
            if fresh is None:
                with text_out(styled=self.row.name == "text") as stdout:
                    yield stdout
            else:
                with fresh.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
                    yield out


def _target(text: str, registry: Mapping[str, OutputFormat[Writer]]) -> ReportTarget[Writer]:
    """The target of `FORMAT` or `FORMAT=FILE`. Raises BadParameter."""
    name, mark, file = text.partition("=")
    if name not in registry:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(registry)}.", param_hint="'-f' / '--format'")
    if mark and not file:
        raise click.BadParameter(f"{text!r} names no file.", param_hint="'-f' / '--format'")
    return ReportTarget(registry[name], Path(file) if file else None, not file)


def _format_of(file: Path | None, registry: Mapping[str, OutputFormat[Writer]]) -> OutputFormat[Writer]:
    """The format for a file's extensions (`.sarif.json` is SARIF); text for others and without a file."""
    ends = [end[1:].lower() for end in file.suffixes] if file else []
    return next((row for end in ends for row in registry.values() if row.suffix == end), registry["text"])
