"""kg why: each step of a derivation derives what it says, and its leaves are lines of notes that say so."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import owlrl
import pyoxigraph as ox
import pytest
import rdflib

import kg
from helpers.commanding import run
from helpers.ontologies import constructed
from helpers.vaults import ROOT
from kg.config import Config, load
from kg.core.errors import KgError, NotFound
from kg.ingestion.reinference import infer_again
from kg.mapping.provenance import Finder
from kg.notes.markdown import parse
from kg.rdf.terms import INFERRED
from kg.reasoning.derivation import DerivationStep
from kg.reasoning.explanation import Explainer, Explanation
from kg.rendering.explanations import FORMATS
from kg.store.store import published
from kg.validation.validator import validate

HEAD = (
    "@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix kg: <https://w3id.org/concept-notes#> .\n"
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
)
Open = Callable[..., Explainer]


def opened(config: Config) -> Explainer:
    found = published(config.store)
    assert found
    return Explainer(config, found)


@pytest.fixture
def begin(tmp_path: Path) -> Open:
    """A vault of some notes, with an ontology and rules' files of its own, ingested."""
    numbers = count()

    def begin(notes: dict[str, str], ontology: str = "", rules: dict[str, str] | None = None) -> Explainer:
        vault = tmp_path / f"vault{next(numbers)}"
        for path, text in notes.items():
            (vault / path).parent.mkdir(parents=True, exist_ok=True)
            (vault / path).write_text(text, encoding="utf-8")
        (vault / "ontology" / "rules").mkdir(parents=True)
        (vault / "ontology" / "own.ttl").write_text(HEAD + ontology, encoding="utf-8")
        for name, text in (rules or {}).items():
            (vault / "ontology" / "rules" / f"{name}.rq").write_text(text, encoding="utf-8")
        (vault / "kg.toml").write_text('base = "https://n.example/"\n[prefixes]\nex = "https://ex.example/"\n')
        config = load(vault, cwd=vault)
        kg.ingest(kg.Vault(config=config))
        return opened(config)

    return begin


def text_of(explanations: list[Explanation], form: str = "text") -> str:
    return FORMATS[form](explanations, None)


# ---- the whole of notes/ ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Explainer:
    vault = tmp_path_factory.mktemp("why") / "notes"
    shutil.copytree(ROOT / "notes", vault, ignore=shutil.ignore_patterns(".kg"))
    config = load(vault, cwd=vault)
    kg.ingest(kg.Vault(config=config))
    return opened(config)


def derived(explainer: Explainer) -> list[DerivationStep]:
    inferred = ox.NamedNode(INFERRED[1:-1])
    triples = sorted((quad.triple for quad in explainer.store.find(None, None, None, inferred)), key=str)
    assert triples
    steps = [explainer.derivations.of(triple) for triple in triples]
    assert all(steps)
    return [step for step in steps if step]


@pytest.mark.slow
def test_every_inferred_triple_of_the_notes_leads_to_lines_that_say_so(notes: Explainer) -> None:
    steps = derived(notes)
    assert len(steps) > 400
    checked: set[ox.Triple] = set()
    for one in notes.explained(steps):
        assert one.rule
        for leaf in one.leaves:
            assert leaf.stated, leaf.words
            for line in leaf.stated:
                if leaf.triple not in checked and line.path.endswith(".md"):
                    says_so(notes, leaf.triple, line.path, line.line)
            checked.add(leaf.triple)
    assert len(checked) > 100


def says_so(explainer: Explainer, triple: ox.Triple, path: str, number: int) -> None:
    """Without that line, and those that come to be told in its stead, the note does not say so any more."""
    text = (explainer.config.vault / path).read_text(encoding="utf-8").split("\n")
    for _ in range(20):
        assert text[number - 1].strip()
        text[number - 1] = ""
        note = parse(path, "\n".join(text).encode())
        (origin,) = [one for one in explainer.sources.origins.of_triple(triple) if one.path == path]
        place = Finder(explainer.sources.reader, {path: frozenset([origin])}).find(note).get(origin)
        if place is None or (place.line, place.column) == (1, 1):  # a type by default is said by no line
            return
        number = place.line
    raise AssertionError("the note still says so")


@pytest.mark.slow
def test_every_step_of_the_notes_derives_its_conclusion(notes: Explainer) -> None:
    replayed(notes, derived(notes), each=3)


@pytest.mark.slow
def test_every_single_step_of_the_notes_derives_its_conclusion(notes: Explainer) -> None:
    replayed(notes, derived(notes))


def replayed(explainer: Explainer, steps: list[DerivationStep], each: int = 1_000) -> None:
    """Every step of another shape is derived again; of those of one rule and one set of axioms so many."""
    seen: set[object] = set()
    alike: Counter[object] = Counter()
    for step in (inner for outer in steps for inner in outer.steps() if inner.rule):
        premises = tuple(premise.conclusion for premise in step.premises)
        if (step.conclusion, premises) in seen:
            continue
        seen.add((step.conclusion, premises))
        alike[step.rule] += 1
        if alike[step.rule] > each:
            continue
        assert step.rule
        assert step.conclusion not in premises
        text = explainer.ontology.rules.get(step.rule.name)
        if text:
            store = ox.Store()
            store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in premises)
            found = constructed(store, text, explainer.store.prefixes)
        else:
            found = owlrls_closure([*premises, *step.rule.axioms])
        assert str(step.conclusion) in found, (step.rule.name, *map(str, premises))


def owlrls_closure(triples: list[ox.Triple]) -> set[str]:
    graph = rdflib.Graph()
    graph.parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    named = rdflib.Graph()
    for triple in graph:
        if isinstance(triple[0], rdflib.URIRef):
            named.add(triple)
    return {str(quad.triple) for quad in ox.parse(named.serialize(format="nt"), ox.RdfFormat.N_TRIPLES)}


# ---- one construct after another ---------------------------------------------------------------------------------------

ONTOLOGY = """
ex:Lead a owl:Class ; rdfs:label "Lead" ; owl:equivalentClass [ owl:onProperty ex:leads ; owl:someValuesFrom ex:Team ] .
ex:Team a owl:Class ; rdfs:label "Team" . ex:Boss a owl:Class ; rdfs:label "Boss" . ex:Lead rdfs:subClassOf ex:Boss .
ex:leads a owl:ObjectProperty ; rdfs:label "leads" ; owl:inverseOf ex:ledBy .
ex:ledBy a owl:ObjectProperty ; rdfs:label "led by" .
ex:above a owl:ObjectProperty, owl:TransitiveProperty ; rdfs:label "above" .
ex:near a owl:ObjectProperty, owl:SymmetricProperty, owl:TransitiveProperty ; rdfs:label "near" .
ex:guides a owl:ObjectProperty ; rdfs:label "guides" ; owl:propertyChainAxiom ( ex:leads ex:above ex:above ) .
ex:mail a owl:DatatypeProperty, owl:InverseFunctionalProperty ; rdfs:label "mail" .
"""
NOTES = {
    "Ann.md": "---\nleads: \"[[Red]]\"\nmail: ann@e.example\n---\n",
    "Annie.md": "---\nmail: ann@e.example\nnear: \"[[Ann]]\"\n---\n",
    "Red.md": "---\ntype: Team\nabove: \"[[Blue]]\"\n---\n",
    "Blue.md": "---\ntype: Team\n---\nSee above:: [[Green]] and\n\nabove:: [[Green]]\n",
    "Green.md": "---\nabove: \"[[Grey]]\"\n---\n",
    "Grey.md": "---\nnear: \"[[Green]]\"\n---\n",
}  # fmt: skip
RULES = {
    "lone": "# What leads and is led by nobody is on its own\nPREFIX ex: <https://ex.example/>\n"
    "CONSTRUCT { ?a a ex:Lone } WHERE { ?a ex:leads ?b FILTER NOT EXISTS { ?a ex:ledBy ?c } }",
    "far": "PREFIX ex: <https://ex.example/>\nCONSTRUCT { ?a ex:far ?b } WHERE { ?a ex:above/ex:above+ ?b FILTER(?a != ?b) }",
}


@pytest.mark.slow
def test_each_rule_of_a_richer_ontology_derives_what_it_says(begin: Open) -> None:
    explainer = begin(NOTES, ONTOLOGY, RULES)
    steps = derived(explainer)
    replayed(explainer, steps)
    rules = {step.rule.name for outer in steps for step in outer.steps() if step.rule}
    assert {"prp-ifp", "eq-rep-s", "prp-trp", "prp-spo2", "lone", "far", "cls-svf1 + cax-eqc2", "prp-symp"} <= rules
    for one in explainer.explained(steps):
        assert all(line.line > 0 for leaf in one.leaves for line in leaf.stated)
        assert all(leaf.stated for leaf in one.leaves), one.words


def test_a_derivation_is_a_tree_down_to_the_lines(begin: Open) -> None:
    explainer = begin(NOTES, ONTOLOGY, RULES)
    (one,) = explainer.why("Red", "above", "Grey")
    assert text_of([one]) == (
        "“Red” above “Grey”\n"
        "by prp-trp: a transitive property connects the ends of a chain\n"
        "   ex:above a owl:TransitiveProperty  ontology/own.ttl:9\n"
        "├── “Red” above “Blue”\n"
        '│   Red.md:3:8  above: "[[Blue]]"\n'
        "├── “Blue” above “Green”\n"
        "│   Blue.md:6:9  above:: [[Green]]\n"
        "└── “Green” above “Grey”\n"
        '    Green.md:2:8  above: "[[Grey]]"\n'
    )
    assert "cls-svf1 + cax-eqc2" in text_of(explainer.why("Ann", "a", "Lead"))
    assert "ex:Lead owl:equivalentClass [ owl:someValuesFrom ex:Team ; owl:onProperty ex:leads ]" in text_of(
        explainer.why("Ann", "a", "Boss")
    )


def test_the_shortest_derivation_is_told_and_nothing_rests_on_itself(begin: Open) -> None:
    explainer = begin({"A.md": 'near:: [[B]]\n', "B.md": 'near:: [[C]]\n', "C.md": 'near:: [[A]]\n\nsame:: [[A]]'}, ONTOLOGY)  # fmt: skip
    (one,) = explainer.why("B", "near", "A")
    assert one.rule == "prp-symp"
    for outer in derived(explainer):
        for step in outer.steps():
            assert step.conclusion not in {inner.conclusion for premise in step.premises for inner in premise.steps()}
    replayed(explainer, derived(explainer))


def test_an_asserted_triple_shows_all_its_lines(begin: Open) -> None:
    explainer = begin(
        {"A.md": "x\n\n[[B]] is [[B|it]]", "B.md": "", "C.md": "# Authors\n- Jo Ek\n", "D.md": "# Authors\n- Jo Ek\n"}
    )
    assert text_of(explainer.why("A", "links to", "B")) == "“A” links to “B”\nA.md:3:1  [[B]] is [[B|it]]\n"
    assert text_of(explainer.why("Jo Ek", "a", "Author")) == (
        "“Jo Ek” is an “Author”\nC.md:2:3  - Jo Ek\nD.md:2:3  - Jo Ek\n"
    )
    assert text_of(explainer.why("A", "a", "Concept")) == (
        "“A” is a “Concept”\nA.md:1:1  x (no type is named, so it is a Concept)\n"
    )


@pytest.mark.parametrize(
    ("subject", "predicate", "obj"),
    [
        ("Red", "above", "Blue"),
        ("red", "Above", "blue"),
        ("Red.md", "ex:above", "Blue.md"),
        ("https://n.example/Red", "<https://ex.example/above>", "<https://n.example/Blue>"),
        ("n:Red", "ex:above", "n:Blue"),
        ("Red", "type", "Team"),
        ("Red", "a", "ex:Team"),
        ("Red", "rdf:type", "https://ex.example/Team"),
        ("Ann", "mail", "ann@e.example"),
        ("Ann", "mail", '"ann@e.example"'),
        ("Red", "kg:describes", "x"),
    ],
)
@pytest.mark.sample(4)
def test_names_of_every_kind(begin: Open, subject: str, predicate: str, obj: str) -> None:
    explainer = begin(NOTES, ONTOLOGY)
    if predicate == "kg:describes":
        with pytest.raises(NotFound, match="“Red” has no “kg:describes”"):
            explainer.why(subject, predicate, obj)
        return
    (one,) = explainer.why(subject, predicate, obj)
    assert not one.rule
    assert one.stated


def test_what_is_not_known_is_said_with_what_is(begin: Open) -> None:
    explainer = begin(
        NOTES
        | {
            "sub/Red.md": "",
            "Rouge.md": "---\naliases: [crimson, scarlet]\n---\n",
            "Ruby.md": "---\naliases: scarlet\n---\n",
        },
        ONTOLOGY,
    )
    with pytest.raises(NotFound, match="did you mean “Ann”"):
        explainer.why("Anniee", "a", "b")
    with pytest.raises(NotFound, match="stated or inferred; it has Blue, Green, Grey"):
        explainer.why("Red.md", "above", "Ann")
    with pytest.raises(KgError, match="“scarlet” names 2 things"):
        explainer.why("scarlet", "a", "b")
    assert explainer.why("crimson", "a", "Concept")
    with pytest.raises(NotFound, match="nothing is known of ex:Nowhere"):
        explainer.everything("ex:Nowhere")


def test_everything_of_a_thing_in_every_format(begin: Open) -> None:
    explainer = begin(NOTES, ONTOLOGY, RULES)
    found = explainer.everything("Ann")
    rows = json.loads(text_of(found, "json"))
    assert {row["text"] for row in rows} >= {"“Ann” is a “Lead”", "“Ann” guides “Grey”", "“Ann” near “Annie”"}
    for row in rows:
        assert row["rule"]
        assert not row["asserted"]
        assert leaves_of(row)
    markdown = text_of(found, "md")
    assert '[Ann.md:2:8](Ann.md#L2) leads: "\\[\\[Red\\]\\]"' in markdown
    assert markdown.count("- “Ann” is a “Lead”  \n") >= 1


def leaves_of(row: dict[str, Any]) -> list[object]:
    if row["asserted"]:
        return [*row["stated"]]
    return [leaf for premise in row["premises"] for leaf in leaves_of(premise)] or ["above"] * row["repeated"]


def test_a_note_that_has_changed_since_is_said_to_have(begin: Open) -> None:
    explainer = begin(NOTES, ONTOLOGY)
    (explainer.config.vault / "Red.md").write_text("Nothing any more.")
    assert "the file has changed since: run `kg ingest`" in text_of(explainer.why("Red", "above", "Grey"))


@pytest.mark.slow
def test_a_long_chain_is_one_step_and_a_deep_one_is_cut(begin: Open) -> None:
    notes = {f"N{n}.md": f"above:: [[N{n + 1}]]\n" for n in range(150)}
    explainer = begin(notes, ONTOLOGY)
    (one,) = explainer.why("N0", "above", "N149")
    assert len(one.premises) == 149
    steep = "".join(f'ex:C{n} a owl:Class ; rdfs:label "C{n}" ; rdfs:subClassOf ex:C{n + 1} .\n' for n in range(300))
    explainer = begin({"A.md": "---\ntype: C0\n---\n"}, steep)
    (one,) = explainer.why("A", "a", "C299")
    text = text_of([one])
    assert text.count("by cax-sco") == 100
    assert json.loads(text_of([one], "json"))


# ---- contradictions -------------------------------------------------------------------------------------------------

CONTRADICTIONS = """
ex:Cat a owl:Class ; rdfs:label "Cat" ; owl:disjointWith ex:Dog . ex:Dog a owl:Class ; rdfs:label "Dog" .
ex:Pup a owl:Class ; rdfs:label "Pup" ; rdfs:subClassOf ex:Dog .
[] a owl:AllDisjointClasses ; owl:members ( ex:Cat ex:Tree ex:Stone ) .
ex:Tree a owl:Class ; rdfs:label "Tree" . ex:Stone a owl:Class ; rdfs:label "Stone" . ex:Dead owl:complementOf ex:Live .
ex:Dead a owl:Class ; rdfs:label "Dead" . ex:Live a owl:Class ; rdfs:label "Live" .
ex:born a owl:DatatypeProperty, owl:FunctionalProperty ; rdfs:label "born" .
ex:owner a owl:ObjectProperty, owl:FunctionalProperty ; rdfs:label "owner" .
ex:likes a owl:ObjectProperty ; rdfs:label "likes" ; owl:propertyDisjointWith ex:hates . ex:hates a owl:ObjectProperty ; rdfs:label "hates" .
ex:other a owl:ObjectProperty ; rdfs:label "other" ; rdfs:subPropertyOf owl:differentFrom .
ex:over a owl:ObjectProperty, owl:AsymmetricProperty, owl:IrreflexiveProperty ; rdfs:label "over" .
ex:Single a owl:Class ; rdfs:label "Single" ; rdfs:subClassOf [ owl:onProperty ex:code ; owl:maxCardinality 1 ] , [ owl:onProperty ex:likes ; owl:maxCardinality 0 ] .
ex:code a owl:DatatypeProperty ; rdfs:label "code" .
"""


@pytest.mark.parametrize(
    ("notes", "places", "words"),
    [
        ({"A.md": "---\ntype: [Cat, Dog]\n---\n"}, [("A.md", 2, 13, "C01")], "“A is a Cat” and “A is a Dog” cannot both hold: ex:Cat owl:disjointWith ex:Dog; see A.md:2:8"),
        ({"A.md": "---\ntype: Cat\n---\n", "B.md": "# Pups\n", "C.md": "# Pup\n- [[A]]\n"}, [("C.md", 2, 1, "C01")], "“A is a Cat” and “A is a Dog”"),
        ({"A.md": "---\ntype: [Cat, Stone]\n---\n"}, [("A.md", 2, 13, "C01")], "[ owl:members ( ex:Cat ex:Tree ex:Stone ) ]"),
        ({"A.md": "---\ntype: [Dead, Live]\n---\n"}, [("A.md", 2, 14, "C01")], "ex:Dead owl:complementOf ex:Live"),
        ({"A.md": "born:: 2001\n\nborn:: 2002\n"}, [("A.md", 3, 8, "C03")], "“A born 2001” and “A born 2002”"),
        ({"A.md": "born:: 2001\n\nborn:: 2001.0\n"}, [], ""),
        ({"A.md": "owner:: [[B]]\n\nowner:: [[C]]\n", "B.md": "other:: [[C]]", "C.md": ""}, [("A.md", 3, 9, "C04")], "“B owl:differentFrom C” and “B owl:sameAs C” cannot both hold: different things are not the same; see A.md:1:9, B.md:1:9"),
        ({"A.md": "likes:: [[B]]\n\nhates:: [[B]]\n", "B.md": ""}, [("A.md", 3, 9, "C02")], "ex:likes owl:propertyDisjointWith ex:hates"),
        ({"A.md": "over:: [[B]]\n", "B.md": "over:: [[A]]\n"}, [("B.md", 1, 8, "C05")], "“A over B” and “B over A”"),
        ({"A.md": "over:: [[A]]\n"}, [("A.md", 1, 8, "C05")], "“A over A” cannot hold"),
        ({"A.md": "---\ntype: Single\ncode: [1, 2]\n---\n"}, [("A.md", 3, 11, "C03")], "“A code 1” and “A code 2”"),
        ({"A.md": "---\ntype: Single\n---\nlikes:: [[B]]", "B.md": ""}, [("A.md", 4, 9, "C05")], "“A likes B”"),
        ({"A.md": "---\ntype: [Cat, Pup]\ncode: [1, 2]\n---\nlikes:: [[A]]"}, [("A.md", 2, 13, "C01")], ""),
    ],
)  # fmt: skip
@pytest.mark.sample(5)
def test_contradictions_stand_at_the_lines_that_contradict(
    begin: Open, notes: dict[str, str], places: list[tuple[str, int, int, str]], words: str
) -> None:
    explainer = begin(notes, CONTRADICTIONS)
    found = [one for one in validate(kg.Vault(config=explainer.config)).findings if one.code.startswith("C")]
    assert sorted({(one.path, one.line, one.column, one.code) for one in found}) == places, [str(one) for one in found]
    assert not places or words in found[0].message, found[0].message


# ---- the commands -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_commands(begin: Open) -> None:
    vault = begin(NOTES, ONTOLOGY, RULES).config.vault
    asked = run("why", "Red", "above", "Grey", cwd=vault)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "Green.md:2:8" in asked.stdout
    assert run("why", "Red", "above", "Ann", cwd=vault).returncode == 1
    assert run("why", "Red", "above", cwd=vault).returncode == 2
    assert run("why", "Red", "above", "Grey", "--store", "nowhere", cwd=vault).returncode == 3
    assert "“Red” above “Grey”" in run("why", "Red", "--all", "-f", "md", cwd=vault).stdout
    figures = json.loads(run("infer", "--json", cwd=vault).stdout)
    assert figures["engine"] == "rules"
    assert figures["inferred"] == json.loads(run("infer", "--json", "--engine", "owlrl", cwd=vault).stdout)["inferred"]
    (vault / "ontology" / "rules" / "more.rq").write_text(
        "PREFIX ex: <https://ex.example/> CONSTRUCT { ?b ex:below ?a } WHERE { ?a ex:above ?b }"
    )
    more = run("infer", "--json", cwd=vault)
    assert json.loads(more.stdout)["inferred"] > figures["inferred"]
    assert "the ontology has changed" not in more.stderr
    with (vault / "ontology" / "own.ttl").open("a") as file:
        file.write("ex:under a owl:ObjectProperty ; owl:inverseOf ex:above .")
    assert "the ontology has changed since the last ingest" in run("infer", cwd=vault).stderr
    assert run("infer", "--store", "nowhere", cwd=vault).returncode == 3
    (vault / "ontology" / "rules" / "more.rq").write_text("CONSTRUCT { ?b")
    assert (run("infer", cwd=vault).returncode, run("infer", cwd=vault).stderr.count("\n")) == (2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("command", [["infer"], ["ingest", ".", "--full"]], ids=" ".join)
@pytest.mark.sample(1)
def test_what_owlrl_was_taken_for_and_what_was_not_used_is_said(begin: Open, command: list[str]) -> None:
    ontology = """ex:Old a owl:Class . owl:Thing rdfs:subClassOf ex:Old .
        ex:age a owl:DatatypeProperty ; rdfs:label "age" . ex:Old rdfs:subClassOf [ owl:onProperty ex:age ; owl:minCardinality 1 ] ."""
    explainer = begin({"A.md": "age:: 90\n"}, ontology)
    said = run(*command, cwd=explainer.config.vault).stderr
    assert "engine   owlrl, for owl:Thing as a condition\n" in said
    assert "hint: nothing follows from owl:minCardinality, which OWL 2 RL does not cover\n" in said
    asked = run("why", "A", "a", "ex:Old", cwd=explainer.config.vault)
    assert asked.returncode == 0, asked.stderr


def test_infer_leaves_what_an_ingest_does(begin: Open) -> None:
    explainer = begin(NOTES, ONTOLOGY, RULES)
    before = explainer.store.nquads()
    infer_again(explainer.config)
    assert kg.Store(explainer.config.store).nquads() == before
    assert not kg.ingest(kg.Vault(config=explainer.config)).changed


def test_infer_with_contradictions_exits_with_1_and_says_them(begin: Open) -> None:
    vault = begin({"A.md": "---\ntype: [Cat, Dog]\n---\n"}, CONTRADICTIONS).config.vault
    found = run("infer", "--no-color", cwd=vault)
    assert found.returncode == 1
    assert "A.md:2:13: error: “A is a Cat” and “A is a Dog” cannot both hold" in found.stderr
