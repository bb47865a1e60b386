"""Inference by the owlrl library: slower, but complete where kg's rules are not."""

from collections.abc import Iterator

import pyoxigraph as ox

from kg.mapping.ontology import Ontology
from kg.rdf.rdflib_terms import to_rdflib, triples_from_rdflib
from kg.rdf.terms import OWL, RDF, RDFS, XSD
from kg.reasoning.conditions import is_informative
from kg.store.builder import Builder

_VOCABULARIES = (RDF, RDFS, OWL, XSD)


def infer_by_owlrl(store: Builder, ontology: Ontology) -> Iterator[ox.Triple]:
    """Owlrl's closure, without triples about the vocabularies and literals, and without types that all things have."""
    import owlrl
    import rdflib

    graph = rdflib.Graph()
    for start, property_, end in to_rdflib(store.triples()):
        is_plain = isinstance(end, rdflib.Literal) and end.datatype is None and end.language is None
        # owlrl knows the type of a string only if it is written (RDF 1.1, section 3.3)
        graph.add((start, property_, rdflib.Literal(str(end), datatype=rdflib.XSD.string) if is_plain else end))
    before = set(graph)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    new = rdflib.Graph()
    for row in graph:
        named = isinstance(row[0], rdflib.URIRef) and not isinstance(row[2], rdflib.BNode)
        if named and row not in before:
            new.add(row)
    schema = ontology.classes | ontology.properties.keys()
    for triple in triples_from_rdflib(new):
        subject = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
        value = triple.object.value if isinstance(triple.object, ox.NamedNode) else ""
        everything = {OWL + "Thing", RDFS + "Resource", OWL + "NamedIndividual"}
        of_vocabulary = not subject or subject in schema or subject.startswith(_VOCABULARIES)
        if is_informative(triple) and not of_vocabulary and value not in everything:
            yield triple
