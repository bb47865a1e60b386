"""The literals that Oxigraph stores: a number, date or boolean has one form, whatever its text (`01`, `1e3`, `+5`)."""

from functools import cache, lru_cache

import pyoxigraph as ox

from kg.rdf.vocabulary import Term

_NODE = ox.NamedNode("urn:x-kg:canonical")


@cache
def _store() -> ox.Store:
    return ox.Store()


def canonical(term: Term) -> Term:
    """A term as a store returns it."""
    store = _store()
    store.clear()
    store.add(ox.Quad(_NODE, _NODE, term))
    quad: ox.Quad = next(iter(store))
    return quad.object


@lru_cache(1_000)
def canonical_text(text: str) -> str:
    """A term in N-Triples syntax as a store returns it. Raises SyntaxError."""
    quads = ox.parse(f"<urn:s> <urn:p> {text} .", ox.RdfFormat.N_TRIPLES)
    return next((str(canonical(quad.object)) for quad in quads), text)
