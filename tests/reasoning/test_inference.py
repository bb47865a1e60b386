"""Inference: the same closure as owlrl's, brought up to date as if all were inferred anew, and what rules' files can say."""

import os
import random
import re
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest

from helpers.drawing import at_length
from helpers.inferring import (
    DATA,
    GRAPHS,
    about_things,
    built,
    by_kg,
    by_owlrl,
    closed,
    inferred,
    parsed,
    reasoning,
    rows_of,
    short,
    what_was_inferred,
)
from helpers.ontologies import CONSTRUCTS, PREFIXES, constructed, facts, ontology
from kg.core.errors import OntologyError
from kg.mapping.skolemisation import skolemised
from kg.rdf.vocabulary import SAME_AS, TYPE
from kg.reasoning.closure import Closure
from kg.reasoning.construct_rules import constructs
from kg.reasoning.inference import infer, update
from kg.reasoning.owl_rl import is_axiom, profile
from kg.reasoning.rules import Numbering
from kg.store.builder import building

SUITE = Path(os.environ.get("KG_SAMPLES", "/nonexistent")) / "suites" / "owl-rl"
RULES = {
    "friends": "PREFIX o: <https://onto.example/> CONSTRUCT { ?a o:p4 ?c } WHERE { ?a o:p1/(^o:p2|o:p3)* ?b . ?b o:p5 ?c . FILTER(?a != ?c) }",
    "either": "PREFIX o: <https://onto.example/> CONSTRUCT { ?a a o:C6 . ?a o:p6 ?b } WHERE { { ?a o:p0 ?b } UNION { ?b o:p1 ?a } ?b a o:C2 }",
    "kinds": "PREFIX o: <https://onto.example/> CONSTRUCT { ?a o:p5 ?b } WHERE { ?a a ?kind . ?b a ?kind . ?a o:p6+ ?b }",
}


# ---- the closure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.sample(4)
def test_the_closure_is_owlrls(seed: int) -> None:
    text, data = ontology(seed), facts(seed)
    assert by_kg(list(dict.fromkeys([*skolemised(parsed(text), "x"), *parsed(data)]))) == by_owlrl(text, data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 10 + at_length(100)))
def test_the_closure_is_owlrls_for_more_ontologies(seed: int) -> None:
    test_the_closure_is_owlrls(seed)


def test_every_construct_is_in_some_of_the_ontologies_and_gives_something() -> None:
    assert all(any(seed % len(CONSTRUCTS) == n for seed in range(50)) for n in range(len(CONSTRUCTS)))
    grown = 0
    for seed in range(50):
        triples = list(dict.fromkeys([*skolemised(parsed(ontology(seed)), "x"), *parsed(facts(seed))]))
        grown += len(by_kg(triples)) > len(about_things(triples))
    assert grown >= 45


CASES = sorted(SUITE.glob("owlrl-corpus/*.nt"))


@pytest.mark.skipif(not CASES, reason="needs the folder KG_SAMPLES")
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_case_of_a_data_set_a_rule_has_owlrls_closure(case: Path) -> None:
    golden = SUITE / "owlrl-goldens" / f"{case.stem}.owlrl.golden"
    rows = golden.read_text(encoding="utf-8").partition("--- owlrl closure ---")[2].splitlines()
    wanted = [
        quad.triple
        for row in rows
        if row.startswith("<http://example.org/")
        for quad in ox.parse(row, ox.RdfFormat.N_TRIPLES)
    ]
    triples = [quad.triple for quad in ox.parse(path=str(case), format=ox.RdfFormat.N_TRIPLES)]
    number = Numbering()
    properties = {t.predicate for t in triples}
    axioms = [t for t in triples if is_axiom(t) or (t.predicate == SAME_AS and {t.subject, t.object} & properties)]
    closure = Closure(profile(axioms).rules, number)
    closure.expect_equality()
    closure.run(map(number.fact, triples))
    start = "http://example.org/"
    assert about_things([*triples, *map(number.triple, closure.new)], start) == about_things([*wanted, *triples], start)


def test_a_key_needs_all_its_properties_where_owlrl_leaves_out_the_last() -> None:
    text = "o:C0 owl:hasKey ( o:code o:size ) ."
    data = ':a a o:C0 ; o:code "x" ; o:size 1 . :b a o:C0 ; o:code "x" ; o:size 2 . :c a o:C0 ; o:code "x" ; o:size 2 .'
    assert short(closed(text, data)) == {":b owl:sameAs :c", ":c owl:sameAs :b"}
    assert len(by_owlrl(PREFIXES + text, PREFIXES + data)) > len(
        by_kg([*skolemised(parsed(PREFIXES + text), "x"), *parsed(PREFIXES + data)])
    )


def test_values_of_a_functional_property_that_are_literals_are_never_one() -> None:
    data = ':a o:code "x" . :a o:code "y" . :b o:code "x" .'
    assert closed("o:code a owl:FunctionalProperty .", data) == set()


def test_an_axiom_that_is_inferred_counts(tmp_path: Path) -> None:
    text = "o:p1 owl:sameAs o:p2 . o:near a owl:ObjectProperty . o:Closing rdfs:subClassOf owl:TransitiveProperty . o:near a o:Closing ."
    data = ":a o:near :b . :b o:near :c . :a o:p1 :d ."
    assert short(inferred(tmp_path, text, data)) >= {":a o:near :c", ":a o:p2 :d"}


def test_a_chain_of_two_thousand_and_a_circle_of_three_hundred() -> None:
    number = Numbering()
    near = ox.NamedNode("urn:near")
    closure = Closure(
        profile([ox.Triple(near, TYPE, ox.NamedNode("http://www.w3.org/2002/07/owl#TransitiveProperty"))]).rules, number
    )
    nodes = [number(ox.NamedNode(f"urn:{n}")) for n in range(2000)]
    pairs = [(a, number(near), b) for a, b in pairwise(nodes[:700])]
    random.Random(1).shuffle(pairs)
    closure.run(pairs)
    assert len(pairs) + len(closure.new) == 700 * 699 // 2
    closure.run([(nodes[299], number(near), nodes[0])])
    assert all(closure.facts.has(number(near), nodes[5], one) for one in nodes[:300])


# ---- in a store --------------------------------------------------------------------------------------------------------


def edited(folder: Path, seed: int, edits: int, *, equality: bool = False) -> None:
    """Edits of some graphs: each time what was inferred is what would be inferred anew."""
    chance = random.Random(seed)
    text = ontology(seed) if equality else without_equality(seed)
    meaning = reasoning(text, RULES if seed % 2 else {})
    graphs = {graph: chance.sample(some := parsed(facts(seed + n)), len(some) // 3) for n, graph in enumerate(GRAPHS)}
    with built(folder / "again", meaning, graphs) as store:
        for edit in range(edits):
            name = chance.choice(GRAPHS)
            kept = [t for t in graphs[name] if chance.random() < chance.choice([0.5, 0.95])]
            graphs[name] = kept + chance.sample(some := parsed(facts(seed * 50 + edit)), chance.randint(0, 4))
            gone, come = store.replace({name: set(rows_of(graphs[name]))}, {})
            assert update(store, meaning, gone, come) is None or equality, "it was inferred anew"
            with built(folder / f"anew-{edit}", meaning, graphs) as anew:
                assert what_was_inferred(store) == what_was_inferred(anew), (seed, edit)
                assert set(store._db.quads_for_pattern(None, None, None, ox.DefaultGraph())) == set(
                    anew._db.quads_for_pattern(None, None, None, ox.DefaultGraph())
                )


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.slow) for n in range(4, 4 + at_length(19)))]
)
@pytest.mark.sample(1)
def test_both_engines_give_the_same_in_a_store(tmp_path: Path, seed: int) -> None:
    rules = {name: RULES[name] for name in ("friends", "either")} if seed % 2 else {}
    meaning, found = reasoning(ontology(seed), rules), []
    for engine in ("rules", "owlrl"):
        with building(tmp_path / engine, {}, "test") as store:
            named = [(graph, rows_of(parsed(facts(seed + n, 5)))) for n, graph in enumerate(GRAPHS[:2])]
            store.load([*named, ("<urn:ontology>", rows_of(meaning.ontology.triples))])
            infer(store, meaning, engine)
            found.append({row for row in what_was_inferred(store) if row.startswith(f"<{DATA}")})
    assert found[0] == found[1]


def without_equality(seed: int) -> str:
    text = ontology(seed)
    of_equality = ("sameAs", "FunctionalProperty", "hasKey", "maxCardinality", "maxQualifiedCardinality")
    return "\n".join(row for row in text.splitlines() if not any(word in row for word in of_equality))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.sample(3)
def test_after_edits_what_is_inferred_is_what_would_be_inferred_anew(tmp_path: Path, seed: int) -> None:
    edited(tmp_path, seed, 8)


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 3 + at_length(37)))]
)
def test_where_things_may_be_one_too(tmp_path: Path, seed: int) -> None:
    edited(tmp_path, seed, 6, equality=True)


def test_a_key_that_joins_nothing_does_not_cost_an_edit_everything(tmp_path: Path) -> None:
    meaning = reasoning(PREFIXES + "o:code a owl:InverseFunctionalProperty . o:p1 a owl:TransitiveProperty .")
    graphs = {
        GRAPHS[0]: parsed(PREFIXES + ':a o:code "x" ; o:p1 :b . :b o:p1 :c .'),
        GRAPHS[1]: parsed(PREFIXES + ':c o:code "y" .'),
    }
    with built(tmp_path / "store", meaning, graphs) as store:
        for text, anew in ((':c o:code "z" ; o:p1 :d .', False), (':c o:code "x" .', True), (':c o:code "y" .', True)):
            gone, come = store.replace({GRAPHS[1]: set(rows_of(parsed(PREFIXES + text)))}, {})
            assert (update(store, meaning, gone, come) is not None) is anew
            same = {row for row in short(what_was_inferred(store)) if "sameAs" in row}
            assert same == ({":a owl:sameAs :c", ":c owl:sameAs :a"} if '"x"' in text else set())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8, 8 + at_length(112)))
def test_after_many_edits_of_more_ontologies_too(tmp_path: Path, seed: int) -> None:
    edited(tmp_path, seed, 25)


# ---- rules' files ------------------------------------------------------------------------------------------------------

DATA_FOR_RULES = """:a o:p1 :b . :b o:p1 :c . :c o:p2 :d . :a a o:C0 . :c a o:C1 . :a o:code "x" . :b o:code "y" . :d o:size 5 . :c o:size 3 .
:e o:p1 :e . :d o:p3 :a . :b a o:C0 ."""
PATTERNS = [
    ("?a o:p1 ?b", False),
    ("?a a o:C0 ; o:p1 ?b", False),
    ("?a o:p1+ ?b", False),
    ("?a o:p1|o:p2 ?b", False),
    ("?a ^o:p1/o:p3* ?b", False),
    ("?a (o:p1|^o:p3)*/o:p2 ?b", False),
    ("?a (o:p1/o:p1)?/o:p2 ?b", False),
    ("?a (^(o:p1/o:p2))/o:p1 ?b", False),
    ("?a o:p1 ?b . ?b o:p1* ?a", False),
    ("?a o:p1* ?b . ?a a o:C0", False),
    ("?a o:p1? ?b . ?b a ?kind", False),
    ("?a a ?b", False),
    ("?a o:p1 ?a . ?a o:p1 ?b", False),
    ("{ ?a o:p1 ?b } UNION { ?b o:p2 ?a }", False),
    ("{ ?a o:p1 ?x } UNION { ?a o:p2 ?x } ?x (o:p2|o:p3) ?b", False),
    ("?a o:p1 ?b FILTER(?a != ?b)", False),
    ("?a o:p1 ?b . ?a o:code ?code FILTER regex(?code, 'x') FILTER(isIRI(?b) || ?b > 3)", False),
    ("?a o:size ?n ; ^o:p2/^o:p1 ?b FILTER(?n > 4)", False),
    ("[] o:p1 ?a ; o:p1 ?b", False),
    ("?a o:p1* ?b", True),
    ("?a ?p ?b", True),
    ("?a !o:p1 ?b", True),
    ("?a o:p1 ?b OPTIONAL { ?b o:p2 ?c }", True),
    ("?a o:p1 ?b FILTER NOT EXISTS { ?b o:p2 ?c }", True),
    ("?a o:p1 ?b MINUS { ?a a o:C0 }", True),
    ("?a o:p1 ?x BIND(?x AS ?b)", True),
    ("VALUES ?a { :a :b } ?a o:p1 ?b", True),
    ("{ SELECT ?a (MIN(?x) AS ?b) { ?a o:p1 ?x } GROUP BY ?a }", True),
    ("{ ?a o:p1 ?b FILTER(?a != ?b) } UNION { ?a o:p2 ?b }", True),
    ("?a o:p1 ?b FILTER(RAND() < 2)", True),
]


@pytest.mark.parametrize(("pattern", "is_query"), PATTERNS)
def test_a_rules_file_adds_what_its_query_gives(tmp_path: Path, pattern: str, is_query: bool) -> None:
    prefixes = "PREFIX o: <https://onto.example/> PREFIX : <https://data.example/>"
    rule = f"{prefixes}\nCONSTRUCT {{ ?a o:made ?b }} WHERE {{ {pattern} }}"
    found, text = constructs({"x": rule}, {})
    assert found["x"].is_query is is_query
    assert constructs({"x": rule}, {}, text)[0] == found
    store = ox.Store()
    store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in parsed(PREFIXES + DATA_FOR_RULES))
    wanted = constructed(store, rule)
    assert inferred(tmp_path, "", DATA_FOR_RULES, {"x": rule}) == wanted
    assert wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("CONSTRUCT { ?a o:p ?b } WHERE { ?a o:q ?b", "the rule x (rules/x.rq) is not SPARQL"),
        ("DESCRIBE ?a { ?a a ?b", "the rule x (rules/x.rq) is not SPARQL"),
        ("ASK { ?a ?b ?c }", "the rule x (rules/x.rq) must be a CONSTRUCT query"),
        ("SELECT * { ?a ?b ?c }", "the rule x (rules/x.rq) must be a CONSTRUCT query"),
        ("CONSTRUCT { ?a nope:p ?b } WHERE { ?a nope:q ?b }", "the rule x (rules/x.rq) is not SPARQL"),
    ],
)
def test_a_rules_file_that_is_none_is_told(text: str, says: str) -> None:
    with pytest.raises(OntologyError, match=re.escape(says)):
        constructs({"x": text}, {"o": "https://onto.example/"})


def test_rules_and_queries_and_axioms_feed_each_other(tmp_path: Path) -> None:
    prefixes = "PREFIX o: <https://onto.example/> PREFIX : <https://data.example/>"
    rules = {
        "one": f"{prefixes} CONSTRUCT {{ ?a o:p2 ?b }} WHERE {{ ?a o:p1 ?b }}",
        "two": f"{prefixes} CONSTRUCT {{ ?a o:p4 ?b }} WHERE {{ ?a o:p3 ?b FILTER NOT EXISTS {{ ?b o:p3 ?a }} }}",
        "three": f"{prefixes} CONSTRUCT {{ ?b o:p5 ?a }} WHERE {{ ?a o:p4 ?b }}",
    }
    found = short(inferred(tmp_path, "o:p2 rdfs:subPropertyOf o:p3 . o:p5 rdfs:domain o:C0 .", ":a o:p1 :b .", rules))
    assert found == {":a o:p2 :b", ":a o:p3 :b", ":a o:p4 :b", ":b o:p5 :a", ":b a o:C0"}


def test_what_the_rules_cannot_say_goes_to_owlrl_and_is_named(tmp_path: Path) -> None:
    meaning = reasoning(PREFIXES + "owl:Thing rdfs:subClassOf o:C0 . o:p1 rdfs:range o:C1 .")
    graphs = {GRAPHS[0]: parsed(PREFIXES + ":a o:size 5 ; o:p1 :b .")}
    with building(tmp_path / "store", {}, "test") as store:
        store.load(
            [*((g, rows_of(t)) for g, t in graphs.items()), ("<urn:ontology>", rows_of(meaning.ontology.triples))]
        )
        done = infer(store, meaning)
        assert (done.engine, done.because) == ("owlrl", ("owl:Thing as a condition",))
        assert short(what_was_inferred(store)) >= {":b a o:C1"}


def test_what_is_not_in_the_profile_is_named(tmp_path: Path) -> None:
    text = "o:C1 rdfs:subClassOf [ owl:onProperty o:p1 ; owl:minCardinality 1 ] . o:p2 a owl:ReflexiveProperty ."
    with building(tmp_path / "store", {}, "test") as store:
        meaning = reasoning(PREFIXES + text)
        store.load([("<urn:ontology>", rows_of(meaning.ontology.triples))])
        assert infer(store, meaning).ignored == ("owl:minCardinality", "owl:ReflexiveProperty")
