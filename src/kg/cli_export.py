"""The command `kg export`: the graph for other tools."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.errors import KgError, QuerySyntaxError
from kg.output import say_place, written
from kg.terminal import Options, common, plural, raw_out, short, tell, vault_config

if TYPE_CHECKING:
    from kg.config import Config
    from kg.exports import Export, Format
    from kg.selection import Choice
    from kg.store import Store

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("-f", "--format", "format_", metavar="FORMAT", help="How it is written; else as the end of FILE says.")
@click.option(
    "-o", "--output", type=_PATH, metavar="FILE", help="Write to FILE, or into the folder FILE, all or nothing."
)
@click.option("--formats", "listing", is_flag=True, help="List the formats.")
@click.option("--only", multiple=True, metavar="CLASS", help="Things of this class only; may be repeated.")
@click.option("--links", multiple=True, metavar="PROPERTY", help="Links of this property only; may be repeated.")
@click.option("--around", multiple=True, metavar="NAME", help="Only what is near this thing; may be repeated.")
@click.option("--depth", type=click.IntRange(min=0), default=1, show_default=True, help="How near, in steps.")
@click.option("--query", type=click.Path(dir_okay=False, path_type=Path, exists=True), metavar="FILE",
              help="What a SPARQL query says: a CONSTRUCT gives the triples, a SELECT the things.")  # fmt: skip
@click.option("--no-inferred", is_flag=True, help="Leave out what was inferred.")
@click.option("--metrics", is_flag=True, help="Take what kg analyze --save kept, too.")
@click.option("--private-tag", "private", multiple=True, metavar="TAG",
              help="Leave out notes with this tag and every trace of them; may be repeated.")  # fmt: skip
@common
def export(
    options: Options,
    format_: str | None,
    output: Path | None,
    listing: bool,
    only: tuple[str, ...],
    links: tuple[str, ...],
    around: tuple[str, ...],
    depth: int,
    query: Path | None,
    no_inferred: bool,
    metrics: bool,
    private: tuple[str, ...],
) -> None:
    """Write the graph for other tools: Gephi, Cytoscape, Neo4j, Protégé, a web page, a picture, RDF.

    Without a choice it is all of it. The formats for graphs have the things that notes are about and the links between
    them; nquads and trig have the whole dataset, the other RDF formats the default graph.
    """
    from kg.formats import FORMATS, format_named, format_of
    from kg.selection import Choice

    if listing:
        width = max(map(len, FORMATS))
        tell("".join(f"{row.name:<{width}}  {row.keeps}\n" for row in FORMATS.values()), nl=False)
        return
    if format_ is None and output is None:
        raise click.UsageError(
            "say what to write: -f FORMAT, or -o FILE with an end that tells (--formats lists them)."
        )
    row = format_named(format_) if format_ else format_of(str(output))
    text = query.read_text(encoding="utf-8") if query else None
    choice = Choice(only, links, around, depth, text, not no_inferred, metrics)
    config = vault_config(options, None)
    with _source(options, config, private) as store:
        try:
            found = _exported(config, store, choice)
        except QuerySyntaxError as error:
            say_place(error, text or "", str(query))
            sys.exit(error.exit_code)
        # What is given away tells nothing of the machine that it was made on.
        _write(options, row, replace(found, vault=None) if private else found, output)


@contextmanager
def _source(options: Options, config: "Config", private: tuple[str, ...]) -> "Iterator[Store]":
    """The store, without what is private."""
    from kg.privacy import public
    from kg.store import Store

    if not private:
        yield Store(config.store)
        return
    with public(config, private) as (store, number):
        named = ", ".join(f"#{tag.removeprefix('#')}" for tag in private)
        if not number:
            options.say(f"no note is tagged {named}: nothing is left out", fg="yellow")
        else:
            options.say(f"{number:,} {plural(number, 'note')} tagged {named} left out", dim=True)
        yield store


def _exported(config: "Config", store: "Store", choice: "Choice") -> "Export":
    from kg.guard import limited
    from kg.ingestion import load_ontology
    from kg.naming import Naming
    from kg.selection import export as chosen
    from kg.terms import Names
    from kg.vault import without_collection

    def naming() -> Naming:
        ontology = load_ontology(config)
        return Naming(store, ontology, Names(config.base), {**ontology.prefixes, **store.prefixes})

    vault = Path(str(store.manifest.summary.get("vault", "")))
    with (
        without_collection(),
        limited("the query" if choice.query else "the export", config.limits if choice.query else None),
    ):
        return chosen(store, naming, choice, vault.name or "notes", vault if vault.is_dir() else None)


def _write(options: Options, row: "Format", found: "Export", output: Path | None) -> None:
    if row.write_folder is not None:
        if output is None:
            raise KgError(f"{row.name} is several files: say into which folder with -o")
        _into(output, row, found)
    else:
        assert row.write is not None
        with written(output) as file:
            if file is None:
                with raw_out() as stdout:
                    row.write(found, stdout)
            else:
                with file.open("wb") as out:
                    row.write(found, out)
    if output is not None:
        said = short(output)
        if "network" in vars(found):
            things, links = len(found.network), len(found.network.links)
            said += f": {things:,} {plural(things, 'thing')}, {links:,} {plural(links, 'link')}"
        options.say(said, dim=True)


def _into(folder: Path, row: "Format", found: "Export") -> None:
    """Write the files of a format into a folder, each whole; what lies there besides stays."""
    from tempfile import TemporaryDirectory

    assert row.write_folder is not None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".kg-") as beside:
            row.write_folder(found, Path(beside))
            for file in sorted(Path(beside).iterdir()):
                file.replace(folder / file.name)
    except OSError as error:
        raise KgError(f"{folder} cannot be written: {error.strerror or error}") from error
