"""Closures to compare: of kg's rules, of owlrl, and in a store."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import owlrl
import pyoxigraph as ox
import rdflib

from helpers.ontologies import PREFIXES
from kg.mapping.ontology import Ontology
from kg.mapping.skolemisation import skolemised
from kg.rdf.terms import INFERRED
from kg.rdf.vocabulary import SAME_AS, THING
from kg.reasoning.closure import Closure
from kg.reasoning.conditions import accepts
from kg.reasoning.inference import Reasoning, infer
from kg.reasoning.owl_rl import is_axiom, profile
from kg.reasoning.rules import Numbering
from kg.reasoning.unfolding import is_nameless
from kg.store.builder import Builder, building

DATA = "https://data.example/"
GRAPHS = [f"<{DATA}graph{n}>" for n in range(4)]


def parsed(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True)]


def about_things(triples: Iterable[ox.Triple], start: str = DATA) -> set[str]:
    """What is said of things, less what both say of every thing, of nameless classes, and of literals being one."""
    return {
        str(t) for t in triples
        if isinstance(t.subject, ox.NamedNode) and t.subject.value.startswith(start)
        and not is_axiom(t) and not is_nameless(t.object) and t.object != THING
        and not (t.predicate == SAME_AS and (t.subject == t.object or isinstance(t.object, ox.Literal)))
    }  # fmt: skip


class Expressions:
    """Answers the conditions of rules, which need no triples."""

    def answers(self, query: str) -> bool:
        return any(True for _ in ox.Store().query(query))  # type: ignore[union-attr]


def by_kg(triples: list[ox.Triple]) -> set[str]:
    properties = {t.predicate for t in triples}
    axioms = [t for t in triples if is_axiom(t) or (t.predicate == SAME_AS and {t.subject, t.object} & properties)]
    found = profile(axioms)
    assert not found.beyond
    number = Numbering()
    closure = Closure(found.rules, number, accepts(Expressions(), number))
    if any(t.predicate == SAME_AS for t in triples):
        closure.expect_equality()
    closure.run(map(number.fact, triples))
    return about_things([*triples, *map(number.triple, closure.new)])


def by_owlrl(*texts: str) -> set[str]:
    graph = rdflib.Graph()
    for text in texts:
        graph.parse(data=text, format="turtle")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    named = rdflib.Graph()
    for triple in graph:
        if (
            isinstance(triple[0], rdflib.URIRef)
            and str(triple[0]).startswith(DATA)
            and not isinstance(triple[2], rdflib.BNode)
        ):
            named.add(triple)
    return about_things(quad.triple for quad in ox.parse(named.serialize(format="nt"), ox.RdfFormat.N_TRIPLES))


def closed(text: str, data: str) -> set[str]:
    triples = list(dict.fromkeys([*skolemised(parsed(PREFIXES + text), "x"), *parsed(PREFIXES + data)]))
    return by_kg(triples) - about_things(triples)


def short(rows: set[str]) -> set[str]:
    return {row.replace("https://data.example/", ":").replace("https://onto.example/", "o:").replace("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "a")
            .replace("http://www.w3.org/2002/07/owl#", "owl:").replace("<", "").replace(">", "") for row in rows}  # fmt: skip


def reasoning(text: str, rules: dict[str, str] | None = None) -> Reasoning:
    triples = tuple(skolemised(parsed(text), "x"))
    return Reasoning(Ontology(triples, rules or {}, "", {}))


def rows_of(triples: Iterable[ox.Triple]) -> list[tuple[str, str, str]]:
    return [(str(t.subject), str(t.predicate), str(t.object)) for t in triples]


@contextmanager
def built(folder: Path, meaning: Reasoning, graphs: dict[str, list[ox.Triple]]) -> Iterator[Builder]:
    with building(folder, {}, "test") as store:
        named = [(graph, rows_of(triples)) for graph, triples in graphs.items()]
        store.load([*named, ("<urn:ontology>", rows_of(meaning.ontology.triples))])
        infer(store, meaning)
        store.counts()
        yield store


def what_was_inferred(store: Builder) -> set[str]:
    """What the store has as inferred: nothing that is asserted, and all of it also in the default graph."""
    quads = set(store._db.quads_for_pattern(None, None, None, None))
    name, default = ox.NamedNode(INFERRED[1:-1]), ox.DefaultGraph()
    inferred = {quad.triple for quad in quads if quad.graph_name == name}
    asserted = {quad.triple for quad in quads if quad.graph_name not in {name, default}}
    assert not inferred & asserted
    assert inferred | asserted == {quad.triple for quad in quads if quad.graph_name == default}
    counts = store.counts()
    assert (counts[""], counts[INFERRED]) == (len(inferred | asserted), len(inferred))
    return set(map(str, inferred))


def inferred(folder: Path, text: str, data: str, rules: dict[str, str] | None = None) -> set[str]:
    with built(folder / "store", reasoning(PREFIXES + text, rules), {GRAPHS[0]: parsed(PREFIXES + data)}) as store:
        return what_was_inferred(store)
