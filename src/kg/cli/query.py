"""`kg query`: answer a SPARQL query."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.freshness import refresh
from kg.cli.options import Options, as_of, common, complain, size_limit, store_config, tell, time_limit
from kg.cli.output import check_format, format_of, say_place, write, written
from kg.core.errors import KgError, QuerySyntaxError
from kg.core.escaping import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kg.config import Config
    from kg.rendering.tables import TermNames
    from kg.sparql.answer import Answer, Term
    from kg.sparql.dataview import Translation
    from kg.sparql.question import Question
    from kg.store.lookup import Lookup
    from kg.store.store import Store


def _completed(context: click.Context, argument: click.Parameter, begun: str) -> "list[CompletionItem]":
    """The library queries that begin so, and files."""
    from click.shell_completion import CompletionItem

    from kg.config import find_store
    from kg.sparql.library import library

    try:
        names = [name for name in library(find_store()) if name.startswith(begun)]
    except KgError:
        names = []
    return [*map(CompletionItem, names), CompletionItem(begun, type="file")]


@click.command()
@click.argument("words", nargs=-1, metavar="[TEXT | FILE.rq | NAME | -] [VALUE]…", shell_complete=_completed)
@click.option(
    "-f",
    "--format",
    "format_",
    metavar="FORMAT",
    help="Write table, csv, tsv, json, jsonl, xml, md; turtle, ntriples, jsonld; by default, FILE's extension decides.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE, completely or not at all.",
)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Bind the variable ?NAME to a term.")
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    metavar="NOTE",
    help="Query only the graph of this note, kg:inferred or kg:ontology; may be repeated.",
)
@click.option("--iris", is_flag=True, help="Show IRIs instead of names in tables.")
@click.option("--endpoint", metavar="URL", help="Query the SPARQL server at URL instead of the store.")
@click.option("--default-graph", metavar="IRI", help="Use this graph as the server's default graph.")
@time_limit("Stop after this many seconds, with exit code 4.")
@size_limit("Stop above this much memory: 2G, 500M; else `max_memory`.")
@click.option("--allow-service", is_flag=True, help="Let the query call other servers with SERVICE.")
@click.option("--explain", is_flag=True, help="Show how the query is read and how much its patterns match.")
@as_of
@common
def query(
    options: Options,
    words: tuple[str, ...],
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
    """Answer a SPARQL 1.1 query, or list the query library.

    NAME is a query of the library (queries/NAME.rq), and each VALUE one of its parameters, in their order. Words of a
    name find it, too: kg query missing notes. Without a query, lists the library. The prefixes of the vault (kg:, n:,
    skos:, dcterms: …) need no declaration. Tables show names instead of IRIs; in a terminal with links, a
    click opens the note. Exits with 1 if the answer to an ASK query is no.
    """
    from kg.core.guard import guarded

    format_ = check_format(format_) or format_of(output)
    config = store_config(options)
    if not words:
        if not list_queries(config):
            sys.exit(KgError.exit_code)
        return
    if endpoint is None:
        refresh(options)
    question = _question(options, config, words)
    values = question.arguments(dict(map(_param, params)))
    bound = bound_text(config, question.text, question.name, values, elsewhere=endpoint is not None)
    query_run = QueryRun(
        options, config, question, bound, graphs, endpoint, default_graph, timeout, allow_service, iris
    )
    with _placed(question), written(output) as file:
        work = query_run.explain if explain else lambda: query_run.answer(file, format_)
        network = endpoint is not None or allow_service
        yes = guarded(work, seconds=timeout, memory=memory or config.max_memory, network=network)
    if not yes:
        sys.exit(1)


@contextmanager
def _placed(question: "Question") -> Iterator[None]:
    """Print where a query has a syntax error, and exit."""
    try:
        yield
    except QuerySyntaxError as error:
        say_place(error, question.text, question.name)
        sys.exit(error.exit_code)


def _question(options: Options, config: "Config", words: tuple[str, ...]) -> "Question":
    """The query that words mean, or that of standard input; a notice says which library query has such words."""
    from kg.sparql.question import Question, find_question

    if words[0] == "-":
        return Question(sys.stdin.read(), "standard input", words[1:])
    question = find_question(config, words)
    if question.notice:
        options.say(printable(question.notice), dim=True)
    return question


def _param(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.lstrip("?$").isidentifier():
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="'--param'")
    return name.lstrip("?$"), value


def bound_text(
    config: "Config", text: str, name: str, values: dict[str, str], *, elsewhere: bool = False
) -> "Mapping[str, str | Term]":
    """Bind parameters to terms, by their types if the query's header declares them."""
    from kg.sparql.library import Header
    from kg.sparql.parameters import Binder

    return Binder(config, elsewhere).bind(Header.of(text, name).params, values)


def list_queries(config: "Config") -> bool:
    """Print the queries of the library with their parameters, and the errors; return whether there are none."""
    from kg.sparql.library import readable_queries
    from kg.sparql.question import grouped

    queries, problems = readable_queries(config)
    width = max(map(len, queries), default=0)
    for group, members in grouped(queries):
        tell(printable(f"{group or 'Your queries'}:"), bold=True)
        for query in members:
            tell(printable(f"  {query.name:<{width}}  {query.header.title}"))
            for param in query.header.params:
                tell(printable(f"      {param}" + (f"  {param.says}" if param.says else "")))
    sys.stdout.flush()
    for problem in problems:
        complain(printable(str(problem)))
    return not problems


@dataclass(frozen=True)
class QueryRun:
    """A query and the options of its run."""

    options: Options
    config: "Config"
    question: "Question"
    params: "Mapping[str, str | Term]"
    graphs: tuple[str, ...] = ()
    endpoint: str | None = None
    default_graph: str | None = None
    timeout: float | None = None
    services: bool = False
    iris: bool = False

    @property
    def text(self) -> str:
        """The text of the query."""
        return self.question.text

    @cached_property
    def _store(self) -> "Store":
        """The local store."""
        from kg.store.store import Store

        return Store(self.config.store)

    @cached_property
    def _naming(self) -> "Lookup":
        """The names of the local store."""
        from kg.sparql.parameters import Binder

        return Binder(self.config).naming

    def answer(self, file: Path | None, format_: str | None) -> bool:
        """Run the query and write the answer; return False only if the answer to an ASK query is no."""
        if translation := self._translation():
            return self._list(translation, file, format_)
        answer, called = self._elsewhere() if self.endpoint else self._here()
        write(self.options, answer, called, file, format_)
        if not self.endpoint and not self.services:  # hints run the query again, which must not burden a server twice
            self._hint(answer)
        return answer.kind != "ask" or answer.boolean

    def _translation(self) -> "Translation | None":
        """The listing, if the query is Dataview's or a base. Raises Untranslated."""
        from kg.sparql.translation import translated

        return translated(self.config, self.text)

    def _list(self, translation: "Translation", file: Path | None, format_: str | None) -> bool:
        """Write the rows of a translated query."""
        from kg.cli.listing import ListingRun

        if self.endpoint:
            raise KgError("a query of Dataview or Bases is translated for the local store only: remove --endpoint")
        for notice in translation.notices:
            self.options.say(f"hint: {printable(notice)}", dim=True)
        ListingRun(self.options, self.config, translation.listing, file, format_, self.iris, translated=True).show()
        return True

    def _here(self) -> "tuple[Answer, TermNames]":
        from kg.rendering.tables import TermNames

        answer = self._answer()
        return answer, TermNames.of(self._store, iris=self.iris)

    def _answer(self) -> "Answer":
        """The answer of the local store."""
        from kg.sparql import query as sparql

        graphs = [self._naming.document(name) for name in self.graphs]
        return sparql.query(self._store, self.text, self.params, graphs=graphs, services=self.services)

    def _elsewhere(self) -> "tuple[Answer, TermNames]":
        from kg.remote import endpoint as remote
        from kg.rendering.tables import TermNames
        from kg.store.project import known_prefixes

        answer = remote.query(
            self.endpoint or "",
            self.text,
            known_prefixes(self.config),
            self.params,
            self.timeout,
            dataset=remote.Dataset(self._there(), self.default_graph),
            services=self.services,
            notice=lambda text: self.options.say(text, fg="yellow"),
        )
        return answer, TermNames(answer.prefixes, iris=self.iris)

    def _there(self) -> list[str]:
        """The IRIs of the graphs to query on a server; the local store resolves names of notes."""
        return [name.strip("<>") if "://" in name else self._naming.document(name).value for name in self.graphs]

    def _hint(self, answer: "Answer") -> None:
        """Print why there may be no answer."""
        from kg.sparql.advice import Advice

        graphs = [self._naming.document(name) for name in self.graphs]
        advice = Advice(self._store, self.text, self.question.own_title, self.params, graphs)
        for sentence in advice.sentences(answer, self._answer):
            self.options.say(f"hint: {printable(sentence)}", dim=True)

    def explain(self) -> bool:
        """Print how the query is read, and return True."""
        from kg.sparql import algebra
        from kg.store.project import known_prefixes

        if self._translation():
            raise KgError("--explain shows how SPARQL is read, not a query of Dataview or Bases")
        prefixes, store = (known_prefixes(self.config), None) if self.endpoint else (self._store.prefixes, self._store)
        tell(algebra.explain(self.text, prefixes, store), nl=False)
        return True
