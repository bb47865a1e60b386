"""The inspector of the protocol, which is another client than the SDK's: every tool, resource and prompt."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers.vaults import ROOT, write_vault
from kg.mcp.prompts import PROMPTS
from kg.mcp.tool_table import TOOLS

INSPECTOR = ROOT / "tests" / "system" / "inspector" / "node_modules" / ".bin" / "mcp-inspector"
NOTES = {"Lean.md": "---\nrelated: '[[Agile]]'\n---\n# Definition\nLess waste.\n", "Agile.md": "[[Lean]]\n"}
ARGUMENTS = {
    "search": ("query=waste",), "show": ("name=Lean",), "query": ("sparql=ASK {}",), "why": ("subject=Agile",),
    "neighbours": ("name=Lean", "to=Agile"), "validate": ("path=New.md", "text=[[Gone]]"),
}  # fmt: skip

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        not INSPECTOR.exists() or shutil.which("node") is None, reason="tests/system/packages.sh installs the inspector"
    ),
]


def inspected(vault: Path, method: str, *options: str) -> Any:
    """What the inspector gets."""
    command = [str(INSPECTOR), "--cli", sys.executable, "-m", "kg", "mcp", str(vault), "--method", method, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=vault)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vault(tmp_path_factory.mktemp("inspected") / "vault", NOTES)


def test_tools_are_listed(vault: Path) -> None:
    tools = inspected(vault, "tools/list")["tools"]
    assert [tool["name"] for tool in tools] == [*TOOLS]
    assert all(tool["annotations"]["readOnlyHint"] and not tool["annotations"]["openWorldHint"] for tool in tools)


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_answers(vault: Path, name: str) -> None:
    pairs = [option for pair in ARGUMENTS.get(name, ()) for option in ("--tool-arg", pair)]
    result = inspected(vault, "tools/call", "--tool-name", name, *pairs)
    assert not result.get("isError"), result
    assert "<vault-data>" in result["content"][0]["text"]
    assert "rows" in result["structuredContent"]


def test_every_resource_and_prompt(vault: Path) -> None:
    assert len(inspected(vault, "resources/list")["resources"]) == 2
    assert len(inspected(vault, "resources/templates/list")["resourceTemplates"]) == 2
    for uri in ("kg://overview", "kg://ontology", "kg://note/Lean.md", "kg://query/orphans"):
        assert "<vault-data>" in inspected(vault, "resources/read", "--uri", uri)["contents"][0]["text"]
    assert [row["name"] for row in inspected(vault, "prompts/list")["prompts"]] == [*PROMPTS]
    for name, row in PROMPTS.items():
        filled = inspected(vault, "prompts/get", "--prompt-name", name, "--prompt-args", f"{row.argument}=Lean.md")
        assert "Lean.md" in filled["messages"][0]["content"]["text"]
