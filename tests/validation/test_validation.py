"""`kg validate`: shapes at the note's own line, the formats of its reports, the baseline, and that again equals anew."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import kg
from helpers.commanding import run
from helpers.drawing import at_length, draws
from helpers.vaults import ROOT, Write, copied_notes
from kg.config import load
from kg.core.findings import Finding
from kg.store.builder import building
from kg.validation import conformance, pyshacl_runner
from kg.validation.messages import bare
from kg.validation.pyshacl_runner import Violation, engine
from kg.validation.validator import Validation, validate

SH = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <https://ex.example/> . "
KG = "@prefix kg: <https://w3id.org/concept-notes#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> . "
PLAIN = "---\ndefinition: A thing\n---\n"


def places(validation: Validation, *codes: str) -> list[tuple[str, int, int, str]]:
    return [(f.path, f.line, f.column, f.code) for f in validation.findings if f.code in codes or not codes]


# ---- the shapes ------------------------------------------------------------------------------------------------------


def test_notes_has_a_handful_of_findings_and_a_corrected_copy_none(tmp_path: Path) -> None:
    vault = copied_notes(tmp_path / "notes")
    done = run("validate", "notes", cwd=tmp_path)
    assert done.returncode == 1
    assert (
        "notes/Outcomes over Outputs.md:22:1: warning: “Josh Seidan” and “Josh Seiden” differ by a letter"
        in done.stdout
    )
    assert f"$ kg validate notes\n{done.stdout}{done.stderr}[1]\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("North Star Metric", "Continuous delivery", "Double-loop learning"):
        (vault / f"{name}.md").write_text(f"{PLAIN}[[Start here]]\n", encoding="utf-8")
    assert run("validate", vault).returncode == 0


def test_a_vault_that_is_none_or_empty_is_said(tmp_path: Path) -> None:
    gone, empty = run("validate", tmp_path / "nowhere"), run("validate", tmp_path)
    assert (gone.returncode, empty.returncode) == (2, 2)
    assert "does not exist" in gone.stderr
    assert "has no notes" in empty.stderr


def test_a_link_to_the_wrong_kind_of_thing_is_found_where_it_stands(write: Write) -> None:
    vault = write({
        "A.md": f"{PLAIN[:-4]}has output: '[[B]]'\nhas outcome:\n  - '[[B]]'\n  - '[[Gone]]'\n---\n[[B]] https://e.example\n",
        "B.md": "---\ntype: Output\n---\n[[A]]\n",
    })  # fmt: skip
    found = [one for one in validate(vault, only="shapes").findings if one.code == "S10"]
    assert [(one.path, one.line, one.column) for one in found] == [("A.md", 5, 5)]
    assert found[0].message == "“B” is an output, and “has outcome” leads to an outcome"
    assert found[0].as_json()["value"] == "https://notes.example/B"


def test_a_thing_of_a_wider_class_is_no_wrong_one_and_two_properties_may_share_a_name(write: Write) -> None:
    turtle = """@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix schema: <https://schema.org/> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix kg: <https://w3id.org/concept-notes#> .
        ex:related a owl:ObjectProperty ; rdfs:label "mine" ; schema:domainIncludes kg:Concept ; schema:rangeIncludes kg:Output ."""
    vault = write({
        "A.md": "---\nbroader: '[[B]]'\nmine: '[[C]]'\nrelated: '[[C]]'\n---\n", "B.md": "---\ntype: skos:Concept\n---\n",
        "C.md": "---\ntype: output\n---\n", "ontology/mine.ttl": turtle,
    })  # fmt: skip
    assert places(validate(vault), "S10") == [("A.md", 4, 10, "S10")]


def test_what_only_follows_is_not_held_against_anybody(write: Write) -> None:
    """Of `author:` in any note follows that its author has created it, which is no Resource."""
    vault = write({"A.md": f"{PLAIN[:-4]}author: Ann Lee\n---\n"})
    assert not [one for one in validate(vault).findings if one.code.startswith("S")]


def test_names_that_differ_by_a_slip_and_names_that_are_others(write: Write) -> None:
    vault = write({
        "A.md": "# Resources\n- One - Josh Seiden\n- Two - Josh Seiden\n- Three - Josh Seidan\n- Four - Li Wei\n- Five - Li Mei\n",
        "B.md": "# Resources\n- Six - Author 11\n- Seven - Author 12\n- Eight - Marty Cagan\n- Nine - Marty Kagan\n",
        "Marty Cagan.md": "---\ntype: author\n---\n", "Marty Kagan.md": "---\ntype: author\n---\n",
    })  # fmt: skip
    assert places(validate(vault), "S11") == [("A.md", 4, 1, "S11")]


def test_shapes_of_the_users_own_are_checked_and_ours_can_be_switched_off(write: Write) -> None:
    vault = write({
        "A.md": "# Outcomes\n- Good\n",
        "ontology/mine.ttl": SH + KG + """
            <https://w3id.org/concept-notes/shapes#OutcomeOfConcept> sh:deactivated true .
            <https://w3id.org/concept-notes/shapes#ConceptDefinition> sh:deactivated true .
            <https://w3id.org/concept-notes/shapes#ListedOutcomeAchieved> sh:deactivated true .
            ex:Long a sh:NodeShape ; sh:targetClass kg:Outcome ; sh:property [ sh:path skos:prefLabel ; sh:minLength 9 ] .
            ex:Said a sh:NodeShape ; sh:targetClass kg:Outcome ; sh:sparql [
                sh:message "{$this} is not said by {?value}" ; sh:prefixes ex:p ;
                sh:select "SELECT $this ?value WHERE { ?value kg:hasOutcome $this }" ] .
            ex:p sh:declare [ sh:prefix "kg" ; sh:namespace "https://w3id.org/concept-notes#"^^<http://www.w3.org/2001/XMLSchema#anyURI> ] .
            """,
    })  # fmt: skip
    found = validate(vault, only="shapes").findings
    assert [(str(one), one.result and one.result.property) for one in found] == [
        ("A.md:2:1: error: “Good” is not said by “A” [Said]", ""),
        ("A.md:2:1: error: “Good” is shorter than 9 characters [Long]", "http://www.w3.org/2004/02/skos/core#prefLabel"),
    ][::-1]  # fmt: skip


def test_a_severity_is_one_of_shacl_by_its_iri(write: Write) -> None:
    severities = (
        "ex:Warning",
        "ex:Violation",
        "<urn:x/Warning>",
        "<https://ex.example/sh/Violation>",
        "sh:Info",
        "sh:Warning",
        "sh:Violation",
    )
    shapes = (
        f"ex:S{n} a sh:NodeShape ; sh:targetClass kg:Concept ; sh:property [ sh:path ex:p{n} ; sh:minCount 1 ; sh:severity {name} ] ."
        for n, name in enumerate(severities)
    )
    found = validate(write({"A.md": "a", "ontology/s.ttl": SH + KG + " ".join(shapes)}), only="shapes")
    assert [one.severity for one in found.findings if one.code != "S02"] == [*["info"] * 5, "warning", "error"]
    assert [found.rules[f"S{n}"].severity for n in range(7) if f"S{n}" in found.rules] == [
        *["info"] * 5,
        "warning",
        "error",
    ]


def test_shapes_are_no_part_of_the_dataset_and_do_not_rebuild_it(write: Write) -> None:
    vault = write({"A.md": "text", "ontology/mine.ttl": f"{SH} ex:S a sh:NodeShape ; sh:targetNode ex:x ."})
    store = kg.ingest(vault).store
    assert not [quad for quad in store.quads() if "shacl" in str(quad) or "ex.example" in str(quad)]
    (vault / "ontology/mine.ttl").write_text(f"{SH} ex:S a sh:NodeShape ; sh:targetNode ex:y .")
    assert not kg.ingest(vault).changed


@pytest.mark.parametrize("text", ["SELECT $this { SERVICE <http://127.0.0.1:1/> { $this ?p ?o } }", "SELECT $this FROM <file:///etc/passwd> { $this ?p ?o }"])  # fmt: skip
def test_shapes_ask_no_server_and_read_no_file(write: Write, text: str) -> None:
    shape = f'{SH}{KG} ex:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:sparql [ sh:select "{text}" ] .'
    done = run("validate", write({"A.md": "text", "ontology/mine.ttl": shape}))
    assert done.returncode == 1
    assert "error: ex:S: a shape must not use " in done.stdout


def test_shapes_that_cannot_be_used_are_findings(write: Write) -> None:
    vault = write({"A.md": "text", "ontology/mine.ttl": f"{SH}{KG} ex:S a sh:PropertyShape ; sh:targetClass kg:Concept ; sh:minCount 1 ."})  # fmt: skip
    done = run("validate", "-q", cwd=vault)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "ontology/mine.ttl:1:185: error: ex:S: a sh:PropertyShape needs a sh:path [O10]\n"


@pytest.mark.slow
def test_shapes_that_never_end_are_ended(write: Write) -> None:
    loop = "SELECT $this { $this a ?t . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER(?a = ?f && ?c = ?g && ?b = ?i) }"
    shape = f'{SH}{KG} ex:S a sh:NodeShape ; sh:targetClass kg:Concept ; sh:sparql [ sh:select "{loop}" ] .'
    done = run("validate", write({"A.md": "text", "ontology/mine.ttl": shape}), "--timeout", "3")
    assert done.returncode == 4, done.stderr


@pytest.mark.slow
def test_memory_is_limited(write: Write) -> None:
    shape = (
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> .\n"
        "<urn:all> a sh:NodeShape ; sh:targetClass kg:Note ; sh:sparql [ sh:message 'x' ; sh:select "
        "'SELECT $this WHERE { ?a ?p ?b . ?c ?q ?d } ORDER BY ?b ?d' ] .\n"
    )
    done = run("validate", write({"A.md": "text", "kg.toml": "max_memory = 100_000_000\n", "ontology/all.ttl": shape}))
    assert done.returncode == 2
    assert "max_memory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_store_that_is_being_written_is_no_hindrance(write: Write) -> None:
    vault = write({"A.md": "# Outcomes\n- Good\n"})
    before = validate(vault)
    (vault / "A.md").write_text("# Outcomes\n- Good\n- Better\n")
    with building(vault / ".kg", {}, "somebody"):
        assert len(validate(vault).findings) > len(before.findings)


# ---- the formats -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".git").mkdir()
    copied_notes(folder / "my notes")
    return folder


def reported(repository: Path, form: str, *arguments: str) -> str:
    done = run("validate", repository / "my notes", "-f", form, *arguments)
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_sarif(repository: Path) -> None:
    log = json.loads(reported(repository, "sarif"))["runs"][0]
    rows = json.loads(reported(repository, "json"))
    rules = log["tool"]["driver"]["rules"]
    assert len(log["results"]) == len(rows)
    for result, row in zip(log["results"], rows, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].startswith("my%20notes/")
        assert place["region"]["startLine"] == row["line"]
        assert place["region"]["startColumn"] == row["column"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == row["code"]
        assert rules[result["ruleIndex"]]["help"]["text"]
    prints = [result["partialFingerprints"]["kgFinding/v1"] for result in log["results"]]
    assert len(set(prints)) == len(prints)


@pytest.mark.system
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not here")
def test_sarif_is_valid_by_its_schema(repository: Path, tmp_path: Path) -> None:
    """The schema is that of OASIS, in a package of Microsoft's (MIT)."""
    import jsonschema

    subprocess.run(["npm", "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0"], cwd=tmp_path, check=True)
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as archive:
        file = archive.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert file is not None
        schema = json.load(file)
    checker = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    for severity in ("info", "warning"):
        log = json.loads(reported(repository, "sarif", "--severity", severity))
        assert [error.message for error in checker.iter_errors(log)] == []
    assert list(checker.iter_errors({**log, "version": 2}))


def test_github_commands(repository: Path) -> None:
    lines = reported(repository, "github").splitlines()
    assert lines[0].startswith("::error file=my notes/Concepts/Discovery & Delivery.md,line=19,endLine=19,col=156,")
    assert all(line.count("::") >= 2 and line.startswith(("::error ", "::warning ")) for line in lines)


def test_junit(repository: Path) -> None:
    root = ElementTree.fromstring(reported(repository, "junit"))
    cases = list(root.iter("testcase"))
    assert int(root.attrib["tests"]) == len(cases)
    assert int(root.attrib["failures"]) == len(list(root.iter("failure"))) > 0
    strict = ElementTree.fromstring(reported(repository, "junit", "--severity", "warning"))
    assert len(list(strict.iter("failure"))) == len(cases)


def test_turtle_is_the_report_of_shacl(repository: Path) -> None:
    graph = rdflib.Graph().parse(data=reported(repository, "turtle"), format="turtle")
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    results = set(graph.objects(None, sh.result))
    assert [str(value) for value in graph.objects(None, sh.conforms)] == ["false"]
    assert len(results) == len(validate(repository / "my notes", only="shapes").results) > 20
    for result in results:
        assert {sh.focusNode, sh.resultSeverity, sh.sourceShape, sh.sourceConstraintComponent} <= set(
            graph.predicates(result)
        )
        assert "{" not in str(graph.value(result, sh.resultMessage))


@pytest.mark.slow
def test_a_vault_without_findings_in_every_format(write: Write) -> None:
    vault = write({"A.md": f"{PLAIN}[[B]]\n", "B.md": f"{PLAIN}[[A]]\n"})
    for form in ("text", "json", "sarif", "github", "junit", "turtle"):
        done = run("validate", vault, "-f", form)
        assert done.returncode == 0, form
        assert "true" in done.stdout if form == "turtle" else True
    assert "::" not in run("validate", vault, "-f", "github").stdout


# ---- the baseline ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_baseline_lets_pass_what_was_there_and_says_what_has_gone(write: Write, tmp_path: Path) -> None:
    vault, file = write({"A.md": "[[One]] [[Two]] [[Two]]\n"}), str(tmp_path / "baseline.json")
    assert run("validate", vault, "--baseline", file).returncode == 0
    (vault / "A.md").write_text("\n\nmoved [[Two]] [[Two]] [[One]]\n")
    moved = run("validate", vault, "--baseline", file)
    assert (moved.returncode, moved.stdout) == (0, "")
    (vault / "A.md").write_text("[[Two]] [[Two]] [[Two]] [[Three]]\n")
    again = run("validate", "--baseline", file, cwd=vault)
    assert again.returncode == 1
    assert [line.split(": ", 1)[0] for line in again.stdout.splitlines()] == ["A.md:1:17", "A.md:1:25"]
    assert "1 has gone since" in again.stderr
    assert "“One”" in again.stderr


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9, "findings": []}', "\0"])
@pytest.mark.sample(2)
def test_what_is_no_baseline_is_said(write: Write, tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text)
    done = run("validate", write({"A.md": "[[One]]\n"}), "--baseline", str(tmp_path / "b.json"))
    assert done.returncode == 2
    assert "the next run writes a new one" in done.stderr


# ---- again equals anew -----------------------------------------------------------------------------------------------

PATHS = ("A.md", "B.md", "c/C.md", "Ann Lee.md")
TEXTS = (
    "---\ntype: Outcome\n---\n[[B]]\n", "---\ntype: Output\n---\n[[A#One]]\n", "---\ntags: [outcome, output]\n---\n",
    "---\nrelated: '[[A]]'\nauthor: [Josh Seiden, Josh Seidan]\n---\n# One\n", "# Outcomes\n- Good, by [[B]]\n- [[A]]\n# Outputs\n- [[c/C]]\n",
    "# Definition\nWhat it is\n", "# Outcomes\nAll is well given [[#Outputs]]\n# Outputs\n- A thing\n", "# Resources\n- A book\n- [P](https://e.example) - Ann Lee\n",
    "# Resources\n- [[B]] - Ann Leee\n", "---\nid: same\nup: '[[c/C]]'\n---\n", "[[A]] [[Gone]] [[B#One]] ![[A]]\n", "---\ntype: Author\n---\n# One\n# One\n[[A#One]]\n",
    "---\naliases: [Gone, Ann Lea]\n---\n[[Ann Leee]] [[C]] [[Ann Lea]]\n",
)  # fmt: skip
SHAPES = (
    "", f"{SH}{KG} ex:Named a sh:NodeShape ; sh:targetObjectsOf kg:linksTo ; sh:property [ sh:path skos:prefLabel ; sh:maxLength 3 ] .",
    f"{SH}{KG} ex:Deep a sh:NodeShape ; sh:targetClass kg:Concept ; sh:property [ sh:path ( kg:linksTo [ sh:zeroOrMorePath kg:linksTo ] ) ; sh:class kg:Concept ] .",
    f"{SH}{KG} ex:Inner a sh:NodeShape ; sh:targetClass kg:Concept ; sh:property [ sh:path kg:linksTo ; sh:property [ sh:path skos:definition ; sh:minCount 1 ] ] .",
    f'{SH}{KG} ex:Query a sh:NodeShape ; sh:targetClass kg:Concept ; sh:sparql [ sh:select "SELECT $this ?value {{ $this <https://w3id.org/concept-notes#linksTo> ?value . ?value <https://w3id.org/concept-notes#linksTo> $this }}" ] .',
)  # fmt: skip


@contextmanager
def engine_in_this_process() -> Iterator[None]:
    """Without the second that a process takes to begin."""
    work = engine()

    def here(jobs: Any, *, seconds: float, memory: int) -> list[list[Violation]]:
        rows = [(*(ox.serialize(list(one), format=ox.RdfFormat.N_TRIPLES) for one in job[:2]), job[2]) for job in jobs]
        return [[Violation.parsed(found) for found in work(*row)] for row in rows]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conformance, "run", here)
        yield


class Validating(RuleBasedStateMachine):
    """A vault that is edited, validated again after each edit, and anew."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "vault").mkdir()
        for number in range(12):
            self.edit("A.md" if not number else f"n{number}.md", TEXTS[number % 6])

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(path=st.sampled_from(PATHS), text=st.sampled_from(TEXTS))
    def edit(self, path: str, text: str) -> None:
        file = self.folder / "vault" / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    @rule(path=st.sampled_from(PATHS))
    def remove(self, path: str) -> None:
        (self.folder / "vault" / path).unlink(missing_ok=True)

    @rule(path=st.sampled_from(PATHS), other=st.sampled_from(PATHS))
    def rename(self, path: str, other: str) -> None:
        file = self.folder / "vault" / path
        if file.exists():
            (self.folder / "vault" / other).parent.mkdir(exist_ok=True)
            file.rename(self.folder / "vault" / other)

    @rule(text=st.sampled_from(SHAPES))
    def shapes(self, text: str) -> None:
        file = self.folder / "ontology" / "mine.ttl"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def validation(self, store: str) -> tuple[Finding, ...]:
        vault = kg.Vault(config=load(self.folder / "vault", cwd=self.folder, store=self.folder / store))
        found = validate(vault)
        return (*found.findings, *sorted(found.classes.items()), *found.results)  # type: ignore[arg-type]

    @invariant()
    def equals_one_anew(self) -> None:
        if hasattr(self, "folder"):
            again = self.validation("store")
            shutil.rmtree(self.folder / "anew", ignore_errors=True)
            assert again == self.validation("anew")


def edited(runs: int, steps: int, number: int) -> None:
    few = settings(max_examples=runs, stateful_step_count=steps, deadline=None, database=None, suppress_health_check=list(HealthCheck))  # fmt: skip
    with engine_in_this_process():
        run_state_machine_as_test(draws(number)(Validating), settings=few)


def test_after_any_edits_again_equals_anew() -> None:
    edited(1, 8, 1)


@pytest.mark.slow
def test_after_any_edits_again_equals_anew_at_length() -> None:
    edited(at_length(15), 15, 2)


@pytest.mark.slow
def test_only_what_an_edit_touches_is_looked_at_again(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write({f"n{number}.md": f"[[n{number + 1}]]\n" for number in range(30)})
    validate(vault)
    asked: list[int] = []
    before = pyshacl_runner.run

    def counted(jobs: Any, **limits: Any) -> Any:
        asked.append(sum(str(triple.predicate).endswith("targetNode>") for job in jobs for triple in job[1]))
        return before(jobs, **limits)

    monkeypatch.setattr(conformance, "run", counted)
    validate(vault)
    assert asked == []
    (vault / "n3.md").write_text(f"{PLAIN}[[n4]]\n")
    validate(vault)
    assert 0 < sum(asked) < 5


def test_the_docs_name_every_shape() -> None:
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert all(f"| S{number:02} |" in page for number in range(1, 12))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (ox.NamedNode("urn:a"), "urn:a"),
        (ox.Literal("1", datatype=ox.NamedNode("urn:t")), '"1"^^<urn:t>'),
        (ox.Literal("2026-02-30", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#date")),
         '"2026-02-30"^^<http://www.w3.org/2001/XMLSchema#date>'),
        (ox.Literal("<b>"), '"<b>"'),
        (ox.Literal("x>", language="en"), '"x>"@en'),
        (ox.BlankNode("b"), "_:b"),
        (None, ""),
    ],
)  # fmt: skip
def test_the_text_of_a_value_is_whole(term: ox.NamedNode | ox.Literal | ox.BlankNode | None, text: str) -> None:
    assert bare(term) == text
