"""`kg explain`: every code has an explanation, and its example has the finding."""

import json
from pathlib import Path

import pytest

import kg
from helpers.commanding import run
from helpers.vaults import Write
from kg.config import load, resource
from kg.core.findings import CODES
from kg.mapping.link_resolution import Index
from kg.rdf.iris import Names
from kg.rendering.code_explanations import CodeExplanation
from kg.validation.codes import codes_of
from kg.validation.validator import check, validate

EXPLAINED = {code: CodeExplanation.of(row) for code, row in codes_of(load(resource("ontology"))).items()}
WITH_EXAMPLES = [code for code, row in EXPLAINED.items() if row.examples]


def test_every_code_has_an_explanation() -> None:
    assert [code for code, row in EXPLAINED.items() if not row.meaning or not row.code.remedy] == []
    assert [code for code, row in EXPLAINED.items() if "```" in row.meaning] == []
    text = (resource("ontology").parent / "src/kg/rendering/explanations.md").read_text(encoding="utf-8")
    assert [
        line[2:] for line in text.splitlines() if line[:2] == "# " and line[2:3].isupper() and line[3:].isdigit()
    ] == [code for code in EXPLAINED if code in text]


@pytest.mark.parametrize("code", [code for code in WITH_EXAMPLES if code[0] not in "SK"])
def test_an_example_has_the_finding(write: Write, code: str) -> None:
    vault = write(dict(EXPLAINED[code].examples))
    reading = kg.Vault(vault).read()
    found = check(reading, Index.of(reading.notes, reading.attachments, Names("https://a.example/")))
    assert code in {finding.code for finding in found.findings}


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for code in WITH_EXAMPLES if code[0] in "SK"])
def test_an_example_has_the_finding_of_a_shape(write: Write, code: str) -> None:
    vault = write(dict(EXPLAINED[code].examples))
    assert code in {finding.code for finding in validate(vault).findings}


def test_an_explanation_in_each_form(tmp_path: Path) -> None:
    text = run("explain", "L01", cwd=tmp_path).stdout
    assert text.startswith("L01 error: The note that a link names does not exist\n\nNo note has this name")
    assert text.endswith("  Start.md\n    See [[Outcme]].\n\nRemedy: Write that note, or correct the link.\n")
    rows = json.loads(run("explain", "L01", "L09", "-f", "json", cwd=tmp_path).stdout)
    assert [row["code"] for row in rows] == ["L01", "L09"]
    assert rows[0]["examples"] == [{"file": "Start.md", "text": "See [[Outcme]].\n"}]
    assert rows[0].keys() == {"code", "severity", "title", "meaning", "remedy", "examples"}
    page = run("explain", "L01", "-f", "md", cwd=tmp_path).stdout
    assert page.startswith("### L01 error: ")
    assert page in (resource("ontology").parent / "docs/findings.md").read_text(encoding="utf-8")


def test_codes_are_listed_and_those_that_do_not_exist_are_refused(write: Write) -> None:
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> . @prefix ex: <urn:ex#> .
        ex:Risky a sh:NodeShape ; sh:targetClass kg:Concept ; sh:message "{$this} is at risk" ; sh:description "Rescue it" ; sh:nodeKind sh:Literal ."""
    folder = write({"A.md": "text", "kg.toml": "", "ontology/own.ttl": shape})
    listed = run("explain", cwd=folder).stdout.splitlines()
    assert {line.split()[0] for line in listed} == {*EXPLAINED, "Risky"}
    assert [line.split()[0] for line in run("explain", "P", cwd=folder).stdout.splitlines()] == [
        *["P01", "P02", "P03", "P04", "P05"]
    ]
    assert run("explain", "Risky", cwd=folder).stdout == "Risky error: … is at risk\n\nRemedy: Rescue it.\n"
    for wrong, meant in (
        ("L99", "; did you mean L09?"),
        ("l01", "; did you mean L01?"),
        ("Risk", "; did you mean Risky?"),
    ):
        done = run("explain", wrong, cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"kg: no finding has the code “{wrong}”{meant}\n"
    assert "(`kg explain` lists the codes)" in run("explain", "", cwd=folder).stderr


def test_a_severity_is_that_of_the_shape_and_not_of_a_part_of_it() -> None:
    assert {code: row.code.severity for code, row in EXPLAINED.items() if code in {"S03", "S06", "S08"}} == {
        **dict.fromkeys(("S03", "S06", "S08"), "warning")
    }
    assert CODES["L11"].severity == "info"
