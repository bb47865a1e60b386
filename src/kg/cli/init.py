"""`kg init`: set up a project."""

from pathlib import Path

import click

from kg.cli.options import Options, common


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=Path())
@common
def init(options: Options, folder: Path) -> None:
    """Set up a project: settings, ontology, queries, example note.

    Writes kg.toml, ontology/, queries/ and an example note into DIR, by default this folder. Never overwrites a file.
    If the folder already holds notes, they become the vault, and no example is added.
    """
    from kg.cli.starter import write_starter

    for path, written in write_starter(folder):
        options.say(f"{'wrote ' if written else 'kept  '} {path}")
    options.say("Next: kg ingest" if folder == Path() else f"Next: cd {folder} && kg ingest")
