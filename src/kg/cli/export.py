"""`kg export`: write the graph for other tools."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.export_options import (
    PageOptions,
    SelectionOptions,
    check_style,
    page_options,
    picture_options,
    selection_options,
)
from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, common, plural, raw_out, tell, vault_config
from kg.cli.output import say_place, written
from kg.core.errors import KgError, QuerySyntaxError
from kg.core.files import short
from kg.export.picture_style import PictureStyle

if TYPE_CHECKING:
    from kg.config import Config
    from kg.export.formats import Export, ExportFormat
    from kg.export.selection import Choice
    from kg.store.store import Store


_PATH = click.Path(path_type=Path)
_MANY_QUADS = 1_500_000
"""Quads of a store that a page can still load within some ten seconds; 660,000 take five (5,700 notes)."""


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
@selection_options
@page_options
@click.option("--private-tag", "private", multiple=True, metavar="TAG",
              help="Leave out notes with this tag and every trace of them; may be repeated.")  # fmt: skip
@as_of
@picture_options
@common
def export(
    options: Options,
    format_: str | None,
    output: Path | None,
    listing: bool,
    selection: SelectionOptions,
    page: PageOptions,
    private: tuple[str, ...],
    style: PictureStyle,
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
    row = _format(format_, output)
    page.check(row)
    check_style(row, style)
    config = vault_config(options)
    choice = selection.choice(page.groups(config))
    refresh(options, config)
    with _source(options, config, private) as store:
        try:
            result = _exported(config, store, choice)
        except QuerySyntaxError as error:
            say_place(error, choice.query or "", str(selection.query))
            sys.exit(error.exit_code)
        result = replace(result, style=style, title=result.title if style.title is None else style.title)
        if private:
            # An export for others must not reveal paths of this machine, nor what the notes say beside the redacted
            # copy.
            result = replace(result, vault=None, project=None)
        _write(options, row, replace(result, queryable=page.queryable), output)
        if page.queryable:
            _hint_at_size(options, len(store))
    _hint_at_base(options, row, config)


def _format(name: str | None, output: Path | None) -> "ExportFormat":
    """The format of the export. Raises KgError, UsageError."""
    from kg.export.registry import format_named, format_of

    if name is None and output is None:
        raise click.UsageError("name a format: -f FORMAT, or -o FILE with its extension (--formats lists them).")
    return format_named(name) if name else format_of(str(output))


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
        options.say(short(output) + _counts(contents), dim=True)


def _counts(contents: "Export") -> str:
    """How many things and links an export has; empty for an export of triples."""
    if "network" not in vars(contents):
        return ""
    things, links = len(contents.network), len(contents.network.links)
    left = 0
    if contents.style.layout == "tree":
        from kg.export.tree_picture import tree_counts

        drawn, links = tree_counts(contents)
        things, left = drawn, things - drawn
    text = f": {things:,} {plural(things, 'thing')}, {links:,} {plural(links, 'link')}"
    return text + (f"; {left:,} {plural(left, 'thing')} without such a link left out" if left else "")


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
