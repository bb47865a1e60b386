"""The page of findings, and the process that makes them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import kg
from helpers.clients import ingested, serving
from helpers.vaults import write_vault

NOTES = {
    "Lean.md": "# Lean\n\nSee [[Nowhere]] and [[Agile]].\n",
    "old/Agile.md": "# Agile\n\nSee [[Lean#Missing heading]] and [[Gone]].\n",
}


def checked(client: TestClient) -> TestClient:
    """Wait until the notes of a server have been checked."""
    end = time.monotonic() + 30
    while not client.app.state.served.checked.stamp:  # type: ignore[attr-defined]
        assert time.monotonic() < end
        time.sleep(0.05)
    return client


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingested(tmp_path_factory.mktemp("findings"), NOTES)


@pytest.fixture(scope="module")
def client(vault: Path) -> Iterator[TestClient]:
    with serving(vault, checks=True) as client:
        yield checked(client)


def test_findings_are_listed_by_note_with_links(client: TestClient) -> None:
    page = client.get("/findings").text
    assert "there is no note “Nowhere”" in page and "line 3" in page
    assert 'href="/thing/old/Agile"' in page and 'href="/findings?code=L01"' in page
    assert "being checked" not in page


def test_the_address_narrows_them_down(client: TestClient) -> None:
    of_code = client.get("/findings?code=L02").text
    assert "Missing heading" in of_code and "Nowhere" not in of_code
    assert "Correct the heading in the link" in of_code  # what to do
    assert "Nowhere" not in client.get("/findings?folder=old").text
    assert "Nowhere" not in client.get("/findings?severity=info").text
    assert "No finding is of this kind" in client.get("/findings?code=X99").text


def test_findings_of_one_note(vault: Path, client: TestClient) -> None:
    from kg.config import load
    from kg.store.store import Published
    from kg.views.open_vault import OpenVault
    from kg.views.problems import findings_of

    config = load(vault)
    opened = OpenVault(config, Published(config.store))
    assert {finding.code for finding in findings_of(opened, "Lean.md")} >= {"L01"}
    assert findings_of(opened, "No.md") == ()


def test_the_answer_changes_when_the_findings_are_there(tmp_path: Path) -> None:
    vault = ingested(tmp_path, NOTES)
    with serving(vault, checks=True) as client:
        before = client.get("/findings")
        if "being checked" not in before.text:
            pytest.skip("the findings were there at once")
        checked(client)
        after = client.get("/findings", headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200 and "Nowhere" in after.text


def test_the_search_index_is_made_before_anybody_searches(client: TestClient, vault: Path) -> None:
    end = time.monotonic() + 30
    while not (vault / ".kg" / "search.db").exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_server_that_does_not_check_says_so(tmp_path: Path) -> None:
    vault = ingested(tmp_path, NOTES)
    with serving(vault) as client:
        assert "not checked by this server" in client.get("/findings").text


def test_no_watch_writes_nothing_into_the_store(tmp_path: Path) -> None:
    vault = ingested(tmp_path, NOTES)
    before = (vault / ".kg" / "current").read_text()
    (vault / "New.md").write_text("# New\n")
    with serving(vault, checks=True) as client:
        page = checked(client).get("/findings").text
    assert "the notes have changed since the last ingest" in page
    assert (vault / ".kg" / "current").read_text() == before


def test_findings_are_not_shown_where_notes_are_private(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {**NOTES, "Hidden.md": "---\ntags: [private]\n---\n# Canary\n\n[[Nil]]\n"})
    kg.ingest(vault)
    with serving(vault, checks=True) as client:  # leaves findings in the store
        assert "Nil" in checked(client).get("/findings").text
    with serving(vault, checks=True, private_tags=("private",)) as client:
        page = client.get("/findings")
        assert "Findings are not shown here" in page.text and "Nil" not in page.text and "Nowhere" not in page.text
        assert client.get("/api/findings").json()["files"] == []


def test_damaged_findings_count_as_none(vault: Path, tmp_path: Path) -> None:
    from kg.validation.kept_report import FILE, kept

    (tmp_path / FILE).write_text('["a", [[1]], {}]')
    assert kept(tmp_path) is None
    unknown = ["a", [[["a.md", 1, 1, 1, 1, "L99", "", ""], None, None]], {}]  # of another version of kg
    (tmp_path / FILE).write_text(json.dumps(unknown))
    assert kept(tmp_path) is None
    assert kept(tmp_path / "nowhere") is None
