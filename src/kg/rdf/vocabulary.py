"""The terms of the vocabularies and the names of kg's own graphs, as Oxigraph's terms."""

from collections.abc import Callable, Iterable

import pyoxigraph as ox

from kg.rdf.terms import INFERRED, KG, METRICS, ONTOLOGY, OWL, RDF, RDFS, SKOS

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
GraphName = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
Find = Callable[[Term | None, ox.NamedNode | None, Term | None], Iterable[ox.Triple]]
"""Looks up the triples that match a pattern; None matches any term."""

TYPE = ox.NamedNode(RDF + "type")

OWL_CLASS = ox.NamedNode(OWL + "Class")
RDFS_CLASS = ox.NamedNode(RDFS + "Class")
LABEL = ox.NamedNode(RDFS + "label")
SUB_CLASS_OF = ox.NamedNode(RDFS + "subClassOf")
SUB_PROPERTY_OF = ox.NamedNode(RDFS + "subPropertyOf")

SAME_AS = ox.NamedNode(OWL + "sameAs")
DIFFERENT_FROM = ox.NamedNode(OWL + "differentFrom")
THING = ox.NamedNode(OWL + "Thing")
NOTHING = ox.NamedNode(OWL + "Nothing")
INVERSE_OF = ox.NamedNode(OWL + "inverseOf")

PREF_LABEL = ox.NamedNode(SKOS + "prefLabel")
ALT_LABEL = ox.NamedNode(SKOS + "altLabel")
BROADER = ox.NamedNode(SKOS + "broader")

ATTACHMENT = ox.NamedNode(KG + "Attachment")
BLOCK = ox.NamedNode(KG + "Block")
MISSING = ox.NamedNode(KG + "Missing")
SECTION = ox.NamedNode(KG + "Section")
WEB_PAGE = ox.NamedNode(KG + "WebPage")
DESCRIBES = ox.NamedNode(KG + "describes")
HAS_BLOCK = ox.NamedNode(KG + "hasBlock")
HAS_SECTION = ox.NamedNode(KG + "hasSection")
HEADING = ox.NamedNode(KG + "heading")
LINKS_TO = ox.NamedNode(KG + "linksTo")
MENTIONS = ox.NamedNode(KG + "mentions")
NEARLY_NAMED = ox.NamedNode(KG + "nearlyNamed")
ORDER = ox.NamedNode(KG + "order")
PATH = ox.NamedNode(KG + "path")
STRUCTURAL = ox.NamedNode(KG + "structural")
TAGGED = ox.NamedNode(KG + "tagged")
TEXT = ox.NamedNode(KG + "text")

DEFAULT_GRAPH = ox.DefaultGraph()
INFERRED_GRAPH = ox.NamedNode(INFERRED[1:-1])
METRICS_GRAPH = ox.NamedNode(METRICS[1:-1])
ONTOLOGY_GRAPH = ox.NamedNode(ONTOLOGY[1:-1])

LABELS = (PREF_LABEL, ALT_LABEL)
PARTS = (HAS_SECTION, HAS_BLOCK)
"""The properties that lead from a note to the things inside it."""
OWN_GRAPHS = (INFERRED_GRAPH, ONTOLOGY_GRAPH, METRICS_GRAPH)
"""The graphs that no note asserts."""


def iri_of(term: object) -> str:
    """The text of an IRI; empty for any other term."""
    return term.value if isinstance(term, ox.NamedNode) else ""
