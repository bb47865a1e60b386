"""The place of a result: values in another form than the store's, and things of the ontology."""

from helpers.commanding import run
from helpers.vaults import Write
from kg.validation.validator import validate

HEAD = """@prefix ex: <https://ex.example/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix p: <https://notes.example/#property/> .
"""
WRITTEN = ("1e3", "01", "+5", "1.50", "-0.0", "007", "2024-01-01T24:00:00", "1E-2", "100000.000")


def test_values_in_another_form_than_the_stores(write: Write) -> None:
    keys = "".join(f"k{n}: {value}\n" for n, value in enumerate(WRITTEN))
    fields = "".join(f"f{n}:: {value}\n" for n, value in enumerate(WRITTEN))
    paths = [f"{letter}{n}" for letter in "kf" for n in range(len(WRITTEN))]
    shapes = " , ".join(f"[ sh:path p:{path} ; sh:datatype ex:none ]" for path in paths)
    vault = write({
        "A.md": f"---\ntype: Risk\n{keys}---\n{fields}",
        "ontology/s.ttl": f"{HEAD}ex:Risk a owl:Class . ex:S sh:targetClass ex:Risk ; sh:property {shapes} .",
    })  # fmt: skip
    found = [one for one in validate(vault, only="shapes").findings if one.code == "S"]
    lines = [*range(3, 3 + len(WRITTEN)), *range(4 + len(WRITTEN), 4 + 2 * len(WRITTEN))]
    assert [(one.line, one.column) for one in found] == [(line, 5 if line < 3 + len(WRITTEN) else 6) for line in lines]


THINGS = """
ex:Tier a owl:Class . ex:name a owl:DatatypeProperty . ex:size a owl:DatatypeProperty .
ex:Basic a ex:Tier ; ex:size 1 .
ex:Plus ex:size 007 ; a ex:Tier ;
    ex:name "Plus" ,
        "Plus more" .
  ex:Max a ex:Tier ; ex:name "Max" .  ex:Pro a ex:Tier ; ex:name "Pro" ;
    ex:size 2 .
"""
SHAPE = """ex:S sh:targetClass ex:Tier ; sh:property [ sh:path ex:name ; sh:minCount 1 ; sh:maxLength 4 ] ,
    [ sh:path ex:size ; sh:maxInclusive 1 ; sh:minCount 1 ] ."""


def test_things_of_the_ontology(write: Write) -> None:
    vault = write(
        {"n/A.md": "a", "kg.toml": 'vault = "n"\n', "ontology/sub/t.ttl": HEAD + THINGS, "ontology/s.ttl": HEAD + SHAPE}
    )
    done = run("validate", "-q", "--only", "shapes", cwd=vault)
    places = [line.partition(": ")[0] for line in done.stdout.splitlines() if line.startswith("ont")]
    assert places == [f"ontology/sub/t.ttl:{place}" for place in ("8:1", "9:17", "11:9", "12:3", "13:13")]
    github = run("validate", "-q", "--only", "shapes", "-f", "github", cwd=vault).stdout
    assert "file=ontology/sub/t.ttl,line=8,endLine=8,col=1," in github


def test_kg_why_has_the_line_of_such_a_value(write: Write) -> None:
    vault = write({"A.md": "---\nsize: 01\n---\n"})
    run("ingest", "-q", vault)
    assert "A.md:2:" in run("why", "A", "size", "1", cwd=vault).stdout
