"""Ill-formed shapes are findings at their place, and the other shapes are checked all the same.

`⟦CODE⟧` is directly before the place of a finding. A line is a shape; its comment is the message.
"""

import re

import pyoxigraph as ox
import pytest

from helpers.commanding import run
from helpers.vaults import Write
from kg.validation.shape_faults import usable
from kg.validation.shape_syntax import Syntax
from kg.validation.shape_texts import ShapeTexts
from kg.validation.shapes import Shapes
from kg.validation.validator import validate

HEAD = """@prefix ex: <https://ex.example/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
ex:Risk a owl:Class .
ex:First a sh:NodeShape ; sh:targetClass ex:Risk ; sh:property [ sh:path ex:first ; sh:minCount 1 ] .
"""
LAST = "ex:Last a sh:NodeShape ; sh:targetClass ex:Risk ; sh:property [ sh:path ex:last ; sh:minCount 1 ] .\n"

SHAPES = """
sh:property [ sh:path ex:p , ⟦O10⟧ex:q ; sh:minCount 1 ] # a property shape has one sh:path, not 2
sh:property [ sh:path ⟦O10⟧"p" ; sh:minCount 1 ] # sh:path must be a property or a path, not “p”
sh:property [ sh:path ⟦O10⟧[ sh:alternativePath ex:p ] ] # sh:alternativePath must be a list, not ex:p
sh:property [ sh:path ⟦O10⟧[ sh:inversePath ex:p ; sh:oneOrMorePath ex:q ] ] # sh:path must be a property, a list, or one of
sh:property [ sh:path ⟦O10⟧( ex:p ) ] # the list of sh:path needs two members or more
sh:property [ sh:path ⟦O10⟧( ex:p [ sh:zeroOrMorePath 1 ] ) ] # sh:path must be a property or a path, not “1”
sh:property [ sh:path ⟦O10⟧[] ] # sh:path must be a property, a list, or one of
sh:property [ sh:path ex:p ; sh:minCount ⟦O10⟧"2" ] # sh:minCount must be an integer of 0 or more, not “2”
sh:property [ sh:path ex:p ; sh:maxCount ⟦O10⟧-1 ] # sh:maxCount must be an integer of 0 or more, not “-1”
sh:property [ sh:path ex:p ; sh:maxCount ⟦O10⟧1.5 ] # sh:maxCount must be an integer of 0 or more, not “1.5”
sh:property [ sh:path ex:p ; sh:minCount ⟦O10⟧ex:one ] # sh:minCount must be an integer of 0 or more, not ex:one
sh:property [ sh:path ex:p ; sh:minCount 1 , ⟦O10⟧2 ] # a shape has one sh:minCount, not 2
sh:property [ sh:path ex:p ; sh:minLength ⟦O10⟧"long" ] # sh:minLength must be an integer of 0 or more, not “long”
sh:property [ sh:path ex:p ; sh:pattern ⟦O10⟧"a(" ] # sh:pattern must be a regular expression: missing )
sh:property [ sh:path ex:p ; sh:pattern ⟦O10⟧5 ] # sh:pattern must be a text, not “5”
sh:property [ sh:path ex:p ; sh:pattern "a" ; sh:flags ⟦O10⟧"ik" ] # sh:flags must be letters of “dimsx”, not “ik”
sh:property [ sh:path ex:p ; sh:flags ⟦O11⟧"i" ] # sh:flags has no meaning without sh:pattern
sh:property [ sh:path ex:p ; sh:in ⟦O10⟧ex:x ] # sh:in must be a list, not ex:x
sh:property [ sh:path ex:p ; sh:in ⟦O10⟧[ rdf:first 1 ; rdf:rest ex:x ] ] # sh:in must be a list, and this list has no end
sh:or ⟦O10⟧_:l . _:l rdf:first ex:First ; rdf:rest _:l # sh:or must be a list, and this list is circular
sh:and ⟦O10⟧() # sh:and must be a list with a member
sh:xone ⟦O10⟧( "x" ) # sh:xone must be a list of which each member is an IRI or a blank node, not “x”
sh:property [ sh:path ex:p ; sh:languageIn ⟦O10⟧( "en" 2 ) ] # sh:languageIn must be a list of which each member is a text, not “2”
sh:property [ sh:path ex:p ; sh:uniqueLang ⟦O10⟧"yes" ] # sh:uniqueLang must be true or false, not “yes”
sh:property [ sh:path ex:p ; sh:datatype ⟦O10⟧"xsd:date" ] # sh:datatype must be an IRI, not “xsd:date”
sh:property [ sh:path ex:p ; sh:lessThan ⟦O10⟧"q" ] # sh:lessThan must be an IRI, not “q”
sh:property [ sh:path ex:p ; sh:minInclusive ⟦O10⟧ex:one ] # sh:minInclusive must be a literal, not ex:one
sh:property [ sh:path ex:p ; sh:qualifiedValueShape ⟦O10⟧[ sh:class ex:Risk ] ] # sh:qualifiedValueShape has no meaning without
sh:property [ sh:path ex:p ; sh:qualifiedMinCount ⟦O11⟧1 ] # sh:qualifiedMinCount has no meaning without sh:qualifiedValueShape
sh:property ⟦O10⟧ex:Nowhere # sh:property must name a property shape, and ex:Nowhere has no sh:path
sh:node ⟦O10⟧"x" # sh:node must be an IRI or a blank node, not “x”
sh:minCount ⟦O10⟧1 # sh:minCount needs a property shape, which has a sh:path
sh:class ⟦O10⟧"Risk" # sh:class must be an IRI, not “Risk”
sh:nodeKind ⟦O10⟧sh:URI # sh:nodeKind must be sh:IRI, sh:BlankNode, sh:Literal or two of them, not sh:URI
sh:closed ⟦O10⟧"true" ; sh:ignoredProperties ( rdf:type ) # sh:closed must be true or false, not “true”
sh:ignoredProperties ⟦O11⟧( rdf:type ) # sh:ignoredProperties has no meaning without sh:closed
sh:closed true ; sh:ignoredProperties ⟦O10⟧( "x" ) # sh:ignoredProperties must be a list of which each member is an IRI
sh:targetNode ⟦O10⟧[] # sh:targetNode must be an IRI or a literal, not a blank node
sh:targetSubjectsOf ⟦O10⟧"p" # sh:targetSubjectsOf must be an IRI, not “p”
sh:nodeKind sh:BlankNode ; sh:severity ⟦O10⟧"Warning" # sh:severity must be an IRI, not “Warning”
sh:nodeKind sh:BlankNode ; sh:deactivated ⟦O10⟧"no" # sh:deactivated must be true or false, not “no”
sh:nodeKind sh:IRI ; sh:message ⟦O10⟧5 # sh:message must be a text, not “5”
a sh:NodeShape ; sh:path ⟦O10⟧ex:p ; sh:minCount 1 # a sh:NodeShape has no sh:path
sh:js ⟦O11⟧ex:script # sh:js is not supported: kg runs no JavaScript
sh:nodeKind sh:IRI ; sh:minCuont ⟦O11⟧1 # sh:minCuont is not checked: kg does not know this term of SHACL; did you mean sh:minCount?
sh:sparql ⟦O10⟧[ sh:message "x" ] # sh:sparql needs one sh:select, not 0
sh:sparql [ sh:select ⟦O10⟧5 ] # sh:select must be a text
sh:sparql [ sh:select "SELECT $this { $this ⟦O10⟧nope:p ?v }" ] # the prefix “nope:” is not known
sh:sparql [ sh:select '''SELECT $this {N  $this ex:p ?v . ⟦O10⟧FILTER(?v => 3)N}''' ; sh:prefixes ex:x ] # not valid SPARQL
sh:sparql [ sh:select "SELECT $this { $this rdf:type ?t ⟦O10⟧MINUS { $this a ?t } }" ] # a SPARQL constraint must not use MINUS
sh:sparql [ sh:select "SELECT $this { ⟦O10⟧VALUES ?t { 1 } $this a ?t }" ] # a SPARQL constraint must not use VALUES
sh:sparql [ sh:select "SELECT $this { ⟦O10⟧SERVICE <http://127.0.0.1:1/> { $this ?p ?o } }" ] # a shape must not use SERVICE
sh:sparql [ sh:select "SELECT $this ⟦O10⟧FROM <file:///etc/passwd> { $this ?p ?o }" ] # a shape must not use FROM
sh:sparql [ sh:select "SELECT (1 AS ⟦O10⟧?this) { ?x a ?y }" ] # a SPARQL constraint must not bind ?this again
sh:sparql [ sh:select ⟦O10⟧"SELECT ?t { $this a ?t }" ] # a SPARQL constraint must select $this
sh:sparql [ sh:select ⟦O10⟧"ASK { $this a ?t }" ] # sh:select needs a query of the form SELECT
sh:sparql [ sh:select "SELECT $this { $this ⟦O10⟧$PATH ?v }" ] # $PATH needs a property shape, which has a sh:path
sh:sparql [ sh:select "SELECT $this { GRAPH ⟦O11⟧$shapesGraph { $this a ?v } }" ] # $shapesGraph is not supported
sh:sparql [ sh:select "\\u0053ELECT $this { \\"\\\\\\"\\" ⟦O10⟧nope:p ?v }" ] # the prefix “nope:” is not known
"""
MARK = re.compile(r"⟦(O\d\d)⟧")
DECLARED = 'ex:x sh:declare [ sh:prefix "ex" ; sh:namespace "https://ex.example/" ] .\n'


def marked(rows: list[str]) -> tuple[str, list[tuple[int, int, str, str, str]]]:
    """A Turtle text, and the line, column, code, shape and message of each finding in it."""
    text, expected = HEAD + DECLARED, []
    for number, row in enumerate(rows):
        shape, _, message = row.replace("N ", "\n ").replace("N}", "\n}").partition(" # ")
        mark = MARK.search(line := f"ex:S{number} sh:targetClass ex:Risk ; {shape} .\n")
        assert mark, row
        before = text + line[: mark.start()]
        at = before.count("\n") + 1, len(before) - before.rfind("\n")
        expected.append((*at, mark.group(1), f"ex:S{number}: ", message))
        text += MARK.sub("", line)
    return text + LAST, expected


def test_each_fault_is_a_finding_at_its_place_and_the_other_shapes_run(write: Write) -> None:
    text, expected = marked(SHAPES.strip().splitlines())
    vault = write({"A.md": "---\ntype: Risk\n---\n[[Nowhere]]\n", "ontology/s.ttl": text})
    for _ in range(2):  # the second run has a cache
        found = [one for one in validate(vault).findings if one.severity != "info"]
        faults = [one for one in found if one.path == "ontology/s.ttl"]
        assert [(one.line, one.column, one.code) for one in faults] == [row[:3] for row in expected]
        for one, (*_, name, message) in zip(faults, expected, strict=True):
            assert one.message.startswith(name + message), (one.message, message)
            assert one.remedy
        others = [(one.path, one.line, one.column, one.code) for one in found if one.path == "A.md"]
        assert others == [("A.md", 2, 1, "First"), ("A.md", 2, 1, "Last"), ("A.md", 4, 1, "L01")]


def test_a_fault_is_an_error_of_the_command_with_the_other_findings(write: Write) -> None:
    text, _ = marked([SHAPES.strip().splitlines()[0]])
    done = run("validate", "-q", cwd=write({"A.md": "[[Nowhere]]", "ontology/s.ttl": text}))
    assert done.returncode == 1
    assert done.stderr == ""
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == ["A.md:1:1", "ontology/s.ttl:9:61"]


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (
            'sh:sparql [ sh:select "SELECT $this { $this a ?t { SELECT ?x { ?x a ?t } } }" ]',
            "All potentially pre-bound variables",
        ),
        ('sh:sparql [ sh:select "SELECT $this { $this a ?t { SELECT * { ?x a ?t } } }" ]', "Using 'SELECT *'"),
        ("a sh:NodeShape ; sh:and ( ex:Bad )", "the shape refers to itself, and its check does not end [O10]"),
    ],
)
@pytest.mark.sample(1)
def test_what_only_pyshacl_refuses_is_a_finding_too(write: Write, shape: str, reason: str) -> None:
    text = f"{HEAD}ex:Bad sh:targetClass ex:Risk ; {shape} .\n{LAST}"
    vault = write({"A.md": "---\ntype: Risk\n---\n", "ontology/s.ttl": text})
    for _ in range(2):
        found = [one for one in validate(vault, only="shapes").findings if one.severity != "info"]
        assert [one.code for one in found if one.code != "O11"] == ["First", "Last", "O10"]
        assert str(found[2]).startswith(f"ontology/s.ttl:8:1: error: ex:Bad: {reason}")


def test_a_recursive_shape_is_named_once_and_runs(write: Write) -> None:
    text = f"{HEAD}ex:R sh:targetClass ex:Risk ; sh:property [ sh:path ex:next ; sh:minCount 1 ; sh:node ex:R ] .\n"
    found = validate(write({"A.md": "---\ntype: Risk\n---\n", "ontology/s.ttl": text}), only="shapes").findings
    assert [(one.path, one.line, one.code) for one in found if one.severity != "info"] == [
        ("A.md", 2, "First"), ("A.md", 2, "R"), ("ontology/s.ttl", 8, "O11"),
    ]  # fmt: skip


def remaining(text: str) -> set[str]:
    shapes = Shapes(tuple(quad.triple for quad in ox.parse(HEAD + text, ox.RdfFormat.TURTLE)))
    faults = [*Syntax(shapes, str).faults(), *ShapeTexts(shapes).faults()]
    assert faults
    return {f"{t.subject.value.rpartition('/')[2]} {t.predicate.value.rpartition('#')[2]}"
            for t in usable(shapes, faults) if isinstance(t.subject, ox.NamedNode) and "S" in t.subject.value}  # fmt: skip


BAD = '[ sh:minLength "x" ; sh:class ex:Other ]'


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"ex:S sh:not {BAD} ; sh:class ex:C .", "S class"),
        (f"ex:S sh:not [ sh:and ( {BAD} ) ] ; sh:class ex:C .", "S class"),
        (f"ex:S sh:xone ( {BAD} ex:T ) ; sh:class ex:C .", "S class"),
        (f"ex:S sh:or ( {BAD} ex:T ) ; sh:node {BAD} .", "S or, S node"),
        (
            f"ex:S sh:path ex:p ; sh:qualifiedValueShape {BAD} ; sh:qualifiedMinCount 1 ; sh:class ex:C .",
            "S path, S class",
        ),
        ("ex:S sh:not ex:S2 . ex:S2 sh:class ex:C ; sh:property [ sh:path ex:p , ex:q ] .", "S2 class"),
        ('ex:S sh:not ex:S2 . ex:S2 sh:class ex:C ; sh:sparql [ sh:select "x" ] .', "S2 class"),
    ],
)
def test_no_constraint_remains_that_would_report_more_without_the_part_at_fault(text: str, kept: str) -> None:
    assert remaining(text) - {"S2 property"} == set(kept.split(", "))


def test_the_shapes_that_come_with_kg_have_no_fault() -> None:
    from kg.config import resource

    text = (resource("ontology") / "shapes.ttl").read_text(encoding="utf-8")
    shapes = Shapes(tuple(quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE)))
    assert not [*Syntax(shapes, str).faults(), *ShapeTexts(shapes).faults()]
