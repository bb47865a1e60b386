"""Ontologies and facts by chance: a seed gives the same Turtle everywhere. All constructs of OWL 2 RL that kg has rules for."""

import random
from collections.abc import Callable
from functools import partial

import pyoxigraph as ox

PREFIXES = (
    "@prefix : <https://data.example/> .\n@prefix o: <https://onto.example/> .\n"
    "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
)
CLASSES = [f"o:C{n}" for n in range(8)]
PROPERTIES = [f"o:p{n}" for n in range(7)]
VALUES = ["o:code", "o:size"]
THINGS = [f":t{n}" for n in range(14)]


class Chance:
    """An ontology and facts, as far as they are made."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []

    def some(self, of: list[str], least: int = 1, most: int = 3) -> list[str]:
        return self.random.sample(of, self.random.randint(least, most))

    def expression(self, depth: int = 0) -> str:
        """A class, or a class expression."""
        one = self.random.choice(CLASSES)
        p = self.random.choice(PROPERTIES)
        inner = one if depth > 1 or self.random.random() < 0.6 else self.expression(depth + 1)
        return self.random.choice([
            one,
            f"[ a owl:Restriction ; owl:onProperty {p} ; owl:someValuesFrom {inner} ]",
            f"[ a owl:Restriction ; owl:onProperty {p} ; owl:someValuesFrom owl:Thing ]",
            f"[ a owl:Restriction ; owl:onProperty {p} ; owl:allValuesFrom {inner} ]",
            f"[ a owl:Restriction ; owl:onProperty {p} ; owl:hasValue {self.random.choice(THINGS)} ]",
            f"[ a owl:Restriction ; owl:onProperty o:code ; owl:hasValue \"c{self.random.randint(0, 3)}\" ]",
            f"[ a owl:Class ; owl:intersectionOf ( {one} {inner} ) ]",
            f"[ a owl:Class ; owl:unionOf ( {one} {inner} ) ]",
            f"[ a owl:Class ; owl:oneOf ( {' '.join(self.some(THINGS))} ) ]",
        ])  # fmt: skip

    def _two_classes(self, axiom: str) -> str:
        return f"{self.random.choice(CLASSES)} {axiom} {self.expression()}"

    def _two_properties(self, axiom: str) -> str:
        one, other = self.random.sample(PROPERTIES, 2)
        return f"{one} {axiom} {other}"


def _axioms(c: Chance) -> dict[str, Callable[[], str]]:
    prop, class_ = partial(c.random.choice, PROPERTIES), partial(c.random.choice, CLASSES)
    return {
        "subClassOf": lambda: f"{c.expression()} rdfs:subClassOf {c.expression()}",
        "equivalentClass": lambda: f"{class_()} owl:equivalentClass {c.expression()}",
        "subPropertyOf": lambda: c._two_properties("rdfs:subPropertyOf"),
        "equivalentProperty": lambda: c._two_properties("owl:equivalentProperty"),
        "inverseOf": lambda: c._two_properties("owl:inverseOf"),
        "inverse expression": lambda: f"[ owl:inverseOf {prop()} ] rdfs:subPropertyOf {prop()}",
        "domain": lambda: f"{prop()} rdfs:domain {c.expression()}",
        "range": lambda: f"{prop()} rdfs:range {c.expression()}",
        "symmetric": lambda: f"{prop()} a owl:SymmetricProperty",
        "transitive": lambda: f"{prop()} a owl:TransitiveProperty",
        "functional": lambda: "o:p0 a owl:FunctionalProperty",
        "inverse functional": lambda: "o:p1 a owl:InverseFunctionalProperty",
        "inverse functional value": lambda: "o:code a owl:InverseFunctionalProperty",
        "chain": lambda: (
            f"{prop()} owl:propertyChainAxiom ( {' '.join(c.random.choices(PROPERTIES, k=c.random.randint(1, 5)))} )"
        ),
        # owlrl leaves the last key of a list out of account: here that is always one that it has seen.
        "key": lambda: f"{class_()} owl:hasKey ( o:code o:size o:size )",
        "object key": lambda: f"{class_()} owl:hasKey ( {prop()} o:code o:code )",
        "maxCardinality": lambda: (
            f'{class_()} rdfs:subClassOf [ owl:onProperty o:p2 ; owl:maxCardinality "1"^^xsd:nonNegativeInteger ]'
        ),
        "maxQualifiedCardinality": lambda: (
            f"{class_()} rdfs:subClassOf [ owl:onProperty o:p3 ; owl:onClass {class_()} ; "
            'owl:maxQualifiedCardinality "1"^^xsd:nonNegativeInteger ]'
        ),
        "disjointWith": lambda: c._two_classes("owl:disjointWith"),
        "propertyDisjointWith": lambda: c._two_properties("owl:propertyDisjointWith"),
        "AllDisjointClasses": lambda: (
            f"[] a owl:AllDisjointClasses ; owl:members ( {' '.join(c.some(CLASSES, 3, 3))} )"
        ),
        "differentFrom": lambda: "{} owl:differentFrom {}".format(*c.random.sample(THINGS, 2)),
        "sameAs": lambda: "{} owl:sameAs {}".format(*c.random.sample(THINGS, 2)),
        "assertion": lambda: f"{c.random.choice(THINGS)} a {c.expression()}",
    }


CONSTRUCTS = tuple(_axioms(Chance(0)))


def ontology(seed: int) -> str:
    """The axioms of a seed: of each construct about every third seed has one or two; every one comes up in turn."""
    chance = Chance(seed)
    axioms = _axioms(chance)
    chosen = [name for name in axioms if chance.random.random() < 0.3]
    chosen += [CONSTRUCTS[seed % len(CONSTRUCTS)], "subClassOf", "equivalentClass"]
    lines = [f"{class_} a owl:Class ." for class_ in CLASSES if chance.random.random() < 0.7]
    lines += [f"{p} a owl:ObjectProperty ." for p in PROPERTIES if chance.random.random() < 0.7]
    lines += [f"{p} a owl:DatatypeProperty ." for p in VALUES]
    lines += [f"{axioms[name]()} ." for name in chosen]
    return PREFIXES + "\n".join(lines) + "\n"


def facts(seed: int, size: int = 22) -> str:
    """Facts about things in those terms. `o:code` and `o:size` have one value a thing."""
    chance = Chance(seed + 1000)
    rows = [f"{chance.random.choice(THINGS)} a {chance.random.choice(CLASSES)} ." for _ in range(size // 2)]
    for _ in range(size):
        start, end = chance.random.sample(THINGS, 2)
        rows.append(f"{start} {chance.random.choice(PROPERTIES)} {end} .")
    number = chance.random.randint
    rows += [f'{thing} o:code "c{number(0, 9)}" ; o:size {number(1, 2)} .' for thing in THINGS]
    return PREFIXES + "\n".join(rows) + "\n"


def constructed(store: ox.Store, query: str, prefixes: dict[str, str] | None = None) -> set[str]:
    """The triples of a CONSTRUCT as text. Its iterator ends here, as no other thread may drop it."""
    triples = store.query(query, prefixes=prefixes)
    assert isinstance(triples, ox.QueryTriples)
    return {str(triple) for triple in triples}
