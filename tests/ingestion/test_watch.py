"""`kg ingest --watch`: a burst of edits is one ingest, and a failing one leaves the last state and says so."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from kg.config import load
from kg.ingestion.watching import Inputs

COUNT = "SELECT (COUNT(*) AS ?n) { ?d a kg:Note }"


class Watch:
    """A running watch and the lines that it says."""

    def __init__(self, vault: Path, *options: str) -> None:
        command = [sys.executable, "-m", "kg", "ingest", "--watch", str(vault), *options]
        self.process = subprocess.Popen(command, cwd=vault, stderr=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.until("watching")
        time.sleep(0.5)  # the watcher says nothing of when it has begun to look

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.put(line)

    def until(self, text: str) -> list[str]:
        """The lines up to one with this text."""
        seen: list[str] = []
        while not seen or text not in seen[-1]:
            try:
                seen.append(self.lines.get(timeout=20))
            except queue.Empty:
                pytest.fail(f"no “{text}” in {seen}")
        return seen


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "kg.toml").write_text("")
    (tmp_path / "A.md").write_text("[[B]]\n")
    return tmp_path


@pytest.fixture
def watch(vault: Path) -> Iterator[Watch]:
    watching = Watch(vault)
    yield watching
    watching.process.kill()
    watching.process.wait()


@pytest.mark.slow
def test_a_burst_is_one_ingest_and_a_failure_leaves_the_last_state(vault: Path, watch: Watch) -> None:
    for n in range(8):
        (vault / f"N{n}.md").write_text(f"[[A]] {n}\n")
    assert watch.until("changed")[-1] == "changed  8 added\n"
    watch.until("store")
    assert kg.query(vault / ".kg", COUNT).rows == [{"n": 9}]
    (vault / "kg.toml").write_text("base = 1\n")
    assert watch.until("good state")[-1].endswith("“base” must be a text in quotes; the last good state stays\n")
    assert kg.query(vault / ".kg", COUNT).rows == [{"n": 9}]
    (vault / "kg.toml").write_text("")
    time.sleep(1)
    (vault / "N0.md").unlink()
    watch.until("1 removed")
    watch.process.send_signal(signal.SIGINT)
    assert watch.process.wait(timeout=10) == 130


@pytest.mark.slow
def test_a_change_while_another_process_writes_is_not_forgotten(vault: Path, watch: Watch) -> None:
    fcntl = pytest.importorskip("fcntl")
    with (vault / ".kg" / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (vault / "B.md").write_text("[[A]]\n")
        assert "is being written by" in watch.until("good state")[-1]
    assert watch.until("changed")[-1].startswith("changed  1 added")


def opened(vault: Path, store: Path | None = None) -> Inputs:
    return Inputs.of(load(vault, cwd=vault, store=store), vault)


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("A.md", True),
        ("sub/A.md", True),
        ("sub/picture.png", True),
        ("kg.toml", True),
        (".gitignore", True),
        ("sub/.gitignore", True),
        (".obsidian/app.json", True),
        (".obsidian/types.json", True),
        (".obsidian/workspace.json", False),
        (".obsidian/plugins/app.json", False),
        ("sub/.obsidian/app.json", False),
        (".kg/gen-1/notes.json", False),
        (".trash/A.md", False),
        (".git/index", False),
        ("sub/.hidden/.gitignore", False),
        ("sub/.A.md.swp", False),
        ("ontology/mine.ttl", True),
        ("ontology/rules/mine.rq", True),
        ("ontology/.parts/mine.ttl", True),
        ("../ontology/mine.ttl", True),
        ("../.gitignore", True),
        ("../../.gitignore", False),
        ("../kg.toml", True),
        ("../other/A.md", False),
    ],
)
def test_what_a_watch_takes_note_of(tmp_path: Path, path: str, matters: bool) -> None:
    vault = tmp_path / ".data" / "project" / "notes"
    vault.mkdir(parents=True)
    (vault.parent / ".git").mkdir()
    place = Path(os.path.normpath(vault / path))
    assert opened(vault).matters(place) == matters


@pytest.mark.parametrize("name", [".kg", "data", "deep/er/store"])
def test_the_store_is_no_input_whatever_its_name(tmp_path: Path, name: str) -> None:
    inputs = opened(tmp_path, tmp_path / name)
    assert not inputs.matters(tmp_path / name)
    assert not inputs.matters(tmp_path / name / "gen-1" / "A.md")
    assert inputs.matters(tmp_path / f"not {name}.md")


def test_folders_are_watched_once_each(tmp_path: Path) -> None:
    vault = tmp_path / "notes"
    (vault / "ontology").mkdir(parents=True)
    assert opened(vault).folders() == [vault]
    (tmp_path / "ontology").mkdir()
    assert opened(vault).folders() == [vault, tmp_path / "ontology"]


def test_a_folder_that_comes_and_goes_changes_the_stamps(tmp_path: Path) -> None:
    vault = tmp_path / "notes"
    vault.mkdir()
    inputs = opened(vault)
    seen = [inputs.stamps()]
    for change in (
        (tmp_path / "ontology").mkdir,
        lambda: (tmp_path / "kg.toml").write_text(""),
        vault.rmdir,
    ):
        change()
        assert inputs.stamps() not in seen
        seen.append(inputs.stamps())
    assert inputs.folders() == [tmp_path / "ontology"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hidden", "link"])
@pytest.mark.sample(1)
def test_edits_are_seen_wherever_a_vault_lies(tmp_path: Path, how: str) -> None:
    vault = tmp_path / ".data" / "notes"
    vault.mkdir(parents=True)
    (vault / "A.md").write_text("# A\n")
    link = tmp_path / "link"
    link.symlink_to(vault)
    watch = Watch(vault if how == "hidden" else link)
    try:
        (vault / "B.md").write_text("# B\n")
        watch.until("1 added")
        (tmp_path / ".data" / "ontology").mkdir()
        (tmp_path / ".data" / "ontology" / "mine.ttl").write_text(
            "@prefix ex: <https://ex.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . ex:Risk a owl:Class ."
        )
        watch.until("753 ontology")
        away = vault.rename(tmp_path / "away")
        watch.until("does not exist")
        (away / "C.md").write_text("# C\n")
        away.rename(vault)
        watch.until("1 added")
    finally:
        watch.process.kill()
        watch.process.wait()
