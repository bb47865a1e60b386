"""Nothing that a library logs, warns or prints reaches standard error, from any command."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.commanding import run
from helpers.vaults import Write

HEAD = (
    "@prefix ex: <https://ex.example/> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix owl: <http://www.w3.org/2002/07/owl#> . "
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
)
CLASS = "ex:T a owl:Class . ex:day a owl:DatatypeProperty . ex:x a ex:T ; ex:day "
VALUES = '"2024-13-45"^^xsd:date , "x"^^xsd:integer , "25:61"^^xsd:time , "P1H"^^xsd:duration'
DATE = "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:day ; sh:datatype xsd:date ] ."
BY_OWLRL = "ex:D a owl:Class ; owl:equivalentClass [ a owl:Restriction ; owl:onProperty ex:day ; owl:someValuesFrom xsd:date ] ."


@pytest.mark.slow
def test_values_that_rdflib_cannot_convert(write: Write) -> None:
    files = {"t.ttl": f"{HEAD}{CLASS}{VALUES} .", "s.ttl": f"{HEAD}{DATE}", "o.ttl": f"{HEAD}{BY_OWLRL}"}
    vault = write({"A.md": "a", **{f"ontology/{name}": text for name, text in files.items()}})
    for command in ("ingest", "validate"):
        done = run(command, "-q", cwd=vault)
        assert done.stderr == "", command


def test_a_shape_that_refers_to_itself(write: Write) -> None:
    shape = "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:next ; sh:node ex:S ] ."
    vault = write({"A.md": "a", "ontology/t.ttl": f"{HEAD}{CLASS} 1 ; ex:next ex:x .", "ontology/s.ttl": HEAD + shape})
    assert run("validate", "-q", cwd=vault).stderr == ""


def test_what_a_library_prints_is_kept_from_the_answers_of_a_child() -> None:
    code = "from kg.core.child_process import Child\nimport helpers.loud\nwith Child(helpers.loud.work) as child: print(child.ask())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n{code}"],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("42\n", "")
