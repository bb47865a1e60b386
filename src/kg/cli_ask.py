"""The commands that ask: query."""

import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from kg.errors import QuerySyntaxError, TimedOut
from kg.findings import printable
from kg.terminal import INTERRUPTED, Options, common

if TYPE_CHECKING:
    from kg.config import Config
    from kg.sparql import Term

Result = TypeVar("Result")


@click.command()
@click.argument("question", required=False, metavar="[TEXT | FILE.rq | NAME | -]")
@click.option(
    "-f",
    "--format",
    "format_",
    metavar="FORMAT",
    help="table, csv, tsv, json, jsonl, xml, md; turtle, ntriples, jsonld.",
)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Bind the variable ?NAME to a term.")
@click.option("--endpoint", metavar="URL", help="Ask the SPARQL server at URL instead.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop after this long, with exit code 4.",
)
@click.option("--explain", is_flag=True, help="Show the query's algebra instead of running it.")
@common
def query(
    options: Options,
    question: str | None,
    format_: str | None,
    params: tuple[str, ...],
    endpoint: str | None,
    timeout: float | None,
    explain: bool,
) -> None:
    """Answer a question in SPARQL 1.1.

    NAME is a query of the library (queries/NAME.rq); without a question the library is listed. The prefixes of
    the vault (kg:, n:, skos:, dcterms: …) need not be declared. ASK exits with 1 where the answer is no.
    """
    from kg.config import find_store
    from kg.questions import find_query

    if format_ is not None:
        _check_format(format_)
    config = find_store(store=options.store)
    if question is None:
        _list_queries(config)
        return
    text, name = (sys.stdin.read(), "standard input") if question == "-" else find_query(config, question)
    bound = _bound(config, text, name, dict(_param(given) for given in params))
    try:
        _interruptibly(lambda: _ask(config, text, bound, format_, endpoint, timeout, explain), timeout)
    except QuerySyntaxError as error:
        _fail_with_place(error, text, name)


def _check_format(name: str) -> None:
    names = ["table", "csv", "tsv", "json", "jsonl", "xml", "md", "turtle", "ntriples", "jsonld"]
    if name not in names:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(names)}.", param_hint="'-f' / '--format'")


def _param(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.lstrip("?$").isidentifier():
        raise click.BadParameter(f"{given!r} is not NAME=VALUE.", param_hint="'--param'")
    return name.lstrip("?$"), value


def _bound(config: "Config", text: str, name: str, given: dict[str, str]) -> "Mapping[str, str | Term]":
    """The terms that parameters are bound to, by their types where the query's header gives those."""
    from kg.parameters import Binder
    from kg.questions import Header

    return Binder(config).bind(Header.of(text, name).params, given)


def _list_queries(config: "Config") -> None:
    """A query a line, and below it its parameters."""
    from kg.questions import library

    named = library(config)
    width = max(map(len, named), default=0)
    for name, found in named.items():
        click.echo(printable(f"{name:<{width}}  {found.header.title}"))
        for param in found.header.params:
            click.echo(printable(f"{'':<{width}}    {param}" + (f"  {param.says}" if param.says else "")))


def _ask(
    config: "Config",
    text: str,
    params: "Mapping[str, str | Term]",
    format_: str | None,
    endpoint: str | None,
    timeout: float | None,
    explain: bool,
) -> None:
    """Ask, and write the answer; in one thread, as Oxigraph's results demand."""
    from kg import remote, results, sparql
    from kg.store import Store

    if endpoint:
        prefixes = config.all_prefixes
        if explain:
            click.echo(sparql.explain(text, prefixes), nl=False)
            return
        answer = remote.query(endpoint, text, prefixes, params, timeout)
    else:
        store = Store(config.store)
        answer = sparql.query(store, text, params)
        if explain:
            click.echo(sparql.explain(text, store.prefixes), nl=False)
            return
    yes = answer.kind != "ask" or answer.boolean
    results.write(answer, sys.stdout.buffer, format_, terminal=sys.stdout.isatty())
    sys.stdout.buffer.flush()
    if not yes:
        raise SystemExit(1)


def _interruptibly(work: Callable[[], Result], timeout: float | None) -> Result:
    """Run work that cannot be stopped from inside, so that Ctrl-C and a time limit end the process at once.

    Oxigraph answers in native code that takes no signal. The work only reads, so leaving it in the middle harms
    nothing.
    """
    outcome: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            # Oxigraph's results must die in the thread that made them: no frame may keep one alive.
            for one in (error, error.__cause__, error.__context__):
                traceback.clear_frames(one.__traceback__ if one else None)
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        waited = 0.0
        while thread.is_alive() and (timeout is None or waited < timeout):
            step = 0.2 if timeout is None else min(0.2, timeout - waited)
            thread.join(step)
            waited += step
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    if thread.is_alive():
        limit = TimedOut(timeout or 0)
        click.echo(f"kg: {limit}", err=True)
        os._exit(limit.exit_code)
    if raised:
        raise raised[0]
    return outcome[0]


def _fail_with_place(error: QuerySyntaxError, text: str, name: str) -> NoReturn:
    """Show the line with a caret under the place."""
    lines = text.split("\n")
    click.echo(f"kg: {name}:{error.line}:{error.column}: {error}", err=True)
    if error.line <= len(lines):
        line = lines[error.line - 1].replace("\t", " ")
        click.echo(f"  {line}\n  {' ' * (error.column - 1)}^", err=True)
    sys.exit(error.exit_code)
