"""The commands that look something up: search, show, stats."""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from kg.findings import printable
from kg.terminal import Options, common, emit, plural, progress, tell, vault_config

if TYPE_CHECKING:
    from kg.census import Census
    from kg.retrieval import Found
    from kg.vault import Progress

_SOME = 3


_OPTION = re.compile(r"-([qvh]+|f(text|json|jsonl|csv|md)?)\Z|--")
_FILTER = re.compile(r"(-?(?:tag|path|file):)([^\"“”„«»]*\s[^\"“”„«»]*)\Z", re.I)
_SYNTAX = re.compile(r"[\"“”„«»()]|\b(?:OR|AND)\b|(?:^|\s)-\S|(?:^|\s)(?:tag|path|file):", re.I)
_SHIELD = "\ue000"


class _WithWords(click.Command):
    """A command whose arguments may begin with `-`: `-waste` is a word that must be absent, and no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep click from reading such words."""
        return super().parse_args(ctx, [_shielded(one) for one in args])


def _shielded(argument: str) -> str:
    return argument if _OPTION.match(argument) or argument == "-" else re.sub(r"\A-", _SHIELD, argument)


def _typed(arguments: tuple[str, ...]) -> str:
    """What was typed before the shell took the quotes: an argument with spaces was in quotes.

    Unless it has the syntax of a query: a query can be given whole, as one argument.
    """
    parts = []
    for given in arguments:
        text = given.replace(_SHIELD, "-", 1)
        sign = text[: len(text) - len(text.removeprefix("-"))]
        if filtering := _FILTER.match(text):
            parts.append(f'{filtering[1]}"{filtering[2]}"')
        elif " " in text.strip() and not _SYNTAX.search(text.removeprefix("-")):
            parts.append(f'{sign}"{text.removeprefix("-")}"')
        else:
            parts.append(text)
    return " ".join(parts)


@click.command(cls=_WithWords)
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many places.")
@click.option("--all", "everything", is_flag=True, help="Show all places, and all of each note.")
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["text", "json", "jsonl", "csv", "md"]),
    default="text",
    help="How they are written.",
)
@common
def search(options: Options, words: tuple[str, ...], limit: int, everything: bool, format_: str) -> None:
    """Search the text of the notes, the likeliest places first: path, line, column and the words in their line.

    All WORDS must be in a note: in its title, aliases, tags or text; a word of four letters and more finds what begins
    with it. "two words" in quotes are found as they are, -word must be absent, a OR b, (brackets), begin*; tag:#lean,
    path:folder and file:name keep to some notes. Of a note at most three places are shown. Exits with 1 where
    nothing is found.
    """
    from kg.excerpts import Manner, written
    from kg.retrieval import EACH
    from kg.retrieval import search as run
    from kg.store import Store

    config = vault_config(options, None)
    store, typed = Store(config.store), _typed(words)
    limit, each = (sys.maxsize, sys.maxsize) if everything else (limit, EACH)
    with _progress(options) as bar:
        found = run(store, typed, config=config, limit=limit, each=each, progress=bar)
    manner = Manner()
    if sys.stdout.isatty():
        manner = Manner(shutil.get_terminal_size().columns, *(_paint(options, **style) for style in _STYLES))
    emit(written(found, format_, manner), styled=format_ == "text", color=options.color)
    sys.stdout.flush()  # what is said on stderr comes after it, in a log that holds both
    _say(options, found, typed)
    if not found.notes:
        sys.exit(1)


@contextmanager
def _progress(options: Options) -> "Iterator[Progress]":
    """A progress bar that is drawn when there is something to tell, which mostly there is not."""
    with ExitStack() as stack:
        bars: list[Progress | None] = []

        def told(what: str, done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress(options)))
            if bars[0]:
                bars[0](what, done, total)

        yield told


_STYLES: tuple[dict[str, Any], ...] = ({"fg": "cyan"}, {"bold": True})


def _paint(options: Options, **style: Any) -> Callable[[str], str]:
    return str if options.color is False else lambda text: click.style(text, **style)


def _say(options: Options, found: "Found", typed: str) -> None:
    """What is to be known beside the hits."""
    if not found.notes:
        options.say(printable(f"Nothing was found for {typed}{_near(found)}"))
    elif len(found.hits) < found.places:
        notes = f"{found.notes:,} {plural(found.notes, 'note')}"
        options.say(
            f"{len(found.hits):,} of {found.places:,} places in {notes} (--limit and --all show more)", dim=True
        )
    if found.left_out:
        options.say(printable(f"hint: no letter or digit in {', '.join(found.left_out)}: left out"), dim=True)
    if found.stale:
        number, named = len(found.stale), ", ".join(found.stale[:_SOME])
        have = f"{number:,} {'note has' if number == 1 else 'notes have'} changed since"
        options.say(printable(f"hint: {have}, run kg ingest: {named}{' …' if number > _SOME else ''}"), dim=True)


def _near(found: "Found") -> str:
    """What may have been meant."""
    if not found.near:
        return ": each word is somewhere, and no note has all of them as asked"
    like = [f"“{near}”" for _, near in found.near if near]
    absent = ", ".join(f"“{word}”" for word, _ in found.near)
    return f": no note has {absent}" + (f"; did you mean {', '.join(like)}?" if like else "")


@click.command()
@click.argument("name")
@click.option("--all", "everything", is_flag=True, help="Show all links, sections and properties, and the whole text.")
@click.option(
    "-f", "--format", "format_", type=click.Choice(["text", "json", "md"]), default="text", help="How it is written."
)
@common
def show(options: Options, name: str, everything: bool, format_: str) -> None:
    """Show one thing: what it is, its text, its properties, what it links to and what links to it, with their lines.

    NAME is a title, an alias, a path, "Note#Heading", #tag, a CURIE (kg:Outcome) or an IRI. Of each kind twenty
    statements are shown. Exits with 1 where nothing is known by that name.
    """
    from kg.explanation import Explainer
    from kg.gallery import FORMATS, Manner
    from kg.portrait import SOME, portrait
    from kg.store import Published
    from kg.vault import without_collection

    config = vault_config(options, None)
    found = Published(config.store)
    with without_collection():
        shown = portrait(Explainer(config, found), name, None if everything else SOME)
    color = options.color is not False if sys.stdout.isatty() else None
    emit(FORMATS[format_](shown, Manner(color, everything)), styled=format_ == "text", color=bool(color))
    sys.stdout.flush()
    if shown.is_inferred:
        options.say(f"hint: kg why {shlex.quote(name)} --all says why what is inferred holds", dim=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@common
def stats(options: Options, as_json: bool) -> None:
    """Say what the store holds: notes, triples, things by class, the properties most used, links, findings, size.

    The figures are those of the last ingest that changed something, and the findings those that it makes while it reads
    the notes: kg validate checks links and shapes too. -v shows all classes and properties.
    """
    from kg.census import census

    found = census(vault_config(options, None))
    if as_json:
        emit(json.dumps(found.as_json(), ensure_ascii=False) + "\n")
        return
    for name, said in _figures(found, None if options.verbose else _LISTED):
        tell(printable(f"{name:<{_NAME}} {said}"))


_LISTED, _NAME = 8, 10


def _figures(found: "Census", most: int | None) -> Iterator[tuple[str, str]]:
    """What is said of a store, a line each; of long tables the first lines."""
    summary = found.summary
    number = summary.get("canvases", 0)
    canvases = f", {number:,} {'canvas' if number == 1 else 'canvases'}" if number else ""
    yield "notes", f"{summary['notes']:,}{canvases}"
    parts = (f"{summary[part]:,} {part}" for part in ("asserted", "inferred", "ontology", "metrics") if part in summary)
    yield "triples", f"{summary['triples']:,}  {', '.join(parts)}; {found.graphs:,} named graphs"
    for name, counts in (("classes", found.classes), ("properties", found.properties)):
        yield from _table(name, counts, most)
    links = summary["links"]
    yield "links", f"{sum(links.values()):,}  {_counts(links)}".rstrip()
    yield "missing", f"{summary['missing']:,}"
    known = f"{sum(found.findings.values()):,}  {_counts(found.findings)}".rstrip()
    yield "findings", f"{known}  of reading the notes; kg validate checks links and shapes too"
    yield "size", _in_bytes(found.size)
    yield "ingested", f"{found.published:%Y-%m-%d %H:%M:%S} (generation {found.generation}, {summary['seconds']:.2f} s)"


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
