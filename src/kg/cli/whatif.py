"""`kg whatif`: what a change would mean, before a file is touched."""

import sys
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
    from kg.comparison.suggested import Suggestions


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


@dataclass(frozen=True)
class WishOptions:
    """What is wanted, in place of a change."""

    want: tuple[str, str, str] | None
    mend: tuple[str, str] | None

    def suggestions(self, state: "ComparedState") -> "Suggestions":
        """What to write for it. Raises KgError."""
        if self.want:
            from kg.comparison.wanted import suggestions, wanted

            return suggestions(state, wanted(state, *self.want))
        from kg.comparison.mending import mended

        assert self.mend
        return mended(state, *self.mend)


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
@gathered(
    "wish",
    WishOptions,
    click.option("--want", nargs=3, metavar="S P O", help="List the least to write so that a triple holds."),
    click.option("--mend", nargs=2, metavar="CODE PLACE", help="List the least to write so that a finding is gone."),
)
@diff_options
@output_options("text, md, html, json, nquads, sparql or github")
@common
def whatif(
    options: Options, change: ChangeOptions, wish: WishOptions, choice: DiffOptions, output: OutputOptions
) -> None:
    """Report what a change would mean, before a file is touched.

    The report is that of kg diff: what breaks, what no longer follows, what is reported newly. All changes may be
    repeated and combined. Nothing is written, and the store stays as it is.

    --want and --mend turn the question round: they list the smallest sets of lines that bring about a triple, named as
    in kg why, or resolve a finding, named by its code and PATH or PATH:LINE (as text, md or json). An overlay checks
    each of them. They exit with 1 if nothing would do.
    """
    from kg.comparison.commits import state_now
    from kg.comparison.difference import compare
    from kg.comparison.imagined import ImaginedChanges
    from kg.comparison.state import ComparedState
    from kg.ingestion.overlay import overlay
    from kg.notes.vault import Vault

    if wish.want or wish.mend:
        _suggest(options, change, wish, output)
        return
    targets = output.targets(choice.reports(output))
    config = store_config(options)
    now = state_now(config)
    changes = ImaginedChanges(now)
    change.make(changes)
    if not changes.contents:
        raise click.UsageError(
            "name a change: --without, --with, --rename, --merge, --add or --drop; or --want, or --mend."
        )
    with overlay(Vault(config=config), changes.contents) as imagined:
        after = ComparedState.of("as it would be", imagined.config)
        for row in change.add:
            _check_added(options, after, row)
        report(options, choice, output, targets, compare(now, after, choice.parts()))


def _suggest(options: Options, change: ChangeOptions, wish: WishOptions, output: OutputOptions) -> None:
    """Write the suggestions for what is wanted; exit with 1 if nothing would do."""
    from kg.comparison.commits import state_now
    from kg.rendering.suggestions import SUGGESTIONS

    if any(vars(change).values()) or (wish.want and wish.mend):
        raise click.UsageError("--want and --mend stand alone: give one of them, and no change.")
    targets = output.targets(SUGGESTIONS)
    found = wish.suggestions(state_now(store_config(options)))
    for target in targets:
        with target.out() as out:
            target.row.write(found, out)
    if not (found.rows or found.holds or output.exit_zero):
        sys.exit(1)


def _check_added(options: Options, after: "ComparedState", row: tuple[str, str, str]) -> None:
    """Say if what was added is not what the notes would state."""
    try:
        after.explainer.naming.triples(*row)
    except KgError as error:
        options.say(f"the line “{row[1]}:: {row[2]}” does not state it: {error}", fg="yellow")
