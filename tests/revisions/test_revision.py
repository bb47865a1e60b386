"""The graph as it was at a commit is the graph of a checkout of that commit, whatever is asked, and nothing else runs."""

import os
import random
import shutil
from pathlib import Path

import pytest

import kg
from helpers.commanding import run, snapshot
from helpers.drawing import at_length
from helpers.repositories import TURTLE, commit, git, isolate, write_history
from helpers.vaults import ingest
from kg.config import load
from kg.core.errors import KgError, NotFound
from kg.revisions.revision import revision

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)


def checked_out(repository: Path, name: str, inside: str, folder: Path) -> kg.Store:
    """The store of a checkout of a commit."""
    git(repository, "worktree", "add", "-q", "--detach", str(folder), name)
    return ingest(folder / inside, folder.with_name(f"{folder.name}-store")).store


def as_it_was(vault: Path, name: str) -> kg.Store:
    return kg.Store(revision(load(vault, cwd=vault), name).config.store)


@pytest.mark.parametrize(
    ("seed", "length"), [(1, 5), pytest.param(2, at_length(400), marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_each_commit_is_as_an_ingest_of_its_checkout(tmp_path: Path, seed: int, length: int) -> None:
    vault = tmp_path / "vault"
    write_history(vault, seed, length)
    kg.ingest(vault)
    order = list(range(length))
    random.Random(seed).shuffle(order)
    for number in order:
        name = f"HEAD~{number}"
        theirs = checked_out(vault, name, "", tmp_path / f"c{number}")
        ours = as_it_was(vault, name)
        assert sorted(ours.nquads()) == sorted(theirs.nquads()), name
        shutil.rmtree(tmp_path / f"c{number}")


@pytest.mark.slow
def test_findings_are_those_of_the_checkout(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    write_history(vault, 3, 8)
    kg.ingest(vault)
    for number in (0, 3, 6):
        folder = tmp_path / f"c{number}"
        git(vault, "worktree", "add", "-q", "--detach", str(folder), f"HEAD~{number}")
        theirs = kg.validate(kg.Vault(config=load(folder, cwd=folder, store=tmp_path / f"s{number}")))
        ours = kg.validate(kg.Vault(config=revision(load(vault, cwd=vault), f"HEAD~{number}").config))
        assert ours.findings == theirs.findings


def test_a_vault_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    top = tmp_path / "top"
    commit(top, {"code/x.py": "1", "docs/kg.toml": 'vault = "notes"\n', "docs/notes/A.md": "[[B]]\n"}, 1)
    commit(top, {"docs/notes/B.md": "# B\n", "docs/ontology/o.ttl": TURTLE.format(name="Place")}, 2)
    commit(top, {"docs/notes/A.md": None}, 3)
    vault = top / "docs" / "notes"
    kg.ingest(vault)
    for name in ("HEAD", "HEAD~1", "HEAD~2"):
        theirs = checked_out(top, name, "docs/notes", tmp_path / name)
        config = revision(load(vault, cwd=vault), name).config
        assert kg.Store(config.store).nquads() == theirs.nquads()
        assert not list(config.root.parent.rglob("x.py"))


def test_the_published_store_stays_as_it_is(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    write_history(vault, 4, 5)
    kg.ingest(vault)
    store = vault / ".kg"
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file() and not p.name.startswith("LO")}
    for number in range(5):
        as_it_was(vault, f"HEAD~{number}")
    assert before == {p: p.read_bytes() for p in before}


@pytest.mark.parametrize(
    ("name", "text"),
    [("2024-01-02", "Two"), ("2024-01-03T11:59", "Two"), ("2024-01-03T12:00:00Z", "Three"), ("2025-01-01", "Three")],
)
def test_a_date_is_the_last_commit_then(tmp_path: Path, name: str, text: str) -> None:
    vault = tmp_path / "vault"
    for day, word in enumerate(("One", "Two", "Three"), 1):
        commit(vault, {"A.md": f"# {word}\n"}, day)
    config = revision(load(vault, cwd=vault), name).config
    assert (config.vault / "A.md").read_text() == f"# {text}\n"


@pytest.mark.slow
def test_every_question_takes_a_commit(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "---\ntype: Outcome\n---\nOld word. [[B]]\n", "B.md": "---\ntype: Output\n---\n"}, 1)
    commit(vault, {"A.md": "---\ntype: Outcome\n---\nNew text. [[C]]\n", "B.md": None}, 2)
    kg.ingest(vault)
    asked = [
        ("show", "A"), ("search", "word"), ("why", "A", "achieved through", "B"), ("query", "things", "Output"),
        ("list", "Output"), ("validate",), ("analyze", "centrality"), ("export", "-f", "turtle"), ("stats",),
    ]  # fmt: skip
    for words in asked:
        was, now = run(*words, "--at", "HEAD~1", cwd=vault), run(*words, cwd=vault)
        assert "as of 2024-01-01" in was.stderr, words
        assert was.stdout != now.stdout, words
        assert was.returncode == (0 if words[0] != "validate" else was.returncode), was


@pytest.mark.parametrize("name", ["", "nope", "--all", "HEAD:A.md", "2024-02-31", "2001-01-01", "HEAD~9", "a\nb"])
def test_what_is_no_commit_is_one_sentence(tmp_path: Path, name: str) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "x"}, 1)
    with pytest.raises(NotFound):
        revision(load(vault, cwd=vault), name)


def test_repositories_of_other_kinds(tmp_path: Path) -> None:
    """Shallow, with a submodule, a large file's pointer, attributes and a worktree; without commits, or bare."""
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "One\n", ".gitattributes": "*.md text eol=crlf\n*.bin filter=lfs\n"}, 1)
    commit(vault, {"A.md": "Two\n", "x.bin": "version https://git-lfs.github.com/spec/v1\n"}, 2)
    git(vault, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(vault), "sub")
    git(vault, "commit", "-qm", "A submodule", day=3)
    assert {q for q in as_it_was(vault, "HEAD~2").nquads() if "One" in q}
    assert as_it_was(vault, "HEAD")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{vault}", str(shallow))
    assert as_it_was(shallow, "HEAD")
    with pytest.raises(NotFound):
        as_it_was(shallow, "HEAD~1")
    git(vault, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert as_it_was(tmp_path / "tree", "HEAD~2").nquads() == as_it_was(vault, "HEAD~2").nquads()
    git(tmp_path, "init", "-q", "empty")
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    for folder in (tmp_path / "empty", tmp_path / "bare.git", tmp_path):
        with pytest.raises(KgError):
            revision(load(folder, cwd=folder), "HEAD")


def test_nothing_of_a_repository_runs(tmp_path: Path) -> None:
    vault, ran = tmp_path / "vault", tmp_path / "ran"
    commit(vault, {"A.md": "x\n", ".gitattributes": "*.md filter=evil diff=evil\n"}, 1)
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    script.chmod(0o755)
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.pager", "core.fsmonitor"):
        git(vault, "config", key, str(script))
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        shutil.copy(script, vault / ".git" / "hooks" / hook)
    ran.unlink(missing_ok=True)
    assert as_it_was(vault, "HEAD")
    assert not ran.exists()


def raw_tree(vault: Path, *entries: tuple[str, str, str]) -> None:
    """Commit a tree that git itself would refuse to make."""
    lines = b""
    for mode, name, text in entries:
        blob = vault.parent / "blob"
        blob.write_text(text)
        hash_ = git(vault, "hash-object", "-w", str(blob)).strip()
        lines += f"{mode} {name}\0".encode() + bytes.fromhex(hash_)
    (vault.parent / "tree").write_bytes(lines)
    tree = git(vault, "hash-object", "-t", "tree", "--literally", "-w", str(vault.parent / "tree")).strip()
    git(vault, "update-ref", "HEAD", git(vault, "commit-tree", tree, "-m", "hostile").strip())


@pytest.mark.parametrize("name", ["../out.md", "..", ".", "/etc/x.md"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "x"}, 1)
    raw_tree(vault, ("100644", name, "evil"))
    before = set(tmp_path.iterdir())
    try:
        as_it_was(vault, "HEAD")
    except KgError as error:
        assert len(str(error).splitlines()) == 1  # either answer is right
    assert set(tmp_path.iterdir()) == before
    assert not [place for place in (vault / ".kg").rglob("*") if place.is_file() and place.read_bytes() == b"evil"]


def test_no_file_is_written_or_read_through_a_link(tmp_path: Path) -> None:
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("canary")
    commit(vault, {"A.md": "[[secret]]"}, 1)
    os.symlink(outside, vault / "folder")
    os.symlink(outside / "secret.md", vault / "secret.md")
    commit(vault, {}, 2)
    assert not [quad for quad in as_it_was(vault, "HEAD").nquads() if "canary" in quad]
    assert [place.name for place in outside.iterdir()] == ["secret.md"]


def test_a_large_note_is_refused_as_in_a_checkout(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    commit(vault, {"A.md": "x" * 3_000, "B.md": "b", "kg.toml": "max_bytes = 2000\n"}, 1)
    config = revision(load(vault, cwd=vault), "HEAD").config
    assert [finding.code for finding in kg.validate(kg.Vault(config=config)).findings if finding.code == "F03"] == [
        "F03"
    ]


@pytest.mark.slow
def test_few_revisions_are_kept(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    write_history(vault, 5, 12)
    for number in range(12):
        as_it_was(vault, f"HEAD~{number}")
        for place in (vault / ".kg" / "at").iterdir():
            os.utime(place, (1_000_000 - number, 1_000_000 - number))
    assert len(list((vault / ".kg" / "at").iterdir())) <= 9


@pytest.mark.parametrize("what", ["at", "key", "tree", "store"])
def test_no_link_in_a_store_is_followed(tmp_path: Path, what: str) -> None:
    """A vault from elsewhere may come with a store, and a revision removes and writes folders there."""
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    commit(vault, {"A.md": "x"}, 1)
    config = load(vault, cwd=vault)
    place = revision(config, "HEAD").config.store.parent
    link = {"at": place.parent, "key": place, "tree": place / "tree", "store": place / "store"}[what]
    shutil.move(link, outside)
    (outside / "0123456789abcdef").mkdir()
    link.symlink_to(outside)
    before = snapshot(outside)
    with pytest.raises(KgError, match="is a symbolic link"):
        revision(config, "HEAD")
    assert snapshot(outside) == before


@pytest.mark.slow
def test_only_what_kg_made_is_removed(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    write_history(vault, 6, 12)
    as_it_was(vault, "HEAD")
    own = vault / ".kg" / "at" / "my things"
    own.mkdir()
    os.utime(own, (1_000, 1_000))
    for number in range(12):
        as_it_was(vault, f"HEAD~{number}")
    assert own.is_dir()
