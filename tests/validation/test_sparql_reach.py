"""The properties that a SPARQL constraint names, with the prefixes of its own file, and what pySHACL sees of a vault."""

import re

import pyoxigraph as ox
import pytest

from kg.core.limits import Limits
from kg.validation.conformance import Conformance
from kg.validation.data_graph import DataGraph
from kg.validation.shapes import Shapes
from kg.validation.sparql_reach import properties_of

EX = {"ex": "https://ex.example/"}
NAMED = {
    "$this ex:size ?v FILTER(?v > 3)": "size",
    "$this ex:p/ex:q* ?v . OPTIONAL { ?v ^ex:r ?w } MINUS { ?v ex:m 1 }": "p q r m",
    "$this ex:p ?v FILTER NOT EXISTS { ?v ex:x [ ex:y 1 ] }": "p x y",
    "{ $this ex:a 1 } UNION { SELECT $this { $this (ex:b|ex:c)+ ?v } GROUP BY $this HAVING (EXISTS { $this ex:d?/ex:e 1 }) }": "a b c d e",
    "$this $PATH/ex:sub* ?v": "sub",
    "FILTER EXISTS { $this $PATH ?v }": "",
    "$this ex:p ?a . ?a ex:q* ?b": "p q",
    "BIND(1 AS ?value)": "",
}
ANY = (
    "$this ?p ?v",
    "$this !ex:p ?v",
    "?a ex:p* ?b",
    "FILTER EXISTS { $this !(ex:p|^ex:q) ?v }",
    "FILTER EXISTS { GRAPH ?g { $this ex:p ?v } }",
    "$this other:p ?v",
    "$this ex:p",
)


@pytest.mark.parametrize(("pattern", "names"), NAMED.items())
def test_the_properties_that_a_text_names(pattern: str, names: str) -> None:
    assert properties_of([(f"SELECT $this {{ {pattern} }}", EX)]) == {f"{EX['ex']}{name}" for name in names.split()}


@pytest.mark.parametrize("pattern", ANY)
def test_texts_that_may_use_any_property(pattern: str) -> None:
    assert properties_of([(f"SELECT $this {{ {pattern} }}", EX)]) is None


HEAD = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix owl: <http://www.w3.org/2002/07/owl#> . "
FILE = (
    HEAD
    + """<urn:o{n}> a owl:Ontology ; sh:declare [ sh:prefix "x" ; sh:namespace "urn:x{n}:" ] .
    <urn:s{n}> a sh:NodeShape ; sh:targetClass <urn:T> ; sh:sparql [ sh:prefixes <urn:o{n}> ; sh:select "SELECT $this ?value {{ $this x:size ?value }}" ] ."""
)


def triples(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True)]


def test_each_text_has_the_prefixes_of_its_own_file() -> None:
    shapes = Shapes.parsed(triples(FILE.format(n=1)) + triples(FILE.format(n=2)))
    assert {prop.value for prop in shapes.wide.properties} == {"urn:x1:size", "urn:x2:size"}
    assert not shapes.wide.everything


def test_imported_ontologies_declare_prefixes_too() -> None:
    text = FILE.format(n=1).replace("sh:prefixes <urn:o1>", "sh:prefixes <urn:main>")
    shapes = Shapes.parsed(triples(f"{text} <urn:main> a owl:Ontology ; owl:imports <urn:o1> ."))
    assert {prop.value for prop in shapes.wide.properties} == {"urn:x1:size"}


def test_only_the_named_properties_are_read_and_results_stay() -> None:
    store = ox.Store()
    store.load(
        b"<urn:a> a <urn:T> ; <urn:x1:size> 1 ; <urn:x2:size> 2 ; <urn:other> 3 . <urn:b> <urn:other> 4 .",
        ox.RdfFormat.TURTLE,
    )
    shapes = Shapes.parsed(triples(FILE.format(n=1)) + triples(FILE.format(n=2)))
    state = Conformance(shapes, DataGraph(store.quads_for_pattern), Limits(60, 2**33)).check()
    assert [str(result.value)[1] for result in state.all] == ["1", "2"]
    assert {re.split("[<>]", line)[3] for line in state.seen} == {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "urn:x1:size", "urn:x2:size",
    }  # fmt: skip
