"""Asking a store, or a server elsewhere, in SPARQL 1.1.

A query is looked over before it is run: how deep its brackets go (Oxigraph's parser has no limit of its own and would
take the process with it), and whether it calls another server, which `kg` does not do unasked.
"""

import contextlib
import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from typing import Literal as Choice

import pyoxigraph as ox

from kg.config import Config, resource
from kg.errors import KgError, NotFound, QuerySyntaxError
from kg.functions import functions
from kg.store import Store
from kg.syntax import check, line_and_column, tokens
from kg.terms import XSD, is_absolute

if TYPE_CHECKING:
    import pandas
    import rdflib

Kind = Choice["select", "ask", "graph"]
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_EXPLAINED_CHARACTERS = 20_000

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.S)
_STAR = re.compile(r"\s*(?:DISTINCT|REDUCED)?\s*\*", re.I)
_NAME = re.compile(r"[\w][\w.-]*\Z")
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
        for solution in self.result:
            yield tuple(solution)

    def triples(self) -> Iterator[ox.Triple]:
        """The triples of a CONSTRUCT or DESCRIBE."""
        return iter(self.result)

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
        import rdflib

        graph = rdflib.Graph()
        graph.parse(data=ox.serialize(self.triples(), format=ox.RdfFormat.N_TRIPLES), format="nt")
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


def query(store: Store | str | Path, text: str, params: Mapping[str, str] | None = None) -> Answer:
    """Ask a store. Prefixes of the vault need not be declared. Raises QuerySyntaxError, KgError.

    `params` binds variables to terms: `{"title": "Lean"}`, where a value is read as `term` reads it.
    """
    store = store if isinstance(store, Store) else Store(store)
    check(text)
    bound = bind(text, params or {}, store.prefixes)
    try:
        own = functions(store, bound)
        result = store.select(bound, custom_functions=own)
        if isinstance(result, ox.QuerySolutions) and (star := _star(bound)):
            # SELECT * has no order of its own; people expect that of the text. Nothing was evaluated yet.
            names = {variable.value for variable in result.variables}
            written = dict.fromkeys(t.text[1:] for t in tokens(bound) if t.kind == "variable" and t.text[1:] in names)
            result = (
                store.select(f"{bound[: star - 1]} ?{' ?'.join(written)} {bound[star:]}", custom_functions=own)
                if written
                else result
            )
    except SyntaxError as error:
        raise syntax_error(text, error, store.prefixes) from error
    except (ValueError, RuntimeError) as error:
        raise KgError(f"the query cannot be answered: {error}") from error
    return Answer(_kind(result), result, store.prefixes)


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
            return QuerySyntaxError(
                f"the prefix “{prefix}:” is not known; declare it with PREFIX, or under [prefixes] in kg.toml",
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


def bind(text: str, params: Mapping[str, str], prefixes: Mapping[str, str]) -> str:
    """The query with variables bound to terms, by VALUES at the beginning of its pattern. Raises KgError."""
    if not params:
        return text
    known = {token.text[1:] for token in tokens(text) if token.kind == "variable"}
    for name in params:
        if name not in known:
            listed = ", ".join(f"?{one}" for one in sorted(known)) or "none"
            raise KgError(f"the query has no variable ?{name}; it has {listed}")
    at = _pattern_start(text)
    values = "".join(f" VALUES ?{name} {{ {term(given, prefixes)} }}" for name, given in params.items())
    return f"{text[:at]}{values}{text[at:]}"


def _pattern_start(text: str) -> int:
    """The index after the brace that opens the query's pattern."""
    depth, template_seen = 0, False
    where = construct = False
    for token in tokens(text):
        if token.kind == "word" and depth == 0:
            construct = construct or token.text.upper() == "CONSTRUCT"
            where = where or token.text.upper() == "WHERE"
        if token.kind == "open":
            if depth == 0 and token.text == "{":
                if where or not construct or template_seen:
                    return token.end
                template_seen = True
            depth += 1
        elif token.kind == "close":
            depth -= 1
    raise KgError("--param needs a query with a pattern: { … }")


def term(given: str, prefixes: Mapping[str, str]) -> str:
    """What `--param NAME=VALUE` means: `<iri>`, a CURIE, a number, true or false, "text", else the text itself."""
    text = given.strip()
    prefix, colon, local = text.partition(":")
    with contextlib.suppress(ValueError):
        if text.startswith("<") and text.endswith(">"):
            return str(ox.NamedNode(text[1:-1]))
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


class Named(NamedTuple):
    """A query of the library: `queries/NAME.rq`, whose first comment lines say what it answers."""

    name: str
    path: Path

    @property
    def description(self) -> str:
        """The first comment line."""
        first = self.path.read_text(encoding="utf-8").partition("\n")[0]
        return first.lstrip("# ").strip() if first.startswith("#") else ""


def library(config: Config) -> dict[str, Named]:
    """The named queries: those that come with kg, and the project's own, which win."""
    folders = [folder for folder in (resource("queries"), config.queries) if folder]
    return {file.stem: Named(file.stem, file) for folder in folders for file in sorted(folder.glob("*.rq"))}


def find_query(config: Config, what: str) -> tuple[str, str]:
    """The text that TEXT, FILE.rq or NAME stands for, and what to call it in messages. Raises NotFound, KgError."""
    if _NAME.match(what) and not Path(what).is_file():
        named = library(config).get(what.removesuffix(".rq"))
        if named is None:
            from difflib import get_close_matches

            near = get_close_matches(what, library(config), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; `kg query` alone lists them"
            raise NotFound(f"no query named {what}{hint}")
        return named.path.read_text(encoding="utf-8"), f"{named.name}.rq"
    if what.endswith(".rq") or (len(what) < 256 and "{" not in what and Path(what).is_file()):
        try:
            return Path(what).read_text(encoding="utf-8"), what
        except OSError as error:
            raise KgError(f"the query {what} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise KgError(f"the query {what} is not text in UTF-8") from error
    return what, "query"


def explain(text: str, prefixes: Mapping[str, str]) -> str:
    """The query's SPARQL algebra as a tree, by rdflib's translator."""
    import io

    from rdflib.plugins.sparql.algebra import pprintAlgebra, translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    tree = translateQuery(parseQuery(text), initNs=dict(prefixes))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        pprintAlgebra(tree)
    lines = (line for line in out.getvalue().splitlines() if "_vars = " not in line)
    text = re.sub(r"rdflib\.term\.Variable\('(\w+)'\)", r"?\1", "\n".join(lines))
    for name, namespace in prefixes.items():
        text = re.sub(rf"rdflib\.term\.URIRef\('{re.escape(namespace)}([^']*)'\)", rf"{name}:\1", text)
    return f"{text}\n"


def used_prefixes(text: str, prefixes: Mapping[str, str]) -> dict[str, str]:
    """The known prefixes that a query uses, for a server that does not know them."""
    used = {token.text.partition(":")[0] for token in tokens(text) if token.kind == "name"}
    return {name: namespace for name, namespace in prefixes.items() if name in used}


def triples_of(data: bytes, format_: ox.RdfFormat) -> Iterable[ox.Triple]:
    """The triples in a serialised graph."""
    return (quad.triple for quad in ox.parse(data, format_))
