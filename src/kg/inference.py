"""Inference: what the ontology and the rules add to what the notes assert, to a fixed point.

The axioms of the ontology run as SPARQL over the store, one rule of OWL 2 RL (tables 4 to 9 of the profile's
specification) a query. An ontology that uses a construct none of these covers goes to owlrl as a whole.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from kg.errors import OntologyError
from kg.ontology import Ontology
from kg.store import Builder
from kg.syntax import is_of_constants
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

_AXIOMS: Mapping[str, tuple[str, ...]] = {
    RDFS + "subClassOf": ("cax-sco",),
    OWL + "equivalentClass": ("cax-eqc1", "cax-eqc2"),
    RDFS + "domain": ("prp-dom",),
    RDFS + "range": ("prp-rng",),
    RDFS + "subPropertyOf": ("prp-spo1",),
    OWL + "equivalentProperty": ("prp-eqp1", "prp-eqp2"),
    OWL + "inverseOf": ("prp-inv1", "prp-inv2"),
}
"""The rules that an axiom between two terms is for."""
_BOTH_WAYS = {OWL + name for name in ("equivalentClass", "equivalentProperty", "inverseOf")}
_CHARACTERISTICS = {OWL + "SymmetricProperty": "prp-symp", OWL + "TransitiveProperty": "prp-trp"}
_CHAINS = ("prp-spo2 (two)", "prp-spo2 (three)")
_NAME_IN_RULE = re.compile(r"<[^<>\s]*>|[\w-]*:[\w.%-]+|\ba\b")
_BEYOND_PREDICATES = (
    *(OWL + name for name in ("sameAs", "hasKey", "intersectionOf", "unionOf", "complementOf", "oneOf")),
    *(OWL + name for name in ("someValuesFrom", "allValuesFrom", "hasValue", "maxCardinality")),
    OWL + "maxQualifiedCardinality",
)
_BEYOND_TYPES = (OWL + "FunctionalProperty", OWL + "InverseFunctionalProperty")
_GENID = "/.well-known/genid/"
_ROUNDS = 100
_NO_END = f"the rules reach no end: after {_ROUNDS} rounds they still add triples"
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


def update(store: Builder, ontology: Ontology, gone: Iterable[ox.Triple], come: Iterable[ox.Triple]) -> None:
    """Bring what was inferred up to date after some asserted triples have gone and some have come.

    What may rest on what has gone is taken out, by the properties and classes that rules lead to from there, and the
    rules that speak of any of it are run again. Where that cannot be told, everything is inferred anew.
    """
    rules = {**RULES, **ontology.rules}
    if unsupported(ontology) or not all(map(is_of_constants, ontology.rules.values())):
        store.clear_inferred()
        infer(store, ontology)
        return
    gone_names = {_name(triple) for triple in gone}
    lost = _reached(gone_names, _leads(ontology))
    cleared = [kind for kind in store.inferred_kinds() if _local(kind) in lost] if lost else []
    store.clear_inferred(cleared)
    names = _names_of_rules(ontology)
    touched = gone_names | set(map(_local, cleared)) | {_name(triple) for triple in come}
    for _ in range(_ROUNDS):
        if not touched:
            return
        run = {name: rule for name, rule in rules.items() if not touched.isdisjoint(names[name])}
        touched = set()
        for name, rule in run.items():
            found = _conclusions(store, name, rule)
            if store.add_inferred(found, INFERRED):
                touched |= {_name(triple) for triple in found}
    raise OntologyError(_NO_END)


def _name(triple: ox.Triple) -> str:
    """What a rule must speak of to say something of a triple: its class, or its property."""
    of_class = triple.predicate.value == RDF + "type" and isinstance(triple.object, ox.NamedNode)
    return _local(str(triple.object if of_class else triple.predicate))


def _local(term: str) -> str:
    """The last part of an IRI or prefixed name: what a rule's text can be compared by, whatever its prefixes."""
    return re.split(r"[#/:]", term.strip("<>"))[-1] or term


def _without_head(rule: str) -> str:
    """What stands in a rule behind the triples that it makes."""
    return rule.partition("{")[2].partition("}")[2]


def _names_of_rules(ontology: Ontology) -> dict[str, frozenset[str]]:
    """The properties and classes that each rule speaks of here, by the ontology's axioms or by its own text."""
    names: dict[str, set[str]] = {name: set() for name in RULES}
    for triple in ontology.triples:
        ends = {_local(str(triple.subject)), _local(str(triple.object))}
        for rule in _AXIOMS.get(triple.predicate.value, ()):
            names[rule] |= ends
        if triple.predicate.value == RDF + "type" and isinstance(triple.object, ox.NamedNode):
            rule = _CHARACTERISTICS.get(triple.object.value, "")
            names.setdefault(rule, set()).add(_local(str(triple.subject)))
        if triple.predicate.value == OWL + "propertyChainAxiom":
            for rule in _CHAINS:
                names[rule] |= {_local(str(triple.subject)), *_members(ontology, triple.object)}
    for name, text in ontology.rules.items():
        names[name] = {_local(one) for one in _NAME_IN_RULE.findall(text)}
    return {name: frozenset(found) for name, found in names.items()}


def _members(ontology: Ontology, node: Any) -> Iterator[str]:
    """The members of a list of the ontology."""
    rest = {t.subject: t.object for t in ontology.triples if t.predicate.value == RDF + "rest"}
    first = {t.subject: t.object for t in ontology.triples if t.predicate.value == RDF + "first"}
    for _ in range(len(first)):
        if node not in first:
            return
        yield _local(str(first[node]))
        node = rest.get(node)


def _leads(ontology: Ontology) -> dict[str, set[str]]:
    """From each property and class those of which something may follow, by an axiom or a rule."""
    leads: dict[str, set[str]] = defaultdict(set)
    for triple in ontology.triples:
        start, end = _local(str(triple.subject)), _local(str(triple.object))
        if triple.predicate.value in _AXIOMS:
            leads[start].add(end)
        if triple.predicate.value in _BOTH_WAYS:
            leads[end].add(start)
        if isinstance(triple.object, ox.NamedNode) and triple.object.value in _CHARACTERISTICS:
            leads[start].add(start)
        if triple.predicate.value == OWL + "propertyChainAxiom":
            for member in _members(ontology, triple.object):
                leads[member].add(start)
    for text in ontology.rules.values():
        body = _without_head(text)
        heads = {_local(one) for one in _NAME_IN_RULE.findall(text[: len(text) - len(body)])}
        for one in _NAME_IN_RULE.findall(body):
            leads[_local(one)] |= heads
    return leads


def _reached(names: set[str], leads: Mapping[str, set[str]]) -> set[str]:
    """All that may follow from what has these names."""
    found: set[str] = set()
    stack = [end for name in names for end in leads.get(name, ())]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += leads.get(name, ())
    return found


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
    raise OntologyError(_NO_END)


def _new_only(name: str, rule: str) -> str:
    """One of RULES, giving only what is not known: what is would be handed to Python for nothing, again and again."""
    if name not in RULES:
        return rule
    head = rule[rule.index("{") + 1 : rule.index("}")]
    return f"{rule.rstrip()[:-1]} FILTER NOT EXISTS {{{head}}} }}"


def _conclusions(store: Builder, name: str, rule: str) -> list[ox.Triple]:
    try:
        answer = store.query(_new_only(name, rule))
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
