"""Names of files that steer a terminal, are no UTF-8, or differ in form or case alone."""

import json
import os
import sys
import unicodedata
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from helpers.commanding import run
from helpers.forking import forked
from helpers.hostile import opened, posix_only, read
from kg.ingestion.pipeline import ingest
from kg.rdf.iris import encode_path
from kg.store.store import Store

BASE = "https://notes.example/"


@posix_only
@pytest.mark.parametrize(
    "name", ["a\nb.md", "\x1b[31mred.md", "\u202ertl.md", "tab\t.md", "a\u2066b.md", "\u200bzero.md"]
)
@pytest.mark.sample(2)
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
@pytest.mark.sample(5)
def test_every_name_has_a_valid_iri_that_leads_back(vault: Path, name: str) -> None:
    (vault / f"x{name}.md").write_text("[[Good]]")
    store = ingest(opened(vault)).store
    assert any(f"<{BASE}x{encode_path(name)}.md>" in line for line in store.nquads())
    (row,) = kg.query(store, 'SELECT ?p { ?d kg:path ?p ; kg:describes ?e FILTER(STRSTARTS(?p, "x")) }')
    assert row["p"] == f"x{name}.md"


ODD_NAMES = ("line\nbreak", "\x1b[31mred", "\u202ertl", "\x07bell", "\u2066iso", "\x9bcsi", "\x7fdel")


def steers(text: str) -> list[str]:
    """The characters of an output that could steer a terminal."""
    return [ch for ch in text.replace("\n", "") if unicodedata.category(ch) in {"Cc", "Cf", "Cs"}]


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.sample(2)
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


@pytest.mark.slow
@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only names in UTF-8")
@pytest.mark.parametrize("raw", [b"\xff", b"a\xff\x1b[2J", b"\xed\xa0\x80", b"\xc3"])
@pytest.mark.sample(1)
def test_no_command_stumbles_over_a_name_that_is_not_utf_8(vault: Path, raw: bytes) -> None:
    with open(os.path.join(os.fsencode(vault), raw + b".md"), "wb") as file:
        file.write(b"[[Nowhere]]")
    for words in (
        ("ingest", str(vault), "--dry-run"), ("ingest", str(vault)), ("ingest", str(vault)), ("ingest", str(vault), "--full", "--json"), ("validate", str(vault)), ("query", "SELECT ?p { ?d kg:path ?p }"), ("query", "SELECT ?p { ?d kg:path ?p }", "-f", "table"),
    ):  # fmt: skip
        done = run(*words, cwd=vault)
        assert done.returncode in {0, 1}, done.stderr
        assert "error:" not in done.stderr or "[" in done.stderr


@pytest.mark.slow
@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only names in UTF-8")
def test_a_report_in_json_is_utf_8_whatever_a_name_is(vault: Path) -> None:
    with open(os.path.join(os.fsencode(vault), b"\xff.md"), "wb") as file:
        file.write(b"[[Nowhere]]")
    json.loads(forked(["validate", vault, "-f", "json"], vault).stdout.decode("utf-8", "strict"))


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


@pytest.mark.slow
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
@pytest.mark.sample(5)
def test_a_name_that_other_programs_trip_over_is_a_name(vault: Path, name: str) -> None:
    (vault / f"{name}.md").write_text("# One\n\n[[#One]] ^b", encoding="utf-8")
    report = ingest(opened(vault))
    assert report.summary["notes"] == 2
    lines = report.store.nquads()
    assert len(list(ox.parse("\n".join(lines), ox.RdfFormat.N_QUADS))) == len(lines)
    assert any(f"<{BASE}{encode_path(name)}.md>" in line for line in lines)
