"""`kg mcp`: answer agents about a vault."""

from pathlib import Path

import click

from kg.cli.options import Options, common, time_limit, vault_config


@click.command()
@click.argument("vault", required=False, type=click.Path(readable=False, path_type=Path))
@click.option(
    "--private-tag",
    "private_tags",
    multiple=True,
    metavar="TAG",
    help="Show no note with this tag, and nothing that mentions it; may be repeated.",
)
@click.option(
    "--max-tokens",
    default=6_000,
    show_default=True,
    type=click.IntRange(400, 1_000_000),
    metavar="NUMBER",
    help="Keep each answer to this many tokens.",
)
@time_limit("Stop a call after this many seconds.", default=30.0, show_default=True)
@common
def mcp(
    options: Options, vault: Path | None, private_tags: tuple[str, ...], max_tokens: int, timeout: float | None
) -> None:  # fmt: skip
    """Answer agents about a vault.

    Speaks the Model Context Protocol, over standard input and output. Agents start this command themselves;
    docs/agents.md says how to add it to them. The store is brought up to date before each answer. Every tool only
    reads. Text from notes is marked as untrusted, and what notes hide from their readers, as in comments, is left out.
    """
    from kg.config import load
    from kg.mcp.stdio import run

    config = load(vault, store=options.store) if vault else vault_config(options)
    run(config, private_tags, max_tokens, timeout or 30.0)
