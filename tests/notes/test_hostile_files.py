"""Files that were made to break things: pipes, links, devices, no text, too large, and what is put there meanwhile."""

import os
import resource
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.commanding import as_text
from helpers.forking import forked
from helpers.hostile import opened, posix_only, read
from kg.ingestion.pipeline import ingest
from kg.notes.model import Note
from kg.notes.vault import Reading, read_note


def codes(reading: Reading) -> dict[str, str]:
    return {finding.path: finding.code for finding in reading.findings}


def in_2_gb(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`kg` with so much memory, and 8 s."""
    return as_text(forked(arguments, cwd, seconds=8, limits={resource.RLIMIT_AS: 2_000_000_000}))


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
    config = replace(opened(vault).config, max_bytes=1000)
    place = vault / "Good.md"
    place.unlink()
    put(place)
    note, findings = read_note("Good.md", place, config)
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
@pytest.mark.sample(5)
def test_a_pipe_or_device_is_waited_for_nowhere(vault: Path, place: str, what: str) -> None:
    (vault / place).parent.mkdir(parents=True, exist_ok=True)
    if what == "pipe":
        os.mkfifo(vault / place)
    else:
        (vault / place).symlink_to("/dev/zero")
    done = in_2_gb("ingest", str(vault), cwd=vault)
    assert done.returncode in {0, 1, 2}, done.stderr
    assert "internal error" not in done.stderr


def test_a_note_of_50_mb_is_a_finding_and_never_read(vault: Path) -> None:
    with (vault / "large.md").open("wb") as file:
        file.truncate(50_000_000)
    started = time.process_time()
    reading = read(vault)
    assert time.process_time() - started < 2
    assert codes(reading) == {"large.md": "F03"}
    assert [note.path for note in reading.notes] == ["Good.md"]
