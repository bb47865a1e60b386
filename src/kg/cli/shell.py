"""`kg shell`: a prompt for SPARQL queries."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, common, complain, tell, time_limit
from kg.cli.output import check_format, say_place
from kg.cli.query import QueryRun, bound_text, list_queries
from kg.core.errors import KgError, QuerySyntaxError

if TYPE_CHECKING:
    from kg.config import Config


_COMMANDS = {
    ".help": "what you can type here",
    ".queries": "the queries of the library; type a name to ask it",
    ".prefixes": "the prefixes that need not be declared",
    ".format": "how answers are written: .format csv",
    ".timeout": "stop a query after this many seconds: .timeout 10",
    ".explain": "show how the next query is parsed, instead of its answer",
    ".quit": "leave, as Ctrl-D does",
}
_HELP = """Type a query in SPARQL. Enter runs it if it is complete, else it starts a new line; Alt+Enter always runs it.
Tab completes prefixes, classes, properties and, in quotes, names. Ctrl-C stops a query.
"""


@click.command()
@time_limit("Stop a query after this many seconds.")
@common
def shell(options: Options, timeout: float | None) -> None:
    """Ask queries at a prompt with history and completion.

    A query can have several lines. In a pipe, reads the queries from standard input; an empty line ends each query.
    """
    from kg.cli.prompt import piped_queries, typed_queries, words
    from kg.config import find_store
    from kg.sparql.library import readable_queries
    from kg.store.store import Store

    config = find_store(store=options.store)
    refresh(options)
    store = Store(config.store)
    state = _PromptSettings(timeout)
    if sys.stdin.isatty():
        titles = {name: query.header.title for name, query in readable_queries(config)[0].items()}
        completions = words(store, store.prefixes, titles, _COMMANDS)
        options.say(f"{store.manifest.summary.get('notes', 0):,} notes; .help lists the commands", dim=True)
        typed: Iterator[str] = typed_queries(completions, _history(config), color=options.color is not False)
    else:
        typed = piped_queries(sys.stdin)
    for text in typed:
        if text.strip() in {".quit", ".exit", "quit", "exit"}:
            break
        _do(options, config, state, text.strip())


@dataclass
class _PromptSettings:
    """The settings of the prompt for the queries that follow."""

    timeout: float | None
    format: str | None = None
    explain: bool = False


def _history(config: "Config") -> Path | None:
    """The folder of the history: the store's, so that each vault has its own; None if it is not writable."""
    return config.store if os.access(config.store, os.W_OK) else None


def _do(options: Options, config: "Config", manner: _PromptSettings, text: str) -> None:
    """Run a command of the prompt or a query. Errors are printed, and the prompt continues."""
    from kg.core.guard import guarded
    from kg.sparql.question import find_question

    try:
        if text.startswith("."):
            _command(config, manner, *text.split(maxsplit=1))
            return
        question = find_question(config, [text])
        bound = bound_text(config, question.text, question.name, question.arguments({}))
        query_run = QueryRun(options, config, question, bound, timeout=manner.timeout)
        explain, manner.explain = manner.explain, False
        work = query_run.explain if explain else lambda: query_run.answer(None, manner.format)
        guarded(work, seconds=manner.timeout, memory=config.max_memory)
    except QuerySyntaxError as error:
        say_place(error, text, "line")
    except (KgError, click.ClickException) as error:
        complain(error.format_message() if isinstance(error, click.ClickException) else str(error))
    except KeyboardInterrupt:
        options.say("stopped")


def _command(config: "Config", manner: _PromptSettings, name: str, value: str = "") -> None:
    """Run a command of the prompt, which begins with a full stop. Raises KgError."""
    from kg.store.project import known_prefixes

    if name == ".help":
        tell(_HELP + "".join(f"  {key:<10} {text}\n" for key, text in _COMMANDS.items()), nl=False)
    elif name == ".queries":
        list_queries(config)
    elif name == ".prefixes":
        tell("".join(f"{key + ':':<10} {space}\n" for key, space in known_prefixes(config).items()), nl=False)
    elif name == ".format":
        manner.format = check_format(value.strip() or None)
    elif name == ".timeout":
        manner.timeout = _seconds(value)
    elif name == ".explain":
        manner.explain = True
    else:
        raise KgError(f"{name} is not a command; .help lists the commands")


def _seconds(text: str) -> float | None:
    """Parse a number of seconds; an empty text is None. Raises KgError."""
    try:
        seconds = float(text) if text.strip() else None
    except ValueError:
        seconds = 0
    if seconds is not None and not 0 < seconds < float("inf"):
        raise KgError(f"“{text}” is not a number of seconds")
    return seconds
