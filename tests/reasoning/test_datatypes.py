"""Datatypes as conditions: the type of a literal is a look at its datatype and value."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from helpers.inferring import by_kg, by_owlrl, inferred, parsed, reasoning, rows_of, short, what_was_inferred
from helpers.ontologies import PREFIXES
from kg.mapping.skolemisation import skolemised
from kg.rdf.terms import RDF, RDFS, XSD
from kg.reasoning.datatypes import is_of
from kg.reasoning.inference import infer, update
from kg.store.builder import building

DATA = """:a o:code "abc" . :b o:code "abc"@en . :c o:code 5 . :d o:code 5.5 . :e o:code true . :f o:code "2026-01-31"^^xsd:date .
:g o:code :h . :i o:code "x", 7 . :j o:size 7 ; o:code "k" ."""


def owl(expression: str) -> str:
    return f"o:C0 owl:equivalentClass {expression} ."


def some(datatype: str, p: str = "o:code") -> str:
    return f"[ a owl:Restriction ; owl:onProperty {p} ; owl:someValuesFrom {datatype} ]"


@pytest.mark.parametrize(
    "axiom",
    [
        *(owl(some(datatype)) for datatype in ("xsd:string", "xsd:integer", "xsd:decimal", "xsd:boolean", "xsd:date", "xsd:dateTime")),
        owl(f"[ owl:intersectionOf ( {some('xsd:string')} {some('xsd:integer')} ) ]"),
        owl(f"[ owl:intersectionOf ( {some('xsd:string')} {some('xsd:integer', 'o:size')} ) ]"),
        owl(f"[ owl:unionOf ( {some('xsd:boolean')} {some('xsd:date')} ) ]"),
        owl(some("[ a rdfs:Datatype ; owl:oneOf ( 5 7 ) ]")),
        f"{some('xsd:string')} rdfs:subClassOf o:C1 . o:C1 rdfs:subClassOf [ owl:onProperty o:p1 ; owl:hasValue :z ] .",
        owl(f"[ owl:intersectionOf ( owl:Thing {some('xsd:string')} ) ] . :a a owl:Thing . :i a owl:Thing . :j a owl:Thing"),
        owl(some("[ owl:intersectionOf ( owl:Thing o:C3 ) ]")),
    ],
)  # fmt: skip
def test_the_closure_is_owlrls(axiom: str) -> None:
    text, data = PREFIXES + axiom, PREFIXES + DATA
    typed = (
        data.replace('"abc" ', '"abc"^^xsd:string ')
        .replace('"x",', '"x"^^xsd:string,')
        .replace('"k" ', '"k"^^xsd:string ')
    )
    ours = by_kg(list(dict.fromkeys([*skolemised(parsed(text), "x"), *parsed(data)])))
    assert ours == by_owlrl(text, typed)


@pytest.mark.parametrize(
    ("datatype", "things"),
    [
        ("xsd:string", "aij"),
        ("rdfs:Literal", "abcdefij"),
        ("rdf:PlainLiteral", "abij"),
        ("xsd:nonNegativeInteger", "ci"),
        ("xsd:decimal", "cdi"),
        ("xsd:byte", "ci"),
        ("xsd:negativeInteger", ""),
        ("xsd:token", "aij"),
        ("o:Code", ""),
    ],
)
def test_things_with_a_value_of_a_datatype_by_the_rules_alone(tmp_path: Path, datatype: str, things: str) -> None:
    text = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . o:Code a rdfs:Datatype . " + owl(
        some(datatype)
    )
    assert short(inferred(tmp_path, text, DATA)) == {f":{thing} a o:C0" for thing in things}


def test_an_edit_infers_only_its_consequences(tmp_path: Path) -> None:
    meaning = reasoning(PREFIXES + owl(some("xsd:string")))
    with building(tmp_path / "store", {}, "test") as store:
        store.load(
            [
                ("<urn:g>", rows_of(parsed(PREFIXES + ':a o:code "x" .'))),
                ("<urn:ontology>", rows_of(meaning.ontology.triples)),
            ]
        )
        assert infer(store, meaning).engine == "rules"
        store.counts()
        for text, wanted in ((":a o:code 5 .", set()), (':a o:code 5 , "y" .', {":a a o:C0"})):
            gone, come = store.replace({"<urn:g>": set(rows_of(parsed(PREFIXES + text)))}, {})
            assert update(store, meaning, gone, come) is None
            assert short(what_was_inferred(store)) == wanted


@pytest.mark.parametrize(
    ("literal", "datatype", "holds"),
    [
        (ox.Literal("5"), XSD + "string", True),
        (ox.Literal("5"), XSD + "integer", False),
        (ox.Literal("5", language="en"), XSD + "string", False),
        (ox.Literal("5", language="en"), RDF + "langString", True),
        (ox.Literal("5", language="en"), RDFS + "Literal", True),
        (ox.Literal(300), XSD + "byte", False),
        (ox.Literal(-1), XSD + "nonPositiveInteger", True),
        (ox.Literal(0), XSD + "positiveInteger", False),
        (ox.Literal("5.00", datatype=ox.NamedNode(XSD + "decimal")), XSD + "integer", True),
        (ox.Literal("5.01", datatype=ox.NamedNode(XSD + "decimal")), XSD + "integer", False),
        (ox.Literal("5", datatype=ox.NamedNode(XSD + "byte")), XSD + "decimal", True),
        (ox.Literal("5", datatype=ox.NamedNode(XSD + "double")), XSD + "decimal", False),
        (ox.Literal("NaN", datatype=ox.NamedNode(XSD + "integer")), XSD + "byte", False),
        (ox.Literal("9" * 5_000, datatype=ox.NamedNode(XSD + "integer")), XSD + "nonNegativeInteger", True),
        (ox.Literal("a  b"), XSD + "token", False),
        (ox.Literal("a b"), XSD + "token", True),
        (ox.Literal("a\tb"), XSD + "normalizedString", False),
        (ox.Literal("de-CH"), XSD + "language", True),
        (ox.Literal("1a"), XSD + "NCName", False),
        (ox.Literal("1a"), XSD + "NMTOKEN", True),
        (ox.Literal("a:b"), XSD + "Name", True),
        (ox.Literal(""), XSD + "Name", False),
        (ox.Literal("2026-01-31T09:30:00Z", datatype=ox.NamedNode(XSD + "dateTime")), XSD + "dateTimeStamp", True),
        (ox.Literal("2026-01-31T09:30:00", datatype=ox.NamedNode(XSD + "dateTime")), XSD + "dateTimeStamp", False),
        (ox.Literal("5", datatype=ox.NamedNode("https://e.example/Age")), "https://e.example/Age", True),
    ],
)  # fmt: skip
def test_the_value_spaces(literal: ox.Literal, datatype: str, holds: bool) -> None:
    assert is_of(literal, datatype) is holds
