"""`kg show` and `kg stats`: describe one thing, and the whole store."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, common, emit, tell, vault_config
from kg.core.escaping import printable
from kg.core.json_text import json_text

if TYPE_CHECKING:
    from kg.ingestion.store_stats import Census


@click.command()
@click.argument("name")
@click.option("--all", "everything", is_flag=True, help="Show all links, sections and properties, and the whole text.")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json", "md"]), default="text", help="Write in this format."
)
@as_of
@common
def show(options: Options, name: str, everything: bool, format_: str) -> None:
    """Show one thing: class, text, properties, links, backlinks.

    NAME is a title, an alias, a path, "Note#Heading", #tag, a CURIE (kg:Outcome) or an IRI. Shows each statement with
    its line, at most twenty of each kind. What follows in another vocabulary (cids:Outcome from kg:Outcome) is shown
    with --all, and in JSON and Markdown. Exits with 1 if nothing has that name.
    """
    from kg.analysis.entity import SOME, portrait
    from kg.notes.vault import without_collection
    from kg.reasoning.explanation import Explainer
    from kg.rendering.entity import FORMATS, EntityStyle
    from kg.store.store import Published

    config = vault_config(options)
    refresh(options, config)
    snapshot = Published(config.store)
    with without_collection():
        limit, twins = None if everything else SOME, everything or format_ != "text"
        shown = portrait(Explainer(config, snapshot), name, limit, twins=twins)
    color = options.color is not False if sys.stdout.isatty() else None
    emit(FORMATS[format_](shown, EntityStyle(color, everything)), styled=format_ == "text", color=bool(color))
    sys.stdout.flush()
    if shown.is_inferred:
        options.say(f"hint: kg why {shlex.quote(name)} --all says why what is inferred holds", dim=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@as_of
@common
def stats(options: Options, as_json: bool) -> None:
    """Show figures of the store: notes, triples, links, size.

    Also counts things by class, the most used properties, and findings. The figures are those of the last ingest that
    changed something; its findings come from reading the notes, and kg validate also checks links and shapes. -v shows
    all classes and properties.
    """
    from kg.ingestion.store_stats import census

    config = vault_config(options)
    refresh(options, config)
    figures = census(config)
    if as_json:
        emit(json_text(figures.as_json()) + "\n")
        return
    for name, value in _figures(figures, None if options.verbose else _LISTED):
        tell(printable(f"{name:<{_NAME}} {value}"))


_LISTED, _NAME = 8, 10


def _figures(stats: "Census", most: int | None) -> Iterator[tuple[str, str]]:
    """Yield the lines of the figures, each as a name and a text; `most` limits the rows of a table."""
    summary = stats.summary
    number = summary.get("canvases", 0)
    canvases = f", {number:,} {'canvas' if number == 1 else 'canvases'}" if number else ""
    yield "notes", f"{summary['notes']:,}{canvases}"
    parts = (f"{summary[part]:,} {part}" for part in ("asserted", "inferred", "ontology", "metrics") if part in summary)
    yield "triples", f"{summary['triples']:,}  {', '.join(parts)}; {stats.graphs:,} named graphs"
    for name, counts in (("classes", stats.classes), ("properties", stats.properties)):
        yield from _table(name, counts, most)
    links = summary["links"]
    yield "links", f"{sum(links.values()):,}  {_counts(links)}".rstrip()
    yield "missing", f"{summary['missing']:,}"
    findings = f"{sum(stats.findings.values()):,}  {_counts(stats.findings)}".rstrip()
    yield "findings", f"{findings}  of reading the notes; kg validate checks links and shapes too"
    yield "size", _in_bytes(stats.size)
    yield "ingested", f"{stats.published:%Y-%m-%d %H:%M:%S} (generation {stats.generation}, {summary['seconds']:.2f} s)"


def _table(name: str, counts: Mapping[str, int], most: int | None) -> Iterator[tuple[str, str]]:
    rows = list(counts.items())[:most]
    width = max((len(f"{number:,}") for _, number in rows), default=1)
    for at, (term, number) in enumerate(rows):
        yield name if at == 0 else "", f"{number:>{width},}  {term}"
    if len(counts) > len(rows):
        yield "", f"{'':>{width}}  … and {len(counts) - len(rows):,} more (-v)"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def _in_bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1_000:
            return f"{size:,.0f} {unit}"
        size /= 1_000
    return f"{size:,.1f} GB"
