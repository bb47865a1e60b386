"""Hints on a query's unknown terms: those that occur nowhere, and the terms that were probably meant.

A misspelled property is no error in SPARQL: the query just matches nothing. So there are hints if the answer is empty,
or if an unknown term resembles a known one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg.core.spelling import did_you_mean, nearest
from kg.rdf.iris import encode_path, prefixed
from kg.rdf.sparql_syntax import Token, tokens
from kg.rdf.terms import XSD
from kg.rdf.vocabulary import LABEL, LABELS, ONTOLOGY_GRAPH, OWL_CLASS, PREF_LABEL, RDFS_CLASS, TYPE

if TYPE_CHECKING:
    from kg.store.store import Store


_LOCAL = re.compile(r"\w[\w-]*\Z")
_MOST = 3
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}|.)", re.S)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


class QueryTerm(NamedTuple):
    """A term that a query matches, and its text in the query."""

    text: str
    term: ox.NamedNode | ox.Literal
    is_class: bool
    """Whether it follows `a`."""


def hints_on_unknown_terms(
    text: str,
    store: "Store",
    prefixes: Mapping[str, str],
    is_empty: Callable[[], bool],
    values: Iterable[object] = (),
) -> list[str]:
    """Hints on a query's terms, and on the IRIs of its parameters, that occur nowhere, or nowhere in the notes.

    Calls `is_empty` only if there is a hint. If the answer is not empty, returns only hints on terms that closely
    resemble a known term.
    """
    hints: list[tuple[str, bool]] = []
    for term in dict.fromkeys([*_matched(text, prefixes), *_iris_of(values, store, prefixes)]):
        if next(_occurrences(store, term.term), None) is None:
            similar = _near(term, store, prefixes)
            hints.append((f"{term.text} occurs nowhere{did_you_mean(similar)}", bool(similar)))
        elif isinstance(term.term, ox.NamedNode) and _only_declared(store, term):
            hint = (
                f"nothing is a {term.text} yet" if term.is_class else f"{term.text} is declared, but nothing states it"
            )
            hints.append((hint, False))
    empty = bool(hints) and is_empty()
    return [sentence for sentence, likely in hints if empty or likely][:_MOST]


def _iris_of(values: Iterable[object], store: "Store", prefixes: Mapping[str, str]) -> Iterator[QueryTerm]:
    """The IRIs among the values of parameters. Other values need not occur: a query may only compare them."""
    for node in values:
        if isinstance(node, ox.NamedNode):
            prefix, local = prefixed(node.value, prefixes)
            is_class = any(store.has(node, TYPE, kind, ONTOLOGY_GRAPH) for kind in (OWL_CLASS, RDFS_CLASS))
            yield QueryTerm(f"<{local}>" if prefix is None else f"{prefix}:{local}", node, is_class)


def _occurrences(store: "Store", term: ox.NamedNode | ox.Literal) -> Iterator[ox.Quad]:
    yield from store.find(None, None, term, None)
    if isinstance(term, ox.NamedNode):
        yield from store.find(term, None, None, None)
        yield from store.find(None, term, None, None)
        yield from store.find(None, None, None, term)


def _only_declared(store: "Store", query_term: QueryTerm) -> bool:
    """Whether the ontology declares a class or property that is neither used outside it nor a predicate in it."""
    term = query_term.term
    if not isinstance(term, ox.NamedNode) or term == ONTOLOGY_GRAPH or not store.has(term, TYPE, None, ONTOLOGY_GRAPH):
        return False
    if store.has(None, term, None, ONTOLOGY_GRAPH):
        return False
    uses = chain(store.triples(None, TYPE, term), () if query_term.is_class else store.triples(None, term, None))
    # `all` stops at the first use outside the ontology
    return all(store.has(use.subject, use.predicate, use.object, ONTOLOGY_GRAPH) for use in uses)


def _matched(text: str, prefixes: Mapping[str, str]) -> Iterator[QueryTerm]:
    """The IRIs that a query uses and the texts that its patterns match, except in templates and function arguments."""
    declared, skipped = dict(prefixes), _template(text)
    all_tokens = list(tokens(text))
    depth = 0
    for number, token in enumerate(all_tokens):
        before = all_tokens[number - 1] if number else None
        after = all_tokens[number + 1] if number + 1 < len(all_tokens) else None
        if token.text in "()" and token.kind in {"open", "close"}:
            depth += 1 if token.text == "(" else -1
        if before and before.text.upper() in {"PREFIX", "BASE"}:
            if token.kind == "name" and after:
                declared[token.text[:-1]] = after.text[1:-1]
            continue
        if number > 1 and all_tokens[number - 2].text.upper() == "PREFIX":
            continue
        called = after is not None and after.text == "(" and after.start == token.end
        if token.start in skipped or called or text[: token.start].endswith("^^"):
            continue
        term = _term(token, declared, text, literal=depth == 0)
        if term is not None and not (isinstance(term, ox.NamedNode) and term.value.startswith(XSD)):
            yield QueryTerm(token.text, term, before is not None and before.text == "a")


def _template(text: str) -> range:
    """The range of a CONSTRUCT template; empty if there is none."""
    depth, start = 0, None
    constructs = False
    for token in tokens(text):
        if token.kind == "word" and depth == 0:
            if token.text.upper() == "WHERE":
                break
            constructs = constructs or token.text.upper() == "CONSTRUCT"
        if token.text == "{":
            start = token.start if depth == 0 and constructs and start is None else start
            depth += 1
        elif token.text == "}":
            depth -= 1
            if depth == 0 and start is not None:
                return range(start, token.end)
    return range(0)


def _term(token: Token, prefixes: Mapping[str, str], text: str, *, literal: bool) -> ox.NamedNode | ox.Literal | None:
    try:
        if token.kind == "iri":
            return ox.NamedNode(token.text[1:-1])
        if token.kind == "name":
            prefix, _, local = token.text.partition(":")
            is_known = prefix in prefixes and prefix != "_"
            return ox.NamedNode(prefixes[prefix] + local.replace("\\", "")) if is_known else None
    except ValueError:
        return None
    if token.kind == "string" and literal and not text[token.end :].startswith(("@", "^^")):
        quotes = 3 if token.text[:3] in {'"' * 3, "'" * 3} and len(token.text) > 5 else 1
        return ox.Literal(_unescaped(token.text[quotes:-quotes]))
    return None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    sign = escape[1]
    return _ESCAPES.get(sign, sign) if len(sign) == 1 else chr(int(sign[1:], 16))


def _near(term: QueryTerm, store: "Store", prefixes: Mapping[str, str]) -> str | None:
    """The known term most similar to a term, as a query would write it."""
    if isinstance(term.term, ox.Literal):
        closest = nearest(term.term.value, {*store.literals(None, *LABELS)})
        return str(ox.Literal(closest)) if closest else None
    prefix, _, local = term.text.partition(":")
    namespace = prefixes.get(prefix)
    if namespace is None or term.text.startswith("<"):
        return None
    closest = nearest(local, set(_names(store, namespace, term.is_class)))
    return f"{prefix}:{closest}" if closest else _elsewhere(local, prefixes, store)


def _elsewhere(local: str, prefixes: Mapping[str, str], store: "Store") -> str | None:
    """The same name under another prefix, if that occurs."""
    for prefix, namespace in prefixes.items():
        term = ox.NamedNode(namespace + encode_path(local))
        if next(_occurrences(store, term), None) is not None:
            return f"{prefix}:{local}"
    return None


def _names(store: "Store", space: str, is_class: bool) -> Iterator[str]:
    """The local names in a namespace: of declared terms and, unless a class is wanted, of notes."""
    predicates: Sequence[ox.NamedNode] = (LABEL,) if is_class else (LABEL, PREF_LABEL)
    for predicate in predicates:
        for quad in store.triples(None, predicate, None):
            iri = quad.subject.value if isinstance(quad.subject, ox.NamedNode) else ""
            if iri.startswith(space) and _LOCAL.match(iri, len(space)):
                yield iri[len(space) :]
