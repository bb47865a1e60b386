"""`kg whatif`: what a change would mean, before a file is touched."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.diff import DiffOptions, diff_options, report
from kg.cli.options import Options, common, gathered, store_config
from kg.cli.reports import OutputOptions, output_options
from kg.core.errors import KgError

if TYPE_CHECKING:
    from kg.comparison.imagined import ImaginedChanges
    from kg.comparison.state import ComparedState


@dataclass(frozen=True)
class ChangeOptions:
    """The changes to imagine."""

    without: tuple[str, ...]
    with_: tuple[str, ...]
    rename: tuple[tuple[str, str], ...]
    merge: tuple[tuple[str, str], ...]
    add: tuple[tuple[str, str, str], ...]
    drop: tuple[tuple[str, str, str], ...]

    def make(self, changes: "ImaginedChanges") -> None:
        """Make the changes, in this order: files, properties, names, removals. Raises KgError."""
        for text in self.with_:
            file, _, path = text.partition("=")
            changes.with_file(Path(file), path)
        for row in self.drop:
            changes.drop(*row)
        for row in self.add:
            changes.add(*row)
        for pair in self.rename:
            changes.rename(*pair)
        for pair in self.merge:
            changes.merge(*pair)
        for name in self.without:
            changes.without(name)


@click.command()
@gathered(
    "change",
    ChangeOptions,
    click.option("--without", multiple=True, metavar="NOTE", help="Leave out a note."),
    click.option(
        "--with",
        "with_",
        multiple=True,
        metavar="FILE[=PATH]",
        help="Take FILE for the note, ontology file, shape or rule at PATH.",
    ),
    click.option("--rename", multiple=True, nargs=2, metavar="NOTE NAME", help="Rename or move a note; links stay."),
    click.option("--merge", multiple=True, nargs=2, metavar="NOTE INTO", help="Put the text of a note into another."),
    click.option("--add", multiple=True, nargs=3, metavar="S P O", help="Write a property into the note of S."),
    click.option("--drop", multiple=True, nargs=3, metavar="S P O", help="Take out the lines that state a triple."),
)
@diff_options
@output_options("text, md, html, json, nquads, sparql or github")
@common
def whatif(options: Options, change: ChangeOptions, choice: DiffOptions, output: OutputOptions) -> None:
    """Report what a change would mean, before a file is touched.

    The report is that of kg diff: what breaks, what no longer follows, what is reported newly. All options may be
    repeated and combined. Nothing is written, and the store stays as it is.
    """
    from kg.comparison.commits import state_now
    from kg.comparison.difference import compare
    from kg.comparison.imagined import ImaginedChanges
    from kg.comparison.state import ComparedState
    from kg.ingestion.overlay import overlay
    from kg.notes.vault import Vault

    targets = output.targets(choice.reports(output))
    config = store_config(options)
    now = state_now(config)
    changes = ImaginedChanges(now)
    change.make(changes)
    if not changes.contents:
        raise click.UsageError("name a change: --without, --with, --rename, --merge, --add or --drop.")
    with overlay(Vault(config=config), changes.contents) as imagined:
        after = ComparedState.of("as it would be", imagined.config)
        for row in change.add:
            _check_added(options, after, row)
        report(options, choice, output, targets, compare(now, after, choice.parts()))


def _check_added(options: Options, after: "ComparedState", row: tuple[str, str, str]) -> None:
    """Say if what was added is not what the notes would state."""
    try:
        after.explainer.naming.triples(*row)
    except KgError as error:
        options.say(f"the line “{row[1]}:: {row[2]}” does not state it: {error}", fg="yellow")
