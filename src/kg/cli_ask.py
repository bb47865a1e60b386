"""The commands that ask: query, shell."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.errors import KgError, QuerySyntaxError
from kg.findings import printable
from kg.output import check_format, format_of, say_place, write, written
from kg.terminal import Options, common, complain, tell, time_limit

if TYPE_CHECKING:
    from kg.config import Config
    from kg.naming import Naming
    from kg.sparql import Answer, Term
    from kg.store import Store
    from kg.tables import Called


def _size(context: click.Context, option: click.Parameter, given: str | None) -> int | None:
    """A number of bytes: 2G, 500M, 1000000."""
    if given is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", given.strip(), re.I)
    if not found or float(found[1]) == 0:
        raise click.BadParameter(f"{given!r} is not a size such as 2G or 500M.")
    return int(float(found[1]) * 1000 ** " kmgt".index(found[2].lower() or " "))


@click.command()
@click.argument("question", required=False, metavar="[TEXT | FILE.rq | NAME | -]")
@click.option(
    "-f",
    "--format",
    "format_",
    metavar="FORMAT",
    help="table, csv, tsv, json, jsonl, xml, md; turtle, ntriples, jsonld. Without it, as the end of FILE says.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE, the whole answer or nothing.",
)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Bind the variable ?NAME to a term.")
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    metavar="NOTE",
    help="Ask only what this note says; or kg:inferred, kg:ontology. More than one may be named.",
)
@click.option("--iris", is_flag=True, help="In tables, show IRIs instead of names.")
@click.option("--endpoint", metavar="URL", help="Ask the SPARQL server at URL instead.")
@click.option("--default-graph", metavar="IRI", help="There, the graph that stands for the default graph.")
@time_limit("Stop after this long, with exit code 4.")
@click.option("--memory", callback=_size, metavar="SIZE", help="Stop what needs more: 2G, 500M; else `max_memory`.")
@click.option("--allow-service", is_flag=True, help="Let the query call other servers by SERVICE.")
@click.option("--explain", is_flag=True, help="Show how it is read, and how much its patterns match.")
@common
def query(
    options: Options,
    question: str | None,
    format_: str | None,
    output: Path | None,
    params: tuple[str, ...],
    graphs: tuple[str, ...],
    iris: bool,
    endpoint: str | None,
    default_graph: str | None,
    timeout: float | None,
    memory: int | None,
    allow_service: bool,
    explain: bool,
) -> None:
    """Answer a question in SPARQL 1.1.

    NAME is a query of the library (queries/NAME.rq); without a question the library is listed. The prefixes of
    the vault (kg:, n:, skos:, dcterms: …) need not be declared. Tables show what things are called, and in a
    terminal that can, a click opens the note. ASK exits with 1 where the answer is no.
    """
    from kg.config import find_store
    from kg.guard import guarded
    from kg.questions import find_query

    format_ = check_format(format_) or format_of(output)
    config = find_store(store=options.store)
    if question is None:
        if not _list_queries(config):
            sys.exit(KgError.exit_code)
        return
    text, name = (sys.stdin.read(), "standard input") if question == "-" else find_query(config, question)
    bound = _bound(config, text, name, dict(_param(given) for given in params), elsewhere=endpoint is not None)
    asking = _Asking(options, config, text, bound, graphs, endpoint, default_graph, timeout, allow_service, iris)
    try:
        with written(output) as file:
            work = asking.explain if explain else lambda: asking.answer(file, format_)
            network = endpoint is not None or allow_service
            yes = guarded(work, seconds=timeout, memory=memory or config.max_memory, network=network)
    except QuerySyntaxError as error:
        say_place(error, text, name)
        sys.exit(error.exit_code)
    if not yes:
        sys.exit(1)


def _param(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.lstrip("?$").isidentifier():
        raise click.BadParameter(f"{given!r} is not NAME=VALUE.", param_hint="'--param'")
    return name.lstrip("?$"), value


def _bound(
    config: "Config", text: str, name: str, given: dict[str, str], *, elsewhere: bool = False
) -> "Mapping[str, str | Term]":
    """The terms that parameters are bound to, by their types where the query's header gives those."""
    from kg.parameters import Binder
    from kg.questions import Header

    return Binder(config, elsewhere).bind(Header.of(text, name).params, given)


def _list_queries(config: "Config") -> bool:
    """A query a line, and below it its parameters; whether all could be read. What is wrong with others is said."""
    from kg.questions import legible

    named, problems = legible(config)
    width = max(map(len, named), default=0)
    for name, found in named.items():
        tell(printable(f"{name:<{width}}  {found.header.title}"))
        for param in found.header.params:
            tell(printable(f"{'':<{width}}    {param}" + (f"  {param.says}" if param.says else "")))
    sys.stdout.flush()
    for problem in problems:
        complain(printable(str(problem)))
    return not problems


@dataclass(frozen=True)
class _Asking:
    """A question with how it is asked."""

    options: Options
    config: "Config"
    text: str
    params: "Mapping[str, str | Term]"
    graphs: tuple[str, ...] = ()
    endpoint: str | None = None
    default_graph: str | None = None
    timeout: float | None = None
    services: bool = False
    iris: bool = False

    @cached_property
    def _store(self) -> "Store":
        """The store here."""
        from kg.store import Store

        return Store(self.config.store)

    @cached_property
    def _naming(self) -> "Naming":
        """What names mean here."""
        from kg.parameters import Binder

        return Binder(self.config).naming

    def answer(self, file: Path | None, format_: str | None) -> bool:
        """Ask, and write the answer; whether it is not a no."""
        found, called = self._elsewhere() if self.endpoint else self._here()
        write(self.options, found, called, file, format_)
        if not self.endpoint and not self.services:  # hints ask again, and a server was asked already
            self._hint()
        return found.kind != "ask" or found.boolean

    def _here(self) -> "tuple[Answer, Called]":
        from kg.tables import Called

        found = self._asked()
        vault = Path(self._store.manifest.summary.get("vault", ""))
        return found, Called(found.prefixes, self._store, vault if vault.is_dir() else None, self.iris)

    def _asked(self) -> "Answer":
        """The answer of the store."""
        from kg import sparql

        graphs = [self._naming.document(one) for one in self.graphs]
        return sparql.query(self._store, self.text, self.params, graphs=graphs, services=self.services)

    def _elsewhere(self) -> "tuple[Answer, Called]":
        from kg import remote
        from kg.tables import Called

        found = remote.query(
            self.endpoint or "",
            self.text,
            self.config.all_prefixes,
            self.params,
            self.timeout,
            default_graphs=self._there(),
            standing_for_default=self.default_graph,
            services=self.services,
            notice=lambda text: self.options.say(text, fg="yellow"),
        )
        return found, Called(found.prefixes, iris=self.iris)

    def _there(self) -> list[str]:
        """The IRIs of what a server elsewhere is asked; a note's by the store, where it is not given as an IRI."""
        return [one.strip("<>") if "://" in one else self._naming.document(one).value for one in self.graphs]

    def _hint(self) -> None:
        from kg.mistakes import unheard_of

        store, given = self._store, self._given() if self.params else []
        for sentence in unheard_of(self.text, store, store.prefixes, lambda: self._asked().is_nothing, given):
            self.options.say(f"hint: {printable(sentence)}", dim=True)

    def _given(self) -> "list[Term | None]":
        """What parameters are bound to, where that is no text."""
        from kg.naming import written_iri

        prefixes = self._store.prefixes
        return [written_iri(one, prefixes) if isinstance(one, str) else one for one in self.params.values()]

    def explain(self) -> bool:
        """Show how the query is read; that is never a no."""
        from kg import sparql

        prefixes, store = (self.config.all_prefixes, None) if self.endpoint else (self._store.prefixes, self._store)
        tell(sparql.explain(self.text, prefixes, store), nl=False)
        return True


_COMMANDS = {
    ".help": "what can be typed here",
    ".queries": "the queries of the library; the name of one asks it",
    ".prefixes": "the prefixes that need not be declared",
    ".format": "how answers are written: .format csv",
    ".timeout": "stop a query after so many seconds: .timeout 10",
    ".explain": "show how the next question is read, instead of its answer",
    ".quit": "leave, as Ctrl-D does",
}
_HELP = """A question in SPARQL, of one line or more: Enter asks where it is whole, Alt+Enter always.
Tab completes prefixes, classes, properties and, in quotes, what things are called. Ctrl-C stops a question.
"""


@click.command()
@time_limit("Stop a query after this.")
@common
def shell(options: Options, timeout: float | None) -> None:
    """Ask one question after the other, with history, completion and several lines.

    In a pipe the questions are read from standard input, each until its brackets are closed and a line is empty.
    """
    from kg.config import find_store
    from kg.questions import legible
    from kg.shell import piped, questions, words
    from kg.store import Store

    config = find_store(store=options.store)
    store = Store(config.store)
    manner = _Manner(timeout)
    if sys.stdin.isatty():
        named = {name: found.header.title for name, found in legible(config)[0].items()}
        known = words(store, store.prefixes, named, _COMMANDS)
        options.say(f"{store.manifest.summary.get('notes', 0):,} notes; .help says what can be typed here", dim=True)
        typed: Iterator[str] = questions(known, _history(config), color=options.color is not False)
    else:
        typed = piped(sys.stdin)
    for text in typed:
        if text.strip() in {".quit", ".exit", "quit", "exit"}:
            break
        _do(options, config, manner, text.strip())


@dataclass
class _Manner:
    """How questions are answered at the prompt, until it is said otherwise."""

    timeout: float | None
    format: str | None = None
    explain: bool = False


def _history(config: "Config") -> Path | None:
    """Where what was typed is kept: with the store, so that each vault has its own."""
    return config.store if os.access(config.store, os.W_OK) else None


def _do(options: Options, config: "Config", manner: _Manner, text: str) -> None:
    """One line of the prompt: a command, or a question. What is wrong is said, and the prompt goes on."""
    from kg.guard import guarded
    from kg.questions import library

    try:
        if text.startswith("."):
            _command(config, manner, *text.split(maxsplit=1))
            return
        named = library(config).get(text)
        question = named.text if named else text
        asking = _Asking(options, config, question, _bound(config, question, text, {}), timeout=manner.timeout)
        explain, manner.explain = manner.explain, False
        work = asking.explain if explain else lambda: asking.answer(None, manner.format)
        guarded(work, seconds=manner.timeout, memory=config.max_memory)
    except QuerySyntaxError as error:
        say_place(error, text, "line")
    except (KgError, click.ClickException) as error:
        complain(error.format_message() if isinstance(error, click.ClickException) else str(error))
    except KeyboardInterrupt:
        options.say("stopped")


def _command(config: "Config", manner: _Manner, name: str, value: str = "") -> None:
    """What begins with a full stop."""
    if name == ".help":
        tell(_HELP + "".join(f"  {one:<10} {says}\n" for one, says in _COMMANDS.items()), nl=False)
    elif name == ".queries":
        _list_queries(config)
    elif name == ".prefixes":
        tell("".join(f"{one + ':':<10} {space}\n" for one, space in config.all_prefixes.items()), nl=False)
    elif name == ".format":
        manner.format = check_format(value.strip() or None)
    elif name == ".timeout":
        manner.timeout = _seconds(value)
    elif name == ".explain":
        manner.explain = True
    else:
        raise KgError(f"{name} is not known here; .help says what is")


def _seconds(text: str) -> float | None:
    """A number of seconds; none where nothing is said. Raises KgError."""
    try:
        found = float(text) if text.strip() else None
    except ValueError:
        found = 0
    if found is not None and not 0 < found < float("inf"):
        raise KgError(f"“{text}” is not a number of seconds")
    return found
