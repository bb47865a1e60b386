"""A store of an earlier commit begins with the nearest state there is, and equals an ingest whatever it begins with."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import kg
from helpers.repositories import TURTLE, commit, git, isolate
from helpers.vaults import ingest
from kg.config import load
from kg.revisions import revision as revisions
from kg.revisions.nearest import StateContents
from kg.revisions.revision import revision
from kg.store.seeding import seed

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
NUMBER = 30


def notes(first: int, last: int, word: str) -> dict[str, str | None]:
    """Some of the notes, with a word and a link."""
    return {f"N{number}.md": f"{word} [[N{(number + 1) % NUMBER}]]\n" for number in range(first, last)}


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault whose last commit differs in many notes from the two before it, which differ in one or two."""
    isolate(monkeypatch)
    folder = tmp_path / "vault"
    commit(folder, notes(0, NUMBER, "Old"), 1)
    commit(folder, notes(0, 1, "Other"), 2)
    commit(folder, {**notes(0, 1, "Third"), **notes(1, 2, "Third")}, 3)
    commit(folder, notes(5, NUMBER, "New"), 4)
    commit(folder, notes(5, 6, "Newest"), 5)
    kg.ingest(folder)
    return folder


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The stores that revisions began with."""
    taken: list[Path] = []

    def recorded(store: Path, source: Path) -> None:
        seed(store, source)
        taken.append(source)

    monkeypatch.setattr(revisions, "seed", recorded)
    return taken


def quads(vault: Path, name: str) -> tuple[list[str], Path]:
    """The quads of a commit, and its store."""
    store = revision(load(vault, cwd=vault), name).config.store
    return sorted(kg.Store(store).nquads()), store


def checked_out(vault: Path, name: str, folder: Path) -> list[str]:
    git(vault, "worktree", "add", "-q", "--detach", str(folder), name)
    return sorted(ingest(folder, folder.with_name(f"{folder.name}-store")).store.nquads())


def test_the_nearest_state_is_taken(vault: Path, sources: list[Path], tmp_path: Path) -> None:
    stores = {}
    for name in ("HEAD~1", "HEAD~3", "HEAD~4", "HEAD~2"):
        ours, stores[name] = quads(vault, name)
        assert ours == checked_out(vault, name, tmp_path / name), name
    # HEAD~3 has only states far away; HEAD~2 differs from HEAD~3 and HEAD~4 in two notes, and from today's in all.
    assert sources[0] == vault / ".kg"
    assert sources[2] == stores["HEAD~3"]
    assert sources[3] in {stores["HEAD~3"], stores["HEAD~4"]}


def test_notes_that_are_not_committed_count(vault: Path, sources: list[Path]) -> None:
    """Today's store is that of the files, not that of the last commit."""
    quads(vault, "HEAD")
    for name, text in {**notes(0, NUMBER, "Old"), **notes(0, 1, "Other")}.items():
        (vault / name).write_text(str(text))
    kg.ingest(vault)
    quads(vault, "HEAD~3")
    assert sources == [vault / ".kg", vault / ".kg"]


def test_a_state_of_other_settings_is_left_out(vault: Path, sources: list[Path], tmp_path: Path) -> None:
    commit(vault, {"ontology/own.ttl": TURTLE.format(name="Place")}, 6)
    commit(vault, notes(0, 1, "Last"), 7)
    kg.ingest(vault)
    assert quads(vault, "HEAD~2")[0] == checked_out(vault, "HEAD~2", tmp_path / "two")
    assert not sources
    quads(vault, "HEAD~1")
    assert sources == [vault / ".kg"]


def cut(place: Path) -> None:
    (place / "notes").write_bytes((place / "notes").read_bytes()[:-3])


def no_generation(place: Path) -> None:
    (place / "store" / "current").unlink()


def a_link(place: Path) -> None:
    shutil.move(place, place.parent.parent / "elsewhere")
    place.symlink_to(place.parent.parent / "elsewhere")


@pytest.mark.parametrize("damage", [cut, no_generation, a_link])
def test_a_state_that_is_not_whole_is_passed_over(
    vault: Path, sources: list[Path], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    _, store = quads(vault, "HEAD~3")
    damage(store.parent)
    ours, _ = quads(vault, "HEAD~2")
    assert sources[-1] == vault / ".kg"
    assert ours == checked_out(vault, "HEAD~2", tmp_path / "checkout")


def test_a_checkout_whose_ingest_was_killed_finds_the_nearest_too(vault: Path, sources: list[Path]) -> None:
    _, store = quads(vault, "HEAD~2")
    quads(vault, "HEAD~3")
    for name in ("done", "notes"):
        (store.parent / name).unlink()
    shutil.rmtree(store)
    quads(vault, "HEAD~2")
    assert sources[-1] == sources[-1].parent / "store"
    assert sources[-1] != vault / ".kg"


def test_the_distance_is_the_number_of_notes_that_differ() -> None:
    def of(**digests: str) -> StateContents:
        return StateContents.of("", digests)

    assert of(a="11", b="22").distance(of(a="11", b="33", c="44")) == 2
    assert of(a="11", b="").distance(of(a="11")) == 1
    assert of(a="11", b="22").distance(of(a="22", b="11")) == 2
