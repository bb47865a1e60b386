"""The map of kg serve in a browser: filters, their address, the panel, and local depth."""

from collections.abc import Iterator

import pytest

from helpers.browsing import browsed, is_faultless
from helpers.clients import running
from helpers.vaults import copied_notes

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the notes that come with kg."""
    with running(copied_notes(tmp_path_factory.mktemp("map") / "notes"), "--no-token") as server:
        yield f"http://127.0.0.1:{server.port}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_look_around(address: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_SCHEME", scheme)
    said = browsed("map", address, "Psychological safety", "Concepts/")
    is_faultless(said)
    assert 0 < said["inFolder"] < said["all"] and said["legend"] > 3
    assert said["afterReload"] == said["inFolder"] and said["restored"]["typed"] and said["restored"]["folder"] >= 0
    assert "folder=Concepts" in said["filtered"] and "typed" in said["filtered"]
    assert "Open its page" in said["panel"] and said["title"] == "Psychological safety"
    around = said["around"]
    assert around["only"] and around["depth"] == 2 and around["selected"] == "Psychological safety"
    assert 1 < around["things"] < said["all"]


def test_look_around_on_a_phone(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_PHONE", "1")
    said = browsed("map", address, "Lean", "Concepts/")
    is_faultless(said)
    assert 0 < said["afterReload"] == said["inFolder"] < said["all"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_findings_and_analyses(address: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_SCHEME", scheme)
    pages = [
        "/findings",
        "/findings?code=L01",
        "/more",
        "/gaps",
        "/suggestions",
        "/duplicates",
        "/communities",
        "/history",
    ]
    is_faultless(browsed("newcomer", address, "look", *pages))
