"""Axioms about all pairs of a list of hundreds: no rule for each pair, and the pair that contradicts is named."""

import time

import pytest

from helpers.commanding import run
from helpers.inferring import parsed
from helpers.ontologies import PREFIXES
from helpers.vaults import Write
from kg.mapping.skolemisation import skolemised
from kg.reasoning.owl_rl import profile

HEAD = """@prefix ex: <https://e.example/o#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
SIZE = 250


def listed(name: str, size: int = SIZE) -> str:
    return " ".join(f"ex:{name}{number}" for number in range(size))


CLASSES = "".join(f"ex:K{n} a owl:Class .\n" for n in range(SIZE))
DISJOINT = f"[] a owl:AllDisjointClasses ; owl:members ( {listed('K')} ) .\n"
PROPERTIES = "".join(f'ex:p{n} a owl:ObjectProperty ; rdfs:label "p {n}" .\n' for n in range(SIZE))
TYPES = "---\ntype: [K2, K249]\n---\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("axioms", "note", "code", "statements"),
    [
        (CLASSES + DISJOINT, TYPES, "C01", "“A is an ex:K2” and “A is an ex:K249” cannot both hold: [ owl:members ( ex:K0 ex:K1 ex:K2 … ) ] a owl:AllDisjointClasses (ontology/t.ttl:254:1)"),
        (CLASSES + DISJOINT + "ex:Sub a owl:Class ; rdfs:subClassOf ex:K249 .", "---\ntype: [K2, Sub]\n---\n", "C01", "“A is an ex:K2” and “A is an ex:K249” cannot both hold"),
        (CLASSES + DISJOINT.replace("ex:K3 ", "[ owl:onProperty ex:q ; owl:someValuesFrom owl:Thing ] ") + "ex:q a owl:ObjectProperty .", "---\ntype: K2\nq: \"[[A]]\"\n---\n", "C01", "“A is an ex:K2” and “A ex:q A” cannot both hold"),
        (PROPERTIES + f"[] a owl:AllDisjointProperties ; owl:members ( {listed('p')} ) .", '---\np 3: "[[B]]"\np 240: "[[B]]"\n---\n', "C02", "“A p 3 B” and “A p 240 B” cannot both hold"),
        (f"[] a owl:AllDifferent ; owl:distinctMembers ( {listed('i')} ) . ex:i7 owl:sameAs ex:i9 .\nex:p a owl:FunctionalProperty, owl:ObjectProperty .", "", "", ""),
    ],
)  # fmt: skip
def test_the_pair_is_named_and_the_axioms_line(
    write: Write, axioms: str, note: str, code: str, statements: str
) -> None:
    vault = write({"A.md": note, "B.md": "b\n", "ontology/t.ttl": HEAD + axioms})
    said = run("ingest", cwd=vault).stderr
    assert "owlrl" not in said
    rows = [line for line in run("infer", "--no-color", cwd=vault).stderr.splitlines() if ": error: " in line]
    assert len(rows) == bool(code)
    assert all(statements in row and row.endswith(f"[{code}]") for row in rows)


@pytest.mark.slow
def test_things_of_a_long_list_that_are_the_same(write: Write) -> None:
    axioms = f"[] a owl:AllDifferent ; owl:members ( {listed('i')} ) .\nex:p a owl:FunctionalProperty, owl:ObjectProperty ; rdfs:label 'p' .\n"
    vault = write(
        {"A.md": "p:: <https://e.example/o#i9>\np:: <https://e.example/o#i200>\n", "ontology/t.ttl": HEAD + axioms}
    )
    run("ingest", cwd=vault)
    rows = [line for line in run("infer", "--no-color", cwd=vault).stderr.splitlines() if ": error: " in line]
    assert len(rows) == 1
    assert "[C04]" in rows[0]
    assert "(ontology/t.ttl:4:1)" in rows[0]


@pytest.mark.parametrize(
    "axiom",
    [
        "[] a owl:AllDisjointClasses ; owl:members ( {} ) .",
        "[] a owl:AllDisjointProperties ; owl:members ( {} ) .",
        "[] a owl:AllDifferent ; owl:members ( {} ) .",
        "[] a owl:AllDifferent ; owl:distinctMembers ( {} ) .",
    ],
)
def test_two_thousand_members_take_no_rule_a_pair(axiom: str) -> None:
    triples = skolemised(parsed(PREFIXES + axiom.format(" ".join(f"o:m{n}" for n in range(2_000)))), "x")
    began = time.process_time()
    made = profile(triples)
    assert time.process_time() - began < 5
    assert len(made.rules) + len(made.constraints) + sum(len(row.rules) for row in made.exclusions) < 2_010
    assert not made.beyond


@pytest.mark.parametrize(
    ("axioms", "reason"),
    [
        ("_:a owl:onProperty o:p1 ; owl:someValuesFrom _:a . _:a rdfs:subClassOf o:C0 .", "class expressions that contain themselves"),
        (
            f"[ owl:intersectionOf ( {' '.join(f'[ owl:unionOf ( o:A{n} o:B{n} ) ]' for n in range(16))} ) ] rdfs:subClassOf o:C0 .",
            "class expressions that make more than 20,000 rules",
        ),
    ],
)  # fmt: skip
def test_the_reason_for_owlrl_is_true(axioms: str, reason: str) -> None:
    assert profile(skolemised(parsed(PREFIXES + axioms), "x")).beyond == (reason,)


@pytest.mark.slow
def test_many_plain_axioms_are_no_reason_for_owlrl() -> None:
    plain = " ".join(f"o:A{n} rdfs:subClassOf o:B{n} ." for n in range(21_000))
    nested = "[ owl:intersectionOf ( o:A1 o:A2 ) ] rdfs:subClassOf o:C0 ."
    assert not profile(skolemised(parsed(PREFIXES + plain + nested), "x")).beyond
