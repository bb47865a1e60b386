"""What a newcomer does in the pages, in a browser, by clicks and keys; no request leaves the machine."""

from collections.abc import Iterator

import pytest

from helpers.browsing import browsed, is_faultless
from helpers.clients import running
from helpers.vaults import copied_notes

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the notes that come with kg."""
    with running(copied_notes(tmp_path_factory.mktemp("newcomer") / "notes"), "--no-token") as server:
        yield f"http://127.0.0.1:{server.port}/"


def test_find_a_note(address: str) -> None:
    said = browsed("newcomer", address, "find", "lean ux")
    is_faultless(said)
    assert said["title"] == "Lean UX" and said["suggested"][0] == "Lean UX"


def test_see_why_something_is_inferred(address: str) -> None:
    said = browsed("newcomer", address, "why", "Weekly learning demo")
    is_faultless(said)
    assert said["title"] == "Weekly learning demo"
    assert len(said["why"]) > 2 and any(".md:" in line for line in said["why"])


def test_see_what_is_broken_and_open_it(address: str) -> None:
    said = browsed("newcomer", address, "broken")
    is_faultless(said)
    assert said["severities"] == ["error"] and "there is no note “Continuous delivery”" in said["messages"]
    assert said["title"] and set(said["here"]) & set(said["messages"])


def test_narrow_a_list_down(address: str) -> None:
    said = browsed("newcomer", address, "narrow", "Outcome")
    is_faultless(said)
    assert 0 < said["some"] < said["all"] == said["again"] and "outcome of" in said["condition"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_pages(address: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_SCHEME", scheme)
    pages = ["/", "/list", "/list?class=Output", "/search?q=learning", "/thing/Concepts/Lean/lean"]
    pages += [
        "/findings",
        "/gaps",
        "/suggestions",
        "/duplicates",
        "/communities",
        "/history",
        "/more",
        "/table?class=Output",
    ]
    said = browsed("newcomer", address, "look", *pages)
    is_faultless(said)
