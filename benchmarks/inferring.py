"""Inference beside owlrl, both from the same triples in memory: the same closure, CPU seconds, median of several runs.

    python benchmarks/inferring.py            10,000 and 100,000 triples beside owlrl; a million; a chain of 2,000
    python benchmarks/inferring.py --quick    10,000 only

owlrl takes minutes for 100,000 triples, and runs once. What an edit costs is in benchmarks/ingest.py.
"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.reasoning.closure import Closure
from kg.reasoning.owl_rl import SAME_AS, THING, profile
from kg.reasoning.rules import Numbering
from kg.reasoning.unfolding import is_nameless

ONTOLOGY = """
@prefix o: <https://onto.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
o:Person a owl:Class . o:Author rdfs:subClassOf o:Person . o:Person rdfs:subClassOf o:Agent . o:Book rdfs:subClassOf o:Work .
o:Writer owl:equivalentClass o:Author . o:Agent a owl:Class . o:Work a owl:Class .
o:wrote a owl:ObjectProperty ; owl:inverseOf o:writtenBy ; rdfs:subPropertyOf o:made ; rdfs:domain o:Author ; rdfs:range o:Work .
o:knows a owl:SymmetricProperty ; rdfs:domain o:Person .
o:partOf a owl:TransitiveProperty ; owl:equivalentProperty o:within .
o:colleague owl:propertyChainAxiom ( o:employs o:employedBy ) . o:employs owl:inverseOf o:worksFor .
o:uncle owl:propertyChainAxiom ( o:parent o:brother ) .
o:Active owl:equivalentClass [ owl:onProperty o:status ; owl:hasValue o:active ] .
o:Reviewed owl:equivalentClass [ owl:onProperty o:reviewedBy ; owl:someValuesFrom o:Author ] .
o:Classic owl:equivalentClass [ owl:intersectionOf ( o:Book o:Reviewed ) ] .
"""
D = "https://data.example/"
ONTO = "https://onto.example/"


def facts(size: int) -> list[ox.Triple]:
    """About so many triples, of each kind in the same proportion; hierarchies are of logarithmic depth."""
    chance = random.Random(7)
    things = size // 5
    node = lambda n: ox.NamedNode(f"{D}t{n}")  # noqa: E731
    term = lambda name: ox.NamedNode(ONTO + name)  # noqa: E731
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    found: dict[ox.Triple, None] = {}
    for n in range(things):
        found[ox.Triple(node(n), rdf_type, term(chance.choice(["Author", "Book", "Person", "Work", "Writer"])))] = None
        found[ox.Triple(node(n), term("partOf"), node(n // 3))] = None
        p = chance.choice(["wrote", "knows", "reviewedBy", "parent", "brother", "made"])
        found[ox.Triple(node(n), term(p), node(chance.randrange(things)))] = None
        found[ox.Triple(node(n), term("title"), ox.Literal(f"Thing {n}"))] = None
        if chance.random() < 0.3:
            found[ox.Triple(node(n), term("status"), term("active"))] = None
        else:
            found[ox.Triple(node(n), term("linksTo"), node(chance.randrange(things)))] = None
    return list(found)


def axioms(text: str = ONTOLOGY) -> list[ox.Triple]:
    from kg.mapping.skolemisation import skolemised

    return skolemised([quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True)], "bench")


def by_rules(triples: list[ox.Triple]) -> set[str]:
    number = Numbering()
    closure = Closure(profile(axioms()).rules, number)
    closure.run(map(number.fact, triples))
    return {str(number.triple(fact)) for fact in closure.new}


def by_owlrl(triples: list[ox.Triple]) -> Any:
    import owlrl
    import rdflib

    graph = rdflib.Graph()
    graph.parse(data=ox.serialize([*triples, *axioms()], format=ox.RdfFormat.N_TRIPLES), format="nt")
    before = set(graph)
    start = time.process_time()
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    seconds = time.process_time() - start
    rows = rdflib.Graph()
    for triple in graph:
        if triple not in before and str(triple[0]).startswith(D):
            rows.add(triple)
    found = {quad.triple for quad in ox.parse(rows.serialize(format="nt"), ox.RdfFormat.N_TRIPLES)}
    return seconds, {
        str(t) for t in found if not (t.predicate == SAME_AS or t.object == THING or is_nameless(t.object))
    }


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """CPU seconds, the median of several runs, and what the last one gave."""
    seconds, answer = [], None
    for _ in range(runs):
        start = time.process_time()
        answer = work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), answer


def compared(size: int) -> Iterator[str]:
    triples = facts(size)
    ours, found = timed(lambda: by_rules(triples))
    theirs, closure = by_owlrl(triples)
    yield f"{len(triples):>9,} triples  kg {ours:7.2f} s  owlrl {theirs:7.1f} s  {theirs / ours:5.0f} x"
    yield f"{'':>9}          {len(found):,} inferred by kg, {len(closure):,} by owlrl, {len(found ^ closure):,} differ"


def stored(triples: list[ox.Triple]) -> None:
    """Infer in a store on disk: all that `kg infer` does but reading the ontology and publishing."""
    from kg.mapping.ontology import Ontology
    from kg.reasoning.inference import Reasoning, infer
    from kg.store.builder import building

    known = (*axioms(), *axioms(WITHIN))
    with tempfile.TemporaryDirectory() as folder, building(Path(folder), {}, "bench") as store:
        rows = ((str(t.subject), str(t.predicate), str(t.object)) for t in (*triples, *known))
        store.load([("<urn:graph>", rows)])
        size = len(triples)
        triples.clear()
        start, before = time.perf_counter(), memory()
        done = infer(store, Reasoning(Ontology(known, {}, "", {})))
        seconds = time.perf_counter() - start
        print(
            f"{size:>9,} triples  kg {seconds:7.2f} s  {done.triples:,} inferred in a store; {before:.2f} GB before, {memory():.2f} at most",
            flush=True,
        )


def memory() -> float:
    """The most memory that this process has had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def chain(length: int) -> list[ox.Triple]:
    """One thing within another, in no order."""
    node = lambda n: ox.NamedNode(f"{D}n{n}")  # noqa: E731
    rows = [ox.Triple(node(n), ox.NamedNode(ONTO + "near"), node(n + 1)) for n in range(length)]
    random.Random(3).shuffle(rows)
    return rows


WITHIN = "@prefix o: <https://onto.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . o:near a owl:TransitiveProperty ."


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="only 10,000 triples beside owlrl")
    parser.add_argument("--stored", choices=["facts", "chain"], help="only that, in a store")
    asked = parser.parse_args()
    if asked.stored:
        stored(facts(1_000_000) if asked.stored == "facts" else chain(2_000))
        return
    for size in (10_000,) if asked.quick else (10_000, 100_000):
        print(*compared(size), sep="\n", flush=True)
    for what in () if asked.quick else ("facts", "chain"):
        # In a process of its own, so that its memory is its own.
        subprocess.run([sys.executable, __file__, "--stored", what], check=True)


if __name__ == "__main__":
    sys.exit(main())
