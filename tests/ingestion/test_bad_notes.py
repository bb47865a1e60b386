"""One bad note, ontology or setting stops no ingest of the others, and the notes stay as they are."""

import json
import shutil
from pathlib import Path

from helpers.commanding import run
from helpers.hostile import BOMB, write_many
from kg.store.store import Store


def test_one_bad_note_never_stops_an_ingest(vault: Path) -> None:
    (vault / "bytes.md").write_bytes(b"# ok\n\nab\xff\n")
    (vault / "yaml.md").write_text("---\na: 1\nup: [[A]], [[B]]\n---\n# Still here\n")
    (vault / "bomb.md").write_text(f"---\n{BOMB}---\nx\n")
    done = run("ingest", str(vault), cwd=vault)
    assert done.returncode == 1, done.stderr
    assert "bytes.md:3:3: error: " in done.stderr
    assert "yaml.md:3:10: error: " in done.stderr
    assert "bomb.md:2:5: error: " in done.stderr
    assert done.stdout == ""
    titles = run("query", "SELECT ?t { ?d kg:describes/skos:prefLabel ?t } ORDER BY ?t", "-f", "csv", cwd=vault)
    assert titles.stdout.split() == ["t", "Good", "bomb", "yaml"]
    sections = run("query", 'ASK { ?s kg:heading "Still here" }', cwd=vault)
    assert sections.returncode == 0


def test_findings_go_to_stderr_and_json_to_stdout(vault: Path) -> None:
    (vault / "bytes.md").write_bytes(b"\xff")
    done = run("ingest", str(vault), "--json", cwd=vault)
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"] == {"F02": 1}
    assert "bytes.md:1:1: error:" in done.stderr


def test_a_note_that_becomes_unreadable_keeps_its_last_good_state(vault: Path) -> None:
    (vault / "Other.md").write_text("# Was here\n")
    assert run("ingest", str(vault), cwd=vault).returncode == 0
    (vault / "Other.md").write_bytes(b"# Was\xff here\n")
    assert run("ingest", str(vault), cwd=vault).returncode == 1
    assert run("query", 'ASK { ?s kg:heading "Was here" }', cwd=vault).returncode == 0


def test_an_ingest_never_writes_to_the_notes(vault: Path) -> None:
    (vault / "bad.md").write_bytes(b"\xff")
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in vault.glob("*.md")}
    run("ingest", str(vault), cwd=vault)
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in vault.glob("*.md")} == before


def test_the_published_store_outlives_an_ingest_that_fails(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fails"
    shutil.copytree(project, folder)
    before = Store(folder / ".kg").nquads()
    write_many(folder, lambda number: f"# n{number}\n")
    (folder / "ontology").mkdir()
    (folder / "ontology" / "bad.ttl").write_text("this is no turtle")
    done = run("ingest", str(folder), cwd=folder)
    assert done.returncode == 2
    assert "bad.ttl:1:" in done.stderr
    assert Store(folder / ".kg").nquads() == before
