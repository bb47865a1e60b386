"""Nothing that is not kg's is written or removed: in a store's folder, beside it, and where answers are written."""

import os
import sqlite3
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import kg
from helpers.commanding import Done, command, says_one_sentence, snapshot
from helpers.vaults import ingest
from kg.store.ownership import MARK

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and rights are those of POSIX")

WRITING = [
    ("ingest", "-q"),
    ("ingest", "-q", "--full"),
    ("validate", "-q"),
    ("infer", "-q"),
    ("analyze", "components", "--save", "-q"),
    ("search", "one"),
]
READING = [
    ("query", "ASK { ?s ?p ?o }"),
    ("stats",),
    ("doctor",),
    ("show", "One"),
    ("why", "One", "a", "kg:Concept"),
    ("export", "-f", "nquads"),
    ("analyze", "components"),
    ("ingest", "--dry-run"),
    ("test", "questions.rq"),
]


def answers(store: Path) -> bool:
    """Whether a store has an answer."""
    return bool(kg.query(store, "ASK { ?d kg:path 'One.md' }").boolean)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault of two notes."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "One.md").write_text("# One\n[[Two]]\n")
    (folder / "Two.md").write_text("# Two\n")
    (folder / "questions.rq").write_text("# title: All\n# expect: not empty\nSELECT * { ?s ?p ?o }\n")
    return folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder that is none of kg's business."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "Important.md").write_text("# Important\nkeep me\n")
    (folder / "manifest.json").write_text("{}")
    (folder / "libfoo.so.1").write_text("ELF")
    return folder


def edited(vault: Path, text: str) -> None:
    (vault / "One.md").write_text(f"# One\n[[Two]]\n{text}\n")


# ---- whose a folder is ---------------------------------------------------------------------------------------------


def mine(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("mine")


OTHERS: dict[str, Callable[[Path], object]] = {
    "notes": lambda folder: (folder / "Meeting 1.2.2024.md").write_text("# Meeting\n"),
    "a library": lambda folder: (folder / "lib.so.3").write_text("x"),
    "a folder called as a generation": lambda folder: mine(folder / "gen-7" / "notes.txt"),
    "a generation's names with other things in it": lambda folder: mine(folder / "gen-7" / "db" / "photo.jpg"),
    "a lock of another program": lambda folder: (folder / "lock").write_text("4711"),
    "a history of another program": lambda folder: (folder / "history").write_text("ls\n"),
    "a cache of another program": lambda folder: (folder / MARK).write_text(
        "Signature: 8a477f597d28d172789f06886806bc55\n# Another program's.\n"
    ),
    "pulled things of another program": lambda folder: mine(folder / "pulled" / "a.nt"),
    "a hidden folder": lambda folder: (folder / ".git").mkdir(),
}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("how", ["--store", "kg.toml", ".kg"])
def test_a_folder_of_others_is_refused_and_left_alone(vault: Path, what: str, how: str) -> None:
    place = vault / {"--store": "place", "kg.toml": "place", ".kg": ".kg"}[how]
    place.mkdir()
    OTHERS[what](place)
    if how == "kg.toml":
        (vault / "kg.toml").write_text('store = "place"\n')
    before = snapshot(vault)
    for words in (("ingest", "-q"), ("ingest", "--full", "-q"), ("validate", "-q")):
        done = command(vault, *words, *(["--store", "place"] if how == "--store" else []))
        says_one_sentence(done, str(place), "not a store of kg", "--store")
    assert snapshot(vault) == before


@pytest.mark.parametrize("name", [".", ".."])
def test_the_vault_itself_is_no_store(vault: Path, name: str) -> None:
    (vault / "lib.so.3").write_text("x")
    before = snapshot(vault.parent)
    says_one_sentence(command(vault, "ingest", "-q", "--store", name), "not a store of kg")
    assert snapshot(vault.parent) == before


def test_a_new_store_is_marked_as_a_cache_of_kg(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    mark = (vault / ".kg" / MARK).read_text()
    assert mark.startswith("Signature: 8a477f597d28d172789f06886806bc55\n# A store of kg")


def test_a_new_store_stays_out_of_git(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    ignored = vault / ".kg" / ".gitignore"
    assert ignored.read_text() == "*\n"
    ignored.unlink()  # the user wants the store in git
    edited(vault, "more")
    assert command(vault, "ingest", "-q").code == 0
    assert not ignored.exists()


def test_an_empty_folder_becomes_a_store(vault: Path) -> None:
    (vault / "place").mkdir()
    assert command(vault, "ingest", "-q", "--store", "place").code == 0
    assert (vault / "place" / MARK).exists()


def test_a_store_of_an_earlier_version_gets_the_mark(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    (vault / ".kg" / MARK).unlink()
    (vault / ".kg" / "seen.4711").write_text("{}")
    assert answers(vault / ".kg")
    assert not (vault / ".kg" / MARK).exists()
    edited(vault, "more")
    assert command(vault, "ingest", "-q").code == 0
    assert (vault / ".kg" / MARK).exists()
    assert not (vault / ".kg" / "seen.4711").exists()


def test_what_lies_in_a_marked_store_besides_stays(vault: Path) -> None:
    assert command(vault, "ingest", "-q").code == 0
    store = vault / ".kg"
    mine = ["a.1.2024.txt", "seen.json.bak", "gen-x", "gen-01", "gen-7/notes.txt", "gen-7/db/photo.jpg", "current.bak"]
    for name in mine:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_text("mine")
    (store / "gen-1" / "mine.txt").write_text("mine")
    (store / "gen-7" / "manifest.json").write_text("of a killed writer")
    (store / "seen.json.4711.tmp").write_text("of a killed writer")
    edited(vault, "more")
    assert command(vault, "ingest", "-q").code == 0
    assert {name: (store / name).read_text() for name in (*mine, "gen-1/mine.txt")} == dict.fromkeys(
        (*mine, "gen-1/mine.txt"), "mine"
    )
    assert not (store / "gen-7" / "manifest.json").exists()
    assert not (store / "gen-1" / "db").exists()
    assert not (store / "seen.json.4711.tmp").exists()


@pytest.mark.parametrize("marked", [True, False])
def test_who_only_reads_writes_nothing(vault: Path, marked: bool) -> None:
    time.sleep(0.06)  # a note written just before an ingest may change again at the same time of the file system
    assert command(vault, "ingest", "-q").code == 0
    if not marked:
        (vault / ".kg" / MARK).unlink()
    before = snapshot(vault)
    for words in READING:
        assert command(vault, *words).code in {0, 1}, words
    assert snapshot(vault) == before


# ---- links, pipes and folders where kg's files are due ----------------------------------------------------------------

NAMES = [
    *(
        "current.new",
        "lock",
        "seen.json",
        "seen-new.json",
        "validation.json",
        "search.db",
        "search.db-journal",
        "search.db-wal",
    ),
    *("search.db-shm", "history", "pulled", "current", "gen-1", "gen-2", "gen-3", "gen-1/db", "gen-1/manifest.json"),
    *("gen-1/notes.json", "gen-1/notes.db", "gen-1/rules.json", "gen-1/reading", "gen-1/db/CURRENT", MARK),
]


def trick(place: Path, kind: str, victim: Path) -> None:
    """Put something else where a file of kg is due."""
    if place.is_dir() and not place.is_symlink():
        os.rename(place, place.with_name(f"{place.name}-away"))
    place.unlink(missing_ok=True)
    file = victim / "Important.md"
    if kind == "link":
        place.symlink_to(file)
    elif kind == "link to a folder":
        place.symlink_to(victim)
    elif kind == "dangling link":
        place.symlink_to(victim / "new.md")
    elif kind == "endless link":
        place.symlink_to("/dev/zero")
    elif kind == "hard link":
        os.link(file, place)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        (place / "below").mkdir(parents=True)


KINDS = ["link", "link to a folder", "dangling link", "endless link", "hard link", "pipe", "folder"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in {"link", "pipe"} else pytest.mark.slow) for kind in KINDS]
)
@pytest.mark.sample(3)
def test_what_is_in_the_way_harms_nobody(vault: Path, victim: Path, name: str, kind: str) -> None:
    assert command(vault, "ingest", "-q").code == 0
    place = vault / ".kg" / name
    trick(place, kind, victim)
    before = snapshot(victim)
    for number, words in enumerate(WRITING):
        edited(vault, f"more {number}")
        answers_or_says(command(vault, *words))
        assert snapshot(victim) == before, words
    answers_or_says(command(vault, "query", "ASK { ?s ?p ?o }"))
    if place.is_symlink() or place.exists():  # the way out: it is the user who removes it
        os.rename(place, victim / "moved")
        assert command(vault, "ingest", "-q", "--full").code == 0
    assert answers(vault / ".kg")


def answers_or_says(done: Done) -> None:
    """An answer, or one sentence."""
    assert done.code in {0, 1, 3}, done
    if done.code == 3:
        says_one_sentence(done)


@pytest.mark.parametrize("words", [*WRITING, *READING], ids=" ".join)
@pytest.mark.parametrize("leads", ["out", "into the vault", "nowhere"])
@pytest.mark.sample()
def test_a_store_that_is_a_link_is_refused(vault: Path, victim: Path, words: tuple[str, ...], leads: str) -> None:
    inside = vault / "other"
    inside.mkdir()
    target = {"out": victim, "into the vault": inside, "nowhere": victim / "none"}[leads]
    (vault / ".kg").symlink_to(target)
    before = snapshot(vault.parent)
    done = command(vault, *words)
    if words[-1] == "--dry-run":  # it says what would be done, and does nothing
        assert done.code == 0
    elif leads == "nowhere" and words in READING:
        assert done.code in {0, 3}
    else:
        says_one_sentence(done, ".kg is a symbolic link", "--store")
    assert snapshot(vault.parent) == before


def test_a_link_that_the_user_names_is_meant(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "large disk")
    assert command(vault, "ingest", "-q", "--store", str(tmp_path / "link")).code == 0
    assert (tmp_path / "large disk" / "current").read_text() == "gen-1"


def test_a_journal_that_names_another_file_removes_none(vault: Path, victim: Path) -> None:
    """SQLite removes the file that a hot journal names as the one above it: `.kg/` may come with a vault."""
    assert command(vault, "search", "one").code == 3
    assert command(vault, "ingest", "-q").code == 0
    assert "One.md" in command(vault, "search", "one").out
    file = vault / ".kg" / "search.db"
    write_journal(file, victim / "Important.md")
    copy = vault / "copy.db"  # it would work
    copy.write_bytes(file.read_bytes())
    (victim / "Unimportant.md").write_text("x")
    write_journal(copy, victim / "Unimportant.md")
    with sqlite3.connect(copy) as database:
        database.execute("SELECT * FROM meta").fetchall()
    assert not (victim / "Unimportant.md").exists()
    for words in (("search", "one"), ("ingest", "-q", "--full"), ("search", "two")):
        assert command(vault, *words).code == 0
        assert (victim / "Important.md").read_text() == "# Important\nkeep me\n"


def write_journal(file: Path, names: Path) -> None:
    """A hot journal, as SQLite's file format has it: a header, the first page, and the name of a journal above it."""
    data = file.read_bytes()
    size = struct.unpack(">H", data[16:18])[0]
    magic = bytes.fromhex("d9d505f920a163d7")
    page = data[:size]
    head = magic + struct.pack(">IIIII", 1, 0, len(data) // size, 512, size)
    check = sum(page[at] for at in range(size - 200, 0, -200)) & 0xFFFFFFFF
    name = os.fsencode(names)
    above = struct.pack(">I", 0x40000000 // size + 1) + name + struct.pack(">II", len(name), sum(name)) + magic
    text = head.ljust(512, b"\0") + struct.pack(">I", 1) + page + struct.pack(">I", check) + above
    file.with_name(f"{file.name}-journal").write_bytes(text)


# ---- where a kg.toml may put a store ---------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["..", "../elsewhere", "/tmp/elsewhere-of-kg", "a/../../elsewhere", "link/below"])
def test_a_kg_toml_keeps_its_store_inside(vault: Path, victim: Path, store: str) -> None:
    (vault / "link").symlink_to(victim)
    (vault / "kg.toml").write_text(f'store = "{store}"\n')
    before = snapshot(vault.parent)
    for words in (("ingest", "-q"), ("query", "ASK {}"), ("validate",), ("search", "one")):
        done = command(vault, *words)
        assert done.code == 2
        assert "“store” leads out of the folder of kg.toml" in done.err
        assert f"--store {store}" in done.err
        assert len(done.err.splitlines()) == 1
    assert snapshot(vault.parent) == before
    assert command(vault, "ingest", "-q", "--store", "../named").code == 0
    assert (vault.parent / "named" / "current").exists()


@pytest.mark.parametrize("store", ["a\\u0000b", "x" * 300, "y/" * 3000, "x" * 300 + "/z"])
def test_a_name_that_no_folder_can_have_is_one_sentence(vault: Path, store: str) -> None:
    (vault / "kg.toml").write_text(f'store = "{store}"\n')
    for words in (("ingest", "-q"), ("query", "ASK {}"), ("validate",)):
        done = command(vault, *words)
        assert done.code == 2
        assert "“store” must be a path" in done.err
        assert len(done.err.splitlines()) == 1


def test_a_store_inside_is_as_before(vault: Path) -> None:
    (vault / "kg.toml").write_text('store = "build/graph"\n')
    assert command(vault, "ingest", "-q").code == 0
    assert answers(vault / "build" / "graph")
    assert (vault / "build" / "graph" / "current").exists()


# ---- what is written elsewhere ---------------------------------------------------------------------------------------

ASK = ("query", "SELECT ?n { ?d kg:path ?n } ORDER BY ?n", "-o")


@pytest.fixture
def ingested(vault: Path) -> Path:
    ingest(vault, vault / ".kg")
    return vault


def test_an_answer_replaces_a_link_and_not_what_it_leads_to(ingested: Path, victim: Path) -> None:
    (ingested / "out.csv").symlink_to(victim / "Important.md")
    (ingested / f".out.csv.{os.getpid()}").symlink_to(victim / "libfoo.so.1")
    before = snapshot(victim)
    assert command(ingested, *ASK, "out.csv").code == 0
    assert snapshot(victim) == before
    assert (ingested / "out.csv").read_text().split() == ["n", "One.md", "Two.md"]
    assert not (ingested / "out.csv").is_symlink()


def test_an_answer_has_the_rights_of_the_file_before(ingested: Path) -> None:
    (ingested / "out.csv").write_text("")
    (ingested / "out.csv").chmod(0o640)
    before = os.umask(0o027)
    try:
        assert command(ingested, *ASK, "out.csv").code == 0
        assert command(ingested, *ASK, "new.csv").code == 0
        assert command(ingested, "export", "-o", "new.nq").code == 0
    finally:
        os.umask(before)
    rights = {name: stat.S_IMODE((ingested / name).stat().st_mode) for name in ("out.csv", "new.csv", "new.nq")}
    assert rights == {"out.csv": 0o640, "new.csv": 0o640, "new.nq": 0o640}
    assert [path.name for path in ingested.glob(".kg-*")] == []


def test_an_answer_that_fails_leaves_nothing(ingested: Path) -> None:
    (ingested / "out.csv").write_text("as it was")
    time.sleep(0.06)  # as above
    assert command(ingested, "ingest", "-q").code in {0, 1}
    before = snapshot(ingested)
    assert command(
        ingested, "query", "SELECT ?n { ?d kg:path ?n } LIMIT 1", "--timeout", "0.000001", "-o", "out.csv"
    ).code
    assert command(ingested, *ASK, "vault/none/out.csv").code == 2
    (ingested / "folder").mkdir()
    assert command(ingested, *ASK, "folder").code == 2
    (ingested / "folder").rmdir()
    assert snapshot(ingested) == before


def test_a_device_is_written_to_and_stays(ingested: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert command(ingested, *ASK, str(tmp_path / "pipe"), "-f", "csv").code == 0
    assert os.read(reader, 100).split() == [b"n", b"One.md", b"Two.md"]
    os.close(reader)
    assert command(ingested, *ASK, "/dev/null").code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_baseline_is_a_new_file(ingested: Path, victim: Path) -> None:
    (ingested / "One.md").write_text("# One\n[[Gone]]\n")
    (ingested / "baseline.json").symlink_to(victim / "new.json")
    before = snapshot(victim)
    done = command(ingested, "validate", "-q", "--severity", "info", "--baseline", "baseline.json")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert snapshot(victim) == before
    assert command(ingested, "validate", "-q", "--baseline", "real.json").code == 0
    assert '"findings"' in (ingested / "real.json").read_text()


@pytest.mark.parametrize("kind", ["link", "dangling link"])
def test_init_writes_through_no_link(tmp_path: Path, victim: Path, kind: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    target = victim / ("Important.md" if kind == "link" else "new.md")
    (folder / "kg.toml").symlink_to(target)
    (folder / "ontology").symlink_to(victim if kind == "link" else victim / "none")
    before = snapshot(victim)
    done = command(folder, "init")
    assert done.code == 0
    assert snapshot(victim) == before
    assert (folder / "queries").is_dir()
    assert "kept   kg.toml" in done.err


def test_init_uses_a_link_inside_the_project(tmp_path: Path) -> None:
    (tmp_path / "project" / "kept" / "ontology").mkdir(parents=True)
    (tmp_path / "project" / "ontology").symlink_to("kept/ontology")
    assert command(tmp_path / "project", "init").code == 0
    assert list((tmp_path / "project" / "kept" / "ontology").iterdir())


def test_what_is_typed_is_kept_in_a_file_of_its_own(ingested: Path, victim: Path) -> None:
    from kg.cli.prompt import StoreHistory

    store = ingested / ".kg"
    os.link(victim / "Important.md", store / "history")
    before = snapshot(victim)
    StoreHistory(store).store_string("SELECT *\n{ ?s ?p ?o }")
    assert snapshot(victim) == before
    StoreHistory(store).store_string("ASK {}")
    (store / "history.1.tmp").symlink_to(victim / "Important.md")
    assert list(StoreHistory(store).load_history_strings()) == ["ASK {}", "SELECT *\n{ ?s ?p ?o }"]
    (store / "history").unlink()
    (store / "history").symlink_to(victim / "Important.md")
    StoreHistory(store).store_string("ASK {}")
    assert snapshot(victim) == before
    assert list(StoreHistory(store).load_history_strings()) == ["ASK {}"]


def test_pulled_graphs_go_into_a_folder_of_the_store(ingested: Path, victim: Path) -> None:
    import pyoxigraph as ox

    from kg.store.pulled_graphs import file_for, write

    store = ingested / ".kg"
    triple = ox.Triple(*(ox.NamedNode(f"urn:{name}") for name in "abc"))
    file = file_for(store, "https://example.org/sparql", None)
    (store / "pulled").symlink_to(victim)
    before = snapshot(victim)
    with pytest.raises(kg.KgError, match="cannot be written"):
        write(file, [triple], beside=store)
    assert snapshot(victim) == before
    (store / "pulled").unlink()
    (store / "pulled").mkdir()
    file.symlink_to(victim / "Important.md")
    write(file, [triple], beside=store)
    assert snapshot(victim) == before
    assert file.read_text() == "<urn:a> <urn:b> <urn:c> .\n"
    assert len(file_for(store, f"https://example.org/{'ä' * 300}", None).name.encode()) < 200
