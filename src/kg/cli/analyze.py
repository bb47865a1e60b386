"""The command `kg analyze`, what its analyses share, and the analyses of structure and similarity."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kg.cli.freshness import refresh
from kg.cli.options import Command, Options, as_of, common, plural, progress, separated, tell, vault_config
from kg.cli.output import check_format, format_of, write, written

if TYPE_CHECKING:
    from kg.analysis.network import Network
    from kg.analysis.saved_metrics import Metrics
    from kg.analysis.similarity import Texts
    from kg.analysis.tables import Table
    from kg.config import Config
    from kg.reasoning.explanation import Explainer
    from kg.store.store import Store

    Formatter = Callable[[Table, Callable[[Any], str]], str]
    "Renders a table as text, given a function that names terms."


Result = TypeVar("Result")

_FORMATS = "Write table, csv, tsv, json, jsonl, xml or md; by default, the extension of FILE decides."
_FILE = click.Path(dir_okay=False, path_type=Path)
_WRITING = (
    click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE, completely or not at all."),
    click.option("-f", "--format", "format_", metavar="FORMAT", help=_FORMATS),
    click.option("--columns", metavar="NAME,…", help="Show only these columns."),
    click.option("--wide", is_flag=True, help="Show all columns in a terminal, too; by default the first three."),
)
_WRITTEN = ("output", "format_", "columns", "wide")
_LIMIT: dict[str, Any] = {
    "type": click.IntRange(min=0),
    "show_default": True,
    "metavar": "N",
    "help": "Show the first N rows; 0 shows all.",
}
_CHOOSING = (
    click.option("--inferred", is_flag=True, help="Include inferred links."),
    click.option("--only", multiple=True, metavar="CLASS", help="Include only things of this class; may be repeated."),
    click.option(
        "--links",
        multiple=True,
        metavar="PROPERTY",
        help="Include only links of this property, for example broader; may be repeated.",
    ),
)
_SAVE = click.option("--save", is_flag=True, help="Save the results in kg:metrics, for queries and exports.")
_NETWORK = {"links": "links", "only": "classes", "inferred": "inferred"}


@click.group()
def analyze() -> None:
    """Analyze the network of notes: centrality, communities, gaps.

    The network consists of the things that notes are about and the links between them; inferred links count only with
    --inferred. Most analyses take --links and --only to select a part of it. Each writes rows as kg query does.
    """


class AnalysisOptions:
    """The input of an analysis, and where and how to write its rows."""

    def __init__(self, options: Options, network: dict[str, Any], limit: int, **writing: Any):
        self.options = options
        self._network = network
        self.limit = limit or None
        self.output: Path | None = writing["output"]
        self.format = check_format(writing["format_"]) or format_of(self.output)
        self._columns: str | None = writing["columns"]
        self._wide = bool(writing["wide"]) or self.output is not None or not sys.stdout.isatty()

    @functools.cached_property
    def config(self) -> "Config":
        """The settings of the vault."""
        return vault_config(self.options)

    @functools.cached_property
    def store(self) -> "Store":
        """The published store."""
        from kg.store.store import Store

        return Store(self.config.store)

    @functools.cached_property
    def explainer(self) -> "Explainer":
        """Finds things by name, and the lines of notes."""
        from kg.reasoning.explanation import Explainer
        from kg.store.store import Published

        return Explainer(self.config, Published(self.store.path))

    @functools.cached_property
    def network(self) -> "Network":
        """The network that the options select."""
        from kg.analysis.network_reader import read
        from kg.notes.vault import without_collection

        with without_collection():
            return read(self.store, **self._network)

    def show(self, table: "Table", nothing: str = "", as_text: "Formatter | None" = None) -> None:
        """Write the rows, for people with `as_text` if that is set; without rows, print `nothing` on stderr."""
        from kg.rendering.analysis_tables import display_table
        from kg.rendering.tables import TermNames

        if not table.rows:
            self.options.say(nothing, dim=True)
        called = TermNames.of(self.store, names=table.names())
        people = self.format == "table" or (self.format is None and self.output is None and sys.stdout.isatty())
        shown = table.first(self.limit)
        with written(self.output) as file:
            if people and as_text and shown.rows:
                text = as_text(shown, called.name)
                file.write_bytes(text.encode("utf-8", "replace")) if file else tell(text, nl=False)
            else:
                shown = display_table(shown) if people else shown
                chosen = self._of_columns(shown, people)
                write(self.options, chosen.answer(self.store.prefixes), called, file, self.format)
                self._say_hidden(shown, chosen)
        if table.says:
            self.options.say(table.says, dim=True)
        if len(shown.rows) < len(table.rows):
            self.options.say(f"{len(shown.rows):,} of {len(table.rows):,} rows (--limit 0 shows all)", dim=True)

    def _of_columns(self, table: "Table", people: bool) -> "Table":
        """The table with the columns of --columns; without them, a terminal shows the main ones. Raises KgError."""
        if self._columns is not None:
            return table.only(separated(self._columns))
        return table.narrow() if people and not self._wide else table

    def _say_hidden(self, table: "Table", chosen: "Table") -> None:
        """Name the columns that a narrow table leaves out."""
        hidden = [name for name in table.columns if name not in {*chosen.columns, "bar"}]
        if hidden and self._columns is None:
            self.options.say(
                f"{len(hidden)} more {plural(len(hidden), 'column')} (--wide): {', '.join(hidden)}", dim=True
            )

    def saved(self, wanted: bool, find: Callable[[], Result], metrics: "Callable[[Result], Metrics]") -> Result:
        """Return the result of `find`. If `wanted`, save its metrics; if the store changed meanwhile, repeat both."""
        from kg.analysis.saved_metrics import save
        from kg.store.builder import retried

        def work() -> Result:
            for name in ("store", "network", "explainer"):
                vars(self).pop(name, None)
            result = find()
            number = save(self.config, metrics(result), self.store)
            self.options.say(f"kg:metrics has {number:,} triples, until an ingest changes something", dim=True)
            return result

        return retried(work) if wanted else find()


def analysis(limit: int | None = 20, *, choosing: bool = True) -> Callable[[Command], Command]:
    """Add the options of all analyses to a command, as `AnalysisOptions`; if `choosing`, also those of the network."""

    def decorated(command: Command) -> Command:
        @functools.wraps(command)
        def run(options: Options, **arguments: Any) -> None:
            refresh(options)
            network = {ours: arguments.pop(name) for name, ours in _NETWORK.items() if name in arguments}
            command(
                AnalysisOptions(
                    options, network, arguments.pop("limit"), **{name: arguments.pop(name) for name in _WRITTEN}
                ),
                **arguments,
            )

        for option in (*_WRITING, click.option("--limit", **_LIMIT, default=limit), *(_CHOOSING if choosing else ())):
            run = option(run)
        return as_of(common(run))

    return decorated


@analyze.command()
@click.option(
    "--by",
    type=click.Choice(["pagerank", "betweenness", "in", "out", "hub", "authority", "core"]),
    default="pagerank",
    show_default=True,
    help="Sort by this measure.",
)
@_SAVE
@analysis()
def centrality(request: AnalysisOptions, by: str, save: bool) -> None:
    """Rank the things by how central they are in the network.

    pagerank: how often a reader who follows links at random visits the thing; betweenness: the share of shortest paths
    between other things that pass through it; in, out: how many things link to it, and how many it links to; hub: high
    if it links to good authorities; authority: high if good hubs link to it; core: how densely its neighbours are
    linked.
    """
    from kg.analysis import tables as analysis

    table = request.saved(save, lambda: analysis.centrality(request.network, by), analysis.centrality_metrics)
    request.show(table, "there are no things in the network")


@analyze.command()
@analysis()
def bridges(request: AnalysisOptions) -> None:
    """List the things and links that hold the network together.

    Without such a thing or link, a part falls apart. cut_off: how many things lose their connection to the rest.
    """
    from kg.analysis.tables import bridges as compute

    request.show(compute(request.network), "there are no bridges: no single thing or link connects two parts")


@analyze.command()
@click.option("--members", is_flag=True, help="Show a row per thing, instead of one per part.")
@_SAVE
@analysis()
def components(request: AnalysisOptions, members: bool, save: bool) -> None:
    """List the parts of the network without links between them.

    Each part is named after the thing in it that most things link to.
    """
    from kg.analysis import tables as analysis

    find = lambda: analysis.components(request.network, members=True)  # noqa: E731 - `saved` may call it again
    table = request.saved(save, find, analysis.component_metrics)
    shown = table if members else analysis.components(request.network, members=False)
    request.show(shown, "there are no things in the network")


@analyze.command()
@analysis()
def orphans(request: AnalysisOptions) -> None:
    """List the things without links in either direction."""
    from kg.analysis.tables import orphans as compute

    request.show(compute(request.network), "there are no unlinked things")


@analyze.command("dead-ends")
@analysis()
def dead_ends(request: AnalysisOptions) -> None:
    """List the things that are linked to but link to nothing.

    The things with the most links to them come first.
    """
    from kg.analysis.tables import dead_ends as compute

    request.show(compute(request.network), "everything leads on")


@analyze.command()
@click.option("--members", is_flag=True, help="Show a row per thing, instead of one per community.")
@click.option("--between", is_flag=True, help="Show the things that connect communities.")
@click.option("--resolution", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True,
              help="Set the resolution; a greater value gives more, smaller communities.")  # fmt: skip
@_SAVE
@analysis()
def communities(request: AnalysisOptions, members: bool, between: bool, resolution: float, save: bool) -> None:
    """Find communities: groups of closely linked things.

    Each community is named after the thing at its centre, with the words that distinguish it from others. inside: the
    share of its links that stay in the community; between: the thing in it with the strongest ties to other
    communities. A community of one thing is shown only with --members.
    """
    from kg.analysis import tables as analysis
    from kg.analysis.communities import Partition, described

    def metrics(parts: tuple[Partition, list[list[str]]]) -> "Metrics":
        return analysis.community_metrics(analysis.members(*parts), request.store.prefixes["n"])

    partition, words = request.saved(save, lambda: described(request.store, request.network, resolution), metrics)
    if between:
        request.show(analysis.between(partition), "nothing ties communities")
    else:
        kind = analysis.members if members else analysis.communities
        request.show(kind(partition, words), "there are no links")


# ---- suggest, similar, unlinked: similarity and link prediction ------------------------------------------------------


def _number(request: AnalysisOptions, name: str) -> int:
    from kg.analysis.paths import node_number

    return node_number(request.network, request.explainer, name)


def _texts(request: AnalysisOptions) -> "Texts":
    from kg.analysis.similarity import texts
    from kg.notes.vault import without_collection

    with without_collection(), progress(request.options) as bar:
        return texts(request.config, request.store, request.network, bar)


@analyze.command()
@click.argument("name", required=False)
@click.option(
    "--measure",
    is_flag=True,
    help="Hide a tenth of the links; report how many of the first 20 suggestions are hidden links.",
)
@click.option(
    "--rounds", type=click.IntRange(min=1), default=20, show_default=True, help="Repeat --measure this many times."
)
@analysis()
def suggest(request: AnalysisOptions, name: str | None, measure: bool, rounds: int) -> None:
    """Suggest links worth making, with the evidence for each.

    Covers the whole vault, or only NAME. Ranks pairs without a link by common neighbours (adamic_adar), by paths over
    two other things (paths_of_three) and by their words (text); score combines the three ranks, 1 at most. Missing
    notes can be suggested as targets.
    """
    from kg.analysis.tables import suggest as compute
    from kg.analysis.tables import suggestions_measured

    thing = _number(request, name) if name else None
    texts = _texts(request)
    if measure:
        request.show(suggestions_measured(request.network, texts, rounds))
        return
    request.show(compute(request.network, texts, thing), nothing="no two unlinked things have anything in common")


@analyze.command()
@click.argument("name")
@analysis()
def similar(request: AnalysisOptions, name: str) -> None:
    """List the things most similar to NAME, with what they share.

    Compares their words and the things that they are linked with.
    """
    from kg.analysis.tables import similar as compute

    thing = _number(request, name)
    request.show(compute(request.network, _texts(request), thing), nothing=f"nothing is similar to “{name}”")


@analyze.command()
@click.argument("name", required=False)
@analysis()
def unlinked(request: AnalysisOptions, name: str | None) -> None:
    """Find mentions of titles and aliases that are not links.

    Shows each mention with its line and column. Leaves out names of one or two letters and plain words that many notes
    have; for NAME, looks for all its names. Ignores notes that link to the thing elsewhere.
    """
    from kg.analysis.tables import unlinked as rows
    from kg.analysis.unlinked_mentions import unlinked as compute
    from kg.notes.vault import without_collection

    thing = _number(request, name) if name else None
    network = request.network
    with without_collection(), progress(request.options) as bar:
        mentions = compute(request.config, request.store, network, thing, bar)
    request.show(rows(network, mentions), nothing="there are no unlinked mentions")
