"""The analyses `path`, `neighbours`, `gaps`, `duplicates` and `history` of `kg analyze`."""

import click

from kg.analysis.periods import PERIODS
from kg.cli.analyze import AnalysisOptions, analysis, analyze
from kg.cli.options import progress
from kg.core.errors import NotFound

__all__ = ["analyze"]


@analyze.command()
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option("--all", "everything", is_flag=True, help="Show all paths without repeated things, shortest first.")
@click.option(
    "--max",
    "longest",
    type=click.IntRange(1, 20),
    default=4,
    show_default=True,
    metavar="N",
    help="Longest path, in links.",
)
@click.option(
    "--routes", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most this many paths."
)
@click.option("--undirected", is_flag=True, help="Ignore the direction of links, even if a directed path exists.")
@analysis(0)
def path(
    request: AnalysisOptions, start: str, end: str, everything: bool, longest: int, routes: int, undirected: bool
) -> None:
    """Show the shortest path of links from A to B.

    Each row is one step, with the sentence that makes the link. If no path follows the direction of the links, shows
    one that takes some of them backwards, and says so. --max and --routes limit --all. Exits with 1 if there is no
    path, or if nothing has one of the names.
    """
    from kg.analysis.paths import node_number, path_table, shortest, simple_paths
    from kg.rendering.analysis_tables import path_text

    ends = node_number(request.network, request.explainer, start), node_number(request.network, request.explainer, end)
    if everything:
        paths = simple_paths(request.network, *ends, longest, routes, undirected=undirected)
    else:
        paths = shortest(request.network, *ends, undirected=undirected)
    if not paths.paths:
        raise NotFound(f"no path leads from “{start}” to “{end}”{f' in {longest} links' if everything else ''}")
    if paths.undirected and not undirected:
        request.options.say(f"no path leads from “{start}” to “{end}” along the links: some go backwards (“in”)")
    request.show(path_table(request.network, request.explainer, paths), "both names mean the same thing", path_text)
    if paths.more:
        request.options.say(
            "there are more paths (--routes)" if everything else "other paths are as short (--all)", dim=True
        )


@analyze.command()
@click.argument("name")
@click.option(
    "--depth",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Include things up to this many links away.",
)
@analysis()
def neighbours(request: AnalysisOptions, name: str, depth: int) -> None:
    """List the things around NAME, nearest first.

    Each comes with its link, the thing that it is reached through, and the sentence that makes the link. `out` leads
    away from NAME, `in` towards it, `both` either way. Exits with 1 if nothing has that name.
    """
    from kg.analysis.paths import around, neighbours_table, node_number
    from kg.rendering.analysis_tables import neighbours_text

    near = around(request.network, node_number(request.network, request.explainer, name), depth)
    request.show(
        neighbours_table(request.network, request.explainer, near), f"there are no links with “{name}”", neighbours_text
    )


@analyze.command()
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Show only gaps of this kind; may be repeated.")
@click.option(
    "--each",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Show at most this many gaps of a kind; 0 shows all.",
)
@analysis(0, choosing=False)
def gaps(request: AnalysisOptions, kinds: tuple[str, ...], each: int) -> None:
    """List gaps: missing notes, unconnected outcomes, cycles.

    Within each kind, the largest count comes first. missing-note, missing-file: a note or file that is linked to but
    does not exist (count: notes that link to it); circle: a cycle of a property that orders things, for example broader
    (count: its things); apart: two communities without a link between them (count: the links expected by chance).
    Queries find the other kinds (count: things that link to it): outcome-without-output, output-without-outcome,
    single-source, and your own in queries/gaps.
    """
    from kg.analysis.gaps import as_text
    from kg.analysis.gaps import gaps as compute

    request.show(compute(request.store, request.network, kinds, each or None), "nothing is missing", as_text)


@analyze.command()
@click.option(
    "--at-least",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="Show pairs with at least this score.",
)
@analysis(choosing=False)
def duplicates(request: AnalysisOptions, at_least: float) -> None:
    """List likely duplicates among authors, tags and notes.

    Shows pairs, each with the reason and the certainty (score, up to 1). Fewer things link to the first of a pair than
    to the second. Names that differ in a number, a month or a single letter form a series, not a pair.
    """
    from kg.analysis.duplicates import as_text
    from kg.analysis.duplicates import duplicates as compute

    request.show(compute(request.store, at_least), "there are no probable duplicates", as_text)


@analyze.command()
@click.option(
    "--by",
    type=click.Choice([*PERIODS]),
    default="commit",
    show_default=True,
    help="Show a row per commit or per period.",
)
@analysis(0, choosing=False)
def history(request: AnalysisOptions, by: str) -> None:
    """Show how the graph grew with the commits of the vault.

    Reads the git repository of the vault and never writes to it. The oldest commit comes first. Counts notes, links
    (places that link), missing notes and things, as kg ingest would have counted them with today's settings and
    ontology. Leaves out commits that changed no note. Exits with 1 if there is no repository.
    """
    from kg.analysis.history import history as compute

    with progress(request.options) as bar:
        table = compute(request.config, by, bar)
    request.show(table, "no commit contains notes of this vault")
