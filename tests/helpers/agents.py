"""Vaults as agents see them: in the tests' own process, and by the SDK's client through a real `kg mcp`."""

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

from kg.config import load
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import WrittenAnswer
from kg.mcp.answering import ToolCall, called
from kg.mcp.budget import MOST, tokens
from kg.mcp.fresh_vault import FreshVault


@contextlib.contextmanager
def fresh(vault: Path, *private_tags: str) -> Iterator[FreshVault]:
    """A vault that is brought up to date whenever it is asked for."""
    source = FreshVault(load(vault, cwd=vault), private_tags)
    try:
        yield source
    finally:
        source.close()
        source.checks.close()


def asked(vault: AgentVault, name: str, /, most: int = MOST, **arguments: Any) -> WrittenAnswer:
    """The answer to a call."""
    return called(vault, ToolCall(name, arguments, most))


@contextlib.asynccontextmanager
async def connected(vault: Path, *options: str, mode: Any = "auto") -> AsyncIterator[Client]:
    """The SDK's client of a real `kg mcp`."""
    command = StdioServerParameters(command=sys.executable, args=["-m", "kg", "mcp", str(vault), *options], cwd=vault)
    async with Client(command, mode=mode) as client:
        yield client


def size(message: Any) -> int:
    """The tokens of a message as it is sent."""
    return tokens(message.model_dump_json(by_alias=True, exclude_none=True))
