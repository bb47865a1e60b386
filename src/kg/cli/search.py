"""`kg search`: search the text of the notes."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, common, emit, plural, progress, vault_config
from kg.core.escaping import printable

if TYPE_CHECKING:
    from kg.fulltext.searcher import SearchResults
    from kg.notes.vault import Progress


_SHOWN = 3


_OPTION = re.compile(r"-([qvh]+|f(text|json|jsonl|csv|md)?)\Z|--")
_FILTER = re.compile(r"(-?(?:tag|path|file):)([^\"“”„«»]*\s[^\"“”„«»]*)\Z", re.I)
_SYNTAX = re.compile(r"[\"“”„«»()]|\b(?:OR|AND)\b|(?:^|\s)-\S|(?:^|\s)(?:tag|path|file):", re.I)
_SHIELD = "\ue000"


class _WithWords(click.Command):
    """A command whose arguments may begin with `-`: `-waste` excludes a word, and is not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hide such words from click's option parser."""
        return super().parse_args(ctx, [_shielded(arg) for arg in args])


def _shielded(argument: str) -> str:
    return argument if _OPTION.match(argument) or argument == "-" else re.sub(r"\A-", _SHIELD, argument)


def _typed(arguments: tuple[str, ...]) -> str:
    """Restore the quotation marks that the shell removed: an argument with spaces was quoted.

    An argument with the syntax of a query is unchanged, since a single argument can hold a whole query.
    """
    parts = []
    for argument in arguments:
        text = argument.replace(_SHIELD, "-", 1)
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
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most this many places."
)
@click.option("--all", "everything", is_flag=True, help="Show all places, with no limit per note.")
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["text", "json", "jsonl", "csv", "md"]),
    default="text",
    help="Write in this format.",
)
@as_of
@common
def search(options: Options, words: tuple[str, ...], limit: int, everything: bool, format_: str) -> None:
    """Search the text of the notes, best matches first.

    Shows each match with its path, line, column and the text of the line, at most three matches per note. A note
    matches if all WORDS occur in its title, aliases, tags or text; a word of four or more letters also matches words
    that begin with it. "two words" in quotes match as a phrase, -word must be absent, a OR b, (brackets), begin*;
    tag:#lean, path:folder and file:name select notes. If nothing matches a phrase, or all words, notes with the words
    anywhere, or with some of them, are shown. Exits with 1 if nothing matches.
    """
    from kg.fulltext.searcher import EACH
    from kg.fulltext.searcher import search as run
    from kg.rendering.search_hits import HitStyle, render
    from kg.store.store import Store

    config = vault_config(options)
    refresh(options, config)
    store, typed = Store(config.store), _typed(words)
    limit, each = (sys.maxsize, sys.maxsize) if everything else (limit, EACH)
    with _progress(options) as bar:
        results = run(store, typed, config=config, limit=limit, each=each, progress=bar, looser=True)
    hit_style = HitStyle()
    if sys.stdout.isatty():
        hit_style = HitStyle(shutil.get_terminal_size().columns, *(_paint(options, **style) for style in _STYLES))
    emit(render(results, format_, hit_style), styled=format_ == "text", color=options.color)
    sys.stdout.flush()  # so that messages on stderr follow it in a log of both streams
    _say(options, results, typed)
    if not results.notes:
        sys.exit(1)


@contextmanager
def _progress(options: Options) -> "Iterator[Progress]":
    """A progress bar that is created at the first report; most searches report nothing."""
    with ExitStack() as stack:
        bars: list[Progress | None] = []

        def report(what: str, done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress(options)))
            if bars[0]:
                bars[0](what, done, total)

        yield report


_STYLES: tuple[dict[str, Any], ...] = ({"fg": "cyan"}, {"bold": True})


def _paint(options: Options, **style: Any) -> Callable[[str], str]:
    return str if options.color is False else lambda text: click.style(text, **style)


def _say(options: Options, results: "SearchResults", typed: str) -> None:
    """Print notices about the search: no results, more results, ignored words, stale notes."""
    if not results.notes:
        options.say(printable(f"No results for {typed}{_near(results)}"))
    elif results.looser:
        options.say(printable(f"Nothing matches {typed}; these notes have {results.looser}"))
    if results.notes and len(results.hits) < results.places:
        notes = f"{results.notes:,} {plural(results.notes, 'note')}"
        options.say(
            f"{len(results.hits):,} of {results.places:,} places in {notes} (--limit and --all show more)", dim=True
        )
    if results.left_out:
        options.say(printable(f"hint: no letter or digit in {', '.join(results.left_out)}: left out"), dim=True)
    if results.stale:
        number, paths = len(results.stale), ", ".join(results.stale[:_SHOWN])
        have = f"{number:,} {'note has' if number == 1 else 'notes have'} changed since"
        options.say(printable(f"hint: {have}, run kg ingest: {paths}{' …' if number > _SHOWN else ''}"), dim=True)


def _near(results: "SearchResults") -> str:
    """The end of a message without results: absent words, and similar words that exist."""
    if not results.near:
        return ": each word occurs, but no note has all of them"
    similar = [f"“{near}”" for _, near in results.near if near]
    absent = ", ".join(f"“{word}”" for word, _ in results.near)
    return f": no note contains {absent}" + (f"; did you mean {', '.join(similar)}?" if similar else "")
