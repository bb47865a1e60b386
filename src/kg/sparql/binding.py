"""Bind values to the variables of a query."""

import contextlib
import re
from collections.abc import Mapping

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.core.text import is_text
from kg.rdf.iris import is_absolute
from kg.rdf.sparql_syntax import pattern_span, tokens
from kg.rdf.terms import XSD
from kg.sparql.answer import Term


def bind(text: str, params: Mapping[str, str | Term], prefixes: Mapping[str, str]) -> str:
    """Bind variables of a query to terms, by BIND at the start of its pattern. Raises KgError.

    VALUES would mean the same, but Virtuoso ignores it if a path begins at the variable.
    """
    if not params:
        return text
    variables = {token.text[1:] for token in tokens(text) if token.kind == "variable"}
    for name in params:
        if name not in variables:
            listed = ", ".join(f"?{variable}" for variable in sorted(variables)) or "none"
            raise KgError(f"the query has no variable ?{name}; it has {listed}")
    span = pattern_span(text)
    if not span:
        raise KgError("--param needs a query with a pattern: { … }")
    bound = "".join(f" BIND({term(value, prefixes)} AS ?{name})" for name, value in params.items())
    return f"{text[: span[0]]}{bound}{text[span[0] :]}"


def term(value: str | Term, prefixes: Mapping[str, str]) -> str:
    """The SPARQL text of a parameter's value: `<iri>`, a CURIE, a number, true or false, "text", else the plain text.

    A term stays as it is: the values of typed parameters are already converted. Raises KgError.
    """
    if not isinstance(value, str):
        return str(value)
    text = value.strip()
    if not is_text(text):
        raise KgError(f"“{text}” is no text in UTF-8")
    prefix, colon, local = text.partition(":")
    if text.startswith("<") and text.endswith(">"):
        try:
            return str(ox.NamedNode(text[1:-1]))
        except ValueError:
            raise KgError(f"“{text}” is not a valid IRI; write a text like it in double quotes") from None
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


def used_prefixes(text: str, prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that a query uses, for a server that does not declare them."""
    used = {token.text.partition(":")[0] for token in tokens(text) if token.kind == "name"}
    return {name: namespace for name, namespace in prefixes.items() if name in used}
