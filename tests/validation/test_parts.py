"""A path inside a vault is a filter on what is reported, never another vault (contract, section 5)."""

import json
from pathlib import Path

import pytest

import kg
from helpers.commanding import run, snapshot
from helpers.vaults import Write, write_vault
from kg.config import PartOfVault, locate

NOTES = {
    "kg.toml": 'vault = "notes"\nignore = ["drafts/"]\nbase = "https://a.example/"\n',
    "notes/Top.md": "[[Gone]] [[Deep]]\n",
    "notes/Concepts/Deep.md": "[[Top]] [[Lost]]\n",
    "notes/Concepts/More/Deepest.md": "[[Top]] [[Away]]\n",
    "notes/Concepts and more.md": "[[Nowhere]]\n",
    "notes/drafts/Draft.md": "[[Draftless]]\n",
    "notes/img/map.txt": "no note",
    "notes/Ünicode.md": "[[Fern]]\n",
    "ontology/mine.ttl": "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:s> a sh:PropertyShape ; sh:targetNode <urn:x> .",
    "beside/B.md": "[[C]]\n",
}


@pytest.fixture
def project(write: Write) -> Path:
    return write(NOTES)


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project, which no test changes."""
    folder = tmp_path_factory.mktemp("validated")
    write_vault(folder, NOTES)
    (folder / "notes/Ünicode.md").rename(folder / "notes/U\u0308nicode.md")
    return folder


def found(folder: Path, *words: str, code: int = 1) -> list[str]:
    """The places with missing notes or wrong shapes, by file."""
    done = run("validate", "-q", "-f", "json", *words, cwd=folder)
    assert done.returncode == code, done.stderr
    return [row["path"] for row in json.loads(done.stdout) if row["code"] in {"L01", "O10"}]


ALL = [
    "Concepts and more.md",
    "Concepts/Deep.md",
    "Concepts/More/Deepest.md",
    "Top.md",
    "ontology/mine.ttl",
    "Ünicode.md",
]


@pytest.mark.parametrize(
    ("cwd", "paths", "files"),
    [
        (".", (), ALL),
        (".", (".",), ALL),
        (".", ("notes",), ALL),
        (".", ("notes/Concepts", "notes"), ALL),
        ("notes/Concepts", (), ALL),
        (".", ("notes/Concepts",), ALL[1:3]),
        (".", ("notes/Concepts/",), ALL[1:3]),
        ("notes/Concepts", (".",), ALL[1:3]),
        ("notes/Concepts/More", ("..",), ALL[1:3]),
        (".", ("notes/Concepts/Deep.md",), ALL[1:2]),
        (".", ("notes/Top.md", "notes/Concepts/More"), ALL[2:4]),
        (".", ("notes/U\u0308nicode.md",), ALL[5:]),
        ("notes", ("U\u0308nicode.md", "Top.md"), [ALL[3], ALL[5]]),
        (".", ("ontology",), ALL[4:5]),
        ("notes", ("../ontology/mine.ttl",), ALL[4:5]),
    ],
)
@pytest.mark.sample(6)
def test_a_path_in_a_vault_is_a_filter(validated: Path, cwd: str, paths: tuple[str, ...], files: list[str]) -> None:
    assert found(validated / cwd, *paths) == files


def test_a_filter_leaves_the_store_of_the_whole_vault(project: Path) -> None:
    assert run("ingest", "-q", cwd=project).returncode == 0
    assert found(project, "notes/Concepts/Deep.md") == ["Concepts/Deep.md"]
    validation = kg.validate(project / "notes/Top.md")
    assert {one.path for one in validation.findings} == {"Top.md"}
    assert kg.Store(project / ".kg").manifest.summary["notes"] == 5
    quiet = kg.validate(project / "notes/Top.md", severity="error")
    assert quiet.hidden == len(validation.findings) - len(quiet.findings) > 0  # only those of the part count


@pytest.mark.parametrize("path", ["notes/Concepts", "notes/Concepts/More", "notes/Top.md", "notes/drafts", "ontology"])
@pytest.mark.parametrize("words", [(), ("--full",), ("--dry-run",), ("--watch",), ("--store", "elsewhere")])
@pytest.mark.sample(6)
def test_an_ingest_of_a_part_is_refused(project: Path, path: str, words: tuple[str, ...]) -> None:
    run("ingest", "-q", cwd=project)
    before = snapshot(project)
    done = run("ingest", path, *words, cwd=project)
    part = f"kg: {path} is only a part of the vault notes: run `kg ingest notes` to read all of it"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{part} (`kg validate {path}` reports on that part)\n"
    assert snapshot(project) == before


def test_an_inference_on_a_part_is_refused_and_names_are_quoted(write: Write) -> None:
    folder = write({"my notes/kg.toml": "", "my notes/a b/A.md": "x"})
    done = run("infer", "my notes/a b", cwd=folder)
    assert done.returncode == 2
    assert "`kg ingest 'my notes'`" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("validate", "notes/Gone.md"), "notes/Gone.md does not exist in the vault notes"),
        (("ingest", "notes/gone/deep"), "notes/gone/deep does not exist in the vault notes"),
        (("validate", "notes/Top.md/x"), "notes/Top.md/x does not exist in the vault notes"),
        (("validate", "notes/img/map.txt"), "there is nothing to check: notes/img/map.txt is not a note"),
        (("validate", "notes/img"), "there is nothing to check: notes/img has no notes"),
        (("validate", "beside"), "beside is not in notes, the vault of .: name the vault, or another store with"),
        (("ingest", "beside"), "beside is not in notes, the vault of .: name the vault, or another store with"),
        (("ingest", "notes/out"), "notes/out leads out of the vault notes, to "),
        (("validate", "notes/out/B.md"), "notes/out/B.md leads out of the vault notes, to "),
        (("validate", "notes/Top.md", "../other/O.md"), "the paths belong to several vaults (../other, notes)"),
        (("test", "notes/Top.md", "../other/O.md"), "the questions belong to several projects (., ../other)"),
    ],
)
@pytest.mark.sample(6)
def test_what_is_no_part_is_said(project: Path, words: tuple[str, ...], sentence: str) -> None:
    (project / "notes/out").symlink_to(project / "beside")
    (project.parent / "other").mkdir()
    (project.parent / "other/kg.toml").touch()
    (project.parent / "other/O.md").touch()
    done = run(*words, cwd=project)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith(f"kg: {sentence}"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (project / ".kg").exists()


def test_an_ignored_note_is_said_and_does_not_fail(project: Path) -> None:
    (project / "notes/Alias.md").symlink_to("Top.md")
    done = run("validate", "notes/drafts/Draft.md", cwd=project)
    assert (done.returncode, done.stdout) == (0, "")
    assert "notes/drafts/Draft.md is ignored (" in done.stderr
    mixed = run("validate", "-f", "json", "notes/drafts", "notes/img", "notes/Alias.md", cwd=project)
    assert {row["path"] for row in json.loads(mixed.stdout)} == {"Alias.md"}
    assert "notes/img has no notes" in mixed.stderr


def test_a_store_above_is_a_vault_too(write: Write) -> None:
    folder = write({"A.md": "[[B]] [[No]]\n", "sub/B.md": "[[A]] [[Nor]]\n"})
    assert run("ingest", "-q", "vault", cwd=folder.parent).returncode == 0
    assert found(folder, "sub") == ["sub/B.md"]
    assert found(folder / "sub") == ["A.md", "sub/B.md"]
    assert run("ingest", "-q", cwd=folder / "sub").returncode == 0
    assert run("ingest", "-q", "sub", cwd=folder).returncode == 2
    assert not (folder / "sub/.kg").exists()
    (folder / "sub/kg.toml").touch()  # a vault of its own
    assert found(folder, "sub") == ["B.md", "B.md"]
    assert (folder / "sub/.kg").exists()


def test_a_folder_of_the_same_name_is_no_store(write: Write) -> None:
    folder = write({".kg/config": "another program's", "notes/A.md": "[[B]]\n"})
    assert locate(folder / "notes").config.vault == folder / "notes"
    assert run("ingest", "-q", "notes", cwd=folder).returncode == 0
    assert (folder / "notes/.kg/current").is_file()


def test_the_nearest_project_governs(write: Write) -> None:
    folder = write(
        {"kg.toml": "", "a/kg.toml": "", "a/b/kg.toml": 'vault = "../c"\n', "a/c/C.md": "x", "a/b/d/D.md": "x"}
    )
    (folder / "link").symlink_to(folder / "a/c")
    assert locate(folder / "a/c").config.vault == folder / "a"
    assert locate(folder / "a/c", cwd=folder / "a/b").config.vault == folder / "a"
    assert locate(folder / "link").config.vault == folder
    with pytest.raises(PartOfVault):
        kg.ingest(folder / "a/c")
    with pytest.raises(kg.KgError, match="is not in"):
        kg.ingest(folder / "a/b/d")
    assert not [*folder.rglob(".kg")]


def test_a_file_without_a_vault_is_said(write: Write) -> None:
    folder = write({"A.md": "[[B]]\n"})
    for command in ("validate", "ingest"):
        done = run(command, "A.md", cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("kg: A.md is in no vault: no folder above has a kg.toml or a store")


def test_a_vault_outside_the_folder_of_its_settings(write: Write) -> None:
    folder = write({"project/kg.toml": 'vault = "../notes"\n', "notes/A.md": "x", "notes/b/B.md": "x", "far/C.md": "x"})
    project, notes = folder / "project", folder / "notes"
    for path, part in (
        (project, notes),
        (notes, notes),
        (notes / "b", notes / "b"),
        (Path("../notes/A.md"), notes / "A.md"),
    ):
        located = locate(path, cwd=project)
        assert (located.config.vault, located.path, located.is_part) == (notes, part, part != notes)
        assert located.config.store == project / ".kg"
    assert locate(project).config.vault == notes
    (project / "kg.toml").write_text("vault =")  # that of another vault does not matter
    assert locate(folder / "far", cwd=project).config.store == folder / "far/.kg"


def test_another_store_may_hold_a_folder_beside_the_vault(project: Path) -> None:
    assert run("ingest", "-q", "beside", "--store", "other", cwd=project).returncode == 0
    done = run("query", "--store", "other", "SELECT ?n { ?n a kg:Note }", cwd=project)
    assert done.stdout == "n\nhttps://a.example/B.md\n"
