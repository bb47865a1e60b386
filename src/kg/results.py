"""How an answer is written: one row a format, read by the command line and its documentation."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from urllib.parse import unquote

import pyoxigraph as ox

from kg.errors import KgError
from kg.findings import printable
from kg.sparql import Answer, Kind, Term, value

_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")

Writer = Callable[[Answer, IO[bytes]], None]


@dataclass(frozen=True)
class Format:
    """A way to write an answer."""

    name: str
    media_type: str
    kinds: frozenset[Kind]
    write: Writer
    says: str


def _oxigraph(format_: ox.QueryResultsFormat) -> Writer:
    def write(answer: Answer, out: IO[bytes]) -> None:
        if answer.kind == "select":
            answer.result.serialize(out, format=format_)
        else:
            out.write(answer.result.serialize(format=format_))

    return write


def _xml(answer: Answer, out: IO[bytes]) -> None:
    """SPARQL results in XML, without the control characters that XML has no way to write."""
    out.write(_NOT_XML.sub("\ufffd".encode(), answer.result.serialize(format=ox.QueryResultsFormat.XML)))


def _rdf(format_: ox.RdfFormat) -> Writer:
    def write(answer: Answer, out: IO[bytes]) -> None:
        triples = list(answer.triples())
        ox.serialize(triples, out, format=format_, prefixes=_used(triples, answer.prefixes))

    return write


def _used(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that the triples use; the rest would only be noise at the top."""
    iris = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    iris |= {t.object.datatype.value for t in triples if isinstance(t.object, ox.Literal)}
    return {name: space for name, space in prefixes.items() if any(iri.startswith(space) for iri in iris)}


def shown(term: Term | None, prefixes: Mapping[str, str]) -> str:
    """A term for people: a name with its prefix, a literal's own text; nothing that could steer a terminal."""
    if term is None:
        return ""
    if isinstance(term, ox.NamedNode):
        found = max(
            ((space, name) for name, space in prefixes.items() if space and term.value.startswith(space)), default=None
        )
        text = f"{found[1]}:{unquote(term.value[len(found[0]) :])}" if found else unquote(term.value)
    else:
        text = term.value if isinstance(term, ox.Literal | ox.BlankNode) else str(term)
    return printable(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " "))


def _cells(answer: Answer) -> tuple[list[str], list[list[str]]]:
    """Names and rows for people; the triples of a graph are rows of three."""
    if answer.kind == "graph":
        rows = [[shown(term, answer.prefixes) for term in triple] for triple in answer.triples()]
        return ["subject", "predicate", "object"], rows
    if answer.kind == "ask":
        return ["answer"], [["true" if answer.boolean else "false"]]
    names = list(answer.variables)
    return names, [[shown(term, answer.prefixes) for term in row] for row in answer.terms()]


def _table(answer: Answer, out: IO[bytes]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names, rows = _cells(answer)
    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, name in enumerate(names):
        numbers = bool(rows) and all(_is_number(row[column]) for row in rows)
        table.add_column(Text(name), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    out.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdecimal()


def _markdown(answer: Answer, out: IO[bytes]) -> None:
    names, rows = _cells(answer)
    lines = [names, ["---"] * len(names), *rows]
    for line in lines:
        cells = " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in line)
        out.write(f"| {cells} |\n".encode())


def _json_lines(answer: Answer, out: IO[bytes]) -> None:
    if answer.kind == "ask":
        out.write(b"true\n" if answer.boolean else b"false\n")
        return
    names = answer.variables
    for row in answer.terms():
        fields = {name: _plain(value(term)) for name, term in zip(names, row, strict=True) if term is not None}
        out.write(json.dumps(fields, ensure_ascii=False).encode() + b"\n")


def _plain(found: Any) -> Any:
    if isinstance(found, Decimal):
        return int(found) if found == found.to_integral_value() else float(found)
    return found if isinstance(found, str | int | float | bool) else str(found)


_TABULAR: frozenset[Kind] = frozenset(("select", "ask"))
_GRAPH: frozenset[Kind] = frozenset(("graph",))
_ALL = _TABULAR | _GRAPH

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("table", "text/plain", _ALL, _table, "for reading; the default in a terminal"),
        Format(
            "csv", "text/csv", _TABULAR, _oxigraph(ox.QueryResultsFormat.CSV), "SPARQL 1.1 CSV; the default in a pipe"
        ),
        Format("tsv", "text/tab-separated-values", _TABULAR, _oxigraph(ox.QueryResultsFormat.TSV), "SPARQL 1.1 TSV"),
        Format(
            "json",
            "application/sparql-results+json",
            _TABULAR,
            _oxigraph(ox.QueryResultsFormat.JSON),
            "SPARQL 1.1 JSON",
        ),
        Format("jsonl", "application/x-ndjson", _TABULAR, _json_lines, "one JSON object a row, with plain values"),
        Format("xml", "application/sparql-results+xml", _TABULAR, _xml, "SPARQL 1.1 XML"),
        Format("md", "text/markdown", _ALL, _markdown, "a Markdown table"),
        Format("turtle", "text/turtle", _GRAPH, _rdf(ox.RdfFormat.TURTLE), "a graph; the default of a graph in a pipe"),
        Format("ntriples", "application/n-triples", _GRAPH, _rdf(ox.RdfFormat.N_TRIPLES), "a graph, a triple a line"),
        Format("jsonld", "application/ld+json", _GRAPH, _rdf(ox.RdfFormat.JSON_LD), "a graph as JSON-LD 1.1"),
    )
}


def write(answer: Answer, out: IO[bytes], name: str | None, *, terminal: bool) -> None:
    """Write an answer in a format, or in the one that suits where it goes. Raises KgError."""
    if name is None:
        name = "table" if terminal else "turtle" if answer.kind == "graph" else "csv"
    format_ = FORMATS[name]
    if answer.kind not in format_.kinds:
        fitting = ", ".join(row.name for row in FORMATS.values() if answer.kind in row.kinds)
        what = "a graph" if answer.kind == "graph" else "a table of rows"
        raise KgError(f"the answer is {what}, which {name} cannot hold; use {fitting}")
    format_.write(answer, out)
