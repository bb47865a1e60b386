"""Bind values to the variables of a query."""

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError, QuerySyntaxError
from kg.core.text import is_text
from kg.rdf.iris import is_absolute
from kg.rdf.sparql_syntax import line_and_column, pattern_span, tokens
from kg.rdf.terms import XSD
from kg.sparql.answer import Term
from kg.sparql.scopes import Word, keyword, words
from kg.sparql.syntax_errors import syntax_error_in


class Edit(NamedTuple):
    """The replacement of a part of a text."""

    start: int
    end: int
    text: str


def bind(text: str, params: Mapping[str, str | Term], prefixes: Mapping[str, str]) -> str:
    """Bind variables of a query to terms, wherever the query names them. Raises KgError, QuerySyntaxError.

    In an expression, the term replaces the variable. A group whose pattern names the variable begins with a BIND, and
    so does the outermost group. VALUES would mean the same as BIND, but Virtuoso ignores it if a path begins at the
    variable. Where the query itself gives the variable a value (AS), in a nested group, the two are joined.
    """
    if not params:
        return text
    listed = words(text)
    variables = {word.name for word in listed} - {""}
    for name in params:
        if name not in variables:
            names = ", ".join(f"?{variable}" for variable in sorted(variables)) or "none"
            raise KgError(f"the query has no variable ?{name}; it has {names}")
    span = pattern_span(text)
    if not span:
        raise syntax_error_in(text, prefixes) or KgError("--param needs a query with a pattern: { … }")
    _refuse_assigned(text, listed, params, span[0])
    edits = _edits(listed, {name: term(value, prefixes) for name, value in params.items()}, span[0])
    return _edited(text, sorted([*_template(text, listed, span), *_braces(listed, span), *edits]))


def _refuse_assigned(text: str, listed: Iterable[Word], params: Collection[str], pattern: int) -> None:
    """Refuse a parameter to which the outermost query gives a value itself. Raises QuerySyntaxError."""
    for word in listed:
        home = word.scope.home
        if word.is_assigned and word.name in params and (not home.parent or home.opening.end == pattern):
            place = line_and_column(text, word.token.start)
            raise QuerySyntaxError(f"the query itself gives ?{word.name} a value, so no parameter can", *place)


def _edits(listed: Iterable[Word], terms: Mapping[str, str], pattern: int) -> Iterator[Edit]:
    """The edits that bind variables to terms."""
    bound = dict.fromkeys((pattern, name) for name in terms)
    for word in listed:
        scope, name = word.scope, word.name
        if name not in terms or scope.assigns(name) or scope.kind == "template":
            continue
        if scope.kind != "expression":
            bound |= {(scope.home.opening.end, name): None} if scope.home.kind == "group" else {}
        elif keyword(word.before_that) == "BOUND":
            yield Edit(word.before_that.start, word.before_that.end, "")
            yield Edit(word.token.start, word.token.end, "true")
        else:
            yield Edit(word.token.start, word.token.end, f" {terms[name]} ")
    for start, name in bound:
        yield Edit(start, start, f" BIND({terms[name]} AS ?{name})")


def _template(text: str, listed: Iterable[Word], span: tuple[int, int]) -> Iterator[Edit]:
    """The template of a CONSTRUCT WHERE, which is its pattern and allows no BIND."""
    before = [word for word in listed if word.token.end < span[0] and word.keyword == "CONSTRUCT"]
    if before and not any(word.scope.kind == "template" for word in listed):
        yield Edit(before[0].token.end, before[0].token.end, f" {{{text[slice(*span)]}}}")


def _braces(listed: Iterable[Word], span: tuple[int, int]) -> Iterator[Edit]:
    """Braces around a subquery that is the whole pattern, so that a BIND can precede it."""
    if any(word.scope.kind == "query" and word.scope.opening.end == span[0] for word in listed):
        yield Edit(span[0], span[0], " {")
        yield Edit(span[1], span[1], "}")


def _edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits, which are in the order of their places."""
    pieces, copied = [], 0
    for edit in edits:
        pieces += [text[copied : edit.start], edit.text]
        copied = edit.end
    return "".join([*pieces, text[copied:]])


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
