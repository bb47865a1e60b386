"""Convert terms between Oxigraph and rdflib as objects, never as text that the other library must parse.

rdflib reads N-Triples line by line and ends a line at U+2028, U+0085 and others, which IRIs and texts contain
unescaped.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

if TYPE_CHECKING:
    import rdflib
    from rdflib.term import Node


Term = ox.NamedNode | ox.BlankNode | ox.Literal


def to_rdflib(triples: Iterable[ox.Triple]) -> "rdflib.Graph":
    """The triples as an rdflib graph in memory; blank nodes keep their labels. Triples about triples are left out."""
    import rdflib

    graph = rdflib.Graph()
    node = _Node()
    for triple in triples:
        if not isinstance(triple.object, ox.Triple):  # rdflib does not support RDF 1.2
            graph.add((node(triple.subject), node(triple.predicate), node(triple.object)))
    return graph


class _Node:
    """Converts terms to rdflib nodes; creates the node of each IRI once."""

    def __init__(self) -> None:
        import rdflib

        self._rdflib = rdflib
        self._iris: dict[str, rdflib.URIRef] = {}

    def __call__(self, term: Any) -> "Node":
        if isinstance(term, ox.NamedNode):
            return self._iri(term.value)
        if isinstance(term, ox.BlankNode):
            return self._rdflib.BNode(term.value)
        if term.language:
            return self._rdflib.Literal(term.value, lang=term.language)
        if term.datatype == _STRING:
            return self._rdflib.Literal(term.value)
        return self._rdflib.Literal(term.value, datatype=self._iri(term.datatype.value))

    def _iri(self, text: str) -> "rdflib.URIRef":
        node = self._iris.get(text)
        if node is None:
            node = self._iris[text] = self._rdflib.URIRef(text)
        return node


_STRING = ox.NamedNode("http://www.w3.org/2001/XMLSchema#string")


def triples_from_rdflib(graph: "rdflib.Graph") -> Iterator[ox.Triple]:
    """The triples of an rdflib graph, without those that are invalid in RDF."""
    for row in graph:
        try:
            subject, predicate, obj = map(from_rdflib, row)
        except ValueError:
            continue
        if not isinstance(subject, ox.Literal) and isinstance(predicate, ox.NamedNode):
            yield ox.Triple(subject, predicate, obj)


def from_rdflib(node: "Node") -> Term:
    """An rdflib node as a term. Raises ValueError if it is invalid, e.g. an IRI with a space."""
    from rdflib import BNode, Literal, URIRef

    if isinstance(node, URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, BNode):
        return ox.BlankNode(str(node))
    if not isinstance(node, Literal):
        raise ValueError(f"{node!r} is no term of RDF")
    if node.language:
        return ox.Literal(str(node), language=node.language)
    return ox.Literal(str(node), datatype=ox.NamedNode(str(node.datatype)) if node.datatype else None)


@contextmanager
def rdflib_silent() -> Iterator[None]:
    """Silence rdflib's log, which quotes every IRI that it dislikes."""
    import logging

    logger = logging.getLogger("rdflib.term")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
