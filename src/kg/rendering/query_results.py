"""The output formats for answers: one row per format, read by the command line and its documentation."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any, cast

import pyoxigraph as ox

from kg.core.errors import KgError, StoreError, first_line
from kg.core.json_text import json_text
from kg.core.output_format import OutputFormat
from kg.core.text import escape_line_ends
from kg.rendering.tables import Row, Screen, TermNames, table
from kg.sparql.answer import Answer, Kind, value
from kg.store.generations import is_damage

_ONE_LINE = {ox.QueryResultsFormat.JSON, ox.QueryResultsFormat.XML}
_AT_ONCE = 10_000
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")

Writer = Callable[[Answer, IO[bytes], "People"], None]


@dataclass(frozen=True)
class People:
    """The display of a table: the names of terms, and the screen."""

    called: TermNames
    where: Screen


@dataclass(frozen=True)
class ResultFormat(OutputFormat[Writer]):
    """An output format for answers."""

    kinds: frozenset[Kind]


def _oxigraph(format_: ox.QueryResultsFormat) -> Writer:
    def write(answer: Answer, out: IO[bytes], people: People) -> None:
        answer.serialize(out, format_)
        if format_ in _ONE_LINE or answer.kind == "ask":
            out.write(b"\n")

    return write


class _Legal:
    """A stream that replaces the characters that XML cannot write."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.rest = b""

    def write(self, data: bytes) -> int:
        """Write the data, but hold back a possible beginning of such a character until the next write."""
        text = self.rest + data
        held = 2 if text.endswith(b"\xef\xbf") else int(text.endswith(b"\xef"))
        self.rest = text[len(text) - held :]
        self.out.write(_NOT_XML.sub("\ufffd".encode(), text[: len(text) - held]))
        return len(data)

    def flush(self) -> None:
        self.out.write(self.rest)
        self.rest = b""


def _xml(answer: Answer, out: IO[bytes], people: People) -> None:
    """Write SPARQL results in XML, with the control characters replaced that XML cannot write."""
    legal = _Legal(out)
    _oxigraph(ox.QueryResultsFormat.XML)(answer, cast("IO[bytes]", legal), people)
    legal.flush()


def _rdf(format_: ox.RdfFormat) -> Writer:
    def write(answer: Answer, out: IO[bytes], people: People) -> None:
        if format_ == ox.RdfFormat.N_TRIPLES:
            rows = iter(answer.triples())
            while batch := list(islice(rows, _AT_ONCE)):
                out.write(escape_line_ends(ox.serialize(batch, format=format_) or b""))
            return
        triples = list(answer.triples())
        ox.serialize(triples, out, format=format_, prefixes=_used(triples, answer.prefixes))

    return write


def _used(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that the triples use; others would only be noise at the top."""
    iris = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    iris |= {t.object.datatype.value for t in triples if isinstance(t.object, ox.Literal)}
    return {name: space for name, space in prefixes.items() if any(iri.startswith(space) for iri in iris)}


def _rows(answer: Answer) -> tuple[Sequence[str], Iterable[Row]]:
    """The names and rows of a table; the triples of a graph are rows of three terms."""
    if answer.kind == "graph":
        return ("subject", "predicate", "object"), (tuple(triple) for triple in answer.triples())
    if answer.kind == "ask":
        return ("answer",), [(ox.Literal("true" if answer.boolean else "false"),)]
    return answer.variables, answer.terms()


def _table(answer: Answer, out: IO[bytes], people: People) -> None:
    names, rows = _rows(answer)
    table(names, rows, people.called, people.where, out)


def _markdown(answer: Answer, out: IO[bytes], people: People) -> None:
    names, rows = _rows(answer)
    shown = ([people.called.name(term) for term in row] for row in rows)
    for line in chain([names, ["---"] * len(names)], shown):
        cells = " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in line)
        out.write(f"| {cells} |\n".encode())


def _json_lines(answer: Answer, out: IO[bytes], people: People) -> None:
    if answer.kind == "ask":
        out.write(b"true\n" if answer.boolean else b"false\n")
        return
    names = answer.variables
    for row in answer.terms():
        fields = {name: _plain(value(term)) for name, term in zip(names, row, strict=True) if term is not None}
        out.write(escape_line_ends(json_text(fields).encode()) + b"\n")


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | Decimal) else str(value)


_TABULAR: frozenset[Kind] = frozenset(("select", "ask"))
_GRAPH: frozenset[Kind] = frozenset(("graph",))
_ALL = _TABULAR | _GRAPH

_R, _G = ox.QueryResultsFormat, ox.RdfFormat
FORMATS: dict[str, ResultFormat] = {
    row.name: row
    for row in (
        ResultFormat("table", "text/plain", "txt", "for reading; the default in a terminal", _table, _ALL),
        ResultFormat("csv", "text/csv", "csv", "SPARQL 1.1 CSV; the default in a pipe", _oxigraph(_R.CSV), _TABULAR),
        ResultFormat("tsv", "text/tab-separated-values", "tsv", "SPARQL 1.1 TSV", _oxigraph(_R.TSV), _TABULAR),
        ResultFormat("json", "application/sparql-results+json", "srj", "SPARQL 1.1 JSON", _oxigraph(_R.JSON), _TABULAR),
        ResultFormat(
            "jsonl", "application/x-ndjson", "jsonl", "one JSON object a row, with plain values", _json_lines, _TABULAR
        ),
        ResultFormat("xml", "application/sparql-results+xml", "srx", "SPARQL 1.1 XML", _xml, _TABULAR),
        ResultFormat("md", "text/markdown", "md", "a Markdown table", _markdown, _ALL),
        ResultFormat(
            "turtle", "text/turtle", "ttl", "a graph; the default of a graph in a pipe", _rdf(_G.TURTLE), _GRAPH
        ),
        ResultFormat("ntriples", "application/n-triples", "nt", "a graph, a triple a line", _rdf(_G.N_TRIPLES), _GRAPH),
        ResultFormat("jsonld", "application/ld+json", "jsonld", "a graph as JSON-LD 1.1", _rdf(_G.JSON_LD), _GRAPH),
    )
}


def write(
    answer: Answer, out: IO[bytes], name: str | None, *, terminal: bool = False, people: People | None = None
) -> None:
    """Write an answer in a format, by default in the format that suits its destination. Raises KgError."""
    if name is None:
        name = "table" if terminal else "turtle" if answer.kind == "graph" else "csv"
    format_ = FORMATS[name]
    if answer.kind not in format_.kinds:
        fitting = ", ".join(row.name for row in FORMATS.values() if answer.kind in row.kinds)
        content = "a graph" if answer.kind == "graph" else "a table of rows"
        raise KgError(f"the answer is {content}, which {name} cannot hold; use {fitting}")
    try:
        format_.write(answer, out, people or People(TermNames(answer.prefixes), Screen()))
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # writing the answer failed, not reading the store
        kind = StoreError if is_damage(error) else KgError
        raise kind(f"the query cannot be answered: {first_line(error)}") from error
