"""kg stats: the numbers are those of the store."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

import kg
from helpers.commanding import command
from helpers.vaults import write_vault
from kg.cli.commands import kg as cli
from kg.config import load

NOTES = {
    "A.md": "---\ntype: Outcome\nrating: 5\n---\n[[B]] [[C]] [x](https://e.example/) [[#H]]\n\n# H\n- [ ] do\n",
    "B.md": "---\nrating: [unclosed\n---\n[[A]] #tag\n",
    "D.canvas": "{}",
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, kg.Report]:
    vault = tmp_path_factory.mktemp("stats") / "vault"
    vault.mkdir()
    write_vault(vault, NOTES)
    return vault, kg.ingest(kg.Vault(config=load(vault, cwd=vault)))


def run(vault: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["stats", "--store", str(vault / ".kg"), *arguments])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_json_is_that_of_the_ingest_with_more(reported: tuple[Path, kg.Report]) -> None:
    vault, report = reported
    found = json.loads(run(vault, "--json"))
    said = report.as_json()
    assert said["findings"] != {}
    assert {key: found[key] for key in said if key != "seconds"} == {k: v for k, v in said.items() if k != "seconds"}
    assert found["seconds"] > 0
    assert datetime.fromisoformat(found["published"]).tzinfo
    assert found["generation"] == report.store.manifest.generation
    files = [file for file in (vault / ".kg").rglob("*") if file.is_file()]
    assert found["bytes"] == sum(file.stat().st_size for file in files)
    assert found["graphs"] == len({str(quad.graph_name) for quad in report.store.quads()}) - 1


def test_classes_and_properties_are_counted_less_the_ontologys_own(reported: tuple[Path, kg.Report]) -> None:
    vault, report = reported
    found = json.loads(run(vault, "--json"))
    assert {name: found["classes"][name] for name in ("kg:Note", "kg:Canvas", "kg:Outcome", "kg:Section", "kg:Task")} == {
        "kg:Note": 2, "kg:Canvas": 1, "kg:Outcome": 1, "kg:Section": 1, "kg:Task": 1
    }  # fmt: skip
    assert "owl:Class" not in found["classes"]
    assert "schema:domainIncludes" not in found["properties"]
    assert found["properties"]["kg:linksTo"] == 4
    assert found["properties"]["p:rating"] == 1
    assert list(found["properties"].values()) == sorted(found["properties"].values(), reverse=True)
    rows = kg.query(report.store, "SELECT (COUNT(*) AS ?n) { ?s kg:path ?o }").rows
    assert found["properties"]["kg:path"] == rows[0]["n"]
    asserted = found["triples"] - found["ontology"]
    assert sum(found["properties"].values()) == asserted


def test_people_are_told_the_same(reported: tuple[Path, kg.Report]) -> None:
    vault, report = reported
    text = run(vault)
    assert text.startswith("notes      2, 1 canvas\ntriples    ")
    assert "3 resolved" in text or "2 resolved" in text
    (findings,) = (line for line in text.splitlines() if line.startswith("findings   "))
    assert findings.endswith("of reading the notes; kg validate checks links and shapes too")
    assert "more (-v)" in text
    assert "more (-v)" not in run(vault, "-v")
    assert f"generation {report.store.manifest.generation}," in text


def test_verbose_says_what_each_stage_takes(vault: Path) -> None:
    done = command(vault, "ingest", "-v", "--full")
    (line,) = [line for line in done.err.splitlines() if line.startswith("stages ")]
    stages = re.findall(r"(\w+) (\d+\.\d\d) s", line)
    assert [stage for stage, _ in stages] == ["listing", "reading", "linking", "storing", "inferring", "publishing"]
    assert sum(float(seconds) for _, seconds in stages) > 0
    assert "stages" not in command(vault, "ingest", "--full").err
