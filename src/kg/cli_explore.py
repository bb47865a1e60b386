"""The analyses that explore: ways from one thing to another, what lies around one, gaps, duplicates, growth."""

import click

from kg.cli_analyze import Asked, analysis, analyze
from kg.errors import NotFound
from kg.terminal import progress

__all__ = ["analyze"]

_KINDS = (
    "missing-note",
    "missing-file",
    "outcome-without-output",
    "output-without-outcome",
    "single-source",
    "circle",
    "apart",
)
"""The kinds of gaps, as in `gaps.KINDS`: a room that need not be loaded to say what it takes."""
_PERIODS = ("commit", "day", "week", "month", "year")
"""As in `history.PERIODS`."""


@analyze.command()
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option("--all", "everything", is_flag=True, help="All ways that pass nothing twice, the shorter first.")
@click.option("--max", "longest", type=click.IntRange(1, 20), default=4, show_default=True, help="Of so many steps.")
@click.option("--routes", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many ways.")
@click.option("--undirected", is_flag=True, help="Take links in either direction from the start.")
@analysis(0)
def path(asked: Asked, start: str, end: str, everything: bool, longest: int, routes: int, undirected: bool) -> None:
    """Say how one leads from A to B by links: the shortest way, a row a step, with the sentence that makes each.

    Where none leads there in the direction of the links, one is taken that goes against some, and that is said. --max
    and --routes bound --all. Exits with 1 where there is no way, or nothing is known by a name.
    """
    from kg.routes import number, path_table, shortest, simple, told_path

    ends = number(asked.network, asked.explainer, start), number(asked.network, asked.explainer, end)
    if everything:
        found = simple(asked.network, *ends, longest, routes, undirected=undirected)
    else:
        found = shortest(asked.network, *ends, undirected=undirected)
    if not found.found:
        raise NotFound(f"no way leads from “{start}” to “{end}”{f' in {longest} steps' if everything else ''}")
    if found.undirected and not undirected:
        asked.options.say(f"no way leads from “{start}” to “{end}” along the links: some are taken backwards (“in”)")
    asked.show(path_table(asked.network, asked.explainer, found), "both are one thing", told_path)
    if found.more:
        asked.options.say(
            "there are more ways (--routes)" if everything else "other ways are as short (--all)", dim=True
        )


@analyze.command()
@click.argument("name")
@click.option("--depth", type=click.IntRange(1, 20), default=1, show_default=True, help="So many links away.")
@analysis()
def neighbours(asked: Asked, name: str, depth: int) -> None:
    """Name what lies around a thing, the nearest first: by which link, through what, and the sentence that makes it.

    `out` leads away from NAME, `in` towards it, `both` either way. Exits with 1 where nothing is known by that name.
    """
    from kg.routes import around, neighbours_table, number, told_neighbours

    found = around(asked.network, number(asked.network, asked.explainer, name), depth)
    asked.show(
        neighbours_table(asked.network, asked.explainer, found), f"nothing is linked with “{name}”", told_neighbours
    )


@analyze.command()
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only gaps of this kind; repeatable.")
@click.option(
    "--each", type=click.IntRange(min=0), default=5, show_default=True, help="So many of a kind; 0 shows all."
)
@analysis(0, choosing=False)
def gaps(asked: Asked, kinds: tuple[str, ...], each: int) -> None:
    """Say what is not there and might be, what most rests on first.

    missing-note, missing-file: linked to and not there (count: notes that link to it); outcome-without-output,
    output-without-outcome, and single-source, a concept that rests on one work (count: things that link to it);
    circle: things each of which comes before the next, as with broader (count: of how many); apart: communities with
    no link between them (count: as many as there would be by chance).
    """
    from kg.gaps import gaps as found
    from kg.gaps import told

    asked.show(found(asked.store, asked.network, kinds, each or None), "nothing is missing", told)


@analyze.command()
@click.option("--at-least", type=click.FloatRange(0, 1), default=0.7, show_default=True, help="Of this score.")
@analysis(choosing=False)
def duplicates(asked: Asked, at_least: float) -> None:
    """Name authors, tags and notes that are likely one thing, in pairs, with why and how sure that is (score, up to 1).

    The first of a pair is the one that fewer things lead to. What differs in a number, a month or a letter that stands
    alone is a series, and no pair.
    """
    from kg.duplicates import duplicates as found
    from kg.duplicates import told

    asked.show(found(asked.store, at_least), "no two authors, tags or notes look like one", told)


@analyze.command()
@click.option("--by", type=click.Choice(_PERIODS), default="commit", show_default=True, help="What a row stands for.")
@analysis(0, choosing=False)
def history(asked: Asked, by: str) -> None:
    """Say how the graph grew, by the commits of the git repository that the vault is in, the oldest first.

    notes, links (places that link), missing, and things, as kg ingest would have counted them with today's settings and
    ontology. A commit that changed no note is left out. The repository is only read. Exits with 1 where there is none.
    """
    from kg.history import history as found

    with progress(asked.options) as told:
        table = found(asked.config, by, told)
    asked.show(table, "no commit has notes of this vault")
