"""A real `kg mcp`, asked by the SDK's own client, in both eras of the protocol."""

import asyncio
import json
import os
import random
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from helpers.agents import connected, size
from helpers.commanding import command
from helpers.vaults import write_vault
from kg.mcp.tool_table import TOOLS

NOTES = {
    "Lean.md": "---\naliases: [Lean thinking]\nrelated: '[[Agile]]'\n---\n# Definition\nLess waste.\n\nSee [[Agile]].\n",
    "Agile.md": "---\ndefinition: Short cycles\n---\n[[Lean]] #method\n",
    "Sub/Deep note.md": "[[Lean]] and [[Nowhere]].\n",
}
CALLS: dict[str, dict[str, Any]] = {
    "overview": {}, "search": {"query": "waste"}, "show": {"name": "Lean"}, "why": {"subject": "Agile"},
    "query": {"sparql": "SELECT ?a { ?a kg:linksTo ?b }"}, "neighbours": {"name": "Lean", "to": "Agile"}, "suggest": {},
    "validate": {"path": "New.md", "text": "[[Lean]] [[Gone]]"},
}  # fmt: skip


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return write_vault(tmp_path / "vault", NOTES)


async def everything(client: Client) -> None:
    """Use every tool, resource, prompt and completion."""
    tools = await client.list_tools()
    assert [tool.name for tool in tools.tools] == [*TOOLS]
    assert sum(map(size, tools.tools)) <= 1_500
    for tool in tools.tools:
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert tool.annotations.idempotent_hint
        assert tool.annotations.open_world_hint is False
    for name, arguments in CALLS.items():
        result = await client.call_tool(name, arguments)
        assert not result.is_error, result
        assert result.meta
        assert result.meta["kg.notes/trust"] == "untrusted"
        assert size(result) <= 6_000
    assert size(await client.call_tool("overview", {})) <= 2_000
    assert (await client.call_tool("nothing", {})).is_error
    await others(client)
    assert (await client.list_tools()).model_dump_json() == tools.model_dump_json()


async def others(client: Client) -> None:
    """Use every resource, prompt and completion."""
    uris = [str(row.uri) for row in (await client.list_resources()).resources]
    assert uris == ["kg://overview", "kg://ontology"]
    for uri in (*uris, "kg://note/Sub/Deep%20note.md", "kg://query/orphans"):
        contents = (await client.read_resource(uri)).contents[0]
        assert contents.meta
        assert contents.meta["kg.notes/trust"] == "untrusted"
        assert size(contents) <= 6_000
    with pytest.raises(MCPError, match="no note is at"):
        await client.read_resource("kg://note/None.md")
    assert len((await client.list_resource_templates()).resource_templates) == 2
    for prompt in (await client.list_prompts()).prompts:
        filled = await client.get_prompt(prompt.name, {"path": "Lean.md", "topic": "waste"})
        assert filled.messages
    with pytest.raises(MCPError, match="needs path"):
        await client.get_prompt("review_note", {})
    reference = ResourceTemplateReference(uri="kg://note/{path}")
    paths = await client.complete(reference, {"name": "path", "value": "sub"})
    assert paths.completion.values == ["Sub/Deep note.md"]
    names = await client.complete(ResourceTemplateReference(uri="kg://query/{name}"), {"name": "name", "value": "orph"})
    assert "orphans" in names.completion.values
    prompted = await client.complete(PromptReference(name="review_note"), {"name": "path", "value": "lean"})
    assert prompted.completion.values == ["Lean.md"]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_every_tool_resource_and_prompt(vault: Path, mode: str) -> None:
    async def run() -> None:
        async with connected(vault, mode=mode) as client:
            await everything(client)

    asyncio.run(run())


def test_it_notices_a_changed_vault_before_it_answers(vault: Path) -> None:
    async def run() -> None:
        async with connected(vault) as client:
            texts = []
            for text in ("first words", "second words"):
                (vault / "Fresh.md").write_text(f"---\ndefinition: {text}\n---\n[[Lean]]\n", encoding="utf-8")
                texts.append(str((await client.call_tool("show", {"name": "Fresh"})).content))
            assert "first words" in texts[0]
            assert "second words" in texts[1]
            (vault / "Fresh.md").unlink()
            assert (await client.call_tool("show", {"name": "Fresh"})).is_error
            (vault / "kg.toml").write_text("base = 3\n", encoding="utf-8")
            behind = await client.call_tool("show", {"name": "Lean"})
            assert not behind.is_error
            assert "this is their last good state" in str(behind.content)

    asyncio.run(run())


@pytest.mark.slow
def test_a_call_that_takes_too_long_ends_alone(vault: Path) -> None:
    slow = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

    async def run() -> None:
        async with connected(vault, "--timeout", "1") as client:
            late = await client.call_tool("query", {"sparql": slow})
            assert late.is_error
            assert "takes more than 1 s" in str(late.content)
            assert not (await client.call_tool("show", {"name": "Lean"})).is_error

    asyncio.run(run())


def test_standard_output_carries_the_protocol_alone(vault: Path) -> None:
    messages: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "overview", "arguments": {}}},
    ]  # fmt: skip
    command = [sys.executable, "-m", "kg", "mcp", str(vault), "-v"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        answers = []
        for message in messages:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
            if "id" in message:
                answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(20) == 0
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[0]["result"]["protocolVersion"] == "2025-06-18"
    assert "<vault-data>" in answers[1]["result"]["content"][0]["text"]


def test_without_the_extra_one_sentence_says_so(vault: Path) -> None:
    code = "import sys; sys.modules['mcp'] = None; sys.argv = ['kg', 'mcp', sys.argv[1]]; from kg.cli.main import run; sys.exit(run())"
    done = subprocess.run([sys.executable, "-c", code, str(vault)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "kg: this needs mcp.server, which is not installed: pip install 'kg-notes[mcp]'"
    ]


def test_a_vault_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    assert command(tmp_path, "mcp", "gone") == (2, "", f"kg: the vault {tmp_path / 'gone'} does not exist\n")


# ---- fuzz --------------------------------------------------------------------------------------------------------------


def value(chance: random.Random, depth: int = 0) -> Any:
    """Something that a client could send."""
    made: list[Callable[[], Any]] = [
        lambda: None, lambda: chance.random() < 0.5, lambda: chance.randrange(-5, 50), lambda: 2**70, lambda: 1.5,
        lambda: "".join(chance.choices(string.printable, k=chance.randrange(40))),
        lambda: "".join(chr(chance.randrange(1, 0xD800)) for _ in range(chance.randrange(9))),
        lambda: chance.choice(["Lean", "Lean.md", "n:Agile", "<x", "../../etc/passwd", "SELECT * { ?a ?b ?c }", "a OR", '"']),
        lambda: "(" * chance.randrange(3_000), lambda: "x" * chance.randrange(5_000),
    ]  # fmt: skip
    if depth < 3:
        made += [lambda: [value(chance, depth + 1) for _ in range(chance.randrange(4))],
                 lambda: {str(value(chance, 3)): value(chance, depth + 1) for _ in range(chance.randrange(4))}]  # fmt: skip
    return chance.choice(made)()


@pytest.mark.parametrize(("seed", "number"), [(1, 60), pytest.param(2, 1_000, marks=pytest.mark.slow)])
def test_no_call_crashes_it(vault: Path, seed: int, number: int) -> None:
    chance = random.Random(seed)

    async def run() -> None:
        async with connected(vault, "--timeout", "5") as client:
            listed = (await client.list_tools()).model_dump_json()
            answered = (await client.call_tool("show", {"name": "Lean"})).model_dump_json()
            for _ in range(number):
                tool = chance.choice([*TOOLS, "none"])
                known = [row.name for row in TOOLS[tool].arguments] if tool in TOOLS else ["x"]
                arguments = {chance.choice([*known, "odd"]): value(chance) for _ in range(chance.randrange(4))}
                result = await client.call_tool(tool, arguments)
                assert "internal error" not in str(result.content), (tool, arguments)
                assert size(result) <= 6_000
            assert (await client.list_tools()).model_dump_json() == listed
            assert (await client.call_tool("show", {"name": "Lean"})).model_dump_json() == answered

    asyncio.run(run())
    assert os.path.exists(vault / "Lean.md")
