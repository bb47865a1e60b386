"""An ingest that is killed, runs out of disk or finds damage: readers see one whole version, and the next ingest mends it."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from helpers.commanding import run
from helpers.drawing import at_length
from helpers.vaults import damage_tables
from kg.config import load
from kg.notes.vault import Vault
from kg.store.builder import COMMIT_POINTS

VERSION = "<https://notes.example/#property/version>"
QUESTION = f"SELECT ?v (COUNT(?n) AS ?c) {{ ?n {VERSION} ?v }} GROUP BY ?v"
INGEST = [sys.executable, "-m", "kg", "ingest", "-q"]
NOTES = 60


class World:
    """A vault in numbered versions, its store, and what a reader may see."""

    def __init__(self, folder: Path) -> None:
        self.vault, self.store = folder / "vault", folder / "store"
        self.vault.mkdir(exist_ok=True)
        self.chance = random.Random(3)
        self.version = 0
        self.states: list[Counter[int]] = []
        for n in range(NOTES):
            self.write(n)
        self.states.append(self.on_disk())

    def write(self, n: int) -> None:
        text = f"---\nversion: {self.version}\n---\n# Outcomes\nSee [[Note {n * 7 % 200}]] and [[#Outputs]]\n# Outputs\n- One\n"
        (self.vault / f"Note {n}.md").write_text(text * 1, encoding="utf-8")

    def on_disk(self) -> Counter[int]:
        return Counter(int(file.read_text().split("\n")[1].partition(": ")[2]) for file in self.vault.glob("*.md"))

    def change(self, part: float) -> None:
        """Write, add and delete a part of the notes."""
        self.version += 1
        for n in range(NOTES + 20):
            if self.chance.random() < part:
                file = self.vault / f"Note {n}.md"
                if file.exists() and self.chance.random() < 0.3:
                    file.unlink()
                else:
                    self.write(n)
        self.states = [*self.states[-1:], self.on_disk()]

    def command(self, *more: str) -> list[str]:
        return [*INGEST, str(self.vault), "--store", str(self.store), *more]

    def ingest(self, *more: str) -> "subprocess.CompletedProcess[str]":
        return run(*self.command(*more)[3:])

    def ask(self) -> Counter[int]:
        return Counter({row["v"]: row["c"] for row in kg.query(kg.Store(self.store), QUESTION)})

    def settle(self) -> None:
        """The next ingest works, and equals a rebuild."""
        done = self.ingest()
        assert (done.returncode, done.stderr) == (0, "")
        anew = kg.ingest(Vault(config=load(self.vault, store=self.store.parent / "anew")), full=True)
        assert kg.Store(self.store).nquads() == anew.store.nquads()
        self.states = [self.on_disk()]
        assert self.ask() == self.states[0]
        leftovers = {path.name for path in self.store.iterdir()} - {
            "CACHEDIR.TAG",
            ".gitignore",
            "fingerprint",
            "lock",
            "current",
            "seen.json",
            "seen-new.json",
        }
        assert len(leftovers) == 1, leftovers


class Readers:
    """Threads that ask all the while."""

    def __init__(self, world: World, number: int = 2) -> None:
        self.world, self.stop = world, threading.Event()
        self.seen: list[Counter[int]] = []
        self.failed: list[BaseException] = []
        self.threads = [threading.Thread(target=self.run) for _ in range(number)]

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.seen.append(self.world.ask())
            except Exception as error:  # noqa: BLE001 - whatever it is, no read may fail
                self.failed.append(error)

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert self.failed == []
        assert all(seen in self.world.states for seen in self.seen)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def kill_some(world: World, rounds: int) -> None:
    world.settle()
    started = time.perf_counter()
    world.change(0.2)
    subprocess.run(world.command(), check=True)
    usual = time.perf_counter() - started
    world.settle()
    for turn in range(rounds):
        world.change((0.02, 0.2, 0.6)[turn % 3])
        with Readers(world):
            process = subprocess.Popen(world.command(*(["--full"] if turn % 5 == 4 else [])), stderr=subprocess.DEVNULL)
            time.sleep(world.chance.uniform(0.05, usual * 1.1))
            process.kill()
            process.wait()
        assert world.ask() in world.states
        world.settle()


@pytest.mark.slow
def test_a_killed_ingest_is_all_or_nothing(world: World) -> None:
    kill_some(world, 2)


@pytest.mark.slow
def test_sixty_killed_ingests_are_all_or_nothing(world: World) -> None:
    kill_some(world, at_length(60))


DRIVER = """
import os, signal, sys
import kg.store.builder
from kg.cli.main import run
point = sys.argv.pop(1)
kg.store.builder.reached = lambda here: os.kill(os.getpid(), signal.SIGKILL) if here == point else None
sys.exit(run())
"""


@pytest.mark.parametrize("how", ["some", *(pytest.param(how, marks=pytest.mark.slow) for how in ("first", "full"))])
@pytest.mark.parametrize("point", COMMIT_POINTS)
@pytest.mark.sample(1)
def test_killed_at_each_commit_point(world: World, point: str, how: str) -> None:
    if how != "first":
        world.settle()
        world.change(0.1)
    command = [sys.executable, "-c", DRIVER, point, *world.command(*(["--full"] if how == "full" else []))[3:]]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    if how == "first" and point != "swapped":
        with pytest.raises(kg.StoreError, match="no store"):
            world.ask()
    else:
        assert world.ask() == world.states[-1 if point == "swapped" else 0]
    world.settle()


@pytest.mark.slow
def test_a_reader_keeps_what_it_opened(world: World) -> None:
    world.settle()
    before = kg.Store(world.store)
    for _ in range(3):
        world.change(0.2)
        kg.ingest(Vault(config=load(world.vault, store=world.store)))
    rows = kg.query(before, QUESTION).rows
    assert rows == [{"v": 0, "c": NOTES}]
    assert len(list(world.store.glob("gen-*"))) == 2
    del before, rows
    world.settle()


DAMAGES = ("current gone", "current empty", "manifest cut", "manifest old", "memory cut", "memory nonsense", "table cut", "table gone", "database gone", "CURRENT cut", "MANIFEST cut", "tables cut", "seen nonsense", "rules nonsense", "rules cut")  # fmt: skip


def damage(store: Path, what: str) -> None:
    folder = store / (store / "current").read_text().strip()
    name, _, how = what.partition(" ")
    files = {
        "current": [store / "current"],
        "manifest": [folder / "manifest.json"],
        "memory": [folder / "notes.json"],
        "table": [folder / "notes.db"],
        "seen": [store / "seen.json", store / "seen-new.json"],
        "rules": [folder / "rules.json"],
        "CURRENT": [folder / "db" / "CURRENT"],
        "MANIFEST": list((folder / "db").glob("MANIFEST*")),
        "tables": list((folder / "db").glob("*.sst")),
        "database": [folder / "db"],
    }[name]
    for file in files:
        if how == "gone":
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        elif how == "old":
            file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 1}))
        elif how == "nonsense":
            file.write_text('{"entries": {"A.md": 1}}')
        else:
            os.truncate(file, 0 if how == "empty" else file.stat().st_size // 2)


SOONER = {"current gone", "manifest cut", "memory nonsense", "tables cut", "rules nonsense"}


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=() if what in SOONER else pytest.mark.slow) for what in DAMAGES]
)
@pytest.mark.sample(1)
def test_damage_is_one_sentence_and_the_next_ingest_mends_it(world: World, what: str) -> None:
    world.settle()
    damage(world.store, what)
    done = run("query", "--store", world.store, QUESTION)
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 3}
    assert done.returncode == 0 or len(done.stderr.strip().splitlines()) == 1
    again = world.ingest()
    assert (again.returncode, again.stderr) == (0, "")
    world.settle()


@pytest.mark.slow
def test_the_doctor_finds_what_is_damaged_only_inside(world: World) -> None:
    world.settle()
    doctor = ("doctor", "--store", world.store)
    assert run(*doctor).returncode == 0
    damage_tables(world.store, every=2_000)
    done = run(*doctor)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert world.ingest("--full").returncode == 0
    world.settle()


@pytest.mark.slow
def test_a_second_writer_is_told_who_is_at_work(world: World) -> None:
    world.settle()
    world.change(0.1)
    waits = DRIVER.replace("os.kill(os.getpid(), signal.SIGKILL)", "(print('at work', flush=True), sys.stdin.read())")
    command = [sys.executable, "-c", waits, "locked", *world.command()[3:]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout and first.stdout.readline() == "at work\n"
        second = world.ingest()
        assert second.returncode == 3
        assert f"is being written by `kg ingest {world.vault}` (process {first.pid}, since " in second.stderr
        assert world.ask() == world.states[0]
        first.communicate("")
        assert first.returncode == 0
    world.settle()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.mark.system
def test_a_full_disk_leaves_the_published_state_whole(small_disk: Path, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store = small_disk / "store"
    kg.ingest(Vault(config=load(world.vault, store=world.store)))
    failed = 0
    for turn in range(40):
        if failed == 10:
            return
        before = world.ask()
        world.change(0.5)
        full = shutil.disk_usage(small_disk).free
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * max(full - 4096 - turn % 8 * 6_000, 0))
        done = subprocess.run(
            world.command(*(["--full"] if turn % 2 else [])), capture_output=True, text=True, check=False
        )
        if done.returncode:
            failed += 1
            assert done.returncode == 3, done.stderr
            assert "the disk is full: nothing was published" in done.stderr
            assert len(done.stderr.strip().splitlines()) == 1
            assert world.ask() == before
        filler.unlink()
        assert subprocess.run(world.command(), capture_output=True, check=False).returncode == 0
        anew = kg.ingest(Vault(config=load(world.vault, store=tmp_path / "anew")), full=True)
        assert kg.Store(world.store).nquads() == anew.store.nquads()
        world.states = [world.on_disk()]
    pytest.fail(f"the disk was full {failed} times only")
