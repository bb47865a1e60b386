"""Read the answer of a server: query results and graphs, also with terms that RDF does not allow.

Servers write blank node labels that no standard allows (Virtuoso: `nodeID://b10001`), and language tags that are empty.
Blank nodes then get another label, and the text no language. Any other invalid term is an error that names its value.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pyoxigraph as ox

from kg.core.errors import KgError, first_line
from kg.core.escaping import printable
from kg.core.limits import limited
from kg.remote.http_exchange import Response
from kg.sparql.answer import Answer, triples_of

_VIRTUOSO_ASK = "__ASK_RETVAL"
_BOOLEANS = {
    b'XMLSchema#boolean", "value": "%s"' % digit: b'XMLSchema#boolean", "value": "%s"' % word
    for digit, word in ((b"1", b"true"), (b"0", b"false"))
}
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?\Z")
_XML_LABEL = re.compile(r"(<(?:\w+:)?bnode\s*>\s*)([^<]*?)(\s*</)")
_XML_LANGUAGE = re.compile(r"""(<(?:\w+:)?literal\b[^<>]*?)\sxml:lang\s*=\s*(?:""|'')""")
_TSV_LABEL = re.compile(r"(^|\t)_:([^\t\r\n]*)()", re.M)
_SUBJECT_LABEL = re.compile(r"^([ \t]*)_:([^\s<]+)([ \t]*<[^>\n]*>)", re.M)
_OBJECT_LABEL = re.compile(r"^([ \t]*(?:_:[^\s<]+|<[^>\n]*>)[ \t]*<[^>\n]*>[ \t]*)_:(\S+)([ \t]*\.[ \t\r]*)$", re.M)
_EXCERPT = 100


def read_answer(server: str, response: Response, prefixes: Mapping[str, str], *, is_graph: bool) -> Answer:
    """The answer in a response of the server that is called `server`. Raises KgError, TimedOut."""
    if response.is_page:
        raise KgError(f"{server} answered with a web page: is it the address of a SPARQL endpoint?")
    if response.media_type == "text/csv" and not is_graph:
        raise KgError(f"{server} answered in CSV, which does not tell an IRI from a text: kg reads JSON, XML and TSV")
    read = _graph if is_graph else _results
    try:
        with limited(f"the answer of {server}"):
            return read(response, prefixes)
    except (SyntaxError, ValueError) as error:
        reason = printable(first_line(error)[: 3 * _EXCERPT])
        raise KgError(f"{server} answered with invalid {response.media_type}: {reason}") from error


def _graph(response: Response, prefixes: Mapping[str, str]) -> Answer:
    format_ = ox.RdfFormat.from_media_type(response.media_type)
    if format_ is None or response.media_type == "text/plain":  # the former media type of N-Triples
        format_ = ox.RdfFormat.TURTLE
    try:
        return Answer("graph", list(triples_of(response.body, format_)), prefixes)
    except SyntaxError:
        body = _repaired_triples(response.body) if format_ == ox.RdfFormat.N_TRIPLES else response.body
        try:
            return Answer("graph", list(triples_of(body, format_)), prefixes)
        except SyntaxError as error:
            raise SyntaxError(f"{error.msg}{_excerpt(body, error)}") from error


def _excerpt(body: bytes, error: SyntaxError) -> str:
    """The text at the place of an error in a graph; empty if the error has no place."""
    lines = body.decode("utf-8", "replace").split("\n")
    if not error.lineno or not error.offset or error.lineno > len(lines):
        return ""
    line, start = lines[error.lineno - 1], error.offset - 1
    end = error.end_offset - 1 if error.end_offset and error.end_lineno == error.lineno else start
    start -= len(re.split(r"\s", line[:start])[-1])
    end += len(re.split(r"\s", line[end:])[0])
    return f", in {line[start:end][:_EXCERPT]}"


def _results(response: Response, prefixes: Mapping[str, str]) -> Answer:
    format_ = ox.QueryResultsFormat.from_media_type(response.media_type) or ox.QueryResultsFormat.JSON
    body = response.body
    if "virtuoso" in response.server.lower():  # Virtuoso writes 1 for true, only in JSON
        for value, word in _BOOLEANS.items():
            body = body.replace(value, word)
    try:
        result = _complete(body, format_)
    except SyntaxError:
        body = _REPAIRS[format_](body) if format_ in _REPAIRS else body
        result = _complete(body, format_)
    if not isinstance(result, ox.QuerySolutions):
        return Answer("ask", result, prefixes)
    if [variable.value for variable in result.variables] == [_VIRTUOSO_ASK]:  # Virtuoso 7 answers ASK with a row
        is_true = any(term.value != "0" for row in result for term in row)
        document = b'{"head":{},"boolean":%s}' % (b"true" if is_true else b"false")
        return Answer("ask", ox.parse_query_results(document, format=ox.QueryResultsFormat.JSON), prefixes)
    return Answer("select", result, prefixes)


def _complete(body: bytes, format_: ox.QueryResultsFormat) -> Any:
    """Query results, after each of their terms was read once. Raises SyntaxError, ValueError."""
    result = ox.parse_query_results(body, format=format_)
    if isinstance(result, ox.QuerySolutions):
        for _ in result:
            pass
    return ox.parse_query_results(body, format=format_)


def _label(label: str) -> str:
    """A blank node label, with the characters escaped that labels cannot have."""
    return label if _LABEL.match(label) else "b" + re.sub("[^A-Za-z0-9]", lambda sign: f"_{ord(sign[0]):X}_", label)


def _relabelled(match: re.Match[str]) -> str:
    return f"{match[1]}_:{_label(match[2])}{match[3]}"


def _repaired_triples(body: bytes) -> bytes:
    text = body.decode("utf-8", "surrogateescape")
    text = _OBJECT_LABEL.sub(_relabelled, _SUBJECT_LABEL.sub(_relabelled, text))
    return text.encode("utf-8", "surrogateescape")


def _repaired_tsv(body: bytes) -> bytes:
    return _TSV_LABEL.sub(_relabelled, body.decode("utf-8", "replace")).encode()


def _repaired_xml(body: bytes) -> bytes:
    text = _XML_LANGUAGE.sub(r"\1", body.decode("utf-8", "replace"))
    return _XML_LABEL.sub(lambda match: f"{match[1]}{_label(match[2])}{match[3]}", text).encode()


def _repaired_json(body: bytes) -> bytes:
    """Query results with valid labels and languages. Raises ValueError with the first value that is invalid."""
    try:
        table = json.loads(body)
        names = set(table["head"]["vars"])
        for row in table["results"]["bindings"]:
            for name, term in row.items():
                if name not in names:
                    raise ValueError(f"the head does not name the column “{name}”")
                row[name] = _repaired_term(term)
        return json.dumps(table).encode()
    except (KeyError, TypeError, AttributeError, RecursionError):  # another form of answer: Oxigraph knows its reason
        return body


def _repaired_term(term: dict[str, str]) -> dict[str, str]:
    kind, text = term["type"], term["value"]
    if kind == "bnode":
        return {**term, "value": _label(text)}
    if kind == "uri":
        _check(text, "IRI", ox.NamedNode)
    elif (language := term.get("xml:lang")) is not None:
        _check(language, "language tag", lambda tag: ox.Literal("", language=tag) if tag else None)
    elif (datatype := term.get("datatype")) is not None:
        _check(datatype, "datatype", ox.NamedNode)
    return {key: value for key, value in term.items() if key != "xml:lang" or value}


def _check(text: str, what: str, read: Callable[[str], object]) -> None:
    """Read a value. Raises ValueError with the value."""
    try:
        read(text)
    except ValueError as error:
        raise ValueError(f"the {what} “{text[:_EXCERPT]}”: {error}") from error


_REPAIRS: Mapping[ox.QueryResultsFormat, Callable[[bytes], bytes]] = {
    ox.QueryResultsFormat.JSON: _repaired_json,
    ox.QueryResultsFormat.XML: _repaired_xml,
    ox.QueryResultsFormat.TSV: _repaired_tsv,
}
