"""The check of ranges (S10) equals the SHACL shapes that say the same, and its time is proportional to the ontology."""

import time
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.commanding import run
from helpers.vaults import Write
from kg.core.limits import Limits
from kg.mapping.ontology import Ontology, load
from kg.rdf.terms import SH
from kg.validation.conformance import Conformance
from kg.validation.data_graph import DataGraph
from kg.validation.pyshacl_runner import Violation
from kg.validation.ranges import RangeCheck
from kg.validation.shapes import Shapes

EX = "https://ex.example/"
HEAD = (
    "@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix sh: <http://www.w3.org/ns/shacl#> . "
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix schema: <https://schema.org/> . @prefix kg: <https://w3id.org/concept-notes#> .\n"
)
ONTOLOGY = f"""{HEAD} ex:A a owl:Class . ex:B a owl:Class ; rdfs:subClassOf ex:A . ex:C a owl:Class ; rdfs:subClassOf ex:B , ex:D .
    ex:D a owl:Class . ex:E a owl:Class ; owl:equivalentClass ex:D . ex:K a owl:Class ; kg:structural true . ex:Z a owl:Class .
    ex:p a owl:ObjectProperty ; schema:rangeIncludes ex:B . ex:q a owl:ObjectProperty ; rdfs:range ex:D , ex:A .
    ex:r a owl:ObjectProperty ; schema:rangeIncludes ex:Unknown . ex:d a owl:DatatypeProperty ; rdfs:range ex:A ."""


def of_ranges(ontology: Ontology) -> Iterator[ox.Triple]:
    """The shapes that the check replaces."""
    domain = sorted(c for c in ontology.classes if not ontology.is_structural(c))
    for prop in ontology.properties.values():
        ranges = sorted(prop.ranges & ontology.classes)
        related = {up for class_ in ranges for up in ontology.superclasses(class_)}
        unrelated = [c for c in domain if c not in related and not ontology.superclasses(c) & set(ranges)]
        if prop.kind == "object" and ranges and unrelated:
            allowed, excluded = (" ".join(f"[ sh:class <{c}> ]" for c in row) for row in (ranges, unrelated))
            text = f"""{HEAD} <{prop.iri}-shape> a sh:NodeShape ; sh:targetSubjectsOf <{prop.iri}> ; sh:property [ sh:path <{prop.iri}> ;
                sh:severity sh:Warning ; sh:or ( {allowed} [ sh:not [ sh:or ( {excluded} ) ] ] ) ] ."""
            yield from (quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True))


def row(result: Violation) -> tuple[str, ...]:
    return tuple(map(str, (result.focus, result.path, result.value, result.component, result.severity)))


@pytest.fixture(scope="module")
def ontology(tmp_path_factory: pytest.TempPathFactory) -> Ontology:
    folder = tmp_path_factory.mktemp("ontology")
    (folder / "o.ttl").write_text(ONTOLOGY)
    return load([folder], {})


THINGS = st.sampled_from([ox.NamedNode(f"urn:thing:{name}") for name in "abcde"])
TYPES = st.sampled_from([ox.NamedNode(EX + name) for name in "ABCDEKZU"])
PROPERTIES = st.sampled_from([ox.NamedNode(EX + name) for name in "pqrd"])
A = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


@given(
    st.lists(st.tuples(THINGS, TYPES), max_size=8),
    st.lists(st.tuples(THINGS, PROPERTIES, THINGS | st.just(ox.Literal("text"))), min_size=1, max_size=8),
)
def test_the_check_equals_the_shapes(ontology: Ontology, types: list[tuple[ox.NamedNode, ox.NamedNode]], links: list[tuple[ox.NamedNode, ox.NamedNode, ox.NamedNode | ox.Literal]]) -> None:  # fmt: skip
    from kg.validation import conformance, pyshacl_runner

    store = ox.Store()
    store.extend(ox.Quad(thing, A, type_) for thing, type_ in types)
    store.extend(ox.Quad(*link) for link in links)
    store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in ontology.triples)
    find, work = DataGraph(store.quads_for_pattern), pyshacl_runner.engine()

    def here(jobs, **limits: float):  # type: ignore[no-untyped-def]
        rows = [(*(ox.serialize(list(one), format=ox.RdfFormat.N_TRIPLES) for one in job[:2]), job[2]) for job in jobs]
        return [[Violation.parsed(found) for found in work(*row)] for row in rows]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conformance, "run", here)
        alone = Conformance(Shapes.parsed(of_ranges(ontology)), find, Limits(60, 2**33)).check().all
    assert sorted(map(row, RangeCheck(ontology, Shapes(()), find).results())) == sorted(map(row, alone))


def test_a_property_may_be_left_out(ontology: Ontology) -> None:
    store = ox.Store()
    for thing, predicate, value in (("a", EX + "p", "b"), ("a", EX + "q", "b")):
        store.add(ox.Quad(ox.NamedNode(f"urn:{thing}"), ox.NamedNode(predicate), ox.NamedNode(f"urn:{value}")))
    store.add(ox.Quad(ox.NamedNode("urn:b"), A, ox.NamedNode(EX + "Z")))
    find = DataGraph(store.quads_for_pattern)
    (p, q) = sorted(RangeCheck(ontology, Shapes(()), find).results(), key=row)
    owner = ox.NamedNode(str(p.shape)[1:-1].removesuffix("-value"))
    for shape in (p.shape, owner):
        off = Shapes((ox.Triple(shape, ox.NamedNode(SH + "deactivated"), ox.Literal(True)),))  # type: ignore[arg-type]
        assert list(RangeCheck(ontology, off, find).results()) == [q]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "ex:K{n} a owl:Class .",
        "ex:K{n} a owl:Class . ex:p{n} a owl:ObjectProperty ; schema:rangeIncludes ex:K{n} .",
        "ex:K{n} a owl:Class ; rdfs:subClassOf ex:K0 . ex:p a owl:ObjectProperty ; schema:rangeIncludes ex:K{n} .",
    ],
)
def test_many_classes(write: Write, line: str) -> None:
    vault = write({
        "A.md": "---\np: '[[B]]'\np1: '[[B]]'\n---\n", "B.md": "---\ntype: Concept\n---\n",
        "ontology/t.ttl": HEAD + "\n".join(line.format(n=n) for n in range(900)),
    })  # fmt: skip
    run("ingest", "-q", vault)
    began = time.monotonic()
    done = run("validate", "--only", "shapes", vault)
    assert time.monotonic() - began < 15, done  # 1 s of CPU; with a shape per property and class, 60 s and more
    assert ("[S10]" in done.stdout) == ("rangeIncludes" in line)


def test_the_rules_of_a_long_list_are_made_in_time() -> None:
    members = " ".join(f"[ sh:class ex:K{n} ]" for n in range(2_000))
    text = f"{HEAD} ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:p ; sh:or ( {members} ) ] ."
    shapes = Shapes.parsed(quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE))
    began = time.process_time()
    assert all(str(shapes.owner(shape)) == f"<{EX}S>" for shape in shapes.all)
    assert time.process_time() - began < 2
