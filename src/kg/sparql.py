"""Asking a store, or a server elsewhere, in SPARQL 1.1.

A query is looked over before it is run: how deep its brackets go (Oxigraph's parser has no limit of its own and would
take the process with it), and whether it calls another server, which `kg` does not do unasked.
"""

import contextlib
import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from typing import Literal as Choice

import pyoxigraph as ox

from kg.errors import KgError, QuerySyntaxError
from kg.functions import functions
from kg.handover import from_rdflib, to_rdflib
from kg.mistakes import near
from kg.rewriting import pattern_span
from kg.sandbox import is_closed, without_network
from kg.store import Store
from kg.syntax import check, line_and_column, tokens, without_escapes
from kg.terms import XSD, is_absolute, is_text

if TYPE_CHECKING:
    import pandas
    import rdflib

Kind = Choice["select", "ask", "graph"]
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_EXPLAINED_CHARACTERS = 20_000
_COUNTED = 1_000_000

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.S)
_STAR = re.compile(r"\s*(?:DISTINCT|REDUCED)?\s*\*", re.I)
_VALUES: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "decimal": Decimal,
    "double": float,
    "float": float,
    "boolean": lambda text: text in {"true", "1"},
    "date": datetime.date.fromisoformat,
    "dateTime": datetime.datetime.fromisoformat,
}


@dataclass
class Answer:
    """What a query gives. Rows and triples are read once, in the thread that asked."""

    kind: Kind
    result: Any
    """Oxigraph's own result, for the formats that it writes itself."""
    prefixes: Mapping[str, str]

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the columns, without `?`."""
        return tuple(variable.value for variable in self.result.variables) if self.kind == "select" else ()

    @property
    def boolean(self) -> bool:
        """The answer of an ASK."""
        return bool(self.result)

    def terms(self) -> Iterator[tuple[Term | None, ...]]:
        """The rows of a SELECT as RDF terms."""
        with answering():
            for solution in self.result:
                yield tuple(solution)

    @property
    def is_nothing(self) -> bool:
        """Whether there is no row and no triple, the answer is no, or one row that only counts zeros. Reads it."""
        if self.kind == "ask":
            return not self.boolean
        if self.kind == "graph":
            return next(self.triples(), None) is None
        rows = list(islice(self.terms(), 2))
        return not rows or (len(rows) == 1 and all(term is None or value(term) == 0 for term in rows[0]))

    def triples(self) -> Iterator[ox.Triple]:
        """The triples of a CONSTRUCT or DESCRIBE."""
        with answering():
            yield from self.result

    def serialize(self, out: IO[bytes], format_: ox.QueryResultsFormat) -> None:
        """Write the rows of a SELECT, or the answer of an ASK, in one of Oxigraph's formats."""
        with answering():
            if self.kind == "select":
                self.result.serialize(out, format=format_)
            else:
                out.write(self.result.serialize(format=format_))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows of a SELECT as Python values by name: IRIs are text, numbers and dates what they are."""
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
        """The rows of a SELECT as a pandas DataFrame, where pandas is installed. Raises KgError."""
        try:
            import pandas
        except ImportError as error:
            raise KgError("a DataFrame needs pandas: pip install pandas") from error
        names = self.variables
        return pandas.DataFrame([tuple(row.values()) for row in self], columns=list(names))


def value(term: Term | None) -> Any:
    """A term as a Python value."""
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


def query(
    store: Store | str | Path,
    text: str,
    params: Mapping[str, str | Term] | None = None,
    *,
    graphs: Sequence[ox.NamedNode] = (),
    services: bool = False,
) -> Answer:
    """Ask a store. Prefixes of the vault need not be declared. Raises QuerySyntaxError, KgError.

    `params` binds variables to terms: `{"title": "Lean"}`, where a text is read as `term` reads it. `graphs` are what
    the query takes for the default graph; without any, that is all that is known. With `services` it may call other
    servers by SERVICE.
    """
    store = store if isinstance(store, Store) else Store(store)
    check(text, services=services)
    bound = bind(text, params or {}, store.prefixes)
    if services or is_closed():
        return _evaluated(store, text, bound, graphs)
    kind, result = without_network(lambda: _to_carry(_evaluated(store, text, bound, graphs)))
    if isinstance(result, bytes):
        result = ox.parse_query_results(result, format=ox.QueryResultsFormat.JSON)
    return Answer(kind, result, store.prefixes)


def _to_carry(answer: Answer) -> tuple[Kind, Any]:
    """What another thread can make the answer of: Oxigraph's results can only be read in their own."""
    if answer.kind == "graph":
        return answer.kind, list(answer.triples())
    with answering():
        return answer.kind, answer.result.serialize(format=ox.QueryResultsFormat.JSON)


def _evaluated(store: Store, text: str, bound: str, graphs: Sequence[ox.NamedNode]) -> Answer:
    """Oxigraph's answer to a query that was looked over; `text` is the query as it was written."""
    options: dict[str, Any] = {"default_graph": list(graphs)} if graphs else {}
    try:
        options["custom_functions"] = functions(store, bound)
        result = store.select(bound, **options)
        if isinstance(result, ox.QuerySolutions) and (star := _star(bound)):
            # SELECT * has no order of its own; people expect that of the text. Nothing was evaluated yet.
            names = {variable.value for variable in result.variables}
            written = dict.fromkeys(t.text[1:] for t in tokens(bound) if t.kind == "variable" and t.text[1:] in names)
            if written:
                result = store.select(f"{bound[: star - 1]} ?{' ?'.join(written)} {bound[star:]}", **options)
    except SyntaxError as error:
        raise syntax_error(text, error, store.prefixes) from error
    except (ValueError, RuntimeError, PermissionError) as error:
        raise unanswered(error) from error
    return Answer(_kind(result), result, store.prefixes)


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """While an answer is read: say in a sentence what Oxigraph finds out only then. Raises KgError."""
    try:
        yield
    except (ValueError, RuntimeError, OSError, SyntaxError) as error:
        is_of_output = isinstance(error, OSError) and error.errno is not None and not isinstance(error, PermissionError)
        if is_of_output or "Corruption" in str(error):  # where it is written to, or the store: others say so
            raise
        raise unanswered(error) from error


def unanswered(error: Exception) -> KgError:
    """Why a query has no answer, or none that can be read to its end."""
    if isinstance(error, PermissionError):  # a socket, which is closed to it: nothing else is opened while it is asked
        return KgError("SERVICE asks another server, which kg does only with --allow-service")
    if isinstance(error, SyntaxError):
        return KgError(f"the answer cannot be read to its end: {error.msg}")
    return KgError(f"the query cannot be answered: {error}")


def _star(text: str) -> int | None:
    """The index after the `*` of a query's own `SELECT *`."""
    first = next((token for token in tokens(text) if token.kind == "word" and token.text.upper() == "SELECT"), None)
    opened = next((token.start for token in tokens(text) if token.kind == "open"), -1)
    found = _STAR.match(text, first.end) if first and first.start < opened else None
    return found.end() if found else None


def _kind(result: Any) -> Kind:
    if isinstance(result, ox.QuerySolutions):
        return "select"
    return "ask" if isinstance(result, ox.QueryBoolean | bool) else "graph"


def syntax_error(text: str, error: SyntaxError, known: Mapping[str, str]) -> QuerySyntaxError:
    """Oxigraph's complaint in words, with its place in the text as the user wrote it."""
    found = _PLACE.match(str(error.msg))
    reason = found.group(3) if found else str(error.msg)
    if "Prefix not found" in reason:
        return _unknown_prefix(text, known)
    sentence = re.search(r"\bThe [A-Za-z ]{10,}", reason)
    if found and sentence:
        return QuerySyntaxError(sentence.group(), int(found.group(1)), int(found.group(2)))
    line, column = _where_it_stops(text) or ((int(found.group(1)), int(found.group(2))) if found else (1, 1))
    here = text.split("\n")[line - 1][column - 1 :].strip() if line <= text.count("\n") + 1 else ""
    if not here:
        return QuerySyntaxError("not valid SPARQL: something is missing here", line, column)
    return QuerySyntaxError(f"not valid SPARQL from here on: {here[:60]}", line, column)


def _unknown_prefix(text: str, known: Mapping[str, str]) -> QuerySyntaxError:
    """Name the prefix that is not declared, at its place."""
    declared = {t.text for t in tokens(text) if t.kind == "name" and t.text.endswith(":")}
    for token in tokens(text):
        prefix = token.text.partition(":")[0]
        if token.kind == "name" and f"{prefix}:" not in declared and prefix not in {*known, "_"}:
            like = near(prefix, {*known, *(name[:-1] for name in declared)} - {""})
            meant = f"did you mean {like}:?" if like else "declare it with PREFIX, or under [prefixes] in kg.toml"
            return QuerySyntaxError(
                f"the prefix “{prefix}:” is not known; {meant}",
                *line_and_column(text, token.start),
            )
    return QuerySyntaxError("a prefix is not known", 1, 1)


def _where_it_stops(text: str) -> tuple[int, int] | None:
    """Line and column at which rdflib's parser gives up: nearer to the mistake than Oxigraph's furthest guess."""
    from pyparsing import ParseException
    from rdflib.plugins.sparql.parser import parseQuery

    if len(text) > _EXPLAINED_CHARACTERS:
        return None
    try:
        parseQuery(text)
    except ParseException as error:
        return line_and_column(text, error.loc)
    except Exception:  # noqa: BLE001 - it only words a message; whatever ails it, the other position stands
        return None
    return None


def bind(text: str, params: Mapping[str, str | Term], prefixes: Mapping[str, str]) -> str:
    """The query with variables bound to terms, by BIND at the beginning of its pattern. Raises KgError.

    By VALUES it would mean the same, but Virtuoso then overlooks it where a path begins at the variable.
    """
    if not params:
        return text
    known = {token.text[1:] for token in tokens(text) if token.kind == "variable"}
    for name in params:
        if name not in known:
            listed = ", ".join(f"?{one}" for one in sorted(known)) or "none"
            raise KgError(f"the query has no variable ?{name}; it has {listed}")
    found = pattern_span(text)
    if not found:
        raise KgError("--param needs a query with a pattern: { … }")
    bound = "".join(f" BIND({term(given, prefixes)} AS ?{name})" for name, given in params.items())
    return f"{text[: found[0]]}{bound}{text[found[0] :]}"


def term(given: str | Term, prefixes: Mapping[str, str]) -> str:
    """What `--param NAME=VALUE` means: `<iri>`, a CURIE, a number, true or false, "text", else the text itself.

    A term is what it is: of a parameter with a type it was made before. Raises KgError.
    """
    if not isinstance(given, str):
        return str(given)
    text = given.strip()
    if not is_text(text):
        raise KgError(f"“{text}” is no text in UTF-8")
    prefix, colon, local = text.partition(":")
    if text.startswith("<") and text.endswith(">"):
        try:
            return str(ox.NamedNode(text[1:-1]))
        except ValueError:
            raise KgError(f"“{text}” is no valid IRI; a text that looks like one is given in double quotes") from None
    with contextlib.suppress(ValueError):
        if colon and prefix in prefixes:
            return str(ox.NamedNode(prefixes[prefix] + local))
        if is_absolute(text) and "://" in text:
            return str(ox.NamedNode(text))
    for name, pattern in (("integer", r"[-+]?\d+"), ("decimal", r"[-+]?\d*\.\d+"), ("boolean", "true|false")):
        if re.fullmatch(pattern, text, re.A):
            return str(ox.Literal(text, datatype=ox.NamedNode(XSD + name)))
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return str(ox.Literal(text))


def explain(text: str, prefixes: Mapping[str, str], store: Store | None = None) -> str:
    """The query's SPARQL algebra as a tree, by rdflib's translator; with a store, how many triples fit each pattern.

    Raises QuerySyntaxError.
    """
    import io

    from rdflib.plugins.sparql.algebra import pprintAlgebra, translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    check(text, services=True)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # what rdflib thinks of IRIs
            tree = translateQuery(parseQuery(text), initNs=dict(prefixes))
    except Exception as error:
        raise syntax_error(text, SyntaxError(str(error)), prefixes) from error
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        pprintAlgebra(tree)
    lines = (line for line in out.getvalue().splitlines() if "_vars = " not in line)
    drawn = re.sub(r"rdflib\.term\.Variable\('(\w+)'\)", r"?\1", "\n".join(lines))
    if _star(text) is not None:  # rdflib has the variables of `*` in a set, in another order each time
        drawn = re.sub(r"PV = \[([^]]*)\]", lambda found: f"PV = [{', '.join(_as_written(found[1], text))}]", drawn)
    for name, namespace in prefixes.items():
        drawn = re.sub(rf"rdflib\.term\.URIRef\('{re.escape(namespace)}([^']*)'\)", rf"{name}:\1", drawn)
    return f"{drawn}\n{_fitting(tree, prefixes, store) if store else ''}"


def _as_written(variables: str, text: str) -> list[str]:
    """Variables in the order in which a query mentions them first."""
    order = [f"?{token.text[1:]}" for token in tokens(text) if token.kind == "variable"]
    return sorted(variables.split(", "), key=lambda name: order.index(name) if name in order else len(order))


def _fitting(tree: Any, prefixes: Mapping[str, str], store: Store) -> str:
    """How many triples of the default graph fit each triple pattern of a query, a line a pattern, fewest first."""
    from rdflib import Variable

    lines: list[tuple[int, str]] = []
    for pattern in _patterns(tree.algebra):
        terms = [_oxigraph_term(part) if not isinstance(part, Variable) else None for part in pattern]
        if all(term is not False for term in terms):
            subject, predicate, obj = terms
            found = sum(1 for _ in islice(store.find(subject, predicate, obj, ox.DefaultGraph()), _COUNTED + 1))
            shown = " ".join(_pattern_part(part, prefixes) for part in pattern)
            lines.append((found, f"{f'{found:,}' if found <= _COUNTED else f'over {_COUNTED:,}':>16}  {shown}"))
    return f"\nTriples that fit each pattern:\n{chr(10).join(line for _, line in sorted(lines))}\n" if lines else ""


def _patterns(node: Any) -> Iterator[tuple[Any, ...]]:
    """The triple patterns of an algebra tree."""
    if isinstance(node, dict):
        for key, child in node.items():
            if key == "triples":
                yield from (tuple(triple) for triple in child)
            else:
                yield from _patterns(child)
    elif isinstance(node, list):
        for child in node:
            yield from _patterns(child)


def _oxigraph_term(part: Any) -> Any:
    """A term of rdflib as Oxigraph's; None for what stands for anything, False for a path, which no index answers."""
    from rdflib import BNode, Literal, URIRef

    if isinstance(part, BNode):
        return None
    if isinstance(part, URIRef):
        return ox.NamedNode(without_escapes(part))
    return from_rdflib(part) if isinstance(part, Literal) else False


def _pattern_part(part: Any, prefixes: Mapping[str, str]) -> str:
    from rdflib import URIRef

    text = f"<{without_escapes(part)}>" if isinstance(part, URIRef) else str(part.n3())
    for name, namespace in prefixes.items():
        text = re.sub(rf"<{re.escape(namespace)}([\w.-]+)>", rf"{name}:\1", text)
    return text


def used_prefixes(text: str, prefixes: Mapping[str, str]) -> dict[str, str]:
    """The known prefixes that a query uses, for a server that does not know them."""
    used = {token.text.partition(":")[0] for token in tokens(text) if token.kind == "name"}
    return {name: namespace for name, namespace in prefixes.items() if name in used}


def triples_of(data: bytes, format_: ox.RdfFormat) -> Iterable[ox.Triple]:
    """The triples in a serialised graph."""
    return (quad.triple for quad in ox.parse(data, format_))
