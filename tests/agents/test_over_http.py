"""`/mcp` of `kg serve`: the same tools over HTTP, behind the same doors as everything else there."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from helpers.clients import NOTES, ingested, serving
from kg.mcp.tool_table import TOOLS
from kg.server.settings import Access

VERSION = {"MCP-Protocol-Version": "2025-06-18"}
ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def sent(client: Any, method: str, /, params: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """The answer to a message."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    return client.post("/mcp", content=json.dumps(message), headers={**ACCEPT, **VERSION, **(headers or {})})


def called(client: Any, name: str, /, **arguments: Any) -> Any:
    """The result of a call."""
    answer = sent(client, "tools/call", {"name": name, "arguments": arguments})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_the_tools_answer_over_http(tmp_path: Path) -> None:
    vault = ingested(tmp_path, NOTES)
    with serving(vault, checks=True) as client:
        listed = sent(client, "tools/list").json()["result"]["tools"]
        assert [tool["name"] for tool in listed] == [*TOOLS]
        calls: list[tuple[str, dict[str, Any], str]] = [
            ("overview", {}, "vault “vault”"), ("search", {"query": "waste"}, "Lean.md:6"), ("why", {"subject": "Lean"}, ""),
            ("show", {"name": "Lean"}, "link to Agile"), ("query", {"sparql": "ASK {}"}, "yes"), ("suggest", {}, ""),
            ("neighbours", {"name": "Agile"}, "Lean"),
        ]  # fmt: skip
        for name, arguments, expected in calls:
            result = called(client, name, **arguments)
            assert not result.get("isError"), result
            assert expected in result["content"][0]["text"]
        draft = called(client, "validate", path="New.md", text="[[Gone]]\n")
        assert "New.md:1:1: error: there is no note “Gone”" in draft["content"][0]["text"]
        assert not (vault / "New.md").exists()
        until = time.monotonic() + 20
        while (
            "being checked" in (text := called(client, "validate")["content"][0]["text"]) and time.monotonic() < until
        ):
            time.sleep(0.1)
        assert "[S02]" in text
        assert called(client, "query", sparql="SELECT")["isError"]


def test_it_stands_behind_the_same_doors(served_vault: Path) -> None:
    with serving(served_vault, access=Access("secret")) as client:
        assert sent(client, "tools/list").status_code == 401
        assert sent(client, "tools/list", headers={"Authorization": "Bearer wrong"}).status_code == 401
        bearer = {"Authorization": "Bearer secret", **VERSION}
        assert sent(client, "tools/list", headers=bearer).status_code == 200
        assert sent(client, "tools/list", headers={"Host": "evil.example", **bearer}).status_code == 421
        assert sent(client, "tools/list", headers={"Origin": "https://evil.example", **bearer}).status_code == 403
        for method in ("GET", "DELETE", "PUT"):
            assert client.request(method, "/mcp", headers=bearer).status_code == 405
        assert client.post("/mcp", content=b"x" * 1_100_000, headers={**ACCEPT, **bearer}).status_code == 413
        assert client.post("/mcp", content=b"{", headers={**ACCEPT, **bearer}).status_code == 400


def test_private_notes_are_nowhere(served_vault: Path) -> None:
    with serving(served_vault, private_tags=("private",)) as client:
        for name, arguments in [
            ("overview", {}), ("show", {"name": "Lean"}), ("search", {"query": "canary"}), ("validate", {}),
            ("validate", {"path": "x.md", "text": "[[Secret]]"}), ("query", {"sparql": "SELECT * { ?a ?b ?c }"}),
        ]:  # fmt: skip
            assert "canary" not in str(called(client, name, **arguments)).replace("“canary”", "")


def test_without_the_extra_one_sentence_says_so(served_vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mcp.server.streamable_http_manager", None)
    with serving(served_vault) as client:
        answer = sent(client, "tools/list")
        assert answer.status_code == 404
        assert "pip install 'kg-notes[mcp]'" in answer.text
        assert client.get("/").status_code == 200
