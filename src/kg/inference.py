"""Inference: what the ontology and the rules add to what the notes assert, to a fixed point.

The axioms of the ontology run as SPARQL over the store, one rule of OWL 2 RL (tables 4 to 9 of the profile's
specification) a query. An ontology that uses a construct none of these covers goes to owlrl as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from kg.errors import OntologyError
from kg.ontology import Ontology
from kg.store import Builder
from kg.terms import INFERRED, OWL, RDF, RDFS

RULES: dict[str, str] = {
    "cax-sco": "CONSTRUCT { ?x a ?c } WHERE { ?d rdfs:subClassOf ?c . ?x a ?d }",
    "cax-eqc1": "CONSTRUCT { ?x a ?c } WHERE { ?d owl:equivalentClass ?c . ?x a ?d }",
    "cax-eqc2": "CONSTRUCT { ?x a ?c } WHERE { ?c owl:equivalentClass ?d . ?x a ?d }",
    "prp-dom": "CONSTRUCT { ?x a ?c } WHERE { ?p rdfs:domain ?c . ?x ?p ?y }",
    "prp-rng": "CONSTRUCT { ?y a ?c } WHERE { ?p rdfs:range ?c . ?x ?p ?y FILTER(!isLiteral(?y)) }",
    "prp-spo1": "CONSTRUCT { ?x ?q ?y } WHERE { ?p rdfs:subPropertyOf ?q . ?x ?p ?y }",
    "prp-eqp1": "CONSTRUCT { ?x ?q ?y } WHERE { ?p owl:equivalentProperty ?q . ?x ?p ?y }",
    "prp-eqp2": "CONSTRUCT { ?x ?q ?y } WHERE { ?q owl:equivalentProperty ?p . ?x ?p ?y }",
    "prp-inv1": "CONSTRUCT { ?y ?q ?x } WHERE { ?p owl:inverseOf ?q . ?x ?p ?y }",
    "prp-inv2": "CONSTRUCT { ?y ?q ?x } WHERE { ?q owl:inverseOf ?p . ?x ?p ?y }",
    "prp-symp": "CONSTRUCT { ?y ?p ?x } WHERE { ?p a owl:SymmetricProperty . ?x ?p ?y }",
    "prp-trp": "CONSTRUCT { ?x ?p ?z } WHERE { ?p a owl:TransitiveProperty . ?x ?p ?y . ?y ?p ?z }",
    "prp-spo2 (two)": """CONSTRUCT { ?x ?p ?z } WHERE {
        ?p owl:propertyChainAxiom ?l . ?l rdf:first ?a ; rdf:rest ?m . ?m rdf:first ?b ; rdf:rest rdf:nil .
        ?x ?a ?y . ?y ?b ?z }""",
    "prp-spo2 (three)": """CONSTRUCT { ?x ?p ?w } WHERE {
        ?p owl:propertyChainAxiom ?l . ?l rdf:first ?a ; rdf:rest ?m . ?m rdf:first ?b ; rdf:rest ?n .
        ?n rdf:first ?c ; rdf:rest rdf:nil . ?x ?a ?y . ?y ?b ?z . ?z ?c ?w }""",
}
"""OWL 2 RL rules by the names of the specification."""

_BEYOND_PREDICATES = (
    *(OWL + name for name in ("sameAs", "hasKey", "intersectionOf", "unionOf", "complementOf", "oneOf")),
    *(OWL + name for name in ("someValuesFrom", "allValuesFrom", "hasValue", "maxCardinality")),
    OWL + "maxQualifiedCardinality",
)
_BEYOND_TYPES = (OWL + "FunctionalProperty", OWL + "InverseFunctionalProperty")
_GENID = "/.well-known/genid/"
_ROUNDS = 100
_VOCABULARIES = (RDF, RDFS, OWL, "http://www.w3.org/2001/XMLSchema#")


@dataclass(frozen=True)
class Inference:
    """What was done: the engine, and the constructs for which it was chosen."""

    triples: int
    engine: str
    because: tuple[str, ...] = ()


def infer(store: Builder, ontology: Ontology) -> Inference:
    """Add to the store what follows, as `kg:inferred`; nothing in it that a note or the ontology asserts."""
    beyond = unsupported(ontology)
    total = _to_fixed_point(store, ontology)
    while beyond:
        added = store.add_inferred(_by_owlrl(store, ontology), INFERRED)
        added += _to_fixed_point(store, ontology)
        total += added
        if not added:
            break
    return Inference(total, "owlrl" if beyond else "rules", beyond)


def unsupported(ontology: Ontology) -> tuple[str, ...]:
    """The constructs of the ontology that the rules here do not cover."""
    predicates = {t.predicate.value for t in ontology.triples}
    types = {
        t.object.value
        for t in ontology.triples
        if t.predicate.value == RDF + "type" and isinstance(t.object, ox.NamedNode)
    }
    found = [name.removeprefix(OWL) for name in _BEYOND_PREDICATES if name in predicates]
    found += [name.removeprefix(OWL) for name in _BEYOND_TYPES if name in types]
    long_chain = _longest_chain(ontology) > 3
    return tuple([*found, "propertyChainAxiom of more than three"] if long_chain else found)


def _longest_chain(ontology: Ontology) -> int:
    rest = {t.subject: t.object for t in ontology.triples if t.predicate.value == RDF + "rest"}
    longest = 0
    for triple in ontology.triples:
        if triple.predicate.value == OWL + "propertyChainAxiom":
            node, length = triple.object, 0
            while node in rest and length <= len(rest):
                node, length = rest[node], length + 1  # type: ignore[index]
            longest = max(longest, length)
    return longest


def _to_fixed_point(store: Builder, ontology: Ontology) -> int:
    """Run every rule until none adds anything; how many triples there were."""
    rules = {**RULES, **ontology.rules}
    total = 0
    for _ in range(_ROUNDS):
        added = sum(store.add_inferred(_conclusions(store, name, rule), INFERRED) for name, rule in rules.items())
        total += added
        if not added:
            return total
    raise OntologyError(f"the rules reach no end: after {_ROUNDS} rounds they still add triples")


def _conclusions(store: Builder, name: str, rule: str) -> list[ox.Triple]:
    try:
        answer = store.query(rule)
    except SyntaxError as error:
        raise OntologyError(f"the rule {name} (rules/{name}.rq) is not SPARQL: {error.msg.splitlines()[0]}") from error
    if not isinstance(answer, ox.QueryTriples):
        raise OntologyError(f"the rule {name} (rules/{name}.rq) must be a CONSTRUCT query")
    return [triple for triple in answer if not _is_nameless(triple)]


def _is_nameless(triple: ox.Triple) -> bool:
    """Whether a triple speaks of a class expression of the ontology, which has no name in RDF but a skolem IRI."""
    terms = (triple.subject, triple.object)
    return any(isinstance(t, ox.BlankNode) or (isinstance(t, ox.NamedNode) and _GENID in t.value) for t in terms)


def _by_owlrl(store: Builder, ontology: Ontology) -> Iterator[ox.Triple]:
    """Owlrl's closure, less what it says of the vocabularies themselves, of literals and of every thing being one."""
    import owlrl
    import rdflib

    graph = rdflib.Graph()
    graph.parse(data=ox.serialize(store.triples(), format=ox.RdfFormat.N_TRIPLES), format="nt")
    before = set(graph)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    new = rdflib.Graph()
    for triple in graph:
        named = isinstance(triple[0], rdflib.URIRef) and not isinstance(triple[2], rdflib.BNode)
        if named and triple not in before:
            new.add(triple)
    for quad in ox.parse(new.serialize(format="nt", encoding="utf-8"), ox.RdfFormat.N_TRIPLES):
        if not _is_noise(quad.triple, ontology):
            yield quad.triple


def _is_noise(triple: ox.Triple, ontology: Ontology) -> bool:
    subject, obj = triple.subject, triple.object
    if not isinstance(subject, ox.NamedNode):
        return True
    if subject.value in ontology.terms or subject.value.startswith(_VOCABULARIES) or _GENID in subject.value:
        return True
    value = obj.value if isinstance(obj, ox.NamedNode) else ""
    if value in {OWL + "Thing", RDFS + "Resource", OWL + "NamedIndividual"} or _GENID in value:
        return True
    return triple.predicate.value == OWL + "sameAs" and subject == obj
