"""Input that was made to break things: files, front matter, Markdown, queries and addresses of the threat table."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from kg.config import Config
from kg.core.errors import KgError, QuerySyntaxError
from kg.ingestion.pipeline import ingest
from kg.notes.markdown import parse
from kg.notes.model import Note
from kg.notes.vault import Reading, Vault, read_note
from kg.rdf.iris import encode_path
from kg.rdf.sparql_syntax import check
from kg.store.store import Store

BASE = "https://notes.example/"
GOOD = "---\ntype: Concept\n---\n# Good\n\nSee [[Other]] #tag\n"


posix_only = pytest.mark.skipif(os.name == "nt", reason="pipes, links and such names are those of POSIX")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one good note."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Good.md").write_text(GOOD, encoding="utf-8")
    return folder


def opened(folder: Path, **settings: int) -> Vault:
    return Vault(config=Config(folder, folder, folder / ".kg", **settings))  # type: ignore[arg-type]


def read(folder: Path) -> Reading:
    return opened(folder).read()


def codes(reading: Reading) -> dict[str, str]:
    return {finding.path: finding.code for finding in reading.findings}


def in_python(code: str, limit: float = 30) -> subprocess.CompletedProcess[str]:
    """Code that could take the process with it."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=limit, check=False
    )


# ---- files ------------------------------------------------------------------------------------------------------------


@posix_only
def test_a_pipe_is_not_waited_for(vault: Path) -> None:
    os.mkfifo(vault / "pipe.md")
    reading = read(vault)
    assert [note.path for note in reading.notes] == ["Good.md"]
    assert codes(reading) == {"pipe.md": "F04"}


@posix_only
def test_a_socket_is_not_read(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(vault)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.md")
        assert codes(read(vault)) == {"socket.md": "F04"}


@posix_only
def test_a_link_out_of_the_vault_is_not_read(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (vault / "link.md").symlink_to(tmp_path / "secret.txt")
    (vault / "device.md").symlink_to("/dev/zero")
    (vault / "up.md").symlink_to("../secret.txt")
    (vault / "picture.png").symlink_to(tmp_path / "secret.txt")
    reading = read(vault)
    assert [note.path for note in reading.notes] == ["Good.md"]
    assert reading.attachments == ()
    assert codes(reading) == {"link.md": "F04", "device.md": "F04", "up.md": "F04"}


@posix_only
def test_a_link_inside_the_vault_is_read(vault: Path) -> None:
    (vault / "Same.md").symlink_to("Good.md")
    assert [note.path for note in read(vault).notes] == ["Good.md", "Same.md"]


@posix_only
def test_links_that_lead_nowhere_or_round_do_not_matter(vault: Path) -> None:
    (vault / "gone.md").symlink_to("nothing.md")
    (vault / "self.md").symlink_to("self.md")
    (vault / "a.md").symlink_to("b.md")
    (vault / "b.md").symlink_to("a.md")
    (vault / "loop").symlink_to(".", target_is_directory=True)
    (vault / "loop.md").symlink_to(vault, target_is_directory=True)
    reading = read(vault)
    assert [note.path for note in reading.notes] == ["Good.md"]
    assert codes(reading) == dict.fromkeys(("gone.md", "self.md", "a.md", "b.md", "loop.md"), "F04")


def test_a_folder_called_like_a_note_is_a_folder(vault: Path) -> None:
    (vault / "x.md").mkdir()
    (vault / "x.md" / "In it.md").write_text("here")
    assert [note.path for note in read(vault).notes] == ["Good.md", "x.md/In it.md"]


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_finding(vault: Path) -> None:
    (vault / "closed.md").write_text("x")
    (vault / "closed.md").chmod(0)
    (vault / "shut").mkdir()
    (vault / "shut").chmod(0)
    reading = read(vault)
    (vault / "shut").chmod(0o700)
    assert codes(reading) == {"closed.md": "F01", "shut/": "F01"}


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b"\xff", 1, 1),
        (b"caf\xe9\n", 1, 4),
        (b"one\ntwo\n\xc3\xa9\xc3(", 3, 2),
        pytest.param(b"\xef\xbb\xbfa\n\xff", 2, 1),
    ],
)
def test_what_is_not_utf_8_is_named_with_its_place(vault: Path, raw: bytes, line: int, column: int) -> None:
    (vault / "bad.md").write_bytes(raw)
    reading = read(vault)
    assert [(f.path, f.code, f.line, f.column) for f in reading.findings] == [("bad.md", "F02", line, column)]
    assert [note.path for note in reading.notes] == ["Good.md"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_is_understood(vault: Path, encoding: str) -> None:
    (vault / "Marked.md").write_bytes("---\ntags: [x]\n---\n# Tête\n[[Good]]\n".encode(encoding))
    marked = read(vault).notes[1]
    assert marked.properties[0].key == "tags"
    assert marked.root.sections[0].heading == "Tête"


def test_half_a_character_of_utf_16_is_a_finding(vault: Path) -> None:
    (vault / "half.md").write_bytes(b"\xff\xfea\x00\x00")
    (vault / "lone.md").write_bytes(b"\xff\xfe\x00\xd8a\x00")
    assert codes(read(vault)) == {"half.md": "F02", "lone.md": "F02"}


def test_a_nul_reaches_no_output(vault: Path) -> None:
    (vault / "nul.md").write_bytes(b"---\ntitle: x\n---\n# a\0b\n\n[[c\0d]] #e\0f g\0:: h\0\n- [\0] i\0\n")
    store = ingest(opened(vault)).store
    assert not any("\0" in line for line in store.nquads())


def test_a_note_that_is_too_large_is_a_finding(vault: Path) -> None:
    (vault / "large.md").write_text("x" * 1001)
    reading = opened(vault, max_bytes=1000).read()
    assert codes(reading) == {"large.md": "F03"}


def test_an_empty_note_is_a_note(vault: Path) -> None:
    for name, text in (("empty.md", ""), ("space.md", "  \n\t\n"), ("open.md", "---"), ("bare.md", "---\n---")):
        (vault / name).write_text(text)
    assert len(ingest(opened(vault)).store) > 0
    assert len(read(vault).notes) == 5


@posix_only
@pytest.mark.parametrize(
    "name", ["a\nb.md", "\x1b[31mred.md", "\u202ertl.md", "tab\t.md", "a\u2066b.md", "\u200bzero.md"]
)
def test_a_name_cannot_steer_a_terminal(vault: Path, name: str) -> None:
    (vault / name).write_bytes(b"\xff")
    done = run("ingest", str(vault), cwd=vault)
    assert done.returncode == 1
    assert "[F02]" in done.stderr
    said = done.stderr.replace("\n", "")
    assert not [ch for ch in said if unicodedata.category(ch) in {"Cc", "Cf"}]
    assert sum("[F02]" in line and ".md:1:1:" in line for line in done.stderr.splitlines()) == 1


@posix_only
def test_a_wanted_note_cannot_steer_a_terminal(vault: Path) -> None:
    (vault / "Evil.md").write_text("[[\x1b]0;title\x07\x1b[2J\u202e]]")
    done = run("ingest", str(vault), cwd=vault)
    assert done.returncode == 0
    assert not [ch for ch in done.stderr.replace("\n", "") if unicodedata.category(ch) in {"Cc", "Cf"}]


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only names in UTF-8")
def test_a_name_that_is_not_utf_8_has_an_iri(vault: Path) -> None:
    (vault / "Other.md").write_text("[[caf]]")
    place = os.path.join(os.fsencode(vault), b"caf\xe9.md")
    with open(place, "wb") as file:
        file.write(b"# x\n\n[[Good]] ![[Good#x]]")
    lines = ingest(opened(vault)).store.nquads()
    assert any(f"<{BASE}caf%E9.md>" in line for line in lines)


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps one of the two")
def test_two_forms_of_one_name_are_a_finding(vault: Path) -> None:
    (vault / "Cafe\u0301.md").write_text("nfd")
    (vault / "Caf\u00e9.md").write_text("nfc")
    reading = read(vault)
    assert [note.path for note in reading.notes] == ["Café.md", "Good.md"]
    assert [finding.code for finding in reading.findings] == ["F05"]


@posix_only
def test_names_that_differ_in_case_are_two_notes(vault: Path) -> None:
    (vault / "good.md").write_text("[[GOOD]]")
    if len(list(vault.glob("*.md"))) == 1:
        pytest.skip("this file system does not tell case")
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2


@posix_only
@pytest.mark.parametrize(
    "name", ["a b", "<>", "%zz", "a{b}", 'q"q', "back\\slash", "a|b", "^`", "é ü", "#?&", "[x]", "..a"]
)
def test_every_name_has_a_valid_iri_that_leads_back(vault: Path, name: str) -> None:
    (vault / f"x{name}.md").write_text("[[Good]]")
    store = ingest(opened(vault)).store
    assert any(f"<{BASE}x{encode_path(name)}.md>" in line for line in store.nquads())
    (row,) = kg.query(store, 'SELECT ?p { ?d kg:path ?p ; kg:describes ?e FILTER(STRSTARTS(?p, "x")) }')
    assert row["p"] == f"x{name}.md"


def test_a_deep_tree_is_walked(vault: Path) -> None:
    folder = vault.joinpath(*["d"] * 200)
    folder.mkdir(parents=True)
    (folder / "Deep.md").write_text("[[Good]]")
    assert len(read(vault).notes) == 2


@posix_only
def test_a_folder_outside_is_not_walked_through_a_link(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "Secret.md").write_text("secret")
    (vault / "in").symlink_to(tmp_path / "outside", target_is_directory=True)
    (vault / "Chain.md").symlink_to("in/Secret.md")
    reading = read(vault)
    assert [note.path for note in reading.notes] == ["Good.md"]
    assert (reading.attachments, codes(reading)) == ((), {"Chain.md": "F04"})


def swapped_in(vault: Path, put: Callable[[Path], None]) -> tuple[Note | None, set[str]]:
    """What is read of a note that became something else after the folder was listed."""
    place = opened(vault).files().notes["Good.md"]
    place.unlink()
    put(place)
    note, findings = read_note("Good.md", place, 1000)
    return note, {finding.code for finding in findings}


@posix_only
@pytest.mark.parametrize(
    "put", [os.mkfifo, lambda place: place.symlink_to("/dev/zero"), Path.mkdir], ids=["pipe", "device", "folder"]
)
def test_what_is_put_there_since_the_folder_was_listed_is_not_waited_for(
    vault: Path, put: Callable[[Path], None]
) -> None:
    assert swapped_in(vault, put) == (None, {"F01"})


@posix_only
def test_a_link_put_there_since_the_folder_was_listed_does_not_lead_out(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    assert swapped_in(vault, lambda place: place.symlink_to(tmp_path / "secret.txt"))[0] is None


@posix_only
@pytest.mark.parametrize("what", ["pipe", "device"])
@pytest.mark.parametrize(
    "place",
    [
        ".gitignore",
        "ontology/x.ttl",
        "ontology/rules/x.rq",
        ".obsidian/app.json",
        "kg.toml",
        "x.canvas",
        "p.png",
    ],
)
def test_a_pipe_or_device_is_waited_for_nowhere(vault: Path, place: str, what: str) -> None:
    (vault / place).parent.mkdir(parents=True, exist_ok=True)
    if what == "pipe":
        os.mkfifo(vault / place)
    else:
        (vault / place).symlink_to("/dev/zero")
    done = in_2_gb("ingest", str(vault), cwd=vault)
    assert done.returncode in {0, 1, 2}, done.stderr
    assert "internal error" not in done.stderr


def in_2_gb(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`kg` with so much memory, and 8 s."""
    import resource

    return subprocess.run(
        [sys.executable, "-m", "kg", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=8,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000)),
    )


def test_a_note_of_50_mb_is_a_finding_and_never_read(vault: Path) -> None:
    with (vault / "large.md").open("wb") as file:
        file.truncate(50_000_000)
    started = time.process_time()
    reading = read(vault)
    assert time.process_time() - started < 2
    assert codes(reading) == {"large.md": "F03"}
    assert [note.path for note in reading.notes] == ["Good.md"]


ODD_NAMES = ("line\nbreak", "\x1b[31mred", "\u202ertl", "\x07bell", "\u2066iso", "\x9bcsi", "\x7fdel")


def steers(text: str) -> list[str]:
    """The characters of an output that could steer a terminal."""
    return [ch for ch in text.replace("\n", "") if unicodedata.category(ch) in {"Cc", "Cf", "Cs"}]


@posix_only
@pytest.mark.parametrize("name", ODD_NAMES)
def test_no_command_prints_a_name_that_steers_a_terminal(vault: Path, name: str) -> None:
    link = name.replace("\n", " ")  # which ends a link
    (vault / f"{name}.md").write_text(f"# {name}\n\n[[Nowhere{link}]] #t", encoding="utf-8")
    dry = run("ingest", str(vault), "--dry-run", cwd=vault)
    assert (len(dry.stdout.splitlines()), steers(dry.stdout + dry.stderr)) == (2, [])
    said = run("ingest", str(vault), "-v", cwd=vault)
    assert (said.returncode, steers(said.stdout + said.stderr)) == (0, [])
    found = run("validate", str(vault), cwd=vault)
    assert (found.returncode, steers(found.stdout + found.stderr)) == (1, [])
    assert sum("[L01]" in line for line in found.stdout.splitlines()) == 2
    for format_ in ("table", "md"):
        rows = run("query", "SELECT ?p { ?d kg:path ?p }", "-f", format_, cwd=vault)
        assert (rows.returncode, steers(rows.stdout)) == (0, []), format_


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only names in UTF-8")
@pytest.mark.parametrize("raw", [b"\xff", b"a\xff\x1b[2J", b"\xed\xa0\x80", b"\xc3"])
def test_no_command_stumbles_over_a_name_that_is_not_utf_8(vault: Path, raw: bytes) -> None:
    with open(os.path.join(os.fsencode(vault), raw + b".md"), "wb") as file:
        file.write(b"[[Nowhere]]")
    for words in (
        ("ingest", str(vault), "--dry-run"), ("ingest", str(vault)), ("ingest", str(vault)), ("ingest", str(vault), "--full", "--json"), ("validate", str(vault)), ("query", "SELECT ?p { ?d kg:path ?p }"), ("query", "SELECT ?p { ?d kg:path ?p }", "-f", "table"),
    ):  # fmt: skip
        done = run(*words, cwd=vault)
        assert done.returncode in {0, 1}, done.stderr
        assert "error:" not in done.stderr or "[" in done.stderr


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only names in UTF-8")
def test_a_report_in_json_is_utf_8_whatever_a_name_is(vault: Path) -> None:
    with open(os.path.join(os.fsencode(vault), b"\xff.md"), "wb") as file:
        file.write(b"[[Nowhere]]")
    command = [sys.executable, "-m", "kg", "validate", str(vault), "-f", "json"]
    done = subprocess.run(command, cwd=vault, capture_output=True, check=False)
    json.loads(done.stdout.decode("utf-8", "strict"))


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps one of the two")
def test_of_two_forms_of_one_name_the_same_one_always_wins(tmp_path: Path) -> None:
    names = {"Cafe\u0301.md": "nfd #one", "Caf\u00e9.md": "nfc #two", "Reader.md": "[[Caf\u00e9]] [[Cafe\u0301]]"}
    seen = []
    for number, order in enumerate((list(names), list(reversed(names)))):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in order:
            (folder / name).write_text(names[name], encoding="utf-8")
        done = run("ingest", str(folder), cwd=folder)
        assert done.returncode == 1
        assert "[F05]" in done.stderr
        seen.append(Store(folder / ".kg").nquads())
    assert seen[0] == seen[1]


@posix_only
def test_of_two_names_that_differ_in_case_a_link_means_the_same_one_always(tmp_path: Path) -> None:
    seen = []
    for number, order in enumerate((("Note.md", "note.md"), ("note.md", "Note.md"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in order:
            (folder / name).write_text(f"# {name}", encoding="utf-8")
        if len(list(folder.iterdir())) == 1:
            pytest.skip("this file system does not tell case")
        (folder / "Reader.md").write_text("[[NOTE]] [[note]] [[Note]]", encoding="utf-8")
        seen.append(ingest(opened(folder)).store.nquads())
        assert "[L16]" in run("validate", str(folder), cwd=folder).stdout
    assert seen[0] == seen[1]


@posix_only
@pytest.mark.parametrize(
    "name",
    [
        "-rf",
        " lead",
        "trail ",
        "dot.",
        "CON",
        "%2F",
        "%",
        "&amp;",
        "\U0001f4a9",
        "~2",
        "#^id",
        "a" * 250,
        ";|&$(id)",
        "'",
        "*",
        "\\..",
    ],
)
def test_a_name_that_other_programs_trip_over_is_a_name(vault: Path, name: str) -> None:
    (vault / f"{name}.md").write_text("# One\n\n[[#One]] ^b", encoding="utf-8")
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2
    lines = report.store.nquads()
    assert len(list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))) == len(lines)
    assert any(f"<{BASE}{encode_path(name)}.md>" in line for line in lines)


# ---- front matter -------------------------------------------------------------------------------------------------------

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
MERGE = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 8))


def with_front(yaml: str) -> Note:
    return parse("x.md", f"---\n{yaml}\n---\n# Body\n\n[[Link]]\n".encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("yaml", "code"),
    [
        (BOMB, "P02"),
        (MERGE, "P02"),
        ("<<: {a: 1}", "P02"),
        ("a: &a [*a]", "P02"),
        ("a: &a 1", "P02"),
        ("a: *b", "P02"),
        ("a: !!python/object/apply:os.system [id]", "P02"),
        ("a: !custom x", "P02"),
        ("a: " + "[" * 1000, "P01"),
        ("a: " + "[" * 50_000, "P01"),
        ("[" * 100_000, "P01"),
        ("{a: " * 200 + "1" + "}" * 200, "P01"),
        ("a: [" + "1," * 20_000 + "]", "P01"),
        ("a: " + "x" * 70_000, "P01"),
        ("\n".join(f"{' ' * n}k:" for n in range(300)), "P01"),
        ("up: [[A]], [[B]]", "L06"),
        ("up: [[A]]", "L05"),
        ("title: Foo: bar", "L06"),
        ("@joe", "L06"),
        ("a: `b`", "L06"),
        ("a:\n\tb: 1", "L06"),
        ("- a\n- b", "L06"),
        ("plain text", "L06"),
        ("? [a, b]\n: c", "L06"),
        ("a: 'open", "L06"),
        ("a: \x01", "L06"),
        ("a: 1\n...\nb: 2", "L06"),
        ("date: {{date}}", "P04"),
        ("a: <% tp.file.title %>: b", "P04"),
        ("a: 1\nA: 2\na: 3", "P03"),
    ],
    ids=lambda given: repr(given[:20]),
)
def test_bad_front_matter_is_a_finding_and_the_body_is_read(yaml: str, code: str) -> None:
    started = time.process_time()
    note = with_front(yaml)
    assert time.process_time() - started < 5
    assert code in {finding.code for finding in note.findings}
    assert note.root.sections[0].heading == "Body"
    assert note.root.sections[0].blocks[0].lines[0].links[0].target == "Link"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("9" * 5000, "text", "9" * 5000),
        ("9" * 400, "integer", "9" * 400),
        ("2024-13-45", "text", "2024-13-45"),
        ("2024-02-30", "text", "2024-02-30"),
        ("2024-02-29", "date", "2024-02-29"),
        ("0000-01-01", "text", "0000-01-01"),
        ("2024-01-01T25:00", "text", "2024-01-01T25:00"),
        pytest.param('"\\ud800"', "text", "\ufffd"),
        pytest.param('"\\ud83d\\ude00"', "text", "\ufffd\ufffd"),
        ("yes", "text", "yes"),
        ("12:30", "text", "12:30"),
        ("0o17", "integer", "15"),
        ("017", "integer", "17"),
        ("1e9999", "double", "INF"),
        (".inf", "text", ".inf"),
        ("1_000", "text", "1_000"),
        ("\u0661\u0662", "text", "\u0661\u0662"),
    ],
    ids=lambda given: given[:20],
)
def test_values_that_trip_yaml_readers(value: str, kind: str, text: str) -> None:
    note = with_front(f"a: {value}")
    assert [(prop.value.kind, prop.value.text) for prop in note.properties] == [(kind, text)]
    assert note.findings == ()


def test_the_first_of_two_equal_keys_counts_and_the_second_is_named() -> None:
    note = with_front("a: 1\nb: 2\na: 3")
    assert [(prop.key, prop.value.text) for prop in note.properties] == [("a", "1"), ("b", "2")]
    assert [(f.code, f.line, f.column) for f in note.findings] == [("P03", 4, 1)]


def test_a_mistake_in_the_front_matter_has_its_line_and_column() -> None:
    note = with_front("a: 1\né: [1, 2\nb: 3")
    (finding,) = note.findings
    assert (finding.code, finding.line) == ("L06", 4)


@pytest.mark.parametrize(
    "key",
    [
        "a b",
        "é",
        "12",
        *(pytest.param(key) for key in ("null", "~", "1.50", "0x10", "True", "2024-01-02T03:04")),
    ],
)
def test_a_key_is_its_text_as_written(key: str) -> None:
    assert [prop.key for prop in with_front(f"{key}: x").properties] == [key]


@pytest.mark.parametrize("end", ["\n", "\r\n", pytest.param("\r")])
def test_front_matter_ends_with_any_line_end(end: str) -> None:
    note = parse("x.md", end.join(["---", "a: 1", "---", "# Body"]).encode())
    assert [prop.key for prop in note.properties] == ["a"]


@pytest.mark.parametrize(
    "text", ["\n" * 20_000, "---" * 20_000, "---a\n" * 20_000, "\n---a" * 20_000, "--- \n" + "\n" * 99_999]
)
def test_front_matter_that_never_closes_costs_nothing(text: str) -> None:
    started = time.process_time()
    parse("x.md", f"---\n{text}".encode())
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "yaml",
    [
        "a: " + "{" * 60_000,
        "a: " + "{a: " * 15_000,
        "a: " + "- " * 30_000,
        "- " * 30_000,
        "? " * 30_000,
        "a: " + "!" * 60_000,
        "a: " + "!x " * 20_000,
        "a: " + "&a " * 20_000,
        "a: " + "'" * 60_000,
        'a: "' + "\\" * 60_001,
        "a: |" + "\n  x" * 15_000,
        "a: >" + "\n\n  x" * 12_000,
        "a" * 60_000 + ": 1",
        "\n".join(f"k{n}: {n}" for n in range(6_000)),
        "\n".join("k: 1" for n in range(9_000)),
        "aliases: [" + ", ".join(f"a{n}" for n in range(8_000)) + "]",
        "a: 1 " + "#" * 60_000,
        "%YAML 1.1\na: 1",
        "%TAG ! tag:x,2000:\na: !b 1",
        "a: " + "\t" * 60_000 + "b",
        "a: " + "[[" * 1_000 + "]]" * 1_000,
        "a: \ufeff\u2028\x85b",
        "\ufeffa: 1",
        "a: " + "9" * 60_000 + ":59",
        "a: " + "1_" * 30_000,
        "a: 0x" + "f" * 60_000,
        "a: 1e" + "9" * 60_000,
        'a: "\\U00110000"',
        'a: "\\x00\\x1b[2J"',
        "a: 9999-99-99T99:99:99+99:99",
    ],
    ids=lambda yaml: repr(yaml[:16]),
)
def test_no_front_matter_hangs_and_the_body_is_read(vault: Path, yaml: str) -> None:
    started = time.process_time()
    note = with_front(yaml)
    assert time.process_time() - started < 5
    assert note.root.sections[0].heading == "Body"
    (vault / "Odd.md").write_bytes(f"---\n{yaml}\n---\n# Body\n".encode())
    lines = ingest(opened(vault), inference=False).store.nquads()
    assert len(list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))) == len(lines)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"nodes":' * 20_000, '{"nodes": [{"id": "n", "x": ' + "9" * 5_000 + "}]}", '{"nodes": [NaN, 1e999, null]}',
     '{"nodes": [{"id": "\\ud800", "type": "text", "text": "\\ud800\\u0000"}], "edges": [{"fromNode": 1}]}', '{"nodes": {"id": []}, "edges": "x"}', "\0" * 1000, '{"a": "' + "\\" * 99_999])  # fmt: skip
def test_no_canvas_stops_an_ingest(vault: Path, text: str) -> None:
    (vault / "x.canvas").write_text(text, encoding="utf-8")
    started = time.process_time()
    report = ingest(opened(vault), inference=False)
    assert time.process_time() - started < 10
    assert {finding.code for finding in report.findings} <= {"F06"}
    assert report.summary["notes"] == 1


# ---- Markdown -----------------------------------------------------------------------------------------------------------

UNITS = (
    "[", "[[", "![[", "]]", "*_", "*", "**a", "[a](", "%%", "%%é", "::", "[a:: ", "(a:: ", "(a::(", "#", "#a ", "^", " ^a", "`", "`` ` ",
    "|", "$", "$a$", "<", "<a", "<!--", "[[a]]", "[[a]]\n", "[[|", "[[a|", "\\", "~~", "[^a]", "[^a]: ", "&", "&amp;", "(", "{{",
    "\n# a", "\n- a", "\n> ^b\n\n", "\n\n^a", "\na::b", "| a ^x ", "\n|a|b|\n|-|-|", "[x]: a\n", "- [ ] ", "\n```\n", "\n$$\n",
    "http://a) ", "http://a(", "https://", "a\n===\n", "\t", "x %%a%% ", "\\[",
    "%%a%%[", "%%[a]%% ", "x%%y%%[[a]]", "http://a [ ", "[[a]] #b [c:: d] ", "é[a:: b] ", "é #a ", "http://é ", "é http://a ", "📅 2024-01-01 ",
)  # fmt: skip


def seconds(text: str) -> float:
    started = time.process_time()
    parse("x.md", text.encode("utf-8"))
    return time.process_time() - started


MILD = ("é #a ", "http://é ", "é http://a ", "📅 2024-01-01 ", "%%é", "[é](a) #b ")
"""The same, but only seconds for 200 kB: a fast machine does not see it."""


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_hangs_the_parser(unit: str) -> None:
    """A bound against hanging and no measurement: how time grows is in benchmarks/hostile.py."""
    assert seconds(unit * (200_000 // len(unit.encode()))) < 20


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5000 + "a",
        ">" * 5000 + "[[a]] ^b",
        "* " * 5000 + "a",
        "- " * 20_000 + "a",
        "1. " * 5000 + "a",
        "\n".join(f"{'  ' * n}- a" for n in range(400)),
        "[" * 50_000 + "a" + "]" * 50_000,
        "[[" + "a" * 200_000 + "]]",
        "[[" + "|" * 200_000 + "]]",
        "(" * 50_000 + "a:: b" + ")" * 50_000,
        "*" * 50_000 + "a" + "*" * 50_000,
        "#" * 200_000,
        "#" + "a/" * 2_000 + "b",
        "a" + " " * 200_000 + "b",
        "a" * 200_000 + ":: b",
        "http://a" + ")" * 200_000,
        "http://a" + ".)" * 100_000 + " b",
        "`" * 100_000 + "a" + "`" * 99_999,
        "|" + "a|" * 20_000 + "\n|" + "-|" * 20_000 + "\n",
        "# " + "%a" * 100_000,
        "a " * 50_000 + ":: b",
        "a b " * 50_000 + "[c:: " * 1_000,
        "[x::" + " " * 100_000,
        "[" * 100_000,
        "![[" * 50_000,
        "{{" * 50_000,
        "[a]: <" * 30_000,
        "\n".join(f"[^{n}]: [^{n + 1}]" for n in range(5_000)),
        "| " * 50_000 + "\n|-|",
        "<a " * 50_000,
        "<![CDATA[" * 20_000,
        "$$" * 50_001,
        "> [!note]- " * 10_000,
        "#" + "/a" * 5_000 + " " + "#a/" * 5_000,
        "\u0301" * 100_000,
        "\u202e" * 60_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_goes_deep_or_long_is_read_and_stated(vault: Path, text: str) -> None:
    assert seconds(text) < 5
    (vault / "Deep.md").write_text(text, encoding="utf-8")
    report = ingest(opened(vault), inference=False)
    assert {finding.code for finding in report.findings} <= {"F10"}  # of a tag with thousands of levels
    assert report.summary["notes"] == 2


def test_many_headings_and_many_links_to_them(vault: Path) -> None:
    many = 4_000
    text = "".join(f"\n# h{n}\n\n[[#h{n}]] [[Good#h{n}]]\n" for n in range(many))
    (vault / "Many.md").write_text(text)
    started = time.process_time()
    ingest(opened(vault), inference=False)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("end", ["\n", "\r\n", "  \n"])
def test_a_heading_of_two_lines_is_one_text(end: str) -> None:
    (section,) = parse("x.md", f"a [[B]]{end}c [[D]]\n===\n".encode()).root.sections
    assert section.heading == "a [[B]] c [[D]]"


def test_the_links_of_both_lines_of_a_heading_count() -> None:
    (section,) = parse("x.md", b"a [[B]]\nc [[D]]\n===\n").root.sections
    assert section.title is not None
    assert [link.target for link in section.title.links] == ["B", "D"]


def test_a_heading_that_ends_like_a_repetition_is_none() -> None:
    sections = parse("x.md", b"# A\n# A~2\n# A\n").root.sections
    assert len({section.parts for section in sections}) == 3


# ---- addresses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x y",
        "http://a.example/<>",
        "http://a.example/%zz",
        'http://a.example/"{}|\\^`',
        "http://a.example/[x]",
        "http://a.example/#a#b",
        "http://a.example/\u202e",
        "http://[::1",
        "http://a b/",
        "http://@@/",
        "http://",
        "http:",
        "javascript:alert(1)",
        "data:text/html,<script>",
        "http://a.example:99999999/",
        pytest.param("http://a.example:\u0663/"),
        "a:b:c",
        "%",
        "\\",
        "http://a.example/\x7f",
    ],
)
def test_no_address_stops_an_ingest(vault: Path, url: str) -> None:
    (vault / "Links.md").write_text(
        f"---\nsource: \"{url}\"\nid: '{url}'\n---\n{url}\n[x](<{url}>) <{url}> [[{url}]] ![[{url}]] [source:: {url}]\n\n# {url}\n",
        encoding="utf-8",
    )
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2
    assert len(report.store) > 0


EVIL = (
    "a b", "<", ">", '"', "{}", "|", "\\", "^", "`", "%zz", "%", "[ ]", "a> <p> <o> . <x", "\x00", "\x7f", "\u00a0", "\u2028", "\u202e", "\ufffe", "\U0010ffff", "\ud800",
    "/etc/passwd", "../../x", "//host/x", "http:", "http://", "javascript:x", "_:b", "?x", "#", "##", "~2", "'''", "\\u0041", "\\U00110000", "${x}", "%s", "{0}", "a" * 5_000,
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL, ids=lambda text: repr(text[:16]))
def test_what_a_note_says_never_breaks_a_term(vault: Path, evil: str) -> None:
    raw = evil.encode("utf-8", "surrogatepass") if evil != "\ud800" else b"\\ud800"
    said = raw.decode("utf-8")
    quoted = json.dumps(said, ensure_ascii=False)
    text = (
        f"---\nid: {quoted}\naliases: [{quoted}]\ntype: {quoted}\ntags: [{quoted}]\nauthor: {quoted}\n{quoted}: {quoted}\nbroader: {quoted}\n---\n"
        f"# {said}\n\n[[{said}]] [[Good#{said}]] [[Good#^{said}]] ![[{said}.png]] [x](<{said}>) #{said} #a/{said} [{said}:: {said}] by #{said} ^{said}\n\n"
        f"# Resources\n\n- {said} - {said}\n- [{said}](https://a.example/{said})\n\n# Outcomes\n\n- {said}\n"
    )
    (vault / "Evil.md").write_bytes(text.encode("utf-8"))
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2
    lines = report.store.nquads()
    quads = list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))
    assert len(quads) == len(lines)
    for quad in quads:
        assert not any(isinstance(term, ox.BlankNode) for term in quad)
        assert "\0" not in str(quad)


# ---- one bad note -------------------------------------------------------------------------------------------------------


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


# ---- queries ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault that has been ingested."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "Good.md").write_text(GOOD, encoding="utf-8")
    ingest(opened(folder))
    return folder


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("SELECT ?c { ?c a kg:Concept }", 0, ""),
        ("ASK { ?c a kg:Concept }", 0, ""),
        ("ASK { ?c a kg:Output }", 1, ""),
        ("SELECT * {\n  ?s ?p\n}", 2, "query:2:3: "),
        ("SELECT * { ?s ?p ?o", 2, "query:1:"),
        ("SELEKT * { ?s ?p ?o }", 2, "query:1:1: "),
        ("SELECT * {\n  ?s nope:p ?o }", 2, "“nope:”"),
        ("SELECT * {\n  ?s nope:p ?o }", 2, "query:2:"),
        ("", 2, "empty"),
        ("   \n# nothing\n", 2, "empty"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 2, "SERVICE"),
        ("select * { service silent <http://127.0.0.1:1/> { ?s ?p ?o } }", 2, "SERVICE"),
        ("SELECT * { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }", 2, "query:1:"),
        ("SELECT * " + "{" * 5000 + "}" * 5000, 2, "query:1:"),
        ("SELECT * { ?s ?p " + "[" * 5000, 2, "query:1:"),
        ('SELECT * { ?s ?p "\x1b[2J }', 2, "query:1:"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", 2, "query:1:1: "),
        ("DROP ALL", 2, "query:1:1: "),
        ("LOAD <http://127.0.0.1:1/>", 2, "query:1:1: "),
        ("no-such-query", 1, "no-such-query"),
        ("nothing/here.rq", 2, "nothing/here.rq"),
    ],
    ids=lambda given: repr(given[:40]) if isinstance(given, str) else None,
)
def test_a_question_gets_its_exit_code(project: Path, question: str, code: int, said: str) -> None:
    done = run("query", question, cwd=project)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert done.stdout == ""


@pytest.mark.parametrize(
    "question",
    [
        *(
            pytest.param(question)
            for question in (
                "ASK { FILTER(" + "!" * 20_000 + "true) }",
                "ASK { FILTER(1" + "+1" * 20_000 + ") }",
                "ASK { FILTER(1" + "&&1" * 20_000 + ") }",
                "ASK { {?s ?p ?o}" + " UNION {?s ?p ?o}" * 20_000 + " }",
            )
        ),
        pytest.param("ASK { OPTIONAL { ?s n:a\\#b ?o } FILTER(" + "(" * 20_000 + "1" + ")" * 20_000 + ") }"),
    ],
    ids=["!", "+", "&&", "UNION", "hidden brackets"],
)
def test_no_question_takes_the_process_with_it(project: Path, question: str) -> None:
    done = run("query", "-", cwd=project, stdin=question)
    assert done.returncode in {0, 1, 2}, f"ended by signal {-done.returncode}"


@pytest.mark.parametrize(
    "question",
    [
        "SELECT ?a { SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { SERVICE/**/<%s> { ?a ?b ?c } }",
        "SELECT ?a { FILTER(1<2)SERVICE<%s>{ ?a ?b ?c } FILTER(2>1) }",
        "SELECT ?a { OPTIONAL { ?s n:a\\'b ?o } SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { OPTIONAL { ?s n:a\\#b ?o }\n SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { BIND(1 AS ?x) # it's\n SERVICE <%s> { ?a ?b ?c } }",
        "SELECT ?a { \\u0053ERVICE <%s> { ?a ?b ?c } }",
        pytest.param("SELECT ?a { OPTIONAL { ?s n:a\\#b ?o } SERVICE <%s> { ?a ?b ?c } }"),
        pytest.param("SELECT ?a { OPTIONAL { ?s n:a\\'b ?o } SERVICE <%s> { ?a ?b ?c } FILTER(?a != 'x') }"),
    ],
)
def test_no_question_calls_another_server(project: Path, question: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/sparql"
        process = subprocess.Popen(
            [sys.executable, "-m", "kg", "query", question.replace("%s", url)],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        called = False
        while process.poll() is None and not called:
            try:
                server.accept()[0].close()
                called = True
            except TimeoutError:
                continue
        process.communicate(timeout=30)
    assert not called
    assert process.returncode == 2


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text) for text in ("-", ".", "a.", "a-", '"\\')),
        "<",
        "'",
        '"',
        '"""',
        "'''a",
        "\\",
        "?",
        ":",
        "a:",
        "a:%",
        "#",
        "<a",
        '"""a\n',
        "'a\\'\n",
        "_:",
        "{",
        "(",
    ],
)
def test_looking_over_a_question_does_not_hang(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(KgError):
        check(text * (200_000 // len(text)))
    assert time.process_time() - started < 20


def test_a_question_that_is_too_long_is_refused() -> None:
    with pytest.raises(KgError, match="characters"):
        check("SELECT * { ?s ?p ?o }" + " " * 1_000_000)


def test_the_place_of_a_bracket_too_many_is_right() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        check("ASK {\n" + "{" * 5000)
    assert (caught.value.line, caught.value.column) == (2, 200)


@pytest.mark.parametrize(
    ("question", "line", "column"),
    [
        ("SELECT *\n{ ?s ?p ?o .\n  ?x ?y }", 3, 3),
        ("SELECT * { ?s ?p ?é ; ; . }}", 1, 28),
        ("SELECT ?x\n\n\n{ ?x a }", 4, 3),
    ],
)
def test_a_mistake_has_its_line_and_column(project: Path, question: str, line: int, column: int) -> None:
    done = run("query", question, cwd=project)
    assert f"query:{line}:{column}: " in done.stderr
    assert done.returncode == 2


def test_params_cannot_change_the_question(project: Path) -> None:
    for evil in (
        'x" } #',
        "<a> } { ?s ?p ?o",
        'kg:Concept> } UNION { ?s ?p "',
        "\\",
        '"\\"',
        "<http://a b>",
        "\x00a"[1:],
    ):
        done = run("query", "SELECT ?s ?t { ?s skos:prefLabel ?t }", "--param", f"t={evil}", "-f", "csv", cwd=project)
        assert done.returncode in {0, 2}
        assert done.stdout.splitlines()[1:] == []


def test_a_store_that_is_missing_damaged_or_locked(project: Path, tmp_path: Path) -> None:
    missing = run("query", "ASK { ?s ?p ?o }", cwd=tmp_path)
    assert (missing.returncode, "kg ingest" in missing.stderr) == (3, True)

    damaged = tmp_path / "damaged"
    shutil.copytree(project, damaged)
    folder = damaged / ".kg" / (damaged / ".kg" / "current").read_text().strip()
    for file in (folder / "db").glob("MANIFEST-*"):
        file.write_bytes(b"\0" * 100)
    broken = run("query", "ASK { ?s ?p ?o }", cwd=damaged)
    assert (broken.returncode, "damaged" in broken.stderr) == (3, True)
    (folder / "manifest.json").write_text("{")
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 3
    assert run("ingest", "--full", str(damaged), cwd=damaged).returncode == 0
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 0

    locked = tmp_path / "locked"
    shutil.copytree(project, locked)
    with (locked / ".kg" / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = run("ingest", "--full", str(locked), cwd=locked)
    assert (held.returncode, "being written" in held.stderr) == (3, True)
    assert run("query", "ASK { ?s ?p ?o }", cwd=locked).returncode == 0


@pytest.mark.parametrize("what", [pytest.param("db"), "manifest.json"])
def test_what_is_gone_from_a_store_is_built_anew_by_the_next_ingest(project: Path, tmp_path: Path, what: str) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(project, damaged)
    gone = damaged / ".kg" / (damaged / ".kg" / "current").read_text().strip() / what
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 3
    assert run("ingest", str(damaged), cwd=damaged).returncode == 0
    assert run("query", "ASK { ?s ?p ?o }", cwd=damaged).returncode == 0


def test_a_question_that_takes_too_long_is_stopped(project: Path) -> None:
    everything = " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(6))
    started = time.monotonic()
    done = run("query", f"SELECT (COUNT(*) AS ?n) {{ {everything} }}", "--timeout", "0.5", cwd=project)
    assert done.returncode == 4
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "-f", "nope", "ASK {}"],
        ["query", "ASK {}", "--param", "x"],
        ["query", "ASK {}", "--param", "x=1"],
        ["query", "ASK {}", "--timeout", "0"],
        ["query", "ASK {}", "--endpoint", "file:///etc/passwd"],
        ["query", "ASK {}", "-f", "turtle"],
        ["ingest", "nowhere"],
        ["ingest", "Good.md"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(project: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=project)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(
    "toml",
    ['base = "a b"', "base = 1", "vault =", 'nope = 1', 'base = "https://a.example/<"', 'base = "x"', 'ignore = [1]', 'max_bytes = true',
     pytest.param('base = "https://a.example/%zz"'), pytest.param('base = "https://a.example:\u0663/"'), pytest.param('base = "http://[/"'), '[prefixes]\na = "http://a b/"',
     pytest.param('[prefixes]\na = "https://a.example/<"'), pytest.param('[prefixes]\n"a b" = "https://a.example/"'), "\x00"],
)  # fmt: skip
def test_bad_settings_are_refused_before_anything_is_done(vault: Path, toml: str) -> None:
    (vault / "kg.toml").write_text(toml, encoding="utf-8")
    done = run("ingest", str(vault), cwd=vault)
    assert done.returncode == 2, done.stderr
    assert "kg.toml" in done.stderr
    assert "internal error" not in done.stderr


def test_output_for_machines_survives_an_independent_reader(vault: Path) -> None:
    import csv
    from xml.etree import ElementTree

    (vault / "Odd.md").write_text("# a\x01\x0b\x1f\ufffe,\"b\n\n- [ ] =cmd|' /C calc'!A0 </script>\n", encoding="utf-8")
    ingest(opened(vault))
    question = "SELECT ?s ?t { ?s kg:heading|kg:text ?t }"
    rows = list(csv.reader(run("query", question, "-f", "csv", cwd=vault).stdout.splitlines()))
    assert all(len(row) == 2 for row in rows)
    assert json.loads(run("query", question, "-f", "json", cwd=vault).stdout)["results"]["bindings"]
    assert all(json.loads(line) for line in run("query", question, "-f", "jsonl", cwd=vault).stdout.split("\n") if line)
    ElementTree.fromstring(run("query", question, "-f", "xml", cwd=vault).stdout)


def test_a_name_may_have_an_escaped_character_in_a_query(project: Path) -> None:
    done = run("query", "SELECT * { OPTIONAL { ?s n:a\\#b ?o } OPTIONAL { ?s n:a\\'b ?q } }", "-f", "csv", cwd=project)
    assert (done.returncode, done.stdout.splitlines()[:1]) == (0, ["s,o,q"]), done.stderr


def write_many(folder: Path, make: Callable[[int], str]) -> None:
    for number in range(20):
        (folder / f"n{number}.md").write_text(make(number), encoding="utf-8")


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


def test_every_line_of_a_hostile_vault_is_valid_n_quads(vault: Path) -> None:
    write_many(
        vault,
        lambda number: f'---\nid: \'x y<{number}>\'\n---\n# <a> "b" \\ {{c}}\n[[<d> {number}]] #e{number} <f>:: "g"\n',
    )
    lines = ingest(opened(vault)).store.nquads()
    assert len(list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))) == len(lines)


# ---- the vault's own ontology and rules -------------------------------------------------------------------------------


def with_rule(vault: Path, rule: str) -> None:
    (vault / "ontology" / "rules").mkdir(parents=True, exist_ok=True)
    (vault / "ontology" / "rules" / "x.rq").write_text(rule, encoding="utf-8")


@pytest.mark.parametrize(
    "rule",
    [
        "no query",
        "SELECT * { ?s ?p ?o }",
        "ASK {}",
        "INSERT DATA { <a:a> <a:b> <a:c> }",
        "",
        "CONSTRUCT { ?a <a:b> ?c } WHERE { ?a nope:p ?c }",
        "CONSTRUCT { ?n <a:p> ?a } WHERE { ?a <a:p>|kg:describes ?b BIND(IRI(CONCAT(STR(?a), 'x')) AS ?n) }",
        *(
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {where} }}"
            for where in (
                "SERVICE <http://127.0.0.1:9/> { ?s ?p ?o }",
                "?s ?p ?o FILTER(" + "(" * 5_000 + "1" + ")" * 5_000 + ")",
                "?s ?p ?o FILTER(" + "!" * 20_000 + "true)",
            )
        ),
    ],
    ids=lambda rule: repr(rule[:40]),
)
def test_a_bad_rule_is_refused_in_one_sentence(vault: Path, rule: str) -> None:
    with_rule(vault, rule)
    done = run("ingest", str(vault), "-q", cwd=vault)
    assert done.returncode == 2, f"{done.returncode}: {done.stderr}"
    assert "x.rq" in done.stderr or "rules" in done.stderr
    assert "internal error" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_rule_without_end_is_stopped_in_an_incremental_ingest_too(vault: Path) -> None:
    with_rule(
        vault,
        "CONSTRUCT { ?n kg:grows ?a } WHERE { ?a kg:grows|kg:tagged ?b BIND(IRI(CONCAT(STR(?a), 'x')) AS ?n) }",
    )
    (vault / "Good.md").write_text("nothing", encoding="utf-8")
    assert run("ingest", str(vault), "-q", cwd=vault).returncode == 0
    (vault / "Good.md").write_text("#tag", encoding="utf-8")
    done = run("ingest", str(vault), "-q", cwd=vault, seconds=8)
    assert done.returncode == 2
    assert "no end" in done.stderr


def calls(server: socket.socket, process: "subprocess.Popen[bytes]") -> bool:
    """Whether a process calls a server before it ends."""
    server.settimeout(0.2)
    try:
        while process.poll() is None:
            with contextlib.suppress(TimeoutError):
                server.accept()[0].close()
                return True
        return False
    finally:
        process.kill()
        process.communicate()


IMPORTS = "<%s> a <http://www.w3.org/2002/07/owl#Ontology> ; <http://www.w3.org/2002/07/owl#imports> <%s> ."


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("rules/x.rq", "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <%s> { ?s ?p ?o } }"),
        ("rules/x.rq", "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE SILENT <%s> { ?s ?p ?o } }"),
        ("rules/x.rq", "CONSTRUCT { ?s ?p ?o } FROM <%s> WHERE { ?s ?p ?o }"),
        ("x.ttl", IMPORTS),
    ],
)
def test_an_ontology_calls_no_server(vault: Path, place: str, text: str) -> None:
    file = vault / "ontology" / place
    file.parent.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        file.write_text(text.replace("%s", f"http://127.0.0.1:{server.getsockname()[1]}/x"))
        command = [sys.executable, "-m", "kg", "ingest", str(vault)]
        process = subprocess.Popen(command, cwd=vault, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert not calls(server, process)


@pytest.mark.parametrize(
    "turtle",
    [b"\xff", b"<a> <b> <c>", b"\0", b"<http://a b> a <a:b> .", b"@prefix x: <x> . x:a x:b x:c .", b"<a:a> <a:b> " + b"<<( " * 20_000, b"<a:a> <a:b> " + b"[ <a:b> " * 2_000],
    ids=lambda raw: repr(raw[:20]),
)  # fmt: skip
def test_a_bad_ontology_is_refused_in_one_sentence(vault: Path, turtle: bytes) -> None:
    (vault / "ontology").mkdir()
    (vault / "ontology" / "x.ttl").write_bytes(turtle)
    done = run("ingest", str(vault), "-q", cwd=vault)
    assert done.returncode == 2, f"{done.returncode}: {done.stderr}"
    assert "x.ttl" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_question_reads_no_file_of_the_machine(project: Path) -> None:
    for where in ("FROM <file:///etc/hostname>", "FROM NAMED <file:///etc/passwd>"):
        done = run("query", f"SELECT ?s {where} {{ ?s ?p ?o }}", "-f", "csv", cwd=project)
        assert done.stdout.splitlines()[1:] == []
