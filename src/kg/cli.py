"""The command line: words in, one library call, words out, an exit code.

The commands stand in rooms of their own, `cli_notes`, `cli_ask` and others; their heavy imports stand inside the
command that needs them, so that `kg --help` answers at once.
"""

import os
import sys
from typing import NoReturn

import click

from kg import __version__
from kg.cli_ask import query, shell
from kg.cli_away import pull, push
from kg.cli_look import search, show, stats
from kg.cli_notes import doctor, infer, ingest, init, validate, why
from kg.cli_test import test
from kg.errors import INTERRUPTED, KgError

_BEGIN = "\b\nTo begin:\n  kg init            set up a project in this folder\n  kg ingest notes/   read the notes"
_ASK = "\n  kg query           list the questions that are there\n  kg query NAME      answer one"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_BEGIN + _ASK)
@click.version_option(__version__, prog_name="kg", message="%(prog)s %(version)s")
def kg() -> None:
    """Turn a folder of Markdown concept notes into a knowledge graph, and ask it."""


for _command in (init, ingest, doctor, infer, why, validate, query, shell, search, show, stats, test, push, pull):
    kg.add_command(_command)


def main() -> NoReturn:
    """The entry point: every error is one sentence and an exit code."""
    try:
        kg.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(0)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read us has seen enough; what Python would still write at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KgError as error:
        click.echo(f"kg: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if {"-v", "--verbose"} & set(sys.argv):
            raise
        click.echo(f"kg: internal error: {type(error).__name__}: {error} (-v shows where; please report it)", err=True)
        sys.exit(2)
