"""The command `kg analyze` with its analyses: what the shape of the notes says."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kg.output import check_format, format_of, write, written
from kg.terminal import Command, Options, common, progress, tell, vault_config

if TYPE_CHECKING:
    from kg.analysis import Table
    from kg.config import Config
    from kg.explanation import Explainer
    from kg.likeness import Texts
    from kg.metrics import Metrics
    from kg.networks import Network
    from kg.store import Store

    Told = Callable[[Table, Callable[[Any], str]], str]
    """A table as a text, given what terms are called."""

Found = TypeVar("Found")

_FORMATS = "table, csv, tsv, json, jsonl, xml, md. Without it, as the end of FILE says."
_FILE = click.Path(dir_okay=False, path_type=Path)
_WRITING = (
    click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE, all of it or nothing."),
    click.option("-f", "--format", "format_", metavar="FORMAT", help=_FORMATS),
)
_LIMIT: dict[str, Any] = {
    "type": click.IntRange(min=0),
    "show_default": True,
    "metavar": "N",
    "help": "Show the first N rows; 0 shows all.",
}
_CHOOSING = (
    click.option("--inferred", is_flag=True, help="Take the links that were inferred, too."),
    click.option("--only", multiple=True, metavar="CLASS", help="Take things of this class only; may be repeated."),
    click.option(
        "--links", multiple=True, metavar="PROPERTY", help="Take links of this property only, as broader; repeatable."
    ),
)
_SAVE = click.option("--save", is_flag=True, help="Keep what was found in kg:metrics, for queries and exports.")
_NETWORK = {"links": "links", "only": "classes", "inferred": "inferred"}


@click.group()
def analyze() -> None:
    """Say what the shape of the notes says: what is central, what belongs together, what is missing.

    The network has the things that notes are about and the links between them; without --inferred, those that notes
    state. Each analysis takes --links and --only to look at some of it, and writes rows as kg query does.
    """


class Asked:
    """What an analysis is asked of, and how its rows are written."""

    def __init__(self, options: Options, network: dict[str, Any], limit: int, format_: str | None, output: Path | None):
        self.options = options
        self._network = network
        self.limit = limit or None
        self.format = check_format(format_) or format_of(output)
        self.output = output

    @functools.cached_property
    def config(self) -> "Config":
        """The settings."""
        return vault_config(self.options, None)

    @functools.cached_property
    def store(self) -> "Store":
        """The published store."""
        from kg.store import Store

        return Store(self.config.store)

    @functools.cached_property
    def explainer(self) -> "Explainer":
        """What knows names, and the lines of notes."""
        from kg.explanation import Explainer
        from kg.store import Published

        return Explainer(self.config, Published(self.store.path))

    @functools.cached_property
    def network(self) -> "Network":
        """The network that is meant."""
        from kg.networks import read
        from kg.vault import without_collection

        with without_collection():
            return read(self.store, **self._network)

    def show(self, table: "Table", nothing: str = "", told: "Told | None" = None) -> None:
        """Write the rows, for people as they are told; where there is none, say so on stderr."""
        from kg.analysis import for_people
        from kg.tables import Called

        if not table.rows:
            self.options.say(nothing, dim=True)
        vault = Path(self.store.manifest.summary.get("vault", ""))
        called = Called(self.store.prefixes, self.store, vault if vault.is_dir() else None, names=table.names())
        people = self.format == "table" or (self.format is None and self.output is None and sys.stdout.isatty())
        shown = table.first(self.limit)
        with written(self.output) as file:
            if people and told and shown.rows:
                text = told(shown, called.name)
                file.write_bytes(text.encode("utf-8", "replace")) if file else tell(text, nl=False)
            else:
                found = (for_people(shown) if people else shown).answer(self.store.prefixes)
                write(self.options, found, called, file, self.format)
        if table.says:
            self.options.say(table.says, dim=True)
        if len(shown.rows) < len(table.rows):
            self.options.say(f"{len(shown.rows):,} of {len(table.rows):,} rows (--limit 0 shows all)", dim=True)

    def saved(self, wanted: bool, find: Callable[[], Found], metrics: "Callable[[Found], Metrics]") -> Found:
        """What is found; where that is wanted, it is kept in the store, and found anew if that is another by now."""
        from kg.metrics import save
        from kg.store import settled

        def work() -> Found:
            for name in ("store", "network", "explainer"):
                vars(self).pop(name, None)
            found = find()
            number = save(self.config, metrics(found), self.store)
            self.options.say(f"kg:metrics has {number:,} triples, until an ingest changes something", dim=True)
            return found

        return settled(work) if wanted else find()


def analysis(limit: int | None = 20, *, choosing: bool = True) -> Callable[[Command], Command]:
    """Give a command the options that all analyses have, as an `Asked`; and those that choose a network."""

    def decorated(command: Command) -> Command:
        def run(options: Options, **given: Any) -> None:
            network = {ours: given.pop(name) for name, ours in _NETWORK.items() if name in given}
            command(Asked(options, network, *(given.pop(name) for name in ("limit", "format_", "output"))), **given)

        run.__doc__, run.__name__ = command.__doc__, command.__name__
        run.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
        for option in (*_WRITING, click.option("--limit", **_LIMIT, default=limit), *(_CHOOSING if choosing else ())):
            run = option(run)
        return common(run)

    return decorated


@analyze.command()
@click.option(
    "--by",
    type=click.Choice(["pagerank", "betweenness", "in", "out", "hub", "authority", "core"]),
    default="pagerank",
    show_default=True,
    help="The measure that comes first.",
)
@_SAVE
@analysis()
def centrality(asked: Asked, by: str, save: bool) -> None:
    """Say which things carry the vault.

    pagerank: how often a reader who follows links at random comes by; betweenness: on how many shortest ways between
    others it lies; in, out: how many link to it and how many it links to; hub, authority: points to what others point
    to, and the reverse; core: how densely what it is linked with is linked.
    """
    from kg import analysis

    found = asked.saved(save, lambda: analysis.centrality(asked.network, by), analysis.centrality_metrics)
    asked.show(found, "there are no things in the network")


@analyze.command()
@analysis()
def bridges(asked: Asked) -> None:
    """Name the things and links that hold parts together: without them, cut_off things lose the rest."""
    from kg.analysis import bridges as found

    asked.show(found(asked.network), "no single thing or link holds anything together")


@analyze.command()
@click.option("--members", is_flag=True, help="A row for each thing, instead of one for each part.")
@_SAVE
@analysis()
def components(asked: Asked, members: bool, save: bool) -> None:
    """Name the parts that no link ties to each other, each by what is linked to the most in it."""
    from kg import analysis

    find = lambda: analysis.components(asked.network, members=True)  # noqa: E731 - it is found anew
    found = asked.saved(save, find, analysis.component_metrics)
    shown = found if members else analysis.components(asked.network, members=False)
    asked.show(shown, "there are no things in the network")


@analyze.command()
@analysis()
def orphans(asked: Asked) -> None:
    """Name the things that nothing links to and that link to nothing."""
    from kg.analysis import orphans as found

    asked.show(found(asked.network), "everything is linked with something")


@analyze.command("dead-ends")
@analysis()
def dead_ends(asked: Asked) -> None:
    """Name the things that are linked to and lead nowhere, those most linked to first."""
    from kg.analysis import dead_ends as found

    asked.show(found(asked.network), "everything leads on")


@analyze.command()
@click.option("--members", is_flag=True, help="A row for each thing, instead of one for each community.")
@click.option("--between", is_flag=True, help="The things that stand between communities.")
@click.option("--resolution", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True,
              help="Greater for more and smaller communities.")  # fmt: skip
@_SAVE
@analysis()
def communities(asked: Asked, members: bool, between: bool, resolution: float, save: bool) -> None:
    """Say what belongs together: communities, by the thing at the centre of each and the words that tell it apart.

    inside: how much of its links stay in a community; between: which of its things ties it most to others. A community
    of one thing is shown only with --members.
    """
    from kg import analysis
    from kg.communities import Partition, telling, texts
    from kg.communities import communities as found

    def parted() -> tuple[Partition, Any]:
        partition = Partition(asked.network, found(asked.network, resolution))
        written = texts(asked.store, asked.network)
        told = [[written[number] for number in part] if len(part) > 1 else [] for part in partition.parts]
        return partition, telling(told)

    def metrics(parts: tuple[Partition, Any]) -> "Metrics":
        return analysis.community_metrics(analysis.members(*parts), asked.store.prefixes["n"])

    partition, words = asked.saved(save, parted, metrics)
    if between:
        asked.show(analysis.between(partition), "nothing ties communities")
    else:
        kind = analysis.members if members else analysis.communities
        asked.show(kind(partition, words), "nothing is linked with anything")


# ---- suggest, similar, unlinked: likeness and links worth making -----------------------------------------------------


def _number(asked: Asked, name: str) -> int:
    from kg.routes import number

    return number(asked.network, asked.explainer, name)


def _texts(asked: Asked) -> "Texts":
    from kg.likeness import texts
    from kg.vault import without_collection

    with without_collection(), progress(asked.options) as bar:
        return texts(asked.config, asked.store, asked.network, bar)


@analyze.command()
@click.argument("name", required=False)
@click.option("--measure", is_flag=True, help="Hide a tenth of the links, and say how many of the first 20 come back.")
@click.option("--rounds", type=click.IntRange(min=1), default=20, show_default=True, help="With --measure: how often.")
@analysis()
def suggest(asked: Asked, name: str | None, measure: bool, rounds: int) -> None:
    """Say which links are worth making, of the whole vault or of NAME, and what speaks for each.

    Pairs that are not linked are ranked by common neighbours (adamic_adar), by paths over two others (paths_of_three)
    and by their words (text); score is what the ranks agree on, 1 at most. What no note answers may be linked to.
    """
    from kg.analysis import suggest as found
    from kg.analysis import suggestions_measured

    thing = _number(asked, name) if name else None
    texts = _texts(asked)
    if measure:
        asked.show(suggestions_measured(asked.network, texts, rounds))
        return
    asked.show(found(asked.network, texts, thing), nothing="no two things have anything in common that are not linked")


@analyze.command()
@click.argument("name")
@analysis()
def similar(asked: Asked, name: str) -> None:
    """Name the things most like NAME, by their words and by what they are linked with, and say what they share."""
    from kg.analysis import similar as found

    thing = _number(asked, name)
    asked.show(found(asked.network, _texts(asked), thing), nothing=f"nothing is like “{name}”")


@analyze.command()
@click.argument("name", required=False)
@analysis()
def unlinked(asked: Asked, name: str | None) -> None:
    """Find titles and aliases in the text of notes that do not link there, each with its line and column.

    Names of a letter or two and plain words, which many notes have, are left out; those of NAME are all looked for. A
    note that links to a thing elsewhere counts as linked to it.
    """
    from kg.analysis import unlinked as rows
    from kg.unlinked import unlinked as found
    from kg.vault import without_collection

    thing = _number(asked, name) if name else None
    network = asked.network
    with without_collection(), progress(asked.options) as bar:
        mentions = found(asked.config, asked.store, network, thing, bar)
    asked.show(rows(network, mentions), nothing="every mention of a title or alias is a link")
