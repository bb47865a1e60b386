"""Several processes find what one finds, and a process that dies is one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kg.config import load
from kg.core.child_process import ChildError
from kg.core.errors import KgError
from kg.notes.model import Note
from kg.notes.pool import WORTH_IT, Workers
from kg.notes.vault import Vault
from kg.validation.validator import check, validate


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    for n in range(60):
        folder = tmp_path / f"folder {n % 3}"
        folder.mkdir(exist_ok=True)
        text = f"---\naliases: [alias {n}]\n---\n# Heading\n[[Note {n + 1}#Heading]], [[note {n}]] [[Note {n}0]] [[alias 7]]\n"
        (folder / f"Note {n}.md").write_text(text, encoding="utf-8")
    (tmp_path / "not text.md").write_bytes(b"\xff")
    return Vault(config=load(tmp_path))


def links_of(note: Note) -> tuple[str, list[str]]:
    return note.path, [link.target for link in note.links()]


def fails(note: Note) -> None:
    raise KgError(f"no, not {note.path}")


def dies(note: Note) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_what_was_read_is_the_same_and_in_the_order_of_the_files(vault: Vault) -> None:
    files = vault.files().notes
    with Workers(0) as here, Workers(3) as there:
        assert here.read(files, vault.config) == there.read(files, vault.config)
        assert sorted(here.each(links_of)) == sorted(there.each(links_of))
        assert list(there.read(files, vault.config)) == list(files)


def test_validation_is_the_same_however_it_is_done(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    from kg.mapping.link_resolution import Index
    from kg.rdf.iris import Names

    reading = vault.read()
    index = Index.of(reading.notes, reading.attachments, Names(vault.config.base))
    expected = check(reading, index)
    assert len(expected.findings) > 100
    assert validate(vault, only="links") == expected
    monkeypatch.setattr("kg.notes.pool.WORTH_IT", 10)
    assert validate(vault, only="links") == expected


def test_notes_that_are_too_many_to_keep_are_read_again(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    files = vault.files().notes
    with Workers(0) as workers:
        workers.read(files, vault.config)
        expected = workers.each(links_of)
    monkeypatch.setattr("kg.notes.pool._KEPT_BYTES", 500)
    with Workers(0) as workers:
        workers.read(files, vault.config)
        assert workers.each(links_of) == expected


def test_what_goes_wrong_there_is_raised_here(vault: Vault) -> None:
    with Workers(2) as workers:
        workers.read(vault.files().notes, vault.config)
        with pytest.raises(KgError, match="no, not"):
            workers.each(fails)
        assert workers.each(links_of)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_that_dies_is_told_of(vault: Vault) -> None:
    with Workers(2) as workers:
        workers.read(vault.files().notes, vault.config)
        with pytest.raises(ChildError, match="ended early"):
            workers.each(dies)


@pytest.mark.slow
def test_a_program_without_a_guard_can_use_them(vault: Vault, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"import kg.notes.pool\nkg.notes.pool.WORTH_IT = 10\nfrom kg.validation.validator import validate\n"
        f"print(len(validate({str(vault.path)!r}).findings))\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100
    assert done.stderr == ""


def test_a_small_vault_starts_no_process() -> None:
    with Workers.for_files(WORTH_IT) as workers:
        assert workers._processes == []
