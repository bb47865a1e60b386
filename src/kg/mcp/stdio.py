"""Serve a vault over standard input and output, which carry the protocol and nothing else."""

from typing import Any

import anyio
from mcp.server.stdio import stdio_server

from kg.config import Config
from kg.mcp.protocol import LONG, server
from kg.mcp.vault_process import VaultProcess
from kg.notes.vault import Vault
from kg.store.store import manifest


def run(config: Config, private_tags: tuple[str, ...], most: int, seconds: float) -> None:
    """Serve until the input ends. Raises KgError if there is neither a vault nor a store, or no process can start."""
    if manifest(config.store) is None:
        Vault(config=config)
    with VaultProcess(config, private_tags) as process:
        anyio.run(_serve, process, most, seconds)


async def _serve(process: VaultProcess, most: int, seconds: float) -> None:
    def call(work: Any, *arguments: Any, is_long: bool) -> Any:
        return process.ask(work, *arguments, seconds=seconds * (LONG if is_long else 1))

    async def ask(work: Any, *arguments: Any, is_long: bool = False) -> Any:
        return await anyio.to_thread.run_sync(lambda: call(work, *arguments, is_long=is_long))

    face = server(ask, most)
    async with stdio_server() as (incoming, outgoing):
        await face.run(incoming, outgoing, face.create_initialization_options())
