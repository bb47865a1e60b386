"""The pages of the analyses: tables with pictures, computed once a generation."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import kg
from helpers.clients import ingested, serving
from helpers.vaults import write_vault
from kg.views.analyses import ANALYSES

NOTES = {
    "Lean.md": "# Lean\n\nLess waste. See [[Agile]], [[Flow]] and [[Nowhere]].\n",
    "Agile.md": "# Agile\n\nShort cycles. See [[Lean]] and [[Nowhere]].\n",
    "Flow.md": "# Flow\n\nShort cycles without waste. See [[Lean]].\n",
    "Agiles.md": "# Agiles\n\nShort cycles. See [[Lean]].\n",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    vault = write_vault(tmp_path_factory.mktemp("analyses") / "vault", NOTES)
    git = ["git", "-C", str(vault), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "A first <b>commit</b>"]):
        subprocess.run([*git, *words], check=True)
    kg.ingest(vault)
    with serving(vault) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("gaps", ["Nowhere", "missing note", "2 notes link to it", "<svg"]),
        ("suggestions", ["Things with the most suggestions", "<svg", 'href="/thing/']),
        ("duplicates", ["Agiles", "certainty", "<svg"]),
        ("communities", ["/map/picture.svg", "links inside"]),
        ("history", ["A first &lt;b&gt;commit", "<svg", "things"]),
    ],
)
def test_each_has_a_table_and_a_picture(client: TestClient, name: str, parts: list[str]) -> None:
    page = client.get(f"/{name}")
    assert page.status_code == 200
    assert [part for part in parts if part not in page.text] == []
    assert client.get(f"/{name}", headers={"If-None-Match": page.headers["etag"]}).status_code == 304


def test_one_page_leads_to_all(client: TestClient) -> None:
    page = client.get("/more").text
    assert all(f'href="/{name}"' in page for name in ANALYSES)
    assert 'href="/more"' in client.get("/").text


def test_without_git_there_is_no_history(tmp_path: Path) -> None:
    vault = ingested(tmp_path, NOTES)
    with serving(vault) as client:
        page = client.get("/history").text
        assert "the vault is in no git repository" in page and str(tmp_path) not in page


def test_what_reads_the_notes_is_not_shown_where_some_are_private(tmp_path: Path) -> None:
    vault = write_vault(tmp_path / "vault", {**NOTES, "Hidden.md": "---\ntags: [private]\n---\n# Canary\n\n[[Lean]]\n"})
    kg.ingest(vault)
    with serving(vault, private_tags=("private",)) as client:
        for name in ANALYSES:
            page = client.get(f"/{name}")
            assert page.status_code == 200 and "Canary" not in page.text
            assert ("of which this server hides some" in page.text) == ANALYSES[name].tells_texts


def test_history_follows_commits_that_change_no_note(client: TestClient) -> None:
    before = client.get("/history")
    vault = client.app.state.served.serving.config.vault  # type: ignore[attr-defined]
    (vault / "More.md").write_text("# More\n", encoding="utf-8")
    git = ["git", "-C", str(vault), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "A second one"], check=True)
    after = client.get("/history", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200 and "A second one" in after.text
