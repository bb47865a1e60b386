"""Triples that only repeat another triple in the terms of another vocabulary: `skos:Concept` beside `kg:Concept`."""

import pyoxigraph as ox

from kg.rdf.terms import KG
from kg.rdf.vocabulary import INFERRED_GRAPH, SUB_CLASS_OF, SUB_PROPERTY_OF, TYPE, Term
from kg.store.store import Store


def follows_across(store: Store, triple: ox.Triple) -> bool:
    """Whether a triple is inferred from one with a more special class or property of another vocabulary."""
    predicate, obj = triple.predicate, triple.object
    term = obj if predicate == TYPE else predicate
    if not isinstance(term, ox.NamedNode) or term.value.startswith(KG):
        return False
    if not store.has(triple.subject, predicate, obj, INFERRED_GRAPH):
        return False
    if predicate == TYPE:
        others = [row.object for row in store.triples(triple.subject, TYPE, None)]
    else:
        others = [row.predicate for row in store.triples(triple.subject, None, obj)]
    return any(_space(other) != _space(term) and term in _above(store, other) for other in others)


def _above(store: Store, term: Term) -> set[Term]:
    """The classes or properties above one, at any number of steps."""
    stack, above = [term], set[Term]()
    while stack and isinstance(node := stack.pop(), ox.NamedNode):
        rows = (row for link in (SUB_CLASS_OF, SUB_PROPERTY_OF) for row in store.triples(node, link, None))
        fresh = {row.object for row in rows} - above
        above |= fresh
        stack += fresh
    return above


def _space(term: Term) -> str:
    """The namespace of a term, to the last `#` or `/`."""
    value = getattr(term, "value", "")
    return str(value[: max(value.rfind("#"), value.rfind("/")) + 1])
