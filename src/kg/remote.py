"""A SPARQL server elsewhere, through SPARQLWrapper: the same queries, the same answers; and updates."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.request import Request

import pyoxigraph as ox

from kg.errors import KgError
from kg.exchange import Exchange, Response
from kg.guard import limited
from kg.rewriting import graphs_by_variables, within
from kg.sparql import Answer, Kind, Term, bind, triples_of, used_prefixes
from kg.syntax import check, tokens

_RESULTS = "application/sparql-results+json, application/sparql-results+xml;q=0.8"
_GRAPHS = "application/n-triples, text/turtle;q=0.8, application/rdf+xml;q=0.5"
_KINDS: Mapping[str, Kind] = {"SELECT": "select", "ASK": "ask", "CONSTRUCT": "graph", "DESCRIBE": "graph"}
"""What each form of a query is answered with."""
_VIRTUOSO_ASK = "__ASK_RETVAL"
_BOOLEANS = {
    b'XMLSchema#boolean", "value": "%s"' % digit: b'XMLSchema#boolean", "value": "%s"' % word
    for digit, word in ((b"1", b"true"), (b"0", b"false"))
}
_ROUND = 100


def query(
    endpoint: str,
    text: str,
    prefixes: Mapping[str, str],
    params: Mapping[str, str | Term] | None = None,
    timeout: float | None = None,
    *,
    default_graphs: Sequence[str] = (),
    standing_for_default: str | None = None,
    services: bool = False,
    notice: Callable[[str], None] | None = None,
) -> Answer:
    """Ask the server at `endpoint`, for at most `timeout` seconds. Raises KgError, TimedOut.

    Of the known prefixes those that the query uses are declared. `default_graphs` are the IRIs of what alone is asked;
    `standing_for_default` is that of the graph that the query means where it says no GRAPH, on a server with no default
    graph of its own. `notice` is told what should be known of the answer.
    """
    check(text, services=services)
    text = bind(text, params or {}, prefixes)
    there = Endpoint.at(endpoint, seconds=timeout, default_graphs=default_graphs)
    if standing_for_default and not default_graphs:
        there, text = _of_graph(there, text, standing_for_default)
    declared = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in used_prefixes(text, prefixes).items())
    answer, rows_at_most = there.answer(f"{declared} {text}", prefixes)
    if rows_at_most and notice:
        notice(f"{there.name} gives no more than {rows_at_most} rows; there may be others")
    return answer


@dataclass(frozen=True)
class Endpoint:
    """A server with the addresses of its SPARQL protocol."""

    queries: Exchange
    updates: Exchange
    default_graphs: tuple[str, ...] = ()

    @classmethod
    def at(
        cls,
        address: str,
        *,
        update: str | None = None,
        seconds: float | None = None,
        default_graphs: Sequence[str] = (),
    ) -> "Endpoint":
        """The server that answers queries at an address, and takes updates at another. Raises KgError."""
        queries = Exchange.of(address, seconds)
        updates = Exchange.of(update, seconds) if update else replace(queries, url=update_address(queries.url))
        return cls(queries, updates, tuple(default_graphs))

    @property
    def name(self) -> str:
        """The address as it may be shown."""
        return self.queries.name

    def answer(self, text: str, prefixes: Mapping[str, str]) -> tuple[Answer, str]:
        """The answer to a query, and after how many rows the server ended it, if it did. Raises KgError, TimedOut."""
        kind = _KINDS[_form(text)]
        graph = kind == "graph"
        response = self._send(text, _GRAPHS if graph else _RESULTS)
        if response.media_type == "text/html":
            raise KgError(f"{self.name} answered with a web page: is it the address of a SPARQL endpoint?")
        try:
            with limited(f"the answer of {self.name}"):
                found = _graph(response, prefixes) if graph else _results(response, prefixes)
        except (SyntaxError, ValueError) as error:
            raise KgError(f"{self.name} answered with what cannot be read as {response.media_type}: {error}") from error
        if found.kind != kind:
            raise self._no_answer()
        return found, response.rows_at_most

    def _no_answer(self) -> KgError:
        return KgError(f"{self.name} did not answer what was asked: is it the address of a SPARQL endpoint?")

    def rows(self, text: str, columns: int | None = None) -> Iterator[tuple[Any, ...]]:
        """All rows of a SELECT, in pages where the server gives only so many at a time. Raises KgError, TimedOut.

        With `columns`, each row has so many terms, and none is unbound; what has others was no answer to the question.
        A limit that a server sets by itself is a round number: any other number of rows is all.
        """
        yield from self._pages(text, lambda page: self._rows(page, columns), lambda got: got % _ROUND != 0)

    def _rows(self, text: str, columns: int | None) -> list[tuple[Any, ...]]:
        rows = list(self.answer(text, {})[0].terms())
        if columns and any(len(row) != columns or None in row for row in rows):
            raise self._no_answer()
        return rows

    def number(self, text: str) -> int:
        """The answer to a SELECT that counts. Raises KgError, TimedOut."""
        rows = list(self.rows(text))
        return self.as_number(rows[0][0] if rows and rows[0] else None)

    def as_number(self, term: Any) -> int:
        """The number that a server answered with. Raises KgError."""
        try:
            return int(term.value)
        except (ValueError, AttributeError) as error:
            raise KgError(f"{self.name} was asked for a number and answered with none") from error

    def triples(self, graph: str | None, count: int | None = None) -> Iterator[ox.Triple]:
        """All triples of a named graph, `<iri>`, or of the default graph, likewise. Raises KgError, TimedOut.

        How many these are is asked for where it is not known.
        """
        pattern = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        if count is None:
            count = self.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"
        yield from self._pages(text, lambda page: self.answer(page, {})[0].triples(), lambda got: got >= count)

    @staticmethod
    def _pages(text: str, read: Callable[[str], Iterable[Any]], is_all: Callable[[int], bool]) -> Iterator[Any]:
        """What one answer gives, if that is all; else what all pages give, from the first on.

        Virtuoso gives pages another order than an answer without LIMIT, but all pages the same. No order is asked for:
        servers refuse to sort so many rows.
        """
        found = list(read(text))
        page, offset = len(found), 0
        if not page or is_all(page):
            yield from found
            return
        while found and not (offset and is_all(offset)):
            found = list(read(f"{text} LIMIT {page} OFFSET {offset}"))
            yield from found
            offset += len(found)

    def update(self, text: str) -> Response:
        """Have a SPARQL update done. Raises KgError, TimedOut.

        Not by SPARQLWrapper, whose search for the form of a text takes longer than the server where it is megabytes.
        """
        data, headers = text.encode(), {"Content-Type": "application/sparql-update; charset=utf-8"}
        request = Request(self.updates.url, data, headers, method="POST")  # noqa: S310 - Exchange lets http alone pass
        return self.updates.send(request)

    def is_virtuoso(self) -> bool:
        """Whether the server says that it is Virtuoso. Raises KgError, TimedOut."""
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
    """How a server is asked so that a query means a graph where it says no GRAPH. Raises KgError."""
    try:
        name = str(ox.NamedNode(graph))
    except ValueError as error:
        raise KgError(f"{graph} is not an IRI") from error
    told = replace(there, default_graphs=(graph,))
    if told.is_virtuoso():  # which ends itself over patterns that lie so deep
        return told, graphs_by_variables(text)
    put = within(text, name)
    return (there, put) if put else (told, text)


def _wrapper(endpoint: Endpoint) -> Any:
    """SPARQLWrapper as it is but for how it sends: its own way ends neither at a time nor at a size.

    It posts forms, which every server takes; Virtuoso 7.2 never answers a query that is posted as it stands.
    """
    from SPARQLWrapper import POST, SPARQLWrapper

    class Wrapper(SPARQLWrapper):
        def _query(self) -> Any:
            return endpoint.queries.send(self._createRequest()), self.returnFormat

    wrapper = Wrapper(endpoint.queries.url)
    wrapper.setMethod(POST)
    wrapper.setOnlyConneg(True)
    return wrapper


def update_address(address: str) -> str:
    """Where a server takes updates that answers queries at an address, as Oxigraph, Fuseki and RDF4J have it."""
    address, question, key = address.partition("?")
    if re.search(r"/repositories/[^/]+/?\Z", address):
        address = f"{address.rstrip('/')}/statements"
    return f"{re.sub(r'/query/?$', '/update', address)}{question}{key}"


def _form(text: str) -> str:
    """SELECT, ASK, CONSTRUCT or DESCRIBE."""
    words = (token.text.upper() for token in tokens(text) if token.kind == "word")
    return next((word for word in words if word in _KINDS), "SELECT")


def _graph(response: Response, prefixes: Mapping[str, str]) -> Answer:
    format_ = ox.RdfFormat.from_media_type(response.media_type)
    if format_ is None or response.media_type == "text/plain":  # as N-Triples was called before it had a name
        format_ = ox.RdfFormat.TURTLE
    return Answer("graph", list(triples_of(response.body, format_)), prefixes)


def _results(response: Response, prefixes: Mapping[str, str]) -> Answer:
    format_ = ox.QueryResultsFormat.from_media_type(response.media_type) or ox.QueryResultsFormat.JSON
    body = response.body
    if "virtuoso" in response.server.lower():  # which writes 1 for true, in JSON alone
        for value, word in _BOOLEANS.items():
            body = body.replace(value, word)
    result = ox.parse_query_results(body, format=format_)
    if not isinstance(result, ox.QuerySolutions):
        return Answer("ask", result, prefixes)
    if [variable.value for variable in result.variables] == [_VIRTUOSO_ASK]:  # Virtuoso 7 answers ASK with a row
        yes = any(term.value != "0" for row in result for term in row)
        said = b'{"head":{},"boolean":%s}' % (b"true" if yes else b"false")
        return Answer("ask", ox.parse_query_results(said, format=ox.QueryResultsFormat.JSON), prefixes)
    return Answer("select", result, prefixes)
