"""What `kg validate` reports, where to, and how: codes, severities, files, groups, limits, several formats."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from helpers.commanding import run
from helpers.vaults import Write, write_vault

NOTES = {
    "kg.toml": 'vault = "notes"\n',
    "notes/A.md": "[[Gone]] [[b]] <!-- kg: ignore L11 -->\n[[Gone]] [[gone]] [[b]]\n",
    "notes/B.md": "[[A]] [[Away]] [[A#No]]\n",
    "notes/drafts/C.md": "[[B]] [[Gone]] [[https://e.example]]\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has been ingested, and that tests do not change."""
    folder = tmp_path_factory.mktemp("project")
    write_vault(folder, NOTES)
    assert run("ingest", "-q", cwd=folder).returncode == 0
    return folder


def codes(folder: Path, *words: str, code: int = 1) -> list[str]:
    done = run("validate", "-f", "json", *words, cwd=folder)
    assert done.returncode == code, done.stderr
    return sorted({row["code"] for row in json.loads(done.stdout)})


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        ((), ["L01", "L02", "L07"], 1),
        (("--severity", "info"), ["L01", "L02", "L07", "L11", "L22", "L23", "S02"], 1),
        (("--select", "L01"), ["L01"], 1),
        (("--select", "L02,L07"), ["L02", "L07"], 1),
        (("--select", "L02", "--select", "S"), ["L02"], 1),
        (("--select", "L", "--ignore", "L01, L02"), ["L07"], 0),
        (("--select", "S02", "--severity", "info"), ["S02"], 1),
        (("--ignore", "L0"), [], 0),
        (("--ignore", "ALL"), [], 0),
        (("--ignore", "ALL", "--select", "L02"), ["L02"], 1),
        (("--exit-zero",), ["L01", "L02", "L07"], 0),
        (("--only", "links", "--ignore", "S,L01"), ["L02", "L07"], 1),
    ],
)
@pytest.mark.sample(6)
def test_codes_are_selected_and_ignored(project: Path, words: tuple[str, ...], expected: list[str], code: int) -> None:
    assert codes(project, *words, code=code) == expected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--select", "L99"), "no finding has the code “L99”; did you mean L09?"),
        (("--ignore", "l01"), "no finding has the code “l01”; did you mean L01?"),
        (("--ignore", "L01,S99"), "no finding has the code “S99”; did you mean S09?"),
        (("--select", "QQQ"), "no finding has the code “QQQ” (`kg explain` lists the codes)"),
        (("-f", "text", "-f", "json"), "only one report goes to standard output"),
        (("-f", "json=a", "-f", "sarif=./a"), "two reports cannot go to the same file"),
        (("-f", "json=a", "-o", "a", "-f", "text"), "two reports cannot go to the same file"),
        (("-f", "html=a"), "'html' is not one of text, json"),
        (("-f", "json="), "'json=' names no file"),
        (("--limit", "-1"), "-1 is not in the range"),
        (("--group-by", "colour"), "'colour' is not one of"),
        (("-o", "none/at/all.json"), "none/at/all.json cannot be written"),
    ],
)
@pytest.mark.sample(5)
def test_wrong_options_are_said(project: Path, words: tuple[str, ...], says: str) -> None:
    done = run("validate", *words, cwd=project)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert says in done.stderr
    assert not (project / "a").exists()


@pytest.mark.slow
def test_the_settings_hold_until_the_command_line_says_otherwise(write: Write) -> None:
    toml = """vault = "notes"
portable = true
[validate]
ignore = ["L02"]
severity = { L07 = "error", S02 = "warning", L01 = "info" }
per-file-ignores = { "drafts/" = ["L01", "S"] }
"""
    folder = write({**NOTES, "kg.toml": toml})
    done = run("validate", cwd=folder)
    assert done.returncode == 1
    assert [line.partition(": ")[2] for line in done.stdout.splitlines() if "  hint" not in line] == [
        "warning: The concept “A” has no definition [S02]",
        "warning: the file's name is “B” [L11]",
        "warning: The concept “B” has no definition [S02]",
        "error: [[https://e.example]] is a web address, not a note [L07]",
    ]
    assert "1 error, 3 warnings in 3 files; 1 suppressed in the notes; " in done.stderr
    assert codes(folder, "--select", "L02") == ["L02"]
    assert codes(folder, "--ignore", "S", "--severity", "info") == ["L01", "L07", "L11", "L22", "L23"]
    (folder / "kg.toml").write_text(toml.replace('"L02"', '"L2", "L002"'))
    done = run("validate", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "“L002”; did you mean L02?" in done.stderr


@pytest.mark.slow
def test_a_code_of_a_shape_of_ones_own_is_a_code(write: Write) -> None:
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes#> . @prefix ex: <urn:ex#> .
        ex:Risky a sh:NodeShape ; sh:targetClass kg:Concept ; sh:property [ sh:path ex:owner ; sh:minCount 1 ;
        <http://purl.org/dc/terms/identifier> "R1" ] , [ sh:path ex:cost ; sh:minCount 1 ] ."""
    folder = write({"A.md": "[[A]] %% kg: ignore R1 %%\n", "B.md": "[[A]]\n", "ontology/own.ttl": shape})
    assert codes(folder, "--select", "R") == ["R1"]
    assert codes(folder, "--ignore", "R1,Risky", code=0) == []
    done = run("validate", "--select", "Risk", cwd=folder)
    assert "“Risk”; did you mean Risky?" in done.stderr
    assert run("validate", "--select", "R1", cwd=folder).stdout.startswith("B.md:1:1: error: ")


def test_several_reports_in_one_run(project: Path, tmp_path: Path) -> None:
    sarif, junit = tmp_path / "kg.sarif", tmp_path / "kg.xml"
    words = ("-f", "github", "-f", f"sarif={sarif}", "-f", f"junit={junit}", "--limit", "1", "--severity", "info")
    done = run("validate", *words, cwd=project)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert " more than --limit shows; 1 suppressed in the notes" in done.stderr
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    suppressed = [row for row in results if row["suppressions"]]
    assert all("suppressions" in row for row in results)
    assert [row["ruleId"] for row in suppressed] == ["L11"]
    assert suppressed[0]["suppressions"][0]["kind"] == "inSource"
    place = suppressed[0]["suppressions"][0]["location"]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startColumn"]) == ("notes/A.md", 16)
    assert len([*ElementTree.parse(junit).getroot().iter("testcase")]) == len(results) - 1
    only = run("validate", "-q", "-f", f"json={tmp_path / 'only.json'}", cwd=project)
    assert (only.stdout, only.stderr) == ("", "")
    assert len(json.loads((tmp_path / "only.json").read_text())) == 7


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.json", "[\n"), ("a.sarif", "{\n"), ("a.SARIF.json", "{\n"), ("a.xml", "<?xml"), ("a.ttl", "@prefix"), ("a.txt", "notes/A.md:1:1: "), ("a", "notes/A.md:1:1: ")],
)  # fmt: skip
@pytest.mark.sample(3)
def test_the_extension_of_the_output_gives_the_format(project: Path, tmp_path: Path, name: str, begins: str) -> None:
    done = run("validate", "-o", tmp_path / name, cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert (tmp_path / name).read_text().startswith(begins)


@pytest.mark.parametrize(
    ("by", "headings"),
    [
        ("file", ["A.md (3)", "B.md (2)", "drafts/C.md (2)"]),
        (
            "code",
            [
                "L01 The note that a link names does not exist (5)",
                "L02 The note has no such heading (1)",
                "L07 A web address in a wikilink (1)",
            ],
        ),
        ("target", ["Gone (4)", "Away (1)", "https://e.example (1)", "No (1)"]),
    ],
)
def test_findings_in_groups(project: Path, by: str, headings: list[str]) -> None:
    lines = run("validate", "-q", "--group-by", by, cwd=project).stdout.splitlines()
    assert [line for line in lines if line and ".md:" not in line and "hint:" not in line] == headings
    counted = run("validate", "--statistics", "--limit", "2", cwd=project).stdout.splitlines()
    assert (counted[-1].split(), sum(".md:" in line for line in counted)) == (["7", "findings", "in", "all"], 2)
    few = run("validate", "--group-by", by, "--limit", "2", cwd=project)
    assert [line for line in few.stdout.splitlines() if ".md:" not in line] == headings[:1]
    assert few.stderr.startswith("6 errors, 1 warning in 3 files; 5 more than --limit shows; ")


@pytest.mark.slow
def test_paths_lead_from_the_working_directory_to_the_file(project: Path) -> None:
    for cwd, first in ((project, "notes/A.md"), (project / "notes", "A.md"), (project / "notes/drafts", "../A.md")):
        done = run("validate", "-q", cwd=cwd)
        assert done.stdout.startswith(f"{first}:1:1: error: ")
        assert (cwd / done.stdout.partition(":")[0]).is_file()
        assert json.loads(run("validate", "-q", "-f", "json", cwd=cwd).stdout)[0]["path"] == "A.md"


@pytest.mark.slow
def test_a_baseline_says_nothing_of_what_was_not_asked(project: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "baseline.json")
    assert run("validate", "--severity", "info", "--baseline", file, cwd=project).returncode == 0
    for words in (
        ("notes/B.md",),
        ("--select", "L02"),
        ("--ignore", "L01"),
        ("--severity", "error"),
        ("--only", "links"),
        ("--only", "shapes"),
        (),
    ):
        done = run("validate", *words, "--baseline", file, cwd=project)
        assert (done.returncode, done.stdout) == (0, ""), done
        assert "gone since" not in done.stderr
