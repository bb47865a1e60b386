"""`kg when` and `kg blame`: since which commit something holds."""

import click

from kg.cli.options import Command, Options, common, emit, progress, store_config

_FORMAT = click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Write in this format.",
)


def _shown(command: Command) -> Command:
    return _FORMAT(common(command))


@click.command()
@click.argument("subject", metavar="S")
@click.argument("predicate", metavar="P")
@click.argument("obj", metavar="O")
@_shown
def when(options: Options, subject: str, predicate: str, obj: str, format_: str) -> None:
    """Show since which commit a triple holds, and until when.

    S, P and O are names as in kg why. Goes through the commits of the current branch, and shows each time at which the
    triple begins to hold, by which line or rule, and the commit that ends it. Exits with 1 if it never held.
    """
    from kg.comparison.since import periods
    from kg.rendering.periods import WHEN

    with progress(options) as bar:
        found = periods(store_config(options), subject, predicate, obj, bar)
    emit(WHEN[format_](found), styled=format_ == "text")


@click.command()
@click.argument("name")
@_shown
def blame(options: Options, name: str, format_: str) -> None:
    """Show which commit brought each fact of a thing.

    NAME is a name as in kg show. The facts are those at the last commit of the current branch, each with the commit
    since which it holds without a gap. Exits with 1 if that commit has no such thing.
    """
    from kg.comparison.since import blame as run
    from kg.rendering.periods import BLAME

    with progress(options) as bar:
        found = run(store_config(options), name, bar)
    emit(BLAME[format_](found), styled=format_ == "text")
