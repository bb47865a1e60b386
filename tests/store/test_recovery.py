"""Whatever stops a writer, readers have one whole ingest, and the next ingest equals one made anew.

Writers are killed at random instants and at each commit point, run out of disk, files and rights, meet damaged stores
and each other. What a power cut leaves cannot be tested so; docs/architecture.md says what is flushed when.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import kg
from helpers.drawing import at_length
from helpers.vaults import ingest
from kg.store import file_digests
from kg.store.builder import COMMIT_POINTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals, limits and locks are those of POSIX"),
]
QUESTION = "SELECT ?p ?v { ?d kg:path ?p ; kg:describes ?e . ?e <https://notes.example/#property/version> ?v }"
Run = subprocess.CompletedProcess[str]


# ---- running kg, and what must hold afterwards -----------------------------------------------------------------------

HOOKED = """
import os, signal, sys, time
import kg.store.builder
from kg.cli.main import run
what, point = sys.argv[1:3]
def reached(name):
    if name == point and what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == point and what == "wait":
        print("waiting", flush=True)
        time.sleep(60)
kg.store.builder.reached = reached
sys.argv = ["kg", *sys.argv[3:]]
sys.exit(run())
"""
"""`kg` that dies or waits at a commit point."""


def start(
    *arguments: str, hook: tuple[str, str] | None = None, limits: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    """`kg`, as a user runs it, or with a hook."""
    words = ["-c", HOOKED, *hook] if hook else ["-m", "kg"]
    return subprocess.Popen(
        [sys.executable, *words, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=limits,  # noqa: PLW1509 - no other thread runs here
        start_new_session=True,
    )


def run(*arguments: str, hook: tuple[str, str] | None = None, limits: Callable[[], None] | None = None) -> Run:
    """It, to its end."""
    process = start(*arguments, hook=hook, limits=limits)
    out, err = process.communicate(timeout=120)
    return Run(process.args, process.returncode, out, err)


class Project:
    """A vault whose notes each carry a version, and its store."""

    def __init__(self, folder: Path, notes: int) -> None:
        self.folder, self.vault, self.store = folder, folder / "vault", folder / "store"
        self.vault.mkdir()
        self.versions: dict[str, int] = {}
        self.edit({f"n{number}.md": 1 for number in range(notes)})

    def edit(self, versions: Mapping[str, int]) -> None:
        """Write notes of some versions; 0 deletes one."""
        for name, version in versions.items():
            if version:
                self.versions[name] = version
                number = int(name[1:-3])
                text = f"---\nversion: {version}\n---\n# Outcomes\n\nGood, given [[n{(number * 7 + version) % 200}]] #t{version}\n"
                (self.vault / name).write_text(text + f"\n# Part {version}\n\nwords of it ^b1\n", encoding="utf-8")
            else:
                del self.versions[name]
                (self.vault / name).unlink()

    def command(self, *options: str) -> tuple[str, ...]:
        """The words that ingest it."""
        return "ingest", str(self.vault), "--store", str(self.store), "-q", *options

    def query(self) -> Run:
        """Ask its store for everything, so that every part of it is read."""
        return run("query", "SELECT * { ?s ?p ?o }", "-f", "csv", "--store", str(self.store))

    def nquads(self) -> list[str]:
        """What readers see."""
        return kg.Store(self.store).nquads()

    def anew(self) -> list[str]:
        """What a full ingest into a fresh store gives."""
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        return ingest(self.vault, fresh, full=True).store.nquads()

    def recovers(self, *options: str) -> None:
        """The next ingest works, leaves what one made anew gives, and nothing else in the folder of the store."""
        done = run(*self.command(*options))
        assert (done.returncode, done.stderr) == (0, "")
        assert self.nquads() == self.anew()
        self.is_tidy()

    def is_tidy(self) -> None:
        """Of generations there are the published one, and at most the one before it."""
        current = (self.store / "current").read_text()
        assert {current} <= {path.name for path in self.store.glob("gen-*")}
        assert len(list(self.store.glob("gen-*"))) <= 2


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A vault of a few notes, ingested."""
    made = Project(tmp_path, 12)
    ingest(made.vault, made.store)
    return made


def says_one_sentence(done: Run, *words: str) -> None:
    """Exit code 3, and one line for people that says so."""
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("kg: ")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


# ---- killed at any instant ------------------------------------------------------------------------------------------

READER = """
import hashlib, sys, time, kg
with open(sys.argv[2], "a", buffering=1, encoding="utf-8") as log:
    while True:
        try:
            rows = sorted(f"{row['p']} {row['v']}" for row in kg.query(kg.Store(sys.argv[1]), sys.argv[3]))
            log.write(hashlib.sha256("|".join(rows).encode()).hexdigest() + "\\n")
        except Exception as error:
            log.write(f"{type(error).__name__}: {error}\\n")
        time.sleep(0.01)
"""
"""Asks the same again and again, and writes down what was answered."""


def seen(versions: Mapping[str, int]) -> str:
    """What a reader writes down where the store has these notes."""
    return hashlib.sha256("|".join(sorted(f"{name} {n}" for name, n in versions.items())).encode()).hexdigest()


@contextlib.contextmanager
def readers(store: Path, logs: list[Path]) -> Iterator[None]:
    """Meanwhile, readers in processes of their own."""
    running = [subprocess.Popen([sys.executable, "-c", READER, str(store), str(log), QUESTION]) for log in logs]
    try:
        yield
        assert [reader.poll() for reader in running] == [None] * len(running)
    finally:
        for reader in running:
            reader.kill()
            reader.wait()


def edits(project: Project, version: int, chance: random.Random) -> dict[str, int]:
    """Half of the notes edited, deleted or added; every second time only some, which is done in another way."""
    names = sorted(project.versions)
    changed = chance.sample(names, len(names) // (2 if version % 2 else 8))
    deleted = set(changed[: len(changed) // 4])
    added = {f"n{1000 * version + number}.md": version for number in range(len(deleted))}
    return {name: 0 if name in deleted else version for name in changed} | added


def killed(project: Project, seconds: float) -> None:
    """An ingest that is killed, with all that it started, after so long."""
    process = start(*project.command())
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def kill_often(folder: Path, times: int) -> None:
    """Rounds of edits, each with an ingest that is killed and one that is not, under the eyes of readers."""
    chance = random.Random(times)
    project = Project(folder, 150)
    began = time.monotonic()
    run(*project.command())
    whole = time.monotonic() - began
    history, logs = [seen(project.versions)], [folder / "reader1", folder / "reader2"]
    with readers(project.store, logs):
        for number in range(2, times + 2):
            before = project.nquads()
            project.edit(edits(project, number, chance))
            history.append(seen(project.versions))
            killed(project, whole * (number - 1.5 + chance.random() / 2) / times)
            left = project.nquads()
            project.recovers()
            assert left in (before, project.nquads())
    for log in logs:
        check_log(log, history)


def check_log(log: Path, history: list[str]) -> None:
    """Each answer was one version as a whole, and none came after a later one."""
    answers = log.read_text(encoding="utf-8").splitlines()
    assert [answer for answer in dict.fromkeys(answers) if answer not in history] == []
    order = [history.index(answer) for answer in answers]
    assert order == sorted(order)
    assert len(set(order)) > len(history) // 2


def test_killed_at_any_instant(tmp_path: Path) -> None:
    kill_often(tmp_path, 4)


@pytest.mark.slow
def test_killed_at_any_instant_often(tmp_path: Path) -> None:
    kill_often(tmp_path, at_length(60))


# ---- killed where it matters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", COMMIT_POINTS)
@pytest.mark.parametrize("kind", ["first", "incremental", "full"])
def test_killed_at_a_commit_point(tmp_path: Path, kind: str, point: str) -> None:
    project = Project(tmp_path, 12)
    before = []
    if kind != "first":
        ingest(project.vault, project.store)
        before = project.nquads()
        project.edit({"n1.md": 2, "n2.md": 0, "n300.md": 2})
    done = run(*project.command(*(["--full"] if kind == "full" else [])), hook=("die", point))
    assert done.returncode == -signal.SIGKILL, f"{point} was not reached: {done.stderr}"
    if kind == "first" and COMMIT_POINTS.index(point) < COMMIT_POINTS.index("swapped"):
        says_one_sentence(project.query(), "no store", "kg ingest")
    else:
        assert project.nquads() == (project.anew() if point == "swapped" else before)
    project.recovers()


def test_killed_again_and_again_leaves_no_more_behind(project: Project) -> None:
    project.edit({"n1.md": 2})
    for point in (*COMMIT_POINTS[:-1], *COMMIT_POINTS[:-1]):
        run(*project.command(), hook=("die", point))
        assert len(list(project.store.glob("gen-*"))) <= 3
    project.recovers()


def test_a_reader_keeps_what_it_opened_whatever_is_ingested(project: Project) -> None:
    opened, before = kg.Store(project.store), project.nquads()
    for version in range(2, 6):
        project.edit({"n1.md": version, "n2.md": version})
        assert run(*project.command(*(["--full"] if version % 2 else []))).returncode == 0
        assert opened.nquads() == before
    assert project.nquads() == project.anew()


# ---- two writers --------------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_of_the_first(project: Project) -> None:
    project.edit({"n1.md": 2})
    first = start(*project.command(), hook=("wait", "begun"))
    try:
        assert first.stdout and first.stdout.readline() == "waiting\n"
        before = project.nquads()
        for options in ([], ["--full"]):
            says_one_sentence(run(*project.command(*options)), "kg ingest", str(project.vault), f"{first.pid}", "since")
        assert project.query().returncode == 0
        assert project.nquads() == before
    finally:
        first.kill()
        first.communicate()
    project.recovers()


def test_a_lock_that_nobody_holds_is_no_lock(project: Project) -> None:
    (project.store / "lock").write_text("`kg ingest elsewhere` (process 1, since 00:00:00)")
    project.edit({"n1.md": 2})
    project.recovers()


def test_a_lock_without_a_name_is_a_lock(project: Project) -> None:
    project.edit({"n1.md": 2})
    with (project.store / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        says_one_sentence(run(*project.command()), "being written")
    project.recovers()


# ---- damage ---------------------------------------------------------------------------------------------------------


def gone(file: Path) -> None:
    shutil.rmtree(file) if file.is_dir() else file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flipped(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    for at in range(len(raw) // 4, len(raw), max(len(raw) // 4, 1)):
        raw[at] ^= 0xFF
    file.write_bytes(raw)


def nonsense(file: Path) -> None:
    file.write_bytes(b"\xff\x00 nonsense\n")


def other_json(file: Path) -> None:
    file.write_text('{"format": [], "entries": {"n1.md": [1]}, "summary": 3, "bad": 1}', encoding="utf-8")


def older(file: Path) -> None:
    table = json.loads(file.read_bytes())
    file.write_text(json.dumps({**table, "format": 1}), encoding="utf-8")


HOW = (gone, empty, cut, flipped, nonsense)
DAMAGE: list[tuple[str, Callable[[Path], None]]] = [
    *((where, how) for where in ("current", "*/manifest.json", "*/notes.json", "*/notes.db") for how in (*HOW, other_json)),
    *((where, how) for where in ("*/db/CURRENT", "*/db/MANIFEST-*", "*/db/*.sst") for how in HOW),
    *((where, gone) for where in ("*/db", "*/db/OPTIONS-*", "*/db/IDENTITY", "*/reading", "gen-*", "lock")),
    ("*/manifest.json", older),
]  # fmt: skip
damaged = pytest.mark.parametrize(
    ("where", "how"), DAMAGE, ids=[f"{where.replace('*', 'x')} {how.__name__}" for where, how in DAMAGE]
)


def damage(project: Project, where: str, how: Callable[[Path], None]) -> None:
    """Do something to the files of the store that a pattern names."""
    files = list(project.store.glob(where))
    assert files
    for file in files:
        how(file)


def answers_or_says(done: Run) -> None:
    """An answer, or one sentence that names the way out."""
    if done.returncode:
        says_one_sentence(done, "kg ingest")


@damaged
def test_a_damaged_store_says_so_and_is_mended(project: Project, where: str, how: Callable[[Path], None]) -> None:
    damage(project, where, how)
    asked = project.query()
    answers_or_says(asked)
    project.recovers(*(["--full"] if "--full" in asked.stderr else []))
    assert project.query().returncode == 0


@damaged
def test_an_ingest_builds_on_no_damage(project: Project, where: str, how: Callable[[Path], None]) -> None:
    """Where it does not see the damage, it must not have mattered."""
    damage(project, where, how)
    project.edit({"n1.md": 2, "n2.md": 0})
    done = run(*project.command())
    answers_or_says(done)
    if done.returncode == 0:
        assert project.nquads() == project.anew()
    project.recovers(*(["--full"] if done.returncode else []))


def test_what_is_remembered_of_the_files_times_may_be_damaged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_digests, "_SAFE", 0)  # so that files that have just been written are remembered, too
    ways = [
        (most, name, how) for most, name in ((0, "seen.json"), (100, "seen-new.json")) for how in (*HOW, other_json)
    ]
    for version, (most, name, how) in enumerate(ways, 2):
        monkeypatch.setattr(file_digests, "_MOST_RECENT", most)
        ingest(project.vault, project.store)
        damage(project, name, how)
        project.edit({"n1.md": version})
        project.recovers()


@pytest.mark.parametrize("name", ["gen-2", "gen-99", "gen-x", "gen-"])
def test_what_a_killed_writer_left_does_not_matter(project: Project, name: str) -> None:
    (project.store / name / "db").mkdir(parents=True)
    (project.store / name / "db" / "000001.log").write_bytes(b"half")
    (project.store / name / "load").mkdir()
    (project.store / "current.new").write_text("gen-9")
    assert project.query().returncode == 0
    project.edit({"n1.md": 2})
    done = run(*project.command())
    assert (done.returncode, done.stderr) == (0, "")
    assert project.nquads() == project.anew()


def test_a_store_folder_that_is_a_file_is_said(project: Project) -> None:
    (project.folder / "file").write_text("x")
    for place in ("file", "file/below"):
        done = run("ingest", str(project.vault), "--store", str(project.folder / place), "-q")
        says_one_sentence(done, "file")


# ---- limits and rights ---------------------------------------------------------------------------------------------


def limited(what: int, most: int) -> Callable[[], None]:
    """A limit for a child process."""
    import resource

    return lambda: resource.setrlimit(what, (most, most))


@pytest.mark.parametrize("options", [[], ["--full"]], ids=["incremental", "full"])
def test_too_few_open_files_is_one_sentence(project: Project, options: list[str]) -> None:
    import resource

    before = project.nquads()
    project.edit({"n1.md": 2})
    for most in (20, 32, 64):
        done = run(*project.command(*options), limits=limited(resource.RLIMIT_NOFILE, most))
        answers_or_fails(done)
        if done.returncode:
            assert project.nquads() == before
    project.recovers()


def answers_or_fails(done: Run) -> None:
    if done.returncode:
        says_one_sentence(done)


@pytest.mark.parametrize("options", [[], ["--full"]], ids=["incremental", "full"])
def test_a_file_that_grows_too_large_is_one_sentence(project: Project, options: list[str]) -> None:
    import resource

    before = project.nquads()
    project.edit({"n1.md": 2})
    done = run(*project.command(*options), limits=limited(resource.RLIMIT_FSIZE, 2_000))
    says_one_sentence(done, "full")
    assert project.nquads() == before
    project.recovers()


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everything")
def test_a_store_that_may_not_be_written_is_one_sentence(project: Project) -> None:
    before = project.nquads()
    project.edit({"n1.md": 2})
    project.store.chmod(0o500)
    try:
        says_one_sentence(run(*project.command()))
        assert project.nquads() == before
    finally:
        project.store.chmod(0o700)
    project.recovers()


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_store_that_may_not_be_read_is_one_sentence(project: Project) -> None:
    project.store.chmod(0)
    try:
        says_one_sentence(project.query())
    finally:
        project.store.chmod(0o700)


# ---- the disk is full ----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted only by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def free(folder: Path) -> int:
    """How much fits on a disk."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def leave_free(disk: Path, size: int) -> None:
    """Fill a disk up to so many bytes."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        left = free(disk) - size
        while left > 0:
            left -= file.write(b"\0" * min(left, 1 << 20))


def needed(project: Project, options: list[str]) -> int:
    """How much more an ingest takes up, measured on a copy of the store."""
    copy = project.folder / "disk" / "copy"
    shutil.copytree(project.store, copy)
    before = free(copy)
    assert run("ingest", str(project.vault), "--store", str(copy), "-q", *options).returncode == 0
    used = before - free(copy)
    shutil.rmtree(copy)
    return used


@pytest.mark.system
@pytest.mark.parametrize("options", [[], ["--full"]], ids=["incremental", "full"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path, small_disk: Path, options: list[str]) -> None:
    project = Project(tmp_path, 150)
    project.store = small_disk / "store"
    ingest(project.vault, project.store)
    before = project.nquads()
    project.edit({f"n{number}.md": 2 for number in range(20)} | {"n30.md": 0})
    need = needed(project, options)
    for tenth in range(10):
        leave_free(small_disk, need * tenth // 10)
        done = run(*project.command(*options))
        says_one_sentence(done, "disk is full")
        assert project.query().returncode == 0
        assert project.nquads() == before
        assert len(list(project.store.glob("gen-*"))) == 1
    (small_disk / "filler").unlink()
    project.recovers()
    assert project.nquads() != before


@pytest.mark.system
def test_a_disk_that_is_read_only_is_one_sentence(tmp_path: Path, small_disk: Path) -> None:
    project = Project(tmp_path, 12)
    project.store = small_disk / "store"
    ingest(project.vault, project.store)
    before = project.nquads()
    project.edit({"n1.md": 2})
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    says_one_sentence(run(*project.command()))
    assert project.query().returncode == 0
    assert project.nquads() == before
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    project.recovers()
