"""Answers in the formats of SPARQL's protocols, written in a worker."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, cast

import pyoxigraph as ox

from kg.core.errors import QuerySyntaxError
from kg.rdf.sparql_syntax import line_and_column, tokens
from kg.server.negotiation import Offer, chosen
from kg.server.refusals import AnswerTooLarge, BadRequest, Forbidden, NotAcceptable
from kg.server.row_limit import LimitedRows
from kg.server.worker import Opened, Outlet
from kg.sparql.answer import Answer, Kind
from kg.sparql.query import QueryDataset, query

TABLES = (
    Offer("json", ("application/sparql-results+json", "application/json")),
    Offer("xml", ("application/sparql-results+xml", "application/xml", "text/xml")),
    Offer("csv", ("text/csv",)),
    Offer("tsv", ("text/tab-separated-values",)),
    Offer("jsonl", ("application/x-ndjson",)),
    Offer("md", ("text/markdown",)),
    Offer("table", ("text/plain",)),
)
GRAPHS = (
    Offer("turtle", ("text/turtle", "application/x-turtle")),
    Offer("ntriples", ("application/n-triples", "text/plain")),
    Offer("jsonld", ("application/ld+json", "application/json")),
    Offer("rdfxml", ("application/rdf+xml", "application/xml", "text/xml")),
    Offer("trig", ("application/trig",)),
    Offer("nquads", ("application/n-quads",)),
)
_PREFIXLESS = {"nquads": ox.RdfFormat.N_QUADS, "trig": ox.RdfFormat.TRIG}
_FORMS: Mapping[str, Kind] = {"SELECT": "select", "ASK": "ask", "CONSTRUCT": "graph", "DESCRIBE": "graph"}
_NO_FILE = "no file is read for a graph: name a graph of the store"
_CHANGING = frozenset(("NOW", "RAND", "UUID", "STRUUID", "BNODE"))
"""The functions that give another value each time."""


@dataclass(frozen=True)
class Asked:
    """A request for an answer: the query, its dataset, and what the client accepts."""

    text: str
    dataset: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """The default graphs and the named graphs of the request; None for those of the query."""
    accept: str | None = None
    format_: str = ""
    """The name of a format, which precedes what the client accepts."""
    base: str = ""
    """The IRI of the endpoint, which relative IRIs are relative to."""

    @property
    def kind(self) -> Kind | None:
        """The kind of the answer, by the first keyword after the prologue; None if that is none of a query."""
        words = (token.text.upper() for token in tokens(self.text) if token.kind == "word")
        return next((_FORMS[word] for word in words if word in _FORMS), None)

    def negotiated(self, kind: Kind) -> tuple[str, str]:
        """The name and the media type of the format for an answer of a kind. Raises NotAcceptable."""
        return negotiated(GRAPHS if kind == "graph" else TABLES, self.accept, self.format_)

    @property
    def is_lasting(self) -> bool:
        """Whether the same question about the same store has the same answer."""
        return not any(token.kind == "word" and token.text.upper() in _CHANGING for token in tokens(self.text))


def negotiated(offers: Sequence[Offer], accept: str | None, format_: str = "") -> tuple[str, str]:
    """The name and the media type of the format for an answer. Raises NotAcceptable."""
    named = next((offer for offer in offers if format_ and _names(offer, format_)), None)
    if named:
        return named.name, named.media_types[0]
    if choice := chosen(accept, offers):
        return choice[0].name, choice[1]
    raise NotAcceptable(f"this is available as {', '.join(offer.media_types[0] for offer in offers)}")


def content_type(media_type: str) -> str:
    """The header Content-Type of a media type: all texts are in UTF-8."""
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _names(offer: Offer, name: str) -> bool:
    return name == offer.name or name in offer.media_types or (name == "xml" and offer.name == "rdfxml")


def answer(opened: Opened, out: Outlet, asked: Asked, most_rows: int) -> None:
    """Answer a query. Raises QuerySyntaxError, NotAcceptable, AnswerTooLarge, KgError."""
    check_harmless(opened, asked.text)
    dataset = asked.dataset and QueryDataset(*([graph_name(name) for name in names] for names in asked.dataset))
    result = query(opened.store, asked.text, dataset=dataset, base=asked.base)
    name, media_type = asked.negotiated(result.kind)
    out.begin(content_type(media_type))
    if result.kind == "graph":
        write(Answer("graph", _counted(result.triples(), most_rows), result.prefixes), out, name)
    else:
        write(result, LimitedRows(out, name, most_rows), name)


def _check_graphs(text: str) -> None:
    """Refuse a query that names a file as a graph, although none would be read. Raises QuerySyntaxError."""
    before = ""
    for token in tokens(text):
        if token.kind == "iri" and before in {"FROM", "NAMED"} and token.text.lower().startswith("<file:"):
            raise QuerySyntaxError(_NO_FILE, *line_and_column(text, token.start))
        before = token.text.upper()


def check_harmless(opened: Opened, text: str) -> None:
    """Refuse a query that names a file, or searches in private notes. Raises QuerySyntaxError, Forbidden."""
    _check_graphs(text)
    if opened.place.is_redacted and any(name in text for name in ("textScore", "textContext")):
        raise Forbidden("a server that leaves out private notes has no full text")


def graph_name(text: str) -> ox.NamedNode:
    """The name of a graph. Raises BadRequest."""
    if text.lower().startswith("file:"):
        raise BadRequest(_NO_FILE)
    try:
        return ox.NamedNode(text)
    except ValueError as error:
        raise BadRequest(f"“{text[:100]}” is not an IRI") from error


def _counted(triples: Iterator[ox.Triple], most: int) -> Iterator[ox.Triple]:
    yield from islice(triples, most)
    if next(triples, None) is not None:
        raise AnswerTooLarge(most, "triples")


def write(result: Answer, out: Outlet | LimitedRows, name: str) -> None:
    """Write an answer in a format by its name. Raises KgError."""
    stream = cast("IO[bytes]", out)
    if name == "rdfxml":
        from kg.export.rdf_formats import write_rdfxml

        lines = (ox.serialize(result.triples(), format=ox.RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True)
        write_rdfxml(lines, result.prefixes, stream)
    elif name in _PREFIXLESS:
        ox.serialize(result.triples(), stream, format=_PREFIXLESS[name])
    else:
        from kg.rendering.query_results import write as written

        written(result, stream, name)
