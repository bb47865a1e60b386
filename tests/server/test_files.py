"""Attachments: only those that the graph has, never through a link, and nothing that a browser would run."""

import os
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

import kg
from helpers.clients import serving
from helpers.vaults import write_vault

SECRET = "out of the vault"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "secret.png").write_text(SECRET)
    names = [
        "a.png",
        "b.svg",
        "c.html",
        "deep/ü d.png",
        "link.png",
        "folder-link/secret.png",
        "d.pdf",
        "gone.png",
        ".hidden.png",
        "e.js",
    ]
    links = "\n".join(f"![[{name}]]" for name in names)
    vault = write_vault(folder / "vault", {
        "A.md": links, "a.png": "picture", "b.svg": "<svg onload='alert(1)'/>", "c.html": "<script>alert(1)</script>", "deep/ü d.png": "deep",
        "d.pdf": "pdf", "gone.png": "gone", ".hidden.png": SECRET, "e.js": "alert(1)", "unlinked.png": "unlinked", "link.png": "a",
    })  # fmt: skip
    (vault / "real").mkdir()
    (vault / "real" / "secret.png").write_text("a")
    (vault / "folder-link").mkdir()
    (vault / "folder-link" / "secret.png").write_text("a")
    kg.ingest(vault)
    (vault / "link.png").unlink()
    (vault / "link.png").symlink_to(folder / "secret.png")  # after the ingest
    (vault / "folder-link" / "secret.png").unlink()
    (vault / "folder-link").rmdir()
    (vault / "folder-link").symlink_to(folder, target_is_directory=True)
    (vault / "gone.png").unlink()
    os.mkfifo(vault / "gone.png")
    with serving(vault) as client:
        yield client


@pytest.mark.parametrize(("path", "kind", "how"), [
    ("a.png", "image/png", "inline"), ("b.svg", "image/svg+xml", "inline"), ("c.html", "application/octet-stream", "attachment"),
    ("e.js", "application/octet-stream", "attachment"), ("deep/%C3%BC%20d.png", "image/png", "inline"), ("d.pdf", "application/pdf", "inline"),
])  # fmt: skip
def test_attachments_are_served(client: TestClient, path: str, kind: str, how: str) -> None:
    answer = client.get(f"/files/{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Content-Disposition"].startswith(how)
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    again = client.get(f"/files/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.head(f"/files/{path}").headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("path", [
    "../secret.png", "..%2Fsecret.png", "%2e%2e/secret.png", "%2e%2e%2fsecret.png", "..%5Csecret.png", "deep/../../secret.png",
    "deep/..%2f..%2fsecret.png", "/etc/passwd", "%2Fetc%2Fpasswd", "//etc/passwd", "%5C%5Cserver%5Cshare", "C:%5Csecret.png", "a.png%00.txt",
    "link.png", "folder-link/secret.png", "gone.png", ".hidden.png", ".kg/current", "unlinked.png", "A.md", "", ".", "deep", "deep/",
    "a.png/", "a.png/.", "%ff%fe", "a.png%0A", "%E2%80%AEgnp.a", "x" * 5_000, "con", "a.png::$DATA", "....//secret.png", "..;/secret.png",
])  # fmt: skip
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    answer = client.get(f"http://127.0.0.1/files/{path}")
    assert answer.status_code in {200, 404}
    assert SECRET not in answer.text
    assert answer.status_code == 404 or answer.text == "picture"  # another spelling of the same name
