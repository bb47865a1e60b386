"""A remote SPARQL server, through SPARQLWrapper: the same queries and answers as the store, and updates."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple
from urllib.request import Request

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.rdf.sparql_syntax import check, tokens
from kg.remote.answers import read_answer
from kg.remote.default_graph import graphs_by_variables, within
from kg.remote.http_exchange import Exchange, Refused, Response
from kg.sparql.answer import Answer, Kind, Term
from kg.sparql.binding import bind, used_prefixes
from kg.sparql.syntax_errors import syntax_error_in

_RESULTS = "application/sparql-results+json, application/sparql-results+xml;q=0.8"
_GRAPHS = "application/n-triples, text/turtle;q=0.8, application/rdf+xml;q=0.5"
_KINDS: Mapping[str, Kind] = {"SELECT": "select", "ASK": "ask", "CONSTRUCT": "graph", "DESCRIBE": "graph"}
"""The kind of answer to each query form."""
_BAD_REQUEST = 400
_NOT_ALLOWED = {401, 403}


class Dataset(NamedTuple):
    """The graphs to query outside GRAPH."""

    default_graphs: Sequence[str] = ()
    """The IRIs of the only graphs to query."""
    standing_for_default: str | None = None
    """The IRI of the graph in the role of the default graph, on a server without one."""


_WHOLE = Dataset()


def query(
    endpoint: str,
    text: str,
    prefixes: Mapping[str, str],
    params: Mapping[str, str | Term] | None = None,
    timeout: float | None = None,
    *,
    dataset: Dataset = _WHOLE,
    services: bool = False,
    notice: Callable[[str], None] | None = None,
) -> Answer:
    """Query the server at `endpoint`, for at most `timeout` seconds. Raises QuerySyntaxError, KgError, TimedOut.

    The request declares only the prefixes that the query uses. `notice` receives a warning if the server limits the
    number of rows.
    """
    check(text, services=services)
    written, text = text, bind(text, params or {}, prefixes)
    server = replace(Endpoint.at(endpoint, seconds=timeout), default_graphs=tuple(dataset.default_graphs))
    if dataset.standing_for_default and not dataset.default_graphs:
        server, text = _of_graph(server, text, dataset.standing_for_default)
    declared = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in used_prefixes(text, prefixes).items())
    try:
        answer, rows_at_most = server.answer(f"{declared} {text}", prefixes)
    except Refused as error:  # the server's own message has a place in the text that it was sent
        if error.status == _BAD_REQUEST and (mistake := syntax_error_in(written, prefixes)):
            raise mistake from error
        raise
    if rows_at_most and notice:
        notice(f"{server.name} returns at most {rows_at_most} rows; there may be more")
    return answer


@dataclass(frozen=True)
class Endpoint:
    """A server with its addresses for SPARQL queries and updates."""

    queries: Exchange
    updates: Exchange
    default_graphs: tuple[str, ...] = ()

    @classmethod
    def at(cls, address: str, *, update: str | None = None, seconds: float | None = None) -> "Endpoint":
        """The server with an address for queries and another for updates. Raises KgError."""
        queries = Exchange.of(address, seconds)
        updates = Exchange.of(update, seconds) if update else replace(queries, url=update_address(queries.url))
        return cls(queries, updates)

    @property
    def name(self) -> str:
        """The address in a form that is safe to show."""
        return self.queries.name

    def answer(self, text: str, prefixes: Mapping[str, str]) -> tuple[Answer, str]:
        """The answer to a query, and the row limit if the server cut it off there. Raises KgError, TimedOut."""
        kind = _KINDS[_form(text)]
        is_graph = kind == "graph"
        response = self._send(text, _GRAPHS if is_graph else _RESULTS)
        answer = read_answer(self.name, response, prefixes, is_graph=is_graph)
        if answer.kind != kind:
            raise self._no_answer()
        return answer, response.rows_at_most

    def is_there(self) -> bool:
        """Whether this address answers a query. Raises KgError if it refuses this user or cannot be reached."""
        try:
            response = self._send("ASK {}", _RESULTS)
        except Refused as error:
            if error.status in _NOT_ALLOWED:
                raise
            return False
        with suppress(KgError):
            return read_answer(self.name, response, {}, is_graph=False).kind == "ask"
        return False

    def _no_answer(self) -> KgError:
        return KgError(f"{self.name} gave an unexpected answer: is it the address of a SPARQL endpoint?")

    def rows(self, text: str, columns: int | None = None) -> Iterator[tuple[Any, ...]]:
        """All rows of a SELECT query, in pages if the server limits the size of an answer. Raises KgError, TimedOut.

        With `columns`, each row must have that many terms, all bound; otherwise it does not answer the query. Servers
        need not say that they limit an answer. So the answer is complete if a query for the next row has none.
        """
        read = partial(self._rows, columns)
        yield from self._pages(text, read, lambda size: not read(f"{text} LIMIT 1 OFFSET {size}"))

    def _rows(self, columns: int | None, text: str) -> list[tuple[Any, ...]]:
        rows = list(self.answer(text, {})[0].terms())
        if columns and any(len(row) != columns or None in row for row in rows):
            raise self._no_answer()
        return rows

    def number(self, text: str) -> int:
        """The result of a SELECT query that counts. Raises KgError, TimedOut."""
        rows = self._rows(None, text)
        return self.as_number(rows[0][0] if rows and rows[0] else None)

    def as_number(self, term: Any) -> int:
        """The number that a term of an answer denotes. Raises KgError."""
        try:
            return int(term.value)
        except (ValueError, AttributeError) as error:
            raise KgError(f"{self.name} should have answered with a number, and did not") from error

    def triples(self, graph: str | None, count: int | None = None) -> Iterator[ox.Triple]:
        """All triples of a named graph, `<iri>`, or of the default graph, in pages. Raises KgError, TimedOut.

        Without `count`, a query counts the triples first.
        """
        pattern = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        if count is None:
            count = self.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"
        yield from self._pages(text, lambda page: self.answer(page, {})[0].triples(), lambda size: size >= count)

    def _pages(self, text: str, read: Callable[[str], Iterable[Any]], is_all: Callable[[int], bool]) -> Iterator[Any]:
        """The items of a single answer if it is complete, else the items of all pages, from the first page on.

        Virtuoso orders pages differently from an answer without LIMIT, but all pages alike. The query sets no order:
        servers refuse to sort so many rows. Raises KgError if a page has nothing new: then no page may be the last.
        """
        items = list(read(text))
        page, offset = len(items), 0
        if not page or is_all(page):
            yield from items
            return
        seen: set[Any] = set()
        while items := list(read(f"{text} LIMIT {page} OFFSET {offset}")):
            if seen.issuperset(items):
                raise KgError(f"{self.name} ignores OFFSET, so its answer cannot be read to its end")
            seen.update(items)
            yield from items
            offset += len(items)

    def update(self, text: str) -> Response:
        """Run a SPARQL update. Raises KgError, TimedOut.

        This does not use SPARQLWrapper: on megabytes of text, its search for the query form is slower than the server.
        """
        data, headers = text.encode(), {"Content-Type": "application/sparql-update; charset=utf-8"}
        request = Request(self.updates.url, data, headers, method="POST")  # noqa: S310 - Exchange checks the scheme
        return self.updates.send(request)

    def is_virtuoso(self) -> bool:
        """Whether the server identifies itself as Virtuoso. Raises KgError, TimedOut."""
        return "virtuoso" in self._send("ASK {}", _RESULTS).server.lower()

    def _send(self, text: str, accept: str) -> Response:
        wrapper = _wrapper(self)
        wrapper.addCustomHttpHeader("Accept", accept)
        wrapper.setQuery(text)
        for graph in self.default_graphs:
            wrapper.addDefaultGraph(graph)
        response: Response = wrapper.query().response
        return response


def _of_graph(there: Endpoint, text: str, graph: str) -> tuple[Endpoint, str]:
    """The endpoint and the query text that use a graph as the default graph. Raises KgError."""
    try:
        name = str(ox.NamedNode(graph))
    except ValueError as error:
        raise KgError(f"{graph} is not an IRI") from error
    with_default = replace(there, default_graphs=(graph,))
    if with_default.is_virtuoso():  # Virtuoso crashes on patterns that are nested so deeply
        return with_default, graphs_by_variables(text)
    rewritten = within(text, name)
    return (there, rewritten) if rewritten else (with_default, text)


def _wrapper(endpoint: Endpoint) -> Any:
    """A SPARQLWrapper that sends through `Exchange`: its own transport has no limit of time or size.

    It posts forms, which every server accepts; Virtuoso 7.2 never answers a query that is posted as plain text.
    """
    from SPARQLWrapper import POST, SELECT, SPARQLWrapper

    class Wrapper(SPARQLWrapper):
        def _parseQueryType(self, query: str) -> str:  # noqa: N802 - SPARQLWrapper's own takes “add” in a comment for an update
            return SELECT

        def _query(self) -> Any:
            return endpoint.queries.send(self._createRequest()), self.returnFormat

    wrapper = Wrapper(endpoint.queries.url)
    wrapper.setMethod(POST)
    wrapper.setOnlyConneg(True)
    return wrapper


def update_address(address: str) -> str:
    """The update address for a query address, by the conventions of Oxigraph, Fuseki and RDF4J."""
    address, question, key = address.partition("?")
    if re.search(r"/repositories/[^/]+/?\Z", address):
        address = f"{address.rstrip('/')}/statements"
    return f"{re.sub(r'/query/?$', '/update', address)}{question}{key}"


def _form(text: str) -> str:
    """The form of a query: SELECT, ASK, CONSTRUCT or DESCRIBE."""
    words = (token.text.upper() for token in tokens(text) if token.kind == "word")
    return next((word for word in words if word in _KINDS), "SELECT")
