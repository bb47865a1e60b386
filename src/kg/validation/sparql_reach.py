"""The properties that the SPARQL text of a shape can look at, by the algebra that rdflib makes of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdflib.plugins.sparql.sparql import Query

_PATH = re.compile(r"[$?]PATH\b")
_PATH_IRI = "k:g"
"""The IRI in place of `$PATH`, which stands for the path of the shape, also within a longer path (SHACL 6.2.3).

It is as long as `$PATH`, so that the place of a syntax error is that in the text."""


def prepared(text: str, prefixes: Mapping[str, str]) -> "Query":
    """A text as rdflib's algebra. Raises what rdflib raises for invalid SPARQL: any exception."""
    from rdflib.plugins.sparql import prepareQuery

    return prepareQuery(_PATH.sub(f"<{_PATH_IRI}>", text), initNs={**default_prefixes(), **prefixes})


@cache
def default_prefixes() -> Mapping[str, str]:
    """The prefixes that need no declaration in pySHACL: those that every graph of rdflib has."""
    from rdflib import Graph

    return {prefix: str(namespace) for prefix, namespace in Graph().namespaces()}


def properties_of(texts: Iterable[tuple[str, Mapping[str, str]]]) -> set[str] | None:
    """The IRIs of the properties in SPARQL texts, each with its prefixes; None if a text may use any property."""
    properties: set[str] = set()
    for text, prefixes in texts:
        try:
            algebra = prepared(text, prefixes).algebra
        except Exception:  # noqa: BLE001 - rdflib raises any exception
            return None
        if not _collect(algebra, properties):
            return None
    return properties - {_PATH_IRI}


def _collect(node: object, properties: set[str]) -> bool:
    """Add the properties in a part of the algebra; False if it may use any property."""
    from rdflib.plugins.sparql.parserutils import CompValue

    if isinstance(node, CompValue):
        if node.name in {"Graph", "GraphGraphPattern"}:
            return False
        triples = list(_triples(node["triples"])) if "triples" in node else []
        known = all(_collect_path(path, properties) for _, path, _ in triples) and not _matches_all_nodes(triples)
        return known and all(_collect(value, properties) for key, value in node.items() if key != "triples")
    return not isinstance(node, (list, tuple)) or all(_collect(part, properties) for part in node)


def _triples(rows: Iterable[object]) -> Iterator[tuple[object, object, object]]:
    """The triple patterns of a group: rdflib has them as tuples or, within EXISTS, as flat lists of terms."""
    for row in rows:
        if isinstance(row, (list, tuple)):
            yield from zip(row[::3], row[1::3], row[2::3], strict=True)


def _parts(path: object) -> list[object]:
    """The paths within a path; rdflib has two notations, for the algebra and within EXISTS."""
    from rdflib.paths import InvPath
    from rdflib.plugins.sparql.parserutils import CompValue

    if isinstance(path, CompValue):
        part = path["part"]
        return list(part) if isinstance(part, (list, tuple)) else [part]
    return [path.arg] if isinstance(path, InvPath) else getattr(path, "args", None) or [getattr(path, "path", None)]


def _collect_path(path: object, properties: set[str]) -> bool:
    from rdflib import URIRef
    from rdflib.paths import NegatedPath, Path
    from rdflib.plugins.sparql.parserutils import CompValue

    if isinstance(path, URIRef):
        properties.add(str(path))
        return True
    if isinstance(path, NegatedPath) or not isinstance(path, (Path, CompValue)):
        return False
    is_negated = isinstance(path, CompValue) and path.name == "PathNegatedPropertySet"
    return not is_negated and all(_collect_path(part, properties) for part in _parts(path))


def _matches_all_nodes(triples: list[tuple[object, object, object]]) -> bool:
    """Whether a path of no length may begin at any node: no other triple pattern of the group binds its ends."""
    from rdflib import URIRef, Variable

    bound = {term for first, path, last in triples if isinstance(path, URIRef) for term in (first, last)}
    bound.add(Variable("this"))
    open_ends = ((first, path, last) for first, path, last in triples if _may_be_empty(path))
    return any(all(isinstance(end, Variable) and end not in bound for end in (a, b)) for a, _, b in open_ends)


def _may_be_empty(path: object) -> bool:
    from rdflib.paths import AlternativePath, MulPath, Path
    from rdflib.plugins.sparql.parserutils import CompValue

    if isinstance(path, CompValue):  # within EXISTS, before rdflib simplifies it: any `*` or `?` counts
        return path.get("mod") in {"*", "?"} or any(_may_be_empty(part) for part in _parts(path))
    if isinstance(path, MulPath):
        return path.mod in {"*", "?"} or _may_be_empty(path.path)
    if not isinstance(path, Path):
        return False
    parts = map(_may_be_empty, _parts(path))
    return any(parts) if isinstance(path, AlternativePath) else all(parts)
