"""`kg export`: write the graph for other tools."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, common, gathered, plural, raw_out, tell, vault_config
from kg.cli.output import say_place, written
from kg.core.errors import KgError, QuerySyntaxError
from kg.core.files import short

if TYPE_CHECKING:
    from kg.config import Config
    from kg.export.formats import Export, ExportFormat
    from kg.export.selection import Choice
    from kg.store.store import Store


_PATH = click.Path(path_type=Path)
_MANY_QUADS = 1_500_000
"""Quads of a store that a page can still load within some ten seconds; 660,000 take five (5,700 notes)."""


@dataclass(frozen=True)
class SelectionOptions:
    """The options of `kg export` that say what to export."""

    only: tuple[str, ...]
    links: tuple[str, ...]
    around: tuple[str, ...]
    depth: int
    query: Path | None
    no_inferred: bool
    metrics: bool


@dataclass(frozen=True)
class PageOptions:
    """The options of `kg export` for a web page."""

    group_by: str | None
    queryable: bool


_SELECTION_OPTIONS = (
    click.option("--only", multiple=True, metavar="CLASS", help="Export only things of this class; may be repeated."),
    click.option(
        "--links", multiple=True, metavar="PROPERTY", help="Export only links of this property; may be repeated."
    ),
    click.option(
        "--around", multiple=True, metavar="NAME", help="Export only what is near this thing; may be repeated."
    ),
    click.option(
        "--depth",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        help="Set how near, in links, for --around.",
    ),
    click.option(
        "--query",
        type=click.Path(dir_okay=False, path_type=Path, exists=True),
        metavar="FILE",
        help="Export the triples of a CONSTRUCT query, or the things of a SELECT query.",
    ),
    click.option("--no-inferred", is_flag=True, help="Leave out inferred triples."),
    click.option("--metrics", is_flag=True, help="Include the metrics that kg analyze --save stored."),
)
_PAGE_OPTIONS = (
    click.option(
        "--group-by", metavar="QUERY", help="Let the page colour the groups that a query returns: NAME or FILE.rq."
    ),
    click.option(
        "--queryable", is_flag=True, help="Let the page answer questions, offline: SPARQL, the library, full text."
    ),
)


@click.command()
@click.option(
    "-f", "--format", "format_", metavar="FORMAT", help="Write in FORMAT; by default, the extension of FILE decides."
)
@click.option(
    "-o",
    "--output",
    type=_PATH,
    metavar="FILE",
    help="Write to FILE, or into the folder FILE, completely or not at all.",
)
@click.option("--formats", "listing", is_flag=True, help="List the formats.")
@gathered("selection", SelectionOptions, *_SELECTION_OPTIONS)
@gathered("page", PageOptions, *_PAGE_OPTIONS)
@click.option("--private-tag", "private", multiple=True, metavar="TAG",
              help="Leave out notes with this tag and every trace of them; may be repeated.")  # fmt: skip
@as_of
@common
def export(
    options: Options,
    format_: str | None,
    output: Path | None,
    listing: bool,
    selection: SelectionOptions,
    page: PageOptions,
    private: tuple[str, ...],
) -> None:
    """Export the graph to other tools, a web page, a picture or RDF.

    The tools include Gephi, Cytoscape, Neo4j and Protégé; --formats lists all formats. Without a selection, exports
    everything. The graph formats hold the things that notes are about and the links between them; nquads and trig hold
    the whole dataset, the other RDF formats the default graph.
    """
    from kg.export.registry import FORMATS

    if listing:
        width = max(map(len, FORMATS))
        tell("".join(f"{row.name:<{width}}  {row.keeps}\n" for row in FORMATS.values()), nl=False)
        return
    row = _format(format_, output, page)
    config = vault_config(options)
    choice = _choice(config, selection, page)
    refresh(options, config)
    with _source(options, config, private) as store:
        try:
            result = _exported(config, store, choice)
        except QuerySyntaxError as error:
            say_place(error, choice.query or "", str(selection.query))
            sys.exit(error.exit_code)
        if private:
            # An export for others must not reveal paths of this machine, nor what the notes say beside the redacted
            # copy.
            result = replace(result, vault=None, project=None)
        _write(options, row, replace(result, queryable=page.queryable), output)
        if page.queryable:
            _hint_at_size(options, len(store))
    _hint_at_base(options, row, config)


def _format(name: str | None, output: Path | None, page: PageOptions) -> "ExportFormat":
    """The format of the export. Raises KgError, UsageError."""
    from kg.export.registry import format_named, format_of

    if name is None and output is None:
        raise click.UsageError("name a format: -f FORMAT, or -o FILE with its extension (--formats lists them).")
    row = format_named(name) if name else format_of(str(output))
    if row.name != "html" and page.group_by:
        raise click.UsageError("--group-by is for the page: -f html.")
    if row.name != "html" and page.queryable:
        raise click.UsageError("--queryable is for the page: -f html.")
    return row


def _choice(config: "Config", selection: SelectionOptions, page: PageOptions) -> "Choice":
    """What to export. Raises NotFound, KgError."""
    from kg.export.selection import Choice
    from kg.sparql.library import find_query

    groups = None
    if page.group_by:
        text, where = find_query(config, page.group_by)
        groups = Path(where).stem, text
    query = selection.query.read_text(encoding="utf-8") if selection.query else None
    classes, links, around, depth = selection.only, selection.links, selection.around, selection.depth
    return Choice(classes, links, around, depth, query, not selection.no_inferred, selection.metrics, groups)


def _hint_at_size(options: Options, quads: int) -> None:
    """Say that a page may be slow to answer questions, if it holds very many triples."""
    if quads > _MANY_QUADS:
        options.say(
            f"hint: the page holds up to {quads:,} quads, which a browser takes many seconds and much memory to load; "
            "--only, --around or --query select some",
            fg="yellow",
        )


def _hint_at_base(options: Options, row: "ExportFormat", config: "Config") -> None:
    """Say that IRIs which others will read begin with a name reserved for examples."""
    from kg.export import rdf_formats

    if row in rdf_formats.FORMATS and not config.base_is_set:
        options.say(
            f"hint: “base” is unset, so IRIs begin with {config.base}; set your own in kg.toml (kg init writes one)",
            dim=True,
        )


@contextmanager
def _source(options: Options, config: "Config", private: tuple[str, ...]) -> "Iterator[Store]":
    """The store, or a redacted copy without the notes that have a private tag."""
    from kg.export.redaction import redacted_store
    from kg.store.store import Store

    if not private:
        yield Store(config.store)
        return
    with redacted_store(config, private) as (store, number):
        tags = ", ".join(f"#{tag.removeprefix('#')}" for tag in private)
        if not number:
            options.say(f"no note is tagged {tags}: nothing is left out", fg="yellow")
        else:
            options.say(f"{number:,} {plural(number, 'note')} tagged {tags} left out", dim=True)
        yield store


def _exported(config: "Config", store: "Store", choice: "Choice") -> "Export":
    from kg.core.limits import limited
    from kg.export.selection import export as chosen
    from kg.notes.vault import without_collection
    from kg.store.project import Project

    vault = Path(str(store.manifest.summary.get("vault", "")))
    asks = choice.query or choice.group_by
    with (
        without_collection(),
        limited("the query" if asks else "the export", config.limits if asks else None),
    ):
        return chosen(Project(config, store), choice, vault.name or "notes", vault if vault.is_dir() else None)


def _write(options: Options, row: "ExportFormat", contents: "Export", output: Path | None) -> None:
    if row.write_folder is not None:
        if output is None:
            raise KgError(f"{row.name} writes several files: name a folder with -o")
        _into(output, row, contents)
    else:
        assert row.write is not None
        with written(output) as file:
            if file is None:
                with raw_out() as stdout:
                    row.write(contents, stdout)
            else:
                with file.open("wb") as out:
                    row.write(contents, out)
    if output is not None:
        message = short(output)
        if "network" in vars(contents):
            things, links = len(contents.network), len(contents.network.links)
            message += f": {things:,} {plural(things, 'thing')}, {links:,} {plural(links, 'link')}"
        options.say(message, dim=True)


def _into(folder: Path, row: "ExportFormat", contents: "Export") -> None:
    """Write the files of a format into a folder, each completely; keep other files in it."""
    from tempfile import TemporaryDirectory

    assert row.write_folder is not None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".kg-") as temporary:
            row.write_folder(contents, Path(temporary))
            for file in sorted(Path(temporary).iterdir()):
                file.replace(folder / file.name)
    except OSError as error:
        raise KgError(f"{folder} cannot be written: {error.strerror or error}") from error
