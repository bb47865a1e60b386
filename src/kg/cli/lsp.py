"""`kg lsp`: answer editors while notes are written."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.cli.options import Options, common

if TYPE_CHECKING:
    from kg.lsp.settings import EditorSettings


@click.command()
@click.option("--tcp", type=click.IntRange(0, 65535), metavar="PORT", help="Listen on this port, for one editor.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="With --tcp, listen there.")
@click.option("--stdio", is_flag=True, help="Use standard input and output, as without any option.")
@click.option("--log", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE what happens.")
@common
def lsp(options: Options, tcp: int | None, host: str, stdio: bool, log: Path | None) -> None:
    """Answer editors while notes are written.

    Speaks the Language Server Protocol, over standard input and output unless --tcp names a port. Editors start this
    command themselves; docs/editors.md says how to tell them. The vault is that of the note: the nearest folder with a
    kg.toml, an .obsidian folder or a store. No note is changed.
    """
    from kg.lsp.process import run

    run(_settings(options), (host, tcp) if tcp is not None else None, log, verbose=options.verbose)


def _settings(options: Options) -> "EditorSettings":
    from kg.lsp.settings import EditorSettings

    return EditorSettings(store=options.store)
