"""`kg list`: things of a class in a table."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, common, separated, time_limit, vault_config
from kg.cli.output import check_format, format_of, write, written
from kg.core.escaping import printable

if TYPE_CHECKING:
    from kg.config import Config
    from kg.sparql.listing import Listing

_OFFERED = 8


@click.command("list")
@click.argument("class_", required=False, metavar="[CLASS]")
@click.option("--columns", metavar="NAME,…", help="Show these properties, by any of their names; default: note.")
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="Only things with NAME=VALUE, or != < > <= >=, or ~ (contains); NAME alone: has a value; !NAME: has none.",
)
@click.option("--sort", metavar="NAME,…", help="Sort by these properties; -NAME sorts from the greatest.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N rows.")
@click.option("--count", is_flag=True, help="Show only the number of things.")
@click.option("--group-by", "group", metavar="NAME", help="Show each value of a property, and how many things have it.")
@click.option("-f", "--format", "format_", metavar="FORMAT", help="Write table, csv, tsv, json, jsonl, xml or md.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE.")
@click.option("--iris", is_flag=True, help="Show IRIs instead of names.")
@time_limit("Stop after this many seconds, with exit code 4.")
@as_of
@common
def list_(
    options: Options,
    class_: str | None,
    columns: str | None,
    conditions: tuple[str, ...],
    sort: str | None,
    limit: int | None,
    count: bool,
    group: str | None,
    format_: str | None,
    output: Path | None,
    iris: bool,
    timeout: float | None,
) -> None:
    """List the things of a class, with columns and conditions.

    CLASS is a class by any of its names, or #tag; Note lists all notes, and without CLASS, the classes are listed. A
    column is a property by any of its names (a front-matter key, too), or name, note, class, tags, links, backlinks.
    Links are shown as names; dates compare as dates, and today is one.
    """
    from kg.core.guard import guarded

    config = vault_config(options)
    refresh(options, config)
    chosen = check_format(format_) or format_of(output)
    what = listing_of(class_ or "note", separated(columns or "note"), conditions, sort, limit)
    listing = replace(what, group=(group or "").strip(), count=count)
    with written(output) as file:
        run = ListingRun(options, config, listing, file, chosen, iris, offers=columns is None and not (count or group))
        guarded(run.show if class_ else run.show_classes, seconds=timeout, memory=config.max_memory)


def listing_of(
    of: str, columns: list[str], conditions: tuple[str, ...], sort: str | None, limit: int | None
) -> "Listing":
    """The listing of the options. Raises KgError."""
    from kg.sparql.listing import Comparison, Condition, InPlace, Listing

    tag: tuple[Condition, ...] = (InPlace("tag", of[1:]),) if of.startswith("#") else ()
    order = [(name.removeprefix("-").strip(), name.startswith("-")) for name in separated(sort or "")]
    where = (*tag, *map(Comparison.of, conditions))
    return Listing("" if tag else of, tuple((name, name) for name in columns), where, tuple(order), limit)


@dataclass(frozen=True)
class ListingRun:
    """A listing and the options of its output."""

    options: Options
    config: "Config"
    listing: "Listing"
    file: Path | None = None
    format: str | None = None
    iris: bool = False
    offers: bool = False
    """Whether to name further columns."""
    translated: bool = False
    """Whether the listing is that of another language, in which an unknown column is empty."""

    def show(self) -> None:
        """Write the rows to the output, and sentences on what is missing to stderr. Raises NotFound, KgError."""
        from kg.rendering.tables import TermNames
        from kg.sparql.listing import Lister
        from kg.sparql.no_rows import Reasons
        from kg.sparql.parameters import Binder

        lister, listing = Lister(Binder(self.config)), self.listing
        if self.translated:
            listing, unknown = lister.known(listing)
            self._say(unknown)
        found = lister.found(listing)
        people = self.format == "table" or (self.format is None and self.file is None and sys.stdout.isatty())
        answer = lister.answer(listing, found.kept, people=people, iris=self.iris)
        names = {node: names[0] for node, names in lister.columns.named.items()}
        called = TermNames.of(lister.columns.store, iris=self.iris, names=names)
        write(self.options, answer, called, self.file, self.format)
        self._say(Reasons(lister, listing, found).sentences())
        limit = listing.limit
        if limit is not None and limit < len(found.kept) and not (listing.count or listing.group):
            self._say(
                [f"{limit:,} of {len(found.kept):,} rows ({'LIMIT' if self.translated else '--limit'})"], dim=True
            )
        if self.offers and (offered := lister.columns.offers(found.kept)):
            more = " …" if len(offered) > _OFFERED else ""
            self._say([f"hint: --columns {shlex.quote(','.join(offered[:_OFFERED]))}{more}"], dim=True)

    def _say(self, sentences: Sequence[str], *, dim: bool = False) -> None:
        for sentence in sentences:
            self.options.say(printable(sentence), dim=dim)

    def show_classes(self) -> None:
        """Write the classes in use, with the numbers of their things."""
        from kg.rendering.tables import TermNames
        from kg.sparql.library import named_query
        from kg.sparql.query import query
        from kg.store.store import Store

        store = Store(self.config.store)
        answer = query(store, named_query(self.config, "classes").text)
        write(self.options, answer, TermNames(store.prefixes, store, iris=self.iris), self.file, self.format)
