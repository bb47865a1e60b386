"""The answer to a query: rows, a graph or a boolean."""

import contextlib
import datetime
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any
from typing import Literal as Choice

import pyoxigraph as ox

from kg.core.errors import KgError, ServiceRefused
from kg.rdf.rdflib_terms import to_rdflib
from kg.rdf.terms import XSD
from kg.store.generations import is_damage

if TYPE_CHECKING:
    import pandas
    import rdflib


Kind = Choice["select", "ask", "graph"]
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_KEPT = 200
_NUMBER = re.compile(r"\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)\s*", re.A)


def _number(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Read a number in the lexical form of XSD. Python also reads 1_000, ١ and, as a decimal, NaN and 1e9."""

    def convert(text: str) -> Any:
        if not _NUMBER.fullmatch(text):
            raise ValueError(text)
        return read(text)

    return convert


_VALUES: dict[str, Callable[[str], Any]] = {
    "integer": _number(int),
    "decimal": _number(Decimal),
    "double": float,
    "float": float,
    "boolean": lambda text: text in {"true", "1"},
    "date": datetime.date.fromisoformat,
    "dateTime": datetime.datetime.fromisoformat,
}


class CarriedRows:
    """The rows of a SELECT in SPARQL 1.1 Query Results JSON: they can be read again and again, and in any thread."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def _read(self) -> ox.QuerySolutions:
        rows = ox.parse_query_results(self._data, format=ox.QueryResultsFormat.JSON)
        assert isinstance(rows, ox.QuerySolutions)
        return rows

    @property
    def variables(self) -> list[ox.Variable]:
        """The variables, in the order of the columns."""
        return self._read().variables

    def __iter__(self) -> Iterator[ox.QuerySolution]:
        return iter(self._read())

    def serialize(self, output: IO[bytes] | None = None, *, format: ox.QueryResultsFormat) -> bytes | None:  # noqa: A002 - Oxigraph's name
        """Write the rows as Oxigraph does."""
        return self._read().serialize(output, format=format)


@dataclass
class Answer:
    """The result of a query.

    The rows or triples of a command's query can be read once, in the thread that ran it: they may be too many to keep.
    Those of `kg.query`, which answers a program, can be read as often as you like.
    """

    kind: Kind
    result: Any
    """Oxigraph's result, for the formats that Oxigraph serializes itself."""
    prefixes: Mapping[str, str]
    has_rows: bool = False
    """Whether a row or triple was read or written so far."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the columns, without `?`."""
        return tuple(variable.value for variable in self.result.variables) if self.kind == "select" else ()

    @property
    def boolean(self) -> bool:
        """The boolean of an ASK."""
        return bool(self.result)

    def terms(self) -> Iterator[tuple[Term | None, ...]]:
        """The rows of a SELECT as RDF terms."""
        with answering():
            for solution in self.result:
                self.has_rows = True
                yield tuple(solution)

    @property
    def is_nothing(self) -> bool:
        """Whether the answer is no row, no triple, false, or a single row of zeros. Consumes the answer."""
        if self.kind == "ask":
            return not self.boolean
        if self.kind == "graph":
            return next(self.triples(), None) is None
        rows = list(islice(self.terms(), 2))
        return not rows or (len(rows) == 1 and all(term is None or value(term) == 0 for term in rows[0]))

    def triples(self) -> Iterator[ox.Triple]:
        """The triples of a CONSTRUCT or DESCRIBE."""
        with answering():
            for triple in self.result:
                self.has_rows = True
                yield triple

    def serialize(self, out: IO[bytes], format_: ox.QueryResultsFormat) -> None:
        """Write the rows of a SELECT, or the boolean of an ASK, in an Oxigraph format."""
        with answering():
            if self.kind == "select":
                end = _End(out)
                self.result.serialize(end, format=format_)
                self.has_rows = not _NO_ROWS.search(end.data)
            else:
                out.write(self.result.serialize(format=format_))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of a SELECT as Python values by variable: IRIs as strings, numbers and dates as such."""
        names = self.variables
        for row in self.terms():
            yield {name: value(term) for name, term in zip(names, row, strict=True)}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows of a SELECT."""
        return list(self)

    def to_rdflib(self) -> "rdflib.Graph":
        """The triples of a CONSTRUCT or DESCRIBE as an rdflib Graph."""
        graph = to_rdflib(self.triples())
        for prefix, namespace in self.prefixes.items():
            graph.bind(prefix, namespace)
        return graph

    def to_dataframe(self) -> "pandas.DataFrame":
        """The rows of a SELECT, or the triples of a CONSTRUCT or DESCRIBE, as a pandas DataFrame.

        Raises KgError if pandas is not installed.
        """
        if self.kind == "graph":
            rows = ((triple.subject, triple.predicate, triple.object) for triple in self.triples())
            return frame([tuple(map(value, row)) for row in rows], ["subject", "predicate", "object"])
        return frame([tuple(row.values()) for row in self], list(self.variables))


def frame(rows: Sequence[Any], columns: list[str] | None = None) -> "pandas.DataFrame":
    """Rows as a pandas DataFrame. Raises KgError if pandas is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise KgError("a DataFrame needs pandas: pip install pandas") from error
    return pandas.DataFrame(rows, columns=columns)


_NO_ROWS = re.compile(rb'(?:\A[^\n]*\n|"bindings":\[\]\}\}|<results></results></sparql>)\Z')
"""The end of a serialized answer without rows: the header alone of CSV and TSV, an empty list of JSON and XML."""


class _End:
    """A stream that keeps the end of what is written."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.data = b""

    def write(self, data: bytes) -> int:
        """Write data."""
        whole = self.data + data
        # A line feed before the end remains visible as one.
        self.data = whole if len(whole) < _KEPT else (b"\n" if b"\n" in whole[:-_KEPT] else b"") + whole[-_KEPT:]
        self._out.write(data)
        return len(data)

    def flush(self) -> None:
        """Flush the stream."""
        self._out.flush()


def tabulated(names: Sequence[str], rows: Iterable[Sequence[Term | None]], prefixes: Mapping[str, str]) -> Answer:
    """Rows of terms as the answer of a SELECT query, which every query format can write."""
    bindings = [{name: _json(term) for name, term in zip(names, row, strict=True) if term is not None} for row in rows]
    text = json.dumps({"head": {"vars": [*names]}, "results": {"bindings": bindings}})
    return Answer("select", CarriedRows(text.encode()), prefixes)


def _json(term: Term) -> dict[str, str]:
    """A term in SPARQL 1.1 Query Results JSON."""
    if not isinstance(term, ox.Literal):
        return {"type": "uri" if isinstance(term, ox.NamedNode) else "bnode", "value": str(term).strip("<>")}
    if term.language:
        return {"type": "literal", "value": term.value, "xml:lang": term.language}
    return {"type": "literal", "value": term.value, "datatype": term.datatype.value}


def value(term: Term | None) -> Any:
    """Convert a term to a Python value."""
    if term is None or isinstance(term, ox.NamedNode | ox.BlankNode):
        return term.value if term else None
    if not isinstance(term, ox.Literal):
        return str(term)
    convert = _VALUES.get(term.datatype.value.removeprefix(XSD))
    if convert is None:
        return term.value
    try:
        return convert(term.value)
    except (ValueError, ArithmeticError):
        return term.value


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn the errors that Oxigraph raises while an answer is read into KgErrors. Raises KgError."""
    try:
        yield
    except (ValueError, RuntimeError, OSError, SyntaxError) as error:
        is_output = isinstance(error, OSError) and error.errno is not None and not isinstance(error, PermissionError)
        if is_output or is_damage(error):  # the output file or the store failed: reported elsewhere
            raise
        raise unanswered(error) from error


def unanswered(error: Exception) -> KgError:
    """The error for a query that fails, or whose answer cannot be read to its end."""
    if isinstance(error, PermissionError):  # raised by a blocked socket: a query opens nothing else
        return ServiceRefused()
    if isinstance(error, SyntaxError):
        return KgError(f"the answer cannot be read to its end: {error.msg}")
    return KgError(f"the query cannot be answered: {error}")


def triples_of(data: bytes, format_: ox.RdfFormat) -> Iterable[ox.Triple]:
    """The triples of a serialized graph."""
    return (quad.triple for quad in ox.parse(data, format_))
