"""Explain a syntax error in a query: line, column and reason."""

import re
from collections.abc import Mapping
from itertools import pairwise

import pyoxigraph as ox

from kg.core.errors import QuerySyntaxError
from kg.core.sandbox import without_network
from kg.core.spelling import nearest
from kg.rdf.sparql_syntax import line_and_column, tokens
from kg.sparql.mistakes import first_mistake

_EXPLAINED_CHARACTERS = 20_000

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.S)


def syntax_error_in(text: str, known: Mapping[str, str]) -> QuerySyntaxError | None:
    """The error in a query as the user wrote it, before other text was added to it; None if Oxigraph accepts it.

    It runs the query on an empty store, without network: Oxigraph offers no parser alone.
    """
    try:
        without_network(lambda: bool(ox.Store().query(text, prefixes=dict(known))))
    except SyntaxError as error:
        return syntax_error(text, error, known)
    except (ValueError, RuntimeError, OSError):
        return None
    return None


def syntax_error(text: str, error: SyntaxError, known: Mapping[str, str]) -> QuerySyntaxError:
    """Translate an error of Oxigraph's parser, with its place in the text that the user wrote."""
    match = _PLACE.match(str(error.msg))
    reason = match.group(3) if match else str(error.msg)
    place = (int(match.group(1)), int(match.group(2))) if match else (1, 1)
    if "Prefix not found" in reason and (unknown := _unknown_prefix(text, known)):
        return unknown
    if len(text) <= _EXPLAINED_CHARACTERS and (mistake := first_mistake(text)):
        return QuerySyntaxError(*mistake)
    if sentence := re.search(r"\bThe [A-Za-z ]{10,}", reason):
        return QuerySyntaxError(sentence.group(), *place)
    line, column = _where_it_stops(text) or place
    remainder = text.split("\n")[line - 1][column - 1 :].strip() if line <= text.count("\n") + 1 else ""
    if not remainder:
        return QuerySyntaxError("not valid SPARQL: something is missing here", line, column)
    return QuerySyntaxError(f"not valid SPARQL from here on: {remainder[:60]}", line, column)


def _unknown_prefix(text: str, known: Mapping[str, str]) -> QuerySyntaxError | None:
    """The error for an undeclared prefix, at its place; None if all are declared."""
    pairs = pairwise(tokens(text))
    declared = {name.text for word, name in pairs if word.text.upper() == "PREFIX" and name.kind == "name"}
    for token in tokens(text):
        prefix = token.text.partition(":")[0]
        if token.kind == "name" and f"{prefix}:" not in declared and prefix not in {*known, "_"}:
            similar = nearest(prefix, {*known, *(name[:-1] for name in declared)} - {""})
            hint = f"did you mean {similar}:?" if similar else "declare it with PREFIX, or under [prefixes] in kg.toml"
            return QuerySyntaxError(
                f"the prefix “{prefix}:” is not known; {hint}",
                *line_and_column(text, token.start),
            )
    return None


def _where_it_stops(text: str) -> tuple[int, int] | None:
    """Line and column where rdflib's parser stops: closer to the mistake than Oxigraph's furthest position."""
    from pyparsing import ParseException
    from rdflib.plugins.sparql.parser import parseQuery

    if len(text) > _EXPLAINED_CHARACTERS:
        return None
    try:
        parseQuery(text)
    except ParseException as error:
        return line_and_column(text, error.loc)
    except Exception:  # noqa: BLE001 - only a message needs this; on failure, Oxigraph's position is used
        return None
    return None
