"""The literals that Oxigraph stores: a number, date or boolean has one form, whatever its text (`01`, `1e3`, `+5`)."""

from collections.abc import Iterable
from functools import lru_cache

import pyoxigraph as ox

from kg.rdf.vocabulary import Term

_NODE = ox.NamedNode("urn:x-kg:canonical")


def canonical_triples(triples: Iterable[ox.Triple]) -> set[ox.Triple]:
    """Triples as a store returns them: with `1` for `01`, and xsd:integer for types that derive from it."""
    store = ox.Store()
    store.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    return {quad.triple for quad in store}


@lru_cache(1_000)
def canonical(term: Term) -> Term:
    """A term as a store returns it."""
    (triple,) = canonical_triples([ox.Triple(_NODE, _NODE, term)])
    return triple.object


@lru_cache(1_000)
def parsed_term(text: str) -> Term:
    """The term that a text in N-Triples syntax writes. Raises SyntaxError, and ValueError if it is no term."""
    for quad in ox.parse(f"{_NODE} {_NODE} {text} .", ox.RdfFormat.N_TRIPLES):
        term: Term = quad.object
        return term
    raise ValueError(f"“{text}” is no term")


@lru_cache(1_000)
def canonical_text(text: str) -> str:
    """A term in N-Triples syntax as a store returns it. Raises SyntaxError."""
    quads = ox.parse(f"<urn:s> <urn:p> {text} .", ox.RdfFormat.N_TRIPLES)
    return next((str(canonical(quad.object)) for quad in quads), text)
