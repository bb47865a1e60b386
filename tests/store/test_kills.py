"""Every command that writes, killed at random moments and at each commit point, beside readers and a second writer.

What was said to be done stays; readers have one whole ingest or the one before; nobody is told of damage; and what the
next ingest leaves equals a store made anew. `KG_SEED` draws the same moments again.
"""

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kg
from helpers.drawing import at_length
from kg.core.errors import StoreMissing
from kg.rdf.vocabulary import METRICS_GRAPH
from kg.store.builder import COMMIT_POINTS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and processes are those of POSIX")
NOTES = 30

SERVER = """
import json, os, signal, sys, time
import kg.analysis.communities, kg.analysis.tables, kg.cli.analyze, kg.cli.ingest, kg.cli.main, kg.cli.show, kg.cli.search
import kg.cli.validate, kg.fulltext.indexer, kg.store.builder, kg.store.pulled_graphs, kg.validation.validator

def work(job):
    os.setsid()
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1), os.dup2(log, 2)
    def reached(here):
        if here == job["point"]:
            os.kill(os.getpid(), signal.SIGKILL)
    kg.store.builder.reached = reached
    os.chdir(job["folder"])
    if job["words"][0] == "pull":
        import pyoxigraph as ox
        name = ox.NamedNode("urn:pulled")
        triples = [ox.Triple(name, name, ox.Literal(str(n))) for n in range(20_000)]
        file = kg.store.pulled_graphs.file_for(kg.store.pulled_graphs.Path(".kg").resolve(), "https://example.org/sparql", None)
        kg.store.pulled_graphs.write(file, triples, None, "x", file.parent.parent)
        os._exit(0)
    sys.argv = ["kg", *job["words"]]
    try:
        # At a point the command ends itself; at a random moment the process that waits for it is killed alone.
        os._exit(kg.cli.main.run()) if job["point"] else kg.cli.main.main()
    except SystemExit as end:
        os._exit(end.code or 0)
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(99)

for line in sys.stdin:
    job = json.loads(line)
    if "wait" in job:
        print(os.waitstatus_to_exitcode(os.waitpid(job["wait"], 0)[1]), flush=True)
        continue
    child = os.fork()
    if child == 0:
        work(job)
    print(child, flush=True)
"""
"""Starts `kg` again and again without importing it each time."""

READER = """
import sys, time, kg
from kg.core.errors import StoreMissing
while True:
    try:
        store = kg.Store(sys.argv[1])
        found = {(q.subject.value, q.object.value) for q in store.find(None, kg_version, None, None)}
    except StoreMissing:
        found = set()
    print(hash(frozenset(found)), len(found), flush=True)
    time.sleep(0.1)
"""
VERSION = "https://notes.example/#property/version"
READER = READER.replace(
    "while True", f"import pyoxigraph\nkg_version = pyoxigraph.NamedNode({VERSION!r})\nwhile True", 1
)

State = dict[str, int]
"""The version of each note."""


class Killing:
    """A vault, its store, and the processes that write it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.vault, self.store = folder, folder / "vault", folder / "vault" / ".kg"
        self.chance = chance
        self.vault.mkdir()
        self.version = 1
        self.disk: State = {}
        for number in range(NOTES):
            self.write(f"n{number}")
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.usual: dict[str, float] = {}
        self.kills = 0

    def write(self, name: str) -> None:
        self.disk[name] = self.version
        links = f"[[n{(self.version * 7) % NOTES}]] #t{self.version % 5}"
        text = f"---\nversion: {self.version}\n---\n# Outcomes\n\nGood, given {links}\n\n# Part {self.version}\n\nwords ^b1\n"
        (self.vault / f"{name}.md").write_text(text)

    def edit(self) -> None:
        """Change, add and remove a few notes, or most of them."""
        self.version += 1
        for name in self.chance.sample(sorted(self.disk), self.chance.choice([1, 2, 4, len(self.disk) // 2])):
            if self.chance.random() < 0.2 and len(self.disk) > NOTES // 2:
                del self.disk[name]
                (self.vault / f"{name}.md").unlink()
            else:
                self.write(name)
        if len(self.disk) < NOTES * 2:
            self.write(f"m{self.version}")

    def ask(self, job: dict[str, Any]) -> int:
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def start(self, *words: str, point: str = "", log: str = "log") -> int:
        job = {"words": words, "point": point, "folder": str(self.vault), "log": str(self.folder / log)}
        return self.ask(job)

    def wait(self, process: int) -> int:
        return self.ask({"wait": process})

    def said(self, log: str = "log") -> str:
        return (self.folder / log).read_text()

    def run(self, *words: str) -> int:
        began = time.monotonic()
        code = self.wait(self.start(*words))
        took = time.monotonic() - began
        self.usual[words[0]] = (self.usual.get(words[0], took) + took) / 2
        return code

    def published(self, store: Path | None = None) -> State | None:
        """What a reader sees; no read may fail."""
        import pyoxigraph as ox

        try:
            found = kg.Store(store or self.store)
        except StoreMissing:
            return None
        rows: State = {}
        for quad in found.find(None, ox.NamedNode(VERSION), None, None):
            if isinstance(quad.graph_name, ox.NamedNode):
                assert isinstance(quad.object, ox.Literal)
                rows[quad.graph_name.value.rpartition("/")[2].removesuffix(".md")] = int(quad.object.value)
        return rows

    def settle(self, generations: int = 2) -> None:
        """The next ingest works, says that the store is whole, and equals one made anew.

        Of generations there are the published one and at most one that a reader holds.
        """
        assert self.run("ingest", "-q") == 0, self.said()
        assert self.published() == self.disk
        assert self.run("doctor") == 0, self.said()
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        assert self.run("ingest", "-q", "--full", "--store", str(fresh)) == 0, self.said()
        # Metrics stay until an ingest changes something.
        stores = kg.Store(self.store), kg.Store(fresh)
        ours, theirs = (sorted(store.quad_lines([METRICS_GRAPH])) for store in stores)
        assert ours == theirs
        left = {path.name for path in self.store.iterdir()}
        assert len({name for name in left if name.startswith("gen-")}) <= generations
        made = {
            "CACHEDIR.TAG",
            ".gitignore",
            "fingerprint",
            "lock",
            "current",
            "seen.json",
            "seen-new.json",
            "validation.json",
            "search.db",
            "search.db-journal",
            "pulled",
        }
        assert {name for name in left if not name.startswith("gen-")} <= made

    def kill(self, victim: int, point: str, words: tuple[str, ...]) -> int:
        """Kill a process, with all that it started or alone, unless a commit point does; its exit code."""
        if not point:
            time.sleep(self.chance.uniform(0, self.usual.get(words[0], 0.4)))
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if self.chance.random() < 0.5 else os.kill)(victim, signal.SIGKILL)
        code = self.wait(victim)
        if code == -signal.SIGKILL:
            self.kills += 1
            with contextlib.suppress(ProcessLookupError):  # the test goes on when no part of it is at work any more
                for _ in range(200):
                    os.killpg(victim, 0)
                    time.sleep(0.01)
        return code


VICTIMS: list[tuple[str, ...]] = [
    ("ingest", "-q"),
    ("ingest", "-q"),
    ("ingest", "-q", "--full"),
    ("infer", "-q"),
    ("analyze", "components", "--save", "-q"),
    ("validate", "-q"),
    ("search", "words"),
    ("pull",),
    ("first",),
]
PUBLISHING = {"ingest", "infer", "analyze", "validate"}


def one_kill(world: Killing) -> None:
    """One command killed, now and then with a second writer beside it."""
    chance = world.chance
    words = chance.choice(VICTIMS)
    before = world.published()
    world.edit()
    if words == ("first",):
        kill_first(world)
        return
    point = chance.choice(COMMIT_POINTS) if words[0] in PUBLISHING and chance.random() < 0.4 else ""
    second = world.start("ingest", "-q", log="second") if chance.random() < 0.4 else 0
    victim = world.start(*words, point=point)
    code = world.kill(victim, point, words)
    is_done = code in {0, 1} and words[0] in {"ingest", "validate"}
    assert code in {0, 1, 3, -signal.SIGKILL}, world.said()
    if code == 3:
        assert "is being written by" in world.said()
    if second:
        other = world.wait(second)
        assert other == 0 or (other == 3 and "is being written by" in world.said("second")), world.said("second")
        is_done |= other == 0
    now = world.published()
    assert now in ([world.disk] if is_done else [before, world.disk])
    for file in (world.store / "pulled").glob("*.nt"):
        assert file.read_text().count("\n") == 20_001


def kill_first(world: Killing) -> None:
    """The first ingest into a new store."""
    store = world.folder / "first"
    shutil.rmtree(store, ignore_errors=True)
    words = ("ingest", "-q", "--store", str(store))
    point = world.chance.choice(["", *COMMIT_POINTS])
    code = world.kill(world.start(*words, point=point), point, words)
    assert world.published(store) in ([world.disk] if code == 0 else [None, world.disk])
    assert world.run(*words) == 0, world.said()
    assert world.published(store) == world.disk


@contextlib.contextmanager
def readers(world: Killing) -> Iterator[None]:
    """Meanwhile a reader that opens the store again and again; not one read fails."""
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(world.store)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            yield
            assert reader.poll() is None, reader.stderr and reader.stderr.read()
        finally:
            reader.kill()


def kill_often(folder: Path, times: int) -> None:
    seed = int(os.environ.get("KG_SEED", secrets.randbelow(10**6)))
    print(f"KG_SEED={seed}")
    world = Killing(folder, random.Random(seed))
    try:
        for words in VICTIMS[:-1]:
            assert world.run(*words) in {0, 1}, world.said()
        with readers(world):
            rounds = 0
            while world.kills < times:
                one_kill(world)
                rounds += 1
                assert rounds < times * 5 + 50
                if rounds % 40 == 0:
                    world.settle()
        world.settle(1)
    finally:
        assert world.server.stdin
        world.server.stdin.close()
        world.server.wait()


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path) -> None:
    kill_often(tmp_path, 3)


@pytest.mark.slow
def test_five_hundred_kills(tmp_path: Path) -> None:
    kill_often(tmp_path, at_length(500))
