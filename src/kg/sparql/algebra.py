"""Explain a query: its algebra, with the number of matches of each pattern."""

import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pyoxigraph as ox

from kg.rdf.rdflib_terms import from_rdflib, rdflib_silent
from kg.rdf.sparql_syntax import check, star_end, tokens, without_escapes
from kg.sparql.syntax_errors import syntax_error
from kg.store.store import Store

_COUNTED = 1_000_000


def explain(text: str, prefixes: Mapping[str, str], store: Store | None = None) -> str:
    """The algebra tree of a query, as rdflib translates it; with a store, also the match count of each triple pattern.

    Raises QuerySyntaxError.
    """
    from rdflib.plugins.sparql.algebra import pprintAlgebra, translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    check(text, services=True)
    try:
        with rdflib_silent():
            tree = translateQuery(parseQuery(text), initNs=dict(prefixes))
    except Exception as error:
        raise syntax_error(text, SyntaxError(str(error)), prefixes) from error
    out = io.StringIO()
    with contextlib.redirect_stdout(out), rdflib_silent():
        pprintAlgebra(tree)
    lines = (line for line in out.getvalue().splitlines() if "_vars = " not in line)
    drawing = re.sub(r"rdflib\.term\.Variable\('(\w+)'\)", r"?\1", "\n".join(lines))
    if star_end(text) is not None:  # rdflib keeps the variables of `*` in a set, whose order varies
        drawing = re.sub(r"PV = \[([^]]*)\]", lambda match: f"PV = [{', '.join(_as_written(match[1], text))}]", drawing)
    for name, namespace in prefixes.items():
        drawing = re.sub(rf"rdflib\.term\.URIRef\('{re.escape(namespace)}([^']*)'\)", rf"{name}:\1", drawing)
    return f"{drawing}\n{_fitting(tree, prefixes, store) if store else ''}"


def _as_written(variables: str, text: str) -> list[str]:
    """Variables in the order in which a query first mentions them."""
    mentioned = dict.fromkeys(f"?{token.text[1:]}" for token in tokens(text) if token.kind == "variable")
    names = variables.split(", ")
    return [*(name for name in mentioned if name in names), *(name for name in names if name not in mentioned)]


def _fitting(tree: Any, prefixes: Mapping[str, str], store: Store) -> str:
    """Count the matches of a query's triple patterns in the default graph: one line per pattern, fewest first."""
    from rdflib import Variable

    lines: list[tuple[int, str]] = []
    for pattern in _patterns(tree.algebra):
        terms = [_oxigraph_term(part) if not isinstance(part, Variable) else None for part in pattern]
        if all(term is not False for term in terms):
            subject, predicate, obj = terms
            count = sum(1 for _ in islice(store.triples(subject, predicate, obj), _COUNTED + 1))
            text = " ".join(_pattern_part(part, prefixes) for part in pattern)
            lines.append((count, f"{f'{count:,}' if count <= _COUNTED else f'over {_COUNTED:,}':>16}  {text}"))
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
    """Oxigraph's term for rdflib's: None for a blank node (wildcard), False for a path, which no index answers."""
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
