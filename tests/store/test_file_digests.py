"""The cache of digests: an unchanged file is not read, and a call writes what has changed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kg.core.files import digest
from kg.store import file_digests
from kg.store.file_digests import RECENT, SEEN, digests

NAMES = [f"n{number}.md" for number in range(8)]


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the files that were read; rows count at once, and two of them are few."""
    read: list[str] = []

    def noted(place: str, limit: int) -> str:
        read.append(Path(place).name)
        return digest(place, limit)

    monkeypatch.setattr(file_digests, "digest", noted)
    monkeypatch.setattr(file_digests, "_SAFE", -(10**18))
    monkeypatch.setattr(file_digests, "_MOST_RECENT", 2)
    yield read


def rows(store: Path, name: str) -> set[str]:
    return set(json.loads((store / name).read_text())) if (store / name).exists() else set()


@pytest.mark.parametrize(
    ("changes", "recent", "seen"),
    [
        ({}, set(), set(NAMES)),
        ({"n1.md": "x"}, {"n1.md"}, set(NAMES)),
        ({"n1.md": "x", "new.md": "x"}, {"n1.md", "new.md"}, set(NAMES)),
        ({"n1.md": "x", "n2.md": None}, {"n1.md"}, set(NAMES)),
        ({"n1.md": "x", "n2.md": "y", "n3.md": "z"}, set(), set(NAMES)),
        ({"n1.md": "x", "n2.md": None, "n3.md": None, "n4.md": None}, set(), {*NAMES} - {"n2.md", "n3.md", "n4.md"}),
    ],
    ids=["nothing", "edit", "edit and new", "edit and removal", "many edits", "many removals"],
)
def test_a_call_reads_and_writes_what_has_changed(
    tmp_path: Path, counted: list[str], changes: Mapping[str, str | None], recent: set[str], seen: set[str]
) -> None:
    vault, store = tmp_path / "vault", tmp_path / "store"
    vault.mkdir()
    for name in NAMES:
        (vault / name).write_text(name)

    def now() -> dict[str, str]:
        return digests({file.name: str(file) for file in vault.iterdir()}, store, 1000, keep=True)

    now()
    for name, text in changes.items():
        if text is None:
            (vault / name).unlink()
        else:
            (vault / name).write_text(text)
    before = (store / SEEN).stat().st_ino
    counted.clear()
    assert now() == {file.name: digest(file, 1000) for file in vault.iterdir()}
    assert set(counted) == {name for name, text in changes.items() if text is not None}
    assert (rows(store, RECENT), rows(store, SEEN)) == (recent, seen)
    assert ((store / SEEN).stat().st_ino == before) == (not changes or bool(recent))
    counted.clear()
    now()
    assert counted == []
