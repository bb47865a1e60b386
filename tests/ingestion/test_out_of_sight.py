"""What could not be looked at is not what has gone: a folder without permission, too deep, or a drive that is away."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import kg
from kg.ingestion.pipeline import preview
from kg.ingestion.snapshot import Scan
from kg.notes.vault import Root, Vault
from kg.store.store import Store

AS_ANYBODY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
needs_permissions = pytest.mark.skipif(
    os.getuid() == 0 and shutil.which("setpriv") is None, reason="root may read everything, and setpriv is not here"
)
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    files = {
        "One.md": "# One\n[[S1]], [[S2#Part]], ![[map.png]] and [[Hidden]]\n",
        "sub/S1.md": "# S1\n[[One]]\n",
        "sub/S2.md": "# Part\n[[Nowhere]]\n",
        "sub/deeper/S3.md": "# Outcomes\n- A better world\n",
        "sub/map.png": "",
        "sub/.gitignore": "Hidden.md\n",
        "sub/Hidden.md": "",
    }
    folder = tmp_path / "vault"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def run(vault: Path, tmp_path: Path) -> Run:
    """`kg` as somebody whom permissions hold, with the store outside of the vault."""

    def command(*words: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        as_anybody = AS_ANYBODY if os.getuid() == 0 else []
        line = [*as_anybody, sys.executable, "-m", "kg", *words, "--store", str(tmp_path / "store")]
        return subprocess.run(line, cwd=cwd, capture_output=True, encoding="utf-8", check=False, timeout=120)

    return command


@pytest.fixture
def locked(vault: Path) -> Iterator[Callable[[str, int], Path]]:
    """Take the permissions of a folder away; they are given back at the end."""
    places: list[Path] = []

    def lock(path: str, mode: int = 0) -> Path:
        place = vault / path
        places.append(place)
        place.chmod(mode)
        return place

    yield lock
    for place in places:
        place.chmod(0o755)


def quads(store: Path) -> list[str]:
    return sorted(map(str, Store(store).quads()))


@pytest.mark.slow
@needs_permissions
@pytest.mark.parametrize("mode", [0, 0o300, 0o400])
@pytest.mark.parametrize("how", ["--json", "--full"])
@pytest.mark.sample(2)
def test_the_notes_of_a_folder_that_cannot_be_listed_stay(
    vault: Path, tmp_path: Path, run: Run, locked: Callable[..., Path], mode: int, how: str
) -> None:
    assert run("ingest", "vault").returncode == 0
    before = quads(tmp_path / "store")
    sub = locked("sub", mode)
    done = run("ingest", "vault", how)
    assert done.returncode == 1, done.stderr
    assert "error: cannot be" in done.stderr and "[F01]" in done.stderr
    assert quads(tmp_path / "store") == before
    assert run("ingest", "vault").returncode == 1
    assert quads(tmp_path / "store") == before
    sub.chmod(0o755)
    assert run("ingest", "vault").returncode == 0
    assert quads(tmp_path / "store") == before


@pytest.mark.slow
@needs_permissions
def test_an_edit_beside_it_is_taken_in_and_what_it_means_for_the_others_later(
    vault: Path, tmp_path: Path, run: Run, locked: Callable[..., Path]
) -> None:
    run("ingest", "vault")
    sub = locked("sub")
    (vault / "One.md").write_text("# One\n[[S1]] and [[S2#Part]]\n")
    (vault / "Nowhere.md").write_text("# Nowhere\n")
    done = run("ingest", "vault")
    assert done.returncode == 1
    assert "1 added, 1 changed" in done.stderr and "removed" not in done.stderr
    assert run("query", "ASK { n:One kg:linksTo n:sub\\/S1, n:sub\\/S2 }", cwd=tmp_path).stdout == "true\n"
    full = run("ingest", "vault", "--full")
    assert full.returncode == 1
    sub.chmod(0o755)
    assert run("ingest", "vault").returncode == 0
    incremental = quads(tmp_path / "store")
    run("ingest", "vault", "--full")
    assert quads(tmp_path / "store") == incremental
    assert any(
        "sub/S2> <https://w3id.org/concept-notes#linksTo> <https://notes.example/Nowhere>" in one for one in incremental
    )


@pytest.mark.slow
@needs_permissions
def test_no_command_says_that_its_notes_are_gone_and_none_breaks(
    vault: Path, run: Run, locked: Callable[..., Path]
) -> None:
    run("ingest", "vault")
    (vault / "kg.toml").write_text("")
    run("ingest", "vault")
    locked("sub")
    dry = run("ingest", "vault", "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, "")
    doctor = run("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "has not changed since" in doctor.stdout
    for only in ([], ["--only", "links"], ["--only", "shapes"]):
        validated = run("validate", "vault", *only, "-f", "json")
        assert validated.returncode == 1 or only == ["--only", "shapes"], validated.stderr
        found = json.loads(validated.stdout)
        found = found if isinstance(found, list) else found["findings"]
        assert {one["code"] for one in found} <= {"F01", "L01", "L18", "L22"}
        assert not [one for one in found if one["code"] == "L01" and "S1" in one["message"]], found
    for words in (["search", "world"], ["search", "one"], ["show", "S1"], ["show", "One"], ["why", "S1", "--all"], ["stats"],
                  ["export", "-f", "nquads"], ["analyze", "centrality"], ["analyze", "gaps"], ["analyze", "duplicates"],
                  ["analyze", "suggest"], ["test"], ["query", "ASK {}"], ["infer"]):  # fmt: skip
        done = run(*words, cwd=vault)
        assert "Traceback" not in done.stderr and "internal error" not in done.stderr, (words, done.stderr)
        assert done.returncode in {0, 1} or "no questions to test" in done.stderr, (words, done.stderr)


@pytest.mark.slow
@needs_permissions
@pytest.mark.parametrize("mode", [0, 0o300])
@pytest.mark.sample(1)
def test_the_vault_itself(vault: Path, tmp_path: Path, run: Run, locked: Callable[..., Path], mode: int) -> None:
    run("ingest", "vault")
    before = quads(tmp_path / "store")
    locked(".", mode)
    for words in (["ingest", "vault"], ["ingest", "vault", "--full"], ["validate", "vault"]):
        done = run(*words)
        assert done.returncode == 1, done.stderr
        assert "cannot be opened: Permission denied" in done.stderr + done.stdout
        assert quads(tmp_path / "store") == before
    first = run("ingest", "vault", "--store", str(tmp_path / "other"))
    assert first.returncode in {1, 2}
    assert "Traceback" not in first.stderr


@needs_permissions
def test_a_vault_in_a_folder_that_cannot_be_entered_is_a_sentence(
    vault: Path, run: Run, locked: Callable[..., Path]
) -> None:
    done = (locked("sub"), run("ingest", "vault/sub/deeper"))[1]
    assert done.returncode == 2
    assert "cannot be examined: Permission denied" in done.stderr


@pytest.mark.slow
@needs_permissions
def test_a_folder_that_is_ignored_need_not_be_readable(
    vault: Path, tmp_path: Path, run: Run, locked: Callable[..., Path]
) -> None:
    run("ingest", "vault")
    locked("sub")
    (vault / "kg.toml").write_text('ignore = ["sub/"]\n')
    done = run("ingest", "vault")
    assert done.returncode == 0, done.stderr
    assert "2 removed" in done.stderr or "3 removed" in done.stderr
    assert run("query", "ASK { ?s a kg:Missing }", cwd=tmp_path).stdout == "false\n"


@pytest.mark.slow
@needs_permissions
def test_a_note_that_is_a_link_into_such_a_folder_stays(
    vault: Path, tmp_path: Path, run: Run, locked: Callable[..., Path]
) -> None:
    (vault / "Linked.md").symlink_to("sub/S1.md")
    run("ingest", "vault")
    before = quads(tmp_path / "store")
    locked("sub")
    assert run("ingest", "vault").returncode == 1
    assert quads(tmp_path / "store") == before


@pytest.mark.slow
def test_a_folder_that_is_truly_gone_is_gone(vault: Path, tmp_path: Path, run: Run) -> None:
    run("ingest", "vault")
    shutil.rmtree(vault / "sub")
    (vault / "sub").write_text("now a file")
    assert "3 removed" in run("ingest", "vault").stderr
    (vault / "sub").unlink()
    (vault / "sub").symlink_to(tmp_path)
    assert run("ingest", "vault").returncode == 0


# ---- folders too deep ------------------------------------------------------------------------------------------------


def nest(folder: Path, levels: int, name: str = "d") -> None:
    """Folders inside each other, deeper than a path can be written."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("deep.md", os.O_CREAT, dir_fd=here))
    os.close(here)


def unnest(folder: Path) -> None:
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("levels", "name"), [(1500, "d"), (5000, "d"), (150, "x" * 200)])
@pytest.mark.sample(1)
def test_folders_too_deep_are_a_finding_and_the_rest_is_read(vault: Path, run: Run, levels: int, name: str) -> None:
    nest(vault, levels, name)
    try:
        done = run("ingest", "vault")
        assert done.returncode == 1, done.stderr
        assert done.stderr.count("[F01]") == 1
        for words in (["validate"], ["doctor"], ["search", "one"], ["test"]):
            done = run(*words, cwd=vault)
            assert done.returncode in {0, 1} or "no questions to test" in done.stderr, (words, done.stderr)
            assert "internal error" not in done.stderr
    finally:
        unnest(vault)


# ---- a drive that is not mounted -------------------------------------------------------------------------------------


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.slow
def test_an_empty_vault_that_had_notes_is_a_question(vault: Path, tmp_path: Path, run: Run) -> None:
    run("ingest", "vault")
    before = quads(tmp_path / "store")
    empty(vault)
    done = run("ingest", "vault")
    assert done.returncode == 1
    assert "vault:1:1: error: nothing is here, and there were 4 notes; the last good state stays [F07]" in done.stderr
    assert quads(tmp_path / "store") == before
    assert run("ingest", "vault", "--dry-run").stdout == ""
    validated = run("validate", "vault")
    assert validated.returncode == 1 and "[F07]" in validated.stdout
    assert run("ingest", "vault", "--full").returncode == 0
    assert run("query", "ASK { ?n a kg:Note }").stdout == "false\n"
    assert run("ingest", "vault").returncode == 0


@pytest.mark.parametrize("where", ["kg.toml", "store"])
def test_who_deletes_the_last_note_is_not_asked(vault: Path, where: str) -> None:
    if where == "kg.toml":
        (vault / "kg.toml").write_text("")
    kg.ingest(vault)
    for place in [*vault.glob("*.md"), vault / "sub"]:
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    report = kg.ingest(vault)
    assert [f.code for f in report.findings] == []
    assert report.summary["notes"] == 0


def test_another_drive_without_the_notes_is_a_question(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened() -> Vault:
        return Vault(config=kg.config.load(vault, store=tmp_path / "store"))

    kg.ingest(opened())
    empty(vault)
    (vault / "lost+found.md").write_text("")
    assert preview(opened()).removed  # the same drive: they are gone
    scan = Scan.of(opened())

    def elsewhere(device: int) -> Scan:
        return scan._replace(files=scan.files._replace(root=Root(False, device)))

    report = kg.ingest(opened(), files=elsewhere(scan.files.root.device + 1))
    assert [(f.code, f.path) for f in report.findings] == [("F07", ".")]
    assert not report.changed
    assert "another drive is here" in report.findings[0].message
    assert kg.ingest(opened(), full=True, files=elsewhere(99)).summary["notes"] == 1
