"""The ontology: sound for OWL tools, in step with the code, and extended without touching it."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, SKOS, Namespace

import kg
from helpers.vaults import ROOT, Write, ingest

KG = Namespace("https://w3id.org/concept-notes#")
SCHEMA = Namespace("https://schema.org/")
GRAPH = rdflib.Graph().parse(ROOT / "ontology" / "kg.ttl")
KINDS = {OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.NamedIndividual}


def _declared() -> set[str]:
    return {str(s) for s in GRAPH.subjects(RDF.type) if str(s).startswith(KG)}


def test_it_has_a_header_with_a_version() -> None:
    (header,) = GRAPH.subjects(RDF.type, OWL.Ontology)
    assert GRAPH.value(header, OWL.versionIRI)
    assert str(GRAPH.value(header, OWL.versionInfo)) == kg.__version__
    assert not list(GRAPH.objects(header, OWL.imports))


def test_every_term_is_declared_once_and_as_one_kind() -> None:
    kinds = Counter(s for s, o in GRAPH.subject_objects(RDF.type) if o in KINDS)
    assert [term for term, number in kinds.items() if number > 1] == []
    used = {t for triple in GRAPH for t in triple[:2] if isinstance(t, rdflib.URIRef)}
    builtin = (str(OWL), str(RDF), str(RDFS), "https://w3id.org/concept-notes")
    undeclared = {u for u in used if u not in kinds and not str(u).startswith(builtin)}
    assert {u for u in undeclared if u != SKOS.altLabel} == set()


def test_every_term_of_ours_is_described() -> None:
    for term in map(rdflib.URIRef, _declared()):
        assert GRAPH.value(term, RDFS.label), term
        assert GRAPH.value(term, RDFS.comment), term
        if {OWL.ObjectProperty, OWL.DatatypeProperty} & set(GRAPH.objects(term, RDF.type)):
            assert GRAPH.value(term, SCHEMA.domainIncludes), term
            assert GRAPH.value(term, SCHEMA.rangeIncludes), term
            assert not GRAPH.value(term, RDFS.domain)
            assert not GRAPH.value(term, RDFS.range)


def test_every_term_of_the_domain_and_the_notes_is_aligned() -> None:
    ways = (RDFS.subClassOf, RDFS.subPropertyOf, SKOS.closeMatch, SKOS.relatedMatch)
    terms = {t for t in map(rdflib.URIRef, _declared()) if not set(GRAPH.objects(t, RDF.type)) & {OWL.NamedIndividual}}
    assert [t for t in sorted(terms) if not any(GRAPH.value(t, way) for way in ways)] == []


def test_the_code_states_no_term_that_is_not_declared_and_names_none_of_the_domain() -> None:
    structural = {str(s).removeprefix(KG) for s in GRAPH.subjects(KG.structural)} | {
        "status",
        "inferred",
        "ontology",
        "metrics",
    }
    named = set()
    for file in (ROOT / "src" / "kg").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        named |= set(re.findall(r'KG \+ "(\w+)"', text)) | set(re.findall(r"\{KG\}(\w+)", text))
        for group in re.findall(r"KG \+ name\) for name in \(([^)]*)\)", text):
            named |= set(re.findall(r'"(\w+)"', group))
    assert named - structural == set()
    unused = {"Canvas", "broaderTransitive", "sectionOf"}  # canvases come later; the others are inferred
    known = {name for name in structural if rdflib.URIRef(KG + name) in set(GRAPH.subjects(RDF.type))}
    assert known - named - unused == set()


def test_every_kg_term_in_the_store_is_declared(notes_store: kg.Store) -> None:
    terms = {t for line in notes_store.nquads() for t in re.findall(r"<(https://w3id\.org/concept-notes#[^>]*)>", line)}
    assert terms - _declared() == set()


RISKS = """
@prefix ex: <https://example.org/terms#> .
@prefix kg: <https://w3id.org/concept-notes#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
ex:Risk a owl:Class ; rdfs:label "Risk" ; skos:altLabel "Risks" .
ex:hasRisk a owl:ObjectProperty ; schema:domainIncludes kg:Concept ; schema:rangeIncludes ex:Risk .
"""


def test_a_class_of_the_users_own_is_read_from_notes(write: Callable[..., Path], tmp_path: Path) -> None:
    vault = write(
        {
            "ontology/risks.ttl": RISKS,
            "Plan.md": "# Risks\n- We run out of money\n- [[Rain]]\n\nSee #risk/late\n",
            "Rain.md": "---\ntype: Risk\n---\n",
            "Flood.md": "A #risk that is rare.\n",
            "Storm.md": "# Risk\nTiles fall from the roof.\n",
        }
    )
    store = ingest(vault, tmp_path / "store").store
    rows = kg.query(store, "PREFIX ex: <https://example.org/terms#> SELECT ?r { ?r a ex:Risk } ORDER BY ?r").rows
    assert [row["r"].removeprefix("https://notes.example/") for row in rows] == [
        "Flood",
        "Plan#Risks/We%20run%20out%20of%20money",
        "Rain",
        "Storm#Risk",
    ]
    tied = "PREFIX ex: <https://example.org/terms#> ASK { n:Plan ex:hasRisk n:Rain . n:Storm ex:hasRisk ?section }"
    assert kg.query(store, tied).boolean


@pytest.mark.slow
def test_both_engines_give_the_same_closure(tmp_path: Path) -> None:
    import pyoxigraph as ox

    from kg.mapping.ontology import load_ontology
    from kg.reasoning.inference import Reasoning, infer
    from kg.store.builder import building

    vault = kg.Vault(ROOT / "notes")
    asserted = ingest(ROOT / "notes", tmp_path / "a", inference=False).store
    reasoning = Reasoning(load_ontology(vault.config))
    rows = [
        (str(q.subject), str(q.predicate), str(q.object)) for q in asserted.quads() if q.graph_name == ox.DefaultGraph()
    ]
    found = []
    for engine in ("rules", "owlrl"):
        with building(tmp_path / engine, asserted.prefixes, "test") as store:
            store.load([("<urn:g>", rows)])
            assert infer(store, reasoning, engine).triples
            found.append({str(t) for t in store.triples()})
    assert found[0] == found[1]


def test_headings_over_lists_that_name_no_class_are_one_finding_with_the_turtle_to_add(
    write: Write, tmp_path: Path
) -> None:
    notes = {
        "A.md": "# A\n- the title\n## Metrics\n- x\n## “Risk” factors\n- z\n## Metrics:\n- y\n",
        "B.md": "# metrics\n1. q\n## Tasks\n- [ ] w\n## Example\n- e\n## Outcomes\n- o\n## Fields\n- key:: value\n",
        "C.md": "## Metrics\n- [[A]]\n## Prose\nx\n",
    }
    vault = write(notes)
    (found,) = (f for f in ingest(vault, tmp_path / "store").findings if f.code == "O06")
    assert str(found) == (
        "A.md:3:1: info: headings over lists name no class, so their items are no things: “Metrics” (3 notes), "
        "““Risk” factors” (1 note) [O06]"
    )
    (vault / "ontology").mkdir()
    turtle = found.remedy.removeprefix("Declare a class in ontology/own.ttl: ")
    (vault / "ontology" / "own.ttl").write_text(turtle, encoding="utf-8")
    report = ingest(vault, tmp_path / "store")
    assert [f.message.partition(": ")[2] for f in report.findings if f.code == "O06"] == ["““Risk” factors” (1 note)"]
    things = kg.query(report.store, "SELECT ?s { ?s a <https://notes.example/ontology/own.ttl#Metrics> }")
    assert len([*things]) == 4
