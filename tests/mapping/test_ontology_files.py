"""The files of an ontology: each a graph of its own, in several formats, and nothing of them lost in silence."""

from collections.abc import Callable
from pathlib import Path

import pytest

import kg
from helpers.commanding import command, run
from helpers.vaults import ingest
from kg.core.errors import OntologyError
from kg.mapping.ontology import Ontology, load

HEAD = """@prefix ex: <https://e.example/o#> .
@prefix kg: <https://w3id.org/concept-notes#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
"""
HEADER = "<https://e.example/o> a owl:Ontology .\n"
SHAPE = "ex:S a sh:NodeShape ; rdfs:label 'A shape' ; sh:targetClass ex:Risk ; sh:property [ sh:path ex:p ; sh:in ( 1 2 ) ] .\n"
EX = "https://e.example/o#"
XML = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#">'
    '<owl:Class rdf:about="https://e.example/o#Risk"/></rdf:RDF>'
)
RISK = "<https://e.example/o#Risk> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#Class> .\n"


def loaded(folder: Path, files: dict[str, str]) -> Ontology:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text if name.lower().endswith((".rdf", ".owl", ".xml", ".jsonld")) else HEAD + text)
    return load([folder], {}, base="https://v.example/")


def rows(ontology: Ontology) -> set[str]:
    return {f"{t.subject} {t.predicate} {t.object}".replace(EX, "").replace("http://www.w3.org/2000/01/rdf-schema#", "")
            for t in ontology.triples}  # fmt: skip


@pytest.mark.parametrize("more", ["more.ttl", "deep/er/more.ttl", "core.TTL"])
def test_files_with_one_header_are_parts_of_one_ontology(tmp_path: Path, more: str) -> None:
    found = loaded(tmp_path, {"core.ttl": HEADER + "ex:Risk a owl:Class .", more: HEADER + "ex:Hazard a owl:Class ."})
    assert found.classes == {EX + "Risk", EX + "Hazard"}
    assert len(found.files) == 2


def test_a_header_in_terms_and_in_shapes_loses_neither(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"terms.ttl": HEADER + "ex:Risk a owl:Class .", "shapes.ttl": HEADER + SHAPE})
    assert found.classes == {EX + "Risk"}
    assert found.shapes


def test_only_a_later_folder_replaces_an_ontology(tmp_path: Path) -> None:
    loaded(tmp_path / "a", {"x.ttl": HEADER + "ex:Risk a owl:Class .", "y.ttl": "ex:Woe a owl:Class ."})
    loaded(tmp_path / "b", {"one.ttl": HEADER + "ex:Chance a owl:Class .", "two.ttl": HEADER + "ex:Gain a owl:Class ."})
    found = load([tmp_path / "a", tmp_path / "b"], {})
    assert found.classes == {EX + "Woe", EX + "Chance", EX + "Gain"}


@pytest.mark.parametrize("name", ["my terms.ttl", "a{b}.ttl", "a%b.ttl", "a%20b.ttl", "<a>.ttl", "é^|.ttl"])
def test_any_name_of_a_file_is_good(tmp_path: Path, name: str) -> None:
    found = loaded(
        tmp_path,
        {
            name: "ex:Risk a owl:Class ; rdfs:subClassOf [ owl:onProperty ex:p ; owl:hasValue ex:v ] . <> a owl:Ontology ."
        },
    )
    assert len(found.triples) == 5


def test_blank_nodes_of_files_with_one_name_do_not_merge(tmp_path: Path) -> None:
    text = "ex:Risk rdfs:subClassOf [ owl:onProperty ex:p ; owl:hasValue ex:v ] , _:a . _:a ex:p _:b ."
    found = loaded(tmp_path, {"a/core.ttl": text, "b/core.ttl": text, "core.ttl": text})
    assert len(found.triples) == 3 * 5


def test_relative_iris_are_below_the_base(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "t.ttl": "<> a owl:Ontology . <#Risk> a owl:Class .",
            "d/u v.ttl": "<#Risk> a owl:Class . @base <https://x.example/> . <Woe> a owl:Class .",
        },
    )
    assert found.classes == {
        "https://v.example/ontology/t.ttl#Risk",
        "https://v.example/ontology/d/u%20v.ttl#Risk",
        "https://x.example/Woe",
    }


# ---- axioms beside shapes --------------------------------------------------------------------------------------------

AXIOMS = [
    "[] a owl:AllDisjointClasses ; owl:members ( ex:Risk ex:Chance ) .",
    "kg:linksTo rdfs:subPropertyOf ex:touches .",
    "kg:Concept rdfs:subClassOf ex:Topic .",
    "ex:Red a ex:Colour ; rdfs:label 'Red' .",
    "[ a owl:Class ; owl:unionOf ( ex:A ex:B ) ] rdfs:subClassOf ex:C .",
    "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual ex:a ; owl:assertionProperty ex:p ; owl:targetIndividual ex:b .",
    "ex:Age a rdfs:Datatype ; owl:onDatatype <http://www.w3.org/2001/XMLSchema#integer> .",
    "ex:near a owl:TransitiveProperty .",
    "ex:a owl:sameAs ex:b . ex:a ex:p 'text' .",
    "ex:Risk a owl:Class ; rdfs:seeAlso _:a . _:a rdfs:seeAlso _:b . _:b rdfs:seeAlso _:a .",
    "_:a rdfs:seeAlso _:b . _:b rdfs:seeAlso _:a .",
]


@pytest.mark.parametrize("axiom", AXIOMS)
def test_what_is_beside_shapes_is_part_of_the_ontology(tmp_path: Path, axiom: str) -> None:
    alone = loaded(tmp_path / "a", {"m.ttl": axiom})
    beside = loaded(tmp_path / "b", {"m.ttl": SHAPE + axiom})
    assert alone.triples == beside.triples
    assert len(beside.shapes) == len(alone.triples) + 10


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (SHAPE + HEADER, set()),
        (HEADER + "ex:S a sh:NodeShape ; ex:own [ ex:p ( 1 2 ) ] . ex:T sh:deactivated true .", set()),
        (HEADER + "<https://e.example/o> sh:declare [ sh:prefix 'ex' ; sh:namespace 'x' ] . " + SHAPE, set()),
        ("ex:Risk a owl:Class, sh:NodeShape ; rdfs:label 'Risk' ; sh:property [ sh:path ex:p ; rdfs:label 'x' ] .",
         {"<Risk> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#Class>", '<Risk> <label> "Risk"'}),
        ("ex:Red a ex:Colour ; sh:order 1 ; rdfs:label 'Red' .",
         {"<Red> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <Colour>", '<Red> <label> "Red"'}),
    ],
)  # fmt: skip
def test_shapes_and_the_description_of_their_file_are_not(tmp_path: Path, text: str, kept: set[str]) -> None:
    assert rows(loaded(tmp_path, {"m.ttl": text})) == kept


def test_a_contradiction_and_a_subproperty_beside_a_shape(write: Callable[..., Path], tmp_path: Path) -> None:
    axioms = "ex:Risk a owl:Class . ex:Chance a owl:Class . " + " ".join(AXIOMS[:3]) + SHAPE
    vault = write({"ontology/m.ttl": HEAD + axioms, "A.md": "---\ntype: [Risk, Chance]\n---\n[[B]]\n", "B.md": "b\n"})
    store = ingest(vault, tmp_path / "store").store
    ask = "PREFIX ex: <https://e.example/o#> ASK { n:A ex:touches n:B . n:B a ex:Topic }"
    assert kg.query(store, ask).boolean


# ---- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.rdf", '<?xml version="1.0"?>\n' + XML),
        ("r.owl", "<!-- made by hand --> " + XML),
        ("R.OWL", HEAD + "ex:Risk a owl:Class ."),
        ("r.rdf", HEAD + "ex:Risk a owl:Class ."),
        ("r.xml", XML),
        ("R.TTL", "ex:Risk a owl:Class ."),
        ("r.jsonld", '{"@id": "https://e.example/o#Risk", "@type": "http://www.w3.org/2002/07/owl#Class"}'),
        ("r.jsonld", '{"@context": {"@vocab": "http://www.w3.org/2002/07/owl#"}, "@graph": [{"@id": "https://e.example/o#Risk", "@type": "Class"}]}'),
    ],
)  # fmt: skip
def test_formats_that_are_read(tmp_path: Path, name: str, text: str) -> None:
    found = loaded(tmp_path, {name: text})
    assert found.classes == {EX + "Risk"}
    assert not found.findings


@pytest.mark.parametrize("name", ["r.nt", "R.NT"])
def test_n_triples_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(RISK + RISK.replace("#Risk", "#" + "(" * 2_000))
    assert EX + "Risk" in load([tmp_path], {}).classes


def test_rdf_xml_in_a_file_of_turtle_is_read(tmp_path: Path) -> None:
    (tmp_path / "r.ttl").write_text(f'<?xml version="1.0"?>{XML}')
    assert load([tmp_path], {}).classes == {EX + "Risk"}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("r.owl", f"<!DOCTYPE rdf:RDF [<!ENTITY a 'b'>]>{XML}", "it has a document type definition (DTD)"),
        ("r.rdf", f"<!DOCTYPE rdf:RDF SYSTEM 'http://e.example/d.dtd'>{XML}", "it has a document type definition (DTD)"),
        ("r.ttl.xml", f"<!DOCTYPE rdf:RDF>{XML}", "it has a document type definition (DTD)"),
        ("r.owl", '<?xml version="1.0"?><Ontology xmlns="http://www.w3.org/2002/07/owl#"/>', "OWL/XML is not supported"),
        ("r.owl", "Prefix(:=<http://e.example/>)\nOntology()", "OWL's functional and Manchester syntaxes are not supported"),
        ("r.owl", "# made by hand\nOntology: <http://e.example/>", "OWL's functional and Manchester syntaxes are not supported"),
        ("r.jsonld", '{"@context": "https://e.example/c.jsonld", "@id": "x"}', "its context is a web page, and kg fetches nothing"),
        ("r.n3", "{ ?a ?b ?c } => { ?c ?b ?a } .", "Notation3 is not supported"),
        ("r.TRIG", "", "TriG is not supported"),
        ("r.obo", "format-version: 1.2", "OBO is not supported"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_a_finding(tmp_path: Path, name: str, text: str, reason: str) -> None:
    found = loaded(tmp_path / "ontology", {name: text})
    assert not found.triples
    assert list(map(str, found.findings)) == [f"ontology/{name}:1:1: warning: not read: {reason} [O03]"]


@pytest.mark.parametrize("name", ["catalog-v001.xml", "README.md", "rules/x.txt", "picture.svg", "data.json"])
def test_other_files_are_no_ontology(tmp_path: Path, name: str) -> None:
    found = loaded(tmp_path, {name: '<?xml version="1.0"?><catalog prefer="public"/>'})
    assert not found.triples
    assert not found.findings


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "r.rdf",
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><a></rdf:RDF>",
            "not valid RDF/XML: ",
        ),
        ("r.jsonld", '{"@id": ', "not valid JSON-LD: "),
        ("r.jsonld", "[" * 100_000, "more than 1,000 nested brackets"),
        ("r.owl", "<a:b xmlns:a='http://e.example/'>" + "<a:b>" * 5_000, "more than 1,000 nested brackets"),
    ],
)
def test_a_file_that_is_not_valid_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(OntologyError, match=rf"{name}:\d+:\d+: {message}"):
        loaded(tmp_path, {name: text})


def test_a_file_that_is_not_read_is_named_at_an_ingest(write: Callable[..., Path]) -> None:
    vault = write({"A.md": "a\n", "ontology/r.owl": f"<!DOCTYPE rdf:RDF>{XML}"})
    assert (
        "ontology/r.owl:1:1: warning: not read: it has a document type definition (DTD) [O03]"
        in command(vault, "ingest").err
    )


IMPORT = "owl:imports <https://up.example/top#> ."
TOP = "<https://up.example/top> a owl:Ontology ."
CATALOG = (
    '<?xml version="1.0"?><catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"><group id="g" xml:base="">'
    '<uri id="u" name="https://up.example/top" uri="deep/my%20top.ttl"/></group></catalog>'
)


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({}, "a.ttl:8:36"),
        ({"top.ttl": TOP}, ""),
        ({"top.rdf": XML.replace("owl:Class", "owl:Ontology").replace("e.example/o#Risk", "up.example/top")}, ""),
        ({"top.ttl": "ex:o a owl:Ontology ; owl:versionIRI <https://up.example/top> ."}, ""),
        ({"deep/my top.ttl": "ex:Risk a owl:Class .", "catalog-v001.xml": CATALOG}, ""),
        ({"catalog-v001.xml": CATALOG}, "a.ttl:8:36"),
        ({"other.ttl": "ex:Risk a owl:Class .", "catalog.xml": CATALOG}, "a.ttl:8:36"),
    ],
)  # fmt: skip
def test_an_import_is_answered_by_a_local_file_or_named(tmp_path: Path, files: dict[str, str], where: str) -> None:
    found = loaded(tmp_path / "ontology", {"a.ttl": f"{HEADER}<https://e.example/o> {IMPORT}", **files})
    message = "warning: the imported ontology <https://up.example/top#> is not here: kg fetches nothing [O05]"
    assert list(map(str, found.findings)) == ([f"ontology/{where}: {message}"] if where else [])


def test_a_relative_import_is_a_file_beside_it(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"a.ttl": "<> a owl:Ontology ; owl:imports <b.ttl> .", "b.ttl": "ex:Risk a owl:Class ."})
    assert not found.findings


@pytest.mark.parametrize("text", ["<catalog", "<!DOCTYPE a [<!ENTITY b 'c'>]><catalog/>"])
def test_a_broken_catalog_is_an_error_and_one_with_entities_is_not_read(tmp_path: Path, text: str) -> None:
    if "DOCTYPE" in text:
        assert not loaded(tmp_path, {"catalog.xml": text}).findings
        return
    with pytest.raises(OntologyError, match=r"catalog\.xml:1:1: not valid XML"):
        loaded(tmp_path, {"catalog.xml": text})


@pytest.mark.parametrize(
    ("text", "name", "space", "finding"),
    [
        ("@prefix risk: <https://risk.example/#> .", "risk", "https://risk.example/#", ""),
        ("PREFIX : <https://risk.example/> ", "", "https://risk.example/", ""),
        ("@prefix schema: <http://schema.org/> .", "schema", "https://schema.org/", "o.ttl:7:1"),
        ("@prefix p: <https://risk.example/#> .", "p", "https://v.example/#property/", "o.ttl:7:1"),
        ("\n@prefix set: <https://risk.example/#> .", "set", "https://set.example/", "o.ttl:8:1"),
    ],
)
def test_prefixes_of_the_ontology_are_known_and_those_that_clash_are_named(
    tmp_path: Path, text: str, name: str, space: str, finding: str
) -> None:
    folder = tmp_path / "ontology"
    folder.mkdir()
    (folder / "o.ttl").write_text(HEAD + text)
    known = {"schema": "https://schema.org/", "p": "https://v.example/#property/", "set": "https://set.example/"}
    found = load([folder], known)
    assert found.prefixes[name] == space
    assert [str(f).partition(": info")[0] for f in found.findings] == ([f"ontology/{finding}"] if finding else [])


def test_the_first_of_two_files_decides_what_a_prefix_means(tmp_path: Path) -> None:
    files = {
        "b.owl": XML.replace(":rdf=", ":x='https://b.example/' xmlns:rdf="),
        "a.ttl": "@prefix x: <https://a.example/> .",
    }
    found = loaded(tmp_path / "ontology", files)
    assert found.prefixes["x"] == "https://a.example/"
    assert [str(f) for f in found.findings] == [
        "ontology/b.owl:1:10: info: the prefix “x:” is <https://a.example/> in queries, and <https://b.example/> in "
        "this file [O04]"
    ]


def test_the_prefixes_of_the_vault_need_no_declaration(tmp_path: Path) -> None:
    notes = {"A.md": "---\ntype: ex:Risk\nreading pace: 5\n---\n", "ontology/o.ttl": HEAD + "ex:Risk a owl:Class .",
             "kg.toml": "[prefixes]\nown = 'https://own.example/'\n"}  # fmt: skip
    for name, text in notes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command(tmp_path, "ingest", "-q")
    asked = run("query", "ASK { ?s a ex:Risk ; p:reading-pace 5 MINUS { ?s a own:x } }", cwd=tmp_path)
    assert (asked.returncode, asked.stdout) == (0, "true\n"), asked.stderr
    assert "did you mean p:reading-pace?" in run("query", "ASK { ?s p:readin-pace 5 }", cwd=tmp_path).stderr
    assert "Risk\n" in command(tmp_path, "show", "ex:Risk").out
